//! What is made of lists that a plain link leads to.

use http::header;
use qetch_core::{Context, Extraction, Found, Handoff, Limits, Registry, Url};

use crate::{
    common_canned::{Canned, Reply},
    generic::Generic,
};

const LINK: &str = "https://radio.example/lists/all.m3u?sig=1";

/// What generic itself finds at [`LINK`], where there is this list.
async fn found(content_type: &str, text: impl Into<Vec<u8>>) -> Result<Vec<Found>, (&'static str, String)> {
    let reply = Reply::new(200, text.into()).with(header::CONTENT_TYPE, content_type);
    let (site, cx) = Canned::default().on(LINK, [reply]).start();
    let cx = cx.retries(0).limits(Limits::new().segments(50)).build();
    let found = all(&cx).await.map_err(|error| (error.code(), error.to_string()));
    assert!(site.asked().len() <= 2, "{:?}", site.asked());
    found
}

async fn all(cx: &Context) -> qetch_core::Result<Vec<Found>> {
    use qetch_core::Extractor as _;
    let mut extraction: Extraction = Generic::new().extract(cx, &Url::parse(LINK).unwrap()).await?;
    let mut all = Vec::new();
    while let Some(found) = extraction.next().await {
        all.push(found?);
    }
    Ok(all)
}

fn handoffs(found: &[Found]) -> Vec<&Handoff> {
    found.iter().filter_map(|it| if let Found::Handoff(it) = it { Some(&**it) } else { None }).collect()
}

fn warnings(found: &[Found]) -> Vec<&str> {
    found
        .iter()
        .filter_map(|it| if let Found::Warning(it) = it { Some(&*it.message) } else { None })
        .collect()
}

fn urls(found: &[Found]) -> Vec<&str> {
    handoffs(found).into_iter().map(|it| it.url.as_str()).collect()
}

#[tokio::test]
async fn entries_of_m3u_are_handed_off_with_what_is_told_of_them() {
    let text = "#EXTM3U\r\n#PLAYLIST:My pond\r\n#EXTINF:123,Frogs - Croak, again\r\n#EXTALB:Pond\r\n../a%20b.mp3\r\n\r\n\
                #EXTINF:-1 tvg-name=\"One, two\" group-title=\"x\",Channel one\r\nhttp://tv.example/1\r\n# a comment\r\n/c.ogg\r\n";
    let found = found("audio/x-mpegurl", text).await.unwrap();
    let expected = ["https://radio.example/a%20b.mp3", "http://tv.example/1", "https://radio.example/c.ogg"];
    assert_eq!(urls(&found), expected);
    let known: Vec<_> = handoffs(&found).into_iter().map(|it| &it.known).collect();
    assert_eq!(known[0].title.as_deref(), Some("Frogs - Croak, again"));
    assert_eq!(
        (&known[0].metadata["duration"], &known[0].metadata["album"]),
        (&123.0.into(), &"Pond".into())
    );
    assert_eq!((known[1].title.as_deref(), known[1].metadata.len()), (Some("Channel one"), 1));
    assert_eq!((&known[2].title, known[2].metadata.len()), (&None, 0));
    let collection = known[1].collection.as_ref().unwrap();
    assert_eq!(collection.title.as_deref(), Some("My pond"));
    assert_eq!((collection.index, collection.count), (Some(2), Some(3)));
}

#[tokio::test]
async fn lists_without_a_mark_are_told_by_their_type_and_may_be_in_latin_1() {
    let found =
        found("audio/mpegurl", b"#EXTINF:1,Fr\xf6sche\nhttps://h.example/a.mp3\n".as_slice()).await.unwrap();
    assert_eq!(handoffs(&found)[0].known.title.as_deref(), Some("Frösche"));
}

#[tokio::test]
async fn entries_of_pls_stand_by_their_numbers() {
    let text = "[playlist]\nNumberOfEntries=3\nFile10=https://h.example/10\nTitle2=Two\nFILE2 = https://h.example/2\n\
                Length2=61\nfile1=https://h.example/1\nLength1=-1\nTitle7=of nothing\nVersion=2\n";
    let found = found("audio/x-scpls", text).await.unwrap();
    assert_eq!(urls(&found), ["https://h.example/1", "https://h.example/2", "https://h.example/10"]);
    let known = &handoffs(&found)[1].known;
    assert_eq!((known.title.as_deref(), &known.metadata["duration"]), (Some("Two"), &61.0.into()));
    assert!(handoffs(&found)[0].known.metadata.is_empty());
    assert_eq!(known.collection.as_ref().unwrap().count, Some(3));
}

#[tokio::test]
async fn entries_of_xspf_are_handed_off_to_the_first_link_of_http() {
    let text = "<?xml version='1.0'?><playlist version='1' xmlns='http://xspf.org/ns/0/'><title>Pond</title><trackList>\
        <track><location>file:///music/a.flac</location><location>a.flac</location><title>A &amp; B</title>\
        <creator>Frog</creator><annotation>Said &lt;b&gt;</annotation><album>Pond</album><trackNum>4</trackNum>\
        <duration>202416</duration></track>\
        <track><location>https://h.example/b</location><duration>0</duration></track></trackList></playlist>";
    let found = found("application/xspf+xml", text).await.unwrap();
    assert_eq!(urls(&found), ["https://radio.example/lists/a.flac", "https://h.example/b"]);
    assert!(warnings(&found).is_empty());
    let known = &handoffs(&found)[0].known;
    assert_eq!((known.title.as_deref(), known.uploaded_by.as_deref()), (Some("A & B"), Some("Frog")));
    assert_eq!(known.description.as_deref(), Some("Said <b>"));
    assert_eq!((&known.metadata["duration"], &known.metadata["track"]), (&202.416.into(), &"4".into()));
    assert_eq!(known.collection.as_ref().unwrap().title.as_deref(), Some("Pond"));
    assert!(handoffs(&found)[1].known.metadata.is_empty());
}

#[tokio::test]
async fn what_is_whole_of_a_broken_xspf_is_found_with_a_warning() {
    let text = "<playlist xmlns='http://xspf.org/ns/0/'><trackList><track><location>a</location></track>\n<track><location>b";
    let list = found("text/xml", text).await.unwrap();
    assert_eq!(urls(&list), ["https://radio.example/lists/a"]);
    assert!(warnings(&list)[0].ends_with("the XSPF playlist is broken in line 2"), "{:?}", warnings(&list));
    let (code, told) = found("text/xml", &text[..60]).await.unwrap_err();
    assert!(code == "unsupported" && told.contains("broken in line 1"), "{told}");
}

#[tokio::test]
async fn entries_of_asx_are_handed_off_whatever_the_case_of_their_names() {
    let text = "<ASX version=\"3.0\"><TITLE>Pond</TITLE><Entry><Title>One</Title><Author>Frog</Author>\
        <Ref href=\"mms://h.example/1\"/><Ref HREF=\"http://h.example/1?a=1&b=2\"/></Entry>\
        <EntryRef href=\"more.asx\"/></ASX>";
    let found = found("video/x-ms-asf", text).await.unwrap();
    assert_eq!(urls(&found), ["http://h.example/1?a=1&b=2", "https://radio.example/lists/more.asx"]);
    let known = &handoffs(&found)[0].known;
    assert_eq!((known.title.as_deref(), known.uploaded_by.as_deref()), (Some("One"), Some("Frog")));
    assert_eq!(known.collection.as_ref().unwrap().title.as_deref(), Some("Pond"));
}

#[tokio::test]
async fn entries_that_lead_to_no_http_are_left_out_with_a_warning() {
    let text = "#EXTM3U\nfile:///home/me/s3cret.mp3\nC:\\Music\\b.mp3\na.mp3\ndata:audio/mpeg,s3cret\nrtmp://h.example/x\n";
    let list = found("text/plain", text).await.unwrap();
    assert_eq!(urls(&list), ["https://radio.example/lists/a.mp3"]);
    let [warning] = warnings(&list)[..] else { panic!("{list:?}") };
    assert_eq!(
        warning,
        "generic: https://radio.example/lists/all.m3u?…: of 5 entries 4 are left out, which lead to no http: \
         file:…, c:…, data:…, …"
    );
    assert_eq!(handoffs(&list)[0].known.collection.as_ref().unwrap().index, Some(3));
    let (code, told) = found("text/plain", "#EXTM3U\nfile:///a\n").await.unwrap_err();
    assert!(code == "unsupported" && told.contains("none of the entries"), "{told}");
    let (code, told) = found("text/plain", "#EXTM3U\n# nothing\n").await.unwrap_err();
    assert!(code == "unsupported" && told.contains("without an entry"), "{told}");
}

#[tokio::test]
async fn a_file_that_is_named_again_is_there_once() {
    let once = ["https://radio.example/lists/a.mp3", "https://radio.example/lists/b.mp3"];
    let check = async |content_type: &str, text: &str| {
        let list = found(content_type, text).await.unwrap();
        assert_eq!((urls(&list), warnings(&list).len()), (once.to_vec(), 0), "{text}");
        assert_eq!(handoffs(&list)[0].known.title.as_deref(), Some("One"), "{text}");
    };
    let links = ["a.mp3", "b.mp3", "http://radio.example/lists/a.mp3?md5=x&expires=1", "a.mp3"];
    check("audio/x-mpegurl", &format!("#EXTM3U\n#EXTINF:1,One\n{}", links.join("\n#EXTINF:1,Two\n"))).await;
    let pls: String =
        (1..).zip(links).map(|(number, link)| format!("File{number}={link}\nTitle{number}=One\n")).collect();
    check("audio/x-scpls", &format!("[playlist]\n{pls}")).await;
    let tracks = links.map(|it| {
        format!("<track><location>{}</location><title>One</title></track>", it.replace('&', "&amp;"))
    });
    let tracks = tracks.concat();
    let xspf = format!("<playlist xmlns='http://xspf.org/ns/0/'><trackList>{tracks}</trackList></playlist>");
    check("application/xspf+xml", &xspf).await;
    let entries = links.map(|it| format!("<entry><title>One</title><ref href='{it}'/></entry>")).concat();
    check("video/x-ms-asf", &format!("<asx version='3.0'>{entries}</asx>")).await;
}

#[tokio::test]
async fn a_list_is_no_longer_than_the_limit() {
    let lines = |count: usize| {
        let files: String = (0..count).map(|it| format!("{it}.mp3\n")).collect();
        format!("#EXTM3U\n{files}")
    };
    assert_eq!(handoffs(&found("text/plain", lines(50)).await.unwrap()).len(), 50);
    assert_eq!(found("text/plain", lines(51)).await.unwrap_err().0, "over_limit");
    let files: String = (0..51).map(|it| format!("Title{it}=a\n")).collect();
    assert_eq!(found("text/plain", format!("[playlist]\n{files}")).await.unwrap_err().0, "over_limit");
}

#[tokio::test]
async fn an_entry_that_is_the_list_itself_ends_in_an_error_and_the_rest_is_found() {
    let text = format!("#EXTM3U\n{LINK}\nb.mp3\n");
    let list = Reply::new(200, text).with(header::CONTENT_TYPE, "audio/x-mpegurl");
    let file = Reply::new(200, b"ID3\x04\0\0\0\0\0\0".as_slice()).with(header::CONTENT_TYPE, "audio/mpeg");
    let (_, cx) = Canned::default().on(LINK, [list]).on("https://radio.example/lists/b.mp3", [file]).start();
    let registry = Registry::new().with_extractor(Generic::new());
    let mut extraction = registry.extract(&cx.build(), &Url::parse(LINK).unwrap()).await.unwrap();
    assert_eq!(extraction.next().await.unwrap().unwrap_err().code(), "over_limit");
    let variants = extraction.next_variants().await.unwrap().unwrap();
    assert_eq!(variants.best().title.as_deref(), Some("b"));
    assert_eq!(variants.collection.as_ref().unwrap().index, Some(2));
    assert!(extraction.next().await.is_none());
}
