//! Chunks that follow one another, gathered to be written at once.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

/// Bytes that are gathered before they are written.
const BYTES: usize = 256 << 10;

/// Chunks that are gathered: each holds a buffer of its own, however few bytes of it are ours.
const CHUNKS: usize = 256;

/// How long bytes are held back: what is not written is lost with the process.
const AGE: Duration = Duration::from_millis(50);

/// Chunks that follow one another. Offsets count from the fragment's first byte.
#[derive(Debug, Default)]
pub(super) struct Batch {
    offset: u64,
    bytes: usize,
    chunks: Vec<Bytes>,
    since: Option<Instant>,
}

impl Batch {
    /// Whether it is time to write it.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= BYTES || self.chunks.len() >= CHUNKS
    }

    /// When it is to be written, if there is something.
    pub(super) fn flush_at(&self) -> Option<Instant> {
        self.since.map(|since| since + AGE)
    }

    /// Whether bytes for this offset would not follow what is gathered.
    pub(super) fn is_elsewhere(&self, offset: u64) -> bool {
        self.bytes > 0 && self.offset + self.bytes as u64 != offset
    }

    pub(super) fn push(&mut self, offset: u64, chunk: Bytes) {
        if chunk.is_empty() {
            return;
        }
        if self.bytes == 0 {
            self.offset = offset;
            self.since = Some(Instant::now());
        }
        self.bytes += chunk.len();
        self.chunks.push(chunk);
    }

    /// What is gathered and where it goes; `None` where there is nothing.
    pub(super) fn take(&mut self) -> Option<(u64, Vec<Bytes>)> {
        let batch = std::mem::take(self);
        (batch.bytes > 0).then_some((batch.offset, batch.chunks))
    }
}
