//! Downloads side by side: what a host gives is shared, and a rate is kept.

use std::{
    fs,
    num::NonZeroU64,
    time::{Duration, Instant},
};

use qetch::{Context, DownloadOptions, Qetch, RateLimit, Stop, Target};
use qetch_testkit::{Behaviour, Origin, Resource, pattern};
use qetch_tests::{Folder, content, download, downloaders, stopping_at};

const MIB: u64 = 1024 * 1024;

/// The first has eight of the nine connections that a host gives to media when the second comes.
#[tokio::test]
async fn two_downloads_on_one_host_get_about_as_much() {
    let origin = Origin::start().await.unwrap();
    for path in ["/a", "/b"] {
        origin.serve(path, Resource::new(pattern(64 << 20, 1)).with_etag("one").with_throttle(MIB / 2));
    }
    let (folder, cx, registry, stop) = (Folder::new(), Context::new(), downloaders(), Stop::new());
    let run = async |path: &str| {
        let (content, to) = (content([origin.url(path).as_str()]), Target::file(folder.path(&path[1..])));
        let options = DownloadOptions::new().with_stop(stop.clone());
        registry.download(&cx, &content, &to, &options).await
    };
    let second = async {
        origin.until(|origin| origin.bytes_sent("/a") > 4 * MIB).await;
        run("/b").await
    };
    let watch = async {
        origin.until(|origin| origin.bytes_sent("/b") > 2 * MIB).await;
        let sent = || [origin.bytes_sent("/a"), origin.bytes_sent("/b")];
        let before = sent();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let after = sent();
        stop.ask();
        [after[0] - before[0], after[1] - before[1]]
    };
    let (_, _, got) = tokio::join!(run("/a"), second, watch);
    let (more, less) = (got[0].max(got[1]), got[0].min(got[1]));
    assert!(less > MIB && more <= 2 * less, "{got:?}");
}

#[tokio::test]
async fn a_rate_is_kept_by_one_download_and_by_all_of_a_run() {
    let origin = Origin::start().await.unwrap();
    origin.serve("/f", Resource::new(pattern(2 << 20, 1)));
    let limit = || RateLimit::new(NonZeroU64::new(MIB).unwrap());
    let begun = Instant::now();
    download(&origin, DownloadOptions::new().with_rate_limit(limit())).await.result.unwrap();
    let took = begun.elapsed().as_secs_f64();
    assert!((1.8..3.0).contains(&took), "{took}");

    let (folder, registry) = (Folder::new(), downloaders());
    let cx = Context::builder().rate_limit(limit()).build();
    let run = async |name: &str| {
        let (content, to) = (content([origin.url("/f").as_str()]), Target::file(folder.path(name)));
        let r = registry.download(&cx, &content, &to, &DownloadOptions::new()).await.unwrap();
        println!("{r:?} {:?} sent {} hits {}", begun.elapsed(), origin.bytes_sent("/f"), origin.hits("/f"));
    };
    let begun = Instant::now();
    tokio::join!(run("a"), run("b"));
    let took = begun.elapsed().as_secs_f64();
    assert!((3.7..6.0).contains(&took), "{took}");
}

/// A host that complains is given fewer connections, and the complaint is not the download's.
#[tokio::test]
async fn a_host_that_complains_of_many_connections_gets_fewer() {
    let origin = Origin::start().await.unwrap();
    let body = pattern(8 << 20, 1);
    let crowded = Behaviour::Crowded { at_most: 3, status: 503 };
    origin
        .serve("/f", Resource::new(body.clone()).with_etag("one").with_throttle(MIB).with_behaviour(crowded));
    let outcome = download(&origin, DownloadOptions::new()).await;
    assert!(outcome.file.as_deref() == Some(&body[..]), "{:?}", outcome.result);
    assert!(origin.hits("/f") < 40, "{} requests", origin.hits("/f"));
}

/// What extracting opened is kept for the download, and is the one connection that the host gives.
#[tokio::test]
async fn a_host_of_one_connection_lets_a_run_go_on_after_extracting() {
    let origin = Origin::start().await.unwrap();
    let body = [b"\0\0\0\x20ftypisom".to_vec(), pattern(4 << 20, 1)].concat();
    let video = Resource::new(body.clone()).with_etag("one").with_content_type("video/mp4");
    origin.serve("/v.mp4", video.with_shared_throttle(8 * MIB));
    let (folder, qetch) = (Folder::new(), Qetch::builder().max_per_host(1).build());
    let run = async |options: &DownloadOptions| {
        let mut extraction = qetch.extract(&origin.url("/v.mp4")).await.unwrap();
        let content = extraction.next_variants().await.unwrap().unwrap().best().clone();
        let done = qetch.download(&content, folder.path("f"), options);
        tokio::time::timeout(Duration::from_secs(5), done).await.expect("it waits for itself")
    };
    let stopped = run(&stopping_at(DownloadOptions::new(), 2 * MIB)).await;
    assert_eq!(stopped.unwrap_err().code(), "interrupted");
    let report = run(&DownloadOptions::new()).await.unwrap();
    assert!(report.resumed > MIB, "{report:?}");
    assert!(fs::read(folder.path("f")).unwrap() == body);
    assert_eq!(folder.names(), ["f"]);
}
