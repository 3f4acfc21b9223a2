//! Sets of offsets, kept as runs.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A set of offsets: runs in order, none of which touches the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub(super) struct Spans(Vec<Range<u64>>);

impl Spans {
    /// Adds a run.
    pub(super) fn insert(&mut self, run: Range<u64>) {
        if run.is_empty() {
            return;
        }
        let from = self.0.partition_point(|it| it.end < run.start);
        let to = self.0.partition_point(|it| it.start <= run.end);
        let (mut start, mut end) = (run.start, run.end);
        if let [first, ..] = &self.0[from..to] {
            start = start.min(first.start);
        }
        if let [.., last] = &self.0[from..to] {
            end = end.max(last.end);
        }
        self.0.splice(from..to, std::iter::once(start..end));
    }

    /// How many offsets are in it.
    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|run| run.end - run.start).sum()
    }

    /// The runs, in order.
    pub(super) fn runs(&self) -> &[Range<u64>] {
        &self.0
    }

    /// Past the last offset; 0 where there is none.
    pub(super) fn end(&self) -> u64 {
        self.0.last().map_or(0, |run| run.end)
    }

    /// The runs below `end` that are not in it.
    pub(super) fn missing(&self, end: u64) -> Vec<Range<u64>> {
        let mut missing = Vec::new();
        let mut next = 0;
        for run in self.0.iter().chain([&(end..end)]) {
            if next < run.start.min(end) {
                missing.push(next..run.start.min(end));
            }
            next = run.end;
        }
        missing
    }
}

impl From<Spans> for Vec<(u64, u64)> {
    fn from(spans: Spans) -> Self {
        spans.0.into_iter().map(|run| (run.start, run.end)).collect()
    }
}

impl TryFrom<Vec<(u64, u64)>> for Spans {
    type Error = &'static str;

    fn try_from(pairs: Vec<(u64, u64)>) -> Result<Self, Self::Error> {
        let in_order = pairs.windows(2).all(|pair| pair[0].1 < pair[1].0);
        if !in_order || pairs.iter().any(|(start, end)| start >= end) {
            return Err("runs that are empty or not in order");
        }
        Ok(Self(pairs.into_iter().map(|(start, end)| start..end).collect()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn runs_that_touch_are_one() {
        let mut spans = Spans::default();
        for run in [10..20, 30..40, 20..30, 0..1, 5..5] {
            spans.insert(run);
        }
        assert_eq!((spans.runs(), spans.count(), spans.end()), ([0..1, 10..40].as_slice(), 31, 40));
        assert_eq!(spans.missing(50), [1..10, 40..50]);
        assert_eq!(spans.missing(30).len(), 1);
        assert_eq!(Spans::default().missing(0), []);
    }

    #[test]
    fn only_runs_in_order_are_read_back() {
        let mut spans = Spans::default();
        spans.insert(3..9);
        let text = serde_json::to_string(&spans).unwrap();
        assert_eq!((text.as_str(), serde_json::from_str::<Spans>(&text).unwrap()), ("[[3,9]]", spans));
        for wrong in ["[[9,3]]", "[[3,3]]", "[[5,9],[1,2]]", "[[1,4],[4,9]]", "[[1]]"] {
            assert!(serde_json::from_str::<Spans>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        /// It is the set of its offsets.
        #[test]
        fn it_is_a_set(runs in prop::collection::vec((0_u64..200, 0_u64..30), 0..40)) {
            let mut spans = Spans::default();
            let mut set = std::collections::BTreeSet::new();
            for (start, len) in runs {
                spans.insert(start..start + len);
                set.extend(start..start + len);
            }
            prop_assert_eq!(spans.runs().iter().cloned().flatten().collect::<Vec<_>>(), set.iter().copied().collect::<Vec<_>>());
            prop_assert!(spans.runs().windows(2).all(|pair| pair[0].end < pair[1].start));
            let missing: Vec<u64> = spans.missing(230).into_iter().flatten().collect();
            prop_assert_eq!(missing, (0..230).filter(|it| !set.contains(it)).collect::<Vec<_>>());
        }
    }
}
