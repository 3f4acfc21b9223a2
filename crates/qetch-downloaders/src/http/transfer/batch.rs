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
pub(in crate::http) struct Batch {
    offset: u64,
    bytes: usize,
    chunks: Vec<Bytes>,
    since: Option<Instant>,
}

impl Batch {
    /// Whether it is time to write it.
    pub(in crate::http) fn is_full(&self) -> bool {
        self.bytes >= BYTES || self.chunks.len() >= CHUNKS
    }

    /// When it is to be written, if there is something.
    pub(in crate::http) fn flush_at(&self) -> Option<Instant> {
        self.since.map(|since| since + AGE)
    }

    /// Whether bytes for this offset would not follow what is gathered.
    pub(in crate::http) fn is_elsewhere(&self, offset: u64) -> bool {
        self.bytes > 0 && self.offset + self.bytes as u64 != offset
    }

    pub(in crate::http) fn push(&mut self, offset: u64, chunk: Bytes) {
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
    pub(in crate::http) fn take(&mut self) -> Option<(u64, Vec<Bytes>)> {
        let batch = std::mem::take(self);
        (batch.bytes > 0).then_some((batch.offset, batch.chunks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_written_when_it_is_large_or_old() {
        let mut batch = Batch::default();
        assert_eq!((batch.flush_at(), batch.take().is_some()), (None, false));
        let chunk = Bytes::from(vec![0; 16 << 10]);
        for number in 0..16 {
            assert!(!batch.is_full(), "256 KiB are gathered where the network gives them");
            assert!(!batch.is_elsewhere(100 + number * (16 << 10)));
            batch.push(100 + number * (16 << 10), chunk.clone());
        }
        assert!(batch.is_full() && batch.is_elsewhere(100));
        assert_eq!(batch.flush_at(), Some(Instant::now() + AGE));
        let (offset, chunks) = batch.take().unwrap();
        assert_eq!((offset, chunks.concat().len()), (100, 256 << 10));
        // However small the chunks are, there are not too many of them.
        (0..CHUNKS as u64).for_each(|at| batch.push(at, Bytes::from_static(b"x")));
        assert!(batch.is_full());
    }
}
