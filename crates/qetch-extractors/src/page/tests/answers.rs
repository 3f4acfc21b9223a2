//! *Synthetic*: which answers are pages, and what stands in the place of one.

use http::{HeaderMap, StatusCode};
use qetch_core::NetworkFault;

use super::*;

#[track_caller]
fn check_page(content_type: &str, body: &'static str, disposition: &str, expected: bool) {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
    if !disposition.is_empty() {
        headers.insert(header::CONTENT_DISPOSITION, disposition.parse().unwrap());
    }
    let answer = Answer::new(StatusCode::OK, headers, Url::parse(LINK).unwrap(), body);
    assert_eq!(WebPage::new().recognise(&answer), expected, "{content_type} {body} {disposition}");
}

#[test]
fn a_page_is_told_by_its_type_and_its_beginning() {
    check_page("text/html", "<p>Hello", "", true);
    check_page("text/html", "Hello", "", true);
    check_page("text/html", "", "", true);
    check_page("text/plain", "\u{feff} <!-- a --><!DOCTYPE HTML>", "", true);
    check_page(
        "application/xml",
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>",
        "",
        true,
    );
    check_page("text/html", "<!doctype html>", "inline; filename=a.html", true);
    check_page("text/html", "<!doctype html>", "attachment; filename=a.html", false);
    check_page("text/html", "#EXTM3U\n", "", false);
    check_page("text/html", "<?xml version='1.0'?><rss version='2.0'>", "", false);
    check_page("text/html", "<MPD>", "", false);
    check_page("text/html", "GIF89a\u{1}", "", false);
    check_page("text/plain", "<p>Hello", "", false);
    check_page("application/json", "{\"html\":\"<html>\"}", "", false);
    let gone =
        Answer::new(StatusCode::PARTIAL_CONTENT, HeaderMap::new(), Url::parse(LINK).unwrap(), "<html>");
    assert!(!WebPage::new().recognise(&gone));
}

#[test]
fn other_schemes_are_not_its_own() {
    let claim = |url| WebPage::new().can_handle(&Url::parse(url).unwrap());
    assert_eq!((claim("http://192.0.2.1:8000/a"), claim("ftp://h.example/")), (Claim::Perhaps, Claim::No));
}

#[tokio::test]
async fn a_page_that_is_a_challenge_is_told() {
    let name = header::HeaderName::from_static("cf-mitigated");
    for status in [403, 503] {
        let reply = Reply::new(status, "<html>Just a moment").with(name.clone(), "challenge");
        let error = found(Canned::default().on(LINK, [reply]), false).await.unwrap_err();
        assert_eq!(error.to_string(), "news.example answered with a challenge instead of the content");
    }
}

#[tokio::test]
async fn a_page_is_one_request_and_is_not_left_open() {
    let (site, cx) = Canned::default().on(LINK, [page("<video src=a.mp4></video>")]).start();
    let (cx, url) = (cx.build(), Url::parse(LINK).unwrap());
    let registry = Registry::new().with_extractor(WebPage::new());
    let found = registry.extract(&cx, &url).await.unwrap().next_variants().await.unwrap().unwrap();
    assert_eq!(site.asked(), [format!("GET {LINK}")]);
    assert!(cx.for_content(found.best()).await.take_parked(&url).is_none());
}

#[tokio::test]
async fn behind_a_redirect_links_are_relative_to_the_last_page() {
    let last = "https://www.news.example/2024/story";
    let site = Canned::default()
        .on(LINK, [Reply::new(301, "").with(header::LOCATION, last)])
        .on(last, [page("<video src=a.mp4></video>")]);
    let (variants, _) = found(site, false).await.unwrap();
    assert_eq!(links(&variants), [["https://www.news.example/2024/a.mp4"]]);
    assert_eq!(variants[0].best().source.as_str(), LINK);
}

#[tokio::test]
async fn a_network_that_fails_is_told() {
    let site = Canned::default().on(LINK, [Reply::fault(NetworkFault::Timeout)]);
    assert_eq!(found(site, false).await.unwrap_err().code(), "network");
}

#[tokio::test]
async fn a_page_that_is_compressed_unasked_is_refused() {
    let site = Canned::default().on(LINK, [page("<video>").with(header::CONTENT_ENCODING, "gzip")]);
    assert_eq!(found(site, false).await.unwrap_err().code(), "bad_reply");
}

#[tokio::test]
async fn titles_are_read_in_the_encoding_of_the_page() {
    let html = b"<title>Caf\xe9</title><video src=a.mp4></video>".to_vec();
    let reply = Reply::new(200, html).with(header::CONTENT_TYPE, "text/html; charset=iso-8859-1");
    let (variants, _) = found(Canned::default().on(LINK, [reply]), false).await.unwrap();
    assert_eq!(variants[0].best().title.as_deref(), Some("Café"));
}

#[tokio::test]
async fn a_page_that_is_not_answered_is_what_its_status_says() {
    for (status, expected) in
        [(404, "not_found"), (410, "gone"), (401, "login_required"), (451, "geo_blocked"), (500, "http")]
    {
        let error =
            found(Canned::default().on(LINK, [Reply::new(status, "<html>")]), false).await.unwrap_err();
        assert_eq!(error.code(), expected);
    }
}

#[tokio::test]
async fn a_link_that_leads_to_a_page_of_a_known_site_is_theirs() {
    let there = "https://known.example/e/7";
    let short = Reply::new(302, "").with(header::LOCATION, there);
    let html = "<meta property=og:video content=small.mp4><meta property=og:video:type content=video/mp4>";
    let site = Canned::default().on(LINK, [short]).on(there, [page(html)]);
    let (variants, _) = found(site, false).await.unwrap();
    assert_eq!(variants[0].best().uid, "known /e/7");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_asked_for_by_the_name_of_its_extractor_is_asked_for_again_while_that_may_help() {
    let busy = Reply::new(503, "");
    let (site, cx) = Canned::default().on(LINK, [busy, page("<video src=a.mp4></video>")]).start();
    let found = WebPage::new().extract(&cx.build(), &Url::parse(LINK).unwrap()).await;
    found.unwrap().next_variants().await.unwrap().unwrap();
    assert_eq!(site.asked().len(), 2);
}
