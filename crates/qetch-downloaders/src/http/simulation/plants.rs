//! Faults that are planted in the disk, to see that the simulation finds each.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{crashes::Scenario, disk::Plant, origin::Validators, schedule::Schedule};

/// Whether a crash at some operation shows the fault, and how.
fn found_by_crashes(plant: Plant) -> Option<String> {
    let scenario = Scenario::new("planted", 1_500_000, Validators::Strong).with(plant);
    let swept = catch_unwind(AssertUnwindSafe(|| scenario.sweep()));
    swept.err().map(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default())
}

/// Whether some schedule shows the fault, and how.
fn found_by_schedules(plant: Plant) -> Option<String> {
    (0..100).find_map(|seed| {
        let mut schedule = Schedule::of(seed);
        schedule.run.disk = schedule.run.disk.plant(plant);
        catch_unwind(AssertUnwindSafe(|| schedule.check())).ok()?.err()
    })
}

#[test]
fn a_sync_that_lies_is_found() {
    let found = found_by_crashes(Plant::LyingSync).unwrap();
    assert!(found.contains("the journal claims"), "{found}");
}

#[test]
fn a_journal_before_its_bytes_is_found() {
    let found = found_by_crashes(Plant::JournalFirst).unwrap();
    assert!(found.contains("the journal claims"), "{found}");
}

#[test]
fn a_reply_at_a_wrong_offset_is_found() {
    let found = found_by_schedules(Plant::Elsewhere).unwrap();
    assert!(found.contains("a wrong file"), "{found}");
}

#[test]
fn a_byte_that_is_claimed_twice_is_found() {
    let found = found_by_schedules(Plant::Twice).unwrap();
    assert!(found.contains("bytes were written"), "{found}");
}

#[test]
fn without_a_fault_nothing_is_found() {
    assert_eq!((0..100).find_map(|seed| Schedule::of(seed).check().err()), None);
}
