//! `Routes`: asking another origin in place of a host, with the `Host` header as it was.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use http::{HeaderValue, Uri, header};
use url::Url;

use super::{Body, Lane, Outgoing, Transport};
use crate::{AddressClass, Error, Floor, Result, link};

/// Which origin is asked in place of which host: for tests, for trying things against a local site, for mirrors. It is
/// the operator's word: where a route leads is never judged.
///
/// ```
/// use qetch_core::{Routes, Url};
///
/// let local = Url::parse("http://127.0.0.1:8080").unwrap();
/// let routes = Routes::new().with("api.gfycat.com", &local).unwrap().with("*", &local).unwrap();
/// assert!(routes.with("a/b", &local).is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    origins: BTreeMap<String, Url>,
}

impl Routes {
    /// No routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks `origin` in place of `host`; `*` stands for every host without a route of its own. Of `origin` the scheme,
    /// host and port count; path and query are those of the request.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) where `host` is no host name, or `origin` is more than an `http` or `https` origin.
    pub fn with(mut self, host: &str, origin: &Url) -> Result<Self> {
        let host = match host {
            "*" => host.to_owned(),
            // As URLs write it: lower case, and beyond ASCII as Punycode.
            host => url::Host::parse(host).map(|parsed| parsed.to_string()).map_err(|_| {
                Error::invalid("the host of a route", "not a host name, nor `*` for every host")
            })?,
        };
        let bare = matches!(origin.path(), "" | "/")
            && origin.query().is_none()
            && origin.username().is_empty()
            && origin.password().is_none();
        if !bare || !link::is_http(origin) {
            let reason = "its target must be like http://127.0.0.1:8080, without a path";
            return Err(Error::invalid(format!("the route for `{host}`"), reason));
        }
        self.origins.insert(host, origin.clone());
        Ok(self)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty()
    }

    /// Whether another origin is asked in place of this host.
    pub(crate) fn covers(&self, host: &str) -> bool {
        self.find(host).is_some()
    }

    fn find(&self, host: &str) -> Option<&Url> {
        self.origins.get(host).or_else(|| self.origins.get("*"))
    }
}

/// A transport that follows [`Routes`] on the way to another one.
pub struct Routed {
    routes: Routes,
    inner: Arc<dyn Transport>,
}

impl Routed {
    /// Sends through `inner`, with `routes` followed.
    pub fn new(routes: Routes, inner: Arc<dyn Transport>) -> Self {
        Self { routes, inner }
    }
}

impl fmt::Debug for Routed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routed").field("routes", &self.routes).field("inner", &self.inner).finish()
    }
}

#[async_trait]
impl Transport for Routed {
    /// Where a route leads is the operator's word, and the name that it is for counts as public.
    async fn class_of(&self, url: &Url) -> Option<AddressClass> {
        let is_routed = self.routes.covers(url.host_str().unwrap_or_default());
        if is_routed { None } else { self.inner.class_of(url).await }
    }

    fn asks_hosts(&self) -> bool {
        self.inner.asks_hosts()
    }

    async fn send(&self, outgoing: Outgoing) -> Result<http::Response<Body>> {
        let uri = outgoing.request().uri();
        let Some(origin) = self.routes.find(uri.host().unwrap_or_default()) else {
            return self.inner.send(outgoing).await;
        };
        let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{}{port}", uri.host().unwrap_or_default());
        let host =
            HeaderValue::try_from(host).map_err(|error| Error::unexpected("a host", Some(error.into())))?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let target: Uri = format!("{}{path}", origin.origin().ascii_serialization())
            .parse()
            .map_err(|error: http::uri::InvalidUri| Error::unexpected("a routed URL", Some(error.into())))?;
        let mut request = outgoing.request().clone();
        *request.uri_mut() = target;
        request.headers_mut().insert(header::HOST, host);
        // Over HTTP/2 the authority would be the target's whatever the header says: the media client speaks HTTP/1.1.
        let outgoing = outgoing.with_request(request).with_lane(Lane::Media).under(Floor::ANY);
        self.inner.send(outgoing).await
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[derive(Debug)]
    struct Echo;

    #[async_trait]
    impl Transport for Echo {
        async fn send(&self, outgoing: Outgoing) -> Result<http::Response<Body>> {
            let request = outgoing.into_request();
            let host = request.headers().get(header::HOST).map_or("none", |host| host.to_str().unwrap());
            let seen = format!("{} {host}", request.uri());
            Ok(http::Response::new(Bytes::from(seen).into()))
        }
    }

    async fn check(routes: &Routes, url: &str, expected: &str) {
        let routed = Routed::new(routes.clone(), Arc::new(Echo));
        let request = http::Request::get(url).body(Bytes::new()).unwrap();
        let mut answer = routed.send(Outgoing::new(request, Lane::Metadata)).await.unwrap();
        assert_eq!(answer.body_mut().chunk().await.unwrap().unwrap(), expected);
    }

    #[tokio::test]
    async fn a_route_changes_the_origin_and_keeps_the_host_header() {
        let target = Url::parse("http://127.0.0.1:81/").unwrap();
        let one = Routes::new().with("API.example", &target).unwrap();
        check(&one, "https://api.example:444/a?b", "http://127.0.0.1:81/a?b api.example:444").await;
        check(&one, "https://cdn.example/a", "https://cdn.example/a none").await;
        let all = one.with("*", &Url::parse("http://[::1]:82").unwrap()).unwrap();
        check(&all, "https://cdn.example/a", "http://[::1]:82/a cdn.example").await;
        check(&all, "https://api.example/", "http://127.0.0.1:81/ api.example").await;
    }

    #[test]
    fn a_target_is_an_origin_and_nothing_more() {
        for target in ["http://h/path", "http://h/?q", "http://u@h", "http://:p@h", "ftp://h", "data:x"] {
            let target = Url::parse(target).unwrap();
            assert_eq!(Routes::new().with("*", &target).unwrap_err().code(), "invalid", "{target}");
        }
    }
}
