//! Links that die are made anew, through the facade and a site like gfycat: asked for again at the address that the site
//! gave, or extracted again; the same entity goes on at the same byte, and another one is refused.

use std::fs;

use qetch::{Content, Context, DownloadOptions, Error, NetworkPolicy, Qetch, Report, Result, Target, Url};
use qetch_testkit::{Behaviour, Origin, Resource, When, pattern};
use qetch_tests::{
    Folder, downloaders,
    site::{Site, json, on},
    url,
};
use serde_json::Value;

use crate::gfycat::{API, ITEM_2016, LINK};

/// Where the site says that its files are.
const MEDIA: &str = "fat.gfycat.com";

const SIZE: usize = 4 << 20;

/// So slow that all connections are at work when something happens.
const RATE: u64 = 8 << 20;

/// What the site says of the item, with this link for its best rendition.
fn item(link: &str) -> Value {
    let mut item: Value = serde_json::from_str(ITEM_2016).unwrap();
    item["gfyItem"]["mp4Url"] = format!("https://{MEDIA}{link}").into();
    item
}

/// A file of the site.
fn file(seed: u64) -> Resource {
    Resource::new(pattern(SIZE, seed)).with_content_type("video/mp4").with_shared_throttle(RATE)
}

/// A file whose link answers 403 once so many bytes of it were sent.
fn dying(file: Resource, after: usize) -> Resource {
    file.with_behaviour(Behaviour::Expires { when: When::Bytes(after as u64), status: 403 })
}

/// A site whose API is asked once for each of its links, and whose files an origin has.
struct Links {
    site: Site,
    origin: Origin,
    folder: Folder,
}

impl Links {
    /// The API gives the links in this order, one each time it is asked, and must be asked for all of them.
    async fn start(links: &[&str]) -> Self {
        let (site, origin) = (Site::start().await, Origin::start().await.unwrap());
        for link in links {
            let answer =
                on("api.gfycat.com", "GET", API).respond_with(json(&item(link))).up_to_n_times(1).expect(1);
            site.mount(answer).await;
        }
        Self { site, origin, folder: Folder::new() }
    }

    fn qetch(&self) -> Qetch {
        self.site.qetch().route(MEDIA, &url(&self.origin.url(""))).unwrap().build()
    }

    async fn best(&self) -> Content {
        best(&self.qetch()).await
    }

    async fn download(&self, content: &Content, connections: usize) -> Result<Report> {
        let options = DownloadOptions::new().with_max_connections(connections);
        self.qetch().download(content, self.folder.path("f"), &options).await
    }

    /// Downloads the best rendition, as it is extracted now.
    async fn fetch(&self, connections: usize) -> Result<Report> {
        self.download(&self.best().await, connections).await
    }

    #[track_caller]
    fn holds(&self, seed: u64) {
        assert!(fs::read(self.folder.path("f")).unwrap() == pattern(SIZE, seed), "another file");
        assert_eq!(self.folder.names(), ["f"]);
    }

    #[track_caller]
    fn refused(&self, result: &Result<Report>, code: &str) -> String {
        let error = result.as_ref().unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(!self.folder.names().contains(&"f".to_owned()), "{:?}", self.folder.names());
        error.to_string()
    }

    /// From which byte to which each reply to a request for `path` sent, in the order of the requests.
    fn sent(&self, path: &str) -> Vec<(u64, u64)> {
        let sent = self.origin.requests_for(path).into_iter().filter(|seen| seen.bytes_sent > 0);
        sent.filter(|seen| seen.status.is_some_and(|status| status < 300))
            .map(|seen| {
                let range = seen.header("range").unwrap_or("bytes=0-").strip_prefix("bytes=").unwrap();
                let start: u64 = range.split_once('-').unwrap().0.parse().unwrap();
                (start, start + seen.bytes_sent)
            })
            .collect()
    }

    /// Bytes of the file that were sent under any link, over its size.
    fn share_sent(&self) -> f64 {
        self.origin.requests().iter().map(|seen| seen.bytes_sent).sum::<u64>() as f64 / SIZE as f64
    }
}

async fn best(qetch: &Qetch) -> Content {
    qetch.extract(LINK).await.unwrap().next_variants().await.unwrap().unwrap().best().clone()
}

#[tokio::test]
async fn a_link_behind_a_redirect_is_asked_for_again_where_it_came_from() {
    let links = Links::start(&["/a.mp4"]).await;
    let signed = [dying(file(1).with_etag("v"), SIZE / 3), file(1).with_etag("v")];
    links.origin.serve("/a.mp4", Resource::minting("/signed/", signed));
    let report = links.fetch(1).await.unwrap();
    links.holds(1);
    let third = (SIZE / 3) as u64;
    assert_eq!(links.sent("/signed/1"), [(0, third)]);
    assert_eq!(links.sent("/signed/2"), [(third, SIZE as u64)], "the same byte");
    assert_eq!((links.origin.hits("/a.mp4"), report.bytes_fetched_twice), (2, 0));
}

#[tokio::test]
async fn so_does_each_of_eight_connections() {
    let links = Links::start(&["/a.mp4"]).await;
    let signed = std::iter::repeat_n(dying(file(1).with_etag("v"), SIZE / 16), 8);
    let signed = signed.chain([file(1).with_etag("v")]);
    links.origin.serve("/a.mp4", Resource::minting("/signed/", signed));
    links.fetch(8).await.unwrap();
    links.holds(1);
    assert!(links.origin.hits("/a.mp4") >= 16, "{}", links.origin.hits("/a.mp4"));
    assert!(links.share_sent() <= 1.1, "{}", links.share_sent());
}

#[tokio::test]
async fn a_link_that_is_dead_for_good_is_extracted_again_and_goes_on_at_the_same_byte() {
    for status in [401, 403, 410] {
        let links = Links::start(&["/a.mp4?sig=1", "/a.mp4?sig=2"]).await;
        let expires = Behaviour::Expires { when: When::Bytes(SIZE as u64 / 3), status };
        links.origin.serve("/a.mp4?sig=1", file(1).with_etag("v").with_behaviour(expires));
        links.origin.serve("/a.mp4?sig=2", file(1).with_etag("v"));
        let report = links.fetch(1).await.unwrap();
        links.holds(1);
        let third = (SIZE / 3) as u64;
        assert_eq!(links.sent("/a.mp4?sig=1"), [(0, third)]);
        assert_eq!(links.sent("/a.mp4?sig=2"), [(third, SIZE as u64)], "the same byte, after {status}");
        assert_eq!(report.bytes_fetched_twice, 0);
        links.site.reset().await;
    }
}

#[tokio::test]
async fn eight_connections_extract_once() {
    // The API answers a third request with 404.
    let links = Links::start(&["/a.mp4?sig=1", "/a.mp4?sig=2"]).await;
    links.origin.serve("/a.mp4?sig=1", dying(file(1).with_etag("v"), SIZE / 2));
    links.origin.serve("/a.mp4?sig=2", file(1).with_etag("v"));
    let report = links.fetch(8).await.unwrap();
    links.holds(1);
    assert_eq!((report.connections, links.site.asked().await.len()), (8, 2));
    assert_eq!(links.origin.overlapping("/a.mp4?sig=2"), 8, "all connections go on with the new link");
    assert!(links.share_sent() <= 1.1, "{}", links.share_sent());
}

#[tokio::test]
async fn links_may_die_again_and_again() {
    let links = Links::start(&["/a.mp4?sig=1", "/a.mp4?sig=2", "/a.mp4?sig=3", "/a.mp4?sig=4"]).await;
    for sig in 1..4 {
        links.origin.serve(&format!("/a.mp4?sig={sig}"), dying(file(1).with_etag("v"), SIZE / 4));
    }
    links.origin.serve("/a.mp4?sig=4", file(1).with_etag("v"));
    links.fetch(8).await.unwrap();
    links.holds(1);
    assert!(links.share_sent() <= 1.1, "{}", links.share_sent());
}

#[tokio::test]
async fn the_permit_is_given_back_before_the_site_is_asked() {
    for per_host in 1..=2 {
        let (origin, folder) = (Origin::start().await.unwrap(), Folder::new());
        let api = |link: &str| {
            let mut item = item(link);
            // The files are on the host of the API, so that extracting needs what downloading holds.
            item["gfyItem"]["mp4Url"] = format!("https://api.gfycat.com{link}").into();
            Resource::new(item.to_string()).with_content_type("application/json")
        };
        let again = Behaviour::Becomes { when: When::Bodies(1), resource: Box::new(api("/a.mp4?sig=2")) };
        origin.serve(API, api("/a.mp4?sig=1").with_behaviour(again));
        origin.serve("/a.mp4?sig=1", dying(file(1).with_etag("v"), SIZE / 2));
        origin.serve("/a.mp4?sig=2", file(1).with_etag("v"));
        let route = url(&origin.url(""));
        let qetch = Qetch::builder().max_per_host(per_host).route("*", &route).unwrap().build();
        let content = best(&qetch).await;
        qetch.download(&content, folder.path("f"), &DownloadOptions::new()).await.unwrap();
        assert!(fs::read(folder.path("f")).unwrap() == pattern(SIZE, 1));
        assert_eq!(origin.hits(API), 2, "with {per_host}");
        let sent = origin.bytes_sent("/a.mp4") as f64 / SIZE as f64;
        assert!(sent <= 1.1, "{sent} with {per_host}");
    }
}

#[tokio::test]
async fn the_same_bytes_under_another_entity_tag_are_proven_and_gone_on_with() {
    for etags in [[Some("a"), Some("b")], [Some("a"), None], [None, None]] {
        let links = Links::start(&["/a.mp4?sig=1", "/a.mp4?sig=2"]).await;
        let file = |etag: Option<&str>| etag.into_iter().fold(file(1), Resource::with_etag);
        links.origin.serve("/a.mp4?sig=1", dying(file(etags[0]), SIZE / 2));
        links.origin.serve("/a.mp4?sig=2", file(etags[1]));
        links.fetch(8).await.unwrap();
        links.holds(1);
        assert!(links.share_sent() <= 1.1, "{} with {etags:?}", links.share_sent());
        links.site.reset().await;
    }
}

#[tokio::test]
async fn another_entity_behind_the_new_link_is_refused() {
    let shorter = Resource::new(pattern(SIZE - 1, 1)).with_content_type("video/mp4");
    let dated = |seed| file(seed).with_last_modified("Wed, 21 Oct 2015 07:28:00 GMT");
    let later = |seed| file(seed).with_last_modified("Thu, 22 Oct 2015 07:28:00 GMT");
    let swaps = [
        ("another size", file(1).with_etag("v"), shorter.clone().with_etag("v")),
        ("another size, nothing else", file(1), shorter),
        ("another tag and other bytes", file(1).with_etag("v"), file(2).with_etag("w")),
        ("no tag any more, and other bytes", file(1).with_etag("v"), file(2)),
        ("no validators, and other bytes", file(1), file(2)),
        ("another date, though the same bytes", dated(1), later(1)),
    ];
    for (what, before, after) in swaps {
        for connections in [1, 8] {
            let links = Links::start(&["/a.mp4?sig=1", "/a.mp4?sig=2"]).await;
            links.origin.serve("/a.mp4?sig=1", dying(before.clone(), SIZE / 2));
            links.origin.serve("/a.mp4?sig=2", after.clone());
            links.refused(&links.fetch(connections).await, "content_changed");
            // What is there stays: the next run finds out what it is worth.
            let names = links.folder.names();
            assert!(
                names.iter().all(|name| name.contains(".qetch")),
                "{what}, {connections} connections: {names:?}"
            );
            links.site.reset().await;
        }
    }
}

#[tokio::test]
async fn a_link_that_stays_the_same_is_dead() {
    let links = Links::start(&["/a.mp4", "/a.mp4"]).await;
    links.origin.serve("/a.mp4", dying(file(1).with_etag("v"), SIZE / 2));
    let error = links.fetch(8).await.unwrap_err();
    assert!(matches!(error, Error::Http { status: 403, .. }), "{error:?}");
    assert_eq!(links.folder.names(), ["f.qetch", "f.qetch-journal"], "what is there may be of use later");
}

/// A content that was saved as JSON, and read by someone else.
fn saved(content: &Content) -> Content {
    serde_json::from_str(&serde_json::to_string(content).unwrap()).unwrap()
}

#[tokio::test]
async fn without_its_extractor_a_dead_link_is_told_as_one() {
    for after in [SIZE / 2, 0] {
        let links = Links::start(&["/a.mp4?sig=1"]).await;
        links.origin.serve("/a.mp4?sig=1", dying(file(1).with_etag("v"), after));
        let mut content = saved(&links.best().await);
        content.fragments[0].url = Url::parse(&links.origin.url("/a.mp4?sig=1")).unwrap();
        let to = Target::file(links.folder.path("f"));
        let cx = Context::builder().network(NetworkPolicy::Any).build();
        let result = downloaders().download(&cx, &content, &to, &DownloadOptions::new()).await;
        let message = links.refused(&result, "link_died");
        assert!(message.contains("`gfycat`") && message.contains(LINK), "{message}");
        assert!(message.contains("403") && !message.contains("sig="), "{message}");
    }
}

#[tokio::test]
async fn a_saved_content_whose_link_is_dead_by_now_is_extracted_again() {
    for status in [401, 403, 410] {
        let links = Links::start(&["/a.mp4?sig=1", "/a.mp4?sig=2"]).await;
        let expired = Behaviour::Expires { when: When::Bytes(0), status };
        links.origin.serve("/a.mp4?sig=1", file(1).with_etag("v").with_behaviour(expired));
        links.origin.serve("/a.mp4?sig=2", file(1).with_etag("v"));
        let report = links.download(&saved(&links.best().await), 8).await.unwrap();
        links.holds(1);
        assert_eq!(report.connections, 8, "after {status}");
        assert!(links.share_sent() <= 1.1, "{}", links.share_sent());
        links.site.reset().await;
    }
}

#[tokio::test]
async fn a_run_that_goes_on_later_makes_the_links_anew() {
    let links = Links::start(&["/a.mp4?sig=1", "/a.mp4?sig=2"]).await;
    links.origin.serve("/a.mp4?sig=1", dying(file(1).with_etag("v"), SIZE / 2));
    links.origin.serve("/a.mp4?sig=2", file(1).with_etag("v"));
    let content = saved(&links.best().await);
    // The site is not there when the link dies.
    let (away, to) = (Site::start().await, links.folder.path("f"));
    let qetch = away.qetch().route(MEDIA, &url(&links.origin.url(""))).unwrap();
    let qetch = qetch.option("gfycat", "archive", "never").build();
    let gone = qetch.download(&content, &to, &DownloadOptions::new()).await;
    links.refused(&gone, "gone");
    assert_eq!(links.folder.names(), ["f.qetch", "f.qetch-journal"]);

    let report = links.download(&content, 8).await.unwrap();
    links.holds(1);
    assert!(report.resumed > SIZE as u64 / 3, "{report:?}");
    assert!(links.share_sent() <= 1.1, "{}", links.share_sent());
}

/// Nothing of the old file is there to be mixed with, and it is another one all the same.
#[tokio::test]
async fn another_size_behind_the_new_link_of_one_stream_is_refused() {
    let links = Links::start(&["/a.mp4?sig=1", "/a.mp4?sig=2"]).await;
    let stream = |file: Resource| file.with_behaviour(Behaviour::NoRanges);
    links.origin.serve("/a.mp4?sig=1", dying(stream(file(1)), SIZE / 2));
    let shorter = Resource::new(pattern(SIZE - 1, 2)).with_content_type("video/mp4");
    links.origin.serve("/a.mp4?sig=2", stream(shorter));
    links.refused(&links.fetch(1).await, "content_changed");
}
