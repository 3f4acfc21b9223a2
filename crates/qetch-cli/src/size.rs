//! `--limit-rate` and `--max-size`: counts of bytes, as people write them.

use std::{num::NonZeroU64, str::FromStr};

/// So many bytes: `500`, `500K`, `1.5M`, `2G`, each a factor of 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) NonZeroU64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a number of bytes, at least 1, such as 500K, 1.5M or 2G".to_owned();
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = text[digits.len()..].to_ascii_uppercase();
        let unit = unit.strip_suffix("IB").or(unit.strip_suffix('B')).unwrap_or(&unit);
        let power = match unit {
            "" => 0,
            "K" => 1,
            "M" => 2,
            "G" => 3,
            "T" => 4,
            _ => return Err(expected()),
        };
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(expected());
        }
        // A whole number keeps every digit.
        let bytes = match digits.parse::<u64>() {
            Ok(count) => count.checked_mul(1 << (10 * power)).ok_or_else(expected)?,
            Err(_) => (digits.parse::<f64>().map_err(|_| expected())? * 1024_f64.powi(power)) as u64,
        };
        NonZeroU64::new(bytes).map(Self).ok_or_else(expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_and_a_factor_of_1024() {
        let check = |text: &str, expected: u64| {
            assert_eq!(text.parse::<Size>().map(|size| size.0.get()), Ok(expected), "{text}");
        };
        check("1", 1);
        check("500k", 512_000);
        check("1.5M", 1_572_864);
        check("2G", 2 << 30);
        check("2GiB", 2 << 30);
        check("3TB", 3 << 40);
        check("10b", 10);
        check("18446744073709551615", u64::MAX);
        for wrong in
            ["", "0", "0.1", "K", "-1", "1X", "1 M", "M1", "inf", "nan", "99999999999T", ".5M", "1/s"]
        {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }
}
