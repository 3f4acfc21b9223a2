//! `Registry`: the extractors and downloaders of a program, and the one pipeline through them.

use std::{
    cmp::Reverse,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use futures_util::stream;
use tracing::Instrument as _;
use url::Url;

use crate::{
    Claim, Content, Context, Credential, DownloadOptions, Downloader, Error, Extraction, Extractor,
    ExtractorInfo, Found, Known, Meter, Phase, Progress, ProgressHook, Refresh, Report, Result, Target,
    TargetKind, Warning,
    blocking::blocking,
    files,
    lock::lock,
    shown::{shown, strip},
    staging::Staging,
};

/// The extractors and downloaders of a program. A value: two of them know nothing of each other.
///
/// Cheap to clone. Which extractor is asked for a URL is decided by, in turn: one that says yes before one that says
/// perhaps; what the user registered before what is built in; [priority](ExtractorInfo::with_priority); a handle that
/// names the host before one with a wildcard; the name.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    extractors: Vec<Entry>,
    downloaders: Vec<Arc<dyn Downloader>>,
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
        let mut claims: Vec<_> = self
            .extractors
            .iter()
            .filter_map(|entry| {
                let claim = entry.extractor.can_handle(url);
                (claim != Claim::No).then(|| (rank(entry, &claim, url), entry.extractor.clone(), claim))
            })
            .collect();
        claims.sort_by(|(a, a_extractor, _), (b, b_extractor, _)| {
            a.cmp(b).then_with(|| a_extractor.info().name().cmp(b_extractor.info().name()))
        });
        if let [(a, first, Claim::Yes(_)), (b, second, Claim::Yes(_)), ..] = claims.as_slice()
            && a == b
        {
            let (first, second) = (first.info().name(), second.info().name());
            tracing::warn!(first, second, url = shown(url), "two extractors claim a URL equally");
        }
        claims.into_iter().map(|(_, extractor, claim)| Claimed { extractor, claim }).collect()
    }

    /// The extractor that is asked first for `url`: one that said yes, or the first that said perhaps.
    pub fn extractor_for(&self, url: &Url) -> Option<Arc<dyn Extractor>> {
        self.claims(url).into_iter().next().map(|claimed| claimed.extractor)
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
    /// [`Unsupported`](Error::Unsupported) when nothing claims the URL, [`LoginRequired`](Error::LoginRequired) when
    /// its extractor requires a credential that is missing, and those of the extractor.
    pub async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let known: Vec<_> = self.extractors().map(|extractor| extractor.info()).collect();
        cx.check_options(&known)?;
        let (cx, url) = cx.adopt(url);
        let span = tracing::info_span!("extraction", url = shown(&url));
        let first = self.begin(&cx, &url, Known::default()).instrument(span.clone()).await?;
        let follower = Follower { registry: self.clone(), cx, chain: vec![first] };
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
        let cx = cx.scoped_with(extractor.info(), url, answer);
        Ok((extractor, cx))
    }

    fn unsupported(&self, url: &Url) -> Error {
        let names: Vec<_> = self.extractors().map(|extractor| extractor.info().name()).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Error::unsupported(shown(url), format!("no extractor of this build claims it (there is {known})"))
    }

    /// Brings `content` to `to`: the downloader is found, the extractor's own merge is asked where it has one, and dead
    /// links are made anew by extracting again unless `options` say how.
    ///
    /// # Errors
    /// [`Unsupported`](Error::Unsupported) when no downloader knows the delivery, [`Conflict`](Error::Conflict) when
    /// something stands at the target, and those of the downloader and of the merge.
    pub async fn download(
        &self,
        cx: &Context,
        content: &Content,
        to: &Target,
        options: &DownloadOptions,
    ) -> Result<Report> {
        let downloader = self.downloader_for(content).ok_or_else(|| {
            let names: Vec<_> = self.downloaders.iter().map(|downloader| downloader.name()).collect();
            let reason = format!("no downloader of this build brings it (there is {})", names.join(", "));
            Error::unsupported(format!("{} ({:?})", content.uid, content.delivery), reason)
        })?;
        let extractor = self.extractor(&content.extractor);
        let mut options = options.clone();
        if let (None, Some(_)) = (&options.refresh, extractor) {
            options = options.with_refresh(Arc::new(Again { registry: self.clone(), cx: cx.clone() }));
        }
        let cx = extractor.map_or_else(|| cx.clone(), |extractor| cx.scoped(extractor.info()));
        let span = tracing::info_span!("content", uid = content.uid);
        match (to.kind(), extractor.filter(|extractor| extractor.info().own_merge())) {
            (TargetKind::File(path), Some(extractor)) => {
                merged(extractor, downloader, &cx, content, path, &options).instrument(span).await
            }
            _ => downloader.download(&cx, content, to, &options).instrument(span).await,
        }
    }
}

/// The order in which claims are asked; the least is first.
fn rank(entry: &Entry, claim: &Claim, url: &Url) -> (bool, bool, Reverse<i32>, bool) {
    let info = entry.extractor.info();
    let handle = match claim {
        Claim::Yes(name) => info.handles().get(name),
        _ => None,
    };
    let names_host = handle.is_some_and(|handle| handle.names_host(url));
    (!matches!(claim, Claim::Yes(_)), entry.built_in, Reverse(info.priority()), !names_host)
}

/// Hand-offs that may follow one another.
const MOST_HANDOFFS: usize = 8;

/// Reads an extraction and follows its hand-offs: a chain from the URL that was asked for to the one that is read now.
struct Follower {
    registry: Registry,
    cx: Context,
    chain: Vec<Link>,
}

/// One URL of the chain, and what is still to come from it.
struct Link {
    url: Url,
    name: String,
    known: Known,
    extraction: Extraction,
}

impl Follower {
    async fn next(&mut self) -> Option<Result<Found>> {
        loop {
            let link = self.chain.last_mut()?;
            match link.extraction.next().await {
                None => drop(self.chain.pop()),
                Some(Ok(Found::Variants(mut variants))) => {
                    link.known.fill(&mut variants);
                    for content in variants.each_mut() {
                        content.extractor.clone_from(&link.name);
                        without_user_information(content);
                    }
                    return Some(Ok(variants.into()));
                }
                Some(Ok(Found::Handoff(handoff))) => {
                    let known = handoff.known.within(&link.known);
                    if let Err(error) = self.follow(&handoff.url, known).await {
                        return Some(Err(error));
                    }
                }
                Some(other) => return Some(other),
            }
        }
    }

    async fn follow(&mut self, url: &Url, known: Known) -> Result<()> {
        let mut url = url.clone();
        strip(&mut url);
        if self.chain.iter().any(|link| link.url == url) {
            return Err(Error::over_limit(
                format!("the hand-offs to {}", shown(&url)),
                "one (they lead in a circle)",
            ));
        }
        if self.chain.len() > MOST_HANDOFFS {
            return Err(Error::over_limit("the chain of hand-offs", format!("{MOST_HANDOFFS}")));
        }
        tracing::debug!(url = shown(&url), "handed off");
        let link = self.registry.begin(&self.cx, &url, known).await?;
        self.chain.push(link);
        Ok(())
    }
}

/// Takes user information out of every link: saved data holds no secret, and a site does not get to choose the
/// credentials we send.
fn without_user_information(content: &mut Content) {
    strip(&mut content.source);
    for fragment in &mut content.fragments {
        strip(&mut fragment.url);
        fragment.bound_to.referer.iter_mut().for_each(strip);
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
        let mut extraction = self.registry.extract(&self.cx, &content.source).await?;
        while let Some(variants) = extraction.next_variants().await? {
            if let Some(fresh) = variants.find(&content.uid) {
                return Ok(fresh.clone());
            }
        }
        Err(Error::not_found(format!("{} at {}", content.uid, shown(&content.source))))
    }
}

/// Downloads the fragments as pieces beside `path`, and has the extractor merge them into it.
async fn merged(
    extractor: &Arc<dyn Extractor>,
    downloader: &Arc<dyn Downloader>,
    cx: &Context,
    content: &Content,
    path: &Path,
    options: &DownloadOptions,
) -> Result<Report> {
    files::check_free(path, options.overwrite)?;
    let staging = Staging::beside(path)?;
    let told = Arc::new(Told { hook: options.hook.clone(), last: Mutex::default() });
    let mut inner = options.clone();
    inner.hook = Some(told.clone());
    let report = downloader.download(cx, content, &Target::pieces(staging.path()), &inner).await?;
    let meter = Meter::at(told.last().unwrap_or_else(|| Progress::new(report.paths.len())));
    meter.set_phase(Phase::Merging);
    let work = async {
        let merged = staging.path().join("merged");
        tokio::select! {
            biased;
            done = extractor.merge(&report.paths, &merged) => done?,
            () = options.stop.asked() => return Err(Error::Interrupted),
        }
        meter.set_phase(Phase::Finishing);
        let bytes = finish(content, merged, path, options.overwrite).await?;
        meter.set_phase(Phase::Done);
        Ok(bytes)
    };
    let bytes = meter.run(options.hook.clone(), options.update_delay, work).await?;
    Ok(Report { paths: vec![path.to_owned()], bytes, ..report })
}

/// Makes what was merged durable and gives it its name, if it is as large as the site promises.
async fn finish(content: &Content, merged: PathBuf, to: &Path, overwrite: bool) -> Result<u64> {
    let (to, promised, source) = (to.to_owned(), content.size, content.source.clone());
    blocking(move |wanted| {
        let opened = std::fs::File::open(&merged).and_then(|file| {
            file.sync_all()?;
            file.metadata()
        });
        let bytes = opened.map_err(|error| Error::io("read", &merged, error))?.len();
        if let Some(promised) = promised.filter(|&promised| promised != bytes) {
            let problem = format!("{bytes} bytes where the site promises {promised}");
            return Err(Error::bad_reply(&source, problem));
        }
        let name =
            || if overwrite { files::publish_over(&merged, &to) } else { files::publish(&merged, &to) };
        wanted.unless_dropped(name)??;
        Ok(bytes)
    })
    .await
}

/// Passes on what a downloader of pieces tells, but for its end: it is done with its pieces, not with the file.
struct Told {
    hook: Option<Arc<dyn ProgressHook>>,
    last: Mutex<Option<Progress>>,
}

impl Told {
    fn last(&self) -> Option<Progress> {
        *lock(&self.last)
    }
}

impl ProgressHook for Told {
    fn update(&self, progress: Progress) {
        *lock(&self.last) = Some(progress);
        if let (Some(hook), false) = (&self.hook, progress.phase == Phase::Done) {
            hook.update(progress);
        }
    }
}

impl ExtractorInfo {
    /// A warning in this extractor's name.
    pub fn warning(&self, message: impl AsRef<str>) -> Warning {
        Warning::new(format!("{}: {}", self.name(), message.as_ref()))
    }
}
