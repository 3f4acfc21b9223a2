//! pixeldrain.com from cassettes.

use qetch::{AuthRegistry, Credential, Kind, Qetch, Role, Url, Variants};
use qetch_tests::{
    cassette,
    replayed::{all, bring, fails, one, resources, uids},
    site::builtins,
};

fn site(name: &str) -> Qetch {
    cassette::replay(&format!("pixeldrain/{name}")).build()
}

/// The place of a resource: the title of the whole, its index, and how many there are.
fn place(variants: &Variants) -> (Option<&str>, Option<u64>, Option<u64>) {
    let place = variants.collection.as_ref().unwrap();
    (place.title.as_deref(), place.index, place.count)
}

#[tokio::test]
async fn a_file_is_extracted_and_brought_and_its_checksum_holds() {
    let qetch = site("file");
    let file = one(&qetch, "https://pixeldrain.com/u/frog0001").await;
    assert_eq!(uids(file.contents()), ["frog0001", "frog0001-thumbnail"]);

    let best = file.best();
    assert_eq!((best.kind, best.size, best.title.as_deref()), (Kind::Video, Some(36), Some("A frog")));
    assert_eq!((best.extension.as_deref(), best.content_type.as_deref()), (Some("mp4"), Some("video/mp4")));
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2023-11-22T16:33:27.744Z");
    assert_eq!(
        (&best.metadata["views"], best.source.as_str()),
        (&7.into(), "https://pixeldrain.com/u/frog0001")
    );
    let small = &file.contents()[1];
    assert_eq!(
        (small.role, small.kind, small.extension.as_deref()),
        (Role::Thumbnail, Kind::Image, Some("png"))
    );

    let (report, bytes) = bring(&qetch, best).await.unwrap();
    assert_eq!(bytes.len(), 36);
    assert!(report.checksums.iter().any(|sum| sum.algorithm == "sha256"), "{report:?}");
}

#[tokio::test]
async fn a_file_of_another_checksum_is_refused() {
    let qetch = site("file");
    let file = one(&qetch, "https://pixeldrain.com/u/other001").await;
    assert_eq!((file.best().kind, file.contents().len()), (Kind::Other, 1));
    assert_eq!(bring(&qetch, file.best()).await.unwrap_err().code(), "checksum_mismatch");
}

#[tokio::test]
async fn a_key_is_sent_with_questions_and_downloads_and_saved_nowhere() {
    let key = Credential::basic("me", "key-1234");
    let qetch = cassette::of(cassette::keyed("pixeldrain/own"))
        .auth(AuthRegistry::new().with("pixeldrain", key))
        .build();
    let file = one(&qetch, "https://pixeldrain.com/u/frog0001").await;
    let saved = serde_json::to_string(file.best()).unwrap();
    assert!(!saved.contains("key-1234") && !saved.contains("bWU6"), "{saved}");
    assert_eq!(bring(&qetch, file.best()).await.unwrap().1.len(), 36);
}

#[tokio::test]
async fn a_list_has_its_files_in_order_and_one_that_is_refused_keeps_none_back() {
    let qetch = site("list");
    let found = all(qetch.extract("https://pixeldrain.com/l/ponds001").await.unwrap()).await;
    let [Ok(song), Err("challenge"), Ok(frog)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((uids(song.contents())[0], place(song)), ("_song01", (Some("Ponds"), Some(1), Some(3))));
    assert_eq!((song.best().kind, song.best().description.as_deref()), (Kind::Audio, Some("By night")));
    assert_eq!((uids(frog.contents())[0], place(frog)), ("frog0002", (Some("Ponds"), Some(3), Some(3))));
}

#[tokio::test]
async fn a_link_to_an_item_of_a_list_is_that_item_alone() {
    let qetch = site("list");
    let frog = one(&qetch, "https://pixeldrain.com/l/ponds001#item=2").await;
    assert_eq!((frog.best().uid.as_str(), place(&frog).1), ("frog0002", Some(3)));
    let refused = fails(&qetch, "https://pixeldrain.com/l/ponds001#item=1").await;
    let missing = fails(&qetch, "https://pixeldrain.com/l/ponds001#item=3").await;
    assert_eq!((refused.code(), missing.code()), ("challenge", "not_found"));
}

#[tokio::test]
async fn a_folder_has_its_files_and_those_of_its_folders() {
    let qetch = site("folder");
    let found = resources(&qetch, "https://pixeldrain.com/d/pond0001").await;
    let all: Vec<_> = found.iter().map(|it| it.best().uid.as_str()).collect();
    assert_eq!(all, ["pond0001/deep water/frog.mp4", "pond0001/a#b.txt"]);

    let text = found[1].best();
    assert_eq!(text.fragments[0].url.as_str(), "https://pixeldrain.com/api/filesystem/pond0001/a%23b.txt");
    assert_eq!((text.kind, text.size, text.checksums.len()), (Kind::Text, Some(14), 1));
    assert_eq!(text.uploaded_date.unwrap().to_string(), "2024-01-02T03:04:05Z");
    assert_eq!(place(&found[1]), (Some("Ponds"), Some(1), None));
}

#[tokio::test]
async fn a_file_of_a_folder_is_extracted_and_brought() {
    let qetch = site("folder");
    let frog = one(&qetch, "https://pixeldrain.com/d/pond0001/deep%20water/frog.mp4").await;
    assert_eq!((frog.best().uid.as_str(), frog.best().kind), ("pond0001/deep water/frog.mp4", Kind::Video));
    assert_eq!(frog.best().source.as_str(), "https://pixeldrain.com/d/pond0001/deep%20water/frog.mp4");
    assert_eq!(bring(&qetch, frog.best()).await.unwrap().1.len(), 36);
}

#[tokio::test]
async fn refusals_are_told_by_the_word_of_the_site() {
    let qetch = site("refusals");
    for (link, expected) in [
        ("u/gone404", "not_found"),
        ("l/list404", "not_found"),
        ("u/busy403", "challenge"),
        ("u/worm403", "challenge"),
        ("u/much403", "rate_limited"),
        ("u/many403", "rate_limited"),
        ("u/full503", "over_capacity"),
        ("u/hot403", "login_required"),
        ("u/auth401", "login_required"),
        ("u/own403", "private"),
        ("u/law451", "gone"),
        ("u/odd200", "site_changed"),
        ("u/odd500", "http"),
    ] {
        let error = fails(&qetch, &format!("https://pixeldrain.com/{link}")).await;
        assert_eq!(error.code(), expected, "{link}: {error}");
    }
}

#[test]
fn pages_of_the_site_and_look_alikes_are_not_claimed() {
    for link in [
        "https://pixeldrain.com/",
        "https://pixeldrain.com/about",
        "https://notpixeldrain.com/u/jW9E6s4h",
        "https://pixeldrain.com@evil.example/u/jW9E6s4h",
    ] {
        let claims = builtins().claims(&Url::parse(link).unwrap());
        assert!(claims.iter().all(|it| it.extractor.info().name() != "pixeldrain"), "{link}");
    }
}
