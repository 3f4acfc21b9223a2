//! Keys that open nothing, or whose links die.

use std::{
    fs,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use qetch::DownloadOptions;
use qetch_testkit::pattern;
use qetch_tests::{
    Folder,
    stage::{Stage, answer},
};
use wiremock::ResponseTemplate;

use super::{bring, hls};

const KEY: [u8; 16] = [3; 16];

/// Puts segments of 5000 bytes on a stage, sealed, and the key of them. Answers what is in them.
fn put_sealed(stage: &Stage, count: u64) -> Vec<u8> {
    let work = Folder::new();
    stage.put("key", KEY);
    let mut all = Vec::new();
    for number in 0..count {
        let plain = pattern(5000, number);
        fs::write(work.path("plain"), &plain).unwrap();
        let mut openssl = Command::new("openssl");
        let (key, iv) = ("03".repeat(16), "00".repeat(16));
        openssl.args(["enc", "-aes-128-cbc", "-K", &key, "-iv", &iv, "-in"]).arg(work.path("plain"));
        let done = openssl.output().unwrap();
        assert!(done.status.success(), "{done:?}");
        stage.put(&format!("{number}.ts"), done.stdout);
        all.extend(plain);
    }
    all
}

/// A list of them, the last ones of which have the key at `late`.
fn list(count: u64, late: &str, end: &str) -> String {
    let mut list = "#EXTM3U\n#EXT-X-TARGETDURATION:0.25\n".to_owned();
    for number in 0..count {
        let key = if number < 2 { "key" } else { late };
        let iv = "0".repeat(32);
        list.push_str(&format!(
            "#EXT-X-KEY:METHOD=AES-128,URI=\"{key}\",IV=0x{iv}\n#EXTINF:0.25,\n{number}.ts\n"
        ));
    }
    list + end
}

const END: &str = "#EXT-X-ENDLIST\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_its_key_does_not_open_is_named_or_a_gap() {
    let stage = Stage::start().await;
    let all = put_sealed(&stage, 4);
    stage.put("1.ts", [9; 5008]);
    stage.put("list.m3u8", list(4, "key", END));
    let readings = AtomicU32::new(0);
    stage.act("live.m3u8", move |request| {
        let end = if readings.fetch_add(1, Ordering::Relaxed) == 0 { "" } else { END };
        answer(request, list(4, "key", end).as_bytes())
    });
    let folder = Folder::new();
    let content = hls(&stage.link("list.m3u8"), "");
    let error = bring(&folder, &content, &DownloadOptions::new()).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string()),
        ("bad_reply", "fragment 2 of 4, number 1 cannot be had".into())
    );
    let options = DownloadOptions::new().with_live_start(qetch::LiveStart::Window);
    for (name, options) in [("list.m3u8", options.clone().with_allow_gaps(true)), ("live.m3u8", options)] {
        let folder = Folder::new();
        let report = bring(&folder, &hls(&stage.link(name), ""), &options).await.unwrap();
        assert_eq!((report.gaps.len(), report.gaps[0].fragment), (1, 1), "{name}");
        assert!(fs::read(folder.path("f.ts")).unwrap() == [&all[..5000], &all[10_000..]].concat(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_keys_that_die_are_made_anew() {
    for end in [END, ""] {
        let stage = Stage::start().await;
        let all = put_sealed(&stage, 4);
        let readings = AtomicU32::new(0);
        stage.act("list.m3u8", move |request| {
            let reading = readings.fetch_add(1, Ordering::Relaxed);
            let end = if reading > 2 { END } else { end };
            answer(request, list(4, &format!("late?sig={reading}"), end).as_bytes())
        });
        stage.act("late", |request| match request.url.query() {
            Some("sig=0") => ResponseTemplate::new(403),
            _ => answer(request, &KEY),
        });
        let options = DownloadOptions::new().with_live_start(qetch::LiveStart::Window);
        let folder = Folder::new();
        let report = bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options).await.unwrap();
        assert!(report.complete && fs::read(folder.path("f.ts")).unwrap() == all, "{report:?}");
    }
}
