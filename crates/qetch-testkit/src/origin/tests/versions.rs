//! Resources that become others, and validators that say so or do not.

use std::time::Duration;

use super::{
    OK, PARTIAL, RANGES, TYPE, assert_wire, body, check, connect, exchange, origin_of, read, request, send,
};
use crate::{Behaviour, Resource, When, pattern};

const WHOLE: [&str; 4] = [OK, TYPE, "Content-Length: 1000", RANGES];

fn becomes(when: When, resource: Resource) -> Behaviour {
    Behaviour::Becomes { when, resource: Box::new(resource) }
}

/// The head of the whole with one more line.
fn with(line: &str) -> Vec<&str> {
    [&WHOLE[..], &[line]].concat()
}

#[tokio::test]
async fn becomes_after_bodies() {
    let next = pattern(1000, 2);
    let weak = Resource::new(next.clone()).with_weak_etag("v1");
    let first = Resource::new(body()).with_weak_etag("v1").with_behaviour(becomes(When::Bodies(2), weak));
    let origin = origin_of(first).await;
    exchange(&origin, &request("HEAD", &["Connection: close"])).await;
    check(&origin, &[], &with("ETag: W/\"v1\""), &body()).await;
    check(&origin, &[], &with("ETag: W/\"v1\""), &body()).await;
    check(&origin, &[], &with("ETag: W/\"v1\""), &next).await;
}

#[tokio::test]
async fn becomes_after_bytes() {
    // The same bytes but for a part, and no validator.
    let mut next = body();
    next[500..600].copy_from_slice(&pattern(100, 2));
    let quiet = becomes(When::Bytes(1500), Resource::new(next.clone()));
    let origin = origin_of(Resource::new(body()).with_behaviour(quiet)).await;
    check(&origin, &[], &WHOLE, &body()).await;
    check(&origin, &[], &WHOLE, &body()).await;
    check(&origin, &[], &WHOLE, &next).await;
}

#[tokio::test]
async fn becomes_after_a_time() {
    let later = becomes(When::Time(Duration::ZERO), Resource::new("b"));
    let origin = origin_of(Resource::new(body()).with_behaviour(later)).await;
    // The clock begins with the first request, which is not late.
    check(&origin, &[], &[OK, TYPE, "Content-Length: 1", RANGES], b"b").await;
}

/// A date alone says that the body is another one; then comes a page, then a redirect.
#[tokio::test]
async fn becomes_one_thing_after_another() {
    let away = Resource::redirect("/away");
    let page = Resource::new("<p>").with_content_type("text/html");
    let page = page.with_behaviour(becomes(When::Bodies(1), away));
    let dated = Resource::new(pattern(1000, 2)).with_last_modified("tomorrow");
    let dated = dated.with_behaviour(becomes(When::Bodies(1), page));
    let first = Resource::new(body()).with_last_modified("today");
    let origin = origin_of(first.with_behaviour(becomes(When::Bodies(1), dated))).await;
    check(&origin, &[], &with("Last-Modified: today"), &body()).await;
    check(&origin, &[], &with("Last-Modified: tomorrow"), &pattern(1000, 2)).await;
    check(&origin, &[], &[OK, "Content-Type: text/html", "Content-Length: 3", RANGES], b"<p>").await;
    let head = ["HTTP/1.1 302 Found", "Content-Length: 0", "Location: /away"];
    check(&origin, &[], &head, b"").await;
}

/// A body that is being sent goes on as it was begun.
#[tokio::test]
async fn a_body_stays_one_version() {
    let later = becomes(When::Bodies(1), Resource::new(pattern(1000, 2)));
    let resource = Resource::new(body()).with_throttle(4000).with_behaviour(later);
    let origin = origin_of(resource).await;
    let mut stream = connect(&origin).await;
    send(&mut stream, request("GET", &[]).as_bytes()).await;
    let length = WHOLE.join("\r\n").len() + 4;
    let start = read(&mut stream, length + 100).await;
    check(&origin, &[], &WHOLE, &pattern(1000, 2)).await;
    let rest = read(&mut stream, 900).await;
    assert_wire(&[start, rest].concat(), &WHOLE, &body());
}

#[tokio::test]
async fn grows() {
    let grows = Behaviour::Grows { from: 100, by: 850 };
    let origin = origin_of(Resource::new(body()).with_behaviour(grows)).await;
    for length in [100, 950, 1000, 1000] {
        let head = [OK, TYPE, &format!("Content-Length: {length}"), RANGES];
        check(&origin, &[], &head, &body()[..length]).await;
    }
}

#[tokio::test]
async fn etag_per_connection() {
    let resource = Resource::new(body()).with_etag("v1").with_behaviour(Behaviour::EtagPerConnection);
    let origin = origin_of(resource).await;
    exchange(&origin, "GET /other HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    for turn in 1..=2 {
        let head = with(if turn == 1 { "ETag: \"v1-1\"" } else { "ETag: \"v1-2\"" });
        let mut stream = connect(&origin).await;
        for _ in 0..2 {
            send(&mut stream, request("GET", &[]).as_bytes()).await;
            let length = head.join("\r\n").len() + 4 + 1000;
            assert_wire(&read(&mut stream, length).await, &head, &body());
        }
    }
}

#[tokio::test]
async fn etag_per_request() {
    let resource = Resource::new(body()).with_weak_etag("v1").with_behaviour(Behaviour::EtagPerRequest);
    let origin = origin_of(resource).await;
    check(&origin, &[], &with("ETag: W/\"v1-1\""), &body()).await;
    let told = "Content-Range: bytes 0-1/1000";
    let part = [PARTIAL, TYPE, "Content-Length: 2", told, RANGES, "ETag: W/\"v1-2\""];
    check(&origin, &["Range: bytes=0-1"], &part, &body()[..2]).await;
    let bare = Resource::new(body()).with_behaviour(Behaviour::EtagPerRequest);
    origin.serve("/f", bare);
    check(&origin, &[], &with("ETag: \"1\""), &body()).await;
    check(&origin, &["Range: bytes=0-1", "If-Range: \"1\""], &with("ETag: \"2\""), &body()).await;
}
