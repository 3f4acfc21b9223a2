//! The gate: the one way to the network. What every request must obey is decided here: schemes, credentials, redirects,
//! and how many connections a host gives.

#[cfg(test)]
mod tests;

use std::{pin::pin, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::time::timeout;
use tracing::Instrument as _;
use url::Url;

use crate::{
    Context, Credential, Error, Floor, OpenAnswer, Request, Result,
    header_time::{allowance_back, retry_after},
    hosts::{HostKey, Permit},
    parked::FOLLOWS,
    scheme,
    shown::{shown, strip},
    transport::{Body, Lane, Outgoing},
};

/// What the HTTP client says of a head over its own limits. It has no type that we could ask.
const HEAD_OVER_LIMIT: &str = "message head is too large";

impl Context {
    /// Sends a request, follows its redirects, and answers as soon as the head of the answer is there, whatever its
    /// status. The answer holds one of its host's connections until it is dropped.
    ///
    /// # Errors
    /// [`Unsupported`](Error::Unsupported) for a scheme other than `http` and `https`, at the first request or behind a
    /// redirect; [`EgressDenied`](Error::EgressDenied) for an address that the network policy refuses, at the first request or
    /// behind a redirect; [`RateLimited`](Error::RateLimited) while the host asks for a longer wait than is allowed;
    /// [`OverLimit`](Error::OverLimit) after as many redirects as [`Limits`](crate::Limits) allow, and for a head of more
    /// than 100 headers or 400 KiB; [`Invalid`](Error::Invalid) and
    /// [`LoginRequired`](Error::LoginRequired) when the credential that is named cannot be attached;
    /// [`Network`](Error::Network) when the host cannot be reached.
    pub async fn open(&self, mut request: Request) -> Result<OpenAnswer> {
        scheme::check(&request.url)?;
        request.url.set_fragment(None);
        strip(&mut request.url);
        let from = request.url.clone();
        let floor = self.floor(&request.url).await;
        let mut secret = self.authorization(&request).await?;
        let most = self.shared.limits.redirects;
        for _ in 0..=most {
            let answer = self.exchange(&request, secret.as_ref(), floor).await?;
            let Some(next) = redirect_target(&answer)? else { return Ok(answer) };
            let same_origin = next.origin() == request.url.origin();
            let status = answer.status();
            drop(answer);
            follow(&mut request, next, status, same_origin)?;
            if !same_origin {
                secret = self.typed_authorization(&request.url)?;
            }
        }
        Err(Error::over_limit(format!("the chain of redirects from {}", shown(&from)), most.to_string()))
    }

    /// One exchange with one host, when it is our turn.
    async fn exchange(
        &self,
        request: &Request,
        secret: Option<&HeaderValue>,
        floor: Floor,
    ) -> Result<OpenAnswer> {
        let url = &request.url;
        // A route is the operator's word, whatever it is for.
        if !self.shared.routes.covers(url.host_str().unwrap_or_default()) {
            floor.judge(url)?;
        }
        let key = HostKey::of(url);
        if request.lane == Lane::Metadata {
            self.wait_turn(url).await;
        }
        let permit = self.permit(&key, request).await?;
        let wire = self.wire(request, secret)?;
        let span = tracing::debug_span!("connection", method = %request.method, url = shown(url));
        let outgoing = Outgoing::new(wire, request.lane).under(floor);
        let sent = self.shared.transport.send(outgoing).instrument(span).await;
        let answer = sent.map_err(|error| named(error, url))?;
        tracing::debug!(status = answer.status().as_u16(), url = shown(url), "answered");
        // What is replayed asks nobody to wait.
        if self.shared.transport.asks_hosts() {
            self.obey(&key, &answer, request.lane);
        }
        Ok(OpenAnswer::new(answer, url.clone(), permit, self.shared.limits))
    }

    /// Notes what an answer says of when its host may be asked again.
    fn obey(&self, key: &HostKey, answer: &http::Response<Body>, lane: Lane) {
        let (hosts, headers) = (&self.shared.hosts, answer.headers());
        if matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            hosts.complain(key);
            if let Some(wait) = retry_after(headers) {
                hosts.pause(key, wait);
            }
        }
        if let Some(wait) = allowance_back(headers).filter(|_| lane == Lane::Metadata) {
            hosts.pause(key, wait);
        }
    }

    async fn permit(&self, key: &HostKey, request: &Request) -> Result<Permit> {
        let (hosts, mut waited) = (&self.shared.hosts, Duration::ZERO);
        hosts.wait(key, &request.url, || self.waits(), &mut waited).await?;
        let ticket = hosts.line_up(key, &self.task, request.lane);
        if let Some(permit) = ticket.try_take() {
            return Ok(permit);
        }
        // Every connection is taken. Answers that wait for a download which may never come give way first.
        let permit = {
            let _waits = self.waits();
            let mut taken = pin!(ticket.take());
            loop {
                self.shared.parked.give_way(key);
                // What was just parked may be fetched next; if not, it gives way a little later.
                if let Ok(permit) = timeout(FOLLOWS, &mut taken).await {
                    break permit;
                }
            }
        };
        // Others may have been told to wait while we stood in line.
        hosts.wait(key, &request.url, || self.waits(), &mut waited).await?;
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
        // A page that came over TLS is not told in the clear (RFC 9110, section 10.1.3).
        if request.url.scheme() == "http"
            && headers.get(header::REFERER).is_some_and(|page| page.as_bytes().starts_with(b"https:"))
        {
            headers.remove(header::REFERER);
        }
        let agent = HeaderValue::try_from(self.user_agent());
        let agent = agent.map_err(|_| Error::unexpected("a user agent that no header can hold", None))?;
        if self.own_user_agent().is_some() {
            headers.insert(header::USER_AGENT, agent);
        } else {
            headers.entry(header::USER_AGENT).or_insert(agent);
        }
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
        if let Some(secret) = secret {
            headers.insert(header::AUTHORIZATION, secret.clone());
        }
        // The user's own word comes last. What of it may go here is decided at every hop.
        let own = self.user_headers(&request.url);
        for name in own.keys() {
            headers.remove(name);
        }
        for (name, value) in &own {
            headers.append(name.clone(), value.clone());
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
        Error::Network { source: Some(source), .. } if source.to_string() == HEAD_OVER_LIMIT => {
            Error::over_limit(format!("the head of the answer of {}", shown(url)), "100 headers and 400 KiB")
        }
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
    scheme::check(&next)?;
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
        shorten_referer(&mut request.headers);
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

/// Leaves of the page that a link is embedded in no more than its origin, as browsers do: whoever redirects to another
/// origin does not get to tell that one the rest.
fn shorten_referer(headers: &mut HeaderMap) {
    let Some(page) = headers.remove(header::REFERER) else { return };
    let page = page.to_str().ok().and_then(|page| Url::parse(page).ok());
    let origin = page.map(|page| HeaderValue::try_from(format!("{}/", page.origin().ascii_serialization())));
    if let Some(Ok(origin)) = origin {
        headers.insert(header::REFERER, origin);
    }
}
