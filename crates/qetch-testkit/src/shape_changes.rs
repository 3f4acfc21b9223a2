//! What changed in the shape of JSON answers: paths and types, held against those of answers that are known.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use qetch_core::Url;
use serde_json::Value;

/// A JSON answer, and what was asked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonAnswer {
    /// The method of the request.
    pub method: String,
    /// The URL of the request.
    pub url: Url,
    /// The status of the answer.
    pub status: u16,
    /// Its body.
    pub body: Value,
}

/// What has another shape in new answers than in those that are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeChanges {
    /// The request, the first of its kind.
    pub asked: String,
    /// The request that it was held against; `None` where nothing like it is known.
    pub like: Option<String>,
    /// A line for each path that changed, beginning with the path: `$.files[].size: string, was number`.
    pub changes: Vec<String>,
}

/// For each kind of request in `new` that is not known or whose answers have another shape: what changed.
///
/// Ids differ between two recordings, and hosts of software that anyone runs. So an answer is held against those whose
/// requests are most like its own: of the same method and status, with as many segments in their paths. What is a null or an
/// empty list tells nothing of what else it may be.
///
/// ```
/// use qetch_testkit::{JsonAnswer, shape_changes};
/// use serde_json::json;
///
/// let answer = |id: u32, body| JsonAnswer {
///     method: "GET".into(),
///     url: format!("https://pond.example/frogs/{id}").parse().unwrap(),
///     status: 200,
///     body,
/// };
/// let known = [answer(1, json!({ "name": "Kermit", "age": 3 }))];
/// let changes = shape_changes(&known, &[answer(2, json!({ "name": "Robin", "age": "4" }))]);
/// assert_eq!(changes[0].changes, ["$.age: string, was number"]);
/// ```
#[must_use]
pub fn shape_changes(known: &[JsonAnswer], new: &[JsonAnswer]) -> Vec<ShapeChanges> {
    let mut kinds: Vec<(Vec<usize>, Vec<&JsonAnswer>)> = Vec::new();
    let mut unknown: Vec<ShapeChanges> = Vec::new();
    for answer in new {
        let like = most_like(known, answer);
        if like.is_empty() {
            let asked = asked(answer);
            if !unknown.iter().any(|it| it.asked == asked) {
                unknown.push(ShapeChanges { asked, like: None, changes: Vec::new() });
            }
            continue;
        }
        match kinds.iter_mut().find(|(others, _)| *others == like) {
            Some((_, answers)) => answers.push(answer),
            None => kinds.push((like, vec![answer])),
        }
    }
    let changed = kinds.into_iter().filter_map(|(like, answers)| {
        let like: Vec<_> = like.into_iter().filter_map(|at| known.get(at)).collect();
        let changes = changes(&Shape::of(&like), &Shape::of(&answers));
        let first = answers.first().filter(|_| !changes.is_empty())?;
        Some(ShapeChanges { asked: asked(first), like: like.first().map(|it| asked(it)), changes })
    });
    changed.chain(unknown).collect()
}

/// A paragraph for people: the requests, and a line for each change.
impl fmt::Display for ShapeChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.like {
            Some(like) => write!(f, "{}\n  held against {like}", self.asked)?,
            None => write!(f, "{}\n  nothing like it is known", self.asked)?,
        }
        self.changes.iter().try_for_each(|change| write!(f, "\n  {change}"))
    }
}

/// The request, without what its query holds.
fn asked(answer: &JsonAnswer) -> String {
    let mut url = answer.url.clone();
    url.set_query(None);
    url.set_fragment(None);
    format!("{} {url} ({})", answer.method, answer.status)
}

/// The positions of those of `known` whose requests are most like that of `answer`.
fn most_like(known: &[JsonAnswer], answer: &JsonAnswer) -> Vec<usize> {
    let likes: Vec<_> = known.iter().map(|it| likeness(it, answer)).collect();
    let Some(most) = likes.iter().copied().flatten().max() else { return Vec::new() };
    (0..known.len()).filter(|&at| likes.get(at) == Some(&Some(most))).collect()
}

/// How much two requests are alike; `None` where they cannot be for the same thing.
fn likeness(known: &JsonAnswer, new: &JsonAnswer) -> Option<i32> {
    if (known.method.as_str(), known.status) != (new.method.as_str(), new.status) {
        return None;
    }
    let segments = |answer: &JsonAnswer| -> Vec<String> {
        answer.url.path_segments().into_iter().flatten().map(str::to_owned).collect()
    };
    let (ours, theirs) = (segments(known), segments(new));
    if ours.len() != theirs.len() {
        return None;
    }
    let mut points = i32::from(known.url.host_str() == new.url.host_str());
    let last = ours.len().saturating_sub(1);
    let mut is_after_id = false;
    for (at, (one, other)) in ours.iter().zip(&theirs).enumerate() {
        let are_words = is_word(one) && is_word(other);
        if one == other {
            points += if are_words { 2 } else { 0 };
        } else if are_words {
            // Paths begin with the names of things, and ids follow; behind an id stands a name again.
            if at < last || is_after_id {
                return None;
            }
            points -= 1;
        }
        is_after_id = one != other || !are_words;
    }
    let names = |answer: &JsonAnswer| -> BTreeSet<String> {
        answer.url.query_pairs().map(|(name, _)| name.into_owned()).collect()
    };
    let are_alike = points > 0 || last == 0;
    are_alike.then(|| points + i32::from(names(known) == names(new)))
}

/// Whether a segment is the name of something, rather than an id: small letters, or a version such as `v1`.
fn is_word(segment: &str) -> bool {
    let is_version = || segment.strip_prefix('v').is_some_and(|rest| rest.parse::<u8>().is_ok());
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_');
    segment.len() <= 24 && segment.bytes().all(is_plain) || is_version()
}

/// The paths of some answers, each as the steps to it (`.name` into an object, `[]` into a list), with the types that stand
/// there.
#[derive(Debug, Default)]
struct Shape(BTreeMap<Vec<String>, BTreeSet<&'static str>>);

/// The step to what a list holds.
const ITEM: &str = "[]";

impl Shape {
    fn of(answers: &[&JsonAnswer]) -> Self {
        let mut shape = Self::default();
        for answer in answers {
            shape.add(&mut Vec::new(), &answer.body);
        }
        shape
    }

    fn add(&mut self, path: &mut Vec<String>, value: &Value) {
        self.0.entry(path.clone()).or_default().insert(type_of(value));
        let steps: Vec<_> = match value {
            Value::Array(items) => items.iter().map(|item| (ITEM.to_owned(), item)).collect(),
            Value::Object(fields) => fields.iter().map(|(name, value)| (field(name), value)).collect(),
            _ => return,
        };
        for (step, value) in steps {
            path.push(step);
            self.add(path, value);
            path.pop();
        }
    }

    /// Whether an object is there that could have this field. An empty list tells nothing of what it may hold.
    fn has_place_for(&self, path: &[String]) -> bool {
        let Some((step, parent)) = path.split_last() else { return false };
        step != ITEM && self.0.get(parent).is_some_and(|types| types.contains("object"))
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// The step to the field `name`. One that would be read as several steps stands in quotes.
fn field(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | ':' | '$');
    let is_one_step = !name.is_empty() && name.chars().all(is_plain);
    if is_one_step { format!(".{name}") } else { format!(".{}", Value::from(name)) }
}

/// What breaks a reader first: other types, what is missing, and then what is new.
fn changes(known: &Shape, new: &Shape) -> Vec<String> {
    let listed = |types: &BTreeSet<&str>| types.iter().copied().collect::<Vec<_>>().join(" or ");
    let shown = |path: &[String]| format!("${}", path.concat());
    let (mut retyped, mut missing, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for (path, types) in &new.0 {
        match known.0.get(path) {
            Some(before) => {
                // What was null alone may turn out to be anything.
                let is_known = before.iter().any(|it| *it != "null");
                if is_known && !types.is_subset(before) {
                    retyped.push(format!("{}: {}, was {}", shown(path), listed(types), listed(before)));
                }
            }
            None if known.has_place_for(path) => {
                added.push(format!("{}: {}, is new", shown(path), listed(types)));
            }
            None => (),
        }
    }
    for (path, types) in &known.0 {
        let is_known = types.iter().any(|it| *it != "null");
        if is_known && !new.0.contains_key(path) && new.has_place_for(path) {
            missing.push(format!("{}: is missing, was {}", shown(path), listed(types)));
        }
    }
    [retyped, missing, added].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(url: &str, status: u16, body: Value) -> JsonAnswer {
        JsonAnswer { method: "GET".to_owned(), url: url.parse().unwrap(), status, body }
    }

    /// Holds answers of one kind against each other.
    #[track_caller]
    fn check(known: &[&Value], new: &[&Value], expected: &[&str]) {
        let answers = |bodies: &[&Value]| -> Vec<_> {
            bodies.iter().map(|&body| answer("https://pond.example/p/1", 200, body.clone())).collect()
        };
        let found: Vec<_> =
            shape_changes(&answers(known), &answers(new)).into_iter().flat_map(|it| it.changes).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_the_same_but_for_its_values_has_not_changed() {
        let known = json!({ "id": 1, "files": [{ "url": "a", "size": 2 }], "next": null, "tags": ["x"] });
        let files = json!([{ "size": 9, "url": "b" }, { "url": "", "size": 0 }]);
        let new = json!({ "tags": [], "files": files, "id": 7, "next": 3 });
        check(&[&known], &[&known], &[]);
        check(&[&known], &[&new], &[]);
    }

    #[test]
    fn a_planted_change_of_each_sort_is_told_with_its_path() {
        let known = json!({ "id": 1, "files": [{ "url": "a", "size": 2 }], "by": { "name": "x" } });
        let with = |pointer: &str, value: Value| {
            let mut changed = known.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            changed
        };
        let check = |new: Value, expected: &[&str]| check(&[&known], &[&new], expected);
        check(with("/id", json!("1")), &["$.id: string, was number"]);
        check(with("/files/0", json!({ "url": "a" })), &["$.files[].size: is missing, was number"]);
        check(with("/files/0/size", json!(null)), &["$.files[].size: null, was number"]);
        check(with("/files", json!({ "a": 1 })), &["$.files: object, was list"]);
        check(with("/files", json!([])), &[]);
        check(with("/by", json!({ "name": "x", "page": { "url": "u" } })), &["$.by.page: object, is new"]);
        check(json!([known]), &["$: list, was object"]);
    }

    #[test]
    fn a_name_that_would_be_read_as_a_path_stands_in_quotes() {
        check(&[&json!({ "a.b[]": 1 })], &[&json!({ "a.b[]": "1" })], &["$.\"a.b[]\": string, was number"]);
    }

    #[test]
    fn what_one_of_several_answers_has_is_known() {
        let (one, other, both) =
            (json!({ "a": 1 }), json!({ "a": null, "b": "x" }), json!({ "a": 1, "b": "y" }));
        check(&[&one, &other], &[&one, &other], &[]);
        check(&[&one], &[&other], &["$.a: null, was number", "$.b: string, is new"]);
        check(&[&both], &[&one, &both], &[]);
        check(&[&json!({ "a": null })], &[&json!({})], &[]);
    }

    /// The request of `known` that `new` is held against.
    #[track_caller]
    fn check_like(known: &[&str], new: &str, expected: Option<&str>) {
        let known: Vec<_> = known.iter().map(|url| answer(url, 200, json!({ "a": 1 }))).collect();
        let found = shape_changes(&known, &[answer(new, 200, json!({ "a": "1" }))]);
        let expected = expected.map(|url| format!("GET {url} (200)"));
        assert_eq!(found[0].like, expected, "{new}");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn an_answer_is_held_against_those_of_the_requests_most_like_its_own() {
        let known = [
            "https://tube.example/api/v1/videos/abc",
            "https://tube.example/api/v1/videos/abc/captions",
            "https://tube.example/api/v1/video-channels/frogs_1/videos",
            "https://archive.example/metadata/some-frogs",
            "https://archive.example/search.php",
        ];
        let check = |new: &str, expected: Option<&str>| check_like(&known, new, expected);
        check("https://other.example/api/v1/videos/9c9de5e8-0a1e", Some(known[0]));
        check("https://other.example/api/v1/videos/9c9de5e8-0a1e/captions?x=1", Some(known[1]));
        check("https://other.example/api/v1/video-channels/7/videos", Some(known[2]));
        check("https://archive.example/metadata/other", Some(known[3]));
        check("https://tube.example/api/v1/videos/7/storyboards", None);
        check("https://tube.example/api/v1/accounts/7/videos", None);
        check("https://tube.example/api/v1", None);
        check("https://archive.example/files/other", None);
    }

    #[test]
    fn other_statuses_and_methods_are_other_answers() {
        let known = [answer("https://pond.example/p/1", 200, json!({ "a": 1 }))];
        let new = answer("https://pond.example/p/2?key=hunter2", 404, json!({ "error": "x" }));
        let found = shape_changes(&known, &[new.clone(), new.clone()]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].to_string(), "GET https://pond.example/p/2 (404)\n  nothing like it is known");
        let posted = JsonAnswer { method: "POST".to_owned(), status: 200, ..new };
        assert_eq!(shape_changes(&known, &[posted])[0].like, None);
    }

    #[test]
    fn a_paragraph_names_both_requests_and_each_change() {
        let known = [answer("https://pond.example/p/1", 200, json!({ "a": 1 }))];
        let found = shape_changes(&known, &[answer("https://pond.example/p/2", 200, json!({ "a": [] }))]);
        let expected = "GET https://pond.example/p/2 (200)\n  held against GET https://pond.example/p/1 (200)\n  \
                        $.a: list, was number";
        assert_eq!(found[0].to_string(), expected);
    }
}
