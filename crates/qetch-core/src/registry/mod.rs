//! `Registry`: the extractors and downloaders of a program, and the one pipeline through them.

mod budget;
mod claims;
mod follow;
mod gaps;
mod index;
mod merge;
mod tracks;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream;
use tracing::Instrument as _;
use url::Url;

pub use self::claims::Claimed;
use self::{
    budget::Budget,
    follow::{Follower, Link},
    index::Index,
    merge::merged,
};
use crate::{
    Answer, Claim, Content, Context, Credential, DownloadOptions, Downloader, Error, Extraction, Extractor,
    Handoff, Known, Muxer, Refresh, Report, Result, Target, TargetKind,
    context::First,
    scheme,
    shown::{shown, strip},
};

/// The extractors and downloaders of a program. A value: two of them know nothing of each other.
///
/// Cheap to clone. Which extractor is asked for a URL is decided by, in turn: one that says yes, and only where nobody does
/// those that say perhaps; what the user registered before what is built in;
/// [priority](crate::ExtractorInfo::with_priority); a handle that names the host before one with a wildcard; the name.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    extractors: Arc<Extractors>,
    downloaders: Vec<Arc<dyn Downloader>>,
    muxer: Option<Arc<dyn Muxer>>,
}

/// The extractors in the order they were added, and which of them to ask.
#[derive(Clone, Debug, Default)]
struct Extractors {
    entries: Vec<Entry>,
    index: Index,
}

#[derive(Clone, Debug)]
struct Entry {
    extractor: Arc<dyn Extractor>,
    built_in: bool,
}

impl Registry {
    /// A registry that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an extractor of the user's, which is asked before those that are built in.
    #[must_use]
    pub fn with_extractor(mut self, extractor: impl Extractor) -> Self {
        Arc::make_mut(&mut self.extractors).add(Entry { extractor: Arc::new(extractor), built_in: false });
        self
    }

    /// Adds extractors that come with a sub-crate, such as its `builtin()`.
    #[must_use]
    pub fn with_builtin(mut self, extractors: impl IntoIterator<Item = Arc<dyn Extractor>>) -> Self {
        let all = Arc::make_mut(&mut self.extractors);
        extractors.into_iter().for_each(|extractor| all.add(Entry { extractor, built_in: true }));
        self
    }

    /// Adds downloaders, which are asked in the order they are added.
    #[must_use]
    pub fn with_downloaders(mut self, downloaders: impl IntoIterator<Item = Arc<dyn Downloader>>) -> Self {
        self.downloaders.extend(downloaders);
        self
    }

    /// Sets what makes one file of several tracks; nothing does unless set.
    #[must_use]
    pub fn with_muxer(mut self, muxer: Arc<dyn Muxer>) -> Self {
        self.muxer = Some(muxer);
        self
    }

    /// What makes one file of several tracks.
    pub fn muxer(&self) -> Option<&Arc<dyn Muxer>> {
        self.muxer.as_ref()
    }

    /// The extractors, in the order they were added.
    pub fn extractors(&self) -> impl Iterator<Item = &Arc<dyn Extractor>> {
        self.extractors.entries.iter().map(|entry| &entry.extractor)
    }

    /// The downloaders, in the order they are asked.
    pub fn downloaders(&self) -> impl Iterator<Item = &Arc<dyn Downloader>> {
        self.downloaders.iter()
    }

    /// The extractor of this name: the user's before the one that is built in.
    pub fn extractor(&self, name: &str) -> Option<&Arc<dyn Extractor>> {
        let named = |entry: &&Entry| entry.extractor.info().name() == name;
        let mut found: Vec<_> = self.extractors.entries.iter().filter(named).collect();
        found.sort_by_key(|entry| entry.built_in);
        found.first().map(|entry| &entry.extractor)
    }

    /// The downloader that brings `content`.
    pub fn downloader_for(&self, content: &Content) -> Option<&Arc<dyn Downloader>> {
        self.downloaders.iter().find(|downloader| downloader.can_handle(content))
    }

    /// The resources behind `url`. Hand-offs are followed, so what comes is resources and warnings, each content with
    /// the name of its extractor.
    ///
    /// # Errors
    /// [`Unsupported`](Error::Unsupported) for a scheme other than `http` and `https`, whoever claims it, and when nothing
    /// claims the URL; [`LoginRequired`](Error::LoginRequired) when its extractor requires a credential that is missing;
    /// [`OverLimit`](Error::OverLimit) where one of the [`Limits`](crate::Limits) is met; and those of the extractor.
    pub async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        scheme::check(url)?;
        let known: Vec<_> = self.extractors().map(|extractor| extractor.info()).collect();
        cx.check_options(&known)?;
        let (cx, url) = cx.adopt(url);
        let (cx, waits) = cx.for_extraction();
        let mut budget = Budget::new(cx.shared.limits, waits);
        let cx = budget.spend(cx.beneath(&url)).await?;
        let span = tracing::info_span!("extraction", url = shown(&url));
        let first = self.begin(&cx, &url, Known::default()).instrument(span.clone());
        let first = budget.spend(first).await??;
        budget.count(&first.extraction)?;
        let follower = Follower::new(self.clone(), cx, budget, first);
        Ok(Extraction::from_stream(stream::unfold(follower, move |mut follower| {
            let span = span.clone();
            async move {
                let found = follower.next().instrument(span).await?;
                Some((found, follower))
            }
        })))
    }

    /// Finds the extractor for `url` and asks it.
    async fn begin(&self, cx: &Context, url: &Url, known: Known) -> Result<Link> {
        let claims = self.claims(url);
        let (extractor, first) = match claims.first() {
            None => return Err(self.unsupported(url)),
            Some(Claimed { extractor, claim: Claim::Yes(_) }) => (extractor.clone(), None),
            Some(_) => {
                let is_remembered = |it: &&Claimed| cx.remembers(it.extractor.info().name(), url).is_some();
                if let Some(claimed) = claims.iter().find(is_remembered) {
                    return self.ask(&claimed.extractor, cx, url, None, known).await;
                }
                match cx.fetch_first_or_refusal(url).await? {
                    First::Answer(answer) => {
                        if let Some(handoff) = self.behind_redirect(&claims, url, &answer) {
                            drop(cx.take_parked(url));
                            let extraction = Extraction::once(handoff);
                            let (url, name) = (url.clone(), String::new());
                            return Ok(Link { url, name, first: None, known, extraction });
                        }
                        let mut claims = claims.into_iter();
                        let recognised = claims.find(|claimed| claimed.extractor.recognise(&answer));
                        let recognised = recognised.ok_or_else(|| self.unsupported(url))?;
                        (recognised.extractor, Some(Arc::new(answer)))
                    }
                    First::Refusal(answer, error) => {
                        let mut claims = claims.into_iter();
                        let recognised = claims.find(|claimed| claimed.extractor.recognise_refusal(&answer));
                        (recognised.ok_or(error)?.extractor, None)
                    }
                }
            }
        };
        self.ask(&extractor, cx, url, first, known).await
    }

    /// Where a short link leads, if that is to somebody who could not tell by the link itself. Those of `claims` could.
    fn behind_redirect(&self, claims: &[Claimed], url: &Url, answer: &Answer) -> Option<Handoff> {
        let (there, mut here) = (answer.url(), url.clone());
        here.set_fragment(None);
        if *there == here {
            return None;
        }
        let could = |it: &Claimed| claims.iter().any(|claim| Arc::ptr_eq(&claim.extractor, &it.extractor));
        let theirs = self.claims(there).into_iter().find(|it| match it.claim {
            Claim::Perhaps => !could(it) && it.extractor.recognise(answer),
            _ => true,
        })?;
        let handoff = Handoff::new(there.clone());
        let is_named = theirs.claim == Claim::Perhaps;
        Some(if is_named { handoff.to(theirs.extractor.info().name()) } else { handoff })
    }

    /// Asks `extractor` for what is behind `url`, whose first answer is there already where somebody had to be recognised.
    async fn ask(
        &self,
        extractor: &Arc<dyn Extractor>,
        cx: &Context,
        url: &Url,
        first: Option<Arc<Answer>>,
        known: Known,
    ) -> Result<Link> {
        let info = extractor.info();
        let cx = cx.scoped(info).among(self);
        let cx = first.iter().fold(cx, |cx, answer| cx.with_first_answer(url, answer.clone()));
        let fits = |credential: &Credential| info.auth_kinds().contains(&credential.kind());
        if info.requires_auth() && !cx.credential().is_some_and(fits) {
            return Err(Error::login_required(info.name(), info.auth_kinds()));
        }
        tracing::debug!(extractor = info.name(), "asked");
        let extraction = extractor.extract(&cx, url).await?;
        Ok(Link { url: url.clone(), name: info.name().to_owned(), first, known, extraction })
    }

    fn unsupported(&self, url: &Url) -> Error {
        let names: Vec<_> = self.extractors().map(|extractor| extractor.info().name()).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Error::unsupported(shown(url), format!("no extractor of this build claims it (there is {known})"))
    }

    /// Brings `content` to `to`: the downloader is found, the extractor's own merge is asked where it has one, and dead
    /// links are made anew by extracting again unless `options` say how. What is missing of a file is listed beside it: see
    /// [`Report::gaps_list`].
    ///
    /// # Errors
    /// [`Unsupported`](Error::Unsupported) for a link of a scheme other than `http` and `https`, whoever would take it, and
    /// when no downloader knows the delivery; [`Conflict`](Error::Conflict) when something stands at the target; and those of
    /// the downloader and of the merge.
    pub async fn download(
        &self,
        cx: &Context,
        content: &Content,
        to: &Target,
        options: &DownloadOptions,
    ) -> Result<Report> {
        content.fragments.iter().try_for_each(|fragment| scheme::check(&fragment.url))?;
        let downloader = self.downloader_for(content).ok_or_else(|| {
            let names: Vec<_> = self.downloaders.iter().map(|downloader| downloader.name()).collect();
            let reason = format!("no downloader of this build brings it (there is {})", names.join(", "));
            Error::unsupported(format!("{} ({:?})", content.uid, content.delivery), reason)
        })?;
        let extractor = self.extractor(&content.extractor);
        let cx = cx.for_download().for_content(content).await;
        let (mut options, overwrite) = (options.clone(), options.overwrite);
        if let (None, Some(_)) = (&options.refresh, extractor) {
            options = options.with_refresh(Arc::new(Again { registry: self.clone(), cx: cx.clone() }));
        }
        let cx = extractor.map_or_else(|| cx.clone(), |extractor| cx.scoped(extractor.info()));
        let span = tracing::info_span!("content", uid = content.uid);
        let report = match (to.kind(), extractor.filter(|extractor| extractor.info().own_merge())) {
            (TargetKind::File(path), Some(extractor)) => {
                merged(extractor, downloader, &cx, content, path, &options).instrument(span).await?
            }
            (TargetKind::Track(path), Some(extractor)) => {
                // What stands there is ours, and nothing shows whether it is whole.
                let options = options.with_overwrite(true);
                merged(extractor, downloader, &cx, content, path, &options).instrument(span).await?
            }
            _ => downloader.download(&cx, content, to, &options).instrument(span).await?,
        };
        match to.kind() {
            TargetKind::File(_) if !report.existed => gaps::listed(report, &content.uid, overwrite).await,
            _ => Ok(report),
        }
    }
}

impl Extractors {
    fn add(&mut self, entry: Entry) {
        self.index.add(self.entries.len(), entry.extractor.info());
        self.entries.push(entry);
    }
}

/// Makes links anew by extracting the source again.
struct Again {
    registry: Registry,
    cx: Context,
}

#[async_trait]
impl Refresh for Again {
    async fn refresh(&self, content: &Content) -> Result<Content> {
        // What stands before the `@` of a source was typed by nobody.
        let mut source = content.source.clone();
        strip(&mut source);
        let mut extraction = self.registry.extract(&self.cx, &source).await?;
        while let Some(variants) = extraction.next_variants().await? {
            if let Some(fresh) = variants.find(&content.uid) {
                return Ok(fresh.clone());
            }
        }
        Err(Error::not_found(format!("{} at {}", content.uid, shown(&content.source))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ExtractorInfo, Handle, Handles, Kind};

    /// Claims by its handles, and finds a content that bears its name.
    #[derive(Debug)]
    struct Named(ExtractorInfo);

    /// Claims by its handle, `*.site.example` or `www.site.example`.
    fn handles(name: &str, host: &str, priority: i32) -> Named {
        let handles = Handles::new([Handle::new("any", [host], "")]);
        Named(ExtractorInfo::new(name, "").with_handles(handles).with_priority(priority))
    }

    #[async_trait]
    impl Extractor for Named {
        fn info(&self) -> &ExtractorInfo {
            &self.0
        }

        fn can_handle(&self, url: &Url) -> Claim {
            self.0.handles().claim(url)
        }

        async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
            Ok(Extraction::once(Content::new(self.0.name(), Kind::Text, url.clone(), [])))
        }
    }

    #[test]
    fn the_users_extractor_is_the_one_of_its_name() {
        let built_in = [Arc::new(handles("same", "a.example", 0)) as Arc<dyn Extractor>];
        let registry = Registry::new().with_builtin(built_in).with_extractor(handles("same", "b.example", 0));
        assert_eq!(registry.extractor("same").unwrap().info().hosts()[0].to_string(), "b.example");
    }

    #[tokio::test]
    async fn what_nobody_claims_is_told_with_those_that_are_there() {
        let registry = Registry::new().with_extractor(handles("frogs", "pond.example", 0));
        let url = Url::parse("https://www.site.example/x").unwrap();
        let error = registry.extract(&Context::new(), &url).await.unwrap_err();
        assert_eq!(error.code(), "unsupported");
        assert!(error.to_string().contains("there is frogs"), "{error}");

        let content = Content::new("u", Kind::Text, url, []);
        let to = Target::file("unused");
        let error =
            registry.download(&Context::new(), &content, &to, &DownloadOptions::new()).await.unwrap_err();
        assert_eq!(error.code(), "unsupported");
    }

    #[tokio::test]
    async fn a_refresh_finds_the_same_uid_again_or_says_that_it_is_not_there() {
        let registry = Registry::new().with_extractor(handles("frog", "pond.example", 0));
        let again = Again { registry, cx: Context::new() };
        let stale =
            |uid: &str| Content::new(uid, Kind::Video, Url::parse("https://pond.example/1").unwrap(), []);
        let fresh = again.refresh(&stale("frog")).await.unwrap();
        assert_eq!((fresh.kind, fresh.extractor.as_str()), (Kind::Text, "frog"));
        assert_eq!(again.refresh(&stale("toad")).await.unwrap_err().code(), "not_found");
    }
}
