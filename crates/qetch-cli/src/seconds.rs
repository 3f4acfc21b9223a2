//! `--timeout` and `--live-duration`: times, as people write them.

use std::{str::FromStr, time::Duration};

/// More than nothing and no more than a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected seconds, from 0.001 to 86400";
        let seconds: f64 = text.parse().map_err(|_| expected)?;
        // What is no number is in no range.
        if !(0.001..=86_400.0).contains(&seconds) {
            return Err(expected.to_owned());
        }
        Ok(Self(Duration::from_secs_f64(seconds)))
    }
}

/// How long something goes on: seconds, or `1h30m`, `90m`, `45s`. More than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected seconds, or such as 1h30m, 90m or 45s".to_owned();
        let mut rest = text;
        let mut sum = 0_u64;
        for (unit, seconds) in [('h', 3600), ('m', 60), ('s', 1)] {
            let Some((count, after)) = rest.split_once(unit) else { continue };
            let part = whole(count).and_then(|count| count.checked_mul(seconds));
            sum = part.and_then(|part| sum.checked_add(part)).ok_or_else(expected)?;
            rest = after;
        }
        let span = match rest {
            "" => Duration::from_secs(sum),
            // A number alone is seconds, and may have a fraction; behind a unit it says nothing.
            _ if rest.len() < text.len() || !rest.starts_with(|c: char| c.is_ascii_digit()) => {
                return Err(expected());
            }
            _ => {
                let seconds: f64 = rest.parse().map_err(|_| expected())?;
                Duration::try_from_secs_f64(seconds).map_err(|_| expected())?
            }
        };
        if span.is_zero() { Err(expected()) } else { Ok(Self(span)) }
    }
}

fn whole(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_may_have_a_fraction_and_are_never_none() {
        assert_eq!("2.5".parse(), Ok(Seconds(Duration::from_millis(2500))));
        assert_eq!("30".parse(), Ok(Seconds(Duration::from_secs(30))));
        for wrong in ["", "0", "-1", "nan", "inf", "86401", "5s"] {
            assert!(wrong.parse::<Seconds>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_span_is_seconds_or_hours_minutes_and_seconds() {
        let check = |text: &str, millis: u64| {
            assert_eq!(text.parse(), Ok(Span(Duration::from_millis(millis))), "{text}");
        };
        check("90", 90_000);
        check("0.5", 500);
        check("1h30m", 5_400_000);
        check("1h0m5s", 3_605_000);
        check("90m", 5_400_000);
        check("45s", 45_000);
        check("2h10s", 7_210_000);
        for wrong in [
            "",
            "0",
            "0s",
            "-1",
            "1d",
            "30m1h",
            "1h30",
            "h",
            "1h1h",
            "1.5h",
            "nan",
            "inf",
            "1e400",
            "+5",
            "+5s",
            "18446744073709551615h",
            "1 h",
        ] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }
}
