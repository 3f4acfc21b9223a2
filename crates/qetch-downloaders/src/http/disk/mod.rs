//! The storage seam: what part files and journals need of a disk, and nothing more.
//!
//! `system` is the disk of this machine. Tests put a simulated one in its place, which loses what was not synced.

mod calls;
mod crew;
mod line;
mod notes;
mod opening;
mod promises;
mod system;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use qetch_core::Result;

pub(super) use self::system::System;

/// A disk. What it says is done is done in memory; only [`File::sync`] and [`Disk::sync_directory`] make it outlive a
/// power cut: the first the bytes of a file, the second the names in a directory.
#[async_trait]
pub(super) trait Disk: fmt::Debug + Send + Sync {
    /// Whether a plain file stands at `to` that is not to be replaced. Quick.
    ///
    /// # Errors
    /// `conflict` when what stands there is anything else that may not be replaced.
    fn stands(&self, to: &Path, over: bool) -> Result<bool>;

    /// Whether something stands at `path`. Quick.
    fn is_there(&self, path: &Path) -> bool;

    /// Opens the plain file at `path`, or makes one; nobody else may have it open so. A link is not followed. Where it has
    /// no bytes and `settle` says so, the names in its directory outlive a power cut, and none comes back that is not there.
    ///
    /// # Errors
    /// `conflict` when another has it, or when what stands there is no plain file; `io`.
    async fn take(&self, path: &Path, settle: bool) -> Result<Taken>;

    /// Makes a whole file under its final name, durably, in one step: until then nothing is to be seen of it. Once the future
    /// is dropped it does not happen any more. Gives the seal back where that cannot be done, and has done nothing.
    ///
    /// # Errors
    /// `conflict` when something has that name; `io`.
    async fn store(&self, whole: Whole) -> Result<Option<Seal>>;

    /// Makes a file at `path`.
    ///
    /// # Errors
    /// `io`, also when something has that name.
    async fn create(&self, path: &Path) -> Result<Arc<dyn File>>;

    /// What is in the plain file at `path`; `None` where there is none, or more than `most` bytes.
    async fn read(&self, path: &Path, most: u64) -> Result<Option<Vec<u8>>>;

    /// The file that stands at `path`, to be looked at; `None` where it is no plain file.
    async fn look(&self, path: &Path) -> Result<Option<Looked>>;

    /// Gives the file at `from` the name `to`, in place of one that has it.
    async fn rename(&self, from: &Path, to: &Path) -> Result<()>;

    /// Makes the names in the directory of `path` outlive a power cut.
    async fn sync_directory(&self, path: &Path) -> Result<()>;

    /// Removes the file at `path`, if there is one. Quick: it is called where nothing can be awaited.
    fn remove(&self, path: &Path) -> Result<()>;
}

/// Told that a file has its final name.
pub(super) type Published = Box<dyn FnOnce() + Send>;

/// An open file. Reads and writes go to offsets; writes are made one after the other.
#[async_trait]
pub(super) trait File: fmt::Debug + Send + Sync {
    /// Begins to write `chunks`, one after the other, from `offset` on. A write cannot be called back: it holds the file
    /// until it has landed, whoever still waits for it.
    fn write(&self, offset: u64, chunks: Vec<Bytes>, landing: Landing) -> Writing;

    /// Whether so much waits to be written, to all files of the disk, that no more should be read before some of it has
    /// landed.
    fn is_behind(&self) -> bool;

    /// Exactly `len` bytes from `offset` on.
    async fn read(&self, offset: u64, len: usize) -> Result<Bytes>;

    /// Makes it exactly `len` bytes long.
    async fn set_len(&self, len: u64) -> Result<()>;

    /// Makes sure that there is room for `len` bytes, where the file system can tell.
    ///
    /// # Errors
    /// `no_room`.
    async fn allocate(&self, len: u64) -> Result<()>;

    /// Makes its bytes outlive a power cut.
    async fn sync(&self) -> Result<()>;

    /// Makes the whole file what `seal` says, and durable.
    async fn seal(&self, seal: Seal) -> Result<()>;

    /// Gives the file another name, in one step and durably, after making it what `seal` says and durable, if there is one.
    /// Over what stands there only where `over` says so. `published` is called as part of that step. Once
    /// the future is dropped it does not happen any more.
    ///
    /// # Errors
    /// `conflict` when something has that name; `io`.
    async fn publish(&self, seal: Option<Seal>, to: PathBuf, over: bool, published: Published) -> Result<()>;
}

/// What a whole file is made in the end.
#[derive(Debug)]
pub(super) struct Seal {
    /// Exactly how many bytes long.
    pub(super) len: u64,
    /// When it was last changed, if that is known.
    pub(super) modified: Option<SystemTime>,
    /// Kept with it where the file system keeps notes, for as long as nobody changes the file.
    pub(super) note: String,
}

/// A file of which everything is there.
#[derive(Debug)]
pub(super) struct Whole {
    /// What is written where, one after the other.
    pub(super) writes: Vec<(u64, Vec<Bytes>)>,
    pub(super) seal: Seal,
    /// Its name.
    pub(super) to: PathBuf,
}

/// A file that was taken.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) file: Arc<dyn File>,
    pub(super) len: u64,
}

/// A write under way: it ends when that has landed.
pub(super) type Writing = BoxFuture<'static, Result<()>>;

/// A file that somebody made.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) file: Arc<dyn File>,
    pub(super) len: u64,
    pub(super) modified: Option<SystemTime>,
    /// What was noted when it was sealed, unless it was changed since.
    pub(super) note: Option<String>,
}

/// Hears when a write has landed; it is dropped when the write is over, whether it landed or not.
pub(super) struct Landing(Landed);

type Landed = Box<dyn FnOnce(&[Bytes]) + Send>;

impl Landing {
    /// Calls `landed` with what was written.
    pub(super) fn new(landed: impl FnOnce(&[Bytes]) + Send + 'static) -> Self {
        Self(Box::new(landed))
    }

    /// For a write that nobody asks after.
    pub(super) fn unheard() -> Self {
        Self::new(|_| ())
    }

    /// Says that `chunks` have landed.
    pub(super) fn landed(self, chunks: &[Bytes]) {
        (self.0)(chunks);
    }
}
