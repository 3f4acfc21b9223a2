//! An item of a feed: what it tells of itself, and the resources it links to.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use qetch_core::{Kind, Known, Url, lenient::seconds_in, link::extension};
use serde_json::{Map, Value};

use super::{
    link::{self, Link},
    space::{Node, Space},
    text::{self, cut, name_of, title},
    time::date,
};
use crate::common_link::lasting;

/// An item, as far as it has media.
#[derive(Debug)]
pub(super) struct Item {
    /// The feed's own id of it.
    pub(super) guid: Option<String>,
    /// What holds for all that it links to.
    pub(super) known: Known,
    pub(super) duration: Option<f64>,
    /// What it links to, each in its renditions.
    pub(super) resources: Vec<Vec<Link>>,
    pub(super) pictures: Vec<Picture>,
    pub(super) captions: Vec<Caption>,
    /// Where it is one of those that are live at some time.
    pub(super) live: Option<Live>,
}

/// A picture that stands for an item.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) url: Url,
    pub(super) content_type: Option<String>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) is_thumbnail: bool,
}

/// A transcript, or subtitles.
#[derive(Debug)]
pub(super) struct Caption {
    pub(super) url: Url,
    pub(super) content_type: String,
    pub(super) language: Option<String>,
    pub(super) rel: Option<String>,
}

/// When an item is live.
#[derive(Debug)]
pub(super) struct Live {
    /// `pending`, `live` or `ended`.
    pub(super) status: String,
    /// When it begins, as the feed writes it.
    pub(super) start: Option<String>,
}

/// What an item is told of by the feed that it stands in.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    pub(super) author: Option<String>,
    pub(super) language: Option<String>,
}

/// The most of what an item may list of one kind: what is more is left out.
const MOST: usize = 64;

/// The same of chapters, persons and tags.
const MOST_NAMED: usize = 500;

/// The item that `node` is.
pub(super) fn read(node: &Node, base: &Url, defaults: &Defaults) -> Item {
    let mut resources = resources(node, base);
    let told = node.text_of(Space::Itunes, "duration").and_then(seconds_in);
    // What plays elsewhere as well is as long as it is here.
    let duration = told.or_else(|| resources.iter().flatten().find_map(|link| link.duration));
    let pictures = pictures(node, base, &mut resources);
    let guid = ["guid", "id"].into_iter().find_map(|name| {
        node.text_of(Space::Rss, name).or_else(|| node.text_of(Space::Atom, name)).map(str::to_owned)
    });
    let guid = guid.or_else(|| node.attribute("about").map(str::to_owned));
    let live = node.is(Space::Podcast, "liveItem").then(|| Live {
        status: node.attribute("status").unwrap_or("live").to_ascii_lowercase(),
        start: node.attribute("start").map(str::to_owned),
    });
    Item {
        known: known(node, defaults, guid.as_deref()),
        guid,
        duration,
        resources,
        pictures,
        captions: captions(node, base, defaults),
        live,
    }
}

/// The resources of an item: what it links to that is the same in other forms stands together.
///
/// Enclosures and their alternatives are forms of one episode, and so is what Media RSS lists beside them. Without an
/// enclosure each `media:group` is one, and each `media:content` by itself. Pictures are resources where there is nothing
/// else, each by itself, and so is what is neither.
fn resources(node: &Node, base: &Url) -> Vec<Vec<Link>> {
    let is_enclosure = |it: &&Node| {
        it.is(Space::Rss, "enclosure")
            || ((it.is(Space::Atom, "link") || it.is(Space::Rss, "link"))
                && it.attribute("rel") == Some("enclosure"))
    };
    let enclosures = node.children().iter().filter(is_enclosure);
    let enclosures = enclosures.filter_map(|it| link::enclosure(it, base));
    let alternates = node.all(Space::Podcast, "alternateEnclosure");
    let alternates = alternates.flat_map(|it| link::alternates(it, base));
    let links = enclosures.take(MOST).chain(alternates.take(MOST));
    let mut groups: Vec<Vec<Link>> = Vec::new();
    for it in node.children().iter().filter(|it| it.space() == Space::Media).take(MOST) {
        if it.is(Space::Media, "group") {
            let contents = it.all(Space::Media, "content").filter_map(|it| link::content(it, base));
            groups.push(contents.take(MOST).collect());
        } else if it.is(Space::Media, "content") {
            groups.push(link::content(it, base).into_iter().collect());
        }
    }
    let (timed, others): (Vec<_>, Vec<_>) = links.partition(Link::is_timed);
    let mut resources = Vec::new();
    if timed.is_empty() {
        resources.extend(groups.into_iter().map(merged));
    } else {
        let (more, pictures): (Vec<_>, Vec<_>) = groups.into_iter().flatten().partition(Link::is_timed);
        resources.push(merged(timed.into_iter().chain(more)));
        resources.extend(pictures.into_iter().map(|it| vec![it]));
    }
    for other in others {
        let address = lasting(&other.url);
        let is_same = |it: &&mut Link| lasting(&it.url) == address;
        match resources.iter_mut().flatten().find(is_same) {
            Some(link) => link.merge(other),
            None => resources.push(vec![other]),
        }
    }
    // A file is in one resource alone.
    let mut taken = HashSet::new();
    for links in &mut resources {
        links.retain(|link| taken.insert(lasting(&link.url)));
    }
    resources.retain(|links: &Vec<Link>| !links.is_empty());
    resources
}

/// Links to one file as one, however it is linked: uids are made of what lasts of them.
fn merged(links: impl IntoIterator<Item = Link>) -> Vec<Link> {
    let mut merged: Vec<Link> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for link in links {
        match places.entry(lasting(&link.url)) {
            Entry::Occupied(place) => merged[*place.get()].merge(link),
            Entry::Vacant(place) => {
                place.insert(merged.len());
                merged.push(link);
            }
        }
    }
    merged
}

/// The pictures that stand for an item. Those among its resources are, where it has others.
fn pictures(node: &Node, base: &Url, resources: &mut Vec<Vec<Link>>) -> Vec<Picture> {
    let mut pictures: Vec<Picture> = Vec::new();
    let mut add = |address: Option<&str>, node: &Node, is_thumbnail: bool| {
        let url = address.and_then(|it| link::url_of(it, base));
        if let Some(url) = url.filter(|url| pictures.iter().all(|it| it.url != *url)) {
            let (width, height) = (link::whole_number(node, "width"), link::whole_number(node, "height"));
            let content_type = node.attribute("type").map(cut).map(str::to_ascii_lowercase);
            pictures.push(Picture { url, content_type, width, height, is_thumbnail });
        }
    };
    for it in node.children() {
        if it.is(Space::Itunes, "image") {
            add(it.attribute("href").or(it.text()), it, false);
        } else if it.is(Space::Podcast, "image") {
            add(it.attribute("href"), it, false);
        } else if it.is(Space::Media, "thumbnail") {
            add(it.attribute("url"), it, true);
        } else if it.is(Space::Media, "group") || it.is(Space::Media, "content") {
            it.all(Space::Media, "thumbnail").for_each(|it| add(it.attribute("url"), it, true));
        }
    }
    if resources.iter().flatten().any(Link::is_timed) {
        for image in resources.extract_if(.., |links| links.iter().all(|it| it.kind == Kind::Image)).flatten()
        {
            if pictures.iter().all(|it| it.url != image.url) {
                let Link { url, content_type, width, height, .. } = image;
                pictures.push(Picture { url, content_type, width, height, is_thumbnail: false });
            }
        }
    }
    // A picture is not its own thumbnail.
    pictures.retain(|it| resources.iter().flatten().all(|link| link.url != it.url));
    pictures
}

fn captions(node: &Node, base: &Url, defaults: &Defaults) -> Vec<Caption> {
    let transcripts = node.all(Space::Podcast, "transcript").map(|it| (it, it.attribute("url")));
    let subtitles = node.all(Space::Media, "subTitle").map(|it| (it, it.attribute("href")));
    let caption = |(it, address): (&Node, Option<&str>)| {
        let url = link::url_of(address?, base)?;
        let declared = cut(it.attribute("type").unwrap_or_default()).split(';').next().unwrap_or_default();
        let content_type = match declared.trim().to_ascii_lowercase().as_str() {
            "application/srt" | "text/srt" | "application/x-srt" | "text/x-srt" => {
                "application/x-subrip".to_owned()
            }
            "" => match extension(&url).as_deref() {
                Some("vtt") => "text/vtt".to_owned(),
                Some("srt") => "application/x-subrip".to_owned(),
                Some("json") => "application/json".to_owned(),
                Some("html" | "htm") => "text/html".to_owned(),
                _ => "text/plain".to_owned(),
            },
            named => named.to_owned(),
        };
        let language = ["language", "lang"].into_iter().find_map(|name| it.attribute(name));
        // One that names no language is in that of the feed.
        let language = language.or(defaults.language.as_deref()).map(cut).map(str::to_owned);
        Some(Caption { url, content_type, language, rel: it.attribute("rel").map(cut).map(str::to_owned) })
    };
    transcripts.chain(subtitles).filter_map(caption).take(MOST).collect()
}

/// What an item tells of itself.
fn known(node: &Node, defaults: &Defaults, guid: Option<&str>) -> Known {
    let text = |space, name| node.text_of(space, name);
    let group = node.first(Space::Media, "group").or_else(|| node.first(Space::Media, "content"));
    let mut known = Known::default();
    let titles = [text(Space::Rss, "title"), text(Space::Atom, "title"), text(Space::Itunes, "title")];
    let titles = titles.into_iter().chain([text(Space::Media, "title")]);
    known.title = titles.flatten().next().map(title);
    known.description =
        description(node).or_else(|| text::description(group?.text_of(Space::Media, "description")?));
    let author = text(Space::Itunes, "author").or_else(|| text(Space::Dublin, "creator"));
    let author = author.map(str::to_owned).or_else(|| text(Space::Rss, "author").map(name_of));
    let of_atom = || node.first(Space::Atom, "author")?.text_of(Space::Atom, "name").map(str::to_owned);
    known.uploaded_by = author.or_else(of_atom).or_else(|| defaults.author.clone()).map(|it| title(&it));
    let dates = [
        text(Space::Rss, "pubDate"),
        text(Space::Atom, "published"),
        text(Space::Dublin, "date"),
        text(Space::Atom, "updated"),
        text(Space::Atom, "issued"),
        text(Space::Rss, "date"),
    ];
    known.uploaded_date = dates.into_iter().flatten().find_map(date);
    known.tags = tags(node);
    known.metadata = metadata(node, guid);
    known
}

fn description(node: &Node) -> Option<String> {
    let of_rss = [(Space::Rss, "description"), (Space::Itunes, "summary"), (Space::Content, "encoded")];
    let of_rss = of_rss.into_iter().find_map(|(space, name)| text::description(node.text_of(space, name)?));
    let of_atom = || {
        let mut of_atom = ["summary", "content"].into_iter().filter_map(|name| node.first(Space::Atom, name));
        of_atom.find_map(|it| text::description(&it.whole_text()))
    };
    of_rss.or_else(of_atom)
}

fn tags(node: &Node) -> Vec<String> {
    let categories =
        node.children().iter().filter(|it| it.name() == "category").filter_map(|it| match it.space() {
            Space::Rss => it.text(),
            Space::Atom => it.attribute("label").or(it.attribute("term")),
            _ => None,
        });
    let listed = node.text_of(Space::Itunes, "keywords").or_else(|| node.text_of(Space::Media, "keywords"));
    let mut tags: Vec<String> = Vec::new();
    for tag in categories.chain(listed.unwrap_or_default().split(',')).map(title) {
        if !tag.is_empty() && tags.len() < MOST_NAMED && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// What else is told, where it is told.
fn metadata(node: &Node, guid: Option<&str>) -> Map<String, Value> {
    let mut told = Map::new();
    let mut tell = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            told.insert(name.to_owned(), value);
        }
    };
    let text = |space, name| node.text_of(space, name);
    let number = |space, name| {
        let text = text(space, name)?;
        Some(text.parse::<f64>().map_or_else(|_| cut(text).into(), whole))
    };
    let link = text(Space::Rss, "link").or_else(|| {
        let mut pages = node.all(Space::Atom, "link");
        pages.find(|it| it.attribute("rel").is_none_or(|rel| rel == "alternate"))?.attribute("href")
    });
    tell("guid", guid.map(cut).map(Value::from));
    tell("link", link.map(cut).map(Value::from));
    tell("subtitle", text(Space::Itunes, "subtitle").map(|it| title(it).into()));
    tell("season", number(Space::Itunes, "season").or_else(|| number(Space::Podcast, "season")));
    let season = node.first(Space::Podcast, "season").and_then(|it| it.attribute("name"));
    tell("season_name", season.map(cut).map(Value::from));
    tell("episode", number(Space::Itunes, "episode").or_else(|| number(Space::Podcast, "episode")));
    let episode = node.first(Space::Podcast, "episode").and_then(|it| it.attribute("display"));
    tell("episode_name", episode.map(cut).map(Value::from));
    tell("episode_type", text(Space::Itunes, "episodeType").map(|it| cut(it).to_ascii_lowercase().into()));
    tell("explicit", text(Space::Itunes, "explicit").and_then(explicit));
    let chapters = node.first(Space::Podcast, "chapters");
    tell("chapters_url", chapters.and_then(|it| it.attribute("url")).map(cut).map(Value::from));
    tell("chapters", node.first(Space::Chapters, "chapters").and_then(chapters_of));
    tell("persons", persons(node));
    told
}

fn whole(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 { (number as i64).into() } else { number.into() }
}

fn explicit(text: &str) -> Option<Value> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "explicit" => Some(true.into()),
        "no" | "false" | "clean" => Some(false.into()),
        _ => None,
    }
}

/// Chapters of Podlove (Simple Chapters 1.2), their starts in seconds.
fn chapters_of(node: &Node) -> Option<Value> {
    let chapters = node.all(Space::Chapters, "chapter").filter_map(|it| {
        let start = it.attribute("start")?;
        // The first one begins at 0, which is no duration.
        let start = seconds_in(start).unwrap_or(0.0);
        let mut chapter = Map::new();
        chapter.insert("start".to_owned(), whole(start));
        for name in ["title", "href", "image"] {
            if let Some(value) = it.attribute(name) {
                chapter.insert(name.to_owned(), cut(value).into());
            }
        }
        Some(Value::Object(chapter))
    });
    let chapters: Vec<Value> = chapters.take(MOST_NAMED).collect();
    (!chapters.is_empty()).then(|| chapters.into())
}

fn persons(node: &Node) -> Option<Value> {
    let persons = node.all(Space::Podcast, "person").filter_map(|it| {
        let mut person = Map::new();
        person.insert("name".to_owned(), cut(it.text()?).into());
        for name in ["role", "group", "href"] {
            if let Some(value) = it.attribute(name) {
                person.insert(name.to_owned(), cut(value).into());
            }
        }
        Some(Value::Object(person))
    });
    let persons: Vec<Value> = persons.take(MOST_NAMED).collect();
    (!persons.is_empty()).then(|| persons.into())
}
