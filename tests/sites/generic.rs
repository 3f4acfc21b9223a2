//! What plain links lead to, from cassettes.

use qetch::{DownloadOptions, Found};
use qetch_tests::{Folder, cassette};

#[tokio::test]
async fn lists_lead_to_streams_and_to_other_lists() {
    let qetch = cassette::replay("generic/lists").build();
    let mut extraction = qetch.extract("https://radio.example/stations.pls").await.unwrap();
    let Some(Ok(Found::Warning(warning))) = extraction.next().await else { panic!("no warning") };
    assert!(
        warning.message.ends_with("of 4 entries 1 are left out, which lead to no http: file:…"),
        "{warning}"
    );

    let station = extraction.next_variants().await.unwrap().unwrap();
    let best = station.best();
    assert_eq!((best.title.as_deref(), best.bitrate), (Some("Frogs FM"), Some(128_000)));
    assert_eq!((&best.metadata["live"], &best.metadata["genre"]), (&true.into(), &"Croaking".into()));
    assert_eq!(station.collection.as_ref().unwrap().index, Some(1));

    let song = extraction.next_variants().await.unwrap().unwrap();
    assert_eq!(song.best().title.as_deref(), Some("rain"));
    assert_eq!(song.best().metadata["title"], "A Frog - Rain");
    assert_eq!(song.best().metadata["duration"], 61.0);
    let collection = song.collection.as_ref().unwrap();
    assert_eq!((collection.title.as_deref(), collection.count), (Some("Songs of the pond"), Some(2)));
    let folder = Folder::new();
    qetch.download(song.best(), folder.path("f"), &DownloadOptions::new()).await.unwrap();
    assert_eq!(std::fs::read(folder.path("f")).unwrap().len(), 34);

    // The list names itself.
    assert_eq!(extraction.next().await.unwrap().unwrap_err().code(), "over_limit");
    let again = extraction.next_variants().await.unwrap().unwrap();
    assert_eq!(again.best().uploaded_by.as_deref(), Some("A Toad"));
    assert_eq!(again.collection.as_ref().unwrap().title.as_deref(), Some("Toads"));
    assert!(extraction.next().await.is_none());
}

/// Where the entries of the recorded list lead, of which nobody recorded the answers.
#[cfg(recorded)]
#[tokio::test]
async fn a_recorded_list_of_xspf() {
    let qetch = cassette::recorded("generic/recorded").build();
    let mut extraction = qetch.extract("https://lists.example/music/foo.xspf").await.unwrap();
    let mut asked = Vec::new();
    while let Some(found) = extraction.next().await {
        asked.push(found.unwrap_err().to_string());
    }
    let expected = ["music/cd1/track%201.mp3", "%E3%83%88%E3%83%A9%E3%83%83%E3%82%AF", "music/track3.mp3"];
    assert_eq!(asked.len(), 3, "{asked:?}");
    for (told, part) in asked.iter().zip(expected) {
        assert!(told.contains("GET https://lists.example/") && told.contains(part), "{told}");
    }
}
