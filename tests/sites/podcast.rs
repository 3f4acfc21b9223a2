//! Feeds from cassettes.

use qetch::{DownloadOptions, Found, Kind, Qetch, Role};
use qetch_tests::{Folder, cassette, replayed::resources};

const FEED: &str = "https://pond.example/feed.xml";

async fn bring(qetch: &Qetch, content: &qetch::Content) -> qetch::Result<Vec<u8>> {
    let folder = Folder::new();
    qetch.download(content, folder.path("f"), &DownloadOptions::new()).await?;
    Ok(std::fs::read(folder.path("f")).expect("it was brought"))
}

#[tokio::test]
async fn a_show_is_extracted_page_by_page_and_its_files_are_brought() {
    let qetch = cassette::replay("podcast/show").build();
    let all = resources(&qetch, FEED).await;
    let uids: Vec<Vec<&str>> =
        all.iter().map(|it| it.contents().iter().map(|it| it.uid.as_str()).collect()).collect();
    let spring = "7d8f6a8e-0001-4c1f-9c1e-000000000002";
    let expected = ["-opus-160k", "-mp3", "-poster"].map(|name| format!("{spring}{name}"));
    assert_eq!(uids, [expected.to_vec(), vec!["7d8f6a8e-0001-4c1f-9c1e-000000000001-opus".to_owned()]]);
    let best = all[0].best();
    assert_eq!((best.title.as_deref(), best.uploaded_by.as_deref()), (Some("Spring"), Some("A Frog")));
    assert_eq!((best.description.as_deref(), best.duration), (Some("It is warm."), Some(600.0)));
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2026-03-02T05:00:00Z");
    assert_eq!(best.metadata["chapters_url"], "https://pond.example/2.json");
    assert_eq!(best.metadata["chapters"][1], serde_json::json!({"start": 187.5, "title": "Spawn"}));
    assert_eq!(&bring(&qetch, best).await.unwrap()[..4], b"OggS");
    assert_eq!(&bring(&qetch, &all[0].contents()[1]).await.unwrap()[..3], b"ID3");
    let caption = &all[0].companions[0];
    assert_eq!((caption.role, caption.language.as_deref()), (Role::Caption, Some("en")));
    assert_eq!(&bring(&qetch, caption).await.unwrap()[..6], b"WEBVTT");
}

#[tokio::test]
async fn the_integrity_that_a_feed_tells_is_held() {
    let qetch = cassette::replay("podcast/show").build();
    let all = resources(&qetch, FEED).await;
    let error = bring(&qetch, all[1].best()).await.unwrap_err();
    assert_eq!(error.code(), "checksum_mismatch");
}

#[tokio::test]
async fn a_feed_is_told_by_its_content_wherever_it_is() {
    let qetch = cassette::replay("podcast/atom").build();
    let all = resources(&qetch, "https://feeds.example/GLT1").await;
    let [toad] = &all[..] else { panic!("{all:?}") };
    let best = toad.best();
    assert_eq!((best.extractor.as_str(), best.kind), ("podcast", Kind::Audio));
    assert_eq!((best.size_approx, best.title.as_deref()), (Some(34), Some("First")));
    assert_eq!(bring(&qetch, best).await.unwrap().len(), 34);
}

#[tokio::test]
async fn errors_are_told_by_kind() {
    let qetch = cassette::replay("podcast/errors").build();
    let check = async |path: &str, code: &str, part: &str| {
        let error = qetch.extract(&format!("https://pond.example/{path}")).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    check("text.xml", "unsupported", "1 items have no media").await;
    check("missing.xml", "not_found", "missing.xml").await;
    check("gone.xml", "gone", "gone.xml").await;
    check("private/feed.xml", "login_required", "pond.example").await;
    check("busy.xml", "rate_limited", "pond.example").await;
}

#[tokio::test]
async fn a_broken_feed_gives_what_stands_before_the_fault() {
    let qetch = cassette::replay("podcast/errors").build();
    let mut extraction = qetch.extract("https://pond.example/broken.xml").await.unwrap();
    assert!(matches!(extraction.next().await, Some(Ok(Found::Variants(_)))));
    let error = extraction.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), "site_changed");
    assert!(error.to_string().contains("line 10) at $.rss.channel.item[1].guid"), "{error}");
    assert!(extraction.next().await.is_none());
}

/// Counted by hand in the file.
#[cfg(recorded)]
#[tokio::test]
async fn the_example_of_the_podcast_namespace() {
    let qetch = cassette::recorded("podcast/recorded").build();
    let all = resources(&qetch, "https://podcasts.example/example.xml").await;
    let count = |it: &qetch::Variants, role: Role| it.contents().iter().filter(|it| it.role == role).count();
    let counts: Vec<_> =
        all.iter().map(|it| (count(it, Role::Main), count(it, Role::Poster), it.companions.len())).collect();
    assert_eq!(counts, [(2, 0, 0), (5, 3, 2), (4, 1, 1), (4, 1, 1)]);
    assert_eq!(all[0].best().metadata["live"], true);
    let third = &all[1];
    let facts: Vec<_> = third.contents()[..5].iter().map(|it| (it.kind, it.bitrate.unwrap())).collect();
    let sound = |bitrate| (Kind::Audio, bitrate);
    assert_eq!(facts, [(Kind::Video, 511_276), sound(160_000), sound(96_000), sound(128_000), sound(16_000)]);
    let best = third.best();
    assert_eq!((best.height, best.size_approx), (Some(720), Some(7_924_786)));
    assert!(best.checksums.is_empty() && best.metadata["integrity"].to_string().contains("sha384-"));
    assert_eq!(best.title.as_deref(), Some("Episode 3 - The Future"));
    assert_eq!(best.metadata["chapters_url"], "https://example.com/ep3_chapters.json");
    assert_eq!(best.metadata["persons"].as_array().unwrap().len(), 3);
    let collection = third.collection.as_ref().unwrap();
    assert_eq!((collection.index, collection.count), (Some(1), Some(3)));
    let languages: Vec<_> = third.companions.iter().map(|it| it.language.as_deref().unwrap()).collect();
    assert_eq!(languages, ["en-US", "es"]);
    let mut uids: Vec<_> = all.iter().flat_map(qetch::Variants::contents).map(|it| &it.uid).collect();
    uids.sort();
    uids.dedup();
    assert_eq!(uids.len(), 20);
}
