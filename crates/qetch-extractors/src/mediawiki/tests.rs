//! Which links are claimed, what they ask for, and where the API is.

use qetch_core::http::{HeaderMap, StatusCode};

use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn page(at: &str, body: &str) -> Answer {
    Answer::new(StatusCode::OK, HeaderMap::new(), url(at), body.to_owned())
}

#[test]
fn links_are_told_apart_by_host_and_path() {
    let check = |link: &str, handle: &str, id: &str| {
        let (extractor, link) = (MediaWiki::new(), url(link));
        let found = extractor.info.handles().find(&link).unwrap_or_else(|| panic!("{link}"));
        assert_eq!((found.handle().name(), found.get("id").unwrap_or_default()), (handle, id), "{link}");
        let is_sure = !handle.starts_with("any_");
        let claim = if is_sure { Claim::Yes(handle.into()) } else { Claim::Perhaps };
        assert_eq!(extractor.can_handle(&link), claim, "{link}");
    };
    check("https://commons.wikimedia.org/wiki/File:A_(B,_C)_720p.webm", "file", "A_(B,_C)_720p.webm");
    check("https://en.m.wikipedia.org/wiki/File%3AA.jpg", "file", "A.jpg");
    check("https://de.wikipedia.org/wiki/Datei:A.jpg", "page", "wiki/Datei:A.jpg");
    check("https://species.wikimedia.org/wiki/Category:Names", "page", "wiki/Category:Names");
    check("https://www.wikidata.org/wiki/Title", "page", "wiki/Title");
    check("https://commons.wikimedia.org/w/index.php?title=File:A.jpg&uselang=de", "index", "");
    check("https://en.wikipedia.org", "wiki", "");
    check("https://youtube.fandom.com/", "wiki", "");
    check("https://upload.wikimedia.org/wikipedia/commons/0/0a/A.jpg", "upload", "A.jpg");
    check(
        "https://upload.wikimedia.org/wikipedia/en/thumb/0/0a/A.pdf/page1-330px-A.pdf.jpg",
        "upload",
        "A.pdf",
    );
    check("https://hearthstone.fandom.com/wiki/Flame_Juggler", "any_page", "wiki/Flame_Juggler");
    check("https://discogs.fandom.com/zh/wiki/File:A.jpg", "any_file", "zh/wiki/File:A.jpg");
    check("https://terraria.wiki.gg/de/wiki/Golem", "any_page", "de/wiki/Golem");
    check("https://127.0.0.1:8080/wiki/File:A.jpg", "any_file", "wiki/File:A.jpg");
    check("https://wiki.example/mediawiki/index.php?title=File:A.jpg", "any_index", "");
}

#[test]
fn look_alikes_and_what_is_no_page_are_not_claimed() {
    let claim = |link: &str| MediaWiki::new().can_handle(&url(link));
    assert_eq!(claim("https://pl.wikimedia.org/wiki/File:A.jpg"), Claim::Perhaps);
    for link in [
        "https://commons.wikimedia.org.evil.test/wiki/File:A.jpg",
        "https://commons.notwikimedia.org/wiki/File:A.jpg",
        "https://commons.wikimedia.org@evil.test/wiki/File:A.jpg",
        "https://en.wikipedia.org.evil.test/wiki/Frog",
        "https://evil.test/?u=https://commons.wikimedia.org/wiki/File:A.jpg",
        "https://evil.test/",
        "https://site.example/index.php?id=3",
        "https://commons.wikimedia.org/w/index.php?curid=3",
        "https://site.example/wiki/",
        "https://upload.wikimedia.org/wikipedia/commons/archive/0/0a/20200101000000!A.jpg",
        "https://upload.wikimedia.org/wikipedia/commons/timeline/0a.png",
        "ftp://commons.wikimedia.org/wiki/File:A.jpg",
    ] {
        assert_eq!(claim(link), Claim::No, "{link}");
    }
}

#[test]
fn a_link_asks_for_the_title_that_stands_in_it() {
    let check = |link: &str, title: Option<&str>| {
        let (extractor, link) = (MediaWiki::new(), url(link));
        let found = extractor.info.handles().require(&link).unwrap();
        let expected = title.map_or(Asked::All, |title| Asked::Page(title.to_owned()));
        assert_eq!(Asked::of(&found, &link).unwrap(), expected, "{link}");
    };
    check("https://commons.wikimedia.org/wiki/Image:A%20%26_B.jpg", Some("File:A &_B.jpg"));
    check("https://fr.wikipedia.org/wiki/Fichier:%C3%89t%C3%A9.jpg", Some("Fichier:Été.jpg"));
    check("https://en.wikipedia.org/wiki/Frog#/media/Datei:A%2BB.jpg", Some("Datei:A+B.jpg"));
    check("https://en.wikipedia.org/wiki/Frog#mediaviewer/File:A.jpg", Some("File:A.jpg"));
    check("https://en.wikipedia.org/wiki/Frog#Habitat", Some("Frog"));
    check("https://en.wikipedia.org/wiki/AC/DC", Some("AC/DC"));
    check("https://commons.wikimedia.org/wiki/Special:Filepath/A.jpg?width=300", Some("File:A.jpg"));
    check("https://commons.wikimedia.org/wiki/Special:Redirect/file/A.jpg", Some("File:A.jpg"));
    check("https://commons.wikimedia.org/w/index.php?title=File:A+B.jpg", Some("File:A B.jpg"));
    check("https://wiki.example/index.php/Media:A.jpg", Some("File:A.jpg"));
    check(
        "https://upload.wikimedia.org/wikipedia/commons/thumb/0/0a/A%2C.svg/20px-A.png",
        Some("File:A,.svg"),
    );
    check("https://en.wikibooks.org/", None);
}

#[test]
fn a_page_of_mediawiki_says_where_its_api_is() {
    let check = |at: &str, body: &str, expected: Option<&str>| {
        let answer = page(at, body);
        assert_eq!(api_of_page(&answer).as_ref().map(Url::as_str), expected, "{body}");
        assert_eq!(MediaWiki::new().recognise(&answer), expected.is_some());
    };
    const GENERATOR: &str = r#"<meta name="generator" content="MediaWiki 1.43.1">"#;
    let at = "https://wiki.example/wiki/File:A.jpg";
    let with = |link: &str| format!("<html><head>{GENERATOR}\n{link}</head>");
    check(
        at,
        &with(
            r#"<link rel="EditURI" type="application/rsd+xml" href="//wiki.example/w/api.php?action=rsd">"#,
        ),
        Some("https://wiki.example/w/api.php"),
    );
    check(
        "http://127.0.0.1:8080/index.php/File:A.jpg",
        &with(r#"<link href='/api.php?action=rsd&amp;x=1' rel='EditURI' />"#),
        Some("http://127.0.0.1:8080/api.php"),
    );
    check(at, &with(r#"<link rel="alternate" href="/w/api.php">"#), None);
    check(at, &with(r#"<link rel="EditURI" href="javascript:alert(1)">"#), None);
    check(at, r#"<link rel="EditURI" href="/w/api.php?action=rsd">"#, None);
    check(at, r#"<meta name="generator" content="DokuWiki"><link rel="EditURI" href="/w/api.php">"#, None);
    check(at, "<meta name=", None);
}
