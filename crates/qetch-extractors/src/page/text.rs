//! Texts, moments and sizes, in the ways that pages write them.

use qetch_core::Timestamp;

use crate::common_prose::{characters, line};

/// The most characters of a title or a description: what is longer is no such thing.
const LONGEST: usize = 10_000;

/// The same of a tag, of which there are many.
const LONGEST_TAG: usize = 100;

/// The most tags of anything.
pub(super) const MOST_TAGS: usize = 100;

/// What a person would read of `text`: without tags where it has any, the characters that references stand for, blanks in
/// runs as one. `None` where that is nothing. A `<` that begins no tag of a text is itself: titles have them.
pub(super) fn plain(text: &str) -> Option<String> {
    // Whatever a page has is asked of each of its videos, so what is longer is cut before it is read.
    let end = (0..=text.len().min(2 * LONGEST)).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    let text = &text[..end];
    let lower = text.get(..LONGEST).unwrap_or(text).to_ascii_lowercase();
    let has_tags = ["</", "<br", "<p>", "<p "].iter().any(|mark| lower.contains(mark));
    let words =
        if has_tags { line(text) } else { characters(text).split_whitespace().collect::<Vec<_>>().join(" ") };
    let text: String = words.chars().take(LONGEST).collect();
    (!text.is_empty()).then_some(text)
}

/// A word or a few by which things are found.
pub(super) fn tag(text: &str) -> Option<String> {
    plain(text).map(|tag| tag.chars().take(LONGEST_TAG).collect())
}

/// A plain number that is not negative.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| is_plain)
}

/// A number of pixels: `640`, `640.0`, `640px`, `640 px`. None that cannot be is one.
pub(super) fn pixels(text: &str) -> Option<u32> {
    let number = number(text.trim().trim_end_matches("px"))?;
    (1.0..=100_000.0).contains(&number).then_some(number as u32)
}

/// A moment: RFC 3339, an offset without its colon, a date alone, a time without an offset. What does not tell is taken for
/// UTC: the day is then right to within one.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let day = text.get(..10)?;
    let rest = text[10..].trim_start_matches(['T', 't', ' ']);
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(zone_at);
    let time = match time.trim_end().split(':').count() {
        _ if time.trim().is_empty() => "00:00:00".to_owned(),
        2 => format!("{}:00", time.trim_end()),
        _ => time.trim_end().to_owned(),
    };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let zone = match (zone.chars().next(), digits.len()) {
        (Some(sign @ ('+' | '-')), 4) => format!("{sign}{}:{}", &digits[..2], &digits[2..]),
        (Some(sign @ ('+' | '-')), 2) => format!("{sign}{digits}:00"),
        _ => "Z".to_owned(),
    };
    format!("{day}T{time}{zone}").parse().ok()
}

/// A number of bytes, where its unit is told: `12.5 MB`, `800KiB`, `12345 bytes`, or digits alone.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" | "byte" | "bytes" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number(digits)? * factor;
    (1.0..1e15).contains(&bytes).then_some(bytes as u64)
}

/// Bits in a second: `2500kbps`, `2.5 Mbps`, `128 kbit/s`; digits alone are not read, for they are of either unit.
pub(super) fn bits_a_second(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let end = lower.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(lower.len());
    let (digits, unit) = lower.split_at(end);
    let factor = match unit.trim() {
        "bps" | "bit/s" | "bits/s" => 1.0,
        "k" | "kbps" | "kbit/s" | "kbits/s" | "kb/s" => 1e3,
        "m" | "mbps" | "mbit/s" | "mbits/s" => 1e6,
        _ => return None,
    };
    let bits = number(digits)? * factor;
    (1.0..1e12).contains(&bits).then_some(bits as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_come_in_many_ways() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(moment(text).map(|it| it.to_string()).as_deref(), expected, "{text}");
        };
        check("2024-03-01T10:20:30Z", Some("2024-03-01T10:20:30Z"));
        check("2024-03-01T10:20:30+0100", Some("2024-03-01T09:20:30Z"));
        check("2024-03-01T10:20:30.5-05", Some("2024-03-01T15:20:30.5Z"));
        check("2024-03-01 10:20:30 +02:00", Some("2024-03-01T08:20:30Z"));
        check("2024-03-01T10:20", Some("2024-03-01T10:20:00Z"));
        check("2024-03-01", Some("2024-03-01T00:00:00Z"));
        for nothing in ["", "yesterday", "2024-13-01", "01/03/2024", "2024-03-0ä", "March 1st, 2024"] {
            check(nothing, None);
        }
    }

    #[test]
    fn sizes_and_rates_have_units() {
        assert_eq!(pixels("640px"), Some(640));
        assert_eq!(pixels(" 640.0 "), Some(640));
        assert_eq!((pixels("100%"), pixels("0"), pixels("1e9"), pixels("auto")), (None, None, None, None));
        assert_eq!(
            (bytes("12.5 MB"), bytes("1KiB"), bytes("9"), bytes("9 blocks")),
            (Some(12_500_000), Some(1024), Some(9), None)
        );
        assert_eq!(
            (bits_a_second("2500kbps"), bits_a_second("2.5 Mbps")),
            (Some(2_500_000), Some(2_500_000))
        );
        assert_eq!((bits_a_second("2500"), bits_a_second("fast")), (None, None));
    }

    #[test]
    fn texts_lose_their_tags_and_references() {
        assert_eq!(plain("<p>A &amp; B</p>\n<p>C&eacute;</p>").as_deref(), Some("A & B Cé"));
        assert_eq!(plain(" <br> "), None);
        assert_eq!(plain("Vec<T> & more, a<b").as_deref(), Some("Vec<T> & more, a<b"));
        assert_eq!(plain(&"ä".repeat(20_000)).unwrap().chars().count(), 10_000);
    }
}
