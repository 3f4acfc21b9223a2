//! An outsider's extractor (`tests/pond`) beside the built-ins: paging, a token, hand-offs.

use qetch::{AuthKind, AuthRegistry, Credential, DownloadOptions, Error, Found, Qetch, Result, Variants};
use qetch_extractor_pond::Pond;
use qetch_tests::{
    Folder,
    site::{Site, bearer, json, on},
};
use serde_json::{Value, json};
use wiremock::{ResponseTemplate, matchers::query_param};

const POND: &str = "https://pond.example/p/7";

fn pond(site: &Site) -> Qetch {
    site.qetch()
        .extractor(Pond::new())
        .auth(AuthRegistry::new().with("pond", Credential::token("t0ken")))
        // What its pages lead to is not looked for anywhere else.
        .option("gfycat", "archive", "never")
        .build()
}

/// Answers page `number` of pond 7, for those who have the token.
async fn page(site: &Site, number: u32, value: Value, times: u64) {
    let mock = on("api.pond.example", "GET", "/ponds/7").and(query_param("page", number.to_string()));
    site.mount(mock.and(bearer("t0ken")).respond_with(json(&value)).expect(times)).await;
}

fn frog(id: &str) -> Value {
    let file = |size: &str, width: u32| json!({"size": size, "width": width, "url": format!("https://cdn.pond.example/{id}-{size}.jpg")});
    json!({"id": id, "name": format!("Frog {id}"), "files": [file("s", 100), file("l", 800)]})
}

fn variants(found: Option<Result<Found>>) -> Variants {
    match found.unwrap().unwrap() {
        Found::Variants(variants) => variants,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn pages_are_asked_for_as_they_are_read() {
    let site = Site::start().await;
    page(&site, 1, json!({"title": "A pond", "frogs": [frog("a"), {"id": "b"}], "next": 2}), 1).await;
    page(&site, 2, json!({"title": "A pond", "frogs": [frog("c")], "next": null}), 1).await;

    let mut extraction = pond(&site).extract(POND).await.unwrap();
    let first = variants(extraction.next().await);
    assert_eq!(site.asked().await, ["GET api.pond.example/ponds/7?page=1"]);
    let best = first.best();
    assert_eq!((best.uid.as_str(), best.extractor.as_str()), ("pond-a-l", "pond"));
    assert_eq!(first.collection.as_ref().unwrap().title.as_deref(), Some("A pond"));

    match extraction.next().await.unwrap().unwrap() {
        Found::Warning(warning) => assert_eq!(warning.message, "the frog b has no picture"),
        other => panic!("{other:?}"),
    }
    assert_eq!(variants(extraction.next().await).worst().uid, "pond-c-s");
    assert!(extraction.next().await.is_none());
}

#[tokio::test]
async fn no_page_is_asked_for_past_the_last_frog_that_is_wanted() {
    let site = Site::start().await;
    let one = json!({"title": "A pond", "frogs": [frog("a"), {"id": "b"}, frog("c")], "next": 2});
    let two = json!({"title": "A pond", "frogs": [frog("d"), frog("e")], "next": 3});
    page(&site, 1, one, 4).await;
    page(&site, 2, two, 2).await;
    page(&site, 3, json!({"title": "A pond", "frogs": [frog("f")], "next": null}), 1).await;

    let check = async |items: &str, expected: &[&str], pages: usize| {
        let before = site.asked().await.len();
        let mut extraction = pond(&site).extract(POND).await.unwrap().only(items.parse().unwrap());
        let mut uids = Vec::new();
        while let Some(variants) = extraction.next_variants().await.unwrap() {
            uids.push(variants.best().uid.clone());
        }
        assert_eq!(uids, expected, "{items}");
        assert_eq!(site.asked().await.len() - before, pages, "{items}");
    };
    // The frog without a picture is a warning, which has no number.
    check("2", &["pond-c-l"], 1).await;
    check("1-2", &["pond-a-l", "pond-c-l"], 1).await;
    check("4,1", &["pond-a-l", "pond-e-l"], 2).await;
    let mut extraction = pond(&site).extract(POND).await.unwrap().only("9-".parse().unwrap());
    let error = extraction.next_variants().await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("not_found", "item 9 (there are only 5) was not found")
    );
}

#[tokio::test]
async fn a_hand_off_counts_as_what_it_leads_to() {
    let site = Site::start().await;
    let many = json!({"id": "x", "elsewhere": "https://pond.example/p/8"});
    let never = json!({"id": "y", "elsewhere": "https://pond.example/p/9"});
    page(&site, 1, json!({"title": "", "frogs": [frog("a"), many, never], "next": null}), 1).await;
    let eight = json!({"title": "", "frogs": [frog("b"), frog("c")], "next": null});
    site.mount(on("api.pond.example", "GET", "/ponds/8").respond_with(json(&eight)).expect(1)).await;
    site.mount(on("api.pond.example", "GET", "/ponds/9").respond_with(json(&eight)).expect(0)).await;

    let mut extraction = pond(&site).extract(POND).await.unwrap().only("3".parse().unwrap());
    assert_eq!(variants(extraction.next().await).best().uid, "pond-c-l");
    assert!(extraction.next().await.is_none());
}

#[tokio::test]
async fn a_required_credential_that_is_missing_is_told_before_anything_is_asked() {
    let site = Site::start().await;
    let qetch = site.qetch().extractor(Pond::new()).build();
    match qetch.extract(POND).await.unwrap_err() {
        Error::LoginRequired { extractor, kinds, .. } => {
            assert_eq!((extractor.as_str(), kinds.as_slice()), ("pond", &[AuthKind::Token][..]));
        }
        other => panic!("{other:?}"),
    }
    assert!(site.asked().await.is_empty());
}

#[tokio::test]
async fn a_named_credential_is_attached_by_the_gate_and_is_not_in_the_data() {
    let site = Site::start().await;
    page(&site, 1, json!({"title": "A pond", "frogs": [frog("a")], "next": null}), 1).await;
    let picture = on("cdn.pond.example", "GET", "/a-l.jpg").and(bearer("t0ken"));
    site.mount(picture.respond_with(ResponseTemplate::new(200).set_body_string("croak")).expect(1)).await;

    let qetch = pond(&site);
    let variants = qetch.extract(POND).await.unwrap().next_variants().await.unwrap().unwrap();
    let saved = serde_json::to_string(&variants).unwrap();
    assert!(!saved.contains("t0ken"), "{saved}");

    let folder = Folder::new();
    let loaded: Variants = serde_json::from_str(&saved).unwrap();
    qetch.download(loaded.best(), folder.path("frog.jpg"), &DownloadOptions::new()).await.unwrap();
    assert_eq!(std::fs::read(folder.path("frog.jpg")).unwrap(), b"croak");
}

#[tokio::test]
async fn a_forged_content_does_not_get_the_credential() {
    let site = Site::start().await;
    page(&site, 1, json!({"title": "A pond", "frogs": [frog("a")], "next": null}), 1).await;
    let qetch = pond(&site);
    let variants = qetch.extract(POND).await.unwrap().next_variants().await.unwrap().unwrap();
    let folder = Folder::new();
    for forged in
        ["https://evil.example/a.jpg", "http://cdn.pond.example/a.jpg", "https://cdn.pond.example:444/a.jpg"]
    {
        let mut content = variants.best().clone();
        content.fragments[0].url = forged.parse().unwrap();
        let error = qetch.download(&content, folder.path("f"), &DownloadOptions::new()).await.unwrap_err();
        assert_eq!(error.code(), "invalid", "{forged}");
    }
    assert_eq!(site.asked().await.len(), 1);
}

#[tokio::test]
async fn a_hand_off_is_followed_to_another_extractor_and_keeps_what_is_known() {
    let site = Site::start().await;
    let elsewhere = json!({
        "id": "b", "name": "A frog elsewhere", "elsewhere": "https://gfycat.com/AmpleBrittleCurlew",
    });
    page(&site, 1, json!({"title": "A pond", "frogs": [frog("a"), elsewhere, frog("c")], "next": null}), 1)
        .await;
    let item: Value = serde_json::from_str(super::gfycat::ITEM_2016).unwrap();
    site.gets("api.gfycat.com", "/v1/gfycats/amplebrittlecurlew", json(&item), 1).await;

    let mut extraction = pond(&site).extract(POND).await.unwrap();
    let mut found = Vec::new();
    while let Some(variants) = extraction.next_variants().await.unwrap() {
        let best = variants.best();
        let collection = variants.collection.as_ref().and_then(|it| it.title.clone());
        found.push((best.extractor.clone(), best.title.clone().unwrap(), collection.unwrap()));
    }
    let expected = [("pond", "Frog a"), ("gfycat", "A frog elsewhere"), ("pond", "Frog c")];
    let expected = expected.map(|(name, title)| (name.to_owned(), title.to_owned(), "A pond".to_owned()));
    assert_eq!(found, expected);
}

#[tokio::test]
async fn hand_offs_in_a_circle_are_an_error_and_the_rest_goes_on() {
    let site = Site::start().await;
    let circle = json!({"id": "b", "elsewhere": POND});
    page(&site, 1, json!({"title": "A pond", "frogs": [circle, frog("c")], "next": null}), 1).await;

    let mut extraction = pond(&site).extract(POND).await.unwrap();
    let error = extraction.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), "over_limit", "{error}");
    assert_eq!(variants(extraction.next().await).best().uid, "pond-c-l");
}

#[tokio::test]
async fn a_long_chain_of_hand_offs_is_an_error() {
    let site = Site::start().await;
    for number in 0..20 {
        let next = format!("https://pond.example/p/{}", number + 1);
        let page = json!({"title": "", "frogs": [{"id": "x", "elsewhere": next}], "next": null});
        let mock = on("api.pond.example", "GET", &format!("/ponds/{number}"));
        site.mount(mock.respond_with(json(&page)).expect(0..=1)).await;
    }
    let mut extraction = pond(&site).extract("https://pond.example/p/0").await.unwrap();
    assert_eq!(extraction.next().await.unwrap().unwrap_err().code(), "over_limit");
    assert_eq!(site.asked().await.len(), 9);
}

#[tokio::test]
async fn a_hand_off_that_fails_ends_itself_alone() {
    let site = Site::start().await;
    let dead = json!({"id": "b", "elsewhere": "https://gfycat.com/AmpleBrittleCurlew"});
    page(&site, 1, json!({"title": "A pond", "frogs": [dead, frog("c")], "next": null}), 1).await;

    let mut extraction = pond(&site).extract(POND).await.unwrap();
    assert_eq!(extraction.next().await.unwrap().unwrap_err().code(), "gone");
    assert_eq!(variants(extraction.next().await).best().uid, "pond-c-l");
    assert!(extraction.next().await.is_none());
}

#[tokio::test]
async fn what_the_user_registers_is_asked_before_what_is_built_in() {
    #[derive(Debug)]
    struct Mine(qetch::ExtractorInfo);

    #[qetch::async_trait]
    impl qetch::Extractor for Mine {
        fn info(&self) -> &qetch::ExtractorInfo {
            &self.0
        }

        fn can_handle(&self, _: &qetch::Url) -> qetch::Claim {
            qetch::Claim::Yes("any".into())
        }

        async fn extract(&self, _: &qetch::Context, url: &qetch::Url) -> Result<qetch::Extraction> {
            Ok(qetch::Extraction::once(qetch::Content::new("mine", qetch::Kind::Text, url.clone(), [])))
        }
    }

    let qetch = Qetch::builder().extractor(Mine(qetch::ExtractorInfo::new("zzz", "Mine"))).build();
    let url = "https://gfycat.com/AmpleBrittleCurlew".parse().unwrap();
    let names: Vec<_> =
        qetch.registry().claims(&url).iter().map(|it| it.extractor.info().name().to_owned()).collect();
    assert_eq!(names, ["zzz", "gfycat"]);
}
