//! `Moment`: when a capture was made, as the archive writes it.

use std::fmt;

use qetch_core::Timestamp;

/// A moment of fourteen digits: year, month, day, hour, minute and second, in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    digits: String,
    at: Timestamp,
}

/// What stands for the digits that are missing: the beginning of the year, the month, the day or the hour.
const BEGINNING: &str = "00000101000000";

impl Moment {
    /// Reads one. Shorter ones, which end after the year, the month, the day, the hour or the minute, are the beginning of
    /// that. `None` for what is no moment: the index has months and days of `00`, and hours of `24`.
    pub(crate) fn parse(digits: &str) -> Option<Self> {
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain || !matches!(digits.len(), 4 | 6 | 8 | 10 | 12 | 14) {
            return None;
        }
        let digits = format!("{digits}{}", &BEGINNING[digits.len()..]);
        let part = |from: usize| &digits[from..from + 2];
        let (year, month, day) = (&digits[..4], part(4), part(6));
        let at = format!("{year}-{month}-{day}T{}:{}:{}Z", part(8), part(10), part(12));
        let at = at.parse().ok()?;
        Some(Self { digits, at })
    }

    /// As a moment of the calendar.
    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    /// The fourteen digits.
    pub(crate) fn digits(&self) -> &str {
        &self.digits
    }
}

/// The fourteen digits.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shorter_moments_are_the_beginning_of_what_they_name() {
        let check = |digits: &str, expected: &str| {
            assert_eq!(Moment::parse(digits).unwrap().at().to_string(), expected, "{digits}");
        };
        check("20230829011503", "2023-08-29T01:15:03Z");
        check("202308290115", "2023-08-29T01:15:00Z");
        check("2023082901", "2023-08-29T01:00:00Z");
        check("20230829", "2023-08-29T00:00:00Z");
        check("202308", "2023-08-01T00:00:00Z");
        check("2023", "2023-01-01T00:00:00Z");
        assert_eq!(Moment::parse("202308").unwrap().digits(), "20230801000000");
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for digits in [
            "",
            "2",
            "20231",
            "2023082901150",
            "202308290115030",
            // As the index really has them.
            "20000012170449",
            "20000800241623",
            "20230230000000",
            "2023-08-29",
            "+2023082901150",
            "２０２３",
        ] {
            assert_eq!(Moment::parse(digits), None, "{digits}");
        }
    }
}
