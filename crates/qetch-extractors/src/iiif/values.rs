//! Reading the JSON-LD of both versions: the same things under two names, one thing where there may be a list, and texts in
//! languages.

use qetch_core::{Url, lenient::positive_of};
use serde_json::Value;

use crate::common_prose;

/// The id: the text itself, or else its `id`, which version 2 calls `@id`.
pub(super) fn id(value: &Value) -> Option<&str> {
    let id = value.as_str().or_else(|| either(value, "id", "@id")?.as_str())?.trim();
    (!id.is_empty()).then_some(id)
}

/// The id as a link. What stands in a document is meant to be absolute; where it is not, it is one beside the document.
pub(super) fn link(base: &Url, value: &Value) -> Option<Url> {
    qetch_core::link::read(base, id(value)?)
}

/// The type without the prefix that version 2 gives it (`sc:Manifest`, `dctypes:Image`); empty where it has none.
pub(super) fn type_of(value: &Value) -> &str {
    let name = list(value, "type").into_iter().chain(list(value, "@type")).find_map(Value::as_str);
    name.map_or("", |name| name.rsplit(':').next().unwrap_or(name))
}

/// What stands under one of two names.
pub(super) fn either<'a>(value: &'a Value, name: &str, other: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| value.get(other)).filter(|value| !value.is_null())
}

/// What stands under `name`, where one thing may stand for a list of one.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    match value.get(name) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
    }
}

/// Width and height, where both are told.
pub(super) fn extent(value: &Value) -> Option<(u32, u32)> {
    positive_of(&value["width"]).zip(positive_of(&value["height"]))
}

/// The text of one language: English where there is any, else what is of none, else what comes first. Version 3 writes maps
/// of languages to lists (Presentation 3.0, section 4.2), version 2 texts and objects with `@value` (2.1, section 4.3).
pub(super) fn text(value: &Value) -> Option<String> {
    let mut texts = Vec::new();
    read_texts(value, NO_LANGUAGE, &mut texts);
    texts.retain(|(_, text)| !text.is_empty());
    let rank = |language: &str| match language {
        "en" => 0,
        _ if language.starts_with("en-") => 1,
        NO_LANGUAGE | "@none" => 2,
        _ => 3,
    };
    let language = texts.iter().map(|(language, _)| *language).min_by_key(|language| rank(language))?;
    let those = texts.iter().filter(|(its, _)| *its == language).map(|(_, text)| text.as_str());
    Some(those.collect::<Vec<_>>().join("; "))
}

/// Text without its marks, where it is HTML: what begins and ends like that (Presentation 3.0, section 4.4).
fn plain(text: &str) -> String {
    let is_html = text.starts_with('<') && text.ends_with('>');
    if is_html { common_prose::text(text).unwrap_or_default() } else { text.to_owned() }
}

const NO_LANGUAGE: &str = "none";

fn read_texts<'a>(value: &'a Value, language: &'a str, into: &mut Vec<(&'a str, String)>) {
    match value {
        Value::String(text) => into.push((language, plain(text.trim()))),
        Value::Number(number) => into.push((language, number.to_string())),
        Value::Array(values) => values.iter().for_each(|value| read_texts(value, language, into)),
        Value::Object(map) => match map.get("@value") {
            Some(value) => {
                read_texts(value, map.get("@language").and_then(Value::as_str).unwrap_or(NO_LANGUAGE), into);
            }
            None => map.iter().for_each(|(language, value)| read_texts(value, language, into)),
        },
        Value::Null | Value::Bool(_) => (),
    }
}

/// The text under one of two names.
pub(super) fn text_at(value: &Value, name: &str, other: &str) -> Option<String> {
    text(either(value, name, other)?)
}

/// From a second on, until another one where that is told.
pub(super) type Time = (f64, Option<f64>);

/// Start and end of `t=` in a media fragment (Media Fragments 1.0, section 4.2.1).
pub(super) fn time(fragment: &str) -> Option<Time> {
    let time = fragment.split('&').find_map(|pair| pair.strip_prefix("t="))?;
    let time = time.strip_prefix("npt:").unwrap_or(time);
    let (start, end) = time.split_once(',').unwrap_or((time, ""));
    let seconds =
        |text: &str| text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
    Some((if start.is_empty() { 0.0 } else { seconds(start)? }, seconds(end)))
}

/// The canvas that something is about, and the time on it: an id with a fragment, or a resource with a selector.
pub(super) fn target(value: &Value) -> Option<(&str, Option<Time>)> {
    let source = either(value, "source", "full").unwrap_or(value);
    let (canvas, fragment) = id(source)?.split_once('#').unwrap_or((id(source)?, ""));
    let selected = || {
        let selector = list(value, "selector").into_iter().next()?;
        let fragment = selector.get("value").and_then(Value::as_str).and_then(time);
        fragment.or_else(|| Some((positive_of(&selector["t"])?, None)))
    };
    Some((canvas, time(fragment).or_else(selected)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_of_one_language() {
        let check =
            |value: Value, expected: Option<&str>| assert_eq!(text(&value).as_deref(), expected, "{value}");
        check(json!("Frogs"), Some("Frogs"));
        check(json!({"de": ["Frösche"], "en": ["Frogs", "Toads"]}), Some("Frogs; Toads"));
        check(json!({"de": ["Frösche"], "none": ["A frog"]}), Some("A frog"));
        check(json!({"it": ["Rane"], "de": [""]}), Some("Rane"));
        check(json!({"fr": ["Grenouille"], "en-GB": ["Frog"]}), Some("Frog"));
        check(
            json!([{"@value": "Frosch", "@language": "de"}, {"@value": "Frog", "@language": "en"}]),
            Some("Frog"),
        );
        check(json!([{"@value": "Frosch", "@language": "de"}, "frog"]), Some("frog"));
        check(json!("<span>A <i>frog</i>,<br/>a toad &amp;lt;</span>"), Some("A frog,\na toad &lt;"));
        check(json!("1 < 2 <b>"), Some("1 < 2 <b>"));
        check(json!(1968), Some("1968"));
        for nothing in [json!(null), json!(""), json!([]), json!({"en": []}), json!(true)] {
            check(nothing, None);
        }
    }

    #[test]
    fn a_time_stands_in_a_fragment_or_a_selector() {
        let check = |value: Value, expected: (&str, Option<Time>)| {
            assert_eq!(target(&value), Some(expected), "{value}");
        };
        check(json!("c"), ("c", None));
        check(json!("c#xywh=1,2,3,4&t=11,42"), ("c", Some((11.0, Some(42.0)))));
        check(json!({"id": "c#t=,5.5"}), ("c", Some((0.0, Some(5.5)))));
        check(json!("c#t=npt:7"), ("c", Some((7.0, None))));
        check(json!("c#t=-1,2"), ("c", None));
        let selected =
            json!({"type": "SpecificResource", "source": {"id": "c"}, "selector": {"value": "t=3,4"}});
        check(selected, ("c", Some((3.0, Some(4.0)))));
        check(
            json!({"source": "c", "selector": [{"type": "PointSelector", "t": 9}]}),
            ("c", Some((9.0, None))),
        );
        assert_eq!(target(&json!({"source": 7})), None);
    }
}
