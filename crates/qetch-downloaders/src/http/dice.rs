//! Chance: where a wait ends, and which bytes are looked at again. Seeded, so that a simulation can be run again.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A source of numbers that nobody can foresee, unless it is given its seed. Clones go on from one another.
#[derive(Clone, Debug)]
pub(super) struct Dice(Arc<AtomicU64>);

impl Dice {
    /// Dice with this seed.
    pub(super) fn seeded(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }

    /// The next number (splitmix64: each state is the one before plus a constant, mixed).
    pub(super) fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub(super) fn below(&self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// A number from 0 to 1.
    pub(super) fn fraction(&self) -> f64 {
        self.next() as f64 / u64::MAX as f64
    }
}

/// Dice with a seed of chance: the standard library's hashers are seeded at random.
impl Default for Dice {
    fn default() -> Self {
        Self::seeded(RandomState::new().hash_one(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_tells_all_numbers() {
        let rolls = |seed| {
            let dice = Dice::seeded(seed);
            (0..100).map(|_| dice.below(6)).collect::<Vec<_>>()
        };
        assert_eq!(rolls(1), rolls(1));
        assert_ne!(rolls(1), rolls(2));
        assert!((0..6).all(|number| rolls(1).contains(&number)));
        assert_eq!(Dice::seeded(1).below(0), 0);
        assert!((0.0..=1.0).contains(&Dice::default().fraction()));
    }
}
