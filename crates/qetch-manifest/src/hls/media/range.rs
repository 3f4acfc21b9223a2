//! Byte ranges as playlists write them: `length` or `length@offset` (RFC 8216, section 4.3.2.2).

use qetch_core::ByteRange;

/// A range as it is written: where it begins may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    len: u64,
    pub(super) offset: Option<u64>,
}

impl Stretch {
    pub(super) fn read(text: &str) -> Option<Self> {
        // Some quote it where it stands alone.
        let text = text.trim_matches('"');
        let (len, offset) = match text.split_once('@') {
            Some((len, offset)) => (len, Some(number(offset)?)),
            None => (text, None),
        };
        Some(Self { len: number(len)?, offset })
    }

    /// The range, which begins at `begin` unless it tells otherwise; `None` where it is empty or ends past 2^64 - 1.
    pub(super) fn from(self, begin: u64) -> Option<ByteRange> {
        ByteRange::new(self.offset.unwrap_or(begin), self.len)
    }
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    // A sign is none of a number of bytes.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_a_length_and_an_offset() {
        let check = |text: &str, begin, expected: Option<(u64, u64)>| {
            let range = Stretch::read(text).and_then(|range| range.from(begin));
            assert_eq!(range.map(|range| (range.start(), range.len())), expected, "{text}");
        };
        check("100@20", 7, Some((20, 100)));
        check("100", 7, Some((7, 100)));
        check(" 100 @ 20 ", 7, Some((20, 100)));
        check("\"100@0\"", 7, Some((0, 100)));
        check("1@18446744073709551614", 0, Some((u64::MAX - 1, 1)));
        check("1@18446744073709551615", 0, None);
        check("18446744073709551616", 0, None);
        for wrong in ["", "@", "0", "0@5", "x", "-1", "+1", "1@", "@1", "1@x", "1@2@3"] {
            check(wrong, 0, None);
        }
    }
}
