//! catbox.moe and Litterbox from cassettes.

use qetch::{Kind, Qetch};
use qetch_tests::{
    cassette,
    replayed::{bring, fails, one, resources, told},
};

fn site(name: &str) -> Qetch {
    cassette::replay(&format!("catbox/{name}")).build()
}

#[tokio::test]
async fn an_album_is_its_files_in_order() {
    let qetch = site("album");
    let found = resources(&qetch, "https://www.catbox.moe/c/1frogs").await;
    let listed: Vec<_> = found.iter().map(|it| (it.best().uid.as_str(), it.best().kind)).collect();
    let expected = [
        ("a1b2c3-png", Kind::Image),
        ("d4e5f6-webm", Kind::Video),
        ("g7h8i9-tar-gz", Kind::Other),
        ("j0k1l2", Kind::Other),
    ];
    assert_eq!(listed, expected);
    let collection = found[1].collection.as_ref().unwrap();
    assert_eq!(
        (collection.title.as_deref(), collection.index, collection.count),
        (Some("Frogs"), Some(2), Some(4))
    );
    let first = found[0].best();
    assert_eq!((first.extractor.as_str(), first.content_type.as_deref()), ("catbox", Some("image/png")));
    assert_eq!(first.description.as_deref(), Some("Green & small"));
    assert_eq!(
        (&first.metadata["album"], &first.metadata["datecreated"]),
        (&"1frogs".into(), &"2022-08-18".into())
    );

    let (_, bytes) = bring(&qetch, first).await.unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    // Extracting the source of a file of an album finds the same file.
    assert_eq!(one(&qetch, first.source.as_str()).await.best().uid, first.uid);
}

#[tokio::test]
async fn a_file_is_told_of_by_its_first_answer() {
    let qetch = site("album");
    for link in ["https://files.catbox.moe/a1b2c3.png", "https://de.catbox.moe/a1b2c3.png"] {
        let file = one(&qetch, link).await;
        let file = file.best();
        assert_eq!(
            (file.uid.as_str(), file.kind, file.extension.as_deref()),
            ("a1b2c3-png", Kind::Image, Some("png"))
        );
        assert_eq!(file.fragments[0].url.as_str(), link);
        let (_, bytes) = bring(&qetch, file).await.unwrap();
        assert!(bytes.starts_with(b"\x89PNG"));
    }
    let file = one(&qetch, "https://files.catbox.moe/a1b2c3.png").await;
    assert_eq!(file.best().uploaded_date.unwrap().to_string(), "2022-08-18T21:25:48Z");

    let nameless = one(&qetch, "https://files.catbox.moe/j0k1l2").await;
    assert_eq!(
        (nameless.best().kind, nameless.best().content_type.as_deref()),
        (Kind::Video, Some("video/webm"))
    );

    let litter = one(&qetch, "https://litter.catbox.moe/t8v3n9.png").await;
    assert_eq!((litter.best().uid.as_str(), litter.best().expires), ("litter-t8v3n9-png", None));
    assert_eq!(litter.best().metadata["temporary"], true);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_had_is_told_by_kind() {
    let qetch = site("errors");
    for (link, code, part) in [
        ("https://catbox.moe/c/1gones", "not_found", "catbox album 1gones was not found"),
        ("https://catbox.moe/c/1plain", "not_found", "catbox album 1plain was not found"),
        ("https://catbox.moe/c/1false", "not_found", "catbox album 1false was not found"),
        ("https://catbox.moe/c/1inner", "over_capacity", "catbox.moe"),
        ("https://catbox.moe/c/1often", "rate_limited", "catbox.moe"),
        ("https://catbox.moe/c/1empty", "not_found", "a file of catbox album 1empty"),
        ("https://catbox.moe/c/1wrong", "site_changed", "$.data.files"),
        ("https://catbox.moe/c/1bares", "site_changed", "missing at $.data.files"),
        ("https://catbox.moe/c/1nones", "site_changed", "missing at $.data"),
        ("https://catbox.moe/c/1pages", "site_changed", "$"),
        ("https://catbox.moe/c/1busys", "over_capacity", "catbox.moe"),
        ("https://files.catbox.moe/p6q7r8.png", "not_found", "catbox file p6q7r8.png was not found"),
        ("https://files.catbox.moe/s9t0u1.png", "over_capacity", "files.catbox.moe"),
        ("https://files.catbox.moe/v2w3x4.png", "bad_reply", "a page in its place"),
        ("https://litter.catbox.moe/y5z6a7.png", "gone", "three days at most, is gone"),
    ] {
        let error = fails(&qetch, link).await;
        assert_eq!(error.code(), code, "{link}: {error}");
        assert!(error.to_string().contains(part), "{link}: {error}");
    }
    let (found, warnings) = told(&qetch, "https://catbox.moe/c/1partl").await;
    assert_eq!((found.len(), found[0].best().uid.as_str()), (1, "m3n4o5-mp3"));
    assert_eq!(warnings, ["catbox: files of catbox album 1partl whose name leads nowhere are left out: 1"]);
    // The last of them: from then on the host is not asked.
    assert_eq!(fails(&qetch, "https://catbox.moe/c/1limit").await.code(), "rate_limited");
}

#[test]
fn pages_of_the_site_and_look_alikes_are_not_claimed() {
    let qetch = Qetch::builder().build();
    for link in [
        "https://catbox.moe/",
        "https://catbox.moe/faq.php",
        "https://catbox.moe/a1b2c3.png",
        "https://catbox.moe.evil.test/c/1frogs",
        "https://files.catbox.moe/a1b2c3/d.png",
        "https://litterbox.catbox.moe/",
    ] {
        let claims = qetch.registry().claims(&link.parse().unwrap());
        assert!(claims.iter().all(|it| it.extractor.info().name() != "catbox"), "{link}");
    }
}
