//! A network for targets: it answers in turn with what it was given, and remembers what it was asked.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use qetch_core::{Body, Context, ContextBuilder, Outgoing, Result, Transport, async_trait};
use tokio::runtime::{Builder, Runtime};

/// The answers, the last of which is given again and again.
#[derive(Debug, Default)]
pub(crate) struct Canned {
    replies: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Request<Bytes>>>,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    pub(crate) fn new(status: u16, body: &[u8]) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body) }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    pub(crate) fn with_all(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }
}

impl Canned {
    /// The network, and a context that reaches nothing else and never waits.
    pub(crate) fn start(replies: impl IntoIterator<Item = Reply>) -> (Arc<Self>, ContextBuilder) {
        let replies = Mutex::new(replies.into_iter().collect());
        let site = Arc::new(Self { replies, asked: Mutex::default() });
        let cx = Context::builder().transport(site.clone()).retries(0).longest_wait(Duration::ZERO);
        (site, cx)
    }

    /// What was asked.
    pub(crate) fn asked(&self) -> Vec<Request<Bytes>> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Canned {
    async fn send(&self, outgoing: Outgoing) -> Result<Response<Body>> {
        self.asked.lock().unwrap().push(outgoing.into_request());
        let mut replies = self.replies.lock().unwrap();
        let reply = if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() };
        let reply = reply.unwrap();
        let mut response = Response::new(Body::from(reply.body));
        *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
        *response.headers_mut() = reply.headers;
        Ok(response)
    }
}

/// What `future` comes to, which waits for nothing but us.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// The header lines of `text`, as far as a client would have let them through.
pub(crate) fn headers(text: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in text.split(|&byte| byte == b'\n') {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let name = HeaderName::from_bytes(line[..colon].trim_ascii());
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}
