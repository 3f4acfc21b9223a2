//! Which bytes are whose: a pure account of one fragment, shared by its connections.
//!
//! A share is a run of bytes that one connection brings, from its beginning on. When a connection has nothing left to
//! do it takes the tail of the share that would end last: that share's end moves, and its owner finds out when it claims
//! what has arrived. No connection is ever told to stop, and no byte is ever claimed twice. What is too small to be cut
//! is raced: a second connection asks for the same bytes, and whichever brings the next one claims it.
//!
//! Times count from when the plan was made.

mod pace;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ops::Range, time::Duration};

use self::pace::Pace;
use super::spans::Spans;

/// The least bytes that are worth a connection of their own in the first split.
pub(super) const LEAST_SHARE: u64 = 256 << 10;

/// The least bytes that a connection without work asks for.
pub(super) const LEAST_TAIL: u64 = 64 << 10;

/// The least share that is cut where a rate is set.
const LEAST_HELD_BACK: u64 = 1 << 20;

/// What the owner of a share keeps at least, however slow it is: as much may be on its way.
const LEAST_KEPT: u64 = 4 << 10;

/// One part in so many of a fragment may be fetched twice in races.
const RACED: u64 = 50;

/// A share that was asked for so long ago, and has no answer, may be asked for by another.
const UNANSWERED: Duration = Duration::from_millis(500);

/// The most connections that ask for one share of which no answer is open.
const MOST_ASKING: u32 = 4;

/// A connection that is slower than another by this factor is as good as stuck.
const STUCK: f64 = 8.0;

/// A race that would save less is not worth its request.
const WORTH_RACING: Duration = Duration::from_millis(50);

/// The account of one fragment. Offsets count from the fragment's first byte.
#[derive(Debug)]
pub(super) struct Plan {
    /// The shares that connections have.
    shares: BTreeMap<ShareId, Share>,
    next_id: u64,
    /// Runs that no connection has, the highest offsets first.
    waiting: Vec<Range<u64>>,
    /// Where the fragment ends; not known for a body without a length.
    end: Option<u64>,
    /// Bytes that have arrived.
    done: u64,
    /// Bytes that races may have fetched twice.
    raced: u64,
    /// How long an answer takes to come.
    answer_time: Option<Duration>,
    /// Whether one connection brings everything that is left.
    one_stream: bool,
    /// Whether a rate that was set says how fast shares come in, and not their connections.
    is_held_back: bool,
}

/// Which share of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ShareId(u64);

#[derive(Debug)]
struct Share {
    next: u64,
    end: u64,
    /// Connections that have it: two while it is raced, or while one of them waits for an answer.
    owners: u32,
    /// Those of them whose answer is open.
    live: u32,
    /// Those that wait before they ask again.
    resting: u32,
    /// When it was asked for last.
    asked: Duration,
    is_raced: bool,
    pace: Pace,
}

impl Plan {
    /// A plan for a fragment of `total` bytes, some of which may be there, over `connections`.
    pub(super) fn new(total: u64, there: &Spans, connections: usize) -> Self {
        let missing = there.missing(total);
        let left: u64 = missing.iter().map(|run| run.end - run.start).sum();
        let share = left.div_ceil((connections as u64).max(1)).max(LEAST_SHARE);
        let mut waiting: Vec<_> = missing.into_iter().flat_map(|run| cut(run, share)).collect();
        waiting.reverse();
        Self { waiting, done: total - left, ..Self::empty(Some(total)) }
    }

    /// A plan for a body whose length nobody knows: one share, which takes all that comes, up to `most` bytes.
    pub(super) fn endless(most: Option<u64>) -> Self {
        let all = 0..most.unwrap_or(u64::MAX);
        Self { waiting: vec![all], ..Self::empty(None) }
    }

    /// The same where a rate is set. Connections are then no faster or slower than each other, and what one is cut off from
    /// was sent in vain: only large shares are cut, and none is raced.
    pub(super) fn held_back(mut self, is_held_back: bool) -> Self {
        self.is_held_back = is_held_back;
        self
    }

    fn empty(end: Option<u64>) -> Self {
        Self {
            shares: BTreeMap::new(),
            next_id: 0,
            waiting: Vec::new(),
            end,
            done: 0,
            raced: 0,
            answer_time: None,
            one_stream: false,
            is_held_back: false,
        }
    }

    /// Work for a connection that has none and was this fast before: a run that waits; one that another has and gets no
    /// answer for; the tail of the share that would end last; or a race for what is left of it. `None` where nothing is
    /// worth a connection now.
    pub(super) fn take(&mut self, now: Duration, rate: Option<f64>) -> Option<ShareId> {
        if self.one_stream {
            return None;
        }
        if let Some(run) = self.waiting.pop() {
            return Some(self.add(run, now));
        }
        self.end?;
        self.join(now).or_else(|| self.split(now, rate)).or_else(|| self.race(now, rate))
    }

    /// Joins those who wait for an answer too long, or wait before asking again.
    fn join(&mut self, now: Duration) -> Option<ShareId> {
        let patience = self.answer_time.unwrap_or_default().saturating_mul(3).max(UNANSWERED);
        let is_stuck = |share: &Share| {
            let unanswered = now.saturating_sub(share.asked) > patience;
            let has_room = share.owners == 1 || (share.owners < MOST_ASKING && unanswered);
            has_room && share.live == 0 && share.left() > 0 && (share.resting > 0 || unanswered)
        };
        let (id, share) = self.shares.iter_mut().find(|(_, share)| is_stuck(share))?;
        share.owners += 1;
        share.asked = now;
        Some(*id)
    }

    /// Takes the tail of the share that would end last, as much as the two would bring in the same time.
    fn split(&mut self, now: Duration, rate: Option<f64>) -> Option<ShareId> {
        let mean = self.mean_rate(now);
        let worth = self.answer_time.unwrap_or_default() * 2;
        let own = rate.unwrap_or(mean).max(1.0);
        let is_held_back = self.is_held_back;
        let can_give = |share: &&mut Share| {
            let theirs = share.pace.estimate(now);
            let is_slow = theirs.is_some_and(|theirs| theirs * STUCK < own);
            let is_stuck = share.live > 0 && share.pace.is_settled(now) && is_slow;
            let least = match (is_held_back, is_stuck) {
                (true, _) => LEAST_HELD_BACK,
                (false, true) => 2 * LEAST_KEPT,
                (false, false) => 2 * LEAST_TAIL,
            };
            share.owners == 1 && share.left() >= least && share.time_left(now, mean) >= worth.as_secs_f64()
        };
        let last = self.shares.values_mut().filter(can_give);
        let last = last.max_by(|a, b| a.time_left(now, mean).total_cmp(&b.time_left(now, mean)))?;
        let theirs = if is_held_back { own } else { last.pace.estimate(now).unwrap_or(mean) };
        let is_stuck = theirs * STUCK < own && last.pace.is_settled(now);
        let kept = if is_stuck { LEAST_KEPT } else { LEAST_TAIL };
        let tail = (last.left() as f64 * own / (own + theirs)) as u64;
        let tail = last.end - tail.clamp(kept, last.left() - kept)..last.end;
        last.end = tail.start;
        Some(self.add(tail, now))
    }

    /// Races for a share that is too small to be cut, where that is much faster than waiting for it.
    fn race(&mut self, now: Duration, rate: Option<f64>) -> Option<ShareId> {
        if self.is_held_back {
            return None;
        }
        let mean = self.mean_rate(now);
        let own = rate.unwrap_or(mean).max(1.0);
        let answer = self.answer_time.unwrap_or_default().as_secs_f64();
        let budget = (self.end? / RACED).saturating_sub(self.raced);
        let is_worth = |share: &Share| {
            let ours = answer + share.left() as f64 / own;
            let theirs = share.time_left(now, mean);
            theirs > (2.0 * ours).max(WORTH_RACING.as_secs_f64())
        };
        let can_race =
            |share: &Share| share.owners == 1 && share.live == 1 && (1..=budget).contains(&share.left());
        let (id, share) = self.shares.iter_mut().find(|(_, share)| can_race(share) && is_worth(share))?;
        share.owners += 1;
        share.is_raced = true;
        self.raced += share.left();
        Some(*id)
    }

    fn mean_rate(&self, now: Duration) -> f64 {
        let rates: Vec<_> = self.shares.values().filter_map(|share| share.pace.estimate(now)).collect();
        if rates.is_empty() { 1.0 } else { rates.iter().sum::<f64>() / rates.len() as f64 }
    }

    /// How many runs wait for a connection.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The bytes of a share that have not arrived.
    pub(super) fn left(&self, id: ShareId) -> Range<u64> {
        self.shares.get(&id).map_or(0..0, |share| share.next..share.end)
    }

    /// How fast a share came in, if anything came.
    pub(super) fn rate(&self, id: ShareId, now: Duration) -> Option<f64> {
        self.shares.get(&id)?.pace.so_far(now)
    }

    /// A share is asked for.
    pub(super) fn asked(&mut self, id: ShareId, now: Duration) {
        if let Some(share) = self.shares.get_mut(&id) {
            share.asked = now;
        }
    }

    /// The answer for a share is open. Answers whether it is still needed: another may have been first.
    pub(super) fn is_live(&mut self, id: ShareId, now: Duration) -> bool {
        let Some(share) = self.shares.get_mut(&id) else { return false };
        if share.live > 0 && !share.is_raced {
            return false;
        }
        share.live += 1;
        if share.live == 1 {
            share.pace.begin(now);
        }
        let took = now.saturating_sub(share.asked);
        self.answer_time = Some(self.answer_time.map_or(took, |before| (before * 3 + took) / 4));
        true
    }

    /// An answer that was open has ended.
    pub(super) fn has_ended(&mut self, id: ShareId) {
        if let Some(share) = self.shares.get_mut(&id) {
            share.live = share.live.saturating_sub(1);
        }
    }

    /// The owner of a share waits before it asks again, or does no more.
    pub(super) fn rests(&mut self, id: ShareId, rests: bool) {
        if let Some(share) = self.shares.get_mut(&id) {
            share.resting = if rests { share.resting + 1 } else { share.resting.saturating_sub(1) };
        }
    }

    /// Counts those of `len` bytes, which begin at `begins`, that a share still wants: what lies between what it has and
    /// its end, which may have moved.
    pub(super) fn claim(&mut self, id: ShareId, begins: u64, len: u64, now: Duration) -> Range<u64> {
        let Some(share) = self.shares.get_mut(&id) else { return 0..0 };
        let ends = begins.saturating_add(len).min(share.end);
        // Bytes with a gap before them are not next, and would leave a hole.
        if begins > share.next || ends <= share.next {
            return share.next..share.next;
        }
        let claimed = share.next..ends;
        share.next = ends;
        let count = claimed.end - claimed.start;
        share.pace.add(count, now);
        self.done += count;
        claimed
    }

    /// Lets a share whose bytes have all arrived go on into what lies behind it, up to `until`, where no answer is open
    /// for that: a connection that brings more than was asked of it is worth more than a new one. Whether it goes on.
    pub(super) fn extend(&mut self, id: ShareId, until: u64) -> bool {
        let own = self.shares.get(&id).filter(|share| share.left() == 0 && share.owners == 1);
        let Some(end) = own.map(|share| share.end) else { return false };
        let is_next = |start: u64| start == end || (self.one_stream && start > end);
        let waiting = self.waiting.iter().rposition(|run| is_next(run.start));
        let run = if let Some(position) = waiting {
            self.waiting.remove(position)
        } else {
            let unanswered = |share: &&mut Share| {
                share.next == end && share.owners == 1 && share.live == 0 && share.left() > 0
            };
            let Some(share) = self.shares.values_mut().find(unanswered) else { return false };
            let run = share.next..share.end;
            share.end = share.next;
            run
        };
        let now_ends = run.end.min(until);
        if now_ends <= run.start {
            self.wait(run);
            return false;
        }
        self.wait(now_ends..run.end);
        if let Some(share) = self.shares.get_mut(&id) {
            (share.next, share.end) = (run.start, now_ends);
        }
        true
    }

    /// A connection leaves its share: what has not arrived waits, unless another has it too.
    pub(super) fn leave(&mut self, id: ShareId) {
        let Some(share) = self.shares.get_mut(&id) else { return };
        share.owners -= 1;
        share.is_raced = false;
        if share.owners == 0 {
            let left = share.next..share.end;
            self.shares.remove(&id);
            self.wait(left);
        }
    }

    /// From now on one connection brings everything that is left; the others leave.
    pub(super) fn be_one_stream(&mut self) {
        self.one_stream = true;
    }

    /// Whether one connection brings everything that is left.
    pub(super) fn is_one_stream(&self) -> bool {
        self.one_stream
    }

    /// Ends the one share of an endless plan where its body ended.
    pub(super) fn end_here(&mut self, id: ShareId) {
        if let (None, Some(share)) = (self.end, self.shares.get_mut(&id)) {
            share.end = share.next;
            self.end = Some(share.next);
        }
    }

    /// How many bytes have arrived.
    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// Whether every byte has arrived.
    pub(super) fn is_whole(&self) -> bool {
        self.end == Some(self.done)
    }

    /// Whether more connections may find work later.
    pub(super) fn may_have_work(&self) -> bool {
        self.end.is_some() && !self.is_whole() && !self.one_stream
    }

    fn add(&mut self, run: Range<u64>, now: Duration) -> ShareId {
        let id = ShareId(self.next_id);
        self.next_id += 1;
        let (next, end) = (run.start, run.end);
        let pace = Pace::default();
        let share = Share { next, end, owners: 1, live: 0, resting: 0, asked: now, is_raced: false, pace };
        self.shares.insert(id, share);
        id
    }

    fn wait(&mut self, run: Range<u64>) {
        if run.is_empty() {
            return;
        }
        let at = self.waiting.partition_point(|other| other.start > run.start);
        self.waiting.insert(at, run);
    }
}

impl Share {
    fn left(&self) -> u64 {
        self.end - self.next
    }

    /// Seconds until it is there, if its owner goes on as it does; as fast as the others where nothing is known of it.
    fn time_left(&self, now: Duration, mean: f64) -> f64 {
        self.left() as f64 / self.pace.estimate(now).unwrap_or(mean).max(1e-3)
    }
}

/// Cuts a run into equal ones of about `share` bytes.
fn cut(run: Range<u64>, share: u64) -> impl Iterator<Item = Range<u64>> {
    let len = run.end - run.start;
    let count = ((len + share / 2) / share).clamp(1, (len / LEAST_SHARE).max(1));
    let each = len / count;
    (0..count).map(move |i| {
        let start = run.start + i * each;
        start..if i + 1 == count { run.end } else { start + each }
    })
}
