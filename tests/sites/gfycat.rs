//! gfycat from cassettes.

use qetch::{DownloadOptions, Qetch, Quality, Variants};
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
