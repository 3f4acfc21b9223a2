//! `Timestamp`: a moment, written as RFC 3339.

use std::{fmt, str::FromStr, time::SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Result};

/// A moment in time, written and read as RFC 3339 in UTC.
///
/// ```
/// use qetch_core::Timestamp;
///
/// assert_eq!(Timestamp::from_unix(1_485_702_230).unwrap().to_string(), "2017-01-29T15:03:50Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The moment `seconds` after 1970-01-01T00:00:00Z; `None` outside the years -9999 to 9999.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        jiff::Timestamp::from_second(seconds).ok().map(Self)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn as_unix(&self) -> i64 {
        self.0.as_second()
    }

    /// Now, by the system's clock.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.parse().map(Self).map_err(|_| Error::invalid("the date", "not a moment as RFC 3339 writes it"))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.into()
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_it_writes() {
        let timestamp = Timestamp::from_unix(1_465_789_154).unwrap();
        assert_eq!(timestamp.to_string().parse::<Timestamp>().unwrap(), timestamp);
        assert_eq!("2016-06-13T05:39:14+02:00".parse::<Timestamp>().unwrap().as_unix(), 1_465_789_154);
    }

    #[test]
    fn what_is_no_moment_is_an_error() {
        assert!(Timestamp::from_unix(i64::MAX).is_none());
        assert_eq!("yesterday".parse::<Timestamp>().unwrap_err().code(), "invalid");
    }
}
