//! Beginning a fragment: with what an earlier run left, or with the first answer, which tells what it is.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use qetch_core::{Error, Fragment, FragmentMethod, OpenAnswer, Result};
use tokio::{sync::Notify, time::Instant};

use super::{
    super::{
        beginning::in_place,
        count::Count,
        entity::{Agreement, Entity},
        journal::Open,
        place::Place,
        plan::{LEAST_SHARE, Plan},
        probe::{Ask, Misfit, Reply},
        proof::Runs,
        spans::Spans,
        sums,
        transfer::{Fault, Job, Opened, open},
    },
    Fetch, Manner,
};

/// Files that are at least this large have their room made before they are fetched.
const ALLOCATED: u64 = 1 << 20;

impl Fetch {
    /// The open answer that an extraction left behind for exactly this request.
    pub(super) fn parked(&self) -> Option<OpenAnswer> {
        let mut plain = Fragment::new(self.fragment.url.clone());
        (plain.size, plain.part, plain.expires) =
            (self.fragment.size, self.fragment.part, self.fragment.expires);
        if self.fragment == plain { self.task.cx.take_parked(&plain.url) } else { None }
    }

    /// What an earlier run left of it.
    pub(super) async fn resumed(&self) -> Result<Option<Arc<Job>>> {
        let Some(open) = self.place.keeper.as_ref().and_then(|keeper| keeper.begun(self.index)) else {
            return Ok(None);
        };
        let range = self.fragment.range.map(|range| range.offsets());
        let is_ours = open.base == self.place.base
            && range
                .as_ref()
                .is_none_or(|range| (range.start, range.end - range.start) == (open.from, open.size))
            && (self.fragment.range.is_some() || open.entity.complete == Some(open.size))
            && self.size.is_none_or(|size| size == open.size)
            && self.fragment.method == FragmentMethod::Get;
        if !is_ours {
            tracing::warn!(index = self.index, "what is there is of another form: fetching it afresh");
            self.task.resumed.fetch_sub(open.done.count(), Ordering::Relaxed);
            self.forget(open.done.count()).await?;
            return Ok(None);
        }
        if range.is_some() {
            match self.task.known(&self.fragment.url).map(|known| known.agreement(&open.entity)) {
                Some(Agreement::Changed(what)) => {
                    return Err(Error::content_changed(&self.fragment.url, what));
                }
                Some(Agreement::Open) => self.task.leave_open(),
                _ => self.task.note(&self.fragment.url, &open.entity),
            }
        }
        self.task.check_size(open.size)?;
        self.place.part.file().await?.allocate(self.place.base + open.size).await?;
        self.sizes.learn(self.index, Some(open.size), self.tells_place, &self.task.meter);
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

    /// Compares the fragment, which an earlier run left whole in `place` and fetched from `entity`, with what the origin
    /// has now.
    pub(in crate::http) async fn confirm(mut self, place: Range<u64>, entity: Entity) -> Result<bool> {
        let size = place.end - place.start;
        let mut there = Spans::default();
        there.insert(0..size);
        let from = self.fragment.range.map_or(0, |range| range.start());
        let complete = if self.fragment.range.is_some() { entity.complete } else { Some(size) };
        let entity = Entity { complete, has_ranges: true, ..entity };
        let plan = Plan::new(size, &there, 1);
        let job = self.job((from, Some(from + size)), entity, plan, there.runs().to_vec());
        match self.bring(&job, None).await {
            Ok(()) => Ok(true),
            Err(Fault::Changed(_)) => Ok(false),
            Err(Fault::NoRanges(_)) => job.is_all_the_same().await,
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
    pub(super) async fn begin(
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
        // Ranges of one resource have to be of one version; and so has a stream that takes the place of ranges.
        let shared = range.as_ref().and_then(|_| self.task.known(&self.fragment.url));
        let fit = reply.judge(ask, shared.as_ref())?;
        if fit.entity.is_page && self.was.as_ref().is_some_and(|was| !was.is_page) {
            return Err(Misfit::Passing(in_place(answer.url(), "a page")));
        }
        if let Some(Agreement::Changed(what)) = self.expected.as_ref().map(|it| it.agreement(&fit.entity)) {
            return Err(Misfit::Changed(Error::content_changed(answer.url(), what)));
        }
        if let (Some(told), Some(complete)) = (self.told, fit.entity.complete)
            && told != complete
        {
            // Some hosts give a page now and then, and the file when they are asked again.
            let problem = format!("{complete} bytes where a range of it tells of {told}");
            return Err(Misfit::Passing(Error::bad_reply(answer.url(), problem)));
        }
        if self.is_coded
            && let Some(shared) = &shared
            && shared.differs(&fit.entity)
        {
            // What becomes of it cannot be compared with what the origin has.
            let what = "its validators, between two ranges of it";
            return Err(Misfit::Changed(Error::content_changed(answer.url(), what)));
        }
        let counted = self.task.gauge.connection();
        if !fit.is_proven {
            // Ranges of one resource are compared when all of them are there.
            self.task.leave_open();
        }
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
        let size = total.or(self.size);
        self.sizes.learn(self.index, size, self.tells_place, &self.task.meter);
        self.task.check_size(self.sizes.at_least()).map_err(Misfit::Fatal)?;
        self.give_up().await.map_err(Misfit::Fatal)?;
        self.find_place().await;
        if range.is_some() && fit.entity.complete.is_some() {
            self.task.note(&self.fragment.url, &fit.entity);
        }
        if self.is_the_file && range.is_none() {
            self.task.sums.promise_by_origin(sums::promised(answer.headers(), answer.status() == 200));
        }
        let mut entity = fit.entity.clone();
        entity.has_ranges &= manner == Manner::Ranges;
        let connections = if entity.has_ranges { self.connections } else { 1 };
        let planned = total.or(self.size);
        if let Some(total) = planned.filter(|total| *total >= ALLOCATED) {
            let file = self.place.part.file().await.map_err(Misfit::Fatal)?;
            file.allocate(self.place.base + total).await.map_err(Misfit::Fatal)?;
        }
        if let (Some(keeper), Some(end), true) = (&self.place.keeper, span.1, entity.has_ranges) {
            keeper.begin(self.index, self.place.base, span.0..end, &entity);
        }
        let endless = || Plan::endless(self.size);
        let plan = total.map_or_else(endless, |total| Plan::new(total, &Spans::default(), connections));
        let why = why(&entity, total, self.connections);
        tracing::info!(total, connections = plan.waiting(), ranges = entity.has_ranges, why, "planned");
        Ok((self.job(span, entity, plan, Vec::new()), Opened { answer, fit, counted }))
    }

    /// Where it goes, if that was not known before there was an answer.
    async fn find_place(&mut self) {
        if let Some(home) = self.place.home.take()
            && let Some(base) = self.sizes.base_soon(self.index).await
        {
            self.place = Place { base, ..(*home).clone() };
        }
    }

    fn job(&self, span: (u64, Option<u64>), entity: Entity, plan: Plan, runs: Vec<Range<u64>>) -> Arc<Job> {
        Arc::new(Job {
            task: self.task.clone(),
            index: self.index,
            fragment: Mutex::new(Arc::new(self.fragment.clone())),
            span,
            entity,
            plan: Mutex::new(plan.held_back(self.task.is_held_back())),
            place: self.place.clone(),
            is_coded: self.is_coded,
            writes: Count::default(),
            streams: Count::default(),
            began: Instant::now(),
            changed: Notify::new(),
            is_the_file: self.is_the_file && self.fragment.range.is_none(),
            is_open: AtomicBool::new(false),
            runs: Mutex::new(Runs::new(runs)),
        })
    }
}

/// Why a fragment is brought over as many connections as it is, for people who ask.
fn why(entity: &Entity, total: Option<u64>, wanted: usize) -> &'static str {
    match total {
        None => "its size is not known, so it is one stream",
        _ if !entity.has_ranges => "the origin gives no ranges, so it is one stream",
        _ if wanted == 1 => "one connection is what was asked for, or all that its host gives",
        Some(total) if total / LEAST_SHARE < wanted as u64 => "each connection gets 256 KiB at least",
        Some(_) => "the origin gives ranges, so each connection gets an equal share",
    }
}
