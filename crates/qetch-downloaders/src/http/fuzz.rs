//! What the fuzz targets of this repository run of the engine: the reading of what servers send, and of what lies on a
//! disk. It is no part of the API: it is built with the private feature `__fuzz` alone, and may change with any commit.

use std::ops::Range;

use http::HeaderMap;
use qetch_core::{Checksum, Content, Url};

use super::{
    content_range::ContentRange,
    entity::Entity,
    existing::Note,
    journal::{Journal, Subject},
    probe::{Ask, Reply},
    spans::Spans,
    sums,
};

/// No file is larger.
pub const LARGEST: u64 = super::content_range::LARGEST;

/// The offsets that a `Content-Range` tells, and the size of the whole.
pub fn content_range(text: &str) -> Option<(Option<Range<u64>>, Option<u64>)> {
    Some(match ContentRange::parse(text)? {
        ContentRange::Part { offsets, complete } => (Some(offsets), complete),
        ContentRange::Unsatisfied { complete } => (None, Some(complete)),
    })
}

/// The checksums that the head of a reply promises for the whole file.
pub fn digests(headers: &HeaderMap, is_whole: bool) -> Vec<Checksum> {
    sums::promised(headers, is_whole)
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// All of it.
    Whole,
    /// From an offset on.
    From(u64),
    /// So many offsets.
    Between(Range<u64>),
}

/// What a reply tells that may be used.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// The offset that its body begins at, and the one that it ends before.
    pub body: (u64, Option<u64>),
    /// The size of the whole.
    pub complete: Option<u64>,
    /// Whether it is proven to be of the version that is known.
    pub is_proven: bool,
    /// What is known from then on.
    pub known: Known,
}

/// What is known of a resource.
#[derive(Debug, PartialEq, Eq)]
pub struct Known(Entity);

/// Judges the head of a reply; `None` where it may not be used.
pub fn judge(
    status: u16,
    headers: &HeaderMap,
    url: &Url,
    asked: &Asked,
    known: Option<&Known>,
) -> Option<Told> {
    let ask = match asked {
        Asked::Whole => Ask::Whole,
        Asked::From(start) => Ask::From(*start),
        Asked::Between(range) => Ask::Between(range.start, range.end),
    };
    let fit = Reply { status, headers, url }.judge(ask, known.map(|known| &known.0)).ok()?;
    let complete = fit.entity.complete;
    Some(Told { body: fit.body, complete, is_proven: fit.is_proven, known: Known(fit.entity) })
}

/// A journal.
#[derive(Debug, PartialEq, Eq)]
pub struct Record(Journal);

/// A fragment that a journal says to be there in part.
#[derive(Debug)]
pub struct Begun {
    /// Which one.
    pub index: usize,
    /// Where it stands in the file.
    pub place: Range<u64>,
    /// The offsets of it that are there, cut where another reply began.
    pub runs: Vec<Range<u64>>,
}

impl Record {
    /// The file of a journal that holds this line: with the hash that makes it believed.
    pub fn sealed(line: &str) -> Vec<u8> {
        format!("{line}\n{}\n", blake3::hash(line.as_bytes()).to_hex()).into_bytes()
    }

    /// The journal in `bytes`, unless it is not to be believed.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Journal::read(bytes).ok().map(Self)
    }

    /// The bytes of its file.
    pub fn write(&self) -> Option<Vec<u8>> {
        self.0.write().ok()
    }

    /// How many fragments are whole, how many bytes those are, and of the last that has bytes, which it is and where it
    /// begins.
    pub fn whole(&self) -> (usize, u64, usize, u64) {
        (self.0.whole, self.0.end, self.0.last_index, self.0.last)
    }

    /// The fragments that are not whole.
    pub fn begun(&self) -> Vec<Begun> {
        let begun = self.0.open.iter().map(|open| Begun {
            index: open.index,
            place: open.base..open.base + open.size,
            runs: open.runs(),
        });
        begun.collect()
    }

    /// How long the part file must be at least, and how many bytes are there.
    pub fn reach(&self) -> (u64, u64) {
        (self.0.reach(), self.0.count())
    }

    /// Whether it is about `content`.
    pub fn is_about(&self, content: &Content) -> bool {
        self.0.is_about(&Subject::listed(content))
    }
}

/// The note that `text` is, as it is written; and whether it says that a file is `content`, of which a reply with these
/// headers tells that it has `size` bytes.
pub fn note(text: &str, content: &Content, headers: &HeaderMap, size: u64) -> Option<(String, bool)> {
    let note = Note::read(text)?;
    let now = Entity { complete: Some(size), ..Entity::validators(headers) };
    Some((note.text(), note.says(content, &now)))
}

/// A set of offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set(Spans);

impl Set {
    /// The set that is saved as `text`.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// As it is saved.
    pub fn write(&self) -> Option<String> {
        serde_json::to_string(&self.0).ok()
    }

    /// Adds a run.
    pub fn insert(&mut self, run: Range<u64>) {
        self.0.insert(run);
    }

    /// Its runs, in order.
    pub fn runs(&self) -> &[Range<u64>] {
        self.0.runs()
    }

    /// How many offsets are in it.
    pub fn count(&self) -> u64 {
        self.0.count()
    }

    /// The runs below `end` that are not in it.
    pub fn missing(&self, end: u64) -> Vec<Range<u64>> {
        self.0.missing(end)
    }
}
