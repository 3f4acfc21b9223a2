//! Bodies: what an annotation paints, and what it is.

use qetch_core::{Kind, Url, lenient, link, media_type};
use serde_json::Value;

use super::values::{either, list, type_of};

/// Whether an annotation has this motivation; `if_none` where it tells none.
pub(super) fn has_motivation(annotation: &Value, name: &str, if_none: bool) -> bool {
    let told = list(annotation, "motivation");
    let is_it = |it: &&Value| it.as_str().is_some_and(|it| it.rsplit(':').next() == Some(name));
    if told.is_empty() { if_none } else { told.iter().any(is_it) }
}

/// The things that a body is or offers, each with its alternatives. Text that stands in the manifest itself is none.
pub(super) fn choices<'a>(body: &'a Value, groups: &mut Vec<Vec<&'a Value>>) {
    if let Value::Array(bodies) = body {
        return bodies.iter().for_each(|body| choices(body, groups));
    }
    match type_of(body) {
        "Choice" | "Alternatives" => {
            let mut inner = Vec::new();
            for name in ["default", "items", "item"] {
                list(body, name).into_iter().for_each(|body| choices(body, &mut inner));
            }
            let all = inner.concat();
            if all.iter().all(|body| is_timed(kind(body))) && !all.is_empty() {
                groups.push(all);
            } else {
                groups.extend(all.into_iter().map(|body| vec![body]));
            }
        }
        "SpecificResource" => {
            if let Some(source) = either(body, "source", "full") {
                choices(source, groups);
            }
        }
        "TextualBody" | "ContentAsText" | "Canvas" | "Manifest" => (),
        _ if body.as_str() == Some("rdf:nil") => (),
        _ => groups.push(vec![body]),
    }
}

/// What a body is, by its type or else by its format.
pub(super) fn kind(body: &Value) -> Kind {
    match type_of(body) {
        "Image" => Kind::Image,
        "Sound" | "Audio" => Kind::Audio,
        "Video" | "MovingImage" => Kind::Video,
        "Text" => Kind::Text,
        _ => body.get("format").and_then(Value::as_str).map_or(Kind::Other, media_type::kind_of),
    }
}

pub(super) fn is_timed(kind: Kind) -> bool {
    matches!(kind, Kind::Audio | Kind::Video)
}

/// The media type that is told, or else that of the link's extension.
pub(super) fn media_type_of(body: &Value, url: &Url) -> Option<String> {
    let told = body.get("format").and_then(Value::as_str).map(|it| it.split(';').next().unwrap_or(it));
    let told = told.map(|it| it.trim().to_ascii_lowercase()).filter(|it| it.contains('/'));
    told.or_else(|| Some(media_type::of_link(url)?.name.to_owned()))
}

pub(super) fn is_playlist(body: &Value, url: &Url) -> bool {
    let told = media_type_of(body, url).unwrap_or_default();
    told.ends_with("mpegurl")
        || told == "application/dash+xml"
        || matches!(link::extension(url).as_deref(), Some("m3u8" | "mpd"))
}

pub(super) fn language(body: &Value) -> Option<String> {
    list(body, "language").into_iter().find_map(lenient::text_of)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::iiif::values::id;

    #[test]
    fn recordings_to_choose_from_are_alternatives_and_pictures_are_not() {
        let check = |body: Value, expected: &[&[&str]]| {
            let mut groups = Vec::new();
            choices(&body, &mut groups);
            let ids: Vec<Vec<_>> =
                groups.iter().map(|group| group.iter().filter_map(|it| id(it)).collect()).collect();
            assert_eq!(ids, expected, "{body}");
        };
        let (sound, film, picture) = (
            json!({"id": "s", "type": "Sound"}),
            json!({"id": "v", "format": "video/mp4"}),
            json!({"id": "i", "type": "Image"}),
        );
        check(json!({"type": "Choice", "items": [sound, film]}), &[&["s", "v"]]);
        check(json!({"type": "Choice", "items": [sound, picture]}), &[&["s"], &["i"]]);
        check(json!([sound, film]), &[&["s"], &["v"]]);
        check(json!({"@type": "oa:Choice", "default": picture, "item": ["b", "rdf:nil"]}), &[&["i"], &["b"]]);
        check(json!({"@type": "oa:SpecificResource", "full": picture, "selector": {}}), &[&["i"]]);
        check(
            json!({"type": "Choice", "items": [{"type": "Choice", "items": [sound]}, film]}),
            &[&["s", "v"]],
        );
        check(json!([{"type": "TextualBody", "value": "A frog"}, {"id": "c", "type": "Canvas"}]), &[]);
        check(json!({"type": "Choice"}), &[]);
    }

    #[test]
    fn a_type_is_told_by_the_body_or_else_by_its_link() {
        let check = |body: Value, link: &str, expected: Option<&str>, is_list: bool| {
            let url = Url::parse(link).unwrap();
            assert_eq!(
                (media_type_of(&body, &url).as_deref(), is_playlist(&body, &url)),
                (expected, is_list),
                "{body} {link}"
            );
        };
        check(json!({"format": "Image/JPEG; x=y"}), "https://h/a.png", Some("image/jpeg"), false);
        check(json!({"format": "jpg"}), "https://h/a.PNG?x", Some("image/png"), false);
        check(json!({}), "https://h/a", None, false);
        check(json!({"format": "application/x-mpegURL"}), "https://h/a", Some("application/x-mpegurl"), true);
        check(json!({"type": "Video"}), "https://h/a.mpd", None, true);
    }
}
