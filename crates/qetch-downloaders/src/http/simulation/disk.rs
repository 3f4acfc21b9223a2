//! A disk in memory that keeps apart what is durable, and can lose the rest.
//!
//! A crash at operation `k` stops everything before that operation does anything: its future, and that of every later one,
//! never ends. What is left is read with [`SimDisk::power_cut`] or [`SimDisk::killed`].

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use qetch_core::Result;
use tokio::{sync::watch, time::sleep};

use super::{
    super::{dice::Dice, disk::File},
    file::{Change, Inode, SimFile},
};

/// A fault in the disk itself, planted to see that the simulation finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plant {
    /// `sync` says that it is done, and does nothing.
    LyingSync,
    /// What is synced before a journal becomes durable only after it.
    JournalFirst,
    /// Each third write of the part lands a byte too far.
    Elsewhere,
    /// Each third write of the part is made a second time: what a plan does that claims a byte twice.
    Twice,
}

/// A disk in memory. Clones are one disk.
#[derive(Clone)]
pub(super) struct SimDisk(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    dice: Dice,
    crashed: watch::Sender<bool>,
}

/// What the disk holds.
#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) inodes: Vec<Inode>,
    pub(super) names: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    unsynced: Vec<(u64, NameChange)>,
    /// Writes that were begun and have not landed.
    pub(super) flying: BTreeMap<u64, (usize, Change)>,
    /// Numbers everything that happens.
    pub(super) clock: u64,
    operations: u64,
    crash_at: Option<u64>,
    has_crashed: bool,
    capacity: Option<u64>,
    pub(super) allocates: bool,
    /// Whether it makes files without a name.
    stores: bool,
    pub(super) plant: Option<Plant>,
    /// Bytes that were written to the part file, or to one without a name.
    pub(super) written: u64,
    /// Writes to the part file.
    pub(super) writes: u64,
    /// Files that are synced when the next directory was.
    pub(super) owed: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Link(PathBuf, usize),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf),
}

impl SimDisk {
    /// An empty disk without an end, on which things take as long as `seed` says. Every other one makes files without a
    /// name.
    pub(super) fn new(seed: u64) -> Self {
        let stores = seed.is_multiple_of(2);
        Self::with(State { allocates: true, stores, ..State::default() }, seed)
    }

    fn with(state: State, seed: u64) -> Self {
        let (dice, crashed) = (Dice::seeded(seed), watch::Sender::new(false));
        Self(Arc::new(Shared { state: Mutex::new(state), dice, crashed }))
    }

    /// It, to crash at this operation.
    pub(super) fn crash_at(self, operation: u64) -> Self {
        self.state().crash_at = Some(operation);
        self
    }

    /// It, with a planted fault.
    pub(super) fn plant(self, plant: Plant) -> Self {
        self.state().plant = Some(plant);
        self
    }

    /// It, with room for so many bytes.
    pub(super) fn with_capacity(self, capacity: Option<u64>, allocates: bool) -> Self {
        {
            let mut state = self.state();
            (state.capacity, state.allocates) = (capacity, allocates);
        }
        self
    }

    /// Puts a durable file there.
    pub(super) fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state();
        let inode = state.add(Inode::of(bytes));
        state.names.insert(path.to_owned(), inode);
        state.durable.insert(path.to_owned(), inode);
    }

    /// What a program reads at `path` now.
    pub(super) fn get(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(path).map(|inode| state.inodes[*inode].now.bytes.clone())
    }

    /// All names.
    pub(super) fn names(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    /// Operations so far.
    pub(super) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Bytes that were written to the part file.
    pub(super) fn written(&self) -> u64 {
        self.state().written
    }

    /// Whether it has crashed.
    pub(super) fn has_crashed(&self) -> bool {
        self.state().has_crashed
    }

    /// Waits for the crash.
    pub(super) async fn crash(&self) {
        let mut crashed = self.0.crashed.subscribe();
        let _ = crashed.wait_for(|crashed| *crashed).await;
    }

    /// What is left after the process was killed: everything that was written, durable or not. Of the writes that were
    /// under way some have landed.
    pub(super) fn killed(&self, seed: u64) -> Self {
        let (mut state, dice) = (self.state().clone(), Dice::seeded(seed));
        state.land(&dice);
        state.after_crash(false);
        Self::with(state, seed)
    }

    /// What is left after a power cut: what was durable, and of the rest what `seed` says. Names become durable in order.
    pub(super) fn power_cut(&self, seed: u64) -> Self {
        self.cut(seed, |dice, names| {
            let kept = usize::try_from(dice.below(names.len() as u64 + 1)).unwrap();
            names.truncate(kept);
        })
    }

    /// As `power_cut`, on a file system where names become durable in any order: each one that was not synced survives or
    /// not.
    pub(super) fn power_cut_without_order(&self, seed: u64) -> Self {
        self.cut(seed, |dice, names| names.retain(|_| dice.below(2) == 0))
    }

    /// `survive` takes out those changes of names that are lost.
    fn cut(&self, seed: u64, survive: impl FnOnce(&Dice, &mut Vec<(u64, NameChange)>)) -> Self {
        let (mut state, dice) = (self.state().clone(), Dice::seeded(seed));
        state.land(&dice);
        let mut surviving = std::mem::take(&mut state.unsynced);
        survive(&dice, &mut surviving);
        for (_, change) in surviving {
            change.apply(&mut state.durable);
        }
        state.names.clone_from(&state.durable);
        for inode in &mut state.inodes {
            inode.power_cut(&dice);
        }
        state.after_crash(true);
        Self::with(state, seed)
    }

    /// Whether the removal of a journal is not durable.
    pub(super) fn owes_a_removal(&self) -> bool {
        let state = self.state();
        let is_journal = |change: &NameChange| match change {
            NameChange::Unlink(path) => path.to_string_lossy().ends_with("-journal"),
            _ => false,
        };
        state.unsynced.iter().any(|(_, change)| is_journal(change))
    }

    /// It, which makes files without a name.
    pub(super) fn that_stores(self) -> Self {
        self.state().stores = true;
        self
    }

    /// Whether it makes files without a name.
    pub(super) fn stores(&self) -> bool {
        self.state().stores
    }

    /// Now and then.
    pub(super) fn is_behind(&self) -> bool {
        self.0.dice.below(4) == 0
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    /// Takes up to so many milliseconds, counts an operation, and never ends once the disk has crashed.
    pub(super) async fn turn(&self, most: u64) {
        sleep(Duration::from_millis(self.0.dice.below(most + 1))).await;
        if !self.pass() {
            std::future::pending::<()>().await;
        }
    }

    /// Takes a little time, and never ends once the disk has crashed: for what changes nothing.
    pub(super) async fn look_around(&self) {
        sleep(Duration::from_millis(self.0.dice.below(2))).await;
        if self.has_crashed() {
            std::future::pending::<()>().await;
        }
    }

    /// Counts an operation. Whether it may go on.
    pub(super) fn pass(&self) -> bool {
        let mut state = self.state();
        state.operations += 1;
        if Some(state.operations) == state.crash_at {
            state.has_crashed = true;
            self.0.crashed.send_replace(true);
        }
        !state.has_crashed
    }

    /// Does `work` to its end, whoever waits for it, as threads of a real disk do.
    pub(super) fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send + 'static {
        tokio::spawn(work).map(Result::unwrap)
    }

    pub(super) fn change_name(&self, change: NameChange) {
        let mut state = self.state();
        state.clock += 1;
        let clock = state.clock;
        change.apply(&mut state.names);
        state.unsynced.push((clock, change));
    }

    pub(super) async fn sync_names(&self, most: u64) {
        let begun = self.state().clock;
        self.turn(most).await;
        self.sync_names_until(begun);
    }

    pub(super) fn sync_names_until(&self, begun: u64) {
        let mut guard = self.state();
        let state = &mut *guard;
        let count = state.unsynced.partition_point(|(clock, _)| *clock <= begun);
        for (_, change) in state.unsynced.drain(..count) {
            change.apply(&mut state.durable);
        }
        let clock = state.clock;
        for inode in std::mem::take(&mut state.owed) {
            state.inodes[inode].sync(clock);
        }
    }

    pub(super) fn open(&self, path: &Path, inode: usize, is_locked: bool) -> Arc<dyn File> {
        Arc::new(SimFile::new(self.clone(), path.to_owned(), inode, is_locked))
    }
}

impl State {
    pub(super) fn add(&mut self, inode: Inode) -> usize {
        self.inodes.push(inode);
        self.inodes.len() - 1
    }

    /// Whether there is room for `blocks` more.
    pub(super) fn has_room(&self, blocks: u64) -> bool {
        let used: u64 = self.names.values().map(|inode| self.inodes[*inode].now.blocks.len() as u64).sum();
        self.capacity.is_none_or(|capacity| (used + blocks) * super::file::BLOCK <= capacity)
    }

    pub(super) fn has_other_names(&self, inode: usize) -> bool {
        self.names.values().filter(|named| **named == inode).count() > 1
    }

    /// Lets some of the writes land that are under way.
    fn land(&mut self, dice: &Dice) {
        for (inode, change) in std::mem::take(&mut self.flying).into_values() {
            if dice.below(2) == 0 {
                self.clock += 1;
                let clock = self.clock;
                self.inodes[inode].change(clock, change);
            }
        }
    }

    fn after_crash(&mut self, is_durable: bool) {
        (self.crash_at, self.has_crashed, self.operations, self.written, self.plant) =
            (None, false, 0, 0, None);
        self.owed.clear();
        if is_durable {
            self.unsynced.clear();
        }
        self.inodes.iter_mut().for_each(|inode| inode.is_locked = false);
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Link(path, inode) => _ = names.insert(path.clone(), *inode),
            Self::Unlink(path) => _ = names.remove(path),
            Self::Rename(from, to) => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
        }
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimDisk")
    }
}

/// All chunks as one.
pub(super) fn joined(chunks: &[Bytes]) -> Bytes {
    match chunks {
        [one] => one.clone(),
        several => several.concat().into(),
    }
}
