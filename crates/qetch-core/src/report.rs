//! `Report`: what a download did, what is missing, and what stayed apart.

use std::{path::PathBuf, time::Duration};

use crate::{Checksum, PartStart};

/// What a download did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The files it made: one, or one a fragment where the target is a directory of pieces.
    pub paths: Vec<PathBuf>,
    /// Bytes of those files.
    pub bytes: u64,
    /// Bytes of those that an earlier run had fetched.
    pub resumed: u64,
    /// Bytes that arrived and were not needed: fetched again after a failure or to prove that nothing changed, or past the
    /// end of a share.
    pub bytes_fetched_twice: u64,
    /// The most connections that were open at once.
    pub connections: usize,
    /// Checksums that were promised and that the file has.
    pub checksums: Vec<Checksum>,
    /// Whether the file stood there whole already, so that nothing of it was fetched.
    pub existed: bool,
    /// Whether every byte is there.
    pub complete: bool,
    /// What is missing, in order: nothing where it is complete.
    pub gaps: Vec<Gap>,
    /// Where the list of what is missing was written, if it was: beside the file, its name and `.gaps.json`. The registry
    /// writes it, a JSON object with `format` (1) and `gaps`, each with the `uid` of its content, `fragment`, `sequence`,
    /// `start` and `duration` in seconds, and `reason`.
    pub gaps_list: Option<PathBuf>,
    /// Where the parts of the file begin, where it is a [track](crate::Target::track) that someone else goes on with: nothing for
    /// a file of one part.
    pub parts: Vec<PartStart>,
    /// Why the tracks stayed files of their own, if they did.
    pub apart: Option<Apart>,
}

/// A fragment that is missing from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// Which of the content's fragments it is, from 0.
    pub fragment: u64,
    /// What its manifest calls it: the media sequence number of HLS, the number or start time of DASH.
    pub sequence: Option<u64>,
    /// Where it begins in the medium.
    pub start: Option<Duration>,
    /// How much of the medium is missing.
    pub duration: Option<Duration>,
    /// Why it is not there.
    pub reason: String,
}

impl Gap {
    /// A gap of which nothing else is known.
    pub fn new(fragment: u64, reason: impl Into<String>) -> Self {
        Self { fragment, sequence: None, start: None, duration: None, reason: reason.into() }
    }
}

/// Why tracks stayed files of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Apart {
    /// Why, as the end of a sentence: `MPEG-TS is muxed by ffmpeg alone`.
    pub reason: String,
    /// The command that would make one file of them, its words quoted for a shell; `None` where nothing would.
    pub command: Option<String>,
}

impl Apart {
    /// Tracks that stay apart for `reason`.
    pub fn new(reason: impl Into<String>, command: Option<String>) -> Self {
        Self { reason: reason.into(), command }
    }
}

impl Report {
    /// A report of whole files.
    pub fn complete(paths: impl IntoIterator<Item = PathBuf>, bytes: u64) -> Self {
        Self { paths: paths.into_iter().collect(), bytes, complete: true, ..Self::default() }
    }

    /// Sets the most connections that were open at once.
    #[must_use]
    pub fn with_connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Sets the bytes that an earlier run had fetched.
    #[must_use]
    pub fn with_resumed(mut self, bytes: u64) -> Self {
        self.resumed = bytes;
        self
    }

    /// Sets the checksums that were promised and that the file has.
    #[must_use]
    pub fn with_checksums(mut self, checksums: Vec<Checksum>) -> Self {
        self.checksums = checksums;
        self
    }

    /// Sets whether the file stood there whole already.
    #[must_use]
    pub fn with_existed(mut self, existed: bool) -> Self {
        self.existed = existed;
        self
    }

    /// Sets what is missing; the report is complete where that is nothing.
    #[must_use]
    pub fn with_gaps(mut self, gaps: Vec<Gap>) -> Self {
        self.complete = gaps.is_empty();
        self.gaps = gaps;
        self
    }

    /// Sets where the parts of a track begin.
    #[must_use]
    pub fn with_parts(mut self, parts: Vec<PartStart>) -> Self {
        self.parts = parts;
        self
    }

    /// Sets why the tracks stayed files of their own.
    #[must_use]
    pub fn with_apart(mut self, apart: Apart) -> Self {
        self.apart = Some(apart);
        self
    }

    /// Sets the bytes that arrived and were not needed.
    #[must_use]
    pub fn with_bytes_fetched_twice(mut self, bytes: u64) -> Self {
        self.bytes_fetched_twice = bytes;
        self
    }
}
