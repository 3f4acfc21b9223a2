//! Reading scalars that sites write in several ways: numbers as strings, empty strings for nothing, flags as numbers.
//!
//! Each function goes with `#[serde(default, deserialize_with = "…")]` on an `Option`.

use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A number that may come as a number or as a string. What is neither (`null`, an empty string, a flag) is `None`: a
/// scalar that a site spoils must not spoil the whole answer. A number with a fraction is rounded down for integers.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Sized { #[serde(default, deserialize_with = "qetch_core::lenient::number")] width: Option<u32> }
///
/// for text in [r#"{"width":640}"#, r#"{"width":"640"}"#, r#"{"width":640.0}"#] {
///     assert_eq!(serde_json::from_str::<Sized>(text).unwrap().width, Some(640));
/// }
/// ```
///
/// # Errors
/// None of its own: only what the reader itself fails with.
pub fn number<'de, D, N>(deserializer: D) -> Result<Option<N>, D::Error>
where
    D: Deserializer<'de>,
    N: FromStr,
{
    let text = match Value::deserialize(deserializer)? {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return Ok(None),
    };
    Ok(text.parse().ok().or_else(|| whole_part(&text)?.parse().ok()))
}

/// The digits before a fraction, and nothing where what follows is no fraction.
fn whole_part(text: &str) -> Option<&str> {
    let (whole, fraction) = text.split_once('.')?;
    fraction.bytes().all(|byte| byte.is_ascii_digit()).then_some(whole)
}

/// Text that may come as a string or a number; an empty string, and anything else, is `None`.
///
/// # Errors
/// None of its own: only what the reader itself fails with.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// A list of texts that may be missing, `null`, or hold other things, which are left out.
///
/// # Errors
/// None of its own: only what the reader itself fails with.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let Value::Array(values) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    let texts = values.into_iter().filter_map(|value| match value {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        _ => None,
    });
    Ok(texts.collect())
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
    }

    #[test]
    fn texts_come_in_many_ways() {
        assert_eq!(text(json!("a")).unwrap().as_deref(), Some("a"));
        assert_eq!(text(json!(5)).unwrap().as_deref(), Some("5"));
        assert_eq!((text(json!(" ")).unwrap(), text(json!([])).unwrap()), (None, None));
        assert_eq!(texts(json!(["a", null, "", 3, "b"])).unwrap(), ["a", "b"]);
        assert!(texts(json!(null)).unwrap().is_empty());
    }
}
