//! Whose turn it is, who yields, and what a host teaches.

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
