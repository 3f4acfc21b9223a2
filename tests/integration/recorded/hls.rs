//! Playlists of other projects' tests, each with what was counted in it by hand.

use std::{collections::BTreeSet, fs, path::Path};

use qetch::{Limits, Url};
use qetch_manifest::{
    Listing,
    hls::{self, Master, Playlist},
};

/// How many renditions or segments a playlist lists.
#[derive(Debug, PartialEq)]
enum Lists {
    Renditions(usize),
    Segments(usize),
}

use Lists::{Renditions, Segments};

/// Every file of the folder.
const FILES: [(&str, Lists); 17] = [
    ("master-playlist-with-blankline.m3u8", Renditions(4)),
    // Six variants, one of two sounds, and four languages of subtitles, each whole and forced.
    ("master-with-alternatives-2.m3u8", Renditions(6 + 1 + 8)),
    // Three views of the field at three rates, beside the variants.
    ("master-with-alternatives.m3u8", Renditions(4 + 9)),
    ("master-with-i-frame-stream-inf.m3u8", Renditions(4)),
    ("master-with-multiple-codecs.m3u8", Renditions(5)),
    ("master-with-offset.m3u8", Renditions(7)),
    ("master.m3u8", Renditions(5)),
    // Links behind tags that have one of their own are none of a variant.
    ("masterplaylist.m3u8", Renditions(3 + 1)),
    ("media-playlist-with-byterange.m3u8", Segments(3)),
    ("media-playlist-with-cues-1.m3u8", Segments(8)),
    ("media-playlist-with-cues.m3u8", Segments(9)),
    ("media-playlist-with-discontinuity.m3u8", Segments(4)),
    ("media-playlist-with-scte35.m3u8", Segments(3)),
    ("media-playlist-without-segments.m3u8", Segments(0)),
    ("media-playlist-zero-decimal.m3u8", Segments(8)),
    ("mediaplaylist.m3u8", Segments(15)),
    // Eight pictures with three sounds each, these three, and subtitles.
    ("ytdlp_img_bipbop_adv_example_fmp4.m3u8", Renditions(24 + 3 + 1)),
];

fn read(name: &str) -> Playlist {
    let url = Url::parse("https://site.example/a/").unwrap().join(name).unwrap();
    hls::read(&super::fixture(&format!("hls/{name}")), &url, &Limits::new()).unwrap()
}

fn listing(name: &str) -> Listing {
    let Playlist::Media(listing) = read(name) else { panic!("{name} is a master") };
    listing
}

fn master(name: &str) -> Master {
    let Playlist::Master(master) = read(name) else { panic!("{name} is none") };
    master
}

#[test]
fn every_playlist_lists_what_was_counted() {
    let folder = Path::new(env!("QETCH_FIXTURES")).join("hls");
    let there = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let known: BTreeSet<_> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(there.collect::<BTreeSet<_>>(), known);
    for (name, expected) in &FILES {
        let lists = match read(name) {
            Playlist::Master(master) => Renditions(master.renditions.len()),
            Playlist::Media(listing) => Segments(listing.segments.len()),
            other => panic!("{other:?}"),
        };
        assert_eq!(lists, *expected, "{name}");
    }
}

#[test]
fn a_range_without_an_offset_follows_the_one_before() {
    let ranges: Vec<_> = listing("media-playlist-with-byterange.m3u8")
        .segments
        .iter()
        .map(|it| it.range.map(|range| (range.start(), range.len())))
        .collect();
    assert_eq!(ranges, [Some((0, 75_232)), Some((752_321, 82_112)), Some((834_433, 69_864))]);
}

#[test]
fn a_live_playlist_numbers_its_segments_and_tells_its_vector() {
    let listing = listing("mediaplaylist.m3u8");
    let numbers: Vec<_> = listing.segments.iter().map(|it| it.sequence).collect();
    assert_eq!(numbers, (338_559..338_574).collect::<Vec<_>>());
    let key = listing.segments[14].key.as_ref().unwrap();
    assert_eq!(key.url.as_str(), "https://secure.domain.com/");
    assert_eq!(key.iv, 0x00b0_5921_7aa2_649c_e170_b734_u128.to_be_bytes());
    assert!(listing.is_live && (listing.seconds() - 15.0 * 2.002).abs() < 1e-9);
    assert_eq!(listing.refresh.unwrap().as_secs(), 3);
}

#[test]
fn a_break_begins_a_part() {
    let listing = listing("media-playlist-with-discontinuity.m3u8");
    let parts: Vec<_> = listing.segments.iter().map(|it| (it.part, it.stretch, it.start)).collect();
    assert_eq!(parts, [(0, 0, 0.0), (0, 0, 10.0), (1, 1, 18.0), (1, 1, 28.0)]);
}

#[test]
fn cues_and_titles_are_no_segments() {
    let cues = listing("media-playlist-with-cues.m3u8");
    assert!(cues.is_live && cues.seconds() == 63.0);
    assert_eq!(cues.segments[8].url.as_str(), "http://media.example.com/fileSequence7804.ts");
    let whole = listing("media-playlist-zero-decimal.m3u8");
    assert!(!whole.is_live && whole.seconds() == 77.0);
}

#[test]
fn videos_with_three_sounds_name_theirs() {
    let master = master("ytdlp_img_bipbop_adv_example_fmp4.m3u8");
    let best = master.renditions.iter().find(|it| it.id == "1080p-8001098").unwrap();
    assert_eq!((best.width, best.height, best.fps), (Some(1920), Some(1080), Some(60.0)));
    assert_eq!((best.bitrate, best.codecs.as_deref()), (Some(7_968_416), Some("avc1.64002a,mp4a.40.2")));
    assert_eq!(
        (best.sound.as_deref(), best.captions.as_deref()),
        (Some("audio:aud1"), Some("subtitles:sub1"))
    );
    assert_eq!(master.url(&best.id).unwrap().as_str(), "https://site.example/a/v9/prog_index.m3u8");
    let groups: Vec<_> = master.renditions[24..].iter().map(|it| it.group.as_deref().unwrap()).collect();
    assert_eq!(groups, ["audio:aud1", "audio:aud2", "audio:aud3", "subtitles:sub1"]);
    assert!(master.renditions[24..].iter().all(|it| it.is_default));
}

#[test]
fn videos_with_sound_inside_name_none() {
    let master = master("master-with-alternatives-2.m3u8");
    assert!(master.renditions.iter().all(|it| it.sound.is_none()));
    let ids: Vec<_> = master.renditions[5..8].iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["41457", "audio-bipbop_audio-eng-bipbop-audio-2", "subtitles-subs-en-english"]);
}
