//! What is made of media playlists.

use std::time::Duration;

use qetch_core::{Limits, Result, Url};

use crate::{
    Listing, Segment,
    hls::{self, Playlist},
};

fn read(text: &str, limits: &Limits) -> Result<Listing> {
    let url = Url::parse("https://h.example/a/l.m3u8?s3cret").unwrap();
    hls::read(&format!("#EXTM3U\n{text}"), &url, limits).map(|playlist| match playlist {
        Playlist::Media(listing) => listing,
        Playlist::Master(master) => panic!("{master:?}"),
    })
}

/// What a listing says of itself.
fn check_listing<T: PartialEq + std::fmt::Debug>(text: &str, what: impl Fn(&Listing) -> T, expected: &T) {
    assert_eq!(what(&read(text, &Limits::new()).unwrap()), *expected, "{text}");
}

/// What a listing says of each of its segments.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(text: &str, what: impl Fn(&Segment) -> T, expected: &[T]) {
    let listing = read(text, &Limits::new()).unwrap();
    assert_eq!(listing.segments.iter().map(what).collect::<Vec<_>>(), expected, "{text}");
}

#[track_caller]
fn check_fails(text: &str, code: &str, told: &str) {
    let error = read(text, &Limits::new()).unwrap_err();
    assert_eq!(error.code(), code, "{text}");
    assert!(error.to_string().contains(told) && !error.to_string().contains("s3cret"), "{error}");
}

/// The last part of a segment's address, and the part it belongs to; an initialisation is marked.
fn part(segment: &Segment) -> (String, u32) {
    let name = segment.url.path().rsplit('/').next().unwrap();
    (format!("{}{name}", if segment.initialises { "*" } else { "" }), segment.part)
}

#[track_caller]
fn check_parts(text: &str, expected: &[(&str, u32)]) {
    check(text, part, &expected.iter().map(|(name, part)| ((*name).to_owned(), *part)).collect::<Vec<_>>());
}

fn range(segment: &Segment) -> Option<(u64, u64)> {
    segment.range.map(|range| (range.start(), range.len()))
}

#[test]
fn segments_have_a_number_a_duration_and_a_start() {
    let text = "#EXT-X-TARGETDURATION:9.97\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:9.5,a, \"b\" c\na.ts\n#EXTINF: 3 \nb.ts?x=1\n";
    check(
        text,
        |it| (it.url.to_string(), it.sequence, it.duration, it.start),
        &[
            ("https://h.example/a/a.ts".to_owned(), 7, 9.5, 0.0),
            ("https://h.example/a/b.ts?x=1".to_owned(), 8, 3.0, 9.5),
        ],
    );
    check(text, |it| (it.part, it.stretch, it.initialises, it.is_gap), &[(0, 0, false, false); 2]);
}

#[test]
fn a_duration_that_is_none_is_nothing() {
    for wrong in ["", ",", "x", "-1", "NaN", "inf", "1e99", ":"] {
        check(
            &format!("#EXTINF:{wrong},t\na\n#EXTINF:2,\nb"),
            |it| (it.duration, it.start),
            &[(0.0, 0.0), (2.0, 0.0)],
        );
    }
    check("#EXTINF\na\nb\n", |it| it.duration, &[0.0, 0.0]);
    // What was told of one segment is not told of the next.
    check("#EXTINF:5,\n#EXT-X-GAP\na\nb\n", |it| (it.duration, it.is_gap), &[(5.0, true), (0.0, false)]);
}

#[test]
fn it_is_live_unless_it_says_that_it_is_whole() {
    let check = |text, expected| check_listing(text, |it| it.is_live, &expected);
    check("#EXTINF:1,\na", true);
    check("", true);
    check("#EXT-X-PLAYLIST-TYPE:EVENT\n#EXTINF:1,\na", true);
    check("#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:1,\na", false);
    check("#EXTINF:1,\na\n#EXT-X-ENDLIST", false);
    check("#EXT-X-ENDLIST\n#EXTINF:1,\na", false);
}

#[test]
fn a_live_one_says_when_to_read_it_again_and_where_to_begin() {
    let check = |text, refresh: Option<f64>, hold_back: Option<f64>| {
        let times = (refresh.map(Duration::from_secs_f64), hold_back.map(Duration::from_secs_f64));
        check_listing(text, |it| (it.refresh, it.hold_back), &times);
    };
    check("#EXT-X-TARGETDURATION:6", Some(6.0), Some(18.0));
    check(
        "#EXT-X-TARGETDURATION:9.97\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=12.5,PART-HOLD-BACK=1",
        Some(9.97),
        Some(12.5),
    );
    check("#EXT-X-TARGETDURATION:x\n#EXT-X-SERVER-CONTROL:HOLD-BACK=-1", None, None);
    check("#EXT-X-TARGETDURATION:0\n#EXT-X-SERVER-CONTROL:HOLD-BACK=1e300", None, None);
}

#[test]
fn numbers_follow_one_another_past_every_break() {
    check_listing(
        "#EXTINF:1,\na\n#EXT-X-DISCONTINUITY\n#EXTINF:1,\nb",
        |it| (it.is_numbered, it.stretches_restart, it.stands),
        &(true, false, None),
    );
}

#[test]
fn the_first_date_tells_when_it_begins() {
    let check = |text: &str, expected: Option<f64>| check_listing(text, |it| it.begins, &expected);
    let date = "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T01:00:07.250+01:00\n";
    check(&format!("{date}#EXTINF:4,\na\n"), Some(7.25));
    check(&format!("#EXTINF:4,\na\n{date}#EXTINF:4,\nb\n"), Some(3.25));
    let later = "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:10:00Z\n";
    check(&format!("{date}#EXTINF:4,\na\n{later}#EXTINF:4,\nb\n"), Some(7.25));
    for wrong in ["", "soon", "1969-01-01T00:00:00Z", "9999-01-01T00:00:00Z"] {
        check(&format!("#EXT-X-PROGRAM-DATE-TIME:{wrong}\n#EXTINF:4,\na\n"), None);
    }
}

#[test]
fn ranges_begin_where_they_say_or_where_the_last_one_ended() {
    check(
        "#EXT-X-BYTERANGE:10@5\n#EXTINF:1,\na\n#EXTINF:1,\n#EXT-X-BYTERANGE:20\na\n#EXT-X-BYTERANGE:1@0\nb\n#EXT-X-BYTERANGE:2\nb\nc\n",
        range,
        &[Some((5, 10)), Some((15, 20)), Some((0, 1)), Some((1, 2)), None],
    );
    let follows = "follows none of the same file";
    check_fails("#EXT-X-BYTERANGE:10\na\n", "bad_reply", follows);
    check_fails("#EXT-X-BYTERANGE:10@0\na\n#EXT-X-BYTERANGE:10\nb\n", "bad_reply", follows);
    check_fails("a\n#EXT-X-BYTERANGE:10\na\n", "bad_reply", follows);
    check_fails("#EXT-X-BYTERANGE:1@0\na\nb\n#EXT-X-BYTERANGE:10\na\n", "bad_reply", follows);
    // An initialisation in the same file is no segment that another follows.
    check_fails("#EXT-X-MAP:URI=\"a\",BYTERANGE=\"9@0\"\n#EXT-X-BYTERANGE:10\na\n", "bad_reply", follows);
    check_fails("#EXT-X-BYTERANGE:x\na\n", "bad_reply", "a byte range is none");
    check_fails("#EXT-X-BYTERANGE:0@1\na\n", "bad_reply", "empty or too large");
    let most = "#EXT-X-BYTERANGE:18446744073709551615@0\na\n";
    check(most, range, &[Some((0, u64::MAX))]);
    check_fails(&format!("{most}#EXT-X-BYTERANGE:1\na\n"), "bad_reply", "empty or too large");
}

#[test]
fn an_initialisation_stands_before_what_it_is_for() {
    let text =
        "#EXT-X-MEDIA-SEQUENCE:3\n#EXTINF:2,\na\n#EXT-X-MAP:URI=\"i?x\",BYTERANGE=\"7@9\"\n#EXTINF:2,\nb\n";
    check_parts(text, &[("a", 0), ("*i", 1), ("b", 1)]);
    check(text, |it| (it.sequence, it.duration, it.start), &[(3, 2.0, 0.0), (4, 0.0, 2.0), (4, 2.0, 2.0)]);
    check(text, range, &[None, Some((9, 7)), None]);
    check("#EXT-X-MAP:URI=\"i\",BYTERANGE=\"7\"\na\n", range, &[Some((0, 7)), None]);
    check_fails("#EXT-X-MAP:URI=\"i\",BYTERANGE=\"\\\"\"\na\n", "bad_reply", "the byte range of an");
    check_fails("#EXT-X-MAP:BYTERANGE=\"7@0\"\na\n", "bad_reply", "no address");
    check_parts("a\n#EXT-X-MAP:URI=\"i\"\n", &[("a", 0)]);
}

#[test]
fn another_initialisation_begins_a_part_and_the_same_one_does_not() {
    let (i, j) = ("#EXT-X-MAP:URI=\"i\"\n", "#EXT-X-MAP:URI=\"j\"\n");
    check_parts(&format!("{i}a\n{i}b\n"), &[("*i", 0), ("a", 0), ("b", 0)]);
    check_parts(
        &format!("{i}a\n{j}b\n{i}c\n"),
        &[("*i", 0), ("a", 0), ("*j", 1), ("b", 1), ("*i", 2), ("c", 2)],
    );
    check_parts(&format!("{i}{j}a\n"), &[("*j", 0), ("a", 0)]);
    let ranged = "#EXT-X-MAP:URI=\"i\",BYTERANGE=\"7@0\"\n";
    check_parts(&format!("{i}a\n{ranged}b\n"), &[("*i", 0), ("a", 0), ("*i", 1), ("b", 1)]);
    let key = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x1\n";
    check_parts(&format!("{i}a\n{key}{i}b\n{i}c\n"), &[("*i", 0), ("a", 0), ("*i", 1), ("b", 1), ("c", 1)]);
    // A key alone changes no initialisation.
    check_parts(&format!("{i}a\n{key}b\n"), &[("*i", 0), ("a", 0), ("b", 0)]);
}

#[test]
fn a_break_of_the_timeline_begins_a_part_with_its_initialisation() {
    let (i, cut) = ("#EXT-X-MAP:URI=\"i\"\n", "#EXT-X-DISCONTINUITY\n");
    check_parts(&format!("a\n{cut}b\n"), &[("a", 0), ("b", 1)]);
    check_parts(&format!("{cut}a\nb\n"), &[("a", 0), ("b", 0)]);
    check_parts(&format!("a\n{cut}{cut}b\n"), &[("a", 0), ("b", 1)]);
    check_parts(&format!("a\n{cut}"), &[("a", 0)]);
    let again = [("*i", 0), ("a", 0), ("*i", 1), ("b", 1)];
    check_parts(&format!("{i}a\n{cut}{i}b\n"), &again);
    check_parts(&format!("{i}a\n{cut}b\n"), &again);
    check_parts(&format!("{i}a\n{i}{cut}b\n"), &again);
    check_parts(&format!("a\n{cut}{i}b\n"), &[("a", 0), ("*i", 1), ("b", 1)]);
}

#[test]
fn stretches_are_counted_from_where_the_playlist_says() {
    let check = |text: &str, expected: &[u64]| check(text, |it| it.stretch, expected);
    check("a\n#EXT-X-DISCONTINUITY\nb\n", &[0, 1]);
    check("#EXT-X-DISCONTINUITY-SEQUENCE:5\na\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"i\"\nb\n", &[5, 6, 6]);
    check("#EXT-X-DISCONTINUITY-SEQUENCE:5\n#EXT-X-DISCONTINUITY\na\n", &[6]);
    check("#EXT-X-DISCONTINUITY-SEQUENCE:18446744073709551615\na\n#EXT-X-DISCONTINUITY\nb\n", &[u64::MAX; 2]);
}

/// The file of the key and the vector, of each segment.
fn key(segment: &Segment) -> Option<(String, u128)> {
    let key = segment.key.as_ref()?;
    Some((key.url.path().rsplit('/').next().unwrap().to_owned(), u128::from_be_bytes(key.iv)))
}

#[track_caller]
fn check_keys(text: &str, expected: &[Option<(&str, u128)>]) {
    let expected: Vec<_> = expected.iter().map(|key| key.map(|(name, iv)| (name.to_owned(), iv))).collect();
    check(text, key, &expected);
}

#[test]
fn keys_are_in_force_until_the_next() {
    let key = |name: &str| format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{name}\"\n");
    let (k, l, none) = (key("k"), key("l"), "#EXT-X-KEY:METHOD=NONE\n");
    check_keys(
        &format!("#EXT-X-MEDIA-SEQUENCE:256\na\n{k}b\nc\n{l}d\n{none}e\n"),
        &[None, Some(("k", 257)), Some(("k", 258)), Some(("l", 259)), None],
    );
    let told = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x0a\n";
    check_keys(&format!("{told}a\nb\n"), &[Some(("k", 10)), Some(("k", 10))]);
}

#[test]
fn an_initialisation_has_the_key_before_it() {
    let (map, told) = ("#EXT-X-MAP:URI=\"i\"\n", "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x5\n");
    check_keys(&format!("{told}{map}a\n"), &[Some(("k", 5)), Some(("k", 5))]);
    check_keys(&format!("{map}{told}a\n"), &[None, Some(("k", 5))]);
    let untold = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n";
    check_keys(&format!("{map}{untold}a\n"), &[None, Some(("k", 0))]);
    check_fails(&format!("{untold}{map}a\n"), "bad_reply", "no initialisation vector");
    check_keys(&format!("{untold}{map}"), &[]);
}

#[test]
fn drm_is_an_error_once_a_segment_needs_it() {
    let widevine = "#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI=\"data:,x\",KEYFORMAT=\"urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed\"\n";
    check_fails(&format!("a\n{widevine}b\n"), "drm", "(Widevine)");
    check_fails(&format!("{widevine}#EXT-X-MAP:URI=\"i\"\nb\n"), "drm", "(Widevine)");
    check_fails("#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\"\na\n", "drm", "(SAMPLE-AES)");
    check_parts(&format!("a\n{widevine}"), &[("a", 0)]);
    check_parts(&format!("{widevine}#EXT-X-KEY:METHOD=NONE\na\n"), &[("a", 0)]);
    check_keys(&format!("{widevine}#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\na\n"), &[Some(("k", 0))]);
}

#[test]
fn what_is_only_for_players_says_nothing() {
    let text = "#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-START:TIME-OFFSET=2\n#EXT-X-PART-INF:PART-TARGET=1\n\
                #EXT-X-PROGRAM-DATE-TIME:2020-01-02T03:04:05Z\n#EXT-X-DATERANGE:ID=\"x\",X-URI=\"{$\"\n#EXTINF:1,\na\n\
                #EXT-X-PART:DURATION=1,URI=\"p\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"q\"\n#EXT-X-RENDITION-REPORT:URI=\"r\"\n\
                #EXT-OF-TOMORROW:x\n# a comment\n#\n";
    check_parts(text, &[("a", 0)]);
}

#[test]
fn updates_and_what_is_two_things_at_once_are_refused() {
    check_fails("#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXTINF:1,\na\n", "bad_reply", "update");
    check_fails("#EXTINF:1,\na\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv\n", "bad_reply", "at once");
}

#[test]
fn numbers_that_would_spoil_vectors_are_refused() {
    check_fails("#EXT-X-MEDIA-SEQUENCE:x\na\n", "bad_reply", "is none");
    check_fails("#EXT-X-MEDIA-SEQUENCE:18446744073709551616\na\n", "bad_reply", "is none");
    check_fails("a\n#EXT-X-MEDIA-SEQUENCE:1\n", "bad_reply", "behind it");
    check_fails("#EXT-X-MEDIA-SEQUENCE:18446744073709551615\na\nb\n", "bad_reply", "too large");
    check_fails("#EXT-X-DISCONTINUITY-SEQUENCE:-1\na\n", "bad_reply", "is none");
}

#[test]
fn links_may_have_any_scheme_and_who_asks_judges() {
    check(
        "#EXT-X-KEY:METHOD=AES-128,URI=\"data:,k\",IV=0x1\n#EXT-X-MAP:URI=\"file:///i\"\nftp://i.example/a\n//i.example/b",
        |it| it.url.to_string(),
        &["file:///i", "ftp://i.example/a", "https://i.example/b"].map(str::to_owned),
    );
    check_fails("http://[::1/a\n", "bad_reply", "a link is none");
}

#[test]
fn segments_have_a_limit_that_initialisations_count_for() {
    let check = |text: &str, limit, expected: Option<usize>| {
        let listing = read(text, &Limits::new().segments(limit));
        assert!(
            listing.as_ref().is_ok() || listing.as_ref().is_err_and(|error| error.code() == "over_limit")
        );
        assert_eq!(listing.ok().map(|listing| listing.segments.len()), expected, "{text}");
    };
    check("a\nb\nc\n", 3, Some(3));
    check("a\nb\nc\n", 2, None);
    check("#EXT-X-MAP:URI=\"i\"\na\nb\n", 2, None);
    check("#EXT-X-ENDLIST\n", 0, Some(0));
}

#[test]
fn a_long_link_that_every_segment_repeats_ends_at_a_limit() {
    let key = format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{}\"\n", "k".repeat(100_000));
    check_fails(&format!("{key}{}", "a\n".repeat(2_000)), "over_limit", "all links");
}
