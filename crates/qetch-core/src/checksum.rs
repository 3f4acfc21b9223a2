//! `Checksum`: what a whole file comes to, as sites and people write it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A checksum of a whole file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Checksum {
    /// The algorithm: `sha256`, `sha1`, `md5` or `blake3`.
    pub algorithm: String,
    /// The value as lower-case hex.
    pub hex: String,
}

impl Checksum {
    /// A checksum; both parts are put into lower case.
    pub fn new(algorithm: &str, hex: &str) -> Self {
        Self { algorithm: algorithm.to_ascii_lowercase(), hex: hex.to_ascii_lowercase() }
    }

    /// The algorithms that qetch computes, with the digits that a value of each has.
    pub const ALGORITHMS: [(&str, usize); 4] = [("sha256", 64), ("sha1", 40), ("md5", 32), ("blake3", 64)];
}

/// Reads `ALGORITHM:HEX`, as people write it.
///
/// ```
/// use qetch_core::Checksum;
///
/// let checksum: Checksum = "md5:D41D8CD98F00B204E9800998ECF8427E".parse().unwrap();
/// assert_eq!(checksum.to_string(), "md5:d41d8cd98f00b204e9800998ecf8427e");
/// assert!("sha256:beef".parse::<Checksum>().is_err());
/// ```
impl FromStr for Checksum {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let invalid = |reason: String| Error::invalid(format!("the checksum `{text}`"), reason);
        let (algorithm, hex) = text.split_once(':').ok_or_else(|| invalid("write ALGORITHM:HEX".into()))?;
        let checksum = Self::new(algorithm, hex);
        let known = Self::ALGORITHMS.iter().find(|(name, _)| *name == checksum.algorithm);
        let Some((_, digits)) = known else {
            let names = Self::ALGORITHMS.map(|(name, _)| name).join(", ");
            return Err(invalid(format!("there is {names}")));
        };
        let is_hex = checksum.hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        if checksum.hex.len() != *digits || !is_hex {
            return Err(invalid(format!("{} has {digits} hex digits", checksum.algorithm)));
        }
        Ok(checksum)
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_checksum_is_told_with_what_would_be() {
        let refused = |text: &str| text.parse::<Checksum>().unwrap_err().to_string();
        assert!(refused("d41d8cd98f00b204e9800998ecf8427e").contains("ALGORITHM:HEX"));
        assert!(refused("crc32:00000000").contains("sha256, sha1, md5, blake3"));
        assert!(refused("md5:beef").contains("md5 has 32 hex digits"));
        assert!(refused("md5:zz1d8cd98f00b204e9800998ecf8427e").contains("hex digits"));
    }
}
