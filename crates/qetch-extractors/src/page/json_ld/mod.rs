//! JSON-LD in the vocabulary of schema.org: what a page says of its videos, sounds and pictures.
//!
//! Its objects are read in whatever nest they come: lists, `@graph`, the `video` of an article, the media of an episode.
//! What is said of others than the page's subject is not followed (authors, publishers, comments, breadcrumbs), so that a
//! logo is no picture of it.

mod repair;
#[cfg(test)]
mod tests;
mod value;

use std::collections::{HashMap, HashSet};

use qetch_core::{Kind, Role, Url, lenient, link};
use serde_json::{Map, Value};

use self::value::{each, has_type, medium, size, string, tags};
use super::{
    document::Document,
    images::is_drawing,
    media::{Form, file, form},
    resource::{Caption, Facts, Resource},
    text,
};
use crate::common_prose::characters;

/// The most resources that are read.
const MOST: usize = 1_000;

/// The most objects that are looked at: what each refers to may be long.
const MOST_OBJECTS: usize = 10_000;

/// How deep objects may stand in one another, or refer to one another. What reads them goes down the stack with each.
const DEEPEST: usize = 64;

/// The most bytes of a text: 4 MiB.
const LARGEST: usize = 4 << 20;

/// What JSON-LD says of a page.
#[derive(Debug, Default)]
pub(super) struct Described {
    /// Its videos and sounds. One that nothing leads to is here for its facts.
    pub(super) media: Vec<Resource>,
    /// Its pictures.
    pub(super) pictures: Vec<Resource>,
    /// How many texts could not be read.
    pub(super) spoilt: usize,
}

/// Properties that lead away from the subject, or are read with the object they stand in.
const AWAY: [&str; 34] = [
    "about",
    "actor",
    "aggregateRating",
    "author",
    "brand",
    "breadcrumb",
    "comment",
    "contributor",
    "copyrightHolder",
    "creator",
    "director",
    "image",
    "interactionStatistic",
    "isPartOf",
    "isRelatedTo",
    "isSimilarTo",
    "itemReviewed",
    "logo",
    "mentions",
    "musicBy",
    "offers",
    "photo",
    "potentialAction",
    "producer",
    "productionCompany",
    "provider",
    "publication",
    "publisher",
    "review",
    "sourceOrganization",
    "sponsor",
    "subjectOf",
    "thumbnail",
    "thumbnailUrl",
];

/// Types of what is not a page's subject.
const OTHERS: [&str; 9] = [
    "BreadcrumbList",
    "Brand",
    "Organization",
    "NewsMediaOrganization",
    "Person",
    "Corporation",
    "SearchAction",
    "SiteNavigationElement",
    "WebSite",
];

/// Reads the JSON-LD of a page.
pub(super) fn read(document: &Document, page: &Url) -> Described {
    let mut described = Described::default();
    let mut values = Vec::new();
    for text in document.json_ld.iter().filter(|text| !text.trim().is_empty()) {
        match Some(text).filter(|text| text.len() <= LARGEST).and_then(|text| repair::parse(text)) {
            Some(value) => values.push(value),
            None => described.spoilt += 1,
        }
    }
    let mut by_id = HashMap::new();
    values.iter().for_each(|value| index(value, &mut by_id));
    let mut reader = Reader { document, page, by_id, seen: HashSet::new(), depth: 0, count: 0, described };
    for value in &values {
        reader.visit(value, &Facts::default(), true);
    }
    reader.described
}

/// Lists every object that has an `@id` and something beside it.
fn index<'a>(value: &'a Value, by_id: &mut HashMap<&'a str, &'a Map<String, Value>>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| index(value, by_id)),
        Value::Object(object) => {
            if let Some(id) = object.get("@id").and_then(Value::as_str).filter(|_| object.len() > 1) {
                by_id.entry(id).or_insert(object);
            }
            object.values().for_each(|value| index(value, by_id));
        }
        _ => (),
    }
}

struct Reader<'a> {
    document: &'a Document,
    page: &'a Url,
    by_id: HashMap<&'a str, &'a Map<String, Value>>,
    /// The ids of the objects that were read.
    seen: HashSet<&'a str>,
    /// How many objects the one that is read stands in, those that refer to it counted.
    depth: usize,
    /// How many objects were looked at.
    count: usize,
    described: Described,
}

impl<'a> Reader<'a> {
    /// Reads `value`, which stands in an object of these facts. Pictures count where `with_pictures` says so.
    fn visit(&mut self, value: &'a Value, around: &Facts, with_pictures: bool) {
        let object = match value {
            Value::Array(values) => {
                return values.iter().for_each(|value| self.visit(value, around, with_pictures));
            }
            Value::Object(object) => self.target(object),
            _ => return,
        };
        if self.depth >= DEEPEST || self.count >= MOST_OBJECTS {
            return;
        }
        self.count += 1;
        let id = object.get("@id").and_then(Value::as_str);
        if id.is_some_and(|id| !self.seen.insert(id)) || has_type(object, &OTHERS) {
            return;
        }
        self.depth += 1;
        match medium(object) {
            Some(Kind::Image) if with_pictures => self.picture(object),
            Some(Kind::Image) => (),
            Some(kind) => self.medium(object, kind, around),
            None => self.thing(object, around, with_pictures),
        }
        self.depth -= 1;
    }

    /// The object that `object` is, or that it refers to.
    fn target(&self, object: &'a Map<String, Value>) -> &'a Map<String, Value> {
        let id = object.get("@id").and_then(Value::as_str).filter(|_| object.len() == 1);
        id.and_then(|id| self.by_id.get(id).copied()).unwrap_or(object)
    }

    /// Something that may have media: an article, an episode, a list.
    fn thing(&mut self, object: &'a Map<String, Value>, around: &Facts, with_pictures: bool) {
        let is_list = has_type(object, &["ItemList", "ListItem", "CollectionPage"]);
        let with_pictures = with_pictures && !is_list;
        let is_page_like =
            has_type(object, &["WebPage", "ItemPage", "ListItem"]) || !object.contains_key("@type");
        let own = (!is_page_like).then(|| self.facts(object));
        let facts = own.as_ref().unwrap_or(around);
        if with_pictures {
            for image in object.get("image").into_iter().flat_map(each) {
                self.image(image);
            }
        }
        for (name, value) in object {
            match name.as_str() {
                name if AWAY.contains(&name) => (),
                "video" | "audio" | "associatedMedia" if value.is_string() => {
                    let kind = if name == "audio" { Kind::Audio } else { Kind::Video };
                    let mut resource = self.resource(kind, facts);
                    self.add_link(&mut resource, value, kind, &Map::new());
                    self.push(resource);
                }
                _ => self.visit(value, facts, with_pictures),
            }
        }
    }

    /// The `image` of a thing: an address, or an object.
    fn image(&mut self, image: &'a Value) {
        match image {
            Value::String(_) => self.push_picture(image, &Map::new(), Facts::default()),
            Value::Object(object) => {
                let object = self.target(object);
                let id = object.get("@id").and_then(Value::as_str);
                if id.is_none_or(|id| self.seen.insert(id)) {
                    self.picture(object);
                }
            }
            _ => (),
        }
    }

    fn picture(&mut self, object: &'a Map<String, Value>) {
        let Some(address) = ["contentUrl", "url"].iter().find_map(|name| object.get(*name)) else { return };
        let facts = self.facts(object);
        for address in each(address) {
            self.push_picture(address, object, facts.clone());
        }
    }

    fn push_picture(&mut self, address: &Value, object: &Map<String, Value>, facts: Facts) {
        let Some(url) = self.link(address).filter(|url| !is_drawing(url)) else { return };
        if form(&url, None) == Form::Page {
            return;
        }
        let file = file(url, Kind::Image, string(object, &["encodingFormat", "fileFormat"]));
        let file = file.sized(size(object, "width"), size(object, "height"));
        let is_tiny = [file.width, file.height].into_iter().flatten().any(|side| side < 64);
        if !is_tiny && self.described.pictures.len() < MOST {
            self.described.pictures.push(Resource { facts, files: vec![file], ..Resource::default() });
        }
    }

    /// A video or a sound.
    fn medium(&mut self, object: &'a Map<String, Value>, kind: Kind, around: &Facts) {
        if self.described.media.len() >= MOST {
            return;
        }
        let mut facts = self.facts(object);
        facts.fill(around);
        let mut resource = self.resource(kind, &facts);
        for address in object.get("contentUrl").into_iter().flat_map(each) {
            self.add_link(&mut resource, address, kind, object);
        }
        for encoding in object.get("encoding").into_iter().flat_map(each).filter_map(Value::as_object) {
            let address = ["contentUrl", "url"].iter().find_map(|name| encoding.get(*name));
            if let Some(address) = address {
                self.add_link(&mut resource, address, kind, encoding);
            }
        }
        for address in object.get("embedUrl").into_iter().flat_map(each) {
            if let Some(url) = self.link(address) {
                resource.add_player(url);
            }
        }
        for name in ["thumbnailUrl", "thumbnail", "image"] {
            for poster in object.get(name).into_iter().flat_map(each) {
                self.poster(&mut resource, poster);
            }
        }
        for caption in object.get("caption").into_iter().flat_map(each) {
            self.caption(&mut resource, caption);
        }
        self.push(resource);
    }

    fn resource(&self, kind: Kind, facts: &Facts) -> Resource {
        Resource { is_video: kind == Kind::Video, facts: facts.clone(), ..Resource::default() }
    }

    fn push(&mut self, resource: Resource) {
        if self.described.media.len() < MOST {
            self.described.media.push(resource);
        }
    }

    /// Adds what `address` leads to, of which `object` tells the facts.
    fn add_link(&self, resource: &mut Resource, address: &Value, kind: Kind, object: &Map<String, Value>) {
        let Some(url) = self.link(address) else { return };
        let declared = string(object, &["encodingFormat", "fileFormat"]);
        match form(&url, declared) {
            Form::Playlist => resource.add_playlist(url),
            Form::Page | Form::Unknown => resource.add_player(url),
            Form::File(Kind::Image) => (),
            Form::File(_) => {
                let mut file = file(url, kind, declared);
                if kind == Kind::Video {
                    file = file.sized(size(object, "width"), size(object, "height"));
                }
                file.bitrate = string(object, &["bitrate"]).and_then(text::bits_a_second);
                file.size_approx = string(object, &["contentSize"]).and_then(text::bytes);
                let is_hex = |hex: &&str| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
                file.sha256 = string(object, &["sha256"]).filter(is_hex).map(str::to_owned);
                resource.add_file(file);
            }
        }
    }

    fn poster(&self, resource: &mut Resource, poster: &'a Value) {
        let object = poster.as_object().map(|object| self.target(object));
        let address = match object {
            Some(object) => ["contentUrl", "url"].iter().find_map(|name| object.get(*name)),
            None => Some(poster),
        };
        let Some(url) = address.and_then(|address| self.link(address)) else { return };
        if resource.posters.len() < 10 && !is_drawing(&url) && form(&url, None) != Form::Page {
            let sides =
                object.map(|object| (size(object, "width"), size(object, "height"))).unwrap_or_default();
            let poster = file(url, Kind::Image, None).sized(sides.0, sides.1);
            resource.add_poster(poster.with_role(Role::Thumbnail));
        }
    }

    /// A caption is a text for people, a file, or an object that has one.
    fn caption(&self, resource: &mut Resource, caption: &Value) {
        let (address, language) = match caption {
            Value::Object(object) => {
                let address = ["contentUrl", "url"].iter().find_map(|name| object.get(*name));
                (address, string(object, &["inLanguage"]).map(str::to_owned))
            }
            _ => (Some(caption), None),
        };
        let Some(url) = address.and_then(|address| self.link(address)) else { return };
        if matches!(link::extension(&url).as_deref(), Some("vtt" | "srt")) {
            resource.add_caption(Caption { url, language, label: None });
        }
    }

    fn link(&self, value: &Value) -> Option<Url> {
        self.document.link(self.page, &characters(value.as_str()?))
    }

    fn facts(&self, object: &'a Map<String, Value>) -> Facts {
        let of = |names: &[&str]| string(object, names).and_then(text::plain);
        let who = ["author", "creator", "byArtist", "publisher"]
            .iter()
            .find_map(|name| self.name_of(object.get(*name)?));
        Facts {
            title: of(&["name", "headline"]),
            description: of(&["description", "caption"]),
            uploaded_by: who,
            uploaded_date: string(object, &["uploadDate", "datePublished", "dateCreated"])
                .and_then(text::moment),
            tags: tags(object),
            duration: string(object, &["duration", "timeRequired"]).and_then(lenient::seconds_in),
            language: string(object, &["inLanguage"]).map(str::to_owned),
            ..Facts::default()
        }
    }

    /// The name of a person or an organisation, which may be one of a list.
    fn name_of(&self, value: &'a Value) -> Option<String> {
        match each(value).next()? {
            Value::String(name) => text::plain(name).filter(|name| !name.starts_with("http")),
            Value::Object(object) => string(self.target(object), &["name"]).and_then(text::plain),
            _ => None,
        }
    }
}
