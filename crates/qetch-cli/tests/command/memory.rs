//! What the program weighs: the same, however large the file is.
#![cfg(target_os = "linux")]

use std::{fs, process::Stdio, time::Duration};

use qetch_testkit::{Behaviour, Origin, Resource, pattern};

use crate::support::Home;

const MIB: usize = 1 << 20;

/// The most memory that a download of so many bytes over eight connections has had at once, in KiB.
async fn peak(size: usize) -> u64 {
    let (origin, body) = (Origin::start().await.unwrap(), pattern(size, 1));
    origin.serve("/f.mp4", Resource::new(body.clone()).with_content_type("video/mp4").with_etag("v"));
    peak_of(&["--max-connections=8", &origin.url("/f.mp4")], &body).await
}

/// The same of a playlist of four segments of so many bytes, all fetched at once, of which no length is told and the first
/// is the last to come.
async fn peak_of_segments(size: usize) -> u64 {
    let (origin, body) = (Origin::start().await.unwrap(), pattern(size, 1));
    let segment = Resource::new(body.clone()).with_behaviour(Behaviour::Chunked);
    origin.serve("/late.ts", segment.clone().with_delay(Duration::from_secs(2))).serve("/s.ts", segment);
    let list = ["late.ts", "s.ts?1", "s.ts?2", "s.ts?3"].map(|name| format!("#EXTINF:2,\n{name}\n")).concat();
    let list = format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n{list}#EXT-X-ENDLIST\n");
    origin.serve("/list.m3u8", Resource::new(list).with_content_type("application/vnd.apple.mpegurl"));
    peak_of(&["--max-fragments=4", &origin.url("/list.m3u8")], &body.repeat(4)).await
}

/// The same of a download with these arguments, which brings `body`.
async fn peak_of(arguments: &[&str], body: &[u8]) -> u64 {
    let home = Home::new();
    let mut command = home.command(&[&["-o", "f.mp4"], arguments].concat());
    let mut program = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (status, mut peak) = (format!("/proc/{}/status", program.id()), 0);
    let ended = loop {
        // The kernel keeps the peak, so that nothing between two looks is missed but after the last one.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.map(|line| line.trim().strip_suffix(" kB").unwrap().parse().unwrap());
        peak = peak.max(now.unwrap_or(0));
        if let Some(ended) = program.try_wait().unwrap() {
            break ended;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    assert!(ended.success(), "{ended}");
    assert!(fs::read(home.path("f.mp4")).unwrap() == body, "another file");
    peak
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_grow_with_the_file() {
    // A smaller one is often there before each connection has filled what it may.
    let (small, large) = (peak(100 * MIB).await, peak(400 * MIB).await);
    // A debug build was measured at 38 MiB and 40 MiB, of which 22 MiB are its code.
    println!("at most {small} KiB for 100 MiB, {large} KiB for 400 MiB");
    assert!(large < small + 8 * 1024, "{small} KiB, {large} KiB");
    assert!(large < 64 * 1024, "{large} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_grow_with_the_segments_of_a_playlist() {
    let (small, large) = (peak_of_segments(8 * MIB).await, peak_of_segments(64 * MIB).await);
    println!("at most {small} KiB for segments of 8 MiB, {large} KiB for segments of 64 MiB");
    assert!(large < small + 8 * 1024, "{small} KiB, {large} KiB");
    assert!(large < 64 * 1024, "{large} KiB");
}
