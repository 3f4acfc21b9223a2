//! Bodies that lie about their length, are cut, stall or crawl.

use super::{File, Trap};
use crate::{Behaviour, Resource, When, Which};

pub(super) fn traps(file: &File) -> Vec<Trap> {
    [lengths(file), cuts(file), waits(file)].concat()
}

fn lengths(file: &File) -> Vec<Trap> {
    let (empty, one) = (file.body.slice(..0), file.body.slice(..file.body.len().min(1)));
    vec![
        Trap::new("empty", "Has no byte.", &empty, Resource::new(empty.clone())),
        Trap::new(
            "empty-bare-416",
            "Has no byte, and answers a range with a 416 without Content-Range.",
            &empty,
            Resource::new(empty.clone()).with_behaviour(Behaviour::Bare416),
        ),
        Trap::new("one-byte", "Has one byte.", &one, Resource::new(one.clone())),
        file.trap("chunked", "Sends the file in chunks, without a length.", Behaviour::Chunked),
        file.trap("until-close", "Sends the file until it closes, without a length.", Behaviour::UntilClose),
        file.trap("gzip", "Sends the file as gzip, unasked.", Behaviour::Gzip).or_error(),
        file.trap(
            "length-too-long",
            "Promises more bytes than it sends, each time.",
            Behaviour::ContentLengthTooLong { extra: 10 },
        )
        .or_error(),
        file.trap(
            "length-too-short",
            "Sends more bytes than it promises; only the total of a Content-Range tells.",
            Behaviour::ContentLengthTooShort { missing: 10 },
        )
        .or_error(),
        file.trap("head-refused", "Answers HEAD with a 403.", Behaviour::HeadRefused { status: 403 }),
        file.trap("head-not-allowed", "Answers HEAD with a 405.", Behaviour::HeadRefused { status: 405 }),
        file.trap(
            "head-lies",
            "Answers HEAD with another length and another ETag.",
            Behaviour::HeadLies { length: 7, etag: Some("other".to_owned()) },
        ),
        file.trap(
            "head-says-zero",
            "Answers HEAD with the length 0.",
            Behaviour::HeadLies { length: 0, etag: None },
        ),
    ]
}

fn cuts(file: &File) -> Vec<Trap> {
    let (half, tenth) = (file.size / 2, file.size / 10);
    let chunked = file.resource().with_behaviour(Behaviour::Chunked);
    vec![
        file.trap("cut-once", "Closes once in the middle of the file.", Behaviour::CutOnce { after: half }),
        file.trap(
            "cut-always",
            "Closes each connection after a tenth of the file.",
            Behaviour::CutAlways { after: tenth },
        ),
        file.trap(
            "reset-once",
            "Resets the first body in its middle.",
            Behaviour::Resets { which: Which::Nth(1), after: half },
        ),
        file.trap(
            "reset-always",
            "Resets each body after a tenth of the file.",
            Behaviour::Resets { which: Which::All, after: tenth },
        ),
        file.trap("closes-quietly", "Closes after each answer, unannounced.", Behaviour::ClosesQuietly),
        Trap::new(
            "chunked-cut-once",
            "Sends the file in chunks and closes the first body in its middle, between two chunks.",
            &file.body,
            file.resource()
                .with_behaviour(Behaviour::ChunkedCut { after: half })
                .with_behaviour(Behaviour::Becomes { when: When::Bodies(1), resource: Box::new(chunked) }),
        ),
        file.trap(
            "chunked-cut",
            "Sends the file in chunks and closes each body in its middle, between two chunks.",
            Behaviour::ChunkedCut { after: half },
        )
        .error_alone(),
    ]
}

fn waits(file: &File) -> Vec<Trap> {
    let (half, tenth) = (file.size / 2, file.size / 10);
    vec![
        file.trap(
            "stall-once",
            "Goes silent once in the middle of the file.",
            Behaviour::StallOnce { after: half },
        ),
        file.paced_trap(
            "stall-some",
            "Goes silent in every third body after a twentieth of the file.",
            Behaviour::Stalls { which: Which::Every(3), after: file.size / 20 },
        ),
        file.trap(
            "stall-always",
            "Goes silent in each body after a fifth of the file.",
            Behaviour::Stalls { which: Which::All, after: file.size / 5 },
        ),
        file.trap(
            "silent-some",
            "Never answers every third request.",
            Behaviour::Silent { which: Which::Every(3) },
        ),
        file.trap(
            "drip",
            "Sends a byte a second in each body after a fifth of the file.",
            Behaviour::Slows { which: Which::All, after: file.size / 5, bytes_per_second: 1 },
        ),
        file.paced_trap(
            "slow-one",
            "Sends a hundred bytes a second in the third body.",
            Behaviour::Slows { which: Which::Nth(3), after: 0, bytes_per_second: 100 },
        ),
        file.paced_trap(
            "slow-connection",
            "Sends a hundred bytes a second on the second connection.",
            Behaviour::SlowConnections { which: Which::Nth(2), bytes_per_second: 100 },
        ),
        file.paced_trap(
            "slow-first",
            "Sends a byte a second in the first body after a tenth of the file.",
            Behaviour::Slows { which: Which::Nth(1), after: tenth, bytes_per_second: 1 },
        ),
    ]
}
