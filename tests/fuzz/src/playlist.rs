//! Playlists, which tell where hundreds of requests go.

use std::collections::BTreeSet;

use qetch_core::{Limits, Url};
use qetch_manifest::{
    Listing,
    hls::{self, Master, Playlist},
};

/// Few, so that what is kept comes to the limit.
const MOST: usize = 20;

/// Errors that a playlist may come to.
const ERRORS: [&str; 3] = ["bad_reply", "drm", "over_limit"];

/// A playlist is what it says, the same each time, or a typed error. The input is its text.
pub fn hls(data: &[u8]) {
    let url = Url::parse("https://site.example/a/index.m3u8?token=s3cret").unwrap();
    let (text, limits) = (String::from_utf8_lossy(data), Limits::new().segments(MOST));
    let found = match hls::read(&text, &url, &limits) {
        Ok(found) => found,
        Err(error) => {
            assert!(ERRORS.contains(&error.code()), "{}: {error}", error.code());
            assert!(!error.to_string().contains("token=s3cret"), "{error}");
            assert_eq!(hls::read(&text, &url, &limits).unwrap_err().to_string(), error.to_string());
            return;
        }
    };
    assert!(text.contains("#EXTM3U"));
    // Times are never out of number, so that what is equal compares so.
    assert_eq!(hls::read(&text, &url, &limits).unwrap(), found);
    assert!(!format!("{found:?}").contains("token="), "{found:?}");
    let again = hls::read_media(&text, &url, &Master::default(), &limits);
    match found {
        Playlist::Master(master) => {
            assert_eq!(again.unwrap_err().code(), "bad_reply");
            renditions(&master);
        }
        Playlist::Media(listing) => {
            assert_eq!(again.unwrap(), listing);
            segments(&listing);
        }
        other => panic!("{other:?}"),
    }
}

fn renditions(master: &Master) {
    let all = &master.renditions;
    assert!(all.len() <= MOST);
    let ids: BTreeSet<_> = all.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "ids are not unique");
    for rendition in all {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        assert!(!rendition.id.is_empty() && rendition.id.bytes().all(is_plain), "{:?}", rendition.id);
        assert!(master.url(&rendition.id).is_some());
        assert!(rendition.fps.is_none_or(|fps| fps.is_finite() && fps > 0.0));
        assert_ne!((rendition.width, rendition.height), (Some(0), Some(0)));
        let is_there = |group: &String| all.iter().any(|it| it.group.as_ref() == Some(group));
        assert!(rendition.sound.as_ref().is_none_or(is_there), "{:?}", rendition.sound);
    }
}

fn segments(listing: &Listing) {
    let all = &listing.segments;
    assert!(all.len() <= MOST && listing.seconds().is_finite());
    assert!(listing.refresh.is_none_or(|time| !time.is_zero()));
    assert!(all.first().is_none_or(|it| it.part == 0) && all.last().is_none_or(|it| !it.initialises));
    for segment in all {
        assert!(segment.duration >= 0.0 && segment.start.is_finite());
        assert!(!segment.initialises || segment.duration == 0.0);
        let range = segment.range.map(|range| range.offsets());
        assert!(range.is_none_or(|range| range.start < range.end));
    }
    for pair in all.windows(2) {
        let [one, next] = pair else { unreachable!() };
        assert_eq!(next.sequence, one.sequence + u64::from(!one.initialises));
        assert!(next.start >= one.start && next.stretch >= one.stretch);
        // A part begins with its initialisation, where it has one.
        assert!(next.part == one.part || next.part == one.part + 1 && !one.initialises);
        assert!(!next.initialises || next.part > one.part);
    }
}
