//! Tests of lists: which pages are asked for, and when.

use qetch_core::{Extractor as _, Found, Url};

use super::{Canned, PeerTube, Reply};

#[tokio::test(start_paused = true)]
async fn a_page_of_a_list_is_asked_for_when_everything_before_it_was_taken() {
    let api = "https://tube.example/api/v1/accounts/keeper";
    let page = |start: u32| format!("{api}/videos?start={start}&count=100&sort=-publishedAt&nsfw=both");
    let entries = |ids: [&str; 2]| {
        let entry = |id| format!(r#"{{"uuid":"{id}","name":"{id}"}}"#);
        Reply::new(200, format!(r#"{{"total":4,"data":[{}]}}"#, ids.map(entry).join(",")))
    };
    let (site, cx) = Canned::default()
        .on(api, [Reply::new(200, r#"{"displayName":"Keeper"}"#)])
        .on(&page(0), [entries(["a", "b"])])
        .on(&page(2), [entries(["c", "d"])])
        .start();
    let url = Url::parse("https://tube.example/a/keeper/videos").unwrap();
    let mut extraction = PeerTube::new().extract(&cx.build(), &url).await.unwrap();
    let asked = || site.asked().len();
    let mut seen = Vec::new();
    for (place, expected) in [(1, 2), (2, 2), (3, 3), (4, 3)] {
        let Some(Ok(Found::Handoff(handoff))) = extraction.next().await else { panic!("{place}") };
        let collection = handoff.known.collection.unwrap();
        assert_eq!((collection.index, collection.count), (Some(place), Some(4)));
        assert_eq!(asked(), expected, "{place}");
        seen.push(handoff.url.path().to_owned());
    }
    assert!(extraction.next().await.is_none() && asked() == 3);
    assert_eq!(seen, ["/videos/watch/a", "/videos/watch/b", "/videos/watch/c", "/videos/watch/d"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_without_a_total_ends_with_an_empty_page() {
    let api = "https://tube.example/api/v1/accounts/keeper";
    let page = |start: u32| format!("{api}/videos?start={start}&count=100&sort=-publishedAt&nsfw=both");
    let (_, cx) = Canned::default()
        .on(api, [Reply::new(200, "{}")])
        .on(&page(0), [Reply::new(200, r#"{"data":[{"uuid":"a"}]}"#)])
        .on(&page(1), [Reply::new(200, r#"{"data":[]}"#)])
        .start();
    let url = Url::parse("https://tube.example/a/keeper/videos").unwrap();
    let mut extraction = PeerTube::new().extract(&cx.build(), &url).await.unwrap();
    assert!(extraction.next().await.unwrap().is_ok() && extraction.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_list_of_another_shape_is_told_with_its_path() {
    let api = "https://tube.example/api/v1/video-playlists/36";
    let (_, cx) = Canned::default()
        .on(api, [Reply::new(200, "{}")])
        .on(&format!("{api}/videos?start=0&count=100"), [Reply::new(200, r#"{"total":1,"data":{}}"#)])
        .start();
    let url = Url::parse("https://tube.example/w/p/36").unwrap();
    let error = PeerTube::new().extract(&cx.build(), &url).await.unwrap_err();
    assert_eq!(error.to_string(), "peertube changed: no list at $.data");
}
