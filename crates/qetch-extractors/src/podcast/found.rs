//! The items of a feed as what an extraction finds.

use std::collections::{HashMap, HashSet};

use qetch_core::{
    Collection, Content, Found, Fragment, Handoff, Kind, Known, Role, Url, Variants, Warning, media_type,
};

use super::{
    feed::Feed,
    item::{Caption, Item, Picture},
    link::Link,
};
use crate::common_link::{lasting, short_hash};

/// What is known of a feed from page to page.
#[derive(Debug)]
pub(super) struct Pages {
    /// The link of the feed as it was given.
    source: Url,
    /// What tells this feed from others.
    feed: String,
    title: Option<String>,
    /// Resources before this page.
    index: u64,
    /// The items that were found, by uid, each with the hash of its first link.
    items: HashMap<String, u64>,
    /// The pages that were read.
    read: HashSet<Url>,
}

/// A guid that is as long as this is nobody else's.
const UNIQUE: usize = 20;

/// A guid that is longer does not fit into a name.
const LONGEST: usize = 48;

/// The most bytes of what the renditions of one resource are told at length in all.
const MOST_TOLD: usize = 512 << 10;

impl Pages {
    /// Before the first page of the feed behind `source`, which is `feed`.
    pub(super) fn new(source: &Url, feed: &Feed) -> Self {
        let own = feed.id.clone().unwrap_or_else(|| lasting(source));
        Self {
            source: source.clone(),
            feed: own,
            title: feed.title.clone(),
            index: 0,
            items: HashMap::new(),
            read: HashSet::from([source.clone()]),
        }
    }

    /// Whether the page at `url` was not read yet; it is from now on.
    pub(super) fn is_new(&mut self, url: &Url) -> bool {
        self.read.insert(url.clone())
    }

    /// What stands on a page, which is the last one or not.
    pub(super) fn found(&mut self, feed: Feed, is_last: bool) -> Vec<Found> {
        let is_all = is_last && self.index == 0;
        let guids = feed.items.iter().filter_map(|item| item.guid.as_deref());
        let mut times = HashMap::<String, usize>::new();
        guids.for_each(|guid| *times.entry(guid.to_owned()).or_default() += 1);
        let mut found = Vec::new();
        for item in feed.items {
            let is_repeated =
                item.guid.as_ref().is_some_and(|guid| times.get(guid).is_some_and(|&it| it > 1));
            if let Some(id) = self.id(&item, is_repeated) {
                self.item(item, &id, &mut found);
            }
        }
        let count = is_all.then_some(self.index);
        for it in &mut found {
            let collection = match it {
                Found::Variants(variants) => variants.collection.as_mut(),
                Found::Handoff(handoff) => handoff.known.collection.as_mut(),
                _ => None,
            };
            if let Some(collection) = collection.filter(|it| it.index.is_some()) {
                collection.count = count;
            }
        }
        found
    }

    /// The beginning of the uids of an item; `None` where it was found already.
    ///
    /// That is its guid, or a hash of it where it is a link or long, with a hash of the feed where it is short. Items without
    /// one, and those that share theirs with others, have a hash of their first link.
    fn id(&mut self, item: &Item, is_repeated: bool) -> Option<String> {
        let first = item.resources.first()?.first()?;
        let link = hash(&lasting(&first.url));
        let mut id = match item.guid.as_deref() {
            Some(guid) if guid.len() > LONGEST || !guid.bytes().all(is_plain) => {
                format!("{:012x}", hash(guid))
            }
            Some(guid) => guid.to_owned(),
            None => format!("{link:012x}"),
        };
        if item.guid.as_ref().is_some_and(|guid| guid.len() < UNIQUE) {
            id = format!("{id}-{:012x}", hash(&self.feed));
        }
        let is_taken = self.items.get(&id).is_some_and(|&other| other != link);
        if item.guid.is_some() && (is_repeated || is_taken) {
            id = format!("{id}-{link:012x}");
        }
        self.items.insert(id.clone(), link).is_none().then_some(id)
    }

    fn item(&mut self, mut item: Item, id: &str, found: &mut Vec<Found>) {
        match item.live.take() {
            Some(live) if live.status == "pending" => {
                let title = item.known.title.as_deref().unwrap_or("an item");
                let start = live.start.map(|start| format!(" until {start}")).unwrap_or_default();
                found.push(Warning::new(format!("podcast: {title} is not live{start}")).into());
                return;
            }
            // What was recorded of it comes as an item of its own.
            Some(live) if live.status == "ended" => return,
            Some(live) => {
                item.known.metadata.insert("live".to_owned(), true.into());
                if let Some(start) = live.start {
                    item.known.metadata.insert("start".to_owned(), start.into());
                }
                item.duration = None;
            }
            None => (),
        }
        let is_live = item.known.metadata.contains_key("live");
        let is_single = item.resources.len() == 1;
        for (number, links) in std::mem::take(&mut item.resources).into_iter().enumerate() {
            let id = match links.first().filter(|_| !is_single) {
                Some(first) => format!("{id}-{:012x}", hash(&lasting(&first.url))),
                None => id.to_owned(),
            };
            let mut collection = Collection::default();
            collection.title.clone_from(&self.title);
            if !is_live {
                self.index += 1;
                collection.index = Some(self.index);
            }
            let is_first = number == 0;
            let resource = Resource { item: &item, id, source: &self.source, has_companions: is_first };
            found.extend(resource.found(links, collection));
        }
    }
}

/// One thing that an item links to.
struct Resource<'a> {
    item: &'a Item,
    id: String,
    source: &'a Url,
    /// Whether pictures and transcripts of the item are of this one.
    has_companions: bool,
}

impl Resource<'_> {
    fn found(&self, links: Vec<Link>, collection: Collection) -> Option<Found> {
        let (playlists, mut files): (Vec<_>, Vec<_>) = links.into_iter().partition(Link::is_playlist);
        if files.is_empty() {
            let mut known = self.item.known.clone();
            known.collection = Some(collection);
            return Some(Handoff::new(playlists.into_iter().next()?.url).with_known(known).into());
        }
        // The rule knows of pixels and not of lines alone; what it cannot tell apart stays as it stands here.
        files.sort_by_key(|link| std::cmp::Reverse((link.height, link.bitrate)));
        let names = names(&files);
        // What is long is told of one of many alone.
        let all = files.len() * weight(&self.item.known) <= MOST_TOLD;
        let contents = files.into_iter().zip(names).enumerate();
        let mut contents: Vec<Content> =
            contents.map(|(at, (link, name))| self.content(link, &name, all || at == 0)).collect();
        if let Some(first) = playlists.into_iter().next() {
            for content in &mut contents {
                content.metadata.insert("playlist".to_owned(), first.url.as_str().into());
            }
        }
        let mut companions = Vec::new();
        if self.has_companions {
            let mut taken = HashSet::new();
            contents.extend(self.item.pictures.iter().filter_map(|it| self.picture(it, &mut taken)));
            companions.extend(self.item.captions.iter().filter_map(|it| self.caption(it, &mut taken)));
        }
        let variants = Variants::ranked(contents).ok()?;
        let Known { title, uploaded_by, uploaded_date, .. } = &self.item.known;
        let mut brief = Known::default();
        brief.title.clone_from(title);
        brief.uploaded_by.clone_from(uploaded_by);
        brief.uploaded_date = *uploaded_date;
        Some(variants.with_collection(collection).with_companions(companions).with_known(&brief).into())
    }

    /// A rendition, with what the item tells at length or without.
    fn content(&self, link: Link, name: &str, at_length: bool) -> Content {
        let uid = format!("{}-{name}", self.id);
        let mut content = Content::new(uid, link.kind, self.source.clone(), [Fragment::new(link.url)]);
        let Known { description, metadata, tags, .. } = &self.item.known;
        if at_length {
            content.description.clone_from(description);
            content.metadata.clone_from(metadata);
            content.tags.clone_from(tags);
        } else if let Some(live) = metadata.get("live") {
            content.metadata.insert("live".to_owned(), live.clone());
        }
        content.content_type = link.content_type;
        content.extension = link.extension;
        content.codecs = link.codecs;
        // A hint for a bar, by the specification, and often a wrong one.
        content.size_approx = link.size;
        (content.width, content.height, content.fps) = (link.width, link.height, link.fps);
        if matches!(link.kind, Kind::Audio | Kind::Video) {
            content.duration = link.duration.or(self.item.duration);
            content.bitrate = link.bitrate.filter(|&bits| bits > 0).or_else(|| content.counted_bitrate());
        }
        content.language = link.language;
        content.checksums = link.checksums;
        content.metadata.extend(link.metadata);
        content
    }

    fn picture(&self, picture: &Picture, taken: &mut HashSet<String>) -> Option<Content> {
        let role = if picture.is_thumbnail { Role::Thumbnail } else { Role::Poster };
        let named = if picture.is_thumbnail { "thumbnail" } else { "poster" };
        let uid = match picture.width {
            Some(width) => format!("{}-{named}-{width}", self.id),
            None => format!("{}-{named}", self.id),
        };
        let uid = unused(uid, &picture.url, taken)?;
        let mut content = Content::of_file(uid, Kind::Image, self.source, picture.url.clone());
        content.role = role;
        let declared = picture.content_type.clone().filter(|name| name.starts_with("image/"));
        content.content_type = declared.or(content.content_type);
        (content.width, content.height) = (picture.width, picture.height);
        Some(content)
    }

    fn caption(&self, caption: &Caption, taken: &mut HashSet<String>) -> Option<Content> {
        let known = media_type::by_name(&caption.content_type);
        let extension = known.map_or("txt", |it| it.extension);
        let language = caption.language.as_deref().filter(|it| it.bytes().all(is_plain));
        let uid = match language {
            Some(language) => format!("{}-transcript-{language}-{extension}", self.id),
            None => format!("{}-transcript-{extension}", self.id),
        };
        let uid = unused(uid, &caption.url, taken)?;
        let fragment = Fragment::new(caption.url.clone());
        let mut content = Content::new(uid, Kind::Text, self.source.clone(), [fragment]);
        content.role = Role::Caption;
        content.content_type = Some(caption.content_type.clone());
        content.extension = Some(extension.to_owned());
        content.language = language.map(str::to_owned);
        if let Some(rel) = &caption.rel {
            content.metadata.insert("rel".to_owned(), rel.as_str().into());
        }
        Some(content)
    }
}

/// About how many bytes are told at length.
fn weight(known: &Known) -> usize {
    let described = known.description.as_deref().map_or(0, str::len);
    let tags: usize = known.tags.iter().map(String::len).sum();
    described + tags + serde_json::to_string(&known.metadata).map_or(0, |text| text.len())
}

/// A name for each of the links, no two of which are the same: the form of an enclosure, and what else tells alternatives
/// apart. A link that shares its name with another has a hash of its address; an enclosure only where it is with one.
fn names(links: &[Link]) -> Vec<String> {
    let plain: Vec<String> = links.iter().map(name).collect();
    let is_shared = |at: usize| {
        let others = (0..links.len()).filter(|&other| other != at && plain[other] == plain[at]);
        others.into_iter().any(|other| links[other].is_enclosure || !links[at].is_enclosure)
    };
    let hashed = |at: usize| format!("{}-{:012x}", plain[at], hash(&lasting(&links[at].url)));
    (0..links.len()).map(|at| if is_shared(at) { hashed(at) } else { plain[at].clone() }).collect()
}

fn name(link: &Link) -> String {
    let mut name = link.extension.clone().unwrap_or_else(|| "file".to_owned());
    if link.is_enclosure {
        return name;
    }
    if let Some(height) = link.height {
        name += &format!("-{height}p");
    }
    if let Some(bitrate) = link.bitrate {
        name += &format!("-{}k", bitrate / 1000);
    }
    match link.language.as_deref().filter(|it| it.bytes().all(is_plain)) {
        Some(language) => format!("{name}-{language}"),
        None => name,
    }
}

/// `uid`, or where it is taken one with a hash of `url`; `None` where that is taken as well.
fn unused(uid: String, url: &Url, taken: &mut HashSet<String>) -> Option<String> {
    if taken.insert(uid.clone()) {
        return Some(uid);
    }
    let uid = format!("{uid}-{:012x}", hash(&lasting(url)));
    taken.insert(uid.clone()).then_some(uid)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// A hash that is short enough for a name.
fn hash(text: &str) -> u64 {
    short_hash(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn a_hash_is_the_same_in_every_build() {
        assert_eq!(format!("{:012x}", hash("https://pond.example/feed")), "99a12f21f873");
    }
}
