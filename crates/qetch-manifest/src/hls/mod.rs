//! HTTP Live Streaming: master and media playlists (RFC 8216, and draft-pantos-hls-rfc8216bis for what came later).
//!
//! A playlist is read as far as it makes sense. Unknown tags say nothing, and neither do pictures to seek by, parts of
//! segments and what is needed to play alone. It is refused where another reading would bring wrong bytes: a range without
//! a beginning, a number or a key that cannot be read, a variable that is not defined.
//!
//! A link may have any scheme, in a segment as in a key or an initialisation: it is listed, and who asks for it judges it.

mod ids;
mod key;
mod lines;
mod master;
mod media;
mod scope;

use std::{collections::HashMap, fmt};

use qetch_core::{Error, Limits, Result, Url};

use self::{
    lines::Line,
    scope::{Scope, Variables},
};
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
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Master {
    /// The variant streams in the order given, and after them the renditions that `EXT-X-MEDIA` tells of, which have a
    /// playlist of their own: sound, subtitles, other pictures.
    pub renditions: Vec<Rendition>,
    /// Where the playlists of the renditions are, by id.
    urls: HashMap<String, Url>,
    /// What media playlists may import.
    variables: Variables,
}

impl Master {
    /// Where the playlist of this rendition is.
    pub fn url(&self, rendition: &str) -> Option<&Url> {
        self.urls.get(rendition)
    }
}

/// Shows no link and no variable: they may be signed.
impl fmt::Debug for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Master").field("renditions", &self.renditions).finish_non_exhaustive()
    }
}

/// Reads the playlist `text` that is at `url`.
///
/// A segment is what an address stands for, with `EXTINF` or without; one whose duration is not told lasts 0 seconds.
///
/// ```
/// use qetch_core::{Limits, Url};
/// use qetch_manifest::hls::{self, Playlist};
///
/// let url = Url::parse("https://pond.example/frog/index.m3u8").unwrap();
/// let text = "#EXTM3U\n#EXTINF:4.5,\n0.ts\n#EXTINF:3,\n1.ts\n#EXT-X-ENDLIST\n";
/// let Playlist::Media(listing) = hls::read(text, &url, &Limits::new()).unwrap() else { panic!("a master") };
/// assert_eq!(listing.segments[1].url.as_str(), "https://pond.example/frog/1.ts");
/// assert_eq!((listing.seconds(), listing.is_live), (7.5, false));
/// ```
///
/// # Errors
/// `bad_reply` where it is no playlist, `drm` where it is protected, `over_limit` where it lists more segments than `limits`
/// allow.
pub fn read(text: &str, url: &Url, limits: &Limits) -> Result<Playlist> {
    let lines = lines::of(text, url)?;
    if is_master(lines.clone()) {
        master::read(lines, Scope::new(url, None), limits).map(Playlist::Master)
    } else {
        media::read(lines, Scope::new(url, None), limits).map(Playlist::Media)
    }
}

/// Reads the media playlist `text` at `url` of a rendition of `master`, whose variables it may import.
///
/// # Errors
/// As [`read`], and `bad_reply` where it is a master playlist in turn.
pub fn read_media(text: &str, url: &Url, master: &Master, limits: &Limits) -> Result<Listing> {
    let lines = lines::of(text, url)?;
    if is_master(lines.clone()) {
        return Err(Error::bad_reply(url, "a master playlist leads to another one"));
    }
    media::read(lines, Scope::new(url, Some(&master.variables)), limits)
}

/// Whether it lists renditions, by the first tag that tells.
fn is_master<'t>(mut lines: impl Iterator<Item = Line<'t>>) -> bool {
    let told = lines.find_map(|line| match line {
        Line::Tag("EXTINF", _) => Some(false),
        Line::Tag("EXT-X-STREAM-INF" | "EXT-X-MEDIA" | "EXT-X-I-FRAME-STREAM-INF", _) => Some(true),
        Line::Tag("EXT-X-SESSION-KEY" | "EXT-X-SESSION-DATA" | "EXT-X-CONTENT-STEERING", _) => Some(true),
        _ => None,
    });
    told.unwrap_or(false)
}
