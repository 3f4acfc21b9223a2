//! `RateLimit`: so many bytes a second, over all who share it.

use std::{
    num::NonZeroU64,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use crate::lock::lock;

/// So many bytes a second. Clones are one limit: what one of them takes, the others wait for.
///
/// ```
/// use std::num::NonZeroU64;
/// use qetch_core::{DownloadOptions, RateLimit};
///
/// let limit = RateLimit::new(NonZeroU64::new(1 << 20).unwrap());
/// let options = DownloadOptions::new().with_rate_limit(limit);
/// # assert_eq!(options.rate_limit.unwrap().bytes_per_second().get(), 1 << 20);
/// ```
#[derive(Clone, Debug)]
pub struct RateLimit {
    bytes_per_second: NonZeroU64,
    /// When all that was taken so far is paid for.
    paid: Arc<Mutex<Option<Instant>>>,
}

/// Time that was not used is saved up to this: a pause is not made up for by a burst.
const SAVED: Duration = Duration::from_millis(100);

/// No price is higher.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

impl RateLimit {
    /// So many bytes a second.
    pub fn new(bytes_per_second: NonZeroU64) -> Self {
        Self { bytes_per_second, paid: Arc::default() }
    }

    /// How many.
    pub fn bytes_per_second(&self) -> NonZeroU64 {
        self.bytes_per_second
    }

    /// Takes `bytes` that have arrived, and waits until they are paid for. Whoever stops reading meanwhile makes the
    /// sender wait.
    pub async fn take(&self, bytes: u64) {
        let until = {
            let mut paid = lock(&self.paid);
            let now = Instant::now();
            let earliest = now.checked_sub(SAVED).unwrap_or(now);
            let seconds = bytes as f64 / self.bytes_per_second.get() as f64;
            let from = paid.unwrap_or(now).max(earliest);
            // A price past what the clock can tell is a year.
            let price = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST).min(LONGEST);
            let until = from.checked_add(price).unwrap_or(now + LONGEST);
            *paid = Some(until);
            until
        };
        sleep_until(until).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(bytes_per_second: u64) -> RateLimit {
        RateLimit::new(NonZeroU64::new(bytes_per_second).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_share_it_get_that_much_together() {
        let limit = limit(1000);
        let start = Instant::now();
        let one = async || {
            for _ in 0..10 {
                limit.clone().take(200).await;
            }
        };
        tokio::join!(one(), one());
        let took = start.elapsed().as_millis();
        assert!((3900..=4100).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_not_made_up_for() {
        let limit = limit(1000);
        limit.take(1).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let start = Instant::now();
        limit.take(2000).await;
        assert!(start.elapsed() >= Duration::from_millis(1890), "{:?}", start.elapsed());
    }
}
