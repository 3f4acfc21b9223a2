//! Tests of the whole extractor against canned answers of each time.

use qetch_core::{AuthRegistry, Claim, Content, Credential, Found, Kind, Registry, Role};

use super::*;
use crate::common_canned::{Canned, Reply};

const ITEM_2016: &str = include_str!("../../fixtures/gfycat/item_2016.json");
pub(super) const ITEM_2017: &str = include_str!("../../fixtures/gfycat/item_2017.json");
pub(super) const ITEM_2022: &str = include_str!("../../fixtures/gfycat/item_2022.json");

pub(super) const ITEM: &str = "https://api.gfycat.com/v1/gfycats/dapperearlyfinch";
pub(super) const LINK: &str = "https://gfycat.com/DapperEarlyFinch";

/// What is found at `link`: the variants and the warnings.
pub(super) async fn found(cx: &Context, link: &str) -> Result<(Variants, Vec<String>)> {
    let registry = Registry::new().with_extractor(Gfycat::new());
    let mut extraction = registry.extract(cx, &Url::parse(link).unwrap()).await?;
    let (mut variants, mut warnings) = (None, Vec::new());
    while let Some(found) = extraction.next().await {
        match found? {
            Found::Variants(it) => assert!(variants.replace(it).is_none()),
            Found::Warning(warning) => warnings.push(warning.message),
            other => panic!("{other:?}"),
        }
    }
    Ok((variants.unwrap(), warnings))
}

/// What is found in `answer`, where a link of `id` leads to it.
async fn read(id: &str, answer: &str) -> Result<(Variants, Vec<String>)> {
    let (_, cx) = Canned::default().on(&format!("{ITEMS}{id}"), [Reply::new(200, answer.to_owned())]).start();
    found(&cx.build(), &format!("https://gfycat.com/{id}")).await
}

pub(super) fn uids(variants: &Variants) -> Vec<&str> {
    variants.contents().iter().map(|content| content.uid.split_once('-').unwrap().1).collect()
}

pub(super) fn rendition<'a>(variants: &'a Variants, name: &str) -> &'a Content {
    let with_name = |it: &&Content| it.uid.split_once('-').unwrap().1 == name;
    variants.contents().iter().find(with_name).unwrap()
}

fn size_of(content: &Content) -> Option<(u32, u32)> {
    content.width.zip(content.height)
}

#[test]
fn every_form_of_link_leads_to_its_item() {
    let gfycat = Gfycat::new();
    let check = |link: &str, handle: &str, id: &str| {
        let url = Url::parse(link).unwrap();
        assert_eq!(gfycat.can_handle(&url), Claim::Yes(handle.into()), "{link}");
        assert_eq!(gfycat.info().handles().find(&url).unwrap().get("id"), Some(id), "{link}");
    };
    for link in [
        "http://gfycat.com/DeadlyDecisiveGermanpinscher",
        "https://gfycat.com/DeadlyDecisiveGermanpinscher/",
        "https://www.gfycat.com/DeadlyDecisiveGermanpinscher?tagname=a/b#?speed=2",
        "https://gfycat.com/DeadlyDecisiveGermanpinscher-two-tags",
        "https://gfycat.com/DeadlyDecisiveGermanpinscher-%C3%A4,2",
        "https://gfycat.com/gifs/detail/DeadlyDecisiveGermanpinscher",
        "https://gfycat.com/Gifs/Detail/DeadlyDecisiveGermanpinscher-tags/",
        "https://gfycat.com/detail/DeadlyDecisiveGermanpinscher?a=b",
        "https://gfycat.com/ifr/DeadlyDecisiveGermanpinscher",
        "http://gfycat.com/IFR/DeadlyDecisiveGermanpinscher",
        "https://gfycat.com/ru/DeadlyDecisiveGermanpinscher",
        "https://gfycat.com/pt/gifs/detail/DeadlyDecisiveGermanpinscher",
        "https://gfycat.com/PT/detail/DeadlyDecisiveGermanpinscher",
    ] {
        check(link, "item", "DeadlyDecisiveGermanpinscher");
    }
    for suffix in [
        ".mp4",
        ".webm",
        ".gif",
        ".webp",
        ".mjpg",
        ".MP4",
        ".gif?a=b",
        "-mobile.mp4",
        "-mobile.jpg",
        "-mini.mp4",
        "-mini.jpg",
        "-360.mp4",
        "-poster.jpg",
        "-thumb360.jpg",
        "-thumb100.jpg",
        "-size_restricted.gif",
        "-small.gif",
        "-max-1mb.gif",
        "-max-14mb.gif",
        "-100px.gif",
        "-transparent.png",
    ] {
        for host in ["fat", "giant", "zippy", "thumbs"] {
            let link = format!("https://{host}.gfycat.com/acceptablehappygoluckyharborporpoise{suffix}");
            check(&link, "file", "acceptablehappygoluckyharborporpoise");
        }
    }
}

#[test]
fn nothing_else_is_claimed() {
    let gfycat = Gfycat::new();
    for link in [
        "https://gfycat.com/",
        "https://gfycat.com/about",
        "https://gfycat.com/terms",
        "https://gfycat.com/discover",
        "https://gfycat.com/ru/discover",
        "https://gfycat.com/discover/check-mark-gifs",
        "https://gfycat.com/Settings/",
        "https://gfycat.com/gifbrewery",
        "https://gfycat.com/@birdwatcher",
        "https://gfycat.com/@birdwatcher/collections/abcdefgh/name",
        "https://gfycat.com/gifs/search/morningfinch",
        "https://gfycat.com/gifs/DapperEarlyFinch",
        "https://gfycat.com/eng/DapperEarlyFinch",
        "https://gfycat.com/seven77seven",
        "https://gfycat.com/DapperEarlyFinch/more",
        "https://gfycat.com/DapperEarlyFinch.mp4",
        "https://giant.gfycat.com/DapperEarlyFinch",
        "https://giant.gfycat.com/DapperEarlyFinch.exe",
        "https://giant.gfycat.com/x/DapperEarlyFinch.mp4",
        "https://api.gfycat.com/v1/gfycats/DapperEarlyFinch",
        "https://notgfycat.com/DapperEarlyFinch",
        "https://gfycat.com.evil.test/DapperEarlyFinch",
        "https://gfycat.com@evil.test/DapperEarlyFinch",
        "https://evil.test/?u=http://gfycat.com/DapperEarlyFinch",
        "https://evil.test/gfycat.com/DapperEarlyFinch",
        "ftp://gfycat.com/DapperEarlyFinch",
    ] {
        assert_eq!(gfycat.can_handle(&Url::parse(link).unwrap()), Claim::No, "{link}");
    }
}

#[tokio::test]
async fn an_item_of_2016_is_read_from_strings() {
    let (variants, warnings) = read("amplebrittlecurlew", ITEM_2016).await.unwrap();
    assert!(warnings.is_empty());
    let expected = [
        "mp4",
        "webm",
        "mobile",
        "mjpg",
        "gif",
        "max5mb-gif",
        "max2mb-gif",
        "webp",
        "poster",
        "mobile-poster",
        "thumb360",
        "thumb360-poster",
        "thumb100-poster",
    ];
    assert_eq!(uids(&variants), expected);

    let mp4 = variants.best();
    assert_eq!(mp4.uid, "amplebrittlecurlew-mp4");
    assert_eq!((mp4.extractor.as_str(), mp4.quality.value()), ("gfycat", 1.0));
    assert_eq!(mp4.fragments[0].url.as_str(), "https://fat.gfycat.com/AmpleBrittleCurlew.mp4");
    assert_eq!((mp4.size_approx, mp4.size, mp4.fragments[0].size), (Some(1_000_000), None, None));
    assert_eq!((size_of(mp4), mp4.fps, mp4.duration), (Some((1280, 800)), Some(25.0), Some(4.0)));
    assert_eq!((mp4.bitrate, mp4.codecs.as_deref()), (Some(2_000_000), Some("avc1")));
    assert_eq!((mp4.extension.as_deref(), mp4.content_type.as_deref()), (Some("mp4"), Some("video/mp4")));
    assert_eq!((&mp4.title, &mp4.description, &mp4.uploaded_by), (&None, &None, &None));
    assert_eq!(mp4.uploaded_date.unwrap().to_string(), "2016-04-07T03:33:20Z");
    assert!(mp4.tags.is_empty() && mp4.checksums.is_empty());
    let metadata: Vec<_> = mp4.metadata.keys().map(String::as_str).collect();
    assert_eq!(metadata, ["gfyName", "gfyNumber", "md5", "source", "views"]);
}

#[tokio::test]
async fn an_item_of_2017_is_read_from_numbers() {
    let (variants, warnings) = read("dapperearlyfinch", ITEM_2017).await.unwrap();
    assert!(warnings.is_empty());
    let expected = [
        "mp4",
        "webm",
        "mobile",
        "mini",
        "mjpg",
        "gif",
        "max5mb-gif",
        "max2mb-gif",
        "max1mb-gif",
        "poster",
        "mobile-poster",
        "thumb360",
        "100px-gif",
        "thumb360-poster",
        "mini-poster",
        "thumb100-poster",
    ];
    assert_eq!(uids(&variants), expected);

    let best = variants.best();
    assert_eq!(best.title.as_deref(), Some("A finch"));
    assert_eq!(best.description.as_deref(), Some("It sings."));
    assert_eq!(best.uploaded_by.as_deref(), Some("birdwatcher"));
    assert_eq!(best.tags, ["finch", "morning"]);
    assert_eq!(best.metadata["url"], "https://birds.example/finch");
    assert_eq!((size_of(best), best.duration), (Some((1920, 1080)), Some(4.0)));
    assert_eq!(rendition(&variants, "gif").size_approx, Some(7_000_000));

    // Of the small ones neither size nor frame rate is known, and pictures do not last.
    let mobile = rendition(&variants, "mobile");
    assert_eq!((size_of(mobile), mobile.fps, mobile.duration), (None, None, Some(4.0)));
    let poster = rendition(&variants, "poster");
    assert_eq!((size_of(poster), poster.fps, poster.duration), (Some((1920, 1080)), None, None));
}

#[tokio::test]
async fn later_items_list_the_same_file_under_many_names() {
    let (variants, warnings) = read("gentlehastyibis", ITEM_2022).await.unwrap();
    assert!(warnings.is_empty());
    let expected = [
        "mp4",
        "webm",
        "mobile",
        "max5mb-gif",
        "max2mb-gif",
        "max1mb-gif",
        "webp",
        "poster",
        "mobile-poster",
    ];
    assert_eq!(uids(&variants), expected);
    assert_eq!(variants.best().uploaded_by.as_deref(), Some("ibiswatcher"));
    assert_eq!(variants.best().tags, ["ibis", "marsh"]);
    assert_eq!(variants.best().metadata["userDisplayName"], "The Ibis Watcher");
    assert_eq!(rendition(&variants, "mobile").bitrate, Some(933_333));
    assert_eq!(size_of(rendition(&variants, "max5mb-gif")), Some((445, 250)));
    assert_eq!(size_of(rendition(&variants, "webp")), None);
}

#[tokio::test]
async fn the_worst_of_every_time_is_a_main_video() {
    for (id, answer) in
        [("amplebrittlecurlew", ITEM_2016), ("dapperearlyfinch", ITEM_2017), ("gentlehastyibis", ITEM_2022)]
    {
        let (variants, _) = read(id, answer).await.unwrap();
        let worst = variants.worst();
        assert_eq!((worst.role, worst.kind), (Role::Main, Kind::Video), "{worst:?}");
        assert_ne!(worst.uid, variants.best().uid);
        let mut all = uids(&variants);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), variants.contents().len());
    }
}

#[tokio::test]
async fn what_is_spoilt_is_left_out_with_a_warning() {
    let answer = r#"{"gfyItem":{
        "gfyId": "DapperEarlyFinch", "width": 0, "height": 480, "frameRate": "NaN", "numFrames": 10, "createDate": "0",
        "mp4Url": "https://fat.gfycat.com/a.mp4", "mp4Size": 0,
        "webmUrl": "/zippy/a.webm", "gifUrl": "javascript:alert(1)", "webpUrl": "", "mjpgUrl": null, "mobileUrl": 5,
        "content_urls": {
            "mp4": {"url": null, "size": 7}, "mobile": {}, "webp": [], "max1mbGif": "https://thumbs.gfycat.com/1.gif",
            "hdPoster": {"url": "https://thumbs.gfycat.com/p.png", "width": "640", "height": "480"},
            "4k": {"url": "https://fat.gfycat.com/4k.mp4"}, "odd": {"url": "https://fat.gfycat.com/x"},
            "MP4": {"url": "https://fat.gfycat.com/other.mp4"}, "gone": null
        }
    }}"#;
    let (variants, warnings) = read("dapperearlyfinch", answer).await.unwrap();
    assert_eq!(uids(&variants), ["mp4", "4k", "max1mb-gif", "hdposter"]);
    assert_eq!(
        warnings,
        ["gfycat: dapperearlyfinch lists what cannot be fetched, which is left out: \
             webm, mobile, gif, webp, mp4, odd"]
    );
    let best = variants.best();
    assert_eq!((size_of(best), best.fps, best.duration, best.bitrate), (None, None, None, None));
    assert_eq!((best.size_approx, best.uploaded_date), (None, None));
    let poster = rendition(&variants, "hdposter");
    assert_eq!((poster.role, size_of(poster)), (Role::Poster, Some((640, 480))));
}

#[tokio::test]
async fn an_answer_of_another_shape_is_told_with_its_path() {
    let check = async |answer: &str, expected: &str| {
        let error = read("dapperearlyfinch", answer).await.unwrap_err();
        assert_eq!(error.code(), "site_changed", "{answer}");
        assert_eq!(error.to_string(), format!("gfycat changed: {expected}"));
    };
    check("{}", "missing at $.gfyItem").await;
    check(r#"{"gfyItem":null}"#, "missing at $.gfyItem").await;
    check(r#"{"gfyItem":{}}"#, "missing at $.gfyItem.gfyId").await;
    check(r#"{"gfyItem":{"gfyId":"../x"}}"#, "other than letters at $.gfyItem.gfyId").await;
    check(r#"{"gfyItem":{"gfyId":"abcdefgh"}}"#, "no rendition at $.gfyItem").await;
    check(r#"{"errorMessage":"s3cret"}"#, "an error in its place at $.gfyItem").await;
    let error = read("dapperearlyfinch", r#"{"gfyItem":"s3cret"}"#).await.unwrap_err().to_string();
    assert!(error.ends_with("at $.gfyItem") && !error.contains("s3cret"), "{error}");
}

#[tokio::test]
async fn an_item_that_is_not_there_is_gone() {
    let check = async |status, body: &'static str, expected: &str| {
        let (_, cx) = Canned::default().on(ITEM, [Reply::new(status, body)]).start();
        let error = found(&cx.option(NAME, "archive", "never").build(), LINK).await.unwrap_err();
        assert_eq!(error.code(), expected, "{status} {body}");
    };
    check(404, "", "gone").await;
    check(410, "", "gone").await;
    check(200, r#"{"errorMessage":"The gfycat does not exist."}"#, "gone").await;
    check(200, r#"{"errorMessage":{"code":"NotFound","description":"?"}}"#, "gone").await;
    check(200, r#"{"errorMessage":"This gfycat is private"}"#, "private").await;
    check(401, "", "login_required").await;
    check(403, "", "login_required").await;
    check(500, "", "http").await;
    check(200, " <!doctype html><title>Closed</title>", "gone").await;
    check(200, r#"{"gfyItem":"#, "site_changed").await;
}

#[tokio::test]
async fn a_wait_that_the_api_asks_for_is_told() {
    let reply = Reply::new(429, "").with(http::header::RETRY_AFTER, "3600");
    let (_, cx) = Canned::default().on(ITEM, [reply]).start();
    match found(&cx.build(), LINK).await.unwrap_err() {
        Error::RateLimited { retry_after, .. } => assert_eq!(retry_after.unwrap().as_secs(), 3600),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_host_that_is_not_known_any_more_is_explained() {
    let check = async |fault, is_explained: bool| {
        let (_, cx) = Canned::default().on(ITEM, [Reply::fault(fault)]).start();
        let error = found(&cx.option(NAME, "archive", "never").build(), LINK).await.unwrap_err();
        assert_eq!(error.code(), "network");
        assert_eq!(error.to_string().contains(CLOSED), is_explained, "{error}");
    };
    check(NetworkFault::Resolve, true).await;
    check(NetworkFault::Connect, false).await;
}

fn token_reply(token: &str) -> Reply {
    Reply::new(200, format!(r#"{{"token_type":"bearer","expires_in":3600,"access_token":"{token}"}}"#))
}

pub(super) fn auth() -> AuthRegistry {
    AuthRegistry::new().with(NAME, Credential::oauth("key", "secret"))
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_when_it_is_refused() {
    let item = || Reply::new(200, ITEM_2017);
    let (site, cx) = Canned::default()
        .on(TOKEN, [token_reply("one"), token_reply("two")])
        .on(ITEM, [item(), item(), Reply::new(401, ""), item()])
        .start();
    let cx = cx.auth(auth()).build();

    let (first, second) = tokio::join!(found(&cx, LINK), found(&cx, LINK));
    assert!(first.is_ok() && second.is_ok());
    let (mint, one, two) =
        (format!("POST {TOKEN}"), format!("GET {ITEM} Bearer one"), format!("GET {ITEM} Bearer two"));
    assert_eq!(site.asked(), [&mint, &one, &one].map(String::as_str));

    found(&cx, LINK).await.unwrap();
    assert_eq!(site.asked()[3..], [&one, &mint, &two].map(String::as_str));
}

#[tokio::test]
async fn credentials_that_are_refused_are_told() {
    let check = async |token: Reply, status, expected: &str, requests| {
        let (site, cx) = Canned::default().on(TOKEN, [token]).on(ITEM, [Reply::new(status, "")]).start();
        let error = found(&cx.auth(auth()).option(NAME, "archive", "never").build(), LINK).await.unwrap_err();
        assert_eq!((error.code(), site.asked().len()), (expected, requests));
    };
    check(token_reply("t"), 401, "login_required", 4).await;
    check(token_reply("t"), 403, "private", 2).await;
    check(Reply::new(401, ""), 200, "login_required", 1).await;
    check(Reply::new(200, "{}"), 200, "site_changed", 1).await;
}

#[tokio::test]
async fn without_credentials_it_asks_without() {
    let (site, cx) = Canned::default().on(ITEM, [Reply::new(200, ITEM_2017)]).start();
    found(&cx.build(), "https://thumbs.gfycat.com/DapperEarlyFinch-mobile.mp4").await.unwrap();
    assert_eq!(site.asked(), [format!("GET {ITEM}")]);
}
