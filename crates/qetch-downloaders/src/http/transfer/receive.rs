//! From an open answer to bytes on disk: what a share wants of what arrives is gathered and written.

use std::{ops::Range, time::Duration};

use bytes::Bytes;
use qetch_core::{Error, OpenAnswer};
use tokio::time::{Instant, timeout_at};

use super::{
    super::{
        lock::lock,
        plan::ShareId,
        probe::{Fit, Misfit, page_in_place_of_media},
    },
    Job,
    batch::Batch,
    clock::Clock,
};

/// A connection from which nothing comes for so long, while something comes from others, is given up.
const STALL: Duration = Duration::from_secs(5);

impl Job {
    /// Writes what arrives of a share until its end, or that of the body.
    pub(super) async fn receive(
        &self,
        share: ShareId,
        mut answer: OpenAnswer,
        fit: &Fit,
        brought: &mut u64,
    ) -> Result<Ended, Misfit> {
        let mut at = fit.body.0;
        // Bytes past this are not the fragment's, whatever the body still holds.
        let end = [fit.body.1, self.span.1].into_iter().flatten().min();
        let stream = (fit.body.0 <= self.span.0 && end == self.span.1).then(|| self.streams.one());
        let (mut batch, mut run) = (Batch::default(), Run { job: self, brought: 0..0, count: 0 });
        let mut clock = Clock::new(self.entity.has_ranges);
        loop {
            let since = Instant::now();
            let mut arrived = match self.next(share, &mut answer, &batch, end).await {
                Next::Chunk(chunk) => chunk,
                // A slow connection shall not hold back for long what would be lost with it.
                Next::Flush => {
                    clock.arrived(since, 0);
                    self.write(&mut batch).await?;
                    continue;
                }
                Next::Brought => {
                    self.write(&mut batch).await?;
                    return Ok(Ended::Done);
                }
                Next::End => {
                    self.write(&mut batch).await?;
                    return self.ended(share, at, end);
                }
                Next::Failed(error) => {
                    self.write(&mut batch).await?;
                    return Err(Misfit::Passing(error));
                }
            };
            if at == 0
                && self.task.is_media
                && let Some(error) = page_in_place_of_media(&answer, &arrived)
            {
                return Err(Misfit::Fatal(error));
            }
            let is_worth = clock.arrived(since, arrived.len());
            while !arrived.is_empty() {
                let piece = arrived.split_to(self.task.slice().min(arrived.len()));
                let len = piece.len();
                // Whoever does not read makes the sender wait.
                self.task.pay(len).await;
                let wants_more = self.take_in(share, at, piece, end, &mut batch, &mut run).await?;
                *brought = run.count;
                at += len as u64;
                if !wants_more {
                    self.write(&mut batch).await?;
                    return Ok(Ended::Done);
                }
            }
            if batch.is_full() {
                self.write(&mut batch).await?;
            }
            if self.entity.has_ranges && answer.should_yield() {
                tracing::debug!("another download waits for a connection to this host");
                self.write(&mut batch).await?;
                return Ok(Ended::Done);
            }
            if !is_worth {
                self.write(&mut batch).await?;
                return Err(Misfit::Passing(self.bad("a few bytes in a long time")));
            }
            if stream.is_none() && self.plan().is_one_stream() {
                self.write(&mut batch).await?;
                return Ok(Ended::Done);
            }
        }
    }

    /// What comes next from an open answer.
    async fn next(&self, share: ShareId, answer: &mut OpenAnswer, batch: &Batch, end: Option<u64>) -> Next {
        let all = self.task.gauge.all_arrived();
        let stalls_at = Instant::now() + STALL;
        let until = batch.flush_at().unwrap_or(stalls_at);
        tokio::select! {
            biased;
            chunk = timeout_at(until, answer.chunk()) => match chunk {
                Ok(Ok(Some(chunk))) => Next::Chunk(chunk),
                Ok(Ok(None)) => Next::End,
                Ok(Err(error)) => Next::Failed(error),
                Err(_) if until < stalls_at => Next::Flush,
                Err(_) if self.entity.has_ranges && self.task.gauge.all_arrived() > all => {
                    Next::Failed(self.bad("not a byte for a while, though other connections bring some"))
                }
                Err(_) => Next::Flush,
            },
            // Of a body without a length only its end tells that it is over.
            () = self.is_brought(share), if end.is_some() => Next::Brought,
        }
    }

    /// Gathers what the share wants of `piece`, which begins at this offset of the resource. Whether it wants more.
    async fn take_in(
        &self,
        share: ShareId,
        mut at: u64,
        mut piece: Bytes,
        end: Option<u64>,
        batch: &mut Batch,
        run: &mut Run<'_>,
    ) -> Result<bool, Misfit> {
        let arrived = piece.len();
        self.task.gauge.arrived(arrived as u64);
        if let Some(end) = end {
            piece.truncate(saturating_usize(end.saturating_sub(at)));
        }
        // A reply may begin before what was asked for.
        let ahead = saturating_usize(self.span.0.saturating_sub(at)).min(piece.len());
        piece = piece.split_off(ahead);
        at = (at + ahead as u64).saturating_sub(self.span.0);
        let mut needed = 0;
        let wants_more = loop {
            let claimed = self.plan().claim(share, at, piece.len() as u64, self.now());
            if !claimed.is_empty() {
                let from = saturating_usize(claimed.start - at);
                let wanted = piece.slice(from..from + saturating_usize(claimed.end - claimed.start));
                needed += wanted.len();
                if batch.is_elsewhere(claimed.start) {
                    self.write(batch).await?;
                }
                self.task.meter.add(wanted.len() as u64);
                batch.push(claimed.start, wanted);
                run.brings(claimed);
            }
            if !self.plan().left(share).is_empty() {
                break true;
            }
            // What the body holds behind the share may be wanted, too.
            let Some(end) = end else { break false };
            if !self.plan().extend(share, end.saturating_sub(self.span.0)) {
                break false;
            }
        };
        self.task.gauge.waste((arrived - needed) as u64);
        if end.is_none() {
            if needed < arrived {
                return Err(Misfit::Fatal(self.bad("more bytes than the site promises")));
            }
            self.task.check_size(self.task.meter.read().done).map_err(Misfit::Fatal)?;
            // Only its end tells that such a body is over.
            return Ok(true);
        }
        Ok(wants_more)
    }

    /// The body has ended: in order where its length was met, or where it had none.
    fn ended(&self, share: ShareId, at: u64, end: Option<u64>) -> Result<Ended, Misfit> {
        match end {
            Some(end) if at < end => Err(Misfit::Passing(self.bad("a body that is shorter than announced"))),
            Some(_) => Ok(Ended::Short),
            None => {
                self.plan().end_here(share);
                Ok(Ended::Done)
            }
        }
    }

    async fn write(&self, batch: &mut Batch) -> Result<(), Misfit> {
        let Some((offset, chunks)) = batch.take() else { return Ok(()) };
        let done = self.writes.one();
        let landing = self.task.landing(self.keeper.as_ref(), self.index, self.base, offset, done);
        self.part.file().write(self.base + offset, chunks, landing).await.map_err(Misfit::Fatal)
    }
}

/// What comes next from an open answer.
enum Next {
    Chunk(Bytes),
    /// The end of the body.
    End,
    /// Nothing yet, and it is time to write what there is.
    Flush,
    /// Nothing, and nothing is wanted any more.
    Brought,
    Failed(Error),
}

/// How a reply ended that fitted.
#[derive(Debug)]
pub(super) enum Ended {
    /// The share wants no more.
    Done,
    /// The body held less than was asked for.
    Short,
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
            if let Some(keeper) = &self.job.keeper {
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
