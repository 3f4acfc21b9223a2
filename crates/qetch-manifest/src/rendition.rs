//! `Rendition`: one of the things a manifest offers.

use qetch_core::Kind;

/// One of the things a manifest offers: a video at one quality, a sound track, subtitles.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rendition {
    /// What names it within its manifest, the same each time the manifest is read: what
    /// [`Delivery`](qetch_core::Delivery) calls the rendition. Never a position, and never made of a link.
    pub id: String,
    /// Video (with its sound or without), audio, or text for subtitles.
    pub kind: Kind,
    /// The media type of its file, where the manifest tells: `video/mp4`, `text/vtt`.
    pub content_type: Option<String>,
    /// The codecs in the notation of RFC 6381.
    pub codecs: Option<String>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Frames per second.
    pub fps: Option<f64>,
    /// Mean bits per second; the peak where the manifest tells no mean.
    pub bitrate: Option<u64>,
    /// The language as a BCP 47 tag.
    pub language: Option<String>,
    /// What it is called, for people.
    pub name: Option<String>,
    /// Whether it is what a player takes when nobody chooses: `DEFAULT=YES`, or the role `main`.
    pub is_default: bool,
    /// The group it stands in as a companion of videos.
    pub group: Option<String>,
    /// The group of companions that has its sound: a video that is silent without one of them.
    pub sound: Option<String>,
    /// The group of companions that has its subtitles.
    pub captions: Option<String>,
}

impl Rendition {
    /// A rendition of which nothing else is known.
    pub fn new(id: impl Into<String>, kind: Kind) -> Self {
        Self {
            id: id.into(),
            kind,
            content_type: None,
            codecs: None,
            width: None,
            height: None,
            fps: None,
            bitrate: None,
            language: None,
            name: None,
            is_default: false,
            group: None,
            sound: None,
            captions: None,
        }
    }
}
