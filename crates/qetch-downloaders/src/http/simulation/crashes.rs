//! A crash at every operation of the disk, and what the next run makes of what is left.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use qetch_core::{Checksum, files};

use super::{
    super::{dice::Dice, journal::Journal},
    disk::{Plant, SimDisk},
    origin::{Origin, Validators, Version, Weather},
    run::{Run, content, shown, target},
    setting,
};

/// What stood at the target before, where something did.
const BEFORE: &[u8] = b"what was there before";

/// A download that is crashed at every operation.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    name: &'static str,
    /// The size of each fragment.
    sizes: Vec<u64>,
    /// Whether the content tells them.
    is_told: bool,
    validators: Validators,
    connections: usize,
    fragments: usize,
    has_checksum: bool,
    overwrites: bool,
    /// When the origin has other bytes.
    changes: Option<Duration>,
    rate: u64,
    /// Whether its disk makes files without a name.
    stores: bool,
    /// A fault of the disk of the run that crashes.
    plant: Option<Plant>,
}

/// What was tried.
#[derive(Debug, Default)]
struct Tally {
    points: u64,
    restarts: u64,
}

/// What is left by a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Killed(u64),
    PowerCut(u64),
}

impl End {
    fn of(self, disk: &SimDisk) -> SimDisk {
        match self {
            Self::Killed(seed) => disk.killed(seed),
            Self::PowerCut(seed) => disk.power_cut(seed),
        }
    }
}

impl Scenario {
    pub(super) fn new(name: &'static str, size: u64, validators: Validators) -> Self {
        Self {
            name,
            sizes: vec![size],
            is_told: false,
            validators,
            connections: 8,
            fragments: 1,
            has_checksum: false,
            overwrites: false,
            changes: None,
            rate: 300,
            stores: false,
            plant: None,
        }
    }

    /// It, with a fault planted in its disk.
    pub(super) fn with(mut self, plant: Plant) -> Self {
        self.plant = Some(plant);
        self
    }

    /// The bytes of the file as it is in this version.
    fn whole(&self, number: usize) -> Vec<u8> {
        let files = self.files(number);
        files.iter().map(|versions| &versions[0].bytes[..]).collect::<Vec<_>>().concat()
    }

    fn files(&self, number: usize) -> Vec<Vec<Version>> {
        let version = |(index, size): (usize, &u64)| {
            vec![Version::new(index as u64 * 1001 + 5, number, *size, self.validators)]
        };
        self.sizes.iter().enumerate().map(version).collect()
    }

    fn run(&self, files: Vec<Vec<Version>>, disk: SimDisk, seed: u64) -> Run {
        let mut weather = Weather::fair(self.validators);
        (weather.rate, weather.chunk) = (self.rate, 32 << 10);
        let origin = Arc::new(Origin::new(seed, files, weather));
        let told: Vec<_> = self.sizes.iter().map(|size| self.is_told.then_some(*size)).collect();
        let mut run = Run::new(origin, disk, content(&told));
        (run.options.max_connections, run.options.max_fragments) = (self.connections, self.fragments);
        (run.options.overwrite, run.seed) = (self.overwrites, seed);
        if self.has_checksum {
            let hash = blake3::hash(&self.whole(0)).to_hex();
            run.options.checksums = vec![Checksum::new("blake3", &hash)];
        }
        run
    }

    /// The first run.
    fn first(&self, mut disk: SimDisk) -> Run {
        if let Some(plant) = self.plant {
            disk = disk.plant(plant);
        }
        disk = if self.stores { disk.that_stores() } else { disk };
        if self.overwrites {
            disk.put(&target(), BEFORE);
        }
        let mut files = self.files(0);
        if let Some(at) = self.changes {
            for (versions, later) in files.iter_mut().zip(self.files(1)) {
                versions.extend(later.into_iter().map(|version| version.after(at)));
            }
        }
        self.run(files, disk, 3)
    }

    /// A run after a crash: `number` is what the origin has by now.
    fn next(&self, disk: SimDisk, number: usize, seed: u64) -> Run {
        self.run(self.files(number), disk, seed)
    }

    /// Crashes it at every operation.
    pub(super) fn sweep(&self) {
        let (begun, mut tally) = (Instant::now(), Tally::default());
        let undisturbed = self.first(SimDisk::new(11));
        let outcome = undisturbed.go();
        assert!(outcome.is_ok(), "{}: {:?}", self.name, outcome.result);
        let operations = undisturbed.disk.operations();
        // What a power cut leaves is left to chance, and a planted fault shows in some of it.
        let cuts = setting("QETCH_CUTS").unwrap_or(if self.plant.is_some() { 8 } else { 1 });
        for at in 1..=operations {
            let crashed = self.first(SimDisk::new(11).crash_at(at));
            let outcome = crashed.go();
            // What is done when the download has answered is done by nobody who waits.
            if outcome.result.is_some() {
                continue;
            }
            tally.points += 1;
            let cuts = (0..cuts).map(|cut| End::PowerCut(at * 1000 + cut));
            for end in cuts.chain([End::Killed(at)]) {
                self.survive(&crashed.disk, at, end, &mut tally);
            }
        }
        println!(
            "{}: {} crash points, {} restarts in {:.1} s",
            self.name,
            tally.points,
            tally.restarts,
            begun.elapsed().as_secs_f32()
        );
    }

    /// What is left by this end of a crash is sound, and the next run ends right.
    fn survive(&self, crashed: &SimDisk, at: u64, end: End, tally: &mut Tally) {
        let context = format!("{}, crash at {at}, {end:?}", self.name);
        let left = end.of(crashed);
        let journaled = self.check_claims(&left, &context);
        self.check_target(&left, &context);
        let now = usize::from(self.changes.is_some());
        // The origin as it was.
        let next = self.next(left, now, at);
        self.restart(&next, now, &context);
        tally.restarts += 1;
        if let (End::Killed(_), Some(journaled), None) = (end, journaled, self.changes) {
            self.check_fetched(&next, journaled, &context);
        }
        // A new version of it, or another crash on the way.
        if at.is_multiple_of(2) == matches!(end, End::Killed(_)) {
            tally.restarts += 1;
            return self.restart(
                &self.next(end.of(crashed), now + 1, at),
                now + 1,
                &format!("{context}, new version"),
            );
        }
        let dice = Dice::seeded(at ^ 0x5eed);
        let operation = 1 + dice.below(at.max(20));
        let second = self.next(end.of(crashed).crash_at(operation), now, at);
        let is_over = second.go().result.is_some();
        let context = format!("{context}, second crash at {operation}");
        let left = if dice.below(2) == 0 { End::Killed(at) } else { End::PowerCut(at) }.of(&second.disk);
        if !is_over {
            self.check_claims(&left, &context);
        }
        self.check_target(&left, &context);
        let number = now + usize::try_from(dice.below(2)).unwrap();
        if !is_over {
            self.restart(&self.next(left, number, at + 1), number, &context);
        }
        tally.restarts += 2;
    }

    /// Runs it to its end, which is the file as it is in version `number`.
    fn restart(&self, run: &Run, number: usize, context: &str) {
        let stood = run.file();
        let outcome = run.go();
        let (file, expected) = (run.file(), self.whole(number));
        let is_right = file.as_ref() == Some(&expected);
        // A version that was whole before the crash stands, and is not replaced unasked.
        let stands = !self.overwrites && file.is_some() && file == stood;
        let promised = self.has_checksum && number > 0;
        let code = outcome.code();
        match code {
            None => assert!(
                is_right || (stands && self.is_some_version(file.as_deref())),
                "{context}: a wrong file: {}, where version {number} is right",
                self.made_of(file.as_deref())
            ),
            Some("conflict") => {
                assert!(stands && self.is_some_version(file.as_deref()), "{context}: {outcome:?}");
            }
            Some("checksum_mismatch") if promised => assert!(!is_right, "{context}"),
            Some(code) => panic!("{context}: {code}: {:?}", outcome.result),
        }
        let left: Vec<_> = run.leftovers().iter().map(|path| shown(path)).collect();
        let is_aside = |name: &String| promised && name.contains(".mismatch");
        let is_left = left.iter().any(|name| !is_aside(name));
        assert!(!is_left, "{context}: {left:?} are left");
    }

    /// What stands at the target is what was there, or whole.
    fn check_target(&self, disk: &SimDisk, context: &str) {
        let file = disk.get(&target());
        let is_before = if self.overwrites { file.as_deref() == Some(BEFORE) } else { file.is_none() };
        assert!(is_before || self.is_some_version(file.as_deref()), "{context}: the target is damaged");
    }

    fn is_some_version(&self, file: Option<&[u8]>) -> bool {
        (0..3).any(|number| file == Some(&self.whole(number)[..]))
    }

    /// Which versions a file is made of, for people.
    fn made_of(&self, file: Option<&[u8]>) -> String {
        let Some(file) = file else { return "none".into() };
        let versions: Vec<_> = (0..3).map(|number| self.whole(number)).collect();
        let of = |at: usize| versions.iter().position(|version| version.get(at) == file.get(at));
        let mut runs: Vec<(usize, Option<usize>)> = Vec::new();
        for at in 0..file.len() {
            if runs.last().is_none_or(|last| last.1 != of(at)) {
                runs.push((at, of(at)));
            }
        }
        format!("{} bytes, from each offset on of a version: {runs:?}", file.len())
    }

    /// What the journal claims is there. Answers how much that is.
    fn check_claims(&self, disk: &SimDisk, context: &str) -> Option<u64> {
        let path = |suffix| files::with_suffix(&target(), suffix);
        let journal = disk.get(&path(".qetch-journal"))?;
        let journal = Journal::read(&journal);
        let journal = journal.unwrap_or_else(|problem| panic!("{context}: the journal: {problem}"));
        // Where the part has become the file, the journal is about to go.
        let part = disk.get(&path(".qetch")).filter(|part| !part.is_empty())?;
        let versions: Vec<Bytes> = (0..3).map(|number| self.whole(number).into()).collect();
        let index = |offset: u64| usize::try_from(offset).unwrap();
        let opened = journal.open.iter().flat_map(|open| {
            open.done.runs().iter().map(|run| (open.mixed, open.base + run.start..open.base + run.end))
        });
        let whole = std::iter::once((false, 0..journal.end));
        for (is_mixed, run) in whole.chain(opened) {
            let run = index(run.start)..index(run.end);
            let there = part.get(run.clone());
            let there =
                there.unwrap_or_else(|| panic!("{context}: the journal claims {run:?} of {}", part.len()));
            let is_one = versions.iter().any(|version| &version[run.clone()] == there);
            let is_any = |at: usize| versions.iter().any(|version| version[at] == part[at]);
            let is_there = is_one || (is_mixed && run.clone().all(is_any));
            assert!(is_there, "{context}: the journal claims {run:?}, and other bytes are there");
        }
        Some(journal.count())
    }

    /// What was in the journal is not fetched again, but for what is compared.
    fn check_fetched(&self, run: &Run, journaled: u64, context: &str) {
        let account = run.origin.account().clone();
        let size: u64 = self.sizes.iter().sum();
        let missing = size - journaled;
        // Of each exchange the last chunk may hold more than was needed when it came; a fiftieth is compared, of several
        // fragments a fiftieth of the last.
        let most = missing + size / 50 + 64 + account.requests * (32 << 10);
        assert!(account.fetched <= most, "{context}: {} fetched, {missing} missing", account.fetched);
    }
}

#[test]
fn eight_connections_and_a_strong_validator() {
    Scenario::new("eight connections", (2 << 20) + 77, Validators::Strong).sweep();
}

#[test]
fn one_connection() {
    let scenario = Scenario::new("one connection", 300_000, Validators::Strong);
    Scenario { connections: 1, ..scenario }.sweep();
}

#[test]
fn no_validators() {
    let scenario = Scenario::new("no validators", 700_000, Validators::None);
    Scenario { connections: 3, ..scenario }.sweep();
}

#[test]
fn several_fragments_of_known_sizes() {
    let scenario = Scenario::new("known sizes", 0, Validators::Strong);
    let sizes = vec![100_000, 0, 70_001, 300_000, 9];
    Scenario { sizes, is_told: true, fragments: 3, connections: 2, ..scenario }.sweep();
}

#[test]
fn several_fragments_of_unknown_sizes() {
    let scenario = Scenario::new("unknown sizes", 0, Validators::Strong);
    let sizes = vec![100_000, 70_001, 0, 300_000, 9];
    Scenario { sizes, fragments: 3, connections: 2, ..scenario }.sweep();
}

#[test]
fn a_small_file_is_stored_in_one_step() {
    let scenario = Scenario { stores: true, ..Scenario::new("a small file", 50_000, Validators::Strong) };
    let run = scenario.first(SimDisk::new(11));
    assert!(run.go().is_ok());
    assert_eq!(run.disk.state().writes, 0, "no part file was made");
    scenario.sweep();
    // It takes so long that a journal is written first.
    Scenario { rate: 30, ..scenario }.sweep();
}

#[test]
fn a_checksum_is_promised() {
    let scenario = Scenario::new("a checksum", 90_000, Validators::Dated);
    Scenario { has_checksum: true, rate: 90, ..scenario }.sweep();
}

#[test]
fn a_file_is_replaced() {
    let scenario = Scenario::new("overwriting", 300_000, Validators::Strong);
    Scenario { overwrites: true, ..scenario }.sweep();
}

#[test]
fn the_version_changes_and_validators_tell() {
    let scenario = Scenario::new("a change that is told", 600_000, Validators::Strong);
    Scenario { changes: Some(Duration::from_millis(600)), connections: 2, ..scenario }.sweep();
}

#[test]
fn the_version_changes_and_nothing_tells() {
    let scenario = Scenario::new("a change that is not told", 600_000, Validators::None);
    Scenario { changes: Some(Duration::from_millis(600)), connections: 2, ..scenario }.sweep();
}

/// Killed between the removal of the journal and the sync of its directory; then the next run loses its power, on a disk where
/// names become durable in any order.
#[test]
fn a_journal_whose_removal_was_not_durable_does_not_come_back() {
    let scenario = Scenario::new("a removal that was not durable", (2 << 20) + 77, Validators::Strong);
    let scenario = Scenario { overwrites: true, ..scenario };
    let undisturbed = scenario.first(SimDisk::new(11));
    assert!(undisturbed.go().is_ok());
    let mut tried = 0;
    for at in 1..=undisturbed.disk.operations() {
        let crashed = scenario.first(SimDisk::new(11).crash_at(at));
        if crashed.go().result.is_some() || !crashed.disk.killed(at).owes_a_removal() {
            continue;
        }
        for operation in 1..40 {
            for cut in 0..8 {
                let again = scenario.next(crashed.disk.killed(at).crash_at(operation), 0, at);
                if again.go().result.is_some() {
                    continue;
                }
                tried += 1;
                let left = again.disk.power_cut_without_order(operation * 100 + cut);
                let context = format!("killed at {at}, cut at {operation}, {cut}");
                scenario.restart(&scenario.next(left, 0, at + 1), 0, &context);
            }
        }
    }
    assert!(tried > 0);
}
