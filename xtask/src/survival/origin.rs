//! The misbehaving origin as a program: its traps, and one running for an attempt.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use super::verdict::Right;
use crate::{process, server::Server};

/// How long a right file may take to arrive. No trap stands in its way.
const PATIENCE: Duration = Duration::from_secs(30);

/// One trap, as the origin lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trap {
    pub(crate) name: String,
    /// What the origin does, in a sentence.
    pub(crate) what: String,
    pub(crate) right: Right,
    files: usize,
}

#[cfg(test)]
impl Trap {
    pub(crate) fn planted(name: &str, right: Right) -> Self {
        Self { name: name.to_owned(), what: "Does something.".to_owned(), right, files: 1 }
    }
}

/// A running origin whose traps are all set. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Origin {
    _server: Server,
    url: String,
}

impl Origin {
    /// Starts `program` on a free port.
    pub(crate) fn start(program: &Path) -> Result<Self, String> {
        let server = Server::start("the misbehaving origin", &mut Command::new(program))?;
        let url = server.origin()?;
        Ok(Self { _server: server, url })
    }

    /// The address of a trap.
    pub(crate) fn link(&self, trap: &Trap) -> String {
        format!("{}/{}", self.url, trap.name)
    }

    /// The right files of a trap.
    pub(crate) fn right_files(&self, trap: &Trap) -> Result<Vec<Vec<u8>>, String> {
        let authority = self.url.trim_start_matches("http://");
        (1..=trap.files).map(|number| get(authority, &format!("/right/{}/{number}", trap.name))).collect()
    }
}

/// Every trap that `program` has.
pub(crate) fn traps(program: &Path) -> Result<Vec<Trap>, String> {
    // Without an input it lists its traps and ends.
    let listed = process::capture(Command::new(program).stdin(Stdio::null()))?;
    let traps: Vec<_> = listed.lines().skip(1).map(trap).collect::<Result<_, _>>()?;
    if traps.is_empty() {
        return Err("the misbehaving origin lists no trap".to_owned());
    }
    Ok(traps)
}

/// Reads a line of the list: PATH, what is right, how many files, what it does.
fn trap(line: &str) -> Result<Trap, String> {
    let wrong = || format!("the misbehaving origin lists something that is no trap: {line}");
    let [path, right, files, what] = line.split('\t').collect::<Vec<_>>()[..] else { return Err(wrong()) };
    let right = match right {
        "file" => Right::File,
        "error" => Right::Error,
        "either" => Right::Either,
        _ => return Err(wrong()),
    };
    let name = path.strip_prefix('/').ok_or_else(wrong)?.to_owned();
    Ok(Trap { name, what: what.to_owned(), right, files: files.parse().map_err(|_| wrong())? })
}

/// The body of an answer that has no fault.
fn get(authority: &str, path: &str) -> Result<Vec<u8>, String> {
    let failed = |why: String| format!("the right file {path} is not to be had: {why}");
    let mut answer = Vec::new();
    let mut exchange = || -> std::io::Result<()> {
        let mut stream = TcpStream::connect(authority)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())?;
        stream.read_to_end(&mut answer).map(drop)
    };
    exchange().map_err(|error| failed(error.to_string()))?;
    body(&answer).map(<[u8]>::to_vec).map_err(failed)
}

/// The body of `answer`, which must be a 200 and have the length that it says.
fn body(answer: &[u8]) -> Result<&[u8], String> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or("it has no head")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let body = &answer[end + 4..];
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    if status != "200" || length.and_then(|length| length.trim().parse().ok()) != Some(body.len()) {
        return Err(format!("{} bytes after {head}", body.len()));
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_list_are_read() {
        let expected = Trap { name: "gzip".into(), what: "Does.".into(), right: Right::Either, files: 1 };
        assert_eq!(trap("/gzip\teither\t1\tDoes."), Ok(expected));
        for wrong in ["gzip\teither\t1\tx", "/gzip\tboth\t1\tx", "/gzip\tfile\tone\tx", "/gzip\tfile\t1", ""]
        {
            assert!(trap(wrong).unwrap_err().ends_with(wrong));
        }
    }

    #[test]
    fn a_right_file_is_taken_whole_or_not_at_all() {
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), Ok(&b"abc"[..]));
        for wrong in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc"[..],
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\n",
        ] {
            body(wrong).unwrap_err();
        }
    }
}
