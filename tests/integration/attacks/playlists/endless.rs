//! Playlists, segments and keys that are too large, or have no end.

use std::time::{Duration, Instant};

use qetch::{Content, DownloadOptions, Error, Kind, Limits, Qetch};
use qetch_testkit::{Origin, Resource};
use qetch_tests::{
    Folder,
    flood::{Flood, IN_SOCKETS},
};

use super::{anywhere, brought, downloaded, hls, list, manifest, once, period, playlist};

const SOON: Duration = Duration::from_secs(30);
const MIB: u64 = 1 << 20;
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n\r\n";

#[track_caller]
fn assert_over(error: &Error, limit: &str) {
    assert_eq!(error.code(), "over_limit", "{error}");
    assert!(error.to_string().contains(limit), "{error}");
}

/// The error of bringing what `/list` is, which is told soon and before anything else is asked for.
async fn refused(resource: Resource) -> Error {
    let (origin, folder, begun) = (Origin::start().await.unwrap(), Folder::new(), Instant::now());
    origin.serve("/list", resource);
    let error = brought(&anywhere().build(), &origin.url("/list"), &folder, &once()).await.unwrap_err();
    assert!(begun.elapsed() < SOON && folder.names().is_empty(), "{:?}", folder.names());
    assert!(origin.requests().iter().all(|seen| seen.is_for("/list")));
    error
}

#[tokio::test]
async fn a_million_segments_are_over_the_limit() {
    assert_over(&refused(list(&"#EXTINF:1,\na\n".repeat(1_000_000))).await, "100000");
}

#[tokio::test]
async fn segments_of_a_manifest_without_number_are_over_the_limit() {
    let template =
        |rest: &str| manifest(&format!("<SegmentTemplate media=\"/$Number$\" {rest}</SegmentTemplate>"));
    let timeline =
        |runs: &str| template(&format!("timescale=\"1\"><SegmentTimeline>{runs}</SegmentTimeline>"));
    for resource in [
        template("timescale=\"2305843009213693951\" duration=\"1\">"),
        template("timescale=\"100000\" duration=\"1\">"),
        timeline("<S t=\"0\" d=\"1\" r=\"4611686018427387904\"/>"),
        timeline(&"<S d=\"1\" r=\"9\"/>".repeat(20_000)),
    ] {
        assert_over(&refused(resource).await, "100000 segments");
    }
    let past = refused(timeline("<S t=\"18446744073709551615\" d=\"9\" r=\"9\"/>")).await;
    assert!(["bad_reply", "over_limit"].contains(&past.code()), "{past}");
}

#[tokio::test]
async fn representations_without_number_are_over_the_limit() {
    let one = "<Representation id=\"v\" bandwidth=\"1\"><BaseURL>a</BaseURL></Representation>";
    let all = one.repeat(30_000);
    let set = format!("<AdaptationSet mimeType=\"video/mp4\">{all}</AdaptationSet>");
    assert_over(&refused(period(&set)).await, "20000 representations");
}

#[tokio::test]
async fn numbers_at_the_end_of_all_numbers_are_refused() {
    let last = "#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n#EXTINF:1,\na\n#EXTINF:1,\nb";
    assert_eq!(refused(list(last)).await.code(), "bad_reply");
    let range = "#EXT-X-BYTERANGE:18446744073709551615@18446744073709551615\na";
    assert_eq!(refused(list(range)).await.code(), "bad_reply");
}

#[tokio::test]
async fn a_playlist_without_an_end_is_taken_to_the_limit() {
    let flood = Flood::start(&format!("{OK}#EXTM3U\n#EXT-X-VERSION:3\n"), "# croak\n".repeat(8 << 10)).await;
    let done = tokio::time::timeout(SOON, anywhere().build().extract(&flood.url("/list"))).await.unwrap();
    assert_over(&done.unwrap_err(), "16777216 bytes");
    assert!(flood.sent() < 16 * MIB + IN_SOCKETS, "{}", flood.sent());
    let (qetch, folder, content) = (anywhere().build(), Folder::new(), hls(&flood.url("/list"), ""));
    // It is not asked for again.
    let options = DownloadOptions::new();
    let done = tokio::time::timeout(SOON, downloaded(&qetch, &content, &folder, &options)).await.unwrap();
    assert_over(&done.unwrap_err(), "67108864 bytes");
    assert!(flood.sent() < 80 * MIB + 2 * IN_SOCKETS, "{}", flood.sent());
}

#[tokio::test]
async fn a_playlist_that_drips_for_ever_ends_with_the_time_that_is_set() {
    let (begin, drip) = (format!("{OK}#EXTM3U\n#EXT-X-VERSION:3\n"), Duration::from_millis(20));
    let flood = Flood::dripping(&begin, "# croak\n", drip).await;
    let qetch = anywhere().limits(Limits::new().extraction_time(Duration::from_millis(400))).build();
    let error = qetch.extract(&flood.url("/list")).await.unwrap_err();
    assert_over(&error, "0.4 s");
    let content = hls(&flood.url("/list"), "");
    let (folder, options) = (Folder::new(), DownloadOptions::new());
    let done = downloaded(&qetch, &content, &folder, &options);
    assert_over(&tokio::time::timeout(SOON, done).await.unwrap().unwrap_err(), "0.4 s");
    // The one that a master leads to, too.
    let origin = Origin::start().await.unwrap();
    let variant = format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{}\n", flood.url("/variant"));
    origin.serve("/list", playlist(variant));
    let done = brought(&qetch, &origin.url("/list"), &Folder::new(), &once()).await;
    assert_over(&done.unwrap_err(), "0.4 s");
}

/// The error of bringing `content`, though only so much is wanted, and no more than `bytes` lie anywhere.
async fn given_up(content: &Content, options: DownloadOptions, bytes: u64) -> Error {
    let (qetch, folder) = (Qetch::new(), Folder::new());
    let options = options.with_retries(1).with_max_fragments(4);
    let done = tokio::time::timeout(SOON, downloaded(&qetch, content, &folder, &options)).await;
    let error = done.expect("it does not end").unwrap_err();
    for name in folder.names() {
        assert!(name.starts_with("f.qetch"), "{name}");
        let size = std::fs::metadata(folder.path(&name)).unwrap().len();
        assert!(size <= bytes, "{name} has {size} bytes");
    }
    error
}

/// A segment of 64 KiB again and again.
async fn flood() -> Flood {
    Flood::start("HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\nG", vec![0x5A; 64 << 10]).await
}

const KEY: &str = "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n";

#[tokio::test]
async fn segments_without_an_end_are_given_up_at_the_size_that_is_wanted() {
    let (origin, flood) = (Origin::start().await.unwrap(), flood().await);
    origin.serve("/key", Resource::new(&b"0123456789abcdef"[..]));
    let lines = format!("#EXTINF:2,\n{}\n", flood.url("/s")).repeat(4);
    for (path, lines) in [("/plain", lines.clone()), ("/locked", format!("{KEY}{lines}"))] {
        let before = flood.sent();
        origin.serve(path, list(&lines));
        let options = DownloadOptions::new().with_max_size(6 * MIB);
        let error = given_up(&hls(&origin.url(path), ""), options, 8 * MIB).await;
        assert_over(&error, "limit of 6291456 bytes");
        assert!(flood.sent() - before < 8 * MIB + 5 * IN_SOCKETS, "{path}: {}", flood.sent());
    }
}

#[tokio::test]
async fn a_segment_that_announces_more_than_is_wanted_is_refused_before_it_is_fetched() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nG";
    let (origin, flood) = (Origin::start().await.unwrap(), Flood::start(head, vec![0x5A; 64 << 10]).await);
    origin.serve("/key", Resource::new(&b"0123456789abcdef"[..]));
    for key in ["", KEY] {
        origin.serve("/list", list(&format!("{key}#EXTINF:2,\n{}\n", flood.url("/s"))));
        let options = DownloadOptions::new().with_max_size(64 * MIB);
        assert_over(&given_up(&hls(&origin.url("/list"), ""), options, 0).await, "67108864 bytes");
    }
    assert!(flood.sent() < 2 * IN_SOCKETS, "{}", flood.sent());
}

#[tokio::test]
async fn captions_without_an_end_are_not_gathered_in_memory() {
    let (origin, flood) = (Origin::start().await.unwrap(), flood().await);
    origin.serve("/list", list(&format!("#EXTINF:2,\n{}\n", flood.url("/s"))));
    let mut content = hls(&origin.url("/list"), "");
    content.kind = Kind::Text;
    let options = DownloadOptions::new().with_max_size(6 * MIB);
    assert_over(&given_up(&content, options, 8 * MIB).await, "6291456 bytes");
    origin.serve("/large", Resource::new(vec![b'\n'; 20 << 20]));
    origin.serve("/list", list("#EXTINF:2,\nlarge"));
    assert_over(&given_up(&content, DownloadOptions::new(), 32 * MIB).await, "16777216 bytes");
}

#[tokio::test]
async fn a_key_of_a_gigabyte_is_read_to_the_limit_of_keys() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n";
    for length in ["", "Content-Length: 1073741824\r\n"] {
        let flood = Flood::start(&format!("{head}{length}\r\n"), vec![7; 64 << 10]).await;
        let origin = Origin::start().await.unwrap();
        origin.serve("/0.ts", Resource::new(&[9; 64][..]));
        let key = format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{}\"\n0.ts", flood.url("/key"));
        origin.serve("/list", list(&key));
        let error = given_up(&hls(&origin.url("/list"), ""), DownloadOptions::new(), MIB).await;
        assert_over(&error, "4096 bytes");
        assert!(flood.sent() < IN_SOCKETS, "{}", flood.sent());
    }
}
