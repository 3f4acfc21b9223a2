//! One fragment: the first answer tells what it is, and then as many connections as it is worth bring it.

use std::{
    future::Future,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use qetch_core::{Error, Fragment, FragmentMethod, OpenAnswer, Result};
use tokio::{sync::Notify, task::JoinSet, time::Instant};
use tracing::Instrument as _;

use super::{
    backoff::Backoff,
    count::Count,
    entity::Entity,
    journal::Open,
    keeper::Keeper,
    part::Part,
    plan::{LEAST_SHARE, Plan, ShareId},
    probe::{Ask, Misfit, Reply},
    sizes::Sizes,
    spans::Spans,
    sums,
    task::Task,
    transfer::{Fault, Job, Opened, open},
};

/// Times that a file which changes under the download is begun before that is an error. The last time it is one reply,
/// which no change can mix.
const MOST_VERSIONS: u32 = 3;

/// Files that are at least this large have their room made before they are fetched.
const ALLOCATED: u64 = 1 << 20;

/// One fragment to bring.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) task: Arc<Task>,
    pub(super) fragment: Fragment,
    /// How often its link was made anew.
    pub(super) age: u32,
    /// Whether its link was made anew before anything came of it.
    pub(super) is_renewed: bool,
    /// Which of the content's fragments it is.
    pub(super) index: usize,
    /// The bytes it must have, where the site guarantees them.
    pub(super) size: Option<u64>,
    /// Whether it is all of the file.
    pub(super) is_the_file: bool,
    pub(super) connections: usize,
    pub(super) part: Arc<Part>,
    /// Where it begins in the part file.
    pub(super) base: u64,
    /// Keeps the journal of `part`, if it has one.
    pub(super) keeper: Option<Arc<Keeper>>,
    /// The size of the resource that a reply told which was not used otherwise.
    pub(super) told: Option<u64>,
    /// Hears its size as soon as an answer tells it.
    pub(super) sizes: Arc<Sizes>,
}

/// A fragment that is there.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) bytes: u64,
    /// What it was fetched from.
    pub(super) entity: Entity,
}

/// How the fragment is asked for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Over as many connections as are wanted.
    Ranges,
    /// In one reply from the first byte to the last.
    OneStream,
}

impl Fetch {
    /// Brings it whole.
    pub(super) async fn run(mut self) -> Result<Fetched> {
        let mut backoff = self.task.backoff_of_a_fragment();
        let mut versions = 0;
        let mut manner = self.manner();
        // Another fragment may have met a dead link before.
        (self.age, self.fragment) = self.task.links.current(self.index).await;
        let mut resumed = self.resumed().await?;
        // It begins with bytes that are there, and would go on sending them for as long as it is open.
        let mut parked = self.parked().filter(|_| resumed.is_none());
        loop {
            let (job, first) = match resumed.take() {
                Some(job) => (job, None),
                None => match self.begin(manner, parked.take()).await {
                    Ok((job, opened)) => (job, Some(opened)),
                    Err(misfit) => match self.not_begun(misfit, &mut manner, &mut backoff).await? {
                        Some(empty) => return Ok(empty),
                        None => continue,
                    },
                },
            };
            let (is_new, there) = (first.is_some(), job.plan().done());
            let fault = match self.bring(&job, first).await {
                Ok(()) => return self.whole(&job),
                Err(fault) => fault,
            };
            // A write of this version that landed later would land in the next one.
            job.writes.none().await;
            // All that this version brought is fetched again.
            let lost = job.plan().done();
            match fault {
                Fault::Fatal(error)
                | Fault::Unwelcome(error)
                | Fault::Dead(_, error)
                | Fault::Spent(error) => {
                    return Err(error);
                }
                Fault::Changed(error) if self.age > 0 && lost > 0 => return Err(error),
                Fault::Changed(error) => {
                    versions += u32::from(is_new);
                    if versions >= MOST_VERSIONS {
                        return Err(error);
                    }
                    if versions + 1 == MOST_VERSIONS {
                        manner = Manner::OneStream;
                    }
                    tracing::info!(%error, "fetching it afresh");
                    self.told = None;
                }
                Fault::NoRanges(problem) => {
                    tracing::info!(problem, "no ranges after all: fetching it afresh as one stream");
                    manner = Manner::OneStream;
                }
                Fault::Cut(error) => self.task.bear(&mut backoff, error).await?,
            }
            if !is_new {
                self.task.resumed.fetch_sub(there, Ordering::Relaxed);
            }
            self.forget(lost).await?;
        }
    }

    /// How it is asked for before anything is known of its origin.
    fn manner(&self) -> Manner {
        match self.fragment.method {
            FragmentMethod::Get => Manner::Ranges,
            _ => Manner::OneStream,
        }
    }

    /// What to do when the first answer does not fit: nothing was written yet. Answers with the fragment where it has no
    /// bytes.
    async fn not_begun(
        &mut self,
        misfit: Misfit,
        manner: &mut Manner,
        backoff: &mut Backoff,
    ) -> Result<Option<Fetched>> {
        match misfit {
            Misfit::Empty => {
                self.task.meter.answered();
                self.sizes.learn(self.index, Some(0), &self.task.meter);
                let entity = Entity::default();
                self.checked(0).map(|bytes| Some(Fetched { bytes, entity }))
            }
            Misfit::NoRanges(problem) if *manner == Manner::Ranges => {
                tracing::info!(problem, "no ranges: fetching it as one stream");
                *manner = Manner::OneStream;
                Ok(None)
            }
            Misfit::NoRanges(problem) => Err(Error::bad_reply(&self.fragment.url, problem)),
            Misfit::Dead(status, error) if !self.is_renewed => {
                self.is_renewed = true;
                self.renew(status, error).await?;
                // That the dead link gave no ranges says nothing of the new one.
                *manner = self.manner();
                Ok(None)
            }
            Misfit::Passing(error) | Misfit::Unwelcome(error)
                if may_pass(&error) || matches!(error, Error::BadReply { .. }) =>
            {
                self.task.bear(backoff, error).await.map(|()| None)
            }
            Misfit::Passing(error)
            | Misfit::Unwelcome(error)
            | Misfit::Dead(_, error)
            | Misfit::Changed(error)
            | Misfit::Fatal(error) => Err(error),
        }
    }

    /// The open answer that an extraction left behind for exactly this request.
    fn parked(&self) -> Option<OpenAnswer> {
        let mut plain = Fragment::new(self.fragment.url.clone());
        (plain.size, plain.part, plain.expires) =
            (self.fragment.size, self.fragment.part, self.fragment.expires);
        if self.fragment == plain { self.task.cx.take_parked(&plain.url) } else { None }
    }

    /// What an earlier run left of it.
    async fn resumed(&self) -> Result<Option<Arc<Job>>> {
        let Some(open) = self.keeper.as_ref().and_then(|keeper| keeper.begun(self.index)) else {
            return Ok(None);
        };
        let range = self.fragment.range.map(|range| range.offsets());
        let is_ours = open.base == self.base
            && range.is_none_or(|range| (range.start, range.end - range.start) == (open.from, open.size))
            && (self.fragment.range.is_some() || open.entity.complete == Some(open.size))
            && self.size.is_none_or(|size| size == open.size)
            && self.fragment.method == FragmentMethod::Get;
        if !is_ours {
            tracing::warn!(index = self.index, "what is there is of another form: fetching it afresh");
            self.task.resumed.fetch_sub(open.done.count(), Ordering::Relaxed);
            self.forget(open.done.count()).await?;
            return Ok(None);
        }
        self.task.check_size(open.size)?;
        self.part.file().allocate(self.base + open.size).await?;
        self.sizes.learn(self.index, Some(open.size), &self.task.meter);
        let runs = open.runs();
        let Open { from, size, entity, done, mixed, .. } = open;
        let entity = Entity { has_ranges: true, ..entity };
        let plan = Plan::new(size, &done, self.connections);
        tracing::info!(there = done.count(), total = size, connections = plan.waiting(), "going on");
        let job = self.job((from, Some(from + size)), entity, plan, runs);
        if mixed {
            job.leave_open();
        }
        Ok(Some(job))
    }

    /// Compares the fragment, which an earlier run left whole in `place`, with what the origin has now. One of a host
    /// without ranges is believed.
    pub(super) async fn confirm(mut self, place: Range<u64>) -> Result<bool> {
        let size = place.end - place.start;
        let mut there = Spans::default();
        there.insert(0..size);
        let entity = Entity { complete: Some(size), has_ranges: true, ..Entity::default() };
        let plan = Plan::new(size, &there, 1);
        let job = self.job((0, Some(size)), entity, plan, there.runs().to_vec());
        match self.bring(&job, None).await {
            Ok(()) | Err(Fault::NoRanges(_)) => Ok(true),
            Err(Fault::Changed(_)) => Ok(false),
            Err(
                Fault::Fatal(error)
                | Fault::Unwelcome(error)
                | Fault::Dead(_, error)
                | Fault::Spent(error)
                | Fault::Cut(error),
            ) => Err(error),
        }
    }

    /// Gets the first answer, which is the probe, and plans by what it tells.
    async fn begin(
        &mut self,
        manner: Manner,
        parked: Option<OpenAnswer>,
    ) -> Result<(Arc<Job>, Opened), Misfit> {
        let range = self.fragment.range.map(|range| range.offsets());
        let ask = match (&parked, manner, &range) {
            (Some(_), ..) | (None, Manner::OneStream, None) => Ask::Whole,
            (None, Manner::Ranges, None) => Ask::From(0),
            (None, Manner::Ranges, Some(range)) => Ask::Between(range.start, range.end),
            // The whole is taken, and what is not meant is left out.
            (None, Manner::OneStream, Some(_)) => Ask::Whole,
        };
        let answer = match parked {
            Some(answer) => answer,
            None => open(&self.task.cx, &self.fragment, ask).await?,
        };
        let reply = Reply::of(&answer);
        self.told = self.told.or(reply.told_complete());
        let fit = reply.judge(ask, None)?;
        if let (Some(told), Some(complete)) = (self.told, fit.entity.complete)
            && told != complete
        {
            // Some hosts give a page now and then, and the file when they are asked again.
            let problem = format!("{complete} bytes where a range of it tells of {told}");
            return Err(Misfit::Passing(Error::bad_reply(answer.url(), problem)));
        }
        let counted = self.task.gauge.connection();
        let span = match &range {
            Some(range) => (range.start, Some(range.end)),
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
        self.task.meter.answered();
        self.sizes.learn(self.index, total.or(self.size), &self.task.meter);
        if let Some(sum) = self.sizes.sum() {
            self.task.check_size(sum).map_err(Misfit::Fatal)?;
        }
        if self.is_the_file && range.is_none() {
            self.task.sums.promise(sums::promised(answer.headers(), answer.status() == 200));
        }
        let mut entity = fit.entity.clone();
        entity.has_ranges &= manner == Manner::Ranges;
        let connections = if entity.has_ranges { self.connections } else { 1 };
        let planned = total.or(self.size);
        if let Some(total) = planned.filter(|total| *total >= ALLOCATED) {
            self.part.file().allocate(self.base + total).await.map_err(Misfit::Fatal)?;
        }
        if let (Some(keeper), Some(end), true) = (&self.keeper, span.1, entity.has_ranges) {
            keeper.begin(self.index, self.base, span.0..end, &entity);
        }
        let endless = || Plan::endless(self.size);
        let plan = total.map_or_else(endless, |total| Plan::new(total, &Spans::default(), connections));
        let why = why(&entity, total, self.connections);
        tracing::info!(total, connections = plan.waiting(), ranges = entity.has_ranges, why, "planned");
        Ok((self.job(span, entity, plan, Vec::new()), Opened { answer, fit, counted }))
    }

    fn job(&self, span: (u64, Option<u64>), entity: Entity, plan: Plan, runs: Vec<Range<u64>>) -> Arc<Job> {
        Arc::new(Job {
            task: self.task.clone(),
            index: self.index,
            fragment: Mutex::new(Arc::new(self.fragment.clone())),
            span,
            entity,
            plan: Mutex::new(plan.held_back(self.task.is_held_back())),
            part: self.part.clone(),
            base: self.base,
            keeper: self.keeper.clone(),
            writes: Count::default(),
            streams: Count::default(),
            began: Instant::now(),
            changed: Notify::new(),
            is_open: AtomicBool::new(false),
            runs: Mutex::new(runs),
        })
    }

    /// Runs the connections of a job until every byte is there and known to be of one version, or one of them meets what
    /// ends them all. Dropping the future ends them.
    async fn bring(&mut self, job: &Arc<Job>, first: Option<Opened>) -> Result<(), Fault> {
        // What an earlier run left whole is proven like anything else.
        let was_whole = job.plan().is_whole();
        if !was_whole {
            self.work(job, first).await?;
            job.writes.none().await;
        }
        let is_one_reply = job.replies() <= 1;
        if !was_whole && (is_one_reply || !job.is_open.load(Ordering::Relaxed)) {
            return Ok(());
        }
        let mut connections = self.connections;
        loop {
            match job.prove(connections).await {
                // It may be that one of several connections is one too many.
                Err(Fault::Dead(..)) if connections > 1 => connections = 1,
                Err(Fault::Dead(status, error)) => self.renew_for(job, status, error).await?,
                proven => return proven,
            }
        }
    }

    async fn work(&mut self, job: &Arc<Job>, first: Option<Opened>) -> Result<(), Fault> {
        let mut connections = JoinSet::new();
        if let Some(opened) = first
            && let Some(share) = job.plan().take(job.now(), None)
        {
            connections.spawn(self.connection(job, Some((share, opened))));
        }
        self.fill(&mut connections, job);
        let mut backoff = self.task.backoff();
        let (mut is_first_strike, mut no_ranges) = (true, None);
        loop {
            let (done, mut last) = (job.plan().done(), None);
            while let Some(ended) = connections.join_next().await {
                let ended = ended.unwrap_or_else(|error| {
                    let what = "a connection that panicked";
                    Err(Fault::Fatal(Error::unexpected(what, Some(error.into()))))
                });
                match ended {
                    Ok(()) => (),
                    // The others take its share over.
                    Err(fault @ (Fault::Unwelcome(_) | Fault::Dead(..) | Fault::Spent(_))) => {
                        tracing::info!(?fault, left = connections.len(), "one connection less");
                        last = Some(fault);
                    }
                    Err(Fault::NoRanges(problem)) if job.streams.is_any() => {
                        tracing::info!(problem, "no ranges after all: the first connection goes on alone");
                        job.plan().be_one_stream();
                        job.changed.notify_waiters();
                        no_ranges = Some(problem);
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
            if let Some(problem) = no_ranges {
                return Err(Fault::NoRanges(problem));
            }
            // Where others were refused and yet something arrived, the host gives fewer connections, and not none.
            let is_alive = job.plan().done() > done;
            if is_alive {
                backoff.progressed();
                is_first_strike = true;
            }
            match last {
                Some(Fault::Dead(status, error)) if !is_first_strike => {
                    self.renew_for(job, status, error).await?;
                    is_first_strike = true;
                    self.fill(&mut connections, job);
                    continue;
                }
                Some(Fault::Dead(_, error)) => {
                    is_first_strike = false;
                    self.task.bear(&mut backoff, error).await.map_err(Fault::Fatal)?;
                }
                Some(Fault::Spent(error)) if !is_alive => return Err(Fault::Fatal(error)),
                Some(Fault::Unwelcome(error)) if !is_alive && !may_pass(&error) => {
                    return Err(Fault::Fatal(error));
                }
                Some(Fault::Unwelcome(error) | Fault::Spent(error)) => {
                    self.task.bear(&mut backoff, error).await.map_err(Fault::Fatal)?;
                }
                _ if is_alive => (),
                _ => return Err(Fault::Fatal(Error::unexpected("connections that end for no reason", None))),
            }
            connections.spawn(self.connection(job, None));
        }
    }

    /// Starts a connection for each run that waits, up to the limit.
    fn fill(&self, connections: &mut JoinSet<Result<(), Fault>>, job: &Arc<Job>) {
        let waiting = job.plan().waiting();
        for _ in connections.len()..self.connections.min(connections.len() + waiting) {
            connections.spawn(self.connection(job, None));
        }
    }

    /// One connection. It counts as busy until it is dropped, which for an aborted one is later than its end.
    fn connection(
        &self,
        job: &Arc<Job>,
        first: Option<(ShareId, Opened)>,
    ) -> impl Future<Output = Result<(), Fault>> + Send + 'static {
        let (busy, work) = (self.task.busy.one(), job.clone().work(first));
        async move {
            let _busy = busy;
            work.await
        }
        .in_current_span()
    }

    /// Makes the link anew, for the connections of `job` that follow.
    async fn renew_for(&mut self, job: &Job, status: u16, died: Error) -> Result<(), Fault> {
        self.renew(status, died).await.map_err(Fault::Fatal)?;
        job.aim(self.fragment.clone());
        Ok(())
    }

    async fn renew(&mut self, status: u16, died: Error) -> Result<()> {
        (self.age, self.fragment) = self.task.links.renew(self.index, self.age, status, died).await?;
        Ok(())
    }

    /// Takes back what a version brought that is begun again.
    async fn forget(&self, lost: u64) -> Result<()> {
        if let Some(keeper) = &self.keeper {
            keeper.forget(self.index).await?;
            self.task.sums.restart();
        }
        self.task.gauge.waste(lost);
        self.task.meter.restart(lost);
        Ok(())
    }

    fn whole(&self, job: &Job) -> Result<Fetched> {
        let bytes = self.checked(job.plan().done())?;
        if let (Some(told), None) = (self.told, self.fragment.range)
            && told != bytes
        {
            let problem = format!("{bytes} bytes where a range of it tells of {told}");
            return Err(Error::bad_reply(&self.fragment.url, problem));
        }
        if let Some(keeper) = &self.keeper {
            keeper.is_whole(self.index, self.base, bytes);
        }
        Ok(Fetched { bytes, entity: job.entity.clone() })
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

/// Why a fragment is brought over as many connections as it is, for people who ask.
fn why(entity: &Entity, total: Option<u64>, wanted: usize) -> &'static str {
    match total {
        None => "its size is not known, so it is one stream",
        _ if !entity.has_ranges => "the origin gives no ranges, so it is one stream",
        _ if wanted == 1 => "one connection is what was asked for",
        Some(total) if total / LEAST_SHARE < wanted as u64 => "each connection gets 256 KiB at least",
        Some(_) => "the origin gives ranges, so each connection gets an equal share",
    }
}

/// Whether asking again soon may help. A host that asks for a longer wait than is allowed is not asked again.
fn may_pass(error: &Error) -> bool {
    error.is_retryable() && !matches!(error, Error::RateLimited { retry_after: Some(_), .. })
}
