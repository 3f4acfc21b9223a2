//! What is shown and kept of secrets: nothing in errors, `Debug`, saved data and the files of a download.

use qetch::{
    AuthRegistry, Credential, DownloadOptions, Error, Live, NetworkPolicy, Proxy, Qetch, Registry,
    UserHeaders,
};
use qetch_testkit::{Behaviour, Origin, Resource, pattern};
use qetch_tests::{Folder, content, stopping_at, url};

use super::{SECRETS, content as content_at, file, secret_headers, typed};

#[track_caller]
fn shows_nothing(text: &str) {
    assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
}

fn told(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let causes: Vec<_> = causes.map(|cause| format!("{cause} {cause:?}")).collect();
    format!("{error} {error:?} {causes:?}")
}

#[tokio::test]
async fn an_error_shows_neither_what_was_typed_nor_the_signature_of_a_link() {
    let origin = Origin::start().await.unwrap();
    let qetch = Qetch::builder().retries(0).build();
    let signed = |path: &str| typed(&format!("{}?sig=s3cret", origin.url(path)));
    origin.serve("/loop", Resource::redirect(signed("/loop")));
    origin.serve("/nowhere", Resource::redirect("http://me:hunter2@:0/?s3cret"));
    origin.serve("/file", Resource::redirect("ftp://me:hunter2@pond.invalid/?s3cret"));
    origin.serve("/page", Resource::new("<html>").with_content_type("text/html"));
    origin.serve("/list", Resource::new("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-ENDLIST\n"));
    origin.serve("/cut", file().with_behaviour(Behaviour::CutAlways { after: 1 }));
    for status in [400, 401, 403, 404, 410, 429, 451, 500] {
        origin.serve(&format!("/{status}"), Resource::new("no").with_status(status));
    }
    let paths = ["/loop", "/nowhere", "/file", "/page", "/list", "/cut"];
    let statuses = [400, 401, 403, 404, 410, 429, 451, 500].map(|status| format!("/{status}"));
    let mut codes = std::collections::BTreeSet::new();
    let links = paths.iter().map(|path| signed(path)).chain(statuses.iter().map(|path| signed(path)));
    let elsewhere = ["http://me:hunter2@127.0.0.1:1/?s3cret", "https://me:hunter2@pond.invalid/?s3cret"];
    let broken = ["http://me:hunter2@:1/?s3cret", "hunter2", "mailto:hunter2@s3cret", "data:,hunter2"];
    for link in links.chain(elsewhere.into_iter().chain(broken).map(str::to_owned)) {
        let error = qetch.fetch(&link, Folder::new().root()).await.unwrap_err();
        shows_nothing(&told(&error));
        codes.insert(error.code());
    }
    assert!(codes.len() >= 8, "{codes:?}");
}

#[tokio::test]
async fn what_is_shown_of_everything_that_may_hold_a_secret_does_not_show_it() {
    let link = "https://me:hunter2@a.example/f?sig=s3cret";
    let auth = AuthRegistry::new()
        .with("pond", Credential::token("s3cret"))
        .with("gfycat", Credential::oauth("key", "s3cret"))
        .with("other", Credential::basic("me", "hunter2"));
    let proxy: Proxy = "http://me:hunter2@127.0.0.1:1".parse().unwrap();
    let live = Live::builder().proxy(proxy.clone());
    let headers: UserHeaders = secret_headers();
    let mut content = content_at(link);
    content.fragments[0] =
        content.fragments[0].clone().with_header("X-Key", "s3cret").with_referer(url(link));
    let request = content.fragments[0].request().unwrap().with_bearer(&"s3cret".into());
    let (qetch, _) = Qetch::builder().auth(auth.clone()).headers(headers.clone()).build().adopt(&url(link));
    let qetch = qetch.with_headers(headers.clone(), [&url(link)]);
    let cx = qetch::Context::builder().auth(auth.clone()).headers(headers.clone());
    let handoff = qetch::Handoff::new(url(link));
    shows_nothing(&format!("{auth:?} {proxy:?} {proxy} {live:?} {:?}", live.clone().build()));
    shows_nothing(&format!("{headers:?} {content:?} {request:?} {qetch:?} {cx:?} {handoff:?}"));
    shows_nothing(&format!("{:?} {:?}", qetch.context(), Registry::new()));
    shows_nothing(&qetch::shown(&url(link)));
}

#[tokio::test]
async fn what_is_saved_of_an_extraction_holds_neither_what_was_typed_nor_a_header() {
    let origin = Origin::start().await.unwrap();
    origin.serve("/f.mp3", file());
    let link = url(&origin.url("/f.mp3"));
    let qetch = Qetch::new().with_headers(secret_headers(), [&link]);
    let mut extraction = qetch.extract(&typed(link.as_str())).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    shows_nothing(&serde_json::to_string(&variants).unwrap());
    assert_eq!(origin.requests()[0].header("cookie"), Some("session=s3cret"));
}

#[tokio::test]
async fn a_saved_content_with_a_header_that_carries_credentials_is_refused() {
    let origin = Origin::start().await.unwrap();
    origin.serve("/f", file());
    let qetch = Qetch::builder().network(NetworkPolicy::Any).build();
    for name in ["Authorization", "cookie", "PROXY-AUTHORIZATION", "Host"] {
        let mut content = content([origin.url("/f").as_str()]);
        content.fragments[0] = content.fragments[0].clone().with_header(name, "s3cret");
        let content = qetch_tests::saved(&content);
        let to = Folder::new();
        let error = qetch.download(&content, to.path("f"), &DownloadOptions::new()).await.unwrap_err();
        assert_eq!(error.code(), "invalid", "{name}");
        shows_nothing(&told(&error));
    }
    assert!(origin.requests().is_empty());
}

#[tokio::test]
async fn the_files_of_a_download_and_their_names_hold_neither_what_was_typed_nor_a_signature() {
    const SIZE: usize = 4 << 20;
    let (origin, folder) = (Origin::start().await.unwrap(), Folder::new());
    let resource = Resource::new(pattern(SIZE, 1)).with_etag("one").with_content_type("audio/mpeg");
    origin.serve("/f.mp3", resource.with_shared_throttle(SIZE as u64));
    let link = url(&typed(&format!("{}?sig=s3cret&Expires=9", origin.url("/f.mp3"))));
    let (mine, bare) = Qetch::new().adopt(&link);
    let mine = mine.with_headers(secret_headers(), [&link]);
    let found = mine.extract(bare.as_str()).await.unwrap().next_variants().await.unwrap().unwrap();
    let name = qetch::naming::file_name(found.best());
    let options = stopping_at(DownloadOptions::new(), SIZE as u64 / 2);
    let stopped = mine.download(found.best(), folder.path(&name), &options).await.unwrap_err();
    assert_eq!(stopped.code(), "interrupted");
    let names = folder.names();
    assert_eq!(names.len(), 2, "a part and its journal: {names:?}");
    shows_nothing(&format!("{names:?}"));
    let journal = names.iter().find(|name| name.ends_with("-journal")).unwrap();
    shows_nothing(&std::fs::read_to_string(folder.path(journal)).unwrap());
}
