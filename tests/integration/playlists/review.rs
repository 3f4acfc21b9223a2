//! What a reviewer found.

use std::{
    fs,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use qetch::{Context, DownloadOptions, Kind, LiveStart, Target};
use qetch_testkit::pattern;
use qetch_tests::{
    Folder, downloaders, listening,
    stage::{Stage, answer},
    stopping_at,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use wiremock::ResponseTemplate;

use super::{bring, hls, put_segments};

/// A server that does with each connection what `act` does with the path and the number of the request for it.
async fn raw<F, Fut>(act: F) -> String
where
    F: Fn(TcpStream, String, u32) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    let (act, counts) = (Arc::new(act), Arc::new(Mutex::new(std::collections::HashMap::new())));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (act, counts) = (act.clone(), counts.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                        return;
                    }
                    head.push(byte[0]);
                }
                let head = String::from_utf8(head).unwrap();
                let path = head.split(' ').nth(1).unwrap().to_owned();
                let number = {
                    let mut counts = counts.lock().unwrap();
                    let count = counts.entry(path.clone()).or_insert(0_u32);
                    *count += 1;
                    *count
                };
                act(stream, path, number).await;
            });
        }
    });
    at
}

/// A whole answer without ranges, of which some is sent.
async fn send(stream: &mut TcpStream, told: usize, bytes: &[u8]) {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {told}\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(bytes).await;
    let _ = stream.flush().await;
}

fn list_of(count: usize) -> String {
    let mut list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n".to_owned();
    for number in 0..count {
        list.push_str(&format!("#EXTINF:2,\n{number}.ts\n"));
    }
    list + "#EXT-X-ENDLIST\n"
}

// R1
#[tokio::test(flavor = "multi_thread")]
async fn r01_a_hole_between_misplaced_fragments_is_never_gone_on_with() {
    let bytes: Vec<Vec<u8>> =
        [200_000, 300_000, 400_000].iter().zip(0..).map(|(s, n)| pattern(*s, n)).collect();
    let (served, is_honest) = (bytes.clone(), Arc::new(AtomicU32::new(0)));
    let honest = is_honest.clone();
    let at = raw(move |mut stream, path, number| {
        let (bytes, honest) = (served.clone(), honest.clone());
        async move {
            match path.as_str() {
                "/list.m3u8" => send(&mut stream, list_of(3).len(), list_of(3).as_bytes()).await,
                // Its head says 300,000, and it breaks off; asked again, it has 200,000.
                "/0.ts" if number % 3 == 1 && honest.load(Ordering::SeqCst) == 0 => {
                    send(&mut stream, 300_000, &bytes[0][..100_000]).await;
                    tokio::time::sleep(Duration::from_millis(700)).await;
                }
                _ => {
                    let index: usize = path[1..2].parse().unwrap();
                    send(&mut stream, bytes[index].len(), &bytes[index]).await;
                }
            }
        }
    })
    .await;
    let folder = Folder::new();
    let options = DownloadOptions::new().with_max_fragments(2).with_max_connections(1);
    let content = hls(&format!("{at}/list.m3u8"), "");
    let first = bring(&folder, &content, &options).await;
    println!("first run: {first:?}");
    is_honest.store(1, Ordering::SeqCst);
    if first.is_err() {
        let second = bring(&folder, &content, &options).await;
        println!("second run: {second:?}");
    }
    let file = fs::read(folder.path("f.ts")).unwrap();
    println!("{} bytes where {} are right", file.len(), bytes.concat().len());
    assert!(file == bytes.concat(), "a wrong file");
}

fn sealed(folder: &Folder, plain: &[u8]) -> Vec<u8> {
    fs::write(folder.path("plain"), plain).unwrap();
    let arguments = ["enc", "-aes-128-cbc", "-K", "000102030405060708090a0b0c0d0e0f", "-iv"];
    let iv = "00000000000000000000000000000000";
    let done =
        Command::new("openssl").args(arguments).args([iv, "-in"]).arg(folder.path("plain")).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    done.stdout
}

fn put_sealed(stage: &Stage, count: usize, size: usize, seed: u64) -> Vec<u8> {
    let work = Folder::new();
    stage.put("key", (0..16).collect::<Vec<u8>>());
    let mut list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=AES-128,URI=\"key\",IV=0x00000000000000000000000000000000\n".to_owned();
    let mut all = Vec::new();
    for number in 0..count {
        let bytes = pattern(size, seed + number as u64);
        stage.put(&format!("{number}.ts"), sealed(&work, &bytes));
        list.push_str(&format!("#EXTINF:2,\n{number}.ts\n"));
        all.extend(bytes);
    }
    stage.put("list.m3u8", list + "#EXT-X-ENDLIST\n");
    all
}

// R2
#[tokio::test(flavor = "multi_thread")]
async fn r02_encrypted_segments_of_two_versions_are_not_mixed_across_a_resume() {
    let stage = Stage::with_delay(Duration::from_millis(5)).await;
    let old = put_sealed(&stage, 20, 200_000, 0);
    let (folder, content) = (Folder::new(), hls(&stage.link("list.m3u8"), ""));
    let half = stopping_at(DownloadOptions::new(), old.len() as u64 / 2);
    bring(&folder, &content, &half).await.unwrap_err();
    // The site encodes the film anew: other bytes and ETags under the same names.
    let new = put_sealed(&stage, 20, 200_000, 1000);
    let report = bring(&folder, &content, &DownloadOptions::new()).await.unwrap();
    println!("{report:?}");
    assert!(fs::read(folder.path("f.ts")).unwrap() == new, "two versions in one file");
}

// R3
#[tokio::test(flavor = "multi_thread")]
async fn r03_an_encrypted_segment_of_no_bytes_is_refused() {
    let stage = Stage::start().await;
    put_sealed(&stage, 3, 5000, 0);
    stage.put("1.ts", []);
    let folder = Folder::new();
    let report = bring(&folder, &hls(&stage.link("list.m3u8"), ""), &DownloadOptions::new()).await;
    println!("{report:?}");
    assert!(report.is_err(), "a segment is missing and nobody says so");
}

// R4
#[tokio::test(flavor = "multi_thread")]
async fn r04_captions_that_are_begun_afresh_have_their_header() {
    let stage = Stage::start().await;
    let texts = ["WEBVTT\n\n00:01.000 --> 00:02.000\nalt\n\n", "00:03.000 --> 00:04.000\nalt2\n\n"];
    let news = ["WEBVTT\n\n00:01.000 --> 00:02.000\nneu\n\n", "00:03.000 --> 00:04.000\nneu2\n\n"];
    let (old, new) = (texts.concat(), news.concat());
    assert_eq!(old.len(), new.len());
    let (first, second) = (texts[0].len(), texts[1].len());
    stage.put(
        "list.m3u8",
        format!("#EXTM3U\n#EXTINF:2,\n#EXT-X-BYTERANGE:{first}@0\nc.vtt\n#EXTINF:2,\n#EXT-X-BYTERANGE:{second}@{first}\nc.vtt\n#EXT-X-ENDLIST\n"),
    );
    let count = AtomicU32::new(0);
    let (old_bytes, new_bytes) = (old.clone(), new.clone());
    stage.act("c.vtt", move |request| {
        let is_old = count.fetch_add(1, Ordering::SeqCst) == 0;
        let (text, day) = if is_old { (&old_bytes, "Wed, 21") } else { (&new_bytes, "Thu, 22") };
        answer(request, text.as_bytes())
            .insert_header("Last-Modified", format!("{day} Oct 2015 07:28:00 GMT"))
    });
    let (folder, mut content) = (Folder::new(), hls(&stage.link("list.m3u8"), ""));
    content.kind = Kind::Text;
    let report = bring(&folder, &content, &DownloadOptions::new().with_max_connections(1)).await.unwrap();
    println!("{report:?}");
    let text = fs::read_to_string(folder.path("f.ts")).unwrap();
    println!("{text:?} {:?}", stage.asked().await);
    assert!(text.starts_with("WEBVTT"), "no header: {text:?}");
}

/// A live playlist that reads as the n-th of these, and as the last of them ever after.
fn live(stage: &Stage, name: &str, readings: Vec<String>) -> Arc<AtomicU32> {
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    stage.act(name, move |request| {
        let number = counted.fetch_add(1, Ordering::SeqCst) as usize;
        answer(request, readings[number.min(readings.len() - 1)].as_bytes())
    });
    count
}

fn window(first: usize, names: &[&str], is_over: bool) -> String {
    let mut list = format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{first}\n");
    for name in names {
        match name.strip_prefix('#') {
            Some(tag) => list.push_str(&format!("#{tag}\n")),
            None => list.push_str(&format!("#EXTINF:1,\n{name}\n")),
        }
    }
    if is_over { list + "#EXT-X-ENDLIST\n" } else { list }
}

fn from_window() -> DownloadOptions {
    DownloadOptions::new().with_live_start(LiveStart::Window).with_retries(1)
}

fn holds(file: &[u8], needle: &[u8]) -> bool {
    file.windows(64).any(|it| it == &needle[..64])
}

async fn within<T>(seconds: u64, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_secs(seconds), work).await.ok()
}

// R5
#[tokio::test(flavor = "multi_thread")]
async fn r05_sequences_that_left_a_live_list_are_told() {
    let stage = Stage::start().await;
    put_segments(&stage, [1000; 9]);
    live(
        &stage,
        "live.m3u8",
        vec![window(0, &["0.ts", "1.ts", "2.ts"], false), window(5, &["5.ts", "6.ts", "7.ts"], true)],
    );
    let folder = Folder::new();
    let report = bring(&folder, &hls(&stage.link("live.m3u8"), ""), &from_window()).await.unwrap();
    println!("{report:?}");
    assert_eq!((report.gaps.len(), report.complete), (2, false));
}

// R6
#[tokio::test(flavor = "multi_thread")]
async fn r06_a_break_that_slides_out_of_a_live_list_does_not_end_the_recording() {
    let stage = Stage::start().await;
    put_segments(&stage, [1000; 9]);
    live(
        &stage,
        "live.m3u8",
        vec![
            window(0, &["0.ts", "#EXT-X-DISCONTINUITY", "1.ts", "2.ts"], false),
            window(2, &["2.ts", "3.ts", "4.ts"], true),
        ],
    );
    let folder = Folder::new();
    let report = bring(&folder, &hls(&stage.link("live.m3u8"), ""), &from_window()).await.unwrap();
    println!("{report:?}");
    let file = fs::read(folder.path("f.ts")).unwrap();
    assert!(
        holds(&file, &pattern(1000, 3)) && holds(&file, &pattern(1000, 4)),
        "segments are missing silently"
    );
}

// R7
#[tokio::test(flavor = "multi_thread")]
async fn r07_a_live_list_whose_numbers_begin_again_is_gone_on_with() {
    let stage = Stage::start().await;
    put_segments(&stage, [1000; 9]);
    live(
        &stage,
        "live.m3u8",
        vec![
            window(100, &["0.ts", "1.ts", "2.ts"], false),
            // The encoder was restarted.
            window(0, &["3.ts", "4.ts"], false),
            window(0, &["3.ts", "4.ts", "5.ts"], false),
            window(0, &["3.ts", "4.ts", "5.ts", "6.ts"], false),
        ],
    );
    let folder = Folder::new();
    let options = from_window().with_live_duration(Duration::from_secs(6));
    let done = within(25, bring(&folder, &hls(&stage.link("live.m3u8"), ""), &options)).await;
    println!("{done:?}");
    assert!(done.is_some(), "it records nothing, for ever");
}

// R8
#[tokio::test(flavor = "multi_thread")]
async fn r08_a_live_recording_killed_behind_its_initialisation_loses_no_segment() {
    let stage = Stage::start().await;
    put_segments(&stage, [1000; 9]);
    stage.put("init.mp4", pattern(1000, 77));
    let map = "#EXT-X-MAP:URI=\"init.mp4\"";
    let is_slow = Arc::new(AtomicU32::new(1));
    let slow = is_slow.clone();
    stage.act("0.ts", move |request| {
        let it = answer(request, &pattern(1000, 0));
        if slow.load(Ordering::SeqCst) == 1 { it.set_delay(Duration::from_secs(20)) } else { it }
    });
    let reads = live(&stage, "live.m3u8", vec![window(0, &[map, "0.ts", "1.ts"], false)]);
    let (folder, content) = (Folder::new(), hls(&stage.link("live.m3u8"), ""));
    assert!(within(3, bring(&folder, &content, &from_window())).await.is_none());
    drop(reads);
    println!("{:?}", folder.names());
    is_slow.store(0, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(300)).await;
    live(
        &stage,
        "live.m3u8",
        vec![window(0, &[map, "0.ts", "1.ts"], false), window(0, &[map, "0.ts", "1.ts", "2.ts"], true)],
    );
    let report = bring(&folder, &content, &from_window()).await;
    println!("{report:?} {:?}", folder.names());
    let path = report.unwrap().paths[0].clone();
    let file = fs::read(path).unwrap();
    assert!(holds(&file, &pattern(1000, 1)));
    assert!(holds(&file, &pattern(1000, 0)), "the first segment is missing, and no gap is told");
}

// R10
#[tokio::test(flavor = "multi_thread")]
async fn r10_a_killed_live_recording_is_not_thrown_away_when_the_stream_has_ended() {
    let stage = Stage::start().await;
    put_segments(&stage, [400_000; 9]);
    live(&stage, "live.m3u8", vec![window(0, &["0.ts", "1.ts", "2.ts"], false)]);
    let (folder, content) = (Folder::new(), hls(&stage.link("live.m3u8"), ""));
    assert!(within(3, bring(&folder, &content, &from_window())).await.is_none());
    let before: u64 =
        fs::read_dir(folder.root()).unwrap().map(|it| it.unwrap().metadata().unwrap().len()).sum();
    println!("{:?} {before}", folder.names());
    tokio::time::sleep(Duration::from_millis(300)).await;
    live(&stage, "live.m3u8", vec![window(3, &["3.ts", "#EXT-X-DISCONTINUITY", "4.ts"], true)]);
    let report = bring(&folder, &content, &from_window()).await;
    println!("{report:?} {:?}", folder.names());
    let all: Vec<u8> = folder.names().iter().flat_map(|name| fs::read(folder.path(name)).unwrap()).collect();
    assert!(holds(&all, &pattern(400_000, 0)), "what was recorded is deleted");
}

// R11
#[tokio::test(flavor = "multi_thread")]
async fn r11_a_recording_that_was_killed_before_it_was_joined_is_gone_on_with() {
    let stage = Stage::start().await;
    put_segments(&stage, [1000; 9]);
    live(
        &stage,
        "live.m3u8",
        vec![
            window(0, &["0.ts", "1.ts", "2.ts"], true).replace("#EXT-X-ENDLIST\n", ""),
            window(0, &["0.ts", "1.ts", "2.ts"], true),
        ],
    );
    let (folder, content) = (Folder::new(), hls(&stage.link("live.m3u8"), ""));
    // As a kill leaves it between `http.bring` and `join`.
    fs::write(folder.path("f.ts.qetch-parts"), pattern(1000, 5)).unwrap();
    let report = bring(&folder, &content, &from_window()).await;
    println!("{report:?} {:?}", folder.names());
    assert!(report.is_ok(), "every run from now on ends so");
}

// R12
#[tokio::test(flavor = "multi_thread")]
async fn r12_progress_does_not_count_what_is_left_out() {
    let bytes: Vec<Vec<u8>> = (0..3).map(|n| pattern(300_000, n)).collect();
    let served = bytes.clone();
    let at = raw(move |mut stream, path, _| {
        let bytes = served.clone();
        async move {
            match path.as_str() {
                "/list.m3u8" => send(&mut stream, list_of(3).len(), list_of(3).as_bytes()).await,
                "/1.ts" => send(&mut stream, 300_000, &bytes[1][..200_000]).await,
                _ => {
                    let index: usize = path[1..2].parse().unwrap();
                    send(&mut stream, bytes[index].len(), &bytes[index]).await;
                }
            }
        }
    })
    .await;
    let folder = Folder::new();
    let options = DownloadOptions::new().with_allow_gaps(true).with_retries(1).with_max_connections(1);
    let (options, heard) = listening(options);
    let report = bring(&folder, &hls(&format!("{at}/list.m3u8"), ""), &options).await.unwrap();
    let last = *heard.lock().unwrap().last().unwrap();
    println!("{report:?}\n{last:?}");
    assert_eq!((last.done, last.total), (600_000, Some(600_000)));
}

// R13
#[tokio::test(flavor = "multi_thread")]
async fn r13_gaps_cost_no_journal_each() {
    let time = |count: usize| async move {
        let stage = Stage::start().await;
        stage.put("0.ts", pattern(400_000, 0));
        stage.put("1.ts", pattern(400_000, 1));
        stage.act("1.ts", |request| answer(request, &pattern(400_000, 1)).set_delay(Duration::from_secs(2)));
        let mut list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n0.ts\n#EXTINF:2,\n1.ts\n".to_owned();
        for number in 2..count {
            list.push_str(&format!("#EXT-X-GAP\n#EXTINF:2,\n{number}.ts\n"));
        }
        stage.put("list.m3u8", list + "#EXT-X-ENDLIST\n");
        let (folder, begun) = (Folder::new(), Instant::now());
        let options = DownloadOptions::new().with_allow_gaps(true);
        let done = within(120, bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options)).await;
        let took = begun.elapsed();
        println!("{count} gaps: {took:?} {}", done.is_some());
        took
    };
    let (few, many) = (time(2000).await, time(8000).await);
    assert!(many < Duration::from_secs(5), "{few:?} {many:?}");
}

fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

// R14
#[tokio::test(flavor = "multi_thread")]
async fn r14_a_huge_segment_of_captions_is_not_held_in_memory() {
    const SIZE: usize = 300 << 20;
    let at = raw(move |mut stream, path, _| async move {
        if path == "/list.m3u8" {
            let list = "#EXTM3U\n#EXTINF:2,\n0.vtt\n#EXT-X-ENDLIST\n";
            return send(&mut stream, list.len(), list.as_bytes()).await;
        }
        send(&mut stream, SIZE, b"WEBVTT\n\n").await;
        let block = vec![b'x'; 1 << 20];
        let mut left = SIZE - 8;
        while left > 0 {
            let count = left.min(block.len());
            if stream.write_all(&block[..count]).await.is_err() {
                return;
            }
            left -= count;
        }
    })
    .await;
    let (folder, mut content) = (Folder::new(), hls(&format!("{at}/list.m3u8"), ""));
    content.kind = Kind::Text;
    let before = peak();
    let done = bring(&folder, &content, &DownloadOptions::new().with_max_connections(1)).await;
    println!("{done:?}; memory: {} MiB more", (peak() - before) >> 20);
    assert!(peak() - before < 100 << 20);
}

// R15
#[tokio::test(flavor = "multi_thread")]
async fn r15_the_largest_size_holds_for_an_encrypted_segment_without_a_length() {
    let sent = Arc::new(AtomicU64::new(0));
    let counted = sent.clone();
    let at = raw(move |mut stream, path, _| {
        let sent = counted.clone();
        async move {
            match path.as_str() {
                "/list.m3u8" => {
                    let list =
                        "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n#EXTINF:2,\n0.ts\n#EXT-X-ENDLIST\n";
                    send(&mut stream, list.len(), list.as_bytes()).await;
                }
                "/key" => send(&mut stream, 16, &[7; 16]).await,
                _ => {
                    let head =
                        b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nTransfer-Encoding: chunked\r\n\r\n";
                    let _ = stream.write_all(head).await;
                    let mut block = b"100000\r\n".to_vec();
                    block.extend(vec![1; 1 << 20]);
                    block.extend(b"\r\n");
                    for _ in 0..300 {
                        if stream.write_all(&block).await.is_err() {
                            return;
                        }
                        sent.fetch_add(1 << 20, Ordering::SeqCst);
                    }
                    let _ = stream.write_all(b"0\r\n\r\n").await;
                }
            }
        }
    })
    .await;
    let folder = Folder::new();
    let options = DownloadOptions::new().with_max_size(5 << 20).with_retries(0);
    let done = bring(&folder, &hls(&format!("{at}/list.m3u8"), ""), &options).await;
    println!("{done:?}; {} MiB were taken in", sent.load(Ordering::SeqCst) >> 20);
    assert!(sent.load(Ordering::SeqCst) < 50 << 20);
}

// R16
#[tokio::test(flavor = "multi_thread")]
async fn r16_the_picture_of_one_recording_does_not_get_the_sound_of_another() {
    let stage = Stage::start().await;
    for number in 0..9 {
        stage.put(&format!("v{number}.ts"), pattern(1000, number));
        stage.put(&format!("a{number}.ts"), pattern(1000, 100 + number));
    }
    stage.put(
        "master.m3u8",
        "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"s\",NAME=\"x\",DEFAULT=YES,URI=\"a.m3u8\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=1000,RESOLUTION=64x36,CODECS=\"avc1.42c01e,mp4a.40.2\",AUDIO=\"s\"\nv.m3u8\n",
    );
    let qetch = qetch::Qetch::new();
    let mut extraction = qetch.extract(&stage.link("master.m3u8")).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    let selection = qetch::Select::best().choose(&variants).unwrap();
    assert_eq!(selection.companions.len(), 1);
    let (folder, to_options) = (Folder::new(), from_window);
    let to = Target::file(folder.path("film")).with_fitting_extension();
    // At ten o'clock: the list of the sound fails, so the picture ends in order.
    live(&stage, "v.m3u8", vec![window(0, &["v0.ts", "v1.ts"], false)]);
    let count = AtomicU32::new(0);
    stage.act("a.m3u8", move |request| match count.fetch_add(1, Ordering::SeqCst) {
        0 => answer(request, window(0, &["a0.ts", "a1.ts"], false).as_bytes()),
        _ => ResponseTemplate::new(403),
    });
    let first = within(30, qetch.download_selection(&selection, &to, &to_options())).await;
    println!("{first:?} {:?}", folder.names());
    // At eleven.
    for (name, letter) in [("v.m3u8", 'v'), ("a.m3u8", 'a')] {
        let names = [6, 7, 8].map(|number| format!("{letter}{number}.ts"));
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        live(&stage, name, vec![window(6, &names[..2], false), window(6, &names, true)]);
    }
    let second = within(30, qetch.download_selection(&selection, &to, &to_options())).await;
    println!("{second:?} {:?}", folder.names());
    let all: Vec<u8> = folder.names().iter().flat_map(|name| fs::read(folder.path(name)).unwrap()).collect();
    let has = |seed| holds(&all, &pattern(1000, seed));
    println!("v0 {} v7 {} a0 {} a7 {}", has(0), has(7), has(100), has(107));
    let is_ok = second.is_some_and(|it| it.is_ok_and(|it| it.complete));
    assert!(
        !is_ok || has(7) == has(107),
        "picture of ten o'clock, sound of eleven, and it is called complete"
    );
}

// R17
#[tokio::test(flavor = "multi_thread")]
async fn r17_parts_after_a_resumed_live_recording_begin_later_than_those_before() {
    let stage = Stage::start().await;
    put_segments(&stage, [1000; 9]);
    stage.put("init.mp4", pattern(1000, 77));
    let map = "#EXT-X-MAP:URI=\"init.mp4\"";
    live(&stage, "live.m3u8", vec![window(0, &[map, "0.ts", "1.ts", "2.ts"], false)]);
    let (folder, content) = (Folder::new(), hls(&stage.link("live.m3u8"), ""));
    let to = Target::track(folder.path("t"));
    let registry = downloaders();
    let cx = Context::new();
    assert!(within(3, registry.download(&cx, &content, &to, &from_window())).await.is_none());
    tokio::time::sleep(Duration::from_millis(300)).await;
    live(
        &stage,
        "live.m3u8",
        vec![window(3, &[map, "3.ts", "4.ts"], false), window(3, &[map, "3.ts", "4.ts", "5.ts"], true)],
    );
    let report = registry.download(&cx, &content, &to, &from_window()).await.unwrap();
    println!("{report:?}");
    assert!(report.parts.windows(2).all(|pair| pair[0].time < pair[1].time), "{:?}", report.parts);
}

// R20
#[tokio::test(flavor = "multi_thread")]
async fn r20_a_track_of_many_parts_is_known_to_be_whole() {
    let stage = Stage::start().await;
    let mut list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n".to_owned();
    for number in 0..300 {
        stage.put(&format!("{number}.ts"), pattern(188, number));
        list.push_str(&format!("#EXT-X-DISCONTINUITY\n#EXTINF:2,\n{number}.ts\n"));
    }
    stage.put("list.m3u8", list + "#EXT-X-ENDLIST\n");
    let (folder, content) = (Folder::new(), hls(&stage.link("list.m3u8"), ""));
    let to = Target::track(folder.path("t"));
    let first =
        downloaders().download(&Context::new(), &content, &to, &DownloadOptions::new()).await.unwrap();
    println!("{} parts {:?}", first.parts.len(), folder.names());
    let second = downloaders().download(&Context::new(), &content, &to, &DownloadOptions::new()).await;
    println!("{second:?}");
    assert!(second.is_ok_and(|it| it.existed));
}

// R22
#[tokio::test(flavor = "multi_thread")]
async fn r22_a_track_of_an_older_list_is_not_muxed_with_a_newer_one() {
    let stage = Stage::start().await;
    stage.put(
        "master.m3u8",
        "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"s\",NAME=\"x\",DEFAULT=YES,URI=\"a.m3u8\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=1000,RESOLUTION=64x36,CODECS=\"avc1.42c01e,mp4a.40.2\",AUDIO=\"s\"\nv.m3u8\n",
    );
    let list = |letter: char| {
        format!("#EXTM3U\n#EXTINF:2,\n{letter}0.ts\n#EXTINF:2,\n{letter}1.ts\n#EXT-X-ENDLIST\n")
    };
    for (letter, seed) in [('v', 0), ('a', 100)] {
        stage.put(&format!("{letter}.m3u8"), list(letter));
        for number in 0..2 {
            stage.put(&format!("{letter}{number}.ts"), pattern(1000, seed + number));
        }
    }
    // Its sound is not to be had today.
    fs::rename(stage.folder().path("a1.ts"), stage.folder().path("later")).unwrap();
    stage.act("a1.ts", |_| ResponseTemplate::new(404).set_delay(Duration::from_secs(2)));
    let qetch = qetch::Qetch::new();
    let mut extraction = qetch.extract(&stage.link("master.m3u8")).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    let selection = qetch::Select::best().choose(&variants).unwrap();
    let folder = Folder::new();
    let to = Target::file(folder.path("film")).with_fitting_extension();
    let first = qetch.download_selection(&selection, &to, &DownloadOptions::new()).await;
    println!("{first:?} {:?}", folder.names());
    // Tomorrow the film is another cut: other segments in both lists.
    for (letter, seed) in [('v', 50), ('a', 150)] {
        stage.put(
            &format!("{letter}.m3u8"),
            list(letter).replace(&format!("\n{letter}"), &format!("\nn{letter}")),
        );
        for number in 0..2 {
            stage.put(&format!("n{letter}{number}.ts"), pattern(1000, seed + number));
        }
    }
    let second = qetch.download_selection(&selection, &to, &DownloadOptions::new()).await;
    println!("{second:?} {:?}", folder.names());
    let all: Vec<u8> = folder.names().iter().flat_map(|name| fs::read(folder.path(name)).unwrap()).collect();
    let has = |seed| holds(&all, &pattern(1000, seed));
    println!("old picture {} new picture {} old sound {} new sound {}", has(0), has(50), has(100), has(150));
    assert!(!(second.is_ok() && has(0) && has(150)), "the picture of one version, the sound of another");
}

// R23
#[tokio::test(flavor = "multi_thread")]
async fn r23_ranges_behind_a_whole_file_are_of_one_version_too() {
    for with_other in [false, true] {
        let stage = Stage::start().await;
        stage.put("0.ts", pattern(1000, 9));
        let (old, new) = (pattern(400_000, 1), pattern(400_000, 2));
        let count = AtomicU32::new(0);
        let (old_bytes, new_bytes) = (old.clone(), new.clone());
        stage.act("film.ts", move |request| {
            let bytes = if count.fetch_add(1, Ordering::SeqCst) < 2 { &old_bytes } else { &new_bytes };
            let range =
                request.headers.get("range").unwrap().to_str().unwrap().strip_prefix("bytes=").unwrap();
            let (first, last) = range.split_once('-').unwrap();
            let (first, last) = (first.parse::<usize>().unwrap(), last.parse::<usize>().unwrap_or(399_999));
            // Nothing tells of which version it is.
            ResponseTemplate::new(206)
                .insert_header("Content-Range", format!("bytes {first}-{last}/400000"))
                .set_body_bytes(&bytes[first..=last])
        });
        let mut list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n".to_owned();
        if with_other {
            list.push_str("#EXTINF:2,\n0.ts\n");
        }
        for number in 0..4 {
            list.push_str(&format!("#EXTINF:2,\n#EXT-X-BYTERANGE:100000@{}\nfilm.ts\n", number * 100_000));
        }
        stage.put("list.m3u8", list + "#EXT-X-ENDLIST\n");
        let folder = Folder::new();
        let options = DownloadOptions::new().with_max_connections(1);
        let done = bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options).await;
        println!("{with_other}: {:?}", done.as_ref().map(|it| it.bytes));
        if done.is_ok() {
            let file = fs::read(folder.path("f.ts")).unwrap();
            let film = &file[file.len() - 400_000..];
            assert!(film == old || film == new, "two versions in one file ({with_other})");
        }
    }
}

// R24
#[tokio::test(flavor = "multi_thread")]
async fn r24_two_runs_at_once_never_name_a_file_that_is_not_whole() {
    const PART: usize = 60 << 20;
    let part = PART / 188 * 188;
    let at = raw(move |mut stream, path, _| async move {
        if path == "/list.m3u8" {
            let list = "#EXTM3U\n#EXTINF:2,\n0.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2,\n1.ts\n#EXT-X-ENDLIST\n";
            return send(&mut stream, list.len(), list.as_bytes()).await;
        }
        let packet = [&[0x47, 0x1f, 0xff, 0x10][..], &[0xff; 184]].concat();
        let block = packet.repeat(4096);
        send(&mut stream, part, &[]).await;
        let mut left = part;
        while left > 0 {
            let count = left.min(block.len());
            if stream.write_all(&block[..count]).await.is_err() {
                return;
            }
            left -= count;
        }
    })
    .await;
    let folder = Arc::new(Folder::new());
    let content = hls(&format!("{at}/list.m3u8"), "");
    let (one, of_one) = (folder.clone(), content.clone());
    let first = tokio::spawn(async move {
        let done = bring(&one, &of_one, &DownloadOptions::new().with_max_connections(1)).await;
        let len = fs::metadata(one.path("f.ts")).map(|it| it.len());
        (done, len)
    });
    while !folder.path("f.ts.qetch-joined").exists() {
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert!(!first.is_finished());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (two, of_two) = (folder.clone(), content.clone());
    let second =
        tokio::spawn(
            async move { bring(&two, &of_two, &DownloadOptions::new().with_max_connections(1)).await },
        );
    let (done, len) = first.await.unwrap();
    println!("first: {done:?} {len:?} where {} are right", 2 * part);
    println!("{:?}", folder.names());
    let second = second.await.unwrap();
    println!("second: {second:?} {:?}", folder.names());
    assert!(done.is_err() || len.unwrap() == 2 * part as u64, "it is called done, and is not whole");
}

// R25
#[tokio::test(flavor = "multi_thread")]
async fn r25_byte_ranges_of_a_file_that_changes_are_of_one_version() {
    for kind in [Kind::Video, Kind::Text] {
        for size in [1000, 100_000] {
            let stage = Stage::start().await;
            let (old, new) = (vec![b'a'; 2 * size], vec![b'b'; 2 * size]);
            stage.put(
                "list.m3u8",
                format!("#EXTM3U\n#EXTINF:2,\n#EXT-X-BYTERANGE:{size}@0\nf.ts\n#EXTINF:2,\n#EXT-X-BYTERANGE:{size}@{size}\nf.ts\n#EXT-X-ENDLIST\n"),
            );
            let count = AtomicU32::new(0);
            stage.act("f.ts", move |request| {
                let text = if count.fetch_add(1, Ordering::SeqCst) == 0 { &old } else { &new };
                answer(request, text)
            });
            let (folder, mut content) = (Folder::new(), hls(&stage.link("list.m3u8"), ""));
            content.kind = kind;
            let done = bring(&folder, &content, &DownloadOptions::new().with_max_connections(1)).await;
            let file = fs::read(folder.path("f.ts")).unwrap_or_default();
            println!(
                "{kind:?} {size}: {:?} a {} b {}, asked {:?}",
                done.map(|it| it.bytes),
                file.contains(&b'a'),
                file.contains(&b'b'),
                stage.asked().await.len()
            );
            assert!(
                !(file.contains(&b'a') && file.contains(&b'b')),
                "{kind:?} {size}: two versions in one file"
            );
        }
    }
}

// R26
#[tokio::test(flavor = "multi_thread")]
async fn r26_encrypted_byte_ranges_of_a_file_that_changes_are_of_one_version() {
    let (stage, work) = (Stage::start().await, Folder::new());
    stage.put("key", (0..16).collect::<Vec<u8>>());
    let two = |letter: u8| [sealed(&work, &[letter; 1000]), sealed(&work, &[letter; 1000])].concat();
    let (old, new) = (two(b'a'), two(b'b'));
    let size = old.len() / 2;
    stage.put("list.m3u8", format!("#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"key\",IV=0x00000000000000000000000000000000\n#EXTINF:2,\n#EXT-X-BYTERANGE:{size}@0\nf.ts\n#EXTINF:2,\n#EXT-X-BYTERANGE:{size}@{size}\nf.ts\n#EXT-X-ENDLIST\n"));
    let count = AtomicU32::new(0);
    stage.act("f.ts", move |request| {
        answer(request, if count.fetch_add(1, Ordering::SeqCst) == 0 { &old } else { &new })
    });
    let folder = Folder::new();
    let done =
        bring(&folder, &hls(&stage.link("list.m3u8"), ""), &DownloadOptions::new().with_max_connections(1))
            .await;
    let file = fs::read(folder.path("f.ts")).unwrap_or_default();
    println!("{done:?}");
    assert!(!(file.contains(&b'a') && file.contains(&b'b')), "two versions in one file");
}

// R33
#[tokio::test(flavor = "multi_thread")]
async fn r33_a_file_whose_form_its_segments_told_is_there_already() {
    let stage = Stage::start().await;
    let packet = [&[0x47, 0x1f, 0xff, 0x10][..], &[0xff; 184]].concat();
    for number in 0..3 {
        stage.put(&format!("s{number}"), packet.repeat(100));
    }
    stage.put("list.m3u8", "#EXTM3U\n#EXTINF:2,\ns0\n#EXTINF:2,\ns1\n#EXTINF:2,\ns2\n#EXT-X-ENDLIST\n");
    let (folder, content) = (Folder::new(), hls(&stage.link("list.m3u8"), ""));
    let to = Target::file(folder.path("f")).with_fitting_extension();
    let first = downloaders().download(&Context::new(), &content, &to, &DownloadOptions::new()).await;
    println!("{first:?} {:?}", folder.names());
    let before = stage.asked().await.len();
    let second = downloaders().download(&Context::new(), &content, &to, &DownloadOptions::new()).await;
    println!("{second:?} {:?} {:?}", folder.names(), stage.asked().await.split_off(before));
    assert_eq!(folder.names(), ["f.ts"]);
}

// R35
#[tokio::test(flavor = "multi_thread")]
async fn r35_nothing_is_done_before_it_has_its_name() {
    let stage = Stage::start().await;
    let packet = [&[0x47, 0x1f, 0xff, 0x10][..], &[0xff; 184]].concat();
    for number in 0..2 {
        stage.put(&format!("{number}.ts"), packet.repeat(50_000));
    }
    stage.put(
        "list.m3u8",
        "#EXTM3U\n#EXTINF:2,\n0.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2,\n1.ts\n#EXT-X-ENDLIST\n",
    );
    let folder = Arc::new(Folder::new());
    let early = Arc::new(AtomicU32::new(0));
    let (told, looked) = (early.clone(), folder.clone());
    let options = DownloadOptions::new().with_hook(move |progress: qetch::Progress| {
        if progress.phase == qetch::Phase::Done && !looked.path("f.ts").exists() {
            told.fetch_add(1, Ordering::SeqCst);
        }
    });
    bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options).await.unwrap();
    assert_eq!(early.load(Ordering::SeqCst), 0, "it is called done while its parts are to be joined");
}

// R36
#[tokio::test(flavor = "multi_thread")]
async fn r36_joining_is_ended_when_it_is_asked_to() {
    let stage = Stage::start().await;
    let packet = [&[0x47, 0x1f, 0xff, 0x10][..], &[0xff; 184]].concat();
    for number in 0..2 {
        stage.put(&format!("{number}.ts"), packet.repeat(200_000));
    }
    stage.put(
        "list.m3u8",
        "#EXTM3U\n#EXTINF:2,\n0.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2,\n1.ts\n#EXT-X-ENDLIST\n",
    );
    let folder = Folder::new();
    let stop = qetch::Stop::new();
    let (asked, path) = (stop.clone(), folder.path("f.ts.qetch-joined"));
    tokio::spawn(async move {
        while !path.exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        asked.ask();
    });
    let done =
        bring(&folder, &hls(&stage.link("list.m3u8"), ""), &DownloadOptions::new().with_stop(stop)).await;
    assert!(done.is_err(), "{done:?}");
}

// R37
#[cfg(ffmpeg)]
#[tokio::test(flavor = "multi_thread")]
async fn r37_pictures_that_are_shown_in_another_order_keep_their_times() {
    use qetch_tests::film::{check_frames, ffmpeg, frames};
    let stage = Stage::start().await;
    let source = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=8", "-f", "lavfi", "-i", "sine=440:d=8"];
    let encode = ["-c:v", "libx264", "-g", "50", "-bf", "3", "-c:a", "aac", "-ar", "44100"];
    ffmpeg(stage.folder(), &[&source[..], &encode, &["film.mp4"]].concat());
    let form = [
        "-i",
        "film.mp4",
        "-c",
        "copy",
        "-map",
        "0:v",
        "-map",
        "0:a",
        "-f",
        "hls",
        "-hls_time",
        "2",
        "-hls_playlist_type",
        "vod",
        "-hls_segment_type",
        "fmp4",
        "-master_pl_name",
        "master.m3u8",
        "-var_stream_map",
        "v:0,agroup:a a:0,agroup:a,default:yes",
        "-hls_fmp4_init_filename",
        "init.mp4",
        "-hls_segment_filename",
        "%v-%d.m4s",
        "%v.m3u8",
    ];
    ffmpeg(stage.folder(), &form);
    let qetch = qetch::Qetch::new();
    let mut extraction = qetch.extract(&stage.link("master.m3u8")).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    let selection = qetch::Select::best().choose(&variants).unwrap();
    let folder = Folder::new();
    let to = Target::file(folder.path("film")).with_fitting_extension();
    let report = qetch.download_selection(&selection, &to, &DownloadOptions::auto()).await.unwrap();
    println!("{report:?}");
    for (number, stream) in ["v", "a"].iter().enumerate() {
        let list = fs::read_to_string(stage.folder().path(&format!("{number}.m3u8"))).unwrap();
        let init = list.split("URI=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let names = std::iter::once(init)
            .chain(list.lines().filter(|line| line.ends_with(".m4s")).map(str::to_owned));
        let all: Vec<u8> = names.flat_map(|name| fs::read(stage.folder().path(&name)).unwrap()).collect();
        stage.put(&format!("{stream}.mp4"), all);
        let probe = |path: std::path::PathBuf| {
            let out = Command::new("ffprobe")
                .args([
                    "-v",
                    "error",
                    "-select_streams",
                    stream,
                    "-show_entries",
                    "stream=start_time:frame=pts_time",
                    "-read_intervals",
                    "%+#1",
                    "-of",
                    "csv",
                ])
                .arg(path)
                .output()
                .unwrap();
            String::from_utf8(out.stdout).unwrap().replace('\n', " ")
        };
        println!(
            "{stream}: joined by hand {} result {}",
            probe(stage.folder().path(&format!("{stream}.mp4"))),
            probe(folder.path("film.mp4"))
        );
        let (found, expected) = (
            frames(&folder, "film.mp4", &format!("0:{stream}")),
            frames(stage.folder(), &format!("{stream}.mp4"), "0:0"),
        );
        println!("{} {}", found.len(), expected.len());
        check_frames(&found, &expected);
    }
}
