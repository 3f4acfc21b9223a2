//! One connection: asks for a share, judges the reply, and writes what arrives where it belongs.

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{HeaderValue, header};
use qetch_core::{Context, Error, Fragment, Meter, OpenAnswer, shown};

use super::{
    backoff::Backoff,
    count::Count,
    gauge::{Counted, Gauge},
    part::Part,
    plan::{Plan, ShareId},
    probe::{Ask, Entity, Fit, Misfit, Reply, page_in_place_of_media},
};

/// Bytes that are gathered before they are written.
const BATCH: usize = 1 << 20;

/// Chunks that are gathered: each holds a buffer of its own, however few bytes of it are ours.
const BATCH_CHUNKS: usize = 256;

/// What the connections of a fragment share while they bring one version of it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) cx: Context,
    pub(super) fragment: Fragment,
    /// Whether an HTML page cannot be what was meant.
    pub(super) is_media: bool,
    /// Offsets in the resource that the fragment is; its end is not known for one without a length.
    pub(super) span: (u64, Option<u64>),
    pub(super) entity: Entity,
    pub(super) plan: Mutex<Plan>,
    pub(super) part: Arc<Part>,
    /// Where the fragment begins in the part file.
    pub(super) base: u64,
    pub(super) meter: Meter,
    pub(super) gauge: Arc<Gauge>,
    /// The writes that are under way.
    pub(super) writes: Count,
}

/// An answer that fits and is open already.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) answer: OpenAnswer,
    pub(super) fit: Fit,
    pub(super) counted: Counted,
}

/// Why a connection ended before its share was there.
#[derive(Debug)]
pub(super) enum Fault {
    /// One connection too many; its share is given back, and others go on.
    Unwelcome(Error),
    /// The host does not serve ranges as they are meant.
    NoRanges(String),
    /// It is another file by now.
    Changed(Error),
    /// The download is over.
    Fatal(Error),
}

impl Job {
    /// Brings shares until none is left, the first of them from an answer that is open already.
    pub(super) async fn work(self: Arc<Self>, mut first: Option<(ShareId, Opened)>) -> Result<(), Fault> {
        loop {
            let (share, opened) = match first.take() {
                Some((share, opened)) => (share, Some(opened)),
                None => match self.plan().take() {
                    Some(share) => (share, None),
                    None => return Ok(()),
                },
            };
            if let Err(fault) = self.bring(share, opened).await {
                self.plan().give_back(share);
                return Err(fault);
            }
        }
    }

    /// Brings one share, asking again for the rest of it when the connection breaks.
    async fn bring(&self, share: ShareId, mut opened: Option<Opened>) -> Result<(), Fault> {
        let mut backoff = Backoff::of_a_share();
        loop {
            let left = self.plan().left(share);
            // A body without a length is read to its end even where nothing is wanted of it.
            if left.is_empty() && opened.as_ref().is_none_or(|opened| opened.fit.body.1.is_some()) {
                return Ok(());
            }
            let outcome = self.bring_once(share, &left, opened.take()).await;
            let error = match outcome {
                // A reply may hold less than was asked for; the rest is asked for next.
                Ok(()) => continue,
                Err(Misfit::Passing(error)) => error,
                Err(Misfit::Unwelcome(error)) => return Err(Fault::Unwelcome(error)),
                Err(Misfit::NoRanges(problem)) => return Err(Fault::NoRanges(problem)),
                Err(Misfit::Changed(error)) => return Err(Fault::Changed(error)),
                Err(Misfit::Empty) => return Err(Fault::Fatal(self.bad("no bytes where there were some"))),
                Err(Misfit::Fatal(error)) => return Err(Fault::Fatal(error)),
            };
            if !self.entity.has_ranges {
                // The rest cannot be asked for: whoever began this begins again.
                return Err(Fault::Unwelcome(error));
            }
            if self.plan().left(share).start > left.start {
                backoff.progressed();
            }
            backoff.bear(error).await.map_err(Fault::Fatal)?;
        }
    }

    /// Asks for what is left of a share, unless the answer is open already, and takes what one reply gives of it.
    async fn bring_once(
        &self,
        share: ShareId,
        left: &Range<u64>,
        opened: Option<Opened>,
    ) -> Result<(), Misfit> {
        if let Some(opened) = opened {
            let Opened { answer, fit, counted: _counted } = opened;
            return self.receive(share, answer, &fit).await;
        }
        let ask = Ask::Between(self.span.0 + left.start, self.span.0 + left.end);
        let answer = open(&self.cx, &self.fragment, ask).await?;
        let fit = Reply::of(&answer).judge(ask, Some(&self.entity))?;
        let _counted = self.gauge.connection();
        self.receive(share, answer, &fit).await
    }

    /// Writes what arrives of a share until its end, or that of the body.
    async fn receive(&self, share: ShareId, mut answer: OpenAnswer, fit: &Fit) -> Result<(), Misfit> {
        let mut at = fit.body.0;
        // Bytes past this are not the fragment's, whatever the body still holds.
        let end = [fit.body.1, self.span.1].into_iter().flatten().min();
        let mut batch = Batch::default();
        loop {
            let arrived = answer.chunk().await;
            let mut chunk = match arrived {
                Ok(Some(chunk)) => chunk,
                Ok(None) => {
                    self.write(&mut batch).await?;
                    return self.ended(share, at, end);
                }
                Err(error) => {
                    self.write(&mut batch).await?;
                    return Err(Misfit::Passing(error));
                }
            };
            if at == 0
                && self.is_media
                && let Some(error) = page_in_place_of_media(&answer, &chunk)
            {
                return Err(Misfit::Fatal(error));
            }
            let begins = at;
            at += chunk.len() as u64;
            let arrived = chunk.len();
            let wanted = self.claim(share, begins, &mut chunk, end);
            if end.is_none() && chunk.len() < arrived {
                return Err(Misfit::Fatal(self.bad("more bytes than the site promises")));
            }
            batch.push(wanted, chunk);
            let is_done = end.is_some() && self.plan().left(share).is_empty();
            if is_done || batch.is_full() {
                self.write(&mut batch).await?;
            }
            if is_done {
                return Ok(());
            }
        }
    }

    /// Cuts from `chunk`, which begins at this offset of the resource, what the share still wants, and answers where
    /// that goes in the fragment.
    fn claim(&self, share: ShareId, begins: u64, chunk: &mut Bytes, end: Option<u64>) -> u64 {
        let arrived = chunk.len();
        if let Some(end) = end {
            chunk.truncate(saturating_usize(end.saturating_sub(begins)));
        }
        let claimed = {
            let mut plan = self.plan();
            // A reply may begin before what was asked for.
            let ahead = saturating_usize((self.span.0 + plan.left(share).start).saturating_sub(begins));
            *chunk = chunk.split_off(ahead.min(chunk.len()));
            plan.claim(share, chunk.len() as u64)
        };
        let count = claimed.end - claimed.start;
        chunk.truncate(saturating_usize(count));
        self.meter.add(count);
        self.gauge.waste((arrived - chunk.len()) as u64);
        claimed.start
    }

    /// The body has ended: in order where its length was met, or where it had none.
    fn ended(&self, share: ShareId, at: u64, end: Option<u64>) -> Result<(), Misfit> {
        match end {
            Some(end) if at < end => Err(Misfit::Passing(self.bad("a body that is shorter than announced"))),
            Some(_) => Ok(()),
            None => {
                let mut plan = self.plan();
                plan.end_here(share);
                let is_whole = plan.left(share).is_empty();
                drop(plan);
                if is_whole {
                    Ok(())
                } else {
                    Err(Misfit::Fatal(self.bad("fewer bytes than the site promises")))
                }
            }
        }
    }

    async fn write(&self, batch: &mut Batch) -> Result<(), Misfit> {
        let Batch { offset, bytes, chunks } = std::mem::take(batch);
        if bytes == 0 {
            return Ok(());
        }
        self.part.write(self.base + offset, chunks, self.writes.one()).await.map_err(Misfit::Fatal)
    }

    pub(super) fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bad(&self, problem: &str) -> Error {
        Error::bad_reply(&self.fragment.url, problem)
    }
}

/// Sends the fragment's request for `ask`.
pub(super) async fn open(cx: &Context, fragment: &Fragment, ask: Ask) -> Result<OpenAnswer, Misfit> {
    let mut request = fragment.request().map_err(Misfit::Fatal)?;
    if let Some(range) = ask.header() {
        let range = HeaderValue::try_from(range).map_err(|error| {
            Misfit::Fatal(Error::unexpected("a range that no header can hold", Some(error.into())))
        })?;
        request = request.with_header(header::RANGE, range);
    }
    tracing::debug!(url = shown(&fragment.url), ?ask, "asking");
    cx.open(request).await.map_err(|error| match error {
        // The host asks for a longer wait than is allowed: for one connection of several that is one too many.
        Error::RateLimited { .. } => Misfit::Unwelcome(error),
        error if error.is_retryable() => Misfit::Passing(error),
        error => Misfit::Fatal(error),
    })
}

/// Chunks that follow one another, gathered to be written at once.
#[derive(Debug, Default)]
struct Batch {
    offset: u64,
    bytes: usize,
    chunks: Vec<Bytes>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.bytes >= BATCH || self.chunks.len() >= BATCH_CHUNKS
    }

    fn push(&mut self, offset: u64, chunk: Bytes) {
        if chunk.is_empty() {
            return;
        }
        if self.bytes == 0 {
            self.offset = offset;
        }
        self.bytes += chunk.len();
        self.chunks.push(chunk);
    }
}

/// `count` as a length in memory; more than memory can hold is all there is.
fn saturating_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
