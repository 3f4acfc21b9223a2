//! `Body`: the bytes of an answer as they arrive.

use std::{
    fmt,
    pin::Pin,
    task::{Context as TaskContext, Poll},
};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt as _, stream};

use crate::Result;

/// The bytes of an answer as they arrive. Dropping it ends the exchange.
pub struct Body(Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>);

impl Body {
    /// A body of the chunks that `stream` gives.
    pub fn new(stream: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        Self(Box::pin(stream))
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// [`Network`](crate::Error::Network) when the connection breaks or the body is shorter than was announced.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.0.next().await.transpose()
    }

    /// This body with `first` before it.
    #[must_use]
    pub(crate) fn after(self, first: Bytes) -> Self {
        if first.is_empty() { self } else { Self::new(Self::from(first).chain(self)) }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::new(stream::iter([Ok(bytes)]))
    }
}

impl Stream for Body {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}
