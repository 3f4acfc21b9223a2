//! A post as the API and the pages tell of it, and the contents that its images are made into.
//!
//! The two name the same things in different words; where two words stand for one thing, the API's comes first.

use std::str::FromStr;

use qetch_core::{
    Collection, Content, Error, Found, Kind, Known, Result, Role, Timestamp, Url, Variants, lenient, link,
    media_type::{self, MediaType},
};
use serde_json::{Map, Value};

use super::{FILES, NAME};

/// The copies of every image: the letter behind its id, the length of a side at most, and whether it is cut to a square.
const COPIES: [(char, u32, bool); 6] = [
    ('h', 1024, false),
    ('l', 640, false),
    ('m', 320, false),
    ('t', 160, false),
    ('b', 160, true),
    ('s', 90, true),
];

/// What is kept under the site's own names, of the image or else of its post.
const KEPT: [&str; 11] = [
    "animated",
    "favorite_count",
    "has_sound",
    "hls",
    "is_mature",
    "looping",
    "nsfw",
    "section",
    "upvote_count",
    "view_count",
    "views",
];

/// What is told of an image or of a post.
#[derive(Clone, Copy)]
struct Facts<'a> {
    fields: &'a Map<String, Value>,
    /// What pages tell of an image apart, and who posted a post.
    nested: Option<&'a Map<String, Value>>,
}

impl<'a> Facts<'a> {
    fn new(fields: &'a Map<String, Value>) -> Self {
        let nested = ["metadata", "account"].iter().find_map(|name| fields.get(*name)?.as_object());
        Self { fields, nested }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).or_else(|| self.nested?.get(name)).filter(|value| !value.is_null())
    }

    /// The first of these that is a text.
    fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| lenient::text_of(self.get(name)?))
    }

    /// A number, where it is more than nothing.
    fn number<N: FromStr + PartialOrd + Default>(&self, name: &str) -> Option<N> {
        lenient::positive_of(self.get(name)?)
    }

    fn sides(&self) -> Option<(u32, u32)> {
        self.number("width").zip(self.number("height"))
    }

    fn says(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.get(name).and_then(lenient::flag_of) == Some(true))
    }

    fn date(&self) -> Option<Timestamp> {
        let seconds = || Timestamp::from_unix(self.number("datetime")?);
        seconds().or_else(|| self.text(&["created_at"])?.parse().ok())
    }
}

/// A post: an album of images, or one image.
pub(super) struct Post<'a> {
    facts: Facts<'a>,
    /// The images, where they stand in a list.
    images: Option<&'a [Value]>,
    path: String,
    list: &'static str,
}

impl<'a> Post<'a> {
    /// The post with these fields, which stand at `path` of the answer and have their images in `list`.
    pub(super) fn new(fields: &'a Map<String, Value>, list: &'static str, path: impl Into<String>) -> Self {
        let images = fields.get(list).and_then(Value::as_array).map(Vec::as_slice);
        Self { facts: Facts::new(fields), images, path: path.into(), list }
    }

    /// How many images it has, where it tells.
    fn count(&self) -> u64 {
        let told = self.facts.number("images_count").or_else(|| self.facts.number("image_count"));
        told.unwrap_or(0).max(self.images.map_or(0, |images| images.len() as u64))
    }

    /// How many of its images are not listed; `None` where all are.
    pub(super) fn missing(&self) -> Option<u64> {
        let listed = self.images?.len() as u64;
        Some(self.count() - listed).filter(|missing| *missing > 0)
    }

    /// With these images in the place of those that are listed.
    pub(super) fn with_images(self, images: &'a [Value]) -> Self {
        Self { images: Some(images), path: "$".to_owned(), list: "data", ..self }
    }

    /// Whether it is an album.
    pub(super) fn is_album(&self) -> bool {
        self.facts.says(&["is_album"]) || self.facts.get("images_count").is_some()
    }

    /// Each of its images.
    ///
    /// # Errors
    /// [`SiteChanged`](Error::SiteChanged) where one is not as they are known.
    pub(super) fn found(&self, source: &Url) -> Result<Vec<Found>> {
        let list = format!("{}.{}", self.path, self.list);
        let Some(images) = self.images else {
            if self.is_album() || self.list == "media" {
                return Err(Error::site_changed(NAME, list, "missing"));
            }
            return Ok(vec![variants(self.facts, None, &self.path, source)?.into()]);
        };
        if images.is_empty() && self.count() > 0 {
            return Err(Error::site_changed(NAME, list, "empty"));
        }
        // Pages list the one image of a post that is no album too, without a title of its own.
        let is_one = images.len() == 1 && self.list == "media" && !self.is_album();
        let title = self.facts.text(&["title"]);
        let found = images.iter().zip(1..).map(|(image, index)| {
            let path = format!("{list}[{}]", index - 1);
            let image = image.as_object().ok_or_else(|| Error::site_changed(NAME, &path, "no object"))?;
            let variants = variants(Facts::new(image), Some((self.facts, is_one)), &path, source)?;
            if is_one {
                return Ok(variants.into());
            }
            let mut collection = Collection::default().with_index(index).with_count(self.count());
            collection.title.clone_from(&title);
            Ok(variants.with_collection(collection).into())
        });
        found.collect()
    }
}

/// Whether it is a type that imgur shows.
pub(super) fn is_shown(known: MediaType) -> bool {
    matches!(known.kind, Kind::Image | Kind::Video)
}

/// An image at every quality. `of` is its post, and whether that is about this image alone.
fn variants(image: Facts<'_>, of: Option<(Facts<'_>, bool)>, path: &str, source: &Url) -> Result<Variants> {
    let changed = |field: &str, problem| Error::site_changed(NAME, format!("{path}.{field}"), problem);
    let id = image.text(&["id"]).ok_or_else(|| changed("id", "missing"))?;
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(changed("id", "other than letters"));
    }
    let named = |name| media_type::by_name(&image.text(&[name])?.to_ascii_lowercase());
    let linked = || media_type::of_link(&link::whole(&image.text(&["link", "url"])?)?);
    let known = named("type").or_else(|| named("mime_type")).or_else(linked).filter(|it| is_shown(*it));
    let known = known.ok_or_else(|| changed("type", "not of an image or a clip"))?;

    let image = Image { id: &id, image, of, source };
    let mut contents = vec![image.content(&id, known)?];
    contents[0].size_approx = image.image.number("size");
    if known.extension == "gif" && image.image.says(&["animated", "is_animated"]) {
        // It is made of every GIF that moves, and weighs nothing as long as it is not made yet.
        if let Some(mp4) = media_type::by_name("video/mp4") {
            let mut content = image.content(&id, mp4)?;
            content.size_approx = image.image.number("mp4_size");
            contents.push(content);
        }
    }
    let is_clip = contents.len() > 1 || known.kind == Kind::Video;
    for content in &mut contents {
        (content.width, content.height) = image.image.sides().unzip();
        if is_clip {
            content.duration = image.image.number("duration");
        }
    }
    contents.extend(image.copies()?);
    Ok(Variants::ranked(contents)?.with_known(&image.known()))
}

/// An image, and what its contents have in common.
struct Image<'a> {
    id: &'a str,
    image: Facts<'a>,
    of: Option<(Facts<'a>, bool)>,
    source: &'a Url,
}

impl Image<'_> {
    /// The file `name` of this type. Its link is made of the name: for a GIF of more than 20 MB the API has the link of a copy.
    fn content(&self, name: &str, known: MediaType) -> Result<Content> {
        let url: Url = format!("{FILES}{name}.{}", known.extension).parse()?;
        let uid = match name.strip_prefix(self.id) {
            Some(copy) if !copy.is_empty() => format!("{}-{copy}", self.id),
            _ => format!("{}-{}", self.id, known.extension),
        };
        Ok(Content::of_file(uid, known.kind, self.source, url).with_media_type(known))
    }

    /// The small copies of it, which are never larger than itself.
    fn copies(&self) -> Result<Vec<Content>> {
        let Some(jpeg) = media_type::by_name("image/jpeg") else { return Ok(Vec::new()) };
        let longest = self.image.sides().map(|(width, height)| width.max(height));
        let smaller = COPIES.iter().filter(|(_, side, _)| longest.is_none_or(|longest| longest > *side));
        let copies = smaller.map(|&(letter, side, is_square)| {
            let mut content = self.content(&format!("{}{letter}", self.id), jpeg)?;
            content.role = Role::Thumbnail;
            let fitted = || Some(fit(self.image.sides()?, side));
            (content.width, content.height) = if is_square { Some((side, side)) } else { fitted() }.unzip();
            Ok(content)
        });
        copies.collect()
    }

    /// What holds for every rendition.
    fn known(&self) -> Known {
        let (of, alone) =
            (self.of.map(|(of, _)| of), self.of.filter(|(_, is_one)| *is_one).map(|(of, _)| of));
        let told = |names: &[&str], of: Option<Facts<'_>>| self.image.text(names).or_else(|| of?.text(names));
        let mut known = Known::default();
        known.title = told(&["title"], alone);
        known.description = told(&["description"], alone);
        known.uploaded_by = told(&["account_url", "username"], of);
        known.uploaded_date = self.image.date().or_else(|| of?.date());
        known.tags = [Some(self.image), of].into_iter().flatten().flat_map(tags).collect();
        let kept = KEPT.iter().filter_map(|name| {
            let value = self.image.get(name).or_else(|| of?.get(name))?;
            let tells = !value.is_array() && !value.is_object() && *value != "";
            tells.then(|| ((*name).to_owned(), value.clone()))
        });
        known.metadata = kept.collect();
        known
    }
}

fn tags(facts: Facts<'_>) -> Vec<String> {
    let tags = facts.get("tags").and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(|tag| Facts::new(tag.as_object()?).text(&["name", "tag"])).collect()
}

/// Width and height within a square of this side, in the same proportion.
fn fit((width, height): (u32, u32), side: u32) -> (u32, u32) {
    let (longest, side) = (u64::from(width.max(height)).max(1), u64::from(side));
    let scaled = |own: u32| ((u64::from(own) * side + longest / 2) / longest).max(1) as u32;
    (scaled(width), scaled(height))
}
