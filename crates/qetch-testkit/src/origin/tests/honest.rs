//! What an origin does that does nothing wrong.

use std::time::{Duration, Instant};

use super::{
    OK, PARTIAL, RANGES, TYPE, assert_wire, body, check, check_raw, connect, exchange, origin, origin_of,
    read, read_to_end, request, send,
};
use crate::{Behaviour, Origin, Resource};

#[tokio::test]
async fn a_whole_body() {
    check(&origin(Behaviour::Honest).await, &[], &[OK, TYPE, "Content-Length: 1000", RANGES], &body()).await;
}

#[tokio::test]
async fn single_ranges() {
    let origin = origin(Behaviour::Honest).await;
    for (asked, told, start, end) in [
        ("0-0", "0-0", 0, 1),
        ("10-19", "10-19", 10, 20),
        ("990-", "990-999", 990, 1000),
        ("-7", "993-999", 993, 1000),
        ("0-", "0-999", 0, 1000),
        ("999-5000", "999-999", 999, 1000),
    ] {
        let length = format!("Content-Length: {}", end - start);
        let told = format!("Content-Range: bytes {told}/1000");
        let head = [PARTIAL, TYPE, &length, &told, RANGES];
        check(&origin, &[&format!("Range: bytes={asked}")], &head, &body()[start..end]).await;
    }
}

#[tokio::test]
async fn a_range_beyond_the_end() {
    let head = ["HTTP/1.1 416 Range Not Satisfiable", "Content-Length: 0", "Content-Range: bytes */1000"];
    check(&origin(Behaviour::Honest).await, &["Range: bytes=1000-"], &head, b"").await;
    let head = ["HTTP/1.1 416 Range Not Satisfiable", "Content-Length: 0", "Content-Range: bytes */0"];
    check(&origin_of(Resource::new("")).await, &["Range: bytes=0-"], &head, b"").await;
}

#[tokio::test]
async fn several_ranges_and_other_units_get_the_whole() {
    let origin = origin(Behaviour::Honest).await;
    for range in ["Range: bytes=0-1,5-6", "Range: lines=0-1", "Range: bytes=5-1"] {
        check(&origin, &[range], &[OK, TYPE, "Content-Length: 1000", RANGES], &body()).await;
    }
}

#[tokio::test]
async fn head_has_the_head_alone() {
    let origin = origin(Behaviour::Honest).await;
    let head = [OK, TYPE, "Content-Length: 1000", RANGES, "Connection: close"];
    check_raw(&origin, &request("HEAD", &["Range: bytes=0-1", "Connection: close"]), &head, b"").await;
}

#[tokio::test]
async fn a_connection_carries_many_answers_also_to_requests_sent_ahead() {
    let origin = origin(Behaviour::Honest).await;
    let mut stream = connect(&origin).await;
    let asks = request("GET", &["Range: bytes=0-1"])
        + &request("HEAD", &[])
        + &request("GET", &["Connection: close"]);
    send(&mut stream, asks.as_bytes()).await;
    let first = format!(
        "{PARTIAL}\r\n{TYPE}\r\nContent-Length: 2\r\nContent-Range: bytes 0-1/1000\r\n{RANGES}\r\n\r\n"
    );
    assert_wire(
        &read(&mut stream, first.len() + 2).await,
        &[PARTIAL, TYPE, "Content-Length: 2", "Content-Range: bytes 0-1/1000", RANGES],
        &body()[..2],
    );
    let second = format!("{OK}\r\n{TYPE}\r\nContent-Length: 1000\r\n{RANGES}\r\n\r\n");
    assert_eq!(read(&mut stream, second.len()).await, second.as_bytes());
    let third = [OK, TYPE, "Content-Length: 1000", RANGES, "Connection: close"];
    assert_wire(&read_to_end(&mut stream).await, &third, &body());
    assert_eq!(origin.client_ports("/f").len(), 1);
    assert_eq!(origin.requests().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [1, 1, 1]);
}

#[tokio::test]
async fn validators_and_conditions() {
    let date = "Wed, 21 Oct 2015 07:28:00 GMT";
    let origin = origin_of(Resource::new(body()).with_etag("v1").with_last_modified(date)).await;
    let modified = format!("Last-Modified: {date}");
    let validators = ["ETag: \"v1\"", modified.as_str()];
    let whole = [&[OK, TYPE, "Content-Length: 1000", RANGES][..], &validators].concat();
    let part = [PARTIAL, TYPE, "Content-Length: 2", "Content-Range: bytes 0-1/1000", RANGES];
    let part = [&part[..], &validators].concat();
    let unchanged = [&["HTTP/1.1 304 Not Modified"][..], &validators].concat();
    let failed = [&["HTTP/1.1 412 Precondition Failed", "Content-Length: 0"][..], &validators].concat();
    check(&origin, &["Range: bytes=0-1", "If-Range: \"v1\""], &part, &body()[..2]).await;
    check(&origin, &["Range: bytes=0-1", &format!("If-Range: {date}")], &part, &body()[..2]).await;
    check(&origin, &["Range: bytes=0-1", "If-Range: \"v0\""], &whole, &body()).await;
    check(&origin, &["If-None-Match: \"v1\""], &unchanged, b"").await;
    check(&origin, &[&format!("If-Modified-Since: {date}")], &unchanged, b"").await;
    check(&origin, &["If-Match: \"v0\""], &failed, b"").await;
}

#[tokio::test]
async fn a_weak_etag_is_sent_as_such_and_allows_no_range() {
    let origin = origin_of(Resource::new(body()).with_weak_etag("v1")).await;
    let head = [OK, TYPE, "Content-Length: 1000", RANGES, "ETag: W/\"v1\""];
    check(&origin, &["Range: bytes=0-1", "If-Range: W/\"v1\""], &head, &body()).await;
}

#[tokio::test]
async fn headers_of_the_authors_own_take_the_place_of_ours() {
    let resource = Resource::new("abc")
        .with_content_type("video/mp4")
        .with_header("Content-Disposition", b"attachment; filename=\"\xE9.mp4\"".to_vec())
        .with_header("accept-ranges", "no\r\nne")
        .with_header("Set-Cookie", "a=1")
        .with_header("Set-Cookie", "b=2");
    let origin = origin_of(resource).await;
    let wire = exchange(&origin, &request("GET", &["Connection: close"])).await;
    let expected = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 3\r\n\
        Content-Disposition: attachment; filename=\"\xE9.mp4\"\r\naccept-ranges: no  ne\r\n\
        Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: close\r\n\r\nabc";
    assert_eq!(String::from_utf8_lossy(&wire), String::from_utf8_lossy(expected));
    assert_eq!(wire, expected);
}

#[tokio::test]
async fn fixed_statuses_and_redirects() {
    let gone = Resource::new("gone").with_content_type("text/plain").with_status(410);
    let head = ["HTTP/1.1 410 Gone", "Content-Type: text/plain", "Content-Length: 4"];
    check(&origin_of(gone).await, &["Range: bytes=0-1"], &head, b"gone").await;
    let head = ["HTTP/1.1 302 Found", "Content-Length: 0", "Location: /g"];
    check(&origin_of(Resource::redirect("/g")).await, &[], &head, b"").await;
    let head = ["HTTP/1.1 308 Permanent Redirect", "Content-Length: 0", "Location: http://b.example/"];
    check(&origin_of(Resource::redirect("http://b.example/").with_status(308)).await, &[], &head, b"").await;
    let empty = Resource::new("never sent").without_content_type().with_status(204);
    check(&origin_of(empty).await, &[], &["HTTP/1.1 204 No Content"], b"").await;
}

#[tokio::test]
async fn methods() {
    let origin = origin(Behaviour::Honest).await;
    let not_allowed = ["HTTP/1.1 405 Method Not Allowed", "Content-Type: text/plain", "Content-Length: 23"];
    let head = [&not_allowed[..], &["Allow: GET, HEAD", "Connection: close"]].concat();
    let text = b"405 Method Not Allowed\n";
    check_raw(&origin, &request("DELETE", &["Connection: close"]), &head, text).await;

    origin.serve("/f", Resource::new("{}").with_content_type("application/json").with_method("POST"));
    check(&origin, &[], &[&not_allowed[..], &["Allow: POST"]].concat(), text).await;
    let post = request("POST", &["Content-Length: 3", "Connection: close"]) + "a=b";
    let head = [OK, "Content-Type: application/json", "Content-Length: 2", RANGES, "Connection: close"];
    check_raw(&origin, &post, &head, b"{}").await;
    let seen = origin.requests();
    assert_eq!(seen.last().map(|seen| &seen.body[..]), Some(&b"a=b"[..]));
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_continue() {
    let origin = origin_of(Resource::new("ok").without_content_type().with_method("POST")).await;
    let mut stream = connect(&origin).await;
    let head = request("POST", &["Content-Length: 3", "Expect: 100-continue", "Connection: close"]);
    send(&mut stream, head.as_bytes()).await;
    let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    assert_eq!(read(&mut stream, go_on.len()).await, go_on);
    send(&mut stream, b"a=b").await;
    let head = [OK, "Content-Length: 2", RANGES, "Connection: close"];
    assert_wire(&read_to_end(&mut stream).await, &head, b"ok");
}

#[tokio::test]
async fn what_nobody_registered_is_not_found() {
    let origin = Origin::start().await.unwrap();
    let head = ["HTTP/1.1 404 Not Found", "Content-Type: text/plain", "Content-Length: 14"];
    check(&origin, &[], &head, b"404 Not Found\n").await;
    assert_eq!(origin.hits("/f"), 1);
}

#[tokio::test]
async fn hosts_are_told_apart() {
    let origin = Origin::start().await.unwrap();
    let plain = |text: &'static str| Resource::new(text).without_content_type();
    origin
        .serve("/f", plain("any"))
        .serve_on("a.example", "/f", plain("a"))
        .serve_rest_of("b.example", plain("b").with_status(404));
    for (host, status, expected) in
        [("A.example", OK, "a"), ("b.example:8", "HTTP/1.1 404 Not Found", "b"), ("c.example", OK, "any")]
    {
        let ask = format!("GET /f HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let wire = exchange(&origin, &ask).await;
        assert!(wire.starts_with(status.as_bytes()) && wire.ends_with(expected.as_bytes()), "{host}");
    }
    assert_eq!(origin.hosts(), ["A.example", "b.example:8", "c.example"].map(str::to_owned).into());
}

#[tokio::test]
async fn a_resource_that_is_replaced_is_gone() {
    let origin = origin(Behaviour::Honest).await;
    origin.serve("/f", Resource::new("new"));
    check(&origin, &[], &[OK, TYPE, "Content-Length: 3", RANGES], b"new").await;
}

#[tokio::test]
async fn a_delay_comes_before_the_head() {
    let origin = origin_of(Resource::new(body()).with_delay(Duration::from_millis(200))).await;
    let start = Instant::now();
    check(&origin, &[], &[OK, TYPE, "Content-Length: 1000", RANGES], &body()).await;
    assert!(start.elapsed() >= Duration::from_millis(200));
    let seen = origin.requests().remove(0);
    assert!(seen.body_started.unwrap() - seen.started >= Duration::from_millis(200));
}
