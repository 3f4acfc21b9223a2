//! `shapes`: what an answer of JSON may look like one day, each time with one thing changed.

use serde_json::{Map, Value};

/// How many of a list's items are changed: those at its beginning, and the last. The others are like them.
const FIRST_ITEMS: usize = 2;

/// How many places a text is cut off at.
const CUTS: usize = 8;

/// A text of letters of two, three and four bytes, with a line break, what is no letter, and a way out of a folder.
const STRANGE: &str = "ä€😀\n\u{0}/../é";

/// An answer with one thing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What was changed, and where, such as `drop $.files[0].url`.
    pub name: String,
    /// The text of the answer.
    pub body: Vec<u8>,
}

/// Every shape that is one change away from the JSON `body`: a field or an item is missing, is null, or is of another
/// type; a number is a text and a text a number; a number is the largest there is; a text has letters of several bytes; a list is
/// empty, in another order, or has its first item twice; the text ends too early. None where `body` is no object and no list.
///
/// An extractor that reads any of them answers with contents or with an error that says what was missing, and never panics.
///
/// ```
/// use qetch_testkit::shapes;
///
/// let names: Vec<_> = shapes(br#"{"id":7}"#).map(|shape| shape.name).collect();
/// assert_eq!(names[4..8], ["drop $.id", "null $.id", "text for $.id", "object for $.id"]);
/// assert!(shapes(b"<html>").next().is_none());
/// ```
pub fn shapes(body: &[u8]) -> impl Iterator<Item = Shape> + use<> {
    let value = serde_json::from_slice::<Value>(body).ok().filter(|it| it.is_object() || it.is_array());
    let mut places = Vec::new();
    if let Some(value) = &value {
        walk(value, &mut Vec::new(), &mut places);
    }
    let mut cuts: Vec<_> = (0..CUTS).map(|part| body.len() * part / CUTS).collect();
    cuts.dedup();
    let text = value.as_ref().map(|_| body.to_vec());
    let cut = cuts.into_iter().filter_map(move |at| {
        let body = text.as_ref()?[..at].to_vec();
        Some(Shape { name: format!("cut off after {at} bytes"), body })
    });
    let changed = places.into_iter().filter_map(move |(path, change)| {
        let mut value = value.clone()?;
        apply(&mut value, &path, change)?;
        Some(Shape {
            name: format!("{} {}", change.name(), shown(&path)),
            body: value.to_string().into_bytes(),
        })
    });
    changed.chain(cut)
}

/// A step from a value to one in it.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Item(usize),
}

#[derive(Clone, Copy)]
enum Change {
    Drop,
    Null,
    Text,
    Number,
    Object,
    List,
    Empty,
    Reverse,
    Twice,
    Largest,
    Strange,
}

impl Change {
    fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Null => "null",
            Self::Text => "text for",
            Self::Number => "number for",
            Self::Object => "object for",
            Self::List => "list for",
            Self::Empty => "empty",
            Self::Reverse => "reverse",
            Self::Twice => "twice first of",
            Self::Largest => "largest for",
            Self::Strange => "strange text for",
        }
    }

    /// Those that make something else of `value`.
    fn of(value: &Value) -> &'static [Self] {
        match value {
            Value::Null => &[Self::Drop, Self::Text, Self::Number],
            Value::Bool(_) => &[Self::Drop, Self::Null, Self::Text, Self::Number],
            Value::Number(_) => &[Self::Drop, Self::Null, Self::Text, Self::Object, Self::Largest],
            Value::String(_) => {
                &[Self::Drop, Self::Null, Self::Empty, Self::Number, Self::List, Self::Strange]
            }
            Value::Array(items) if items.len() > 1 => {
                &[Self::Drop, Self::Null, Self::Empty, Self::Object, Self::Text, Self::Reverse, Self::Twice]
            }
            Value::Array(items) if items.len() == 1 => {
                &[Self::Drop, Self::Null, Self::Empty, Self::Object, Self::Text, Self::Twice]
            }
            Value::Array(_) => &[Self::Drop, Self::Null, Self::Empty, Self::Object, Self::Text],
            Value::Object(_) => &[Self::Drop, Self::Null, Self::Empty, Self::List, Self::Text],
        }
    }
}

/// Every change of every value in `value`, which stands at `path`.
fn walk(value: &Value, path: &mut Vec<Step>, places: &mut Vec<(Vec<Step>, Change)>) {
    let changes =
        Change::of(value).iter().filter(|change| !path.is_empty() || !matches!(change, Change::Drop));
    places.extend(changes.map(|change| (path.clone(), *change)));
    let mut inside = |step: Step, value: &Value| {
        path.push(step);
        walk(value, path, places);
        path.pop();
    };
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| inside(Step::Key(name.clone()), value));
        }
        Value::Array(items) => {
            let chosen = |at: &usize| *at < FIRST_ITEMS || *at + 1 == items.len();
            (0..items.len()).filter(chosen).for_each(|at| inside(Step::Item(at), &items[at]));
        }
        _ => (),
    }
}

fn apply(value: &mut Value, path: &[Step], change: Change) -> Option<()> {
    if let (Change::Drop, Some((last, parents))) = (change, path.split_last()) {
        match (find(value, parents)?, last) {
            (Value::Object(fields), Step::Key(name)) => drop(fields.remove(name)),
            (Value::Array(items), Step::Item(at)) => drop(items.remove(*at)),
            _ => return None,
        }
        return Some(());
    }
    let value = find(value, path)?;
    *value = match (change, value.take()) {
        (Change::Null, _) => Value::Null,
        (Change::Text, Value::Number(number)) => number.to_string().into(),
        (Change::Text, Value::Bool(is_set)) => is_set.to_string().into(),
        (Change::Text, _) => "text".into(),
        (Change::Number, Value::String(text)) => text.parse::<u64>().unwrap_or(7).into(),
        (Change::Number, Value::Bool(is_set)) => u8::from(is_set).into(),
        (Change::Number, _) => 7.into(),
        (Change::Object, _) => Map::new().into(),
        (Change::List, _) => Vec::<Value>::new().into(),
        (Change::Empty, Value::Array(_)) => Vec::<Value>::new().into(),
        (Change::Empty, Value::Object(_)) => Map::new().into(),
        (Change::Empty, _) => "".into(),
        (Change::Reverse, Value::Array(items)) => items.into_iter().rev().collect::<Vec<_>>().into(),
        (Change::Twice, Value::Array(items)) => items.iter().take(1).chain(&items).cloned().collect(),
        (Change::Largest, _) => u64::MAX.into(),
        (Change::Strange, _) => STRANGE.into(),
        (Change::Drop | Change::Reverse | Change::Twice, _) => return None,
    };
    Some(())
}

fn find<'a>(value: &'a mut Value, path: &[Step]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(name) => value.get_mut(name),
        Step::Item(at) => value.get_mut(at),
    })
}

/// A path as errors tell it.
fn shown(path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Key(name) if name.chars().all(|c| c.is_alphanumeric() || c == '_') => format!(".{name}"),
        Step::Key(name) => format!("[{}]", Value::from(name.as_str())),
        Step::Item(at) => format!("[{at}]"),
    };
    std::iter::once("$".to_owned()).chain(path.iter().map(step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(body: &str) -> Vec<(String, String)> {
        let text = |shape: Shape| (shape.name, String::from_utf8(shape.body).unwrap());
        shapes(body.as_bytes()).map(text).collect()
    }

    #[track_caller]
    fn has(body: &str, name: &str, expected: &str) {
        let found = all(body).into_iter().find(|(it, _)| it == name);
        assert_eq!(found, Some((name.to_owned(), expected.to_owned())));
    }

    const BODY: &str = r#"{"files":[{"url":"u","w":1},2],"n":"12","t":true,"a b":null}"#;

    #[test]
    fn each_thing_is_changed_once_and_told() {
        has(BODY, "drop $.files[0].url", r#"{"a b":null,"files":[{"w":1},2],"n":"12","t":true}"#);
        has(BODY, "drop $.files[1]", r#"{"a b":null,"files":[{"url":"u","w":1}],"n":"12","t":true}"#);
        has(BODY, "null $.files", r#"{"a b":null,"files":null,"n":"12","t":true}"#);
        has(
            BODY,
            "text for $.files[0].w",
            r#"{"a b":null,"files":[{"url":"u","w":"1"},2],"n":"12","t":true}"#,
        );
        has(BODY, "number for $.n", r#"{"a b":null,"files":[{"url":"u","w":1},2],"n":12,"t":true}"#);
        has(BODY, "reverse $.files", r#"{"a b":null,"files":[2,{"url":"u","w":1}],"n":"12","t":true}"#);
        has(BODY, r#"drop $["a b"]"#, r#"{"files":[{"url":"u","w":1},2],"n":"12","t":true}"#);
        has(
            BODY,
            "twice first of $.files",
            r#"{"a b":null,"files":[{"url":"u","w":1},{"url":"u","w":1},2],"n":"12","t":true}"#,
        );
        has("[7]", "twice first of $", "[7,7]");
        has(r#"{"n":1}"#, "largest for $.n", r#"{"n":18446744073709551615}"#);
        has(r#"{"n":"a"}"#, "strange text for $.n", r#"{"n":"ä€😀\n\u0000/../é"}"#);
        has(BODY, "empty $", "{}");
        has(BODY, "list for $", "[]");
        has(BODY, "cut off after 0 bytes", "");
        has("[1, 2]", "cut off after 3 bytes", "[1,");
    }

    #[test]
    fn names_tell_shapes_apart_and_none_is_what_it_was() {
        let whole: Value = serde_json::from_str(BODY).unwrap();
        let shapes = all(BODY);
        for (at, (name, body)) in shapes.iter().enumerate() {
            assert!(shapes[..at].iter().all(|(other, _)| other != name), "{name} twice");
            assert!(
                serde_json::from_str::<Value>(body).ok().as_ref() != Some(&whole),
                "{name} changes nothing"
            );
        }
        assert!(shapes.len() > 30, "{}", shapes.len());
    }

    #[test]
    fn of_a_long_list_a_few_items_stand_for_all() {
        let long = format!("[{}]", ["{\"a\":1}"; 1000].join(","));
        let names: Vec<_> = all(&long).into_iter().map(|(name, _)| name).collect();
        assert!(names.contains(&"drop $[999].a".to_owned()) && names.len() < 60, "{}", names.len());
    }

    #[test]
    fn what_is_no_json_has_no_shapes() {
        assert!(all("<html>").is_empty() && all("").is_empty() && all("7").is_empty());
    }
}
