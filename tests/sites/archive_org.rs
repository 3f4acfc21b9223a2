//! archive.org from cassettes.

use qetch::{Error, Kind, Qetch, Role, Variants};
use qetch_tests::{
    cassette,
    replayed::{all, bring, fails, one, resources, uids},
};

fn site(name: &str) -> Qetch {
    cassette::replay(&format!("archive_org/{name}")).build()
}

#[tokio::test]
async fn a_film_is_extracted_and_a_quality_of_it_brought() {
    let qetch = site("film");
    let film = one(&qetch, "https://archive.org/details/pond-life-1968").await;
    let expected = [
        "pond-life-1968/Pond Life.mpeg",
        "pond-life-1968/Pond Life.mp4",
        "pond-life-1968/Pond Life.ogv",
        "pond-life-1968/Pond Life_512kb.mp4",
        "pond-life-1968/__ia_thumb.jpg",
        "pond-life-1968/pond-life-1968.thumbs/Pond Life_000001.jpg",
    ];
    assert_eq!(uids(film.contents()), expected);
    assert_eq!(film.collection, None);

    let best = film.best();
    assert_eq!((best.extractor.as_str(), best.quality.value()), ("archive_org", 1.0));
    assert_eq!(
        (best.title.as_deref(), best.description.as_deref()),
        (Some("Pond Life"), Some("A pond & its frogs.\nSilent."))
    );
    assert_eq!(best.uploaded_by.as_deref(), Some("heron@pond.example"));
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2010-03-15T20:58:26Z");
    assert_eq!(best.tags, ["frogs", "ponds"]);
    assert_eq!(best.metadata["creator"], "A. Heron");
    assert_eq!(best.metadata["collection"], serde_json::json!(["ponds", "opensource_movies"]));
    assert_eq!(best.metadata["licenseurl"], "http://creativecommons.org/publicdomain/mark/1.0/");
    assert_eq!((&best.metadata["source"], &best.metadata["format"]), (&"original".into(), &"MPEG2".into()));
    assert_eq!((best.width, best.duration, best.bitrate), (None, Some(62.5), Some(1_152_000)));

    let mp4 = &film.contents()[1];
    assert_eq!((mp4.width, mp4.height, mp4.codecs.as_deref()), (Some(640), Some(480), Some("avc1")));
    assert_eq!((mp4.kind, mp4.content_type.as_deref()), (Kind::Video, Some("video/mp4")));
    assert_eq!(film.contents()[2].duration, Some(62.0));
    let captions: Vec<_> = film.companions.iter().map(|it| (it.role, it.language.as_deref())).collect();
    assert_eq!(captions, [(Role::Caption, None), (Role::Caption, Some("de"))]);

    // The archive sends downloads on to the machine where they lie.
    let (report, bytes) = bring(&qetch, mp4).await.unwrap();
    assert_eq!((mp4.size, bytes.len() as u64), (Some(36), report.bytes));
    let algorithms: Vec<_> = report.checksums.iter().map(|sum| sum.algorithm.as_str()).collect();
    assert!(algorithms.contains(&"md5") && algorithms.contains(&"sha1"), "{algorithms:?}");
}

#[tokio::test]
async fn a_file_that_is_not_the_one_described_is_refused() {
    let qetch = site("altered");
    let file = one(&qetch, "https://archive.org/download/pond-life-1968/Pond%20Life.mp4").await;
    let error = bring(&qetch, file.best()).await.unwrap_err();
    assert_eq!(error.code(), "checksum_mismatch");
}

#[tokio::test]
async fn a_link_to_download_a_file_is_that_file_wherever_it_lies() {
    let qetch = site("film");
    for link in [
        "https://archive.org/download/pond-life-1968/Pond%20Life.ogv",
        "https://ia902606.us.archive.org/7/items/pond-life-1968/Pond%20Life.ogv",
    ] {
        let file = one(&qetch, link).await;
        assert_eq!(uids(file.contents()), ["pond-life-1968/Pond Life.ogv"]);
        let url = &file.best().fragments[0].url;
        assert_eq!(url.as_str(), "https://archive.org/download/pond-life-1968/Pond%20Life.ogv");
    }
    let page = one(&qetch, "https://archive.org/details/pond-life-1968/Pond+Life.ogv").await;
    assert_eq!(page.best().uid, "pond-life-1968/Pond Life.mpeg");
}

#[tokio::test]
async fn a_recording_is_its_tracks_in_order_and_then_its_pictures() {
    let qetch = site("album");
    let found = resources(&qetch, "https://archive.org/details/the-frogs-pond").await;
    let frog = [
        "the-frogs-pond/disc1/01. Frog.flac",
        "the-frogs-pond/disc1/01. Frog.mp3",
        "the-frogs-pond/disc1/01. Frog.ogg",
    ];
    assert_eq!((uids(found[0].contents()), found.len()), (frog.to_vec(), 3));
    assert_eq!(uids(found[2].contents()), ["the-frogs-pond/cover.jpg", "the-frogs-pond/cover_thumb.jpg"]);
    let heron = &found[1];
    assert_eq!(heron.contents()[1].uid, "the-frogs-pond/disc1/02. Heron?.mp3");
    assert_eq!((heron.contents()[1].bitrate, heron.contents()[1].duration), (Some(192_000), Some(200.0)));
    assert_eq!(heron.contents()[2].role, Role::Thumbnail);
    assert_eq!(heron.best().title.as_deref(), Some("Heron"));
    assert_eq!(heron.best().metadata["creator"], serde_json::json!(["The Frogs", "A. Toad"]));
    assert_eq!(heron.best().metadata["artist"], "The Frogs");
    let collection = heron.collection.as_ref().unwrap();
    assert_eq!(
        (collection.title.as_deref(), collection.index, collection.count),
        (Some("Pond"), Some(2), Some(3))
    );

    let mut all: Vec<_> = found.iter().flat_map(|it| uids(it.contents())).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);

    let (_, bytes) = bring(&qetch, heron.best()).await.unwrap();
    assert!(bytes.starts_with(b"fLaC"));
}

#[tokio::test]
async fn a_book_is_its_documents_whatever_page_the_link_is_of() {
    let qetch = site("book");
    let book = one(&qetch, "https://archive.org/details/frogs00hero/page/n5/mode/2up").await;
    let expected = [
        "frogs00hero/frogs00hero.pdf",
        "frogs00hero/frogs00hero.epub",
        "frogs00hero/frogs00hero_djvu.txt",
        "frogs00hero/__ia_thumb.jpg",
    ];
    assert_eq!(uids(book.contents()), expected);
    assert_eq!((book.best().kind, book.best().title.as_deref()), (Kind::Text, Some("Frogs")));
    let (_, bytes) = bring(&qetch, book.best()).await.unwrap();
    assert_eq!(bytes, b"%PDF-1.4\n");
}

#[tokio::test(start_paused = true)]
async fn a_collection_is_its_members_and_one_that_is_gone_does_not_end_it() {
    let qetch = site("collection");
    let found = all(qetch.extract("https://archive.org/details/ponds").await.unwrap()).await;
    let [Ok(first), Err("gone"), Ok(last)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(
        (first.best().uid.as_str(), last.best().uid.as_str()),
        ("pond-1/pond-1.jpg", "pond-3/pond-3.jpg")
    );
    let place = |variants: &Variants| {
        let collection = variants.collection.clone().unwrap();
        (collection.title, collection.index, collection.count)
    };
    assert_eq!(place(first), (Some("Ponds".to_owned()), Some(1), Some(4)));
    assert_eq!(place(last), (Some("Ponds".to_owned()), Some(4), Some(4)));
}

#[tokio::test(start_paused = true)]
async fn members_come_before_the_next_page_is_asked_for() {
    let whole = cassette::read("archive_org/collection").to_string();
    let page = whole.find("&cursor=").unwrap();
    let begin = whole[..page].rfind("=== GET").unwrap();
    let end = page + whole[page..].find("=== GET").unwrap();
    let text = format!("{}{}", &whole[..begin], &whole[end..]);
    let qetch = cassette::of(qetch::Cassette::parse("first page", &text).unwrap()).build();
    let found = all(qetch.extract("https://archive.org/details/ponds").await.unwrap()).await;
    let [Ok(first), Err("gone"), Err("not_recorded")] = &found[..] else { panic!("{found:?}") };
    assert_eq!(first.best().uid, "pond-1/pond-1.jpg");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_had_is_told_by_kind() {
    let qetch = site("errors");
    for (id, code, part) in [
        ("missing", "not_found", "archive.org item missing"),
        ("none", "not_found", "archive.org item none"),
        ("dark", "gone", "archive.org item dark"),
        ("lent", "private", "lent or kept to some readers"),
        ("private", "private", "every file of archive.org item private"),
        ("busy", "over_capacity", "archive.org"),
        ("page", "site_changed", "at $"),
        ("bare", "site_changed", "missing at $.files"),
        ("odd", "site_changed", "at $.files[1]"),
        ("refused", "site_changed", "an error in its place at $.items"),
        ("full", "over_capacity", "archive.org"),
    ] {
        let error = fails(&qetch, &format!("https://archive.org/details/{id}")).await;
        assert_eq!(error.code(), code, "{id}: {error}");
        assert!(error.to_string().contains(part), "{id}: {error}");
    }
    let error = fails(&qetch, "https://archive.org/download/lent/lent_lcp.pdf").await;
    assert_eq!(error.code(), "drm", "{error}");
    let error = fails(&qetch, "https://archive.org/details/fast").await;
    let Error::RateLimited { retry_after: Some(wait), .. } = error else { panic!("{error:?}") };
    assert_eq!(wait.as_secs(), 3600);
}

#[tokio::test]
async fn forms_that_are_not_built_are_named() {
    let qetch = site("errors");
    for (link, part) in [
        ("https://archive.org/search?query=frogs", "a search on archive.org"),
        ("https://archive.org/advancedsearch.php?q=frogs", "a search on archive.org"),
        ("https://archive.org/details/@heron", "the page of an archive.org user"),
        ("https://archive.org/details/@heron/uploads?tab=x", "the page of an archive.org user"),
    ] {
        let error = fails(&qetch, link).await;
        assert_eq!(error.code(), "unsupported", "{link}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[cfg(recorded)]
#[tokio::test]
async fn a_recorded_collection_lists_its_members_and_its_files() {
    let qetch = cassette::recorded("archive_org/recorded").build();
    let mut extraction = qetch.extract("https://archive.org/details/nasa").await.unwrap();
    let error = extraction.next_variants().await.unwrap_err();
    assert!(error.to_string().contains("https://archive.org/metadata/00-042-154"), "{error}");

    let file = one(&qetch, "https://archive.org/download/nasa/globe_west_540.jpg").await;
    let file = file.best();
    assert_eq!(
        (file.uid.as_str(), file.kind, file.size),
        ("nasa/globe_west_540.jpg", Kind::Image, Some(66_065))
    );
    let sums: Vec<_> = file.checksums.iter().map(ToString::to_string).collect();
    let expected = ["sha1:3e20a009994405f535cdf07cdc2974cef2fce8f2", "md5:9366a4b09386bf673c447e33d806d904"];
    assert_eq!(sums, expected);
    assert_eq!(file.metadata["identifier"], "nasa");
}
