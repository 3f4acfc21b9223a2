//! *Synthetic*: pages that name an address of oEmbed.

use super::*;

const OEMBED: &str = "<title>T</title><link rel=alternate type=application/json+oembed href='/oembed?url=x'>";
const OFFER: &str = "https://news.example/oembed?url=x";

async fn offered(html: &str, answer: Reply) -> Result<(Vec<Variants>, Vec<String>)> {
    found(Canned::default().on(LINK, [page(format!("{OEMBED}{html}"))]).on(OFFER, [answer]), false).await
}

#[tokio::test]
async fn oembed_is_asked_where_the_page_leads_to_nothing() {
    let photo = r#"{"type":"photo","url":"/photo","width":1024,"height":768,"author_name":"Me"}"#;
    let (variants, _) = offered("", Reply::new(200, photo)).await.unwrap();
    assert_eq!(links(&variants), [["/photo"]]);
    let best = variants[0].best();
    assert_eq!((best.kind, best.width, best.uploaded_by.as_deref()), (Kind::Image, Some(1024), Some("Me")));

    let video = r#"{"type":"video","title":"V","html":"<iframe src='https://known.example/e/1'></iframe>","thumbnail_url":"/t.jpg"}"#;
    let (variants, _) =
        offered("<meta property=og:type content=video>", Reply::new(200, video)).await.unwrap();
    assert_eq!(
        (variants[0].best().uid.as_str(), variants[0].best().title.as_deref()),
        ("known /e/1", Some("V"))
    );

    // Where the page leads to something it is not asked: nobody answers.
    let site = Canned::default().on(LINK, [page(format!("{OEMBED}<video src=a.mp4></video>"))]);
    assert_eq!(links(&found(site, false).await.unwrap().0), [["/a.mp4"]]);
}

#[tokio::test]
async fn an_oembed_that_fails_is_a_warning() {
    let about = "<meta property=og:image content=/a.jpg><meta property=og:type content=video>";
    let feed = "<link rel=alternate type=application/rss+xml href=/story/feed>";
    for status in [401, 404, 501] {
        for html in ["", about] {
            let error = offered(html, Reply::new(status, "")).await.unwrap_err();
            assert!(error.code() == "unsupported" && error.to_string().contains("oEmbed"), "{error}");
        }
        let site =
            Canned::default().on(LINK, [page(format!("{OEMBED}{feed}"))]).on(OFFER, [Reply::new(status, "")]);
        let (variants, warnings) = found(site, true).await.unwrap();
        assert_eq!((variants[0].best().uid.as_str(), warnings.len()), ("podcast /story/feed", 1));
        assert!(warnings[0].starts_with("page: its address of oEmbed is of no use: "), "{warnings:?}");
    }
    for answer in ["", "<html>", "[]", r#"{"type":"hologram"}"#, r#"{"type":"video","html":7}"#] {
        assert_eq!(offered("", Reply::new(200, answer)).await.unwrap_err().code(), "unsupported", "{answer}");
    }
}
