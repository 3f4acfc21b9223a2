//! HTTP Live Streaming: master and media playlists (RFC 8216, and draft-pantos-hls-rfc8216bis for what came later).

use qetch_core::{Limits, Result, Url};

use crate::{Listing, Rendition};

/// A playlist.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Playlist {
    /// One that lists renditions, each with a playlist of its own.
    Master(Master),
    /// One that lists segments.
    Media(Listing),
}

/// A playlist that lists renditions.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Master {
    /// The variant streams in the order given, and after them the renditions that `EXT-X-MEDIA` tells of, which have a
    /// playlist of their own: sound, subtitles, other pictures.
    pub renditions: Vec<Rendition>,
}

impl Master {
    /// Where the playlist of this rendition is.
    pub fn url(&self, _rendition: &str) -> Option<&Url> {
        None
    }
}

/// Reads the playlist `text` that is at `url`.
///
/// # Errors
/// `bad_reply` where it is no playlist, `drm` where it is protected, `over_limit` where it lists more segments than `limits`
/// allow.
pub fn read(_text: &str, _url: &Url, _limits: &Limits) -> Result<Playlist> {
    Ok(Playlist::Master(Master::default()))
}

/// Reads the media playlist `text` at `url` of a rendition of `master`, whose variables it may import.
///
/// # Errors
/// As [`read`], and `bad_reply` where it is a master playlist in turn.
pub fn read_media(_text: &str, _url: &Url, _master: &Master, _limits: &Limits) -> Result<Listing> {
    Ok(Listing::default())
}
