//! Reading what sites write in several ways: numbers as strings, empty strings for nothing, flags as numbers, zero for what
//! is not known.
//!
//! `number`, `positive`, `text`, `texts`, `flag` and `seconds` go with `#[serde(default, deserialize_with = "…")]`; those that end
//! with `_of` read a value at hand. What a field should not hold is no error but `None`: a scalar that a site spoils must not
//! spoil the whole answer.
//!
//! ```
//! use qetch_core::lenient;
//!
//! #[derive(serde::Deserialize)]
//! struct Frog {
//!     #[serde(default, deserialize_with = "lenient::positive")]
//!     width: Option<u32>,
//!     #[serde(default, deserialize_with = "lenient::seconds")]
//!     duration: Option<f64>,
//! }
//!
//! for text in [r#"{"width":640,"duration":83}"#, r#"{"width":"640","duration":"1:23"}"#] {
//!     let frog: Frog = serde_json::from_str(text).unwrap();
//!     assert_eq!((frog.width, frog.duration), (Some(640), Some(83.0)));
//! }
//! assert_eq!(serde_json::from_str::<Frog>(r#"{"width":0}"#).unwrap().width, None);
//! ```

mod seconds;

use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

pub use self::seconds::seconds_in;

/// A number that may come as a number or as a string, and is finite. A number with a fraction is rounded down for integers.
///
/// # Errors
/// None of its own: only what the reader itself fails with.
pub fn number<'de, D, N>(deserializer: D) -> Result<Option<N>, D::Error>
where
    D: Deserializer<'de>,
    N: FromStr,
{
    Ok(number_of(&Value::deserialize(deserializer)?))
}

/// As [`number()`], of a value at hand.
pub fn number_of<N: FromStr>(value: &Value) -> Option<N> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    // `NaN` and `inf` are read as numbers too, and nothing measures as much.
    if !text.parse().is_ok_and(f64::is_finite) {
        return None;
    }
    text.parse().ok().or_else(|| whole_part(&text)?.parse().ok())
}

/// The digits before a fraction, and nothing where what follows is no fraction.
fn whole_part(text: &str) -> Option<&str> {
    let (whole, fraction) = text.split_once('.')?;
    fraction.bytes().all(|byte| byte.is_ascii_digit()).then_some(whole)
}

/// As [`number()`], of what is more than nothing where it is known: sizes, pixels, rates. Many sites write 0 for what they do not
/// know.
///
/// # Errors
/// None of its own: only what the reader itself fails with.
pub fn positive<'de, D, N>(deserializer: D) -> Result<Option<N>, D::Error>
where
    D: Deserializer<'de>,
    N: FromStr + PartialOrd + Default,
{
    Ok(positive_of(&Value::deserialize(deserializer)?))
}

/// As [`positive()`], of a value at hand.
pub fn positive_of<N: FromStr + PartialOrd + Default>(value: &Value) -> Option<N> {
    number_of(value).filter(|number| *number > N::default())
}

/// Text that may come as a string or a number; an empty string, and anything else, is `None`.
///
/// # Errors
/// None of its own: only what the reader itself fails with.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(text_of(&Value::deserialize(deserializer)?))
}

/// As [`text()`], of a value at hand.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A list of texts that may be missing, `null`, or hold other things, which are left out.
///
/// # Errors
/// None of its own: only what the reader itself fails with.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(texts_of(&Value::deserialize(deserializer)?))
}

/// As [`texts()`], of a value at hand.
pub fn texts_of(value: &Value) -> Vec<String> {
    let values = value.as_array().into_iter().flatten();
    values
        .filter_map(|value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned))
        .collect()
}

/// A flag that may come as one, as 0 or 1, or as a word for it.
///
/// # Errors
/// None of its own: only what the reader itself fails with.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(flag_of(&Value::deserialize(deserializer)?))
}

/// As [`flag()`], of a value at hand.
pub fn flag_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        other => match text_of(other)?.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => Some(true),
            "0" | "false" | "no" => Some(false),
            _ => None,
        },
    }
}

/// A duration in seconds: a number, or a text that [`seconds_in`] reads.
///
/// # Errors
/// None of its own: only what the reader itself fails with.
pub fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(seconds_of(&Value::deserialize(deserializer)?))
}

/// As [`seconds()`], of a value at hand.
pub fn seconds_of(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => seconds_in(text),
        other => positive_of(other),
    }
}

/// Those of the fields with these names that tell something, as they are: for the metadata of a content. `null`, an empty
/// text and what is empty within tell nothing.
pub fn telling(fields: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let tells = |value: &&Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    };
    let told = |name: &&str| Some(((*name).to_owned(), fields.get(*name).filter(tells)?.clone()));
    names.iter().filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_come_in_many_ways() {
        let check = |value: Value, expected: Option<u64>| {
            assert_eq!(number::<_, u64>(value.clone()).unwrap(), expected, "{value}");
        };
        check(json!(7), Some(7));
        check(json!("7"), Some(7));
        check(json!(" 7 "), Some(7));
        check(json!(7.9), Some(7));
        check(json!("1.7e3"), None);
        for nothing in [json!(null), json!(""), json!(-1), json!(true), json!({}), json!("seven")] {
            check(nothing, None);
        }
        assert_eq!(number::<_, f64>(json!("23.976")).unwrap(), Some(23.976));
        assert_eq!(number::<_, i64>(json!(-5)).unwrap(), Some(-5));
        assert_eq!(number_of::<u64>(&json!(u64::MAX)), Some(u64::MAX));
        for endless in ["NaN", "inf", "-infinity", "1e999"] {
            assert_eq!(number_of::<f64>(&json!(endless)), None, "{endless}");
        }
    }

    #[test]
    fn nothing_is_not_positive() {
        assert_eq!(positive::<_, u32>(json!("640")).unwrap(), Some(640));
        assert_eq!(positive_of::<f64>(&json!(0.5)), Some(0.5));
        for nothing in [json!(0), json!("0"), json!(-1), json!(null), json!("NaN")] {
            assert_eq!(
                (positive_of::<u32>(&nothing), positive_of::<f64>(&nothing)),
                (None, None),
                "{nothing}"
            );
        }
    }

    #[test]
    fn texts_come_in_many_ways() {
        assert_eq!(text(json!("a")).unwrap().as_deref(), Some("a"));
        assert_eq!(text(json!(5)).unwrap().as_deref(), Some("5"));
        assert_eq!((text(json!(" ")).unwrap(), text(json!([])).unwrap()), (None, None));
        assert_eq!(texts(json!(["a", null, "", 3, "b"])).unwrap(), ["a", "b"]);
        assert!(texts(json!(null)).unwrap().is_empty());
    }

    #[test]
    fn flags_come_in_many_ways() {
        for yes in [json!(true), json!(1), json!("1"), json!("True")] {
            assert_eq!(flag(yes.clone()).unwrap(), Some(true), "{yes}");
        }
        for no in [json!(false), json!(0), json!("0"), json!("no")] {
            assert_eq!(flag_of(&no), Some(false), "{no}");
        }
        assert_eq!(
            (flag_of(&json!(null)), flag_of(&json!("frog")), flag_of(&json!([true]))),
            (None, None, None)
        );
    }

    #[test]
    fn a_duration_is_a_number_or_a_text() {
        assert_eq!(seconds(json!(83.5)).unwrap(), Some(83.5));
        assert_eq!(seconds_of(&json!("1:23")), Some(83.0));
        assert_eq!((seconds_of(&json!(0)), seconds_of(&json!([]))), (None, None));
    }

    #[test]
    fn what_tells_nothing_is_not_kept() {
        let fields = json!({ "a": 0, "b": "", "c": null, "d": [], "e": {}, "f": [1], "g": "g", "h": false });
        let names = ["a", "b", "c", "d", "e", "f", "g", "missing"];
        let kept = telling(fields.as_object().unwrap(), &names);
        assert_eq!(Value::from(kept), json!({ "a": 0, "f": [1], "g": "g" }));
    }
}
