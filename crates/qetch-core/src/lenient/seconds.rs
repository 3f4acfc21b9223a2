//! Durations, in the ways that people and programs write them.

/// Seconds: `83`, `1:23`, `1:02:03.5` or `PT1H2M3.5S` (ISO 8601); `None` for what is none of these and for no time at all. A year
/// and a month have no length in seconds, so what has them is none.
///
/// ```
/// use qetch_core::lenient::seconds_in;
///
/// for text in ["3723.5", "1:02:03.5", "PT1H2M3,5S"] {
///     assert_eq!(seconds_in(text), Some(3723.5));
/// }
/// assert_eq!(seconds_in("P1Y"), None);
/// ```
pub fn seconds_in(text: &str) -> Option<f64> {
    let text = text.trim();
    let period = text.strip_prefix(['P', 'p']).or_else(|| text.starts_with(['T', 't']).then_some(text));
    let seconds = match period {
        Some(period) => of_period(period)?,
        None => of_clock(text)?,
    };
    (seconds > 0.0 && seconds.is_finite()).then_some(seconds)
}

/// Hours, minutes and seconds between colons, of which the first two may be missing, and what is empty between is nothing.
fn of_clock(text: &str) -> Option<f64> {
    let parts = text.split(':').enumerate();
    let parts =
        parts.map(|(at, part)| if at > 0 && part.trim().is_empty() { Some(0.0) } else { number(part) });
    let parts: Vec<f64> = parts.collect::<Option<_>>()?;
    (parts.len() <= 3).then(|| parts.into_iter().fold(0.0, |sum, part| sum * 60.0 + part))
}

/// What follows the `P` of a duration: days or weeks, then hours, minutes and seconds behind a `T`.
fn of_period(text: &str) -> Option<f64> {
    let upper = text.to_ascii_uppercase();
    let (date, time) = upper.split_once('T').unwrap_or((&upper, ""));
    let days = of_units(date, &[('W', 604_800.0), ('D', 86_400.0)])?;
    let time = of_units(time, &[('H', 3_600.0), ('M', 60.0), ('S', 1.0)])?;
    Some(days + time)
}

/// The sum of numbers with one of these units behind each.
fn of_units(mut text: &str, units: &[(char, f64)]) -> Option<f64> {
    let mut sum = 0.0;
    while !text.is_empty() {
        let end = text.find(|c: char| c.is_ascii_alphabetic())?;
        let unit = text[end..].chars().next()?;
        let (_, seconds) = units.iter().find(|(name, _)| *name == unit)?;
        // A comma is as good as a point (ISO 8601, section 4.2.2.4).
        sum += number(&text[..end].replace(',', "."))? * seconds;
        text = &text[end + 1..];
    }
    Some(sum)
}

/// A plain number: digits, and a point at most.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_come_in_many_ways() {
        let check = |text: &str, expected: Option<f64>| assert_eq!(seconds_in(text), expected, "{text}");
        check("PT1H2M3.5S", Some(3723.5));
        check("pt90m", Some(5400.0));
        check("P0DT0H3M20S", Some(200.0));
        check("P1W", Some(604_800.0));
        check("PT2,5S", Some(2.5));
        check("T3M20S", Some(200.0));
        check("00:03:20", Some(200.0));
        check("3:20.5", Some(200.5));
        check(" 30:00 ", Some(1800.0));
        check("90:00", Some(5400.0));
        check("1: :3", Some(3603.0));
        check("213.5", Some(213.5));
        for nothing in [
            "", "0", "00:00:00", ":30", "1:2:3:4", "-5", "1:-2", "abc", "inf", "NaN", "1e9", "P", "PT",
            "PT0S", "P1Y", "P1M", "PTM", "PT1X", "P€", "PT1H€",
        ] {
            check(nothing, None);
        }
        check(&"9".repeat(400), None);
    }
}
