//! `Source`: where the fragments of a download come from, one after the other: a content lists them itself, a playlist is
//! read for them.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use qetch_core::{Content, Error, Fragment, Gap, Result};

use super::links::Links;

/// The fingerprint of a list that goes on, which is never the same twice.
#[cfg(any(feature = "hls", feature = "dash"))]
pub(crate) const LIVE: &str = "live";

/// Where the fragments of a download come from.
#[async_trait]
pub(crate) trait Source: fmt::Debug + Send + Sync {
    /// How many fragments there are; `None` where nobody can tell before the end.
    fn count(&self) -> Option<usize>;

    /// What tells this list of fragments from any other, where the content's uid does not: an earlier run that had another
    /// one is not gone on with.
    fn fingerprint(&self) -> Option<String>;

    /// Whether what an earlier run left can be gone on with.
    fn can_go_on(&self) -> bool {
        true
    }

    /// Goes on behind what an earlier run left whole.
    fn go_on(&self, left: &Left);

    /// The piece at `index`, as soon as it is listed; `None` past the end. Asked for in order.
    async fn piece(&self, index: usize) -> Result<Option<Piece>>;

    /// What makes the bytes of the piece at `index` those of the file.
    ///
    /// # Errors
    /// Those of fetching a key.
    async fn decoder(&self, index: usize) -> Result<Box<dyn Decoder>>;

    /// The fragment at `index` as it is known now, and how often its link was made anew.
    async fn current(&self, index: usize) -> Result<(u32, Fragment)>;

    /// The fragment at `index` with a link that is newer than the one of `age`, and its age. `died` is what the link
    /// answers now, `status` its status.
    async fn renew(&self, index: usize, age: u32, status: u16, died: Error) -> Result<(u32, Fragment)>;

    /// Says that all pieces are asked for once more, from the first one on.
    fn restart(&self) {}

    /// Says that nothing of the piece at `index` is needed any more.
    fn is_done(&self, index: usize);
}

/// Makes the bytes of a fragment those of the file, block by block.
pub(crate) trait Decoder: Send {
    /// What comes of the next bytes; `is_last` where none follow.
    fn decode(&mut self, block: Bytes, is_last: bool) -> Result<Bytes>;
}

/// What tells a piece of a playlist that is read again and again: its stretch of the timeline, its number, and whether it
/// is an initialisation.
pub(crate) type Mark = (u64, u64, bool);

/// What an earlier run left whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    /// How many pieces.
    pub(crate) whole: usize,
    /// The last of them that is no initialisation.
    pub(crate) mark: Option<Mark>,
    /// When the first part of them begins, and how much of the medium they are.
    pub(crate) begin: Option<Duration>,
    pub(crate) end: Duration,
}

/// One fragment to fetch, and what its source knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) fragment: Fragment,
    /// Whether its bytes are made those of the file by a [`Decoder`].
    pub(crate) is_coded: bool,
    /// Whether nothing can be done with the file without it.
    pub(crate) is_needed: bool,
    /// Why it is not to be had, where its source says so itself.
    pub(crate) missing: Option<&'static str>,
    /// When a new part of the file begins with it: where it stands in the medium.
    pub(crate) begins_part: Option<Duration>,
    pub(crate) mark: Option<Mark>,
    /// Where it begins in the medium, and how long it is.
    pub(crate) time: Option<(Duration, Duration)>,
}

impl Piece {
    pub(crate) fn new(fragment: Fragment) -> Self {
        Self {
            fragment,
            is_coded: false,
            is_needed: false,
            missing: None,
            begins_part: None,
            mark: None,
            time: None,
        }
    }

    /// The gap that it leaves where it is missing for `reason`.
    pub(super) fn gap(&self, index: usize, reason: String) -> Gap {
        let mut gap = Gap::new(index as u64, reason);
        gap.sequence = self.mark.map(|(_, sequence, _)| sequence);
        (gap.start, gap.duration) = (self.time.map(|time| time.0), self.time.map(|time| time.1));
        gap
    }
}

/// The fragments that a content lists itself.
#[derive(Debug)]
pub(super) struct Listed {
    fragments: usize,
    links: Links,
}

impl Listed {
    pub(super) fn new(content: &Content, links: Links) -> Self {
        Self { fragments: content.fragments.len(), links }
    }
}

#[async_trait]
impl Source for Listed {
    fn count(&self) -> Option<usize> {
        Some(self.fragments)
    }

    fn fingerprint(&self) -> Option<String> {
        None
    }

    fn go_on(&self, _: &Left) {}

    async fn piece(&self, index: usize) -> Result<Option<Piece>> {
        if index >= self.fragments {
            return Ok(None);
        }
        Ok(Some(Piece::new(self.links.current(index).await.1)))
    }

    async fn decoder(&self, _: usize) -> Result<Box<dyn Decoder>> {
        Err(Error::unexpected("a listed fragment that is coded", None))
    }

    async fn current(&self, index: usize) -> Result<(u32, Fragment)> {
        Ok(self.links.current(index).await)
    }

    async fn renew(&self, index: usize, age: u32, status: u16, died: Error) -> Result<(u32, Fragment)> {
        self.links.renew(index, age, status, died).await
    }

    fn is_done(&self, _: usize) {}
}
