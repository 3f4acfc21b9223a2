//! A recording that was given up at any moment, and what another run makes of it.

use std::{fs, time::Duration};

use qetch::DownloadOptions;
use qetch_tests::{Folder, stage::Stage};
use tokio::time::timeout;
use wiremock::ResponseTemplate;

use super::{broadcast, from_window, hls, joined, put, record, text, window};

/// Drops a recording of the first segments once all of them are durable, however slow the machine is: as far as the disk
/// tells, it was killed.
async fn killed(stage: &Stage, folder: &Folder) {
    put(stage, 0..20);
    broadcast(stage, "list.m3u8", |_| text(window(0..4, false)));
    let (content, options) = (hls(&stage.link("list.m3u8")), from_window());
    let durable = async {
        let journal = folder.path("f.ts.qetch-parts.qetch-journal");
        let is_there = || fs::read_to_string(&journal).is_ok_and(|text| text.contains("\"whole\":4,"));
        while !is_there() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        ended = record(folder, &content, &options) => panic!("{ended:?}"),
        done = timeout(Duration::from_secs(60), durable) => done.unwrap(),
    }
}

/// Records what the list shows afterwards, with `options`.
async fn again(
    stage: &Stage,
    folder: &Folder,
    list: impl Fn(usize) -> ResponseTemplate + Send + Sync + 'static,
    options: DownloadOptions,
    expected: impl IntoIterator<Item = usize>,
) -> qetch::Report {
    broadcast(stage, "list.m3u8", list);
    let report = record(folder, &hls(&stage.link("list.m3u8")), &options).await.unwrap();
    assert!(fs::read(folder.path("f.ts")).unwrap() == joined(expected), "another file: {report:?}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_behind_the_last_segment() {
    // Wherever a recording would begin now.
    for options in [DownloadOptions::new(), from_window()] {
        let (stage, folder) = (Stage::start().await, Folder::new());
        killed(&stage, &folder).await;
        let list = |reading| text(window(2..8 + reading, reading == 2));
        let report = again(&stage, &folder, list, options, 0..10).await;
        assert!(report.complete && report.resumed == joined(0..4).len() as u64, "{report:?}");
        assert_eq!(folder.names(), ["f.ts"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_listed_between_the_two_runs_is_a_gap() {
    let (stage, folder) = (Stage::start().await, Folder::new());
    killed(&stage, &folder).await;
    let report =
        again(&stage, &folder, |_| text(window(7..9, true)), DownloadOptions::new(), (0..4).chain(7..9))
            .await;
    let missing: Vec<_> = report.gaps.iter().map(|gap| (gap.sequence, gap.start.unwrap())).collect();
    let at = |number: u64| (Some(number), Duration::from_millis(250 * number));
    assert_eq!(missing, [at(4), at(5), at(6)]);
    assert!(!report.complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_that_has_ended_meanwhile_is_gone_on_with() {
    // Its list is there to its end, or it is not there any more.
    for (status, end) in [(200, 9), (404, 4), (410, 4)] {
        let (stage, folder) = (Stage::start().await, Folder::new());
        killed(&stage, &folder).await;
        let list = move |_| match status {
            200 => text(window(0..9, true)),
            _ => ResponseTemplate::new(status),
        };
        again(&stage, &folder, list, DownloadOptions::new(), 0..end).await;
        assert_eq!(folder.names(), ["f.ts"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_both_runs_counts() {
    let (stage, folder) = (Stage::start().await, Folder::new());
    killed(&stage, &folder).await;
    let options = DownloadOptions::new().with_live_duration(Duration::from_millis(1500));
    again(&stage, &folder, |_| text(window(0..12, false)), options, 0..6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_gone_on_with_is_put_aside() {
    let (stage, folder) = (Stage::start().await, Folder::new());
    killed(&stage, &folder).await;
    let options = from_window().with_resume(false);
    again(&stage, &folder, |reading| text(window(10..12, reading == 1)), options, 10..12).await;
    assert_eq!(folder.names(), ["f.ts", "f.ts.qetch-parts.recorded"]);
    assert!(fs::read(folder.path("f.ts.qetch-parts.recorded")).unwrap() == joined(0..4));
    // A recording of something else under the same name.
    fs::remove_file(folder.path("f.ts")).unwrap();
    killed(&stage, &folder).await;
    let mut other = hls(&stage.link("list.m3u8"));
    other.uid = "other".to_owned();
    broadcast(&stage, "list.m3u8", |_| text(window(10..12, false)));
    let options = from_window().with_live_duration(Duration::from_millis(500));
    record(&folder, &other, &options).await.unwrap();
    let aside = fs::read(folder.path("f.ts.qetch-parts.recorded-1")).unwrap();
    assert!(aside == joined(0..4));
    assert_eq!(folder.names().len(), 3);
}

/// A run that was killed before it could give the file its name.
#[tokio::test(flavor = "multi_thread")]
async fn what_only_lacks_its_name_gets_it() {
    let (stage, folder) = (Stage::start().await, Folder::new());
    put(&stage, 0..4);
    broadcast(&stage, "list.m3u8", |_| text(window(0..4, true)));
    let content = hls(&stage.link("list.m3u8"));
    broadcast(&stage, "list.m3u8", |reading| text(window(0..4, reading == 1)));
    record(&folder, &content, &from_window()).await.unwrap();
    fs::rename(folder.path("f.ts"), folder.path("f.ts.qetch-parts")).unwrap();
    broadcast(&stage, "list.m3u8", |_| text(window(9..12, false)));
    let report = record(&folder, &content, &from_window()).await.unwrap();
    assert!(!report.existed && report.complete, "{report:?}");
    assert!(fs::read(folder.path("f.ts")).unwrap() == joined(0..4));
    assert_eq!(folder.names(), ["f.ts"]);
}
