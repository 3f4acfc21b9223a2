//! Segments that are not to be had.

use std::{
    fs,
    time::{Duration, Instant},
};

use qetch::DownloadOptions;
use qetch_testkit::pattern;
use qetch_tests::{
    Folder,
    stage::{Stage, answer},
};
use wiremock::ResponseTemplate;

use super::{bring, hls, put_segments};

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_cannot_be_had_is_named() {
    let stage = Stage::start().await;
    put_segments(&stage, [1000; 9]);
    fs::remove_file(stage.folder().path("4.ts")).unwrap();
    let folder = Folder::new();
    let options = DownloadOptions::new().with_max_fragments(3);
    let error = bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options).await.unwrap_err();
    assert_eq!(error.code(), "not_found");
    assert_eq!(error.to_string(), "fragment 5 of 9, number 4 cannot be had");
    assert!(!folder.path("f.ts").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_that_are_allowed_are_told() {
    let stage = Stage::start().await;
    let all = put_segments(&stage, [1000; 9]);
    fs::remove_file(stage.folder().path("4.ts")).unwrap();
    stage.act("7.ts", |_| ResponseTemplate::new(500));
    let folder = Folder::new();
    let options = DownloadOptions::new().with_max_fragments(3).with_allow_gaps(true).with_retries(1);
    let report = bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options).await.unwrap();
    let expected = [&all[..4000], &all[5000..7000], &all[8000..]].concat();
    assert_eq!(fs::read(folder.path("f.ts")).unwrap(), expected);
    let gaps: Vec<_> =
        report.gaps.iter().map(|gap| (gap.fragment, gap.sequence, gap.start, gap.duration)).collect();
    let two = Some(Duration::from_secs(2));
    let at = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(gaps, [(4, Some(4), at(8), two), (7, Some(7), at(14), two)]);
    assert!(!report.complete && report.gaps[1].reason.contains("500"), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_the_playlist_declares_is_one() {
    let stage = Stage::start().await;
    let all = put_segments(&stage, [1000; 3]);
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n0.ts\n#EXT-X-GAP\n#EXTINF:2,\n1.ts\n#EXTINF:2,\n2.ts\n#EXT-X-ENDLIST\n";
    stage.put("list.m3u8", list);
    let (folder, content) = (Folder::new(), hls(&stage.link("list.m3u8"), ""));
    let error = bring(&folder, &content, &DownloadOptions::new()).await.unwrap_err();
    assert!(error.to_string().contains("its playlist says that it is missing"), "{error}");
    let options = DownloadOptions::new().with_allow_gaps(true);
    let report = bring(&folder, &content, &options).await.unwrap();
    assert_eq!(fs::read(folder.path("f.ts")).unwrap(), [&all[..1000], &all[2000..]].concat());
    assert_eq!((report.gaps.len(), report.gaps[0].fragment), (1, 1));
    assert!(!stage.asked().await.contains(&"/1.ts".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_is_no_gap() {
    let stage = Stage::start().await;
    put_segments(&stage, [1000; 2]);
    let list = "#EXTM3U\n#EXTINF:2,\n0.ts\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n";
    stage.put("list.m3u8", list);
    let folder = Folder::new();
    let options = DownloadOptions::new().with_allow_gaps(true);
    let error = bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options).await.unwrap_err();
    assert_eq!(error.code(), "unsupported", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_gaps_cost_no_journal_each() {
    let stage = Stage::start().await;
    put_segments(&stage, [400_000; 2]);
    let last = pattern(400_000, 1);
    // It is under way meanwhile, so that there is a journal.
    stage.act("1.ts", move |request| answer(request, &last).set_delay(Duration::from_secs(1)));
    let mut list = "#EXTM3U\n#EXTINF:2,\n0.ts\n#EXTINF:2,\n1.ts\n".to_owned();
    (2..8000).for_each(|number| list.push_str(&format!("#EXT-X-GAP\n#EXTINF:2,\n{number}.ts\n")));
    stage.put("list.m3u8", list + "#EXT-X-ENDLIST\n");
    let (folder, begun) = (Folder::new(), Instant::now());
    let options = DownloadOptions::new().with_allow_gaps(true);
    let report = bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options).await.unwrap();
    assert_eq!(report.gaps.len(), 7998);
    // With a journal each it was minutes.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_is_for_others_is_a_gap_too() {
    for status in [401, 402, 451] {
        let stage = Stage::start().await;
        put_segments(&stage, [1000; 3]);
        stage.act("1.ts", move |_| ResponseTemplate::new(status));
        let folder = Folder::new();
        let options = DownloadOptions::new().with_allow_gaps(true).with_retries(1);
        let report = bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options).await.unwrap();
        assert_eq!((report.gaps.len(), report.gaps[0].fragment), (1, 1), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_alone_are_no_file() {
    for map in ["", "#EXT-X-MAP:URI=\"init.mp4\"\n"] {
        let stage = Stage::start().await;
        stage.put("init.mp4", [7; 100]);
        stage.put("list.m3u8", format!("#EXTM3U\n{map}#EXTINF:2,\n0.ts\n#EXTINF:2,\n1.ts\n#EXT-X-ENDLIST\n"));
        let (folder, content) = (Folder::new(), hls(&stage.link("list.m3u8"), ""));
        let options = DownloadOptions::new().with_allow_gaps(true);
        let error = bring(&folder, &content, &options).await.unwrap_err();
        assert_eq!(error.code(), "not_found");
        assert!(error.to_string().contains("0.ts") && !folder.path("f.ts").exists(), "{error}");
        // What is there later is had later.
        stage.put("1.ts", [8; 100]);
        assert_eq!(bring(&folder, &content, &options).await.unwrap().gaps.len(), 1);
    }
}
