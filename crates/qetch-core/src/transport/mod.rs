//! `Transport`: what carries a request to its origin. One exchange, no redirect, no retry, no policy: those are the
//! gate's, above it.

mod body;
mod cassette;
mod live;
mod proxy;
mod routes;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

pub use self::{
    body::Body,
    cassette::{AnswerAt, Cassette, Recorder, Replay, Tape},
    live::{Live, LiveBuilder, SystemResolver},
    proxy::Proxy,
    routes::{Routed, Routes},
};
use url::Url;

use crate::{AddressClass, Floor, Result, egress};

/// Carries one request to its origin and answers with the head of the reply and its body as a stream.
///
/// Implementers follow no redirect, retry nothing, and add no header but what the protocol needs. One that opens sockets holds
/// names to the [floor](Outgoing::floor) of each request: it connects to admitted addresses alone. One that hands requests on
/// keeps their floor, as [`with_request`](Outgoing::with_request) does. Dropping the future
/// or the body ends the exchange.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends `outgoing`.
    ///
    /// # Errors
    /// [`Network`](crate::Error::Network) when the origin cannot be reached,
    /// [`MissingFeature`](crate::Error::MissingFeature) for `https` where no TLS is compiled in.
    async fn send(&self, outgoing: Outgoing) -> Result<http::Response<Body>>;

    /// Whether anybody is asked at all. Where nobody is, as where answers are replayed, nothing waits for the sake of a host;
    /// true unless implemented.
    fn asks_hosts(&self) -> bool {
        true
    }

    /// The class of the address that `url` leads to, the most public one where there are several; `None` where this transport
    /// cannot tell, which then counts as public. Unless implemented it tells of IP addresses alone.
    async fn class_of(&self, url: &Url) -> Option<AddressClass> {
        egress::address(url).map(AddressClass::of)
    }
}

/// A request on its way out, and what a transport has to know besides.
#[derive(Clone)]
pub struct Outgoing {
    request: http::Request<Bytes>,
    lane: Lane,
    floor: Floor,
}

impl Outgoing {
    /// `request`, to go by `lane`: to public addresses alone, unless another [floor](Outgoing::under) is set.
    pub fn new(request: http::Request<Bytes>, lane: Lane) -> Self {
        Self { request, lane, floor: Floor::PUBLIC_ONLY }
    }

    /// The request: its URI is absolute, its headers are all that is to be sent.
    pub fn request(&self) -> &http::Request<Bytes> {
        &self.request
    }

    /// What it is for.
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// Where it may lead: a transport that opens sockets connects to addresses that this admits, and to no others.
    pub fn floor(&self) -> Floor {
        self.floor
    }

    /// The request, to be sent.
    pub fn into_request(self) -> http::Request<Bytes> {
        self.request
    }

    /// The same with another request, for transports that change it on the way to another one.
    #[must_use]
    pub fn with_request(mut self, request: http::Request<Bytes>) -> Self {
        self.request = request;
        self
    }

    /// The same under another floor.
    #[must_use]
    pub fn under(mut self, floor: Floor) -> Self {
        self.floor = floor;
        self
    }

    /// The same by another lane.
    #[must_use]
    pub fn with_lane(mut self, lane: Lane) -> Self {
        self.lane = lane;
        self
    }
}

/// Shows method, host and lane.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", self.request.method())
            .field("host", &self.request.uri().host())
            .field("lane", &self.lane)
            .field("floor", &self.floor)
            .finish_non_exhaustive()
    }
}

/// What a request is for, and so which client sends it and which share of a host's connections it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lane {
    /// The bytes of a content: HTTP/1.1, a connection of its own for each request, never decompressed.
    Media,
    /// What an extractor asks: any protocol that the origin offers.
    Metadata,
}
