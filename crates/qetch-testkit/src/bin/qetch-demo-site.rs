//! Runs the demo site until standard input ends: `qetch-demo-site [--port N] [--forever]`.
//!
//! When it is ready it prints two lines: where it listens, and the checksum of the best rendition.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    process::ExitCode,
};

use qetch_testkit::demo::{DemoSite, MP4_NAME, MP4_SHA256};

const USAGE: &str = "usage: qetch-demo-site [--port N] [--forever]

A site on 127.0.0.1 that answers like gfycat; it ends with standard input.

  --port N    listen on this port; the default, 0, takes a free one
  --forever   do not end with standard input";

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Serve { port: u16, forever: bool },
    Help,
}

fn main() -> ExitCode {
    match parse(std::env::args_os().skip(1)) {
        Ok(Command::Serve { port, forever }) => match serve(port, forever) {
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
    let (mut port, mut forever) = (0, false);
    let mut arguments = arguments.into_iter().map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--forever" => forever = true,
            "--help" | "-h" => return Ok(Command::Help),
            "--port" => port = parse_port(&arguments.next().ok_or("--port needs a number")?)?,
            other => match other.strip_prefix("--port=") {
                Some(value) => port = parse_port(value)?,
                None => return Err(format!("unknown argument {other:?}")),
            },
        }
    }
    Ok(Command::Serve { port, forever })
}

fn parse_port(value: &str) -> Result<u16, String> {
    value.parse().map_err(|_| format!("--port takes a number from 0 to 65535, not {value:?}"))
}

fn serve(port: u16, forever: bool) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let site = runtime.block_on(DemoSite::start(Some(port)))?;
    let mut output = io::stdout().lock();
    writeln!(output, "listening on {}", site.url())?;
    writeln!(output, "sha256 {MP4_SHA256} {MP4_NAME}")?;
    output.flush()?;
    // The site runs on the runtime's own thread, so that this one may block.
    if forever {
        loop {
            std::thread::park();
        }
    }
    wait_for_end(io::stdin().lock())
}

/// Reads until there is nothing more to come.
fn wait_for_end(mut input: impl Read) -> io::Result<()> {
    io::copy(&mut input, &mut io::sink()).map(drop)
}

/// Says what went wrong; that nobody may be there to read it changes nothing.
fn fail(message: &str, code: u8) -> ExitCode {
    writeln!(io::stderr(), "qetch-demo-site: {message}").ok();
    code.into()
}

#[cfg(test)]
mod tests {
    use super::{Command, parse, wait_for_end};

    fn check(arguments: &[&str], expected: Result<Command, &str>) {
        assert_eq!(parse(arguments.iter().map(Into::into)), expected.map_err(str::to_owned), "{arguments:?}");
    }

    #[test]
    fn arguments_are_read() {
        check(&[], Ok(Command::Serve { port: 0, forever: false }));
        check(&["--port", "8080", "--forever"], Ok(Command::Serve { port: 8080, forever: true }));
        check(&["--port=8080"], Ok(Command::Serve { port: 8080, forever: false }));
        check(&["-h"], Ok(Command::Help));
    }

    #[test]
    fn wrong_arguments_are_named() {
        check(&["--port"], Err("--port needs a number"));
        check(&["--port", "65536"], Err("--port takes a number from 0 to 65535, not \"65536\""));
        check(&["--prot"], Err("unknown argument \"--prot\""));
    }

    #[test]
    fn the_end_of_the_input_is_the_end() {
        wait_for_end(&b"some lines\nand no more"[..]).unwrap();
    }
}
