//! What a run leaves behind, and what the next one makes of it.

use std::{fs, path::PathBuf, time::Duration};

use qetch::{Content, Context, DownloadOptions, Fragment, Kind, Phase, Report, Result, Stop, Target};
use qetch_testkit::{Behaviour, Origin, Resource, When, Which, pattern};
use qetch_tests::{Folder, content, downloaders, listening};

const MIB: usize = 1024 * 1024;
const SIZE: usize = 8 * MIB + 3;

const DATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
const LATER: &str = "Thu, 22 Oct 2015 07:28:00 GMT";

/// A folder that downloads of `/f` go to.
struct Place {
    folder: Folder,
    origin: Origin,
}

impl Place {
    async fn new(resource: Resource) -> Self {
        let (folder, origin) = (Folder::new(), Origin::start().await.unwrap());
        origin.serve("/f", resource);
        Self { folder, origin }
    }

    fn content(&self) -> Content {
        content([self.origin.url("/f").as_str()])
    }

    fn part(&self) -> PathBuf {
        self.folder.path("f.qetch")
    }

    fn journal(&self) -> PathBuf {
        self.folder.path("f.qetch-journal")
    }

    async fn run(&self, content: &Content, options: &DownloadOptions) -> Result<Report> {
        let to = Target::file(self.folder.path("f"));
        downloaders().download(&Context::new(), content, &to, options).await
    }

    /// Runs until about half of it is there, and stops in order.
    async fn half(&self, content: &Content, options: DownloadOptions) {
        let (stop, sent) = (Stop::new(), self.origin.all_sent());
        let asked = async {
            self.origin.until(|origin| origin.all_sent() - sent > SIZE as u64 / 2).await;
            stop.ask();
        };
        let options = options.with_stop(stop.clone());
        let (result, ()) = tokio::join!(self.run(content, &options), asked);
        assert_eq!(result.unwrap_err().code(), "interrupted");
        assert_eq!(self.folder.names(), ["f.qetch", "f.qetch-journal"]);
    }

    /// The next run ends with this file and nothing beside it.
    async fn whole(&self, content: &Content, body: &[u8]) -> Report {
        let report = self.run(content, &DownloadOptions::new()).await.unwrap();
        assert!(fs::read(self.folder.path("f")).unwrap() == body, "another file: {report:?}");
        assert_eq!(self.folder.names(), ["f"]);
        report
    }
}

/// What all paths of an origin sent.
trait AllSent {
    fn all_sent(&self) -> u64;
}

impl AllSent for Origin {
    fn all_sent(&self) -> u64 {
        ["/f", "/0", "/1", "/2"].iter().map(|path| self.bytes_sent(path)).sum()
    }
}

fn slow(body: &[u8]) -> Resource {
    Resource::new(body.to_vec()).with_shared_throttle(8 * MIB as u64)
}

#[tokio::test]
async fn what_is_there_is_not_fetched_again() {
    let body = pattern(SIZE, 1);
    let place = Place::new(slow(&body).with_etag("one")).await;
    let content = place.content();
    place.half(&content, DownloadOptions::new()).await;
    let (options, heard) = listening(DownloadOptions::new());
    let report = place.run(&content, &options).await.unwrap();
    assert!(fs::read(place.folder.path("f")).unwrap() == body);
    assert!(report.resumed > SIZE as u64 / 3, "{report:?}");
    assert_eq!(report.bytes, SIZE as u64);
    let sent = place.origin.bytes_sent("/f");
    assert!(sent < SIZE as u64 * 11 / 10, "{sent} bytes were sent");
    let heard = heard.lock().unwrap();
    let (first, last) = (heard.first().unwrap(), heard.last().unwrap());
    assert_eq!((first.done, first.resumed), (report.resumed, report.resumed));
    assert_eq!((last.done, last.phase, last.attempt), (SIZE as u64, Phase::Done, 1));
}

#[tokio::test]
async fn a_file_of_another_version_is_fetched_afresh() {
    let (old, new) = (pattern(SIZE, 1), pattern(SIZE, 2));
    let dated = |body: &[u8], date| slow(body).with_last_modified(date);
    let versions = [
        (slow(&old).with_etag("one"), slow(&new).with_etag("two")),
        (dated(&old, DATE), dated(&new, LATER)),
        (slow(&old), slow(&new)),
        (slow(&old).with_weak_etag("w"), slow(&new).with_weak_etag("w")),
    ];
    for (first, second) in versions {
        let place = Place::new(first).await;
        let content = place.content();
        place.half(&content, DownloadOptions::new()).await;
        place.origin.serve("/f", second);
        let report = place.whole(&content, &new).await;
        assert_eq!(report.resumed, 0);
    }
    let shorter = pattern(SIZE / 2, 2);
    let place = Place::new(slow(&old).with_etag("one")).await;
    let content = place.content();
    place.half(&content, DownloadOptions::new()).await;
    place.origin.serve("/f", slow(&shorter).with_etag("one"));
    place.whole(&content, &shorter).await;
}

#[tokio::test]
async fn without_validators_the_bytes_tell_that_it_is_the_same() {
    let body = pattern(SIZE, 1);
    for resource in
        [slow(&body), slow(&body).with_weak_etag("w"), slow(&body).with_behaviour(Behaviour::EtagPerRequest)]
    {
        let place = Place::new(resource).await;
        let content = place.content();
        place.half(&content, DownloadOptions::new()).await;
        let report = place.whole(&content, &body).await;
        assert!(report.resumed > SIZE as u64 / 3, "{report:?}");
        let compared = report.bytes_fetched_twice;
        assert!(compared > 0 && compared <= SIZE as u64 / 20, "{report:?}");
    }
}

#[tokio::test]
async fn a_journal_that_cannot_be_true_is_noticed() {
    let body = pattern(SIZE, 1);
    let spoil: [fn(&Place); 5] = [
        |place| fs::write(place.journal(), "").unwrap(),
        |place| {
            let bytes = fs::read(place.journal()).unwrap();
            fs::write(place.journal(), &bytes[..bytes.len() / 2]).unwrap();
        },
        |place| {
            let text =
                fs::read_to_string(place.journal()).unwrap().replacen("\"done\":[[", "\"done\":[[1", 1);
            fs::write(place.journal(), text).unwrap();
        },
        |place| fs::File::options().write(true).open(place.part()).unwrap().set_len(1000).unwrap(),
        |place| fs::remove_file(place.part()).unwrap(),
    ];
    for spoil in spoil {
        let place = Place::new(slow(&body).with_etag("one")).await;
        let content = place.content();
        place.half(&content, DownloadOptions::new()).await;
        spoil(&place);
        let report = place.whole(&content, &body).await;
        assert_eq!(report.resumed, 0);
    }
}

#[tokio::test]
async fn a_journal_of_another_content_is_not_believed() {
    let (body, other) = (pattern(SIZE, 1), pattern(SIZE, 2));
    let place = Place::new(slow(&body).with_etag("one")).await;
    let mut content = place.content();
    place.half(&content, DownloadOptions::new()).await;
    // The same size and the same ETag: nothing but the content tells.
    place.origin.serve("/f", slow(&other).with_etag("one"));
    content.uid = "another".into();
    let report = place.whole(&content, &other).await;
    assert_eq!(report.resumed, 0);
}

#[tokio::test]
async fn a_run_that_is_told_to_begins_afresh() {
    let body = pattern(SIZE, 1);
    let place = Place::new(slow(&body).with_etag("one")).await;
    let content = place.content();
    place.half(&content, DownloadOptions::new()).await;
    let report = place.run(&content, &DownloadOptions::new().with_resume(false)).await.unwrap();
    assert_eq!((report.resumed, place.folder.names()), (0, vec!["f".to_owned()]));
}

#[tokio::test]
async fn a_host_that_gives_no_ranges_any_more_is_one_stream_from_the_start() {
    let body = pattern(SIZE, 1);
    let place = Place::new(slow(&body).with_etag("one")).await;
    let content = place.content();
    place.half(&content, DownloadOptions::new()).await;
    place.origin.serve("/f", slow(&body).with_etag("one").with_behaviour(Behaviour::NoRanges));
    let report = place.whole(&content, &body).await;
    assert_eq!(report.resumed, 0);
}

/// A run that was killed when all was there, but the name.
#[tokio::test]
async fn a_part_that_is_whole_is_compared_and_given_its_name() {
    let body = pattern(SIZE, 1);
    let place = Place::new(Resource::new(body.clone()).with_etag("one")).await;
    let content = place.content();
    // The name is taken when it comes to giving it, and free again afterwards.
    let racing = async {
        place.origin.until(|origin| origin.bytes_sent("/f") > 0).await;
        fs::create_dir(place.folder.path("f")).unwrap();
    };
    let options = DownloadOptions::new();
    let (result, ()) = tokio::join!(place.run(&content, &options), racing);
    assert_eq!(result.unwrap_err().code(), "conflict");
    assert_eq!(place.folder.names(), ["f", "f.qetch", "f.qetch-journal"]);
    fs::remove_dir(place.folder.path("f")).unwrap();
    let sent = place.origin.bytes_sent("/f");
    let report = place.whole(&content, &body).await;
    assert_eq!(report.resumed, SIZE as u64);
    assert!(place.origin.bytes_sent("/f") - sent <= SIZE as u64 / 50, "it was fetched again");
}

/// Three fragments, of sizes that are known or not.
async fn three(known: bool) -> (Place, Content, Vec<u8>) {
    let place = Place::new(Resource::new("unused")).await;
    let mut content = content([]);
    let mut whole = Vec::new();
    for index in 0..3 {
        let body = pattern(SIZE / 3 + index, index as u64);
        let path = format!("/{index}");
        let mut fragment = Fragment::new(place.origin.url(&path).parse().unwrap());
        fragment.size = known.then_some(body.len() as u64);
        content.fragments.push(fragment);
        whole.extend_from_slice(&body);
        place.origin.serve(&path, slow(&body).with_etag("one"));
    }
    (place, content, whole)
}

#[tokio::test]
async fn fragments_that_are_whole_are_not_fetched_again() {
    for known in [true, false] {
        let (place, content, whole) = three(known).await;
        place.half(&content, DownloadOptions::new()).await;
        let first = place.origin.bytes_sent("/0");
        let report = place.whole(&content, &whole).await;
        assert!(report.resumed >= SIZE as u64 / 3, "{report:?}");
        let again = place.origin.bytes_sent("/0") - first;
        assert!(again <= SIZE as u64 / 50, "{again} bytes of the first one were sent again");
    }
}

/// The second fragment would belong to another version than the first.
#[tokio::test]
async fn fragments_of_another_version_are_fetched_afresh() {
    for known in [true, false] {
        let (place, content, _) = three(known).await;
        place.half(&content, DownloadOptions::new()).await;
        let mut whole = Vec::new();
        for index in 0..3 {
            let body = pattern(SIZE / 3 + index, 7 + index as u64);
            whole.extend_from_slice(&body);
            place.origin.serve(&format!("/{index}"), slow(&body).with_etag("two"));
        }
        let report = place.whole(&content, &whole).await;
        assert_eq!(report.resumed, 0);
    }
}

#[tokio::test]
async fn two_at_once_do_not_share_a_part() {
    let body = pattern(SIZE, 1);
    let place = Place::new(slow(&body).with_etag("one")).await;
    let (content, options) = (place.content(), DownloadOptions::new());
    let second = async {
        place.origin.until(|origin| origin.bytes_sent("/f") > MIB as u64).await;
        place.run(&content, &options).await
    };
    let (first, second) = tokio::join!(place.run(&content, &options), second);
    assert_eq!((first.is_ok(), second.unwrap_err().code()), (true, "conflict"));
    assert!(fs::read(place.folder.path("f")).unwrap() == body);
}

#[tokio::test]
async fn a_download_in_which_no_byte_moves_is_given_up_and_kept() {
    let body = pattern(SIZE, 1);
    let stalling = Behaviour::Stalls { which: Which::All, after: 300_000 };
    let place = Place::new(Resource::new(body.clone()).with_etag("one").with_behaviour(stalling)).await;
    let content = place.content();
    let options = DownloadOptions::new().with_patience(Duration::from_millis(600)).with_max_connections(1);
    let error = place.run(&content, &options).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("network", true));
    assert!(error.to_string().contains("not a byte has arrived for 0.6 s"), "{error}");
    place.origin.serve("/f", Resource::new(body.clone()).with_etag("one"));
    assert!(place.whole(&content, &body).await.resumed >= 200_000);
}

#[tokio::test]
async fn a_wait_that_a_host_asks_for_is_no_standstill() {
    let body = pattern(1000, 1);
    let waits = Behaviour::FailFirst { times: 1, status: 503, retry_after: Some("2".into()) };
    let place = Place::new(Resource::new(body.clone()).with_behaviour(waits)).await;
    let options = DownloadOptions::new().with_patience(Duration::from_millis(500));
    place.run(&place.content(), &options).await.unwrap();
}

/// A captive portal, for a while.
#[tokio::test]
async fn a_page_in_place_of_the_rest_costs_nothing_of_what_is_there() {
    let body = pattern(SIZE, 1);
    for kind in [Kind::Video, Kind::Other] {
        let place = Place::new(slow(&body).with_etag("one")).await;
        let mut content = place.content();
        content.kind = kind;
        place.half(&content, DownloadOptions::new()).await;
        let pages = Behaviour::Pages { which: Which::All, page: "<html>Log in".into() };
        place.origin.serve("/f", slow(&body).with_etag("one").with_behaviour(pages));
        let error = place.run(&content, &DownloadOptions::new().with_retries(1)).await.unwrap_err();
        assert_eq!(error.code(), "bad_reply", "{error}");
        assert_eq!(place.folder.names(), ["f.qetch", "f.qetch-journal"]);
        place.origin.serve("/f", slow(&body).with_etag("one"));
        let report = place.whole(&content, &body).await;
        assert!(report.resumed > SIZE as u64 / 3, "{report:?}");
    }
}

#[tokio::test]
async fn one_whole_reply_to_a_range_costs_nothing_of_what_is_there() {
    let body = pattern(SIZE, 1);
    let place = Place::new(slow(&body).with_etag("one")).await;
    let content = place.content();
    place.half(&content, DownloadOptions::new()).await;
    let honest = Box::new(slow(&body).with_etag("one"));
    let again = Behaviour::Becomes { when: When::Bodies(1), resource: honest };
    let whole = slow(&body).with_etag("one").with_behaviour(Behaviour::NoRanges).with_behaviour(again);
    place.origin.serve("/f", whole);
    let sent = place.origin.bytes_sent("/f");
    let report = place.whole(&content, &body).await;
    assert!(report.resumed > SIZE as u64 / 3, "{report:?}");
    let (sent, missing) = (place.origin.bytes_sent("/f") - sent, SIZE as u64 - report.resumed);
    assert!(sent < missing + SIZE as u64 / 10, "{sent} bytes were sent for {missing}");
}

#[tokio::test]
async fn what_the_origin_promises_is_verified_after_going_on_too() {
    let body = pattern(SIZE, 1);
    let (right, wrong) =
        ("tii/HQ72tgGm8+Q8h4kZXWqTc/qDbzbcY1D8gJJWgxo=".to_owned(), format!("{}=", "A".repeat(43)));
    for (digest, names) in [(right, "f"), (wrong, "f.mismatch")] {
        let resource = slow(&body).with_etag("one").with_header("Repr-Digest", format!("sha-256=:{digest}:"));
        let place = Place::new(resource).await;
        let content = place.content();
        place.half(&content, DownloadOptions::new()).await;
        match place.run(&content, &DownloadOptions::new()).await {
            Ok(report) => assert!(names == "f" && report.checksums.len() == 1, "{report:?}"),
            Err(error) => assert_eq!((error.code(), names), ("checksum_mismatch", "f.mismatch")),
        }
        assert_eq!(place.folder.names(), [names]);
        assert!(fs::read(place.folder.path(names)).unwrap() == body);
    }
}

/// A run that is killed has not the time to remove what it would have added next.
#[tokio::test]
async fn fragments_that_waited_in_a_killed_run_are_removed() {
    for half in [false, true] {
        let (place, content, whole) = three(false).await;
        if half {
            place.half(&content, DownloadOptions::new()).await;
        }
        for name in ["f.qetch-spill", "f.qetch-journal-new"] {
            fs::write(place.folder.path(name), "torn").unwrap();
        }
        let report = place.whole(&content, &whole).await;
        assert_eq!(report.resumed > 0, half, "{report:?}");
    }
}
