//! A program of ours that serves, as a child process: started, heard until it is ready, and always ended.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

/// How long a server may take to print a line.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    lines: Receiver<String>,
}

impl Server {
    /// Starts `command`, which messages call `name`.
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Result<Self, String> {
        let mut child = command
            // Held open for as long as the server lives: it ends when its input does, even if we are killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        let lines = lines(child.stdout.take());
        Ok(Self { name, child, lines })
    }

    /// The next line that it prints.
    pub(crate) fn line(&self) -> Result<String, String> {
        self.lines.recv_timeout(PATIENCE).map_err(|error| match error {
            mpsc::RecvTimeoutError::Timeout => {
                format!("{} said nothing for {} s", self.name, PATIENCE.as_secs())
            }
            mpsc::RecvTimeoutError::Disconnected => format!("{} ended before it was ready", self.name),
        })
    }

    /// Where it listens, from the line that it prints first: `http://HOST:PORT`.
    pub(crate) fn origin(&self) -> Result<String, String> {
        let line = self.line()?;
        let origin = line.strip_prefix("listening on ").map(|rest| rest.trim().trim_end_matches('/'));
        let origin = origin.filter(|origin| origin.starts_with("http://"));
        origin
            .map(str::to_owned)
            .ok_or_else(|| format!("{} did not say where it listens, but: {line}", self.name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it must be waited for, or it stays as a zombie.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads on a thread, so that a silent server cannot hold us, and to the end, so that a talkative one is not held.
fn lines(stdout: Option<ChildStdout>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines()).map_while(Result::ok)
        {
            // Nobody listens once the server is ready.
            let _ = sender.send(line);
        }
    });
    receiver
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn start(script: &str) -> Server {
        Server::start("the planted server", Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn where_it_listens_is_read() {
        assert_eq!(
            start("echo listening on http://127.0.0.1:4000/").origin().as_deref(),
            Ok("http://127.0.0.1:4000")
        );
        let error = start("echo hello").origin().unwrap_err();
        assert_eq!(error, "the planted server did not say where it listens, but: hello");
    }

    #[test]
    fn a_server_is_ended_when_it_is_dropped() {
        let server = start("echo $$; cat >&2");
        let pid = server.line().unwrap();
        let alive = || {
            let answer = Command::new("sh").args(["-c", &format!("kill -0 {pid} 2>&1")]).status();
            answer.unwrap().success()
        };
        assert!(alive());
        drop(server);
        assert!(!alive());
    }

    #[test]
    fn a_server_that_dies_is_an_error() {
        assert_eq!(start("exit 3").line().unwrap_err(), "the planted server ended before it was ready");
    }
}
