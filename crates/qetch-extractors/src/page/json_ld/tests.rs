//! *Synthetic*: schema.org's properties in the nests that publishers put them in.

use super::*;

fn read(html: &str) -> Described {
    let page = Url::parse("https://h.example/p").unwrap();
    super::read(&Document::read(html.as_bytes(), || true), &page)
}

fn of(json: &str) -> Described {
    read(&format!("<script type='application/ld+json'>{json}</script>"))
}

fn paths<'a>(urls: impl IntoIterator<Item = &'a Url>) -> Vec<&'a str> {
    urls.into_iter().map(Url::path).collect()
}

fn files(resource: &Resource) -> Vec<&str> {
    paths(resource.files.iter().map(|file| &file.url))
}

fn pictures(described: &Described) -> Vec<&str> {
    described.pictures.iter().flat_map(files).collect()
}

#[test]
fn a_video_is_read_with_all_that_is_told_of_it() {
    let described = of(r#"{"@context":"https://schema.org","@type":"VideoObject","name":"A &amp; B",
        "description":"<p>One</p><p>two</p>","uploadDate":"2024-03-01T10:00:00+0100","duration":"PT1M3S",
        "contentUrl":"https://cdn.example/a.mp4?x=1&amp;y=2","encodingFormat":"video/mp4; codecs=\"avc1.64001f\"",
        "embedUrl":"/embed/1","width":{"@type":"QuantitativeValue","value":1280},"height":"720 px","bitrate":"2500kbps",
        "contentSize":"12.5 MB","sha256":"0000000000000000000000000000000000000000000000000000000000000000",
        "thumbnailUrl":["/t.jpg","/t.jpg"],"thumbnail":{"@type":"ImageObject","url":"/u.jpg","width":320,"height":180},
        "author":[{"@type":"Person","name":"Me"}],"publisher":{"name":"Them","logo":{"@type":"ImageObject","url":"/logo.png"}},
        "keywords":"x, y,x","inLanguage":"en","caption":{"@type":"MediaObject","contentUrl":"/en.vtt","inLanguage":"en"}}"#);
    assert_eq!((described.media.len(), described.pictures.len(), described.spoilt), (1, 0, 0));
    let video = &described.media[0];
    assert!(video.is_video);
    let file = &video.files[0];
    assert_eq!(file.url.as_str(), "https://cdn.example/a.mp4?x=1&y=2");
    assert_eq!((file.width, file.height, file.bitrate), (Some(1280), Some(720), Some(2_500_000)));
    assert_eq!((file.codecs.as_deref(), file.size_approx), (Some("avc1.64001f"), Some(12_500_000)));
    assert_eq!(file.sha256.as_ref().unwrap().len(), 64);
    let facts = &video.facts;
    assert_eq!((facts.title.as_deref(), facts.description.as_deref()), (Some("A & B"), Some("One two")));
    assert_eq!((facts.uploaded_by.as_deref(), facts.duration), (Some("Me"), Some(63.0)));
    assert_eq!(facts.uploaded_date.unwrap().to_string(), "2024-03-01T09:00:00Z");
    assert_eq!((facts.tags.len(), facts.language.as_deref()), (2, Some("en")));
    assert_eq!(paths(&video.players), ["/embed/1"]);
    assert_eq!(paths(video.posters.iter().map(|it| &it.url)), ["/t.jpg", "/u.jpg"]);
    assert_eq!((video.posters[1].width, video.posters[1].role), (Some(320), Role::Thumbnail));
    assert_eq!(
        (video.captions[0].url.path(), video.captions[0].language.as_deref()),
        ("/en.vtt", Some("en"))
    );
}

#[test]
fn media_are_found_in_graphs_lists_and_articles() {
    let check = |json: &str, expected: &[&str]| {
        let described = of(json);
        let found: Vec<_> = described.media.iter().flat_map(files).collect();
        assert_eq!(found, expected, "{json}");
    };
    let video = r#"{"@type":"VideoObject","contentUrl":"/a.mp4"}"#;
    check(&format!("[{video},{{\"@type\":\"Thing\"}}]"), &["/a.mp4"]);
    check(&format!(r#"{{"@graph":[{{"@type":"WebPage"}},{video}]}}"#), &["/a.mp4"]);
    check(&format!(r#"{{"@type":"NewsArticle","video":[{video}]}}"#), &["/a.mp4"]);
    check(
        &format!(r#"{{"@type":["Article","X"],"mainEntity":{{"@type":"Thing","video":{video}}}}}"#),
        &["/a.mp4"],
    );
    check(&format!(r#"{{"@type":"ItemList","itemListElement":[{{"item":{video}}}]}}"#), &["/a.mp4"]);
    check(
        r#"{"@type":"http://schema.org/VideoObject","contentUrl":["/a.mp4","/b.webm"]}"#,
        &["/a.mp4", "/b.webm"],
    );
    check(
        r#"{"@type":"schema:AudioObject","encoding":[{"contentUrl":"/a.mp3"},{"contentUrl":"/a.ogg"}]}"#,
        &["/a.mp3", "/a.ogg"],
    );
    check(
        r#"{"@type":"PodcastEpisode","associatedMedia":{"@type":"MediaObject","contentUrl":"https://h.example/a.mp3"}}"#,
        &["/a.mp3"],
    );
    check(r#"{"@type":"Recipe","video":"/a.mp4"}"#, &["/a.mp4"]);
    check(&format!(r#"{{"@type":"Article","comment":{video},"isPartOf":{video},"publisher":{video}}}"#), &[]);
}

#[test]
fn what_refers_to_another_object_is_that_object_once() {
    let described = of(r##"{"@graph":[
        {"@type":"Article","headline":"H","author":{"@id":"#me"},"video":{"@id":"#v"},"image":{"@id":"#i"}},
        {"@id":"#v","@type":"VideoObject","contentUrl":"/a.mp4","author":{"@id":"#me"}},
        {"@id":"#i","@type":"ImageObject","url":"/i.jpg","width":800,"height":600},
        {"@id":"#me","@type":"Person","name":"Me","image":{"@type":"ImageObject","url":"/face.jpg"}},
        {"@id":"#loop","@type":"Thing","x":{"@id":"#loop"},"y":{"@id":"#gone"}}]}"##);
    assert_eq!((described.media.len(), pictures(&described)), (1, vec!["/i.jpg"]));
    let facts = &described.media[0].facts;
    assert_eq!((facts.title.as_deref(), facts.uploaded_by.as_deref()), (Some("H"), Some("Me")));
}

#[test]
fn pictures_are_those_of_the_subject() {
    let check = |json: &str, expected: &[&str]| assert_eq!(pictures(&of(json)), expected, "{json}");
    check(
        r#"{"@type":"Article","image":["/a.jpg",{"@type":"ImageObject","url":"/b.jpg"}]}"#,
        &["/a.jpg", "/b.jpg"],
    );
    check(r#"{"@type":"ImageObject","contentUrl":"/a.jpg","url":"/page.html"}"#, &["/a.jpg"]);
    check(r#"{"@type":"Organization","logo":"/l.png","image":"/m.png"}"#, &[]);
    check(r#"{"@type":"Article","image":["/l.svg","/page.html","data:image/png;base64,AA"]}"#, &[]);
    check(r#"{"@type":"Article","image":{"url":"/small.png","width":32,"height":32}}"#, &[]);
    check(
        r#"{"@type":"ItemList","itemListElement":[{"@type":"ListItem","item":{"@type":"Article","image":"/other.jpg"}}]}"#,
        &[],
    );
}

#[test]
fn what_leads_to_no_file_is_a_player_or_a_playlist() {
    let described = of(
        r#"[{"@type":"VideoObject","contentUrl":"/watch/1"},{"@type":"VideoObject","contentUrl":"/a.m3u8"},
        {"@type":"VideoObject","name":"nothing"},{"@type":"VideoObject","contentUrl":"/i.jpg"}]"#,
    );
    let [player, playlist, nothing, image] = &described.media[..] else { panic!("{described:?}") };
    assert_eq!((paths(&player.players), paths(&playlist.playlists)), (vec!["/watch/1"], vec!["/a.m3u8"]));
    assert!(!nothing.leads_anywhere() && !image.leads_anywhere());
}

#[test]
fn what_is_spoilt_is_counted_and_spoils_nothing_else() {
    let html = r#"<script type="application/ld+json">{"@type":</script><script type=application/ld+json> </script>
        <script type="application/ld+json; charset=utf-8">{"@type":"VideoObject","contentUrl":"/a.mp4","width":[],"duration":{},
        "author":7,"keywords":{},"uploadDate":null,"thumbnailUrl":[1,null,{}],"encoding":["x",{}],"caption":"of a person"}</script>"#;
    let described = read(html);
    assert_eq!((described.spoilt, described.media.len()), (1, 1));
    assert_eq!(files(&described.media[0]), ["/a.mp4"]);
}

#[test]
fn what_is_made_to_be_endless_ends() {
    let chain: Vec<_> =
        (0..50_000).map(|at| format!(r##"{{"@id":"#{at}","x":{{"@id":"#{}"}}}}"##, at + 1)).collect();
    assert!(of(&format!(r#"{{"@graph":[{}]}}"#, chain.join(","))).media.is_empty());
    let links: Vec<_> = (0..100_000).map(|at| format!("\"/{at}\"")).collect();
    let video =
        format!(r#"{{"@type":"VideoObject","contentUrl":["/a.mp4"],"embedUrl":[{}]}}"#, links.join(","));
    assert!(of(&format!("[{video},{video}]")).media[0].players.len() <= 100);
    assert_eq!(of(&format!("[{}1]", "[],".repeat(LARGEST / 3))).spoilt, 1);
}
