//! Links that die and links that are made anew.

use std::time::Duration;

use super::{OK, RANGES, TYPE, assert_wire, body, check, exchange, origin, origin_of, request};
use crate::{Behaviour, Origin, Resource, When, pattern};

const WHOLE: [&str; 4] = [OK, TYPE, "Content-Length: 1000", RANGES];

const GONE: [&str; 3] = ["HTTP/1.1 410 Gone", "Content-Type: text/plain", "Content-Length: 9"];

fn expires(when: When) -> Behaviour {
    Behaviour::Expires { when, status: 410 }
}

#[tokio::test]
async fn expires_after_bytes() {
    let origin = origin(expires(When::Bytes(1500))).await;
    check(&origin, &[], &WHOLE, &body()).await;
    check(&origin, &[], &WHOLE, &body()[..500]).await;
    check(&origin, &[], &GONE, b"410 Gone\n").await;
    assert_eq!(origin.requests_for("/f")[..2].iter().map(|seen| seen.bytes_sent).sum::<u64>(), 1500);
}

/// The bytes are counted over bodies that are sent at once, and never one too many goes out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expires_after_bytes_of_many_bodies() {
    let resource = Resource::new(body()).with_throttle(20_000).with_behaviour(expires(When::Bytes(2500)));
    let origin = origin_of(resource).await;
    let ask = request("GET", &["Connection: close"]);
    let four = [&ask; 4].map(|ask| exchange(&origin, ask));
    let [one, two, three, four] = four;
    tokio::join!(one, two, three, four);
    // One that came too late was refused; that is not counted.
    let sent = origin.requests_for("/f").into_iter().filter(|seen| seen.status == Some(200));
    assert_eq!(sent.map(|seen| seen.bytes_sent).sum::<u64>(), 2500);
}

#[tokio::test]
async fn expires_after_bodies_and_time() {
    let origin = origin(expires(When::Bodies(1))).await;
    check(&origin, &[], &WHOLE, &body()).await;
    check(&origin, &[], &GONE, b"410 Gone\n").await;
    origin.serve("/f", Resource::new(body()).with_behaviour(expires(When::Time(Duration::ZERO))));
    check(&origin, &[], &GONE, b"410 Gone\n").await;
    let hour = Duration::from_secs(3600);
    origin.serve("/f", Resource::new(body()).with_behaviour(expires(When::Time(hour))));
    check(&origin, &[], &WHOLE, &body()).await;
}

/// Where a request for `/f` leads.
async fn mint(origin: &Origin, expected: &str) {
    let location = format!("Location: {expected}");
    check(origin, &[], &["HTTP/1.1 302 Found", &location, "Content-Length: 0"], b"").await;
}

#[tokio::test]
async fn minted_links() {
    let first = Resource::new(body()).with_behaviour(expires(When::Bodies(1)));
    let rest = Resource::new(pattern(1000, 2)).with_behaviour(expires(When::Bodies(1)));
    let origin = origin_of(Resource::minting("/signed/", [first, rest])).await;
    let get = |path: &'static str| {
        let ask = format!("GET {path} HTTP/1.1\r\n\r\n");
        let close = ask.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        let origin = &origin;
        async move { exchange(origin, &close).await }
    };
    let whole = [&WHOLE[..], &["Connection: close"]].concat();
    assert!(get("/signed/1").await.starts_with(b"HTTP/1.1 404 "));
    mint(&origin, "/signed/1").await;
    assert_wire(&get("/signed/1").await, &whole, &body());
    assert!(get("/signed/1").await.starts_with(b"HTTP/1.1 410 "));
    for path in ["/signed/2", "/signed/3"] {
        mint(&origin, path).await;
        assert_wire(&get(path).await, &whole, &pattern(1000, 2));
        assert!(get(path).await.starts_with(b"HTTP/1.1 410 "));
    }
    assert!(get("/signed/4").await.starts_with(b"HTTP/1.1 404 "));
}

#[tokio::test]
async fn a_redirect_can_lead_to_itself() {
    let origin = origin_of(Resource::redirect("/f")).await;
    let head = ["HTTP/1.1 302 Found", "Content-Length: 0", "Location: /f"];
    check(&origin, &[], &head, b"").await;
    check(&origin, &[], &head, b"").await;
}
