//! Origins that change what they have, say one thing and send another, or break off.

use std::{
    fs,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use qetch::{DownloadOptions, Kind};
use qetch_testkit::pattern;
use qetch_tests::{
    Folder, listening,
    stage::{Stage, answer},
    stopping_at,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use wiremock::ResponseTemplate;

use super::{bring, hls};

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

/// A playlist of so many segments.
fn list_of(count: usize) -> String {
    let mut list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n".to_owned();
    for number in 0..count {
        list.push_str(&format!("#EXTINF:2,\n{number}.ts\n"));
    }
    list + "#EXT-X-ENDLIST\n"
}

/// `plain` as openssl seals it.
fn sealed(folder: &Folder, plain: &[u8]) -> Vec<u8> {
    fs::write(folder.path("plain"), plain).unwrap();
    let arguments = ["enc", "-aes-128-cbc", "-K", "000102030405060708090a0b0c0d0e0f", "-iv"];
    let iv = "00000000000000000000000000000000";
    let done =
        Command::new("openssl").args(arguments).args([iv, "-in"]).arg(folder.path("plain")).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    done.stdout
}

/// Puts sealed segments on a stage, and a playlist of them. Answers their bytes, opened.
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

#[tokio::test(flavor = "multi_thread")]
async fn a_fragment_of_another_size_than_its_head_said_leaves_no_hole() {
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
    is_honest.store(1, Ordering::SeqCst);
    if first.is_err() {
        bring(&folder, &content, &options).await.unwrap();
    }
    let file = fs::read(folder.path("f.ts")).unwrap();
    assert!(file == bytes.concat(), "a wrong file");
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_segments_of_two_versions_are_not_mixed() {
    let stage = Stage::with_delay(Duration::from_millis(5)).await;
    let old = put_sealed(&stage, 20, 200_000, 0);
    let (folder, content) = (Folder::new(), hls(&stage.link("list.m3u8"), ""));
    let half = stopping_at(DownloadOptions::new(), old.len() as u64 / 2);
    bring(&folder, &content, &half).await.unwrap_err();
    // The site encodes the film anew: other bytes and ETags under the same names.
    let new = put_sealed(&stage, 20, 200_000, 1000);
    bring(&folder, &content, &DownloadOptions::new()).await.unwrap();
    assert!(fs::read(folder.path("f.ts")).unwrap() == new, "two versions in one file");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_segment_of_no_bytes_is_refused() {
    let stage = Stage::start().await;
    put_sealed(&stage, 3, 5000, 0);
    stage.put("1.ts", []);
    let folder = Folder::new();
    let content = hls(&stage.link("list.m3u8"), "");
    let error = bring(&folder, &content, &DownloadOptions::new()).await.unwrap_err();
    assert_eq!(error.code(), "bad_reply", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_that_are_begun_afresh_are_whole() {
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
    bring(&folder, &content, &DownloadOptions::new().with_max_connections(1)).await.unwrap();
    let text = fs::read_to_string(folder.path("f.ts")).unwrap();
    assert_eq!(text, new);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_is_no_progress() {
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
    bring(&folder, &hls(&format!("{at}/list.m3u8"), ""), &options).await.unwrap();
    let last = *heard.lock().unwrap().last().unwrap();
    assert_eq!((last.done, last.total), (600_000, Some(600_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_behind_a_whole_file_are_of_one_version_too() {
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
        if done.is_ok() {
            let file = fs::read(folder.path("f.ts")).unwrap();
            let film = &file[file.len() - 400_000..];
            assert!(film == old || film == new, "two versions in one file ({with_other})");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_of_a_file_that_changes_are_of_one_version() {
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
            _ = bring(&folder, &content, &DownloadOptions::new().with_max_connections(1)).await;
            let file = fs::read(folder.path("f.ts")).unwrap_or_default();
            assert!(
                !(file.contains(&b'a') && file.contains(&b'b')),
                "{kind:?} {size}: two versions in one file"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_ranges_of_a_file_that_changes_are_of_one_version() {
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
    _ = bring(&folder, &hls(&stage.link("list.m3u8"), ""), &DownloadOptions::new().with_max_connections(1))
        .await;
    let file = fs::read(folder.path("f.ts")).unwrap_or_default();
    assert!(!(file.contains(&b'a') && file.contains(&b'b')), "two versions in one file");
}
