//! The part file: what a download writes until the file is whole. It lies beside the final name and is locked while it
//! is written. It goes away with the download unless it is published, or a journal says what is in it.

use std::{
    fmt,
    future::ready,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use qetch_core::{Error, Result, files};

use super::{
    count::{Count, One},
    disk::{Disk, File, Landing, Seal, Taken, Whole, Writing},
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
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// Whether this has made the file.
    is_made: AtomicBool,
    /// Whether it stays when this is dropped, or has another name by now.
    stays: Arc<AtomicBool>,
    /// Fields are dropped in order: the count falls after the file is closed, and with it its lock.
    _open: One,
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
    /// Whether so much more may wait.
    fn takes(&self, bytes: u64, chunks: usize) -> bool {
        self.file.is_none()
            && !self.is_stored
            && self.bytes + bytes <= MOST_WAITING
            && self.chunks + chunks <= MOST_CHUNKS
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
            disk: disk.clone(),
            path,
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

    /// A file of exactly this name, empty and locked: a fragment that waits for those before it.
    pub(super) async fn spool(disk: &Arc<dyn Disk>, path: PathBuf, open: &Count) -> Result<Arc<Self>> {
        let open = open.one();
        let Taken { file, len } = disk.take(&path, false).await?;
        if len > 0 {
            file.set_len(0).await?;
        }
        Ok(Arc::new(Self::new(disk, path, Some(file), false, open)))
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
                let Taken { file, len } = self.disk.take(&self.path, true).await?;
                if len > 0 {
                    return Err(Error::conflict(&self.path, "was begun by another download meanwhile"));
                }
                self.is_made.store(true, Ordering::Relaxed);
                waiting.file.insert(file).clone()
            }
        };
        for (offset, chunks) in &waiting.writes {
            file.write(*offset, chunks.clone(), Landing::unheard()).await?;
        }
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
        if let Some(file) = self.file.get() {
            return Ok(file.write(offset, chunks, landing));
        }
        let mut waiting = self.waiting.lock().await;
        let len: u64 = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        if self.file.get().is_some() || !waiting.takes(len, chunks.len()) {
            return Ok(self.make(&mut waiting).await?.write(offset, chunks, landing));
        }
        landing.landed(&chunks);
        (waiting.bytes, waiting.chunks) = (waiting.bytes + len, waiting.chunks + chunks.len());
        waiting.writes.push((offset, chunks));
        Ok(ready(Ok(())).boxed())
    }

    /// Whether no more should be read before some of what is to be written has landed.
    pub(super) fn is_behind(&self) -> bool {
        self.file.get().is_some_and(|file| file.is_behind())
    }

    /// Adds all of `other`, which has `len` bytes, at `offset`; `landed` hears of each block that has landed.
    pub(super) async fn append(
        &self,
        offset: u64,
        other: &Self,
        len: u64,
        landed: impl Fn(u64, &[Bytes]) + Clone + Send + 'static,
    ) -> Result<()> {
        const BLOCK: u64 = 1 << 20;
        let mut at = 0;
        while at < len {
            let count = BLOCK.min(len - at);
            let block = other.file().await?.read(at, usize::try_from(count).unwrap_or(usize::MAX)).await?;
            let (landed, to) = (landed.clone(), offset + at);
            self.write(to, vec![block], Landing::new(move |chunks| landed(to, chunks))).await?.await?;
            at += count;
        }
        Ok(())
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
        let seal = self.disk.store(whole).await?;
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
        if self.is_made()
            && !self.stays.load(Ordering::Relaxed)
            && let Err(error) = self.disk.remove(&self.path)
        {
            tracing::warn!(%error, "a part file is left behind");
        }
    }
}

#[cfg(test)]
mod tests;
