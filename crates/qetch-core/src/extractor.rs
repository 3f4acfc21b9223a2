//! `Extractor`: the trait behind every site, and the facts it tells about itself.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use url::Url;

use crate::{
    Answer, AuthKind, Claim, Context, Extraction, Handles, HostPattern, Result, Warning, blocking::blocking,
    files,
};

/// Turns a URL into the contents behind it.
///
/// Implement it in a crate that depends on `qetch-core` alone; `tests/pond` in the repository is one, whole.
///
/// ```
/// use qetch_core::{
///     Claim, Content, Context, Extraction, Extractor, ExtractorInfo, Handle, Handles, Kind, Result, Url, async_trait,
/// };
///
/// #[derive(Debug)]
/// struct Frogs { info: ExtractorInfo }
///
/// impl Frogs {
///     fn new() -> Self {
///         let frog = Handle::new("frog", ["pond.example"], r"^/p/(?P<id>\d+)$").with_example("https://pond.example/p/7");
///         Self { info: ExtractorInfo::new("frogs", "Frogs of pond.example").with_handles(Handles::new([frog])) }
///     }
/// }
///
/// #[async_trait]
/// impl Extractor for Frogs {
///     fn info(&self) -> &ExtractorInfo {
///         &self.info
///     }
///
///     async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
///         let id = self.info.handles().require(url)?["id"].to_owned();
///         let file: Url = cx.get_json(format!("https://api.pond.example/{id}").parse()?).await?;
///         Ok(Extraction::once(Content::of_file(format!("frogs-{id}"), Kind::Image, url, file)))
///     }
/// }
///
/// let url = Url::parse("https://pond.example/p/7").unwrap();
/// assert_eq!(Frogs::new().can_handle(&url), Claim::Yes("frog".into()));
/// ```
#[async_trait]
pub trait Extractor: fmt::Debug + Send + Sync + 'static {
    /// What it tells about itself. The same at every call.
    fn info(&self) -> &ExtractorInfo;

    /// Whether `url` is its to extract. Pure: it looks at the URL and never at the network. What its handles
    /// [claim](Handles::claim), unless implemented.
    fn can_handle(&self, url: &Url) -> Claim {
        self.info().handles().claim(url)
    }

    /// For an extractor that said [`Claim::Perhaps`]: whether this first answer is of its kind. Pure. The answer was
    /// fetched once by the registry, for everyone who said perhaps, and holds the first bytes of the body alone (64 KiB
    /// of a page, less of anything else).
    fn recognise(&self, _answer: &Answer) -> bool {
        false
    }

    /// As [`recognise`](Extractor::recognise), of a first answer that is a refusal: 401, 403, 404 or 410. For software whose
    /// pages answer so where its API tells more: that there is a password, say. Where nobody recognises it, it is the error that
    /// its status is.
    fn recognise_refusal(&self, _answer: &Answer) -> bool {
        false
    }

    /// The resources behind `url`. The first request is made here, so that its error comes at once; later pages are
    /// asked for by the stream, as it is read.
    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction>;

    /// Joins the downloaded fragments, one file each and in order, into the new file `to`. Asked only when
    /// [`ExtractorInfo::own_merge`] says so; it concatenates unless implemented.
    async fn merge(&self, pieces: &[PathBuf], to: &Path) -> Result<()> {
        concat(pieces, to).await
    }
}

/// Writes `pieces`, in order, into the new file `to`.
///
/// # Errors
/// [`Io`](crate::Error::Io) when a file cannot be read or written.
pub async fn concat(pieces: &[PathBuf], to: &Path) -> Result<()> {
    let (pieces, to) = (pieces.to_vec(), to.to_owned());
    blocking(move |wanted| files::concat(&pieces, &to, || wanted.is_wanted())).await
}

/// What an extractor tells about itself.
#[derive(Clone, Debug)]
pub struct ExtractorInfo {
    name: String,
    description: String,
    handles: Handles,
    asks: Vec<HostPattern>,
    auth: Vec<AuthKind>,
    options: Vec<OptionInfo>,
    identity: Identity,
    interval: Option<Duration>,
    intervals_at: Vec<(HostPattern, Duration)>,
    own_merge: bool,
    priority: i32,
}

/// An option that a user may set for an extractor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OptionInfo {
    /// Its name.
    pub name: String,
    /// What it does, its values and its default, in a sentence.
    pub help: String,
}

/// How requests for an extractor introduce themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identity {
    /// As qetch, with its version: what sites that write rules for programs ask for.
    #[default]
    Honest,
    /// With this user agent.
    As(String),
}

impl ExtractorInfo {
    /// The priority of what is asked after everything else.
    pub const LAST: i32 = i32::MIN;

    /// An extractor called `name`, the key for its credential and options; `description` is a sentence for people.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            handles: Handles::default(),
            asks: Vec::new(),
            auth: vec![AuthKind::None],
            options: Vec::new(),
            identity: Identity::default(),
            interval: None,
            intervals_at: Vec::new(),
            own_merge: false,
            priority: 0,
        }
    }

    /// Sets the URLs it knows. It is asked about URLs of the hosts that these name, and, as long as nobody says yes to one,
    /// about every other where one is for `*`. Whoever has no handles is asked about every URL.
    #[must_use]
    pub fn with_handles(mut self, handles: Handles) -> Self {
        self.handles = handles;
        self
    }

    /// Names the hosts it asks besides those it claims. Its credential goes to these and to those, and nowhere else.
    #[must_use]
    pub fn with_asks<'a>(mut self, hosts: impl IntoIterator<Item = &'a str>) -> Self {
        self.asks.extend(hosts.into_iter().map(HostPattern::new));
        self
    }

    /// Sets the kinds of credential it takes, the preferred one first. With [`AuthKind::None`] among them it works
    /// without one; without, a credential is required.
    #[must_use]
    pub fn with_auth(mut self, kinds: impl IntoIterator<Item = AuthKind>) -> Self {
        self.auth = kinds.into_iter().collect();
        self
    }

    /// Adds an option that a user may set.
    #[must_use]
    pub fn with_option(mut self, name: impl Into<String>, help: impl Into<String>) -> Self {
        self.options.push(OptionInfo { name: name.into(), help: help.into() });
        self
    }

    /// Sets how its requests introduce themselves.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = identity;
        self
    }

    /// Sets the least time between the starts of two metadata requests to one host; none unless set. Extractors that ask
    /// the same host share its turns.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Sets that time for a host that has its own rules (`site.example`, `*.site.example`).
    #[must_use]
    pub fn with_interval_at(mut self, host: &str, interval: Duration) -> Self {
        self.intervals_at.push((HostPattern::new(host), interval));
        self
    }

    /// Has the registry ask [`Extractor::merge`] for its contents.
    #[must_use]
    pub fn with_own_merge(mut self) -> Self {
        self.own_merge = true;
        self
    }

    /// Sets its priority among those that claim a URL equally; 0 unless set, higher is asked first.
    #[must_use]
    pub fn with_priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, in a sentence.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The URLs it knows.
    pub fn handles(&self) -> &Handles {
        &self.handles
    }

    /// The hosts it claims, each once, in the order of its handles.
    pub fn hosts(&self) -> Vec<&HostPattern> {
        let mut hosts: Vec<&HostPattern> = Vec::new();
        for host in self.handles.iter().flat_map(super::handles::Handle::hosts) {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        hosts
    }

    /// The hosts it asks besides those it claims.
    pub fn asks(&self) -> &[HostPattern] {
        &self.asks
    }

    /// The kinds of credential it takes, the preferred one first.
    pub fn auth_kinds(&self) -> &[AuthKind] {
        &self.auth
    }

    /// Whether it cannot work without a credential.
    pub fn requires_auth(&self) -> bool {
        !self.auth.is_empty() && !self.auth.contains(&AuthKind::None)
    }

    /// The options a user may set.
    pub fn options(&self) -> &[OptionInfo] {
        &self.options
    }

    /// How its requests introduce themselves.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The least time between the starts of two metadata requests to the host of `url`.
    pub fn interval(&self, url: &Url) -> Option<Duration> {
        let host = url.host_str().unwrap_or_default();
        let own = self.intervals_at.iter().find(|(pattern, _)| pattern.matches(host));
        own.map(|(_, interval)| *interval).or(self.interval)
    }

    /// Whether [`Extractor::merge`] is asked for its contents.
    pub fn own_merge(&self) -> bool {
        self.own_merge
    }

    /// Its priority among those that claim a URL equally.
    pub fn priority(&self) -> i32 {
        self.priority
    }

    /// A warning in this extractor's name.
    pub fn warning(&self, message: impl AsRef<str>) -> Warning {
        Warning::new(format!("{}: {}", self.name(), message.as_ref()))
    }

    /// Whether its credential may go to `url`: over https, to a host it claims or asks.
    pub(crate) fn trusts(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let declared = || self.handles.iter().flat_map(super::handles::Handle::hosts).chain(&self.asks);
        // That software may run anywhere declares no host.
        let is_declared = || declared().any(|pattern| !pattern.is_any() && pattern.matches(host));
        url.scheme() == "https" && url.port().is_none() && is_declared()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Handle;

    #[test]
    fn a_credential_goes_to_declared_hosts_over_https_alone() {
        let info = ExtractorInfo::new("site", "")
            .with_handles(Handles::new([Handle::new("a", ["site.example"], "")]))
            .with_asks(["*.cdn.example"]);
        let check =
            |url: &str, expected| assert_eq!(info.trusts(&Url::parse(url).unwrap()), expected, "{url}");
        check("https://site.example/x", true);
        check("https://a.cdn.example/x", true);
        check("https://cdn.example/x", false);
        check("http://site.example/x", false);
        check("https://site.example:444/x", false);
        check("https://site.example.evil.test/x", false);

        let anywhere = Handles::new([Handle::new("a", ["*"], "")]);
        let anywhere = ExtractorInfo::new("software", "").with_handles(anywhere);
        assert!(!anywhere.trusts(&Url::parse("https://site.example/x").unwrap()));
    }

    #[test]
    fn a_host_with_rules_of_its_own_has_an_interval_of_its_own() {
        let info = ExtractorInfo::new("site", "").with_interval_at("api.example", Duration::from_secs(5));
        let interval = |info: &ExtractorInfo, url: &str| info.interval(&Url::parse(url).unwrap());
        assert_eq!(interval(&info, "https://site.example/"), None);
        let info = info.with_interval(Duration::from_secs(1));
        assert_eq!(interval(&info, "https://site.example/"), Some(Duration::from_secs(1)));
        assert_eq!(interval(&info, "https://api.example/"), Some(Duration::from_secs(5)));
    }

    #[test]
    fn none_among_the_kinds_means_that_it_works_without() {
        let info = |kinds: &[AuthKind]| ExtractorInfo::new("site", "").with_auth(kinds.to_vec());
        assert!(!ExtractorInfo::new("site", "").requires_auth());
        assert!(!info(&[AuthKind::OAuth, AuthKind::None]).requires_auth());
        assert!(info(&[AuthKind::Token]).requires_auth());
    }
}
