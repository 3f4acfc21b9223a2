//! Which segments are taken of what is listed, and when the list is read again.

use std::time::Duration;

use qetch_core::{Error, Fragment, LiveStart, NetworkFault, Url};
use qetch_manifest::{Listing, Segment};
use tokio::time::{Instant, advance};

use super::{super::segment::Template, state::State};
use crate::http::source::Left;

fn url(name: &str) -> Url {
    Url::parse("https://h.example/a/").unwrap().join(name).unwrap()
}

fn segment(stretch: u64, sequence: u64) -> Segment {
    let mut segment = Segment::new(url(&format!("{stretch}-{sequence}")), sequence);
    (segment.stretch, segment.duration) = (stretch, 2.0);
    segment
}

fn initialisation(name: &str, stretch: u64, sequence: u64) -> Segment {
    let mut segment = Segment::new(url(name), sequence);
    (segment.stretch, segment.initialises) = (stretch, true);
    segment
}

/// A list as HLS has them: a new stretch is a new part.
fn hls(segments: impl IntoIterator<Item = Segment>) -> Listing {
    let mut listing = Listing::default();
    (listing.is_live, listing.is_numbered, listing.refresh) = (true, true, Some(Duration::from_secs(2)));
    let (mut part, mut time, mut stretch) = (0, 0.0, None);
    for mut segment in segments {
        part += u32::from(stretch.is_some_and(|before| before != segment.stretch));
        stretch = Some(segment.stretch);
        (segment.part, segment.start) = (part, time);
        time += segment.duration;
        listing.segments.push(segment);
    }
    listing
}

/// A list as DASH has them, the first segment of which begins so many seconds after the presentation.
fn dash(begin: f64, is_numbered: bool, segments: impl IntoIterator<Item = Segment>) -> Listing {
    let mut listing = hls(segments);
    (listing.is_numbered, listing.stretches_restart, listing.begins) = (is_numbered, true, Some(0.0));
    listing.segments.iter_mut().for_each(|it| it.start += begin);
    listing
}

fn numbers(range: std::ops::Range<u64>) -> Vec<Segment> {
    range.map(|number| segment(0, number)).collect()
}

fn state() -> State {
    State::new(Template::new(&Fragment::new(url("list"))), Listing::default())
}

/// What waits to be fetched: `!` where it is missing, `*` where a part begins, and when that is.
fn taken(state: &mut State) -> String {
    let mut said = Vec::new();
    while let Some(Some(piece)) = state.next(0, None, false) {
        let name = piece.fragment.url.path().rsplit('/').next().unwrap().to_owned();
        let number = piece.mark.unwrap().1;
        let part = piece.begins_part.map_or(String::new(), |time| format!("*{}", time.as_secs_f64()));
        said.push(if piece.missing.is_some() { format!("!{number}{part}") } else { name + &part });
    }
    said.join(" ")
}

/// Checks what is taken of each of these lists, one after the other, from the window's begin on.
#[track_caller]
fn check(lists: &[Listing], expected: &[&str]) {
    let mut state = state();
    check_of(&mut state, lists, expected);
}

#[track_caller]
fn check_of(state: &mut State, lists: &[Listing], expected: &[&str]) {
    let mut found = Vec::new();
    for list in lists {
        state.take(list, Instant::now(), LiveStart::Window);
        found.push(taken(state));
    }
    assert_eq!(found, expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_new_is_taken() {
    check(
        &[hls(numbers(4..7)), hls(numbers(4..7)), hls(numbers(5..9)), hls([])],
        &["0-4*0 0-5 0-6", "", "0-7 0-8", ""],
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_not_seen_is_missing() {
    check(&[hls(numbers(0..2)), hls(numbers(4..5))], &["0-0*0 0-1", "!2 !3 0-4"]);
    check(&[hls(numbers(0..1)), hls(numbers(5000..5001))], &["0-0*0", "!4999 0-5000"]);
    let declared = {
        let mut segments = numbers(0..3);
        segments[1].is_gap = true;
        segments
    };
    check(&[hls(declared)], &["0-0*0 !1 0-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_break_begins_a_part() {
    let broken = [segment(0, 1), segment(1, 2), segment(1, 3)];
    check(&[hls(numbers(0..2)), hls(broken)], &["0-0*0 0-1", "1-2*4 1-3"]);
    // The break itself was not seen.
    check(&[hls(numbers(0..2)), hls([segment(1, 4)])], &["0-0*0 0-1", "!2 !3 1-4*8"]);
    // Nobody counts the breaks.
    let (before, after) = ([segment(0, 1), segment(1, 2)], [segment(0, 2), segment(0, 3)]);
    check(&[hls(before), hls(after)], &["0-1*0 1-2*2", "0-3"]);
}

#[tokio::test(start_paused = true)]
async fn an_initialisation_is_taken_when_it_is_another_one() {
    let with = |name: &str, range: std::ops::Range<u64>| {
        let mut all = vec![initialisation(name, 0, range.start)];
        all.extend(numbers(range));
        hls(all)
    };
    check(&[with("i?1", 0..2), with("i?2", 1..3), with("j", 2..4)], &["i*0 0-0 0-1", "0-2", "j*6 0-3"]);
    let broken = [initialisation("i", 0, 1), segment(0, 1), initialisation("i", 1, 2), segment(1, 2)];
    check(&[with("i", 0..2), hls(broken)], &["i*0 0-0 0-1", "i*4 1-2"]);
    // That of a part is not that of the next.
    let without = [initialisation("i", 0, 1), segment(0, 1), segment(1, 2)];
    check(&[hls(without)], &["i*0 0-1 1-2*2"]);
}

#[tokio::test(start_paused = true)]
async fn periods_are_in_the_order_in_which_they_stand() {
    let list = |begin, segments: &[(u64, u64)]| {
        dash(begin, true, segments.iter().map(|(stretch, number)| segment(*stretch, *number)))
    };
    check(
        &[
            list(100.0, &[(9, 7), (9, 8)]),
            list(102.0, &[(9, 8), (9, 9), (3, 1), (3, 2)]),
            // An old answer, and one that knows of what is after the period of the last.
            list(100.0, &[(9, 7), (9, 8)]),
            list(110.0, &[(5, 1)]),
        ],
        &["9-7*100 9-8", "9-9 3-1*106 3-2", "", "5-1*110"],
    );
    check(&[list(100.0, &[(9, 7)]), list(106.0, &[(9, 10)])], &["9-7*100", "!8 !9 9-10"]);
    check(&[list(100.0, &[(9, 7)]), list(102.0, &[(9, 5), (4, 1)])], &["9-7*100", "4-1*104"]);
    let by_time = |begin, number| dash(begin, false, [segment(9, number)]);
    check(&[by_time(100.0, 1000), by_time(108.0, 1080)], &["9-1000*100", "9-1080"]);
}

#[tokio::test(start_paused = true)]
async fn numbers_may_begin_again() {
    let (old, again) = (hls(numbers(50..52)), hls(numbers(0..2)));
    check(&[old.clone(), again.clone(), old.clone(), again.clone()], &["0-50*0 0-51", "", "", ""]);
    check(
        &[old, again.clone(), again.clone(), again.clone(), again],
        &["0-50*0 0-51", "", "", "0-0*4 0-1", ""],
    );
}

#[tokio::test(start_paused = true)]
async fn an_earlier_run_is_gone_on_with() {
    let left = Left {
        whole: 3,
        mark: Some((0, 5, false)),
        begin: Some(Duration::from_secs(100)),
        end: Duration::from_secs(10),
    };
    let go_on = |lists: &[Listing], expected: &[&str]| {
        let mut state = state();
        state.go_on(&left);
        check_of(&mut state, lists, expected);
    };
    go_on(&[hls(numbers(4..8))], &["0-6 0-7"]);
    go_on(&[hls(numbers(8..9))], &["!6 !7 0-8"]);
    go_on(&[hls([initialisation("i", 0, 4), segment(0, 5), segment(0, 6)])], &["i*110 0-6"]);
    go_on(&[dash(130.0, true, [segment(7, 1)])], &["7-1*130"]);
    go_on(&[dash(106.0, true, numbers(3..7))], &["0-6"]);
}

#[tokio::test(start_paused = true)]
async fn a_recording_begins_where_a_player_would() {
    let check = |listing: &Listing, start: LiveStart, expected: &str| {
        let mut state = state();
        state.take(listing, Instant::now(), start);
        let first = taken(&mut state);
        assert_eq!(first.split(' ').next(), Some(expected));
    };
    let held_back = |seconds: f64| {
        let mut listing = hls(numbers(0..10));
        listing.hold_back = Some(Duration::from_secs_f64(seconds));
        listing
    };
    check(&hls(numbers(0..10)), LiveStart::Edge, "0-7*0");
    check(&hls(numbers(0..10)), LiveStart::Window, "0-0*0");
    check(&hls(numbers(0..2)), LiveStart::Edge, "0-0*0");
    check(&held_back(6.1), LiveStart::Edge, "0-7*0");
    check(&held_back(7.0), LiveStart::Edge, "0-6*0");
    // A segment that is longer than that is better than none.
    check(&held_back(0.5), LiveStart::Edge, "0-9*0");
    check(&held_back(0.0), LiveStart::Edge, "0-9*0");
    check(&held_back(1e9), LiveStart::Edge, "0-0*0");
}

#[tokio::test(start_paused = true)]
async fn the_list_is_read_after_its_interval_and_after_half_where_it_is_unchanged() {
    let check = |refresh: Option<f64>, changed: f64, unchanged: f64| {
        let (mut state, now) = (state(), Instant::now());
        let mut listing = hls(numbers(0..1));
        listing.refresh = refresh.map(Duration::from_secs_f64);
        for expected in [changed, unchanged, unchanged] {
            state.take(&listing, now, LiveStart::Window);
            assert_eq!(state.next_reading - now, Duration::from_secs_f64(expected));
        }
    };
    check(Some(6.0), 6.0, 3.0);
    check(Some(0.4), 0.4, 0.25);
    check(Some(0.001), 0.25, 0.25);
    check(None, 4.0, 2.0);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_is_borne_for_a_while() {
    let patience = Duration::from_secs(9);
    let network = || Error::network("h.example", NetworkFault::Timeout, None);
    let mut state = state();
    assert!(state.bear(Error::not_found("it"), Instant::now(), patience).is_err(), "nothing is there");
    state.take(&hls(numbers(0..1)), Instant::now(), LiveStart::Window);
    taken(&mut state);
    for error in [network(), Error::bad_reply(&url("list"), "it is a page")] {
        state.bear(error, Instant::now(), patience).unwrap();
        assert!(state.next(1, None, false).is_none() && state.next_reading > Instant::now());
    }
    assert_eq!(state.bear(Error::drm("it", "x"), Instant::now(), patience).unwrap_err().code(), "drm");
    advance(patience).await;
    state.bear(network(), Instant::now(), patience).unwrap();
    assert!(matches!(state.next(1, None, false), Some(None)));
}

#[tokio::test(start_paused = true)]
async fn what_lists_nothing_new_is_over_after_a_while() {
    let (patience, mut state) = (Duration::from_secs(60), state());
    let list = hls(numbers(0..1));
    state.take(&list, Instant::now(), LiveStart::Window);
    taken(&mut state);
    for _ in 0..59 {
        advance(Duration::from_secs(1)).await;
        state.take(&list, Instant::now(), LiveStart::Window);
        state.tire(patience, "it").unwrap();
        assert!(state.next(1, None, false).is_none());
    }
    advance(Duration::from_secs(1)).await;
    state.tire(patience, "it").unwrap();
    assert!(matches!(state.next(1, None, false), Some(None)));
}

/// A recording of many hours holds no more than its window.
#[tokio::test(start_paused = true)]
async fn nothing_grows() {
    let mut state = state();
    for number in 0..100_000 {
        state.take(&hls(numbers(number..number + 3)), Instant::now(), LiveStart::Window);
        while let Some(Some(_)) = state.next(usize::try_from(number).unwrap(), None, false) {}
        state.running.remove(&usize::try_from(number).unwrap());
    }
    assert!(state.running.is_empty() && state.next(0, None, false).is_none());
}
