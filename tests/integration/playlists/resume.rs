//! Going on with what an earlier run left, and how much of the disk is needed meanwhile.

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use qetch::DownloadOptions;
use qetch_tests::{
    Folder,
    stage::{Stage, answer},
    stopping_at,
};
use wiremock::ResponseTemplate;

use super::{bring, hls, put_segments};

/// Stops in the middle and goes on. Answers which links were asked for the second time.
async fn interrupted(stage: &Stage, options: fn() -> DownloadOptions, all: &[u8]) -> BTreeSet<String> {
    let (folder, content) = (Folder::new(), hls(&stage.link("list.m3u8"), ""));
    let half = stopping_at(options(), all.len() as u64 / 2);
    let error = bring(&folder, &content, &half).await.unwrap_err();
    assert_eq!(error.code(), "interrupted");
    let before = stage.asked().await.len();
    let report = bring(&folder, &content, &options()).await.unwrap();
    assert!(fs::read(folder.path("f.ts")).unwrap() == all, "another file");
    assert!(report.resumed > 0, "{report:?}");
    assert_eq!(folder.names(), ["f.ts"]);
    stage.asked().await.into_iter().skip(before).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_was_stopped_is_gone_on_with() {
    let stage = Stage::with_delay(Duration::from_millis(5)).await;
    let all = put_segments(&stage, [1_000_000; 40]);
    let again = interrupted(&stage, || DownloadOptions::new().with_max_fragments(4), &all).await;
    // Half of them, those that were under way or waited in memory for those before them, the playlist, and one that is
    // compared.
    assert!(again.len() <= 30, "{again:?}");
    let again =
        interrupted(&stage, || DownloadOptions::new().with_max_fragments(4).with_allow_gaps(true), &all)
            .await;
    assert!(again.len() <= 30, "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_other_segments_is_begun_afresh() {
    let stage = Stage::with_delay(Duration::from_millis(5)).await;
    let all = put_segments(&stage, [200_000; 20]);
    let (folder, content) = (Folder::new(), hls(&stage.link("list.m3u8"), ""));
    let half = stopping_at(DownloadOptions::new(), all.len() as u64 / 2);
    bring(&folder, &content, &half).await.unwrap_err();
    // An advertisement of the same length is in the place of the first segment.
    stage.put("ad.ts", vec![7; 200_000]);
    let list = fs::read_to_string(stage.folder().path("list.m3u8")).unwrap().replace("\n0.ts", "\nad.ts");
    stage.put("list.m3u8", list);
    let report = bring(&folder, &content, &DownloadOptions::new()).await.unwrap();
    assert_eq!(report.resumed, 0);
    assert!(fs::read(folder.path("f.ts")).unwrap() == [&[7; 200_000], &all[200_000..]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_stands_there_whole_costs_its_playlist_alone() {
    let stage = Stage::start().await;
    put_segments(&stage, [5000; 5]);
    let (folder, content) = (Folder::new(), hls(&stage.link("list.m3u8"), ""));
    bring(&folder, &content, &DownloadOptions::new()).await.unwrap();
    let before = stage.asked().await.len();
    let report = bring(&folder, &content, &DownloadOptions::new()).await.unwrap();
    assert!(report.existed, "{report:?}");
    assert_eq!(stage.asked().await.split_off(before), ["/list.m3u8"]);
    fs::write(folder.path("f.ts"), vec![1; 25_000]).unwrap();
    let error = bring(&folder, &content, &DownloadOptions::new()).await.unwrap_err();
    assert_eq!(error.code(), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_place_is_never_the_whole_twice() {
    const SIZE: usize = 1_500_000;
    let stage = Stage::start().await;
    let all = put_segments(&stage, [SIZE; 30]);
    let folder = Arc::new(Folder::new());
    let most = Arc::new(AtomicU64::new(0));
    let (sampled, told) = (folder.clone(), most.clone());
    // Where gaps are allowed nothing lies behind a segment before that is there.
    let options = DownloadOptions::new().with_max_fragments(6).with_allow_gaps(true);
    let options = options.with_update_delay(Duration::from_millis(1)).with_hook(move |_| {
        let files = fs::read_dir(sampled.root()).unwrap().filter_map(|it| it.ok()?.metadata().ok());
        told.fetch_max(files.map(|it| it.len()).sum(), Ordering::Relaxed);
    });
    bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options).await.unwrap();
    assert!(fs::read(folder.path("f.ts")).unwrap() == all);
    let (most, whole) = (most.load(Ordering::Relaxed), all.len() as u64);
    // Blocks are of one mebibyte.
    let window = 6 * (2 << 20);
    assert!(most >= whole / 2, "nothing was sampled: {most}");
    assert!(most <= whole + window, "{most} bytes where {whole} and {window} may be");
    assert_eq!(folder.names(), ["f.ts"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_run_left_out_is_asked_for_where_nothing_may_be_missing() {
    let stage = Stage::with_delay(Duration::from_millis(5)).await;
    let all = put_segments(&stage, [200_000; 20]);
    stage.act("1.ts", |_| ResponseTemplate::new(404));
    let (folder, content) = (Folder::new(), hls(&stage.link("list.m3u8"), ""));
    let half = stopping_at(DownloadOptions::new().with_allow_gaps(true), all.len() as u64 / 2);
    bring(&folder, &content, &half).await.unwrap_err();
    let segment = all[200_000..400_000].to_vec();
    stage.act("1.ts", move |request| answer(request, &segment));
    let report = bring(&folder, &content, &DownloadOptions::new()).await.unwrap();
    assert!(report.complete && fs::read(folder.path("f.ts")).unwrap() == all, "{report:?}");
}
