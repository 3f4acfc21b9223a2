//! Serves every trap of the testkit until standard input ends: `qetch-misbehaving-origin [--port N] [--size N]`.
//!
//! When it is ready it prints where it listens, and a line for each trap, with tabs between: its path, whether
//! a `file`, an `error` or `either` is right, how many files are right, and what it does.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    process::ExitCode,
};

use qetch_testkit::{Origin, Trap, traps};

const USAGE: &str = "usage: qetch-misbehaving-origin [--port N] [--size N]

An origin on 127.0.0.1 with a trap at each path; it ends with standard input. It prints where it listens, and
for each trap a line with tabs: PATH, what is right (file, error, either), how many FILES are right, WHAT it does.
The right files of /NAME are at /right/NAME/1 and so on. A trap that was sprung stays so: start it afresh.

  --port N    listen on this port; the default, 0, takes a free one
  --size N    how many bytes the files have; the default is 4194311";

/// Large enough for clients to split, and no multiple of anything.
const SIZE: usize = 4 * 1024 * 1024 + 7;

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Serve { port: u16, size: usize },
    Help,
}

fn main() -> ExitCode {
    match parse(std::env::args_os().skip(1)) {
        Ok(Command::Serve { port, size }) => match serve(port, size) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&format!("cannot serve on port {port}: {error}"), 1),
        },
        Ok(Command::Help) => match writeln!(io::stdout(), "{USAGE}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(message) => fail(&format!("{message}\n{USAGE}"), 2),
    }
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let (mut port, mut size) = (0, SIZE);
    let mut arguments = arguments.into_iter().map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let mut number =
            || value.clone().or_else(|| arguments.next()).ok_or(format!("{name} needs a number"));
        match name {
            "--help" | "-h" => return Ok(Command::Help),
            "--port" => port = read(name, &number()?)?,
            "--size" => size = read(name, &number()?)?,
            _ => return Err(format!("unknown argument {argument:?}")),
        }
    }
    Ok(Command::Serve { port, size })
}

fn read<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} takes a number in range, not {value:?}"))
}

fn serve(port: u16, size: usize) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let origin = runtime.block_on(Origin::start_on(port))?;
    let traps = traps(size);
    for trap in &traps {
        trap.serve(&origin);
    }
    let mut output = io::stdout().lock();
    writeln!(output, "listening on {}", origin.url(""))?;
    for trap in &traps {
        writeln!(output, "{}", line(trap))?;
    }
    output.flush()?;
    // The origin runs on the runtime's own thread, so that this one may block.
    wait_for_end(io::stdin().lock())
}

fn line(trap: &Trap) -> String {
    let right = match (trap.files.is_empty(), trap.may_fail) {
        (true, _) => "error",
        (false, true) => "either",
        (false, false) => "file",
    };
    format!("{}\t{right}\t{}\t{}", trap.path(), trap.files.len(), trap.what)
}

/// Reads until there is nothing more to come.
fn wait_for_end(mut input: impl Read) -> io::Result<()> {
    io::copy(&mut input, &mut io::sink()).map(drop)
}

/// Says what went wrong; that nobody may be there to read it changes nothing.
fn fail(message: &str, code: u8) -> ExitCode {
    writeln!(io::stderr(), "qetch-misbehaving-origin: {message}").ok();
    code.into()
}

#[cfg(test)]
mod tests {
    use super::{Command, SIZE, line, parse, traps};

    fn check(arguments: &[&str], expected: Result<Command, &str>) {
        assert_eq!(parse(arguments.iter().map(Into::into)), expected.map_err(str::to_owned), "{arguments:?}");
    }

    #[test]
    fn arguments_are_read() {
        check(&[], Ok(Command::Serve { port: 0, size: SIZE }));
        check(&["--port", "8080", "--size=5"], Ok(Command::Serve { port: 8080, size: 5 }));
        check(&["--port=8080"], Ok(Command::Serve { port: 8080, size: SIZE }));
        check(&["-h"], Ok(Command::Help));
    }

    #[test]
    fn wrong_arguments_are_named() {
        check(&["--port"], Err("--port needs a number"));
        check(&["--port", "65536"], Err("--port takes a number in range, not \"65536\""));
        check(&["--size=x"], Err("--size takes a number in range, not \"x\""));
        check(&["--prot"], Err("unknown argument \"--prot\""));
    }

    #[test]
    fn a_trap_is_one_line() {
        let lines: Vec<_> = traps(1000).iter().map(line).collect();
        assert!(lines.contains(&"/honest\tfile\t1\tDoes nothing wrong.".to_owned()));
        assert!(lines.contains(&"/redirect-loop\terror\t0\tLeads to itself.".to_owned()));
        assert!(lines.contains(&"/gzip\teither\t1\tSends the file as gzip, unasked.".to_owned()));
    }
}
