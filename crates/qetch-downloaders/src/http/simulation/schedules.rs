//! Thousands of seeded schedules.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use super::{super::dice::Dice, schedule::Schedule, setting};

/// Schedules that are run unless the environment says otherwise.
const SCHEDULES: u64 = 3000;

/// Runs `check` with each seed, and tells of those where something is wrong.
fn sweep(what: &str, count: u64, check: impl Fn(u64) -> Result<&'static str, String>) {
    let (begun, mut ends, mut wrong) = (Instant::now(), BTreeMap::<&str, u64>::new(), Vec::new());
    let seeds = setting("QETCH_SEED").map_or(0..count, |seed| seed..seed + 1);
    let count = seeds.end - seeds.start;
    for seed in seeds {
        match catch_unwind(AssertUnwindSafe(|| check(seed))) {
            Ok(Ok(end)) => *ends.entry(end).or_default() += 1,
            Ok(Err(problem)) => wrong.push(format!("QETCH_SEED={seed}: {problem}")),
            Err(_) => wrong.push(format!("QETCH_SEED={seed}: it panicked")),
        }
    }
    println!("{count} {what} in {:.1} s: {ends:?}", begun.elapsed().as_secs_f32());
    assert!(wrong.is_empty(), "{} of {count} {what} end wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn count() -> u64 {
    setting("QETCH_SCHEDULES").unwrap_or(SCHEDULES)
}

#[test]
fn every_schedule_ends_right() {
    sweep("schedules", count(), |seed| Schedule::of(seed).check());
}

#[test]
fn a_crash_in_any_weather_is_gone_on_from() {
    sweep("crashes in schedules", count() / 5, |seed| {
        let dice = Dice::seeded(seed ^ 0xc0de);
        let mut crashed = Schedule::of(seed);
        crashed.run.disk = crashed.run.disk.crash_at(1 + dice.below(80));
        if crashed.run.go().result.is_some() {
            return Ok("no crash");
        }
        let disk = &crashed.run.disk;
        let left = if dice.below(2) == 0 { disk.killed(seed) } else { disk.power_cut(seed) };
        Schedule::of(seed).go_on(left)
    });
}

#[test]
fn a_seed_tells_all_that_happens() {
    for seed in 0..200 {
        let trace = || {
            let schedule = Schedule::of(seed);
            let outcome = schedule.run.go();
            let trace = schedule.run.origin.account().trace;
            (trace, schedule.run.disk.operations(), outcome.took, outcome.heard)
        };
        assert_eq!(trace(), trace(), "QETCH_SEED={seed}");
    }
}
