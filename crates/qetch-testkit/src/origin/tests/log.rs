//! What the log says, and that an origin ends when it should.

use std::time::{Duration, Instant};

use tokio::{io::AsyncReadExt, task::JoinSet, time::timeout};

use super::{PATIENCE, body, connect, exchange, origin, origin_of, read, read_to_end, request, send};
use crate::{Behaviour, Origin, Resource, pattern};

#[tokio::test]
async fn an_entry_tells_all() {
    let origin = origin_of(Resource::new(body())).await;
    let mut stream = connect(&origin).await;
    let port = stream.local_addr().unwrap().port();
    send(&mut stream, b"GET /f?a=b HTTP/1.1\r\nHOST: h.example\r\nX-Two: 2\r\nRange: bytes=0-9\r\nConnection: close\r\n\r\n").await;
    read_to_end(&mut stream).await;
    let seen = origin.requests().remove(0);
    assert_eq!((seen.request, seen.connection, seen.client_port), (1, 1, port));
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/f?a=b"));
    let names: Vec<_> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["host", "x-two", "range", "connection"]);
    assert_eq!(seen.header("host"), Some("h.example"));
    assert_eq!((seen.status, seen.body_length, seen.bytes_sent), (Some(206), 10, 10));
    assert!(seen.started <= seen.body_started.unwrap() && seen.body_started <= seen.ended);
    assert_eq!((origin.hits("/f"), origin.hits("/f?a=b"), origin.hits("/f?a=c")), (1, 1, 0));
    assert_eq!(origin.client_ports("/f"), [port].into());
}

/// A client that has the whole body finds the log complete, without waiting: 500 times on two threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_has_read_is_in_the_log() {
    let origin = origin(Behaviour::Honest).await;
    let mut stream = connect(&origin).await;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000\r\n\
        Accept-Ranges: bytes\r\n\r\n";
    for turn in 1..=5 {
        for part in 1..=100 {
            let path = format!("/f?{turn}");
            let ask = format!("GET {path} HTTP/1.1\r\n\r\n");
            send(&mut stream, ask.as_bytes()).await;
            read(&mut stream, head.len() + 1000).await;
            assert_eq!(origin.bytes_sent(&path), part * 1000);
            assert!(origin.requests().last().unwrap().ended.is_some());
        }
    }
}

#[tokio::test]
async fn a_client_that_reads_late_is_counted_right() {
    let length = 8 << 20;
    let origin = origin_of(Resource::new(pattern(length, 1))).await;
    let mut stream = connect(&origin).await;
    send(&mut stream, request("GET", &["Connection: close"]).as_bytes()).await;
    timeout(PATIENCE, origin.until(|origin| origin.bytes_sent("/f") > 0)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(read_to_end(&mut stream).await.ends_with(&pattern(length, 1)));
    assert_eq!(origin.bytes_sent("/f"), length as u64);
}

/// Fetches eighths of `/f` over eight connections at once and tells how long that took.
async fn eight_at_once(origin: &Origin, length: usize) -> Duration {
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for part in 0..8 {
        let mut stream = connect(origin).await;
        let range = format!("Range: bytes={}-{}", part * length / 8, (part + 1) * length / 8 - 1);
        let ask = request("GET", &[&range, "Connection: close"]);
        clients.spawn(async move {
            send(&mut stream, ask.as_bytes()).await;
            read_to_end(&mut stream).await
        });
    }
    clients.join_all().await;
    start.elapsed()
}

#[tokio::test]
async fn throttled_bodies_overlap() {
    // Each connection has 20,000 bytes to carry, at 100,000 a second.
    let origin = origin_of(Resource::new(pattern(160_000, 1)).with_throttle(100_000)).await;
    let took = eight_at_once(&origin, 160_000).await;
    assert!(took >= Duration::from_millis(190) && took < Duration::from_millis(1500), "{took:?}");
    assert_eq!(origin.overlapping("/f"), 8);
    assert_eq!(origin.client_ports("/f").len(), 8);
    assert_eq!(origin.bytes_sent("/f"), 160_000);
}

#[tokio::test]
async fn a_shared_throttle_counts_all_connections() {
    let resource = Resource::new(pattern(40_000, 1)).with_shared_throttle(100_000);
    let origin = origin_of(resource).await;
    let eight = eight_at_once(&origin, 40_000).await;
    assert!(eight >= Duration::from_millis(300) && eight < Duration::from_millis(2000), "{eight:?}");
    let start = Instant::now();
    exchange(&origin, &request("GET", &["Connection: close"])).await;
    let one = start.elapsed();
    assert!(one >= Duration::from_millis(300) && one < Duration::from_millis(2000), "{one:?}");
}

#[tokio::test]
async fn one_after_another_is_no_overlap() {
    let origin = origin(Behaviour::Honest).await;
    for _ in 0..3 {
        exchange(&origin, &request("GET", &["Connection: close"])).await;
    }
    assert_eq!((origin.hits("/f"), origin.overlapping("/f"), origin.client_ports("/f").len()), (3, 1, 3));
}

#[tokio::test]
async fn requests_are_told_by_path() {
    let origin = origin(Behaviour::Honest).await;
    let asks = request("GET", &[]) + &request("GET", &["Range: bytes=5-", "Connection: close"]);
    exchange(&origin, &asks).await;
    exchange(&origin, &request("HEAD", &["Range: bytes=0-1", "Connection: close"])).await;
    exchange(&origin, "GET /other HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    let told = |range: &str| Some(format!("bytes={range}"));
    assert_eq!(origin.ranges("/f"), [None, told("5-"), told("0-1")]);
    assert_eq!(origin.requests_for("/f").len(), 3);
    assert_eq!(
        (origin.connections("/f"), origin.connections("/other"), origin.connections("/none")),
        (2, 1, 0)
    );
    assert_eq!((origin.connections_opened(), origin.bytes_sent("/f")), (3, 1995));
}

#[tokio::test]
async fn open_connections_are_counted_until_the_client_goes() {
    let origin = origin_of(Resource::new(pattern(1 << 20, 1)).with_throttle(1000)).await;
    let mut idle = connect(&origin).await;
    let mut busy = connect(&origin).await;
    send(&mut idle, request("HEAD", &[]).as_bytes()).await;
    send(&mut busy, request("GET", &[]).as_bytes()).await;
    timeout(PATIENCE, origin.until(|origin| origin.bytes_sent("/f") > 0)).await.unwrap();
    assert_eq!(origin.open_connections(), 2);
    drop(busy);
    timeout(PATIENCE, origin.until(|origin| origin.open_connections() == 1)).await.unwrap();
    let seen = origin.requests();
    let cut = seen.iter().find(|seen| seen.method == "GET").unwrap();
    assert!(cut.ended.is_some() && cut.bytes_sent < cut.body_length);
    drop(idle);
    timeout(PATIENCE, origin.until(|origin| origin.open_connections() == 0)).await.unwrap();
}

/// A client that reads nothing is not sent a large file whole: "sent" stays near to what went out.
#[tokio::test]
async fn a_client_that_does_not_read_is_sent_little() {
    let length = 64 << 20;
    let origin = origin_of(Resource::new(pattern(length, 1))).await;
    let mut stream = connect(&origin).await;
    send(&mut stream, request("GET", &[]).as_bytes()).await;
    timeout(PATIENCE, origin.until(|origin| origin.bytes_sent("/f") > 0)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(origin.bytes_sent("/f") < length as u64 / 16, "{} bytes", origin.bytes_sent("/f"));
    drop(stream);
    timeout(PATIENCE, origin.until(|origin| origin.open_connections() == 0)).await.unwrap();
    assert!(origin.requests()[0].ended.is_some());
}

#[tokio::test]
async fn dropping_the_origin_ends_everything() {
    let origin = origin(Behaviour::StallOnce { after: 1 }).await;
    let addr = origin.addr();
    let mut stalled = connect(&origin).await;
    send(&mut stalled, request("GET", &[]).as_bytes()).await;
    timeout(PATIENCE, origin.until(|origin| origin.bytes_sent("/f") == 1)).await.unwrap();
    drop(origin);
    // The connection ends, by an end or by a reset.
    timeout(PATIENCE, stalled.read_to_end(&mut Vec::new())).await.unwrap().ok();
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn a_port_can_be_asked_for() {
    let first = Origin::start().await.unwrap();
    let port = first.addr().port();
    assert_eq!(first.url("/f"), format!("http://127.0.0.1:{port}/f"));
    Origin::start_on(port).await.expect_err("the port is taken");
}
