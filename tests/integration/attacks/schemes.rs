//! Schemes other than http and https: refused by whatever way they come, before anything is read, looked up or connected to.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use qetch::{
    Content, Context, DownloadOptions, Downloader, Error, Fragment, Handoff, Kind, Live, NetworkPolicy,
    Qetch, QetchBuilder, Refresh, Report, Resolver, Result, Target, Url, async_trait,
};
use qetch_testkit::{Behaviour, Origin, Resource, When, pattern};
use qetch_tests::{Folder, saved, stranger::Stranger, url};

/// A server that no connection may reach, a file that nobody may read, and links of other schemes to both.
pub(super) struct Trap {
    canary: Origin,
    pub(super) folder: Folder,
}

impl Trap {
    pub(super) async fn set() -> Self {
        let (canary, folder) = (Origin::start().await.unwrap(), Folder::new());
        canary.serve("/f.mp3", Resource::new("ID3 croak").with_content_type("audio/mpeg"));
        std::fs::write(folder.path("secret"), "ID3 croak").unwrap();
        Self { canary, folder }
    }

    pub(super) fn links(&self) -> Vec<Url> {
        let (at, file) = (self.canary.addr(), Url::from_file_path(self.folder.path("secret")).unwrap());
        let links = [
            file.to_string(),
            file.as_str().replace("file:", "FILE:"),
            file.as_str().replace("file:///", "file://localhost/"),
            format!("file://{}/f.mp3", at.ip()),
            "data:audio/mpeg;base64,SUQz".to_owned(),
            format!("javascript:location='http://{at}/f.mp3'"),
            format!("ftp://{at}/f.mp3"),
            format!("gopher://{at}/0/f.mp3"),
            format!("blob:http://{at}/7b1d2b4c"),
            format!("ws://{at}/f.mp3"),
            format!("view-source:http://{at}/f.mp3"),
            format!("jar:http://{at}/f.mp3!/page"),
            format!("ldap://{at}/page"),
            "about:blank".to_owned(),
        ];
        links.iter().map(|link| url(link)).collect()
    }

    /// Everything is allowed but other schemes.
    pub(super) fn qetch(&self) -> QetchBuilder {
        Qetch::builder().network(NetworkPolicy::Any)
    }

    /// What was tried was refused, nothing was brought and nothing was connected to.
    #[track_caller]
    pub(super) fn holds<T>(&self, link: &Url, tried: Result<T>) {
        let error = tried.err().unwrap_or_else(|| panic!("{link} was taken"));
        assert_eq!(error.code(), "unsupported", "{link}: {error}");
        assert!(!format!("{error} {error:?}").contains("croak"), "{error:?}");
        assert_eq!(self.canary.connections_opened(), 0, "{link}");
        let others: Vec<_> =
            self.folder.names().into_iter().filter(|it| !it.starts_with("f.qetch")).collect();
        assert_eq!(others, ["secret"], "{link}");
    }

    async fn download(&self, qetch: &Qetch, content: &Content, options: &DownloadOptions) -> Result<Report> {
        qetch.download(content, self.folder.path("f"), options).await
    }
}

fn content(source: &Url, link: &Url) -> Content {
    Content::new("f", Kind::Audio, source.clone(), [Fragment::new(link.clone())])
}

#[tokio::test]
async fn a_typed_link_is_refused() {
    let trap = Trap::set().await;
    for link in trap.links() {
        let tried = trap.qetch().build().fetch(link.as_str(), trap.folder.root()).await;
        trap.holds(&link, tried);
    }
}

#[tokio::test]
async fn an_extractor_that_claims_every_scheme_is_not_asked() {
    let trap = Trap::set().await;
    for link in trap.links().into_iter().chain([url("file:///page"), url("ftp://127.0.0.1/page")]) {
        let stranger = Stranger::finding([content(&url("http://127.0.0.1/"), &link)]);
        let tried = trap.qetch().extractor(stranger.clone()).build().extract(link.as_str()).await;
        trap.holds(&link, tried);
        assert_eq!(stranger.asked(), []);
    }
}

#[tokio::test]
async fn a_redirect_of_a_link_is_refused() {
    let (trap, origin) = (Trap::set().await, Origin::start().await.unwrap());
    for (number, link) in trap.links().into_iter().enumerate() {
        let path = format!("/{number}.mp3");
        origin.serve(&path, Resource::redirect(link.as_str()));
        let tried = trap.qetch().build().fetch(&origin.url(&path), trap.folder.root()).await;
        trap.holds(&link, tried);
        assert_eq!(origin.hits(&path), 1, "it is not asked again");
    }
}

#[tokio::test]
async fn a_redirect_in_the_middle_of_a_download_is_refused() {
    let (trap, origin) = (Trap::set().await, Origin::start().await.unwrap());
    for (number, link) in trap.links().into_iter().enumerate() {
        let path = format!("/{number}");
        let away = Behaviour::Becomes {
            when: When::Bodies(1),
            resource: Box::new(Resource::redirect(link.as_str())),
        };
        let file = Resource::new(pattern(4 << 20, 1)).with_etag("one").with_throttle(4 << 20);
        origin.serve(&path, file.with_behaviour(away));
        let file = url(&origin.url(&path));
        let options = DownloadOptions::new().with_resume(false);
        let tried = trap.download(&trap.qetch().build(), &content(&file, &file), &options).await;
        trap.holds(&link, tried);
        assert!(origin.hits(&path) > 1, "the first answer alone brought it");
    }
}

#[tokio::test]
async fn a_fragment_that_a_site_lists_is_refused() {
    let trap = Trap::set().await;
    for link in trap.links() {
        let page = url("http://127.0.0.1:1/page");
        let qetch = trap.qetch().extractor(Stranger::finding([content(&page, &link)])).build();
        let tried = qetch.fetch(page.as_str(), trap.folder.root()).await;
        trap.holds(&link, tried);
    }
}

#[tokio::test]
async fn one_fragment_of_many_is_refused_before_the_others_are_fetched() {
    let (trap, origin) = (Trap::set().await, Origin::start().await.unwrap());
    origin.serve("/a", Resource::new("frog"));
    for link in trap.links() {
        let file = url(&origin.url("/a"));
        let mut content = content(&file, &file);
        content.fragments.push(Fragment::new(link.clone()));
        let tried = trap.download(&trap.qetch().build(), &content, &DownloadOptions::new()).await;
        trap.holds(&link, tried);
    }
    assert_eq!(origin.connections_opened(), 0);
}

#[tokio::test]
async fn a_saved_content_is_refused() {
    let trap = Trap::set().await;
    for link in trap.links() {
        let content = saved(&content(&url("http://127.0.0.1:1/"), &link));
        let tried = trap.download(&trap.qetch().build(), &content, &DownloadOptions::new()).await;
        trap.holds(&link, tried);
    }
}

/// Takes whatever it is given.
#[derive(Clone, Debug, Default)]
struct Greedy(Arc<AtomicUsize>);

#[async_trait]
impl Downloader for Greedy {
    fn name(&self) -> &'static str {
        "greedy"
    }

    fn can_handle(&self, _: &Content) -> bool {
        true
    }

    async fn download(&self, _: &Context, _: &Content, _: &Target, _: &DownloadOptions) -> Result<Report> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Report::complete([], 0))
    }
}

#[tokio::test]
async fn a_downloader_that_takes_every_scheme_is_not_given_one() {
    let (trap, greedy) = (Trap::set().await, Greedy::default());
    let qetch = trap.qetch().downloader(greedy.clone()).build();
    for link in trap.links() {
        let content = content(&url("http://127.0.0.1:1/"), &link);
        trap.holds(&link, trap.download(&qetch, &content, &DownloadOptions::new()).await);
    }
    assert_eq!(greedy.0.load(Ordering::SeqCst), 0);
    let plain = url("http://127.0.0.1:1/");
    trap.download(&qetch, &content(&plain, &plain), &DownloadOptions::new()).await.unwrap();
    assert_eq!(greedy.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_hand_off_is_refused() {
    let trap = Trap::set().await;
    for link in trap.links().into_iter().chain([url("file:///other/page")]) {
        let stranger = Stranger::finding([Handoff::new(link.clone())]);
        let qetch = trap.qetch().extractor(stranger.clone()).build();
        let tried = qetch.fetch("http://127.0.0.1:1/page", trap.folder.root()).await;
        trap.holds(&link, tried);
        assert_eq!(stranger.asked().len(), 1, "it was asked again for {link}");
    }
}

/// Makes every link anew as this one.
struct Anew(Content);

#[async_trait]
impl Refresh for Anew {
    async fn refresh(&self, _: &Content) -> Result<Content> {
        Ok(self.0.clone())
    }
}

#[tokio::test]
async fn a_link_made_anew_is_refused() {
    let (trap, origin) = (Trap::set().await, Origin::start().await.unwrap());
    origin.serve("/dead", Resource::new("no").with_status(403));
    for link in trap.links() {
        let dead = url(&origin.url("/dead"));
        let options = DownloadOptions::new().with_refresh(Arc::new(Anew(content(&dead, &link))));
        let tried = trap.download(&trap.qetch().build(), &content(&dead, &dead), &options).await;
        trap.holds(&link, tried);
    }
    assert!(origin.hits("/dead") >= trap.links().len());
}

#[tokio::test]
async fn a_source_that_is_extracted_again_is_refused() {
    let (trap, origin) = (Trap::set().await, Origin::start().await.unwrap());
    origin.serve("/dead", Resource::new("no").with_status(403));
    for source in trap.links().into_iter().chain([url("file:///page")]) {
        let stranger = Stranger::finding([content(&source, &url(&origin.url("/alive")))]);
        let mut stale = content(&source, &url(&origin.url("/dead")));
        stale.extractor = "stranger".into();
        let qetch = trap.qetch().extractor(stranger.clone()).build();
        let tried = trap.download(&qetch, &saved(&stale), &DownloadOptions::new()).await;
        trap.holds(&source, tried);
        assert_eq!(stranger.asked(), []);
    }
    assert_eq!(origin.hits("/alive"), 0);
}

#[tokio::test]
async fn what_an_extractor_asks_for_is_refused() {
    let trap = Trap::set().await;
    let qetch = trap.qetch().build();
    for link in trap.links() {
        trap.holds(&link, qetch.context().get_text(link.clone()).await);
    }
}

#[tokio::test]
async fn a_referer_is_a_page_of_the_web_or_nothing_is_asked() {
    let (trap, origin) = (Trap::set().await, Origin::start().await.unwrap());
    origin.serve("/f", Resource::new("frog"));
    for page in trap.links() {
        let file = url(&origin.url("/f"));
        let mut content = content(&file, &file);
        content.fragments[0].bound_to.referer = Some(page.clone());
        let tried = trap.download(&trap.qetch().build(), &saved(&content), &DownloadOptions::new()).await;
        assert_eq!(tried.unwrap_err().code(), "invalid", "{page}");
    }
    assert!(origin.requests().is_empty());
}

/// Counts the names that it is asked for, and knows none.
#[derive(Debug, Default)]
struct Counting(AtomicUsize);

#[async_trait]
impl Resolver for Counting {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(io::ErrorKind::NotFound.into())
    }
}

#[tokio::test]
async fn no_name_is_looked_up_for_another_scheme() {
    let (origin, names) = (Origin::start().await.unwrap(), Arc::new(Counting::default()));
    let live = Live::builder().resolver(names.clone()).build();
    let qetch = Qetch::builder().transport(Arc::new(live)).retries(0).build();
    for scheme in ["ftp", "gopher", "ws", "file"] {
        let link = url(&format!("{scheme}://pond.invalid/f"));
        origin.serve("/f", Resource::redirect(link.as_str()));
        let tried: [Option<Error>; 3] = [
            qetch.extract(link.as_str()).await.err(),
            qetch.extract(&origin.url("/f")).await.err(),
            qetch.context().get_text(link).await.err(),
        ];
        assert_eq!(tried.map(|error| error.unwrap().code()), ["unsupported"; 3], "{scheme}");
    }
    assert_eq!(names.0.load(Ordering::SeqCst), 0);
    assert_eq!(qetch.extract("http://pond.invalid/f").await.unwrap_err().code(), "network");
    assert!(names.0.load(Ordering::SeqCst) > 0);
}
