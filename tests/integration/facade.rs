//! The facade: one call, many downloads, own merges, and the one request of a plain small file.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use qetch::{
    Claim, Content, Context, DownloadOptions, Extraction, Extractor, ExtractorInfo, Fragment, Kind, Phase,
    Qetch, Result, Url, async_trait,
};
use qetch_testkit::{Behaviour, Origin, Resource, pattern};
use qetch_tests::{Folder, content, listening};

#[tokio::test]
async fn one_plain_small_file_is_exactly_one_request() {
    let origin = Origin::start().await.unwrap();
    let body = [b"\x89PNG\r\n\x1a\n".to_vec(), pattern(100_000, 1)].concat();
    origin.serve(
        "/pictures/frog.bin?x=1",
        Resource::new(body.clone()).with_content_type("application/octet-stream"),
    );
    let folder = Folder::new();
    let reports = Qetch::new().fetch(&origin.url("/pictures/frog.bin?x=1"), folder.root()).await.unwrap();
    assert_eq!(origin.requests().len(), 1);
    assert_eq!(origin.open_connections(), 1);
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert!(fs::read(&report.paths[0]).unwrap() == body);
    assert!(report.paths[0].extension().is_some_and(|it| it == "png"), "{report:?}");
}

#[tokio::test]
async fn so_is_one_that_the_server_says_nothing_of() {
    let origin = Origin::start().await.unwrap();
    origin.serve("/x", Resource::new(vec![0; 200_000]).without_content_type());
    let folder = Folder::new();
    Qetch::new().fetch(&origin.url("/x"), folder.root()).await.unwrap();
    assert_eq!(origin.requests().len(), 1);
}

#[tokio::test]
async fn a_large_file_goes_on_from_the_answer_that_found_it() {
    let origin = Origin::start().await.unwrap();
    let body = [b"\0\0\0\x20ftypisom".to_vec(), pattern(4 << 20, 1)].concat();
    origin.serve("/v.mp4", Resource::new(body.clone()).with_content_type("video/mp4").with_throttle(4 << 20));
    let folder = Folder::new();
    let reports = Qetch::new().fetch(&origin.url("/v.mp4"), folder.root()).await.unwrap();
    assert!(fs::read(&reports[0].paths[0]).unwrap() == body);
    let whole = origin.requests().iter().filter(|seen| seen.header("range").is_none()).count();
    assert_eq!((whole, origin.overlapping("/v.mp4")), (1, 8));
}

#[tokio::test]
async fn a_length_that_later_ranges_contradict_is_not_believed() {
    let origin = Origin::start().await.unwrap();
    let resource = Resource::new(pattern(4 << 20, 1)).with_content_type("video/mp4").with_throttle(8 << 20);
    origin.serve("/v.mp4", resource.with_behaviour(Behaviour::ContentLengthTooShort { missing: 10 }));
    let folder = Folder::new();
    let failed = Qetch::new().fetch(&origin.url("/v.mp4"), folder.root()).await.unwrap_err();
    assert_eq!((failed.code(), folder.names()), ("bad_reply", Vec::new()));
}

#[tokio::test]
async fn many_downloads_answer_as_they_end_and_one_failure_stops_none() {
    let origin = Origin::start().await.unwrap();
    let folder = Folder::new();
    let mut downloads = Vec::new();
    for (index, delay) in [400, 0, 100].into_iter().enumerate() {
        let resource = Resource::new(pattern(1000, index as u64)).with_delay(Duration::from_millis(delay));
        origin.serve(&format!("/{index}"), if index == 1 { resource.with_status(404) } else { resource });
        let mut content = content([origin.url(&format!("/{index}")).as_str()]);
        content.uid = index.to_string();
        downloads.push((content, folder.path(&index.to_string())));
    }
    let mut ended = Qetch::new().download_many(downloads, 3, &DownloadOptions::new());
    let mut order = Vec::new();
    while let Some((content, result)) = ended.next().await {
        order.push((content.uid, result.map(|report| report.bytes).map_err(|error| error.code())));
    }
    assert_eq!(order, [("1".into(), Err("not_found")), ("2".into(), Ok(1000)), ("0".into(), Ok(1000))]);
    assert_eq!(folder.names(), ["0", "2"]);
}

#[tokio::test]
async fn all_downloads_together_keep_to_a_hosts_cap() {
    let origin = Origin::start().await.unwrap();
    let folder = Folder::new();
    let downloads: Vec<_> = (0..4)
        .map(|index| {
            let path = format!("/{index}");
            origin.serve(&path, Resource::new(pattern(2 << 20, index)).with_throttle(2 << 20));
            (content([origin.url(&path).as_str()]), folder.path(&index.to_string()))
        })
        .collect();
    let mut ended =
        Qetch::builder().max_per_host(5).build().download_many(downloads, 4, &DownloadOptions::new());
    while let Some((_, result)) = ended.next().await {
        result.unwrap();
    }
    assert!(origin.client_ports("/0").len() + origin.client_ports("/1").len() > 1);
    assert!(most_at_once(&origin) <= 5, "{}", most_at_once(&origin));
}

/// The most bodies of any path that were sent at the same moment.
fn most_at_once(origin: &Origin) -> usize {
    let seen = origin.requests();
    let spans: Vec<_> = seen.iter().filter_map(|it| Some((it.body_started?, it.ended?))).collect();
    spans
        .iter()
        .map(|(at, _)| spans.iter().filter(|(from, to)| from <= at && at < to).count())
        .max()
        .unwrap_or(0)
}

/// Joins its fragments in reverse, each with its number before it.
#[derive(Debug)]
struct Backwards(ExtractorInfo);

impl Backwards {
    fn new() -> Self {
        Self(ExtractorInfo::new("backwards", "Joins from the end").with_own_merge())
    }
}

#[async_trait]
impl Extractor for Backwards {
    fn info(&self) -> &ExtractorInfo {
        &self.0
    }

    fn can_handle(&self, url: &Url) -> Claim {
        if url.path() == "/album" { Claim::Yes("album".into()) } else { Claim::No }
    }

    async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
        let fragments = (0..5).map(|index| Fragment::new(url.join(&index.to_string()).unwrap()));
        Ok(Extraction::once(Content::new("backwards", Kind::Text, url.clone(), fragments)))
    }

    async fn merge(&self, pieces: &[PathBuf], to: &Path) -> Result<()> {
        let mut joined = Vec::new();
        for (index, piece) in pieces.iter().enumerate().rev() {
            joined.extend(index.to_string().into_bytes());
            joined.extend(fs::read(piece).unwrap());
        }
        fs::write(to, joined).unwrap();
        Ok(())
    }
}

#[tokio::test]
async fn an_extractor_may_merge_its_fragments_itself() {
    let origin = Origin::start().await.unwrap();
    for index in 0..5_u8 {
        let behaviour = if index % 2 == 0 { Behaviour::Honest } else { Behaviour::Chunked };
        origin.serve(&format!("/{index}"), Resource::new(vec![b'a' + index; 3]).with_behaviour(behaviour));
    }
    let qetch = Qetch::builder().extractor(Backwards::new()).build();
    let mut extraction = qetch.extract(&origin.url("/album")).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    let folder = Folder::new();
    let (options, heard) = listening(DownloadOptions::new().with_max_fragments(3));
    let report = qetch.download(variants.best(), folder.path("f"), &options).await.unwrap();
    assert_eq!(fs::read_to_string(folder.path("f")).unwrap(), "4eee3ddd2ccc1bbb0aaa");
    assert_eq!((folder.names(), report.bytes), (vec!["f".to_owned()], 20));
    let phases: Vec<_> = heard.lock().unwrap().iter().map(|progress| progress.phase).collect();
    assert_eq!(phases[phases.len() - 2..], [Phase::Merging, Phase::Done]);
}

#[tokio::test]
async fn html_and_lists_of_files_are_not_taken_for_files() {
    let origin = Origin::start().await.unwrap();
    origin.serve(
        "/page",
        Resource::new("<!doctype html><title>x</title>").with_content_type("text/html; charset=utf-8"),
    );
    for (path, list) in [
        ("/m3u", "#EXTM3U\n#EXTINF:123,Frogs\nfrogs.mp3\n"),
        ("/pls", "[playlist]\nFile1=frogs.mp3\n"),
        ("/xspf", "<?xml version=\"1.0\"?><playlist xmlns=\"http://xspf.org/ns/0/\"/>"),
    ] {
        origin.serve(path, Resource::new(list).with_content_type("application/octet-stream"));
    }
    let folder = Folder::new();
    // What the lists lead to is not there, and the last leads to nothing.
    for (path, code) in
        [("/page", "unsupported"), ("/m3u", "not_found"), ("/pls", "not_found"), ("/xspf", "unsupported")]
    {
        let error = Qetch::new().fetch(&origin.url(path), folder.root()).await.unwrap_err();
        assert_eq!(error.code(), code, "{path}");
    }
    // What lists the segments of one recording is read, and what is listed is the file.
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nframe.ts\n#EXT-X-ENDLIST\n";
    origin.serve("/list", Resource::new(list).with_content_type("application/octet-stream"));
    origin.serve("/frame.ts", Resource::new("Gframe"));
    assert!(folder.names().is_empty());
    let reports = Qetch::new().fetch(&origin.url("/list"), folder.root()).await.unwrap();
    assert_eq!(fs::read(&reports[0].paths[0]).unwrap(), b"Gframe");
}

#[tokio::test]
async fn user_information_in_a_link_is_used_and_not_kept() {
    let origin = Origin::start().await.unwrap();
    origin.serve("/v.mp3", Resource::new(b"ID3 sound".to_vec()).with_content_type("audio/mpeg"));
    let link = origin.url("/v.mp3").replace("http://", "http://me:hunter2@");
    let (folder, qetch) = (Folder::new(), Qetch::new());
    let variants = qetch.extract(&link).await.unwrap().next_variants().await.unwrap().unwrap();
    assert!(!serde_json::to_string(&variants).unwrap().contains("hunter2"));
    let sent = |origin: &Origin, at: usize| origin.requests()[at].header("authorization").map(str::to_owned);
    assert_eq!(sent(&origin, 0).as_deref(), Some("Basic bWU6aHVudGVyMg=="));

    // Nobody else has it, nor the answer that it opened.
    qetch.fetch(&origin.url("/v.mp3"), folder.root()).await.unwrap();
    assert_eq!((origin.requests().len(), sent(&origin, 1)), (2, None));
    // Whoever has it needs one request for the extraction and its download.
    fs::remove_file(folder.path(&folder.names()[0])).unwrap();
    qetch.fetch(&link, folder.root()).await.unwrap();
    assert_eq!(origin.requests().len(), 3);
}

#[tokio::test]
async fn extractions_that_leave_answers_open_never_block_each_other() {
    let origin = Origin::start().await.unwrap();
    for index in 0..20 {
        origin.serve(
            &format!("/{index}"),
            Resource::new(pattern(500_000, index)).with_content_type("audio/mpeg"),
        );
    }
    for cap in [1, 2, 3, 9] {
        let qetch = Qetch::builder().max_per_host(cap).build();
        let links: Vec<_> = (0..20).map(|index| origin.url(&format!("/{index}"))).collect();
        let all = futures_util::future::join_all(links.iter().map(|link| qetch.extract(link)));
        let all = tokio::time::timeout(Duration::from_secs(20), all).await.expect("they block each other");
        assert!(all.iter().all(Result::is_ok));
    }
}

#[tokio::test]
async fn a_size_that_the_site_promises_is_that_of_what_was_merged() {
    let origin = Origin::start().await.unwrap();
    for index in 0..5_u8 {
        origin.serve(&format!("/{index}"), Resource::new(vec![b'a' + index; 3]));
    }
    let qetch = Qetch::builder().extractor(Backwards::new()).build();
    let mut extraction = qetch.extract(&origin.url("/album")).await.unwrap();
    let mut content = extraction.next_variants().await.unwrap().unwrap().best().clone();
    let folder = Folder::new();
    content.size = Some(15);
    let error = qetch.download(&content, folder.path("f"), &DownloadOptions::new()).await.unwrap_err();
    assert_eq!((error.code(), folder.names().len()), ("bad_reply", 0));
    content.size = Some(20);
    qetch.download(&content, folder.path("f"), &DownloadOptions::new()).await.unwrap();
}

/// A hook that is shared: what many downloads tell can be heard in one place.
#[tokio::test]
async fn a_hook_hears_of_every_download() {
    let origin = Origin::start().await.unwrap();
    origin.serve("/f", Resource::new(pattern(1000, 1)));
    let folder = Folder::new();
    let done = Arc::<Mutex<u32>>::default();
    let count = done.clone();
    let options = DownloadOptions::new().with_hook(move |progress: qetch::Progress| {
        if progress.phase == Phase::Done {
            *count.lock().unwrap() += 1;
        }
    });
    let downloads: Vec<_> =
        (0..3).map(|index| (content([origin.url("/f").as_str()]), folder.path(&index.to_string()))).collect();
    let mut ended = Qetch::new().download_many(downloads, 2, &options);
    while ended.next().await.is_some() {}
    assert_eq!(*done.lock().unwrap(), 3);
}

/// One bad moment of a host is not the end, unless that is asked for.
#[tokio::test]
async fn a_link_whose_first_answer_fails_in_passing_is_asked_for_again() {
    for (retries, right) in [(1, true), (0, false)] {
        let origin = Origin::start().await.unwrap();
        let failing = Behaviour::FailFirst { times: 1, status: 503, retry_after: Some("1".into()) };
        origin.serve("/f.bin", Resource::new("abc").with_behaviour(failing));
        let (folder, qetch) = (Folder::new(), Qetch::builder().retries(retries).build());
        let fetched = qetch.fetch(&origin.url("/f.bin"), folder.root()).await;
        assert_eq!((fetched.is_ok(), origin.hits("/f.bin")), (right, 1 + retries as usize), "{fetched:?}");
    }
}
