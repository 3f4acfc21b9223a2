//! `Listing`: the segments of one rendition, in order.

use std::{fmt, time::Duration};

use qetch_core::{ByteRange, Url, shown};

/// The segments of one rendition, in the order they are played, as one reading of its manifest lists them.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Listing {
    /// The segments, each initialisation before what it initialises.
    pub segments: Vec<Segment>,
    /// Whether more will be listed later.
    pub is_live: bool,
    /// How long to wait before a live rendition is listed again: the target duration, or the minimum update period, or the
    /// duration of a segment where the time alone tells which there are.
    pub refresh: Option<Duration>,
    /// How long this manifest tells what there is without being fetched again, where it says so.
    pub stands: Option<Duration>,
    /// Where the manifest of a live rendition is read again, if it says that it is elsewhere by now.
    pub location: Option<Url>,
    /// How far behind the end of a live listing a player begins, where the manifest tells.
    pub hold_back: Option<Duration>,
    /// What the clock that all renditions and all readings share shows where `start` is 0, in seconds, where the manifest
    /// tells.
    pub begins: Option<f64>,
    /// Whether the sequence numbers of segments that follow one another do so too, so that those which are missing can be
    /// told.
    pub is_numbered: bool,
    /// Whether they begin again with each stretch.
    pub stretches_restart: bool,
    /// Seconds of media in all, where the manifest tells them apart from its segments.
    pub duration: Option<f64>,
}

impl Listing {
    /// Seconds of media: what the manifest says, else the sum over the segments.
    pub fn seconds(&self) -> f64 {
        self.duration.unwrap_or_else(|| self.segments.iter().map(|segment| segment.duration).sum())
    }
}

/// One request's worth of a rendition.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Segment {
    /// Where it is.
    pub url: Url,
    /// The part of the resource at `url` that is meant; all of it where missing.
    pub range: Option<ByteRange>,
    /// What tells it from the others of its rendition, the same in every reading of a live manifest: the media sequence
    /// number of HLS, the number or the start time of DASH. An initialisation has that of the segment after it.
    pub sequence: u64,
    /// Seconds of media in it; 0 for an initialisation.
    pub duration: f64,
    /// Seconds from the beginning of the presentation to its beginning.
    pub start: f64,
    /// The part it belongs to, from 0: segments of one part concatenate, and a new initialisation or a break of the
    /// timeline starts the next.
    pub part: u32,
    /// Whether it is an initialisation: what comes before the media in a file, and holds none itself.
    pub initialises: bool,
    /// Whether the manifest says that it is missing.
    pub is_gap: bool,
    /// Which stretch of an unbroken timeline it is of, the same number in every reading of a live manifest: the discontinuity
    /// sequence number of HLS, the period of DASH.
    pub stretch: u64,
    /// How it is encrypted, if it is.
    pub key: Option<Box<Key>>,
}

impl Segment {
    /// A segment of media of which nothing else is known.
    pub fn new(url: Url, sequence: u64) -> Self {
        Self {
            url,
            range: None,
            sequence,
            duration: 0.0,
            start: 0.0,
            part: 0,
            initialises: false,
            is_gap: false,
            stretch: 0,
            key: None,
        }
    }
}

/// Shows the URL without its query.
impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("url", &shown(&self.url))
            .field("range", &self.range)
            .field("sequence", &self.sequence)
            .field("duration", &self.duration)
            .field("start", &self.start)
            .field("part", &self.part)
            .field("initialises", &self.initialises)
            .field("is_gap", &self.is_gap)
            .field("stretch", &self.stretch)
            .field("key", &self.key)
            .finish()
    }
}

/// AES-128 in CBC mode with PKCS #7 padding (RFC 8216, section 4.3.2.4).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// Where the 16 bytes of the key are.
    pub url: Url,
    /// The initialisation vector.
    pub iv: [u8; 16],
}

impl Key {
    /// A key that is at `url`.
    pub fn new(url: Url, iv: [u8; 16]) -> Self {
        Self { url, iv }
    }
}

/// Shows the URL without its query.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("url", &shown(&self.url)).finish_non_exhaustive()
    }
}
