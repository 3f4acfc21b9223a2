//! Media types: which extension and kind each has, and how the first bytes tell one.
//!
//! A small table of what media sites serve, rather than all of IANA's: a type that is not here has no extension, and
//! the name that a server gives stays, unless it is said to be a video, a sound or a picture.

use url::Url;

use crate::{Kind, link};

/// A known media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MediaType {
    /// The name, such as `video/mp4`.
    pub name: &'static str,
    /// The extension of its files.
    pub extension: &'static str,
    /// What it is for a person.
    pub kind: Kind,
}

const fn known(name: &'static str, extension: &'static str, kind: Kind) -> MediaType {
    MediaType { name, extension, kind }
}

/// Pictures that are pages: what opens them runs the scripts in them.
const SVG: &str = "image/svg+xml";

/// Every known type. Of several names for one extension, and extensions for one name, the first is the usual one.
const TABLE: &[MediaType] = &[
    known("video/mp4", "mp4", Kind::Video),
    known("video/mp4", "m4v", Kind::Video),
    known("video/mp4", "mpeg4", Kind::Video),
    known("video/webm", "webm", Kind::Video),
    known("video/quicktime", "mov", Kind::Video),
    known("video/x-matroska", "mkv", Kind::Video),
    known("video/mp2t", "ts", Kind::Video),
    known("video/mp2t", "m2ts", Kind::Video),
    known("video/mp2t", "mts", Kind::Video),
    known("video/ogg", "ogv", Kind::Video),
    known("video/x-msvideo", "avi", Kind::Video),
    known("video/x-flv", "flv", Kind::Video),
    known("video/x-ms-wmv", "wmv", Kind::Video),
    known("video/x-ms-asf", "asf", Kind::Video),
    known("video/mpeg", "mpg", Kind::Video),
    known("video/mpeg", "mpeg", Kind::Video),
    known("video/mpeg", "vob", Kind::Video),
    known("video/mpeg", "m2v", Kind::Video),
    known("video/x-dv", "dv", Kind::Video),
    known("video/3gpp", "3gp", Kind::Video),
    known("video/3gpp2", "3g2", Kind::Video),
    known("video/x-motion-jpeg", "mjpg", Kind::Video),
    known("audio/mpeg", "mp3", Kind::Audio),
    known("audio/mp4", "m4a", Kind::Audio),
    known("audio/x-m4a", "m4a", Kind::Audio),
    known("audio/mp4", "m4b", Kind::Audio),
    known("audio/aac", "aac", Kind::Audio),
    known("audio/ogg", "ogg", Kind::Audio),
    known("audio/ogg", "oga", Kind::Audio),
    known("audio/opus", "opus", Kind::Audio),
    known("audio/flac", "flac", Kind::Audio),
    known("audio/x-flac", "flac", Kind::Audio),
    known("audio/wav", "wav", Kind::Audio),
    known("audio/x-wav", "wav", Kind::Audio),
    known("audio/webm", "weba", Kind::Audio),
    known("audio/x-matroska", "mka", Kind::Audio),
    known("audio/x-ms-wma", "wma", Kind::Audio),
    known("audio/aiff", "aiff", Kind::Audio),
    known("audio/x-aiff", "aif", Kind::Audio),
    known("audio/ac3", "ac3", Kind::Audio),
    known("audio/amr", "amr", Kind::Audio),
    known("audio/x-shorten", "shn", Kind::Audio),
    known("audio/x-ape", "ape", Kind::Audio),
    known("audio/midi", "mid", Kind::Audio),
    known("image/jpeg", "jpg", Kind::Image),
    known("image/jpeg", "jpeg", Kind::Image),
    known("image/png", "png", Kind::Image),
    known("image/gif", "gif", Kind::Image),
    known("image/webp", "webp", Kind::Image),
    known("image/avif", "avif", Kind::Image),
    known("image/heic", "heic", Kind::Image),
    known("image/heif", "heif", Kind::Image),
    known("image/jxl", "jxl", Kind::Image),
    known(SVG, "svg", Kind::Image),
    known("image/bmp", "bmp", Kind::Image),
    known("image/tiff", "tif", Kind::Image),
    known("image/tiff", "tiff", Kind::Image),
    known("image/apng", "apng", Kind::Image),
    known("image/jp2", "jp2", Kind::Image),
    known("image/vnd.microsoft.icon", "ico", Kind::Image),
    known("image/x-adobe-dng", "dng", Kind::Image),
    known("image/vnd.adobe.photoshop", "psd", Kind::Image),
    known("text/vtt", "vtt", Kind::Text),
    known("application/x-subrip", "srt", Kind::Text),
    known("text/plain", "txt", Kind::Text),
    known("text/html", "html", Kind::Text),
    known("application/pdf", "pdf", Kind::Text),
    known("application/json", "json", Kind::Text),
    known("application/zip", "zip", Kind::Other),
];

/// The type of this name, such as `video/mp4`, without parameters and in lower case.
pub fn by_name(name: &str) -> Option<MediaType> {
    TABLE.iter().find(|it| it.name == name).copied()
}

/// The type of files with this extension, without a dot and in lower case.
pub fn by_extension(extension: &str) -> Option<MediaType> {
    TABLE.iter().find(|it| it.extension == extension).copied()
}

/// The type of the file that a link names, by its extension.
///
/// ```
/// use qetch_core::{Url, media_type};
///
/// let url = Url::parse("https://pond.example/7.WebM?a=b.mp4").unwrap();
/// assert_eq!(media_type::of_link(&url).unwrap().name, "video/webm");
/// ```
pub fn of_link(url: &Url) -> Option<MediaType> {
    by_extension(&link::extension(url)?)
}

/// What files of the type `name` are for a person: as it is known, else as its first part says.
///
/// ```
/// use qetch_core::{Kind, media_type};
///
/// assert_eq!(media_type::kind_of("video/x-unheard-of"), Kind::Video);
/// assert_eq!(media_type::kind_of("application/pdf"), Kind::Text);
/// ```
pub fn kind_of(name: &str) -> Kind {
    match (by_name(name), name.split('/').next()) {
        (Some(known), _) => known.kind,
        (None, Some("video")) => Kind::Video,
        (None, Some("audio")) => Kind::Audio,
        (None, Some("image")) => Kind::Image,
        (None, Some("text")) => Kind::Text,
        (None, _) => Kind::Other,
    }
}

/// Whether files with this extension are looked at or listened to, and no more.
pub fn is_medium(extension: &str) -> bool {
    by_extension(extension).is_some_and(|it| is_kind_of_medium(it.kind) && it.name != SVG)
}

/// Whether a type by this name is said to be one of videos, sounds or pictures, known or not.
pub fn names_medium(name: &str) -> bool {
    let kind = name.split('/').next().unwrap_or_default();
    ["video", "audio", "image"].iter().any(|medium| kind.eq_ignore_ascii_case(medium))
}

/// Whether a file that is said to be of this kind and type may have this extension, in lower case.
///
/// A video, a sound or a picture has one that is known to be of such: any other may start a program when a person opens
/// the file, and no list of those that do is complete. SVG is for what is said to be that alone, since scripts in it run.
/// What is said to be anything else may have any.
///
/// ```
/// use qetch_core::{Kind, media_type};
///
/// assert!(media_type::may_have("webm", Kind::Video, Some("video/mp4")));
/// assert!(!media_type::may_have("scr", Kind::Video, None));
/// assert!(!media_type::may_have("html", Kind::Other, Some("image/x-unheard-of")));
/// assert!(media_type::may_have("exe", Kind::Other, None));
/// ```
pub fn may_have(extension: &str, kind: Kind, name: Option<&str>) -> bool {
    let is_said_medium = is_kind_of_medium(kind) || name.is_some_and(names_medium);
    !is_said_medium || is_medium(extension) || (extension, name) == ("svg", Some(SVG))
}

fn is_kind_of_medium(kind: Kind) -> bool {
    matches!(kind, Kind::Video | Kind::Audio | Kind::Image)
}

/// The type that the first bytes tell, where they do: 64 are enough, or 189 for a transport stream.
///
/// ```
/// use qetch_core::media_type;
///
/// assert_eq!(media_type::by_first_bytes(b"GIF89a...").unwrap().name, "image/gif");
/// assert_eq!(media_type::by_first_bytes(b"<html>"), None);
/// ```
pub fn by_first_bytes(bytes: &[u8]) -> Option<MediaType> {
    by_name(name_of(bytes)?)
}

fn name_of(bytes: &[u8]) -> Option<&'static str> {
    /// Signatures at the very beginning.
    const AT_START: &[(&[u8], &str)] = &[
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"\xff\x0a", "image/jxl"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
        (b"FLV\x01", "video/x-flv"),
        (b"\0\0\x01\xba", "video/mpeg"),
        (b"\0\0\x01\xb3", "video/mpeg"),
        (b"fLaC", "audio/flac"),
        (b"ID3", "audio/mpeg"),
        (b"WEBVTT", "text/vtt"),
        (b"\xef\xbb\xbfWEBVTT", "text/vtt"),
        (b"%PDF-", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
    ];
    if let Some((_, name)) = AT_START.iter().find(|(signature, _)| bytes.starts_with(signature)) {
        return Some(name);
    }
    match (bytes.get(..4)?, bytes.get(8..12)) {
        (b"RIFF", Some(b"WEBP")) => return Some("image/webp"),
        (b"RIFF", Some(b"WAVE")) => return Some("audio/wav"),
        (b"RIFF", Some(b"AVI ")) => return Some("video/x-msvideo"),
        // Two letters alone would be many a text: the four reserved bytes after the size are zero.
        ([b'B', b'M', ..], _) if bytes.get(6..10) == Some(&[0; 4]) => return Some("image/bmp"),
        (b"OggS", _) => return Some(ogg(bytes)),
        (b"\x1a\x45\xdf\xa3", _) => return Some(matroska(bytes)),
        _ => (),
    }
    if let Some(b"ftyp" | b"styp" | b"moof" | b"moov" | b"sidx") = bytes.get(4..8) {
        return Some(iso_media(bytes));
    }
    // Transport streams repeat their mark every 188 bytes; one alone is the letter G.
    if bytes[0] == 0x47 && bytes.get(188) == Some(&0x47) {
        return Some("video/mp2t");
    }
    mpeg_audio(bytes)
}

/// ISO base media files tell their brand after `ftyp` (ISO/IEC 14496-12, section 4.3).
fn iso_media(bytes: &[u8]) -> &'static str {
    match bytes.get(8..12) {
        Some(b"qt  ") => "video/quicktime",
        Some(b"M4A " | b"M4B ") => "audio/mp4",
        Some(b"avif" | b"avis") => "image/avif",
        Some(b"heic" | b"heix" | b"mif1") => "image/heic",
        Some([b'3', b'g', ..]) => "video/3gpp",
        _ => "video/mp4",
    }
}

/// Matroska files tell their document type within the first element.
fn matroska(bytes: &[u8]) -> &'static str {
    let head = &bytes[..bytes.len().min(64)];
    if head.windows(4).any(|window| window == b"webm") { "video/webm" } else { "video/x-matroska" }
}

/// Ogg files tell their codec in the first page.
fn ogg(bytes: &[u8]) -> &'static str {
    let head = &bytes[..bytes.len().min(64)];
    let has = |mark: &[u8]| head.windows(mark.len()).any(|window| window == mark);
    if has(b"OpusHead") {
        "audio/opus"
    } else if has(b"theora") {
        "video/ogg"
    } else {
        "audio/ogg"
    }
}

/// A frame of MPEG audio begins with eleven set bits (ISO/IEC 11172-3, section 2.4.1.3); ADTS with twelve.
fn mpeg_audio(bytes: &[u8]) -> Option<&'static str> {
    let (first, second, third) = (*bytes.first()?, *bytes.get(1)?, *bytes.get(2)?);
    if first != 0xff {
        return None;
    }
    if second & 0xf6 == 0xf0 {
        return Some("audio/aac");
    }
    let (version, layer, bitrate) = ((second >> 3) & 3, (second >> 1) & 3, third >> 4);
    (second & 0xe0 == 0xe0 && version != 1 && layer == 1 && bitrate != 15).then_some("audio/mpeg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_those_of_the_type() {
        let check = |name, expected| assert_eq!(kind_of(name), expected, "{name}");
        check("video/mp4", Kind::Video);
        check("video/x-unheard-of", Kind::Video);
        check("audio/x-matroska", Kind::Audio);
        check("image/jxr", Kind::Image);
        check("application/pdf", Kind::Text);
        check("text/x-unheard-of", Kind::Text);
        check("application/x-executable", Kind::Other);
        check("", Kind::Other);
    }

    fn check(bytes: &[u8], expected: Option<&str>) {
        assert_eq!(by_first_bytes(bytes).map(|it| it.name), expected, "{bytes:?}");
    }

    #[test]
    fn first_bytes_tell_the_type() {
        check(b"\0\0\0\x20ftypisom\0\0\x02\0", Some("video/mp4"));
        check(b"\0\0\0\x14ftypqt  ", Some("video/quicktime"));
        check(b"\0\0\0\x1cftypavif", Some("image/avif"));
        check(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", Some("video/webm"));
        check(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", Some("video/x-matroska"));
        check(b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp"));
        check(b"OggS\0\x02\0\0\0\0\0\0\0\0\x01OpusHead", Some("audio/opus"));
        check(b"BM\x36\x10\0\0\0\0\0\0\x36\0", Some("image/bmp"));
        check(b"\xff\xfb\x90\x64", Some("audio/mpeg"));
        check(b"\xff\xf1\x50\x80", Some("audio/aac"));
        let mut stream = vec![0x47; 1];
        stream.resize(189, 0x47);
        check(&stream, Some("video/mp2t"));
    }

    #[test]
    fn what_tells_nothing_is_nothing() {
        for bytes in [
            b"".as_slice(),
            b"G",
            b"Good morning",
            b"BMW is a car",
            b"\xff",
            b"\xff\xff\xff\xff",
            b"\0\0\0\0",
            b"<html>",
        ] {
            check(bytes, None);
        }
    }

    #[test]
    fn a_medium_has_an_extension_of_media() {
        let check = |extension, kind, name, expected| {
            assert_eq!(may_have(extension, kind, name), expected, "{extension} {kind:?} {name:?}");
        };
        for extension in
            ["exe", "scr", "lnk", "hta", "html", "jar", "desktop", "app", "js", "zip", "pdf", "frog", ""]
        {
            check(extension, Kind::Video, None, false);
            check(extension, Kind::Other, Some("Audio/x-unheard-of"), false);
            check(extension, Kind::Text, Some("text/plain"), true);
        }
        check("mkv", Kind::Audio, Some("audio/ogg"), true);
        check("svg", Kind::Image, Some(SVG), true);
        check("svg", Kind::Image, Some("image/png"), false);
        check("svg", Kind::Video, None, false);
    }

    #[test]
    fn every_signature_leads_to_a_known_type_and_names_are_lower_case() {
        for it in TABLE {
            assert_eq!(it.name, it.name.to_ascii_lowercase());
            assert!(by_extension(it.extension).is_some() && by_name(it.name).is_some());
        }
    }
}
