//! One connection: asks for a share, judges the reply, and writes what arrives where it belongs.

mod batch;
mod clock;
mod intake;
mod receive;

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{HeaderValue, header};
use qetch_core::{Context, Error, Fragment, OpenAnswer, shown};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

#[cfg(feature = "__bench")]
pub(super) use self::batch::Batch;
pub(super) use self::clock::Clock;
use self::receive::Ended;
use super::{
    count::Count,
    entity::Entity,
    gauge::Counted,
    lock::lock,
    place::Place,
    plan::{LEAST_TAIL, Plan, ShareId},
    probe::{Ask, Fit, Misfit, Reply},
    proof::Runs,
    sums,
    task::Task,
};

/// How long a connection without work waits before it looks for some again.
pub(super) const IDLE: Duration = Duration::from_millis(100);

/// A reply that brings less than this, and not all that was asked for, is of little use.
const LEAST_REPLY: u64 = 16 << 10;

/// So many replies of little use in a row are no ranges.
const MOST_SHORT: u32 = 3;

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
    /// Where the fragment goes.
    pub(super) place: Place,
    /// Whether what arrives is not yet what goes into the file.
    pub(super) is_coded: bool,
    /// The writes that are under way.
    pub(super) writes: Count,
    /// Answers that go from the fragment's beginning to its end.
    pub(super) streams: Count,
    /// When it began: the plan's times count from here.
    pub(super) began: Instant,
    /// Told when there may be work for connections that have none.
    pub(super) changed: Notify,
    /// Whether the fragment is all of the file.
    pub(super) is_the_file: bool,
    /// Whether something arrived that nothing proves to be of the same version as the rest.
    pub(super) is_open: AtomicBool,
    /// Which bytes each reply brought.
    pub(super) runs: Mutex<Runs>,
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
            rate = self.bring_share(share, opened).await?.or(rate);
        }
    }

    /// Brings shares, `share` first, for as long as there is one at once.
    pub(super) async fn help(self: Arc<Self>, share: ShareId) -> Result<(), Fault> {
        let (mut next, mut rate) = (Some(share), None);
        while let Some(share) = next {
            rate = self.bring_share(share, None).await?.or(rate);
            next = self.plan().take(self.now(), rate);
        }
        Ok(())
    }

    /// Brings a share and leaves it. Answers how fast it came in, if anything came.
    async fn bring_share(&self, share: ShareId, opened: Option<Opened>) -> Result<Option<f64>, Fault> {
        let brought = self.bring(share, opened).await;
        let rate = {
            let mut plan = self.plan();
            let rate = plan.rate(share, self.now());
            plan.leave(share);
            rate
        };
        self.changed.notify_waiters();
        brought.map(|()| rate)
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
            let mut brought = 0;
            let error = match self.bring_once(share, &left, opened.take(), &mut brought).await {
                Ok(Ended::Done) => return Ok(()),
                Ok(Ended::Short) if brought >= LEAST_REPLY => {
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
            if brought >= LEAST_REPLY {
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
        brought: &mut u64,
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
                self.hear_digests(&answer);
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
        let ended = self.receive(share, answer, &fit, brought).await;
        self.plan().has_ended(share);
        ended
    }

    /// Notes the checksums of the whole file that a reply promises.
    pub(super) fn hear_digests(&self, answer: &OpenAnswer) {
        if self.is_the_file {
            self.task.sums.promise_by_origin(sums::promised(answer.headers(), false));
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

    /// Notes that what arrived may be of several versions, until it is compared.
    pub(super) fn leave_open(&self) {
        if !self.is_open.swap(true, Ordering::Relaxed) {
            tracing::info!("nothing proves that all replies are of one version: comparing bytes in the end");
            if let Some(keeper) = &self.place.keeper {
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
        lock(&self.runs).kept().len()
    }

    /// What the plan calls now.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn bad(&self, problem: &str) -> Error {
        Error::bad_reply(&self.fragment().url, problem)
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
