//! Ranges that are told in an odd way, and headers of the author's own about them.

use super::{OK, PARTIAL, RANGES, TYPE, body, check, origin, origin_of};
use crate::{Behaviour, Resource};

#[tokio::test]
async fn content_range_as() {
    for (form, told) in [
        ("bytes={start}-{end}/{total}", "bytes=10-19/1000"),
        ("{start}-{end}/{total}", "10-19/1000"),
        ("bytes */{total}", "bytes */1000"),
        ("bytes {start}-\r\n", "bytes 10-  "),
    ] {
        let origin = origin(Behaviour::ContentRangeAs { form: form.to_owned() }).await;
        let told = format!("Content-Range: {told}");
        let head = [PARTIAL, TYPE, "Content-Length: 10", &told, RANGES];
        check(&origin, &["Range: bytes=10-19"], &head, &body()[10..20]).await;
    }
}

#[tokio::test]
async fn if_range_fails() {
    let resource = Resource::new(body()).with_etag("v1").with_behaviour(Behaviour::IfRangeFails);
    let origin = origin_of(resource).await;
    let head = [OK, TYPE, "Content-Length: 1000", RANGES, "ETag: \"v1\""];
    check(&origin, &["Range: bytes=0-1", "If-Range: \"v1\""], &head, &body()).await;
    let told = "Content-Range: bytes 0-1/1000";
    let head = [PARTIAL, TYPE, "Content-Length: 2", told, RANGES, "ETag: \"v1\""];
    check(&origin, &["Range: bytes=0-1"], &head, &body()[..2]).await;
}

#[tokio::test]
async fn bare_416() {
    let origin = origin(Behaviour::Bare416).await;
    let head = ["HTTP/1.1 416 Range Not Satisfiable", "Content-Length: 0"];
    check(&origin, &["Range: bytes=1000-"], &head, b"").await;
}

#[tokio::test]
async fn digests_are_sent_as_given() {
    let digests = ["Repr-Digest: sha-256=:AAAA:", "Digest: SHA-256=AAAA", "Content-MD5: AAAA"];
    let resource = digests.iter().fold(Resource::new(body()), |resource, line| {
        let (name, value) = line.split_once(": ").unwrap();
        resource.with_header(name, value.to_owned())
    });
    let origin = origin_of(resource).await;
    let head = [&[OK, TYPE, "Content-Length: 1000", RANGES][..], &digests].concat();
    check(&origin, &[], &head, &body()).await;
    let part = [PARTIAL, TYPE, "Content-Length: 1", "Content-Range: bytes 0-0/1000", RANGES];
    check(&origin, &["Range: bytes=0-0"], &[&part[..], &digests].concat(), &body()[..1]).await;
}
