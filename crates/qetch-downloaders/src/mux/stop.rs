//! Why muxing ends before its end.

use std::path::Path;

use qetch_core::Error;

/// What the work beneath a muxer may answer.
pub(crate) type Done<T> = Result<T, Stop>;

/// Why muxing ends before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The tracks stay files of their own, for this reason.
    Apart(String),
    /// The bytes of a track are not well-formed.
    Bad(&'static str),
    /// A track is encrypted, by this scheme.
    Encrypted(&'static str),
    /// Anything else.
    Error(Error),
}

impl Stop {
    pub(crate) fn apart(reason: impl Into<String>) -> Self {
        Self::Apart(reason.into())
    }

    /// Says which file it is that was met.
    pub(crate) fn of(self, path: &Path) -> Self {
        let name = || path.file_name().unwrap_or_default().display();
        match self {
            Self::Bad(problem) => Self::Error(Error::bad_file(path, problem)),
            Self::Encrypted(scheme) => Self::Error(Error::drm(name().to_string(), scheme)),
            Self::Apart(reason) => Self::Apart(format!("{}: {reason}", name())),
            Self::Error(_) => self,
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}
