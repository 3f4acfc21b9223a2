//! What an earlier run left beside a file: its part and its journal.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use qetch_core::{Error, Result, files};

use super::{
    super::{
        count::Count,
        disk::Disk,
        journal::{Journal, Subject},
        part::Part,
    },
    Keeper, Ledger, MOST_BYTES, Written, remove,
};

impl Keeper {
    /// Opens the part file of the file to be at `to`, and the journal that an earlier run left beside it. Where that one
    /// is torn, about something else or speaks of more than is there, or where `resume` is false, both begin empty.
    pub(in crate::http) async fn open(
        disk: &Arc<dyn Disk>,
        to: &Path,
        subject: &Subject,
        resume: bool,
        open: &Count,
    ) -> Result<Self> {
        let path = journal_of(to);
        let is_there = disk.is_there(&path);
        let later = if is_there { None } else { Part::later(disk, to, open) };
        let (part, len) = match later {
            Some(part) => (part, 0),
            None => {
                let (part, len) = Part::open(disk, to, open).await?;
                // What a run left that was killed while it wrote one.
                disk.remove(&new(&path))?;
                (part, len)
            }
        };
        let bytes = if is_there { disk.read(&path, MOST_BYTES).await? } else { None };
        let written = match bytes.as_deref().map(Journal::read) {
            None => None,
            Some(_) if !resume => None,
            Some(Ok(journal)) if !journal.is_about(subject) => refused(&path, "it is about another content"),
            Some(Ok(journal)) if journal.reach() > len => refused(&path, "it speaks of more than is there"),
            Some(Ok(journal)) => Some(journal),
            Some(Err(problem)) => refused(&path, &problem),
        };
        // Where there is neither, taking the part sees to it that none comes back.
        let recording = bytes.as_deref().and_then(|it| Journal::read(it).ok()).filter(Journal::is_recording);
        let (part, len) = match recording.filter(|journal| written.is_none() && journal.reach() <= len) {
            // Nobody can make it again.
            Some(journal) => {
                part.file().await?.set_len(journal.end).await?;
                let aside = part.put_aside(to, ".recorded").await?;
                tracing::warn!(path = %aside.display(), bytes = journal.end, "what was recorded before is put aside");
                remove(disk, &path).await?;
                drop(part);
                Part::open(disk, to, open).await?
            }
            None => (part, len),
        };
        if written.is_none() && (is_there || len > 0) {
            // Before anything is written: an old journal beside new bytes would be believed.
            remove(disk, &path).await?;
            part.stays(false);
            part.file().await?.set_len(0).await?;
        }
        let journal = written.clone().unwrap_or_else(|| Journal::new(subject));
        let open = journal.open.iter().cloned().map(|open| (open.index, open)).collect();
        let ledger = Mutex::new(Ledger { journal, open, notes: BTreeMap::new(), unwritten: 0 });
        let written = tokio::sync::Mutex::new(Written { journal: written, is_over: false });
        Ok(Self { disk: disk.clone(), part: Arc::new(part), path, ledger, written })
    }

    /// The journal of the file to be at `to`, where it is about a recording.
    #[cfg(any(feature = "hls", feature = "dash"))]
    pub(in crate::http) async fn recorded(disk: &Arc<dyn Disk>, to: &Path) -> Option<Journal> {
        let path = journal_of(to);
        let bytes = if disk.is_there(&path) { disk.read(&path, MOST_BYTES).await.ok()? } else { None };
        Journal::read(&bytes?).ok().filter(Journal::is_recording)
    }

    /// Removes what a run left beside the file at `to` that was killed while it gave that its name: the journal, and the
    /// part's name where both were there. What another run has begun, to replace the file, stays.
    pub(in crate::http) async fn clear(disk: &Arc<dyn Disk>, to: &Path, open: &Count) -> Result<()> {
        let part = files::with_suffix(to, ".qetch");
        if disk.look(&part).await.is_ok_and(|found| found.is_some()) {
            // Opening it gives up a name that is the file's second one, and makes an empty file.
            match Part::open(disk, to, open).await {
                Ok((_, 0)) => (),
                Ok(_) | Err(Error::Conflict { .. }) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let journal = journal_of(to);
        disk.remove(&new(&journal))?;
        remove(disk, &journal).await
    }
}

/// Where the journal of the file to be at `to` is.
fn journal_of(to: &Path) -> PathBuf {
    files::with_suffix(to, ".qetch-journal")
}

/// Where the journal at `path` is written before it is there.
pub(super) fn new(path: &Path) -> PathBuf {
    files::with_suffix(path, "-new")
}

fn refused(path: &Path, problem: &str) -> Option<Journal> {
    tracing::warn!(path = %path.display(), problem, "a journal that is of no use: beginning afresh");
    None
}
