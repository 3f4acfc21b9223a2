//! HTTP: fragments over byte ranges, as many at once and over as many connections each as asked for.
//!
//! How a download goes, and the file that knows about each step:
//! - `mod`: a content of one or many fragments to one file, or to a file each;
//! - `fragment`: the first answer is the probe; then the connections of one fragment;
//! - `probe`: whether a reply may be used at all (pure);
//! - `plan`: which bytes are whose (pure);
//! - `transfer`: one connection, from the request to the bytes on disk;
//! - `part`: the file until it is whole.

mod backoff;
mod count;
mod fragment;
mod gauge;
mod part;
mod plan;
mod probe;
mod transfer;

use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use futures_util::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use qetch_core::{
    Content, Context, Delivery, DownloadOptions, Downloader, Error, Kind, Meter, Phase, Report, Result,
    Target, TargetKind, files,
};

use self::{
    count::Count,
    fragment::{Fetch, Sizes},
    gauge::Gauge,
    part::Part,
};

/// Brings contents whose fragments are `http` and `https` links.
///
/// The first answer is the probe; no HEAD is sent. Where the origin gives ranges, the fragment is split over
/// `max_connections`; each writes at its own offset, and one that is done takes the tail of the largest share that is
/// left. Bytes are used only from replies that fit what was asked: see `docs/architecture.md`.
///
/// While it runs, what arrives lies in `NAME.qetch` beside the target; that file goes away with the download, and the
/// final name appears only when every byte is there and durable.
#[derive(Clone, Debug, Default)]
pub struct Http(());

impl Http {
    /// The downloader.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Downloader for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn can_handle(&self, content: &Content) -> bool {
        let is_http = |url: &qetch_core::Url| matches!(url.scheme(), "http" | "https");
        content.delivery == Delivery::Fragments
            && content.fragments.iter().all(|fragment| is_http(&fragment.url))
    }

    async fn download(
        &self,
        cx: &Context,
        content: &Content,
        to: &Target,
        options: &DownloadOptions,
    ) -> Result<Report> {
        if content.fragments.is_empty() {
            return Err(Error::invalid(format!("the content {}", content.uid), "it has no fragments"));
        }
        let (max_fragments, connections) = options.limits(content.fragments.len())?;
        let meter = Meter::new(content.fragments.len());
        let sizes = content.fragments.iter().map(qetch_core::Fragment::exact_size).collect();
        let download = Download {
            cx,
            content,
            options,
            max_fragments,
            connections,
            sizes: Arc::new(Sizes::new(sizes, &meter)),
            meter: meter.clone(),
            gauge: Arc::default(),
            open: Count::default(),
            to_pieces: matches!(to.kind(), TargetKind::Pieces(_)),
        };
        let work = async {
            let result = download.run(to).await;
            download.open.none().await;
            result
        };
        meter.run(options.hook.clone(), options.update_delay, work).await
    }
}

/// One download under way.
struct Download<'a> {
    cx: &'a Context,
    content: &'a Content,
    options: &'a DownloadOptions,
    max_fragments: usize,
    connections: usize,
    sizes: Arc<Sizes>,
    meter: Meter,
    gauge: Arc<Gauge>,
    open: Count,
    /// Whether someone else makes the file, of pieces.
    to_pieces: bool,
}

impl Download<'_> {
    async fn run(&self, to: &Target) -> Result<Report> {
        match to.kind() {
            TargetKind::File(path) => self.to_file(path).await,
            TargetKind::Pieces(directory) => self.to_pieces(directory).await,
            _ => Err(Error::unsupported(
                "the target",
                "http brings contents to a file or a directory of pieces",
            )),
        }
    }

    async fn to_file(&self, path: &Path) -> Result<Report> {
        files::check_free(path, self.options.overwrite)?;
        let part = Part::open(path, &self.open).await?;
        let bytes = self.unless_stopped(self.merged_into(&part)).await?;
        if let Some(size) = self.content.size.filter(|&size| size != bytes) {
            let problem = format!("{bytes} bytes where the site promises {size}");
            return Err(Error::bad_reply(&self.content.fragments[0].url, problem));
        }
        self.meter.set_phase(Phase::Finishing);
        part.finish(bytes).await?;
        part.publish(path, self.options.overwrite).await?;
        self.meter.set_phase(Phase::Done);
        Ok(self.report([path.to_owned()], bytes))
    }

    /// Fetches until it is done or asked to stop. What comes after fetching is not interrupted: a file that has its name
    /// is no interrupted download.
    async fn unless_stopped<T>(&self, fetching: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            done = fetching => done,
            () = self.options.stop.asked() => Err(Error::Interrupted),
        }
    }

    /// Brings every fragment into `part`, one after the other, and answers how many bytes they are.
    ///
    /// A fragment is written in place where the sizes of all before it are known. Where they are not, each but the first
    /// is written to a file of its own, which is added and removed as soon as those before it are there: no more than
    /// `max_fragments` of them exist at once.
    async fn merged_into(&self, part: &Arc<Part>) -> Result<u64> {
        let fragments = &self.content.fragments;
        let known: Option<Vec<u64>> = fragments.iter().map(qetch_core::Fragment::exact_size).collect();
        if let (Some(sizes), true) = (known, fragments.len() > 1) {
            return self.in_place(part, &sizes).await;
        }
        let fetches = (0..fragments.len()).map(|index| self.to_spool(part, index).boxed());
        let mut arrived = self.at_once(fetches);
        let mut end = 0;
        while let Some((spool, bytes)) = arrived.try_next().await? {
            if let Some(spool) = spool {
                part.append(end, spool, bytes).await?;
            }
            end += bytes;
        }
        Ok(end)
    }

    /// Brings fragments of these sizes to their places in `part`.
    async fn in_place(&self, part: &Arc<Part>, sizes: &[u64]) -> Result<u64> {
        let mut starts = vec![0_u64];
        for size in sizes {
            let next = starts[starts.len() - 1].checked_add(*size);
            let too_much =
                || Error::invalid(format!("the content {}", self.content.uid), "its sizes overflow");
            starts.push(next.ok_or_else(too_much)?);
        }
        let end = starts.pop().unwrap_or_default();
        let fetches = starts.into_iter().enumerate();
        let fetches = fetches.map(|(index, start)| self.fetch(index, part.clone(), start).boxed());
        self.at_once(fetches).try_for_each(|_| async { Ok(()) }).await?;
        Ok(end)
    }

    /// Brings a fragment to a file of its own, the first to `part` itself.
    async fn to_spool(&self, part: &Arc<Part>, index: usize) -> Result<(Option<Arc<Part>>, u64)> {
        if index == 0 {
            return Ok((None, self.fetch(0, part.clone(), 0).await?));
        }
        let spool = Part::open(&files::with_suffix(part.path(), &format!("-{index}")), &self.open).await?;
        let bytes = self.fetch(index, spool.clone(), 0).await?;
        Ok((Some(spool), bytes))
    }

    async fn to_pieces(&self, directory: &Path) -> Result<Report> {
        let count = self.content.fragments.len();
        let fetches = (0..count).map(|index| self.to_piece(directory, index).boxed());
        let pieces: Vec<_> = self.unless_stopped(self.at_once(fetches).try_collect()).await?;
        self.meter.set_phase(Phase::Done);
        let bytes = pieces.iter().map(|(_, bytes)| bytes).sum();
        Ok(self.report(pieces.into_iter().map(|(path, _)| path), bytes))
    }

    /// Brings a fragment to a file of its own that someone else merges.
    async fn to_piece(&self, directory: &Path, index: usize) -> Result<(PathBuf, u64)> {
        let path = directory.join(format!("{index:06}"));
        let piece = Part::piece(path.clone(), &self.open).await?;
        let bytes = self.fetch(index, piece.clone(), 0).await?;
        piece.finish(bytes).await?;
        Ok((path, bytes))
    }

    /// Runs as many of `fetches` at once as is asked for; what they answer comes in their order.
    fn at_once<'f, T: Send + 'f>(
        &self,
        fetches: impl Iterator<Item = BoxFuture<'f, Result<T>>> + Send + 'f,
    ) -> BoxStream<'f, Result<T>> {
        stream::iter(fetches).buffered(self.max_fragments).boxed()
    }

    /// Brings one fragment to `base` in `part`.
    async fn fetch(&self, index: usize, part: Arc<Part>, base: u64) -> Result<u64> {
        let fragment = self.content.fragments[index].clone();
        let is_the_file = self.content.fragments.len() == 1 && !self.to_pieces;
        let alone = if is_the_file { self.content.size } else { None };
        let fetch = Fetch {
            cx: self.cx.clone(),
            size: fragment.exact_size().or(alone),
            fragment,
            is_media: matches!(self.content.kind, Kind::Video | Kind::Audio | Kind::Image),
            connections: self.connections,
            part,
            base,
            meter: self.meter.clone(),
            gauge: self.gauge.clone(),
            sizes: self.sizes.clone(),
            index,
        };
        let bytes = fetch.run().await?;
        self.meter.fragment_done();
        Ok(bytes)
    }

    fn report(&self, paths: impl IntoIterator<Item = PathBuf>, bytes: u64) -> Report {
        Report::complete(paths, bytes)
            .with_connections(self.gauge.most_open())
            .with_bytes_fetched_twice(self.gauge.unneeded())
    }
}
