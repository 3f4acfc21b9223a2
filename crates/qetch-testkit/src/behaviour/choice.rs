//! Which requests or bodies a fault strikes, and after what it sets in.

use std::time::Duration;

/// Which requests, bodies or connections of a resource a [`Behaviour`](crate::Behaviour) strikes, by their
/// number from 1 in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which {
    /// All of them.
    All,
    /// This one alone.
    Nth(u64),
    /// This one and all after it.
    From(u64),
    /// Each one whose number is a multiple of this; 0 counts as 1.
    Every(u64),
}

impl Which {
    /// Whether the one with this number is struck.
    #[must_use]
    pub fn strikes(self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::Nth(nth) => number == nth,
            Self::From(first) => number >= first,
            Self::Every(every) => number.is_multiple_of(every.max(1)),
        }
    }
}

/// After what a [`Behaviour`](crate::Behaviour) sets in. Bodies and bytes make a test deterministic; time is
/// there for trying things by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// So many bodies of the resource were begun with a 200 or 206.
    Bodies(u64),
    /// So many bytes of the resource were sent, over all its bodies.
    Bytes(u64),
    /// So much time has gone by since the first request for the resource.
    Time(Duration),
}

#[cfg(test)]
mod tests {
    use super::Which;

    #[test]
    fn numbers_are_chosen() {
        let check = |which: Which, expected: &[u64]| {
            let struck: Vec<u64> = (1..=6).filter(|number| which.strikes(*number)).collect();
            assert_eq!(struck, expected, "{which:?}");
        };
        check(Which::All, &[1, 2, 3, 4, 5, 6]);
        check(Which::Nth(3), &[3]);
        check(Which::Nth(0), &[]);
        check(Which::From(5), &[5, 6]);
        check(Which::Every(2), &[2, 4, 6]);
        check(Which::Every(0), &[1, 2, 3, 4, 5, 6]);
    }
}
