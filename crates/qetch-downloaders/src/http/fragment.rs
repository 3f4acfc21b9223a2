//! One fragment: the first answer tells what it is, and then as many connections as it is worth bring it.

use std::sync::{Arc, Mutex};

use qetch_core::{Context, Error, Fragment, FragmentMethod, Meter, OpenAnswer, Result};
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument as _;

use super::{
    backoff::Backoff,
    count::Count,
    gauge::Gauge,
    part::Part,
    plan::{Plan, ShareId},
    probe::{Ask, Misfit, Reply},
    transfer::{Fault, Job, Opened, open},
};

/// Times that a file which changes under the download is begun again before that is an error.
const MOST_VERSIONS: u32 = 3;

/// One fragment to bring.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) cx: Context,
    pub(super) fragment: Fragment,
    pub(super) is_media: bool,
    /// The bytes it must have, where the site guarantees them.
    pub(super) size: Option<u64>,
    pub(super) connections: usize,
    pub(super) part: Arc<Part>,
    /// Where it begins in the part file.
    pub(super) base: u64,
    pub(super) meter: Meter,
    pub(super) gauge: Arc<Gauge>,
    /// Hears its size as soon as an answer tells it.
    pub(super) sizes: Arc<Sizes>,
    /// Which of the content's fragments it is.
    pub(super) index: usize,
}

impl Fetch {
    /// Brings it whole, and answers how many bytes it has.
    pub(super) async fn run(self) -> Result<u64> {
        let mut backoff = Backoff::of_a_fragment();
        let mut versions = 0;
        let mut may_range = self.fragment.method == FragmentMethod::Get;
        let mut parked = self.parked();
        loop {
            let begun = match self.begin(may_range, parked.take()).await {
                Ok(begun) => begun,
                Err(Misfit::Empty) => {
                    self.meter.answered();
                    self.sizes.learn(self.index, Some(0), &self.meter);
                    return self.checked(0);
                }
                Err(Misfit::NoRanges(problem)) if may_range => {
                    tracing::info!(problem, "no ranges: fetching it as one stream");
                    may_range = false;
                    continue;
                }
                Err(Misfit::NoRanges(problem)) => return Err(Error::bad_reply(&self.fragment.url, problem)),
                Err(Misfit::Passing(error) | Misfit::Unwelcome(error)) if may_pass(&error) => {
                    backoff.bear(error).await?;
                    continue;
                }
                Err(Misfit::Passing(error) | Misfit::Unwelcome(error)) => return Err(error),
                Err(Misfit::Changed(error) | Misfit::Fatal(error)) => return Err(error),
            };
            let (job, share, opened) = begun;
            let fault = match self.work(&job, share, opened).await {
                Ok(()) => return self.checked(job.plan().done()),
                Err(fault) => fault,
            };
            // A write of this version that landed later would land in the next one.
            job.writes.none().await;
            // All that this version brought is fetched again.
            let lost = job.plan().done();
            match fault {
                Fault::Fatal(error) => return Err(error),
                Fault::NoRanges(problem) => {
                    tracing::info!(problem, "no ranges after all: fetching it afresh as one stream");
                    may_range = false;
                }
                Fault::Changed(error) => {
                    versions += 1;
                    if versions >= MOST_VERSIONS {
                        return Err(error);
                    }
                    tracing::info!(%error, "fetching it afresh");
                }
                Fault::Unwelcome(error) => backoff.bear(error).await?,
            }
            self.gauge.waste(lost);
            self.meter.restart(lost);
        }
    }

    /// The open answer that an extraction left behind for exactly this request.
    fn parked(&self) -> Option<OpenAnswer> {
        let mut plain = Fragment::new(self.fragment.url.clone());
        (plain.size, plain.part, plain.expires) =
            (self.fragment.size, self.fragment.part, self.fragment.expires);
        if self.fragment == plain { self.cx.take_parked(&plain.url) } else { None }
    }

    /// Gets the first answer, which is the probe, and plans by what it tells.
    async fn begin(
        &self,
        may_range: bool,
        parked: Option<OpenAnswer>,
    ) -> Result<(Arc<Job>, ShareId, Opened), Misfit> {
        let range = self.fragment.range;
        let ask = match (&parked, may_range, range) {
            (Some(_), ..) | (None, false, _) => Ask::Whole,
            (None, true, None) => Ask::From(0),
            (None, true, Some(range)) => Ask::Between(range.offsets().start, range.offsets().end),
        };
        let answer = match parked {
            Some(answer) => answer,
            None => open(&self.cx, &self.fragment, ask).await?,
        };
        let fit = Reply::of(&answer).judge(ask, None)?;
        let counted = self.gauge.connection();
        let span = match range {
            Some(range) => (range.offsets().start, Some(range.offsets().end)),
            None => (0, fit.entity.complete),
        };
        if let (Some(complete), Some(end)) = (fit.entity.complete, span.1)
            && end > complete
        {
            let problem = format!("{complete} bytes where the fragment ends at {end}");
            return Err(Misfit::Fatal(Error::bad_reply(answer.url(), problem)));
        }
        let total = span.1.map(|end| end - span.0);
        if let Some(total) = total {
            self.checked(total).map_err(Misfit::Fatal)?;
        }
        self.meter.answered();
        self.sizes.learn(self.index, total.or(self.size), &self.meter);
        let mut entity = fit.entity.clone();
        entity.has_ranges &= may_range;
        let connections = if entity.has_ranges { self.connections } else { 1 };
        let planned = total.or(self.size);
        let (plan, share) = planned.map_or_else(Plan::endless, |total| Plan::split(total, connections));
        tracing::info!(total, connections = plan.waiting() + 1, ranges = entity.has_ranges, "planned");
        let job = Job {
            cx: self.cx.clone(),
            fragment: self.fragment.clone(),
            is_media: self.is_media,
            span,
            entity,
            plan: Mutex::new(plan),
            part: self.part.clone(),
            base: self.base,
            meter: self.meter.clone(),
            gauge: self.gauge.clone(),
            writes: Count::default(),
        };
        Ok((Arc::new(job), share, Opened { answer, fit, counted }))
    }

    /// Runs the connections of a job until every byte is there, or one of them meets what ends them all. Dropping the
    /// future ends them.
    async fn work(&self, job: &Arc<Job>, share: ShareId, opened: Opened) -> Result<(), Fault> {
        let mut connections = JoinSet::new();
        connections.spawn(job.clone().work(Some((share, opened))).in_current_span());
        let extra = job.plan().waiting();
        for _ in 0..extra {
            connections.spawn(job.clone().work(None).in_current_span());
        }
        let (mut backoff, mut unwelcome) = (Backoff::of_a_share(), None);
        loop {
            let done = job.plan().done();
            while let Some(ended) = connections.join_next().await {
                match ended.unwrap_or_else(|error| Err(Fault::Fatal(panicked(error)))) {
                    Ok(()) => (),
                    // The host gives fewer connections than we asked for: the others take its share over.
                    Err(Fault::Unwelcome(error)) => {
                        tracing::info!(%error, left = connections.len(), "one connection less");
                        unwelcome = Some(error);
                    }
                    Err(fault) => {
                        connections.shutdown().await;
                        return Err(fault);
                    }
                }
            }
            if job.plan().is_whole() {
                return Ok(());
            }
            // The last connections gave something back when nobody was there to take it: one more goes for it. Where
            // others were refused and yet something arrived, the host gives fewer connections, and not none.
            let is_alive = job.plan().done() > done;
            if is_alive {
                backoff.progressed();
            }
            match unwelcome.take() {
                Some(error) if !job.entity.has_ranges => return Err(Fault::Unwelcome(error)),
                Some(error) if !is_alive && !may_pass(&error) => return Err(Fault::Fatal(error)),
                Some(error) => backoff.bear(error).await.map_err(Fault::Fatal)?,
                None => (),
            }
            connections.spawn(job.clone().work(None).in_current_span());
        }
    }

    /// `total`, if it is what the site guarantees.
    fn checked(&self, total: u64) -> Result<u64> {
        match self.size {
            Some(size) if size != total => {
                let problem = format!("{total} bytes where the site promises {size}");
                Err(Error::bad_reply(&self.fragment.url, problem))
            }
            _ => Ok(total),
        }
    }
}

/// Whether asking again soon may help. A host that asks for a longer wait than is allowed is not asked again.
fn may_pass(error: &Error) -> bool {
    error.is_retryable() && !matches!(error, Error::RateLimited { retry_after: Some(_), .. })
}

fn panicked(error: JoinError) -> Error {
    Error::unexpected("a connection that panicked", Some(error.into()))
}

/// The sizes of a content's fragments, as they become known: their sum is what progress counts towards.
#[derive(Debug)]
pub(super) struct Sizes(Mutex<Vec<Option<u64>>>);

impl Sizes {
    /// Sizes that are known beforehand.
    pub(super) fn new(sizes: Vec<Option<u64>>, meter: &Meter) -> Self {
        meter.set_total(sum(&sizes));
        Self(Mutex::new(sizes))
    }

    pub(super) fn learn(&self, index: usize, size: Option<u64>, meter: &Meter) {
        let mut sizes = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(slot) = sizes.get_mut(index) {
            *slot = size;
        }
        meter.set_total(sum(&sizes));
    }
}

/// The sum of `sizes`, where all are known. Strangers write them: one that no file can have is not known either.
fn sum(sizes: &[Option<u64>]) -> Option<u64> {
    sizes.iter().try_fold(0_u64, |sum, size| sum.checked_add((*size)?))
}
