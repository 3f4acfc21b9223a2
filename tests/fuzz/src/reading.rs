//! Small readers that extractors lean on: scalars that change their type, and the first bytes of files.

use qetch_core::{Kind, lenient as read, media_type as types};
use serde::Deserialize;
use serde_json::Value;

/// A scalar as sites write it, read in every way.
#[derive(Deserialize)]
struct Scalar {
    #[serde(default, deserialize_with = "read::number", rename = "a")]
    small: Option<u32>,
    #[serde(default, deserialize_with = "read::number", rename = "b")]
    large: Option<u64>,
    #[serde(default, deserialize_with = "read::number", rename = "c")]
    signed: Option<i64>,
    #[serde(default, deserialize_with = "read::number", rename = "d")]
    float: Option<f64>,
    #[serde(default, deserialize_with = "read::text", rename = "e")]
    text: Option<String>,
    #[serde(default, deserialize_with = "read::texts", rename = "f")]
    texts: Vec<String>,
}

/// A value of any kind spoils nothing around it, and a number is the number that it is. The input is JSON.
pub fn lenient(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let all = "abcdef".chars().map(|name| (name.to_string(), value.clone())).collect();
    let scalar = Scalar::deserialize(Value::Object(all)).unwrap();
    assert!(scalar.text.as_deref().is_none_or(|text| !text.trim().is_empty()));
    assert!(scalar.texts.iter().all(|text| !text.trim().is_empty()));
    assert_eq!(scalar.small.map(u64::from), scalar.large.filter(|&large| u32::try_from(large).is_ok()));
    let numbers = scalar.small.is_some() || scalar.signed.is_some() || scalar.float.is_some();
    match &value {
        Value::Number(number) => {
            assert!(number.as_u64().is_none_or(|number| scalar.large == Some(number)));
            assert!(number.as_i64().is_none_or(|number| scalar.signed == Some(number)));
            assert!(scalar.float.is_some_and(f64::is_finite) && scalar.text.is_some());
        }
        Value::String(text) => {
            let number = text.trim().parse::<u64>();
            assert!(number.is_err() || scalar.large == number.ok());
            assert!(scalar.texts.is_empty());
        }
        Value::Array(_) => assert!(!numbers && scalar.text.is_none()),
        Value::Null | Value::Bool(_) | Value::Object(_) => {
            assert!(!numbers && scalar.text.is_none() && scalar.texts.is_empty());
        }
    }
}

/// What the first bytes tell is a known type, and more bytes tell nothing else.
pub fn media_type(data: &[u8]) {
    let told = types::by_first_bytes(data);
    assert_eq!(types::by_first_bytes(data), told);
    if let Some(told) = told {
        assert_eq!(types::by_name(told.name), Some(told));
        assert!(types::by_extension(told.extension).is_some());
        assert!(told.kind != Kind::Video || !told.name.starts_with("text/"));
    }
    if data.len() > 64 {
        let early = types::by_first_bytes(&data[..64]);
        assert!(early.is_none() || early == told, "{early:?} becomes {told:?}");
    }
}
