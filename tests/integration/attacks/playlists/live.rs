//! Live playlists that never come to rest.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use qetch::{Content, Delivery, DownloadOptions, Error, Report, Result, Stop};
use qetch_testkit::{Behaviour, Origin, Resource, When};
use qetch_tests::{Folder, stage::Stage};
use wiremock::ResponseTemplate;

use super::{TS, anywhere, downloaded, hls, mpd, once, playlist};

/// The most requests for a playlist in a second and a half: four a second, the first one at once, and one more for those
/// whose clock is slow.
const MOST_READINGS: usize = 8;

/// Records `content` for a second and a half.
async fn recorded(content: &Content, folder: &Folder, options: DownloadOptions) -> Result<Report> {
    let (stop, qetch) = (Stop::new(), anywhere().build());
    let options = options.with_stop(stop.clone());
    let done = downloaded(&qetch, content, folder, &options);
    let asking = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        stop.ask();
    };
    let both = async { tokio::join!(done, asking).0 };
    tokio::time::timeout(Duration::from_secs(30), both).await.expect("it does not end")
}

/// A stage whose `/live` is made anew with each reading, by its number.
async fn stage(make: impl Fn(u64) -> String + Send + Sync + 'static) -> Stage {
    let (stage, readings) = (Stage::start().await, AtomicU64::new(0));
    stage.put("0.ts", TS);
    stage.act("live", move |_| {
        ResponseTemplate::new(200).set_body_string(make(readings.fetch_add(1, Ordering::SeqCst)))
    });
    stage
}

async fn readings(stage: &Stage) -> usize {
    stage.asked().await.iter().filter(|path| *path == "/live").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_duration_of_nothing_is_read_no_more_often_than_four_times_a_second() {
    for target in ["0", "-1", "0.000001", "NaN", "1e-300"] {
        let stage = stage(move |number| {
            format!(
                "#EXTM3U\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:{number}\n#EXTINF:0,\n0.ts\n"
            )
        })
        .await;
        let folder = Folder::new();
        recorded(&hls(&stage.link("live"), ""), &folder, once()).await.unwrap();
        assert!(readings(&stage).await <= MOST_READINGS, "{target}: {}", readings(&stage).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_duration_past_all_time_is_no_overflow() {
    for target in ["1e300", "18446744073709551616", "inf", "9999999999"] {
        let stage =
            stage(move |_| format!("#EXTM3U\n#EXT-X-TARGETDURATION:{target}\n#EXTINF:1e300,\n0.ts\n")).await;
        let folder = Folder::new();
        let report = recorded(&hls(&stage.link("live"), ""), &folder, once()).await.unwrap();
        assert_eq!((report.bytes, readings(&stage).await), (TS.len() as u64, 1), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_ever_new_segments_is_recorded_and_read_no_more_often() {
    let stage = stage(|number| {
        let segments = "#EXTINF:0.01,\n0.ts\n".repeat(20);
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:0.1\n#EXT-X-MEDIA-SEQUENCE:{}\n{segments}", number * 20)
    })
    .await;
    let folder = Folder::new();
    let report = recorded(&hls(&stage.link("live"), ""), &folder, once()).await.unwrap();
    let readings = readings(&stage).await;
    assert!((2..=MOST_READINGS).contains(&readings), "{readings}");
    assert!(report.bytes <= readings as u64 * 20 * TS.len() as u64 && report.gaps.is_empty(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_jump_are_told_as_gaps_within_bounds() {
    let stage = stage(|number| {
        let long = "x".repeat(10_000);
        let first = number << 60;
        format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:0.3\n#EXT-X-MEDIA-SEQUENCE:{first}\n#EXTINF:0.3,\n0.ts?{long}\n"
        )
    })
    .await;
    let (folder, begun) = (Folder::new(), Instant::now());
    let report = recorded(&hls(&stage.link("live"), ""), &folder, once()).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(report.gaps.len() <= 1000 * MOST_READINGS, "{}", report.gaps.len());
    assert_eq!(report.bytes % TS.len() as u64, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_redirected_in_a_circle_ends() {
    let origin = Origin::start().await.unwrap();
    let circle = |to: &str| Box::new(Resource::redirect(to));
    let away = Behaviour::Becomes { when: When::Bodies(1), resource: circle("/circle") };
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:0.3\n#EXTINF:0.3,\n0.ts\n";
    origin.serve("/live", playlist(list.to_owned()).with_behaviour(away));
    origin.serve("/circle", Resource::redirect("/live")).serve("/0.ts", Resource::new(&TS[..]));
    let error = recorded(&hls(&origin.url("/live"), ""), &Folder::new(), once()).await.unwrap_err();
    assert!(matches!(error, Error::OverLimit { .. }), "{error}");
    assert!(origin.requests().len() < 30, "{}", origin.requests().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_that_lead_to_one_another_are_read_no_more_often() {
    let origin = Origin::start().await.unwrap();
    let live =
        "type=\"dynamic\" availabilityStartTime=\"2020-01-01T00:00:00Z\" minimumUpdatePeriod=\"PT0.001S\"";
    let set = "<SegmentTemplate duration=\"1\" media=\"/0.ts\"/><Representation id=\"v\" bandwidth=\"1\"/>";
    let manifest = |next: &str| {
        mpd(&format!(
            "{live} timeShiftBufferDepth=\"PT2S\"><Location>{next}</Location><Period start=\"PT0S\"><AdaptationSet \
             mimeType=\"video/mp4\">{set}</AdaptationSet></Period>"
        ))
    };
    origin.serve("/a", manifest("/b")).serve("/b", manifest("/a")).serve("/self", manifest("/self"));
    origin.serve("/0.ts", Resource::new(&TS[..]));
    for at in ["/a", "/self"] {
        let mut content = hls(&origin.url(at), "");
        content.delivery = Delivery::dash("v");
        recorded(&content, &Folder::new(), once()).await.unwrap();
    }
    let all = origin.hits("/a") + origin.hits("/b");
    assert!((2..=MOST_READINGS).contains(&all), "{all}");
    assert!(origin.hits("/self") <= MOST_READINGS, "{}", origin.hits("/self"));
}
