//! The files of the simulated disk.

use std::{collections::BTreeSet, fmt, io, path::PathBuf, sync::Arc, time::SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use qetch_core::{Error, Result};

use super::{
    super::{
        dice::Dice,
        disk::{File, Landing, Published, Seal, Writing},
    },
    disk::{NameChange, Plant, SimDisk, joined},
};

/// What room is counted in.
pub(super) const BLOCK: u64 = 4096;

/// What a power cut leaves whole or not at all.
const SECTOR: u64 = 512;

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    pub(super) bytes: Vec<u8>,
    pub(super) blocks: BTreeSet<u64>,
    pub(super) modified: Option<SystemTime>,
    pub(super) note: Option<String>,
}

/// A file, whatever its names are.
#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    pub(super) now: Stored,
    durable: Stored,
    unsynced: Vec<(u64, Change)>,
    pub(super) is_locked: bool,
}

/// A change to a file.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write(u64, Bytes),
    Resize(u64),
    Seal(u64, Option<SystemTime>, String),
}

impl Inode {
    /// A durable file.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut inode = Self::default();
        inode.change(0, Change::Write(0, Bytes::copy_from_slice(bytes)));
        inode.sync(0);
        inode
    }

    /// An empty file that is open.
    pub(super) fn locked() -> Self {
        Self { is_locked: true, ..Self::default() }
    }

    pub(super) fn change(&mut self, clock: u64, change: Change) {
        self.now.apply(&change);
        self.unsynced.push((clock, change));
    }

    /// Makes durable what was changed until `clock`.
    pub(super) fn sync(&mut self, clock: u64) {
        let count = self.unsynced.partition_point(|(changed, _)| *changed <= clock);
        for (_, change) in self.unsynced.drain(..count) {
            self.durable.apply(&change);
        }
    }

    /// Lets each change that is not durable survive, vanish or be torn.
    pub(super) fn power_cut(&mut self, dice: &Dice) {
        for (_, change) in std::mem::take(&mut self.unsynced) {
            match (dice.below(4), &change) {
                (0, _) => self.durable.apply(&change),
                (1, _) => (),
                (2, Change::Write(offset, bytes)) => self.durable.resize_to(offset + bytes.len() as u64),
                (_, Change::Write(offset, bytes)) => {
                    let (mut at, end) = (*offset, offset + bytes.len() as u64);
                    while at < end {
                        let next = ((at / SECTOR + 1) * SECTOR).min(end);
                        if dice.below(2) == 0 {
                            let sector = bytes.slice(index(at - offset)..index(next - offset));
                            self.durable.apply(&Change::Write(at, sector));
                        }
                        at = next;
                    }
                }
                _ => (),
            }
        }
        self.now = self.durable.clone();
    }
}

impl Stored {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Write(offset, bytes) => {
                let end = offset + bytes.len() as u64;
                self.resize_to(end);
                self.bytes[index(*offset)..index(end)].copy_from_slice(bytes);
                self.blocks.extend(*offset / BLOCK..end.div_ceil(BLOCK));
                self.note = None;
            }
            Change::Resize(len) => {
                self.bytes.resize(index(*len), 0);
                self.blocks.split_off(&len.div_ceil(BLOCK));
                self.note = None;
            }
            Change::Seal(len, modified, note) => {
                self.apply(&Change::Resize(*len));
                (self.modified, self.note) = (*modified, Some(note.clone()));
            }
        }
    }

    fn resize_to(&mut self, least: u64) {
        if (self.bytes.len() as u64) < least {
            self.bytes.resize(index(least), 0);
        }
    }
}

/// An open file; the lock falls with the last who holds it.
#[derive(Clone)]
pub(super) struct SimFile(Arc<Opened>);

struct Opened {
    disk: SimDisk,
    path: PathBuf,
    inode: usize,
    is_locked: bool,
}

impl Drop for Opened {
    fn drop(&mut self) {
        if self.is_locked && !self.disk.has_crashed() {
            self.disk.state().inodes[self.inode].is_locked = false;
        }
    }
}

impl SimFile {
    pub(super) fn new(disk: SimDisk, path: PathBuf, inode: usize, is_locked: bool) -> Self {
        Self(Arc::new(Opened { disk, path, inode, is_locked }))
    }

    fn change(&self, change: Change) {
        let mut state = self.0.disk.state();
        state.clock += 1;
        let clock = state.clock;
        state.inodes[self.0.inode].change(clock, change);
    }

    fn is_part(&self) -> bool {
        self.0.path.extension().is_some_and(|extension| extension == "qetch")
    }

    fn full(&self, action: &'static str) -> Error {
        Error::io(action, &self.0.path, io::ErrorKind::StorageFull.into())
    }

    /// How many blocks of these offsets have no room yet.
    fn new_blocks(&self, from: u64, to: u64) -> u64 {
        let state = self.0.disk.state();
        let blocks = &state.inodes[self.0.inode].now.blocks;
        (from / BLOCK..to.div_ceil(BLOCK)).filter(|block| !blocks.contains(block)).count() as u64
    }

    /// Where a write goes, and how often it is made: elsewhere and twice where a fault says so.
    fn planted(&self, offset: u64) -> (u64, u64) {
        let mut state = self.0.disk.state();
        if !self.is_part() {
            return (offset, 1);
        }
        state.writes += 1;
        match state.plant {
            Some(Plant::Elsewhere) if state.writes.is_multiple_of(3) => (offset + 1, 1),
            Some(Plant::Twice) if state.writes.is_multiple_of(3) => (offset, 2),
            _ => (offset, 1),
        }
    }

    async fn write_now(self, offset: u64, chunks: Vec<Bytes>, landing: Landing) -> Result<()> {
        let (bytes, (to, times)) = (joined(&chunks), self.planted(offset));
        let flight = {
            let mut state = self.0.disk.state();
            state.clock += 1;
            let flight = state.clock;
            state.flying.insert(flight, (self.0.inode, Change::Write(to, bytes.clone())));
            flight
        };
        self.0.disk.turn(2).await;
        self.0.disk.state().flying.remove(&flight);
        let new = self.new_blocks(to, to + bytes.len() as u64);
        if !self.0.disk.state().has_room(new) {
            return Err(self.full("write"));
        }
        if self.is_part() {
            self.0.disk.state().written += bytes.len() as u64 * times;
        }
        self.change(Change::Write(to, bytes));
        landing.landed(&chunks);
        Ok(())
    }

    async fn sync_now(self, most: u64) -> Result<()> {
        let disk = &self.0.disk;
        let begun = disk.state().clock;
        disk.turn(most).await;
        let mut state = disk.state();
        match state.plant {
            Some(Plant::LyingSync) if self.is_part() => (),
            Some(Plant::JournalFirst) if self.is_part() => state.owed.push(self.0.inode),
            _ => state.inodes[self.0.inode].sync(begun),
        }
        Ok(())
    }
}

impl fmt::Debug for SimFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimFile").field(&self.0.path).finish()
    }
}

#[async_trait]
impl File for SimFile {
    fn write(&self, offset: u64, chunks: Vec<Bytes>, landing: Landing) -> Writing {
        self.0.disk.detached(self.clone().write_now(offset, chunks, landing)).boxed()
    }

    fn is_behind(&self) -> bool {
        self.0.disk.is_behind()
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Bytes> {
        self.0.disk.look_around().await;
        let state = self.0.disk.state();
        let bytes = &state.inodes[self.0.inode].now.bytes;
        let range = index(offset)..index(offset) + len;
        let short = || Error::io("read", &self.0.path, io::ErrorKind::UnexpectedEof.into());
        bytes.get(range).map(Bytes::copy_from_slice).ok_or_else(short)
    }

    async fn set_len(&self, len: u64) -> Result<()> {
        let file = self.clone();
        let resize = async move {
            file.0.disk.turn(1).await;
            file.change(Change::Resize(len));
            Ok(())
        };
        self.0.disk.detached(resize).await
    }

    async fn allocate(&self, len: u64) -> Result<()> {
        let file = self.clone();
        let allocate = async move {
            file.0.disk.turn(2).await;
            let new = file.new_blocks(0, len);
            if !file.0.disk.state().allocates {
                return Ok(());
            }
            if !file.0.disk.state().has_room(new) {
                return Err(Error::no_room(&file.0.path, len, io::ErrorKind::StorageFull.into()));
            }
            let now = file.0.disk.state().inodes[file.0.inode].now.bytes.len() as u64;
            if now < len {
                file.change(Change::Resize(len));
            }
            let blocks = 0..len.div_ceil(BLOCK);
            file.0.disk.state().inodes[file.0.inode].now.blocks.extend(blocks);
            Ok(())
        };
        self.0.disk.detached(allocate).await
    }

    async fn sync(&self) -> Result<()> {
        self.0.disk.detached(self.clone().sync_now(12)).await
    }

    async fn seal(&self, seal: Seal) -> Result<()> {
        let file = self.clone();
        let seal = async move {
            file.0.disk.turn(1).await;
            file.change(Change::Seal(seal.len, seal.modified, seal.note));
            file.sync_now(12).await
        };
        self.0.disk.detached(seal).await
    }

    /// The last steps follow one another without a pause, since dropping waits for them; a crash may come between them.
    async fn publish(&self, seal: Option<Seal>, to: PathBuf, over: bool, published: Published) -> Result<()> {
        if let Some(seal) = seal {
            self.seal(seal).await?;
        }
        let (disk, part) = (&self.0.disk, self.0.path.clone());
        disk.turn(2).await;
        if over {
            disk.change_name(NameChange::Rename(part, to));
        } else {
            if disk.state().names.contains_key(&to) {
                return Err(Error::conflict(to, "exists already"));
            }
            let inode = disk.state().names[&part];
            disk.change_name(NameChange::Link(to, inode));
            if !disk.pass() {
                std::future::pending::<()>().await;
            }
            disk.change_name(NameChange::Unlink(part));
        }
        if !disk.pass() {
            std::future::pending::<()>().await;
        }
        let now = disk.state().clock;
        disk.sync_names_until(now);
        published();
        Ok(())
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}
