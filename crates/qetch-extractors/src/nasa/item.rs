//! An item: the renditions that its files are, and what is told of them.

use std::cmp::Reverse;

use qetch_core::{
    Content, Error, Kind, Known, Result, Role, Timestamp, Url, Variants, lenient, link, media_type,
};
use serde::Deserialize;
use serde_json::Value;

use super::what;
use crate::common_prose;

/// The renditions by the names that the site gives them, the best first.
const RENDITIONS: [&str; 7] = ["orig", "large", "medium", "small", "mobile", "preview", "thumb"];

/// What an item tells besides the fields that every content has.
const TOLD: [&str; 7] =
    ["nasa_id", "center", "photographer", "secondary_creator", "location", "date_created", "album"];

/// What a search tells of an item.
#[derive(Default, Deserialize)]
pub(super) struct Item {
    /// The list of its files.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) href: Option<String>,
    /// Its facts, alone in a list.
    #[serde(default)]
    data: Value,
    /// Its pictures, some with their sizes.
    #[serde(default)]
    links: Value,
}

impl Item {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        lenient::text_of(&self.data[0][name])
    }

    pub(super) fn known(&self) -> Known {
        let mut known = Known::default();
        known.title = self.text("title");
        known.description = self.text("description").and_then(|text| common_prose::text(&text));
        known.uploaded_by = self.text("center");
        known.uploaded_date = self.text("date_created").and_then(|date| date.parse::<Timestamp>().ok());
        known.tags = lenient::texts_of(&self.data[0]["keywords"]);
        let told = self.data[0].as_object().map(|told| lenient::telling(told, &TOLD));
        known.metadata = told.unwrap_or_default();
        known
    }
}

/// The files of an item, the best first. Of which rendition a file is its name says, but for most of them nothing says how
/// large they are, so that their order is the site's.
pub(super) fn variants(id: &str, hrefs: &[&str], item: &Item) -> Result<Variants> {
    let files: Vec<_> = hrefs.iter().filter_map(|href| File::of(id, file_link(href)?)).collect();
    let told = item.text("media_type").or_else(|| files.first()?.folder());
    let kind = match told.as_deref() {
        Some("video") => Kind::Video,
        Some("audio") => Kind::Audio,
        _ => Kind::Image,
    };
    let source = link::joined("https://images.nasa.gov", ["details", id])?;
    let mut made: Vec<(_, Content)> = Vec::new();
    for file in files {
        let Some((key, mut content)) = file.content(kind, &source) else { continue };
        if made.iter().any(|(_, other)| other.uid == content.uid) {
            continue;
        }
        let links = item.links.as_array().into_iter().flatten();
        let is_it = |link: &&Value| link["href"].as_str().and_then(file_link).as_ref() == Some(&file.url);
        if let Some(link) = links.filter(|_| content.kind == Kind::Image).find(is_it) {
            content.width = lenient::positive_of(&link["width"]);
            content.height = lenient::positive_of(&link["height"]);
            content.size_approx = lenient::positive_of(&link["size"]);
        }
        made.push((key, content));
    }
    made.sort_by_key(|(key, _)| *key);
    let made = made.into_iter().map(|(_, content)| content);
    let (captions, contents): (Vec<_>, Vec<_>) = made.partition(|it| it.role == Role::Caption);
    if contents.iter().all(|content| content.role != Role::Main) {
        return Err(Error::not_found(format!("a file of {}", what(id))));
    }
    Ok(Variants::in_order(contents)?.with_companions(captions).with_known(&item.known()))
}

/// Where a file stands among those of its item: by role, kind, rendition and bitrate.
type Place = (u8, bool, usize, Reverse<u64>);

/// A file of an item.
struct File {
    url: Url,
    uid: String,
    /// What its name says between the tilde and the extension.
    rendition: Option<String>,
    extension: String,
}

impl File {
    fn of(id: &str, url: Url) -> Option<Self> {
        let name = link::decoded(url.path_segments()?.next_back()?);
        let (stem, extension) = link::split(&name)?;
        let rendition = stem.rsplit_once('~').map(|(_, rendition)| rendition.to_ascii_lowercase());
        let extension = extension.to_ascii_lowercase();
        let uid = if name.starts_with(id) { name } else { format!("{id}-{name}") };
        Some(Self { url, uid, rendition, extension })
    }

    /// What the site files the item under: `image`, `video` or `audio`.
    fn folder(&self) -> Option<String> {
        self.url.path_segments()?.next().map(str::to_owned)
    }

    /// The content, and its place among those of an item of the kind `of`. What programs read is none.
    fn content(&self, of: Kind, source: &Url) -> Option<(Place, Content)> {
        let media = media_type::by_extension(&self.extension);
        let kind = media.map_or(of, |it| it.kind);
        // Of some there are several, with a number.
        let rendition = self.rendition.as_deref().and_then(|it| it.split('_').next());
        let (place, role) = match (rendition, kind) {
            (_, Kind::Text) if matches!(self.extension.as_str(), "srt" | "vtt") => (1, Role::Caption),
            (None, _) | (_, Kind::Text | Kind::Other) => return None,
            (Some("orig" | "large"), Kind::Image) if of != Kind::Image => (2, Role::Poster),
            (Some("thumb"), _) => (3, Role::Thumbnail),
            (_, Kind::Image) if of != Kind::Image => (3, Role::Thumbnail),
            _ => (0, Role::Main),
        };
        let rank = rendition.and_then(|it| RENDITIONS.iter().position(|known| *known == it));
        let kilobits = rendition.and_then(|it| it.strip_suffix('k')?.parse::<u64>().ok());
        let mut content = Content::of_file(&*self.uid, kind, source, self.url.clone());
        content.role = role;
        content.extension = Some(self.extension.clone());
        content.bitrate = kilobits.and_then(|it| it.checked_mul(1000));
        let key =
            (place, kind != of, rank.unwrap_or(RENDITIONS.len()), Reverse(kilobits.unwrap_or_default()));
        Some((key, content))
    }
}

/// The link of a file, which answers write without escapes, and some with `http:`.
pub(super) fn file_link(href: &str) -> Option<Url> {
    link::whole(&href.replace('?', "%3F").replace('#', "%23")).map(https)
}

pub(super) fn https(mut url: Url) -> Url {
    if url.scheme() == "http" {
        // What can be written with the one can be with the other.
        let _ = url.set_scheme("https");
    }
    url
}
