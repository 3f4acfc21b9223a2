//! Serves one file slowly until standard input ends: `qetch-throttled-origin FILE RATE SLOW_RATE`.
//!
//! When it is ready it prints where it listens. A throttle of a web server often lets the first second of each answer
//! through at once; this one holds from the first byte on, so that a download has an ideal time to be judged by.

use std::{
    env, fs,
    io::{self, Read, Write},
    process::ExitCode,
};

use bytes::Bytes;
use qetch_testkit::{Behaviour, Origin, Resource, Which};

const USAGE: &str = "usage: qetch-throttled-origin FILE RATE SLOW_RATE

An origin on 127.0.0.1 that sends FILE at RATE bytes a second over each connection; it ends with standard input.
The file is at /even/1 to /even/1000. At /uneven/1 to /uneven/1000 it is as well, but there the third connection of
each path gets SLOW_RATE bytes a second for as long as it lives. Take another path for each try.";

/// How often the file can be asked for afresh.
const PATHS: usize = 1000;

/// The connection of each uneven path that is slow: some clients open the first to ask and not to download.
const SLOW: u64 = 3;

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
struct Command {
    file: String,
    rate: u64,
    slow_rate: u64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (text, code) = match parse(&arguments) {
        None => (USAGE.to_owned(), 2),
        Some(command) => match serve(&command) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => (format!("cannot serve {}: {error}", command.file), 1),
        },
    };
    // That nobody may be there to read it changes nothing.
    writeln!(io::stderr(), "{text}").ok();
    code.into()
}

fn parse(arguments: &[String]) -> Option<Command> {
    let [file, rate, slow_rate] = arguments else { return None };
    Some(Command { file: file.clone(), rate: rate.parse().ok()?, slow_rate: slow_rate.parse().ok()? })
}

fn serve(command: &Command) -> io::Result<()> {
    let body = Bytes::from(fs::read(&command.file)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let origin = runtime.block_on(Origin::start())?;
    let even = Resource::new(body).with_etag("one").with_throttle(command.rate);
    let slow = Behaviour::SlowConnections { which: Which::Nth(SLOW), bytes_per_second: command.slow_rate };
    for number in 1..=PATHS {
        origin.serve(&format!("/even/{number}"), even.clone());
        origin.serve(&format!("/uneven/{number}"), even.clone().with_behaviour(slow.clone()));
    }
    let mut output = io::stdout().lock();
    writeln!(output, "listening on {}", origin.url(""))?;
    output.flush()?;
    // The origin runs on the runtime's own thread, so that this one may block.
    io::stdin().lock().read_to_end(&mut Vec::new()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::{Command, parse};

    #[test]
    fn a_file_and_two_rates_are_read_and_nothing_else() {
        let words = |line: &str| parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let expected = Command { file: "f".to_owned(), rate: 4096, slow_rate: 512 };
        assert_eq!(words("f 4096 512"), Some(expected));
        for wrong in ["f 4096", "f 4096 x", "f 4096 512 more", "--help"] {
            assert_eq!(words(wrong), None, "{wrong}");
        }
    }
}
