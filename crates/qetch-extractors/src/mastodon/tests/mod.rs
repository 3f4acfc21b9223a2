//! Tests of the whole extractor against canned answers. What posts are made into is tested with the cassettes.

mod attacks;
mod feeds;
mod links;

use qetch_core::{AuthRegistry, Credential, Handle, Handles, NetworkFault, Registry, http::header};

use super::*;
use crate::common_canned::{Canned, Reply};

const LINK: &str = "https://social.example/@ada/7";
const POST: &str = "https://social.example/api/v1/statuses/7";

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// A page of Mastodon.
fn page() -> Reply {
    Reply::new(200, "").with(header::SERVER, "Mastodon").with(header::CONTENT_TYPE, "text/html")
}

/// A page of GoToSocial.
fn other_page() -> Reply {
    Reply::new(200, "").with(header::SERVER, "gotosocial").with(header::CONTENT_TYPE, "text/html")
}

/// A post with one picture by each of these ids.
fn post(ids: &[&str]) -> String {
    let picture =
        |id: &&str| format!(r#"{{"id":"{id}","type":"image","url":"https://files.example/{id}.png"}}"#);
    let pictures: Vec<_> = ids.iter().map(picture).collect();
    format!(r#"{{"id":"7","content":"<p>x</p>","media_attachments":[{}]}}"#, pictures.join(","))
}

/// A page of a feed, and where the next one is.
fn feed(posts: &[String], next: Option<&str>) -> Reply {
    let reply = Reply::new(200, format!("[{}]", posts.join(",")));
    match next {
        Some(next) => reply.with(header::LINK, format!("<{next}>; rel=\"next\"")),
        None => reply,
    }
}

async fn extract(cx: &Context, link: &str) -> Result<Extraction> {
    Registry::new().with_extractor(Mastodon::new()).extract(cx, &url(link)).await
}

/// Another extractor, which takes the page of its link over and says so.
#[derive(Debug)]
struct Other(ExtractorInfo);

#[async_trait]
impl Extractor for Other {
    fn info(&self) -> &ExtractorInfo {
        &self.0
    }

    fn can_handle(&self, url: &Url) -> Claim {
        self.0.handles().claim(url)
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        assert!(cx.first_answer(url).await.is_ok() && cx.take_parked(url).is_some());
        Ok(Extraction::once(self.0.warning("read")))
    }
}

/// What is found at `link`, in turn: uids, `! ` with a warning, and `# ` with the code of an error.
async fn found(cx: &Context, link: &str) -> Vec<String> {
    let mut extraction = match extract(cx, link).await {
        Ok(extraction) => extraction,
        Err(error) => return vec![format!("# {}", error.code())],
    };
    let mut all = Vec::new();
    while let Some(found) = extraction.next().await {
        all.push(match found {
            Ok(Found::Variants(variants)) => variants.best().uid.clone(),
            Ok(Found::Warning(warning)) => format!("! {}", warning.message),
            Ok(other) => panic!("{other:?}"),
            Err(error) => format!("# {}", error.code()),
        });
    }
    all
}

fn auth() -> AuthRegistry {
    AuthRegistry::new().with(NAME, Credential::token("t0ken"))
}

#[tokio::test]
async fn what_an_instance_says_tells_what_the_caller_can_do() {
    let check = async |reply: Reply, expected: &str| {
        let (site, cx) = Canned::default().on(LINK, [page()]).on(POST, [reply]).start();
        let cx = cx.retries(0).build();
        assert_eq!(found(&cx, LINK).await, [format!("# {expected}")], "{:?}", site.asked());
    };
    let says = |status, text: &str| Reply::new(status, format!(r#"{{"error":"{text}"}}"#));
    check(says(401, "This method requires an authenticated user"), "login_required").await;
    check(says(401, "The access token is invalid"), "login_required").await;
    check(says(422, "This method requires an authenticated user"), "login_required").await;
    check(says(403, "This action is outside the authorized scopes"), "login_required").await;
    check(says(403, "Invalid credentials."), "login_required").await;
    check(says(403, "This action is not allowed"), "private").await;
    check(says(404, "Record not found"), "not_found").await;
    check(Reply::new(404, "<html>"), "not_found").await;
    check(Reply::new(410, ""), "gone").await;
    check(says(422, "Validation failed"), "http").await;
    check(Reply::new(403, "<html>"), "http").await;
    check(Reply::new(403, "").with("cf-mitigated".parse().unwrap(), "challenge"), "challenge").await;
    check(Reply::new(451, ""), "geo_blocked").await;
    check(Reply::new(500, ""), "http").await;
    check(Reply::new(503, ""), "over_capacity").await;
    check(Reply::fault(NetworkFault::Broken), "network").await;
    check(Reply::new(429, "").with(header::RETRY_AFTER, "3600"), "rate_limited").await;
}

#[tokio::test]
async fn a_page_that_is_gone_says_so_before_the_api_is_asked() {
    for (status, expected) in [(404, "# not_found"), (410, "# gone"), (401, "# login_required")] {
        let (site, cx) = Canned::default().on(LINK, [Reply::new(status, "")]).start();
        assert_eq!(found(&cx.build(), LINK).await, [expected]);
        assert_eq!(site.asked().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_of_another_shape_is_told_with_its_path() {
    let check = async |body: &str, expected: &str| {
        let (_, cx) =
            Canned::default().on(LINK, [page()]).on(POST, [Reply::new(200, body.to_owned())]).start();
        let error = extract(&cx.build(), LINK).await.unwrap_err();
        assert_eq!(error.to_string(), format!("mastodon changed: {expected}"), "{body}");
        assert_eq!(error.code(), "site_changed");
    };
    check("<html>", &format!("no JSON from {POST} at $")).await;
    check("{}", "no list of attachments at $.media_attachments").await;
    check(r#"{"media_attachments":{}}"#, "no list of attachments at $.media_attachments").await;
    check(
        r#"{"media_attachments":[],"reblog":{"media_attachments":null}}"#,
        "no list of attachments at $.reblog.media_attachments",
    )
    .await;
    check(
        r#"{"media_attachments":[{"url":"https://f.example/1.png"}]}"#,
        "missing at $.media_attachments[0].id",
    )
    .await;
    check(r#"{"media_attachments":[{"id":1,"url":"x"}]}"#, "no link at $.media_attachments[0].url").await;
    check(r#"{"media_attachments":[{"id":1}]}"#, "missing at $.media_attachments[0].url").await;
    check(r#"{"media_attachments":[{"id":1,"url":false}]}"#, "no link at $.media_attachments[0].url").await;
    check(r#"{"media_attachments":[7]}"#, "no attachment at $.media_attachments[0]").await;
}

#[tokio::test]
async fn a_post_without_media_says_what_is_missing() {
    let check = async |body: &str, expected: &str| {
        let (_, cx) =
            Canned::default().on(LINK, [page()]).on(POST, [Reply::new(200, body.to_owned())]).start();
        assert_eq!(found(&cx.build(), LINK).await, [format!("# {expected}")], "{body}");
    };
    check(r#"{"media_attachments":[]}"#, "unsupported").await;
    check(r#"{"media_attachments":[],"card":{"type":"link","url":"https://blog.example/"}}"#, "unsupported")
        .await;
    check(r#"{"media_attachments":[],"card":{"type":"video","url":"javascript:1"}}"#, "unsupported").await;
    check(r#"{"media_attachments":[{"id":"1","type":"video","url":null}]}"#, "not_ready").await;
}

#[tokio::test]
async fn what_is_spoilt_is_left_out_with_a_warning() {
    let body = r#"{"media_attachments":[{"id":"1","type":"image","url":null},{"id":"2","type":"image","url":"https://f.example/2.png"},{}]}"#;
    let (_, cx) = Canned::default().on(LINK, [page()]).on(POST, [Reply::new(200, body)]).start();
    let expected = [
        "! mastodon: an attachment is left out: it has no file yet at $.media_attachments[0].url",
        "! mastodon: an attachment is left out: missing at $.media_attachments[2].id",
        "social.example-2-original",
    ];
    assert_eq!(found(&cx.build(), LINK).await, expected);
}

#[tokio::test]
async fn a_token_goes_to_its_own_instance_alone() {
    let check = async |instance: Option<&str>, link: &str, is_sent: bool| {
        let asked = url(link).join("/api/v1/statuses/7").unwrap();
        let (site, cx) =
            Canned::default().on(link, [page()]).on(asked.as_str(), [Reply::new(200, post(&["1"]))]).start();
        let cx = instance.into_iter().fold(cx.auth(auth()), |cx, host| cx.option(NAME, INSTANCE, host));
        assert_eq!(found(&cx.build(), link).await.len(), 1);
        let sent = if is_sent { " Bearer t0ken" } else { "" };
        assert_eq!(site.asked(), [format!("GET {link}"), format!("GET {asked}{sent}")], "{instance:?}");
    };
    check(Some("social.example"), LINK, true).await;
    check(Some(" https://Social.Example/ "), LINK, true).await;
    check(None, LINK, false).await;
    check(Some(""), LINK, false).await;
    check(Some("social.example"), "https://evil.example/@ada/7", false).await;
    check(Some("social.example"), "https://social.example:8443/@ada/7", false).await;
    check(Some("social.example"), "http://social.example/@ada/7", false).await;
    check(Some("example"), LINK, false).await;
}

#[tokio::test]
async fn software_that_answers_nobody_without_a_token_leaves_its_page_to_others() {
    let link = "https://social.example/@ada/statuses/01HQZKXK3W3CM4VN8VJ9J0RZQ4";
    let api = "https://social.example/api/v1/statuses/01HQZKXK3W3CM4VN8VJ9J0RZQ4";
    let start = || {
        let refusal = Reply::new(401, r#"{"error":"Unauthorized: token not supplied"}"#);
        Canned::default().on(link, [other_page()]).on(api, [refusal]).start()
    };
    let (_, cx) = start();
    assert_eq!(found(&cx.build(), link).await, ["# login_required"], "nobody reads pages");

    let (site, cx) = start();
    let registry =
        Registry::new().with_extractor(Mastodon::new()).with_extractor(Other(ExtractorInfo::new(PAGE, "")));
    let mut extraction = registry.extract(&cx.build(), &url(link)).await.unwrap();
    assert!(matches!(extraction.next().await, Some(Ok(Found::Warning(it))) if it.message == "page: read"));
    assert_eq!(site.asked(), [format!("GET {link}")]);

    // The page of an account shows its portrait, which is none of its posts.
    let (account, lookup) =
        ("https://social.example/@ada", "https://social.example/api/v1/accounts/lookup?acct=ada");
    let (_, cx) = Canned::default().on(account, [other_page()]).on(lookup, [Reply::new(401, "")]).start();
    assert_eq!(registry.extract(&cx.build(), &url(account)).await.unwrap_err().code(), "login_required");

    let (site, cx) =
        Canned::default().on(link, [other_page()]).on(api, [Reply::new(200, post(&["1"]))]).start();
    let cx = cx.auth(auth()).option(NAME, INSTANCE, "social.example").build();
    let mut extraction = registry.extract(&cx, &url(link)).await.unwrap();
    assert!(extraction.next_variants().await.unwrap().is_some());
    assert_eq!(site.asked().len(), 2);
}

#[tokio::test]
async fn a_card_that_is_the_media_of_its_post_is_handed_off() {
    let check = async |card: &str, expected: Option<&str>| {
        let body = format!(r#"{{"uri":"https://a.example/7","media_attachments":[],"card":{card}}}"#);
        let (_, cx) = Canned::default().on(LINK, [page()]).on(POST, [Reply::new(200, body)]).start();
        let found = match Mastodon::new().extract(&cx.build(), &url(LINK)).await {
            Ok(mut extraction) => Some(extraction.next().await.unwrap().unwrap()),
            Err(error) if error.code() == "unsupported" => None,
            Err(error) => panic!("{error}"),
        };
        match (found, expected) {
            (None, None) => (),
            (Some(Found::Handoff(handoff)), Some(to)) => {
                assert_eq!((handoff.url.as_str(), handoff.known.title.as_deref()), (to, Some("An otter")));
                assert_eq!(handoff.known.metadata["uri"], "https://a.example/7");
            }
            (found, expected) => panic!("{card}: {found:?}, {expected:?}"),
        }
    };
    let film = "https://tube.example/watch?v=1";
    check(&format!(r#"{{"type":"video","url":"{film}","title":"An otter"}}"#), Some(film)).await;
    check(&format!(r#"{{"type":"photo","url":"{film}","title":"An otter"}}"#), Some(film)).await;
    check(&format!(r#"{{"type":"link","url":"{film}","title":"An otter"}}"#), None).await;
    check(&format!(r#"{{"type":"rich","url":"{film}"}}"#), None).await;
    check(r#"{"type":"video"}"#, None).await;
    check(r#""spoilt""#, None).await;
}

#[tokio::test]
async fn a_link_that_another_extractor_knows_is_the_media_of_its_post() {
    let film = "https://tube.example/watch";
    let body = format!(r#"{{"media_attachments":[],"card":{{"type":"link","url":"{film}"}}}}"#);
    let site = Canned::default().on(LINK, [page()]).on(POST, [Reply::new(200, body)]);
    let (_, cx) = site.on(film, [Reply::new(200, "")]).start();
    let handles = Handles::new([Handle::new("film", ["tube.example"], "^/watch$")]);
    let tube = Other(ExtractorInfo::new("tube", "").with_handles(handles));
    let registry = Registry::new().with_extractor(Mastodon::new()).with_extractor(tube);
    let mut extraction = registry.extract(&cx.build(), &url(LINK)).await.unwrap();
    assert!(matches!(extraction.next().await, Some(Ok(Found::Warning(it))) if it.message == "tube: read"));
}

#[tokio::test]
async fn the_connection_of_the_page_is_free_for_others() {
    let (_, cx) = Canned::default().on(LINK, [page()]).on(POST, [Reply::new(200, post(&["1"]))]).start();
    let cx = cx.build();
    assert!(Mastodon::new().extract(&cx, &url(LINK)).await.is_ok());
    assert!(cx.take_parked(&url(LINK)).is_none());
}
