//! `Stop`: asking a download to end in order.

use tokio::sync::watch;

/// Asks downloads to end in order: what was fetched is made durable, and the download answers
/// [`Interrupted`](crate::Error::Interrupted). Dropping the download's future is the other way, which ends it at once.
///
/// Clones are one: asking through any of them asks all.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// One that is not asked for yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Asks to stop. It cannot be taken back.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was asked for.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is asked for.
    pub async fn asked(&self) {
        // The sender lives in `self`, so the channel cannot close while we wait.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_hears_it_before_and_after() {
        let stop = Stop::new();
        let waiting = tokio::spawn({
            let stop = stop.clone();
            async move { stop.asked().await }
        });
        stop.clone().ask();
        waiting.await.unwrap();
        stop.asked().await;
        assert!(stop.is_asked());
    }
}
