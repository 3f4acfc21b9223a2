//! A site for unit tests: a transport whose answers are known beforehand and that notes what it was asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use qetch_core::{
    Body, Context, ContextBuilder, Error, NetworkFault, Outgoing, Result, Transport, async_trait,
};

/// The answers by URL. Those of one URL are given in turn, and the last again and again.
#[derive(Debug, Default)]
pub(crate) struct Canned {
    replies: HashMap<String, Mutex<Vec<Reply>>>,
    asked: Mutex<Vec<Request<Bytes>>>,
}

/// One answer, or the failure in its place.
#[derive(Clone, Debug)]
pub(crate) struct Reply(Result<(StatusCode, HeaderMap, Bytes), NetworkFault>);

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self(Ok((StatusCode::from_u16(status).unwrap(), HeaderMap::new(), body.into())))
    }

    pub(crate) fn fault(fault: NetworkFault) -> Self {
        Self(Err(fault))
    }

    /// With a header, where the value is no secret and may be any bytes.
    pub(crate) fn with(mut self, name: HeaderName, value: impl AsRef<[u8]>) -> Self {
        if let Ok((_, headers, _)) = &mut self.0 {
            headers.insert(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
        }
        self
    }
}

impl Canned {
    /// With these answers to `url`.
    pub(crate) fn on(mut self, url: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies: Vec<_> = replies.into_iter().collect();
        replies.reverse();
        self.replies.insert(url.to_owned(), Mutex::new(replies));
        self
    }

    /// The site, and a context that reaches nothing else.
    pub(crate) fn start(self) -> (Arc<Self>, ContextBuilder) {
        let site = Arc::new(self);
        (site.clone(), Context::builder().transport(site))
    }

    /// What was asked, as `METHOD URL`, with the authorization behind it where there was one.
    pub(crate) fn asked(&self) -> Vec<String> {
        let shown = |request: &Request<Bytes>| {
            let authorization = request.headers().get(header::AUTHORIZATION);
            let authorization = authorization.map(|value| format!(" {}", value.to_str().unwrap()));
            format!("{} {}{}", request.method(), request.uri(), authorization.unwrap_or_default())
        };
        self.asked.lock().unwrap().iter().map(shown).collect()
    }

    /// What was sent in this header, and with which request for which path.
    #[cfg(feature = "peertube")]
    pub(crate) fn sent(&self, name: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let sent = asked.iter().filter_map(|request| {
            let value = request.headers().get(name)?.to_str().unwrap();
            Some(format!("{} {}: {value}", request.method(), request.uri().path()))
        });
        sent.collect()
    }
}

#[async_trait]
impl Transport for Canned {
    fn asks_hosts(&self) -> bool {
        false
    }

    async fn send(&self, outgoing: Outgoing) -> Result<Response<Body>> {
        let request = outgoing.into_request();
        let url = request.uri().to_string();
        self.asked.lock().unwrap().push(request);
        // As on a network, others have their turn before the answer is there.
        tokio::task::yield_now().await;
        let replies = self.replies.get(&url).unwrap_or_else(|| panic!("nobody answers {url}"));
        let mut replies = replies.lock().unwrap();
        let reply = if replies.len() > 1 { replies.pop().unwrap() } else { replies[0].clone() };
        let (status, headers, body) = reply.0.map_err(|fault| Error::network("", fault, None))?;
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use qetch_core::{Request, Url};

    use super::*;

    #[tokio::test]
    async fn what_is_known_beforehand_is_answered_in_turn() {
        let link = "https://pond.example/a";
        let replies = [Reply::new(200, "frog").with(header::AGE, "3"), Reply::fault(NetworkFault::Timeout)];
        let (site, cx) = Canned::default().on(link, replies).start();
        let cx = cx.build();
        let ask = || cx.send(Request::get(Url::parse(link).unwrap()));
        let first = ask().await.unwrap();
        assert_eq!((first.text().as_str(), first.header(header::AGE)), ("frog", Some("3")));
        assert_eq!(ask().await.unwrap_err().code(), "network");
        assert_eq!(site.asked(), [format!("GET {link}"), format!("GET {link}")]);
    }
}
