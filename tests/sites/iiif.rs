//! IIIF from cassettes: manifests of both versions, collections and pictures through the whole pipeline.

#[cfg(recorded)]
mod recorded;

use qetch::{Content, Error, Found, Kind, Qetch, Role, Variants};
use qetch_tests::{cassette, replayed::bring};
use serde_json::json;

fn site(name: &str) -> Qetch {
    cassette::replay(&format!("iiif/{name}")).build()
}

/// All that is found behind `link`: the resources, and the warnings and errors in their order.
async fn all(qetch: &Qetch, link: &str) -> (Vec<Variants>, Vec<String>) {
    let mut extraction = qetch.extract(link).await.unwrap();
    let (mut resources, mut told) = (Vec::new(), Vec::new());
    while let Some(found) = extraction.next().await {
        match found {
            Ok(Found::Variants(variants)) => resources.push(variants),
            Ok(Found::Warning(warning)) => told.push(warning.message),
            Ok(other) => panic!("{other:?}"),
            Err(error) => told.push(format!("{}: {error}", error.code())),
        }
    }
    (resources, told)
}

/// What `link` fails with: at once, or where it is read.
async fn fails(qetch: &Qetch, link: &str) -> Error {
    match qetch.extract(link).await {
        Err(error) => error,
        Ok(mut extraction) => extraction.next_variants().await.expect_err(link),
    }
}

/// The links of contents.
fn links(contents: &[Content]) -> Vec<&str> {
    contents.iter().map(|content| content.fragments[0].url.as_str()).collect()
}

fn titles(resources: &[Variants]) -> Vec<&str> {
    resources.iter().map(|it| it.best().title.as_deref().unwrap_or_default()).collect()
}

/// The place of a resource: its index, and how many there are.
fn place(variants: &Variants) -> (Option<u64>, Option<u64>) {
    variants.collection.as_ref().map_or((None, None), |it| (it.index, it.count))
}

fn check_uids(resources: &[Variants]) {
    let mut uids: Vec<_> = resources
        .iter()
        .flat_map(|it| it.contents().iter().chain(&it.companions))
        .map(|it| &it.uid)
        .collect();
    let count = uids.len();
    uids.sort_unstable();
    uids.dedup();
    assert_eq!(uids.len(), count, "{uids:?}");
}

const BOOK: &str = "https://library.example/frogs/manifest";

#[tokio::test]
async fn a_book_is_its_pages_each_at_the_largest_that_its_server_gives() {
    let qetch = site("book");
    let (pages, told) = all(&qetch, BOOK).await;
    assert_eq!(titles(&pages), ["p. 1", "p. 2", "p. 4: Daylight", "p. 4: X-ray", "p. 5"]);
    assert_eq!(pages.iter().map(place).map(|(index, _)| index.unwrap()).collect::<Vec<_>>(), [1, 2, 4, 4, 5]);
    check_uids(&pages);

    let first = &pages[0];
    let expected = [
        "https://images.example/frog-1/full/max/0/default.jpg",
        "https://images.example/frog-1/full/1000,750/0/default.jpg",
        "https://images.example/frog-1/full/250,187/0/default.jpg",
        "https://library.example/frogs/cover-small.jpg",
    ];
    assert_eq!(links(first.contents()), expected);
    let best = first.best();
    assert_eq!((best.width, best.height, best.kind), (Some(2000), Some(1500), Kind::Image));
    assert_eq!(best.metadata["full_size"], json!({"width": 4000, "height": 3000, "only_in_tiles": true}));
    assert_eq!((best.extractor.as_str(), best.source.as_str()), ("iiif", BOOK));
    assert_eq!(first.contents()[3].role, Role::Thumbnail);
    assert_eq!(bring(&qetch, best).await.unwrap().1, b"\xff\xd8\xff\xe0\0\x10JFIF frog");

    // A page whose annotations stand elsewhere, and whose picture is of version 2.
    let second = &pages[1];
    let expected = [
        "https://images.example/frog-2/full/full/0/default.jpg",
        "https://images.example/frog-2/full/100,/0/default.jpg",
    ];
    assert_eq!(links(second.contents()), expected);
    assert_eq!((second.best().width, second.contents()[1].role), (Some(4000), Role::Thumbnail));

    // A file without a server for its sizes, of which a part is painted once more.
    let file = pages[4].best();
    assert_eq!(file.fragments[0].url.as_str(), "https://library.example/frogs/5.tif");
    assert_eq!((file.width, file.content_type.as_deref()), (Some(800), Some("image/tiff")));
    assert_eq!(file.metadata["canvasMetadata"], json!({"Ink": "Green"}));

    let [missing, broken] = &told[..] else { panic!("{told:?}") };
    assert!(missing.contains("painted on the canvas p. 3 ($.items[2])"), "{missing}");
    assert!(broken.contains("images.example/frog-4b does not tell its sizes"), "{broken}");
    assert_eq!(links(pages[3].contents()), ["https://images.example/frog-4b/full/max/0/default.jpg"]);
}

#[tokio::test]
async fn what_a_manifest_tells_of_itself_goes_with_each_page() {
    let (pages, _) = all(&site("book"), BOOK).await;
    let best = pages[0].best();
    assert_eq!(pages[0].collection.as_ref().unwrap().title.as_deref(), Some("Frogs"));
    assert_eq!(best.description.as_deref(), Some("A book of frogs & toads."));
    assert_eq!(best.uploaded_by.as_deref(), Some("The Pond Library"));
    let metadata = &best.metadata;
    assert_eq!(metadata["metadata"], json!({"Author": "A. Heron", "Date": "1901; 1902"}));
    assert_eq!(metadata["requiredStatement"], "Attribution: The Pond Library");
    assert_eq!(metadata["rights"], "http://creativecommons.org/publicdomain/mark/1.0/");
    assert_eq!(metadata["provider"], "The Pond Library");
    assert_eq!(
        (&metadata["manifest"], &metadata["canvas"]),
        (&json!(BOOK), &json!("https://library.example/frogs/canvas/1"))
    );
    let pdf =
        json!([{"id": "https://library.example/frogs.pdf", "label": "PDF", "format": "application/pdf"}]);
    assert_eq!(metadata["rendering"], pdf);
    let chapters: Vec<_> = pages.iter().map(|page| page.best().metadata.get("chapters").cloned()).collect();
    let chapter = |title: &str| Some(json!([{"title": title, "within": ["Contents"]}]));
    assert_eq!(
        chapters,
        [chapter("Tadpoles"), chapter("Tadpoles"), chapter("Toads"), chapter("Toads"), None]
    );
}

#[tokio::test]
async fn the_uids_are_the_same_each_time() {
    let uids = async || {
        let (pages, _) = all(&site("book"), BOOK).await;
        pages.iter().flat_map(|page| page.contents().iter().map(|it| it.uid.clone())).collect::<Vec<_>>()
    };
    let first = uids().await;
    assert_eq!(first, uids().await);
    assert!(first[0].starts_with("1-") && first[0].ends_with("-max"), "{first:?}");
    assert!(first[1].ends_with("-1000x750"), "{first:?}");
}

#[tokio::test]
async fn a_page_is_asked_for_when_its_turn_comes() {
    let whole = cassette::read("iiif/book").to_string();
    let rest = whole.find("=== GET https://images.example/frog-2/info.json").unwrap();
    let qetch = cassette::of(qetch::Cassette::parse("first pages", &whole[..rest]).unwrap()).build();
    let mut extraction = qetch.extract(BOOK).await.unwrap();
    assert_eq!(extraction.next_variants().await.unwrap().unwrap().best().title.as_deref(), Some("p. 1"));
    let error = extraction.next_variants().await.unwrap_err();
    assert_eq!(error.code(), "not_recorded", "{error}");
    assert!(error.to_string().contains("frog-2"), "{error}");
}

#[tokio::test]
async fn a_manifest_of_version_2_is_read_as_well() {
    let (pages, told) = all(&site("version2"), "https://library.example/toads/manifest.json").await;
    assert_eq!(told, [""; 0]);
    assert_eq!(titles(&pages), ["f. 1r", "f. 2r", "f. 3r: In the light", "f. 3r: In the dark", "f. 4r"]);
    check_uids(&pages);
    let expected = [
        "https://images.example/toad-1/full/max/0/default.jpg",
        "https://images.example/toad-1/full/90,/0/default.jpg",
    ];
    assert_eq!(links(pages[0].contents()), expected);
    assert_eq!((pages[0].best().width, pages[0].best().height), (Some(1000), Some(750)));
    // The file that is listed is another than what the server makes of it, and as large.
    let expected = [
        "https://images.example/toad-2/full/full/0/default.jpg",
        "https://library.example/toads/2.tif",
        "https://images.example/toad-2/full/400,300/0/default.jpg",
    ];
    assert_eq!(links(pages[1].contents()), expected);
    // A server of version 1 is not asked.
    assert_eq!(links(pages[4].contents()), ["https://images.example/toad-4/full/full/0/default.jpg"]);

    let best = pages[0].best();
    assert_eq!(pages[0].collection.as_ref().unwrap().title.as_deref(), Some("Toads"));
    assert_eq!(best.description.as_deref(), Some("Toads by hand"));
    assert_eq!(best.metadata["requiredStatement"], "The Pond Library");
    assert_eq!(best.metadata["rights"], "http://creativecommons.org/publicdomain/mark/1.0/");
    assert_eq!(best.metadata["metadata"], json!({"Hand": "A. Heron; B. Stork"}));
    assert_eq!(best.metadata["chapters"], json!([{"title": "Warts", "within": ["Contents"]}]));
}

#[tokio::test]
async fn recordings_have_their_choices_as_qualities_and_captions_posters_and_chapters() {
    let qetch = site("recordings");
    let (found, told) = all(&qetch, "https://library.example/songs/manifest.json").await;
    check_uids(&found);
    assert_eq!(titles(&found), ["Side 1", "Side 2", "Side 2", "Side 4", "Side 5"]);

    let song = &found[0];
    let expected = [
        "https://media.example/1.mp3?token=a",
        "https://media.example/1.flac",
        "https://media.example/score.png",
    ];
    assert_eq!(links(song.contents()), expected);
    let roles: Vec<_> = song.contents().iter().map(|it| (it.kind, it.role, it.duration)).collect();
    let expected = [
        (Kind::Audio, Role::Main, Some(200.5)),
        (Kind::Audio, Role::Main, Some(200.5)),
        (Kind::Image, Role::Poster, None),
    ];
    assert_eq!(roles, expected);
    assert_eq!(song.best().metadata["navDate"], "1968-01-01T00:00:00Z");
    assert_eq!(bring(&qetch, &song.contents()[1]).await.unwrap().1, b"fLaC frogs");

    let (first, second) = (&found[1], &found[2]);
    assert_eq!((first.best().width, first.best().duration), (Some(640), Some(120.0)));
    let opera = |chapters: &[(&str, f64, f64)]| {
        let told = |(title, start, end): &(&str, f64, f64)| json!({"title": title, "within": ["Opera"], "start": start, "end": end});
        json!(chapters.iter().map(told).collect::<Vec<_>>())
    };
    assert_eq!(first.best().metadata["chapters"], opera(&[("Prelude", 0.0, 30.0), ("Storm", 110.0, 120.0)]));
    assert_eq!(second.best().metadata["chapters"], opera(&[("Storm", 0.0, 30.0)]));
    let captions: Vec<_> = first.companions.iter().map(|it| (it.role, it.language.as_deref())).collect();
    assert_eq!(
        captions,
        [(Role::Caption, Some("en")), (Role::Caption, Some("it")), (Role::Caption, Some("de"))]
    );
    assert!(second.companions.is_empty());

    // A stream is handed off, with what is known of it.
    let stream = &found[4];
    assert_eq!((stream.best().extractor.as_str(), place(stream)), ("generic", (Some(5), Some(5))));
    let [kept] = &told[..] else { panic!("{told:?}") };
    assert!(kept.starts_with("login_required: "), "{kept}");
}

#[tokio::test]
async fn a_collection_is_its_manifests_and_what_fails_does_not_end_it() {
    let (found, told) = all(&site("collection"), "https://library.example/iiif/collection/top").await;
    assert_eq!(titles(&found), ["newt", "olm", "eft"]);
    let collection = found[0].collection.clone().unwrap();
    assert_eq!(
        (collection.title.as_deref(), collection.index, collection.count),
        (Some("The pond"), Some(1), Some(4))
    );
    assert_eq!(found[0].best().metadata["navDate"], "1901-01-01T00:00:00Z");
    // One that stands within in full is no request; one that leads back is refused.
    assert_eq!((place(&found[1]), place(&found[2])), ((Some(3), Some(4)), (Some(2), Some(2))));
    let codes: Vec<_> = told.iter().map(|told| told.split(':').next().unwrap()).collect();
    assert_eq!(codes, ["gone", "over_limit"]);
}

#[tokio::test]
async fn a_collection_in_pages_is_read_page_by_page() {
    const LINK: &str = "https://library.example/paged/collection.json";
    let (found, told) = all(&site("paged"), LINK).await;
    assert_eq!((titles(&found), told), (vec!["newt", "olm", "eft"], vec![]));
    assert_eq!(found.iter().map(place).collect::<Vec<_>>(), [1, 2, 3].map(|index| (Some(index), Some(3))));

    let whole = cassette::read("iiif/paged").to_string();
    let second = whole.find("=== GET https://library.example/paged/2").unwrap();
    let after = second + whole[second..].find("=== GET https://library.example/newt").unwrap();
    let text = format!("{}{}", &whole[..second], &whole[after..]);
    let qetch = cassette::of(qetch::Cassette::parse("first page", &text).unwrap()).build();
    let (found, told) = all(&qetch, LINK).await;
    assert_eq!(titles(&found), ["newt", "olm"]);
    assert!(told[0].starts_with("not_recorded") && told.len() == 1, "{told:?}");
}

#[tokio::test]
async fn a_picture_is_found_by_its_info() {
    let qetch = site("picture");
    let (found, told) = all(&qetch, "https://images.example/newt/info.json").await;
    assert_eq!((found.len(), told), (1, vec![]));
    let newt = &found[0];
    let expected = [
        "https://images.example/newt/full/full/0/default.jpg",
        "https://images.example/newt/full/400,300/0/default.jpg",
    ];
    assert_eq!((links(newt.contents()), newt.best().title.as_deref()), (expected.to_vec(), Some("newt")));
    assert_eq!(bring(&qetch, newt.worst()).await.unwrap().1, b"\xff\xd8\xff\xe0\0\x10JFIF frog");

    let (found, _) = all(&qetch, "https://images.example/large/info.json").await;
    let large = found[0].best();
    assert_eq!(large.fragments[0].url.as_str(), "https://images.example/large/full/max/0/default.png");
    assert_eq!((large.width, large.height), (Some(400), Some(300)));
    assert_eq!(large.metadata["full_size"]["width"], 4000);
}

#[tokio::test]
async fn the_link_of_a_viewer_is_the_manifest_it_shows() {
    for link in [
        "https://viewer.example/?manifest=https://library.example/frogs/manifest",
        "https://viewer.example/uv.html#?c=0&manifest=https%3A%2F%2Flibrary.example%2Ffrogs%2Fmanifest",
        "https://viewer.example/embed?iiif-content=https://library.example/frogs/manifest",
    ] {
        let mut extraction = site("book").extract(link).await.unwrap();
        let first = extraction.next_variants().await.unwrap().unwrap();
        assert_eq!(first.best().source.as_str(), BOOK, "{link}");
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_told_by_kind() {
    let qetch = site("errors");
    for (link, code, part) in [
        ("https://library.example/missing/manifest", "not_found", ""),
        ("https://images.example/old/info.json", "unsupported", "version 1 of IIIF"),
        ("https://library.example/old/manifest.json", "unsupported", "version 1 of IIIF"),
        ("https://library.example/list/manifest", "unsupported", "(AnnotationList)"),
        ("https://library.example/films/manifest", "unsupported", "IxIF"),
        ("https://library.example/bare/manifest", "site_changed", "at $.items"),
        ("https://library.example/cut/manifest", "site_changed", "at $"),
        ("https://library.example/empty/manifest", "not_found", "in the manifest /empty/manifest"),
        (
            "https://library.example/hollow/manifest",
            "site_changed",
            "at $.items[0].items[0].items[0].body.id",
        ),
        ("https://library.example/none/collection.json", "site_changed", "at $.items"),
        ("https://library.example/nothing/collection.json", "not_found", "collection"),
        ("https://images.example/flat/info.json", "site_changed", "at $.width"),
        ("https://images.example/kept/info.json", "login_required", ""),
        ("https://images.example/login/info.json", "login_required", "images.example"),
    ] {
        let error = fails(&qetch, link).await;
        assert_eq!(error.code(), code, "{link}: {error}");
        assert!(error.to_string().contains(part), "{link}: {error}");
    }
    // What is not recognised is left to others.
    let app = qetch.extract("https://library.example/app/manifest.json").await.unwrap().next_variants().await;
    assert_eq!(app.unwrap().unwrap().best().extractor, "generic");
    // A viewer may name what is no manifest.
    let error = fails(&qetch, "https://viewer.example/?manifest=https://library.example/page/manifest").await;
    assert_eq!(error.code(), "unsupported", "{error}");
    assert!(error.to_string().contains("no IIIF document"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn pages_that_are_kept_from_strangers_do_not_end_the_others() {
    let (found, told) = all(&site("errors"), "https://library.example/kept/manifest").await;
    assert_eq!(titles(&found), ["p. 3"]);
    let codes: Vec<_> = told.iter().map(|told| told.split(':').next().unwrap()).collect();
    assert_eq!(codes, ["login_required", "private", "rate_limited"]);
}
