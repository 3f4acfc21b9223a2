//! The two streams of output: results on standard output, everything else on standard error. Neither tears a bar.

use std::io::{self, IsTerminal as _, Write};

use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    exit::{FAILED, Failure},
    plain::{plain, plain_json},
};

/// Where the command speaks. Clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    bars: MultiProgress,
    /// Whether bars are drawn, which costs a system call to ask.
    draws: bool,
    /// Whether results go to a terminal.
    shows: bool,
    quiet: bool,
}

impl Console {
    /// One that prints nothing but results and errors when it is `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        Self { bars, draws: false, shows: io::stdout().is_terminal(), quiet }
    }

    /// Draws bars from now on, where standard error is a terminal and nobody asked for quiet.
    pub(crate) fn draw_bars(&mut self) {
        if !self.quiet && io::stderr().is_terminal() {
            self.bars.set_draw_target(ProgressDrawTarget::stderr());
            self.draws = !self.bars.is_hidden();
        }
    }

    /// The bars, if they are drawn.
    pub(crate) fn bars(&self) -> Option<&MultiProgress> {
        self.draws.then_some(&self.bars)
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// How many columns the terminal has that results go to; nothing where they go elsewhere, or where it does not say.
    pub(crate) fn columns(&self) -> Option<usize> {
        if self.shows { columns() } else { None }
    }

    /// Prints a line of a result.
    pub(crate) fn result(&self, line: impl AsRef<[u8]>) -> Result<(), Failure> {
        let print = || {
            let mut out = io::stdout().lock();
            out.write_all(line.as_ref())?;
            out.write_all(b"\n")?;
            out.flush()
        };
        // Bars are in the way on a terminal alone; elsewhere a reader who does not read would hold them, too.
        let written = if self.shows { self.without_bars(print) } else { print() };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::closed()),
            Err(error) => Err(Failure::new(FAILED, format!("cannot write to standard output: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    /// Whether a line of so many bytes can be printed now without waiting for whoever reads.
    pub(crate) fn takes(&self, bytes: usize) -> bool {
        !self.shows && takes(bytes)
    }

    /// Prints a result as one line of JSON.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.result(json(value)?)
    }

    /// Prints what went wrong.
    pub(crate) fn error(&self, message: &str) {
        self.raw(&format!("qetch: {}", plain(message)));
    }

    /// Prints what is worth knowing, unless asked for quiet.
    pub(crate) fn note(&self, message: &str) {
        if !self.quiet {
            self.error(message);
        }
    }

    /// Prints a line on standard error. Where that is gone as well there is nobody left to tell.
    pub(crate) fn raw(&self, line: &str) {
        let _ = self.without_bars(|| writeln!(io::stderr().lock(), "{line}"));
    }

    /// Does `work` while no bar is on the screen.
    fn without_bars<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.draws { self.bars.suspend(work) } else { work() }
    }
}

/// Whether standard output takes so many bytes now: a pipe that can be written to takes as many as it takes in one piece
/// (POSIX, `write`, at `PIPE_BUF`), and a file takes all.
#[cfg(unix)]
fn takes(bytes: usize) -> bool {
    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        pipe::PIPE_BUF,
    };
    let out = io::stdout();
    let mut asked = [PollFd::new(&out, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    bytes <= PIPE_BUF && poll(&mut asked, Some(&now)).is_ok_and(|ready| ready > 0)
}

#[cfg(not(unix))]
fn takes(_: usize) -> bool {
    false
}

/// How many columns the terminal has that standard output is.
fn columns() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(columns, _)| columns.0.into())
}

/// A result as one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map(plain_json)
        .map_err(|error| Failure::new(FAILED, format!("cannot be written as JSON: {error}")))
}

/// For logs.
impl Write for &Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.without_bars(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for Console {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}
