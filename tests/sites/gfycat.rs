//! gfycat from cassettes.

use qetch::{DownloadOptions, Found, Qetch, Quality, Variants};
use qetch_tests::{Folder, cassette};

const LINK: &str = "https://gfycat.com/AmpleBrittleCurlew";

/// The resource behind `link`, and the bytes of its best rendition.
async fn bring(qetch: &Qetch, link: &str) -> (Variants, Vec<u8>) {
    let mut extraction = qetch.extract(link).await.unwrap();
    let Some(variants) = extraction.next_variants().await.unwrap() else { panic!("nothing behind {link}") };
    let folder = Folder::new();
    qetch.download(variants.best(), folder.path("f"), &DownloadOptions::new()).await.unwrap();
    let bytes = std::fs::read(folder.path("f")).expect("it was brought");
    (variants, bytes)
}

#[tokio::test]
async fn an_item_is_extracted_and_brought() {
    let qetch = cassette::replay("gfycat/item").build();
    let (variants, bytes) = bring(&qetch, LINK).await;
    let best = variants.best();
    assert_eq!((best.uid.as_str(), best.quality), ("amplebrittlecurlew-mp4", Quality::BEST));
    assert_eq!(best.uploaded_date.unwrap().as_unix(), 1_460_000_000);
    assert_eq!(&bytes[4..12], b"ftypisom");
}

#[tokio::test]
async fn what_a_cassette_does_not_have_is_told_with_its_nearest_line() {
    let qetch = cassette::replay("gfycat/item").build();
    let error = qetch.extract("https://gfycat.com/AmpleBrittleHeron").await.unwrap_err();
    assert_eq!(error.code(), "not_recorded");
    let message = error.to_string();
    for part in ["GET https://api.gfycat.com/v1/gfycats/amplebrittleheron", "gfycat/item.cassette:5"] {
        assert!(message.contains(part), "{message}");
    }
}

/// What is told of the resource behind `link` besides it.
async fn warnings(qetch: &Qetch, link: &str) -> Vec<String> {
    let mut extraction = qetch.extract(link).await.unwrap();
    let mut warnings = Vec::new();
    while let Some(found) = extraction.next().await {
        if let Found::Warning(warning) = found.unwrap() {
            warnings.push(warning.message);
        }
    }
    warnings
}

#[tokio::test]
async fn an_item_of_a_site_that_is_no_more_is_brought_from_the_archive() {
    let qetch = cassette::replay("gfycat/archived").build();
    let link = "https://gfycat.com/BoldSampleHeron";
    let (variants, bytes) = bring(&qetch, link).await;
    let uids: Vec<_> = variants.contents().iter().map(|content| content.uid.as_str()).collect();
    let expected = ["boldsampleheron-mobile", "boldsampleheron-max5mb-gif", "boldsampleheron-mobile-poster"];
    assert_eq!(uids, expected);
    let best = variants.best();
    assert_eq!((best.quality, best.width, best.duration), (Quality::BEST, Some(640), Some(10.0)));
    assert_eq!((best.title.as_deref(), best.size_approx), (Some("A heron"), Some(700_000)));
    assert_eq!(best.metadata["archived_at"], "2023-08-29T01:15:03Z");
    let missing = best.metadata["not_archived"].as_array().unwrap();
    assert_eq!((missing.len(), missing[0]["width"].as_u64()), (3, Some(1920)));
    assert_eq!(&bytes[4..12], b"ftypisom");
    let expected = "gfycat: boldsampleheron is an archived copy of 2023-08-29; the original had what is not archived: \
                    mp4 1920x1080, webm 1920x1080, max1mb-gif 280x158";
    assert_eq!(warnings(&qetch, link).await, [expected]);
}

#[tokio::test]
async fn archived_files_without_a_record_are_brought_by_their_names() {
    let qetch = cassette::replay("gfycat/archived_files").build();
    let (variants, bytes) = bring(&qetch, "https://thumbs.gfycat.com/CalmSampleOsprey-mobile.mp4").await;
    let uids: Vec<_> = variants.contents().iter().map(|content| content.uid.as_str()).collect();
    assert_eq!(uids, ["calmsampleosprey-mp4", "calmsampleosprey-mobile", "calmsampleosprey-poster"]);
    let archived_at = |at: usize| &variants.contents()[at].metadata["archived_at"];
    assert_eq!(
        (archived_at(0), archived_at(1)),
        (&"2016-03-04T05:06:07Z".into(), &"2023-08-29T01:15:03Z".into())
    );
    assert_eq!(&bytes[4..12], b"ftypisom");
}

#[tokio::test]
async fn what_the_archive_does_not_tell_is_told_by_kind() {
    let check = async |link: &str, expected: &str, is_retryable: bool| {
        let qetch = cassette::replay("gfycat/archive_refused").build();
        let error = qetch.extract(link).await.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (expected, is_retryable), "{link}: {error}");
    };
    check("https://gfycat.com/GoneSampleLapwing", "gone", false).await;
    check("https://gfycat.com/HiddenSampleLapwing", "private", false).await;
    check("https://gfycat.com/BusySampleLapwing", "over_capacity", true).await;
    check("https://gfycat.com/HastySampleLapwing", "rate_limited", true).await;
    check("https://gfycat.com/OddSampleLapwing", "site_changed", false).await;
}

#[cfg(recorded)]
#[tokio::test]
async fn rows_that_the_index_really_has_are_left_out_and_its_refusals_are_told() {
    let check = async |link: &str, expected: &str| {
        let qetch = cassette::recorded("gfycat/recorded").build();
        let error = qetch.extract(link).await.unwrap_err();
        assert_eq!(error.code(), expected, "{link}: {error}");
    };
    check("https://gfycat.com/SpoiltSampleOsprey", "gone").await;
    check("https://gfycat.com/HiddenSampleOsprey", "private").await;
}
