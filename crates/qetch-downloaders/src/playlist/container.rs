//! What the file of a rendition is, as far as its list of segments tells.

use qetch_core::{Kind, media_type};
use qetch_manifest::Listing;

/// The extension of the file that the segments make. What has an initialisation is MP4; else their names tell.
pub(super) fn extension(listing: &Listing, kind: Kind) -> Option<&'static str> {
    let mp4 = match kind {
        Kind::Audio => "m4a",
        _ => "mp4",
    };
    if listing.segments.iter().any(|segment| segment.initialises) {
        return Some(mp4);
    }
    let first = listing.segments.first()?;
    let name = first.url.path_segments()?.next_back()?;
    let (_, extension) = name.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "m4s" | "cmfv" | "cmfa" | "m4v" | "m4f" => Some(mp4),
        extension => {
            let known = media_type::by_extension(extension)?;
            // Some hosts call their segments pictures.
            let is_of_kind = known.kind == kind || (kind, known.kind) == (Kind::Audio, Kind::Video);
            is_of_kind.then_some(known.extension)
        }
    }
}

#[cfg(test)]
mod tests {
    use qetch_core::Url;
    use qetch_manifest::Segment;

    use super::*;

    #[test]
    fn segments_tell_what_they_make() {
        let check = |name: &str, kind, initialises, expected| {
            let url = Url::parse("https://h.example/a.b/").unwrap().join(name).unwrap();
            let mut segment = Segment::new(url, 0);
            segment.initialises = initialises;
            let mut listing = Listing::default();
            listing.segments.push(segment);
            assert_eq!(extension(&listing, kind), expected, "{name}");
        };
        check("1.ts?x=.mp4", Kind::Video, false, Some("ts"));
        check("1.AAC", Kind::Audio, false, Some("aac"));
        check("init", Kind::Video, true, Some("mp4"));
        check("init.mp4", Kind::Audio, true, Some("m4a"));
        check("1.m4s", Kind::Video, false, Some("mp4"));
        check("1.vtt", Kind::Text, false, Some("vtt"));
        check("1.jpg", Kind::Video, false, None);
        check("1.exe", Kind::Video, false, None);
        check("1", Kind::Video, false, None);
    }
}
