//! The writes of one file, made one after the other.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex},
};

use futures_util::FutureExt as _;
use qetch_core::{Error, Result};
use tokio::{sync::oneshot, task::spawn_blocking};

use super::{super::lock::lock, Writing};

/// Writes stand in line and one thread makes them. A file takes one write at a time whatever threads come with, and a
/// thread that is at work already need not be woken.
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
    pub(super) fn stand(&self, write: impl FnOnce() -> Result<()> + Send + 'static) -> Writing {
        let (tell, told) = oneshot::channel();
        let write = Box::new(move || _ = tell.send(write()));
        let begins = {
            let mut state = lock(&self.0);
            state.waiting.push_back(write);
            !std::mem::replace(&mut state.is_at_work, true)
        };
        if begins {
            let worker = Worker { line: self.clone(), is_done: false };
            spawn_blocking(move || worker.work());
        }
        let lost = |_| Err(Error::unexpected("a write that was not made", None));
        told.map(move |told| told.unwrap_or_else(lost)).boxed()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

/// Who makes the writes of a line.
struct Worker {
    line: Line,
    is_done: bool,
}

impl Worker {
    fn work(mut self) {
        while let Some(write) = self.next() {
            write();
        }
    }

    fn next(&mut self) -> Option<Write> {
        let mut state = lock(&self.line.0);
        let next = state.waiting.pop_front();
        self.is_done = next.is_none();
        state.is_at_work = !self.is_done;
        next
    }
}

impl Drop for Worker {
    /// One that panicked, or was never let begin since the runtime ends, leaves a line that nobody works on: those who
    /// wait are told, and the next one begins anew.
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
    use super::*;

    #[tokio::test]
    async fn writes_are_made_in_order_and_one_at_a_time() {
        let (line, made) = (Line::default(), Arc::new(Mutex::new(Vec::new())));
        let writes: Vec<_> = (0..100)
            .map(|number| {
                let made = made.clone();
                line.stand(move || {
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
    async fn a_write_that_panics_ends_nobody_elses_for_good() {
        let line = Line::default();
        let panics = line.stand(|| panic!("planted"));
        assert_eq!(panics.await.unwrap_err().code(), "unexpected");
        let fails = line.stand(|| Err(Error::Interrupted));
        assert_eq!(fails.await.unwrap_err().code(), "interrupted");
        line.stand(|| Ok(())).await.unwrap();
    }

    #[test]
    fn nothing_is_kept_by_a_line_whose_runtime_has_ended() {
        let (line, held) = (Line::default(), Arc::new(()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        let (_entered, holds) = (handle.enter(), held.clone());
        let write = line.stand(move || {
            drop(holds);
            Ok(())
        });
        assert!(write.now_or_never().unwrap().is_err());
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
