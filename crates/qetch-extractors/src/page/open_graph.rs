//! The card of a page: OpenGraph (ogp.me) and the cards of Twitter, which tell what a link to the page shows.
//!
//! What a card calls a video may be a file, a playlist, or the page of a player, which is no medium. Its type and its name
//! tell; where nothing does, it is a player's: that is what the fields were made for.

use qetch_core::{Kind, Role, Url, lenient};

use super::{
    document::Document,
    images::is_drawing,
    media::{Form, file, form},
    resource::{Facts, File, Resource},
    text,
};

/// What the card of a page tells.
#[derive(Debug, Default)]
pub(super) struct Card {
    pub(super) video: Option<Resource>,
    pub(super) audio: Option<Resource>,
    /// Its pictures, each a resource.
    pub(super) pictures: Vec<File>,
    /// What it tells of the page.
    pub(super) facts: Facts,
    /// Whether it says that the page is about a video or a sound.
    pub(super) says_media: bool,
}

/// One `og:video`, `og:audio` or `og:image`, with the properties that follow it.
#[derive(Debug, Default)]
struct Entry<'a> {
    address: Option<&'a str>,
    /// The same over https.
    secure: Option<&'a str>,
    media_type: Option<&'a str>,
    width: Option<&'a str>,
    height: Option<&'a str>,
}

/// The card of a page.
pub(super) fn card(document: &Document, page: &Url) -> Card {
    let facts = facts(document);
    let kind = document.meta(&["og:type"]).unwrap_or_default().trim().to_ascii_lowercase();
    let is_player =
        document.meta(&["twitter:card"]).is_some_and(|card| card.trim().eq_ignore_ascii_case("player"));
    let mut video = Resource { is_video: true, ..Resource::default() };
    for entry in entries(document, "og:video") {
        entry.add_to(&mut video, Kind::Video, document, page);
    }
    twitter_player(&mut video, document, page);
    let mut audio = Resource::default();
    for entry in entries(document, "og:audio") {
        entry.add_to(&mut audio, Kind::Audio, document, page);
    }
    let described = |mut resource: Resource| {
        resource.facts.fill(&facts);
        resource.leads_anywhere().then_some(resource)
    };
    Card {
        video: described(video),
        audio: described(audio),
        pictures: pictures(document, page),
        says_media: is_player || kind.starts_with("video") || kind.starts_with("music.song"),
        facts,
    }
}

fn facts(document: &Document) -> Facts {
    let of = |names: &[&str]| document.meta(names).and_then(text::plain);
    let titles = [of(&["og:title"]), of(&["twitter:title"]), document.title.as_deref().and_then(text::plain)];
    let tags = document
        .metas
        .iter()
        .filter(|meta| matches!(meta.name.as_str(), "video:tag" | "og:video:tag" | "article:tag"));
    let mut facts = Facts {
        title: titles.into_iter().flatten().next(),
        description: of(&["og:description", "twitter:description", "description"]),
        uploaded_by: of(&["author", "dc.creator"]),
        uploaded_date: document
            .meta(&["video:release_date", "og:video:release_date", "article:published_time"])
            .and_then(text::moment),
        tags: Vec::new(),
        duration: document
            .meta(&["video:duration", "og:video:duration", "music:duration"])
            .and_then(lenient::seconds_in),
        ..Facts::default()
    };
    for tag in tags.filter_map(|meta| text::tag(&meta.content)) {
        if facts.tags.len() < text::MOST_TAGS && !facts.tags.contains(&tag) {
            facts.tags.push(tag);
        }
    }
    if let Some(site) = of(&["og:site_name"]) {
        facts.metadata.insert("site_name".into(), site.into());
    }
    facts
}

/// The entries of a property that may stand there several times, each followed by what is told of it.
fn entries<'a>(document: &'a Document, root: &str) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    for meta in &document.metas {
        let Some(part) = meta.name.strip_prefix(root) else { continue };
        let content = meta.content.trim();
        // The root names itself a second time as `:url`.
        let is_known = |entry: &Entry<'_>| entry.address.is_none() || entry.address == Some(content);
        match (part, entries.last_mut()) {
            ("" | ":url", last) => match last.filter(|entry| part == ":url" && is_known(entry)) {
                Some(entry) => entry.address = Some(content),
                None => entries.push(Entry { address: Some(content), ..Entry::default() }),
            },
            (":secure_url", Some(entry)) if entry.secure.is_none() => entry.secure = Some(content),
            (":secure_url", _) => entries.push(Entry { secure: Some(content), ..Entry::default() }),
            (":type", Some(entry)) => entry.media_type = Some(content),
            (":width", Some(entry)) => entry.width = Some(content),
            (":height", Some(entry)) => entry.height = Some(content),
            _ => (),
        }
    }
    entries
}

impl Entry<'_> {
    fn url(&self, document: &Document, page: &Url) -> Option<Url> {
        [self.secure, self.address].into_iter().flatten().find_map(|text| document.link(page, text))
    }

    fn size(&self) -> [Option<u32>; 2] {
        [self.width, self.height].map(|text| text.and_then(text::pixels))
    }

    fn add_to(&self, resource: &mut Resource, kind: Kind, document: &Document, page: &Url) {
        let Some(url) = self.url(document, page) else { return };
        match form(&url, self.media_type) {
            Form::File(Kind::Image) => (),
            Form::File(_) => {
                let [width, height] = if kind == Kind::Video { self.size() } else { [None, None] };
                resource.add_file(file(url, kind, self.media_type).sized(width, height));
            }
            Form::Playlist => resource.add_playlist(url),
            Form::Page | Form::Unknown => resource.add_player(url),
        }
    }
}

/// `twitter:player` is a page, and `twitter:player:stream` is a file.
fn twitter_player(video: &mut Resource, document: &Document, page: &Url) {
    let declared = document.meta(&["twitter:player:stream:content_type"]);
    let link = |name: &str| document.link(page, document.meta(&[name])?);
    if let Some(url) = link("twitter:player:stream") {
        match form(&url, declared) {
            Form::Playlist => video.add_playlist(url),
            Form::Page => video.add_player(url),
            Form::File(Kind::Image) => (),
            Form::File(_) | Form::Unknown => video.add_file(file(url, Kind::Video, declared)),
        }
    }
    if let Some(url) = link("twitter:player") {
        video.add_player(url);
    }
}

/// The pictures, the largest that is told first where several are. That of Twitter is the first one over again, at another
/// size.
fn pictures(document: &Document, page: &Url) -> Vec<File> {
    let mut pictures = Vec::new();
    for entry in entries(document, "og:image") {
        let Some(url) = entry.url(document, page) else { continue };
        let [width, height] = entry.size();
        pictures.push(file(url, Kind::Image, entry.media_type).sized(width, height));
    }
    if pictures.is_empty() {
        let address = document.meta(&["twitter:image", "twitter:image:src"]);
        let by_link =
            || document.links.iter().find(|link| link.rel == "image_src").map(|link| link.href.as_str());
        let url = address.or_else(by_link).and_then(|address| document.link(page, address));
        pictures.extend(url.map(|url| file(url, Kind::Image, None)));
    }
    let is_tiny = |it: &File| [it.width, it.height].into_iter().flatten().any(|side| side < 64);
    pictures.retain(|it| !is_drawing(&it.url) && !is_tiny(it));
    pictures
}

/// `picture` as what stands for a video or a sound.
pub(super) fn poster(picture: &File) -> File {
    picture.clone().with_role(Role::Poster)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Card {
        let html = format!("<base href=https://h.example/>{html}");
        card(&Document::read(html.as_bytes(), || true), &Url::parse("https://h.example/p").unwrap())
    }

    fn paths<'a>(urls: impl IntoIterator<Item = &'a Url>) -> Vec<&'a str> {
        urls.into_iter().map(Url::path).collect()
    }

    #[test]
    fn a_video_is_a_file_a_playlist_or_a_player() {
        let card = read(
            "<meta property=og:video content=http://h.example/a.mp4><meta property=og:video:url content=http://h.example/a.mp4>
             <meta property=og:video:secure_url content=https://h.example/a.mp4><meta property=og:video:type content=video/mp4>
             <meta property=og:video:width content=1280><meta property=og:video:height content=720>
             <meta property=og:video content=/embed/1><meta property=og:video:type content=text/html>
             <meta property=og:video:width content=640>
             <meta property=og:video content=/a.m3u8><meta property=og:video:url content=/b><meta property=og:video content=>",
        );
        let video = card.video.unwrap();
        assert_eq!(paths(video.files.iter().map(|it| &it.url)), ["/a.mp4"]);
        let file = &video.files[0];
        assert_eq!((file.url.scheme(), file.width, file.height), ("https", Some(1280), Some(720)));
        assert_eq!(
            (paths(&video.playlists), paths(&video.players)),
            (vec!["/a.m3u8"], vec!["/embed/1", "/b"])
        );
        assert!(card.audio.is_none() && !card.says_media);
    }

    #[test]
    fn the_card_of_twitter_has_a_page_and_a_stream() {
        let card = read(
            "<meta name=twitter:card content=player><meta name=twitter:player content=/player>
             <meta name=twitter:player:stream content=/stream/7>
             <meta name=twitter:player:stream:content_type content='video/mp4; codecs=&quot;avc1.42E01E1, mp4a.40.2&quot;'>",
        );
        let video = card.video.unwrap();
        assert_eq!(paths(video.files.iter().map(|it| &it.url)), ["/stream/7"]);
        assert_eq!(video.files[0].codecs.as_deref(), Some("avc1.42E01E1,mp4a.40.2"));
        assert_eq!(paths(&video.players), ["/player"]);
        assert!(card.says_media);
    }

    #[test]
    fn sounds_and_pictures_are_read_alike() {
        let card = read(
            "<meta property=og:audio content=/a.mp3><meta property=og:audio:type content=audio/mpeg>
             <meta property=og:image content=/a.jpg><meta property=og:image:width content=1200>
             <meta property=og:image:height content=630><meta property=og:image content=/b.jpg>
             <meta property=og:image content=/logo.svg><meta property=og:image content=/icon.png>
             <meta property=og:image:width content=32><meta name=twitter:image content=/c.jpg>",
        );
        let audio = card.audio.unwrap();
        assert_eq!((audio.files[0].kind, audio.is_video), (Kind::Audio, false));
        assert_eq!(paths(card.pictures.iter().map(|it| &it.url)), ["/a.jpg", "/b.jpg"]);
        assert_eq!((card.pictures[0].width, card.pictures[0].height), (Some(1200), Some(630)));
        assert!(card.video.is_none());
        assert_eq!(
            paths(read("<meta name=twitter:image:src content=/c.jpg>").pictures.iter().map(|it| &it.url)),
            ["/c.jpg"]
        );
        assert_eq!(
            paths(read("<link rel=image_src href=/d.jpg>").pictures.iter().map(|it| &it.url)),
            ["/d.jpg"]
        );
    }

    #[test]
    fn the_facts_of_the_page_are_those_of_its_card() {
        let facts = read(
            "<title>T - Site</title><meta property=og:title content='A &amp;amp; B'><meta name=description content=D>
             <meta property=og:site_name content=Site><meta property=video:release_date content=2024-03-01>
             <meta property=video:duration content=63><meta property=video:tag content=x><meta property=video:tag content=y>
             <meta property=article:tag content=x><meta name=author content=Me>",
        )
        .facts;
        assert_eq!((facts.title.as_deref(), facts.description.as_deref()), (Some("A & B"), Some("D")));
        assert_eq!((facts.duration, facts.uploaded_by.as_deref()), (Some(63.0), Some("Me")));
        assert_eq!(facts.uploaded_date.unwrap().to_string(), "2024-03-01T00:00:00Z");
        assert_eq!(
            (facts.tags, &facts.metadata["site_name"]),
            (vec!["x".to_owned(), "y".to_owned()], &"Site".into())
        );
        assert_eq!(read("<title> T </title>").facts.title.as_deref(), Some("T"));
        assert!(read("<meta property=og:type content=video.other>").says_media);
        assert!(!read("<meta property=og:type content=article>").says_media);
    }
}
