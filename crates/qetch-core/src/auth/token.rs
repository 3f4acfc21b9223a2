//! Access tokens: asked for by one caller at a time, kept until they expire.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::json;
use url::Url;

use super::{Credential, Secret};
use crate::{Context, Error, Request, Result, lenient, lock::lock, shown::shown};

/// A token that stops working this long before its time is as good as expired: the request has yet to travel.
const MARGIN: Duration = Duration::from_secs(30);

/// A token that a site gave for a credential.
#[derive(Clone, Debug)]
pub struct AccessToken {
    secret: Secret,
    expires: Option<Instant>,
}

impl AccessToken {
    /// A token that works for `lifetime` from now, or until it is refused where that is `None`.
    pub fn new(secret: impl Into<Secret>, lifetime: Option<Duration>) -> Self {
        let expires = lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime));
        Self { secret: secret.into(), expires }
    }

    fn is_fresh(&self) -> bool {
        self.expires.is_none_or(|expires| Instant::now() + MARGIN < expires)
    }
}

/// An OAuth 2.0 client-credentials request (RFC 6749, section 4.4.2).
#[derive(Clone)]
pub struct TokenRequest {
    endpoint: Url,
}

impl TokenRequest {
    /// A request to `endpoint` with a JSON body, as several sites ask for it instead of the RFC's form.
    pub fn json(endpoint: Url) -> Self {
        Self { endpoint }
    }

    /// Sends it.
    ///
    /// # Errors
    /// [`LoginRequired`](Error::LoginRequired) when the credential is not of client credentials or is refused (400,
    /// 401, 403), [`Invalid`](Error::Invalid) when the extractor does not declare the endpoint's host,
    /// [`SiteChanged`](Error::SiteChanged) when the answer holds no token, and those of the network.
    pub async fn send(&self, cx: &Context, credential: &Credential) -> Result<AccessToken> {
        let Credential::OAuth { key, secret } = credential else {
            return Err(Error::login_required(cx.name(), [super::AuthKind::OAuth]));
        };
        if !cx.trusts(&self.endpoint) {
            let reason = format!("{} does not declare this host for its credential, over https", cx.name());
            return Err(Error::invalid(shown(&self.endpoint), reason));
        }
        let body = json!({
            "grant_type": "client_credentials", "client_id": key, "client_secret": secret.expose(),
        });
        let answer = cx.send(Request::get(self.endpoint.clone()).with_json(&body)).await?;
        if matches!(answer.status(), 400 | 401 | 403) {
            return Err(Error::login_required(cx.name(), [super::AuthKind::OAuth]));
        }
        let granted: Granted = answer.ok()?.json(cx.name())?;
        Ok(AccessToken::new(granted.access_token, granted.expires_in.map(Duration::from_secs)))
    }
}

/// Shows the endpoint without its query.
impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest").field("endpoint", &shown(&self.endpoint)).finish()
    }
}

/// The answer of RFC 6749, section 5.1.
#[derive(serde::Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default, deserialize_with = "lenient::number")]
    expires_in: Option<u64>,
}

/// The token of one extractor. Minting has a lock of its own, so that looking at the kept token never waits.
#[derive(Debug, Default)]
struct Slot {
    kept: Mutex<Option<AccessToken>>,
    minting: tokio::sync::Mutex<()>,
}

impl Slot {
    fn fresh(&self) -> Option<Secret> {
        lock(&self.kept).as_ref().filter(|token| token.is_fresh()).map(|token| token.secret.clone())
    }
}

/// The tokens of a context, by extractor.
#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

impl TokenCache {
    /// The kept token of `name` while it is fresh, else what `mint` brings. The minting lock is held over `mint`, on
    /// purpose: callers that come meanwhile wait for that one token instead of asking for their own. So `mint` must not
    /// ask for this token itself.
    pub(crate) async fn get<F>(&self, name: &str, mint: F) -> Result<Secret>
    where
        F: Future<Output = Result<AccessToken>>,
    {
        let slot = self.slot(name);
        if let Some(secret) = slot.fresh() {
            return Ok(secret);
        }
        let _minting = slot.minting.lock().await;
        if let Some(secret) = slot.fresh() {
            return Ok(secret);
        }
        let token = mint.await?;
        let secret = token.secret.clone();
        *lock(&slot.kept) = Some(token);
        Ok(secret)
    }

    /// The kept token of `name`, if it is fresh.
    pub(crate) fn kept(&self, name: &str) -> Option<Secret> {
        self.slot(name).fresh()
    }

    /// Forgets the token of `name` if it is still `refused`: of several callers that were refused with one token, the
    /// first makes the next be minted, and the others do not throw the new one away.
    pub(crate) fn forget(&self, name: &str, refused: &Secret) {
        let slot = self.slot(name);
        let mut kept = lock(&slot.kept);
        if kept.as_ref().is_some_and(|token| token.secret == *refused) {
            *kept = None;
        }
    }

    fn slot(&self, name: &str) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        slots.entry(name.to_owned()).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    async fn minted(cache: &TokenCache, count: &AtomicU32, lifetime: Option<Duration>) -> String {
        let mint = async {
            tokio::task::yield_now().await;
            Ok(AccessToken::new(format!("t{}", count.fetch_add(1, Ordering::SeqCst)), lifetime))
        };
        cache.get("site", mint).await.unwrap().expose().to_owned()
    }

    #[tokio::test]
    async fn callers_that_come_together_share_one_token() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        let tokens = futures_util::future::join_all((0..5).map(|_| minted(&cache, &count, None))).await;
        assert_eq!(tokens, ["t0"; 5]);
    }

    #[tokio::test]
    async fn an_expired_token_is_asked_for_again() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        assert_eq!(minted(&cache, &count, Some(MARGIN / 2)).await, "t0");
        assert_eq!(minted(&cache, &count, Some(MARGIN * 4)).await, "t1");
        assert_eq!(minted(&cache, &count, None).await, "t1");
    }

    #[tokio::test]
    async fn only_the_refused_token_is_forgotten() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        minted(&cache, &count, None).await;
        cache.forget("site", &"t0".into());
        assert_eq!(minted(&cache, &count, None).await, "t1");
        cache.forget("site", &"t0".into());
        assert_eq!(minted(&cache, &count, None).await, "t1");
    }
}
