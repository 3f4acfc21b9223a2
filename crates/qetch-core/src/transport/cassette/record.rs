//! `Recorder`: a transport that writes what passes to a tape.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write as _},
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context as TaskContext, Poll},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, Request, StatusCode, header};
use url::Url;

use super::{
    Canonical, Exchange, FIRST_LINE, Reply, What,
    format::write_exchange,
    met::learn_request,
    redact::{Secrets, authorization_secrets, clean_url, secrets_of},
    written::{Taken, asked},
};
use crate::{AddressClass, Body, Error, NetworkFault, Outgoing, Result, Transport, lock::lock};

/// How much of a body is written unless another limit is set: as much as of an answer that is read whole.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A cassette that is being written. Clones are one.
///
/// Secrets are redacted as it is written: what has the name of one in a header, a query, a form or JSON, and wherever they
/// stand those that it is [told](Tape::redacting) and those that it met as a cookie or a credential, unless they are so short
/// that they may be anything. An exchange is written when the body of its answer has ended or is
/// dropped; that blocks for as long as the file takes.
#[derive(Clone)]
pub struct Tape {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    file: File,
    secrets: Secrets,
    body_limit: usize,
    /// Written with the first exchange, when all secrets are known.
    asks: Vec<Url>,
    has_begun: bool,
    failure: Option<io::Error>,
}

impl Tape {
    /// Begins the file `path`, which must not exist; its folder must.
    ///
    /// # Errors
    /// [`Conflict`](Error::Conflict) where there is such a file, and [`Io`](Error::Io).
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let file = options().open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Error::conflict(&path, "exists, and a recording replaces nothing: name another, or remove it")
            }
            _ => Error::io("create", &path, error),
        })?;
        let mut state = State {
            file,
            secrets: Secrets::default(),
            body_limit: BODY_LIMIT,
            asks: Vec::new(),
            has_begun: false,
            failure: None,
        };
        state
            .file
            .write_all(format!("{FIRST_LINE}\n").as_bytes())
            .map_err(|error| Error::io("write", &path, error))?;
        Ok(Self { inner: Arc::new(Inner { path, state: Mutex::new(state) }) })
    }

    /// Redacts these wherever they stand, in whatever is written from now on. One of fewer than four bytes is redacted in
    /// places alone that have the name of a secret.
    #[must_use]
    pub fn redacting<S: AsRef<str>>(self, secrets: impl IntoIterator<Item = S>) -> Self {
        let mut state = lock(&self.inner.state);
        secrets.into_iter().for_each(|secret| state.secrets.add(secret.as_ref()));
        drop(state);
        self
    }

    /// Writes, and keeps in memory until then, so many bytes of a body at most; 16 MiB unless set. What is longer is cut.
    #[must_use]
    pub fn body_limit(self, bytes: usize) -> Self {
        lock(&self.inner.state).body_limit = bytes;
        self
    }

    /// Notes that `link` is asked for what follows, as a comment. It is for those who enter it by that link later, and may
    /// be called until the first exchange is written. A password before its `@` is redacted from now on.
    pub fn asks(&self, link: &Url) {
        let mut state = lock(&self.inner.state);
        state.secrets.add_login(link);
        if !state.has_begun {
            state.asks.push(link.clone());
        }
    }

    /// Whether everything was written.
    ///
    /// # Errors
    /// [`Io`](Error::Io), or [`NoRoom`](Error::NoRoom), of the first thing that was not, once.
    pub fn check(&self) -> Result<()> {
        let failure = lock(&self.inner.state).failure.take();
        failure.map_or(Ok(()), |error| Err(Error::io("write", &self.inner.path, error)))
    }

    fn write(&self, request: &Request<Bytes>, answer: Result<Taken<'_>, NetworkFault>) {
        let mut state = lock(&self.inner.state);
        let Ok(url) = Url::parse(&request.uri().to_string()) else { return };
        for value in request.headers().get_all(header::AUTHORIZATION) {
            authorization_secrets(value).iter().for_each(|secret| state.secrets.add(secret));
        }
        learn_request(request.headers(), &mut state.secrets);
        secrets_of(&url, request.body()).iter().for_each(|secret| state.secrets.learn(secret));
        let what = match answer {
            Ok(taken) => What::Answer(taken.clean(&mut state.secrets)),
            Err(fault) => What::Failed(fault),
        };
        let request = asked(request, &url, &state.secrets);
        let answers = vec![Reply { line: 0, what }];
        let exchange = Exchange { line: 0, canonical: Canonical::of(&request), request, answers };
        let done = state.append(&exchange);
        state.note(done);
    }
}

impl State {
    fn append(&mut self, exchange: &Exchange) -> io::Result<()> {
        let mut to = Writer { to: BufWriter::new(&self.file), failure: None };
        if !self.has_begun {
            for link in &self.asks {
                writeln!(to.to, "# asks: {}", clean_url(link, &self.secrets))?;
            }
            writeln!(to.to)?;
        }
        let written = write_exchange(exchange, &mut to);
        if let Some(failure) = to.failure {
            return Err(failure);
        }
        written.map_err(io::Error::other)?;
        to.to.flush()?;
        self.has_begun = true;
        Ok(())
    }

    fn note(&mut self, done: io::Result<()>) {
        if let Err(error) = done {
            tracing::warn!(%error, "an exchange was not recorded");
            self.failure.get_or_insert(error);
        }
    }
}

/// Shows where it is.
impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

/// What was asked and answered may be anybody's business, so the file is its owner's alone.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Text to a file, with the error that text has no place for.
struct Writer<W: io::Write> {
    to: W,
    failure: Option<io::Error>,
}

impl<W: io::Write> fmt::Write for Writer<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.to.write_all(text.as_bytes()).map_err(|error| {
            self.failure = Some(error);
            fmt::Error
        })
    }
}

/// A transport over another one that writes what passes to a [`Tape`]. What it lets pass is as it was.
pub struct Recorder {
    tape: Tape,
    inner: Arc<dyn Transport>,
}

impl Recorder {
    /// Sends through `inner`, and writes to `tape`.
    pub fn new(tape: Tape, inner: Arc<dyn Transport>) -> Self {
        Self { tape, inner }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("tape", &self.tape).field("inner", &self.inner).finish()
    }
}

#[async_trait]
impl Transport for Recorder {
    fn asks_hosts(&self) -> bool {
        self.inner.asks_hosts()
    }

    async fn class_of(&self, url: &Url) -> Option<AddressClass> {
        self.inner.class_of(url).await
    }

    async fn send(&self, outgoing: Outgoing) -> Result<http::Response<Body>> {
        let request = outgoing.request().clone();
        let response = match self.inner.send(outgoing).await {
            Ok(response) => response,
            Err(error) => {
                if let Error::Network { fault, .. } = &error {
                    self.tape.write(&request, Err(*fault));
                }
                return Err(error);
            }
        };
        let (head, body) = response.into_parts();
        let taping = Taping {
            tape: self.tape.clone(),
            limit: lock(&self.tape.inner.state).body_limit,
            request,
            status: head.status,
            headers: head.headers.clone(),
            taken: Vec::new(),
            end: End::Open,
            body,
        };
        Ok(http::Response::from_parts(head, Body::new(taping)))
    }
}

/// A body on its way, and what was seen of it. What is dropped is written.
struct Taping {
    tape: Tape,
    limit: usize,
    request: Request<Bytes>,
    status: StatusCode,
    headers: HeaderMap,
    taken: Vec<u8>,
    end: End,
    body: Body,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Open,
    Reached,
    Broken,
    OverLimit,
}

impl Stream for Taping {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.body).poll_next(cx);
        if self.end == End::Open {
            match &polled {
                Poll::Ready(None) => self.end = End::Reached,
                Poll::Ready(Some(Err(_))) => self.end = End::Broken,
                Poll::Ready(Some(Ok(chunk))) => {
                    let room = self.limit - self.taken.len();
                    self.taken.extend_from_slice(&chunk[..room.min(chunk.len())]);
                    if chunk.len() > room {
                        self.end = End::OverLimit;
                    }
                }
                Poll::Pending => (),
            }
        }
        polled
    }
}

impl Drop for Taping {
    fn drop(&mut self) {
        let announced =
            self.headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
        let is_cut = match self.end {
            End::Reached => false,
            // Whoever replays it finds less than is announced, which is how it broke.
            End::Broken if announced.is_some() => false,
            End::Open => announced != Some(self.taken.len()),
            _ => true,
        };
        let taken = Taken { status: self.status, headers: &self.headers, body: &self.taken, is_cut };
        self.tape.write(&self.request, Ok(taken));
    }
}
