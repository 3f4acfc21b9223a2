//! One connection: asks for a share, judges the reply, and writes what arrives where it belongs.

mod batch;
mod clock;

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, header};
use qetch_core::{Context, Error, Fragment, OpenAnswer, shown};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout_at},
};

use self::{batch::Batch, clock::Clock};
use super::{
    count::Count,
    entity::Entity,
    gauge::Counted,
    keeper::Keeper,
    part::Part,
    plan::{LEAST_TAIL, Plan, ShareId},
    probe::{Ask, Fit, Misfit, Reply, page_in_place_of_media},
    task::Task,
};

/// How long a connection without work waits before it looks for some again.
const IDLE: Duration = Duration::from_millis(100);

/// A reply that brings less than this, and not all that was asked for, is of little use.
const LEAST_REPLY: u64 = 16 << 10;

/// A connection from which nothing comes for so long, while something comes from others, is given up.
const STALL: Duration = Duration::from_secs(5);

/// So many replies of little use in a row are no ranges.
const MOST_SHORT: u32 = 3;

/// Replies of which is remembered which bytes they brought.
const MOST_RUNS: usize = 1 << 12;

/// What the connections of a fragment share while they bring one version of it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) task: Arc<Task>,
    /// Which of the content's fragments it is.
    pub(super) index: usize,
    /// What is asked for. It changes when a dead link is made anew.
    pub(super) fragment: Mutex<Arc<Fragment>>,
    /// Offsets in the resource that the fragment is; its end is not known for one without a length.
    pub(super) span: (u64, Option<u64>),
    pub(super) entity: Entity,
    pub(super) plan: Mutex<Plan>,
    pub(super) part: Arc<Part>,
    /// Where the fragment begins in the part file.
    pub(super) base: u64,
    /// Keeps the journal, unless the fragment goes to a file of its own.
    pub(super) keeper: Option<Arc<Keeper>>,
    /// The writes that are under way.
    pub(super) writes: Count,
    /// Answers that go from the fragment's beginning to its end.
    pub(super) streams: Count,
    /// When it began: the plan's times count from here.
    pub(super) began: Instant,
    /// Told when there may be work for connections that have none.
    pub(super) changed: Notify,
    /// Whether something arrived that nothing proves to be of the same version as the rest.
    pub(super) is_open: AtomicBool,
    /// Which bytes each reply brought.
    pub(super) runs: Mutex<Vec<Range<u64>>>,
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
    /// The one stream broke off.
    Cut(Error),
    /// It failed too often in a row.
    Spent(Error),
    /// The link seems to have died, with this status.
    Dead(u16, Error),
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
        let mut rate = None;
        loop {
            let (share, opened) = match first.take() {
                Some((share, opened)) => (share, Some(opened)),
                None => match self.next_share(rate).await {
                    Some(share) => (share, None),
                    None => return Ok(()),
                },
            };
            let brought = self.bring(share, opened).await;
            {
                let mut plan = self.plan();
                rate = plan.rate(share, self.now());
                plan.leave(share);
            }
            self.changed.notify_waiters();
            brought?;
        }
    }

    /// Work to do, as soon as there is some; `None` when there will be none.
    async fn next_share(&self, rate: Option<f64>) -> Option<ShareId> {
        loop {
            let changed = self.changed.notified();
            {
                let mut plan = self.plan();
                let share = plan.take(self.now(), rate);
                if share.is_some() || !plan.may_have_work() {
                    return share;
                }
            }
            tokio::select! {
                biased;
                () = changed => (),
                () = sleep(IDLE) => (),
            }
        }
    }

    /// Brings one share, asking again for the rest of it when the connection breaks.
    async fn bring(&self, share: ShareId, mut opened: Option<Opened>) -> Result<(), Fault> {
        let (mut backoff, mut short) = (self.task.backoff(), 0);
        loop {
            let left = self.plan().left(share);
            // A body without a length is read to its end even where nothing is wanted of it.
            if left.is_empty() && opened.as_ref().is_none_or(|opened| opened.fit.body.1.is_some()) {
                return Ok(());
            }
            let done = self.plan().done();
            let error = match self.bring_once(share, &left, opened.take()).await {
                Ok(Ended::Done) => return Ok(()),
                Ok(Ended::Short) if self.plan().done() - done >= LEAST_REPLY => {
                    // The rest is asked for next.
                    backoff.progressed();
                    continue;
                }
                Ok(Ended::Short) if self.plan().left(share).is_empty() => return Ok(()),
                Ok(Ended::Short) if short < MOST_SHORT => {
                    short += 1;
                    continue;
                }
                Ok(Ended::Short) => return Err(Fault::NoRanges("a few bytes of a long range".into())),
                Err(Misfit::Passing(error)) => error,
                Err(Misfit::Unwelcome(error)) => return Err(Fault::Unwelcome(error)),
                Err(Misfit::Dead(status, error)) => return Err(Fault::Dead(status, error)),
                Err(Misfit::NoRanges(problem)) => return Err(Fault::NoRanges(problem)),
                Err(Misfit::Changed(error)) => return Err(Fault::Changed(error)),
                Err(Misfit::Empty) => return Err(Fault::Fatal(self.bad("no bytes where there were some"))),
                Err(Misfit::Fatal(error)) => return Err(Fault::Fatal(error)),
            };
            if !self.entity.has_ranges {
                // The rest cannot be asked for: whoever began this begins again.
                return Err(Fault::Cut(error));
            }
            if self.plan().done() - done >= LEAST_REPLY {
                backoff.progressed();
            }
            self.plan().rests(share, true);
            self.changed.notify_waiters();
            let borne = tokio::select! {
                biased;
                borne = self.task.bear(&mut backoff, error) => borne,
                () = self.is_brought(share) => Ok(()),
            };
            self.plan().rests(share, false);
            borne.map_err(Fault::Spent)?;
        }
    }

    /// Asks for what is left of a share, unless the answer is open already, and takes what one reply gives of it.
    async fn bring_once(
        &self,
        share: ShareId,
        left: &Range<u64>,
        opened: Option<Opened>,
    ) -> Result<Ended, Misfit> {
        let Opened { answer, fit, counted: _counted } = match opened {
            Some(opened) => opened,
            None => {
                self.plan().asked(share, self.now());
                let ask = Ask::Between(self.span.0 + left.start, self.span.0 + left.end);
                let fragment = self.fragment();
                let answer = tokio::select! {
                    biased;
                    answer = open(&self.task.cx, &fragment, ask) => answer?,
                    () = self.is_brought(share) => return Ok(Ended::Done),
                };
                let fit = Reply::of(&answer).judge(ask, Some(&self.entity))?;
                Opened { answer, fit, counted: self.task.gauge.connection() }
            }
        };
        if !fit.is_proven {
            self.leave_open();
        }
        // While this one stood in line another may have brought what it asks for: better ask anew than bring it again.
        let moved = self.plan().left(share).start.saturating_sub(left.start);
        if moved >= LEAST_TAIL || !self.plan().is_live(share, self.now()) {
            return Ok(Ended::Done);
        }
        let ended = self.receive(share, answer, &fit).await;
        self.plan().has_ended(share);
        ended
    }

    /// Writes what arrives of a share until its end, or that of the body.
    async fn receive(&self, share: ShareId, mut answer: OpenAnswer, fit: &Fit) -> Result<Ended, Misfit> {
        let mut at = fit.body.0;
        // Bytes past this are not the fragment's, whatever the body still holds.
        let end = [fit.body.1, self.span.1].into_iter().flatten().min();
        let stream = (fit.body.0 <= self.span.0 && end == self.span.1).then(|| self.streams.one());
        let (mut batch, mut run) = (Batch::default(), Run { job: self, brought: 0..0 });
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

    /// Waits until all bytes of a share are there: another connection may bring them, too.
    async fn is_brought(&self, share: ShareId) {
        loop {
            let changed = self.changed.notified();
            if self.plan().left(share).is_empty() {
                return;
            }
            changed.await;
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

    /// Notes that what arrived may be of several versions, until it is compared.
    pub(super) fn leave_open(&self) {
        if !self.is_open.swap(true, Ordering::Relaxed) {
            tracing::info!("nothing proves that all replies are of one version: comparing bytes in the end");
            if let Some(keeper) = &self.keeper {
                keeper.mixed(self.index);
            }
        }
    }

    pub(super) fn plan(&self) -> MutexGuard<'_, Plan> {
        lock(&self.plan)
    }

    pub(super) fn fragment(&self) -> Arc<Fragment> {
        lock(&self.fragment).clone()
    }

    /// Asks for the bytes at another link from now on.
    pub(super) fn aim(&self, fragment: Fragment) {
        *lock(&self.fragment) = Arc::new(fragment);
    }

    /// How many replies brought something.
    pub(super) fn replies(&self) -> usize {
        lock(&self.runs).len()
    }

    /// What the plan calls now.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn bad(&self, problem: &str) -> Error {
        Error::bad_reply(&self.fragment().url, problem)
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
enum Ended {
    /// The share wants no more.
    Done,
    /// The body held less than was asked for.
    Short,
}

/// Which bytes a reply brings, noted when it has ended.
struct Run<'a> {
    job: &'a Job,
    brought: Range<u64>,
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
    }

    fn note(&mut self) {
        let mut runs = lock(&self.job.runs);
        if !self.brought.is_empty() && runs.len() < MOST_RUNS {
            runs.push(self.brought.clone());
        }
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.note();
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `count` as a length in memory; more than memory can hold is all there is.
fn saturating_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
