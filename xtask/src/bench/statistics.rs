//! Medians and how sure they are.

/// A median, and the interval that holds the true one in 95 of 100 cases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Median {
    pub(crate) low: f64,
    pub(crate) middle: f64,
    pub(crate) high: f64,
}

/// How sure the interval is to be.
const SURE: f64 = 0.95;

impl Median {
    /// The median of some figures, with its interval between two of them: how many of them lie below the true median is
    /// as the heads of so many coins, whatever their distribution. With fewer than six no interval is as sure, and
    /// it is all of them. Nothing for no figures.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (count, half) = (sorted.len(), sorted.len() / 2);
        let last = count.checked_sub(1)?;
        let middle =
            if count % 2 == 1 { sorted[half] } else { f64::midpoint(sorted[half - 1], sorted[half]) };
        let outside = outside(count);
        Some(Self { low: sorted[outside], middle, high: sorted[last - outside] })
    }

    /// The same in units of `unit`.
    pub(crate) fn over(self, unit: f64) -> Self {
        Self { low: self.low / unit, middle: self.middle / unit, high: self.high / unit }
    }

    /// The medians of the ratios of two rows of runs, round by round, so that what slows a whole round cancels.
    pub(crate) fn of_ratios(ours: &[Option<f64>], theirs: &[Option<f64>]) -> Option<Self> {
        let pairs = ours.iter().zip(theirs).filter_map(|(ours, theirs)| Some((*ours)? / (*theirs)?));
        Self::of(pairs.collect::<Vec<_>>())
    }
}

/// How many of the sorted figures lie outside of the interval, on each side.
fn outside(count: usize) -> usize {
    let coins = 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    let (mut tail, mut ways, mut outside) = (0.0, coins, 0);
    for heads in 0..count / 2 {
        tail += ways;
        if 1.0 - 2.0 * tail < SURE {
            break;
        }
        outside = heads;
        ways *= (count - heads) as f64 / (heads + 1) as f64;
    }
    outside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_tables() {
        // The ranks of the 95 % interval of the median, as tables of nonparametric statistics list them, less one.
        for (count, expected) in
            [(1, 0), (5, 0), (6, 0), (8, 0), (9, 1), (11, 1), (12, 2), (15, 3), (20, 5), (50, 17)]
        {
            assert_eq!(outside(count), expected, "{count}");
        }
        let nine = Median::of([9.0, 1.0, 8.0, 2.0, 7.0, 3.0, 6.0, 4.0, 5.0]).unwrap();
        assert_eq!(nine, Median { low: 2.0, middle: 5.0, high: 8.0 });
        assert_eq!(Median::of([3.0, 1.0]).unwrap(), Median { low: 1.0, middle: 2.0, high: 3.0 });
        assert_eq!(Median::of([]), None);
    }

    #[test]
    fn a_slow_round_cancels_and_a_failed_one_is_left_out() {
        let ours = [Some(1.0), Some(10.0), None, Some(2.0)];
        let theirs = [Some(2.0), Some(20.0), Some(1.0), Some(4.0)];
        let ratio = Median::of_ratios(&ours, &theirs).unwrap();
        assert_eq!(ratio, Median { low: 0.5, middle: 0.5, high: 0.5 });
    }
}
