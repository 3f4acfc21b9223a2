//! What a plan must keep to, event by event and in any order of events.

use std::ops::Range;

use proptest::prelude::*;

use super::*;

const NOW: Duration = Duration::ZERO;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn fresh(total: u64, connections: usize) -> Plan {
    Plan::new(total, &Spans::default(), connections)
}

/// A plan whose shares are all asked for and live, and those shares.
fn begun(total: u64, connections: usize) -> (Plan, Vec<ShareId>) {
    let mut plan = fresh(total, connections);
    let shares: Vec<_> = (0..plan.waiting()).map(|_| plan.take(NOW, None).unwrap()).collect();
    assert!(shares.iter().all(|share| plan.is_live(*share, ms(10))));
    (plan, shares)
}

#[test]
fn a_small_file_is_one_share() {
    let (mut plan, shares) = begun(LEAST_SHARE, 8);
    assert_eq!((plan.left(shares[0]), shares.len()), (0..LEAST_SHARE, 1));
    assert_eq!(fresh(0, 8).waiting(), 0);
    assert!(fresh(0, 8).is_whole());
    plan.claim(shares[0], 0, LEAST_SHARE, ms(20));
    assert!(plan.is_whole());
}

#[test]
fn every_connection_has_a_share_at_once() {
    let (plan, shares) = begun(8 * LEAST_SHARE + 7, 8);
    let runs: Vec<_> = shares.iter().map(|share| plan.left(*share)).collect();
    assert!(runs.windows(2).all(|pair| pair[0].end == pair[1].start));
    assert_eq!((runs.len(), runs[0].start, runs[7].end), (8, 0, 8 * LEAST_SHARE + 7));
}

#[test]
fn what_is_there_is_not_planned_again() {
    let mut there = Spans::default();
    there.insert(LEAST_SHARE..3 * LEAST_SHARE);
    let mut plan = Plan::new(8 * LEAST_SHARE, &there, 3);
    assert_eq!(plan.done(), 2 * LEAST_SHARE);
    let mut planned = Vec::new();
    while plan.waiting() > 0 {
        let share = plan.take(NOW, None).unwrap();
        planned.push(plan.left(share));
    }
    assert_eq!(planned[0], 0..LEAST_SHARE);
    assert_eq!(planned.iter().map(|run| run.end - run.start).sum::<u64>(), 6 * LEAST_SHARE);
}

#[test]
fn a_share_gives_its_tail_and_keeps_what_it_has() {
    let (mut plan, shares) = begun(8 * LEAST_SHARE, 1);
    assert_eq!(plan.claim(shares[0], 0, 100, ms(20)), 0..100);
    let thief = plan.take(ms(30), None).unwrap();
    let left = plan.left(shares[0]);
    assert_eq!(plan.left(thief), left.end..8 * LEAST_SHARE);
    assert_eq!(plan.claim(shares[0], 100, u64::MAX, ms(40)), 100..left.end);
}

#[test]
fn a_slow_connection_loses_nearly_all_of_its_share_at_once() {
    let (mut plan, shares) = begun(8 << 20, 2);
    let second = 4 << 20;
    for step in 1..=10 {
        plan.claim(shares[0], (step - 1) * 400_000, 400_000, ms(10 + step * 100));
        plan.claim(shares[1], second + (step - 1) * 20_000, 20_000, ms(10 + step * 100));
    }
    plan.claim(shares[0], 4_000_000, 194_304, ms(1020));
    let rate = plan.rate(shares[0], ms(1020));
    plan.leave(shares[0]);
    let thief = plan.take(ms(1020), rate).unwrap();
    let (kept, taken) = (plan.left(shares[1]), plan.left(thief));
    assert!((kept.end - kept.start) * 15 < taken.end - taken.start, "{kept:?} {taken:?}");
}

#[test]
fn a_tail_that_is_too_small_to_be_cut_is_raced_and_claimed_once() {
    let (mut plan, shares) = begun(16 << 20, 2);
    let half = 8 << 20;
    plan.claim(shares[0], 0, half, ms(1000));
    plan.leave(shares[0]);
    plan.claim(shares[1], half, half - 8000, ms(1000));
    // Nobody races for what still comes in.
    assert_eq!(plan.take(ms(1001), Some(8e6)), None);
    let racer = plan.take(ms(5000), Some(8e6)).unwrap();
    assert_eq!(racer, shares[1]);
    assert!(plan.is_live(racer, ms(5010)));
    assert_eq!(plan.take(ms(5010), Some(8e6)), None, "two are enough");
    let from = (16 << 20) - 8000;
    assert_eq!(plan.claim(racer, from, 6000, ms(5020)), from..from + 6000);
    assert_eq!(plan.claim(racer, from, 3000, ms(5030)), from + 6000..from + 6000, "the late one is late");
    assert_eq!(plan.claim(racer, from + 3000, 7000, ms(5040)), from + 6000..16 << 20);
    assert!(plan.is_whole());
}

#[test]
fn a_connection_that_is_stuck_keeps_next_to_nothing() {
    let (mut plan, shares) = begun(16 << 20, 2);
    let half = 8 << 20;
    plan.claim(shares[0], 0, half, ms(1000));
    plan.leave(shares[0]);
    plan.claim(shares[1], half, half - 100_000, ms(1000));
    let thief = plan.take(ms(5000), Some(8e6)).unwrap();
    assert_eq!(plan.left(thief), (16 << 20) - 100_000 + LEAST_KEPT..16 << 20);
}

#[test]
fn a_connection_whose_share_came_at_once_knows_who_is_slow() {
    let (mut plan, shares) = begun(1 << 20, 2);
    let half = 1 << 19;
    plan.claim(shares[0], 0, half, ms(40));
    let rate = plan.rate(shares[0], ms(40));
    plan.leave(shares[0]);
    plan.claim(shares[1], half, half - 60_000, ms(40));
    let thief = plan.take(ms(2000), rate).unwrap();
    assert_eq!(plan.left(thief), (1 << 20) - 60_000 + LEAST_KEPT..1 << 20);
}

#[test]
fn races_fetch_no_more_than_two_in_a_hundred_bytes_twice() {
    let (mut plan, shares) = begun(1 << 20, 2);
    let half = 1 << 19;
    plan.claim(shares[0], 0, half, ms(1000));
    plan.leave(shares[0]);
    plan.claim(shares[1], half, half - 7000, ms(1000));
    let racer = plan.take(ms(9000), Some(8e6)).unwrap();
    assert_eq!(plan.raced, 7000);
    plan.leave(racer);
    let (mut plan, shares) = begun(LEAST_SHARE, 2);
    plan.claim(shares[0], 0, LEAST_SHARE - 7000, ms(1000));
    assert_eq!(plan.take(ms(9000), Some(8e6)), None, "7 kB are more than 2 % of 256 KiB");
    plan.claim(shares[0], LEAST_SHARE - 7000, 2000, ms(9001));
    assert!(plan.take(ms(19_000), Some(8e6)).is_some());
}

#[test]
fn who_gets_no_answer_is_joined_and_the_first_answer_counts() {
    let mut plan = fresh(LEAST_SHARE, 2);
    let share = plan.take(NOW, None).unwrap();
    plan.asked(share, NOW);
    let other = |plan: &mut Plan, at| {
        let taken = plan.take(at, None);
        taken.filter(|taken| *taken == share)
    };
    assert_eq!(other(&mut plan, ms(5000)), Some(share));
    assert!(plan.is_live(share, ms(5010)));
    assert!(!plan.is_live(share, ms(5020)), "the other was first");
    plan.leave(share);
    assert_eq!(plan.left(share), 0..LEAST_SHARE);
    plan.has_ended(share);
    plan.leave(share);
    assert_eq!(plan.waiting(), 1);
}

#[test]
fn a_share_goes_on_into_what_nobody_brings() {
    let mut plan = fresh(4 * LEAST_SHARE, 4);
    let first = plan.take(NOW, None).unwrap();
    let second = plan.take(NOW, None).unwrap();
    assert!(plan.is_live(first, ms(1)));
    plan.claim(first, 0, LEAST_SHARE, ms(2));
    assert!(plan.extend(first, 4 * LEAST_SHARE), "the second has no answer yet");
    assert_eq!(
        (plan.left(first), plan.left(second)),
        (LEAST_SHARE..2 * LEAST_SHARE, LEAST_SHARE..LEAST_SHARE)
    );
    plan.claim(first, LEAST_SHARE, LEAST_SHARE, ms(3));
    assert!(plan.extend(first, 4 * LEAST_SHARE), "the third waits");
    let fourth = plan.take(NOW, None).unwrap();
    assert!(plan.is_live(fourth, ms(4)));
    plan.claim(first, 2 * LEAST_SHARE, LEAST_SHARE, ms(5));
    assert!(!plan.extend(first, 4 * LEAST_SHARE), "the fourth comes in");
}

#[test]
fn one_stream_takes_all_that_waits_and_nobody_else_does() {
    let (mut plan, shares) = begun(4 * LEAST_SHARE, 4);
    plan.claim(shares[1], LEAST_SHARE, LEAST_SHARE, ms(20));
    plan.be_one_stream();
    shares[1..].iter().for_each(|share| plan.leave(*share));
    assert_eq!((plan.take(ms(30), None), plan.may_have_work()), (None, false));
    plan.claim(shares[0], 0, 4 * LEAST_SHARE, ms(40));
    assert!(plan.extend(shares[0], 4 * LEAST_SHARE));
    assert_eq!(plan.left(shares[0]), 2 * LEAST_SHARE..3 * LEAST_SHARE, "what is there is left out");
    plan.claim(shares[0], LEAST_SHARE, 4 * LEAST_SHARE, ms(50));
    assert!(plan.extend(shares[0], 4 * LEAST_SHARE));
    plan.claim(shares[0], 3 * LEAST_SHARE, LEAST_SHARE, ms(60));
    assert!(plan.is_whole());
}

#[test]
fn an_endless_share_is_never_split_and_ends_where_its_body_ends() {
    let mut plan = Plan::endless(None);
    let first = plan.take(NOW, None).unwrap();
    plan.claim(first, 0, 10 * LEAST_SHARE, ms(1));
    assert_eq!((plan.take(ms(9000), None), plan.is_whole(), plan.may_have_work()), (None, false, false));
    plan.end_here(first);
    assert_eq!((plan.is_whole(), plan.done()), (true, 10 * LEAST_SHARE));
}

/// A connection in the property test: what it has, and where its open answer is.
#[derive(Clone, Copy)]
struct Connection {
    share: ShareId,
    at: Option<u64>,
}

proptest! {
    /// Whatever the order of answers, arrivals, failures, steals, joins, races and extensions: every byte is claimed
    /// exactly once, races cost at most 2 %, and it ends.
    #[test]
    fn every_byte_is_claimed_exactly_once(
        total in 0..20 * LEAST_SHARE,
        there in prop::collection::vec((0..20 * LEAST_SHARE, 0..2 * LEAST_SHARE), 0..4),
        connections in 1_usize..12,
        events in prop::collection::vec((0_usize..12, 0_u8..12, 1..LEAST_SHARE, 0_u64..800), 0..400),
    ) {
        let mut spans = Spans::default();
        for (start, len) in there {
            spans.insert(start.min(total)..(start + len).min(total));
        }
        let mut plan = Plan::new(total, &spans, connections);
        let mut has: Vec<Option<Connection>> = vec![None; connections];
        let mut claimed: Vec<Range<u64>> = spans.runs().to_vec();
        let mut now = Duration::ZERO;
        let finish = (0..connections).cycle().map(|connection| (connection, 9, LEAST_SHARE, 100));
        let bound = events.len() + connections * 4000;
        for (connection, event, len, later) in events.into_iter().chain(finish).take(bound) {
            now += ms(later);
            let slot = &mut has[connection % connections];
            match (*slot, event) {
                (None, _) => {
                    *slot = plan.take(now, Some(1e6)).map(|share| {
                        plan.asked(share, now);
                        Connection { share, at: None }
                    });
                }
                (Some(Connection { share, at }), 0) => {
                    if at.is_some() {
                        plan.has_ended(share);
                    }
                    plan.leave(share);
                    *slot = None;
                }
                (Some(Connection { share, at: None }), _) => {
                    let left = plan.left(share);
                    // A reply may begin before what was asked for.
                    let begins = left.start.saturating_sub(if event == 1 { len } else { 0 });
                    if left.is_empty() || !plan.is_live(share, now) {
                        plan.leave(share);
                        *slot = None;
                    } else {
                        *slot = Some(Connection { share, at: Some(begins) });
                    }
                }
                (Some(Connection { share, at: Some(at) }), _) => {
                    *slot = Some(Connection { share, at: Some(at + len) });
                    // What a share is extended into may be in the chunk at hand.
                    loop {
                        claimed.push(plan.claim(share, at, len, now));
                        if !plan.left(share).is_empty() {
                            break;
                        }
                        if event != 2 || !plan.extend(share, total) {
                            plan.has_ended(share);
                            plan.leave(share);
                            *slot = None;
                            break;
                        }
                    }
                }
            }
        }
        prop_assert!(plan.is_whole(), "{:?}", plan);
        prop_assert!(plan.raced <= total / RACED);
        claimed.retain(|run| !run.is_empty());
        claimed.sort_by_key(|run| run.start);
        let mut next = 0;
        for run in claimed {
            prop_assert_eq!(run.start, next);
            next = run.end;
        }
        prop_assert_eq!((next, plan.done()), (total, total));
    }
}
