//! `Context`: what extractors and downloaders are lent.

mod builder;
mod scope;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde::de::DeserializeOwned;
use tokio::time::Instant;
use url::Url;

pub use self::builder::ContextBuilder;
pub(crate) use self::scope::{Owner, Scope};
use crate::{
    AccessToken, AddressClass, Answer, AuthRegistry, Content, Credential, Error, ExtractorInfo, Floor,
    Identity, Limits, NetworkPolicy, OpenAnswer, RateLimit, Request, Result, Routes, Secret,
    auth::TokenCache,
    content,
    hosts::{Hosts, Task},
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
    /// When each extractor with an interval may ask next.
    turns: Mutex<HashMap<String, Instant>>,
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

    /// The first answer to a plain GET of `url`: the one by which the registry found the extractor, or else fetched
    /// now. Its body holds the first bytes alone; the rest stays parked for a download that follows, and an extractor
    /// that finds no file in it lets go of it by [`take_parked`](Context::take_parked).
    ///
    /// # Errors
    /// What [`Error::status`] makes of a status that is no success, and those of [`open`](Context::open).
    pub async fn first_answer(&self, url: &Url) -> Result<Arc<Answer>> {
        match &self.scope.first_answer {
            Some((from, answer)) if from == url => Ok(answer.clone()),
            _ => self.fetch_first(url).await.map(Arc::new),
        }
    }

    /// The first answer that is a success, asked for again while it fails in a way that may pass. What a host asks to wait
    /// is waited for by the gate.
    async fn open_first(&self, url: &Url) -> Result<OpenAnswer> {
        let mut failures = 0;
        loop {
            let error = match self.open(Request::media(url.clone())).await.and_then(OpenAnswer::ok) {
                Err(error) if error.is_retryable() && failures < self.shared.retries => error,
                answer => return answer,
            };
            failures += 1;
            let wait = FIRST_WAIT.saturating_mul(1 << failures.min(7));
            tracing::debug!(%error, wait = wait.as_secs_f32(), "asking again");
            tokio::time::sleep(wait).await;
        }
    }

    /// Fetches the first answer to a plain GET of `url` and parks the rest of it.
    pub(crate) async fn fetch_first(&self, url: &Url) -> Result<Answer> {
        let open = self.open_first(url).await?;
        let is_page =
            open.media_type().is_none_or(|it| matches!(it.as_str(), "text/html" | "application/xhtml+xml"));
        let (answer, open) = open.peek(if is_page { PAGE_BYTES } else { MEDIA_BYTES }).await?;
        self.shared.parked.park(url, self.owner(url), open);
        Ok(answer)
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

    /// Waits until the extractor may ask again, by the interval it declares.
    pub(crate) async fn wait_turn(&self) {
        let Some(info) = &self.scope.info else { return };
        let Some(interval) = info.interval() else { return };
        let turn = {
            let mut turns = lock(&self.shared.turns);
            let turn = turns.get(info.name()).copied().unwrap_or_else(Instant::now).max(Instant::now());
            turns.insert(info.name().to_owned(), turn + interval);
            turn
        };
        let _waits = self.waits();
        tokio::time::sleep_until(turn).await;
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

/// Half the wait before a link is asked for again; each further wait is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How much of a page is read to recognise it.
const PAGE_BYTES: usize = 64 << 10;

/// How much of anything else: signatures stand at the very beginning.
const MEDIA_BYTES: usize = 1 << 10;

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

    #[tokio::test(start_paused = true)]
    async fn an_interval_spaces_the_requests_of_its_extractor() {
        let cx = Context::new();
        let slow = cx.scoped(&ExtractorInfo::new("slow", "").with_interval(Duration::from_secs(2)));
        let start = Instant::now();
        for _ in 0..3 {
            slow.wait_turn().await;
            cx.wait_turn().await;
        }
        assert_eq!(start.elapsed().as_secs(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_download_knows_of_its_own_waits() {
        let slow =
            Context::new().scoped(&ExtractorInfo::new("slow", "").with_interval(Duration::from_secs(2)));
        slow.wait_turn().await;
        let (mine, other) = (slow.for_download(), slow.for_download());
        let mut turn = std::pin::pin!(mine.wait_turn());
        assert!(tokio::time::timeout(Duration::from_secs(1), &mut turn).await.is_err());
        assert_eq!([&mine.clone(), &other, &slow].map(Context::is_waiting), [true, false, false]);
        turn.await;
        assert!(!mine.is_waiting());
    }
}
