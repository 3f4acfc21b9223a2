//! Nothing that a client sends brings the origin down.

use std::time::Duration;

use tokio::{io::AsyncWriteExt, time::timeout};

use super::{
    OK, PATIENCE, RANGES, TYPE, body, check, check_raw, connect, origin, read_to_end, request, send,
};
use crate::{Behaviour, pattern};

#[tokio::test]
async fn bad_requests_are_refused_and_the_connection_closed() {
    let origin = origin(Behaviour::Honest).await;
    for (sent, status, length) in [
        ("hello\r\n\r\n".to_owned(), "400 Bad Request", 16),
        ("GET / HTTP/3\r\n\r\n".to_owned(), "400 Bad Request", 16),
        (request("POST", &["Transfer-Encoding: chunked"]), "411 Length Required", 20),
        (request("POST", &["Content-Length: 9999999"]), "413 Content Too Large", 22),
        ("x".repeat(33 * 1024), "431 Request Header Fields Too Large", 36),
    ] {
        let status_line = format!("HTTP/1.1 {status}");
        let length = format!("Content-Length: {length}");
        let head = [&status_line, "Content-Type: text/plain", &length, "Connection: close"];
        check_raw(&origin, &sent, &head, format!("{status}\n").as_bytes()).await;
    }
    assert!(origin.requests().is_empty());
}

#[tokio::test]
async fn noise_brings_nothing_down() {
    let origin = origin(Behaviour::Honest).await;
    for seed in 0..50 {
        let mut stream = connect(&origin).await;
        // The origin may refuse, and close, before all was sent.
        stream.write_all(&pattern(50_000, seed)).await.ok();
        stream.shutdown().await.ok();
    }
    let mut unfinished = connect(&origin).await;
    send(&mut unfinished, b"GET /f HTT").await;
    unfinished.shutdown().await.unwrap();
    assert_eq!(read_to_end(&mut unfinished).await, b"");
    check(&origin, &[], &[OK, TYPE, "Content-Length: 1000", RANGES], &body()).await;
    timeout(PATIENCE, origin.until(|origin| origin.open_connections() == 0)).await.unwrap();
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte() {
    let origin = origin(Behaviour::Honest).await;
    let mut stream = connect(&origin).await;
    for byte in request("GET", &["Connection: close"]).bytes() {
        send(&mut stream, &[byte]).await;
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
    assert!(read_to_end(&mut stream).await.ends_with(&body()));
}

#[tokio::test]
async fn old_clients_get_the_end_of_the_connection() {
    let origin = origin(Behaviour::Honest).await;
    let head = [OK, TYPE, "Content-Length: 1000", RANGES, "Connection: close"];
    check_raw(&origin, "GET /f HTTP/1.0\r\n\r\n", &head, &body()).await;
}
