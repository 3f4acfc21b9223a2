//! The threads that work on a disk: as few as keep up.

use std::{
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Duration,
};

use qetch_core::{Error, Result, Wanted};
use tokio::{sync::oneshot, task::spawn_blocking, time::sleep};

use super::super::lock::lock;

/// How long work waits before another thread is put to it: a disk that is quick is done with several things by then,
/// and one that is slow can be asked for several at once.
const PATIENCE: Duration = Duration::from_millis(2);

/// The most threads.
const MOST: usize = 32;

/// Work that may block. One thread does it as long as that keeps up: to wake one for each step would cost more than
/// most steps do. Clones are one crew.
#[derive(Clone, Default)]
pub(super) struct Crew(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    at_work: usize,
}

type Job = Box<dyn FnOnce() + Send>;

impl Crew {
    /// Does `work`, which hears whether somebody still waits for it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Wanted) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (wanted, _wants) = Wanted::new();
        let (tell, told) = oneshot::channel();
        self.submit(Box::new(move || _ = tell.send(work(wanted))));
        self.wait(told).await
    }

    /// Puts `job` at the end of the line.
    pub(super) fn submit(&self, job: Job) {
        let is_alone = {
            let mut state = lock(&self.0);
            state.waiting.push_back(job);
            let is_alone = state.at_work == 0;
            state.at_work += usize::from(is_alone);
            is_alone
        };
        if is_alone {
            self.begin();
        }
    }

    /// Waits for what a job tells, and sees to it that it is begun.
    pub(super) async fn wait<T>(&self, mut told: oneshot::Receiver<Result<T>>) -> Result<T> {
        loop {
            tokio::select! {
                biased;
                told = &mut told => {
                    return told.unwrap_or_else(|_| Err(Error::unexpected("work on the disk that was not done", None)));
                }
                () = sleep(PATIENCE) => self.reinforce(),
            }
        }
    }

    /// Puts one more thread to work where some waits.
    fn reinforce(&self) {
        let is_needed = {
            let mut state = lock(&self.0);
            let is_needed = !state.waiting.is_empty() && state.at_work < MOST;
            state.at_work += usize::from(is_needed);
            is_needed
        };
        if is_needed {
            self.begin();
        }
    }

    fn begin(&self) {
        let hand = Hand { crew: self.clone(), is_done: false };
        spawn_blocking(move || hand.work());
    }
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crew")
    }
}

/// One thread at work.
struct Hand {
    crew: Crew,
    is_done: bool,
}

impl Hand {
    fn work(mut self) {
        while let Some(job) = self.next() {
            // Whoever waits for it is told by its end; the others' is done in any case.
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!("work on the disk panicked");
            }
        }
    }

    fn next(&mut self) -> Option<Job> {
        let mut state = lock(&self.crew.0);
        let next = state.waiting.pop_front();
        self.is_done = next.is_none();
        state.at_work -= usize::from(self.is_done);
        next
    }
}

impl Drop for Hand {
    /// One that was never let begin, since its runtime ends, leaves nothing behind that nobody would do: it holds files
    /// and their locks.
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let undone = {
            let mut state = lock(&self.crew.0);
            state.at_work -= 1;
            if state.at_work == 0 { std::mem::take(&mut state.waiting) } else { VecDeque::new() }
        };
        drop(undone);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Barrier,
            atomic::{AtomicUsize, Ordering},
        },
        time::Instant,
    };

    use futures_util::{FutureExt as _, future::join_all};

    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_is_told_of_and_ends_nobody_elses() {
        let crew = Crew::default();
        let (panics, works) = (crew.run(|_| -> Result<()> { panic!("planted") }), crew.run(|_| Ok(7)));
        let (panicked, worked) = tokio::join!(panics, works);
        assert_eq!((panicked.unwrap_err().code(), worked.unwrap()), ("unexpected", 7));
    }

    #[tokio::test]
    async fn quick_work_is_done_by_one_thread() {
        let crew = Crew::default();
        let most = Arc::new(AtomicUsize::new(0));
        let jobs = (0..200).map(|_| {
            let (it, most) = (crew.clone(), most.clone());
            crew.run(move |_| {
                most.fetch_max(lock(&it.0).at_work, Ordering::Relaxed);
                Ok(())
            })
        });
        join_all(jobs).await;
        // A busy machine may leave it waiting for longer than it takes.
        assert!(most.load(Ordering::Relaxed) <= 3, "{most:?}");
        assert_eq!(lock(&crew.0).at_work, 0);
    }

    /// Each waits for all others: none of them ends unless all are begun.
    #[tokio::test]
    async fn slow_work_is_begun_side_by_side() {
        let (crew, all) = (Crew::default(), Arc::new(Barrier::new(8)));
        let begun = Instant::now();
        let jobs = (0..8).map(|_| {
            let all = all.clone();
            crew.run(move |_| {
                all.wait();
                Ok(())
            })
        });
        assert!(join_all(jobs).await.iter().all(Result::is_ok));
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn nothing_is_kept_whose_runtime_has_ended() {
        let (crew, held) = (Crew::default(), Arc::new(()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        let _entered = handle.enter();
        let holds = held.clone();
        let told = crew.run(move |_| {
            drop(holds);
            Ok(())
        });
        assert!(told.now_or_never().unwrap().is_err());
        assert_eq!((Arc::strong_count(&held), lock(&crew.0).at_work), (1, 0));
    }
}
