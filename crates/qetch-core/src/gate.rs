//! The gate: the one way to the network. What every request must obey is decided here: schemes, credentials, redirects,
//! and how many connections a host gives.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tracing::Instrument as _;
use url::Url;

use crate::{
    Context, Credential, Error, OpenAnswer, Request, Result,
    header_time::retry_after,
    hosts::{HostKey, Permit},
    shown::{shown, strip},
    transport::{Lane, Outgoing},
};

/// Redirects that are followed before giving up.
const MOST_REDIRECTS: usize = 20;

impl Context {
    /// Sends a request, follows its redirects, and answers as soon as the head of the answer is there, whatever its
    /// status. The answer holds one of its host's connections until it is dropped.
    ///
    /// # Errors
    /// [`Unsupported`](Error::Unsupported) for a scheme other than `http` and `https`, at the first request or behind a
    /// redirect; [`RateLimited`](Error::RateLimited) while the host asks for a longer wait than is allowed;
    /// [`OverLimit`](Error::OverLimit) after 20 redirects; [`Invalid`](Error::Invalid) and
    /// [`LoginRequired`](Error::LoginRequired) when the credential that is named cannot be attached;
    /// [`Network`](Error::Network) when the host cannot be reached.
    pub async fn open(&self, mut request: Request) -> Result<OpenAnswer> {
        request.url.set_fragment(None);
        strip(&mut request.url);
        let from = request.url.clone();
        if request.lane == Lane::Metadata {
            self.wait_turn().await;
        }
        let mut secret = self.authorization(&request).await?;
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.exchange(&request, secret.as_ref()).await?;
            let Some(next) = redirect_target(&answer)? else { return Ok(answer) };
            let same_origin = next.origin() == request.url.origin();
            let status = answer.status();
            drop(answer);
            follow(&mut request, next, status, same_origin)?;
            if !same_origin {
                secret = self.typed_authorization(&request.url)?;
            }
        }
        Err(Error::over_limit(
            format!("the chain of redirects from {}", shown(&from)),
            format!("{MOST_REDIRECTS}"),
        ))
    }

    /// One exchange with one host, when it is our turn.
    async fn exchange(&self, request: &Request, secret: Option<&HeaderValue>) -> Result<OpenAnswer> {
        let url = &request.url;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            let reason = format!("qetch fetches http and https alone, not `{}`", url.scheme());
            return Err(Error::unsupported(shown(url), reason));
        }
        let key = HostKey::of(url);
        let permit = self.permit(&key, request).await?;
        let wire = self.wire(request, secret)?;
        let span = tracing::debug_span!("connection", method = %request.method, url = shown(url));
        let outgoing = Outgoing::new(wire, request.lane);
        let sent = self.shared.transport.send(outgoing).instrument(span).await;
        let answer = sent.map_err(|error| named(error, url))?;
        tracing::debug!(status = answer.status().as_u16(), url = shown(url), "answered");
        if matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
            && let Some(wait) = retry_after(answer.headers())
        {
            self.shared.hosts.pause(&key, wait);
        }
        Ok(OpenAnswer::new(answer, url.clone(), permit))
    }

    async fn permit(&self, key: &HostKey, request: &Request) -> Result<Permit> {
        let hosts = &self.shared.hosts;
        hosts.wait(key, &request.url).await?;
        if let Some(permit) = hosts.try_permit(key, request.lane) {
            return Ok(permit);
        }
        // Every connection is taken. Answers that wait for a download which may never come give way first.
        let _in_line = hosts.stand_in_line(key);
        self.shared.parked.give_way(key);
        let permit = hosts.permit(key, request.lane).await?;
        // Others may have been told to wait while we stood in line.
        hosts.wait(key, &request.url).await?;
        Ok(permit)
    }

    /// The request as it goes out.
    fn wire(&self, request: &Request, secret: Option<&HeaderValue>) -> Result<http::Request<bytes::Bytes>> {
        let mut wire = http::Request::new(request.body.clone());
        *wire.method_mut() = request.method.clone();
        *wire.uri_mut() = request.url.as_str().parse().map_err(|error: http::uri::InvalidUri| {
            Error::invalid(shown(&request.url), format!("not a URL that can be asked for: {error}"))
        })?;
        let headers = wire.headers_mut();
        headers.clone_from(&request.headers);
        let agent = HeaderValue::try_from(self.user_agent());
        let agent = agent.map_err(|_| Error::unexpected("a user agent that no header can hold", None))?;
        headers.entry(header::USER_AGENT).or_insert(agent);
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
        if let Some(secret) = secret {
            headers.insert(header::AUTHORIZATION, secret.clone());
        }
        Ok(wire)
    }

    /// The `Authorization` for what the user typed in a link to this origin.
    fn typed_authorization(&self, url: &Url) -> Result<Option<HeaderValue>> {
        self.typed_credential(url).map_or(Ok(None), |credential| basic(&credential))
    }

    /// The `Authorization` to attach: of the credential that the request names, or what the user typed for its origin.
    async fn authorization(&self, request: &Request) -> Result<Option<HeaderValue>> {
        let Some(name) = &request.auth else {
            if request.headers.contains_key(header::AUTHORIZATION) {
                return Ok(None);
            }
            return self.typed_authorization(&request.url);
        };
        let info = self.scope.info.as_ref().filter(|info| info.name() == name);
        let info = info.ok_or_else(|| {
            Error::invalid(format!("the credential `{name}`"), "only its own extractor may name it")
        })?;
        if !info.trusts(&request.url) {
            let reason = format!("{name} does not declare {} for it, over https", shown(&request.url));
            return Err(Error::invalid(format!("the credential `{name}`"), reason));
        }
        let refused = || Error::login_required(name, info.auth_kinds());
        match self.credential().ok_or_else(refused)? {
            Credential::Token { token } => bearer(token.expose()).map(Some),
            Credential::OAuth { .. } => {
                let token = self.shared.tokens.kept(name).ok_or_else(refused)?;
                bearer(token.expose()).map(Some)
            }
            other => basic(other),
        }
    }
}

/// `Authorization` for a user name and a password (RFC 7617, section 2).
fn basic(credential: &Credential) -> Result<Option<HeaderValue>> {
    let Credential::Basic { username, password } = credential else { return Ok(None) };
    let pair = BASE64.encode(format!("{username}:{}", password.expose()));
    sensitive(format!("Basic {pair}")).map(Some)
}

/// `Authorization` for a token (RFC 6750, section 2.1).
fn bearer(token: &str) -> Result<HeaderValue> {
    sensitive(format!("Bearer {token}"))
}

fn sensitive(value: String) -> Result<HeaderValue> {
    let value = HeaderValue::try_from(value);
    let mut value =
        value.map_err(|_| Error::invalid("the credential", "it has characters that no header can hold"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A transport names the host it connected to; a person knows the one in the URL.
fn named(error: Error, url: &Url) -> Error {
    match error {
        Error::Network { fault, note, source, .. } => {
            Error::Network { host: crate::error::host_of(url), fault, note, source }
        }
        other => other,
    }
}

/// Where an answer leads on (RFC 9110, section 15.4); `None` where it is no redirect, or one without a target.
fn redirect_target(answer: &OpenAnswer) -> Result<Option<Url>> {
    if !matches!(answer.status(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = answer.headers().get(header::LOCATION) else { return Ok(None) };
    let text = std::str::from_utf8(location.as_bytes()).ok();
    let next = text.and_then(|text| answer.url().join(text).ok());
    let mut next = next.ok_or_else(|| Error::bad_reply(answer.url(), "its redirect leads to no URL"))?;
    // A server does not get to choose the credentials we send.
    strip(&mut next);
    next.set_fragment(None);
    Ok(Some(next))
}

/// Turns `request` into the one that a redirect asks for.
fn follow(request: &mut Request, next: Url, status: u16, same_origin: bool) -> Result<()> {
    let becomes_get = match status {
        303 => request.method != Method::HEAD,
        301 | 302 => request.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        request.method = Method::GET;
        request.body = bytes::Bytes::new();
        for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
            request.headers.remove(name);
        }
    }
    if !same_origin {
        // What is posted may be a secret, and was meant for the origin that redirects.
        if !request.body.is_empty() {
            return Err(Error::bad_reply(&request.url, "it redirects what was sent to it to another origin"));
        }
        drop_secrets(&mut request.headers);
    }
    request.url = next;
    Ok(())
}

/// Leaves out what is for the origin that redirected, and for no other.
fn drop_secrets(headers: &mut HeaderMap) {
    let secret: Vec<HeaderName> = headers
        .iter()
        .filter(|(name, value)| {
            let known = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];
            value.is_sensitive() || known.contains(name)
        })
        .map(|(name, _)| name.clone())
        .collect();
    for name in secret {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use bytes::Bytes;

    use super::*;
    use crate::{
        AuthRegistry, ExtractorInfo, Handle, Handles,
        transport::{Body, Transport},
    };

    /// Answers by path: `/to?URL` redirects there, `/see?URL` with 303, `/again?URL` with 307, else 200.
    #[derive(Debug, Default)]
    struct Site(Mutex<Vec<http::Request<Bytes>>>);

    #[async_trait]
    impl Transport for Site {
        async fn send(&self, outgoing: Outgoing) -> Result<http::Response<Body>> {
            let request = outgoing.into_request();
            let mut answer = http::Response::new(Body::from(Bytes::from("ok")));
            let uri = request.uri().clone();
            let status = match uri.path() {
                "/to" => Some(StatusCode::FOUND),
                "/see" => Some(StatusCode::SEE_OTHER),
                "/again" => Some(StatusCode::TEMPORARY_REDIRECT),
                _ => None,
            };
            if let (Some(status), Some(target)) = (status, uri.query()) {
                *answer.status_mut() = status;
                answer.headers_mut().insert(header::LOCATION, target.parse().unwrap());
            }
            self.0.lock().unwrap().push(request);
            Ok(answer)
        }
    }

    fn site(auth: AuthRegistry) -> (Arc<Site>, Context) {
        let site = Arc::new(Site::default());
        let cx = Context::builder().transport(site.clone()).auth(auth).build();
        (site, cx)
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    /// The `Authorization` headers that each host was sent.
    fn authorizations(site: &Site) -> Vec<(String, Option<String>)> {
        let seen = site.0.lock().unwrap();
        let of = |request: &http::Request<Bytes>| {
            let value = request.headers().get(header::AUTHORIZATION);
            (request.uri().host().unwrap().to_owned(), value.map(|value| value.to_str().unwrap().to_owned()))
        };
        seen.iter().map(of).collect()
    }

    #[tokio::test]
    async fn redirects_are_followed_and_counted() {
        let (_, cx) = site(AuthRegistry::new());
        let answer = cx.send(Request::get(url("https://a.example/to?https://b.example/x"))).await.unwrap();
        assert_eq!(answer.url().as_str(), "https://b.example/x");
        let around = cx.send(Request::get(url("https://a.example/to?/to?/to"))).await;
        assert!(around.is_ok());
        let endless = cx.send(Request::get(url("https://a.example/to?"))).await.unwrap_err();
        assert_eq!(endless.code(), "over_limit");
    }

    #[tokio::test]
    async fn other_schemes_are_refused_at_every_hop() {
        let (site, cx) = site(AuthRegistry::new());
        for target in ["file:///etc/passwd", "data:,x", "ftp://h.example/x"] {
            let first = cx.send(Request::get(url(target))).await.unwrap_err();
            assert_eq!(first.code(), "unsupported", "{target}");
            let behind = url(&format!("https://a.example/to?{target}"));
            assert_eq!(cx.send(Request::get(behind)).await.unwrap_err().code(), "unsupported", "{target}");
        }
        assert_eq!(site.0.lock().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn a_post_that_is_sent_elsewhere_becomes_a_get() {
        let (site, cx) = site(AuthRegistry::new());
        let post = Request::get(url("https://a.example/see?/done")).with_json(&1);
        cx.send(post).await.unwrap();
        let seen = site.0.lock().unwrap();
        assert_eq!((seen[1].method(), seen[1].body().len()), (&Method::GET, 0));
        assert!(!seen[1].headers().contains_key(header::CONTENT_TYPE));
    }

    #[tokio::test]
    async fn what_is_posted_is_not_sent_on_to_another_origin() {
        let (site, cx) = site(AuthRegistry::new());
        let check = async |target: &str| {
            let url = url(&format!("https://a.example/again?{target}"));
            cx.send(Request::get(url).with_json(&"s3cret")).await.map(drop).map_err(|error| error.code())
        };
        assert_eq!(check("https://b.example/").await, Err("bad_reply"));
        assert_eq!(check("http://a.example/").await, Err("bad_reply"));
        assert_eq!(check("/here").await, Ok(()));
        let seen = site.0.lock().unwrap();
        assert!(seen.iter().all(|request| request.uri().host() == Some("a.example")));
        assert_eq!(seen.last().unwrap().body(), "\"s3cret\"");
    }

    #[tokio::test]
    async fn secrets_do_not_follow_to_another_host() {
        let (site, cx) = site(AuthRegistry::new());
        let mut key = HeaderValue::from_static("k3y");
        key.set_sensitive(true);
        let request = Request::get(url("https://a.example/to?https://b.example/to?https://a.example/"))
            .with_bearer(&"t0ken".into())
            .with_header(HeaderName::from_static("x-key"), key);
        cx.send(request).await.unwrap();
        let bearer = Some("Bearer t0ken".to_owned());
        assert_eq!(authorizations(&site)[..2], [("a.example".into(), bearer), ("b.example".into(), None)]);
        assert!(!site.0.lock().unwrap()[1].headers().contains_key("x-key"));
    }

    #[tokio::test]
    async fn typed_user_information_goes_to_its_origin_alone() {
        let (site, cx) = site(AuthRegistry::new());
        let (mine, first) = cx.adopt(&url("https://me:pw@a.example/to?https://b.example/"));
        mine.send(Request::get(first.clone())).await.unwrap();
        let basic = Some("Basic bWU6cHc=".to_owned());
        assert_eq!(authorizations(&site), [("a.example".into(), basic), ("b.example".into(), None)]);
        cx.send(Request::get(first)).await.unwrap();
        assert_eq!(authorizations(&site)[2], ("a.example".into(), None), "another's credential");
    }

    #[tokio::test]
    async fn a_named_credential_goes_to_declared_hosts_for_its_extractor_alone() {
        let (site, cx) = site(AuthRegistry::new().with("frogs", Credential::token("t")));
        let frogs =
            ExtractorInfo::new("frogs", "").with_handles(Handles::new([Handle::new("a", ["a.example"], "")]));
        let toads = ExtractorInfo::new("toads", "").with_handles(frogs.handles().clone());
        let ask = |info: &ExtractorInfo, to: &str| {
            let request = Request::get(url(to)).with_auth("frogs");
            let cx = cx.scoped(info);
            async move { cx.send(request).await.map(drop).map_err(|error| error.code()) }
        };
        assert_eq!(ask(&frogs, "https://a.example/").await, Ok(()));
        assert_eq!(ask(&frogs, "https://b.example/").await, Err("invalid"));
        assert_eq!(ask(&frogs, "http://a.example/").await, Err("invalid"));
        assert_eq!(ask(&toads, "https://a.example/").await, Err("invalid"));
        assert_eq!(authorizations(&site), [("a.example".into(), Some("Bearer t".into()))]);
    }
}
