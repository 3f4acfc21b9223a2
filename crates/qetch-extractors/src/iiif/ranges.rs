//! Ranges: the table of contents of a manifest, told of each canvas as its chapters.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::values::{Time, id, list, target, text_at, type_of};

/// A range that has something of a canvas.
#[derive(Debug)]
pub(super) struct Chapter {
    title: String,
    /// The titles of the ranges it stands in, the outermost first.
    within: Vec<String>,
    canvas: String,
    /// The part of the canvas, in seconds; all of it where there is none.
    time: Option<Time>,
}

/// The ranges of a manifest, in reading order. Version 3 nests them (Presentation 3.0, section 5.4); version 2 lists them side
/// by side, each naming those within it (2.1, section 5.5).
pub(super) fn chapters(manifest: &Value) -> Vec<Chapter> {
    let ranges = list(manifest, "structures");
    let by_id: HashMap<&str, &Value> = ranges.iter().filter_map(|&range| Some((id(range)?, range))).collect();
    let inner: HashSet<&str> = ranges
        .iter()
        .flat_map(|range| parts(range))
        .filter(|(is_range, _)| *is_range)
        .filter_map(|(_, part)| id(part))
        .collect();
    let mut walk = Walk { by_id, seen: HashSet::new(), chapters: Vec::new() };
    for range in ranges {
        if id(range).is_none_or(|id| !inner.contains(id)) {
            walk.range(range, &[], 0);
        }
    }
    walk.chapters
}

/// What a range has, and whether each is a range.
fn parts(range: &Value) -> impl Iterator<Item = (bool, &Value)> {
    let named = ["items", "members"].into_iter().flat_map(|name| list(range, name));
    let named = named.map(|part| (type_of(part) == "Range", part));
    let listed = |name: &str, is_range: bool| list(range, name).into_iter().map(move |part| (is_range, part));
    named.chain(listed("canvases", false)).chain(listed("ranges", true))
}

struct Walk<'a> {
    by_id: HashMap<&'a str, &'a Value>,
    /// Each range is read once, wherever else it is named: they may lead in circles.
    seen: HashSet<&'a str>,
    chapters: Vec<Chapter>,
}

impl<'a> Walk<'a> {
    fn range(&mut self, range: &'a Value, within: &[String], depth: usize) {
        // Those that are deeper are no table of contents.
        const DEEPEST: usize = 32;
        if id(range).is_some_and(|id| !self.seen.insert(id)) || depth > DEEPEST {
            return;
        }
        let title = text_at(range, "label", "title");
        let path: Vec<String> = within.iter().cloned().chain(title.clone()).collect();
        for (is_range, part) in parts(range) {
            if is_range {
                let whole = id(part).and_then(|id| self.by_id.get(id).copied());
                let has_parts = parts(part).next().is_some();
                self.range(if has_parts { part } else { whole.unwrap_or(part) }, &path, depth + 1);
            } else if let (Some(title), Some((canvas, time))) = (&title, target(part)) {
                let (title, canvas) = (title.clone(), canvas.to_owned());
                self.chapters.push(Chapter { title, within: within.to_vec(), canvas, time });
            }
        }
    }
}

/// The chapters of what is painted on `canvas` from the second `from` on until `to`, with their times on it.
pub(super) fn of_canvas(chapters: &[Chapter], canvas: &str, from: f64, to: Option<f64>) -> Vec<Value> {
    let told = |chapter: &Chapter| {
        let mut told = Map::new();
        told.insert("title".into(), chapter.title.clone().into());
        if !chapter.within.is_empty() {
            told.insert("within".into(), json!(chapter.within));
        }
        if let Some((start, end)) = chapter.time {
            if to.is_some_and(|to| start >= to) || end.is_some_and(|end| end <= from) {
                return None;
            }
            // A difference of two such numbers has digits that nobody wrote.
            let on_it = |seconds: f64| ((seconds - from).max(0.0) * 1000.0).round() / 1000.0;
            told.insert("start".into(), on_it(start).into());
            if let Some(end) = end {
                told.insert("end".into(), on_it(to.map_or(end, |to| end.min(to))).into());
            }
        }
        Some(Value::Object(told))
    };
    chapters.iter().filter(|chapter| chapter.canvas == canvas).filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_version_2_name_one_another_and_may_lead_in_circles() {
        let manifest = json!({"structures": [
            {"@id": "top", "@type": "sc:Range", "label": "Contents", "ranges": ["one", "two"]},
            {"@id": "one", "@type": "sc:Range", "label": "One", "canvases": ["c1", "c2"], "ranges": ["inner"]},
            {"@id": "inner", "@type": "sc:Range", "label": "Inner", "canvases": ["c2"], "ranges": ["one"]},
            {"@id": "two", "@type": "sc:Range", "label": "Two",
             "members": [{"@id": "c3#xywh=0,0,1,1", "@type": "sc:Canvas"}, {"@id": "inner", "@type": "sc:Range"}]},
            {"@id": "a", "label": "Never begins", "ranges": ["b"], "canvases": ["c3"]},
            {"@id": "b", "label": "Never begins", "ranges": ["a"]}
        ]});
        let chapters = chapters(&manifest);
        let of = |canvas| of_canvas(&chapters, canvas, 0.0, None);
        assert_eq!(of("c1"), [json!({"title": "One", "within": ["Contents"]})]);
        let inner = json!({"title": "Inner", "within": ["Contents", "One"]});
        assert_eq!(of("c2"), [json!({"title": "One", "within": ["Contents"]}), inner]);
        assert_eq!(of("c3"), [json!({"title": "Two", "within": ["Contents"]})]);
    }

    #[test]
    fn times_are_those_of_what_is_painted_there() {
        let manifest = json!({"structures": [{"type": "Range", "items": [
            {"type": "Range", "label": "Prelude", "items": [{"type": "Canvas", "id": "c#t=0,100.5"}]},
            {"type": "Range", "label": "Act", "items": [{"type": "Canvas", "id": "c#t=90,200"}]},
            {"type": "Range", "label": "Applause", "items": [{"type": "SpecificResource", "source": "c",
             "selector": {"type": "PointSelector", "t": 300}}]}
        ]}]});
        let chapters = chapters(&manifest);
        let first = of_canvas(&chapters, "c", 0.0, Some(100.0));
        let expected = [
            json!({"title": "Prelude", "start": 0.0, "end": 100.0}),
            json!({"title": "Act", "start": 90.0, "end": 100.0}),
        ];
        assert_eq!(first, expected);
        let second = of_canvas(&chapters, "c", 100.1, None);
        let expected = [
            json!({"title": "Prelude", "start": 0.0, "end": 0.4}),
            json!({"title": "Act", "start": 0.0, "end": 99.9}),
            json!({"title": "Applause", "start": 199.9}),
        ];
        assert_eq!(second, expected);
    }
}
