//! Files that become others while they are downloaded, or between two runs: one version, whole, or an error.

use std::{fs, time::Duration};

use qetch::{ByteRange, DownloadOptions, Fragment};
use qetch_testkit::{Behaviour, Origin, Resource, When, pattern};
use qetch_tests::{Folder, content, download, download_content, download_to, stopping_at, url};

const MIB: usize = 1024 * 1024;
const SIZE: usize = 8 * MIB + 3;

const DATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
const LATER: &str = "Thu, 22 Oct 2015 07:28:00 GMT";

/// The SHA-256 of `pattern(SIZE, 1)` and of `pattern(SIZE, 2)`, and the second as a checksum is written.
const DIGESTS: [&str; 2] =
    ["tii/HQ72tgGm8+Q8h4kZXWqTc/qDbzbcY1D8gJJWgxo=", "dWoP67GeHCfMdIMZcHGxHczWLx4bsyslXKTVOdDh048="];
const SECOND: &str = "756a0febb19e1c27cc7483197071b11dccd62f1e1bb32b255ca4d539d0e1d38f";

/// What it is once so many bodies of it were begun.
fn becomes(bodies: u64, resource: Resource) -> Behaviour {
    Behaviour::Becomes { when: When::Bodies(bodies), resource: Box::new(resource) }
}

#[tokio::test]
async fn the_digest_of_a_version_that_was_given_up_is_not_demanded() {
    let version = |seed: u64, etag: &str, date: &str| {
        let digest = format!("sha-256=:{}:", DIGESTS[seed as usize - 1]);
        let resource = Resource::new(pattern(SIZE, seed)).with_etag(etag).with_last_modified(date);
        resource.with_header("Repr-Digest", digest)
    };
    let origin = Origin::start().await.unwrap();
    let second = version(2, "two", LATER);
    origin.serve("/f", version(1, "one", DATE).with_behaviour(becomes(3, second)));
    let outcome = download(&origin, DownloadOptions::new()).await;
    let report = outcome.result.unwrap();
    assert!(outcome.file.unwrap() == pattern(SIZE, 2), "another file: {report:?}");
    assert_eq!(outcome.names, ["f"]);
    assert_eq!(report.checksums, [format!("sha256:{SECOND}").parse().unwrap()]);
}

/// One of several nodes has another version, for one reply.
#[tokio::test]
async fn a_share_of_another_version_is_found_after_a_stop_while_comparing() {
    for _ in 0..3 {
        let (origin, folder) = (Origin::start().await.unwrap(), Folder::new());
        let version = |seed| {
            let resource = Resource::new(pattern(SIZE, seed)).with_throttle(8 * MIB as u64);
            resource.with_delay(Duration::from_millis(150))
        };
        let other = version(2).with_behaviour(becomes(1, version(1)));
        origin.serve("/f", version(1).with_behaviour(becomes(3, other)));
        let content = content([origin.url("/f").as_str()]);
        let options = stopping_at(DownloadOptions::new(), SIZE as u64);
        let stopped = download_to(&folder, &content, &options).await;
        assert_eq!(stopped.unwrap_err().code(), "interrupted");
        assert_eq!(folder.names(), ["f.qetch", "f.qetch-journal"]);

        origin.serve("/f", Resource::new(pattern(SIZE, 1)));
        let report = download_to(&folder, &content, &DownloadOptions::new()).await.unwrap();
        assert!(fs::read(folder.path("f")).unwrap() == pattern(SIZE, 1), "a mixed file: {report:?}");
        assert_eq!((report.resumed, folder.names()), (0, vec!["f".to_owned()]));
    }
}

/// Whether validators tell of it or nothing but the bytes: all is fetched afresh.
#[tokio::test]
async fn ranges_of_a_resource_that_changes_between_them_are_not_put_together() {
    let versions = [
        [(Some("one"), Some(DATE)), (Some("two"), Some(LATER))],
        [(Some("one"), None), (Some("two"), None)],
        [(None, None), (None, None)],
    ];
    for [before, after] in versions {
        let version = |seed, (tag, date): (Option<&str>, Option<&str>)| {
            let resource = Resource::new(pattern(SIZE, seed));
            let resource = tag.into_iter().fold(resource, Resource::with_etag);
            date.into_iter().fold(resource, Resource::with_last_modified)
        };
        let origin = Origin::start().await.unwrap();
        origin.serve("/f", version(1, before).with_behaviour(becomes(1, version(2, after))));
        let half = SIZE as u64 / 2;
        let mut content = content([]);
        for (start, len) in [(0, half), (half, SIZE as u64 - half)] {
            let range = ByteRange::new(start, len).unwrap();
            content.fragments.push(Fragment::new(url(&origin.url("/f"))).with_range(range));
        }
        let outcome = download_content(&content, DownloadOptions::new().with_max_connections(1)).await;
        assert!(outcome.file.as_deref() == Some(&pattern(SIZE, 2)[..]), "{before:?}: {:?}", outcome.result);
        assert_eq!(outcome.heard.last().unwrap().done, SIZE as u64);
    }
}

/// Replies are so short that there are thousands, and nothing but the bytes tells of which version they are.
#[tokio::test]
async fn replies_after_very_many_are_compared_too() {
    const REPLY: usize = 16 << 10;
    let size = 4800 * REPLY;
    let (body, other) = (pattern(size, 1), pattern(size, 2));
    let short = |body: &[u8]| {
        Resource::new(body.to_vec()).with_behaviour(Behaviour::Shorter { at_most: REPLY as u64 })
    };
    let origin = Origin::start().await.unwrap();
    let back = Resource::new(body.clone());
    let out_of_date = short(&other).with_behaviour(becomes(500, back));
    origin.serve("/f", short(&body).with_behaviour(becomes(4200, out_of_date)));
    let outcome = download(&origin, DownloadOptions::new()).await;
    let report = outcome.result.unwrap();
    assert!(outcome.file.unwrap() == body, "a mixed file: {report:?}");
    assert!(origin.hits("/f") > 4700, "{} requests", origin.hits("/f"));
    assert!(report.bytes_fetched_twice > size as u64 / 2, "it was not fetched afresh: {report:?}");
}

#[tokio::test]
async fn fragments_of_a_host_without_ranges_are_fetched_afresh_as_another_version() {
    let (origin, folder) = (Origin::start().await.unwrap(), Folder::new());
    let body = |version: u64, index: u64| pattern(MIB, version * 10 + index);
    let serve = |version: u64| -> Vec<String> {
        let path = |index| format!("/{index}");
        (0..4).for_each(|index| {
            let resource = Resource::new(body(version, index)).with_etag(format!("v{version}"));
            let resource = resource.with_behaviour(Behaviour::NoRanges);
            origin.serve(&path(index), resource.with_throttle(8 * MIB as u64));
        });
        (0..4).map(|index| origin.url(&path(index))).collect()
    };
    let content = content(serve(1).iter().map(String::as_str));
    let options = stopping_at(DownloadOptions::new(), 5 * MIB as u64 / 2);
    assert_eq!(download_to(&folder, &content, &options).await.unwrap_err().code(), "interrupted");
    assert_eq!(folder.names(), ["f.qetch", "f.qetch-journal"]);

    serve(2);
    let report = download_to(&folder, &content, &DownloadOptions::new()).await.unwrap();
    let whole: Vec<u8> = (0..4).flat_map(|index| body(2, index)).collect();
    assert!(fs::read(folder.path("f")).unwrap() == whole, "a mixed file: {report:?}");
    assert_eq!((report.resumed, folder.names()), (0, vec!["f".to_owned()]));
}
