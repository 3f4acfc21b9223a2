//! What the engine does with each way an origin can be wrong: never a wrong file with success.

use std::time::Duration;

use bytes::Bytes;
use qetch::{DownloadOptions, Phase};
use qetch_testkit::{Behaviour, Origin, Resource, pattern};
use qetch_tests::{Outcome, content, download, download_content};

/// Large enough for eight connections of several shares each, and not a multiple of anything.
const SIZE: usize = 3 * 1024 * 1024 + 7;

/// Downloads a file from an origin that behaves so, and the same over one connection.
async fn fetch(behaviour: Behaviour) -> (Origin, Outcome) {
    fetch_over(8, Resource::new(pattern(SIZE, 1)).with_etag("one").with_behaviour(behaviour)).await
}

async fn fetch_over(connections: usize, resource: Resource) -> (Origin, Outcome) {
    let origin = Origin::start().await.unwrap();
    origin.serve("/f", resource);
    let options = DownloadOptions::new().with_max_connections(connections);
    let limit = Duration::from_secs(60);
    let outcome = tokio::time::timeout(limit, download(&origin, options)).await.expect("it got stuck");
    (origin, outcome)
}

/// The file is whole and right, alone in its folder, and progress ended at its size.
#[track_caller]
fn assert_right(outcome: &Outcome, expected: &[u8]) {
    let report = outcome.result.as_ref().unwrap();
    assert!(outcome.file.as_deref() == Some(expected), "another file: {report:?}");
    assert_eq!((outcome.names.as_slice(), report.bytes), (&["f".to_owned()][..], expected.len() as u64));
    let last = outcome.heard.last().unwrap();
    assert_eq!((last.phase, last.done), (Phase::Done, expected.len() as u64));
    let attempts = outcome.heard.windows(2).all(|pair| {
        pair[1].attempt > pair[0].attempt
            || (pair[1].attempt == pair[0].attempt && pair[1].done >= pair[0].done)
    });
    assert!(attempts, "progress fell within an attempt: {:?}", outcome.heard);
}

/// The download failed with this code and left no file under the final name.
#[track_caller]
fn assert_failed(outcome: &Outcome, code: &str) {
    let error = outcome.result.as_ref().expect_err("a wrong file as success");
    assert_eq!(error.code(), code, "{error}");
    let ours = ["f.qetch", "f.qetch-journal"];
    assert!(outcome.names.iter().all(|name| ours.contains(&name.as_str())), "{:?}", outcome.names);
}

/// A behaviour after which the file must be right, and at most this many attempts of it.
async fn check_right(behaviour: Behaviour, attempts: u32) {
    let (_origin, outcome) = fetch(behaviour).await;
    assert_right(&outcome, &pattern(SIZE, 1));
    let took = outcome.heard.last().unwrap().attempt;
    assert!(took <= attempts, "{took} attempts");
}

#[tokio::test]
async fn an_honest_origin() {
    check_right(Behaviour::Honest, 1).await;
    check_right(Behaviour::QuietRanges, 1).await;
}

#[tokio::test]
async fn a_200_to_a_range_is_one_stream() {
    let (origin, outcome) = fetch(Behaviour::NoRanges).await;
    assert_right(&outcome, &pattern(SIZE, 1));
    assert_eq!(origin.hits("/f"), 1);
    check_right(Behaviour::RangesPromised, 1).await;
}

#[tokio::test]
async fn a_200_to_a_later_range_is_never_written_at_its_offset() {
    check_right(Behaviour::RangesOnlyFromZero, 1).await;
}

/// A host that gave ranges before is asked twice more, and each time what was under way is lost.
#[tokio::test]
async fn a_range_from_elsewhere_is_refused() {
    check_right(Behaviour::WrongStart { by: 1 }, 4).await;
    check_right(Behaviour::WrongStart { by: -1 }, 4).await;
    check_right(Behaviour::WrongStart { by: 100_000 }, 4).await;
}

#[tokio::test]
async fn a_range_that_begins_earlier_is_skipped_into() {
    check_right(Behaviour::Superset { before: 70_000 }, 1).await;
}

#[tokio::test]
async fn a_range_that_is_shorter_than_asked_is_asked_on() {
    check_right(Behaviour::Shorter { at_most: 300_000 }, 1).await;
}

#[tokio::test]
async fn a_range_that_does_not_say_which_is_not_used() {
    check_right(Behaviour::NoContentRange, 1).await;
    check_right(Behaviour::StarTotal, 1).await;
    check_right(Behaviour::MultipartRanges, 1).await;
}

/// Each range tells of another file. The third version that is begun is one reply, which no change can mix.
#[tokio::test]
async fn another_total_is_another_file() {
    check_right(Behaviour::WrongTotal { by: 1 }, 3).await;
}

#[tokio::test]
async fn a_length_that_lies_is_never_success() {
    // A length that is too large: the body ends early at every attempt.
    let (_origin, outcome) = fetch_over(1, small(Behaviour::ContentLengthTooLong { extra: 10 })).await;
    assert_failed(&outcome, "bad_reply");
}

/// A length that is too small is all that a client can know of a 200: the rest is not a body. What the site promises
/// tells it apart.
#[tokio::test]
async fn a_length_that_is_too_small_is_noticed_where_the_size_is_known() {
    let origin = Origin::start().await.unwrap();
    origin.serve("/f", small(Behaviour::ContentLengthTooShort { missing: 10 }));
    let mut promised = content([origin.url("/f").as_str()]);
    promised.size = Some(1000);
    let outcome = download_content(&promised, DownloadOptions::new()).await;
    assert_failed(&outcome, "bad_reply");
}

#[tokio::test]
async fn a_size_that_the_site_guarantees_is_held_against_the_file() {
    let origin = Origin::start().await.unwrap();
    origin.serve("/f", small(Behaviour::Honest));
    let mut promised = content([origin.url("/f").as_str()]);
    promised.size = Some(1000);
    assert_right(&download_content(&promised, DownloadOptions::new()).await, &pattern(1000, 2));
    promised.size = Some(999);
    assert_failed(&download_content(&promised, DownloadOptions::new()).await, "bad_reply");
}

fn small(behaviour: Behaviour) -> Resource {
    Resource::new(pattern(1000, 2)).with_behaviour(behaviour)
}

#[tokio::test]
async fn a_body_that_is_cut_short_is_continued() {
    check_right(Behaviour::CutOnce { after: 100_000 }, 1).await;
    check_right(Behaviour::CutAlways { after: 200_000 }, 1).await;
}

#[tokio::test]
async fn a_body_without_length_that_is_cut_short_is_begun_again() {
    let resource = Resource::new(pattern(SIZE, 1)).with_behaviour(Behaviour::ChunkedCut { after: 100_000 });
    let (_origin, outcome) = fetch_over(8, resource).await;
    assert_failed(&outcome, "network");
}

#[tokio::test]
async fn a_body_without_length_is_taken_to_its_end() {
    check_right(Behaviour::Chunked, 1).await;
    check_right(Behaviour::UntilClose, 1).await;
}

#[tokio::test]
async fn an_encoded_body_is_not_the_file() {
    let (_origin, outcome) = fetch(Behaviour::Gzip).await;
    assert_failed(&outcome, "bad_reply");
    let (_origin, outcome) = fetch(Behaviour::GzipRanges).await;
    assert_failed(&outcome, "bad_reply");
}

#[tokio::test]
async fn a_file_that_changes_is_fetched_afresh_as_one_version() {
    let second = Bytes::from(pattern(SIZE, 9));
    let changing = Behaviour::Changing { body: second.clone(), etag: "two".into() };
    let (_origin, outcome) = fetch(changing).await;
    assert_right(&outcome, &second);
}

#[tokio::test]
async fn a_passing_failure_is_asked_again() {
    for status in [500, 502, 503] {
        check_right(Behaviour::FailFirst { times: 2, status, retry_after: None }, 1).await;
    }
    let waits = Behaviour::FailFirst { times: 1, status: 429, retry_after: Some("1".into()) };
    let start = std::time::Instant::now();
    check_right(waits, 1).await;
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_longer_wait_than_allowed_is_an_error_at_once() {
    let far = Behaviour::FailFirst { times: 1, status: 503, retry_after: Some("3600".into()) };
    let (_origin, outcome) = fetch(far).await;
    assert_failed(&outcome, "rate_limited");
}

#[tokio::test]
async fn an_error_is_told_by_what_can_be_done() {
    for (status, code) in
        [(401, "login_required"), (404, "not_found"), (410, "gone"), (403, "http"), (204, "bad_reply")]
    {
        let (_origin, outcome) = fetch_over(8, Resource::new(pattern(10, 1)).with_status(status)).await;
        assert_failed(&outcome, code);
    }
}

#[tokio::test]
async fn a_page_in_place_of_the_file_is_refused() {
    let page = Resource::new("<!doctype html><title>Log in</title>").with_content_type("text/html");
    let (_origin, outcome) = fetch_over(8, page).await;
    assert_failed(&outcome, "bad_reply");
}

#[tokio::test]
async fn files_of_no_byte_and_of_one() {
    for size in [0, 1] {
        let (origin, outcome) = fetch_over(8, Resource::new(pattern(size, 1))).await;
        assert_right(&outcome, &pattern(size, 1));
        assert_eq!(origin.hits("/f"), 1);
    }
}

#[tokio::test]
async fn a_total_that_no_disk_holds_is_an_error_and_no_panic() {
    for (total, codes) in
        [(u64::MAX, &["bad_reply"][..]), (9_000_000_000_000_000_000, &["no_room", "bad_reply"])]
    {
        let huge = Resource::new(pattern(100, 1)).with_status(206);
        let huge = huge.with_header("Content-Range", format!("bytes 0-99/{total}"));
        let origin = Origin::start().await.unwrap();
        origin.serve("/f", huge);
        let done = download(&origin, DownloadOptions::new().with_retries(1));
        let outcome = tokio::time::timeout(Duration::from_secs(10), done).await.expect("it got stuck");
        let error = outcome.result.unwrap_err();
        assert!(codes.contains(&error.code()), "{total}: {error}");
        assert_eq!(outcome.file, None);
    }
}

/// Each reply begins at the beginning of the file, those that are compared too.
#[tokio::test]
async fn ranges_that_begin_far_earlier_do_not_cost_the_file_again_and_again() {
    let size = 8 << 20;
    let (origin, body) = (Origin::start().await.unwrap(), pattern(size, 1));
    let superset = Behaviour::Superset { before: u64::MAX / 4 };
    origin.serve("/f", Resource::new(body.clone()).with_behaviour(superset));
    let outcome = download(&origin, DownloadOptions::new()).await;
    assert_right(&outcome, &body);
    let sent = origin.bytes_sent("/f");
    assert!(sent < size as u64 * 3 / 2, "{sent} bytes were sent");
}
