//! Counting what is under way, and waiting until nothing is.

use tokio::sync::watch;

/// How many of something are under way. Clones are one count.
#[derive(Clone, Debug, Default)]
pub(super) struct Count(watch::Sender<usize>);

/// One of them, counted until it is dropped.
#[derive(Debug)]
pub(super) struct One(Count);

impl Count {
    /// Counts one more.
    pub(super) fn one(&self) -> One {
        self.0.send_modify(|count| *count += 1);
        One(self.clone())
    }

    /// Whether there is one.
    pub(super) fn is_any(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Waits until there is none.
    pub(super) async fn none(&self) {
        // The sender lives in `self`, so the channel cannot close while we wait.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}
