//! MPEG-DASH: media presentation descriptions (ISO/IEC 23009-1).
//!
//! What a manifest says in elements of its own (`SegmentTemplate`, `SegmentTimeline`, `SegmentList`, `SegmentBase`) becomes
//! the same list of segments. A representation with `SegmentBase`, or with none of them, is one segment: the file behind it.
//! Not read are remote elements (`xlink:href`), sub-segments, and `UTCTiming`: what is available of a live presentation is
//! told by the clock of whoever asks.

mod addressing;
mod base;
mod counterpart;
mod duration;
mod expand;
mod number;
mod offer;
mod period;
mod plan;
mod presentation;
mod protection;
mod representation;
mod template;
mod timeline;
mod xml;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use qetch_core::{Error, Kind, Limits, Result, Timestamp, Url};

use self::{offer::Offer, presentation::Presentation, representation::Representation};
use crate::{Listing, Rendition};

/// A media presentation description.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Manifest {
    /// What it offers.
    pub renditions: Vec<Rendition>,
    /// Whether more may be listed later. A [listing](Manifest::listing) knows better where the end is told: it is given the
    /// time.
    pub is_live: bool,
    read: Option<Arc<Read>>,
}

/// What was read.
#[derive(Debug, PartialEq)]
struct Read {
    presentation: Presentation,
    /// The ids of the renditions, and where each is first.
    places: Vec<(String, (usize, usize))>,
}

impl Manifest {
    /// The segments of a rendition, as far as they are available at the time `now`.
    ///
    /// # Errors
    /// `not_found` where there is no such rendition, `drm` where it is protected, `over_limit` where it has more segments than
    /// `limits` allow, `bad_reply` where what the manifest says of it makes no sense, `unsupported` where several periods take
    /// parts of one file.
    pub fn listing(&self, rendition: &str, now: Timestamp, limits: &Limits) -> Result<Listing> {
        let found = self.read.as_ref().and_then(|read| Some((&read.presentation, read.find(rendition)?)));
        let (presentation, representation) =
            found.ok_or_else(|| Error::not_found(format!("the rendition `{rendition}`")))?;
        expand::listing(presentation, representation, now, limits)
    }
}

impl Read {
    /// The representation that is first for the rendition with this id, else the first that alone has it in its period. While
    /// a presentation goes on, a rendition may become what goes on with another one: with that of an advertisement that its
    /// window begins with.
    fn find(&self, id: &str) -> Option<&Representation> {
        let periods = &self.presentation.periods;
        if let Some((_, place)) = self.places.iter().find(|(it, _)| it == id) {
            return periods.get(place.0)?.representations.get(place.1);
        }
        periods.iter().find_map(|period| {
            let mut with_id = period.representations.iter().filter(|it| it.id.as_deref() == Some(id));
            with_id.next().filter(|_| with_id.next().is_none())
        })
    }
}

/// Shows what it offers: links may be signed.
impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest")
            .field("renditions", &self.renditions)
            .field("is_live", &self.is_live)
            .finish_non_exhaustive()
    }
}

/// Reads the manifest `text` that is at `url`.
///
/// # Errors
/// `bad_reply` where it is no manifest, or has elements that are elsewhere, `drm` where all of its videos are protected, or
/// everything where there are no videos, `over_limit` where it is larger than any is.
pub fn read(text: &str, url: &Url) -> Result<Manifest> {
    let presentation = Presentation::new(&xml::parse(text, url)?, url)?;
    refuse_protected(&presentation)?;
    let offer = Offer::new(&presentation)?;
    let is_live = presentation.dynamic.is_some();
    let ids = offer.renditions.iter().map(|it| it.id.clone());
    let places = ids.zip(offer.first).collect();
    Ok(Manifest {
        renditions: offer.renditions,
        is_live,
        read: Some(Arc::new(Read { presentation, places })),
    })
}

/// Refuses a presentation of which nothing is left without what is protected.
fn refuse_protected(presentation: &Presentation) -> Result<()> {
    let has_video = presentation.representations().any(|(_, it)| it.kind == Kind::Video);
    let mut main =
        presentation.representations().filter(|(_, it)| !has_video || it.kind == Kind::Video).peekable();
    let system = main.peek().and_then(|(_, it)| it.protection.clone());
    match system {
        Some(system) if main.all(|(_, it)| it.protection.is_some()) => {
            Err(Error::drm(qetch_core::shown(&presentation.url), system))
        }
        _ => Ok(()),
    }
}
