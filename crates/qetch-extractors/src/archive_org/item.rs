//! An item as the metadata API tells of it (<https://archive.org/developers/md-read.html>): what holds for the whole, and its
//! files. Numbers are strings there, and whatever may stand once may be a list.

use std::collections::HashSet;

use qetch_core::{Error, Result, Timestamp, lenient};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{
    NAME,
    names::{cut, is_safe},
};

/// The answer for an item.
#[derive(Deserialize)]
pub(super) struct Reply {
    /// Taken down: the answer has nothing else worth reading then.
    #[serde(default, deserialize_with = "flag")]
    is_dark: bool,
    /// What the API says in place of an item.
    #[serde(default, deserialize_with = "lenient::text")]
    error: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    files: Option<Vec<File>>,
}

/// The most bytes of what the API says of an error.
const ERROR_BYTES: usize = 200;

/// An item, and the files of it that can be asked for.
pub(super) struct Item {
    pub(super) id: String,
    pub(super) metadata: Metadata,
    pub(super) files: Vec<File>,
    /// How many files have no name, or one that leads out of the item.
    pub(super) unusable: usize,
}

impl Reply {
    /// The item, which was asked for as `id`.
    ///
    /// # Errors
    /// [`Gone`](Error::Gone) for one that was taken down, [`NotFound`](Error::NotFound) where the API says that it has none, and
    /// [`SiteChanged`](Error::SiteChanged) where it says another error, or where what describes the item or its files is
    /// missing.
    pub(super) fn item(self, id: &str) -> Result<Item> {
        if self.is_dark {
            return Err(Error::gone(what(id)));
        }
        if let (Some(error), None) = (&self.error, &self.metadata) {
            if error.to_ascii_lowercase().contains("locate item") {
                return Err(Error::not_found(what(id)));
            }
            return Err(Error::site_changed(
                NAME,
                "$.error",
                format!("it says {:?}", cut(error, ERROR_BYTES)),
            ));
        }
        let missing = |path| Error::site_changed(NAME, path, "missing");
        let metadata = self.metadata.ok_or_else(|| missing("$.metadata"))?;
        // A collection is looked into without its files.
        let files = match self.files {
            None if metadata.is_collection() => Vec::new(),
            files => files.ok_or_else(|| missing("$.files"))?,
        };
        let listed = files.len();
        let mut files: Vec<_> = files.into_iter().filter(|file| is_safe(&file.name)).collect();
        if files.is_empty() && listed > 0 {
            return Err(Error::site_changed(NAME, "$.files[0].name", "missing, or no name"));
        }
        let unusable = listed - files.len();
        // A name is a file's own, and so is the uid that is made of it.
        let mut names = HashSet::new();
        files.retain(|file| names.insert(file.name.clone()));
        // Links are understood in any case, and the item knows how it is written.
        let own = metadata.text("identifier").filter(|own| own.eq_ignore_ascii_case(id));
        Ok(Item { id: own.unwrap_or_else(|| id.to_owned()), metadata, files, unusable })
    }
}

impl Item {
    /// The file of this name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.files.iter().position(|file| file.name == name)
    }

    /// How it is called in messages.
    pub(super) fn what(&self) -> String {
        what(&self.id)
    }

    /// Whether it is lent, or kept to some readers: of its files only a few are for everyone.
    pub(super) fn is_restricted(&self) -> bool {
        let told = self.metadata.text("access-restricted-item");
        told.is_some_and(|text| lenient::flag_of(&text.into()) == Some(true))
    }
}

/// How an item is called in messages.
pub(super) fn what(id: &str) -> String {
    format!("archive.org item {id}")
}

/// What describes an item, under the names of the metadata schema
/// (<https://archive.org/developers/metadata-schema/index.html>).
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Metadata(Map<String, Value>);

/// The most bytes of a text that describes an item: each content of it has a copy.
pub(super) const TEXT_BYTES: usize = 64 << 10;

impl Metadata {
    /// The texts of a field that may have one or several, each as far as [`TEXT_BYTES`] go.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let mut texts = self.0.get(name).map(texts_of).unwrap_or_default();
        for text in &mut texts {
            text.truncate(cut(text, TEXT_BYTES).len());
        }
        texts
    }

    /// The first text of a field.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.texts(name).into_iter().next()
    }

    /// A field as it is, where it tells something: text, or a list of texts.
    pub(super) fn kept(&self, name: &str) -> Option<Value> {
        let mut texts = self.texts(name);
        match texts.len() {
            0 => None,
            1 => texts.pop().map(Value::String),
            _ => Some(texts.into()),
        }
    }

    pub(super) fn is_collection(&self) -> bool {
        self.text("mediatype").is_some_and(|mediatype| mediatype == "collection")
    }

    /// Tags: a list, or one text with semicolons.
    pub(super) fn tags(&self) -> Vec<String> {
        let texts = self.texts("subject");
        let parts = texts.iter().flat_map(|text| text.split(';')).map(str::trim);
        parts.filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
    }

    /// When it was made public, or else added. The API writes RFC 3339 with a blank, in UTC and without saying so.
    pub(super) fn uploaded_date(&self) -> Option<Timestamp> {
        ["publicdate", "addeddate"].into_iter().find_map(|name| {
            let text = self.text(name)?;
            let text = text.trim().replacen(' ', "T", 1);
            text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
        })
    }
}

/// A file of an item. Of most nothing but the name is certain.
#[derive(Deserialize)]
pub(super) struct File {
    /// Its path within the item; empty where it is missing.
    #[serde(default, deserialize_with = "one_text")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "one_text")]
    source: String,
    #[serde(default, deserialize_with = "one_text")]
    pub(super) format: String,
    /// The file that it was made from, which may have been made from another. Of several the first is told here.
    #[serde(default, deserialize_with = "one_text")]
    pub(super) original: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) title: Option<String>,
    #[serde(default, deserialize_with = "one_text")]
    pub(super) track: String,
    #[serde(default, deserialize_with = "one_text")]
    pub(super) disc: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) album: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) artist: Option<String>,
    #[serde(default, deserialize_with = "one_text")]
    length: String,
    /// Bytes.
    #[serde(default, deserialize_with = "lenient::number")]
    pub(super) size: Option<u64>,
    #[serde(default, deserialize_with = "lenient::positive")]
    pub(super) width: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    pub(super) height: Option<u32>,
    /// Kilobits a second.
    #[serde(default, deserialize_with = "lenient::positive")]
    bitrate: Option<f64>,
    #[serde(default, deserialize_with = "one_text")]
    pub(super) md5: String,
    #[serde(default, deserialize_with = "one_text")]
    pub(super) sha1: String,
    /// There where a checksum is one of several files, and not of this one.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) summation: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    pub(super) private: bool,
}

impl File {
    /// Whether it was made from another one by the archive.
    pub(super) fn is_derivative(&self) -> bool {
        self.source == "derivative"
    }

    /// Whether it is about the item and no part of it. Older items call these files originals.
    pub(super) fn is_bookkeeping(&self) -> bool {
        const FORMATS: [&str; 14] = [
            "Archive BitTorrent",
            "Backup",
            "Collection Header",
            "Dublin Core",
            "Item Image",
            "Item Tile",
            "Log",
            "MARC",
            "MARC Binary",
            "MARC Source",
            "Metadata",
            "Metadata Log",
            "Scandata",
            "Scribe Scandata ZIP",
        ];
        self.source == "metadata" || FORMATS.contains(&self.format.as_str()) || self.is_item_image()
    }

    /// Whether it is the picture of the whole item, which the archive makes.
    pub(super) fn is_item_image(&self) -> bool {
        matches!(self.name.as_str(), "__ia_thumb.jpg" | "__ia_thumb.png")
    }

    /// The protection of a book that is lent, where the file has one.
    pub(super) fn protection(&self) -> Option<&str> {
        self.format.split_once(" Encrypted").map(|(system, _)| system)
    }

    /// Seconds: `213.5`, `3:33` or `1:02:03`.
    pub(super) fn duration(&self) -> Option<f64> {
        lenient::seconds_in(&self.length)
    }

    /// Mean bits per second, as they are told.
    pub(super) fn bitrate(&self) -> Option<u64> {
        self.bitrate.map(|kilobits| (kilobits * 1e3).round() as u64)
    }
}

/// The first flag, where there may be one or several. What is none is no.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(lenient::flag_of(value.get(0).unwrap_or(&value)) == Some(true))
}

/// The first text, where there may be one or several; empty where there is none.
fn one_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(texts_of(&Value::deserialize(deserializer)?).into_iter().next().unwrap_or_default())
}

/// The texts of a value that may be one or a list; numbers as they are written, and nothing of what is empty or nested.
fn texts_of(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().filter_map(lenient::text_of).collect(),
        one => lenient::text_of(one).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file(value: Value) -> File {
        serde_json::from_value(value).unwrap()
    }

    fn metadata(value: Value) -> Metadata {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn lengths_come_in_seconds_or_as_on_a_clock() {
        let check = |length: Value, expected: Option<f64>| {
            assert_eq!(file(json!({"length": length})).duration(), expected, "{length}");
        };
        check(json!("213.5"), Some(213.5));
        check(json!(213.5), Some(213.5));
        check(json!("3:33"), Some(213.0));
        check(json!("05:23"), Some(323.0));
        check(json!("1:02:03"), Some(3723.0));
        for nothing in
            [json!("0"), json!(""), json!("?"), json!("1:x"), json!("NaN"), json!(null), json!("-3")]
        {
            check(nothing, None);
        }
    }

    #[test]
    fn fields_that_stand_once_or_often_are_read_alike() {
        let data = metadata(json!({
            "subject": "frogs; ponds ;", "creator": ["A", "B", null, ["C"]], "year": 1968, "title": " ", "date": {}
        }));
        assert_eq!(data.tags(), ["frogs", "ponds"]);
        assert_eq!(data.texts("creator"), ["A", "B"]);
        assert_eq!(data.kept("creator"), Some(json!(["A", "B"])));
        assert_eq!(data.kept("year"), Some(json!("1968")));
        assert_eq!((data.kept("title"), data.kept("date"), data.kept("none")), (None, None, None));
        assert_eq!(metadata(json!({"subject": ["frogs", "a; b"]})).tags(), ["frogs", "a", "b"]);
        let long = metadata(json!({"description": "ü".repeat(TEXT_BYTES)}));
        assert_eq!(long.text("description").unwrap().len(), TEXT_BYTES);
    }

    #[test]
    fn dates_are_in_utc_with_a_blank_and_maybe_a_fraction() {
        let check = |name: &str, date: &str, expected: Option<&str>| {
            let read = metadata(json!({name: date})).uploaded_date().map(|date| date.to_string());
            assert_eq!(read.as_deref(), expected, "{date}");
        };
        check("publicdate", "2008-09-10 18:05:14", Some("2008-09-10T18:05:14Z"));
        check("publicdate", "2008-09-10T18:05:14Z", Some("2008-09-10T18:05:14Z"));
        check("addeddate", "2014-05-29 20:59:05.312809", Some("2014-05-29T20:59:05.312809Z"));
        check("publicdate", "yesterday", None);
        check("date", "2008-09-10 18:05:14", None);
    }

    #[test]
    fn flags_are_words_or_flags() {
        for yes in [json!(true), json!("true"), json!(1), json!("1")] {
            assert!(file(json!({"private": yes})).private, "{yes}");
        }
        for no in [json!(false), json!("false"), json!(null), json!({}), json!("")] {
            assert!(!file(json!({"private": no})).private, "{no}");
        }
    }
}
