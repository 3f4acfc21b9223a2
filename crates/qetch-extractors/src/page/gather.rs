//! All that a page tells, read in one go: long pages are read where it may take its time.

use qetch_core::Url;

use super::{
    document::{Document, Link, MOST_PICTURES},
    images, json_ld, media, merge, oembed,
    open_graph::{self, Card},
    resource::{Facts, Resource},
};

/// All that a page tells.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The videos and sounds of JSON-LD. One that nothing leads to is here for its facts.
    pub(super) described: Vec<Resource>,
    pub(super) card: Card,
    /// Its `<video>` and `<audio>`.
    pub(super) players: Vec<Resource>,
    /// Its pictures: of JSON-LD, of its card, and its `<img>`, each once.
    pub(super) pictures: Vec<Resource>,
    /// Its frames.
    pub(super) frames: Vec<Url>,
    /// The address of oEmbed that it names.
    pub(super) oembed: Option<Url>,
    /// Its feeds in the order of the page, those of JSON last, which nobody reads yet.
    pub(super) feeds: Vec<Url>,
    /// What is amiss with it.
    pub(super) warnings: Vec<String>,
}

/// Types of feeds.
const FEEDS: [&str; 4] =
    ["application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"];

/// Reads the page at `page`; `go_on` is asked now and then whether anyone still wants to know.
pub(super) fn gather(html: &[u8], page: &Url, go_on: impl Fn() -> bool) -> Gathered {
    let document = Document::read(html, go_on);
    let described = json_ld::read(&document, page);
    let mut card = open_graph::card(&document, page);
    let feeds = feeds(&document, page);
    if !feeds.is_empty() {
        let listed = feeds.iter().map(Url::as_str).map(serde_json::Value::from).collect();
        card.facts.metadata.insert("feeds".into(), listed);
    }
    let shown = document.pictures.iter().filter_map(|picture| images::of_picture(picture, &document, page));
    let of_card =
        card.pictures.iter().map(|file| Resource { files: vec![file.clone()], ..Resource::default() });
    let pictures = merge::pictures(described.pictures.into_iter().chain(of_card).chain(shown));
    let players = document.players.iter().map(|player| media::of_player(player, &document, page)).collect();
    let frames = document.frames.iter().filter_map(|frame| document.link(page, frame)).collect();
    let oembed = oembed::address(&document.links).and_then(|address| document.link(page, address));
    let mut warnings = Vec::new();
    if described.spoilt > 0 {
        warnings.push(format!(
            "{} of the page's JSON-LD texts cannot be read and are left out",
            described.spoilt
        ));
    }
    if document.left_out > 0 {
        let count = document.left_out;
        warnings.push(format!(
            "{count} elements of the page are left out: {MOST_PICTURES} pictures and 1000 others are read"
        ));
    }
    if document.has_more_links() {
        warnings.push("its links are left out from where they are more than 32 MiB".into());
    }
    Gathered { described: described.media, card, players, pictures, frames, oembed, feeds, warnings }
}

/// The feeds of a page. Those of comments are none of its media.
fn feeds(document: &Document, page: &Url) -> Vec<Url> {
    let is_feed = |link: &&Link| {
        FEEDS.contains(&link.media_type.as_str())
            && link.rel.split_ascii_whitespace().any(|rel| rel == "alternate")
    };
    let is_of_comments = |link: &&Link| {
        [&link.title, &link.href].iter().any(|text| text.to_ascii_lowercase().contains("comment"))
    };
    let mut feeds: Vec<Url> = Vec::new();
    let is_json = |link: &&Link| link.media_type.ends_with("json");
    let of_xml = document.links.iter().filter(|link| !is_json(link));
    let links = of_xml.chain(document.links.iter().filter(is_json));
    for link in links.filter(is_feed).filter(|link| !is_of_comments(link)) {
        let url = document.link(page, &link.href).filter(|url| feeds.len() < 10 && !feeds.contains(url));
        feeds.extend(url);
    }
    feeds
}

impl Gathered {
    /// The videos and sounds, those that are one merged. The pictures of the card stand for the one it is of.
    pub(super) fn media(&mut self, is_known: &dyn Fn(&Url) -> bool) -> Vec<Resource> {
        let (described, players) = (std::mem::take(&mut self.described), std::mem::take(&mut self.players));
        let of_card: Vec<_> = [&self.card.video, &self.card.audio]
            .into_iter()
            .flatten()
            .flat_map(|it| it.links().cloned().collect::<Vec<_>>())
            .collect();
        let mut media = merge::media(described, &mut self.card, players, is_known);
        let is_of_card = |it: &Resource| it.links().any(|link| of_card.contains(link));
        let main = media.iter().position(is_of_card).unwrap_or(0);
        if let Some(main) = media.get_mut(main) {
            for picture in &self.card.pictures {
                main.add_poster(open_graph::poster(picture));
            }
        }
        media
    }

    /// What the page tells of itself, for what tells nothing of its own. The duration is that of the card's video.
    pub(super) fn facts(&self) -> Facts {
        Facts { duration: None, ..self.card.facts.clone() }
    }

    /// Whether the page says that it is about a video or a sound.
    pub(super) fn says_media(&self) -> bool {
        self.card.says_media
    }
}

/// A link that players understand, without what tells them how to play.
pub(super) fn bare(url: &Url) -> Url {
    const HOW: [&str; 9] =
        ["autoplay", "autostart", "controls", "loop", "mute", "muted", "rel", "playsinline", "enablejsapi"];
    let is_how = |name: &str| HOW.contains(&name.to_ascii_lowercase().as_str());
    if !url.query_pairs().any(|(name, _)| is_how(&name)) {
        return url.clone();
    }
    let mut bare = url.clone();
    let pairs: Vec<_> = url.query_pairs().filter(|(name, _)| !is_how(name)).collect();
    bare.set_query(None);
    if !pairs.is_empty() {
        bare.query_pairs_mut().extend_pairs(pairs);
    }
    bare
}
