//! `Listed`: the segments of a rendition that is all there.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use qetch_core::{Error, Fragment, Kind, Result};
use qetch_manifest::{Listing, Segment};

use super::{
    Fetcher, Opener, captions, is_text,
    segment::{Template, mark},
};
use crate::http::source::{Decoder, Left, Piece, Source};

/// How often a playlist is read again because its links have died.
const MOST: u32 = 100;

/// The segments of a rendition that is all there.
#[derive(Debug)]
pub(super) struct Listed {
    opener: std::sync::Arc<dyn Opener>,
    #[cfg(feature = "hls")]
    keys: super::keys::Keys,
    is_text: bool,
    count: usize,
    fingerprint: String,
    captions: captions::Joint,
    state: Mutex<State>,
    /// Held while the playlist is read again, so that whoever else met a dead link waits for that.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    /// How often it was read again.
    age: u32,
    listing: Listing,
    template: Template,
}

impl Listed {
    pub(super) async fn new(
        opener: std::sync::Arc<dyn Opener>,
        fetcher: Fetcher,
        kind: Kind,
        listing: Listing,
    ) -> Self {
        let template = opener.template().await;
        #[cfg(not(feature = "hls"))]
        drop(fetcher);
        Self {
            opener,
            #[cfg(feature = "hls")]
            keys: super::keys::Keys::new(fetcher),
            is_text: is_text(kind),
            count: listing.segments.len(),
            fingerprint: fingerprint(&listing),
            captions: captions::Joint::default(),
            state: Mutex::new(State { age: 0, listing, template }),
            renewing: tokio::sync::Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn segment(&self, index: usize) -> Result<&Segment> {
        let segment = self.listing.segments.get(index);
        segment.ok_or_else(|| Error::unexpected("a segment that is not listed", None))
    }
}

#[async_trait]
impl Source for Listed {
    fn count(&self) -> Option<usize> {
        Some(self.count)
    }

    fn fingerprint(&self) -> Option<String> {
        Some(self.fingerprint.clone())
    }

    fn can_go_on(&self) -> bool {
        !self.is_text
    }

    fn go_on(&self, _: &Left) {}

    async fn piece(&self, index: usize) -> Result<Option<Piece>> {
        let state = self.state();
        let Some(segment) = state.listing.segments.get(index) else { return Ok(None) };
        let before = index.checked_sub(1).and_then(|before| state.listing.segments.get(before));
        let begins_part = before.is_none_or(|before| before.part != segment.part);
        Ok(Some(state.template.piece(segment, self.is_text, begins_part)))
    }

    async fn decoder(&self, index: usize) -> Result<Box<dyn Decoder>> {
        if self.is_text {
            return Ok(self.captions.decoder());
        }
        #[cfg(feature = "hls")]
        {
            let known = || {
                let state = self.state();
                Some((state.listing.segments.get(index)?.key.clone()?, state.template.clone()))
            };
            self.keys.decoder(self, index, known).await
        }
        #[cfg(not(feature = "hls"))]
        Err(Error::unexpected(format!("a segment that is not coded: {index}"), None))
    }

    async fn current(&self, index: usize) -> Result<(u32, Fragment)> {
        let state = self.state();
        Ok((state.age, state.template.segment(state.segment(index)?)))
    }

    async fn renew(&self, index: usize, age: u32, status: u16, died: Error) -> Result<(u32, Fragment)> {
        let _renewing = self.renewing.lock().await;
        let (now, stale) = self.current(index).await?;
        if now > age {
            return Ok((now, stale));
        }
        if now >= MOST {
            let reason = format!("its playlist was read again {MOST} times");
            return Err(Error::link_died(&stale.url, status, reason));
        }
        tracing::info!(status, "a link has died: reading the playlist again");
        let listing = self.opener.open(true).await?;
        if fingerprint(&listing) != self.fingerprint {
            return Err(Error::content_changed(&stale.url, "its playlist lists other segments now"));
        }
        let template = self.opener.template().await;
        let fresh = {
            let mut state = self.state();
            *state = State { age: now + 1, listing, template };
            state.template.segment(state.segment(index)?)
        };
        // The same link again is as dead as it was.
        if fresh == stale { Err(died) } else { Ok((now + 1, fresh)) }
    }

    fn restart(&self) {
        self.captions.restart();
    }

    fn is_done(&self, _: usize) {}
}

/// What tells a list of segments from another one of the same content, whatever its links look like this time.
fn fingerprint(listing: &Listing) -> String {
    let mut hash = blake3::Hasher::new();
    for segment in &listing.segments {
        let (stretch, sequence, initialises) = mark(segment);
        let name = segment.url.path_segments().and_then(Iterator::last).unwrap_or_default();
        let range = segment.range.map(|range| (range.start(), range.len()));
        let duration = segment.duration.to_bits();
        let line = format!(
            "{stretch} {sequence} {initialises} {} {range:?} {duration} {} {name}\n",
            segment.part,
            segment.key.is_some()
        );
        hash.update(line.as_bytes());
    }
    hash.finalize().to_hex().to_string()
}
