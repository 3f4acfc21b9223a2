//! `Fragment`: one request's worth of a content.

use std::{collections::BTreeMap, fmt, ops};

use http::{HeaderName, HeaderValue, Method, header};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    Error, Request, Result, Timestamp, link,
    shown::{shown, strip},
};

/// One request's worth of a [`Content`](crate::Content).
///
/// A fragment can be saved, so it holds no secret: [`auth`](Fragment::auth) *names* a credential, which is attached
/// when the request is sent and only to the hosts it is declared for, and headers that carry credentials are refused.
///
/// ```
/// use qetch_core::{ByteRange, Fragment, Url};
///
/// let url = Url::parse("https://cdn.example/all.bin").unwrap();
/// let fragment = Fragment::new(url).with_range(ByteRange::new(100, 50).unwrap());
/// assert_eq!(fragment.exact_size(), Some(50));
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fragment {
    /// Where it is.
    pub url: Url,
    /// How it is asked for.
    #[serde(default, skip_serializing_if = "FragmentMethod::is_get")]
    pub method: FragmentMethod,
    /// What is sent along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Headers to send. Those that carry credentials, describe the connection or ask for ranges and encodings are
    /// refused when the request is made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The part of the resource at `url` that is meant; all of it where missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<ByteRange>,
    /// Bytes, only when the site guarantees them: a body of another size is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// When the link stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// What the link works with alone.
    #[serde(default, skip_serializing_if = "BoundTo::is_nothing")]
    pub bound_to: BoundTo,
    /// The name of the credential to attach: an extractor's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<String>,
    /// The part it belongs to: fragments of one part concatenate, a new initialisation starts a new part.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub part: u32,
}

impl Fragment {
    /// A plain GET of the whole resource at `url`.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            method: FragmentMethod::Get,
            body: None,
            headers: BTreeMap::new(),
            range: None,
            size: None,
            expires: None,
            bound_to: BoundTo::default(),
            auth: None,
            part: 0,
        }
    }

    /// Sets the part of the resource that is meant.
    #[must_use]
    pub fn with_range(mut self, range: ByteRange) -> Self {
        self.range = Some(range);
        self
    }

    /// Sets the size in bytes that the site guarantees.
    #[must_use]
    pub fn with_size(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Names the credential to attach.
    #[must_use]
    pub fn with_auth(mut self, extractor: impl Into<String>) -> Self {
        self.auth = Some(extractor.into());
        self
    }

    /// Sets the page that the link works with, sent as `Referer`.
    #[must_use]
    pub fn with_referer(mut self, referer: Url) -> Self {
        self.bound_to.referer = Some(referer);
        self
    }

    /// The bytes it is known to have: those of its range, else its guaranteed size.
    pub fn exact_size(&self) -> Option<u64> {
        self.range.map(|range| range.len()).or(self.size)
    }

    /// The request for the whole fragment, without a `Range` header, which a downloader adds.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) for headers that are malformed, or not a fragment's to set: those that carry
    /// credentials, that describe the connection, or that ask for ranges and encodings.
    pub fn request(&self) -> Result<Request> {
        let mut request = Request::media(self.url.clone());
        if self.method == FragmentMethod::Post {
            request = request.with_method(Method::POST);
        }
        if let Some(body) = &self.body {
            request = request.with_body(body.clone());
        }
        for (name, value) in &self.headers {
            let (name, value) = parse_header(name, value)?;
            request = request.with_header(name, value);
        }
        if let Some(agent) = &self.bound_to.user_agent {
            request = request.with_header(header::USER_AGENT, header_value("user-agent", agent)?);
        }
        if let Some(page) = &self.bound_to.referer {
            request = request.with_header(header::REFERER, referer(page)?);
        }
        if let Some(name) = &self.auth {
            request = request.with_auth(name);
        }
        Ok(request)
    }
}

/// Shows the URL without its query, and the names of headers without their values.
impl fmt::Debug for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fragment")
            .field("method", &self.method)
            .field("url", &shown(&self.url))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("range", &self.range)
            .field("size", &self.size)
            .field("auth", &self.auth)
            .field("part", &self.part)
            .finish_non_exhaustive()
    }
}

/// Headers that a saved fragment may not set, because they carry credentials or belong to the engine.
const REFUSED: [HeaderName; 16] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::UPGRADE,
    header::EXPECT,
    header::RANGE,
    header::IF_RANGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::ACCEPT_ENCODING,
];

/// Headers that may follow a redirect to another origin.
const HARMLESS: [HeaderName; 3] = [header::ACCEPT, header::ACCEPT_LANGUAGE, header::CONTENT_TYPE];

fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let parsed = HeaderName::try_from(name)
        .map_err(|_| Error::invalid(format!("header `{}`", name.escape_debug()), "not a header name"))?;
    if REFUSED.contains(&parsed) {
        return Err(Error::invalid(
            format!("header `{parsed}`"),
            "a fragment may not set it; name a credential in `auth`, or a range in `range`",
        ));
    }
    let mut value = header_value(name, value)?;
    // A header that is not known to be harmless may be a key: it does not follow to another origin.
    value.set_sensitive(!HARMLESS.contains(&parsed));
    Ok((parsed, value))
}

/// What `page` is called in a `Referer` (RFC 9110, section 10.1.3): what stands before its `@` is for its own host.
fn referer(page: &Url) -> Result<HeaderValue> {
    if !link::is_http(page) {
        return Err(Error::invalid("header `referer`", "a page is one of http or https"));
    }
    let mut page = page.clone();
    strip(&mut page);
    page.set_fragment(None);
    header_value("referer", page.as_str())
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue> {
    HeaderValue::try_from(value)
        .map_err(|_| Error::invalid(format!("header `{name}`"), "its value has forbidden characters"))
}

/// How a fragment is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum FragmentMethod {
    /// GET.
    #[default]
    Get,
    /// POST, with the fragment's body.
    Post,
}

impl FragmentMethod {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    fn is_get(&self) -> bool {
        *self == Self::Get
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(part: &u32) -> bool {
    *part == 0
}

/// What a link works with alone. Values that are secrets are not kept: a cookie is named.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BoundTo {
    /// The user agent it was made for, sent with the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The page it is embedded in, sent as `Referer`: without its user information and fragment; its origin alone where
    /// another one redirects to, and nothing of a page of https over plain http.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referer: Option<Url>,
    /// The name of a cookie that must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<String>,
}

/// Shows the page without its query.
impl fmt::Debug for BoundTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundTo")
            .field("user_agent", &self.user_agent)
            .field("referer", &self.referer.as_ref().map(shown))
            .field("cookie", &self.cookie)
            .finish()
    }
}

impl BoundTo {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// A part of a resource in bytes, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "SavedRange")]
pub struct ByteRange {
    start: u64,
    len: u64,
}

#[derive(Deserialize)]
struct SavedRange {
    start: u64,
    len: u64,
}

impl TryFrom<SavedRange> for ByteRange {
    type Error = &'static str;

    fn try_from(saved: SavedRange) -> Result<Self, Self::Error> {
        Self::new(saved.start, saved.len).ok_or("a byte range is never empty and ends below 2^64")
    }
}

impl ByteRange {
    /// `len` bytes from `start`; `None` where that is empty or ends past 2^64 - 1.
    pub fn new(start: u64, len: u64) -> Option<Self> {
        (len > 0 && start.checked_add(len).is_some()).then_some(Self { start, len })
    }

    /// The first byte's offset.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// How many bytes.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The offsets as a half-open range.
    pub fn offsets(&self) -> ops::Range<u64> {
        self.start..self.start + self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment() -> Fragment {
        Fragment::new(Url::parse("https://cdn.example/f?sig=s3cret").unwrap())
    }

    #[test]
    fn a_plain_fragment_is_written_as_its_url() {
        let saved = serde_json::to_value(fragment()).unwrap();
        assert_eq!(saved, serde_json::json!({"url": "https://cdn.example/f?sig=s3cret"}));
        assert_eq!(serde_json::from_value::<Fragment>(saved).unwrap(), fragment());
    }

    #[test]
    fn headers_that_carry_credentials_or_steer_the_engine_are_refused() {
        for name in ["Authorization", "cookie", "HOST", "range", "Accept-Encoding", "bad name"] {
            let error = fragment().with_header(name, "x").request().unwrap_err();
            assert_eq!(error.code(), "invalid", "{name}");
        }
        assert!(fragment().with_header("X-Key", "a\nb").request().is_err());
        assert!(fragment().with_header("Accept", "video/*").request().is_ok());
    }

    #[test]
    fn a_page_is_told_without_what_is_for_its_host_alone() {
        let told = |page: &str| {
            let request = fragment().with_referer(Url::parse(page).unwrap()).request()?;
            Ok::<_, Error>(request.headers[header::REFERER].clone())
        };
        assert_eq!(told("https://me:hunter2@h.example/a?b#c").unwrap(), "https://h.example/a?b");
        assert_eq!(told("file:///home/me").unwrap_err().code(), "invalid");
    }

    #[test]
    fn an_empty_or_overflowing_range_cannot_be_read_back() {
        for text in [r#"{"start":5,"len":0}"#, r#"{"start":18446744073709551615,"len":2}"#] {
            assert!(serde_json::from_str::<ByteRange>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_query_and_no_header_value() {
        let text = format!("{:?}", fragment().with_header("X-Key", "hunter2"));
        assert!(!text.contains("s3cret") && !text.contains("hunter2") && text.contains("X-Key"), "{text}");
    }
}
