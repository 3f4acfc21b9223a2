//! The writes of one file, made one after the other.

use std::{
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Instant,
};

use futures_util::FutureExt as _;
use qetch_core::Result;
use tokio::{sync::oneshot, task::spawn_blocking};

use super::{
    super::lock::lock,
    Writing,
    crew::{Crew, SHIFT},
};

/// Writes stand in line: a file takes one at a time, whatever threads come with them.
#[derive(Clone, Default)]
pub(super) struct Line(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Write>,
    is_at_work: bool,
}

type Write = Box<dyn FnOnce() + Send>;

impl Line {
    /// Puts `write` at the end of the line.
    pub(super) fn stand(&self, crew: &Crew, write: impl FnOnce() -> Result<()> + Send + 'static) -> Writing {
        let (tell, told) = oneshot::channel();
        let write = Box::new(move || _ = tell.send(write()));
        let begins = {
            let mut state = lock(&self.0);
            state.waiting.push_back(write);
            !std::mem::replace(&mut state.is_at_work, true)
        };
        if begins {
            Writer::begin(self.clone(), crew);
        }
        let crew = crew.clone();
        async move { crew.wait(told).await }.boxed()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

/// Who makes the writes of a line: the crew the first one, which is often all there is; and where more have come meanwhile, a
/// thread of the line's own, so that the writes of one file do not wait for those of others.
struct Writer {
    line: Line,
    is_done: bool,
}

impl Writer {
    fn begin(line: Line, crew: &Crew) {
        let writer = Self { line, is_done: false };
        crew.submit(Box::new(move || writer.write_one()));
    }

    fn write_one(mut self) {
        if let Some(write) = self.next() {
            make(write);
        }
        if self.has_more() {
            spawn_blocking(move || self.write_all());
        }
    }

    /// Whether there is more to write; where not, nobody is at work any more.
    fn has_more(&mut self) -> bool {
        let mut state = lock(&self.line.0);
        self.is_done = state.waiting.is_empty();
        state.is_at_work = !self.is_done;
        !self.is_done
    }

    fn write_all(mut self) {
        let begun = Instant::now();
        while self.has_more() {
            if let Some(write) = self.next() {
                make(write);
            }
            if begun.elapsed() > SHIFT {
                // Whatever else waits for a thread has its turn first.
                spawn_blocking(move || self.write_all());
                return;
            }
        }
    }

    fn next(&self) -> Option<Write> {
        lock(&self.line.0).waiting.pop_front()
    }
}

/// Whoever waits for a write that panics is told by its end; those behind it are made in any case.
fn make(write: Write) {
    if catch_unwind(AssertUnwindSafe(write)).is_err() {
        tracing::error!("a write panicked");
    }
}

impl Drop for Writer {
    /// One that never came, since the runtime ends, leaves a line in which nobody is at work: those who wait are told, and the
    /// next one begins anew.
    fn drop(&mut self) {
        if !self.is_done {
            let lost = {
                let mut state = lock(&self.line.0);
                state.is_at_work = false;
                std::mem::take(&mut state.waiting)
            };
            drop(lost);
        }
    }
}

#[cfg(test)]
mod tests {
    use qetch_core::Error;

    use super::*;

    #[tokio::test]
    async fn writes_are_made_in_order_and_one_at_a_time() {
        let (line, crew, made) = (Line::default(), Crew::default(), Arc::new(Mutex::new(Vec::new())));
        let writes: Vec<_> = (0..100)
            .map(|number| {
                let made = made.clone();
                line.stand(&crew, move || {
                    made.try_lock().unwrap().push(number);
                    Ok(())
                })
            })
            .collect();
        for write in writes {
            write.await.unwrap();
        }
        assert_eq!(*made.lock().unwrap(), (0..100).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_write_that_panics_ends_nobody_elses() {
        let (line, crew) = (Line::default(), Crew::default());
        for _ in 0..100 {
            let panics = line.stand(&crew, || panic!("planted"));
            let (fails, works) =
                (line.stand(&crew, || Err(Error::Interrupted)), line.stand(&crew, || Ok(())));
            assert_eq!(panics.await.unwrap_err().code(), "unexpected");
            // Whatever the one that panicked has left to do.
            line.stand(&crew, || Ok(())).await.unwrap();
            assert_eq!(fails.await.unwrap_err().code(), "interrupted");
            works.await.unwrap();
        }
    }

    #[test]
    fn nothing_is_kept_by_a_line_whose_runtime_has_ended() {
        let (line, crew, held) = (Line::default(), Crew::default(), Arc::new(()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        let (_entered, holds) = (handle.enter(), held.clone());
        let write = line.stand(&crew, move || {
            drop(holds);
            Ok(())
        });
        assert!(write.now_or_never().unwrap().is_err());
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
