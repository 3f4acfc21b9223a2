//! `Host`: the connections of one host, who holds them, and who stands in line for them.

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use crate::{lock::lock, transport::Lane};

/// A host that complained is given one connection more for each such time without another complaint.
const CONTENT_FOR: Duration = Duration::from_secs(60);

/// Who holds connections and stands in line: one download, or all that is done outside of one. Clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Task(Arc<AtomicUsize>);

impl Task {
    /// Whether it waits right now, with what is meant to be waited for.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }

    /// Counts a wait that is meant, until what is answered is dropped.
    pub(crate) fn waits(&self) -> Waits {
        self.0.fetch_add(1, Ordering::SeqCst);
        Waits(self.clone())
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// One wait of a task.
#[derive(Debug)]
pub(crate) struct Waits(Task);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One host.
#[derive(Debug)]
pub(super) struct Host {
    /// The most connections at once.
    cap: usize,
    state: Mutex<State>,
    /// Called whenever it may be somebody's turn.
    moved: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Connections in use.
    in_use: usize,
    /// Those of them that are for media, by who holds them; nobody stands here with none.
    media: Vec<(Task, usize)>,
    /// Who stands in line, in the order they came.
    line: Vec<Waiter>,
    /// The cap after the last complaint, and when that was.
    learnt: Option<(usize, Instant)>,
    paused_until: Option<Instant>,
    /// The number of the next who comes.
    next: u64,
    /// The permit that was told to yield. There is one at a time, so that a task does not give up all it has at once.
    yielding: Option<u64>,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    task: Task,
    lane: Lane,
}

impl Host {
    pub(super) fn new(cap: usize) -> Self {
        Self { cap, state: Mutex::default(), moved: Notify::new() }
    }

    /// Stands in line for a connection.
    pub(super) fn line_up(self: &Arc<Self>, task: &Task, lane: Lane) -> Ticket {
        let mut state = lock(&self.state);
        let number = state.next;
        state.next += 1;
        state.line.push(Waiter { number, task: task.clone(), lane });
        Ticket { host: self.clone(), number }
    }

    #[cfg(test)]
    pub(super) fn has_line(&self) -> bool {
        !lock(&self.state).line.is_empty()
    }

    /// Notes that the host asks everyone to wait.
    pub(super) fn pause(&self, until: Instant) {
        let mut state = lock(&self.state);
        state.paused_until = Some(until).max(state.paused_until);
    }

    /// How long the host still asks to wait.
    pub(super) fn paused_for(&self) -> Option<Duration> {
        let left = lock(&self.state).paused_until?.checked_duration_since(Instant::now())?;
        (!left.is_zero()).then_some(left)
    }

    /// Learns from a complaint that so many connections as are in use now are too many. Where there is but one, it is not
    /// their number that the host complains of.
    pub(super) fn complain(&self) {
        let mut state = lock(&self.state);
        if state.in_use > 1 {
            let cap = self.cap(&state).min(state.in_use - 1);
            tracing::debug!(connections = cap, "the host complains: fewer connections from now on");
            state.learnt = Some((cap, Instant::now()));
        }
    }

    /// Whether forgetting it would forget something: a connection in use, a wait, or what was learnt.
    pub(super) fn matters(&self) -> bool {
        let state = lock(&self.state);
        state.in_use > 0
            || state.paused_until.is_some_and(|until| until > Instant::now())
            || self.cap(&state) < self.cap
    }

    /// The connections that it gives now.
    fn cap(&self, state: &State) -> usize {
        let Some((learnt, since)) = state.learnt else { return self.cap };
        let minutes = since.elapsed().as_secs() / CONTENT_FOR.as_secs();
        learnt.saturating_add(usize::try_from(minutes).unwrap_or(usize::MAX)).min(self.cap)
    }

    /// When it gives one connection more, if it gives fewer than it may now.
    fn grows_at(&self) -> Option<Instant> {
        let state = lock(&self.state);
        let (_, since) = state.learnt.filter(|_| self.cap(&state) < self.cap)?;
        let minutes = since.elapsed().as_secs() / CONTENT_FOR.as_secs() + 1;
        Some(since + CONTENT_FOR * u32::try_from(minutes).unwrap_or(u32::MAX))
    }

    /// Whether a connection is free for this.
    fn has_room(&self, state: &State, lane: Lane) -> bool {
        let cap = self.cap(state);
        match lane {
            // One less, so that an extractor never waits for a download to end, unless one is all there is.
            Lane::Media if state.media_in_use() >= cap.saturating_sub(1).max(1) => false,
            _ => state.in_use < cap,
        }
    }

    /// Whether it is the turn of this waiter: of those for whom a connection is free, the one whose task holds the fewest,
    /// and of several the one who came first.
    fn is_turn_of(&self, state: &State, number: u64) -> bool {
        let share = |waiter: &Waiter| match waiter.lane {
            Lane::Media => state.held(&waiter.task),
            Lane::Metadata => 0,
        };
        let fit = state.line.iter().filter(|waiter| self.has_room(state, waiter.lane));
        let first = fit.min_by_key(|waiter| (share(waiter), waiter.number));
        first.is_some_and(|waiter| waiter.number == number)
    }
}

impl State {
    fn media_in_use(&self) -> usize {
        self.media.iter().map(|(_, count)| count).sum()
    }

    /// The media connections that `task` holds.
    fn held(&self, task: &Task) -> usize {
        self.media.iter().find(|(holder, _)| holder.is(task)).map_or(0, |(_, count)| *count)
    }

    fn take(&mut self, task: &Task) {
        match self.media.iter_mut().find(|(holder, _)| holder.is(task)) {
            Some((_, count)) => *count += 1,
            None => self.media.push((task.clone(), 1)),
        }
    }

    fn give_back(&mut self, task: &Task) {
        if let Some(index) = self.media.iter().position(|(holder, _)| holder.is(task)) {
            self.media[index].1 -= 1;
            if self.media[index].1 == 0 {
                self.media.swap_remove(index);
            }
        }
    }
}

/// A place in the line, given up when dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    host: Arc<Host>,
    number: u64,
}

impl Ticket {
    /// A permit, if it is our turn now.
    pub(crate) fn try_take(&self) -> Option<Permit> {
        let mut state = lock(&self.host.state);
        if !self.host.is_turn_of(&state, self.number) {
            return None;
        }
        let index = state.line.iter().position(|waiter| waiter.number == self.number)?;
        let Waiter { number, task, lane } = state.line.remove(index);
        state.in_use += 1;
        if lane == Lane::Media {
            state.take(&task);
        }
        drop(state);
        // There may be room for the next in line as well.
        self.host.moved.notify_waiters();
        Some(Permit { host: self.host.clone(), number, task, lane })
    }

    /// A permit, when it is our turn.
    pub(crate) async fn take(self) -> Permit {
        loop {
            // Made before we look, so that no call is missed.
            let moved = self.host.moved.notified();
            if let Some(permit) = self.try_take() {
                return permit;
            }
            match self.host.grows_at() {
                Some(at) => drop(timeout_at(at, moved).await),
                None => moved.await,
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.host.state).line.retain(|waiter| waiter.number != self.number);
        self.host.moved.notify_waiters();
    }
}

/// The right to use one connection to a host; it is given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    host: Arc<Host>,
    number: u64,
    task: Task,
    lane: Lane,
}

impl Permit {
    /// Whether another task stands in line for media and holds at least two fewer connections than this one's task. The
    /// right to be yielded to is given out once: others hear no until this permit is given back or no longer needed.
    pub(crate) fn should_yield(&self) -> bool {
        if self.lane != Lane::Media {
            return false;
        }
        let mut state = lock(&self.host.state);
        let mine = state.held(&self.task);
        let is_needed = !self.host.has_room(&state, Lane::Media)
            && state.line.iter().any(|waiter| {
                waiter.lane == Lane::Media
                    && !waiter.task.is(&self.task)
                    && state.held(&waiter.task) + 2 <= mine
            });
        match state.yielding {
            None if is_needed => state.yielding = Some(self.number),
            Some(number) if number == self.number && !is_needed => state.yielding = None,
            _ => (),
        }
        state.yielding == Some(self.number)
    }

    /// Counts it as held by `task` from now on.
    pub(crate) fn move_to(&mut self, task: &Task) {
        if self.lane == Lane::Media && !self.task.is(task) {
            let mut state = lock(&self.host.state);
            state.give_back(&self.task);
            state.take(task);
        }
        self.task = task.clone();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = lock(&self.host.state);
        state.in_use -= 1;
        if self.lane == Lane::Media {
            state.give_back(&self.task);
        }
        if state.yielding == Some(self.number) {
            state.yielding = None;
        }
        drop(state);
        self.host.moved.notify_waiters();
    }
}
