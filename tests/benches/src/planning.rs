//! Planning: which connection brings which bytes.

use std::{hint::black_box, ops::Range};

use qetch_downloaders::http::bench;

use crate::{Round, Work};

pub(crate) const WORKS: &[Work] = &[
    Work::new("planning/1 GiB by 8", "claim", whole),
    Work::new("planning/splitting tails", "share", tails),
];

const TOTAL: u64 = 1 << 30;

/// What one connection has left when the others have nothing.
const LAST: u64 = 8 << 20;

/// What each of eight connections brings at a turn: some are four times faster than others.
const PIECES: [u64; 8] =
    [64 << 10, 96 << 10, 128 << 10, 160 << 10, 192 << 10, 224 << 10, 240 << 10, 256 << 10];

fn whole() -> Round {
    let mut claimed = Vec::new();
    bench::plan(TOTAL, &PIECES, |range| claimed.push(range));
    assert!(claimed.len() as u64 > TOTAL / PIECES[7], "no piece is larger than those that are brought");
    covers(claimed, TOTAL);
    Box::new(|| {
        let mut bytes = 0;
        let claims = bench::plan(TOTAL, &PIECES, |range| bytes += range.end - range.start);
        assert_eq!(bytes, TOTAL, "every byte is claimed once");
        claims
    })
}

fn tails() -> Round {
    let shares = bench::split(LAST, PIECES.len());
    assert_eq!(shares.len(), PIECES.len());
    covers(shares, LAST);
    Box::new(|| bench::split(black_box(LAST), PIECES.len()).len() as u64)
}

/// Checks that these are all bytes up to `total`, each of them once.
fn covers(mut runs: Vec<Range<u64>>, total: u64) {
    runs.retain(|run| !run.is_empty());
    runs.sort_by_key(|run| run.start);
    let end = runs.into_iter().fold(0, |end, run| {
        assert_eq!(run.start, end, "a gap, or bytes that are planned twice");
        run.end
    });
    assert_eq!(end, total);
}
