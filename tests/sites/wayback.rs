//! Links of the Wayback Machine from cassettes.

use qetch::{Content, DownloadOptions, Found, Kind, Qetch};
use qetch_tests::{Folder, cassette};

/// The one content behind `link`, its bytes, and what is told besides.
async fn bring(qetch: &Qetch, link: &str) -> (Content, Vec<u8>, Vec<String>) {
    let mut extraction = qetch.extract(link).await.unwrap();
    let (mut contents, mut warnings) = (Vec::new(), Vec::new());
    while let Some(found) = extraction.next().await {
        match found.unwrap() {
            Found::Variants(variants) => contents.extend(variants.contents().to_vec()),
            Found::Warning(warning) => warnings.push(warning.message),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(contents.len(), 1, "{link}");
    let folder = Folder::new();
    qetch.download(&contents[0], folder.path("f"), &DownloadOptions::new()).await.unwrap();
    (contents.remove(0), std::fs::read(folder.path("f")).expect("it was brought"), warnings)
}

#[tokio::test]
async fn a_captured_file_is_brought_as_it_was() {
    let qetch = cassette::replay("wayback/captures").build();
    let link = "https://web.archive.org/web/20160102030405/http://pond.example/My%20frog.mp4";
    let (content, bytes, warnings) = bring(&qetch, link).await;
    assert_eq!((content.extractor.as_str(), content.kind), ("wayback", Kind::Video));
    assert!(content.uid.starts_with("wayback-20160102030405-"), "{}", content.uid);
    assert_eq!((content.source.as_str(), content.title.as_deref()), (link, Some("My frog")));
    assert_eq!(content.metadata["archived_at"], "2016-01-02T03:04:05Z");
    assert_eq!(content.metadata["archived_url"], "http://pond.example/My%20frog.mp4");
    assert_eq!((&bytes[4..12], warnings.len()), (b"ftypisom".as_slice(), 0));
}

#[tokio::test]
async fn the_latest_capture_is_found_without_a_moment() {
    let qetch = cassette::replay("wayback/captures").build();
    let link = "https://web.archive.org/web/http://pond.example/frog.jpg";
    let (content, bytes, warnings) = bring(&qetch, link).await;
    assert_eq!(
        content.source.as_str(),
        "https://web.archive.org/web/20230708091011/http://pond.example/frog.jpg"
    );
    assert_eq!(content.metadata["archived_at"], "2023-07-08T09:10:11Z");
    assert_eq!((&bytes[..3], warnings.len()), (b"\xFF\xD8\xFF".as_slice(), 0));
    // What was found is found again behind its own source.
    let again = bring(&qetch, content.source.as_str()).await.0;
    assert_eq!(again, content);
}

#[tokio::test]
async fn another_capture_than_was_asked_for_says_so() {
    let qetch = cassette::replay("wayback/captures").build();
    let link = "https://web.archive.org/web/20150509080314if_/https://pond.example/Frog.gif";
    let (content, bytes, warnings) = bring(&qetch, link).await;
    assert_eq!(content.metadata["archived_at"], "2015-05-03T09:01:25Z");
    assert_eq!(content.metadata["archived_url"], "https://pond.example/Frog.gif");
    assert_eq!(&bytes[..6], b"GIF89a");
    assert!(warnings.len() == 1 && warnings[0].contains("no capture of 20150509080314"), "{warnings:?}");
}

#[tokio::test]
async fn what_the_archive_says_in_place_of_a_capture_is_told_by_kind() {
    let check = async |name: &str, expected: &str| {
        let qetch = cassette::replay("wayback/captures").build();
        let link = format!("https://web.archive.org/web/20160102030405/http://pond.example/{name}.mp4");
        let error = qetch.extract(&link).await.unwrap_err();
        assert_eq!(error.code(), expected, "{error}");
    };
    check("hidden", "private").await;
    check("unknown", "not_found").await;
    check("limited", "rate_limited").await;
    check("busy", "over_capacity").await;
    check("captured-429", "not_found").await;
}

#[tokio::test]
async fn forms_that_are_not_built_are_named_without_a_request() {
    let qetch = cassette::replay("wayback/captures").build();
    for link in [
        "https://web.archive.org/web/*/http://pond.example/frog.jpg",
        "https://web.archive.org/save/http://pond.example/frog.jpg",
    ] {
        assert_eq!(qetch.extract(link).await.unwrap_err().code(), "unsupported", "{link}");
    }
}

#[cfg(recorded)]
#[tokio::test]
async fn recorded_answers_are_told_by_what_they_are() {
    let refused = async |link: &str| {
        let qetch = cassette::recorded("wayback/recorded").build();
        let error = qetch.extract(link).await.unwrap_err();
        (error.code(), error.to_string())
    };
    // A 429 that was captured, not one that is meant for us.
    let (code, text) =
        refused("https://web.archive.org/web/20150129034904id_/http://www.reddit.com/r/PokemonGiveaway")
            .await;
    assert!(code == "not_found" && text.contains("status 429"), "{code} {text}");
    let (code, text) =
        refused("https://web.archive.org/web/20170929002712/https://nationalpost.com/health/").await;
    assert!(code == "private" && text.contains("excluded"), "{code} {text}");
}

#[cfg(recorded)]
#[tokio::test]
async fn recorded_redirects_lead_to_the_capture_that_counts() {
    let qetch = cassette::recorded("wayback/recorded").build();
    let found = async |link: &str| bring(&qetch, link).await.0.metadata["archived_at"].clone();
    let outside = found("https://web.archive.org/web/20171101000000/https://www.fws.gov/birds/").await;
    assert_eq!(outside, "2017-11-24T15:13:15Z");
    let unplayable = found("https://web.archive.org/web/20150509080314id_/https://www.fws.gov/birds/").await;
    assert_eq!(unplayable, "2015-05-03T09:01:25Z");
}

#[tokio::test]
async fn a_captured_page_leads_to_captures_of_its_time() {
    let qetch = cassette::replay("wayback/captures").build();
    let link = "https://web.archive.org/web/20160102030405/http://pond.example/";
    let (content, bytes, _) = bring(&qetch, link).await;
    let raw = "https://web.archive.org/web/20160102030405id_/http://pond.example/My%20frog.mp4";
    assert_eq!((content.extractor.as_str(), content.fragments[0].url.as_str()), ("wayback", raw));
    assert_eq!(content.metadata["archived_at"], "2016-01-02T03:04:05Z");
    assert_eq!(content.metadata["archived_url"], "http://pond.example/My%20frog.mp4");
    assert_eq!(&bytes[4..12], b"ftypisom");
}
