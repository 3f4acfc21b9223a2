//! HTTP: fragments over byte ranges, as many at once and over as many connections each as asked for.
//!
//! How a download goes, and the file that knows about each step:
//! - `mod`: a content of one or many fragments to one file, or to a file each;
//! - `existing`: a file that stands at the target already;
//! - `fragment`: the first answer is the probe; then the connections of one fragment;
//! - `probe`, `content_range`, `entity`: whether a reply may be used at all, and whether it is of the same version (pure);
//! - `plan`: which bytes are whose (pure);
//! - `transfer`: one connection, from the request to the bytes on disk;
//! - `proof`: comparing bytes where no validator tells;
//! - `part`, `journal`, `keeper`: the file until it is whole, and what is known to be in it;
//! - `disk`: the storage seam beneath those;
//! - `links`: making dead links anew;
//! - `sums`: checksums.

mod backoff;
#[cfg(feature = "__bench")]
#[doc(hidden)]
pub mod bench;
mod content_range;
mod count;
mod dice;
mod disk;
mod entity;
mod existing;
mod fragment;
#[cfg(feature = "__fuzz")]
#[doc(hidden)]
pub mod fuzz;
mod gauge;
mod journal;
mod keeper;
mod links;
mod lock;
mod merging;
mod part;
mod plan;
mod probe;
mod proof;
#[cfg(test)]
mod simulation;
mod sizes;
mod spans;
mod sums;
mod task;
mod transfer;

use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use async_trait::async_trait;
use futures_util::{FutureExt as _, TryStreamExt as _};
use qetch_core::{
    Checksum, Content, Context, Delivery, DownloadOptions, Downloader, Error, Phase, Report, Result, Target,
    TargetKind, http_date,
};

use self::{
    dice::Dice,
    disk::{Disk, Seal, System},
    entity::Entity,
    fragment::{Fetch, Fetched},
    keeper::Keeper,
    part::Part,
    sizes::Sizes,
    task::Task,
};

/// Brings contents whose fragments are `http` and `https` links.
///
/// The first answer is the probe; no HEAD is sent. Where the origin gives ranges, the fragment is split over
/// `max_connections`; each writes at its own offset, and one that is done takes the tail of the share that would end last.
/// Bytes are used only from replies that fit what was asked: see `docs/architecture.md`.
///
/// While it runs, what arrives lies in `NAME.qetch` beside the target, and `NAME.qetch-journal` says which of it is
/// durable: a run that was killed, stopped or failed is gone on with by the next one. Both go away with the download, and
/// the final name appears only when every byte is there and durable.
#[derive(Clone, Debug)]
pub struct Http {
    disk: Arc<dyn Disk>,
    dice: Dice,
}

impl Http {
    /// The downloader.
    pub fn new() -> Self {
        Self { disk: Arc::new(System::default()), dice: Dice::default() }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
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
        let (max_fragments, wanted) = options.limits(content.fragments.len())?;
        // More than a host gives would stand in line with shares that others could bring.
        let connections = wanted.min(cx.most_for_media());
        for checksum in &options.checksums {
            // What the user asks for is verified or refused.
            checksum.to_string().parse::<Checksum>()?;
        }
        let cx = &cx.for_content(content).await;
        let task = Arc::new(Task::new(cx, self.disk.clone(), self.dice.clone(), content, options));
        let sizes = content.fragments.iter().map(qetch_core::Fragment::exact_size).collect();
        let sizes = Arc::new(Sizes::new(sizes, &task.meter));
        let download = Download { task, content, options, max_fragments, connections, sizes };
        match to.kind() {
            TargetKind::File(path) | TargetKind::Track(path) => download.to_file(path).await,
            TargetKind::Pieces(_) if !options.checksums.is_empty() => {
                let reason = "what its extractor merges is not verified yet";
                Err(Error::unsupported(format!("a checksum for {}", content.uid), reason))
            }
            TargetKind::Pieces(directory) => download.to_pieces(directory).await,
            _ => {
                let reason = "http brings contents to a file or a directory of pieces";
                Err(Error::unsupported("the target", reason))
            }
        }
    }
}

/// One download under way.
struct Download<'a> {
    task: Arc<Task>,
    content: &'a Content,
    options: &'a DownloadOptions,
    max_fragments: usize,
    connections: usize,
    sizes: Arc<Sizes>,
}

impl Download<'_> {
    async fn to_file(&self, path: &Path) -> Result<Report> {
        if self.task.disk.stands(path, self.options.overwrite)? {
            // What a run left that was killed while it published.
            Keeper::clear(&self.task.disk, path, &self.task.open).await?;
            return self.heard(self.unless_ended(self.existing(path).boxed())).await;
        }
        let (disk, resume) = (&self.task.disk, self.options.resume);
        let keeper = Arc::new(Keeper::open(disk, path, self.content, resume, &self.task.open).await?);
        let there = keeper.count();
        self.task.resumed.store(there, Ordering::Relaxed);
        self.task.meter.resume(there);
        // It is large, and would be copied into each future around it.
        let brought = Box::pin(self.bring(path, keeper));
        self.heard(async {
            let result = brought.await;
            self.task.open.none().await;
            result
        })
        .await
    }

    /// The file that stands at `path` already, if it is whole.
    async fn existing(&self, path: &Path) -> Result<Report> {
        let bytes = existing::whole(&self.task, self.content, path).await?;
        self.task.meter.resume(bytes);
        self.task.meter.set_total(Some(bytes));
        self.task.meter.set_phase(Phase::Done);
        Ok(self.report([path.to_owned()], bytes).with_existed(true))
    }

    /// Does `work` while the hook hears of it.
    async fn heard<T>(&self, work: impl Future<Output = T>) -> T {
        self.task.meter.run(self.options.hook.clone(), self.options.update_delay, work).await
    }

    /// Fetches into the part file, and makes that the file at `path`.
    async fn bring(&self, path: &Path, keeper: Arc<Keeper>) -> Result<Report> {
        let fetched = tokio::select! {
            biased;
            fetched = self.unless_ended(self.merged(&keeper).boxed()) => fetched,
            never = keeper.keep(|| self.sizes.sum()) => match never {},
        };
        // Aborted connections end when they get to it; until then they may write.
        self.task.busy.none().await;
        // What comes after fetching is not interrupted: a file that has its name is no interrupted download.
        let finished = async { self.finish(path, &keeper, fetched?).await }.await;
        if let Err(error) = &finished {
            keeper.give_up(error).await;
        }
        finished
    }

    /// Makes what was fetched the file at `path`.
    async fn finish(
        &self,
        path: &Path,
        keeper: &Keeper,
        (bytes, entity): (u64, Option<Entity>),
    ) -> Result<Report> {
        if let Some(size) = self.content.size.filter(|&size| size != bytes) {
            let problem = format!("{bytes} bytes where the site promises {size}");
            return Err(Error::bad_reply(&self.content.fragments[0].url, problem));
        }
        self.task.meter.set_phase(Phase::Finishing);
        let part = keeper.part();
        // Reading a large file again takes its time.
        let sums = &self.task.sums;
        let verified = if sums.is_at(bytes) {
            sums.check()
        } else {
            let file = part.file().await?;
            self.unless_ended(self.task.gauge.work(sums.verify(&**file, bytes))).await
        };
        let verified = match verified {
            Err(error @ Error::ChecksumMismatch { .. }) => {
                part.file().await?.set_len(bytes).await?;
                return Err(match part.put_aside(path, ".mismatch").await {
                    Ok(aside) => error.with_kept(aside),
                    Err(problem) => {
                        tracing::warn!(error = %problem, "the bytes cannot be put aside");
                        error
                    }
                });
            }
            verified => verified?,
        };
        let modified = entity.as_ref().and_then(|entity| http_date(entity.last_modified.as_deref()?));
        let note = entity.map(|entity| existing::Note::new(self.content, entity).text()).unwrap_or_default();
        let seal = Seal { len: bytes, modified, note };
        keeper.publish(seal, path, self.options.overwrite).await?;
        self.task.meter.set_phase(Phase::Done);
        Ok(self.report([path.to_owned()], bytes).with_checksums(verified))
    }

    /// Fetches until it is done, asked to stop, or stuck.
    async fn unless_ended<T>(&self, fetching: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            done = fetching => done,
            () = self.options.stop.asked() => Err(Error::Interrupted),
            stalled = self.task.stalled() => Err(stalled),
        }
    }

    async fn to_pieces(&self, directory: &Path) -> Result<Report> {
        self.heard(async {
            let count = self.content.fragments.len();
            let fetches = (0..count).map(|index| self.to_piece(directory, index).boxed());
            let pieces = self.unless_ended(self.at_once(fetches).try_collect::<Vec<_>>()).await;
            self.task.busy.none().await;
            self.task.open.none().await;
            let pieces = pieces?;
            self.task.meter.set_phase(Phase::Done);
            let bytes = pieces.iter().map(|(_, bytes)| bytes).sum();
            Ok(self.report(pieces.into_iter().map(|(path, _)| path), bytes))
        })
        .await
    }

    /// Brings a fragment to a file of its own that someone else merges.
    async fn to_piece(&self, directory: &Path, index: usize) -> Result<(PathBuf, u64)> {
        let path = directory.join(format!("{index:06}"));
        let piece = Part::piece(&self.task.disk, path.clone(), &self.task.open).await?;
        let fetched = self.fetch(index, piece.clone(), 0, None).run().await?;
        self.task.meter.fragment_done();
        piece.file().await?.seal(Seal { len: fetched.bytes, modified: None, note: String::new() }).await?;
        Ok((path, fetched.bytes))
    }

    /// One fragment, to be brought to `base` in `part`.
    fn fetch(&self, index: usize, part: Arc<Part>, base: u64, keeper: Option<&Arc<Keeper>>) -> Fetch {
        let fragment = self.content.fragments[index].clone();
        let is_the_file = self.content.fragments.len() == 1 && keeper.is_some();
        let alone = if is_the_file { self.content.size } else { None };
        Fetch {
            task: self.task.clone(),
            size: fragment.exact_size().or(alone),
            fragment,
            age: 0,
            is_renewed: false,
            index,
            is_the_file,
            connections: self.connections,
            part,
            base,
            keeper: keeper.cloned(),
            told: None,
            was: None,
            expected: None,
            given_up: None,
            resumed: 0,
            versions: 0,
            sizes: self.sizes.clone(),
        }
    }

    fn report(&self, paths: impl IntoIterator<Item = PathBuf>, bytes: u64) -> Report {
        Report::complete(paths, bytes)
            .with_connections(self.task.gauge.most_open())
            .with_resumed(self.task.resumed.load(Ordering::Relaxed))
            .with_bytes_fetched_twice(self.task.gauge.unneeded())
    }
}
