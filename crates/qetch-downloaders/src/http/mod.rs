//! HTTP: fragments over byte ranges, as many at once and over as many connections each as asked for.
//!
//! How a download goes, and the file that knows about each step:
//! - `mod`: a content of one or many fragments to one file, or to a file each;
//! - `existing`, `going_on`: a file that stands at the target already, and what an earlier run left of it;
//! - `fragment`: the first answer is the probe; then the connections of one fragment;
//! - `beginning`: what a fragment begins with, and cannot (pure);
//! - `probe`, `content_range`, `entity`: whether a reply may be used at all, and whether it is of the same version (pure);
//! - `plan`: which bytes are whose (pure);
//! - `spare`: connections that are lent where others need them no more;
//! - `transfer`: one connection, from the request to the bytes on disk;
//! - `proof`: comparing bytes where no validator tells;
//! - `part`, `journal`, `keeper`: the file until it is whole, and what is known to be in it;
//! - `disk`: the storage seam beneath those;
//! - `links`: making dead links anew;
//! - `sums`: checksums.

mod backoff;
mod beginning;
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
mod going_on;
mod journal;
mod keeper;
mod links;
mod lock;
mod merging;
mod part;
mod place;
mod plan;
mod probe;
mod proof;
mod shelf;
#[cfg(test)]
mod simulation;
mod sizes;
pub(crate) mod source;
mod spans;
mod spare;
mod sums;
mod task;
mod transfer;

use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use qetch_core::{
    Checksum, Content, Context, Delivery, DownloadOptions, Downloader, Error, Phase, Report, Result, Target,
    TargetKind, http_date,
};

#[cfg(any(feature = "hls", feature = "dash"))]
pub(crate) use self::existing::noted;
use self::{
    dice::Dice,
    disk::{Disk, Seal, System},
    entity::Entity,
    fragment::{Fetch, Fetched},
    journal::Subject,
    keeper::Keeper,
    links::Links,
    part::Part,
    place::Place,
    sizes::Sizes,
    source::{Listed, Piece, Source},
    spare::Spare,
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
        let source = Arc::new(Listed::new(content, Links::new(content, options.refresh.clone())));
        self.bring(cx, content, source, to, options).await
    }
}

impl Http {
    /// Brings what `source` lists of `content`.
    pub(crate) async fn bring(
        &self,
        cx: &Context,
        content: &Content,
        source: Arc<dyn Source>,
        to: &Target,
        options: &DownloadOptions,
    ) -> Result<Report> {
        let (max_fragments, wanted) = options.limits(source.count().unwrap_or(usize::MAX))?;
        // More than a host gives would stand in line with shares that others could bring.
        let connections = wanted.min(cx.most_for_media());
        let spare = Spare::new(options, cx.most_for_media());
        for checksum in &options.checksums {
            // What the user asks for is verified or refused.
            checksum.to_string().parse::<Checksum>()?;
        }
        let cx = &cx.for_content(content).await;
        let known = known_sizes(content);
        if known.iter().flatten().try_fold(0_u64, |sum, size| sum.checked_add(*size)).is_none() {
            return Err(Error::invalid(format!("the content {}", content.uid), "its sizes overflow"));
        }
        let subject = Subject::new(content, &*source);
        let is_listed = content.delivery == Delivery::Fragments;
        let is_one = is_listed && content.fragments.len() == 1;
        let are_ranges = !is_listed || content.fragments.iter().any(|fragment| fragment.range.is_some());
        let count = source.count();
        let task = Arc::new(Task::new(cx, self.disk.clone(), self.dice.clone(), content, source, options));
        let sizes = Arc::new(Sizes::new(&known, count, &task.meter));
        let download = Download {
            task,
            content,
            subject,
            options,
            max_fragments,
            connections,
            spare,
            sizes,
            is_one,
            are_ranges,
            is_track: matches!(to.kind(), TargetKind::Track(_)),
        };
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

impl Http {
    /// Whether an earlier run recorded some or all of `content`, which went on then, for the file to be at `to`.
    #[cfg(any(feature = "hls", feature = "dash"))]
    pub(crate) async fn has_recorded(&self, content: &Content, to: &Path) -> bool {
        Keeper::recorded(&self.disk, to).await.is_some_and(|journal| journal.is_of(content))
            || existing::is_recorded(&*self.disk, content, to).await
    }

    /// Keeps other runs from writing the file to be at `to`, until it is dropped.
    ///
    /// # Errors
    /// `conflict` when another run does so.
    #[cfg(any(feature = "hls", feature = "dash"))]
    pub(crate) async fn hold(&self, to: &Path) -> Result<impl Send + use<>> {
        Ok(Part::open(&self.disk, to, &count::Count::default()).await?.0)
    }
}

/// The sizes of a content's fragments that are known beforehand; nothing where a playlist lists them.
fn known_sizes(content: &Content) -> Vec<Option<u64>> {
    match content.delivery {
        Delivery::Fragments => content.fragments.iter().map(qetch_core::Fragment::exact_size).collect(),
        _ => Vec::new(),
    }
}

/// One download under way.
struct Download<'a> {
    task: Arc<Task>,
    content: &'a Content,
    subject: Subject,
    options: &'a DownloadOptions,
    max_fragments: usize,
    connections: usize,
    spare: Spare,
    sizes: Arc<Sizes>,
    /// Whether one fragment is all of the file.
    is_one: bool,
    /// Whether some fragments may be ranges of one resource.
    are_ranges: bool,
    /// Whether someone goes on with the file.
    is_track: bool,
}

impl Download<'_> {
    async fn to_file(&self, path: &Path) -> Result<Report> {
        if self.task.disk.stands(path, self.options.overwrite)? {
            // What a run left that was killed while it published.
            Keeper::clear(&self.task.disk, path, &self.task.open).await?;
            return self.heard(self.unless_ended(self.existing(path).boxed())).await;
        }
        let disk = &self.task.disk;
        let resume = self.options.resume && self.task.source.can_go_on();
        let keeper = Arc::new(Keeper::open(disk, path, &self.subject, resume, &self.task.open).await?);
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
        let found = existing::whole(&self.task, self.content, path, self.options.allow_gaps).await?;
        let (bytes, parts, gaps) = found;
        self.task.meter.resume(bytes);
        self.task.meter.set_total(Some(bytes));
        self.task.meter.set_phase(Phase::Done);
        Ok(self.report([path.to_owned()], bytes).with_existed(true).with_parts(parts).with_gaps(gaps))
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
        let parts = keeper.parts();
        let parts = if parts.len() > 1 { parts } else { Vec::new() };
        let list = self.task.source.fingerprint();
        let note = match (entity, list) {
            (Some(entity), _) => existing::Note::new(self.content, entity).text(),
            (None, Some(list)) => {
                let note = existing::Note::of_list(self.content, list, bytes, &parts, keeper.gaps());
                if self.is_track {
                    note.write_beside(&*self.task.disk, path).await?;
                }
                if keeper.gaps().is_empty() { note.text() } else { String::new() }
            }
            _ => String::new(),
        };
        let seal = Seal { len: bytes, modified, note };
        keeper.publish(seal, path, self.options.overwrite).await?;
        self.task.meter.set_phase(Phase::Done);
        let report = self.report([path.to_owned()], bytes).with_checksums(verified);
        Ok(report.with_gaps(keeper.gaps()).with_parts(parts))
    }

    /// Fetches until it is done, asked to stop, or stuck.
    async fn unless_ended<T>(&self, fetching: impl Future<Output = Result<T>>) -> Result<T> {
        // What goes on without an end ends in order when it is asked to.
        let is_endless = self.task.source.count().is_none();
        tokio::select! {
            biased;
            done = fetching => done,
            () = self.options.stop.asked(), if !is_endless => Err(Error::Interrupted),
            stalled = self.task.stalled() => Err(stalled),
        }
    }

    async fn to_pieces(&self, directory: &Path) -> Result<Report> {
        self.heard(async {
            let count = self.content.fragments.len();
            let fetches = (0..count).map(|index| self.to_piece(directory, index));
            let fetches = stream::iter(fetches).buffered(self.max_fragments);
            let pieces = self.unless_ended(fetches.try_collect::<Vec<_>>()).await;
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
        let listed = self.task.source.piece(index).await?;
        let listed = listed.ok_or_else(|| Error::unexpected("a fragment that is not listed", None))?;
        let fetched = self.fetch(index, &listed, Place::apart(piece.clone())).run().await?;
        self.task.meter.fragment_done();
        piece.file().await?.seal(Seal { len: fetched.bytes, modified: None, note: String::new() }).await?;
        Ok((path, fetched.bytes))
    }

    /// One fragment, to be brought to its place.
    fn fetch(&self, index: usize, piece: &Piece, place: Place) -> Fetch {
        let fragment = piece.fragment.clone();
        let is_the_file = self.is_one && place.keeper.is_some();
        let alone = if is_the_file { self.content.size } else { None };
        Fetch {
            task: self.task.clone(),
            size: fragment.exact_size().or(alone),
            fragment,
            age: 0,
            is_renewed: false,
            index,
            is_the_file,
            is_coded: piece.is_coded,
            // Where it may be left out after all, nothing is to lie behind it before it is there.
            tells_place: !piece.is_coded && !self.options.allow_gaps && self.task.source.count().is_some(),
            connections: self.connections,
            spare: self.spare.clone(),
            place,
            told: None,
            was: None,
            expected: None,
            given_up: None,
            counted: 0,
            resumed: 0,
            versions: 0,
            sizes: self.sizes.clone(),
        }
    }

    fn known_sizes(&self) -> Vec<Option<u64>> {
        known_sizes(self.content)
    }

    fn report(&self, paths: impl IntoIterator<Item = PathBuf>, bytes: u64) -> Report {
        Report::complete(paths, bytes)
            .with_connections(self.task.gauge.most_open())
            .with_resumed(self.task.resumed.load(Ordering::Relaxed))
            .with_bytes_fetched_twice(self.task.gauge.unneeded())
    }
}
