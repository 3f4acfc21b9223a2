//! `Context`: what extractors and downloaders are lent.

mod builder;
mod first_answer;
mod memory;
mod scope;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    future::Future,
    sync::{Arc, Mutex},
};

use serde::de::DeserializeOwned;
use tokio::time::Instant;
use url::Url;

pub use self::builder::ContextBuilder;
pub(crate) use self::first_answer::First;
pub(crate) use self::scope::{Owner, Scope};
use crate::{
    AccessToken, AddressClass, Answer, AuthRegistry, Claim, Content, Credential, Error, ExtractorInfo, Floor,
    Identity, Limits, NetworkPolicy, OpenAnswer, RateLimit, Request, Result, Routes, Secret,
    auth::TokenCache,
    content,
    hosts::{HostKey, Hosts, Task},
    lock::lock,
    parked::Parked,
    transport::Transport,
};

/// What extractors and downloaders are lent: the gate to the network, and what belongs to the extractor they work for.
///
/// Cheap to clone; clones share connections, host limits, tokens and parked answers. The registry scopes it: an
/// extractor sees its own credential and options, and no one else's.
#[derive(Clone)]
pub struct Context {
    pub(crate) shared: Arc<Shared>,
    pub(crate) scope: Arc<Scope>,
    /// In whose name connections are held and waited for.
    pub(crate) task: Task,
}

/// What all clones of a context share.
pub(crate) struct Shared {
    pub(crate) transport: Arc<dyn Transport>,
    /// What the transport follows: where they lead is not judged.
    pub(crate) routes: Routes,
    network: NetworkPolicy,
    pub(crate) limits: Limits,
    pub(crate) hosts: Hosts,
    retries: u32,
    pub(crate) parked: Parked,
    pub(crate) tokens: TokenCache,
    auth: AuthRegistry,
    options: Options,
    user_agent: Option<String>,
    rate_limit: Option<RateLimit>,
    /// When each host whose extractors keep an interval may be asked next.
    turns: Mutex<HashMap<HostKey, Instant>>,
    memory: memory::Memory,
}

type Options = BTreeMap<String, BTreeMap<String, String>>;

impl Context {
    /// The network, with the default settings and no credentials.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Settings to change.
    pub fn builder() -> ContextBuilder {
        ContextBuilder::new()
    }

    /// The name of the extractor it works for; `qetch` where it works for none.
    pub fn name(&self) -> &str {
        self.scope.info.as_ref().map_or("qetch", ExtractorInfo::name)
    }

    /// The credential of the extractor it works for, if the user gave one.
    pub fn credential(&self) -> Option<&Credential> {
        self.shared.auth.get(self.scope.info.as_ref()?.name())
    }

    /// What the user set for an option of the extractor it works for.
    pub fn option(&self, name: &str) -> Option<&str> {
        let options = self.shared.options.get(self.scope.info.as_ref()?.name())?;
        options.get(name).map(String::as_str)
    }

    /// Sends a request and reads its answer, whatever its status.
    ///
    /// # Errors
    /// [`OverLimit`](Error::OverLimit) when the answer has more bytes than the request or
    /// [`Limits::answer_bytes`] allows, and those of [`open`](Context::open).
    pub async fn send(&self, request: Request) -> Result<Answer> {
        let limit = self.shared.limits.bytes_of_answer(request.limit);
        self.open(request).await?.read(limit).await
    }

    /// The JSON at `url`.
    ///
    /// # Errors
    /// What [`Error::status`] makes of a status that is no success, [`SiteChanged`](Error::SiteChanged) where the
    /// answer has another shape, and those of [`send`](Context::send).
    pub async fn get_json<T: DeserializeOwned>(&self, url: Url) -> Result<T> {
        self.send(Request::get(url)).await?.ok()?.json(self.name())
    }

    /// The text at `url`; what is not UTF-8 becomes U+FFFD.
    ///
    /// # Errors
    /// What [`Error::status`] makes of a status that is no success, [`BadReply`](Error::BadReply) for a compressed answer,
    /// and those of [`send`](Context::send).
    pub async fn get_text(&self, url: Url) -> Result<String> {
        Ok(self.send(Request::get(url)).await?.ok()?.text())
    }

    /// The access token of the extractor it works for: the kept one while it is fresh, else what `mint` brings. Of
    /// callers that come together one mints, and the others wait for that token.
    ///
    /// # Errors
    /// Those of `mint`.
    pub async fn token<F>(&self, mint: F) -> Result<Secret>
    where
        F: Future<Output = Result<AccessToken>>,
    {
        self.shared.tokens.get(self.name(), mint).await
    }

    /// Says that the site refused `token`, so that the next call of [`token`](Context::token) mints another.
    pub fn forget_token(&self, token: &Secret) {
        self.shared.tokens.forget(self.name(), token);
    }

    /// The most connections that the downloads of this context get of one host: one less than the host's cap, which is kept
    /// for what sites are asked, where the cap is more than one.
    pub fn most_for_media(&self) -> usize {
        self.shared.hosts.most_for_media()
    }

    /// The open answer to a plain GET of `url` that an extraction left behind, if there is one: its bytes need not be
    /// asked for again. For downloaders.
    pub fn take_parked(&self, url: &Url) -> Option<OpenAnswer> {
        let mut answer = self.shared.parked.take(url, &self.owner(url))?;
        answer.move_to(&self.task);
        Some(answer)
    }

    /// Where requests may go.
    pub fn network(&self) -> NetworkPolicy {
        self.shared.network
    }

    /// The floor of what `url`, or a link behind it, leads to: that of the URL which a person gave, where one did.
    pub(crate) async fn floor(&self, url: &Url) -> Floor {
        match (self.shared.network, self.scope.floor) {
            (NetworkPolicy::Any, _) => Floor::ANY,
            (NetworkPolicy::PublicOnly, _) => Floor::PUBLIC_ONLY,
            (NetworkPolicy::Origin, Some(floor)) => floor,
            (NetworkPolicy::Origin, None) => {
                let class = self.shared.transport.class_of(url).await;
                Floor::of(class.unwrap_or(AddressClass::Public))
            }
        }
    }

    /// This context, for all that `url` leads to, unless it is for something else already.
    pub(crate) async fn beneath(&self, url: &Url) -> Self {
        match self.scope.floor {
            Some(_) => self.clone(),
            None => self.with_floor(self.floor(url).await),
        }
    }

    /// This context, for all that the links of `content` lead to: no further than the URL that it was found behind may. What
    /// was saved is a stranger's word, and leads to public addresses alone. The registry calls it for each download, and so
    /// does a downloader that is asked without one.
    pub async fn for_content(&self, content: &Content) -> Self {
        match (self.shared.network, content.provenance.floor()) {
            _ if self.scope.floor.is_some() => self.clone(),
            (NetworkPolicy::Origin, Some(floor)) => self.with_floor(floor),
            _ => self.beneath(&content.source).await,
        }
    }

    /// How a content came to be that was found through this context.
    pub(crate) fn provenance(&self) -> content::Provenance {
        let admits_all = self.scope.floor == Some(Floor::ANY);
        // That a context admits everything is for it alone to say: elsewhere it is a stranger's word.
        let floor = if admits_all { Some(Floor::PUBLIC) } else { self.scope.floor };
        floor.map_or(content::Provenance::Made, content::Provenance::Behind)
    }

    /// Waits until the host of `url` may be asked again, by the interval that the extractor keeps there.
    pub(crate) async fn wait_turn(&self, url: &Url) {
        let interval = self.scope.info.as_ref().and_then(|info| info.interval(url));
        let Some(interval) = interval.filter(|_| self.shared.transport.asks_hosts()) else { return };
        let turn = {
            let mut turns = lock(&self.shared.turns);
            let (key, now) = (HostKey::of(url), Instant::now());
            if turns.len() >= TURNS && !turns.contains_key(&key) {
                turns.retain(|_, turn| *turn > now);
            }
            let turn = turns.get(&key).copied().unwrap_or(now).max(now);
            turns.insert(key, turn + interval);
            turn
        };
        let _waits = self.waits();
        tokio::time::sleep_until(turn).await;
    }

    /// Whether an extractor of the registry knows `url` as its own: for pages that embed what others have.
    pub fn knows(&self, url: &Url) -> bool {
        let claims = self.scope.registry.as_ref().map(|registry| registry.claims(url)).unwrap_or_default();
        matches!(claims.first(), Some(first) if first.claim != Claim::Perhaps)
    }

    /// Whether the registry has an extractor of this name, to which something can be [handed off](crate::Handoff::to).
    pub fn has_extractor(&self, name: &str) -> bool {
        self.scope.registry.as_ref().is_some_and(|registry| registry.extractor(name).is_some())
    }

    /// How much of what strangers send is taken.
    pub fn limits(&self) -> Limits {
        self.shared.limits
    }

    /// The rate of all downloads together, if the user set one.
    pub fn rate_limit(&self) -> Option<&RateLimit> {
        self.shared.rate_limit.as_ref()
    }

    /// How the user wants all requests to introduce themselves.
    pub(crate) fn own_user_agent(&self) -> Option<&str> {
        self.shared.user_agent.as_deref()
    }

    /// How requests introduce themselves.
    pub(crate) fn user_agent(&self) -> &str {
        if let Some(agent) = self.own_user_agent() {
            return agent;
        }
        match self.scope.info.as_ref().map(ExtractorInfo::identity) {
            Some(Identity::As(agent)) => agent,
            _ => HONEST,
        }
    }

    /// Options that no extractor of `known` has, as the error that lists what there is.
    pub(crate) fn check_options(&self, known: &[&ExtractorInfo]) -> Result<()> {
        for (name, options) in &self.shared.options {
            let Some(info) = known.iter().find(|info| info.name() == name) else {
                let names: Vec<_> = known.iter().map(|info| info.name()).collect();
                let reason = format!("there is no such extractor; this build has {}", names.join(", "));
                return Err(Error::invalid(format!("an option for `{name}`"), reason));
            };
            let names: Vec<_> = info.options().iter().map(|option| option.name.as_str()).collect();
            if let Some(option) = options.keys().find(|option| !names.contains(&option.as_str())) {
                let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                let reason = format!("{name} has no such option; it has {has}");
                return Err(Error::invalid(format!("the option `{option}`"), reason));
            }
        }
        Ok(())
    }
}

/// How honest requests introduce themselves.
const HONEST: &str = concat!("qetch/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"), ")");

/// Hosts whose turns are remembered before those that are over are let go.
const TURNS: usize = 1024;

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("name", &self.name())
            .field("transport", &self.shared.transport)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_extractor_sees_its_own_credential_and_options() {
        let auth =
            AuthRegistry::new().with("frogs", Credential::token("f")).with("toads", Credential::token("t"));
        let cx = Context::builder().auth(auth).option("frogs", "size", "large").build();
        assert!(cx.credential().is_none() && cx.option("size").is_none());

        let frogs = cx.scoped(&ExtractorInfo::new("frogs", ""));
        assert_eq!(frogs.credential(), Some(&Credential::token("f")));
        assert_eq!(frogs.option("size"), Some("large"));

        let newts = cx.scoped(&ExtractorInfo::new("newts", ""));
        assert!(newts.credential().is_none() && newts.option("size").is_none());
    }

    #[test]
    fn an_unknown_option_is_told_with_those_that_are_known() {
        let frogs = ExtractorInfo::new("frogs", "").with_option("size", "");
        let check = |extractor: &str, option: &str| {
            let cx = Context::builder().option(extractor, option, "").build();
            cx.check_options(&[&frogs]).map_err(|error| error.to_string())
        };
        assert_eq!(check("frogs", "size"), Ok(()));
        assert!(check("frogs", "sizes").unwrap_err().contains("it has size"));
        assert!(check("frog", "size").unwrap_err().contains("this build has frogs"));
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_interval_spaces_the_requests_to_each_host() {
        let cx = Context::new();
        let info = |name: &str| ExtractorInfo::new(name, "").with_interval(Duration::from_secs(2));
        let (slow, other) = (cx.scoped(&info("slow")), cx.scoped(&info("other")));
        let start = Instant::now();
        for _ in 0..3 {
            slow.wait_turn(&url("https://h.example/a")).await;
            slow.wait_turn(&url("https://else.example/a")).await;
            cx.wait_turn(&url("https://h.example/a")).await;
        }
        assert_eq!(start.elapsed().as_secs(), 4);
        other.wait_turn(&url("https://h.example/b")).await;
        assert_eq!(start.elapsed().as_secs(), 6, "the turns of a host are everyone's");
    }

    #[tokio::test(start_paused = true)]
    async fn a_download_knows_of_its_own_waits() {
        let slow =
            Context::new().scoped(&ExtractorInfo::new("slow", "").with_interval(Duration::from_secs(2)));
        slow.wait_turn(&url("https://h.example/")).await;
        let (mine, other) = (slow.for_download(), slow.for_download());
        let url = url("https://h.example/");
        let mut turn = std::pin::pin!(mine.wait_turn(&url));
        assert!(tokio::time::timeout(Duration::from_secs(1), &mut turn).await.is_err());
        assert_eq!([&mine.clone(), &other, &slow].map(Context::is_waiting), [true, false, false]);
        turn.await;
        assert!(!mine.is_waiting());
    }
}
