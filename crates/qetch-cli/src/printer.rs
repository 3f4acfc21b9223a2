//! Results, printed by a thread of its own: a reader who does not read stops no download.

use std::{sync::mpsc, thread};

use crate::{
    console::Console,
    exit::{FAILED, Failure},
    session::Session,
};

/// Where results go. Clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Results(mpsc::Sender<Vec<u8>>);

impl Results {
    /// Prints a line, when its turn has come. That nobody reads it is no reason to leave files out.
    pub(crate) fn print(&self, line: Vec<u8>) {
        let _ = self.0.send(line);
    }
}

/// Who prints them.
#[derive(Debug)]
pub(crate) struct Printer(thread::JoinHandle<Result<(), Failure>>);

impl Printer {
    /// Prints until the last of the results is dropped.
    pub(crate) fn start(console: &Console) -> (Self, Results) {
        let (results, lines) = mpsc::channel::<Vec<u8>>();
        let console = console.clone();
        let print = move || lines.into_iter().try_for_each(|line| console.result(line));
        (Self(thread::spawn(print)), Results(results))
    }

    /// Waits until all is printed that there is, and tells where that failed.
    pub(crate) async fn finish(self, session: &Session) {
        let printed = tokio::task::spawn_blocking(|| self.0.join()).await;
        let unexpected = || Failure::new(FAILED, "unexpected: the printing of results panicked");
        let printed =
            printed.map_err(|_| unexpected()).and_then(|joined| joined.unwrap_or_else(|_| Err(unexpected())));
        match printed {
            Err(failure) if failure != Failure::closed() => session.fail(failure),
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
        assert!(!printer.0.is_finished());
        drop(other);
        printer.finish(&session).await;
        assert_eq!(session.code(), 0);
    }
}
