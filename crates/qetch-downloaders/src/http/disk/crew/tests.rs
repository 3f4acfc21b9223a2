//! How many threads work on a disk, and what they leave behind.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use futures_util::{FutureExt as _, future::join_all};
use tokio::runtime::{Builder, Runtime};

use super::{super::line::Line, *};

/// A runtime with at most so many threads for what blocks.
fn runtime(blocking: usize) -> Runtime {
    Builder::new_current_thread().enable_time().max_blocking_threads(blocking).build().unwrap()
}

fn at_work(crew: &Crew) -> usize {
    lock(&crew.0).values().map(|gang| gang.at_work).sum()
}

#[tokio::test]
async fn a_job_that_panics_is_told_of_and_ends_nobody_elses() {
    let crew = Crew::default();
    let (panics, works) = (crew.run(|_| -> Result<()> { panic!("planted") }), crew.run(|_| Ok(7)));
    let (panicked, worked) = tokio::join!(panics, works);
    assert_eq!((panicked.unwrap_err().code(), worked.unwrap()), ("unexpected", 7));
}

/// Two files, each of which takes one write at a time: more threads than two, and one that comes while another goes, are
/// of no use.
#[tokio::test]
async fn no_more_threads_come_than_there_is_work_for() {
    let (crew, lines) = (Crew::default(), [Line::default(), Line::default()]);
    let most = Arc::new(AtomicUsize::new(0));
    let writes = (0..80).map(|number| {
        let (it, most) = (crew.clone(), most.clone());
        lines[number % 2].stand(&crew, move || {
            thread::sleep(Duration::from_millis(5));
            most.fetch_max(at_work(&it), Ordering::Relaxed);
            Ok(())
        })
    });
    join_all(writes).await;
    assert!((2..=3).contains(&most.load(Ordering::Relaxed)), "{most:?}");
    while at_work(&crew) > 0 {
        tokio::time::sleep(PATIENCE).await;
    }
    assert!(lock(&crew.0).is_empty());
}

/// Each waits for all others: none of them ends unless all are begun.
#[tokio::test]
async fn slow_work_is_begun_side_by_side() {
    let (crew, all) = (Crew::default(), Arc::new(Barrier::new(8)));
    let jobs = (0..8).map(|_| {
        let all = all.clone();
        crew.run(move |_| {
            all.wait();
            Ok(())
        })
    });
    let done = tokio::time::timeout(Duration::from_secs(10), join_all(jobs)).await.unwrap();
    assert!(done.iter().all(Result::is_ok));
}

/// Work of so many milliseconds, done in so many places again and again, until `until`.
async fn busy(crew: &Crew, places: usize, millis: u64, until: Instant) {
    let one = || async {
        while Instant::now() < until {
            let work = move |_| {
                thread::sleep(Duration::from_millis(millis));
                Ok(())
            };
            crew.run(work).await.unwrap();
        }
    };
    join_all((0..places).map(|_| one())).await;
}

#[test]
fn names_can_be_looked_up_while_the_disk_is_busy() {
    let waited = runtime(4).block_on(async {
        let crew = Crew::default();
        let look_up = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let begun = Instant::now();
            spawn_blocking(|| ()).await.unwrap();
            begun.elapsed()
        };
        tokio::join!(busy(&crew, 32, 1, Instant::now() + Duration::from_secs(2)), look_up).1
    });
    assert!(waited < Duration::from_secs(1), "{waited:?}");
}

#[test]
fn a_runtime_can_end_while_another_works() {
    let (crew, is_over) = (Crew::default(), Arc::new(AtomicBool::new(false)));
    let (first, second) = (runtime(4), runtime(4));
    let (its, over) = (crew.clone(), is_over.clone());
    let works = thread::spawn(move || {
        second.block_on(busy(&its, 16, 2, Instant::now() + Duration::from_secs(2)));
        over.store(true, Ordering::SeqCst);
    });
    first.block_on(busy(&crew, 2, 1, Instant::now() + Duration::from_millis(100)));
    drop(first);
    assert!(!is_over.load(Ordering::SeqCst), "it took as long as the other one worked");
    works.join().unwrap();
}

#[test]
fn nothing_is_kept_whose_runtime_has_ended() {
    let (crew, held) = (Crew::default(), Arc::new(()));
    let ended = runtime(1);
    let handle = ended.handle().clone();
    drop(ended);
    let _entered = handle.enter();
    let holds = held.clone();
    let told = crew.run(move |_| {
        drop(holds);
        Ok(())
    });
    assert!(told.now_or_never().unwrap().is_err());
    assert_eq!((Arc::strong_count(&held), at_work(&crew)), (1, 0));
}
