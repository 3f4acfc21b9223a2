//! Cassettes: exchanges with the network written down as text, recorded from a [`Transport`](super::Transport) and
//! replayed in its place.
//!
//! ```text
//! # qetch cassette 1
//! # asks: https://tube.example/w/abc
//!
//! === GET https://tube.example/api/v1/videos/abc
//! --- 200
//! content-type: application/json
//!
//! {"id": 1}
//! ```
//!
//! `=== METHOD URL` begins a request: below it stand the headers that a request must have to be meant, a blank line, its
//! body. `--- STATUS` begins an answer to it, made of the same; several are given in turn, the last again and again. Behind
//! the status `base64` says how the body is written, `< FILE` that it is that file, `cut` that it went on. `--- failed FAULT`
//! is a failure of the network: `resolve`, `connect`, `tls`, `timeout` or `broken`. A line of a body that begins with `===`,
//! `---`, `#` or `\` has a `\` before it. Comments stand before the first request alone.

mod canonical;
mod format;
mod matching;
mod met;
mod names;
mod pieces;
mod record;
mod redact;
mod replay;
#[cfg(test)]
mod tests;
mod written;

use std::{
    fmt, fs, io,
    path::{Component, Path},
    str,
    sync::Arc,
};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use self::canonical::Canonical;
pub use self::{
    record::{Recorder, Tape},
    replay::Replay,
};
use crate::{Error, NetworkFault, Result};

/// What a file must begin with to be a cassette.
const FIRST_LINE: &str = "# qetch cassette 1";

/// How the names of cassettes end.
const EXTENSION: &str = "cassette";

/// Exchanges with the network, as a text that people read and write. Cheap to clone.
///
/// ```
/// use qetch_core::{Cassette, Context, Replay, Request};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> qetch_core::Result<()> {
/// let text = "# qetch cassette 1\n\n=== GET https://pond.example/1\n--- 200\n\n{\"frogs\":3}\n";
/// let cassette = Cassette::parse("pond.cassette", text)?;
/// let cx = Context::builder().transport(Replay::of(cassette).into()).build();
///
/// let answer = cx.send(Request::get("https://pond.example/1".parse()?)).await?;
/// assert_eq!(answer.text(), "{\"frogs\":3}");
/// let error = cx.send(Request::get("https://pond.example/2".parse()?)).await.unwrap_err();
/// assert_eq!(error.code(), "not_recorded");
/// assert!(error.to_string().contains("pond.cassette:3"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cassette {
    name: Arc<str>,
    comments: Vec<String>,
    exchanges: Vec<Arc<Exchange>>,
}

/// A request, and what was answered to it.
#[derive(Clone)]
struct Exchange {
    /// Where it begins in its cassette, from 1.
    line: usize,
    request: Asked,
    canonical: Canonical,
    answers: Vec<Reply>,
}

/// A request as it stands in a cassette.
#[derive(Clone)]
struct Asked {
    method: Method,
    url: Url,
    /// Those that a request must have to be this one.
    headers: HeaderMap,
    body: Bytes,
}

/// One answer, or what was in its place.
#[derive(Clone)]
struct Reply {
    line: usize,
    what: What,
}

#[derive(Clone)]
enum What {
    Answer(Answered),
    Failed(NetworkFault),
}

#[derive(Clone)]
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Held,
    /// Whether the body went on.
    is_cut: bool,
}

/// The body of an answer: in the cassette, or in a file of this name.
#[derive(Clone)]
enum Held {
    Here(Bytes),
    File(String),
}

/// Names one answer of a [`Cassette`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerAt {
    exchange: usize,
    answer: usize,
}

impl Cassette {
    /// Reads a cassette; `name` is what it is called in errors.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid), naming the line, where it is none.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        format::parse(name, text)
    }

    /// Reads the file `path`. It blocks, as do all functions here that read files.
    ///
    /// # Errors
    /// [`Io`](Error::Io), and those of [`parse`](Cassette::parse).
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| Error::io("read", path, error))?;
        let text = str::from_utf8(&bytes).map_err(|error| {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
            fault(&name, line, "not UTF-8: a body of other bytes is written as base64")
        })?;
        Self::parse(&name, text)
    }

    /// The same with the bodies that are files (`--- 200 < FILE`) read from beneath `folder`.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid), naming the line, where there is no such file, or where its name leads elsewhere.
    pub fn with_files(mut self, folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        for exchange in &mut self.exchanges {
            if !exchange.answers.iter().any(|reply| reply.file().is_some()) {
                continue;
            }
            for reply in &mut Arc::make_mut(exchange).answers {
                let Some(file) = reply.file() else { continue };
                let body = body_of(folder, file)
                    .map_err(|error| fault(&self.name, reply.line, format!("the body `{file}`: {error}")))?;
                if let What::Answer(answer) = &mut reply.what {
                    answer.body = Held::Here(body);
                }
            }
        }
        Ok(self)
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The comments before its first request, without the `#`.
    pub fn comments(&self) -> impl Iterator<Item = &str> {
        self.comments.iter().map(String::as_str)
    }

    /// The links by which it is entered: those of its comments `# asks: URL`.
    pub fn asks(&self) -> impl Iterator<Item = &str> {
        self.comments().filter_map(|comment| comment.strip_prefix("asks:")).map(str::trim)
    }

    /// The bodies of its answers, in order. One that is a file is there once it was [read](Cassette::with_files).
    pub fn bodies(&self) -> impl Iterator<Item = (AnswerAt, &Bytes)> {
        self.exchanges.iter().enumerate().flat_map(|(exchange, it)| {
            it.answers
                .iter()
                .enumerate()
                .filter_map(move |(answer, reply)| Some((AnswerAt { exchange, answer }, reply.body()?)))
        })
    }

    /// The line that an answer begins with.
    pub fn line_of(&self, at: AnswerAt) -> Option<usize> {
        Some(self.exchanges.get(at.exchange)?.answers.get(at.answer)?.line)
    }

    /// The request that was answered at `at`, as it stands here, and the status of the answer; `None` where the
    /// network failed.
    pub fn asked(&self, at: AnswerAt) -> Option<(&Method, &Url, StatusCode)> {
        let exchange = self.exchanges.get(at.exchange)?;
        match &exchange.answers.get(at.answer)?.what {
            What::Answer(answer) => Some((&exchange.request.method, &exchange.request.url, answer.status)),
            What::Failed(_) => None,
        }
    }

    /// The same with another body in the answer `at`, and no word of the length it had: for tests of what a site may
    /// send one day.
    #[must_use]
    pub fn with_body(mut self, at: AnswerAt, body: impl Into<Bytes>) -> Self {
        let exchange = self.exchanges.get_mut(at.exchange).map(Arc::make_mut);
        if let Some(What::Answer(answer)) =
            exchange.and_then(|it| it.answers.get_mut(at.answer)).map(|reply| &mut reply.what)
        {
            answer.body = Held::Here(body.into());
            answer.headers.remove(http::header::CONTENT_LENGTH);
        }
        self
    }
}

/// Its text.
impl fmt::Display for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        format::write(self, f)
    }
}

/// Shows its name and how many requests there are.
impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cassette")
            .field("name", &self.name)
            .field("requests", &self.exchanges.len())
            .finish_non_exhaustive()
    }
}

impl Reply {
    fn body(&self) -> Option<&Bytes> {
        match &self.what {
            What::Answer(Answered { body: Held::Here(body), .. }) => Some(body),
            _ => None,
        }
    }

    fn file(&self) -> Option<&str> {
        match &self.what {
            What::Answer(Answered { body: Held::File(file), .. }) => Some(file),
            _ => None,
        }
    }
}

/// The file `name` beneath `folder`, and nowhere else.
fn body_of(folder: &Path, name: &str) -> io::Result<Bytes> {
    if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(io::Error::other("it leads out of the folder"));
    }
    fs::read(folder.join(name)).map(Bytes::from)
}

/// What is wrong with the line `line` of the cassette `name`.
fn fault(name: &str, line: usize, problem: impl Into<String>) -> Error {
    Error::invalid(format!("the cassette {name}:{line}"), problem)
}
