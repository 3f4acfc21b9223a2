//! `Target`: where a download goes.

use std::path::{Path, PathBuf};

/// Where a download goes. Opaque, so that more kinds of target can come without a change to
/// [`Downloader`](crate::Downloader).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    inner: Inner,
    fits_extension: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Inner {
    File(PathBuf),
    Track(PathBuf),
    Pieces(PathBuf),
}

/// What a target is, as a downloader sees it. One that does not know a kind answers
/// [`Unsupported`](crate::Error::Unsupported).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetKind<'a> {
    /// One file of this name, merged. It appears when it is whole, never over another file unasked.
    File(&'a Path),
    /// One file of this name, as [`File`](TargetKind::File), that someone else goes on with: several parts stay as they are,
    /// one after the other, and [`Report::parts`](crate::Report::parts) tells where they begin.
    Track(&'a Path),
    /// A directory that exists, is empty and is the downloader's alone: a file for each fragment, to be merged by
    /// someone else.
    Pieces(&'a Path),
}

impl Target {
    /// One file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::of(Inner::File(path.into()))
    }

    /// One file that becomes a track of another.
    pub fn track(path: impl Into<PathBuf>) -> Self {
        Self::of(Inner::Track(path.into()))
    }

    /// A directory of pieces, one a fragment.
    pub fn pieces(directory: impl Into<PathBuf>) -> Self {
        Self::of(Inner::Pieces(directory.into()))
    }

    fn of(inner: Inner) -> Self {
        Self { inner, fits_extension: false }
    }

    /// Says that the extension of its name is a guess: the downloader may choose another, by what the file turns out to be.
    /// [`Report::paths`](crate::Report::paths) tells.
    #[must_use]
    pub fn with_fitting_extension(mut self) -> Self {
        self.fits_extension = true;
        self
    }

    /// Whether the extension of its name is a guess.
    pub fn fits_extension(&self) -> bool {
        self.fits_extension
    }

    /// What it is.
    pub fn kind(&self) -> TargetKind<'_> {
        match &self.inner {
            Inner::File(path) => TargetKind::File(path),
            Inner::Track(path) => TargetKind::Track(path),
            Inner::Pieces(directory) => TargetKind::Pieces(directory),
        }
    }
}
