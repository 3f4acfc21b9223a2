//! The threads that work on a disk: about as few as keep up.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use qetch_core::{Error, Result, Wanted};
use tokio::{
    runtime::{Handle, Id},
    sync::oneshot,
    task::spawn_blocking,
    time::sleep,
};

use super::super::lock::lock;

/// How long work waits before another thread is put to it, one at a time: a disk that is quick is done with several things
/// by then, and one that is slow can be asked for several at once.
const PATIENCE: Duration = Duration::from_millis(2);

/// The most threads of one runtime.
const MOST: usize = 32;

/// How long a thread works before it gives its place in the runtime's pool to whatever else waits for one, such as the
/// look-up of a name.
pub(super) const SHIFT: Duration = Duration::from_millis(20);

/// Work that may block. One thread of the runtime does it as long as that keeps up: to wake one for each step would cost
/// more than most steps do. Clones are one crew, with threads of its own in each runtime that it is used from.
#[derive(Clone, Default)]
pub(super) struct Crew(Arc<Mutex<HashMap<Id, Gang>>>);

/// The crew in one runtime; it is there while there is work.
struct Gang {
    waiting: VecDeque<Job>,
    at_work: usize,
    /// When the last one was put to work.
    since: Instant,
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
        let runtime = Handle::current().id();
        let is_alone = {
            let mut gangs = lock(&self.0);
            let new = || Gang { waiting: VecDeque::new(), at_work: 0, since: Instant::now() };
            let gang = gangs.entry(runtime).or_insert_with(new);
            gang.waiting.push_back(job);
            let is_alone = gang.at_work == 0;
            gang.at_work += usize::from(is_alone);
            is_alone
        };
        if is_alone {
            self.begin(runtime);
        }
    }

    /// Waits for what a job tells, and sees to it that it is begun.
    pub(super) async fn wait<T>(&self, mut told: oneshot::Receiver<Result<T>>) -> Result<T> {
        let mut patience = PATIENCE;
        loop {
            tokio::select! {
                biased;
                told = &mut told => {
                    let undone = |_| Err(Error::unexpected("work on the disk that was not done", None));
                    return told.unwrap_or_else(undone);
                }
                () = sleep(patience) => self.reinforce(),
            }
            // Whoever has waited for long will not be helped by asking more often.
            patience = (patience * 2).min(PATIENCE * 16);
        }
    }

    /// Puts one more thread to work where some waits, unless one was just put to it.
    fn reinforce(&self) {
        let runtime = Handle::current().id();
        {
            let mut gangs = lock(&self.0);
            let is_needed = |gang: &&mut Gang| {
                !gang.waiting.is_empty() && gang.at_work < MOST && gang.since.elapsed() >= PATIENCE
            };
            let Some(gang) = gangs.get_mut(&runtime).filter(is_needed) else { return };
            tracing::trace!(at_work = gang.at_work, "the disk is slow: one more thread for it");
            (gang.at_work, gang.since) = (gang.at_work + 1, Instant::now());
        }
        self.begin(runtime);
    }

    fn begin(&self, runtime: Id) {
        Hand { crew: self.clone(), runtime, is_done: false }.begin();
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
    runtime: Id,
    is_done: bool,
}

impl Hand {
    fn begin(self) {
        spawn_blocking(move || self.work());
    }

    fn work(mut self) {
        let begun = Instant::now();
        while let Some(job) = self.next() {
            // Whoever waits for it is told by its end; the others' is done in any case.
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!("work on the disk panicked");
            }
            if begun.elapsed() > SHIFT {
                return self.begin();
            }
        }
    }

    fn next(&mut self) -> Option<Job> {
        let mut gangs = lock(&self.crew.0);
        let gang = gangs.get_mut(&self.runtime)?;
        let next = gang.waiting.pop_front();
        if next.is_none() {
            self.is_done = true;
            gang.at_work -= 1;
            if gang.at_work == 0 {
                gangs.remove(&self.runtime);
            }
        }
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
            let mut gangs = lock(&self.crew.0);
            let Some(gang) = gangs.get_mut(&self.runtime) else { return };
            gang.at_work -= 1;
            if gang.at_work == 0 { gangs.remove(&self.runtime) } else { None }
        };
        drop(undone);
    }
}

#[cfg(test)]
mod tests;
