//! The part file: what a download writes until the file is whole. It lies beside the final name and is locked while it
//! is written. It goes away with the download unless it is published, or a journal says what is in it.

use std::{
    fmt,
    future::ready,
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use qetch_core::{Error, Result, files};

use super::{
    count::{Count, One},
    disk::{Disk, File, Landing, Seal, Taken, Whole, Writing},
    shelf::{Budget, Shelf},
    source::Decoder,
    spans::Spans,
};

/// A part file. Each write that is under way holds the file, so its lock falls when the last of them has landed.
///
/// One of which nothing is there is not made before it has to be: what a small file has waits in memory, and is stored under
/// its final name in one step.
pub(super) struct Part {
    /// The file, once it is made and has what waited.
    file: OnceLock<Arc<dyn File>>,
    waiting: tokio::sync::Mutex<Waiting>,
    /// What may wait in memory.
    budget: Arc<Budget>,
    home: Home,
    path: PathBuf,
    /// How far it reaches on a shelf.
    shelved: AtomicU64,
    /// Whether this has made the file.
    is_made: AtomicBool,
    /// Whether it stays when this is dropped, or has another name by now.
    stays: Arc<AtomicBool>,
    /// Fields are dropped in order: the count falls after the file is closed, and with it its lock.
    _open: One,
}

/// Where its bytes go that do not wait in memory.
enum Home {
    /// To a file of its own.
    Disk(Arc<dyn Disk>),
    /// Among those of other fragments.
    Shelf(Arc<Shelf>),
}

/// What is to be written to a file that is not made.
#[derive(Default)]
struct Waiting {
    writes: Vec<(u64, Vec<Bytes>)>,
    bytes: u64,
    chunks: usize,
    /// The file, as soon as it is made.
    file: Option<Arc<dyn File>>,
    /// Whether they were stored under the final name, so that there is nothing to be made any more.
    is_stored: bool,
}

/// More bytes do not wait in memory for their file: about what is fetched over one connection in any case.
const MOST_WAITING: u64 = 256 << 10;

/// Nor more pieces of them: each costs memory of its own, however few bytes of it are ours.
const MOST_CHUNKS: usize = 1024;

impl Waiting {
    /// Whether so much more may wait, which is counted against `budget` then.
    fn takes(&self, bytes: u64, chunks: usize, budget: &Budget) -> bool {
        self.file.is_none() && !self.is_stored && self.chunks + chunks <= MOST_CHUNKS && budget.take(bytes)
    }

    /// Whether all of the first `len` bytes are there.
    fn is_whole(&self, len: u64) -> bool {
        let mut there = Spans::default();
        for (offset, chunks) in &self.writes {
            there.insert(*offset..chunks.iter().fold(*offset, |end, chunk| end + chunk.len() as u64));
        }
        !self.is_stored && self.file.is_none() && there.missing(len).is_empty()
    }
}

impl Part {
    fn new(disk: &Arc<dyn Disk>, path: PathBuf, file: Option<Arc<dyn File>>, stays: bool, open: One) -> Self {
        Self {
            is_made: AtomicBool::new(file.is_some()),
            file: file.map(OnceLock::from).unwrap_or_default(),
            waiting: tokio::sync::Mutex::default(),
            budget: Arc::new(Budget::new(MOST_WAITING)),
            home: Home::Disk(disk.clone()),
            path,
            shelved: AtomicU64::new(0),
            stays: Arc::new(AtomicBool::new(stays)),
            _open: open,
        }
    }

    /// The part file of the file to be at `to`, locked. One that an earlier run left is taken over as it is. It counts
    /// in `open` until it is closed: aborted connections and writes let go of it when they get to it, which is after
    /// whoever aborted them has gone on. Answers how long it is, too.
    ///
    /// # Errors
    /// `conflict` when another download writes it, or when what stands there is no plain file; `io`.
    pub(super) async fn open(disk: &Arc<dyn Disk>, to: &Path, open: &Count) -> Result<(Self, u64)> {
        let (path, open) = (files::with_suffix(to, ".qetch"), open.one());
        let Taken { file, len } = disk.take(&path, true).await?;
        // What is in it may be worth something: whoever reads the journal decides.
        Ok((Self::new(disk, path, Some(file), len > 0, open), len))
    }

    /// The part file of the file to be at `to`, to be made when it has to be; `None` where something has its name.
    pub(super) fn later(disk: &Arc<dyn Disk>, to: &Path, open: &Count) -> Option<Self> {
        let path = files::with_suffix(to, ".qetch");
        (!disk.is_there(&path)).then(|| Self::new(disk, path, None, false, open.one()))
    }

    /// A fragment that waits on `shelf` for those before it.
    pub(super) fn shelved(shelf: &Arc<Shelf>, open: &Count) -> Arc<Self> {
        Arc::new(Self {
            file: OnceLock::new(),
            waiting: tokio::sync::Mutex::default(),
            budget: shelf.budget().clone(),
            home: Home::Shelf(shelf.clone()),
            path: shelf.path().to_owned(),
            shelved: AtomicU64::new(0),
            is_made: AtomicBool::new(false),
            stays: Arc::default(),
            _open: open.one(),
        })
    }

    /// A new file of exactly this name, kept when done: a piece that someone else merges.
    pub(super) async fn piece(disk: &Arc<dyn Disk>, path: PathBuf, open: &Count) -> Result<Arc<Self>> {
        let open = open.one();
        let file = disk.create(&path).await?;
        Ok(Arc::new(Self::new(disk, path, Some(file), true, open)))
    }

    /// The file, made now if it was not.
    ///
    /// # Errors
    /// `conflict` when another download writes it; `io`.
    pub(super) async fn file(&self) -> Result<&Arc<dyn File>> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let mut waiting = self.waiting.lock().await;
        self.make(&mut waiting).await
    }

    async fn make(&self, waiting: &mut Waiting) -> Result<&Arc<dyn File>> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        if waiting.is_stored {
            return Err(Error::unexpected("a part file of what is stored already", None));
        }
        let file = match &waiting.file {
            Some(file) => file.clone(),
            None => {
                let file = match &self.home {
                    Home::Shelf(shelf) => shelf.region().await?,
                    Home::Disk(disk) => {
                        let Taken { file, len } = disk.take(&self.path, true).await?;
                        if len > 0 {
                            return Err(Error::conflict(
                                &self.path,
                                "was begun by another download meanwhile",
                            ));
                        }
                        self.is_made.store(true, Ordering::Relaxed);
                        file
                    }
                };
                waiting.file.insert(file).clone()
            }
        };
        for (offset, chunks) in &waiting.writes {
            file.write(*offset, chunks.clone(), Landing::unheard()).await?;
        }
        self.budget.give(waiting.bytes);
        *waiting = Waiting::default();
        Ok(self.file.get_or_init(|| file))
    }

    /// Whether the file is there, and not in memory alone.
    pub(super) fn is_made(&self) -> bool {
        self.is_made.load(Ordering::Relaxed)
    }

    /// Begins to write `chunks`, as [`File::write`] does.
    ///
    /// # Errors
    /// As [`file`](Part::file).
    pub(super) async fn write(&self, offset: u64, chunks: Vec<Bytes>, landing: Landing) -> Result<Writing> {
        let len: u64 = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        if let Home::Shelf(shelf) = &self.home {
            let end = offset.saturating_add(len);
            shelf.grows(self.shelved.fetch_max(end, Ordering::Relaxed), end);
        }
        if let Some(file) = self.file.get() {
            return Ok(file.write(offset, chunks, landing));
        }
        let mut waiting = self.waiting.lock().await;
        if self.file.get().is_some() || !waiting.takes(len, chunks.len(), &self.budget) {
            return Ok(self.make(&mut waiting).await?.write(offset, chunks, landing));
        }
        // Others hold on to large buffers for few bytes.
        let chunks = match &self.home {
            Home::Shelf(_) => vec![Bytes::from(chunks.concat())],
            Home::Disk(_) => chunks,
        };
        landing.landed(&chunks);
        (waiting.bytes, waiting.chunks) = (waiting.bytes + len, waiting.chunks + chunks.len());
        waiting.writes.push((offset, chunks));
        Ok(ready(Ok(())).boxed())
    }

    /// Bytes that wait beside it where it waits on a shelf, with its own.
    pub(super) fn all_shelved(&self) -> u64 {
        match &self.home {
            Home::Shelf(shelf) => shelf.held(),
            Home::Disk(_) => 0,
        }
    }

    /// Whether no more should be read before some of what is to be written has landed.
    pub(super) fn is_behind(&self) -> bool {
        self.file.get().is_some_and(|file| file.is_behind())
    }

    /// Adds all of `other`, which has `len` bytes, at `offset`, as `decode` makes them where it is given. `landed` hears of
    /// each block that has landed. Answers how many bytes that made.
    pub(super) async fn append(
        &self,
        offset: u64,
        other: &Self,
        len: u64,
        mut decoder: Option<Box<dyn Decoder>>,
        landed: impl Fn(u64, &[Bytes]) + Clone + Send + 'static,
    ) -> Result<u64> {
        let (mut at, mut to) = (0, offset);
        while let Some(block) = other.decoded(&mut at, len, &mut decoder).await? {
            let (landed, from, count) = (landed.clone(), to, block.len() as u64);
            self.write(from, vec![block], Landing::new(move |chunks| landed(from, chunks))).await?.await?;
            to += count;
        }
        Ok(to - offset)
    }

    /// Whether all of `other`, which has `len` bytes and is made the file's by `decoder`, is what lies in `place`.
    pub(super) async fn holds(
        &self,
        place: Range<u64>,
        other: &Self,
        len: u64,
        decoder: Box<dyn Decoder>,
    ) -> Result<bool> {
        let (mut decoder, mut at, mut to) = (Some(decoder), 0, place.start);
        while let Some(block) = other.decoded(&mut at, len, &mut decoder).await? {
            if to + block.len() as u64 > place.end || self.file().await?.read(to, block.len()).await? != block
            {
                return Ok(false);
            }
            to += block.len() as u64;
        }
        Ok(to == place.end)
    }

    /// What `decoder` makes of what is there from `at` on, where there is one; `None` behind the last of `len` bytes. It hears
    /// of the end of nothing, too.
    async fn decoded(
        &self,
        at: &mut u64,
        len: u64,
        decoder: &mut Option<Box<dyn Decoder>>,
    ) -> Result<Option<Bytes>> {
        let block = match *at < len {
            true => self.block(*at, len).await?,
            false if len > 0 || decoder.is_none() => return Ok(None),
            false => Bytes::new(),
        };
        *at += block.len() as u64;
        let is_last = *at >= len;
        let block = match decoder {
            Some(decoder) => decoder.decode(block, is_last)?,
            None => block,
        };
        if len == 0 {
            *decoder = None;
        }
        Ok(Some(block))
    }

    /// Some of what is there between `at` and `len`, from `at` on.
    async fn block(&self, at: u64, len: u64) -> Result<Bytes> {
        const BLOCK: u64 = 1 << 20;
        let count = usize::try_from(BLOCK.min(len - at)).unwrap_or(usize::MAX);
        if let Some(file) = self.file.get() {
            return file.read(at, count).await;
        }
        let waiting = self.waiting.lock().await;
        // What was written last is what is there.
        let last = waiting.writes.iter().rfind(|(offset, chunks)| {
            let len: usize = chunks.iter().map(Bytes::len).sum();
            (*offset..*offset + len as u64).contains(&at)
        });
        let is_alone = |offset: u64, end: u64| {
            let others = waiting.writes.iter().map(|(offset, chunks)| {
                *offset..chunks.iter().fold(*offset, |end, chunk| end + chunk.len() as u64)
            });
            others.filter(|other| other.start < end && offset < other.end).count() == 1
        };
        if let Some((offset, chunks)) = last
            && let [chunk] = chunks.as_slice()
            && is_alone(*offset, *offset + chunk.len() as u64)
        {
            let from = usize::try_from(at - offset).unwrap_or(usize::MAX);
            let count = count.min(chunk.len() - from);
            return Ok(chunk.slice(from..from + count));
        }
        drop(waiting);
        self.file().await?.read(at, count).await
    }

    /// Makes the file what `seal` says and gives it its final name; over what stands there only where `overwrite` says
    /// so.
    pub(super) async fn publish(&self, seal: Seal, to: &Path, overwrite: bool) -> Result<()> {
        let seal = match overwrite {
            true => Some(seal),
            false => self.store(seal, to).await?,
        };
        if seal.is_none() { Ok(()) } else { self.name(seal, to.to_owned(), overwrite).await }
    }

    /// Stores what waits, if that is the whole file, under its final name. Gives the seal back where there is a part file, or
    /// has to be one.
    async fn store(&self, seal: Seal, to: &Path) -> Result<Option<Seal>> {
        // Whoever makes the part file meanwhile has this lock, and has then taken what waited.
        let mut waiting = self.waiting.lock().await;
        if self.file.get().is_some() || !waiting.is_whole(seal.len) {
            return Ok(Some(seal));
        }
        let whole = Whole { writes: waiting.writes.clone(), seal, to: to.to_owned() };
        let Home::Disk(disk) = &self.home else { return Ok(Some(whole.seal)) };
        let seal = disk.store(whole).await?;
        waiting.is_stored = seal.is_none();
        Ok(seal)
    }

    async fn name(&self, seal: Option<Seal>, to: PathBuf, overwrite: bool) -> Result<()> {
        let stays = self.stays.clone();
        let published = Box::new(move || stays.store(true, Ordering::Relaxed));
        self.file().await?.publish(seal, to, overwrite, published).await
    }

    /// Moves it aside, to stay: `suffix` comes after the final name, and a number where that is taken.
    pub(super) async fn put_aside(&self, to: &Path, suffix: &str) -> Result<PathBuf> {
        for number in 0..1000 {
            let number = if number == 0 { String::new() } else { format!("-{number}") };
            let aside = files::with_suffix(to, &format!("{suffix}{number}"));
            match self.name(None, aside.clone(), false).await {
                Err(Error::Conflict { .. }) => (),
                done => return done.map(|()| aside),
            }
        }
        Err(Error::conflict(to, "has a thousand files beside it that were put aside"))
    }

    /// Says whether it stays when the download ends: whether a journal says what is in it.
    pub(super) fn stays(&self, stays: bool) {
        self.stays.store(stays, Ordering::Relaxed);
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Drop for Part {
    /// Removes it while the lock is still held, unless it stays.
    fn drop(&mut self) {
        self.budget.give(self.waiting.get_mut().bytes);
        if let Home::Shelf(shelf) = &self.home {
            shelf.lets_go(*self.shelved.get_mut());
        }
        if let Home::Disk(disk) = &self.home
            && self.is_made()
            && !self.stays.load(Ordering::Relaxed)
            && let Err(error) = disk.remove(&self.path)
        {
            tracing::warn!(%error, "a part file is left behind");
        }
    }
}

#[cfg(test)]
mod tests;
