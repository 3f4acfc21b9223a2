//! HLS playlists whose window slides, with segments of any bytes.

use std::{
    fs,
    time::{Duration, Instant},
};

use qetch::DownloadOptions;
use qetch_tests::{Folder, stage::Stage};
use wiremock::ResponseTemplate;

use super::{broadcast, count, from_window, hls, joined, lines, put, record, text, window};

/// Records what `list` shows from the first listed segment on.
async fn check(
    stage: &Stage,
    list: impl Fn(usize) -> ResponseTemplate + Send + Sync + 'static,
    options: DownloadOptions,
    expected: impl IntoIterator<Item = usize>,
) -> qetch::Report {
    put(stage, 0..20);
    broadcast(stage, "list.m3u8", list);
    let folder = Folder::new();
    let report = record(&folder, &hls(&stage.link("list.m3u8")), &options).await.unwrap();
    assert!(fs::read(folder.path("f.ts")).unwrap() == joined(expected), "another file: {report:?}");
    assert_eq!(folder.names().first().map(String::as_str), Some("f.ts"));
    assert_eq!(report.complete, report.gaps.is_empty());
    report
}

/// The numbers that are missing.
fn missing(report: &qetch::Report) -> Vec<Option<u64>> {
    report.gaps.iter().map(|gap| gap.sequence).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_goes_on_until_the_list_ends() {
    let stage = Stage::start().await;
    let list = |reading| text(window(reading..reading + 6, reading == 8));
    let report = check(&stage, list, from_window(), 0..14).await;
    assert!(report.complete, "{report:?}");
    // Each reading brought something, and nothing is asked for twice.
    assert_eq!((count(&stage, "/list.m3u8").await, count(&stage, "/7.ts").await), (9, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_begins_at_the_live_edge_unless_told_otherwise() {
    let stage = Stage::start().await;
    let list = |reading| text(window(reading..reading + 6, reading == 2));
    check(&stage, list, DownloadOptions::new(), 3..8).await;
    assert_eq!(count(&stage, "/2.ts").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_left_the_list_before_it_was_seen_is_a_gap() {
    let stage = Stage::start().await;
    let list = |reading| text(if reading == 0 { window(2..5, false) } else { window(7..10, true) });
    let report = check(&stage, list, from_window(), [2, 3, 4, 7, 8, 9]).await;
    assert_eq!(missing(&report), [Some(5), Some(6)]);
    let quarters = |count: u32| Some(Duration::from_millis(250) * count);
    assert_eq!((report.gaps[1].start, report.gaps[1].duration), (quarters(4), quarters(1)));
    assert!(report.gaps[0].reason.contains("before it was fetched"), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_is_never_there_is_a_gap_and_one_that_is_late_is_none() {
    let stage = Stage::start().await;
    let late = joined([2]);
    broadcast(&stage, "2.ts", move |asked| match asked {
        0 => ResponseTemplate::new(404),
        1 => ResponseTemplate::new(503),
        _ => ResponseTemplate::new(200).set_body_bytes(late.clone()),
    });
    stage.act("4.ts", |_| ResponseTemplate::new(404));
    let list = |reading| text(window(reading..reading + 6, reading == 1));
    let report = check(&stage, list, from_window(), [0, 1, 2, 3, 5, 6]).await;
    assert_eq!(missing(&report), [Some(4)]);
    assert_eq!(count(&stage, "/4.ts").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_ends_after_so_much_of_the_medium() {
    let stage = Stage::start().await;
    let list = |reading| text(window(reading..reading + 4, false));
    let options = from_window().with_live_duration(Duration::from_millis(1500));
    let report = check(&stage, list, options, 0..6).await;
    assert!(report.complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_there_no_more_ends_what_was_recorded() {
    for status in [404, 410] {
        let stage = Stage::start().await;
        let list = move |reading| match reading {
            0 | 1 => text(window(reading..reading + 4, false)),
            _ => ResponseTemplate::new(status),
        };
        let report = check(&stage, list, from_window(), 0..5).await;
        assert!(report.complete);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_read_for_a_while_is_borne() {
    let stage = Stage::start().await;
    let list = |reading| match reading {
        1 => ResponseTemplate::new(503),
        2 => text("<html>busy</html>"),
        3 => text(""),
        _ => text(window(0..4 + reading, reading == 5)),
    };
    check(&stage, list, from_window(), 0..9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_does_not_change_is_given_up_in_the_end() {
    let stage = Stage::start().await;
    let begun = Instant::now();
    let options = from_window().with_patience(Duration::from_millis(1600));
    let report = check(&stage, |_| text(window(0..4, false)), options, 0..4).await;
    assert!(report.complete && begun.elapsed() >= Duration::from_millis(1600));
    // Not more often than four times a second.
    let readings = count(&stage, "/list.m3u8").await;
    assert!((4..=8).contains(&readings), "{readings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_never_lists_anything_is_an_error() {
    let stage = Stage::start().await;
    broadcast(&stage, "list.m3u8", |_| text(window(0..0, false)));
    let folder = Folder::new();
    let options = DownloadOptions::new().with_patience(Duration::from_millis(500));
    let error = record(&folder, &hls(&stage.link("list.m3u8")), &options).await.unwrap_err();
    assert_eq!((error.code(), folder.names()), ("live", Vec::new()));
}

/// Where the list does not count its breaks, they have other numbers as soon as one has left it.
#[tokio::test(flavor = "multi_thread")]
async fn breaks_that_nobody_counts_lose_nothing() {
    let stage = Stage::start().await;
    let list = |reading: usize| {
        let line = |number| match number {
            3 | 6 => format!("#EXT-X-DISCONTINUITY\n{number}.ts"),
            _ => format!("{number}.ts"),
        };
        text(lines(reading, reading..reading + 4, reading == 6, line))
    };
    // What is no MPEG-TS is not joined, and stays as it is.
    let report = check(&stage, list, from_window(), 0..10).await;
    assert!(report.complete, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_begin_again_are_gone_on_with() {
    let stage = Stage::start().await;
    let list = |reading| match reading {
        0 => text(window(14..18, false)),
        // An old answer.
        1 => text(window(12..16, false)),
        _ => text(window(0..4, reading > 5)),
    };
    check(&stage, list, from_window(), (14..18).chain(0..4)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_die_are_asked_for_anew() {
    let stage = Stage::start().await;
    stage.put("fresh/1.ts", joined([1]));
    stage.act("1.ts", |_| ResponseTemplate::new(403));
    let list = |reading| {
        let folder = if reading == 0 { "" } else { "fresh/" };
        text(lines(0, 0..3, reading > 1, move |number| match number {
            1 => format!("{folder}1.ts"),
            _ => format!("{number}.ts"),
        }))
    };
    let report = check(&stage, list, from_window(), 0..3).await;
    assert!(report.complete, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_it_ends_in_order() {
    let stage = Stage::start().await;
    let options = from_window();
    let stop = options.stop.clone();
    let list = move |reading| {
        if reading == 3 {
            stop.ask();
        }
        text(window(reading..reading + 4, false))
    };
    let report = check(&stage, list, options, 0..6).await;
    assert!(report.complete, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_before_it_began_it_leaves_nothing() {
    let stage = Stage::start().await;
    let options = from_window();
    options.stop.ask();
    broadcast(&stage, "list.m3u8", |_| text(window(0..4, false)));
    let folder = Folder::new();
    let error = record(&folder, &hls(&stage.link("list.m3u8")), &options).await.unwrap_err();
    assert_eq!((error.code(), folder.names()), ("interrupted", Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_forbidden_or_fails_for_good_ends_what_was_recorded() {
    for status in [401, 403, 503] {
        let stage = Stage::start().await;
        let list = move |reading| match reading {
            0 | 1 => text(window(reading..reading + 4, false)),
            _ => ResponseTemplate::new(status),
        };
        let options = from_window().with_retries(1).with_patience(Duration::from_secs(1));
        let report = check(&stage, list, options, 0..5).await;
        assert!(report.complete);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_it_does_not_wait_for_a_segment_that_hangs() {
    let stage = Stage::start().await;
    let options = from_window();
    let stop = options.stop.clone();
    stage.act("2.ts", move |_| {
        stop.ask();
        ResponseTemplate::new(200).set_delay(Duration::from_secs(600))
    });
    let begun = Instant::now();
    let report = check(&stage, |_| text(window(0..3, false)), options, [0, 1]).await;
    assert_eq!(missing(&report), [Some(2)]);
    assert!(begun.elapsed() < Duration::from_secs(30));
}
