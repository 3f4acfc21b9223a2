//! Keeping the journal: what has landed is noted as it lands, and written down once it is durable.

mod ledger;
mod opening;

use std::{
    collections::BTreeSet,
    convert::Infallible,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use qetch_core::{Error, Gap, PartStart, Result};
use tokio::time::{Instant, sleep};

use self::{
    ledger::{Ledger, Note},
    opening::new,
};
use super::{
    disk::{Disk, Landing, Seal},
    entity::Entity,
    journal::{Journal, Open, Subject},
    lock::lock,
    part::Part,
    source::{Left, Piece},
    spans::Spans,
};

/// The least time between two journals.
const SHORTEST: Duration = Duration::from_millis(100);

/// The most time that bytes wait for theirs.
const LONGEST: Duration = Duration::from_secs(1);

/// The share of a file that is worth a journal at once.
const WORTH: u64 = 1000;

/// Syncing may take one part in so many of the time, as long as no bytes wait too long for it.
const SYNCING: u32 = 10;

/// Replies of which is remembered where they began.
const MOST_SEAMS: usize = 1 << 12;

/// No journal is larger.
const MOST_BYTES: u64 = 64 << 20;

/// Keeps the journal of one part file.
#[derive(Debug)]
pub(in crate::http) struct Keeper {
    disk: Arc<dyn Disk>,
    part: Arc<Part>,
    path: PathBuf,
    ledger: Mutex<Ledger>,
    /// Its lock is held while a journal is written, so that one follows the other.
    written: tokio::sync::Mutex<Written>,
}

/// What is written down.
#[derive(Debug)]
struct Written {
    /// What the file says, if there is one.
    journal: Option<Journal>,
    /// Whether there is to be none any more.
    is_over: bool,
}

impl Keeper {
    /// The part file.
    pub(in crate::http) fn part(&self) -> &Arc<Part> {
        &self.part
    }

    /// Bytes that are there.
    pub(in crate::http) fn count(&self) -> u64 {
        self.ledger().journal().count()
    }

    /// How many fragments are whole, and where they end.
    pub(in crate::http) fn whole(&self) -> (usize, u64) {
        let ledger = self.ledger();
        (ledger.journal.whole, ledger.journal.end)
    }

    /// What the source of a list that goes on is told of them.
    pub(in crate::http) fn left(&self) -> Left {
        self.ledger().journal.left()
    }

    /// How much is noted of them for good.
    pub(in crate::http) fn notes(&self) -> usize {
        self.ledger().journal.notes()
    }

    /// Where parts begin in them.
    pub(in crate::http) fn parts(&self) -> Vec<PartStart> {
        self.ledger().journal.parts()
    }

    /// Those of them that are missing.
    pub(in crate::http) fn gaps(&self) -> Vec<Gap> {
        self.ledger().journal.gaps()
    }

    /// The fragments of which something is there, with where they begin and how large they are.
    pub(in crate::http) fn all_begun(&self) -> Vec<(usize, u64, u64)> {
        self.ledger().open.values().map(|open| (open.index, open.base, open.size)).collect()
    }

    /// Forgets what is there of fragments from `index` on, as [`forget`](Keeper::forget) does. Answers how many bytes those
    /// are.
    pub(in crate::http) async fn forget_from(self: &Arc<Self>, index: usize) -> Result<u64> {
        let others = self.ledger().open.split_off(&index);
        self.write_unless_none().await?;
        Ok(others.values().map(|open| open.done.count()).sum())
    }

    /// Remembers of a fragment what is to be noted when it is whole.
    pub(in crate::http) fn expects(&self, index: usize, piece: &Piece) {
        let (begins_part, mark) = (piece.begins_part, piece.mark);
        if begins_part.is_some() || mark.is_some() {
            // Behind an initialisation alone nothing can be gone on with.
            let mark = mark.filter(|(.., initialises)| !initialises);
            let ends = piece.time.map(|(start, duration)| start.saturating_add(duration));
            self.ledger().notes.insert(index, Note { begins_part, mark, ends, gap: None });
        }
    }

    /// Notes that a fragment which would begin at `base` is missing.
    pub(in crate::http) fn is_missing(&self, index: usize, base: u64, gap: Gap) {
        {
            let mut ledger = self.ledger();
            ledger.open.remove(&index);
            let note = ledger.notes.entry(index);
            note.or_insert(Note { begins_part: None, mark: None, ends: None, gap: None }).gap = Some(gap);
        }
        self.is_whole(index, base, 0, &Entity::default());
    }

    /// The last of the whole fragments that has bytes, where those are, and what they were fetched from.
    pub(in crate::http) fn last(&self) -> Option<(usize, Range<u64>, Entity)> {
        let ledger = self.ledger();
        let (index, bytes) = (ledger.journal.last_index, ledger.journal.last..ledger.journal.end);
        (!bytes.is_empty()).then(|| (index, bytes, ledger.journal.last_entity.clone()))
    }

    /// What is there of a fragment that is not whole.
    pub(in crate::http) fn begun(&self, index: usize) -> Option<Open> {
        self.ledger().open.get(&index).cloned()
    }

    /// Begins a fragment, of which nothing is there, that can be gone on with.
    pub(in crate::http) fn begin(&self, index: usize, base: u64, span: Range<u64>, entity: &Entity) {
        let (from, size) = (span.start, span.end - span.start);
        let done = Spans::default();
        let (entity, seams) = (entity.clone(), BTreeSet::new());
        let open = Open { index, base, from, size, entity, done, mixed: false, seams };
        self.ledger().open.insert(index, open);
    }

    /// Notes that bytes of a fragment have landed.
    pub(in crate::http) fn landed(&self, index: usize, run: Range<u64>) {
        let mut ledger = self.ledger();
        if let Some(open) = ledger.open.get_mut(&index) {
            let len = run.end - run.start;
            open.done.insert(run);
            ledger.unwritten += len;
        }
    }

    /// Notes that what a reply brings of a fragment begins here.
    pub(in crate::http) fn seam(&self, index: usize, at: u64) {
        if let Some(open) = self.ledger().open.get_mut(&index)
            && open.seams.len() < MOST_SEAMS
        {
            open.seams.insert(at);
        }
    }

    /// Notes that what is there of a fragment may be of several versions, until it is called whole.
    pub(in crate::http) fn mixed(&self, index: usize) {
        if let Some(open) = self.ledger().open.get_mut(&index) {
            open.mixed = true;
        }
    }

    /// Notes that a fragment is whole, and of one version.
    pub(in crate::http) fn is_whole(&self, index: usize, base: u64, size: u64, entity: &Entity) {
        self.ledger().is_whole(index, base, size, entity);
    }

    /// Forgets a fragment that is begun again, and makes sure that no journal speaks of it, before it is written over.
    pub(in crate::http) async fn forget(self: &Arc<Self>, index: usize) -> Result<()> {
        let was_begun = self.ledger().open.remove(&index).is_some();
        // No journal speaks of what was not begun.
        if was_begun { self.write_unless_none().await } else { Ok(()) }
    }

    /// Writes down what has landed where there is a journal that may say otherwise.
    async fn write_unless_none(self: &Arc<Self>) -> Result<()> {
        if self.written.lock().await.journal.is_some() { self.write().await } else { Ok(()) }
    }

    /// Forgets everything, as [`forget`](Keeper::forget) does.
    pub(in crate::http) async fn forget_all(self: &Arc<Self>, subject: &Subject) -> Result<()> {
        {
            let mut ledger = self.ledger();
            ledger.journal = Journal::new(subject);
            ledger.open.clear();
            ledger.notes.clear();
        }
        self.write_unless_none().await
    }

    /// Writes down what has landed, whenever there is enough of it, until dropped. `total` tells how large the file is,
    /// once known: a thousandth of it is enough, but not more often than ten times a second, nor than the disk likes.
    pub(in crate::http) async fn keep(self: &Arc<Self>, total: impl Fn() -> Option<u64>) -> Infallible {
        let (mut written, mut pause, mut complained) = (Instant::now(), SHORTEST, false);
        // A disk that hesitated once is no slow one: the quicker of the last two tells.
        let mut before = Duration::ZERO;
        loop {
            sleep(pause).await;
            let unwritten = self.ledger().unwritten;
            let enough = total().is_some_and(|total| unwritten >= total / WORTH);
            if unwritten == 0 || !(enough || written.elapsed() >= LONGEST) {
                continue;
            }
            let begun = Instant::now();
            match self.write().await {
                Err(error) if !complained => {
                    complained = true;
                    tracing::warn!(%error, "the journal cannot be written: a run that is killed now loses what it has");
                }
                _ => (),
            }
            written = Instant::now();
            let took = begun.elapsed();
            pause = (took.min(before) * SYNCING).clamp(SHORTEST, LONGEST);
            before = took;
        }
    }

    /// Makes what has landed durable, and writes a journal that says so in place of the last one. Once begun it goes to
    /// its end, whoever waits for it: half of it would leave a file behind.
    pub(in crate::http) async fn write(self: &Arc<Self>) -> Result<()> {
        let keeper = self.clone();
        let written = tokio::spawn(async move { keeper.write_now().await });
        written
            .await
            .map_err(|error| Error::unexpected("a journal that was not written", Some(error.into())))?
    }

    async fn write_now(&self) -> Result<()> {
        let mut written = self.written.lock().await;
        let journal = {
            let mut ledger = self.ledger();
            ledger.unwritten = 0;
            ledger.journal()
        };
        let is_idle = written.journal.is_none() && journal.count() == 0;
        if written.is_over || is_idle || written.journal.as_ref() == Some(&journal) {
            return Ok(());
        }
        let bytes = journal
            .write()
            .map_err(|error| Error::unexpected("a journal that is no JSON", Some(error.into())))?;
        self.part.file().await?.sync().await?;
        let new = new(&self.path);
        if let Err(error) = self.replace(&new, bytes).await {
            // A full disk may have taken half of it.
            self.disk.remove(&new)?;
            return Err(error);
        }
        self.disk.sync_directory(&self.path).await?;
        self.part.stays(true);
        written.journal = Some(journal);
        Ok(())
    }

    /// Puts `bytes` in place of the journal that there is, by way of the file `new`.
    async fn replace(&self, new: &Path, bytes: Vec<u8>) -> Result<()> {
        self.disk.remove(new)?;
        let file = self.disk.create(new).await?;
        file.write(0, vec![bytes.into()], Landing::unheard()).await?;
        file.sync().await?;
        self.disk.rename(new, &self.path).await
    }

    /// Ends a download that failed: what is there stays for the next run, which finds out what it is worth.
    pub(in crate::http) async fn give_up(self: &Arc<Self>, why: &Error) {
        // The bytes were put aside; or another run was quicker with a file so small that nothing of it is on the disk.
        let is_late = matches!(why, Error::Conflict { .. }) && !self.part.is_made();
        if is_late || matches!(why, Error::ChecksumMismatch { .. }) {
            return self.end().await;
        }
        if let Err(error) = self.write().await {
            tracing::warn!(%error, "the journal cannot be written: the next run begins where the last one left off");
        }
    }

    /// Makes the part file what `seal` says and gives it its final name, and removes the journal. One that is under way is waited
    /// for, and none follows: it would be about a part file that is not there any more, or make one.
    pub(in crate::http) async fn publish(&self, seal: Seal, to: &Path, overwrite: bool) -> Result<()> {
        let mut written = self.written.lock().await;
        self.part.publish(seal, to, overwrite).await?;
        *written = Written { journal: None, is_over: true };
        drop(written);
        self.remove().await;
        Ok(())
    }

    /// Removes the journal of bytes that are of no more use. One that is still to be written comes too late.
    async fn end(&self) {
        *self.written.lock().await = Written { journal: None, is_over: true };
        self.remove().await;
    }

    /// Removes the journal, if there can be one.
    async fn remove(&self) {
        if !self.part.is_made() {
            return;
        }
        if let Err(error) = remove(&self.disk, &self.path).await {
            tracing::warn!(%error, "a journal is left behind");
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }
}

/// Removes the journal at `path`, if there is one, durably: it must not come back beside the bytes of another run.
async fn remove(disk: &Arc<dyn Disk>, path: &Path) -> Result<()> {
    if !disk.is_there(path) {
        return Ok(());
    }
    disk.remove(path)?;
    disk.sync_directory(path).await
}
