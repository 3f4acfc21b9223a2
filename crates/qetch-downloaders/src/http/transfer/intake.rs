//! What a share wants of the bytes that arrive: claimed, gathered and written.

use std::ops::Range;

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    super::{disk::Writing, lock::lock, plan::ShareId, probe::Misfit},
    Job,
    batch::Batch,
};

/// Takes in what one reply brings of a share. One batch is gathered while the one before it is written, so that the
/// connection is read on meanwhile.
pub(super) struct Intake<'a> {
    job: &'a Job,
    pub(super) share: ShareId,
    /// Where the reply ends that is taken in, if that is known.
    pub(super) end: Option<u64>,
    batch: Batch,
    writing: Option<Writing>,
    run: Run<'a>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(job: &'a Job, share: ShareId, end: Option<u64>) -> Self {
        let run = Run { job, brought: 0..0, count: 0 };
        Self { job, share, end, batch: Batch::default(), writing: None, run }
    }

    /// Bytes that were wanted.
    pub(super) fn brought(&self) -> u64 {
        self.run.count
    }

    /// When what is gathered is to be written, however little it is.
    pub(super) fn write_at(&self) -> Option<Instant> {
        self.batch.flush_at()
    }

    /// Takes what the share wants of `piece`, which begins at this offset of the resource. Whether it wants more.
    pub(super) async fn take(&mut self, mut at: u64, mut piece: Bytes) -> Result<bool, Misfit> {
        let (job, arrived) = (self.job, piece.len());
        job.task.gauge.arrived(arrived as u64);
        if let Some(end) = self.end {
            piece.truncate(saturating_usize(end.saturating_sub(at)));
        }
        // A reply may begin before what was asked for.
        let ahead = saturating_usize(job.span.0.saturating_sub(at)).min(piece.len());
        piece = piece.split_off(ahead);
        at = (at + ahead as u64).saturating_sub(job.span.0);
        let mut needed = 0;
        let wants_more = loop {
            let claimed = job.plan().claim(self.share, at, piece.len() as u64, job.now());
            if !claimed.is_empty() {
                let from = saturating_usize(claimed.start - at);
                let wanted = piece.slice(from..from + saturating_usize(claimed.end - claimed.start));
                needed += wanted.len();
                if self.batch.is_elsewhere(claimed.start) {
                    self.write().await?;
                }
                if !job.is_coded {
                    job.task.meter.add(wanted.len() as u64);
                }
                self.batch.push(claimed.start, wanted);
                self.run.brings(claimed);
            }
            if !job.plan().left(self.share).is_empty() {
                break true;
            }
            // What the body holds behind the share may be wanted, too.
            let Some(end) = self.end else { break false };
            if !job.plan().extend(self.share, end.saturating_sub(job.span.0)) {
                break false;
            }
        };
        job.task.gauge.waste((arrived - needed) as u64);
        if self.batch.is_full() {
            self.write().await?;
        }
        if self.end.is_none() {
            if needed < arrived {
                return Err(Misfit::Fatal(job.bad("more bytes than the site promises")));
            }
            // What is opened later is no progress before, and takes room all the same.
            let most = job.task.meter.read().done.max(job.place.part.all_shelved());
            job.task.check_size(most).map_err(Misfit::Fatal)?;
            // Only its end tells that such a body is over.
            return Ok(true);
        }
        Ok(wants_more)
    }

    /// Begins to write what is gathered, once the write before has landed.
    pub(super) async fn write(&mut self) -> Result<(), Misfit> {
        let Some((offset, chunks)) = self.batch.take() else { return Ok(()) };
        self.landed().await?;
        let (job, done) = (self.job, self.job.writes.one());
        let landing = job.task.landing(job.place.keeper.as_ref(), job.index, job.place.base, offset, done);
        let writing = job.place.part.write(job.place.base + offset, chunks, landing).await;
        self.writing = Some(writing.map_err(Misfit::Fatal)?);
        // Many connections together must not gather what a disk cannot take.
        if job.place.part.is_behind() { self.landed().await } else { Ok(()) }
    }

    /// Writes what is gathered and waits until all has landed.
    pub(super) async fn land(mut self) -> Result<(), Misfit> {
        self.write().await?;
        self.landed().await
    }

    async fn landed(&mut self) -> Result<(), Misfit> {
        match self.writing.take() {
            Some(writing) => writing.await.map_err(Misfit::Fatal),
            None => Ok(()),
        }
    }
}

/// Which bytes a reply brings, noted when it has ended.
struct Run<'a> {
    job: &'a Job,
    brought: Range<u64>,
    /// Bytes in all.
    count: u64,
}

impl Run<'_> {
    fn brings(&mut self, claimed: Range<u64>) {
        if self.brought.end != claimed.start {
            self.note();
            self.brought.start = claimed.start;
            if let Some(keeper) = &self.job.place.keeper {
                keeper.seam(self.job.index, claimed.start);
            }
        }
        self.brought.end = claimed.end;
        self.count += claimed.end - claimed.start;
    }

    fn note(&mut self) {
        if !self.brought.is_empty() {
            lock(&self.job.runs).note(self.brought.clone(), &self.job.task.dice);
        }
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.note();
    }
}

/// `count` as a length in memory; more than memory can hold is all there is.
fn saturating_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
