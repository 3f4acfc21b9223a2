//! The shelf: where fragments wait whose place in the file is not known yet. In memory while there is room for it, then in
//! one file beside the part file, whose blocks are used again and again.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use qetch_core::{Error, Result, files};

use super::{
    count::{Count, One},
    disk::{Disk, File, Landing, Published, Seal, Taken, Writing},
    lock::lock,
};

/// Bytes of a block: what a connection writes at once fits in it four times.
const BLOCK: u64 = 1 << 20;

/// Bytes that wait in memory, over all fragments of a download.
const MOST_IN_MEMORY: u64 = 4 << 20;

/// How many more bytes may wait in memory.
#[derive(Debug)]
pub(super) struct Budget(AtomicU64);

impl Budget {
    pub(super) fn new(bytes: u64) -> Self {
        Self(AtomicU64::new(bytes))
    }

    /// Takes room for `bytes`, if there is so much.
    pub(super) fn take(&self, bytes: u64) -> bool {
        let less = |left: u64| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    /// Gives it back.
    pub(super) fn give(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Where the fragments of one download wait.
#[derive(Debug)]
pub(super) struct Shelf {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    budget: Arc<Budget>,
    file: tokio::sync::Mutex<Option<Arc<dyn File>>>,
    blocks: Mutex<Blocks>,
    /// Bytes that wait, in memory and in the file.
    held: AtomicU64,
    /// Dropped last: the count falls after the file is closed.
    _open: One,
}

#[derive(Debug, Default)]
struct Blocks {
    free: Vec<u64>,
    /// How many there are.
    count: u64,
}

impl Shelf {
    /// The shelf beside the part file `part`. What an earlier run left of its own is of no use to anyone.
    pub(super) fn new(disk: &Arc<dyn Disk>, part: &Path, open: &Count) -> Result<Arc<Self>> {
        let path = files::with_suffix(part, "-spill");
        disk.remove(&path)?;
        let (budget, file, blocks) =
            (Arc::new(Budget::new(MOST_IN_MEMORY)), Default::default(), Mutex::default());
        let held = AtomicU64::new(0);
        Ok(Arc::new(Self { disk: disk.clone(), path, budget, file, blocks, held, _open: open.one() }))
    }

    /// What may still wait in memory.
    pub(super) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that wait, in memory and in the file.
    pub(super) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Notes that a fragment that had `before` bytes has `now`.
    pub(super) fn grows(&self, before: u64, now: u64) {
        self.held.fetch_add(now.saturating_sub(before), Ordering::Relaxed);
    }

    /// Notes that a fragment of so many bytes waits no more.
    pub(super) fn lets_go(&self, bytes: u64) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether at least half of what may wait in memory does not, and nothing waits elsewhere.
    pub(super) fn is_roomy(&self) -> bool {
        let blocks = lock(&self.blocks);
        blocks.free.len() as u64 == blocks.count
            && self.budget.0.load(Ordering::Relaxed) >= MOST_IN_MEMORY / 2
    }

    /// A place in the file for a fragment of any length, as a file of its own.
    pub(super) async fn region(self: &Arc<Self>) -> Result<Arc<dyn File>> {
        let mut file = self.file.lock().await;
        let file = match &mut *file {
            Some(file) => file.clone(),
            none => {
                let Taken { file, len } = self.disk.take(&self.path, false).await?;
                if len > 0 {
                    file.set_len(0).await?;
                }
                none.insert(file).clone()
            }
        };
        Ok(Arc::new(Region(Arc::new(Own { shelf: self.clone(), file, blocks: Mutex::default() }))))
    }

    fn block(&self) -> u64 {
        let mut blocks = lock(&self.blocks);
        if let Some(block) = blocks.free.pop() {
            return block;
        }
        blocks.count += 1;
        blocks.count - 1
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        if self.file.get_mut().is_some()
            && let Err(error) = self.disk.remove(&self.path)
        {
            tracing::warn!(%error, "a file of fragments is left behind");
        }
    }
}

/// Blocks of the file that are one fragment's.
#[derive(Debug)]
struct Region(Arc<Own>);

/// Each write under way holds it, so that no block is another's before the last write has landed.
#[derive(Debug)]
struct Own {
    shelf: Arc<Shelf>,
    file: Arc<dyn File>,
    blocks: Mutex<Vec<u64>>,
}

impl Own {
    /// Where the byte at `offset` lies in the file, and how many follow it there.
    fn place(&self, offset: u64) -> Result<(u64, u64)> {
        let index = usize::try_from(offset / BLOCK)
            .map_err(|_| Error::over_limit("the size of a fragment", "what memory can count"))?;
        let mut blocks = lock(&self.blocks);
        while blocks.len() <= index {
            blocks.push(self.shelf.block());
        }
        let within = offset % BLOCK;
        Ok((blocks[index] * BLOCK + within, BLOCK - within))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let blocks = std::mem::take(&mut *lock(&self.blocks));
        lock(&self.shelf.blocks).free.extend(blocks);
    }
}

#[async_trait]
impl File for Region {
    fn write(&self, mut offset: u64, chunks: Vec<Bytes>, landing: Landing) -> Writing {
        // Whoever hears of it hears once, when the last of it has landed or failed.
        let whole = Arc::new((Mutex::new(Some(landing)), self.0.clone()));
        let mut writes = Vec::new();
        for mut chunk in chunks {
            while !chunk.is_empty() {
                let (at, room) = match self.0.place(offset) {
                    Ok(place) => place,
                    Err(error) => return async { Err(error) }.boxed(),
                };
                let piece = chunk.split_to(chunk.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
                offset += piece.len() as u64;
                let part = whole.clone();
                writes.push(self.0.file.write(at, vec![piece], Landing::new(move |_| drop(part))));
            }
        }
        async move {
            for write in writes {
                write.await?;
            }
            if let Some(landing) = lock(&whole.0).take() {
                landing.landed(&[]);
            }
            Ok(())
        }
        .boxed()
    }

    fn is_behind(&self) -> bool {
        self.0.file.is_behind()
    }

    async fn read(&self, mut offset: u64, len: usize) -> Result<Bytes> {
        let mut bytes = Vec::with_capacity(len);
        while bytes.len() < len {
            let (at, room) = self.0.place(offset)?;
            let count = (len - bytes.len()).min(usize::try_from(room).unwrap_or(usize::MAX));
            bytes.extend_from_slice(&self.0.file.read(at, count).await?);
            offset += count as u64;
        }
        Ok(bytes.into())
    }

    async fn set_len(&self, _: u64) -> Result<()> {
        Ok(())
    }

    async fn allocate(&self, _: u64) -> Result<()> {
        Ok(())
    }

    async fn sync(&self) -> Result<()> {
        Ok(())
    }

    async fn seal(&self, _: Seal) -> Result<()> {
        Err(Error::unexpected("a shelf that is to be sealed", None))
    }

    async fn publish(&self, _: Option<Seal>, _: PathBuf, _: bool, _: Published) -> Result<()> {
        Err(Error::unexpected("a shelf that is to be published", None))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{super::disk::System, *};

    fn shelf(to: &Path, open: &Count) -> Arc<Shelf> {
        let disk: Arc<dyn Disk> = Arc::new(System::default());
        Shelf::new(&disk, to, open).unwrap()
    }

    async fn write(file: &Arc<dyn File>, offset: u64, bytes: Vec<u8>) {
        file.write(offset, vec![bytes.into()], Landing::unheard()).await.unwrap();
    }

    #[tokio::test]
    async fn fragments_share_one_file_whose_blocks_are_used_again() {
        let directory = tempfile::tempdir().unwrap();
        let (to, open) = (directory.path().join("f"), Count::default());
        let shelf = shelf(&to, &open);
        let len = || fs::metadata(shelf.path()).unwrap().len();
        assert!(shelf.is_roomy() && !shelf.path().exists());
        let (one, other) = (shelf.region().await.unwrap(), shelf.region().await.unwrap());
        let bytes = |seed: usize| (0..3 << 19).map(|at: usize| (at / 251 * seed) as u8).collect::<Vec<_>>();
        write(&one, 0, bytes(1)).await;
        write(&other, 1000, bytes(3)).await;
        assert_eq!(one.read(0, 3 << 19).await.unwrap(), bytes(1));
        assert_eq!(other.read(1000, 3 << 19).await.unwrap(), bytes(3));
        assert_eq!(other.read(1 << 20, 10).await.unwrap(), bytes(3)[(1 << 20) - 1000..][..10]);
        let before = len();
        drop(one);
        assert!(!shelf.is_roomy(), "the other one waits there");
        let third = shelf.region().await.unwrap();
        write(&third, 0, bytes(7)).await;
        assert_eq!(other.read(1000, 3 << 19).await.unwrap(), bytes(3));
        assert_eq!(third.read(0, 3 << 19).await.unwrap(), bytes(7));
        assert_eq!(len(), before);
        drop((other, third));
        assert!(shelf.is_roomy());
        drop(shelf);
        open.none().await;
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_write_is_heard_once_and_keeps_its_blocks() {
        let directory = tempfile::tempdir().unwrap();
        let (to, open, heard) = (directory.path().join("f"), Count::default(), Count::default());
        let shelf = shelf(&to, &open);
        let region = shelf.region().await.unwrap();
        let (one, chunks) = (heard.one(), vec![Bytes::from(vec![1; 5 << 20])]);
        let writing = region.write(9, chunks, Landing::new(move |_| drop(one)));
        drop((region, writing));
        heard.none().await;
        // Whoever waited is gone; the blocks are free once the last write has landed, and not before.
        while !shelf.is_roomy() {
            tokio::task::yield_now().await;
        }
        assert_eq!(lock(&shelf.blocks).count, 6);
    }

    #[test]
    fn a_budget_is_never_overdrawn() {
        let budget = Budget::new(10);
        assert!(budget.take(6) && !budget.take(5) && budget.take(4));
        budget.give(6);
        assert!(budget.take(6) && !budget.take(1));
    }
}
