//! Tests of what needs no network: the links, and what an answer is made into. The answers are synthetic, from the
//! documentation of the metadata API; those of whole extractions stand in `fixtures/archive_org`.

use qetch_core::{Claim, Content, Kind, Role};
use serde_json::{Value, json};

use super::{asked::Asked, *};

/// The item that an answer with these files tells of.
fn item(metadata: impl Into<Value>, files: impl Into<Value>) -> Result<Item> {
    let answer = json!({"metadata": metadata.into(), "files": files.into()});
    let reply: Reply = serde_json::from_value(answer).unwrap();
    reply.item("pond")
}

fn film(files: Value) -> Item {
    item(json!({"identifier": "pond", "mediatype": "movies", "title": "A pond"}), files).unwrap()
}

/// What is found where `asked` is asked for.
fn found(item: Item, asked: &Asked) -> Result<Vec<Variants>> {
    let source = Url::parse("https://archive.org/details/pond").unwrap();
    let mut extraction = ArchiveOrg::new().found(item, asked, &source)?;
    let mut found = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    while let Some(variants) = runtime.block_on(extraction.next_variants())? {
        found.push(variants);
    }
    Ok(found)
}

fn names(contents: &[Content]) -> Vec<&str> {
    contents.iter().map(|content| content.uid.strip_prefix("pond/").unwrap()).collect()
}

/// The names of every resource's renditions.
fn all(item: Item) -> Vec<Vec<String>> {
    let owned = |variants: &Variants| names(variants.contents()).into_iter().map(str::to_owned).collect();
    found(item, &Asked::All).unwrap().iter().map(owned).collect()
}

#[test]
fn every_form_of_link_leads_to_its_item() {
    let archive = ArchiveOrg::new();
    let check = |link: &str, handle: &str, id: &str, path: Option<&str>| {
        let url = Url::parse(link).unwrap();
        assert_eq!(archive.can_handle(&url), Claim::Yes(handle.into()), "{link}");
        let found = archive.info().handles().find(&url).unwrap();
        assert_eq!((&found["item"], found.get("path")), (id, path), "{link}");
    };
    check("http://archive.org/details/Pond_1-2.x", "item", "Pond_1-2.x", None);
    check("https://www.archive.org/details/pond/", "item", "pond", None);
    check("https://archive.org/details/pond?view=theater#reviews", "item", "pond", None);
    check("https://archive.org/details/pond//", "item", "pond", None);
    check("https://archive.org/details/pond/disc1/a+b%2Cc.mp3", "item", "pond", Some("disc1/a+b%2Cc.mp3"));
    check("https://archive.org/details/pond/page/n5/mode/2up?q=x", "item", "pond", Some("page/n5/mode/2up"));
    check("https://archive.org/embed/pond", "item", "pond", None);
    check("https://archive.org/embed/pond/a.mp4?start=5", "item", "pond", Some("a.mp4"));
    check("https://archive.org/stream/pond/pond_djvu.txt", "item", "pond", Some("pond_djvu.txt"));
    check("https://archive.org/stream/pond#page/n5/mode/2up", "item", "pond", None);
    check("https://archive.org/metadata/pond", "metadata", "pond", None);
    check("https://archive.org/metadata/pond/files", "metadata", "pond", None);
    check("https://archive.org/download/pond/", "download", "pond", None);
    check("https://archive.org/download/pond/a%20b.mp4", "download", "pond", Some("a%20b.mp4"));
    check("https://archive.org/serve/pond/a.mp4", "download", "pond", Some("a.mp4"));
    check("https://ia902606.us.archive.org/7/items/pond/a.mp4", "node", "pond", Some("a.mp4"));
    check("http://dn720308.ca.archive.org/0/items/pond/", "node", "pond", None);
    let url = Url::parse("https://archive.org/details/pond/a/b.mpg").unwrap();
    assert_eq!(&archive.info().handles().find(&url).unwrap()["id"], "pond/a/b.mpg");
}

#[test]
fn nothing_else_is_claimed() {
    let archive = ArchiveOrg::new();
    for link in [
        "https://archive.org/",
        "https://archive.org/details/",
        "https://archive.org/details/a%20pond",
        "https://archive.org/details/pond&reCache=1",
        "https://archive.org/metadata/pond/metadata/title",
        "https://archive.org/services/img/pond",
        "https://archive.org:8080/details/pond",
        "ftp://archive.org/details/pond",
        "https://web.archive.org/web/2020/https://archive.org/details/pond",
        "https://us.archive.org/7/items/pond/a.mp4",
        "https://ia1.us.archive.org/details/pond",
        "https://notarchive.org/details/pond",
        "https://archive.org.evil.test/details/pond",
        "https://archive.org@evil.test/details/pond",
        "https://evil.test/?u=https://archive.org/details/pond",
        "https://ia1.us.archive.org.evil.test/7/items/pond/a.mp4",
    ] {
        assert_eq!(archive.can_handle(&Url::parse(link).unwrap()), Claim::No, "{link}");
    }
}

#[test]
fn an_original_stands_with_what_was_made_from_it() {
    let item = film(json!([
        {"name": "pond.thumbs/pond_000001.jpg", "source": "derivative", "original": "pond.mpeg", "format": "Thumbnail"},
        {"name": "pond.gif", "source": "derivative", "original": "pond.mpeg", "format": "Animated GIF"},
        {"name": "pond_512kb.mp4", "source": "derivative", "original": "pond.mpeg", "format": "512Kb MPEG4",
         "width": "320", "height": "240"},
        {"name": "pond.ogv", "source": "derivative", "original": "pond.mpeg", "format": "Ogg Video",
         "width": 400, "height": 300},
        {"name": "pond.mp4", "source": "derivative", "original": "pond.mpeg", "format": "h.264",
         "width": "640", "height": "480"},
        {"name": "pond.mpeg", "source": "original", "format": "MPEG2"},
        {"name": "__ia_thumb.jpg", "source": "original", "format": "Item Tile"},
        {"name": "pond_meta.xml", "source": "original", "format": "Metadata"},
        {"name": "pond_archive.torrent", "source": "metadata", "format": "Archive BitTorrent"},
        {"name": "pond.asr.srt", "source": "derivative", "original": "pond.mpeg", "format": "SubRip"},
        {"name": "pond.de.vtt", "source": "original", "format": "Web Video Text Tracks"}
    ]));
    let found = found(item, &Asked::All).unwrap();
    let [variants] = &found[..] else { panic!("{found:?}") };
    // What was uploaded is the best, though it tells no pixels; pictures of it come last.
    let expected = [
        "pond.mpeg",
        "pond.mp4",
        "pond.ogv",
        "pond_512kb.mp4",
        "pond.gif",
        "__ia_thumb.jpg",
        "pond.thumbs/pond_000001.jpg",
    ];
    assert_eq!(names(variants.contents()), expected);
    let roles = variants.contents().iter().filter(|content| content.role == Role::Thumbnail);
    assert_eq!(roles.count(), 3);
    assert_eq!(variants.worst().uid, "pond/pond_512kb.mp4");
    assert_eq!((variants.best().title.as_deref(), &variants.collection), (Some("A pond"), &None));
    let captions: Vec<_> =
        variants.companions.iter().map(|it| (it.uid.as_str(), it.role, it.language.as_deref())).collect();
    let expected =
        [("pond/pond.asr.srt", Role::Caption, None), ("pond/pond.de.vtt", Role::Caption, Some("de"))];
    assert_eq!(captions, expected);
}

#[test]
fn an_original_of_another_kind_is_not_put_first_and_may_be_gone() {
    let item = film(json!([
        {"name": "a.gif", "source": "original", "format": "Animated GIF"},
        {"name": "a.mp4", "source": "derivative", "original": "a.gif", "format": "h.264"},
        {"name": "b.jpg", "source": "derivative", "original": "of-which-nothing-is-told.tif", "format": "JPEG"}
    ]));
    assert_eq!(all(item), [["a.mp4", "a.gif"].as_slice(), &["b.jpg"]]);
}

#[test]
fn what_was_made_from_what_was_made_belongs_to_the_first() {
    let item = item(
        json!({"mediatype": "texts"}),
        json!([
            {"name": "a_djvu.txt", "source": "derivative", "original": "a_djvu.xml", "format": "DjVuTXT"},
            {"name": "a_djvu.xml", "source": "derivative", "original": "a_abbyy.gz", "format": "Djvu XML"},
            {"name": "a_abbyy.gz", "source": "derivative", "original": "a_jp2.zip", "format": "Abbyy GZ"},
            {"name": "a_jp2.zip", "source": "derivative", "original": "a_images.zip", "format": "Single Page Processed JP2 ZIP"},
            {"name": "a.epub", "source": "derivative", "original": ["a_djvu.xml", "b"], "format": "EPUB"},
            {"name": "a.pdf", "source": "derivative", "original": "a_djvu.xml", "format": "Text PDF"},
            {"name": "a_page_numbers.json", "source": "derivative", "original": "a_djvu.xml"},
            {"name": "b.pdf", "source": "original", "format": "Text PDF"},
            {"name": "b.epub", "source": "derivative", "original": "c.xml", "format": "EPUB"},
            {"name": "c.xml", "source": "derivative", "original": "b.epub", "format": "Djvu XML"}
        ]),
    );
    // A circle belongs to what its names begin with, and a root that is not there is one all the same.
    let found = found(item.unwrap(), &Asked::All).unwrap();
    let listed: Vec<_> = found.iter().map(|variants| names(variants.contents())).collect();
    assert_eq!(listed, [["a.pdf", "a.epub", "a_djvu.txt"].as_slice(), &["b.pdf", "b.epub"]]);
    assert_eq!(found[0].best().kind, Kind::Text);
}

#[test]
fn the_oldest_items_do_not_tell_what_was_made_from_what() {
    let item = film(json!([
        {"name": "pond_512kb.mp4", "source": "derivative"},
        {"name": "pond_part_2_512kb.mp4", "source": "derivative"},
        {"name": "pond.mpeg", "source": "original"},
        {"name": "pond_part_2.mpeg", "source": "original"},
        {"name": "other.mp4", "source": "derivative"}
    ]));
    let expected = [
        ["other.mp4"].as_slice(),
        &["pond.mpeg", "pond_512kb.mp4"],
        &["pond_part_2.mpeg", "pond_part_2_512kb.mp4"],
    ];
    assert_eq!(all(item), expected);
}

#[test]
fn tracks_order_the_resources_unless_they_begin_again() {
    let check = |files: Value, expected: &[&str]| {
        let found = found(film(files), &Asked::All).unwrap();
        assert_eq!(found.iter().map(|it| it.best().uid.as_str()).collect::<Vec<_>>(), expected);
        let places: Vec<_> = found.iter().map(|it| it.collection.as_ref().unwrap().index.unwrap()).collect();
        assert_eq!(places, (1..=expected.len() as u64).collect::<Vec<_>>());
        assert_eq!(
            found[0].collection,
            Some(Collection::new("A pond").with_index(1).with_count(expected.len() as u64))
        );
    };
    check(
        json!([
            {"name": "cover.jpg"}, {"name": "bonus.flac"}, {"name": "a.flac", "track": "10/12"}, {"name": "b.flac", "track": "02"},
            {"name": "c.flac"}, {"name": "c.mp3", "source": "derivative", "original": "c.flac", "track": 1}
        ]),
        &["pond/c.flac", "pond/b.flac", "pond/a.flac", "pond/bonus.flac", "pond/cover.jpg"],
    );
    check(
        json!([
            {"name": "d2/1.flac", "track": "1"}, {"name": "d1/10.flac", "track": "10"}, {"name": "d1/9.flac", "track": "1"}
        ]),
        &["pond/d1/9.flac", "pond/d1/10.flac", "pond/d2/1.flac"],
    );
    check(
        json!([
            {"name": "a.flac", "track": "1", "disc": "2"}, {"name": "b.flac", "track": "2", "disc": "1"},
            {"name": "c.flac", "track": "1", "disc": "1/2"}
        ]),
        &["pond/c.flac", "pond/b.flac", "pond/a.flac"],
    );
}

#[test]
fn captions_go_with_what_they_are_named_after() {
    let item = film(json!([
        {"name": "a.mp4"}, {"name": "b.mp4"}, {"name": "b.pt-BR.srt"}, {"name": "a.srt"}, {"name": "c.srt"}, {"name": "notes.txt"}
    ]));
    let found = found(item, &Asked::All).unwrap();
    let listed: Vec<_> = found.iter().map(|it| (names(it.contents()), names(&it.companions))).collect();
    assert_eq!(listed, [(vec!["a.mp4"], vec!["a.srt"]), (vec!["b.mp4"], vec!["b.pt-BR.srt"])]);
    assert_eq!(found[1].companions[0].language.as_deref(), Some("pt-BR"));

    let only = film(json!([{"name": "a.mp4"}, {"name": "english.srt"}]));
    assert_eq!(names(&self::found(only, &Asked::All).unwrap()[0].companions), ["english.srt"]);
}

#[test]
fn notes_are_resources_of_texts_alone_and_anything_is_where_there_is_nothing_else() {
    let files = || json!([{"name": "a.txt"}, {"name": "a.mp3"}, {"name": "a.zip"}]);
    let of = |mediatype: &str, files| all(item(json!({"mediatype": mediatype}), files).unwrap());
    assert_eq!(of("audio", files()), [["a.mp3"]]);
    assert_eq!(of("texts", files()), [["a.txt"], ["a.mp3"]]);
    assert_eq!(of("data", json!([{"name": "a.txt"}, {"name": "a.zip"}])), [["a.txt"]]);
    let software = json!([
        {"name": "b.iso"}, {"name": "a.zip"}, {"name": "a.json", "source": "derivative"}, {"name": "pond_meta.xml", "format": "Metadata"}
    ]);
    let found = found(item(json!({"mediatype": "software"}), software).unwrap(), &Asked::All).unwrap();
    assert_eq!(
        found.iter().map(|it| it.best().uid.as_str()).collect::<Vec<_>>(),
        ["pond/a.zip", "pond/b.iso"]
    );
    assert_eq!((found[0].best().kind, found[0].best().extension.as_deref()), (Kind::Other, Some("zip")));
}

#[test]
fn a_link_to_a_file_of_the_page_is_its_resource_and_one_to_download_it_the_file() {
    let files = || {
        json!([
            {"name": "disc 1/01. A+B.flac", "source": "original", "title": "One"}, {"name": "disc 1/01. A+B.mp3",
             "source": "derivative", "original": "disc 1/01. A+B.flac"},
            {"name": "disc 2/01.flac", "source": "original"}, {"name": "scans.zip", "source": "original"},
            {"name": "pond_files.xml", "source": "metadata", "format": "Metadata", "size": "9",
             "md5": "00000000000000000000000000000000", "summation": "md5"}
        ])
    };
    let check = |asked: Asked, expected: &[&[&str]]| {
        let found = found(film(files()), &asked).unwrap();
        let listed: Vec<_> = found.iter().map(|it| names(it.contents())).collect();
        assert_eq!(listed, expected, "{asked:?}");
        found
    };
    let both = ["disc 1/01. A+B.flac", "disc 1/01. A+B.mp3"].as_slice();
    let resource = check(Asked::entry("disc%201/01.%20A+B.mp3"), &[both]);
    assert_eq!(resource[0].collection, Some(Collection::new("A pond").with_index(1).with_count(2)));
    check(Asked::entry("disc+2/01.flac"), &[&["disc 2/01.flac"]]);
    check(Asked::entry("scans.zip"), &[&["scans.zip"]]);
    check(Asked::file("disc%201/01.%20A+B.mp3"), &[&["disc 1/01. A+B.mp3"]]);
    check(Asked::file("disc%201"), &[both]);
    check(Asked::entry("disc+2"), &[&["disc 2/01.flac"]]);

    // Its checksum is of the whole item, and no size is promised with it.
    let list = check(Asked::file("pond_files.xml"), &[&["pond_files.xml"]]);
    let list = list[0].best();
    assert_eq!((list.size, list.size_approx, list.checksums.len()), (None, Some(9), 0));

    let fails = |asked: Asked, code: &str, part: &str| {
        let error = found(film(files()), &asked).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(part), "{error}");
    };
    fails(Asked::file("disc+2/01.flac"), "not_found", "disc+2/01.flac of archive.org item pond");
    fails(Asked::entry("nothing.mp3"), "not_found", "nothing.mp3");
    fails(Asked::file("scans.zip/front.jpg"), "unsupported", "a file within scans.zip");
}

#[test]
fn a_link_into_a_book_is_the_book() {
    let files =
        || json!([{"name": "one.pdf", "source": "original"}, {"name": "vol 2.pdf", "source": "original"}]);
    let check = |path: &str, expected: &[&str]| {
        let book = item(json!({"mediatype": "texts"}), files()).unwrap();
        let found = found(book, &Asked::entry(path)).unwrap();
        assert_eq!(found.iter().map(|it| it.best().uid.as_str()).collect::<Vec<_>>(), expected, "{path}");
    };
    check("page/n5/mode/2up", &["pond/one.pdf", "pond/vol 2.pdf"]);
    check("mode/1up", &["pond/one.pdf", "pond/vol 2.pdf"]);
    check("vol%202/page/n5/mode/2up", &["pond/vol 2.pdf"]);
    check("one", &["pond/one.pdf"]);
}

#[test]
fn what_is_for_some_readers_is_told_and_the_rest_is_found() {
    let error = |metadata: Value, files: Value, asked: Asked| {
        let error = item(metadata, files).and_then(|item| found(item, &asked)).unwrap_err();
        (error.code(), error.to_string())
    };
    let lent = || {
        json!([
            {"name": "a.pdf", "source": "original", "format": "Text PDF", "private": "true"},
            {"name": "a_encrypted.pdf", "source": "derivative", "original": "a.pdf", "format": "ACS Encrypted PDF"},
            {"name": "a_lcp.epub", "source": "derivative", "original": "a.pdf", "format": "LCP Encrypted EPUB"},
            {"name": "__ia_thumb.jpg", "source": "original", "format": "Item Tile"},
            {"name": "a_dc.xml", "source": "original", "format": "Dublin Core"}, {"name": "a.md5", "source": "original"}
        ])
    };
    let restricted = || json!({"mediatype": "texts", "access-restricted-item": "true"});
    let (code, message) = error(restricted(), lent(), Asked::All);
    assert_eq!(
        (code, message.as_str()),
        ("private", "archive.org item pond, which is lent or kept to some readers, is private")
    );
    let (code, message) = error(json!({"mediatype": "texts"}), lent(), Asked::All);
    assert_eq!((code, message.as_str()), ("private", "every file of archive.org item pond is private"));
    assert_eq!(error(restricted(), lent(), Asked::file("a.pdf")).0, "private");
    let (code, message) = error(restricted(), lent(), Asked::file("a_lcp.epub"));
    assert_eq!(code, "drm");
    assert!(message.contains("LCP"), "{message}");
    assert_eq!(error(restricted(), lent(), Asked::entry("a_encrypted.pdf")).0, "drm");
    assert_eq!(error(json!({"mediatype": "movies"}), json!([]), Asked::All).0, "not_found");

    // Of a recording that is for listening alone a sample is for everyone: it stands for it, and is not it.
    let sampled = json!([
        {"name": "a.flac", "source": "original", "private": "true"},
        {"name": "a_sample.mp3", "source": "derivative", "original": "a.flac", "format": "MP3 Sample"}
    ]);
    assert_eq!(error(json!({"mediatype": "audio"}), sampled, Asked::All).0, "private");
    let some = film(json!([{"name": "a.mp4", "private": true}, {"name": "b.mp4"}]));
    let warnings = ArchiveOrg::new().warnings(&some, &Asked::All);
    assert_eq!(
        warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["archive_org: files of archive.org item pond that are kept to some readers are left out: 1"]
    );
    assert_eq!(all(some), [["b.mp4"]]);
}

#[test]
fn what_is_missing_is_told_with_its_path() {
    let check = |answer: Value, expected: &str| {
        let error = serde_json::from_value::<Reply>(answer).unwrap().item("pond").err().unwrap();
        assert_eq!(error.to_string(), expected);
    };
    check(json!({"created": 1}), "archive_org changed: missing at $.metadata");
    check(json!({"metadata": {}, "files": null}), "archive_org changed: missing at $.files");
    check(json!({"metadata": null, "files": []}), "archive_org changed: missing at $.metadata");
    check(
        json!({"metadata": {}, "files": [{"size": 1}, {"name": "../x.mp4"}]}),
        "archive_org changed: missing, or no name at $.files[0].name",
    );
    check(json!({"created": 1, "is_dark": true}), "archive.org item pond is gone");
    let item = film(json!([{"name": "a.mp4"}, {"name": "../b.mp4"}, {}]));
    let warning = ArchiveOrg::new().warnings(&item, &Asked::All)[0].to_string();
    assert_eq!(
        warning,
        "archive_org: files of archive.org item pond whose name leads nowhere are left out: 2"
    );
    assert_eq!(all(item), [["a.mp4"]]);
}

#[test]
fn size_and_checksums_stand_together() {
    let (md5, sha1) = ("0".repeat(32), "A".repeat(40));
    let found = found(
        film(json!([
            {"name": "a.mp4", "size": "7", "md5": md5, "sha1": sha1}, {"name": "b.mp4", "size": "7"},
            {"name": "c.mp4", "size": "7", "md5": "broken"}
        ])),
        &Asked::All,
    );
    let found = found.unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|it| {
            let best = it.best();
            (best.size, best.size_approx, best.checksums.iter().map(ToString::to_string).collect::<Vec<_>>())
        })
        .collect();
    let sums = vec![format!("sha1:{}", "a".repeat(40)), format!("md5:{}", "0".repeat(32))];
    assert_eq!(told, [(Some(7), None, sums), (None, Some(7), vec![]), (None, Some(7), vec![])]);
}
