//! What a page holds that may lead to media, found in one pass over its tokens.
//!
//! No tree is built: what is looked for are single tags, and the few that belong to an open `<video>`, `<audio>` or
//! `<picture>`. So the time is that of the page's length whatever its tags are nested like, and nothing is kept but what
//! was looked for, with a limit for each kind.

#[cfg(test)]
mod tests;

use std::{borrow::Cow, cell::Cell, collections::BTreeMap};

use html5gum::{HtmlString, Spanned, StartTag, State, Token, Tokenizer};
use qetch_core::{Url, link};

/// The most of each kind that is kept.
const MOST: usize = 1_000;

/// The most pictures that are kept.
pub(super) const MOST_PICTURES: usize = 10_000;

/// The most bytes of a link: no server takes longer ones.
const LONGEST_LINK: usize = 8 << 10;

/// The most bytes of all links that a page is asked for: a long `<base>` makes each of many short ones long.
const MOST_OF_LINKS: usize = 32 << 20;

/// What a page holds.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// What links are relative to, as far as `<base>` tells.
    base: Option<String>,
    /// The text of `<title>`.
    pub(super) title: Option<String>,
    /// The properties of `<meta>`, their names in lower case.
    pub(super) metas: Vec<Meta>,
    /// The texts of `<script type="application/ld+json">`.
    pub(super) json_ld: Vec<String>,
    /// Every `<link>` that has an address.
    pub(super) links: Vec<Link>,
    /// Every `<video>` and `<audio>`.
    pub(super) players: Vec<Player>,
    /// Every `<img>`, with what its `<picture>` offers.
    pub(super) pictures: Vec<Picture>,
    /// The addresses of `<iframe>`, `<embed>` and `<object>`.
    pub(super) frames: Vec<String>,
    /// How many pictures and others were over the limit.
    pub(super) left_out: usize,
    /// The bytes of the links that were given out.
    given: Cell<usize>,
}

/// A property of the page.
#[derive(Debug)]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) content: String,
}

/// A `<link>`.
#[derive(Debug)]
pub(super) struct Link {
    /// Its relations, in lower case, with blanks between.
    pub(super) rel: String,
    /// Its type, in lower case.
    pub(super) media_type: String,
    pub(super) title: String,
    pub(super) href: String,
}

/// A `<video>` or an `<audio>`.
#[derive(Debug, Default)]
pub(super) struct Player {
    pub(super) is_video: bool,
    pub(super) title: Option<String>,
    pub(super) poster: Option<String>,
    /// Its own address, then those of each `<source>`.
    pub(super) sources: Vec<Source>,
    pub(super) tracks: Vec<Track>,
    /// Whether it plays by itself, in a loop and without a sound.
    pub(super) is_ornament: bool,
}

/// A `<source>`.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// An address or, in a picture, a `srcset`.
    pub(super) address: String,
    pub(super) media_type: Option<String>,
    /// What the page calls its quality.
    pub(super) label: Option<String>,
}

/// A `<track>`.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) kind: Option<String>,
    pub(super) address: String,
    pub(super) language: Option<String>,
    pub(super) label: Option<String>,
}

/// An `<img>`, with the sources of its `<picture>`.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) sources: Vec<Source>,
    pub(super) address: Option<String>,
    pub(super) srcset: Option<String>,
    pub(super) width: Option<String>,
    pub(super) height: Option<String>,
    pub(super) text: Option<String>,
    /// Whether it is hidden, or stands in what is beside the page's content.
    pub(super) is_aside: bool,
}

impl Document {
    /// What `html` holds. It is read as UTF-8; `go_on` is asked now and then whether anyone still wants to know.
    pub(super) fn read(html: &[u8], go_on: impl Fn() -> bool) -> Self {
        let mut reading = Reading::default();
        let mut tokens = Tokenizer::new(html);
        let mut count = 0_u32;
        while let Some(Ok(token)) = tokens.next() {
            count = count.wrapping_add(1);
            if count.is_multiple_of(1 << 12) && !go_on() {
                break;
            }
            match token {
                Token::StartTag(tag) => {
                    if let Some(state) = reading.start(&tag) {
                        tokens.set_state(state);
                    }
                }
                Token::EndTag(tag) => reading.end(&tag.name),
                Token::String(text) => reading.text(&text),
                _ => (),
            }
        }
        reading.document
    }

    /// Whether there are links that it does not tell, for they are too much.
    pub(super) fn has_more_links(&self) -> bool {
        self.given.get() >= MOST_OF_LINKS
    }

    /// The link that `text` is, on the page that is at `page`: an address of http or https.
    pub(super) fn link(&self, page: &Url, text: &str) -> Option<Url> {
        if text.trim().len() > LONGEST_LINK || self.given.get() >= MOST_OF_LINKS {
            return None;
        }
        let base = self.base.as_deref().and_then(|base| page.join(base).ok());
        let mut url = link::read(base.as_ref().unwrap_or(page), text)?;
        self.given.set(self.given.get() + url.as_str().len());
        url.set_fragment(None);
        Some(url)
    }

    /// What the page says under the first of these names that it has.
    pub(super) fn meta(&self, names: &[&str]) -> Option<&str> {
        let find = |name: &&str| self.metas.iter().find(|meta| meta.name == *name);
        names.iter().find_map(find).map(|meta| meta.content.as_str())
    }
}

/// A page that is being read.
#[derive(Debug, Default)]
struct Reading {
    document: Document,
    /// What the next text is.
    wanted: Option<Wanted>,
    /// How deep it is within `<template>`, which shows nothing.
    templates: usize,
    /// How deep it is within `<nav>`, `<aside>` and `<footer>`.
    asides: usize,
    is_in_svg: bool,
    /// Whether the last player is open.
    is_player_open: bool,
    /// The sources of the open picture.
    picture: Option<Vec<Source>>,
}

#[derive(Clone, Copy, Debug)]
enum Wanted {
    Title,
    JsonLd,
}

/// HTML that stands within a drawing without belonging there ends it (HTML standard, section 13.2.6.5).
const BREAK_OUT: [&[u8]; 12] =
    [b"body", b"div", b"h1", b"h2", b"head", b"img", b"meta", b"p", b"pre", b"span", b"table", b"ul"];

impl Reading {
    /// Takes a tag, and answers how what follows it is to be read where that is no markup.
    fn start(&mut self, tag: &StartTag<()>) -> Option<State> {
        let name: &[u8] = &tag.name;
        if self.is_in_svg && BREAK_OUT.contains(&name) {
            self.is_in_svg = false;
        }
        // In a drawing a tag may end itself.
        if self.is_in_svg && tag.self_closing {
            return None;
        }
        let attributes = Attributes(&tag.attributes);
        match name {
            // What is declared as a shadow root is shown.
            b"template" if self.templates > 0 || !attributes.has("shadowrootmode") => self.templates += 1,
            b"svg" => self.is_in_svg = !tag.self_closing,
            b"nav" | b"aside" | b"footer" => self.asides += 1,
            _ if self.templates == 0 => self.element(name, &attributes),
            _ => (),
        }
        match name {
            b"title" | b"textarea" => Some(State::RcData),
            b"script" => Some(State::ScriptData),
            // `noscript` is read like everything else: scripts do not run here, and pictures that they load stand in it.
            b"style" | b"iframe" | b"xmp" | b"noembed" | b"noframes" => Some(State::RawText),
            b"plaintext" => Some(State::PlainText),
            _ => None,
        }
    }

    fn element(&mut self, name: &[u8], attributes: &Attributes<'_>) {
        let document = &mut self.document;
        match name {
            b"base" if document.base.is_none() => {
                document.base = attributes.get("href").filter(|base| base.len() <= LONGEST_LINK);
            }
            b"title" if document.title.is_none() && !self.is_in_svg => self.wanted = Some(Wanted::Title),
            b"script" => {
                let media_type = attributes.get("type").unwrap_or_default().to_ascii_lowercase();
                let is_data =
                    media_type.split(';').next().is_some_and(|it| it.trim() == "application/ld+json");
                self.wanted = is_data.then_some(Wanted::JsonLd);
            }
            b"meta" => {
                let name =
                    attributes.first(&["property", "name"]).map(|name| name.trim().to_ascii_lowercase());
                if let (Some(name), Some(content)) = (name, attributes.get("content")) {
                    keep(&mut document.metas, Meta { name, content }, MOST);
                }
            }
            b"link" => document.link_element(attributes),
            b"iframe" | b"embed" | b"object" => {
                if let Some(address) = attributes.first(&["src", "data-src", "data-lazy-src", "data"]) {
                    document.left_out += usize::from(!keep(&mut document.frames, address, MOST));
                }
            }
            b"video" | b"audio" => self.player(name == b"video", attributes),
            b"source" => self.source(attributes),
            b"track" if self.is_player_open => self.track(attributes),
            b"picture" => self.picture = Some(Vec::new()),
            b"img" => self.image(attributes),
            _ => (),
        }
    }

    fn player(&mut self, is_video: bool, attributes: &Attributes<'_>) {
        let own = attributes.first(&["src", "data-src"]).map(|address| Source {
            address,
            media_type: attributes.get("type"),
            label: None,
        });
        let player = Player {
            is_video,
            title: attributes.first(&["title", "data-title", "aria-label"]),
            poster: attributes.first(&["poster", "data-poster"]),
            sources: own.into_iter().collect(),
            tracks: Vec::new(),
            is_ornament: is_video && ["autoplay", "loop", "muted"].iter().all(|name| attributes.has(name)),
        };
        self.is_player_open = keep(&mut self.document.players, player, MOST);
        self.document.left_out += usize::from(!self.is_player_open);
    }

    fn source(&mut self, attributes: &Attributes<'_>) {
        let media_type = attributes.get("type");
        if let Some(sources) = &mut self.picture {
            if let Some(address) = attributes.first(&["data-srcset", "srcset"]) {
                keep(sources, Source { address, media_type, label: None }, MOST);
            }
        } else if let Some(player) = self.document.players.last_mut().filter(|_| self.is_player_open)
            && let Some(address) = attributes.first(&["src", "data-src"])
        {
            let label = attributes.first(&["size", "res", "data-res", "data-quality", "label", "title"]);
            keep(&mut player.sources, Source { address, media_type, label }, MOST);
        }
    }

    fn track(&mut self, attributes: &Attributes<'_>) {
        let Some(player) = self.document.players.last_mut() else { return };
        let Some(address) = attributes.first(&["src", "data-src"]) else { return };
        let (kind, label) = (attributes.get("kind"), attributes.get("label"));
        let language = attributes.get("srclang");
        keep(&mut player.tracks, Track { kind, address, language, label }, MOST);
    }

    fn image(&mut self, attributes: &Attributes<'_>) {
        let style = attributes.get("style").unwrap_or_default().to_ascii_lowercase().replace(' ', "");
        let is_hidden = attributes.has("hidden") || style.contains("display:none");
        let lazy = attributes.first(&["data-src", "data-original", "data-lazy-src", "data-lazy"]);
        let picture = Picture {
            sources: self.picture.as_mut().map(std::mem::take).unwrap_or_default(),
            address: lazy.or_else(|| attributes.get("src")).filter(|it| !it.starts_with("data:")),
            srcset: attributes.first(&["data-srcset", "data-lazy-srcset", "srcset"]),
            width: attributes.get("width"),
            height: attributes.get("height"),
            text: attributes.get("alt"),
            is_aside: is_hidden || self.asides > 0,
        };
        let is_something =
            picture.address.is_some() || picture.srcset.is_some() || !picture.sources.is_empty();
        if is_something && !keep(&mut self.document.pictures, picture, MOST_PICTURES) {
            self.document.left_out += 1;
        }
    }

    fn end(&mut self, name: &[u8]) {
        self.wanted = None;
        match name {
            b"template" => self.templates = self.templates.saturating_sub(1),
            b"nav" | b"aside" | b"footer" => self.asides = self.asides.saturating_sub(1),
            b"svg" => self.is_in_svg = false,
            b"video" | b"audio" => self.is_player_open = false,
            b"picture" => self.picture = None,
            _ => (),
        }
    }

    fn text(&mut self, text: &[u8]) {
        let text = || String::from_utf8_lossy(text).into_owned();
        match self.wanted {
            Some(Wanted::Title) => self.document.title.get_or_insert_default().push_str(&text()),
            Some(Wanted::JsonLd) => drop(keep(&mut self.document.json_ld, text(), MOST)),
            None => (),
        }
    }
}

impl Document {
    fn link_element(&mut self, attributes: &Attributes<'_>) {
        let Some(href) = attributes.get("href") else { return };
        let rel = attributes.get("rel").unwrap_or_default().to_ascii_lowercase();
        let media_type = attributes.get("type").unwrap_or_default().trim().to_ascii_lowercase();
        let title = attributes.get("title").unwrap_or_default();
        keep(&mut self.links, Link { rel, media_type, title, href }, MOST);
    }
}

/// Puts `item` to the others, unless there are as many as may be. Whether it did.
fn keep<T>(items: &mut Vec<T>, item: T, most: usize) -> bool {
    let is_room = items.len() < most;
    if is_room {
        items.push(item);
    }
    is_room
}

/// The attributes of a tag.
struct Attributes<'a>(&'a BTreeMap<HtmlString, Spanned<HtmlString, ()>>);

impl Attributes<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name.as_bytes())
    }

    /// The value of an attribute, where it is there and not empty.
    fn get(&self, name: &str) -> Option<String> {
        let value: Cow<'_, str> = String::from_utf8_lossy(self.0.get(name.as_bytes())?);
        (!value.trim().is_empty()).then(|| value.into_owned())
    }

    /// The value of the first of these that has one.
    fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }
}
