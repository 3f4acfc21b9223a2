//! `Replay`: a transport that answers from cassettes, and never touches the network.

use std::{
    fmt, fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use http::{Method, StatusCode, header};
use url::Url;

use super::{
    Answered, Cassette, EXTENSION, Exchange, Held, What,
    canonical::Canonical,
    fault,
    matching::{difference, fits, is_of_file, nearness},
    pieces::{asked_range, gather, head_for, of_version, span},
    redact::Secrets,
};
use crate::{
    Body, Error, NetworkFault, Outgoing, Result, Transport,
    error::{BoxError, host_of},
};

/// Answers from cassettes in place of the network, whatever the order in which it is asked.
///
/// A request that none of them has is [`NotRecorded`](Error::NotRecorded), and so is the rest of a body that was cut off.
/// Several answers to one request are given in turn, the last again and again; where several requests fit, it is the one
/// with the most headers. A range of a file that nobody asked for when it was recorded is put together from those that were.
/// Names are of no address and count as public, and no host is waited for.
pub struct Replay {
    requests: Vec<Known>,
    secrets: Secrets,
}

/// A request that there are answers to.
struct Known {
    exchange: Arc<Exchange>,
    /// The cassettes, and which exchange of them has which answer.
    answers: Vec<(Arc<str>, Arc<Exchange>, usize)>,
    next: AtomicUsize,
}

impl Replay {
    /// Answers from `cassette`.
    pub fn of(cassette: Cassette) -> Self {
        Self { requests: Vec::new(), secrets: Secrets::default() }.with(cassette)
    }

    /// Answers from the file `path`, or from every `*.cassette` of the folder `path`, by name. Bodies that are files are
    /// looked for beside their cassette.
    ///
    /// # Errors
    /// Those of [`Cassette::read`] and [`Cassette::with_files`], and [`Invalid`](Error::Invalid) for a folder without one.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let files = if path.is_dir() { cassettes_in(path)? } else { vec![path.to_owned()] };
        let mut replay = Self { requests: Vec::new(), secrets: Secrets::default() };
        for file in files {
            let folder = file.parent().unwrap_or(Path::new(""));
            replay = replay.with(Cassette::read(&file)?.with_files(folder)?);
        }
        Ok(replay)
    }

    /// Answers from `cassette` as well. Its answers to what was known before come after those.
    #[must_use]
    pub fn with(mut self, cassette: Cassette) -> Self {
        for exchange in cassette.exchanges {
            let answers = (0..exchange.answers.len()).map(|at| (cassette.name.clone(), exchange.clone(), at));
            match self.requests.iter_mut().find(|known| known.exchange.canonical == exchange.canonical) {
                Some(known) => known.answers.extend(answers),
                None => self.requests.push(Known {
                    answers: answers.collect(),
                    exchange,
                    next: AtomicUsize::new(0),
                }),
            }
        }
        self
    }

    /// Takes these secrets out of what is asked, as the [`Tape`](super::Tape) did that had them.
    #[must_use]
    pub fn redacting<S: AsRef<str>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        secrets.into_iter().for_each(|secret| self.secrets.add(secret.as_ref()));
        self
    }

    /// Takes the password before the `@` of `link` out of what is asked, as [`Tape::asks`](super::Tape::asks) does.
    #[must_use]
    pub fn asks(mut self, link: &Url) -> Self {
        self.secrets.add_login(link);
        self
    }

    fn find(&self, asked: &Canonical) -> Option<&Known> {
        let mut found: Option<&Known> = None;
        for known in self.requests.iter().filter(|known| fits(&known.exchange.canonical, asked)) {
            let headers = |known: &Known| known.exchange.canonical.headers.len();
            if found.is_none_or(|found| headers(known) > headers(found)) {
                found = Some(known);
            }
        }
        found
    }

    fn unknown(&self, asked: &Canonical) -> Error {
        let nearest = self.requests.iter().max_by_key(|known| nearness(&known.exchange.canonical, asked));
        let nearest = nearest.and_then(|known| {
            let (name, exchange, _) = known.answers.first()?;
            let canonical = &exchange.canonical;
            Some(format!(
                "the nearest is {name}:{}, {}, which {}",
                exchange.line,
                canonical.shown(),
                difference(canonical, asked)
            ))
        });
        Error::not_recorded(asked.shown(), nearest.unwrap_or_else(|| "there is no request in it".to_owned()))
    }
}

fn cassettes_in(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let unread = |error| Error::io("read", folder, error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            files.push(path);
        }
    }
    if files.is_empty() {
        let reason = format!("there is no *.{EXTENSION} in it");
        return Err(Error::invalid(folder.display().to_string(), reason));
    }
    files.sort();
    Ok(files)
}

#[async_trait]
impl Transport for Replay {
    fn asks_hosts(&self) -> bool {
        false
    }

    async fn send(&self, outgoing: Outgoing) -> Result<http::Response<Body>> {
        let request = outgoing.into_request();
        let url = Url::parse(&request.uri().to_string())?;
        let asked = Canonical::new(request.method(), &url, request.headers(), request.body(), &self.secrets);
        // As on a network, others have their turn before the answer is there.
        tokio::task::yield_now().await;
        let found = self.find(&asked);
        // An answer to another range, or to none, is none to this one where the site knows of ranges.
        if found.is_none_or(|known| known.exchange.canonical.range() != asked.range())
            && let Some(response) = self.part(&asked)
        {
            return Ok(response);
        }
        let known = found.ok_or_else(|| self.unknown(&asked))?;
        let turn = known.next.fetch_add(1, Ordering::Relaxed).min(known.answers.len() - 1);
        let (name, exchange, at) = &known.answers[turn];
        let reply = &exchange.answers[*at];
        tracing::debug!(cassette = %name, line = reply.line, "replayed");
        let answer = match &reply.what {
            What::Failed(fault) => {
                return Err(Error::network(host_of(&url), *fault, BoxError::from("so the cassette says")));
            }
            What::Answer(answer) => answer,
        };
        let body = match &answer.body {
            Held::Here(body) => body.clone(),
            Held::File(_) => return Err(fault(name, reply.line, "nobody said where its file is")),
        };
        let is_short = is_short(&asked.method, answer, &body);
        let mut chunks = vec![body];
        let end = if answer.is_cut {
            self.more(&asked, answer, &mut chunks, &format!("{name}:{}", reply.line))
        } else {
            let cause = || BoxError::from("the body is shorter than was announced");
            is_short.then(|| Error::network(host_of(&url), NetworkFault::Broken, cause()))
        };
        Ok(response(answer, chunks, end))
    }
}

impl Replay {
    /// The answers of the file that is asked for, whichever part of it they are.
    fn of_file(&self, asked: &Canonical) -> impl Iterator<Item = &Answered> {
        let requests = self.requests.iter().filter(|known| is_of_file(&known.exchange.canonical, asked));
        let replies = requests.flat_map(|known| known.answers.iter().map(|(_, it, at)| &it.answers[*at]));
        replies.filter_map(|reply| match &reply.what {
            What::Answer(answer) => Some(answer),
            What::Failed(_) => None,
        })
    }

    /// The answer to a range that nobody asked for when it was recorded, of what there is of the file.
    fn part(&self, asked: &Canonical) -> Option<http::Response<Body>> {
        let range = asked_range(asked.range()?)?;
        let like = self.of_file(asked).find(|it| it.status == StatusCode::PARTIAL_CONTENT)?;
        let (head, span) = head_for(like, range)?;
        let (chunks, reached) = gather(&of_version(self.of_file(asked), like), span.first, span.end);
        if chunks.is_empty() {
            return None;
        }
        let end = (reached < span.end).then(|| self.unknown(asked));
        Some(response(&head, chunks, end))
    }

    /// Adds what other answers have of a body that was cut off, and says what its reader meets at its end. `place` is that
    /// of `answer`.
    fn more(
        &self,
        asked: &Canonical,
        answer: &Answered,
        chunks: &mut Vec<Bytes>,
        place: &str,
    ) -> Option<Error> {
        let there: usize = chunks.iter().map(Bytes::len).sum();
        let mut reached = there as u64;
        if let Some(span) = span(answer) {
            let (more, to) = gather(&of_version(self.of_file(asked), answer), span.first + reached, span.end);
            chunks.extend(more);
            reached = to - span.first;
            if to >= span.end {
                return None;
            }
        }
        let what = format!("{}, past the first {reached} bytes of its body", asked.shown());
        Some(Error::not_recorded(what, format!("{place} is cut there")))
    }
}

/// An answer with this head and these bytes, which end so.
fn response(head: &Answered, chunks: Vec<Bytes>, end: Option<Error>) -> http::Response<Body> {
    let chunks = chunks.into_iter().filter(|chunk| !chunk.is_empty()).map(Ok).chain(end.map(Err));
    let chunks: Vec<_> = chunks.collect();
    let mut response = http::Response::new(Body::new(stream::iter(chunks)));
    *response.status_mut() = head.status;
    response.headers_mut().clone_from(&head.headers);
    response
}

/// Whether less is there than was announced, which is an error on a network.
fn is_short(method: &Method, answer: &Answered, body: &Bytes) -> bool {
    let is_bare =
        method == Method::HEAD || matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let announced = answer.headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
    !is_bare && announced.is_some_and(|bytes: u64| bytes > body.len() as u64)
}

impl From<Replay> for Arc<dyn Transport> {
    fn from(replay: Replay) -> Self {
        Arc::new(replay)
    }
}

/// Shows how many requests it knows.
impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("requests", &self.requests.len()).finish_non_exhaustive()
    }
}
