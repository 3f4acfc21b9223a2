//! `Answer` and `OpenAnswer`: what comes back through the gate, read whole or as it arrives.

use std::{fmt, ops::Deref, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    Error, Limits, Result,
    error::host_of,
    header_time::{refused_for, retry_after},
    hosts::{Permit, Task},
    shown::{shown, without_values},
    transport::Body,
};

/// An answer whose body has been read: whole, within the request's limit, or as far as [`Extractor::recognise`] needs.
///
/// [`Extractor::recognise`]: crate::Extractor::recognise
#[derive(Clone)]
pub struct Answer {
    head: Head,
    body: Bytes,
    json_depth: usize,
}

const CF_MITIGATED: HeaderName = HeaderName::from_static("cf-mitigated");

/// The head of an answer, which [`Answer`] and [`OpenAnswer`] both have.
#[derive(Clone)]
pub struct Head {
    status: StatusCode,
    headers: HeaderMap,
    url: Url,
}

impl Head {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header as text; `None` where it is missing or not visible ASCII.
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type of `Content-Type`: lower case, without parameters.
    pub fn media_type(&self) -> Option<String> {
        let media_type = self.header(header::CONTENT_TYPE)?.split(';').next()?.trim().to_ascii_lowercase();
        (!media_type.is_empty()).then_some(media_type)
    }

    /// How many bytes the body has, where that is told and the body is the file itself (RFC 9110, sections 8.4 and 8.6). It is
    /// so of this answer: a promise for the next one it is not.
    pub fn length(&self) -> Option<u64> {
        let is_plain = !self.headers.contains_key(header::CONTENT_ENCODING);
        self.header(header::CONTENT_LENGTH).filter(|_| is_plain)?.parse().ok()
    }

    /// The URL that answered in the end, after redirects.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// How long the host asks us to wait (`Retry-After`, RFC 9110, section 10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers)
    }

    /// The error that a compressed body is, where one is to be understood. It was not asked for, and what is small here may
    /// be of any size inside.
    fn check_plain(&self) -> Result<()> {
        let coding = |value: &HeaderValue| {
            let value = value.as_bytes().trim_ascii();
            !value.is_empty() && !value.eq_ignore_ascii_case(b"identity")
        };
        match self.headers.get_all(header::CONTENT_ENCODING).iter().find(|value| coding(value)) {
            None => Ok(()),
            Some(_) => Err(Error::bad_reply(&self.url, "it is compressed, which nobody asked for")),
        }
    }

    /// Whether a page that tells people from programs stands in the place of what was asked for: Cloudflare says so with
    /// `cf-mitigated: challenge`, whatever the status.
    fn is_challenge(&self) -> bool {
        self.header(CF_MITIGATED).is_some_and(|what| what.trim().eq_ignore_ascii_case("challenge"))
    }

    /// The error that a status is which is no success.
    pub(crate) fn check(&self) -> Result<()> {
        if self.status.is_success() {
            return Ok(());
        }
        // Many a host that counts says with its counts alone when it gives more.
        let counted = || refused_for(&self.headers).filter(|_| self.status == StatusCode::TOO_MANY_REQUESTS);
        Err(match (self.status(), self.retry_after().or_else(counted)) {
            _ if self.is_challenge() => Error::challenge(host_of(&self.url)),
            (429 | 503, Some(wait)) => Error::rate_limited(host_of(&self.url), Some(wait)),
            (status, _) => Error::status(&self.url, status),
        })
    }
}

/// Shows status and URL: headers may hold cookies.
impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("status", &self.status())
            .field("url", &shown(&self.url))
            .finish_non_exhaustive()
    }
}

impl Deref for Answer {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

impl Deref for OpenAnswer {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

impl Answer {
    /// An answer made by hand, for tests of what looks at answers.
    pub fn new(status: StatusCode, headers: HeaderMap, url: Url, body: impl Into<Bytes>) -> Self {
        let json_depth = Limits::new().json_depth;
        Self { head: Head { status, headers, url }, body: body.into(), json_depth }
    }

    /// The body, as far as it was read.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The answer, if its status is a success and its body is as it was asked for.
    ///
    /// # Errors
    /// What [`Error::status`] makes of any other status, with the time the host asks to wait,
    /// [`Challenge`](Error::Challenge) where a page of such stands in its place, and
    /// [`BadReply`](Error::BadReply) for a compressed body: nothing is ever inflated here.
    pub fn ok(self) -> Result<Self> {
        self.check()?;
        self.check_plain()?;
        Ok(self)
    }

    /// As [`ok`](Answer::ok), of an answer about `what`, which errors then name in the place of a link that its reader never
    /// saw: 404, 410 and 451 say that there is no such thing, no more, or not here.
    ///
    /// ```
    /// # async fn frog(cx: &qetch_core::Context, id: u32) -> qetch_core::Result<serde_json::Value> {
    /// use qetch_core::Request;
    ///
    /// let answer = cx.send(Request::get(format!("https://api.pond.example/{id}").parse()?)).await?;
    /// answer.about(&format!("the frog {id}"))?.json("pond")
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`ok`](Answer::ok), with `what` in [`NotFound`](Error::NotFound), [`Gone`](Error::Gone) and
    /// [`GeoBlocked`](Error::GeoBlocked).
    pub fn about(self, what: &str) -> Result<Self> {
        self.ok().map_err(|error| match error {
            Error::NotFound { .. } => Error::not_found(what),
            Error::Gone { .. } => Error::gone(what),
            Error::GeoBlocked { countries, .. } => Error::geo_blocked(what, countries),
            other => other,
        })
    }

    /// The body as JSON; `extractor` names who is asking.
    ///
    /// # Errors
    /// [`SiteChanged`](Error::SiteChanged) where it is not JSON of that shape, [`OverLimit`](Error::OverLimit) where it is
    /// nested deeper than [`Limits::json_depth`] allows, and [`BadReply`](Error::BadReply) where it is compressed.
    pub fn json<T: DeserializeOwned>(&self, extractor: &str) -> Result<T> {
        self.check_plain()?;
        // The reader has a limit of its own, and none for what it skips.
        if is_deeper(&self.body, self.json_depth) {
            let what = format!("the nesting of the answer of {}", shown(&self.head.url));
            return Err(Error::over_limit(what, format!("{} levels", self.json_depth)));
        }
        let mut reader = serde_json::Deserializer::from_slice(&self.body);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            if !error.inner().is_data() {
                return Error::site_changed(
                    extractor,
                    "$",
                    format!("no JSON from {}", shown(&self.head.url)),
                );
            }
            let path = error.path().to_string();
            let path = if path == "." { "$".to_owned() } else { format!("$.{path}") };
            Error::site_changed(extractor, path, without_values(&error.inner().to_string()))
        })
    }

    /// The body as text; what is not UTF-8 becomes U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Shows status, URL and size: headers may hold cookies, the body anything.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status())
            .field("url", &shown(self.url()))
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// An answer whose body is still to come. It holds one of its host's connections until it is dropped or read.
pub struct OpenAnswer {
    head: Head,
    body: Body,
    permit: Permit,
    limits: Limits,
}

impl OpenAnswer {
    pub(crate) fn new(answer: http::Response<Body>, url: Url, permit: Permit, limits: Limits) -> Self {
        let (parts, body) = answer.into_parts();
        Self { head: Head { status: parts.status, headers: parts.headers, url }, body, permit, limits }
    }

    /// The answer, if its status is a success.
    ///
    /// # Errors
    /// What [`Error::status`] makes of any other status, with the time the host asks to wait.
    pub fn ok(self) -> Result<Self> {
        self.check()?;
        Ok(self)
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// [`Network`](Error::Network) when the connection breaks or the body is shorter than was announced.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.body.chunk().await
    }

    /// The length that was announced.
    fn announced(&self) -> Option<u64> {
        self.header(header::CONTENT_LENGTH)?.parse().ok()
    }

    /// Whether this connection is asked to give way, so that a host is shared fairly: another download stands in line for
    /// its connections and holds at least two fewer. Only one connection is asked at a time. A downloader that hears yes
    /// ends this connection where it is, and stands in line again for the rest.
    pub fn should_yield(&self) -> bool {
        self.permit.should_yield()
    }

    /// Counts its connection as held by `task` from now on.
    pub(crate) fn move_to(&mut self, task: &Task) {
        self.permit.move_to(task);
    }

    /// The whole answer.
    ///
    /// # Errors
    /// [`OverLimit`](Error::OverLimit) when its body has more than `limit` bytes, or more than [`Limits::answer_bytes`]
    /// allows, and those of the network.
    pub async fn read(mut self, limit: usize) -> Result<Answer> {
        let limit = self.limits.bytes_of_answer(Some(limit));
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            // What answers a HEAD announces a body too, and has none.
            let announced = self.announced().filter(|_| !chunk.is_empty());
            if body.len() + chunk.len() > limit || announced.is_some_and(|bytes| bytes > limit as u64) {
                let what = format!("the answer of {}", shown(&self.head.url));
                return Err(Error::over_limit(what, format!("{limit} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { head: self.head, body: body.freeze(), json_depth: self.limits.json_depth })
    }

    /// Reads at least the first `enough` bytes, where the body has as many, and answers with a copy of the head and
    /// those bytes, and with an open answer that still has all of them to give.
    pub(crate) async fn peek(mut self, enough: usize) -> Result<(Answer, Self)> {
        let mut first = BytesMut::new();
        while first.len() < enough {
            let Some(chunk) = self.chunk().await? else { break };
            first.extend_from_slice(&chunk);
        }
        let first = first.freeze();
        let json_depth = self.limits.json_depth;
        let answer = Answer { head: self.head.clone(), body: first.clone(), json_depth };
        self.body = self.body.after(first);
        Ok((answer, self))
    }
}

/// Shows status and URL: headers may hold cookies.
impl fmt::Debug for OpenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAnswer")
            .field("status", &self.status())
            .field("url", &shown(self.url()))
            .finish_non_exhaustive()
    }
}

/// Whether lists and objects are nested deeper than so many levels in what begins like JSON.
fn is_deeper(body: &[u8], levels: usize) -> bool {
    // A page in the place of JSON has brackets too, and none of them is closed where we would see it.
    if !matches!(body.trim_ascii_start().first(), Some(b'[' | b'{')) {
        return false;
    }
    let (mut depth, mut is_text, mut bytes) = (0_usize, false, body.iter());
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => is_text = !is_text,
            b'\\' if is_text => {
                let _ = bytes.next();
            }
            b'[' | b'{' if !is_text => depth += 1,
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => (),
        }
        if depth > levels {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
