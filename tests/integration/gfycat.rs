//! gfycat through the whole pipeline: both eras, every form of link, credentials, what is gone.

use std::time::Duration;

use qetch::{AuthRegistry, Content, Credential, DownloadOptions, Kind, Quality, Role, Variants};
use qetch_tests::{
    Folder,
    site::{Site, bearer, json, no_credentials, on},
};
use serde_json::{Value, json};
use wiremock::{
    ResponseTemplate,
    matchers::{body_partial_json, header},
};

/// *Derived*: the shape of the answers of 2016 and 2017, with invented values.
pub(crate) const ITEM_2016: &str =
    include_str!("../../crates/qetch-extractors/fixtures/gfycat/item_2016.json");
const ITEM_2017: &str = include_str!("../../crates/qetch-extractors/fixtures/gfycat/item_2017.json");

pub(crate) const LINK: &str = "https://gfycat.com/AmpleBrittleCurlew";
pub(crate) const API: &str = "/v1/gfycats/amplebrittlecurlew";

fn item(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

async fn extract(site: &Site, link: &str) -> Variants {
    site.qetch().build().extract(link).await.unwrap().next_variants().await.unwrap().unwrap()
}

/// What holds for every item of every era.
fn assert_well_ranked(variants: &Variants) {
    let best = variants.best();
    assert_eq!(
        (best.extension.as_deref(), best.quality, best.kind),
        (Some("mp4"), Quality::BEST, Kind::Video)
    );
    let worst = variants.worst();
    assert_eq!((worst.kind, worst.role), (Kind::Video, Role::Main));
    let mut uids: Vec<_> = variants.contents().iter().map(|content| &content.uid).collect();
    let count = uids.len();
    uids.sort();
    uids.dedup();
    assert_eq!(uids.len(), count, "a uid twice");
    assert!(variants.contents().windows(2).all(|pair| pair[0].quality > pair[1].quality));
    assert!(variants.contents().iter().all(|content| content.checksums.is_empty()));
}

#[tokio::test]
async fn both_eras_give_their_renditions_and_facts() {
    let site = Site::start().await;
    site.gets("api.gfycat.com", API, json(&item(ITEM_2016)), 1).await;
    let variants = extract(&site, LINK).await;
    assert_well_ranked(&variants);
    let best = variants.best();
    assert_eq!((best.width, best.height, best.duration), (Some(1280), Some(800), Some(4.0)));
    assert_eq!((best.size_approx, &best.uploaded_by, &best.title), (Some(1_000_000), &None, &None));
    assert_eq!(best.uploaded_date.unwrap().as_unix(), 1_460_000_000);
    assert_eq!(best.metadata["md5"], "00112233445566778899aabbccddeeff");

    site.reset().await;
    let second = item(ITEM_2017);
    let id = second["gfyItem"]["gfyId"].as_str().unwrap().to_owned();
    site.gets("api.gfycat.com", &format!("/v1/gfycats/{id}"), json(&second), 1).await;
    let variants = extract(&site, &format!("https://gfycat.com/{id}")).await;
    assert_well_ranked(&variants);
    assert!(variants.contents().len() > 15);
}

#[tokio::test]
async fn every_form_of_link_is_the_same_item() {
    let site = Site::start().await;
    let links = [
        "https://gfycat.com/AmpleBrittleCurlew",
        "http://gfycat.com/amplebrittlecurlew/",
        "https://www.gfycat.com/AmpleBrittleCurlew?utm=x#top",
        "https://gfycat.com/amplebrittlecurlew-birds-beach",
        "https://gfycat.com/gifs/detail/AmpleBrittleCurlew",
        "https://gfycat.com/detail/AmpleBrittleCurlew",
        "https://gfycat.com/ifr/AmpleBrittleCurlew",
        "https://gfycat.com/IFR/AmpleBrittleCurlew",
        "https://gfycat.com/ru/AmpleBrittleCurlew",
        "https://fat.gfycat.com/AmpleBrittleCurlew.mp4",
        "https://giant.gfycat.com/AmpleBrittleCurlew.gif",
        "https://zippy.gfycat.com/AmpleBrittleCurlew.webm",
        "https://thumbs.gfycat.com/AmpleBrittleCurlew-mobile.mp4",
        "https://thumbs.gfycat.com/AmpleBrittleCurlew-size_restricted.gif",
        "https://thumbs.gfycat.com/AmpleBrittleCurlew-max-1mb.gif",
        "https://thumbs.gfycat.com/AmpleBrittleCurlew-thumb100.jpg",
    ];
    site.gets("api.gfycat.com", API, json(&item(ITEM_2016)), links.len() as u64).await;
    for link in links {
        assert_eq!(extract(&site, link).await.best().uid, "amplebrittlecurlew-mp4", "{link}");
    }
}

#[tokio::test]
async fn without_credentials_it_tries_without() {
    let site = Site::start().await;
    let mock = on("api.gfycat.com", "GET", API).and(no_credentials);
    site.mount(mock.respond_with(json(&item(ITEM_2016))).expect(1)).await;
    extract(&site, LINK).await;
}

/// Answers token requests with `token`, which works for `lifetime` seconds.
async fn grants(site: &Site, token: &str, lifetime: u64, times: u64) {
    let asked = json!({"grant_type": "client_credentials", "client_id": "key", "client_secret": "s3cret"});
    let granted = json!({"token_type": "bearer", "access_token": token, "expires_in": lifetime});
    let mock = on("api.gfycat.com", "POST", "/v1/oauth/token")
        .and(header("content-type", "application/json"))
        .and(body_partial_json(asked));
    let answer = json(&granted).set_delay(Duration::from_millis(50));
    site.mount(mock.respond_with(answer).up_to_n_times(times).expect(times)).await;
}

fn with_credentials(site: &Site) -> qetch::Qetch {
    site.qetch().auth(AuthRegistry::new().with("gfycat", Credential::oauth("key", "s3cret"))).build()
}

#[tokio::test]
async fn a_token_is_asked_for_once_by_one_caller_and_kept() {
    let site = Site::start().await;
    grants(&site, "one", 3600, 1).await;
    let mock = on("api.gfycat.com", "GET", API).and(bearer("one"));
    site.mount(mock.respond_with(json(&item(ITEM_2016))).expect(5)).await;
    let qetch = with_credentials(&site);
    let together = futures_util::future::join_all((0..4).map(|_| qetch.extract(LINK))).await;
    assert!(together.iter().all(Result::is_ok), "{together:?}");
    drop(qetch.extract(LINK).await.unwrap());
}

#[tokio::test]
async fn a_token_that_has_expired_is_asked_for_again() {
    let site = Site::start().await;
    // So short that it is as good as expired when it comes.
    grants(&site, "short", 1, 1).await;
    let qetch = with_credentials(&site);
    site.gets("api.gfycat.com", API, json(&item(ITEM_2016)), 2).await;
    drop(qetch.extract(LINK).await.unwrap());
    grants(&site, "fresh", 3600, 1).await;
    drop(qetch.extract(LINK).await.unwrap());
}

#[tokio::test]
async fn a_token_that_is_refused_is_asked_for_again_once() {
    let site = Site::start().await;
    grants(&site, "old", 3600, 1).await;
    grants(&site, "new", 3600, 1).await;
    let refused =
        on("api.gfycat.com", "GET", API).and(bearer("old")).respond_with(ResponseTemplate::new(401));
    site.mount(refused.expect(1)).await;
    let mock = on("api.gfycat.com", "GET", API).and(bearer("new"));
    site.mount(mock.respond_with(json(&item(ITEM_2016))).expect(1)).await;
    drop(with_credentials(&site).extract(LINK).await.unwrap());
}

#[tokio::test]
async fn credentials_that_are_refused_are_a_login_that_is_required() {
    let site = Site::start().await;
    let refused = on("api.gfycat.com", "POST", "/v1/oauth/token").respond_with(ResponseTemplate::new(401));
    site.mount(refused.expect(1)).await;
    let error = with_credentials(&site).extract(LINK).await.unwrap_err();
    assert_eq!(error.code(), "login_required");
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

#[tokio::test]
async fn what_is_not_there_any_more_is_asked_for_in_the_archive_unless_the_user_says_no() {
    let site = Site::start().await;
    for status in [404, 410] {
        site.gets("api.gfycat.com", API, ResponseTemplate::new(status), 2).await;
        site.gets("web.archive.org", "/cdx/search/cdx", ResponseTemplate::new(503), 1).await;
        let error = site.qetch().build().extract(LINK).await.unwrap_err();
        assert_eq!(error.code(), "over_capacity", "{error}");
        let alone = site.qetch().option("gfycat", "archive", "never").build();
        assert_eq!(alone.extract(LINK).await.unwrap_err().code(), "gone");
        site.reset().await;
    }
}

#[tokio::test]
async fn an_answer_of_another_shape_says_where() {
    let site = Site::start().await;
    site.gets("api.gfycat.com", API, json(&json!({"gfyItem": {"title": "x"}})), 1).await;
    let error = site.qetch().build().extract(LINK).await.unwrap_err();
    assert_eq!(error.code(), "site_changed");
    assert!(error.to_string().contains("$.gfyItem"), "{error}");
}

#[tokio::test]
async fn a_saved_extraction_downloads_elsewhere() {
    let site = Site::start().await;
    site.gets("api.gfycat.com", API, json(&item(ITEM_2016)), 1).await;
    let saved = serde_json::to_string(&extract(&site, LINK).await).unwrap();

    site.gets(
        "fat.gfycat.com",
        "/AmpleBrittleCurlew.mp4",
        ResponseTemplate::new(200).set_body_string("moving"),
        1,
    )
    .await;
    let loaded: Variants = serde_json::from_str(&saved).unwrap();
    let (folder, best): (_, &Content) = (Folder::new(), loaded.best());
    site.qetch().build().download(best, folder.path("f"), &DownloadOptions::new()).await.unwrap();
    assert_eq!(std::fs::read(folder.path("f")).unwrap(), b"moving");
}
