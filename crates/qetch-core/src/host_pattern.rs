//! `HostPattern`: which hosts a handle is for.

use std::fmt;

/// A host by name, the hosts beneath one, or any.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern {
    name: String,
    place: Place,
}

/// Which hosts a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    Itself,
    Beneath,
    Any,
}

impl HostPattern {
    /// `site.example` for that host alone, `*.site.example` for those beneath it, `*` for any.
    pub fn new(pattern: &str) -> Self {
        let (name, place) = match pattern.strip_prefix("*.") {
            Some(name) => (name, Place::Beneath),
            None if pattern == "*" => ("", Place::Any),
            None => (pattern, Place::Itself),
        };
        Self { name: name.to_ascii_lowercase(), place }
    }

    /// Whether `host` is one of them.
    pub fn matches(&self, host: &str) -> bool {
        match self.place {
            Place::Itself => host == self.name,
            Place::Any => true,
            Place::Beneath => {
                // The dot first: most hosts have none there, and this is asked for every site of a build.
                let dot = host.len().checked_sub(self.name.len() + 1).filter(|dot| *dot > 0);
                dot.is_some_and(|dot| host.as_bytes()[dot] == b'.') && host.ends_with(&self.name)
            }
        }
    }

    /// Whether it is one host, named without a wildcard.
    pub(crate) fn is_exact(&self) -> bool {
        self.place == Place::Itself
    }

    /// Whether it is any host.
    pub(crate) fn is_any(&self) -> bool {
        self.place == Place::Any
    }

    /// The name that it is, or beneath which; empty for any.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the hosts beneath its name.
    pub(crate) fn is_beneath(&self) -> bool {
        self.place == Place::Beneath
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wildcard = match self.place {
            Place::Itself => "",
            Place::Beneath => "*.",
            Place::Any => "*",
        };
        write!(f, "{wildcard}{}", self.name)
    }
}
