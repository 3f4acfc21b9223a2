//! The values of JSON-LD, which come in several shapes each: one or a list, a text or an object that has one.

use qetch_core::{Kind, lenient, link};
use serde_json::{Map, Value};

use crate::page::{
    media::{Form, form},
    text,
};

/// The medium that an object is by its type; a plain `MediaObject` is what its file is.
pub(super) fn medium(object: &Map<String, Value>) -> Option<Kind> {
    if has_type(object, &["VideoObject", "VideoObjectSnapshot", "MusicVideoObject"]) {
        return Some(Kind::Video);
    }
    if has_type(object, &["AudioObject", "AudioObjectSnapshot", "Audiobook"]) {
        return Some(Kind::Audio);
    }
    if has_type(object, &["ImageObject", "ImageObjectSnapshot"]) {
        return Some(Kind::Image);
    }
    if !has_type(object, &["MediaObject"]) {
        return None;
    }
    let url = link::whole(string(object, &["contentUrl"])?)?;
    match form(&url, string(object, &["encodingFormat", "fileFormat"])) {
        Form::File(kind) => Some(kind),
        Form::Playlist => Some(Kind::Video),
        _ => None,
    }
}

/// Whether one of the object's types is one of these, whichever way it is written.
pub(super) fn has_type(object: &Map<String, Value>, names: &[&str]) -> bool {
    object.get("@type").into_iter().flat_map(each).filter_map(Value::as_str).any(|name| {
        let own = name.rsplit(['/', ':', '#']).next().unwrap_or(name);
        names.contains(&own)
    })
}

/// The values of a list, or the one that is none.
pub(super) fn each(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(values) => values.as_slice(),
        other => std::slice::from_ref(other),
    }
    .iter()
}

/// The text under the first of these names that has one: itself, the first of a list, or the `@value` of an object.
pub(super) fn string<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    let of = |name: &&str| match each(object.get(*name)?).next()? {
        Value::String(text) => Some(text.as_str()),
        Value::Object(inner) => inner.get("@value")?.as_str(),
        _ => None,
    };
    names.iter().filter_map(of).find(|text| !text.trim().is_empty())
}

/// Pixels: a number, a text that begins with one, or an object that has one as its `value`.
pub(super) fn size(object: &Map<String, Value>, name: &str) -> Option<u32> {
    match object.get(name)? {
        Value::Object(quantity) => size(quantity, "value"),
        value => text::pixels(&lenient::text_of(value)?),
    }
}

/// Keywords are a list, or one text with commas.
pub(super) fn tags(object: &Map<String, Value>) -> Vec<String> {
    let texts = object.get("keywords").into_iter().flat_map(each).filter_map(Value::as_str);
    let mut tags: Vec<String> = Vec::new();
    for tag in texts.flat_map(|text| text.split(',')).filter_map(text::tag) {
        if tags.len() < text::MOST_TAGS && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}
