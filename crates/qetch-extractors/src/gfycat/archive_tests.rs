//! Tests of time travel against canned answers of the Wayback Machine.

use std::fmt::Write as _;

use qetch_core::{
    Claim, Content, Context, Extraction, Extractor, ExtractorInfo, Kind, Limits, NetworkFault, Registry,
    Result, Role, Url, Variants, async_trait, http::HeaderName,
};
use serde_json::{Value, json};

use super::{
    Gfycat,
    tests::{ITEM, ITEM_2017, ITEM_2022, LINK, found, rendition, uids},
};
use crate::common_canned::{Canned, Reply};

const INDEX: &str = "https://web.archive.org/cdx/search/cdx?url=";
const MOMENT: &str = "20230829011503";

/// The look-up of the record of an item.
fn record_of(id: &str) -> String {
    let rest = "&output=json&gzip=false&filter=statuscode%3A200&limit=-2";
    format!("{INDEX}api.gfycat.com%2Fv1%2Fgfycats%2F{id}{rest}")
}

/// The look-up of its files on a host.
fn files_of(host: &str, id: &str) -> String {
    let rest = "&output=json&gzip=false&matchType=prefix&filter=statuscode%3A200%7C-&filter=%21mimetype%3Atext%2Fhtml";
    format!("{INDEX}{host}.gfycat.com%2F{id}{rest}&limit=1000&showResumeKey=true")
}

/// The rows for these captured URLs with their types, all of one moment.
fn rows(captured: &[(&str, &str)]) -> Reply {
    if captured.is_empty() {
        return Reply::new(200, "[]\n");
    }
    let mut said =
        r#"[["urlkey","timestamp","original","mimetype","statuscode","digest","length"]"#.to_owned();
    for (url, media_type) in captured {
        let status = if *media_type == "warc/revisit" { "-" } else { "200" };
        write!(said, r#",["k","{MOMENT}","{url}","{media_type}","{status}","DIGESTDIGEST","7"]"#).unwrap();
    }
    Reply::new(200, said + "]\n")
}

/// A raw memento.
fn memento(body: impl Into<qetch_core::bytes::Bytes>) -> Reply {
    let name = HeaderName::from_static("memento-datetime");
    Reply::new(200, body).with(name, "Tue, 29 Aug 2023 01:15:03 GMT")
}

fn raw(url: &str) -> String {
    format!("https://web.archive.org/web/{MOMENT}id_/{url}")
}

/// The site is no more, and this is archived of the item of 2017: its record, where there is one, and files by host.
fn archived(record: Option<&'static str>, files: &[(&str, &[(&str, &str)])]) -> Canned {
    const ID: &str = "dapperearlyfinch";
    let mut site = Canned::default().on(ITEM, [Reply::fault(NetworkFault::Resolve)]);
    let captured: &[_] = if record.is_some() { &[(ITEM, "application/json")] } else { &[] };
    site = site.on(&record_of(ID), [rows(captured)]);
    site = site.on(&raw(ITEM), [memento(record.unwrap_or_default())]);
    for host in ["thumbs", "giant", "zippy", "fat"] {
        let of_host = files.iter().find(|(name, _)| *name == host).map_or(&[][..], |(_, files)| *files);
        site = site.on(&files_of(host, ID), [rows(of_host)]);
    }
    site
}

/// What is found where the site is no more.
async fn travelled(site: Canned) -> (Variants, Vec<String>) {
    let (_, cx) = site.start();
    found(&cx.build(), LINK).await.unwrap()
}

const MOBILE: (&str, &str) = ("https://thumbs.gfycat.com/DapperEarlyFinch-mobile.mp4", "video/mp4");
const RESTRICTED: (&str, &str) =
    ("https://thumbs.gfycat.com/DapperEarlyFinch-size_restricted.gif", "image/gif");
const POSTER: (&str, &str) = ("https://thumbs.gfycat.com/DapperEarlyFinch-poster.jpg", "image/jpeg");

#[tokio::test]
async fn a_site_that_is_no_more_is_found_in_the_archive() {
    let (site, cx) = archived(Some(ITEM_2017), &[("thumbs", &[MOBILE, POSTER, RESTRICTED])]).start();
    let (variants, warnings) = found(&cx.build(), LINK).await.unwrap();
    assert_eq!(uids(&variants), ["mobile", "max5mb-gif", "poster"]);
    let best = variants.best();
    assert_eq!((best.uid.as_str(), best.quality.value()), ("dapperearlyfinch-mobile", 1.0));
    assert_eq!((best.source.as_str(), best.extractor.as_str()), (LINK, "gfycat"));
    assert_eq!(best.fragments[0].url.as_str(), raw(MOBILE.0));
    assert_eq!((best.title.as_deref(), best.duration), (Some("A finch"), Some(4.0)));
    assert!(best.checksums.is_empty() && best.size.is_none());
    assert_eq!(best.metadata["archived_at"], "2023-08-29T01:15:03Z");
    assert_eq!(best.metadata["archived_url"], MOBILE.0);
    assert_eq!(best.metadata["archive_digest"], "sha1:DIGESTDIGEST");

    // Each tells what the original had, and posters and thumbnails are not worth a word.
    let missing = best.metadata["not_archived"].as_array().unwrap();
    let expected = json!({
        "rendition": "mp4", "content_type": "video/mp4", "width": 1920, "height": 1080, "fps": 24.0,
        "size_approx": 2_000_000
    });
    assert_eq!(missing[0], expected);
    let names: Vec<_> = missing.iter().map(|it| it["rendition"].as_str().unwrap()).collect();
    assert_eq!(names, ["mp4", "webm", "mini", "mjpg", "gif", "max2mb-gif", "max1mb-gif"]);
    assert_eq!(rendition(&variants, "poster").metadata["not_archived"], best.metadata["not_archived"]);
    let warning = "gfycat: dapperearlyfinch is an archived copy of 2023-08-29; the original had what is not archived: \
                   mp4 1920x1080, webm 1920x1080, mini, mjpg, gif 1920x1080, max2mb-gif, max1mb-gif";
    assert_eq!(warnings, [warning]);

    // One request for each thing that is not known yet.
    let id = "dapperearlyfinch";
    let asked = [
        ITEM.to_owned(),
        record_of(id),
        raw(ITEM),
        files_of("thumbs", id),
        files_of("giant", id),
        files_of("zippy", id),
        files_of("fat", id),
    ];
    assert_eq!(site.asked(), asked.map(|url| format!("GET {url}")));
}

/// Another item, whose id begins with this one, fills a page of the index.
#[tokio::test]
async fn what_stands_on_the_next_page_of_the_index_is_found() {
    let first = files_of("thumbs", "dapperearlyfinch");
    let (key, other) =
        ("com%2Cgfycat%2Cthumbs%29%2Fdapper+2023%21", "https://thumbs.gfycat.com/DapperEarlyFinchling.mp4");
    let said = format!(r#"[["timestamp","original"],["{MOMENT}","{other}"],[],["{key}"]]"#);
    let site = |pages: usize| {
        let files: [(&str, &[(&str, &str)]); 1] =
            [("giant", &[("https://giant.gfycat.com/DapperEarlyFinch.mp4", "video/mp4")])];
        let site = archived(Some(ITEM_2017), &files).on(&first, [Reply::new(200, said.clone())]);
        let site = site.on(&format!("{first}&resumeKey={key}"), [rows(&[MOBILE])]);
        let (_, cx) = site.start();
        cx.limits(Limits::new().pages(pages)).build()
    };
    let (variants, warnings) = found(&site(2), LINK).await.unwrap();
    assert_eq!(uids(&variants), ["mp4", "mobile"]);
    assert!(!warnings[0].contains("index"), "{warnings:?}");
    let (variants, warnings) = found(&site(1), LINK).await.unwrap();
    assert_eq!(uids(&variants), ["mp4"]);
    assert!(
        warnings[0].ends_with("; there may be more, for its index was not read to the end"),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn only_hosts_that_the_record_names_are_looked_up() {
    let (id, api) = ("gentlehastyibis", "https://api.gfycat.com/v1/gfycats/gentlehastyibis");
    let mp4 = "https://giant.gfycat.com/GentleHastyIbis.mp4";
    let (site, cx) = Canned::default()
        .on(api, [Reply::new(404, "")])
        .on(&record_of(id), [rows(&[(api, "application/json")])])
        .on(&raw(api), [memento(ITEM_2022)])
        .on(&files_of("thumbs", id), [rows(&[])])
        .on(&files_of("giant", id), [rows(&[(mp4, "video/mp4")])])
        .start();
    let (variants, _) = found(&cx.build(), "https://gfycat.com/GentleHastyIbis").await.unwrap();
    assert_eq!(uids(&variants), ["mp4"]);
    assert_eq!(site.asked().len(), 5);
}

#[tokio::test]
async fn what_was_captured_elsewhere_is_the_file_by_its_name() {
    // The record says fat, and a crawler met it on giant, in other capitals and with a query.
    let full = [("http://giant.gfycat.com/dapperEarlyFinch.mp4?x=1", "video/mp4")];
    let odd = [("https://thumbs.gfycat.com/DapperEarlyFinch-large_v2.mp4", "video/mp4")];
    let (variants, warnings) =
        travelled(archived(Some(ITEM_2017), &[("giant", &full), ("thumbs", &odd)])).await;
    assert_eq!(uids(&variants), ["mp4", "large-v2-mp4"]);
    assert_eq!((variants.best().width, variants.best().fps), (Some(1920), Some(24.0)));
    assert_eq!(variants.best().fragments[0].url.as_str(), raw(full[0].0));
    assert!(warnings[0].contains("not archived: webm 1920x1080, mobile,"), "{warnings:?}");
}

#[tokio::test]
async fn a_file_of_another_name_than_the_record_has_is_not_missing() {
    const RECORD: &str = r#"{"gfyItem":{"gfyId":"dapperearlyfinch","mp4Url":"https://giant.gfycat.com/x.mp4",
        "webmUrl":"https://giant.gfycat.com/y.webm"}}"#;
    let full = [("https://giant.gfycat.com/DapperEarlyFinch.mp4", "video/mp4")];
    let (variants, _) = travelled(archived(Some(RECORD), &[("giant", &full)])).await;
    assert_eq!(uids(&variants), ["mp4"]);
    let missing = variants.best().metadata["not_archived"].as_array().unwrap();
    assert!(missing.len() == 1 && missing[0]["rendition"] == "webm", "{missing:?}");
}

#[tokio::test]
async fn files_without_a_record_are_told_by_their_names() {
    // The full one is the best, though nothing but its name says so.
    let full = [("https://zippy.gfycat.com/DapperEarlyFinch.mp4", "video/mp4")];
    let small = [
        MOBILE,
        POSTER,
        ("https://thumbs.gfycat.com/DapperEarlyFinch-100px.gif", "image/gif"),
        // Those of another item whose id begins like this one, and of another host.
        ("https://thumbs.gfycat.com/DapperEarlyFinchling-mobile.mp4", "video/mp4"),
        ("https://thumbs.gfycat.example/DapperEarlyFinch-mini.mp4", "video/mp4"),
        ("https://thumbs.gfycat.com/DapperEarlyFinch", "video/mp4"),
    ];
    let (variants, warnings) = travelled(archived(None, &[("thumbs", &small), ("zippy", &full)])).await;
    assert_eq!(uids(&variants), ["mp4", "mobile", "poster", "100px-gif"]);
    assert_eq!(rendition(&variants, "100px-gif").role, Role::Thumbnail);
    let best = variants.best();
    assert_eq!((best.width, best.duration, &best.title), (None, None, &None));
    assert_eq!(best.metadata.get("not_archived"), None);
    assert_eq!(best.metadata["archived_at"], "2023-08-29T01:15:03Z");
    let warning =
        "gfycat: dapperearlyfinch is an archived copy of 2023-08-29; what the original had is not known";
    assert_eq!(warnings, [warning]);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_as_good_as_none() {
    for record in [
        "<html>gfycat is closed</html>",
        r#"{"errorMessage":"The gfycat does not exist."}"#,
        r#"{"gfyItem":{"gfyId":"anotherearlyfinch","mp4Url":"https://giant.gfycat.com/AnotherEarlyFinch.mp4"}}"#,
        r#"{"gfyItem":{"gfyId":"dapperearlyfinch"}}"#,
    ] {
        let (variants, _) = travelled(archived(Some(record), &[("thumbs", &[MOBILE])])).await;
        assert_eq!(uids(&variants), ["mobile"], "{record}");
        assert_eq!(variants.best().title, None, "{record}");
    }
    let compressed = memento(ITEM_2017).with(qetch_core::http::header::CONTENT_ENCODING, "gzip");
    let site = archived(Some(ITEM_2017), &[("thumbs", &[MOBILE])]).on(&raw(ITEM), [compressed]);
    assert_eq!(travelled(site).await.0.best().title, None);
    // It is in the index, and not in the storage.
    let site = archived(Some(ITEM_2017), &[("thumbs", &[MOBILE])]).on(&raw(ITEM), [Reply::new(404, "")]);
    assert_eq!(travelled(site).await.0.best().title, None);
}

#[tokio::test]
async fn the_latest_record_that_can_be_read_is_taken() {
    let early = "20200101000000";
    let said = format!(r#"[["timestamp","original"],["{early}","{ITEM}"],["{MOMENT}","{ITEM}"]]"#);
    let site = archived(Some("<html>"), &[("thumbs", &[MOBILE])])
        .on(&record_of("dapperearlyfinch"), [Reply::new(200, said)])
        .on(&raw(ITEM).replace(MOMENT, early), [memento(ITEM_2017)]);
    assert_eq!(travelled(site).await.0.best().title.as_deref(), Some("A finch"));
}

#[tokio::test]
async fn a_capture_with_a_body_comes_before_a_revisit() {
    let revisit = (MOBILE.0, "warc/revisit");
    let http = ("http://thumbs.gfycat.com/DapperEarlyFinch-mobile.mp4", "video/mp4");
    let (variants, _) = travelled(archived(None, &[("thumbs", &[revisit, http])])).await;
    assert_eq!(variants.best().fragments[0].url.as_str(), raw(http.0));
    let (variants, _) = travelled(archived(None, &[("thumbs", &[revisit, revisit])])).await;
    assert_eq!(
        (uids(&variants), variants.best().fragments[0].url.as_str()),
        (vec!["mobile"], &*raw(revisit.0))
    );
}

#[tokio::test]
async fn what_is_nowhere_is_gone() {
    let (_, cx) = archived(None, &[]).start();
    let error = found(&cx.build(), LINK).await.unwrap_err();
    assert_eq!(error.code(), "gone");
    let expected = "gfycat item dapperearlyfinch (the site closed on 2023-09-01, and of this item the Wayback Machine has \
                    nothing) is gone";
    assert_eq!(error.to_string(), expected);
    let (_, cx) = archived(Some(ITEM_2017), &[]).start();
    let error = found(&cx.build(), LINK).await.unwrap_err();
    assert!(error.to_string().contains("has its record, and no file"), "{error}");
}

/// An extractor by the name of the site that some items moved to.
#[derive(Debug)]
struct Redgifs(ExtractorInfo);

#[async_trait]
impl Extractor for Redgifs {
    fn info(&self) -> &ExtractorInfo {
        &self.0
    }

    fn can_handle(&self, _: &Url) -> Claim {
        Claim::No
    }

    async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
        Ok(Extraction::once(Content::new("moved", Kind::Video, url.clone(), [])))
    }
}

#[tokio::test]
async fn what_is_nowhere_may_have_moved() {
    let registry = Registry::new()
        .with_extractor(Gfycat::new())
        .with_extractor(Redgifs(ExtractorInfo::new("redgifs", "")));
    let (_, cx) = archived(None, &[]).start();
    let mut extraction = registry.extract(&cx.build(), &LINK.parse().unwrap()).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    assert_eq!(variants.best().source.as_str(), "https://www.redgifs.com/watch/dapperearlyfinch");
    // Not while the archive may still have it.
    let busy = archived(None, &[]).on(&record_of("dapperearlyfinch"), [Reply::new(503, "")]);
    let error = registry.extract(&busy.start().1.build(), &LINK.parse().unwrap()).await.unwrap_err();
    assert_eq!(error.code(), "over_capacity");
}

#[tokio::test]
async fn however_the_site_fails_the_archive_is_asked() {
    for live in [
        Reply::fault(NetworkFault::Resolve),
        Reply::fault(NetworkFault::Connect),
        Reply::fault(NetworkFault::Tls),
        Reply::fault(NetworkFault::Timeout),
        Reply::new(404, ""),
        Reply::new(410, ""),
        Reply::new(500, ""),
        Reply::new(503, ""),
        Reply::new(403, "<!doctype html><title>Forbidden</title>"),
        Reply::new(400, "<html>"),
        Reply::new(200, "<!doctype html><title>This domain is for sale</title>"),
        Reply::new(200, r#"{"errorMessage":"The gfycat does not exist."}"#),
    ] {
        let site = archived(None, &[("thumbs", &[MOBILE])]).on(ITEM, [live.clone()]);
        assert_eq!(uids(&travelled(site).await.0), ["mobile"], "{live:?}");
    }
}

#[tokio::test]
async fn a_page_where_tokens_were_minted_is_no_answer_of_the_site() {
    let page = Reply::new(200, "<!doctype html><title>This domain is for sale</title>");
    let site = archived(None, &[("thumbs", &[MOBILE])]).on(super::TOKEN, [page]);
    let (_, cx) = site.start();
    let (variants, _) = found(&cx.auth(super::tests::auth()).build(), LINK).await.unwrap();
    assert_eq!(uids(&variants), ["mobile"]);
}

#[tokio::test]
async fn what_the_site_says_itself_is_not_looked_up() {
    let check = async |live: Reply, expected: &str| {
        let (site, cx) = archived(None, &[("thumbs", &[MOBILE])]).on(ITEM, [live]).start();
        let error = found(&cx.build(), LINK).await.unwrap_err();
        assert_eq!((error.code(), site.asked().len()), (expected, 1), "{error}");
    };
    check(Reply::new(200, r#"{"errorMessage":"This gfycat is private"}"#), "private").await;
    check(Reply::new(200, r#"{"gfyItem":{}}"#), "site_changed").await;
    check(Reply::new(403, ""), "login_required").await;
    check(Reply::new(429, ""), "rate_limited").await;
}

#[tokio::test]
async fn what_the_archive_does_not_tell_is_not_gone() {
    const BLOCKED: &str = "org.archive.util.io.RuntimeIOException: \
                           org.archive.wayback.exception.AdministrativeAccessControlException: Blocked Site Error\n";
    let check = async |at: String, reply: Reply, expected: &str| {
        let (_, cx) = archived(Some(ITEM_2017), &[("thumbs", &[MOBILE])]).on(&at, [reply]).start();
        let error = found(&cx.build(), LINK).await.unwrap_err();
        assert_eq!(error.code(), expected, "{at}: {error}");
        error.to_string()
    };
    let index = || record_of("dapperearlyfinch");
    check(index(), Reply::new(403, BLOCKED), "private").await;
    check(index(), Reply::new(429, ""), "rate_limited").await;
    check(index(), Reply::new(504, "<html>"), "over_capacity").await;
    check(index(), Reply::new(200, "<html>"), "site_changed").await;
    check(raw(ITEM), Reply::new(503, ""), "over_capacity").await;
    check(files_of("thumbs", "dapperearlyfinch"), Reply::new(503, ""), "over_capacity").await;
    check(files_of("fat", "dapperearlyfinch"), Reply::new(429, ""), "rate_limited").await;
    let said = check(index(), Reply::fault(NetworkFault::Connect), "network").await;
    assert_eq!(said, "cannot connect to web.archive.org (gfycat closed in September 2023)");
}

#[tokio::test]
async fn the_user_may_keep_it_from_the_archive() {
    let site = || archived(None, &[("thumbs", &[MOBILE])]).on(ITEM, [Reply::new(404, "")]);
    let (asked, cx) = site().start();
    let error = found(&cx.option("gfycat", "archive", "never").build(), LINK).await.unwrap_err();
    assert_eq!((error.code(), asked.asked().len()), ("gone", 1));
    let (_, cx) = site().start();
    assert!(found(&cx.option("gfycat", "archive", "after").build(), LINK).await.is_ok());
    let (asked, cx) = site().start();
    let error = found(&cx.option("gfycat", "archive", "always").build(), LINK).await.unwrap_err();
    assert_eq!((error.code(), asked.asked().len()), ("invalid", 0));
}

#[tokio::test]
async fn a_copy_can_be_saved_and_is_found_again() {
    let site = archived(Some(ITEM_2017), &[("thumbs", &[MOBILE])]);
    let (variants, _) = travelled(site).await;
    let saved: Value = serde_json::to_value(variants.best()).unwrap();
    let source: Url = saved["source"].as_str().unwrap().parse().unwrap();
    let (_, cx) = archived(Some(ITEM_2017), &[("thumbs", &[MOBILE])]).start();
    let (again, _) = found(&cx.build(), source.as_str()).await.unwrap();
    assert_eq!(again.best(), variants.best());
}

#[test]
fn the_archive_is_asked_no_oftener_than_it_wants() {
    let gfycat = Gfycat::new();
    let at = |link: &str| gfycat.info().interval(&Url::parse(link).unwrap());
    assert_eq!(at("https://web.archive.org/cdx/search/cdx").unwrap().as_millis(), 2500);
    assert_eq!(at(ITEM), None);
}
