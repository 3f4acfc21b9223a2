//! `Request`: what is handed to the gate.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::Serialize;
use url::Url;

use crate::{Secret, shown::shown, transport::Lane};

/// One request, as an extractor or a downloader makes it. The gate adds what is its own to decide: the user agent, the
/// accepted encoding, and the credential that [`with_auth`](Request::with_auth) names.
///
/// ```
/// use qetch_core::{Request, Url};
///
/// let url = Url::parse("https://api.pond.example/frogs").unwrap();
/// let request = Request::get(url).with_bearer(&"t0ken".into());
/// assert!(!format!("{request:?}").contains("t0ken"));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) auth: Option<String>,
    pub(crate) lane: Lane,
    /// Where the extractor says so.
    pub(crate) limit: Option<usize>,
}

impl Request {
    /// A GET of what an extractor wants to know.
    pub fn get(url: Url) -> Self {
        Self::new(url, Lane::Metadata)
    }

    /// A GET of the bytes of a content.
    pub fn media(url: Url) -> Self {
        Self::new(url, Lane::Media)
    }

    fn new(url: Url, lane: Lane) -> Self {
        let (method, headers, body) = (Method::GET, HeaderMap::new(), Bytes::new());
        Self { method, url, headers, body, auth: None, lane, limit: None }
    }

    /// Sets the method.
    pub fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Sets a header, in place of one of the same name. A value that is marked as sensitive is shown nowhere, and is
    /// dropped when a redirect leads to another host.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets `Authorization` to this bearer token (RFC 6750, section 2.1). A token that no header can hold is left out,
    /// and the site will say that it is missing.
    pub fn with_bearer(mut self, token: &Secret) -> Self {
        if let Ok(mut value) = HeaderValue::try_from(format!("Bearer {}", token.expose())) {
            value.set_sensitive(true);
            self.headers.insert(header::AUTHORIZATION, value);
        }
        self
    }

    /// Has the gate attach the credential of the extractor `name`, to the hosts that extractor declares and to no
    /// other.
    pub fn with_auth(mut self, name: impl Into<String>) -> Self {
        self.auth = Some(name.into());
        self
    }

    /// Sets the body.
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Makes it a POST of `value` as JSON.
    pub fn with_json(self, value: &impl Serialize) -> Self {
        // What cannot be JSON is a fault in the caller's type; the site will refuse the empty body.
        let body = serde_json::to_vec(value).unwrap_or_default();
        self.with_method(Method::POST)
            .with_header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .with_body(body)
    }

    /// Sets how many bytes of an answer are read at most when it is read whole; 16 MiB unless set. It is never more than
    /// [`Limits::answer_bytes`](crate::Limits::answer_bytes), where that is set.
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Where it goes.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// Shows the URL without its query, and the names of headers without their values.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &shown(&self.url))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("auth", &self.auth)
            .field("lane", &self.lane)
            .finish_non_exhaustive()
    }
}
