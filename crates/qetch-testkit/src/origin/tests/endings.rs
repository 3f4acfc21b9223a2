//! Bodies that are reset, stall, crawl or end with more than was promised.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

use super::{
    OK, PARTIAL, PATIENCE, RANGES, TYPE, assert_wire, body, check, check_raw, connect, exchange, origin,
    origin_of, read, request, send,
};
use crate::{Behaviour, Resource, Which};

const WHOLE: [&str; 4] = [OK, TYPE, "Content-Length: 1000", RANGES];

/// The length of a head of these lines.
fn length(head: &[&str]) -> usize {
    head.join("\r\n").len() + 4
}

async fn is_quiet(stream: &mut TcpStream) {
    let more = timeout(Duration::from_millis(150), stream.read_u8()).await;
    assert!(more.is_err(), "neither a byte nor an end: {more:?}");
}

#[tokio::test]
async fn resets() {
    let origin = origin(Behaviour::Resets { which: Which::Every(2), after: 100 }).await;
    check(&origin, &[], &WHOLE, &body()).await;
    let mut stream = connect(&origin).await;
    send(&mut stream, request("GET", &[]).as_bytes()).await;
    assert_wire(&read(&mut stream, length(&WHOLE) + 100).await, &WHOLE, &body()[..100]);
    let end = timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(end.kind(), ErrorKind::ConnectionReset);
    check(&origin, &[], &WHOLE, &body()).await;
    // The fourth is too short to be struck.
    let head = [PARTIAL, TYPE, "Content-Length: 100", "Content-Range: bytes 0-99/1000", RANGES];
    check(&origin, &["Range: bytes=0-99"], &head, &body()[..100]).await;
    assert_eq!(origin.bytes_sent("/f"), 2200);
}

#[tokio::test]
async fn stalls() {
    let origin = origin(Behaviour::Stalls { which: Which::From(2), after: 100 }).await;
    check(&origin, &[], &WHOLE, &body()).await;
    for _ in 0..2 {
        let mut stream = connect(&origin).await;
        send(&mut stream, request("GET", &[]).as_bytes()).await;
        assert_wire(&read(&mut stream, length(&WHOLE) + 100).await, &WHOLE, &body()[..100]);
        is_quiet(&mut stream).await;
    }
}

#[tokio::test]
async fn silent() {
    let origin = origin(Behaviour::Silent { which: Which::Nth(2) }).await;
    check(&origin, &[], &WHOLE, &body()).await;
    let mut stream = connect(&origin).await;
    send(&mut stream, request("HEAD", &[]).as_bytes()).await;
    is_quiet(&mut stream).await;
    check(&origin, &[], &WHOLE, &body()).await;
    assert_eq!(origin.requests()[1].status, None);
}

#[tokio::test]
async fn slows() {
    let slows = Behaviour::Slows { which: Which::Nth(2), after: 900, bytes_per_second: 1 };
    let origin = origin(slows).await;
    check(&origin, &[], &WHOLE, &body()).await;
    let mut stream = connect(&origin).await;
    send(&mut stream, request("GET", &[]).as_bytes()).await;
    let start = Instant::now();
    assert_wire(&read(&mut stream, length(&WHOLE) + 900).await, &WHOLE, &body()[..900]);
    assert_eq!(read(&mut stream, 1).await, body()[900..901]);
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
    assert_eq!(origin.requests()[1].bytes_sent, 901);
    check(&origin, &[], &WHOLE, &body()).await;
}

#[tokio::test]
async fn slow_connections() {
    let slow = Behaviour::SlowConnections { which: Which::Nth(2), bytes_per_second: 1 };
    let origin = origin_of(Resource::new("four").with_behaviour(slow)).await;
    let whole = [OK, TYPE, "Content-Length: 4", RANGES];
    check(&origin, &[], &whole, b"four").await;
    let mut stream = connect(&origin).await;
    let part = [PARTIAL, TYPE, "Content-Length: 1", "Content-Range: bytes 0-0/4", RANGES];
    let start = Instant::now();
    for turn in 1..=2 {
        send(&mut stream, request("GET", &["Range: bytes=0-0"]).as_bytes()).await;
        assert_wire(&read(&mut stream, length(&part) + 1).await, &part, b"f");
        assert!(start.elapsed() >= Duration::from_millis(turn * 900), "{turn}: {:?}", start.elapsed());
    }
    check(&origin, &[], &whole, b"four").await;
}

#[tokio::test]
async fn closes_quietly() {
    let origin = origin(Behaviour::ClosesQuietly).await;
    check_raw(&origin, &request("GET", &[]).repeat(2), &WHOLE, &body()).await;
}

#[tokio::test]
async fn chunked_ranges() {
    let origin = origin(Behaviour::ChunkedRanges).await;
    let told = "Content-Range: bytes 10-19/1000";
    let sent = [b"a\r\n", &body()[10..20], b"\r\n0\r\n\r\n"].concat();
    let head = [PARTIAL, TYPE, "Transfer-Encoding: chunked", told, RANGES];
    check(&origin, &["Range: bytes=10-19"], &head, &sent).await;
    let sent = [b"3e8\r\n", &body()[..], b"\r\n0\r\n\r\n"].concat();
    check(&origin, &[], &[OK, TYPE, "Transfer-Encoding: chunked", RANGES], &sent).await;
}

#[tokio::test]
async fn surplus() {
    let origin = origin(Behaviour::Surplus { extra: 3 }).await;
    check(&origin, &[], &WHOLE, &body()).await;
    let head = [PARTIAL, TYPE, "Content-Length: 13", "Content-Range: bytes 10-19/1000", RANGES];
    check(&origin, &["Range: bytes=10-19"], &head, &[&body()[10..20], b"!!!"].concat()).await;
}

#[tokio::test]
async fn surplus_beyond_one_piece() {
    let origin = origin(Behaviour::Surplus { extra: 100_000 }).await;
    let head = [PARTIAL, TYPE, "Content-Length: 100001", "Content-Range: bytes 0-0/1000", RANGES];
    let sent = [&body()[..1], &[b'!'; 100_000]].concat();
    check(&origin, &["Range: bytes=0-0"], &head, &sent).await;
}

#[tokio::test]
async fn chunked_surplus() {
    let origin = origin(Behaviour::ChunkedSurplus { extra: 3 }).await;
    let told = "Content-Range: bytes 10-19/1000";
    let sent = [b"a\r\n", &body()[10..20], b"\r\n3\r\n!!!\r\n0\r\n\r\n"].concat();
    let head = [PARTIAL, TYPE, "Transfer-Encoding: chunked", told, RANGES];
    check(&origin, &["Range: bytes=10-19"], &head, &sent).await;
}

/// Two faults at once: each does its own, and of two that end a body the first one does.
#[tokio::test]
async fn faults_add_up() {
    let resource = Resource::new(body())
        .with_behaviour(Behaviour::Fails { which: Which::Nth(2), status: 500 })
        .with_behaviour(Behaviour::StarTotal)
        .with_behaviour(Behaviour::Superset { before: 5 })
        .with_behaviour(Behaviour::Shorter { at_most: 50 })
        .with_behaviour(Behaviour::CutAlways { after: 10 })
        .with_behaviour(Behaviour::Resets { which: Which::All, after: 20 });
    let origin = origin_of(resource).await;
    let head = [PARTIAL, TYPE, "Content-Length: 50", "Content-Range: bytes 95-144/*", RANGES];
    check(&origin, &["Range: bytes=100-"], &head, &body()[95..105]).await;
    let wire = exchange(&origin, &request("GET", &["Connection: close"])).await;
    assert!(wire.starts_with(b"HTTP/1.1 500 "));
}

#[tokio::test]
async fn files_of_no_byte_and_of_one_end() {
    for behaviour in [
        Behaviour::Slows { which: Which::All, after: 0, bytes_per_second: 1000 },
        Behaviour::Resets { which: Which::All, after: 1 },
        Behaviour::Stalls { which: Which::All, after: 1 },
    ] {
        for bytes in [&b""[..], b"a"] {
            let resource = Resource::new(bytes).with_behaviour(behaviour.clone());
            let head = [OK, TYPE, &format!("Content-Length: {}", bytes.len()), RANGES];
            check(&origin_of(resource).await, &[], &head, bytes).await;
        }
    }
}
