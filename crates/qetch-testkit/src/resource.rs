//! What an origin has at a path.

use std::time::Duration;

use bytes::Bytes;

use crate::Behaviour;

/// One resource: a body, what is said about it, and how it is sent.
///
/// By default it is `application/octet-stream`, has no validators, answers `GET` and `HEAD` with 200 or 206,
/// at once, as fast as the connection takes it, and [honestly](Behaviour::Honest).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    pub(crate) body: Bytes,
    pub(crate) content_type: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) headers: Vec<(String, Bytes)>,
    pub(crate) status: Option<u16>,
    pub(crate) method: Option<String>,
    pub(crate) delay: Duration,
    pub(crate) throttle: Option<u64>,
    pub(crate) shared_throttle: Option<u64>,
    pub(crate) behaviours: Vec<Behaviour>,
}

impl Resource {
    /// Makes a resource of these bytes.
    #[must_use]
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            content_type: Some("application/octet-stream".to_owned()),
            etag: None,
            last_modified: None,
            headers: Vec::new(),
            status: None,
            method: None,
            delay: Duration::ZERO,
            throttle: None,
            shared_throttle: None,
            behaviours: Vec::new(),
        }
    }

    /// Makes a 302 to `location`, a path of this origin or a URL, with an empty body.
    /// [`with_status`](Self::with_status) makes it another redirect.
    #[must_use]
    pub fn redirect(location: impl Into<String>) -> Self {
        Self::new(Bytes::new())
            .without_content_type()
            .with_status(302)
            .with_header("Location", location.into())
    }

    /// Makes a 302 to a new link for each request: `prefix` and the number of the request, where the resource
    /// of that number in `links` is served, or the last one. See [`Behaviour::Mints`].
    #[must_use]
    pub fn minting(prefix: impl Into<String>, links: impl IntoIterator<Item = Self>) -> Self {
        let links = links.into_iter().collect();
        Self::new(Bytes::new())
            .without_content_type()
            .with_behaviour(Behaviour::Mints { prefix: prefix.into(), links })
    }

    /// Sets the `Content-Type`.
    #[must_use]
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// Sends no `Content-Type`.
    #[must_use]
    pub fn without_content_type(mut self) -> Self {
        self.content_type = None;
        self
    }

    /// Sets a strong `ETag`; `tag` is given without its quotes.
    #[must_use]
    pub fn with_etag(mut self, tag: impl AsRef<str>) -> Self {
        self.etag = Some(strong_etag(tag.as_ref()));
        self
    }

    /// Sets a weak `ETag`; `tag` is given without its quotes and `W/`.
    #[must_use]
    pub fn with_weak_etag(mut self, tag: impl AsRef<str>) -> Self {
        self.etag = Some(format!("W/{}", strong_etag(tag.as_ref())));
        self
    }

    /// Sets `Last-Modified`, sent as given: `Wed, 21 Oct 2015 07:28:00 GMT`.
    #[must_use]
    pub fn with_last_modified(mut self, date: impl Into<String>) -> Self {
        self.last_modified = Some(date.into());
        self
    }

    /// Adds a header to the answers that carry the resource or its fixed status, sent as given but for line
    /// ends, which become spaces. It takes the place of a header that the origin would have made, so that
    /// `Content-Length` and the like can be forged.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        let name = name.into().replace(['\r', '\n'], " ");
        let value = value.into();
        let value = value.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte });
        self.headers.push((name, value.collect()));
        self
    }

    /// Answers every request with this status and the whole body: no ranges, no conditions. With 204, 304
    /// and those below 200 there is no body.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Answers this method alone, others with a 405. The default is `GET` and `HEAD`.
    #[must_use]
    pub fn with_method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Waits so long before the head of each answer; the default is not at all.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Limits each connection to so many bytes of body a second; 0 counts as 1. The default is no limit.
    #[must_use]
    pub fn with_throttle(mut self, bytes_per_second: u64) -> Self {
        self.throttle = Some(bytes_per_second);
        self
    }

    /// Limits all connections on this resource together to so many bytes of body a second; 0 counts as 1.
    /// The default is no limit.
    #[must_use]
    pub fn with_shared_throttle(mut self, bytes_per_second: u64) -> Self {
        self.shared_throttle = Some(bytes_per_second);
        self
    }

    /// Adds a way in which it is answered; without any it is [`Behaviour::Honest`].
    ///
    /// Several work together: `CutAlways` and `Fails` make an origin that cuts and fails. Where two decide the
    /// same thing, an error to answer with or how a body ends, the one that was added first does; those that
    /// move a range do so one after another.
    #[must_use]
    pub fn with_behaviour(mut self, behaviour: Behaviour) -> Self {
        self.behaviours.push(behaviour);
        self
    }

    /// Whether it has such a behaviour.
    pub(crate) fn has(&self, such: impl Fn(&Behaviour) -> bool) -> bool {
        self.behaviours.iter().any(such)
    }
}

/// A strong entity tag as it is sent.
pub(crate) fn strong_etag(tag: &str) -> String {
    format!("\"{tag}\"")
}
