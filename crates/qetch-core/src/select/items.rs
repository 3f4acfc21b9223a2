//! `Items`: which of the resources behind a link are wanted, by their numbers.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use crate::{Error, Result};

/// How numbers are written, for who wrote something else.
const EXPECTED: &str = "write numbers and ranges from 1 between commas, such as 3, 1-20 or 1-20,40-";

/// Which of the resources behind a link are wanted, by their numbers: 1 is the first that is found there.
///
/// It is read from numbers and ranges between commas. `3` is one, `1-20` are twenty, `40-` all from the fortieth, `-5` the first
/// five. They may stand in any order and overlap: what is read comes in the order in which it is found, and once.
///
/// ```
/// use qetch_core::Items;
///
/// let items: Items = "40-,1-20".parse().unwrap();
/// assert!(items.contains(20) && !items.contains(21) && items.contains(9_000));
/// assert_eq!(items.to_string(), "1-20,40-");
/// assert!("0".parse::<Items>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Items {
    /// From the first of each to its last: in order, and none touches the next. Never empty.
    ranges: Vec<(u64, u64)>,
}

impl Items {
    /// Those of these ranges. One to [`u64::MAX`] has no end.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) where there is no range, one that begins with 0, or one that ends before it begins.
    pub fn new(ranges: impl IntoIterator<Item = RangeInclusive<u64>>) -> Result<Self> {
        let ranges = ranges.into_iter().map(RangeInclusive::into_inner).collect();
        Self::of(ranges).map_err(|reason| Error::invalid("the choice of items", reason))
    }

    /// Whether the resource of this number is wanted.
    pub fn contains(&self, number: u64) -> bool {
        self.ranges.iter().any(|&(first, last)| (first..=last).contains(&number))
    }

    /// Whether neither the resource of this number nor any after it is wanted.
    pub fn is_past(&self, number: u64) -> bool {
        self.ranges.last().is_none_or(|&(_, last)| last < number)
    }

    /// The least number that is wanted.
    pub fn first(&self) -> u64 {
        self.ranges.first().map_or(1, |&(first, _)| first)
    }

    /// Puts ranges in order and makes one of those that meet, or says what is wrong with them.
    fn of(mut ranges: Vec<(u64, u64)>) -> Result<Self, String> {
        ranges.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::new();
        for (first, last) in ranges {
            if first == 0 {
                return Err(format!("the first is 1 and not 0; {EXPECTED}"));
            }
            if last < first {
                return Err(format!("`{first}-{last}` ends before it begins: write {last}-{first}"));
            }
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        if merged.is_empty() { Err(EXPECTED.to_owned()) } else { Ok(Self { ranges: merged }) }
    }
}

impl FromStr for Items {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let ranges = text.split(',').map(range).collect::<Option<Vec<_>>>();
        let items = ranges.ok_or_else(|| EXPECTED.to_owned()).and_then(Self::of);
        items.map_err(|reason| Error::invalid(format!("the choice of items `{text}`"), reason))
    }
}

/// A number, or a range that may lack one of its ends.
fn range(text: &str) -> Option<(u64, u64)> {
    let text = text.trim();
    let Some((first, last)) = text.split_once('-') else { return number(text).map(|it| (it, it)) };
    match (first.trim_end(), last.trim_start()) {
        ("", "") => None,
        ("", last) => Some((1, number(last)?)),
        (first, "") => Some((number(first)?, u64::MAX)),
        (first, last) => Some((number(first)?, number(last)?)),
    }
}

fn number(text: &str) -> Option<u64> {
    // A sign is none of ours.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

impl fmt::Display for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, &(first, last)) in self.ranges.iter().enumerate() {
            let comma = if position > 0 { "," } else { "" };
            match last {
                u64::MAX => write!(f, "{comma}{first}-")?,
                _ if first == last => write!(f, "{comma}{first}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ranges_are_read_in_any_order_and_overlapping() {
        let check = |text: &str, expected: &str, wanted: &[u64]| {
            let items: Items = text.parse().unwrap();
            assert_eq!(items.to_string(), expected, "{text}");
            assert_eq!(expected.parse::<Items>().unwrap(), items, "{text}");
            assert_eq!(
                (0..=60).filter(|&number| items.contains(number)).collect::<Vec<_>>(),
                wanted,
                "{text}"
            );
        };
        check("3", "3", &[3]);
        check("-5", "1-5", &[1, 2, 3, 4, 5]);
        check("7,1-3", "1-3,7", &[1, 2, 3, 7]);
        check("2-4,3-6,6", "2-6", &[2, 3, 4, 5, 6]);
        check("1,2,3", "1-3", &[1, 2, 3]);
        check("2-9,4", "2-9", &[2, 3, 4, 5, 6, 7, 8, 9]);
        check(" 4 - 5 , 59- ", "4-5,59-", &[4, 5, 59, 60]);
        check("58-,59,2", "2,58-", &[2, 58, 59, 60]);
        check("-1,18446744073709551615", "1,18446744073709551615-", &[1]);
    }

    #[test]
    fn nothing_is_wanted_past_the_last() {
        let check = |text: &str, first: u64, past: &[(u64, bool)]| {
            let items: Items = text.parse().unwrap();
            assert_eq!(items.first(), first, "{text}");
            for &(number, expected) in past {
                assert_eq!(items.is_past(number), expected, "{text} at {number}");
            }
        };
        check("3", 3, &[(1, false), (3, false), (4, true)]);
        check("9,1-2", 1, &[(3, false), (9, false), (10, true), (u64::MAX, true)]);
        check("5-", 5, &[(5, false), (u64::MAX, false)]);
    }

    #[test]
    fn what_is_wrong_is_told_with_what_to_write() {
        let check = |text: &str, said: &str| {
            let error = text.parse::<Items>().unwrap_err();
            assert_eq!(error.code(), "invalid", "{text}");
            let message = error.to_string();
            assert!(message.contains(&format!("`{text}`")) && message.contains(said), "{message}");
        };
        for text in [
            "",
            " ",
            "-",
            "1,",
            ",1",
            "1,,2",
            "a",
            "+1",
            "1-2-3",
            "1.5",
            "--5",
            "1;2",
            "99999999999999999999",
        ] {
            check(text, "such as 3, 1-20 or 1-20,40-");
        }
        check("0", "the first is 1 and not 0");
        check("4,0-3", "the first is 1 and not 0");
        check("20-1", "write 1-20");
    }

    #[test]
    fn ranges_of_a_program_are_held_to_the_same() {
        assert_eq!(Items::new([40..=u64::MAX, 1..=20]).unwrap().to_string(), "1-20,40-");
        #[expect(clippy::reversed_empty_ranges, reason = "it is what is refused")]
        let wrong = [vec![], vec![0..=3], vec![3..=2]];
        for ranges in wrong {
            assert_eq!(Items::new(ranges).unwrap_err().code(), "invalid");
        }
    }
}
