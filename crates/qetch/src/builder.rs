//! `QetchBuilder`: what a [`Qetch`] is made of.

use std::{fmt, sync::Arc, time::Duration};

use qetch_core::{
    AuthRegistry, Context, ContextBuilder, Downloader, Extractor, ExtractorInfo, Limits, Muxer,
    NetworkPolicy, RateLimit, Registry, Result, Routes, Tape, Transport, Url, UserHeaders,
};

use crate::Qetch;

/// Settings of a [`Qetch`].
///
/// ```
/// use qetch::{AuthRegistry, Credential, Qetch};
///
/// let auth = AuthRegistry::new().with("gfycat", Credential::oauth("key", "secret"));
/// let qetch = Qetch::builder().auth(auth).max_per_host(4).build();
/// ```
#[must_use]
pub struct QetchBuilder {
    own: Registry,
    builtin: Vec<Arc<dyn Extractor>>,
    routes: Routes,
    context: ContextBuilder,
}

impl QetchBuilder {
    pub(crate) fn new() -> Self {
        Self {
            own: Registry::new(),
            builtin: qetch_extractors::builtin(),
            routes: Routes::new(),
            context: Context::builder(),
        }
    }

    /// Adds an extractor of your own, which is asked before those that are built in.
    pub fn extractor(mut self, extractor: impl Extractor) -> Self {
        self.own = self.own.with_extractor(extractor);
        self
    }

    /// Adds a downloader of your own, which is asked before those that are built in.
    pub fn downloader(mut self, downloader: impl Downloader) -> Self {
        let downloader: Arc<dyn Downloader> = Arc::new(downloader);
        self.own = self.own.with_downloaders([downloader]);
        self
    }

    /// Sets what makes one file of several tracks.
    pub fn muxer(mut self, muxer: Arc<dyn Muxer>) -> Self {
        self.own = self.own.with_muxer(muxer);
        self
    }

    /// What the extractors tell about themselves, your own first: what [`AuthRegistry::with_variables`] asks for.
    pub fn extractors(&self) -> impl Iterator<Item = &ExtractorInfo> {
        self.own.extractors().chain(&self.builtin).map(|extractor| extractor.info())
    }

    /// The credentials; none unless set.
    pub fn auth(mut self, auth: AuthRegistry) -> Self {
        self.context = self.context.auth(auth);
        self
    }

    /// Sets an option of an extractor. One that no extractor has is an error when something is extracted.
    pub fn option(mut self, extractor: &str, name: &str, value: &str) -> Self {
        self.context = self.context.option(extractor, name, value);
        self
    }

    /// The most connections to one host over everything at once; 10 unless set, at least 1.
    pub fn max_per_host(mut self, connections: usize) -> Self {
        self.context = self.context.max_per_host(connections);
        self
    }

    /// How often a link is asked for again, to find out who knows it, when the answer fails in a way that may pass; 3 unless
    /// set.
    pub fn retries(mut self, retries: u32) -> Self {
        self.context = self.context.retries(retries);
        self
    }

    /// The longest wait that a host may ask for; 60 s unless set.
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.context = self.context.longest_wait(wait);
        self
    }

    /// How every request introduces itself; unless set as qetch, or as an extractor has to.
    ///
    /// # Errors
    /// Those of [`ContextBuilder::user_agent`].
    pub fn user_agent(mut self, agent: impl Into<String>) -> Result<Self> {
        self.context = self.context.user_agent(agent)?;
        Ok(self)
    }

    /// Headers of the user's own, for every request; none unless set. Those that may be secrets go nowhere before
    /// [`Qetch::with_headers`] says where they may.
    pub fn headers(mut self, headers: UserHeaders) -> Self {
        self.context = self.context.headers(headers);
        self
    }

    /// Where requests may go: [`NetworkPolicy::Origin`] unless set.
    pub fn network(mut self, policy: NetworkPolicy) -> Self {
        self.context = self.context.network(policy);
        self
    }

    /// How much of what strangers send is taken, and how far it leads: the defaults of [`Limits`] unless set.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.context = self.context.limits(limits);
        self
    }

    /// The rate of all downloads together; none unless set.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.context = self.context.rate_limit(limit);
        self
    }

    /// Asks `origin` in place of `host`, or of every host for `*`, with the `Host` header as it was.
    ///
    /// # Errors
    /// Those of [`Routes::with`].
    pub fn route(mut self, host: &str, origin: &Url) -> Result<Self> {
        self.routes = self.routes.with(host, origin)?;
        Ok(self)
    }

    /// Sets all routes, in place of those that were there.
    pub fn routes(mut self, routes: Routes) -> Self {
        self.routes = routes;
        self
    }

    /// What carries the requests; the network itself unless set. A proxy, authorities of one's own and the clocks of
    /// connections are settings of the network: see [`LiveBuilder`](qetch_core::LiveBuilder).
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.context = self.context.transport(transport);
        self
    }

    /// Writes all that is asked and answered to `tape`, whatever routes it takes. What the credentials and the
    /// headers of the user's own hold is redacted.
    pub fn recording(mut self, tape: Tape) -> Self {
        self.context = self.context.recording(tape);
        self
    }

    /// The [`Qetch`]. Nothing is opened before it is asked for something, so nothing can fail here.
    pub fn build(self) -> Qetch {
        // What is built in comes last: of several with one name, the first is the one whose contents they are.
        let registry = self.own.with_builtin(self.builtin).with_downloaders(qetch_downloaders::builtin());
        #[cfg(feature = "downloader-mux")]
        let registry = match registry.muxer() {
            Some(_) => registry,
            None => registry.with_muxer(qetch_downloaders::muxer()),
        };
        Qetch::of(registry, self.context.routes(self.routes).build())
    }
}

impl fmt::Debug for QetchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.extractors().map(ExtractorInfo::name).collect();
        f.debug_struct("QetchBuilder")
            .field("extractors", &names)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Pond, Scribe, content};

    #[test]
    fn what_is_the_users_own_stands_before_what_is_built_in() {
        let builder = Qetch::builder().extractor(Pond::new("gfycat")).downloader(Scribe::default());
        assert_eq!(builder.extractors().next().unwrap().description(), "A pond");
        let qetch = builder.build();
        let own = qetch.registry().extractor("gfycat").unwrap();
        assert_eq!(own.info().description(), "A pond");
        assert_eq!(qetch.registry().downloader_for(&content("a1")).unwrap().name(), "scribe");
    }

    #[tokio::test]
    async fn an_option_that_no_extractor_has_is_an_error_of_extracting() {
        let qetch = Qetch::builder().extractor(Pond::new("pond")).option("pond", "depth", "3").build();
        let error = qetch.extract("https://pond.example/1").await.unwrap_err();
        assert_eq!(error.code(), "invalid");
    }

    #[test]
    fn a_route_that_is_none_is_refused() {
        let origin = Url::parse("http://127.0.0.1:1").unwrap();
        assert!(Qetch::builder().route("*", &origin).is_ok());
        assert_eq!(Qetch::builder().route("a/b", &origin).unwrap_err().code(), "invalid");
    }

    #[test]
    fn every_feature_brings_its_own() {
        let qetch = Qetch::new();
        let has = |name: &str| qetch.registry().extractor(name).is_some();
        // Another package of the same build may have turned more on.
        assert!(has("generic") || !cfg!(feature = "extractor-generic"));
        assert!(has("gfycat") || !cfg!(feature = "extractor-gfycat"));
        let http = qetch.registry().downloaders().any(|downloader| downloader.name() == "http");
        assert!(http || !cfg!(feature = "downloader-http"));
    }
}
