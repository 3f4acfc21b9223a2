//! Behaviours that are wrong about lengths, endings, encodings and versions.

use std::time::Duration;

use tokio::{io::AsyncReadExt, time::timeout};

use super::{
    OK, PARTIAL, RANGES, TYPE, assert_wire, body, check, check_raw, connect, exchange, origin, origin_of,
    read, request, send,
};
use crate::{Behaviour, Resource, gzip::gzip, pattern};

const WHOLE: [&str; 4] = [OK, TYPE, "Content-Length: 1000", RANGES];

#[tokio::test]
async fn content_length_too_long() {
    let origin = origin(Behaviour::ContentLengthTooLong { extra: 5 }).await;
    let head = [OK, TYPE, "Content-Length: 1005", RANGES];
    check_raw(&origin, &request("GET", &[]), &head, &body()).await;
    let head = [PARTIAL, TYPE, "Content-Length: 15", "Content-Range: bytes 10-19/1000", RANGES];
    check_raw(&origin, &request("GET", &["Range: bytes=10-19"]), &head, &body()[10..20]).await;
}

#[tokio::test]
async fn content_length_too_short() {
    let behaviour = Behaviour::ContentLengthTooShort { missing: 5 };
    let origin = origin(behaviour).await;
    let head = [OK, TYPE, "Content-Length: 995", RANGES];
    check_raw(&origin, &request("GET", &[]), &head, &body()).await;
    let head = [PARTIAL, TYPE, "Content-Length: 0", "Content-Range: bytes 10-12/1000", RANGES];
    check_raw(&origin, &request("GET", &["Range: bytes=10-12"]), &head, &body()[10..13]).await;
}

#[tokio::test]
async fn cut_once() {
    let origin = origin(Behaviour::CutOnce { after: 100 }).await;
    // Too short to be cut, and a HEAD: neither is the body that the fault waits for.
    let head = [PARTIAL, TYPE, "Content-Length: 100", "Content-Range: bytes 0-99/1000", RANGES];
    check(&origin, &["Range: bytes=0-99"], &head, &body()[..100]).await;
    exchange(&origin, &request("HEAD", &["Connection: close"])).await;
    check_raw(&origin, &request("GET", &[]), &WHOLE, &body()[..100]).await;
    check(&origin, &[], &WHOLE, &body()).await;
}

#[tokio::test]
async fn cut_always() {
    let origin = origin(Behaviour::CutAlways { after: 100 }).await;
    for _ in 0..3 {
        check_raw(&origin, &request("GET", &[]), &WHOLE, &body()[..100]).await;
        let head = [PARTIAL, TYPE, "Content-Length: 500", "Content-Range: bytes 500-999/1000", RANGES];
        check_raw(&origin, &request("GET", &["Range: bytes=500-"]), &head, &body()[500..600]).await;
    }
    // A whole body that takes all there was left is the last as well.
    let head = [PARTIAL, TYPE, "Content-Length: 100", "Content-Range: bytes 0-99/1000", RANGES];
    check_raw(&origin, &request("GET", &["Range: bytes=0-99"]), &head, &body()[..100]).await;
    // The bytes of a connection count, not those of one answer.
    let sixty = request("GET", &["Range: bytes=0-59"]);
    let wire = exchange(&origin, &sixty.repeat(3)).await;
    let head = [PARTIAL, TYPE, "Content-Length: 60", "Content-Range: bytes 0-59/1000", RANGES];
    let length = head.join("\r\n").len() + 4;
    assert_wire(&wire[..length + 60], &head, &body()[..60]);
    assert_wire(&wire[length + 60..], &head, &body()[..40]);
}

#[tokio::test]
async fn a_cut_at_nothing_leaves_the_head() {
    check_raw(&origin(Behaviour::CutAlways { after: 0 }).await, &request("GET", &[]), &WHOLE, b"").await;
}

/// The body in chunks of 64 KiB, without the last chunk.
fn chunks(bytes: &[u8]) -> Vec<u8> {
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    bytes.chunks(65_536).flat_map(chunk).collect()
}

#[tokio::test]
async fn chunked() {
    let body = pattern(100_000, 1);
    let origin = origin_of(Resource::new(body.clone()).with_behaviour(Behaviour::Chunked)).await;
    let head = [OK, TYPE, "Transfer-Encoding: chunked"];
    let sent = [chunks(&body), b"0\r\n\r\n".to_vec()].concat();
    check(&origin, &[], &head, &sent).await;
    check(&origin, &["Range: bytes=10-19"], &head, &sent).await;
    assert_eq!(origin.bytes_sent("/f"), 200_000);
}

#[tokio::test]
async fn chunked_answers_leave_the_connection_open() {
    let origin = origin(Behaviour::Chunked).await;
    let asks = request("GET", &[]) + &request("GET", &["Connection: close"]);
    let wire = exchange(&origin, &asks).await;
    let head = [OK, TYPE, "Transfer-Encoding: chunked"];
    let sent = [chunks(&body()), b"0\r\n\r\n".to_vec()].concat();
    let first = head.join("\r\n").len() + 4 + sent.len();
    assert_wire(&wire[..first], &head, &sent);
    assert_wire(&wire[first..], &[&head[..], &["Connection: close"]].concat(), &sent);
}

#[tokio::test]
async fn chunked_cut() {
    let head = [OK, TYPE, "Transfer-Encoding: chunked"];
    let origin = origin(Behaviour::ChunkedCut { after: 100 }).await;
    check_raw(&origin, &request("GET", &[]), &head, &chunks(&body()[..100])).await;
    origin.serve("/f", Resource::new(body()).with_behaviour(Behaviour::ChunkedCut { after: 9999 }));
    check_raw(&origin, &request("GET", &[]), &head, &chunks(&body())).await;
}

#[tokio::test]
async fn until_close() {
    let origin = origin(Behaviour::UntilClose).await;
    let head = [OK, TYPE, "Connection: close"];
    check_raw(&origin, &request("GET", &[]), &head, &body()).await;
    check_raw(&origin, &request("GET", &["Range: bytes=10-19"]), &head, &body()).await;
    check_raw(&origin, &request("HEAD", &[]), &head, b"").await;
}

#[tokio::test]
async fn gzipped() {
    let packed = gzip(&body());
    let length = format!("Content-Length: {}", packed.len());
    let origin = origin(Behaviour::Gzip).await;
    for lines in [&[][..], &["Accept-Encoding: identity"], &["Range: bytes=10-19"]] {
        check(&origin, lines, &[OK, TYPE, &length, "Content-Encoding: gzip"], &packed).await;
    }
}

#[tokio::test]
async fn gzipped_with_ranges() {
    let packed = gzip(&body());
    let length = format!("Content-Length: {}", packed.len());
    let told = format!("Content-Range: bytes 10-19/{}", packed.len());
    let origin = origin(Behaviour::GzipRanges).await;
    let head = [OK, TYPE, &length, RANGES, "Content-Encoding: gzip"];
    check(&origin, &[], &head, &packed).await;
    let head = [PARTIAL, TYPE, "Content-Length: 10", &told, RANGES, "Content-Encoding: gzip"];
    check(&origin, &["Range: bytes=10-19"], &head, &packed[10..20]).await;
}

#[tokio::test]
async fn changing() {
    let next = pattern(900, 2);
    let behaviour = Behaviour::Changing { body: next.clone().into(), etag: "v2".to_owned() };
    let origin = origin_of(Resource::new(body()).with_etag("v1").with_behaviour(behaviour)).await;
    exchange(&origin, &request("HEAD", &["Connection: close"])).await;
    let head = [PARTIAL, TYPE, "Content-Length: 10", "Content-Range: bytes 0-9/1000", RANGES, "ETag: \"v1\""];
    check(&origin, &["Range: bytes=0-9"], &head, &body()[..10]).await;
    let head =
        [PARTIAL, TYPE, "Content-Length: 10", "Content-Range: bytes 10-19/900", RANGES, "ETag: \"v2\""];
    check(&origin, &["Range: bytes=10-19"], &head, &next[10..20]).await;
    check(&origin, &[], &[OK, TYPE, "Content-Length: 900", RANGES, "ETag: \"v2\""], &next).await;
}

#[tokio::test]
async fn changing_quietly() {
    let next = pattern(1000, 2);
    let behaviour = Behaviour::ChangingQuietly { body: next.clone().into() };
    let resource = Resource::new(body()).with_etag("v1").with_last_modified("some day");
    let origin = origin_of(resource.with_behaviour(behaviour)).await;
    check(&origin, &[], &WHOLE, &body()).await;
    let head = [PARTIAL, TYPE, "Content-Length: 10", "Content-Range: bytes 10-19/1000", RANGES];
    check(&origin, &["Range: bytes=10-19"], &head, &next[10..20]).await;
}

#[tokio::test]
async fn stall_once() {
    let origin = origin(Behaviour::StallOnce { after: 100 }).await;
    let mut stream = connect(&origin).await;
    send(&mut stream, request("GET", &[]).as_bytes()).await;
    let length = WHOLE.join("\r\n").len() + 4 + 100;
    assert_wire(&read(&mut stream, length).await, &WHOLE, &body()[..100]);
    let more = timeout(Duration::from_millis(200), stream.read_u8()).await;
    assert!(more.is_err(), "neither a byte nor an end: {more:?}");
    // Others are served meanwhile, and the origin notices when the client has had enough.
    check(&origin, &[], &WHOLE, &body()).await;
    assert_eq!(origin.requests()[0].ended, None);
    drop(stream);
    timeout(super::PATIENCE, origin.until(|origin| origin.open_connections() == 0)).await.unwrap();
    assert!(origin.requests()[0].ended.is_some());
    assert_eq!(origin.requests()[0].bytes_sent, 100);
}

#[tokio::test]
async fn fail_first() {
    let behaviour = Behaviour::FailFirst { times: 2, status: 503, retry_after: Some("7".to_owned()) };
    let origin = origin(behaviour).await;
    let head = [
        "HTTP/1.1 503 Service Unavailable",
        "Content-Type: text/plain",
        "Content-Length: 24",
        "Retry-After: 7",
    ];
    check(&origin, &["Range: bytes=0-1"], &head, b"503 Service Unavailable\n").await;
    let head = [&head[..], &["Connection: close"]].concat();
    check_raw(&origin, &request("HEAD", &["Connection: close"]), &head, b"").await;
    check(&origin, &[], &WHOLE, &body()).await;
}

#[tokio::test]
async fn fail_first_without_a_time() {
    let origin = origin(Behaviour::FailFirst { times: 1, status: 429, retry_after: None }).await;
    let head = ["HTTP/1.1 429 Too Many Requests", "Content-Type: text/plain", "Content-Length: 22"];
    check(&origin, &[], &head, b"429 Too Many Requests\n").await;
    check(&origin, &[], &WHOLE, &body()).await;
}

#[tokio::test]
async fn crowded() {
    let crowded = Behaviour::Crowded { at_most: 1, status: 403 };
    let origin = origin_of(Resource::new(body()).with_throttle(2000).with_behaviour(crowded)).await;
    let mut busy = connect(&origin).await;
    send(&mut busy, request("GET", &[]).as_bytes()).await;
    timeout(super::PATIENCE, origin.until(|origin| origin.bytes_sent("/f") > 0)).await.unwrap();
    let head = ["HTTP/1.1 403 Forbidden", "Content-Type: text/plain", "Content-Length: 14"];
    check(&origin, &[], &head, b"403 Forbidden\n").await;
    drop(busy);
    timeout(super::PATIENCE, origin.until(|origin| origin.open_connections() == 0)).await.unwrap();
    check(&origin, &[], &WHOLE, &body()).await;
}
