//! How fast a share comes in.

use std::time::Duration;

/// Bytes are counted over windows of this length.
const WINDOW: Duration = Duration::from_millis(250);

/// So long a share must come in before it can be called slow: the first bytes take their time.
const LONG_ENOUGH: Duration = Duration::from_secs(1);

/// The rate of one share, smoothed over a few windows. Times count from when the plan was made.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When its bytes began to come, if they did.
    began: Option<Duration>,
    since: Duration,
    bytes: u64,
    rate: Option<f64>,
}

impl Pace {
    /// The bytes begin to come now.
    pub(super) fn begin(&mut self, now: Duration) {
        (self.began, self.since, self.bytes) = (Some(now), now, 0);
    }

    /// Whether it came in for long enough to say that it is slow.
    pub(super) fn is_settled(&self, now: Duration) -> bool {
        self.began.is_some_and(|began| now.saturating_sub(began) >= LONG_ENOUGH)
    }

    /// Bytes have come.
    pub(super) fn add(&mut self, bytes: u64, now: Duration) {
        self.bytes += bytes;
        if now.saturating_sub(self.since) >= WINDOW {
            self.rate = self.estimate(now);
            (self.since, self.bytes) = (now, 0);
        }
    }

    /// Bytes a second until now, however short that was: what a connection that is done with its share can do.
    pub(super) fn so_far(&self, now: Duration) -> Option<f64> {
        let passed = now.saturating_sub(self.since).as_secs_f64();
        let brief = (self.bytes > 0 && passed > 0.0).then(|| self.bytes as f64 / passed);
        self.estimate(now).or(brief)
    }

    /// Bytes a second, if something can be said. A share from which nothing comes becomes slower with every moment.
    pub(super) fn estimate(&self, now: Duration) -> Option<f64> {
        self.began?;
        let passed = now.saturating_sub(self.since);
        let current = self.bytes as f64 / passed.as_secs_f64();
        match self.rate {
            None if passed < WINDOW => None,
            None => Some(current),
            Some(rate) if passed < WINDOW => Some(rate),
            Some(_) if passed >= WINDOW * 4 => Some(current),
            Some(rate) => Some((rate + current) / 2.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn it_follows_what_comes() {
        let mut pace = Pace::default();
        assert_eq!(
            (pace.estimate(ms(900)), pace.is_settled(ms(2000))),
            (None, false),
            "nobody brings it yet"
        );
        pace.begin(ms(1000));
        assert_eq!(
            (pace.estimate(ms(1010)), pace.is_settled(ms(1999)), pace.is_settled(ms(2000))),
            (None, false, true)
        );
        (0..10).for_each(|step| pace.add(100, ms(1100 + step * 100)));
        let rate = pace.estimate(ms(2000)).unwrap();
        assert!((900.0..1200.0).contains(&rate), "{rate}");
        assert_eq!(pace.so_far(ms(2000)), Some(rate));
        let stalled = pace.estimate(ms(4000)).unwrap();
        assert!(stalled < 100.0, "{stalled}");
    }
    #[test]
    fn a_share_that_came_at_once_has_a_rate_when_it_is_done() {
        let mut pace = Pace::default();
        pace.begin(ms(1000));
        assert_eq!(pace.so_far(ms(1010)), None);
        pace.add(5000, ms(1010));
        assert_eq!((pace.estimate(ms(1010)), pace.so_far(ms(1010))), (None, Some(500_000.0)));
    }
}
