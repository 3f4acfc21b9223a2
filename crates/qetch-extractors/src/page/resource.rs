//! `Resource`: what a page tells of one video, sound or picture, and the contents that this becomes.

use qetch_core::{
    Checksum, Collection, Content, Fragment, Kind, Known, Result, Role, Timestamp, Url, Variants, media_type,
};
use serde_json::{Map, Value};

use crate::common_link;

/// What a page tells of one resource.
#[derive(Debug, Default)]
pub(super) struct Resource {
    pub(super) is_video: bool,
    pub(super) facts: Facts,
    /// Its files, which are its renditions.
    pub(super) files: Vec<File>,
    /// Its playlists and manifests.
    pub(super) playlists: Vec<Url>,
    /// The pages that play it, and links of which nothing tells what they are.
    pub(super) players: Vec<Url>,
    pub(super) posters: Vec<File>,
    pub(super) captions: Vec<Caption>,
    /// The address of its chapters.
    pub(super) chapters: Option<Url>,
    /// Whether it plays by itself, in a loop and without a sound.
    pub(super) is_ornament: bool,
}

/// What a page tells of a resource, or of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) uploaded_by: Option<String>,
    pub(super) uploaded_date: Option<Timestamp>,
    pub(super) tags: Vec<String>,
    /// Seconds.
    pub(super) duration: Option<f64>,
    pub(super) language: Option<String>,
    pub(super) metadata: Map<String, Value>,
}

/// The most files of one resource, and of everything else that one may have several of: no page that is meant for people
/// offers as many.
const MOST: usize = 100;

/// A file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct File {
    pub(super) url: Url,
    /// Its uid, which is the same however its link is signed.
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) media_type: Option<String>,
    pub(super) codecs: Option<String>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) bitrate: Option<u64>,
    pub(super) size_approx: Option<u64>,
    pub(super) sha256: Option<String>,
    /// Pixels for each of the page's, where several are offered.
    pub(super) density: Option<f64>,
    pub(super) role: Role,
}

/// A text that goes with a resource in time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Caption {
    pub(super) url: Url,
    pub(super) language: Option<String>,
    pub(super) label: Option<String>,
}

/// Where contents come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    /// The link that was asked for.
    pub(super) asked: &'a Url,
    /// The page that answered.
    pub(super) page: &'a Url,
}

impl Resource {
    /// Whether anything leads to it.
    pub(super) fn leads_anywhere(&self) -> bool {
        !(self.files.is_empty() && self.playlists.is_empty() && self.players.is_empty())
    }

    /// Every link that leads to it.
    pub(super) fn links(&self) -> impl Iterator<Item = &Url> {
        self.players.iter().chain(&self.playlists).chain(self.files.iter().map(|file| &file.url))
    }

    /// Takes in what `other` has and this one has not.
    pub(super) fn absorb(&mut self, other: Self) {
        self.facts.fill(&other.facts);
        for file in other.files {
            self.add_file(file);
        }
        other.playlists.into_iter().for_each(|url| self.add_playlist(url));
        other.players.into_iter().for_each(|url| self.add_player(url));
        other.captions.into_iter().for_each(|caption| self.add_caption(caption));
        for poster in other.posters {
            self.add_poster(poster);
        }
        self.chapters = self.chapters.take().or(other.chapters);
        self.is_ornament &= other.is_ornament;
    }

    /// Adds a file, or what is told of it where it is there already.
    pub(super) fn add_file(&mut self, file: File) {
        add(&mut self.files, file);
    }

    /// Adds a playlist or a manifest.
    pub(super) fn add_playlist(&mut self, url: Url) {
        add_once(&mut self.playlists, url);
    }

    /// Adds a page that plays it.
    pub(super) fn add_player(&mut self, url: Url) {
        add_once(&mut self.players, url);
    }

    /// Adds a text that goes with it.
    pub(super) fn add_caption(&mut self, caption: Caption) {
        if self.captions.iter().all(|it| it.url != caption.url) {
            add_once(&mut self.captions, caption);
        }
    }

    /// Adds a picture that stands for it.
    pub(super) fn add_poster(&mut self, poster: File) {
        add(&mut self.posters, poster);
    }

    /// The resource as what is handed on to who reads what is behind one of its links.
    pub(super) fn known(&self, collection: Option<Collection>) -> Known {
        let mut known = self.facts.known();
        known.metadata = self.metadata();
        if let Some(poster) = self.posters.first() {
            known.metadata.insert("poster".into(), poster.url.as_str().into());
        }
        if !self.captions.is_empty() {
            let captions = self.captions.iter().map(|it| Value::from(it.url.as_str()));
            known.metadata.insert("captions".into(), captions.collect());
        }
        known.collection = collection;
        known
    }

    fn metadata(&self) -> Map<String, Value> {
        let mut metadata = self.facts.metadata.clone();
        if let Some(chapters) = &self.chapters {
            metadata.insert("chapters".into(), chapters.as_str().into());
        }
        metadata
    }

    /// The renditions, the posters behind them and the captions beside them.
    ///
    /// # Errors
    /// Where it has no file.
    pub(super) fn variants(mut self, origin: Origin<'_>, collection: Option<Collection>) -> Result<Variants> {
        // What is told of a size in one way only does not count when qualities are made, but order does, among equals.
        self.files.sort_by(|a, b| {
            let key = |it: &File| (it.height, it.width, it.bitrate);
            key(b).cmp(&key(a)).then(b.density.unwrap_or(1.0).total_cmp(&a.density.unwrap_or(1.0)))
        });
        let Self { files, posters, .. } = &self;
        let posters = posters.iter().filter(|poster| files.iter().all(|file| file.key != poster.key));
        let metadata = self.metadata();
        let contents = files.iter().map(|file| {
            let mut content = file.content(origin, &self.facts);
            content.metadata.clone_from(&metadata);
            content
        });
        let posters = posters.map(|poster| poster.content(origin, &self.facts));
        let mut variants = Variants::ranked(contents.chain(posters))?
            .with_known(&self.facts.known())
            .with_companions(self.captions.iter().map(|caption| caption.content(origin)));
        variants.collection = collection;
        Ok(variants)
    }
}

impl Facts {
    /// What of it every file has.
    fn known(&self) -> Known {
        let mut known = Known::default();
        known.title.clone_from(&self.title);
        known.description.clone_from(&self.description);
        known.uploaded_by.clone_from(&self.uploaded_by);
        known.uploaded_date = self.uploaded_date;
        known.tags.clone_from(&self.tags);
        known
    }

    /// Takes over what is missing.
    pub(super) fn fill(&mut self, other: &Self) {
        fill(&mut self.title, &other.title);
        fill(&mut self.description, &other.description);
        fill(&mut self.uploaded_by, &other.uploaded_by);
        fill(&mut self.uploaded_date, &other.uploaded_date);
        fill(&mut self.duration, &other.duration);
        fill(&mut self.language, &other.language);
        if self.tags.is_empty() {
            self.tags.clone_from(&other.tags);
        }
        for (name, value) in &other.metadata {
            self.metadata.entry(name.as_str()).or_insert_with(|| value.clone());
        }
    }
}

impl File {
    /// A file of which nothing is known but what it is.
    pub(super) fn new(url: Url, kind: Kind, media_type: Option<String>) -> Self {
        Self {
            key: common_link::uid(&url),
            url,
            kind,
            media_type,
            codecs: None,
            width: None,
            height: None,
            bitrate: None,
            size_approx: None,
            sha256: None,
            density: None,
            role: Role::Main,
        }
    }

    /// Sets its width and height, in pixels.
    pub(super) fn sized(mut self, width: Option<u32>, height: Option<u32>) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    /// Has it stand for something else.
    pub(super) fn with_role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    fn fill(&mut self, other: &Self) {
        fill(&mut self.media_type, &other.media_type);
        fill(&mut self.codecs, &other.codecs);
        fill(&mut self.width, &other.width);
        fill(&mut self.height, &other.height);
        fill(&mut self.bitrate, &other.bitrate);
        fill(&mut self.size_approx, &other.size_approx);
        fill(&mut self.sha256, &other.sha256);
        fill(&mut self.density, &other.density);
    }

    fn content(&self, origin: Origin<'_>, facts: &Facts) -> Content {
        let mut content = content(&self.url, &self.key, self.kind, origin);
        content.role = self.role;
        content.content_type.clone_from(&self.media_type);
        content.codecs.clone_from(&self.codecs);
        (content.width, content.height) = (self.width, self.height);
        content.bitrate = self.bitrate;
        content.size_approx = self.size_approx;
        content.checksums = self.sha256.iter().map(|hex| Checksum::new("sha256", hex)).collect();
        if self.kind != Kind::Image {
            content.duration = facts.duration;
            content.language.clone_from(&facts.language);
        }
        content
    }
}

impl Caption {
    fn content(&self, origin: Origin<'_>) -> Content {
        let mut content = content(&self.url, &common_link::uid(&self.url), Kind::Text, origin);
        content.role = Role::Caption;
        // What a browser takes for a track is WebVTT alone (HTML standard, section 4.8.12.11.3).
        let known = media_type::of_link(&self.url).map_or("text/vtt", |it| it.name);
        content.content_type = Some(known.to_owned());
        content.language.clone_from(&self.language);
        if let Some(label) = &self.label {
            content.metadata.insert("label".into(), label.as_str().into());
        }
        content
    }
}

/// A content of one file.
fn content(url: &Url, uid: &str, kind: Kind, origin: Origin<'_>) -> Content {
    // Many a host gives its files to those alone who come from its pages, and so browsers say where they come from: the
    // whole page to its own origin, and no more than an origin to another.
    let mut referer = origin.page.clone();
    if referer.origin() != url.origin() {
        referer.set_path("/");
        referer.set_query(None);
    }
    referer.set_fragment(None);
    let fragment = Fragment::new(url.clone()).with_referer(referer);
    let mut content = Content::new(uid, kind, origin.asked.clone(), [fragment]);
    content.extension = media_type::of_link(url).map(|it| it.extension.to_owned());
    content
}

fn add(files: &mut Vec<File>, file: File) {
    match files.iter().position(|it| it.key == file.key) {
        Some(at) => files[at].fill(&file),
        None if files.len() < MOST => files.push(file),
        None => (),
    }
}

fn add_once<T: PartialEq>(items: &mut Vec<T>, item: T) {
    if items.len() < MOST && !items.contains(&item) {
        items.push(item);
    }
}

fn fill<T: Clone>(slot: &mut Option<T>, known: &Option<T>) {
    if slot.is_none() {
        slot.clone_from(known);
    }
}
