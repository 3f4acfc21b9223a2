//! What the micro-benchmarks measure. Each is a round of work that says how many units it did: `benches/micro.rs` takes
//! the time of rounds, and `cargo xtask micro` counts their instructions as well.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be prepared is to fail")]

mod journal;
mod listing;
mod matching;
mod planning;
mod validating;
mod writer;

/// One benchmark.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Its group and its name in that, with a `/` between them.
    pub name: &'static str,
    /// What a round does many of.
    pub unit: &'static str,
    /// Whether its instructions are worth counting: not where the kernel and other threads do the work.
    pub is_counted: bool,
    prepare: fn() -> Round,
}

/// Does the work once, and answers how many units that were.
pub type Round = Box<dyn FnMut() -> u64>;

impl Work {
    const fn new(name: &'static str, unit: &'static str, prepare: fn() -> Round) -> Self {
        Self { name, unit, is_counted: true, prepare }
    }

    /// A round that is ready to be run, and its units. Preparing checks that it does what it claims.
    pub fn prepare(&self) -> (Round, u64) {
        let mut round = (self.prepare)();
        let units = round();
        assert_eq!(round(), units, "{}: one round is as the other", self.name);
        assert!(units > 0, "{}: a round does something", self.name);
        (round, units)
    }
}

/// Every benchmark; those over recordings where `QETCH_FIXTURES` says where these are.
pub fn works() -> impl Iterator<Item = Work> {
    let recorded = std::env::var_os("QETCH_FIXTURES").map_or(&[][..], |_| matching::RECORDED);
    let groups =
        [matching::WORKS, planning::WORKS, validating::WORKS, journal::WORKS, listing::WORKS, writer::WORKS];
    groups.into_iter().flatten().chain(recorded).copied()
}
