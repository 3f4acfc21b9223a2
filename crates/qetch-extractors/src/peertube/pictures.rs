//! The pictures that stand for a video.

use qetch_core::{Content, Fragment, Kind, Role, Url, media_type};
use serde_json::{Map, Value};

use super::{
    ask::Instance,
    video::{number, text},
};

/// One picture.
struct Picture {
    /// What its uid ends with.
    name: String,
    role: Role,
    url: Url,
    pixels: Option<(u32, u32)>,
}

/// The most pictures that are read: many times what any video has.
const MOST: usize = 32;

/// The pictures that `video` lists: since 8.1 under one name, with their sizes, and before under two.
pub(super) fn of(instance: &Instance, uuid: &str, source: &Url, video: &Map<String, Value>) -> Vec<Content> {
    let mut pictures = listed(instance, video);
    if pictures.is_empty() {
        let named =
            [("preview", "previewPath", Role::Poster), ("thumbnail", "thumbnailPath", Role::Thumbnail)];
        let named = named.into_iter().filter_map(|(name, key, role)| {
            let url = instance.link(&text(video.get(key)?)?)?;
            Some(Picture { name: name.to_owned(), role, url, pixels: None })
        });
        pictures = named.collect();
    }
    pictures.into_iter().map(|it| it.content(uuid, source)).collect()
}

/// Those that tell their size, the largest as the poster.
fn listed(instance: &Instance, video: &Map<String, Value>) -> Vec<Picture> {
    let Some(Value::Array(entries)) = video.get("thumbnails") else { return Vec::new() };
    let mut pictures: Vec<Picture> = Vec::new();
    for entry in entries.iter().take(MOST) {
        let Some(url) = text(&entry["fileUrl"]).and_then(|text| instance.link(&text)) else { continue };
        let (Some(width @ 1..), Some(height @ 1..)) = (number(&entry["width"]), number(&entry["height"]))
        else {
            continue;
        };
        let name = format!("picture-{width}x{height}");
        if pictures.iter().all(|it| it.name != name) {
            pictures.push(Picture { name, role: Role::Thumbnail, url, pixels: Some((width, height)) });
        }
    }
    let area =
        |it: &&mut Picture| it.pixels.map(|(width, height): (u32, u32)| u64::from(width) * u64::from(height));
    if let Some(largest) = pictures.iter_mut().max_by_key(area) {
        largest.role = Role::Poster;
    }
    pictures
}

impl Picture {
    fn content(self, uuid: &str, source: &Url) -> Content {
        let extension = self.url.path().rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        let known =
            extension.and_then(|it| media_type::by_extension(&it)).filter(|it| it.kind == Kind::Image);
        let uid = format!("{uuid}-{}", self.name);
        let mut content = Content::new(uid, Kind::Image, source.clone(), [Fragment::new(self.url)]);
        content.role = self.role;
        content.content_type = known.map(|it| it.name.to_owned());
        content.extension = known.map(|it| it.extension.to_owned());
        (content.width, content.height) = self.pixels.unzip();
        content
    }
}
