//! `--timeout`: seconds, as people write them.

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
}
