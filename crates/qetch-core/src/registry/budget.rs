//! `Budget`: what one extraction may still cost, over all that it is handed off to.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};

use crate::{Error, Extraction, Limits, Result, hosts::Task, pages::Pages};

/// How finely time is told apart from waits that we mean.
const TICK: Duration = Duration::from_secs(1);

/// What one extraction may still cost.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    left: Duration,
    /// Tells whether it waits because we mean it to.
    waits: Task,
    handoffs: usize,
    pages: Arc<Pages>,
    is_over: bool,
}

impl Budget {
    /// All of it, for an extraction that waits in the name of `waits`.
    pub(super) fn new(limits: Limits, waits: Task) -> Self {
        let pages = Arc::new(Pages::new(limits.pages));
        Self { limits, left: limits.extraction_time, waits, handoffs: 0, pages, is_over: false }
    }

    /// Does `work`, for which somebody waits, within the time that is left.
    pub(super) async fn spend<T>(&mut self, work: impl Future<Output = T>) -> Result<T> {
        let mut work = pin!(work);
        loop {
            let (begun, slice) = (Instant::now(), self.left.min(TICK));
            let done = timeout(slice, &mut work).await;
            if !self.waits.is_waiting() && self.left != Duration::MAX {
                // What is more was spent elsewhere: by a reader who stopped reading.
                self.left -= begun.elapsed().min(slice);
            }
            if let Ok(done) = done {
                return Ok(done);
            }
            if self.left.is_zero() {
                self.is_over = true;
                let seconds = self.limits.extraction_time.as_secs_f32();
                return Err(Error::over_limit("the time of the extraction", format!("{seconds} s")));
            }
        }
    }

    /// Takes one hand-off, behind a chain of so many.
    pub(super) fn hand_off(&mut self, depth: usize) -> Result<()> {
        if depth >= self.limits.handoff_depth {
            let most = self.limits.handoff_depth.to_string();
            return Err(Error::over_limit("the chain of hand-offs", most));
        }
        if self.handoffs >= self.limits.handoffs {
            self.is_over = true;
            return Err(Error::over_limit("the number of hand-offs", self.limits.handoffs.to_string()));
        }
        self.handoffs += 1;
        Ok(())
    }

    /// Has the pages of `extraction` counted with those of the others.
    pub(super) fn count(&self, extraction: &Extraction) -> Result<()> {
        extraction.count_among(&self.pages)
    }

    /// Whether one of the limits was met that are for the whole extraction.
    pub(super) fn is_over(&self) -> bool {
        self.is_over || self.pages.is_over()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_that_is_waited_on_purpose_does_not_count() {
        let waits = Task::default();
        let mut budget = Budget::new(Limits::new().extraction_time(Duration::from_secs(10)), waits.clone());
        budget.spend(sleep(Duration::from_secs(6))).await.unwrap();
        let held = waits.waits();
        budget.spend(sleep(Duration::from_secs(3600))).await.unwrap();
        drop(held);
        let begun = Instant::now();
        let error = budget.spend(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(error.to_string(), "the time of the extraction is over the limit of 10 s");
        assert!(budget.is_over() && begun.elapsed() <= Duration::from_secs(5), "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_nobody_reads_does_not_count() {
        let limits = Limits::new().extraction_time(Duration::from_secs(10));
        let mut budget = Budget::new(limits, Task::default());
        let mut spending = pin!(budget.spend(std::future::pending::<()>()));
        assert!(timeout(Duration::from_millis(10), &mut spending).await.is_err());
        sleep(Duration::from_secs(3600)).await;
        assert!(timeout(Duration::from_secs(5), &mut spending).await.is_err());
        assert!(timeout(Duration::from_secs(5), &mut spending).await.unwrap().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn no_time_is_none_and_without_an_end_is_without_an_end() {
        let mut none = Budget::new(Limits::new().extraction_time(Duration::ZERO), Task::default());
        assert!(none.spend(std::future::pending::<()>()).await.is_err());
        let mut endless = Budget::new(Limits::new().extraction_time(Duration::MAX), Task::default());
        endless.spend(sleep(Duration::from_secs(9999))).await.unwrap();
        assert_eq!(endless.left, Duration::MAX);
    }
}
