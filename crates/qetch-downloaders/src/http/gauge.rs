//! What a download counts besides its progress.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// Counters of one download, shared by all its connections.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    open: AtomicUsize,
    most_open: AtomicUsize,
    unneeded: AtomicU64,
}

/// One connection in use, counted until it is dropped.
#[derive(Debug)]
pub(super) struct Counted(Arc<Gauge>);

impl Gauge {
    /// Counts a connection, from its answer on.
    pub(super) fn connection(self: &Arc<Self>) -> Counted {
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_open.fetch_max(open, Ordering::Relaxed);
        Counted(self.clone())
    }

    /// Counts bytes that arrived and were not needed.
    pub(super) fn waste(&self, bytes: u64) {
        self.unneeded.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The most connections that were in use at once.
    pub(super) fn most_open(&self) -> usize {
        self.most_open.load(Ordering::Relaxed)
    }

    /// The bytes that arrived and were not needed.
    pub(super) fn unneeded(&self) -> u64 {
        self.unneeded.load(Ordering::Relaxed)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
