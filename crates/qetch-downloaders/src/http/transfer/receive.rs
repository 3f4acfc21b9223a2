//! From an open answer to bytes on disk: what comes, and when that is enough.

use std::time::Duration;

use bytes::Bytes;
use qetch_core::{Error, OpenAnswer};
use tokio::time::{Instant, timeout_at};

use super::{
    super::{
        beginning::Beginning,
        plan::ShareId,
        probe::{Fit, Misfit},
    },
    Job,
    clock::Clock,
    intake::Intake,
};

/// A connection from which nothing comes for so long, while something comes from others, is given up.
const STALL: Duration = Duration::from_secs(5);

impl Job {
    /// Writes what arrives of a share until its end, or that of the body. `brought` counts what was of use.
    pub(super) async fn receive(
        &self,
        share: ShareId,
        mut answer: OpenAnswer,
        fit: &Fit,
        brought: &mut u64,
    ) -> Result<Ended, Misfit> {
        // Bytes past this are not the fragment's, whatever the body still holds.
        let end = [fit.body.1, self.span.1].into_iter().flatten().min();
        let mut intake = Intake::new(self, share, end);
        let ended = self.take_all(&mut answer, fit.body.0, &mut intake).await;
        *brought = intake.brought();
        // Its connection is of use to others while this lands.
        drop(answer);
        // What was claimed nobody else will bring, however this has ended.
        intake.land().await?;
        ended
    }

    /// Takes in what arrives, the first of it at this offset of the resource.
    async fn take_all(
        &self,
        answer: &mut OpenAnswer,
        mut at: u64,
        intake: &mut Intake<'_>,
    ) -> Result<Ended, Misfit> {
        let (share, end) = (intake.share, intake.end);
        let stream = (at <= self.span.0 && end == self.span.1).then(|| self.streams.one());
        let mut clock = Clock::new(self.entity.has_ranges);
        let mut beginning = Beginning::new(self.task.media, at, self.span.0);
        loop {
            let since = Instant::now();
            let arrived = match self.next(share, answer, intake.write_at(), end).await {
                Next::Chunk(chunk) => chunk,
                // A slow connection shall not hold back for long what would be lost with it.
                Next::Flush => {
                    clock.arrived(since, 0);
                    intake.write().await?;
                    continue;
                }
                Next::Brought => return Ok(Ended::Done),
                Next::End => {
                    let is_enough = self.take(intake, &mut at, beginning.rest()).await?;
                    return if is_enough { Ok(Ended::Done) } else { self.ended(share, at, end) };
                }
                Next::Failed(error) => return Err(Misfit::Passing(error)),
            };
            let is_worth = clock.arrived(since, arrived.len());
            let known = beginning.take(answer, at, arrived, end).map_err(Misfit::Fatal)?;
            if self.take(intake, &mut at, known).await? {
                return Ok(Ended::Done);
            }
            if self.entity.has_ranges && answer.should_yield() {
                tracing::debug!("another download waits for a connection to this host");
                return Ok(Ended::Done);
            }
            if !is_worth {
                return Err(Misfit::Passing(self.bad("a few bytes in a long time")));
            }
            if stream.is_none() && self.plan().is_one_stream() {
                return Ok(Ended::Done);
            }
        }
    }

    /// Takes in what arrived at `at`, which is behind it then. Whether no more is wanted.
    async fn take(&self, intake: &mut Intake<'_>, at: &mut u64, mut arrived: Bytes) -> Result<bool, Misfit> {
        while !arrived.is_empty() {
            let piece = arrived.split_to(self.task.slice().min(arrived.len()));
            let len = piece.len();
            // Whoever does not read makes the sender wait.
            self.task.pay(len).await;
            if !intake.take(*at, piece).await? {
                return Ok(true);
            }
            *at += len as u64;
        }
        Ok(false)
    }

    /// What comes next from an open answer, unless it is time to write what there is.
    async fn next(
        &self,
        share: ShareId,
        answer: &mut OpenAnswer,
        write_at: Option<Instant>,
        end: Option<u64>,
    ) -> Next {
        let all = self.task.gauge.all_arrived();
        let stalls_at = Instant::now() + STALL;
        let until = write_at.unwrap_or(stalls_at);
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
