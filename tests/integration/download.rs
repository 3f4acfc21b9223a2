//! Downloads that go well: connections, fragments, names, cancellation.

use std::{fs, time::Duration};

use qetch::{ByteRange, Context, DownloadOptions, Error, Fragment, Phase, Stop, Target};
use qetch_testkit::{Behaviour, Origin, Resource, pattern};
use qetch_tests::{Folder, content, download, download_content, downloaders, listening};

const MIB: usize = 1024 * 1024;

async fn origin_of(resource: Resource) -> Origin {
    let origin = Origin::start().await.unwrap();
    origin.serve("/f", resource);
    origin
}

#[tokio::test]
async fn eight_connections_bring_one_file_at_the_same_time() {
    let body = pattern(8 * MIB, 1);
    let origin = origin_of(Resource::new(body.clone()).with_throttle(2 * MIB as u64)).await;
    let outcome = download(&origin, DownloadOptions::new()).await;
    assert!(outcome.file.as_deref() == Some(&body[..]));
    assert_eq!(origin.overlapping("/f"), 8);
    // Tails are cut again in the end, and each that is asked for is a connection that came to its end early.
    assert!((8..16).contains(&origin.client_ports("/f").len()), "{}", origin.client_ports("/f").len());
    assert_eq!(outcome.result.unwrap().connections, 8);
}

#[tokio::test]
async fn one_connection_is_one_request() {
    let body = pattern(4 * MIB, 1);
    let origin = origin_of(Resource::new(body.clone())).await;
    let outcome = download(&origin, DownloadOptions::new().with_max_connections(1)).await;
    assert!(outcome.file.as_deref() == Some(&body[..]));
    assert_eq!(origin.hits("/f"), 1);
}

#[tokio::test]
async fn no_head_is_ever_sent() {
    let origin = origin_of(Resource::new(pattern(4 * MIB, 1))).await;
    download(&origin, DownloadOptions::new()).await.result.unwrap();
    assert!(origin.requests().iter().all(|seen| seen.method == "GET"));
}

#[tokio::test]
async fn a_host_never_sees_more_connections_than_its_cap() {
    let origin = origin_of(Resource::new(pattern(8 * MIB, 1)).with_throttle(4 * MIB as u64)).await;
    let folder = Folder::new();
    let cx = Context::builder().max_per_host(4).build();
    let content = content([origin.url("/f").as_str()]);
    let to = Target::file(folder.path("f"));
    downloaders().download(&cx, &content, &to, &DownloadOptions::new()).await.unwrap();
    // One of the four is kept for what an extractor asks.
    assert_eq!(origin.overlapping("/f"), 3);
}

/// An origin with five fragments at `/0` to `/4`, and what they make together.
async fn five(behaviour: &Behaviour) -> (Origin, Vec<u8>) {
    let origin = Origin::start().await.unwrap();
    let mut whole = Vec::new();
    for index in 0..5 {
        // The later ones are quicker, so that order is not left to chance.
        let body = pattern(300_000 - index * 50_000, index as u64);
        whole.extend(&body);
        let delay = Duration::from_millis(100 - 20 * index as u64);
        let resource =
            Resource::new(body).with_delay(delay).with_throttle(600_000).with_behaviour(behaviour.clone());
        origin.serve(&format!("/{index}"), resource);
    }
    (origin, whole)
}

fn links(origin: &Origin) -> Vec<String> {
    (0..5).map(|index| origin.url(&format!("/{index}"))).collect()
}

#[tokio::test]
async fn five_fragments_three_at_once_are_merged_in_order() {
    for behaviour in [Behaviour::Honest, Behaviour::Chunked] {
        let (origin, whole) = five(&behaviour).await;
        let content = content(links(&origin).iter().map(String::as_str));
        let outcome = download_content(&content, DownloadOptions::new().with_max_fragments(3)).await;
        let report = outcome.result.unwrap();
        assert!(outcome.file.as_deref() == Some(&whole[..]), "{behaviour:?}");
        assert_eq!((outcome.names, report.connections), (vec!["f".to_owned()], 3));
        let last = outcome.heard.last().unwrap();
        assert_eq!((last.fragments, last.done, last.phase), ((5, 5), whole.len() as u64, Phase::Done));
    }
}

#[tokio::test]
async fn five_fragments_of_known_sizes_are_written_in_place() {
    let (origin, whole) = five(&Behaviour::Honest).await;
    let mut content = content([]);
    for (index, link) in links(&origin).iter().enumerate() {
        let size = 300_000 - index as u64 * 50_000;
        content.fragments.push(Fragment::new(link.parse().unwrap()).with_size(size));
    }
    let outcome = download_content(&content, DownloadOptions::new().with_max_fragments(3)).await;
    outcome.result.unwrap();
    assert!(outcome.file.as_deref() == Some(&whole[..]));
    assert!(outcome.heard.iter().all(|progress| progress.total == Some(whole.len() as u64)));
}

#[tokio::test]
async fn a_fragment_of_another_size_than_promised_is_refused() {
    let (origin, _) = five(&Behaviour::Honest).await;
    let mut content = content([]);
    for link in links(&origin) {
        content.fragments.push(Fragment::new(link.parse().unwrap()).with_size(300_000));
    }
    let outcome = download_content(&content, DownloadOptions::new().with_max_fragments(3)).await;
    assert_eq!(outcome.result.unwrap_err().code(), "bad_reply");
    assert!(outcome.file.is_none());
}

#[tokio::test]
async fn fragments_can_be_ranges_of_one_resource() {
    let body = pattern(3 * MIB, 4);
    for behaviour in [Behaviour::Honest, Behaviour::NoRanges] {
        let origin = origin_of(Resource::new(body.clone()).with_behaviour(behaviour.clone())).await;
        let mut content = content([]);
        for (start, len) in [(2 * MIB, MIB), (0, 5), (MIB - 1, MIB)] {
            let range = ByteRange::new(start as u64, len as u64).unwrap();
            content.fragments.push(Fragment::new(origin.url("/f").parse().unwrap()).with_range(range));
        }
        let outcome = download_content(&content, DownloadOptions::new().with_max_fragments(3)).await;
        outcome.result.unwrap();
        let expected = [&body[2 * MIB..], &body[..5], &body[MIB - 1..2 * MIB - 1]].concat();
        assert!(outcome.file.as_deref() == Some(&expected[..]), "{behaviour:?}");
    }
}

#[tokio::test]
async fn auto_spends_its_budget_on_fragments_where_there_are_many() {
    let (origin, whole) = five(&Behaviour::Honest).await;
    let content = content(links(&origin).iter().map(String::as_str));
    let outcome = download_content(&content, DownloadOptions::auto()).await;
    assert!(outcome.file.as_deref() == Some(&whole[..]));
    assert_eq!(outcome.result.unwrap().connections, 5);
}

#[tokio::test]
async fn a_file_that_is_there_is_not_replaced_unasked() {
    let origin = origin_of(Resource::new("new")).await;
    let folder = Folder::new();
    let (content, to) = (content([origin.url("/f").as_str()]), Target::file(folder.path("f")));
    fs::write(folder.path("f"), "old").unwrap();
    let refused = downloaders().download(&Context::new(), &content, &to, &DownloadOptions::new()).await;
    assert_eq!(refused.unwrap_err().code(), "conflict");
    assert_eq!((fs::read(folder.path("f")).unwrap(), origin.requests().len()), (b"old".to_vec(), 1));
    assert_eq!(folder.names(), ["f"]);

    let options = DownloadOptions::new().with_overwrite(true);
    downloaders().download(&Context::new(), &content, &to, &options).await.unwrap();
    assert_eq!(fs::read(folder.path("f")).unwrap(), b"new");
}

#[tokio::test]
async fn a_file_that_appears_meanwhile_is_not_replaced() {
    let origin = origin_of(Resource::new(pattern(MIB, 1)).with_throttle(8 * MIB as u64)).await;
    let folder = Folder::new();
    let (content, to) = (content([origin.url("/f").as_str()]), Target::file(folder.path("f")));
    let (registry, cx, options) = (downloaders(), Context::new(), DownloadOptions::new());
    let racing = async {
        origin.until(|origin| origin.bytes_sent("/f") > 0).await;
        fs::write(folder.path("f"), "theirs").unwrap();
    };
    let (result, ()) = tokio::join!(registry.download(&cx, &content, &to, &options), racing);
    assert_eq!(result.unwrap_err().code(), "conflict");
    assert_eq!(
        (fs::read(folder.path("f")).unwrap(), folder.names()),
        (b"theirs".to_vec(), ["f", "f.qetch", "f.qetch-journal"].map(str::to_owned).into())
    );
}

#[tokio::test]
async fn dropping_a_download_leaves_nothing_running_and_the_next_one_goes_on() {
    let origin = origin_of(Resource::new(pattern(8 * MIB, 1)).with_throttle(MIB as u64 / 4)).await;
    let folder = Folder::new();
    let (content, to) = (content([origin.url("/f").as_str()]), Target::file(folder.path("f")));
    let (options, heard) = listening(DownloadOptions::new().with_update_delay(Duration::from_millis(10)));
    let (registry, cx) = (downloaders(), Context::new());
    tokio::select! {
        biased;
        () = origin.until(|origin| origin.overlapping("/f") == 8 && origin.bytes_sent("/f") > 1_000_000) => (),
        result = registry.download(&cx, &content, &to, &options) => panic!("it ended: {result:?}"),
    }
    let calls = heard.lock().unwrap().len();

    let limit = Duration::from_secs(5);
    let closed = origin.until(|origin| origin.open_connections() == 0);
    tokio::time::timeout(limit, closed).await.expect("connections are still open");
    // The lock falls when the last write has landed.
    let again = async {
        loop {
            match registry.download(&cx, &content, &to, &DownloadOptions::new()).await {
                Err(Error::Conflict { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
                done => return done.unwrap(),
            }
        }
    };
    origin.serve("/f", Resource::new(pattern(8 * MIB, 1)));
    let report = tokio::time::timeout(limit, again).await.expect("the part file is still locked");
    assert!(report.resumed > 0, "{report:?}");
    assert_eq!(
        (fs::read(folder.path("f")).unwrap() == pattern(8 * MIB, 1), folder.names()),
        (true, vec!["f".to_owned()])
    );
    assert_eq!(heard.lock().unwrap().len(), calls, "the hook was called after the end");
    assert!(calls > 5);
}

#[tokio::test]
async fn stop_ends_a_download_in_order() {
    let origin = origin_of(Resource::new(pattern(8 * MIB, 1)).with_throttle(MIB as u64 / 4)).await;
    let stop = Stop::new();
    let asked = async {
        origin.until(|origin| origin.overlapping("/f") == 8).await;
        stop.ask();
    };
    let (outcome, ()) =
        tokio::join!(download(&origin, DownloadOptions::new().with_stop(stop.clone())), asked);
    assert!(matches!(outcome.result, Err(Error::Interrupted)));
    assert!(outcome.file.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_on_many_threads() {
    let body = pattern(8 * MIB, 1);
    let origin = origin_of(Resource::new(body.clone())).await;
    let outcome = download(&origin, DownloadOptions::new()).await;
    assert!(outcome.file.as_deref() == Some(&body[..]));
}

#[tokio::test]
async fn a_body_that_goes_past_its_promised_size_does_not_touch_its_neighbour() {
    let origin = Origin::start().await.unwrap();
    origin.serve(
        "/0",
        Resource::new(pattern(180_000, 0)).with_behaviour(Behaviour::ChunkedCut { after: 150_000 }),
    );
    origin.serve("/1", Resource::new(pattern(100_000, 1)));
    let mut content = content([]);
    for index in 0..2 {
        let link = origin.url(&format!("/{index}")).parse().unwrap();
        content.fragments.push(Fragment::new(link).with_size(100_000));
    }
    let outcome = download_content(&content, DownloadOptions::new().with_max_fragments(2)).await;
    assert_eq!((outcome.result.unwrap_err().code(), outcome.file), ("bad_reply", None));
    assert!(outcome.heard.iter().all(|progress| progress.done <= 200_000));
}

#[tokio::test]
async fn a_body_without_length_has_exactly_the_promised_size() {
    for (size, right) in [(1000, true), (999, false), (1001, false), (0, false)] {
        let origin = origin_of(Resource::new(pattern(1000, 1)).with_behaviour(Behaviour::Chunked)).await;
        let mut content = content([]);
        content.fragments.push(Fragment::new(origin.url("/f").parse().unwrap()).with_size(size));
        let outcome = download_content(&content, DownloadOptions::new()).await;
        assert_eq!(
            outcome.result.map_err(|error| error.code()).map(drop),
            if right { Ok(()) } else { Err("bad_reply") }
        );
    }
}

#[tokio::test]
async fn a_long_wait_for_one_connection_of_several_ends_that_one_alone() {
    let origin = Origin::start().await.unwrap();
    let body = pattern(4 * MIB, 1);
    origin.serve("/f", Resource::new(body.clone()).with_throttle(4 * MIB as u64));
    let (options, heard) = listening(DownloadOptions::new().with_update_delay(Duration::from_millis(5)));
    let folder = Folder::new();
    let (content, to) = (content([origin.url("/f").as_str()]), Target::file(folder.path("f")));
    let (registry, cx) = (downloaders(), Context::builder().max_per_host(3).build());
    let busy = async {
        origin.until(|origin| origin.bytes_sent("/f") > 0).await;
        let fail = Behaviour::FailFirst { times: 1, status: 503, retry_after: Some("1".into()) };
        origin.serve("/f", Resource::new(body.clone()).with_throttle(4 * MIB as u64).with_behaviour(fail));
    };
    let (result, ()) = tokio::join!(registry.download(&cx, &content, &to, &options), busy);
    result.unwrap();
    assert!(fs::read(folder.path("f")).unwrap() == body);
    assert!(heard.lock().unwrap().iter().all(|progress| progress.attempt == 1));
}

#[tokio::test]
async fn a_host_that_gives_one_connection_gives_the_file() {
    for status in [403, 404, 429, 503] {
        let body = pattern(4 * MIB, 1);
        let crowded = Behaviour::Crowded { at_most: 1, status };
        // The refusals come when the one connection has nothing left to take.
        let delay = Duration::from_millis(200);
        let origin = origin_of(Resource::new(body.clone()).with_delay(delay).with_behaviour(crowded)).await;
        let outcome = download(&origin, DownloadOptions::new()).await;
        assert!(outcome.file.as_deref() == Some(&body[..]), "{status}: {:?}", outcome.result);
        assert!(outcome.heard.iter().all(|progress| progress.attempt == 1));
        assert_eq!(outcome.result.unwrap().connections, 1);
    }
}

#[tokio::test]
async fn sizes_that_no_file_can_have_are_an_error_and_no_panic() {
    let origin = origin_of(Resource::new("x")).await;
    let mut content = content([]);
    for _ in 0..2 {
        content.fragments.push(Fragment::new(origin.url("/f").parse().unwrap()).with_size(u64::MAX));
    }
    let outcome = download_content(&content, DownloadOptions::new().with_update_delay(Duration::MAX)).await;
    assert_eq!(outcome.result.unwrap_err().code(), "invalid");
    Context::builder().max_per_host(usize::MAX).build();
}
