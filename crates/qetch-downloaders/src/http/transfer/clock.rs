//! The progress clock of one connection: bytes that come one by one are as good as none.

use std::time::Duration;

use tokio::time::Instant;

/// A connection that is waited for so long, and in that time brings less than [`LEAST`], is given up.
const WINDOW: Duration = Duration::from_secs(10);

/// The same for a stream that cannot be gone on with: all of it would be fetched again.
const LONG_WINDOW: Duration = Duration::from_secs(60);

/// So many bytes begin the time anew.
const LEAST: u64 = 1 << 10;

/// Counts the time in which bytes are waited for. Time spent writing, or held back by a rate, does not count.
#[derive(Debug)]
pub(in crate::http) struct Clock {
    window: Duration,
    waited: Duration,
    bytes: u64,
}

impl Clock {
    pub(in crate::http) fn new(can_ask_again: bool) -> Self {
        let window = if can_ask_again { WINDOW } else { LONG_WINDOW };
        Self { window, waited: Duration::ZERO, bytes: 0 }
    }

    /// Bytes arrived after they were waited for since then. Whether the connection is worth waiting for.
    pub(in crate::http) fn arrived(&mut self, since: Instant, bytes: usize) -> bool {
        self.waited += since.elapsed();
        self.bytes += bytes as u64;
        if self.bytes >= LEAST {
            (self.waited, self.bytes) = (Duration::ZERO, 0);
        }
        self.waited < self.window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_drip_is_given_up_and_a_trickle_is_not() {
        let lasts = async |bytes, can_ask_again| {
            let (mut clock, begun) = (Clock::new(can_ask_again), Instant::now());
            loop {
                let since = Instant::now();
                tokio::time::sleep(Duration::from_secs(1)).await;
                if !clock.arrived(since, bytes) || begun.elapsed() > Duration::from_secs(300) {
                    return begun.elapsed().as_secs();
                }
            }
        };
        assert_eq!((lasts(1, true).await, lasts(1, false).await), (10, 60));
        assert!(lasts(200, true).await > 300);
    }
}
