//! Credentials, cookies and headers that are for one host alone: what others are sent, and what is shown and kept of them.

mod kept;
mod named;

use std::sync::Arc;

use qetch::{
    Content, DownloadOptions, Fragment, Handoff, Kind, NetworkPolicy, Qetch, QetchBuilder, UserHeaders,
};
use qetch_testkit::{Origin, Resource, Seen};
use qetch_tests::{Folder, proxied::Proxied, saved, stranger::Stranger, url};

/// What `me:hunter2@` becomes.
const TYPED: &str = "Basic bWU6aHVudGVyMg==";

/// What may not be found anywhere but at the host that it is for: as it was typed, and as it is sent.
const SECRETS: [&str; 4] = ["hunter2", "bWU6aHVudGVyMg", "s3cret", "ZXZpbDpwdw"];

fn file() -> Resource {
    Resource::new("ID3 frog").with_content_type("audio/mpeg")
}

/// A server that means well and has `/f.mp3`, and one that must not hear of a secret and has it, too.
async fn servers() -> (Origin, Origin) {
    let (own, canary) = (Origin::start().await.unwrap(), Origin::start().await.unwrap());
    own.serve("/f.mp3", file());
    canary.serve("/f.mp3", file());
    (own, canary)
}

/// A server that stands for every host, by whatever scheme, and a builder that leads there.
async fn all_hosts() -> (Origin, QetchBuilder) {
    let origin = Origin::start().await.unwrap();
    let builder = Qetch::builder().route("*", &url(&origin.url(""))).unwrap();
    (origin, builder)
}

fn typed(link: &str) -> String {
    link.replacen("://", "://me:hunter2@", 1)
}

/// The value of a header of each request, in their order.
fn sent(origin: &Origin, name: &str) -> Vec<Option<String>> {
    origin.requests().iter().map(|seen| seen.header(name).map(str::to_owned)).collect()
}

fn own(value: &str) -> Option<String> {
    Some(value.to_owned())
}

/// It was asked, and no secret was among what it was sent.
#[track_caller]
fn knows_nothing(canary: &Origin) {
    let seen = canary.requests();
    assert!(!seen.is_empty(), "it was not asked");
    seen.iter().for_each(holds_nothing);
}

#[track_caller]
fn holds_nothing(seen: &Seen) {
    let text = format!("{} {:?} {:?}", seen.path, seen.headers, seen.body);
    assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
    for name in ["authorization", "cookie", "proxy-authorization", "x-api-key"] {
        assert_eq!(seen.header(name), None, "{text}");
    }
}

fn secret_headers() -> UserHeaders {
    let headers = UserHeaders::new().with("Authorization", "Bearer s3cret").unwrap();
    let headers = headers.with("Cookie", "session=s3cret").unwrap().with("X-Api-Key", "s3cret").unwrap();
    headers.with("Accept-Language", "de").unwrap()
}

fn content(link: &str) -> Content {
    Content::new("f", Kind::Audio, url(link), [Fragment::new(url(link))])
}

async fn download(qetch: &Qetch, content: &Content) -> qetch::Result<()> {
    let folder = Folder::new();
    qetch.download(content, folder.path("f"), &DownloadOptions::new()).await.map(drop)
}

async fn fetch(qetch: &Qetch, link: &str) {
    qetch.fetch(link, Folder::new().root()).await.unwrap();
}

#[tokio::test]
async fn what_was_typed_before_the_at_is_not_sent_on_to_another_port() {
    let (own_server, canary) = servers().await;
    own_server.serve("/away", Resource::redirect(canary.url("/f.mp3")));
    fetch(&Qetch::new(), &typed(&own_server.url("/away"))).await;
    assert_eq!(sent(&own_server, "authorization")[0], own(TYPED));
    knows_nothing(&canary);
}

#[tokio::test]
async fn what_was_typed_before_the_at_is_not_sent_on_to_another_host() {
    let (origin, builder) = all_hosts().await;
    origin.serve_on("a.example", "/f.mp3", Resource::redirect("https://b.example/f.mp3"));
    origin.serve_on("b.example", "/f.mp3", file());
    fetch(&builder.build(), &typed("https://a.example/f.mp3")).await;
    assert_eq!(sent(&origin, "authorization"), [own(TYPED), None]);
}

#[tokio::test]
async fn what_was_typed_before_the_at_is_not_sent_on_to_the_same_host_over_plain_http() {
    let (origin, builder) = all_hosts().await;
    origin.serve("/tls.mp3", Resource::redirect("http://a.example/plain.mp3"));
    origin.serve("/plain.mp3", file());
    fetch(&builder.build(), &typed("https://a.example/tls.mp3")).await;
    assert_eq!(sent(&origin, "authorization"), [own(TYPED), None]);
}

#[tokio::test]
async fn what_was_typed_before_the_at_is_for_its_origin_alone_on_a_way_through_others_and_back() {
    let (origin, builder) = all_hosts().await;
    origin.serve_on("a.example", "/1", Resource::redirect("https://b.example/2"));
    origin.serve_on("b.example", "/2", Resource::redirect("https://a.example:444/3"));
    origin.serve_on("a.example:444", "/3", Resource::redirect("https://a.example/4"));
    origin.serve_on("a.example", "/4", file());
    fetch(&builder.build(), &typed("https://a.example/1")).await;
    assert_eq!(sent(&origin, "authorization"), [own(TYPED), None, None, own(TYPED)]);
}

#[tokio::test]
async fn a_user_and_password_in_a_redirect_are_not_sent() {
    let (own_server, canary) = servers().await;
    let with_login = canary.url("/f.mp3").replace("://", "://evil:pw@");
    own_server.serve("/away", Resource::redirect(with_login));
    fetch(&Qetch::new(), &own_server.url("/away")).await;
    knows_nothing(&canary);
}

#[tokio::test]
async fn a_user_and_password_in_a_redirect_do_not_take_the_place_of_those_that_were_typed() {
    let (own_server, _) = servers().await;
    let with_login = own_server.url("/f.mp3").replace("://", "://evil:pw@");
    own_server.serve("/here", Resource::redirect(with_login));
    fetch(&Qetch::new(), &typed(&own_server.url("/here"))).await;
    assert!(sent(&own_server, "authorization").iter().all(|it| *it == own(TYPED)));
}

#[tokio::test]
async fn a_user_and_password_in_the_links_of_a_site_are_neither_sent_nor_kept() {
    let (own_server, canary) = servers().await;
    let with_login = |link: String| url(&link.replace("://", "://evil:pw@"));
    let fragment = Fragment::new(with_login(canary.url("/f.mp3")));
    let fragment = fragment.with_referer(with_login(own_server.url("/page")));
    let listed = Content::new("f", Kind::Audio, with_login(own_server.url("/page")), [fragment]);
    let qetch = Qetch::builder().extractor(Stranger::finding([listed.clone()])).build();
    let mut extraction = qetch.extract(&typed(&own_server.url("/page"))).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    let text = serde_json::to_string(&variants).unwrap();
    assert!(!text.contains("evil") && !text.contains("hunter2"), "{text}");
    download(&qetch, variants.best()).await.unwrap();
    // One that nobody looked at before.
    download(&qetch, &listed).await.unwrap();
    knows_nothing(&canary);
    assert_eq!(sent(&canary, "referer"), [own(&own_server.url("/page")), own(&own_server.url("/page"))]);
}

#[tokio::test]
async fn a_user_and_password_in_a_hand_off_are_not_sent() {
    let (own_server, canary) = servers().await;
    let handoff = Handoff::new(url(&canary.url("/f.mp3").replace("://", "://evil:pw@")));
    let qetch = Qetch::builder().extractor(Stranger::finding([handoff])).build();
    fetch(&qetch, &typed(&own_server.url("/page"))).await;
    knows_nothing(&canary);
}

#[tokio::test]
async fn a_user_and_password_in_a_saved_content_are_not_sent() {
    let (_, canary) = servers().await;
    let content = saved(&content(&canary.url("/f.mp3").replace("://", "://evil:pw@")));
    let qetch = Qetch::builder().network(NetworkPolicy::Any).build();
    download(&qetch, &content).await.unwrap();
    knows_nothing(&canary);
}

#[tokio::test]
async fn a_user_and_password_in_the_source_of_a_saved_content_are_not_sent_when_its_link_has_died() {
    let (own_server, canary) = servers().await;
    own_server.serve("/dead", Resource::new("no").with_status(403));
    let mut content = content(&own_server.url("/dead"));
    content.source = url(&canary.url("/f.mp3").replace("://", "://evil:pw@"));
    content.extractor = "generic".into();
    let qetch = Qetch::builder().network(NetworkPolicy::Any).build();
    assert!(download(&qetch, &saved(&content)).await.is_err());
    knows_nothing(&canary);
}

#[tokio::test]
async fn what_was_typed_for_a_link_is_not_sent_to_the_files_that_a_site_has_elsewhere() {
    let (own_server, canary) = servers().await;
    let listed = Content::new(
        "f",
        Kind::Audio,
        url(&own_server.url("/page")),
        [Fragment::new(url(&own_server.url("/f.mp3"))), Fragment::new(url(&canary.url("/f.mp3")))],
    );
    let qetch = Qetch::builder().extractor(Stranger::finding([listed])).build();
    let link = url(&own_server.url("/page"));
    fetch(&qetch.with_headers(secret_headers(), [&link]), link.as_str()).await;
    fetch(&qetch, &typed(link.as_str())).await;
    knows_nothing(&canary);
    let authorizations = sent(&own_server, "authorization");
    assert_eq!(authorizations, [own("Bearer s3cret"), own(TYPED)]);
}

#[tokio::test]
async fn headers_of_the_user_are_not_sent_on_to_another_port() {
    let (own_server, canary) = servers().await;
    own_server.serve("/away", Resource::redirect(canary.url("/f.mp3")));
    let link = url(&own_server.url("/away"));
    fetch(&Qetch::new().with_headers(secret_headers(), [&link]), link.as_str()).await;
    assert_eq!(sent(&own_server, "authorization")[0], own("Bearer s3cret"));
    assert_eq!(sent(&own_server, "cookie")[0], own("session=s3cret"));
    assert_eq!(sent(&own_server, "x-api-key")[0], own("s3cret"));
    knows_nothing(&canary);
    assert_eq!(sent(&canary, "accept-language")[0], own("de"));
}

#[tokio::test]
async fn headers_of_the_user_are_not_sent_on_to_another_host_nor_over_plain_http() {
    let (origin, builder) = all_hosts().await;
    origin.serve_on("a.example", "/1", Resource::redirect("http://a.example/2"));
    origin.serve_on("a.example", "/2", Resource::redirect("https://b.example/3"));
    origin.serve_on("b.example", "/3", Resource::redirect("https://a.example/4"));
    origin.serve_on("a.example", "/4", file());
    let link = url("https://a.example/1");
    fetch(&builder.build().with_headers(secret_headers(), [&link]), link.as_str()).await;
    for (name, value) in
        [("authorization", "Bearer s3cret"), ("cookie", "session=s3cret"), ("x-api-key", "s3cret")]
    {
        assert_eq!(sent(&origin, name), [own(value), None, None, own(value)], "{name}");
    }
}

#[tokio::test]
async fn headers_of_the_user_are_not_sent_where_a_hand_off_leads() {
    let (own_server, canary) = servers().await;
    let qetch =
        Qetch::builder().extractor(Stranger::finding([Handoff::new(url(&canary.url("/f.mp3")))])).build();
    let link = url(&own_server.url("/page"));
    fetch(&qetch.with_headers(secret_headers(), [&link]), link.as_str()).await;
    knows_nothing(&canary);
}

#[tokio::test]
async fn headers_of_the_user_are_not_sent_for_a_saved_content() {
    let (_, canary) = servers().await;
    let builder = Qetch::builder().headers(secret_headers()).network(NetworkPolicy::Any);
    download(&builder.build(), &saved(&content(&canary.url("/f.mp3")))).await.unwrap();
    knows_nothing(&canary);
}

#[tokio::test]
async fn a_cookie_that_one_host_sets_is_not_sent_to_another() {
    let (own_server, canary) = servers().await;
    let away = Resource::redirect(canary.url("/f.mp3"));
    own_server.serve("/away", away.with_header("Set-Cookie", "session=s3cret; Domain=127.0.0.1; Path=/"));
    fetch(&Qetch::new(), &own_server.url("/away")).await;
    knows_nothing(&canary);
}

#[tokio::test]
async fn a_page_is_told_to_other_origins_by_its_origin_alone_and_over_plain_http_not_at_all() {
    let (origin, builder) = all_hosts().await;
    origin.serve_on("a.example", "/tls", Resource::redirect("https://b.example/tls"));
    origin.serve_on("b.example", "/tls", Resource::redirect("http://b.example/plain"));
    origin.serve_on("b.example", "/plain", file());
    let page = url("https://me:hunter2@pond.example/secret?sig=s3cret#s3cret");
    let fragment = Fragment::new(url("https://a.example/tls")).with_referer(page.clone());
    let content = Content::new("f", Kind::Audio, url("https://pond.example/"), [fragment]);
    download(&builder.build(), &content).await.unwrap();
    let told = [own("https://pond.example/secret?sig=s3cret"), own("https://pond.example/"), None];
    assert_eq!(sent(&origin, "referer"), told);
}

#[tokio::test]
async fn the_login_of_a_proxy_is_not_sent_to_a_host_that_is_asked_without_it() {
    let (own_server, canary) = servers().await;
    own_server.serve("/away", Resource::redirect(canary.url("/f.mp3")));
    let proxy = Proxied::http(own_server.addr(), true).await;
    let live = proxy.live("http", "me:s3cret@").no_proxy(["127.0.0.1"]).build();
    let qetch = Qetch::builder().transport(Arc::new(live)).network(NetworkPolicy::Any).build();
    fetch(&qetch, "http://pond.invalid/away").await;
    assert_eq!(proxy.told().len(), 1);
    knows_nothing(&canary);
}

#[tokio::test]
async fn an_answer_that_a_password_opened_is_not_given_to_another_user_of_the_same_program() {
    let (own_server, _) = servers().await;
    let (qetch, link) = (Qetch::new(), own_server.url("/f.mp3"));
    let (mine, bare) = qetch.adopt(&url(&typed(&link)));
    // The answer stays open for whoever downloads next.
    let found = mine.extract(bare.as_str()).await.unwrap().next_variants().await.unwrap().unwrap();
    download(&qetch, found.best()).await.unwrap();
    assert_eq!(sent(&own_server, "authorization"), [own(TYPED), None]);
}
