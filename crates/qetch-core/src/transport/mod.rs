//! `Transport`: what carries a request to its origin. One exchange, no redirect, no retry, no policy: those are the
//! gate's, above it.

mod body;
mod live;
mod routes;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

pub use self::{
    body::Body,
    live::{Live, LiveBuilder},
    routes::{Routed, Routes},
};
use crate::Result;

/// Carries one request to its origin and answers with the head of the reply and its body as a stream.
///
/// Implementers follow no redirect, retry nothing, and add no header but what the protocol needs. Dropping the future
/// or the body ends the exchange.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends `request` by the client that `lane` names.
    ///
    /// # Errors
    /// [`Network`](crate::Error::Network) when the origin cannot be reached,
    /// [`MissingFeature`](crate::Error::MissingFeature) for `https` where no TLS is compiled in.
    async fn send(&self, request: http::Request<Bytes>, lane: Lane) -> Result<http::Response<Body>>;
}

/// What a request is for, and so which client sends it and which share of a host's connections it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The bytes of a content: HTTP/1.1, a connection of its own for each request, never decompressed.
    Media,
    /// What an extractor asks: any protocol that the origin offers.
    Metadata,
}
