//! Web pages of strangers that lead to this machine, or into a circle.

use qetch::{DownloadOptions, Error, Qetch};
use qetch_testkit::Resource;
use qetch_tests::Folder;

use super::egress::Attack;

const LINK: &str = "http://public.example/a";

/// A public page, on which `ADDRESS` stands for a file of this machine.
async fn attacked(html: &str) -> (Attack, Qetch) {
    let attack = Attack::start().await;
    let html = html.replace("ADDRESS", &attack.at("127.0.0.1"));
    attack.site.serve("/a", Resource::new(html).with_content_type("text/html"));
    let qetch = attack.qetch().build();
    (attack, qetch)
}

#[tokio::test]
async fn a_file_of_a_web_page_on_this_machine_is_refused() {
    for html in ["<video src=ADDRESS></video>", "<meta property=og:image content=ADDRESS.jpg>"] {
        let (attack, qetch) = attacked(html).await;
        let variants = qetch.extract(LINK).await.unwrap().next_variants().await.unwrap().unwrap();
        let folder = Folder::new();
        let done = qetch.download(variants.best(), folder.path("f"), &DownloadOptions::new()).await;
        attack.refused(&done);
        assert!(folder.names().is_empty());
    }
}

#[tokio::test]
async fn a_playlist_or_a_player_of_a_web_page_on_this_machine_is_refused() {
    for html in ["<video src=ADDRESS.m3u8></video>", "<meta name=twitter:player content=ADDRESS>"] {
        let (attack, qetch) = attacked(html).await;
        attack.refused(&qetch.extract(LINK).await.unwrap().next_variants().await);
    }
}

#[tokio::test]
async fn an_address_of_oembed_on_this_machine_is_not_asked() {
    let (attack, qetch) = attacked("<link rel=alternate type=application/json+oembed href=ADDRESS>").await;
    let error = qetch.extract(LINK).await.unwrap_err();
    assert!(
        matches!(error, Error::Unsupported { .. }) && error.to_string().contains("refuses 127.0.0.1"),
        "{error}"
    );
    assert_eq!(attack.canary.visits(), 0, "the canary was reached");
}

#[tokio::test]
async fn players_of_web_pages_that_lead_in_a_circle_end() {
    let attack = Attack::start().await;
    for (path, next) in [("/a", "/b"), ("/b", "/a")] {
        let html = format!("<meta name=twitter:player content={next}>");
        attack.site.serve(path, Resource::new(html).with_content_type("text/html"));
    }
    let qetch = attack.qetch().build();
    let error = qetch.extract(LINK).await.unwrap().next_variants().await.unwrap_err();
    assert_eq!(error.code(), "over_limit", "{error}");
}
