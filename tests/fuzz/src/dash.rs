//! Manifests of DASH: what a server sends to say where thousands of requests go.

use std::collections::HashSet;

use qetch_core::{Kind, Limits, Timestamp, Url};
use qetch_manifest::{Listing, dash as reader};

/// How many segments a rendition may have here.
const MOST: usize = 500;

/// When listings are asked for: in 1970, and now for those who wrote the corpus.
const TIMES: [i64; 2] = [100, 1_767_225_600];

/// Renditions are told apart by their ids; their segments are no more than the limit, in order of their time, and each part
/// goes on from the one before; what is wrong is told as what it is. The input is a manifest.
pub fn dash(data: &[u8]) {
    let url = Url::parse("https://h.example/a/m.mpd").unwrap();
    let text = String::from_utf8_lossy(data);
    let manifest = match reader::read(&text, &url) {
        Ok(manifest) => manifest,
        Err(error) => return assert!(matches!(error.code(), "bad_reply" | "over_limit" | "drm"), "{error}"),
    };
    assert_eq!(reader::read(&text, &url).unwrap(), manifest);
    let ids: HashSet<_> = manifest.renditions.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids.len(), manifest.renditions.len());
    assert!(!ids.contains(""));
    for rendition in &manifest.renditions {
        assert!(matches!(rendition.kind, Kind::Video | Kind::Audio | Kind::Text));
        let has_sound =
            manifest.renditions.iter().any(|it| it.group.is_some() && it.group == rendition.sound);
        assert!(rendition.sound.is_none() || has_sound);
        for time in TIMES {
            let now = Timestamp::from_unix(time).unwrap();
            match manifest.listing(&rendition.id, now, &Limits::new().segments(MOST)) {
                Ok(listing) => holds(&listing, manifest.is_live),
                Err(error) => {
                    assert!(
                        matches!(error.code(), "bad_reply" | "over_limit" | "drm" | "unsupported"),
                        "{error}"
                    );
                }
            }
        }
    }
}

fn holds(listing: &Listing, may_be_live: bool) {
    let segments = &listing.segments;
    assert!(segments.len() <= MOST);
    assert!(!listing.is_live || (may_be_live && listing.refresh.is_some_and(|it| !it.is_zero())));
    assert!(listing.is_live || !segments.is_empty());
    assert!(segments.first().is_none_or(|it| it.part == 0));
    assert!(segments.last().is_none_or(|it| !it.initialises));
    for segment in segments {
        assert!(segment.start.is_finite() && segment.start >= 0.0);
        assert!(segment.duration.is_finite() && segment.duration >= 0.0);
    }
    for pair in segments.windows(2) {
        let [one, next] = pair else { continue };
        assert!(one.start <= next.start, "{one:?} {next:?}");
        assert!(next.part == one.part || next.part == one.part + 1);
        assert_eq!(one.part == next.part, one.stretch == next.stretch);
        // An initialisation begins a part, and has the number of what it initialises.
        assert!(!next.initialises || next.part != one.part);
        assert!(!one.initialises || next.part == one.part);
    }
}
