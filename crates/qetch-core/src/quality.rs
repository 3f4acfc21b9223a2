//! `Quality`, and the one rule it is derived by.
//!
//! Within one resource the renditions are ordered by, in turn:
//! 1. role: main, then caption, poster and thumbnail;
//! 2. motion: video, animated image, audio, still image, text, anything else;
//! 3. pixels (width × height); a rendition whose pixels are not known comes after those whose are;
//! 4. bitrate times the efficiency of its codec; it counts only where bitrate and codec are both known, for a bit of
//!    one codec is not a bit of another, and comes before what is not known;
//! 5. container: what plays in more places first;
//! 6. the order in which the extractor lists them.
//!
//! The quality of the one at position `i` of `n` is then `(n - i) / n`: 1 is the best, and no two are equal.

use std::cmp::{Ordering, Reverse};

use serde::{Deserialize, Deserializer, Serialize};

use crate::content::{Content, Kind, Role};

/// Where a rendition stands among those of its resource: 0 to 1, and 1 is the best.
///
/// It is relative: comparing the qualities of two resources says nothing.
///
/// ```
/// use qetch_core::Quality;
///
/// assert_eq!(Quality::new(7.0), Quality::BEST);
/// assert!(Quality::new(0.5) > Quality::new(f64::NAN));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Quality(f64);

impl Quality {
    /// The best of its resource.
    pub const BEST: Self = Self(1.0);

    /// `value` brought into 0 to 1; what is not a number is 0.
    pub fn new(value: f64) -> Self {
        Self(if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) })
    }

    /// The value, 0 to 1.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl Default for Quality {
    fn default() -> Self {
        Self::BEST
    }
}

impl Eq for Quality {}

impl From<Quality> for f64 {
    fn from(quality: Quality) -> Self {
        quality.0
    }
}

impl<'de> Deserialize<'de> for Quality {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::new)
    }
}

/// Orders `contents` by the rule above, best first, and sets their qualities.
pub(crate) fn rank(contents: &mut [Content]) {
    contents.sort_by(better_first);
    number(contents);
}

/// Sets the qualities of `contents`, which stand best first.
pub(crate) fn number(contents: &mut [Content]) {
    let count = contents.len() as f64;
    for (position, content) in contents.iter_mut().enumerate() {
        content.quality = Quality::new((count - position as f64) / count);
    }
}

fn better_first(a: &Content, b: &Content) -> Ordering {
    let key = |content: &Content| {
        (role_rank(content.role), motion_rank(content), Reverse(pixels(content)), container_rank(content))
    };
    let (a_key, b_key) = (key(a), key(b));
    (a_key.0, a_key.1, a_key.2)
        .cmp(&(b_key.0, b_key.1, b_key.2))
        .then_with(|| effective_bitrate(b).total_cmp(&effective_bitrate(a)))
        .then(a_key.3.cmp(&b_key.3))
}

fn role_rank(role: Role) -> u8 {
    match role {
        Role::Main => 0,
        Role::Caption => 1,
        Role::Poster => 2,
        Role::Thumbnail => 3,
    }
}

fn motion_rank(content: &Content) -> u8 {
    match content.kind {
        Kind::Video => 0,
        Kind::Image if content.is_animated_image() => 1,
        Kind::Audio => 2,
        Kind::Image => 3,
        Kind::Text => 4,
        Kind::Other => 5,
    }
}

fn pixels(content: &Content) -> Option<u64> {
    Some(u64::from(content.width?) * u64::from(content.height?))
}

/// Bitrate in the bits of AVC that would look as good; 0 where it cannot be told.
fn effective_bitrate(content: &Content) -> f64 {
    let efficiency = content.codecs.as_deref().and_then(efficiency);
    match (content.bitrate, efficiency) {
        (Some(bitrate), Some(efficiency)) => bitrate as f64 * efficiency,
        _ => 0.0,
    }
}

/// How many bits of AVC (for sound: of AAC-LC) one bit of the first known codec is worth: the round middle of what
/// published comparisons report, good enough to order renditions and for nothing else.
fn efficiency(codecs: &str) -> Option<f64> {
    codecs.split(',').find_map(|codec| {
        Some(match codec.trim().split('.').next()?.to_ascii_lowercase().as_str() {
            "avc1" | "avc3" | "h264" | "mp4a" | "vorbis" => 1.0,
            "hvc1" | "hev1" | "h265" | "vp9" | "vp09" | "opus" => 1.5,
            "av1" | "av01" => 2.0,
            "vp8" | "vp08" | "mp3" => 0.8,
            "mp4v" | "theora" => 0.5,
            "mjpeg" | "jpeg" => 0.1,
            _ => return None,
        })
    })
}

/// What plays in more places comes first.
fn container_rank(content: &Content) -> usize {
    const ORDER: [&str; 17] = [
        "mp4", "webm", "mov", "mkv", "ts", "ogv", "mjpg", // moving pictures
        "gif", "webp", "png", "jpg", "avif", // images
        "m4a", "mp3", "opus", "ogg", "flac", // sound
    ];
    let extension = content.extension.as_deref().unwrap_or_default();
    ORDER.iter().position(|&known| known == extension).unwrap_or(ORDER.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Url;

    fn content(uid: &str, kind: Kind, set: impl Fn(&mut Content)) -> Content {
        let mut content = Content::new(uid, kind, Url::parse("https://h.example/").unwrap(), []);
        set(&mut content);
        content
    }

    fn check(contents: impl IntoIterator<Item = Content>, expected: &[&str]) {
        let mut contents: Vec<_> = contents.into_iter().collect();
        contents.reverse();
        rank(&mut contents);
        let order: Vec<_> = contents.iter().map(|content| content.uid.as_str()).collect();
        assert_eq!(order, expected);
        assert_eq!(contents[0].quality, Quality::BEST);
        assert!(contents.windows(2).all(|pair| pair[0].quality > pair[1].quality));
    }

    #[test]
    fn role_comes_before_everything() {
        let poster = content("poster", Kind::Image, |it| {
            it.role = Role::Poster;
            (it.width, it.height) = (Some(4000), Some(4000));
        });
        check([content("text", Kind::Text, |_| ()), poster], &["text", "poster"]);
    }

    #[test]
    fn motion_comes_before_pixels() {
        let size = |width: u32| move |it: &mut Content| (it.width, it.height) = (Some(width), Some(width));
        let gif = content("gif", Kind::Image, |it| {
            size(500)(it);
            it.content_type = Some("image/gif".into());
        });
        let still = content("still", Kind::Image, size(1000));
        check([content("video", Kind::Video, size(100)), gif, still], &["video", "gif", "still"]);
    }

    #[test]
    fn a_better_codec_needs_fewer_bits() {
        let coded = |uid: &str, codecs: &str, bitrate: u64| {
            content(uid, Kind::Video, |it| (it.codecs, it.bitrate) = (Some(codecs.into()), Some(bitrate)))
        };
        check([coded("av1", "av01.0.04M.08,opus", 600), coded("avc", "avc1.64001f", 1000)], &["av1", "avc"]);
    }

    #[test]
    fn a_bitrate_without_a_codec_does_not_count() {
        let mp4 = content("mp4", Kind::Video, |it| {
            (it.extension, it.codecs, it.bitrate) = (Some("mp4".into()), Some("avc1".into()), Some(10));
        });
        let webm = content("webm", Kind::Video, |it| {
            (it.extension, it.bitrate) = (Some("webm".into()), Some(10_000));
        });
        check([mp4, webm], &["mp4", "webm"]);
    }

    #[test]
    fn ties_go_by_container_then_by_the_order_given() {
        let named = |uid: &str, extension: &str| {
            content(uid, Kind::Video, |it| it.extension = Some(extension.into()))
        };
        // `check` hands them over in reverse, so the later of two equals stands first.
        check(
            [named("a", "mp4"), named("c", "webm"), named("b", "webm"), named("x", "xyz")],
            &["a", "b", "c", "x"],
        );
    }
}
