//! The numbers of a manifest: whole ones, byte ranges, frame rates.

use qetch_core::{ByteRange, Error, Result, Url};

use super::xml::Element;

/// Reads a whole number; `2000000.0`, as some write it, is one.
pub(super) fn whole(text: &str) -> Option<u64> {
    let (number, fraction) = text.split_once('.').unwrap_or((text, ""));
    if number.is_empty()
        || !number.bytes().all(|it| it.is_ascii_digit())
        || !fraction.bytes().all(|it| it == b'0')
    {
        return None;
    }
    number.parse().ok()
}

/// The whole number in an attribute: nothing where there is none.
pub(super) fn attribute(element: &Element, name: &str, url: &Url) -> Result<Option<u64>> {
    let Some(text) = element.attribute(name) else { return Ok(None) };
    let number = whole(text).ok_or_else(|| {
        Error::bad_reply(url, format!("`{name}` of `{}` in the manifest is no number", element.name()))
    })?;
    Ok(Some(number))
}

/// Reads a byte range such as `0-914`, both ends included (RFC 9110, section 14.1.2).
pub(super) fn byte_range(text: &str) -> Option<ByteRange> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (whole(first.trim())?, whole(last.trim())?);
    ByteRange::new(first, last.checked_sub(first)?.checked_add(1)?)
}

/// Reads frames per second: `25`, `29.97` or `30000/1001`.
pub(super) fn frame_rate(text: &str) -> Option<f64> {
    let (frames, seconds) = text.split_once('/').unwrap_or((text, "1"));
    let rate = frames.trim().parse::<f64>().ok()? / seconds.trim().parse::<f64>().ok()?;
    (rate.is_finite() && rate > 0.0).then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(whole(text), expected, "{text}");
        check("0", Some(0));
        check("18446744073709551615", Some(u64::MAX));
        check("2000000.0", Some(2_000_000));
        for text in ["", "-1", "+1", "1.5", ".0", "18446744073709551616", "1e3", " 1"] {
            check(text, None);
        }
    }

    #[test]
    fn byte_ranges() {
        let check = |text: &str, expected: Option<(u64, u64)>| {
            assert_eq!(byte_range(text).map(|it| (it.start(), it.len())), expected, "{text}");
        };
        check("0-914", Some((0, 915)));
        check("7-7", Some((7, 1)));
        check("18446744073709551614-18446744073709551614", Some((u64::MAX - 1, 1)));
        for text in ["", "5", "5-", "-5", "5-4", "0-18446744073709551615", "a-b"] {
            check(text, None);
        }
    }

    #[test]
    fn frame_rates() {
        let check = |text: &str, expected: Option<f64>| assert_eq!(frame_rate(text), expected, "{text}");
        check("25", Some(25.0));
        check("30000/1001", Some(30000.0 / 1001.0));
        for text in ["", "0", "25/0", "-25", "NaN", "25/1/1"] {
            check(text, None);
        }
    }
}
