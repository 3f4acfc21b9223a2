//! Ctrl-C and SIGTERM: asked once, the command ends in order; asked twice, at once.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process,
};

use qetch::Stop;

use crate::{console::Console, exit::INTERRUPTED};

/// Has signals ask `stop` from now on. To be called within a runtime.
pub(crate) fn listen(stop: Stop, console: Console) {
    outlive_full_files();
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            // They still do what they do without us: end the command at once.
            console.note(&format!("signals cannot be heard: {error}"));
            return;
        }
    };
    tokio::spawn(async move {
        signals.next().await;
        stop.ask();
        console.note("stopping; once more to end at once");
        signals.next().await;
        // Not through the console: whoever holds its lock may be what hangs.
        if io::stderr().is_terminal() {
            let _ = io::stderr().write_all(b"\n");
        }
        process::exit(i32::from(INTERRUPTED));
    });
}

/// A write past the size that a file may have (`ulimit -f`) kills the program, unless something listens to the signal that
/// says so: then the write fails, and the download ends in order with what it has. The listener lasts as long as the
/// program does, and nobody has to hear it.
#[cfg(unix)]
fn outlive_full_files() {
    use tokio::signal::unix::{SignalKind, signal};
    if let Err(error) = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())) {
        tracing::debug!(%error, "a limit on the size of files will end the command");
    }
}

/// Elsewhere there is no such signal.
#[cfg(not(unix))]
fn outlive_full_files() {}

/// Runs `prompt`, which turns the terminal's echo off. Ended by a signal meanwhile, the program would leave it off; so a
/// signal ends it here, unless the prompt itself notices and answers that it was interrupted.
#[cfg(unix)]
pub(crate) fn with_echo_restored<T>(prompt: impl FnOnce() -> T) -> T {
    use rustix::{
        stdio::stdin,
        termios::{OptionalActions, tcgetattr, tcsetattr},
    };

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (Ok(before), Ok(runtime)) = (tcgetattr(stdin()), runtime) else { return prompt() };
    let heard = runtime.block_on(async { Signals::new() });
    if let Ok(mut signals) = heard {
        // It ends with the program, which has nothing to do after the prompt but to keep what was typed.
        std::thread::spawn(move || {
            runtime.block_on(signals.next());
            let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
            let _ = io::stderr().write_all(b"\n");
            process::exit(i32::from(INTERRUPTED));
        });
    }
    prompt()
}

/// Elsewhere the system puts it back.
#[cfg(not(unix))]
pub(crate) fn with_echo_restored<T>(prompt: impl FnOnce() -> T) -> T {
    prompt()
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without a handler the system ends the command by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
