//! How long to wait before asking again: exponential, with full jitter, and only so often without progress.

use std::time::Duration;

use qetch_core::{Error, Result};

use super::dice::Dice;

/// The first wait is up to this; each further one up to twice the one before.
const FIRST: Duration = Duration::from_millis(200);

/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(30);

/// The patience of someone who asks again.
#[derive(Debug)]
pub(super) struct Backoff {
    failures: u32,
    most: u32,
    dice: Dice,
}

impl Backoff {
    /// Patience for so many failures in a row.
    pub(super) fn new(most: u32, dice: &Dice) -> Self {
        Self { failures: 0, most, dice: dice.clone() }
    }

    /// Bytes arrived: what failed before counts no more.
    pub(super) fn progressed(&mut self) {
        self.failures = 0;
    }

    /// Whether there is patience left.
    pub(super) fn is_left(&self) -> bool {
        self.failures < self.most
    }

    /// Counts `error` as a failure, and answers how long to wait before it is tried again.
    ///
    /// # Errors
    /// `error` itself when patience is at its end.
    pub(super) fn bear(&mut self, error: Error) -> Result<Duration> {
        self.failures += 1;
        if self.failures > self.most {
            return Err(error);
        }
        let wait = ceiling(self.failures).mul_f64(self.dice.fraction());
        tracing::debug!(%error, wait = wait.as_secs_f32(), "asking again");
        Ok(wait)
    }
}

fn ceiling(failures: u32) -> Duration {
    FIRST.saturating_mul(1 << (failures - 1).min(16)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_patience_ends() {
        let ceilings: Vec<_> = (1..=9).map(|failures| ceiling(failures).as_millis()).collect();
        assert_eq!(ceilings, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
        let mut backoff = Backoff::new(8, &Dice::default());
        for failures in 1..=8 {
            assert!(backoff.bear(Error::Interrupted).unwrap() <= ceiling(failures));
        }
        assert!(backoff.bear(Error::Interrupted).is_err());
        backoff.progressed();
        assert!(backoff.bear(Error::Interrupted).is_ok());
        assert!(Backoff::new(0, &Dice::default()).bear(Error::Interrupted).is_err());
    }
}
