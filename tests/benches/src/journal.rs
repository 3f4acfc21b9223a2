//! The journal: written, hashed, read back and checked; and the sets of offsets that it holds.

use std::{hint::black_box, ops::Range};

use qetch_core::{Content, Fragment, Kind, Url};
use qetch_downloaders::http::bench::{self, Record};

use crate::{Round, Work};

pub(crate) const WORKS: &[Work] = &[
    Work::new("journal/write, 8 runs", "journal", || written(FEW)),
    Work::new("journal/read, 8 runs", "journal", || read(FEW)),
    Work::new("journal/write, 4096 runs", "journal", || written(MANY)),
    Work::new("journal/read, 4096 runs", "journal", || read(MANY)),
    Work::new("journal/spans of 8 connections", "insertion", || inserted(by_turns(), FEW)),
    Work::new("journal/spans, scattered", "insertion", || inserted(scattered(), 1)),
];

/// As many runs as a download with eight connections has.
const FEW: u64 = 8;

/// As many as a download has that was cut in pieces by a bad network, and of which the journal remembers the seams.
const MANY: u64 = 4096;

const PIECE: u64 = 256 << 10;

/// `count` runs, each of which leaves out as much behind it.
fn runs(count: u64) -> Vec<Range<u64>> {
    (0..count).map(|number| 2 * number * PIECE..(2 * number + 1) * PIECE).collect()
}

fn record(count: u64) -> Record {
    let url: Url = "https://cdn.example/a/clip.mp4".parse().unwrap();
    let content = Content::new("site-0123456789-1080p", Kind::Video, url.clone(), [Fragment::new(url)]);
    Record::new(&content, 2 * count * PIECE, &runs(count))
}

fn written(count: u64) -> Round {
    let record = record(count);
    let bytes = record.write().unwrap();
    assert!(bytes.len() as u64 > 10 * count);
    Box::new(move || {
        assert_eq!(black_box(&record).write().map(|it| it.len()), Some(bytes.len()));
        1
    })
}

fn read(count: u64) -> Round {
    let record = record(count);
    let mut bytes = record.write().unwrap();
    assert_eq!(Record::read(&bytes).as_ref(), Some(&record));
    bytes[20] ^= 1;
    assert_eq!(Record::read(&bytes), None, "what was changed is not believed");
    bytes[20] ^= 1;
    Box::new(move || {
        assert!(black_box(Record::read(black_box(&bytes))).is_some());
        1
    })
}

/// As pieces land of eight shares that come in side by side, and do not meet.
fn by_turns() -> Vec<Range<u64>> {
    let share = 512 * PIECE;
    let piece = |turn: u64, connection: u64| {
        let start = connection * share + turn * PIECE;
        start..start + PIECE
    };
    (0..511).flat_map(|turn| (0..FEW).map(move |connection| piece(turn, connection))).collect()
}

/// Every second piece of a file, and then those between them: the set is as large as can be in the middle of it.
fn scattered() -> Vec<Range<u64>> {
    let between = runs(MANY).into_iter().map(|run| run.end..run.end + PIECE);
    runs(MANY).into_iter().chain(between).collect()
}

fn inserted(pieces: Vec<Range<u64>>, runs: u64) -> Round {
    let expected = (usize::try_from(runs).unwrap(), pieces.len() as u64 * PIECE);
    Box::new(move || {
        assert_eq!(bench::insert(black_box(&pieces)), expected);
        pieces.len() as u64
    })
}
