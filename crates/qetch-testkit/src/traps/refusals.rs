//! Origins that refuse for a while, now and then, or when there are too many connections.

use super::{File, Trap};
use crate::{Behaviour, Which};

pub(super) fn traps(file: &File) -> Vec<Trap> {
    let first = |status, retry_after: Option<&str>| Behaviour::FailFirst {
        times: 1,
        status,
        retry_after: retry_after.map(str::to_owned),
    };
    let page = "<!doctype html><title>Please try again</title>";
    vec![
        file.trap(
            "429-then-fine",
            "Answers the first request with a 429 and Retry-After: 1.",
            first(429, Some("1")),
        ),
        file.trap(
            "503-with-date",
            "Answers the first request with a 503 and a Retry-After that is a date gone by.",
            first(503, Some("Wed, 21 Oct 2015 07:28:00 GMT")),
        ),
        file.trap(
            "500-now-and-then",
            "Answers every third request with a 500.",
            Behaviour::Fails { which: Which::Every(3), status: 500 },
        ),
        file.trap(
            "page-now-and-then",
            "Answers every third request with a 200 and an HTML page.",
            Behaviour::Pages { which: Which::Every(3), page: page.into() },
        )
        .or_error(),
        file.paced_trap(
            "crowded-503",
            "Answers with a 503 while two bodies are being sent.",
            Behaviour::Crowded { at_most: 2, status: 503 },
        ),
        file.paced_trap(
            "crowded-403",
            "Answers with a 403 while two bodies are being sent.",
            Behaviour::Crowded { at_most: 2, status: 403 },
        ),
        file.paced_trap(
            "crowded-429",
            "Answers with a 429 while one body is being sent.",
            Behaviour::Crowded { at_most: 1, status: 429 },
        ),
        file.paced_trap(
            "crowded-reset",
            "Resets the connection of a request while two bodies are being sent.",
            Behaviour::CrowdedReset { at_most: 2 },
        ),
    ]
}
