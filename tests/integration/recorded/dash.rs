//! Manifests that real sites and test suites gave. The numbers were counted in the files, not by what is tested.

use qetch::{Limits, Timestamp, Url};
use qetch_manifest::dash;

use super::fixture;

/// When they are read: it matters to the one that is live.
const NOW: &str = "2026-01-01T00:00:00Z";

/// What a manifest has: each rendition with the number of its segments, initialisations among them, or why it is refused.
type Expected = Result<&'static [(&'static str, usize)], &'static str>;

#[track_caller]
fn check(file: &str, expected: Expected) {
    let url = Url::parse("https://h.example/a/m.mpd").unwrap();
    let manifest = dash::read(&fixture(&format!("dash/{file}")), &url);
    let found = manifest.map(|manifest| {
        let now: Timestamp = NOW.parse().unwrap();
        let count = |id: &str| manifest.listing(id, now, &Limits::new()).unwrap().segments.len();
        manifest.renditions.iter().map(|it| (it.id.clone(), count(&it.id))).collect::<Vec<_>>()
    });
    let found =
        found.as_ref().map(|found| found.iter().map(|(id, count)| (id.as_str(), *count)).collect::<Vec<_>>());
    assert_eq!(found.as_deref().map_err(|error| error.code()), expected, "{file}");
}

#[test]
fn templates_with_numbers() {
    // 6014 s of 2 s each. One audio has the id of a video.
    check(
        "ytdlp_float_duration.mpd",
        Ok(&[
            ("audio-61587", 3008),
            ("video-192p-318597", 3008),
            ("638590", 3008),
            ("1022565", 3008),
            ("2046506", 3008),
            ("3998017", 3008),
            ("5997485", 3008),
        ]),
    );
}

#[test]
fn templates_with_times() {
    check(
        "ytdlp_subtitles.mpd",
        Ok(&[
            ("audio=128001", 446),
            ("textstream_eng=1000", 12),
            ("video=100000", 445),
            ("video=326000", 445),
            ("video=698000", 445),
            ("video=1493000", 445),
            ("video=4482000", 445),
        ]),
    );
}

#[test]
fn lists() {
    check(
        "ytdlp_urls_only.mpd",
        Ok(&[
            ("h264_aac_144p_m4s", 26),
            ("h264_aac_240p_m4s", 26),
            ("h264_aac_360p_m4s", 26),
            ("h264_aac_480p_m4s", 26),
            ("h264_aac_576p_m4s", 26),
            ("h264_aac_720p_m4s", 26),
            ("h264_aac_1080p_m4s", 26),
        ]),
    );
    // Two videos have one id, and differ in nothing but their media type.
    check(
        "multiple_supplementals.mpd",
        Ok(&[
            ("audio_1", 2),
            ("video-720p-4172274-video-mp4-avc1.640028", 2),
            ("video-720p-4172274-video-hevc-avc1.640028", 2),
        ]),
    );
}

#[test]
fn whole_files() {
    check("ytdlp_supplemental_codecs.mpd", Ok(&[("VIDEO-1", 1), ("VIDEO-2", 1), ("AUDIO-1", 1)]));
}

#[test]
fn several_periods() {
    // Three periods of 5 segments, under other ids in each.
    check("ad-insertion-testcase1.mpd", Ok(&[("1", 18), ("4", 18)]));
    // 45, 30 and 49 segments. The second period alone has v2 and v3, and calls the sound a4.
    check(
        "dash-testcases-5b-1-thomson.mpd",
        Ok(&[("v0", 127), ("v1", 127), ("a2", 127), ("v2", 127), ("v3", 127)]),
    );
}

#[test]
fn a_live_one() {
    // 8 s each, and a minute stays: seven whole ones and one in part.
    check("dashif-low-latency.mpd", Ok(&[("A48", 9), ("V300", 9)]));
}

#[test]
fn protected_ones() {
    for file in ["a2d-tv.mpd", "jurassic-compact-5975.mpd", "manifest_wvcenc_1080p.mpd"] {
        check(file, Err("drm"));
    }
}
