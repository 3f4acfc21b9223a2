//! Web pages from cassettes.

use qetch::{DownloadOptions, Kind, Qetch, Role, Variants};
use qetch_tests::{Folder, cassette, replayed::told};

/// The bytes of a content.
async fn bring(qetch: &Qetch, content: &qetch::Content) -> Vec<u8> {
    let folder = Folder::new();
    qetch.download(content, folder.path("f"), &DownloadOptions::new()).await.unwrap();
    std::fs::read(folder.path("f")).expect("it was brought")
}

fn names(variants: &Variants, role: Role) -> Vec<&str> {
    let of_role = variants.contents().iter().filter(|content| content.role == role);
    of_role.map(|content| content.fragments[0].url.path()).collect()
}

fn assert_unique(all: &[Variants]) {
    let mut uids: Vec<_> =
        all.iter().flat_map(|it| it.contents().iter().chain(&it.companions)).map(|it| &it.uid).collect();
    let count = uids.len();
    uids.sort();
    uids.dedup();
    assert_eq!(uids.len(), count, "a uid twice");
}

#[tokio::test]
async fn a_video_is_one_resource_of_all_that_the_page_tells() {
    let qetch = cassette::replay("page/video").build();
    let (all, warnings) = told(&qetch, "https://news.example/2024/frogs").await;
    let [variants] = &all[..] else { panic!("{all:?}") };
    assert!(warnings.is_empty());
    assert_unique(&all);
    assert_eq!(names(variants, Role::Main), ["/frogs/720.mp4", "/frogs/480.mp4", "/frogs/720.webm"]);
    assert_eq!(names(variants, Role::Poster), ["/frogs/poster.jpg"]);
    assert_eq!(names(variants, Role::Thumbnail), ["/frogs/small.jpg"]);

    let best = variants.best();
    assert_eq!((best.width, best.height, best.duration), (Some(1280), Some(720), Some(90.0)));
    assert_eq!(best.codecs.as_deref(), Some("avc1.64001f,mp4a.40.2"));
    assert_eq!(best.title.as_deref(), Some("Frogs at night & at dawn"));
    assert_eq!(
        (best.description.as_deref(), best.uploaded_by.as_deref()),
        (Some("They sing."), Some("A. Reporter"))
    );
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2024-03-01T20:30:00Z");
    assert_eq!(best.tags, ["frogs", "night"]);
    assert_eq!((&best.metadata["site_name"], best.extractor.as_str()), (&"The News".into(), "page"));
    assert_eq!(best.metadata["chapters"], "https://media.news.example/frogs/chapters.vtt");
    assert_eq!(best.metadata["feeds"][0], "https://news.example/feed.xml");
    let small = &variants.contents()[1];
    assert_eq!((small.width, small.size_approx, small.size), (Some(854), Some(1_500_000), None));

    let [caption] = &variants.companions[..] else { panic!("{:?}", variants.companions) };
    assert_eq!((caption.role, caption.language.as_deref()), (Role::Caption, Some("en")));
    assert!(bring(&qetch, caption).await.starts_with(b"WEBVTT"));
    assert_eq!(&bring(&qetch, best).await[4..12], b"ftypisom");
}

#[tokio::test]
async fn an_article_gives_its_pictures_at_each_size_and_nothing_else() {
    let qetch = cassette::replay("page/pictures").build();
    let (all, warnings) = told(&qetch, "https://garden.example/newts/").await;
    assert!(warnings.is_empty());
    assert_unique(&all);
    let found: Vec<_> = all.iter().map(|variants| names(variants, Role::Main)).collect();
    let newt = vec!["/i/newt.jpg", "/i/newt-800.jpg", "/i/newt-400.jpg"];
    let pond = ["/i/fit,w_900/pond.avif", "/i/pond.avif", "/i/pond.jpg"];
    assert_eq!(found[0], newt);
    assert_eq!((found[1].len(), found[1].contains(&pond[0]), found[1].contains(&pond[2])), (3, true, true));
    assert_eq!(found[2..], [["/i/eggs.png"]]);
    let best = all[0].best();
    assert_eq!((best.width, best.height, best.kind), (Some(1600), Some(1200), Kind::Image));
    assert_eq!((best.title.as_deref(), best.description.as_deref()), (Some("Newts"), Some("A newt")));
    let collection = all[2].collection.as_ref().unwrap();
    assert_eq!((collection.index, collection.count), (Some(3), Some(3)));
    assert!(bring(&qetch, best).await.starts_with(b"\xff\xd8\xff"));
}

#[tokio::test]
async fn what_another_site_has_comes_from_it_once_with_what_the_page_tells() {
    let qetch = cassette::replay("page/embeds").build();
    let (all, _) = told(&qetch, "https://blog.example/curlew").await;
    let [variants] = &all[..] else { panic!("{all:?}") };
    let best = variants.best();
    assert_eq!((best.uid.as_str(), best.extractor.as_str()), ("amplebrittlecurlew-mp4", "gfycat"));
    assert_eq!(
        (best.title.as_deref(), best.description.as_deref()),
        (Some("Curlews"), Some("A bird with a long bill."))
    );
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2016-05-01T00:00:00Z");
    assert_eq!(&bring(&qetch, best).await[4..12], b"ftypisom");
}

#[tokio::test]
async fn a_playlist_of_a_page_is_read_in_place_of_its_file() {
    let qetch = cassette::replay("page/playlist").build();
    let (all, _) = told(&qetch, "https://tv.example/toads").await;
    let [variants] = &all[..] else { panic!("{all:?}") };
    let best = variants.best();
    assert_eq!((best.title.as_deref(), best.extractor.as_str()), (Some("Toads"), "generic"));
    assert_eq!(best.metadata["poster"], "https://tv.example/toads.jpg");
    assert_eq!(bring(&qetch, best).await, b"Gtoad");
}

#[tokio::test]
async fn oembed_tells_of_a_photo_and_of_a_video() {
    let qetch = cassette::replay("page/oembed").build();
    let (all, _) = told(&qetch, "https://pics.example/p/1").await;
    let photo = all[0].best();
    assert_eq!((photo.kind, photo.width, photo.height), (Kind::Image, Some(2048), Some(1365)));
    assert_eq!(
        (photo.title.as_deref(), photo.uploaded_by.as_deref()),
        (Some("A salamander"), Some("watcher"))
    );
    assert!(bring(&qetch, photo).await.starts_with(b"\xff\xd8\xff"));

    let (all, _) = told(&qetch, "https://pics.example/v/2").await;
    assert_eq!(
        (all[0].best().uid.as_str(), all[0].best().title.as_deref()),
        ("amplebrittlecurlew-mp4", Some("A curlew"))
    );

    let error = qetch.extract("https://pics.example/p/3").await.unwrap_err();
    assert!(error.code() == "unsupported" && error.to_string().contains("status 501"), "{error}");
}

#[tokio::test]
async fn a_page_that_shows_nothing_leads_to_its_feed() {
    let qetch = cassette::replay("page/feed").build();
    let (all, _) = told(&qetch, "https://pond.example/").await;
    let best = all[0].best();
    assert_eq!(
        (best.title.as_deref(), best.kind, best.extractor.as_str()),
        (Some("First"), Kind::Audio, "podcast")
    );
    assert!(bring(&qetch, best).await.starts_with(b"ID3"));
}

#[tokio::test]
async fn what_is_no_page_of_media_is_told_by_its_kind() {
    let qetch = cassette::replay("page/refusals").retries(0).build();
    for (path, code) in [
        ("nothing", "unsupported"),
        ("script", "unsupported"),
        ("challenge", "challenge"),
        ("busy", "challenge"),
        ("gone", "gone"),
        ("missing", "not_found"),
        ("member", "login_required"),
        ("elsewhere", "geo_blocked"),
    ] {
        let error = qetch.extract(&format!("https://news.example/{path}")).await.unwrap_err();
        assert_eq!(error.code(), code, "{path}: {error}");
    }
}
