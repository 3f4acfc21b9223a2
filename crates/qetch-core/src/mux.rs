//! `Mux` and `Muxer`: how tracks, and the parts of a track, become one file.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;

use crate::{Apart, Kind, Result};

/// How several tracks, or the parts of one, become one file. Nothing is ever encoded again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mux {
    /// They stay files of their own.
    Never,
    /// By qetch itself, which knows fragmented MP4: what it cannot mux stays files of their own. No program is started.
    #[default]
    Native,
    /// By qetch itself where it can, else by this ffmpeg.
    Ffmpeg(PathBuf),
}

/// What was fetched of one content, to become a track of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Track {
    /// The file with its bytes.
    pub path: PathBuf,
    /// What it is for a person: video, audio, or text for captions.
    pub kind: Kind,
    /// The language as a BCP 47 tag.
    pub language: Option<String>,
    /// Where its parts begin; nothing where it has one part, which begins the file.
    pub parts: Vec<PartStart>,
}

impl Track {
    /// A track of one part.
    pub fn new(path: impl Into<PathBuf>, kind: Kind) -> Self {
        Self { path: path.into(), kind, language: None, parts: Vec::new() }
    }

    /// Sets the language.
    #[must_use]
    pub fn with_language(mut self, language: Option<String>) -> Self {
        self.language = language;
        self
    }

    /// Sets where its parts begin.
    #[must_use]
    pub fn with_parts(mut self, parts: Vec<PartStart>) -> Self {
        self.parts = parts;
        self
    }
}

/// Where a part of a track begins: a run of fragments that concatenate, with an initialisation or a timeline of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartStart {
    /// In the file, in bytes.
    pub offset: u64,
    /// In the medium.
    pub time: Duration,
}

impl PartStart {
    /// A part that begins here.
    pub fn new(offset: u64, time: Duration) -> Self {
        Self { offset, time }
    }
}

/// Makes one file of several tracks. A registry has one: [`Registry::with_muxer`](crate::Registry::with_muxer).
#[async_trait]
pub trait Muxer: fmt::Debug + Send + Sync + 'static {
    /// Makes the file `to`, which does not exist, of `tracks`, in their order, and joins the parts of each. Answers why not
    /// where that cannot be done, and leaves no file then. Dropping the future ends it, and every program it started.
    ///
    /// # Errors
    /// [`Io`](crate::Error::Io), [`NoRoom`](crate::Error::NoRoom), and [`BadReply`](crate::Error::BadReply) where the bytes
    /// of a track are not what they seemed to be.
    async fn mux(&self, tracks: &[Track], to: &Path, mux: &Mux) -> Result<Option<Apart>>;

    /// The command that would make the file `to` of `tracks`, its words quoted for a shell; `None` where nothing would, which
    /// is what this answers unless it is overridden. Asked for tracks that stay apart, once they have names of their own.
    ///
    /// # Errors
    /// [`Io`](crate::Error::Io).
    async fn command(&self, _tracks: &[Track], _to: &Path) -> Result<Option<String>> {
        Ok(None)
    }
}
