//! Counting what is under way, and waiting until nothing is.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

/// How many of something are under way. Clones are one count.
#[derive(Clone, Debug, Default)]
pub(super) struct Count(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    count: AtomicUsize,
    /// Told whenever there is none any more.
    none: Notify,
}

/// One of them, counted until it is dropped.
#[derive(Debug)]
pub(super) struct One(Count);

impl Count {
    /// Counts one more.
    pub(super) fn one(&self) -> One {
        self.0.count.fetch_add(1, Ordering::AcqRel);
        One(self.clone())
    }

    /// Whether there is one.
    pub(super) fn is_any(&self) -> bool {
        self.0.count.load(Ordering::Acquire) > 0
    }

    /// Waits until there is none.
    pub(super) async fn none(&self) {
        loop {
            // What is told from here on is heard, before it is waited for.
            let none = self.0.none.notified();
            if !self.is_any() {
                return;
            }
            none.await;
        }
    }
}

impl Drop for One {
    fn drop(&mut self) {
        if self.0.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.0.none.notify_waiters();
        }
    }
}
