//! Dates as feeds write them.

use qetch_core::Timestamp;

/// A date: as RFC 2822 (section 3.3) and RFC 3339 have it, or as near to one of them as feeds come.
///
/// The name of the day is passed over, for it is often wrong. A date without a time is its midnight, and one without a
/// zone, or in a zone that nobody knows, is in UTC.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let moment = internet_date(text).or_else(|| mail_date(text))?;
    Timestamp::from_unix(moment)
}

/// `2020-10-09T04:30:38.5+01:00`, with fewer parts, and with a space or a slash in it.
fn internet_date(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, rest) = text.find(['T', 't', ' ']).map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
    let mut parts = date.split(['-', '/']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next().unwrap_or("1"));
    if year.len() != 4 || parts.next().is_some() {
        return None;
    }
    let days = days(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    let zone = rest.find(['Z', 'z', '+', '-', ' ']).map_or(rest.len(), |at| at);
    let time = if rest.is_empty() { 0 } else { clock(rest[..zone].trim())? };
    Some(days * DAY + time - offset(rest[zone..].trim()))
}

/// `Fri, 09 Oct 2020 04:30:38 GMT`, its parts in any order in which they can be told apart.
fn mail_date(text: &str) -> Option<i64> {
    let (mut day, mut month, mut year, mut time, mut half, mut zone) = (None, None, None, None, None, 0);
    // A comment in brackets stands at the end.
    let text = text.split('(').next()?;
    for part in text.split([' ', ',', '\t', '\n', '\r']).flat_map(dashed).filter(|part| !part.is_empty()) {
        if time.is_none() && part.contains(':') {
            time = Some(clock(part)?);
        } else if time.is_some() && part.starts_with(['+', '-']) {
            zone = offset(part);
        } else if month.is_none() && month_of(part).is_some() {
            month = month_of(part);
        } else if let Some((number, digits)) = number(part).filter(|_| day.is_none() || year.is_none()) {
            let is_year = digits >= 4 || day.is_some();
            let slot = if is_year { &mut year } else { &mut day };
            *slot = Some(if is_year { full_year(number, digits) } else { number });
        } else if part.eq_ignore_ascii_case("am") || part.eq_ignore_ascii_case("pm") {
            half = Some(part.eq_ignore_ascii_case("pm"));
        } else if time.is_some() {
            zone = offset(part);
        }
    }
    let time = match (time.unwrap_or(0), half) {
        (time, Some(true)) if time < 12 * HOUR => time + 12 * HOUR,
        (time, Some(false)) if time >= 12 * HOUR => time - 12 * HOUR,
        (time, _) => time,
    };
    Some(days(year?, month?, day?)? * DAY + time - zone)
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// The parts of `09-Oct-2020`; a zone behind a dash is one part.
fn dashed(part: &str) -> Vec<&str> {
    let is_date =
        part.contains('-') && part.chars().any(|it| it.is_ascii_alphabetic()) && starts_with_digit(part);
    if is_date { part.split('-').collect() } else { vec![part] }
}

fn starts_with_digit(part: &str) -> bool {
    part.starts_with(|it: char| it.is_ascii_digit())
}

/// The number that `9`, `2020` or `9th` begins with, and how many digits it has.
fn number(part: &str) -> Option<(i64, usize)> {
    let digits = part.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    Some((digits.parse().ok()?, digits.len())).filter(|_| starts_with_digit(part))
}

/// Years of two digits are those around 2000, and of three those since 1900 (RFC 2822, section 4.3).
fn full_year(number: i64, digits: usize) -> i64 {
    match (digits, number) {
        (..=2, ..50) => 2000 + number,
        (..=3, _) => 1900 + number,
        _ => number,
    }
}

/// The number of a month by its English name, whole or the first letters of it.
fn month_of(part: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let part = part.trim_end_matches('.').to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| part.len() >= 3 && month.starts_with(&part));
    // An abbreviation of four letters that is none.
    let at = at.or_else(|| (part == "sept").then_some(8));
    at.map(|at| at as i64 + 1)
}

/// Seconds of a day: `4:30`, `04:30:38` or `04:30:38.5`.
fn clock(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase();
    let (digits, is_pm) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(false)),
        (_, Some(digits)) => (digits, Some(true)),
        _ => (lower.as_str(), None),
    };
    let mut parts = digits.split(':');
    let hours: i64 = parts.next()?.parse().ok()?;
    let minutes: i64 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next().map_or(Some(0.0), |it| it.parse().ok())?;
    let is_valid = (0..=24).contains(&hours) && (0..60).contains(&minutes) && (0.0..=61.0).contains(&seconds);
    let hours = match is_pm {
        Some(true) if hours < 12 => hours + 12,
        Some(false) if hours == 12 => 0,
        _ => hours,
    };
    (is_valid && parts.next().is_none()).then_some(hours * HOUR + minutes * 60 + seconds as i64)
}

/// Seconds that a zone is before UTC: `+0130`, `+01:30`, `EST`, `GMT+2`; 0 where it is not known.
fn offset(zone: &str) -> i64 {
    const ZONES: [(&str, i64); 20] = [
        ("EST", -5),
        ("EDT", -4),
        ("CST", -6),
        ("CDT", -5),
        ("MST", -7),
        ("MDT", -6),
        ("PST", -8),
        ("PDT", -7),
        ("AKST", -9),
        ("AKDT", -8),
        ("HST", -10),
        ("AST", -4),
        ("ADT", -3),
        ("CET", 1),
        ("CEST", 2),
        ("EET", 2),
        ("EEST", 3),
        ("JST", 9),
        ("MSK", 3),
        ("BST", 1),
    ];
    if let Some((_, hours)) = ZONES.iter().find(|(name, _)| name.eq_ignore_ascii_case(zone)) {
        return hours * HOUR;
    }
    let Some(at) = zone.find(['+', '-']) else { return 0 };
    let sign = if zone[at..].starts_with('-') { -1 } else { 1 };
    let digits: String = zone[at + 1..].chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "0"),
        3 | 4 => digits.split_at(digits.len() - 2),
        _ => return 0,
    };
    let number = |text: &str| text.parse::<i64>().unwrap_or(0);
    sign * (number(hours).min(14) * HOUR + number(minutes).min(59) * 60)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar; `None` where there is no such day.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let most = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=most).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    let before = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(before + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = date(text).map(|it| it.to_string()).unwrap_or_default();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn dates_are_read_as_they_should_be_written() {
        check("Fri, 09 Oct 2020 04:30:38 GMT", "2020-10-09T04:30:38Z");
        check("Wed, 21 Jan 2026 14:38:48 +0100", "2026-01-21T13:38:48Z");
        check("21 Jan 26 14:38 -0530", "2026-01-21T20:08:00Z");
        check("Thu, 31 Dec 98 23:59:59 UT", "1998-12-31T23:59:59Z");
        check("2020-10-09T04:30:38Z", "2020-10-09T04:30:38Z");
        check("2021-09-26T07:30:00.000-06:00", "2021-09-26T13:30:00Z");
        check("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z");
        check("2000-02-29T12:00:00+14:00", "2000-02-28T22:00:00Z");
    }

    #[test]
    fn dates_are_read_as_they_are_written() {
        // The day is another one.
        check("Thu, 05 Aug 2016 06:00:00 -0400", "2016-08-05T10:00:00Z");
        check("Mon, 31 July 2017 16:00:00 PDT", "2017-07-31T23:00:00Z");
        check("30 Aug 2017 1:30:00 pdt", "2017-08-30T08:30:00Z");
        check("Wed, 20 Sept 2017 10:00:00 -0000", "2017-09-20T10:00:00Z");
        check("Fri, 19 Nov 2021 01:45:08 +02:00", "2021-11-18T23:45:08Z");
        check("Fri Oct 09 2020 04:30:38 GMT+0200 (CEST)", "2020-10-09T02:30:38Z");
        check("Fri Oct  9 04:30:38 2020", "2020-10-09T04:30:38Z");
        check("October 9th, 2020 4:30 PM", "2020-10-09T16:30:00Z");
        check("Oct 9, 2020", "2020-10-09T00:00:00Z");
        check("09-Oct-2020 12:05:00am EST", "2020-10-09T05:05:00Z");
        check("Sat, 01 Jan 2022 24:00:00 GMT", "2022-01-02T00:00:00Z");
        check("  Fri,09 Oct 2020\n04:30:38  Europe/Berlin ", "2020-10-09T04:30:38Z");
        check("2020-10-09 04:30:38", "2020-10-09T04:30:38Z");
        check("2020-10-09 04:30:38 +0200", "2020-10-09T02:30:38Z");
        check("2020/10/09", "2020-10-09T00:00:00Z");
        check("2020-10", "2020-10-01T00:00:00Z");
        check("2021-09-26T07:30:00.000-0600", "2021-09-26T13:30:00Z");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "today",
            "Fri, 32 Oct 2020 04:30:38 GMT",
            "29 Feb 2021 00:00",
            "9 Oct",
            "2020",
            "2020-13-01",
            "2020-10-09T99:00",
            "9 Oct 2020 25:00",
            "9 Oct 99999",
            "-",
            "::",
            "é",
            "9 Oct 2020 1:2:3:4",
            "99999999999999999999 Oct 2020",
        ] {
            check(text, "");
        }
    }
}
