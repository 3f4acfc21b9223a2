//! `Range` and `Content-Range`. Pure.

use std::ops::Range;

/// The most ranges of one request that are looked at.
const MOST: usize = 16;

/// One range as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// `a-b`; the end is included.
    Between(u64, u64),
    /// `a-`.
    From(u64),
    /// `-n`.
    Last(u64),
}

impl Asked {
    /// Reads a `Range` header. `None` means that the header is to be ignored: another unit, an error in it,
    /// or too many ranges.
    pub(crate) fn parse(header: &str) -> Option<Vec<Self>> {
        let (unit, ranges) = header.split_once('=')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let ranges: Vec<Self> =
            ranges.split(',').map(|range| Self::parse_one(range.trim())).collect::<Option<_>>()?;
        (ranges.len() <= MOST).then_some(ranges)
    }

    fn parse_one(range: &str) -> Option<Self> {
        match range.split_once('-')? {
            ("", last) => Some(Self::Last(number(last)?)),
            (start, "") => Some(Self::From(number(start)?)),
            (start, end) => {
                let (start, end) = (number(start)?, number(end)?);
                (start <= end).then_some(Self::Between(start, end))
            }
        }
    }

    /// The bytes of a body of `total` bytes that are meant, if there are any.
    pub(crate) fn within(self, total: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::Between(start, end) => start..end.saturating_add(1).min(total),
            Self::From(start) => start..total,
            Self::Last(last) => total.saturating_sub(last)..total,
        };
        (range.start < range.end).then_some(range)
    }
}

/// A number of digits alone; one that is too large is the largest there is.
fn number(digits: &str) -> Option<u64> {
    let digits_alone = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits_alone.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// The value of a `Content-Range` for a range that is not empty.
pub(crate) fn content_range(range: &Range<u64>, total: impl std::fmt::Display) -> String {
    format!("bytes {}-{}/{total}", range.start, range.end.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::Asked;
    use crate::pattern;

    /// `expected` is what the header means in a body of 100 bytes, one entry a range.
    fn check(header: &str, expected: Option<&[Option<(u64, u64)>]>) {
        let found = Asked::parse(header).map(|ranges| {
            let ends = |range: &Asked| range.within(100).map(|range| (range.start, range.end));
            ranges.iter().map(ends).collect::<Vec<_>>()
        });
        assert_eq!(found.as_deref(), expected, "{header:?}");
    }

    #[test]
    fn ranges_are_read() {
        check("bytes=0-0", Some(&[Some((0, 1))]));
        check("bytes=10-19", Some(&[Some((10, 20))]));
        check("bytes=90-", Some(&[Some((90, 100))]));
        check("bytes=-10", Some(&[Some((90, 100))]));
        check("bytes=-1000", Some(&[Some((0, 100))]));
        check("bytes=0-99999999999999999999", Some(&[Some((0, 100))]));
        check("Bytes = 1-2 , 4-", Some(&[Some((1, 3)), Some((4, 100))]));
    }

    #[test]
    fn ranges_outside_the_body_mean_nothing() {
        check("bytes=100-", Some(&[None]));
        check("bytes=-0", Some(&[None]));
        check("bytes=99999999999999999999-", Some(&[None]));
        check("bytes=18446744073709551615-18446744073709551615", Some(&[None]));
        assert_eq!(Asked::From(0).within(0), None);
        assert_eq!(Asked::Last(5).within(0), None);
    }

    #[test]
    fn what_is_no_range_is_ignored() {
        for header in
            ["", "bytes", "bytes=", "bytes=-", "bytes=2-1", "bytes=a-b", "bytes=+1-2", "bytes=1", "lines=1-2"]
        {
            check(header, None);
        }
        check(&format!("bytes={}", vec!["0-0"; 17].join(",")), None);
        assert_eq!(
            Asked::parse(&format!("bytes={}", vec!["0-0"; 16].join(","))).map(|all| all.len()),
            Some(16)
        );
    }

    #[test]
    fn no_header_panics() {
        let letters = b"bytes=-,0189 \t";
        for line in pattern(1 << 20, 9).chunks(24) {
            let text: String =
                line.iter().map(|byte| char::from(letters[usize::from(*byte) % letters.len()])).collect();
            for header in [format!("bytes={text}"), text] {
                for range in Asked::parse(&header).unwrap_or_default() {
                    if let Some(range) = range.within(1000) {
                        assert!(range.start < range.end && range.end <= 1000, "{header:?}");
                    }
                }
            }
        }
    }
}
