//! Results, printed at once where that takes no waiting, and else by a thread: a reader who does not read stops no download.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use crate::{
    console::Console,
    exit::{FAILED, Failure},
    session::Session,
};

/// Where results go. Clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Results {
    lines: mpsc::Sender<Vec<u8>>,
    printing: Arc<Printing>,
}

/// Who prints them where there is something to wait for.
#[derive(Debug)]
pub(crate) struct Printer {
    thread: thread::JoinHandle<()>,
    printing: Arc<Printing>,
}

#[derive(Debug)]
struct Printing {
    console: Console,
    /// Lines that wait for the thread, or are being printed by it.
    waiting: AtomicUsize,
    /// Why nothing more is printed.
    failure: Mutex<Option<Failure>>,
}

impl Results {
    /// Prints a line, when its turn has come. That nobody reads it is no reason to leave files out.
    pub(crate) fn print(&self, line: Vec<u8>) {
        let is_next = self.printing.waiting.load(Ordering::Acquire) == 0;
        if is_next && self.printing.console.takes(line.len() + 1) {
            self.printing.print(&line);
        } else {
            self.printing.waiting.fetch_add(1, Ordering::AcqRel);
            let _ = self.lines.send(line);
        }
    }
}

impl Printing {
    fn print(&self, line: &[u8]) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.is_none() {
            *failure = self.console.result(line).err();
        }
    }
}

impl Printer {
    /// Prints until the last of the results is dropped.
    pub(crate) fn start(console: &Console) -> (Self, Results) {
        let (lines, queue) = mpsc::channel::<Vec<u8>>();
        let (waiting, failure) = (AtomicUsize::new(0), Mutex::default());
        let printing = Arc::new(Printing { console: console.clone(), waiting, failure });
        let prints = printing.clone();
        let thread = thread::spawn(move || {
            for line in queue {
                prints.print(&line);
                prints.waiting.fetch_sub(1, Ordering::AcqRel);
            }
        });
        (Self { thread, printing: printing.clone() }, Results { lines, printing })
    }

    /// Waits until all is printed that there is, and tells where that failed.
    pub(crate) async fn finish(self, session: &Session) {
        let printed = tokio::task::spawn_blocking(|| self.thread.join()).await;
        if !matches!(printed, Ok(Ok(()))) {
            session.fail(Failure::new(FAILED, "unexpected: the printing of results panicked"));
        }
        let failure = self.printing.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        match failure {
            Some(failure) if failure != Failure::closed() => session.fail(failure),
            _ => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use qetch::Qetch;

    use super::*;

    #[tokio::test]
    async fn it_ends_with_the_last_of_the_results() {
        let session = Session::of(Qetch::new(), Console::new(true));
        let (printer, results) = Printer::start(&session.console);
        let other = results.clone();
        drop(results);
        assert!(!printer.thread.is_finished());
        drop(other);
        printer.finish(&session).await;
        assert_eq!(session.code(), 0);
    }
}
