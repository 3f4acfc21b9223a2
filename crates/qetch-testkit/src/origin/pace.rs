//! Keeps a body to a number of bytes a second.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The most that is sent at once when nothing limits the rate, in bytes.
const SLICE: u64 = 64 * 1024;

/// How far a sender that woke late may catch up.
const CREDIT: Duration = Duration::from_millis(50);

/// Hands out moments at which slices may be sent; shared by all that share its rate.
#[derive(Debug)]
pub(crate) struct Pace {
    bytes_per_second: u64,
    /// When the slices handed out so far will have been sent.
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// A pace that begins with its first reservation; a rate of 0 counts as 1.
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1), next: Mutex::new(None) }
    }

    /// How many bytes to send at once: about a hundredth of a second's.
    pub(crate) fn slice(&self) -> u64 {
        (self.bytes_per_second / 100).clamp(1, SLICE)
    }

    /// Reserves so many bytes and tells when they may be sent: late enough that with them the rate is kept.
    pub(crate) fn reserve(&self, bytes: u64, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(CREDIT).unwrap_or(now);
        let start = next.map_or(now, |next| next.max(earliest));
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_per_second);
        let duration = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        // A clock that cannot tell a moment so far away has nothing better than this one.
        let end = start.checked_add(duration).unwrap_or(start);
        *next = Some(end);
        end
    }
}

/// The paces that a body is sent at.
#[derive(Debug)]
pub(crate) struct Paces<'a> {
    always: Vec<&'a Pace>,
    /// One that begins after so many bytes of the body.
    late: Option<(u64, Pace)>,
}

impl<'a> Paces<'a> {
    /// The paces that hold from the start, and one that begins later.
    pub(crate) fn new(always: impl IntoIterator<Item = &'a Pace>, late: Option<(u64, Pace)>) -> Self {
        Self { always: always.into_iter().collect(), late }
    }

    /// How many bytes to send at once when so many were sent: no slice lies across the place where a pace
    /// begins.
    pub(crate) fn slice(&self, sent: u64) -> u64 {
        let before =
            self.late.as_ref().and_then(|(after, _)| after.checked_sub(sent)).filter(|left| *left > 0);
        let slowest = self.at(sent).map(Pace::slice).min().unwrap_or(SLICE);
        before.map_or(slowest, |left| left.min(slowest))
    }

    /// Reserves so many bytes after so many that were sent, and tells when they may be sent, if anything
    /// limits them.
    pub(crate) fn reserve(&self, bytes: u64, sent: u64, now: Instant) -> Option<Instant> {
        self.at(sent).map(|pace| pace.reserve(bytes, now)).max()
    }

    fn at(&self, sent: u64) -> impl Iterator<Item = &Pace> {
        let late = self.late.iter().filter(move |(after, _)| sent >= *after).map(|(_, pace)| pace);
        self.always.iter().copied().chain(late)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{CREDIT, Pace, Paces};

    #[test]
    fn slices_follow_one_another_at_the_rate() {
        let pace = Pace::new(1000);
        let now = Instant::now();
        assert_eq!(pace.slice(), 10);
        assert_eq!(pace.reserve(10, now) - now, Duration::from_millis(10));
        assert_eq!(pace.reserve(500, now) - now, Duration::from_millis(510));
    }

    #[test]
    fn a_late_sender_catches_up_a_little() {
        let pace = Pace::new(1000);
        let now = Instant::now();
        pace.reserve(10, now);
        let late = now + Duration::from_secs(9);
        assert_eq!(pace.reserve(10, late) + CREDIT - late, Duration::from_millis(10));
    }

    #[test]
    fn a_rate_of_nothing_is_one_byte_a_second() {
        let pace = Pace::new(0);
        let now = Instant::now();
        assert_eq!(pace.slice(), 1);
        assert_eq!(pace.reserve(3, now) - now, Duration::from_secs(3));
        pace.reserve(u64::MAX, now);
        pace.reserve(u64::MAX, now);
    }

    #[test]
    fn the_slowest_pace_sets_the_slice() {
        assert_eq!(Paces::new([], None).slice(0), 64 * 1024);
        let (slow, fast) = (Pace::new(500), Pace::new(u64::MAX));
        assert_eq!(Paces::new([&slow, &fast], None).slice(0), 5);
    }

    #[test]
    fn a_late_pace_begins_at_its_byte() {
        let paces = Paces::new([], Some((100, Pace::new(1))));
        let now = Instant::now();
        assert_eq!((paces.slice(0), paces.slice(99), paces.slice(100)), (100, 1, 1));
        assert_eq!(paces.reserve(100, 0, now), None);
        assert_eq!(paces.reserve(1, 100, now), Some(now + Duration::from_secs(1)));
    }
}
