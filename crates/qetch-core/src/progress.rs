//! `Progress`, the hook that hears of it, and the meter that calls the hook.

use std::{
    fmt,
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::lock::lock;

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that are there, those resumed included. Within an attempt it never falls; a byte that is fetched twice
    /// counts once.
    pub done: u64,
    /// Bytes that were there when the download began.
    pub resumed: u64,
    /// Bytes in all, once known or estimated.
    pub total: Option<u64>,
    /// Whether the total is an estimate, by the fragments of which the size is known: it may rise and fall, and less than
    /// is there it never is.
    pub is_estimate: bool,
    /// Which attempt this is, from 1: starting the file afresh raises it, and `done` begins again.
    pub attempt: u32,
    /// What is being done.
    pub phase: Phase,
    /// Fragments that are whole, and fragments in all.
    pub fragments: (usize, usize),
}

impl Progress {
    /// Nothing done yet, of `fragments` fragments.
    pub fn new(fragments: usize) -> Self {
        Self {
            done: 0,
            resumed: 0,
            total: None,
            is_estimate: false,
            attempt: 1,
            phase: Phase::Connecting,
            fragments: (0, fragments),
        }
    }
}

/// What a download is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for the first answer.
    Connecting,
    /// Bytes arrive.
    Fetching,
    /// Pieces are joined.
    Merging,
    /// What was written is made durable and given its name.
    Finishing,
    /// The file is whole and has its name.
    Done,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::Fetching => "fetching",
            Self::Merging => "merging",
            Self::Finishing => "finishing",
            Self::Done => "done",
        })
    }
}

/// Hears how far a download is. Any `Fn(Progress)` is one.
///
/// It is called from the download's own future: once at the start, every `update_delay`, and once at the end; never
/// after that future has ended or was dropped. It must return quickly, for nothing else of the download's own future
/// goes on meanwhile.
pub trait ProgressHook: Send + Sync {
    /// Hears of it.
    fn update(&self, progress: Progress);
}

impl<F: Fn(Progress) + Send + Sync> ProgressHook for F {
    fn update(&self, progress: Progress) {
        self(progress);
    }
}

/// Counts what a download does and calls its hook. For those who write downloaders.
///
/// Clones are one meter. Counting is one atomic addition; the hook is called by [`Meter::run`] alone.
#[derive(Clone, Debug)]
pub struct Meter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    done: AtomicU64,
    rest: Mutex<Progress>,
}

impl Meter {
    /// A meter for a download of so many fragments.
    pub fn new(fragments: usize) -> Self {
        Self(Arc::new(Shared { done: AtomicU64::new(0), rest: Mutex::new(Progress::new(fragments)) }))
    }

    /// A meter that goes on from `progress`.
    pub(crate) fn at(progress: Progress) -> Self {
        Self(Arc::new(Shared { done: AtomicU64::new(progress.done), rest: Mutex::new(progress) }))
    }

    /// Counts `bytes` more that are there.
    pub fn add(&self, bytes: u64) {
        self.0.done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts `bytes` that an earlier run left. Call it before [`run`](Meter::run), so that the hook hears of them first.
    pub fn resume(&self, bytes: u64) {
        let mut rest = lock(&self.0.rest);
        self.0.done.fetch_add(bytes, Ordering::Relaxed);
        rest.resumed += bytes;
    }

    /// Takes `bytes` back: they belong to a share that an attempt of its own fetches again.
    pub fn restart(&self, bytes: u64) {
        // Under the lock, so that no reading sees the old attempt with the new count.
        let mut rest = lock(&self.0.rest);
        self.0.done.fetch_sub(bytes, Ordering::Relaxed);
        rest.attempt += 1;
    }

    /// Sets the bytes in all; `None` while not known.
    pub fn set_total(&self, total: Option<u64>) {
        let mut rest = lock(&self.0.rest);
        (rest.total, rest.is_estimate) = (total, false);
    }

    /// Sets an estimate of the bytes in all; `None` while there is none.
    pub fn set_estimate(&self, total: Option<u64>) {
        let mut rest = lock(&self.0.rest);
        (rest.total, rest.is_estimate) = (total, total.is_some());
    }

    /// Sets what is being done.
    pub fn set_phase(&self, phase: Phase) {
        lock(&self.0.rest).phase = phase;
    }

    /// Says that the first answer is there.
    pub fn answered(&self) {
        let mut rest = lock(&self.0.rest);
        if rest.phase == Phase::Connecting {
            rest.phase = Phase::Fetching;
        }
    }

    /// Sets how many fragments there are, as far as that is known.
    pub fn set_fragments(&self, count: usize) {
        lock(&self.0.rest).fragments.1 = count;
    }

    /// Sets how many fragments are whole.
    pub fn set_fragments_done(&self, count: usize) {
        lock(&self.0.rest).fragments.0 = count;
    }

    /// Counts a fragment that is whole.
    pub fn fragment_done(&self) {
        lock(&self.0.rest).fragments.0 += 1;
    }

    /// How far it is now.
    pub fn read(&self) -> Progress {
        let rest = lock(&self.0.rest);
        let done = self.0.done.load(Ordering::Relaxed);
        let total = if rest.is_estimate { rest.total.map(|total| total.max(done)) } else { rest.total };
        Progress { done, total, ..*rest }
    }

    /// Runs `work`, calling `hook` at the start, every `delay`, and at the end.
    pub async fn run<T>(
        &self,
        hook: Option<Arc<dyn ProgressHook>>,
        delay: Duration,
        work: impl Future<Output = T>,
    ) -> T {
        heard(hook, delay, || self.read(), work).await
    }
}

/// Runs `work`, calling `hook` with what `read` says at the start, every `delay`, and at the end.
pub(crate) async fn heard<T>(
    hook: Option<Arc<dyn ProgressHook>>,
    delay: Duration,
    read: impl Fn() -> Progress,
    work: impl Future<Output = T>,
) -> T {
    let Some(hook) = hook else { return work.await };
    hook.update(read());
    let mut work = pin!(work);
    // A day is as good as never, and no clock overflows.
    let delay = delay.clamp(Duration::from_millis(1), Duration::from_secs(86_400));
    let mut ticks = interval_at(Instant::now() + delay, delay);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            output = &mut work => {
                hook.update(read());
                return output;
            }
            _ = ticks.tick() => hook.update(read()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Heard = Arc<Mutex<Vec<Progress>>>;

    fn hook() -> (Heard, Option<Arc<dyn ProgressHook>>) {
        let heard = Heard::default();
        let hook = heard.clone();
        (heard, Some(Arc::new(move |progress| hook.lock().unwrap().push(progress))))
    }

    #[tokio::test(start_paused = true)]
    async fn the_hook_hears_the_start_every_delay_and_the_end() {
        let (heard, hook) = hook();
        let meter = Meter::new(1);
        let work = async {
            for _ in 0..4 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                meter.add(10);
            }
            meter.set_phase(Phase::Done);
        };
        meter.run(hook, Duration::from_millis(150), work).await;
        let done: Vec<_> =
            heard.lock().unwrap().iter().map(|progress| (progress.done, progress.phase)).collect();
        let connecting = Phase::Connecting;
        assert_eq!(done, [(0, connecting), (10, connecting), (30, connecting), (40, Phase::Done)]);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_heard_after_a_drop() {
        let (heard, hook) = hook();
        let meter = Meter::new(1);
        let never = meter.run(hook, Duration::from_millis(10), std::future::pending::<()>());
        let _ = tokio::time::timeout(Duration::from_millis(35), never).await;
        let count = heard.lock().unwrap().len();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!((count, heard.lock().unwrap().len()), (4, 4));
    }

    #[test]
    fn starting_afresh_is_another_attempt() {
        let meter = Meter::new(2);
        meter.add(30);
        meter.restart(20);
        assert_eq!((meter.read().done, meter.read().attempt), (10, 2));
    }
}
