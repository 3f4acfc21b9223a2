//! `xs:duration` and `xs:dateTime`, in nanoseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use qetch_core::Timestamp;

/// Nanoseconds in a second.
pub(super) const SECOND: u64 = 1_000_000_000;

/// Reads a duration such as `PT1H2M3.5S` (XML Schema part 2, section 3.2.6); `None` for what is none, for a negative one,
/// and for one past 500 years. A month counts as 30 days and a year as 365, since manifests know no calendar.
pub(super) fn duration(text: &str) -> Option<u64> {
    let mut rest = text.trim().strip_prefix('P')?;
    let (mut total, mut in_time, mut last) = (0_u64, false, 0);
    if rest.is_empty() || rest.ends_with('T') {
        return None;
    }
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|_| !in_time) {
            (rest, in_time) = (time, true);
            continue;
        }
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let (number, unit) = rest.split_at(end);
        // Each unit once, and the larger first.
        let (order, seconds) = match (unit.as_bytes().first()?, in_time) {
            (b'Y', false) => (1, 365 * 86_400),
            (b'M', false) => (2, 30 * 86_400),
            (b'D', false) => (3, 86_400),
            (b'H', true) => (4, 3_600),
            (b'M', true) => (5, 60),
            (b'S', true) => (6, 1),
            _ => return None,
        };
        if order <= last {
            return None;
        }
        last = order;
        total = total.checked_add(decimal(number)?.checked_mul(seconds)?)?;
        rest = &unit[1..];
    }
    Some(total)
}

/// Reads decimal seconds as nanoseconds; digits past the ninth are dropped.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if (whole.is_empty() && fraction.is_empty())
        || !whole.bytes().chain(fraction.bytes()).all(|it| it.is_ascii_digit())
    {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    let nanoseconds =
        fraction.bytes().chain([b'0'; 9]).take(9).fold(0, |sum, it| sum * 10 + u64::from(it - b'0'));
    whole.checked_mul(SECOND)?.checked_add(nanoseconds)
}

/// Reads a moment such as `2026-01-02T03:04:05.6Z` as nanoseconds since 1970; one before is 1970. Where there is no zone it
/// is UTC, as in manifests of those who forgot it.
pub(super) fn date_time(text: &str) -> Option<u64> {
    let text = text.trim();
    let moment = text.parse::<Timestamp>().or_else(|_| format!("{text}Z").parse()).ok()?;
    Some(since_1970(moment))
}

/// A moment as nanoseconds since 1970; one before is 1970, and one past 2554 is the last there is.
pub(super) fn since_1970(moment: Timestamp) -> u64 {
    let since = SystemTime::from(moment).duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "a double is exact to the microsecond for 285 years")]
pub(super) fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / SECOND as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, seconds: Option<f64>) {
        assert_eq!(duration(text).map(super::seconds), seconds, "{text}");
    }

    #[test]
    fn durations() {
        check("PT0S", Some(0.0));
        check("PT40M58.360S", Some(2458.36));
        check("PT1H32M16.072S", Some(5536.072));
        check("PT0H0M9.600S", Some(9.6));
        check("P1DT1H", Some(90_000.0));
        check("P1Y2M3D", Some((365.0 + 60.0 + 3.0) * 86_400.0));
        check("PT1.S", Some(1.0));
        check("PT.5S", Some(0.5));
        check("PT0.0000000019S", Some(0.000_000_001));
        check(" PT2S ", Some(2.0));
    }

    #[test]
    fn what_is_no_duration() {
        for text in [
            "", "P", "PT", "P1DT", "-PT1S", "PT-1S", "1S", "PT1", "P1S", "PT1D", "PT1S2M", "PT1S1S",
            "PT1..2S", "PT.S",
        ] {
            check(text, None);
        }
        check("PT1M\u{e9}", None);
        check("P600Y", None);
        check("PT99999999999999999999S", None);
    }

    #[test]
    fn moments() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(date_time(text), expected, "{text}");
        check("1970-01-01T00:00:01.5Z", Some(1_500_000_000));
        check("1970-01-01T00:01:00", Some(60 * SECOND));
        check("1970-01-01T02:00:00+02:00", Some(0));
        check("1960-01-01T00:00:00Z", Some(0));
        check("yesterday", None);
    }
}
