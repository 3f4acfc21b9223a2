//! MediaWiki from cassettes.

use qetch::{Content, Error, Kind, Qetch, Role};
use qetch_tests::{
    cassette,
    replayed::{all, bring, fails, one, resources, told, uids},
};

fn site(name: &str) -> Qetch {
    cassette::replay(&format!("mediawiki/{name}")).build()
}

fn link(content: &Content) -> &str {
    content.fragments[0].url.as_str()
}

#[tokio::test]
async fn a_video_is_the_original_before_its_transcodes_with_captions_and_a_poster() {
    let qetch = site("video");
    let video = one(&qetch, "https://commons.wikimedia.org/wiki/File:Frog_at_dusk.webm").await;
    let file = "commons.wikimedia.org/wiki/Frog_at_dusk.webm";
    let expected = ["", "/720p.vp9.webm", "/240p.vp9.webm", "/preview"].map(|made| format!("{file}{made}"));
    assert_eq!(uids(video.contents()), expected);

    let [best, transcode, .., poster] = video.contents() else { panic!("{video:?}") };
    assert_eq!((best.width, best.height, best.bitrate), (Some(1280), Some(720), Some(2_500_000)));
    assert_eq!(
        (best.codecs.as_deref(), best.fps, best.duration),
        (Some("vp8,vorbis"), Some(25.0), Some(12.5))
    );
    assert_eq!((best.title.as_deref(), best.uploaded_by.as_deref()), (Some("A frog at dusk"), Some("Heron")));
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2021-05-06T07:08:09Z");
    assert_eq!((transcode.codecs.as_deref(), transcode.bitrate), (Some("vp9,opus"), Some(2_400_000)));
    assert_eq!((transcode.kind, transcode.content_type.as_deref()), (Kind::Video, Some("video/webm")));
    assert_eq!((transcode.size, transcode.size_approx, transcode.checksums.len()), (None, None, 0));
    assert_eq!((poster.role, poster.kind, poster.width), (Role::Poster, Kind::Image, Some(960)));

    let captions: Vec<_> =
        video.companions.iter().map(|it| (it.uid.as_str(), it.extension.as_deref())).collect();
    let (en, de) = (format!("{file}/caption.en"), format!("{file}/caption.de"));
    assert_eq!(captions, [(en.as_str(), Some("vtt")), (de.as_str(), Some("srt"))]);
    assert_eq!(video.companions[0].language.as_deref(), Some("en"));
}

#[tokio::test]
async fn who_made_a_file_and_under_which_licence_is_told_as_plain_text() {
    let video = one(&site("video"), "https://commons.wikimedia.org/wiki/File:Frog_at_dusk.webm").await;
    for content in video.contents() {
        assert_eq!(content.metadata["Artist"], "A. Heron");
        assert_eq!(content.metadata["Credit"], "Own work");
        assert_eq!(content.metadata["LicenseShortName"], "CC BY-SA 4.0");
        assert_eq!(content.metadata["LicenseUrl"], "https://creativecommons.org/licenses/by-sa/4.0");
        assert!(!content.metadata.contains_key("Restrictions"));
        assert_eq!(content.description.as_deref(), Some("It sings & waits."));
        assert_eq!(content.tags, ["Frogs", "Ponds at dusk"]);
    }
}

#[tokio::test]
async fn the_original_is_brought_and_its_sha1_checked() {
    let qetch = site("video");
    let video = one(&qetch, "https://commons.wikimedia.org/wiki/File:Frog_at_dusk.webm").await;
    let (report, bytes) = bring(&qetch, video.best()).await.unwrap();
    assert_eq!((bytes.len(), video.best().size), (34, Some(34)));
    assert!(report.checksums.contains(&video.best().checksums[0]), "{:?}", report.checksums);
    let (_, bytes) = bring(&qetch, &video.contents()[2]).await.unwrap();
    assert_eq!(bytes, b"a frog, smaller");

    let mut altered = video.best().clone();
    altered.checksums[0].hex = "0".repeat(40);
    assert_eq!(bring(&qetch, &altered).await.unwrap_err().code(), "checksum_mismatch");
}

#[tokio::test]
async fn a_file_of_commons_is_the_same_wherever_it_is_asked_for() {
    let qetch = site("image");
    for asked in [
        // Missing there, and told of all the same.
        "https://de.wikipedia.org/wiki/Datei:Frog.jpg",
        "https://de.m.wikipedia.org/wiki/Frosch#/media/Datei:Frog.jpg",
        "https://commons.wikimedia.org/wiki/File:Frog.jpg",
        "https://commons.wikimedia.org/w/index.php?title=Special:FilePath/Frog.jpg&width=100",
        "https://commons.wikimedia.org/wiki/Special:FilePath/Frog.jpg",
        "https://upload.wikimedia.org/wikipedia/commons/a/ab/Frog.jpg",
        "https://upload.wikimedia.org/wikipedia/commons/thumb/a/ab/Frog.jpg/330px-Frog.jpg",
    ] {
        let frog = one(&qetch, asked).await;
        let file = "commons.wikimedia.org/wiki/Frog.jpg";
        assert_eq!(uids(frog.contents()), [file, "commons.wikimedia.org/wiki/Frog.jpg/preview"], "{asked}");
        let [original, preview] = frog.contents() else { panic!("{frog:?}") };
        assert_eq!(link(original), "https://upload.wikimedia.org/wikipedia/commons/a/ab/Frog.jpg");
        assert_eq!((original.kind, original.title.as_deref()), (Kind::Image, Some("Frog")));
        assert_eq!((preview.role, preview.width, preview.height), (Role::Thumbnail, Some(960), Some(720)));
    }
}

#[tokio::test]
async fn any_wiki_is_known_by_its_page_which_says_where_the_api_is() {
    let qetch = site("any");
    let toad = one(&qetch, "https://wiki.example/index.php/File:Toad.pdf").await;
    // A page of a document does not stand for it.
    assert_eq!(uids(toad.contents()), ["wiki.example/index.php/Toad.pdf"]);
    assert_eq!((toad.best().kind, toad.best().uploaded_by.as_deref()), (Kind::Text, None));
    assert_eq!(link(toad.best()), "https://wiki.example/images/1/1a/Toad.pdf");

    let newt = one(&qetch, "https://wiki.example/index.php/File:Newt.ogg").await;
    // Nor does an icon for a sound.
    assert_eq!(uids(newt.contents()), ["wiki.example/index.php/Newt.ogg"]);
    let newt = newt.best();
    assert_eq!((newt.kind, newt.duration, newt.width), (Kind::Audio, Some(3.25), None));

    let tiny = one(&qetch, "https://wiki.example/index.php/File:Tiny.png").await;
    assert_eq!(uids(tiny.contents()), ["wiki.example/index.php/Tiny.png"]);
}

#[tokio::test]
async fn a_wiki_is_recognised_once_for_all_of_its_pages() {
    let whole = cassette::read("mediawiki/any").to_string();
    let page = whole.find("=== GET https://wiki.example/index.php/File:Newt.ogg").unwrap();
    let end = page + 3 + whole[page + 3..].find("=== GET").unwrap();
    let text = format!("{}{}", &whole[..page], &whole[end..]);
    let qetch = cassette::of(qetch::Cassette::parse("without the page", &text).unwrap()).build();
    let newt = "https://wiki.example/index.php/File:Newt.ogg";
    assert_eq!(fails(&qetch, newt).await.code(), "not_recorded");
    one(&qetch, "https://wiki.example/index.php/File:Toad.pdf").await;
    assert_eq!(one(&qetch, newt).await.best().uid, "wiki.example/index.php/Newt.ogg");
}

#[tokio::test]
async fn a_page_of_other_software_is_left_to_others() {
    let (whole, frogs) = (cassette::read("mediawiki/any").to_string(), "https://wiki.example/wiki/Frogs");
    let qetch = site("any");
    // Nor does it matter that another place of the host is a wiki.
    for before in [None, Some("https://wiki.example/index.php/File:Toad.pdf")] {
        if let Some(before) = before {
            assert_eq!(one(&qetch, before).await.best().extractor, "mediawiki");
        }
        let (found, warnings) = told(&qetch, frogs).await;
        let [frogs] = &found[..] else { panic!("{found:?}") };
        assert_eq!((frogs.best().extractor.as_str(), warnings.len()), ("page", 0));
        assert_eq!(link(frogs.best()), "https://wiki.example/media/frogs.mp4");
    }
    // It is the software that makes the difference: this page would be asked for at the API.
    let text = whole.replace("DokuWiki", "MediaWiki 1.39.7");
    let qetch = cassette::of(qetch::Cassette::parse("of a wiki", &text).unwrap()).build();
    let error = fails(&qetch, frogs).await;
    assert!(error.code() == "not_recorded" && error.to_string().contains("/w/api.php"), "{error}");
}

#[tokio::test]
async fn a_category_is_its_files_in_whole_batches() {
    let (found, warnings) =
        told(&site("category"), "https://commons.wikimedia.org/wiki/Category:Frogs").await;
    let best: Vec<_> = found.iter().map(|it| it.best().uid.as_str()).collect();
    assert_eq!(best, ["commons.wikimedia.org/wiki/A.webm", "commons.wikimedia.org/wiki/B.jpg"]);
    // The transcodes came in another part of the answer than the file.
    assert_eq!(found[0].contents()[1].uid, "commons.wikimedia.org/wiki/A.webm/240p.vp9.webm");
    assert_eq!(found[0].best().source.as_str(), "https://commons.wikimedia.org/wiki/File:A.webm");
    let places: Vec<_> = found.iter().map(|it| it.collection.clone().unwrap()).collect();
    let places: Vec<_> = places.iter().map(|it| (it.title.as_deref(), it.index, it.count)).collect();
    assert_eq!(places, [(Some("Frogs"), Some(1), Some(3)), (Some("Frogs"), Some(2), Some(3))]);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("File:Lost.jpg was not found"), "{warnings:?}");
}

#[tokio::test]
async fn files_come_before_the_next_page_is_asked_for() {
    let whole = cassette::read("mediawiki/category").to_string();
    let next = whole.find("gcmcontinue=file").unwrap();
    let begin = whole[..next].rfind("=== GET").unwrap();
    let cut = qetch::Cassette::parse("first page", &whole[..begin]).unwrap();
    let qetch = cassette::of(cut).build();
    let found = all(qetch.extract("https://commons.wikimedia.org/wiki/Category:Frogs").await.unwrap()).await;
    let [Ok(first), Err("not_recorded")] = &found[..] else { panic!("{found:?}") };
    assert_eq!(first.best().uid, "commons.wikimedia.org/wiki/A.webm");
}

#[tokio::test]
async fn a_page_and_a_whole_wiki_are_the_files_they_have() {
    let qetch = site("lists");
    let article = resources(&qetch, "https://en.wikipedia.org/wiki/Frog").await;
    assert_eq!(article.len(), 1);
    assert_eq!(article[0].best().uid, "commons.wikimedia.org/wiki/Frog.jpg");
    assert_eq!(article[0].collection.as_ref().unwrap().title.as_deref(), Some("Frog"));

    let wiki = resources(&qetch, "https://frogs.fandom.com/").await;
    let file = wiki[0].best();
    assert_eq!(file.uid, "frogs.fandom.com/wiki/Frog.png");
    // What is sent there may be made anew, so nothing is promised of its bytes.
    assert!(link(file).ends_with("?cb=20210506070809&format=original"));
    assert_eq!((file.size, file.size_approx, file.checksums.len()), (None, Some(4000), 0));
}

#[tokio::test]
async fn what_cannot_be_had_is_told_by_kind() {
    let qetch = site("errors");
    for (title, code, part) in [
        ("File:Missing.jpg", "not_found", "File:Missing.jpg of commons.wikimedia.org"),
        ("Missing", "not_found", "Missing of commons"),
        ("File:Lost.jpg", "not_found", "the file behind File:Lost.jpg"),
        ("Category:Empty", "not_found", "a file in Category:Empty"),
        ("Special:Random", "unsupported", "special page"),
        ("%3C%3E", "invalid", "`<>`"),
        ("de:Frosch", "unsupported", "another wiki"),
        ("Private", "login_required", "commons.wikimedia.org"),
        ("Fast", "rate_limited", "commons.wikimedia.org"),
        ("Lagging", "over_capacity", "commons.wikimedia.org"),
        ("Broken", "over_capacity", "commons.wikimedia.org"),
        ("Odd", "site_changed", "`unknown_bthing` in place of Odd of commons.wikimedia.org at $.error.code"),
        ("Agent", "challenge", "commons.wikimedia.org"),
        ("Refused", "http", "403"),
        ("Page", "site_changed", "at $"),
        ("Bare", "site_changed", "at $.query.pages"),
        ("File:Bare.jpg", "site_changed", "at $.query.pages[0].imageinfo[0].url"),
        ("Loop", "site_changed", "at $.continue"),
    ] {
        let error = fails(&qetch, &format!("https://commons.wikimedia.org/wiki/{title}")).await;
        assert_eq!(error.code(), code, "{title}: {error}");
        assert!(error.to_string().contains(part), "{title}: {error}");
    }
    let error: Error = fails(&qetch, "https://www.wikipedia.org/").await;
    assert_eq!(error.code(), "unsupported", "{error}");
}

#[tokio::test]
async fn requests_introduce_themselves_honestly() {
    let qetch = site("video");
    let identity = qetch.registry().extractor("mediawiki").unwrap().info().identity().clone();
    assert_eq!(identity, qetch::Identity::Honest);
}
