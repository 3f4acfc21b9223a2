//! Requests that get something else than the resource.

use std::io::ErrorKind;

use tokio::{io::AsyncReadExt, time::timeout};

use super::{
    OK, PARTIAL, PATIENCE, RANGES, TYPE, body, check, check_raw, connect, origin, origin_of, request, send,
};
use crate::{Behaviour, Resource, Which};

const WHOLE: [&str; 4] = [OK, TYPE, "Content-Length: 1000", RANGES];

#[tokio::test]
async fn head_refused() {
    for (status, line, length) in [
        (403, "HTTP/1.1 403 Forbidden", "Content-Length: 14"),
        (405, "HTTP/1.1 405 Method Not Allowed", "Content-Length: 23"),
    ] {
        let origin = origin(Behaviour::HeadRefused { status }).await;
        let head = [line, "Content-Type: text/plain", length, "Connection: close"];
        check_raw(&origin, &request("HEAD", &["Connection: close"]), &head, b"").await;
        check(&origin, &[], &WHOLE, &body()).await;
    }
}

#[tokio::test]
async fn head_lies() {
    let lies = Behaviour::HeadLies { length: 7, etag: Some("other".to_owned()) };
    let origin = origin_of(Resource::new(body()).with_etag("v1").with_behaviour(lies)).await;
    let head = [OK, TYPE, RANGES, "Content-Length: 7", "ETag: \"other\"", "Connection: close"];
    check_raw(&origin, &request("HEAD", &["Connection: close"]), &head, b"").await;
    check(&origin, &[], &[&WHOLE[..], &["ETag: \"v1\""]].concat(), &body()).await;
    let lies = Behaviour::HeadLies { length: 0, etag: None };
    origin.serve("/f", Resource::new(body()).with_etag("v1").with_behaviour(lies));
    let head = [OK, TYPE, RANGES, "Content-Length: 0", "Connection: close"];
    check_raw(&origin, &request("HEAD", &["Connection: close"]), &head, b"").await;
}

#[tokio::test]
async fn fails() {
    let origin = origin(Behaviour::Fails { which: Which::Every(3), status: 500 }).await;
    let head = ["HTTP/1.1 500 Internal Server Error", "Content-Type: text/plain", "Content-Length: 26"];
    for _ in 0..2 {
        check(&origin, &[], &WHOLE, &body()).await;
        check(&origin, &[], &WHOLE, &body()).await;
        check(&origin, &["Range: bytes=5-"], &head, b"500 Internal Server Error\n").await;
    }
}

#[tokio::test]
async fn pages() {
    let page = &b"<!doctype html><title>Log in</title>"[..];
    let origin = origin(Behaviour::Pages { which: Which::Nth(2), page: page.into() }).await;
    check(&origin, &[], &WHOLE, &body()).await;
    let head = [OK, "Content-Type: text/html", "Content-Length: 36"];
    check(&origin, &["Range: bytes=5-"], &head, page).await;
    check(&origin, &[], &WHOLE, &body()).await;
}

#[tokio::test]
async fn range_limit() {
    let origin = origin(Behaviour::RangeLimit { at_most: 100, status: 400 }).await;
    let refused = ["HTTP/1.1 400 Bad Request", "Content-Type: text/plain", "Content-Length: 16"];
    for range in ["0-", "0-100", "-101"] {
        check(&origin, &[&format!("Range: bytes={range}")], &refused, b"400 Bad Request\n").await;
    }
    let head = [PARTIAL, TYPE, "Content-Length: 100", "Content-Range: bytes 900-999/1000", RANGES];
    check(&origin, &["Range: bytes=900-5000"], &head, &body()[900..]).await;
    check(&origin, &[], &WHOLE, &body()).await;
}

#[tokio::test]
async fn whole_first() {
    let origin = origin(Behaviour::WholeFirst { status: 403 }).await;
    let refused = ["HTTP/1.1 403 Forbidden", "Content-Type: text/plain", "Content-Length: 14"];
    check(&origin, &["Range: bytes=0-9"], &refused, b"403 Forbidden\n").await;
    check(&origin, &[], &WHOLE, &body()).await;
    let head = [PARTIAL, TYPE, "Content-Length: 10", "Content-Range: bytes 0-9/1000", RANGES];
    check(&origin, &["Range: bytes=0-9"], &head, &body()[..10]).await;
}

/// More than one connection at once: any above the limit is refused, and so are all that come after, until
/// there is room.
#[tokio::test]
async fn crowded_counts_every_body() {
    let crowded = Behaviour::Crowded { at_most: 3, status: 403 };
    let origin = origin_of(Resource::new(body()).with_throttle(100).with_behaviour(crowded)).await;
    let mut busy = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(&origin).await;
        send(&mut stream, request("GET", &[]).as_bytes()).await;
        busy.push(stream);
    }
    timeout(
        PATIENCE,
        origin.until(|origin| origin.requests().iter().filter_map(|it| it.status).count() == 5),
    )
    .await
    .unwrap();
    let mut status: Vec<_> = origin.requests().iter().filter_map(|seen| seen.status).collect();
    status.sort_unstable();
    assert_eq!(status, [200, 200, 200, 403, 403]);
}

#[tokio::test]
async fn crowded_reset() {
    let crowded = Behaviour::CrowdedReset { at_most: 1 };
    let origin = origin_of(Resource::new(body()).with_throttle(2000).with_behaviour(crowded)).await;
    let mut busy = connect(&origin).await;
    send(&mut busy, request("GET", &[]).as_bytes()).await;
    timeout(PATIENCE, origin.until(|origin| origin.bytes_sent("/f") > 0)).await.unwrap();
    let mut other = connect(&origin).await;
    send(&mut other, request("GET", &[]).as_bytes()).await;
    let end = timeout(PATIENCE, other.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(end.kind(), ErrorKind::ConnectionReset);
    drop(busy);
    timeout(PATIENCE, origin.until(|origin| origin.open_connections() == 0)).await.unwrap();
    check(&origin, &[], &WHOLE, &body()).await;
}
