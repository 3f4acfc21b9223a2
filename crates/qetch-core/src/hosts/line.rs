//! `Host`: the connections of one host, who holds them, and who stands in line for them.

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

#[cfg(test)]
mod tests {
    use super::*;

    const MEDIA: Lane = Lane::Media;

    fn host(cap: usize) -> Arc<Host> {
        Arc::new(Host::new(cap))
    }

    /// As many permits as there are for `task` now.
    fn all(host: &Arc<Host>, task: &Task, lane: Lane) -> Vec<Permit> {
        std::iter::from_fn(|| host.line_up(task, lane).try_take()).collect()
    }

    /// A download of eight connections: those it has, and those it stands in line for.
    struct Download {
        task: Task,
        permits: Vec<Permit>,
        tickets: Vec<Ticket>,
    }

    impl Download {
        fn new(host: &Arc<Host>) -> Self {
            let task = Task::default();
            let tickets = (0..8).map(|_| host.line_up(&task, MEDIA)).collect();
            Self { task, permits: Vec::new(), tickets }
        }

        /// Takes what is its turn; answers whether there was something.
        fn take(&mut self) -> bool {
            let before = self.permits.len();
            let permits = &mut self.permits;
            self.tickets.retain(|ticket| ticket.try_take().map(|permit| permits.push(permit)).is_none());
            self.permits.len() > before
        }

        /// Each connection comes by a chunk, and one that is told to yields and stands in line again.
        fn chunk(&mut self, host: &Arc<Host>) -> usize {
            let told: Vec<_> = self.permits.iter().map(Permit::should_yield).collect();
            let mut told = told.into_iter();
            let before = self.permits.len();
            self.permits.retain(|_| !told.next().unwrap());
            let yielded = before - self.permits.len();
            self.tickets.extend((0..yielded).map(|_| host.line_up(&self.task, MEDIA)));
            yielded
        }
    }

    #[test]
    fn two_downloads_come_to_share_a_host_evenly() {
        let host = host(10);
        let mut first = Download::new(&host);
        while first.take() {}
        assert_eq!(first.chunk(&host), 0, "nobody is in line");
        let mut second = Download::new(&host);
        while second.take() {}
        assert_eq!((first.permits.len(), second.permits.len()), (8, 1));

        let mut rounds = 0;
        loop {
            let yielded = (first.chunk(&host), second.chunk(&host));
            assert!(yielded.0 <= 1 && yielded.1 == 0, "one at a time: {yielded:?}");
            while first.take() | second.take() {}
            if yielded.0 == 0 {
                break;
            }
            rounds += 1;
        }
        assert_eq!((rounds, first.permits.len(), second.permits.len()), (3, 5, 4));

        // What ends elsewhere keeps to it: the one with fewer is first in line, though it came last.
        first.permits.pop();
        while second.take() {}
        assert_eq!((first.permits.len(), second.permits.len()), (4, 5));
        drop(first);
        while second.take() {}
        assert_eq!(second.permits.len(), 8);
    }

    #[test]
    fn one_is_told_to_yield_until_it_has_or_nobody_needs_it() {
        let host = host(4);
        let (one, two) = (Task::default(), Task::default());
        let held = all(&host, &one, MEDIA);
        assert_eq!(held.len(), 3);
        let ticket = host.line_up(&two, MEDIA);
        let told = |held: &[Permit]| held.iter().map(Permit::should_yield).collect::<Vec<_>>();
        assert_eq!(told(&held), [true, false, false]);
        assert_eq!(told(&held), [true, false, false]);
        drop(ticket);
        assert_eq!(told(&held), [false, false, false]);
        let _own = host.line_up(&one, MEDIA);
        assert_eq!(told(&held), [false, false, false], "a task does not yield to itself");
    }

    #[test]
    fn a_connection_that_is_taken_over_counts_for_its_new_task() {
        let host = host(3);
        let (one, two) = (Task::default(), Task::default());
        let mut held = all(&host, &one, MEDIA);
        held[0].move_to(&two);
        let state = lock(&host.state);
        assert_eq!((state.held(&one), state.held(&two), state.media_in_use()), (1, 1, 2));
        drop(state);
        drop(held);
        assert_eq!(lock(&host.state).media_in_use(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_complaint_takes_one_away_and_a_minute_gives_one_back() {
        let host = host(10);
        let task = Task::default();
        let held = all(&host, &task, MEDIA);
        assert_eq!(held.len(), 9);
        host.complain();
        host.complain();
        drop(held);
        // Of eight, one is kept for metadata.
        let mut held = all(&host, &task, MEDIA);
        assert_eq!(held.len(), 7);
        held.truncate(1);
        host.complain();
        assert_eq!(all(&host, &task, MEDIA).len(), 6, "one alone is not too many");
        let start = Instant::now();
        held.extend(all(&host, &task, MEDIA));
        held.push(host.line_up(&task, MEDIA).take().await);
        assert_eq!((held.len(), start.elapsed().as_secs()), (8, 60));
        tokio::time::advance(CONTENT_FOR * 5).await;
        held.extend(all(&host, &task, MEDIA));
        assert_eq!(held.len(), 9, "never more than the cap");
        assert!(host.matters());
        drop(held);
        assert!(!host.matters());
    }

    #[tokio::test]
    async fn a_place_in_the_line_that_is_given_up_holds_nobody_up() {
        let host = host(2);
        let task = Task::default();
        let held = all(&host, &task, MEDIA);
        let (given_up, waiting) = (host.line_up(&task, MEDIA), host.line_up(&task, MEDIA));
        let waiting = tokio::spawn(waiting.take());
        tokio::task::yield_now().await;
        drop(held);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "who came first is first");
        drop(given_up);
        waiting.await.unwrap();
        assert!(!host.has_line());
    }

    #[test]
    fn a_task_waits_while_any_of_its_waits_lasts() {
        let task = Task::default();
        let waits = (task.waits(), task.clone().waits());
        drop(waits.0);
        assert!(task.is_waiting());
        drop(waits.1);
        assert!(!task.is_waiting());
    }
}
