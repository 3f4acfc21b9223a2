//! `Content-Range`, read strictly.

use std::ops::Range;

/// No file is larger: what files are addressed by is signed.
pub(super) const LARGEST: u64 = i64::MAX as u64;

/// `Content-Range` (RFC 9110, section 14.4).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ContentRange {
    Part { offsets: Range<u64>, complete: Option<u64> },
    Unsatisfied { complete: u64 },
}

impl ContentRange {
    /// Reads it strictly: digits and nothing else, an end that is not before the start and lies within the whole.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| -> Option<u64> {
            let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
            number.filter(|number| *number <= LARGEST)
        };
        let (unit, rest) = text.split_once(' ')?;
        let (range, complete) = rest.trim().split_once('/')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        if range == "*" {
            return Some(Self::Unsatisfied { complete: number(complete)? });
        }
        let (first, last) = range.split_once('-')?;
        let (start, end) = (number(first)?, number(last)?.checked_add(1)?);
        let complete = if complete == "*" { None } else { Some(number(complete)?) };
        let fits = start < end && end <= complete.unwrap_or(LARGEST);
        fits.then_some(Self::Part { offsets: start..end, complete })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_range_is_read_strictly() {
        let part = |offsets, complete| Some(ContentRange::Part { offsets, complete });
        assert_eq!(ContentRange::parse("bytes 0-99/200"), part(0..100, Some(200)));
        assert_eq!(ContentRange::parse("Bytes 0-99/*"), part(0..100, None));
        assert_eq!(ContentRange::parse("bytes */200"), Some(ContentRange::Unsatisfied { complete: 200 }));
        for wrong in [
            "",
            "bytes",
            "bytes=0-99/200",
            "0-99/200",
            "bytes 0-99",
            "bytes 99-0/200",
            "bytes 0-200/200",
            "bytes +0-99/200",
            "bytes 0-99/-1",
            "bytes -99/200",
            "bytes 0 - 99/200",
            "bytes 0-18446744073709551615/*",
            "bytes 0-9223372036854775807/*",
            "bytes 0-9/18446744073709551615",
            "bytes */*",
            "items 0-9/10",
        ] {
            assert_eq!(ContentRange::parse(wrong), None, "{wrong}");
        }
    }
}
