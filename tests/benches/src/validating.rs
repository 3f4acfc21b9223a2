//! Validating: whether the head of a reply lets its body be used.

use std::{hint::black_box, ops::Range};

use http::{HeaderMap, HeaderName};
use qetch_downloaders::http::bench::Judge;

use crate::{Round, Work};

pub(crate) const WORKS: &[Work] = &[
    Work::new("validating/strong ETag", "reply", || judged(&[("etag", "\"5f3c-61a2b4\"")], 206, Some(true))),
    Work::new("validating/dates alone", "reply", || {
        judged(&[("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT")], 206, Some(true))
    }),
    Work::new("validating/nothing to prove it", "reply", || judged(&[], 206, Some(false))),
    Work::new("validating/refused", "reply", || judged(&[("etag", "\"5f3c-61a2b4\"")], 503, None)),
];

const SIZE: u64 = 1 << 30;
const REPLIES: u64 = 16;

/// Prepares replies to neighbouring ranges, with these validators, that are judged so.
fn judged(validators: &[(&str, &str)], status: u16, expected: Option<bool>) -> Round {
    let judge =
        Judge::new("https://cdn.example/a/clip.mp4?sig=0123".parse().unwrap(), &head(0..SIZE, validators));
    let judge = judge.unwrap();
    let share = SIZE / REPLIES;
    let replies: Vec<_> = (0..REPLIES)
        .map(|number| number * share..(number + 1) * share)
        .map(|asked| (head(asked.clone(), validators), asked))
        .collect();
    let other = head(5..9, validators);
    assert_eq!(judge.is_proven(206, &other, 20..30), None, "another range than was asked for");
    Box::new(move || {
        for (headers, asked) in &replies {
            assert_eq!(judge.is_proven(status, black_box(headers), asked.clone()), expected);
        }
        REPLIES
    })
}

/// The head of a 206 as a content network sends it.
fn head(range: Range<u64>, validators: &[(&str, &str)]) -> HeaderMap {
    let part = format!("bytes {}-{}/{SIZE}", range.start, range.end - 1);
    let length = (range.end - range.start).to_string();
    let common = [
        ("server", "nginx"),
        ("date", "Thu, 22 Oct 2015 07:28:00 GMT"),
        ("content-type", "video/mp4"),
        ("connection", "keep-alive"),
        ("cache-control", "public, max-age=31536000"),
        ("x-cache", "HIT"),
        ("accept-ranges", "bytes"),
        ("content-length", &length),
        ("content-range", &part),
    ];
    let lines = common.iter().chain(validators);
    lines.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
}
