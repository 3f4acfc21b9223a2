//! The demo site as a child process: started, waited for until it listens, and always ended.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

/// How long the site may take to print that it listens.
const START: Duration = Duration::from_secs(30);

/// A running demo site. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Site {
    child: Child,
    offer: Offer,
}

/// What the site prints when it is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Where it listens.
    pub(crate) origin: String,
    /// The checksum of the best rendition.
    pub(crate) sha256: String,
    /// The name of the best rendition.
    pub(crate) name: String,
}

impl Site {
    /// Starts `program` and waits for its two lines.
    pub(crate) fn start(program: &Path) -> Result<Self, String> {
        Self::spawn(&mut Command::new(program))
    }

    fn spawn(command: &mut Command) -> Result<Self, String> {
        let child = command
            // Held open for as long as the site lives: it ends when its input does, even if we are killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the demo site does not start: {error}"))?;
        let mut site = Self {
            child,
            offer: Offer { origin: String::new(), sha256: String::new(), name: String::new() },
        };
        let stdout = site.child.stdout.take().ok_or("the demo site has no output")?;
        let lines = lines(stdout);
        let listening = next(&lines)?;
        let checksum = next(&lines)?;
        site.offer = offer(&listening, &checksum)?;
        Ok(site)
    }

    pub(crate) fn offer(&self) -> &Offer {
        &self.offer
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // It may have ended by itself; either way it must be waited for, or it stays as a zombie.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads on a thread, so that a silent site cannot hold us, and to the end, so that a talkative one is not held.
fn lines(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Nobody listens after the first two lines.
            let _ = sender.send(line);
        }
    });
    receiver
}

fn next(lines: &Receiver<String>) -> Result<String, String> {
    lines.recv_timeout(START).map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => format!("the demo site said nothing for {} s", START.as_secs()),
        mpsc::RecvTimeoutError::Disconnected => "the demo site ended before it was ready".to_owned(),
    })
}

fn offer(listening: &str, checksum: &str) -> Result<Offer, String> {
    let origin = listening.strip_prefix("listening on ").map(|rest| rest.trim().trim_end_matches('/'));
    let origin = origin.filter(|origin| origin.starts_with("http://"));
    let origin =
        origin.ok_or_else(|| format!("the demo site did not say where it listens, but: {listening}"))?;
    let published = checksum.strip_prefix("sha256 ").and_then(|rest| rest.split_once(' '));
    let (sha256, name) =
        published.ok_or_else(|| format!("the demo site published no checksum, but: {checksum}"))?;
    Ok(Offer { origin: origin.to_owned(), sha256: sha256.to_owned(), name: name.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_lines_are_read() {
        let found = offer("listening on http://127.0.0.1:4000", "sha256 ab12 Clever.mp4").unwrap();
        assert_eq!(found.origin, "http://127.0.0.1:4000");
        assert_eq!((found.sha256.as_str(), found.name.as_str()), ("ab12", "Clever.mp4"));
        offer("hello", "sha256 ab12 Clever.mp4").unwrap_err();
        offer("listening on http://127.0.0.1:4000", "md5 ab12").unwrap_err();
    }

    #[cfg(unix)]
    #[test]
    fn a_site_is_ended_when_it_is_dropped() {
        let script = "echo listening on http://127.0.0.1:4000; echo sha256 ab12 $$; cat >&2";
        let site = Site::spawn(Command::new("sh").args(["-c", script])).unwrap();
        let alive = |pid: &str| {
            let answer = Command::new("sh").args(["-c", &format!("kill -0 {pid} 2>&1")]).status();
            answer.unwrap().success()
        };
        let pid = site.offer().name.clone();
        assert!(alive(&pid));
        drop(site);
        assert!(!alive(&pid));
    }

    #[cfg(unix)]
    #[test]
    fn a_site_that_dies_is_an_error() {
        let error = Site::spawn(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error, "the demo site ended before it was ready");
    }
}
