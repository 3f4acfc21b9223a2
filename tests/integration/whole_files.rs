//! Files that stand at the target already, the time that a file bears, and checksums.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use qetch::{Checksum, Content, Context, DownloadOptions, Error, Report, Result, Stop, Target};
use qetch_testkit::{Behaviour, Origin, Resource, When, Which, pattern};
use qetch_tests::{
    Folder, content, download, download_content, download_to as run, downloaders, stopping_at,
};

const SIZE: usize = 2_000_003;
const DATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
const DATE_SECONDS: u64 = 1_445_412_480;

async fn served(resource: Resource) -> (Origin, Folder, Content) {
    let (origin, folder) = (Origin::start().await.unwrap(), Folder::new());
    origin.serve("/f", resource);
    let content = content([origin.url("/f").as_str()]);
    (origin, folder, content)
}

#[tokio::test]
async fn a_file_bears_the_time_of_the_origins() {
    let (_origin, folder, content) = served(Resource::new("x").with_last_modified(DATE)).await;
    run(&folder, &content, &DownloadOptions::new()).await.unwrap();
    let modified = fs::metadata(folder.path("f")).unwrap().modified().unwrap();
    assert_eq!(modified, SystemTime::UNIX_EPOCH + Duration::from_secs(DATE_SECONDS));
}

#[tokio::test]
async fn the_same_again_fetches_nothing_of_a_whole_file() {
    let body = pattern(SIZE, 1);
    let resource = || Resource::new(body.clone());
    for resource in [resource().with_last_modified(DATE), resource().with_etag("one")] {
        let (origin, folder, content) = served(resource).await;
        run(&folder, &content, &DownloadOptions::new()).await.unwrap();
        let sent = origin.bytes_sent("/f");
        let report = run(&folder, &content, &DownloadOptions::new()).await.unwrap();
        assert!(report.existed && report.complete, "{report:?}");
        assert_eq!((report.bytes, report.paths), (SIZE as u64, vec![folder.path("f")]));
        assert!(origin.bytes_sent("/f") - sent <= 1, "something of it was fetched");
    }
}

#[tokio::test]
async fn a_file_that_is_not_shown_to_be_the_origins_is_a_conflict() {
    let body = pattern(SIZE, 1);
    let tagged = || Resource::new(body.clone()).with_etag("one");
    let conflicts = async |folder: &Folder, content: &Content, why: &str| {
        let before = fs::read(folder.path("f")).unwrap();
        let error = run(folder, content, &DownloadOptions::new()).await.unwrap_err();
        assert_eq!(error.code(), "conflict");
        assert!(error.to_string().contains(why), "{error}");
        assert!(fs::read(folder.path("f")).unwrap() == before);
        assert_eq!(folder.names(), ["f"]);
    };
    // It is another version at the origin by now.
    let (origin, folder, content) = served(tagged()).await;
    run(&folder, &content, &DownloadOptions::new()).await.unwrap();
    origin.serve("/f", Resource::new(pattern(SIZE, 2)).with_etag("two"));
    conflicts(&folder, &content, "nothing shows").await;
    origin.serve("/f", Resource::new(pattern(SIZE + 1, 2)).with_etag("one"));
    conflicts(&folder, &content, "2000003 bytes where the origin has 2000004").await;
    // Somebody changed it.
    origin.serve("/f", tagged());
    let mut changed = body.clone();
    changed[SIZE / 2] ^= 1;
    fs::write(folder.path("f"), &changed).unwrap();
    conflicts(&folder, &content, "nothing shows").await;
    // Somebody else's of the same size.
    let (_origin, folder, content) = served(tagged()).await;
    fs::write(folder.path("f"), pattern(SIZE, 3)).unwrap();
    conflicts(&folder, &content, "nothing shows").await;
}

#[tokio::test]
async fn a_checksum_shows_it_without_asking() {
    let (origin, folder, mut content) = served(Resource::new("abc")).await;
    fs::write(folder.path("f"), "abc").unwrap();
    content.checksums.push("md5:900150983cd24fb0d6963f7d28e17f72".parse().unwrap());
    let report = run(&folder, &content, &DownloadOptions::new()).await.unwrap();
    assert_eq!((report.existed, origin.requests().len()), (true, 0));
    fs::write(folder.path("f"), "abd").unwrap();
    let error = run(&folder, &content, &DownloadOptions::new()).await.unwrap_err();
    assert_eq!(error.code(), "conflict");
}

fn checksums() -> [(&'static str, Checksum); 2] {
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    [("right", Checksum::new("sha256", sha256)), ("wrong", Checksum::new("sha256", &"0".repeat(64)))]
}

/// A promise was kept, or the bytes are put aside.
fn assert_verified(name: &str, folder: &Folder, result: Result<Report>) {
    if name == "right" {
        assert_eq!(result.unwrap().checksums.len(), 1);
        assert_eq!(folder.names(), ["f"]);
        return;
    }
    let error = result.unwrap_err();
    let Error::ChecksumMismatch { kept: Some(kept), .. } = &error else { panic!("{error:?}") };
    assert_eq!(folder.names(), ["f.mismatch"]);
    assert_eq!((kept, fs::read(kept).unwrap()), (&folder.path("f.mismatch"), b"abc".to_vec()));
}

#[tokio::test]
async fn checksums_of_the_content_and_of_the_user_are_verified() {
    for (name, checksum) in checksums() {
        let (_origin, folder, mut content) = served(Resource::new("abc")).await;
        let options = DownloadOptions::new().with_checksum(checksum.clone());
        assert_verified(name, &folder, run(&folder, &content, &options).await);

        let (_origin, folder, _) = served(Resource::new("abc")).await;
        content.checksums.push(checksum);
        assert_verified(name, &folder, run(&folder, &content, &DownloadOptions::new()).await);
    }
}

#[tokio::test]
async fn what_the_origin_promises_is_verified() {
    let (right, wrong) = ("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", format!("{}=", "A".repeat(43)));
    let headers =
        |value: &str| [("Repr-Digest", format!("sha-256=:{value}:")), ("Digest", format!("SHA-256={value}"))];
    for (name, value) in [("right", right), ("wrong", &wrong)] {
        for (header, value) in headers(value) {
            let (_origin, folder, content) = served(Resource::new("abc").with_header(header, value)).await;
            assert_verified(name, &folder, run(&folder, &content, &DownloadOptions::new()).await);
        }
    }
}

#[tokio::test]
async fn evidence_is_never_written_over() {
    let (_, wrong) = checksums()[1].clone();
    let (_origin, folder, content) = served(Resource::new("abc")).await;
    let options = DownloadOptions::new().with_checksum(wrong);
    for names in [&["f.mismatch"][..], &["f.mismatch", "f.mismatch-1"]] {
        let error = run(&folder, &content, &options).await.unwrap_err();
        assert_eq!(
            (error.code(), folder.names()),
            ("checksum_mismatch", names.iter().map(ToString::to_string).collect())
        );
    }
}

/// Eight connections bring it out of order, and an interrupted run brings half of it.
#[tokio::test]
async fn a_file_that_came_in_any_order_is_verified_once_it_is_whole() {
    let body = pattern(SIZE, 1);
    let sha1 = "sha1:0000000000000000000000000000000000000000".parse().unwrap();
    let (_origin, folder, content) = served(Resource::new(body.clone()).with_etag("one")).await;
    let error = run(&folder, &content, &DownloadOptions::new().with_checksum(sha1)).await.unwrap_err();
    let Error::ChecksumMismatch { actual, .. } = error else { panic!("{error:?}") };
    let actual = Checksum::new("sha1", &actual);
    for connections in [1, 8] {
        let folder = Folder::new();
        let options = DownloadOptions::new().with_checksum(actual.clone()).with_max_connections(connections);
        assert_eq!(run(&folder, &content, &options).await.unwrap().checksums, std::slice::from_ref(&actual));
    }
}

#[tokio::test]
async fn a_file_that_is_larger_than_allowed_is_refused_before_it_is_fetched() {
    for (most, allowed) in [(SIZE as u64, true), (SIZE as u64 - 1, false)] {
        for chunked in [false, true] {
            let mut resource = Resource::new(pattern(SIZE, 1));
            if chunked {
                resource = resource.with_behaviour(Behaviour::Chunked);
            }
            let (_origin, folder, content) = served(resource).await;
            let done = run(&folder, &content, &DownloadOptions::new().with_max_size(most)).await;
            assert_eq!(
                done.map(drop).map_err(|error| error.code()),
                if allowed { Ok(()) } else { Err("over_limit") }
            );
        }
    }
}

#[tokio::test]
async fn fragments_of_unknown_sizes_are_no_larger_together_than_allowed() {
    let origin = Origin::start().await.unwrap();
    let links: Vec<_> = (0..4)
        .map(|index| {
            let path = format!("/{index}");
            let body = pattern(SIZE / 4, index);
            origin.serve(&path, Resource::new(body).with_behaviour(Behaviour::Chunked));
            origin.url(&path)
        })
        .collect();
    let content = content(links.iter().map(String::as_str));
    let outcome = download_content(&content, DownloadOptions::new().with_max_size(SIZE as u64 / 3)).await;
    assert_eq!((outcome.result.unwrap_err().code(), outcome.file), ("over_limit", None));
    assert_eq!((origin.hits("/2"), origin.hits("/3")), (0, 0), "it was known before");
}

#[tokio::test]
async fn a_checksum_that_nobody_computes_is_refused() {
    let (_origin, folder, content) = served(Resource::new("abc")).await;
    let options = DownloadOptions::new().with_checksum(Checksum::new("sha512", "00"));
    let error = run(&folder, &content, &options).await.unwrap_err();
    assert_eq!((error.code(), folder.names()), ("invalid", vec![]));
    assert!(error.to_string().contains("sha512"), "{error}");

    let (_, wrong) = checksums()[1].clone();
    let (to, options) = (Target::pieces(folder.root()), DownloadOptions::new().with_checksum(wrong));
    let error = downloaders().download(&Context::new(), &content, &to, &options).await.unwrap_err();
    assert_eq!((error.code(), folder.names()), ("unsupported", vec![]));
}

/// The first version is longer, so that some of it may stay behind the second.
#[tokio::test]
async fn evidence_is_what_was_hashed() {
    let (old, new) = (pattern(4 * SIZE, 1), pattern(2 * SIZE, 2));
    let second = Box::new(Resource::new(new.clone()).with_etag("two"));
    let becomes = Behaviour::Becomes { when: When::Bodies(3), resource: second };
    let (origin, folder, content) = served(Resource::new(old).with_etag("one").with_behaviour(becomes)).await;
    let (_, wrong) = checksums()[1].clone();
    let error = run(&folder, &content, &DownloadOptions::new().with_checksum(wrong)).await.unwrap_err();
    let Error::ChecksumMismatch { actual, .. } = error else { panic!("{error:?}") };
    assert_eq!(folder.names(), ["f.mismatch"]);
    assert!(fs::read(folder.path("f.mismatch")).unwrap() == new, "other bytes");
    origin.serve("/f", Resource::new(new));
    let right = Checksum::new("sha256", &actual);
    download(&origin, DownloadOptions::new().with_checksum(right)).await.result.unwrap();
}

#[tokio::test]
async fn looking_at_a_whole_file_leaves_what_another_run_began() {
    let resource = || Resource::new(pattern(SIZE, 1)).with_etag("one").with_last_modified(DATE);
    let (origin, folder, content) = served(resource()).await;
    run(&folder, &content, &DownloadOptions::new()).await.unwrap();
    origin.serve("/f", resource().with_shared_throttle(SIZE as u64 * 2));
    let overwrite = || DownloadOptions::new().with_overwrite(true);
    let stopped = run(&folder, &content, &stopping_at(overwrite(), SIZE as u64 / 2)).await;
    assert_eq!(stopped.unwrap_err().code(), "interrupted");
    let names = ["f", "f.qetch", "f.qetch-journal"];
    assert_eq!(folder.names(), names);
    let journal = fs::read(folder.path("f.qetch-journal")).unwrap();

    assert!(run(&folder, &content, &DownloadOptions::new()).await.unwrap().existed);
    assert_eq!(folder.names(), names);
    assert_eq!(fs::read(folder.path("f.qetch-journal")).unwrap(), journal);
    let report = run(&folder, &content, &overwrite()).await.unwrap();
    assert!(report.resumed > SIZE as u64 / 3, "{report:?}");
    assert_eq!(folder.names(), ["f"]);
}

/// nginx makes its ETags of time and size: two files of one build may have the same.
#[tokio::test]
async fn a_file_of_another_link_with_the_same_tag_and_size_is_a_conflict() {
    let (origin, folder, mut first) = served(Resource::new(pattern(SIZE, 1)).with_etag("one")).await;
    origin.serve("/g", Resource::new(pattern(SIZE, 2)).with_etag("one"));
    let mut second = content([origin.url("/g").as_str()]);
    (first.uid, second.uid) = ("first".into(), "second".into());
    run(&folder, &first, &DownloadOptions::new()).await.unwrap();
    let error = run(&folder, &second, &DownloadOptions::new()).await.unwrap_err();
    assert_eq!((error.code(), folder.names()), ("conflict", vec!["f".to_owned()]));
    assert!(fs::read(folder.path("f")).unwrap() == pattern(SIZE, 1));
    assert!(run(&folder, &first, &DownloadOptions::new()).await.unwrap().existed);
}

#[tokio::test]
async fn looking_at_a_file_can_be_stopped() {
    let silent = Behaviour::Silent { which: Which::All };
    let (origin, folder, content) = served(Resource::new("something").with_behaviour(silent)).await;
    fs::write(folder.path("f"), "something").unwrap();
    let stop = Stop::new();
    let options = DownloadOptions::new().with_stop(stop.clone());
    let asked = async {
        origin.until(|origin| origin.hits("/f") > 0).await;
        stop.ask();
    };
    let stopped = async { tokio::join!(run(&folder, &content, &options), asked).0 };
    let result = tokio::time::timeout(Duration::from_secs(3), stopped).await.expect("it does not stop");
    assert_eq!((result.unwrap_err().code(), folder.names()), ("interrupted", vec!["f".to_owned()]));
}

/// Reading a large file takes its time, in which no byte arrives.
#[tokio::test]
async fn verifying_a_file_that_stands_is_no_standstill() {
    let (_origin, folder, mut content) = served(Resource::new("unused")).await;
    let body = pattern(24 << 20, 1);
    fs::write(folder.path("f"), &body).unwrap();
    content.checksums.push(Checksum::new("md5", &"0".repeat(32)));
    let options = DownloadOptions::new().with_patience(Duration::from_millis(20));
    let error = run(&folder, &content, &options).await.unwrap_err();
    assert_eq!(error.code(), "conflict", "{error}");
}
