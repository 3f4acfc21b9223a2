//! Listing: the segments of a long rendition, from the text of its manifest.

use std::{fmt::Write as _, hint::black_box};

use qetch_core::{Limits, Timestamp, Url};
use qetch_manifest::{Listing, dash, hls};

use crate::{Round, Work};

pub(crate) const WORKS: &[Work] = &[
    Work::new("listing/HLS, 100000 segments", "playlist", hls),
    Work::new("listing/HLS, 100000 keys and ranges", "playlist", hls_of_ranges),
    Work::new("listing/DASH, 100000 entries of a timeline", "manifest", dash),
];

const SEGMENTS: u64 = 100_000;

/// A playlist as a packager writes it, with a date now and then.
fn hls() -> Round {
    let mut text = head();
    for number in 0..SEGMENTS {
        if number % 100 == 0 {
            text.push_str("#EXT-X-PROGRAM-DATE-TIME:2015-10-21T07:28:00.000Z\n");
        }
        _ = writeln!(text, "#EXTINF:6.00600,\nseg-{number:06}-v1-a1.ts?token=0123456789abcdef");
    }
    read_as_hls(text)
}

/// Ranges of one resource, each with a key of its own.
fn hls_of_ranges() -> Round {
    let mut text = head();
    for number in 0..SEGMENTS {
        _ = writeln!(text, "#EXT-X-KEY:METHOD=AES-128,URI=\"key-{number}\"");
        _ = writeln!(text, "#EXTINF:6.006,\n#EXT-X-BYTERANGE:65536@{}\nall.ts", number << 16);
    }
    read_as_hls(text)
}

fn head() -> String {
    "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:7\n#EXT-X-PLAYLIST-TYPE:VOD\n".to_owned()
}

fn read_as_hls(mut text: String) -> Round {
    text.push_str("#EXT-X-ENDLIST\n");
    let url = url("list.m3u8");
    Box::new(move || match hls::read(black_box(&text), &url, &Limits::new()).unwrap() {
        hls::Playlist::Media(listing) => listed(&listing, SEGMENTS),
        _ => 0,
    })
}

/// A timeline in which no segment is as long as the one before it.
fn dash() -> Round {
    let mut text =
        "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static' mediaPresentationDuration='PT600000S'>\
                    <Period><AdaptationSet mimeType='video/mp4' codecs='avc1.64001f'>\
                    <SegmentTemplate timescale='90000' initialization='init.mp4' media='$Time$.m4s'>\
                    <SegmentTimeline>"
            .to_owned();
    for number in 0..SEGMENTS {
        _ = write!(text, "<S d='{}'/>", 540_000 + number % 2);
    }
    text.push_str(
        "</SegmentTimeline></SegmentTemplate><Representation id='a' bandwidth='1000000' width='640' height='360'/>\
         </AdaptationSet></Period></MPD>",
    );
    let url = url("manifest.mpd");
    Box::new(move || {
        let manifest = dash::read(black_box(&text), &url).unwrap();
        let rendition = &manifest.renditions[0].id;
        let listing =
            manifest.listing(rendition, Timestamp::now(), &Limits::new().segments(SEGMENTS as usize + 1));
        listed(&listing.unwrap(), SEGMENTS + 1)
    })
}

fn url(name: &str) -> Url {
    format!("https://cdn.example/a/{name}?sig=0123456789abcdef").parse().unwrap()
}

/// One manifest that lists so many segments.
fn listed(listing: &Listing, segments: u64) -> u64 {
    assert_eq!(listing.segments.len() as u64, segments);
    1
}
