//! `Registry`: the extractors and downloaders of a program, and the one pipeline through them.

mod budget;
mod follow;
mod gaps;
mod merge;
mod tracks;

use std::{cmp::Reverse, sync::Arc};

use async_trait::async_trait;
use futures_util::stream;
use tracing::Instrument as _;
use url::Url;

use self::{
    budget::Budget,
    follow::{Follower, Link},
    merge::merged,
};
use crate::{
    Claim, Content, Context, Credential, DownloadOptions, Downloader, Error, Extraction, Extractor, Known,
    Muxer, Refresh, Report, Result, Target, TargetKind, scheme,
    shown::{shown, strip},
};

/// The extractors and downloaders of a program. A value: two of them know nothing of each other.
///
/// Cheap to clone. Which extractor is asked for a URL is decided by, in turn: one that says yes before one that says
/// perhaps; what the user registered before what is built in; [priority](crate::ExtractorInfo::with_priority); a handle that
/// names the host before one with a wildcard; the name.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    extractors: Vec<Entry>,
    downloaders: Vec<Arc<dyn Downloader>>,
    muxer: Option<Arc<dyn Muxer>>,
}

#[derive(Clone, Debug)]
struct Entry {
    extractor: Arc<dyn Extractor>,
    built_in: bool,
}

/// An extractor's claim on a URL.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Claimed {
    /// The extractor.
    pub extractor: Arc<dyn Extractor>,
    /// What it says; never [`Claim::No`].
    pub claim: Claim,
}

impl Registry {
    /// A registry that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an extractor of the user's, which is asked before those that are built in.
    #[must_use]
    pub fn with_extractor(mut self, extractor: impl Extractor) -> Self {
        self.extractors.push(Entry { extractor: Arc::new(extractor), built_in: false });
        self
    }

    /// Adds extractors that come with a sub-crate, such as its `builtin()`.
    #[must_use]
    pub fn with_builtin(mut self, extractors: impl IntoIterator<Item = Arc<dyn Extractor>>) -> Self {
        self.extractors.extend(extractors.into_iter().map(|extractor| Entry { extractor, built_in: true }));
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
        self.extractors.iter().map(|entry| &entry.extractor)
    }

    /// The downloaders, in the order they are asked.
    pub fn downloaders(&self) -> impl Iterator<Item = &Arc<dyn Downloader>> {
        self.downloaders.iter()
    }

    /// Who claims `url`, in the order they are asked. Pure: nothing is fetched.
    pub fn claims(&self, url: &Url) -> Vec<Claimed> {
        let ranked = self.ranked(url).into_iter();
        ranked.map(|(_, entry, claim)| Claimed { extractor: entry.extractor.clone(), claim }).collect()
    }

    /// The extractor that is asked first for `url`: one that said yes, or the first that said perhaps.
    pub fn extractor_for(&self, url: &Url) -> Option<Arc<dyn Extractor>> {
        self.ranked(url).into_iter().next().map(|(_, entry, _)| entry.extractor.clone())
    }

    /// The claims on `url`, in the order they are asked.
    fn ranked(&self, url: &Url) -> Vec<(Rank, &Entry, Claim)> {
        let mut claims: Vec<_> = self
            .extractors
            .iter()
            .filter_map(|entry| {
                let claim = entry.extractor.can_handle(url);
                (claim != Claim::No).then(|| (rank(entry, &claim, url), entry, claim))
            })
            .collect();
        claims.sort_by(|(a, one, _), (b, other, _)| {
            a.cmp(b).then_with(|| one.extractor.info().name().cmp(other.extractor.info().name()))
        });
        if let [(a, first, Claim::Yes(_)), (b, second, Claim::Yes(_)), ..] = claims.as_slice()
            && a == b
        {
            let (first, second) = (first.extractor.info().name(), second.extractor.info().name());
            tracing::warn!(first, second, url = shown(url), "two extractors claim a URL equally");
        }
        claims
    }

    /// The extractor of this name: the user's before the one that is built in.
    pub fn extractor(&self, name: &str) -> Option<&Arc<dyn Extractor>> {
        let named = |entry: &&Entry| entry.extractor.info().name() == name;
        let mut found: Vec<_> = self.extractors.iter().filter(named).collect();
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
        let (extractor, cx) = self.find(cx, url).await?;
        let info = extractor.info();
        let fits = |credential: &Credential| info.auth_kinds().contains(&credential.kind());
        if info.requires_auth() && !cx.credential().is_some_and(fits) {
            return Err(Error::login_required(info.name(), info.auth_kinds()));
        }
        tracing::debug!(extractor = info.name(), "asked");
        let extraction = extractor.extract(&cx, url).await?;
        Ok(Link { url: url.clone(), name: info.name().to_owned(), known, extraction })
    }

    /// The extractor for `url`, and the context scoped to it.
    async fn find(&self, cx: &Context, url: &Url) -> Result<(Arc<dyn Extractor>, Context)> {
        let claims = self.claims(url);
        match claims.first() {
            None => return Err(self.unsupported(url)),
            Some(Claimed { extractor, claim: Claim::Yes(_) }) => {
                return Ok((extractor.clone(), cx.scoped(extractor.info())));
            }
            Some(_) => (),
        }
        let answer = Arc::new(cx.fetch_first(url).await?);
        let recognised = claims.into_iter().find(|claimed| claimed.extractor.recognise(&answer));
        let extractor = recognised.ok_or_else(|| self.unsupported(url))?.extractor;
        let cx = cx.scoped(extractor.info()).with_first_answer(url, answer);
        Ok((extractor, cx))
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

/// The order in which claims are asked; the least is first.
type Rank = (bool, bool, Reverse<i32>, bool);

/// The place of a claim in that order.
fn rank(entry: &Entry, claim: &Claim, url: &Url) -> Rank {
    let info = entry.extractor.info();
    let handle = match claim {
        Claim::Yes(name) => info.handles().get(name),
        _ => None,
    };
    let names_host = handle.is_some_and(|handle| handle.names_host(url));
    (!matches!(claim, Claim::Yes(_)), entry.built_in, Reverse(info.priority()), !names_host)
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
    use crate::{Answer, ExtractorInfo, Handle, Handles, Kind};

    /// Claims what it is told to, and finds a content that bears its name.
    #[derive(Debug)]
    struct Named(ExtractorInfo, Option<Claim>);

    /// Claims by its handle, `*.site.example` or `www.site.example`.
    fn handles(name: &str, host: &str, priority: i32) -> Named {
        let handles = Handles::new([Handle::new("any", [host], "")]);
        Named(ExtractorInfo::new(name, "").with_handles(handles).with_priority(priority), None)
    }

    fn perhaps(name: &str, priority: i32) -> Named {
        Named(ExtractorInfo::new(name, "").with_priority(priority), Some(Claim::Perhaps))
    }

    #[async_trait]
    impl Extractor for Named {
        fn info(&self) -> &ExtractorInfo {
            &self.0
        }

        fn can_handle(&self, url: &Url) -> Claim {
            self.1.clone().unwrap_or_else(|| self.0.handles().claim(url))
        }

        fn recognise(&self, _: &Answer) -> bool {
            true
        }

        async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
            Ok(Extraction::once(Content::new(self.0.name(), Kind::Text, url.clone(), [])))
        }
    }

    fn order(own: Vec<Named>, built_in: Vec<Named>) -> Vec<String> {
        let built_in = built_in.into_iter().map(|it| Arc::new(it) as Arc<dyn Extractor>);
        let registry = own.into_iter().fold(Registry::new(), Registry::with_extractor).with_builtin(built_in);
        let url = Url::parse("https://www.site.example/x").unwrap();
        registry.claims(&url).iter().map(|it| it.extractor.info().name().to_owned()).collect()
    }

    #[test]
    fn claims_are_asked_in_the_documented_order() {
        let wide = "*.site.example";
        let exact = "www.site.example";
        let built_in = vec![
            perhaps("perhaps-last", ExtractorInfo::LAST),
            perhaps("perhaps", 0),
            handles("b-wide", wide, 0),
            handles("a-wide", wide, 0),
            handles("exact", exact, 0),
            handles("urgent", wide, 1),
            handles("elsewhere", "site.example", 9),
        ];
        let own = vec![perhaps("own-perhaps", 0), handles("own", wide, -1)];
        let expected =
            ["own", "urgent", "exact", "a-wide", "b-wide", "own-perhaps", "perhaps", "perhaps-last"];
        assert_eq!(order(own, built_in), expected);
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
