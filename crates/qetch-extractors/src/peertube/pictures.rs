//! The pictures that stand for a video.

use qetch_core::{
    Content, Kind, Role, Url,
    lenient::{positive_of, text_of},
};
use serde_json::{Map, Value};

use super::ask::Instance;

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
            let url = instance.link(&text_of(video.get(key)?)?)?;
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
        let Some(url) = text_of(&entry["fileUrl"]).and_then(|text| instance.link(&text)) else { continue };
        let pixels = positive_of(&entry["width"]).zip(positive_of(&entry["height"]));
        let Some((width, height)) = pixels else { continue };
        let name = format!("picture-{width}x{height}");
        if pictures.iter().all(|it| it.name != name) {
            pictures.push(Picture { name, role: Role::Thumbnail, url, pixels });
        }
    }
    let area = |it: &&mut Picture| it.pixels.map(|(width, height)| u64::from(width) * u64::from(height));
    if let Some(largest) = pictures.iter_mut().max_by_key(area) {
        largest.role = Role::Poster;
    }
    pictures
}

impl Picture {
    fn content(self, uuid: &str, source: &Url) -> Content {
        let uid = format!("{uuid}-{}", self.name);
        let mut content = Content::of_file(uid, Kind::Image, source, self.url);
        content.role = self.role;
        (content.width, content.height) = self.pixels.unzip();
        content
    }
}
