//! What the program weighs: the same, however large the file is.
#![cfg(target_os = "linux")]

use std::{fs, process::Stdio, time::Duration};

use qetch_testkit::{Origin, Resource, pattern};

use crate::support::Home;

const MIB: usize = 1 << 20;

/// The most memory that a download of so many bytes over eight connections has had at once, in KiB.
async fn peak(size: usize) -> u64 {
    let (home, origin, body) = (Home::new(), Origin::start().await.unwrap(), pattern(size, 1));
    origin.serve("/f.mp4", Resource::new(body.clone()).with_content_type("video/mp4").with_etag("v"));
    let url = origin.url("/f.mp4");
    let mut command = home.command(&["-o", "f.mp4", "--max-connections=8", &url]);
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
    let (small, large) = (peak(30 * MIB).await, peak(300 * MIB).await);
    // A debug build was measured at 29 MiB and 31 MiB.
    println!("at most {small} KiB for 30 MiB, {large} KiB for 300 MiB");
    assert!(large < small + 8 * 1024, "{small} KiB, {large} KiB");
    assert!(large < 64 * 1024, "{large} KiB");
}
