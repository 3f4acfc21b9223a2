//! What a download counts besides its progress.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

/// Counters of one download, shared by all its connections.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    open: AtomicUsize,
    most_open: AtomicUsize,
    arrived: AtomicU64,
    unneeded: AtomicU64,
    meant: AtomicUsize,
    working: AtomicUsize,
}

/// One of something that is counted, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted(Arc<Gauge>, fn(&Gauge) -> &AtomicUsize);

impl Gauge {
    /// Counts a connection, from its answer on.
    pub(super) fn connection(self: &Arc<Self>) -> Counted {
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_open.fetch_max(open, Ordering::Relaxed);
        Counted(self.clone(), |gauge| &gauge.open)
    }

    /// Waits, and says so: nobody shall think that it is stuck.
    pub(super) async fn wait<T>(self: &Arc<Self>, waiting: impl Future<Output = T>) -> T {
        self.meant.fetch_add(1, Ordering::Relaxed);
        let _counted = Counted(self.clone(), |gauge| &gauge.meant);
        waiting.await
    }

    /// Does what takes its time without a byte arriving: holding back for a rate, or moving what is there.
    pub(super) async fn work<T>(self: &Arc<Self>, working: impl Future<Output = T>) -> T {
        self.working.fetch_add(1, Ordering::Relaxed);
        let _counted = Counted(self.clone(), |gauge| &gauge.working);
        working.await
    }

    /// Counts bytes that arrived.
    pub(super) fn arrived(&self, bytes: u64) {
        self.arrived.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes that arrived and were not needed.
    pub(super) fn waste(&self, bytes: u64) {
        self.unneeded.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The most connections that were in use at once.
    pub(super) fn most_open(&self) -> usize {
        self.most_open.load(Ordering::Relaxed)
    }

    /// The bytes that arrived, needed or not.
    pub(super) fn all_arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// The bytes that arrived and were not needed.
    pub(super) fn unneeded(&self) -> u64 {
        self.unneeded.load(Ordering::Relaxed)
    }

    /// The connections that are in use.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Whether something is done that takes its time.
    pub(super) fn is_working(&self) -> bool {
        self.working.load(Ordering::Relaxed) > 0
    }

    /// Whether someone waits because he is meant to.
    pub(super) fn is_waiting(&self) -> bool {
        self.meant.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, Ordering::Relaxed);
    }
}
