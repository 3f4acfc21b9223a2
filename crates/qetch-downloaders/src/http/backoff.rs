//! How long to wait before asking again: exponential, with full jitter, and only so often without progress.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use qetch_core::{Error, Result};

/// The first wait is up to this; each further one up to twice the one before.
const FIRST: Duration = Duration::from_millis(200);

/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(30);

/// The patience of someone who asks again.
#[derive(Debug)]
pub(super) struct Backoff {
    failures: u32,
    most: u32,
}

impl Backoff {
    /// The patience of a connection that asks for the rest of its share: each time it costs one request.
    pub(super) fn of_a_share() -> Self {
        Self { failures: 0, most: 8 }
    }

    /// The patience of a fragment that is begun again: each time it costs what was fetched of it.
    pub(super) fn of_a_fragment() -> Self {
        Self { failures: 0, most: 5 }
    }

    /// Bytes arrived: what failed before counts no more.
    pub(super) fn progressed(&mut self) {
        self.failures = 0;
    }

    /// Counts `error` as a failure and waits before it is tried again.
    ///
    /// # Errors
    /// `error` itself when patience is at its end.
    pub(super) async fn bear(&mut self, error: Error) -> Result<()> {
        let Some(wait) = self.failed() else { return Err(error) };
        tracing::debug!(%error, wait = wait.as_secs_f32(), "asking again");
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Counts a failure, and answers how long to wait; `None` when patience is at its end.
    fn failed(&mut self) -> Option<Duration> {
        self.failures += 1;
        (self.failures <= self.most).then(|| ceiling(self.failures).mul_f64(random()))
    }
}

fn ceiling(failures: u32) -> Duration {
    FIRST.saturating_mul(1 << (failures - 1).min(16)).min(LONGEST)
}

/// A number from 0 to 1: the standard library's hashers are seeded at random, which is random enough to keep
/// connections from asking in step.
fn random() -> f64 {
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_patience_ends() {
        let ceilings: Vec<_> = (1..=9).map(|failures| ceiling(failures).as_millis()).collect();
        assert_eq!(ceilings, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
        let mut backoff = Backoff::of_a_share();
        for failures in 1..=backoff.most {
            assert!(backoff.failed().unwrap() <= ceiling(failures));
        }
        assert_eq!(backoff.failed(), None);
        backoff.progressed();
        assert!(backoff.failed().is_some());
    }
}
