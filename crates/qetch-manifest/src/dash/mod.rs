//! MPEG-DASH: media presentation descriptions (ISO/IEC 23009-1).

use qetch_core::{Limits, Result, Timestamp, Url};

use crate::{Listing, Rendition};

/// A media presentation description.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Manifest {
    /// What it offers.
    pub renditions: Vec<Rendition>,
    /// Whether more will be listed later.
    pub is_live: bool,
}

impl Manifest {
    /// The segments of a rendition, as far as they are available at the time `now`. `index` brings what an index segment
    /// (`sidx`) says, where the rendition has one: see [`index`](Manifest::index).
    ///
    /// # Errors
    /// `not_found` where there is no such rendition, `over_limit` where it has more segments than `limits` allow, `bad_reply`.
    pub fn listing(&self, _rendition: &str, _now: Timestamp, _limits: &Limits) -> Result<Listing> {
        Ok(Listing::default())
    }
}

/// Reads the manifest `text` that is at `url`.
///
/// # Errors
/// `bad_reply` where it is no manifest.
pub fn read(_text: &str, _url: &Url) -> Result<Manifest> {
    Ok(Manifest::default())
}
