//! A disk without room, and one with room again.

use std::sync::Arc;

use super::{
    super::dice::Dice,
    disk::SimDisk,
    origin::{Origin, Validators, Version, Weather},
    run::{Run, content, shown},
};

/// Downloads to a disk with this room, and then to the same one with more.
fn check(seed: u64, allocates: bool) {
    let dice = Dice::seeded(seed);
    let size = (100 << 10) + dice.below(2 << 20);
    let room = dice.below(size);
    let run = |disk: SimDisk| {
        let files = vec![vec![Version::new(seed, 0, size, Validators::Strong)]];
        let mut run = Run::new(
            Arc::new(Origin::new(seed, files, Weather::fair(Validators::Strong))),
            disk,
            content(&[None]),
        );
        (run.seed, run.options.max_connections) = (seed, 1 + seed as usize % 8);
        run
    };
    let full = run(SimDisk::new(seed).with_capacity(Some(room), allocates));
    let outcome = full.go();
    let context = format!("{size} bytes, room for {room}, allocates: {allocates}");
    assert_eq!(outcome.code(), Some("no_room"), "{context}");
    assert_eq!(full.file(), None, "{context}");
    let account = full.origin.account().clone();
    if allocates && size >= 1 << 20 {
        let most = account.requests * (16 << 10);
        assert!(account.fetched <= most, "{context}: {} bytes were fetched", account.fetched);
    }
    let left: Vec<_> = full.leftovers().iter().map(|path| shown(path)).collect();
    let is_ours =
        |name: &String| ["film.qetch", "film.qetch-journal", "film.qetch-journal-new"].contains(&&**name);
    assert!(left.iter().all(is_ours), "{context}: {left:?}");

    let roomy = run(full.disk.killed(seed).with_capacity(None, allocates));
    let outcome = roomy.go();
    assert!(outcome.is_ok(), "{context}: {:?}", outcome.result);
    assert_eq!(roomy.file().as_deref(), Some(&full.origin.files[0][0].bytes[..]), "{context}");
    assert_eq!(roomy.leftovers().len(), 0, "{context}");
}

#[test]
fn a_full_disk_is_told_and_gone_on_with_when_there_is_room() {
    for seed in 0..60 {
        check(seed, seed % 2 == 0);
    }
}
