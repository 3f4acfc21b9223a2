//! Tests of the origin on the wire: each fault must really be there, to the byte.

mod bodies;
mod endings;
mod honest;
mod instead;
mod links;
mod log;
mod ranges;
mod robustness;
mod told;
mod versions;

use super::Origin;
use crate::{
    Behaviour, Resource, pattern,
    raw_client::{PATIENCE, connect, exchange, read, read_to_end, send},
};

/// The body that most tests serve.
fn body() -> Vec<u8> {
    pattern(1000, 1)
}

/// An origin with `/f`: [`body`] without validators, behaving so.
async fn origin(behaviour: Behaviour) -> Origin {
    origin_of(Resource::new(body()).with_behaviour(behaviour)).await
}

/// An origin with this resource at `/f`.
async fn origin_of(resource: Resource) -> Origin {
    let origin = Origin::start().await.unwrap();
    origin.serve("/f", resource);
    origin
}

/// A request for `/f` with these header lines, each without its line end.
fn request(method: &str, lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    format!("{method} /f HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")
}

/// Checks what the origin answers to `GET /f` with these header lines and `Connection: close`: the lines of
/// the head before the `Connection: close` of the answer, and the body.
async fn check(origin: &Origin, lines: &[&str], head: &[&str], body: &[u8]) {
    let lines = [lines, &["Connection: close"]].concat();
    let head = [head, &["Connection: close"]].concat();
    check_raw(origin, &request("GET", &lines), &head, body).await;
}

/// Checks all that the origin sends until it closes, nothing added on either side.
async fn check_raw(origin: &Origin, request: &str, head: &[&str], body: &[u8]) {
    assert_wire(&exchange(origin, request).await, head, body);
}

fn assert_wire(wire: &[u8], head: &[&str], body: &[u8]) {
    let end = wire.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let found: Vec<_> = std::str::from_utf8(&wire[..end]).unwrap().split("\r\n").collect();
    assert_eq!(found, head);
    let found = &wire[end + 4..];
    assert_eq!(found.len(), body.len(), "the length of the body");
    assert!(found == body, "the bytes of the body");
}

const OK: &str = "HTTP/1.1 200 OK";
const PARTIAL: &str = "HTTP/1.1 206 Partial Content";
const TYPE: &str = "Content-Type: application/octet-stream";
const RANGES: &str = "Accept-Ranges: bytes";
