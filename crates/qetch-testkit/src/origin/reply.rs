//! A reply as it is going to be sent: head, body and the way it ends. Pure.

use std::ops::Range;

use bytes::Bytes;

use super::request::Request;
use crate::Resource;

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Bytes)>,
    /// The body in the order sent; chunks and their sizes are not in here.
    pub(crate) body: Vec<Bytes>,
    /// Whether the body goes out in chunks.
    pub(crate) chunked: bool,
    pub(crate) ending: Ending,
    /// Whether not even the head is sent.
    pub(crate) silent: bool,
    /// Whether the body is one of the resource itself, begun with a 200 or 206.
    pub(crate) carries: bool,
    /// From where on the body is slow, if it is.
    pub(crate) late: Option<Late>,
    /// What is to be served from now on as well.
    pub(crate) minted: Option<Box<Minted>>,
}

/// A body that is slow from some byte on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Late {
    pub(crate) after: u64,
    pub(crate) bytes_per_second: u64,
}

/// A resource that came to be with the reply that leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Minted {
    pub(crate) path: String,
    pub(crate) resource: Resource,
}

/// What happens to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It waits for the next request.
    KeepAlive,
    /// It is closed after the body.
    Close,
    /// It is closed after so many bytes of the body.
    CutAfter(u64),
    /// It is reset after so many bytes of the body.
    ResetAfter(u64),
    /// It stays open after so many bytes of the body and nothing more is sent.
    StallAfter(u64),
}

impl Reply {
    /// A reply without headers that carries `body`.
    pub(crate) fn new(status: u16, body: Vec<Bytes>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
            chunked: false,
            ending: Ending::KeepAlive,
            silent: false,
            carries: false,
            late: None,
            minted: None,
        }
    }

    /// No reply at all, before the connection ends so.
    pub(crate) fn silence(ending: Ending) -> Self {
        Self { ending, silent: true, ..Self::new(0, Vec::new()) }
    }

    /// A refusal: its body is the status as text.
    pub(crate) fn refusal(status: u16) -> Self {
        let text = format!("{status} {}\n", reason(status));
        Self::new(status, vec![text.into()]).with("Content-Type", "text/plain").with_length()
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Bytes>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a header if there is something to say.
    pub(crate) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value.to_owned()),
            None => self,
        }
    }

    /// Adds the `Content-Length` of the body.
    pub(crate) fn with_length(self) -> Self {
        let length = self.body_length();
        self.with("Content-Length", length.to_string())
    }

    /// The length of the body in bytes.
    pub(crate) fn body_length(&self) -> u64 {
        self.body.iter().map(|piece| piece.len() as u64).sum()
    }

    /// How many bytes of the body are to be sent.
    pub(crate) fn sent_length(&self) -> u64 {
        match self.ending {
            Ending::KeepAlive | Ending::Close => self.body_length(),
            Ending::CutAfter(after) | Ending::ResetAfter(after) | Ending::StallAfter(after) => {
                self.body_length().min(after)
            }
        }
    }

    /// Fits the reply to its request: no body for `HEAD` and where the status forbids one, and the end of
    /// the connection announced where the client asked for it.
    pub(crate) fn finish(mut self, request: &Request) -> Self {
        if self.silent {
            return self;
        }
        let bodiless = self.status < 200 || matches!(self.status, 204 | 304);
        if bodiless {
            let about_body = |name: &str| matches!(name, "content-length" | "transfer-encoding");
            self.headers.retain(|(name, _)| !about_body(&name.to_ascii_lowercase()));
        }
        if bodiless || request.method == "HEAD" {
            self.body.clear();
            self.chunked = false;
            self.ending = Ending::KeepAlive;
        }
        if request.closes() && !self.announces_close() {
            self = self.with("Connection", "close");
        }
        if self.ending == Ending::KeepAlive && self.announces_close() {
            self.ending = Ending::Close;
        }
        self
    }

    fn announces_close(&self) -> bool {
        self.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case(b"close")
        })
    }

    /// The head as it is sent, with the empty line that ends it.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {:03} {}\r\n", self.status, reason(self.status)).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

/// The part of `body` that lies within `range`.
pub(crate) fn cut(body: &Bytes, range: &Range<u64>) -> Bytes {
    let within = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(body.len());
    let end = within(range.end);
    body.slice(within(range.start).min(end)..end)
}

/// The usual reason phrase.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
