//! Manifests: their canvases, read one by one as they are asked for.

use std::collections::VecDeque;

use futures_util::stream;
use qetch_core::{Collection, Context, Error, Extraction, Found, Result, Url};
use serde_json::{Map, Value};

use super::{
    NAME, canvas,
    ranges::{self, Chapter},
    values::{either, id, link, list, text, text_at},
};
use crate::common_link::{short_hash, uid};

/// A manifest, and what holds for everything in it.
#[derive(Debug)]
pub(super) struct Manifest {
    value: Value,
    /// Where the canvases stand.
    at: At,
    /// Where it was found.
    pub(super) source: Url,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) metadata: Map<String, Value>,
    pub(super) chapters: Vec<Chapter>,
}

/// What tells `body` within `whole`, a canvas or a manifest, from everything else: both have ids that are meant for the whole
/// world.
pub(super) fn uid_in(whole: &Url, body: &Url) -> String {
    format!("{}-{:012x}", uid(whole), short_hash(uid(body).as_bytes()))
}

/// Where the canvases stand: in version 3 in the manifest (Presentation 3.0, section 5.2), in version 2 in its first sequence
/// (2.1, section 5.2): what is in it is in all of them, in another order.
#[derive(Clone, Copy, Debug)]
enum At {
    Items,
    Sequence,
}

impl Manifest {
    /// What tells `body` in this manifest from everything else.
    pub(super) fn uid(&self, body: &Url) -> String {
        uid_in(&self.source, body)
    }

    /// Reads what was found at `source`.
    ///
    /// # Errors
    /// [`SiteChanged`](Error::SiteChanged) where it has no canvases, and [`Unsupported`](Error::Unsupported) for what version 2
    /// never had.
    pub(super) fn new(value: Value, source: &Url) -> Result<Self> {
        let at = if value.get("sequences").is_some() { At::Sequence } else { At::Items };
        if value.get("mediaSequences").is_some() {
            let reason = "recordings in version 2 (IxIF) are not read; look for its manifest of version 3";
            return Err(Error::unsupported("a manifest with media sequences", reason));
        }
        let title = text_at(&value, "label", "title");
        let description = text_at(&value, "summary", "description");
        let provider = list(&value, "provider").into_iter().find_map(|it| text(it.get("label")?));
        let metadata = metadata(&value, provider.as_deref());
        let chapters = ranges::chapters(&value);
        let manifest =
            Self { value, at, source: source.clone(), title, description, provider, metadata, chapters };
        if manifest.canvases().is_none() {
            return Err(Error::site_changed(NAME, manifest.path(), "missing, or no list of canvases"));
        }
        Ok(manifest)
    }

    /// What is painted on its canvases.
    pub(super) fn extraction(self, cx: &Context) -> Extraction {
        let reading = Reading {
            manifest: self,
            cx: cx.clone(),
            next: 0,
            found: VecDeque::new(),
            is_any: false,
            missing: None,
        };
        Extraction::from_stream(stream::unfold(reading, |mut reading| async move {
            let found = reading.next().await?;
            Some((found, reading))
        }))
    }

    fn canvases(&self) -> Option<&Vec<Value>> {
        match self.at {
            At::Items => self.value.get("items"),
            At::Sequence => list(&self.value, "sequences").first()?.get("canvases"),
        }?
        .as_array()
    }

    fn path(&self) -> &'static str {
        match self.at {
            At::Items => "$.items",
            At::Sequence => "$.sequences[0].canvases",
        }
    }

    /// How many canvases it has.
    pub(super) fn count(&self) -> usize {
        self.canvases().map_or(0, Vec::len)
    }

    /// The place of a canvas, where there are several.
    pub(super) fn collection(&self, index: usize) -> Option<Collection> {
        let mut collection =
            Collection::default().with_index(index as u64 + 1).with_count(self.count() as u64);
        collection.title.clone_from(&self.title);
        (self.count() > 1).then_some(collection)
    }

    /// The pictures that stand for the whole.
    pub(super) fn thumbnails(&self) -> Vec<&Value> {
        list(&self.value, "thumbnail")
    }

    /// An id of the manifest as a link.
    pub(super) fn link(&self, value: &Value) -> Option<Url> {
        link(&self.source, value)
    }
}

/// A manifest whose canvases are read.
struct Reading {
    manifest: Manifest,
    cx: Context,
    next: usize,
    /// What was found on the canvases before, and is still to be told.
    found: VecDeque<Result<Found>>,
    /// Whether anything but warnings was told.
    is_any: bool,
    /// The first place where something was missing.
    missing: Option<Error>,
}

impl Reading {
    async fn next(&mut self) -> Option<Result<Found>> {
        loop {
            if let Some(found) = self.found.pop_front() {
                self.is_any |= !matches!(found, Ok(Found::Warning(_)));
                return Some(found);
            }
            let Some(canvas) = self.manifest.canvases().and_then(|canvases| canvases.get(self.next)) else {
                return self.end();
            };
            let path = format!("{}[{}]", self.manifest.path(), self.next);
            let read = canvas::Canvas::new(&self.manifest, canvas, self.next, path).read(&self.cx).await;
            self.found = read.found.into();
            self.missing = self.missing.take().or(read.missing);
            self.next += 1;
        }
    }

    /// A manifest without anything is an error, since nobody asked for warnings alone.
    fn end(&mut self) -> Option<Result<Found>> {
        if std::mem::replace(&mut self.is_any, true) {
            return None;
        }
        let nothing = || {
            Error::not_found(format!(
                "a picture, recording or film in the manifest {}",
                self.manifest.source.path()
            ))
        };
        Some(Err(self.missing.take().unwrap_or_else(nothing)))
    }
}

/// What a manifest tells of itself, under the names of version 3.
fn metadata(value: &Value, provider: Option<&str>) -> Map<String, Value> {
    let statement = list(value, "requiredStatement").into_iter().find_map(pair);
    let statement = statement.map(|(label, value)| format!("{label}: {value}"));
    let told = [
        ("manifest", id(value).map(str::to_owned)),
        ("rights", text_at(value, "rights", "license")),
        ("requiredStatement", statement.or_else(|| text(value.get("attribution")?))),
        ("provider", provider.map(str::to_owned)),
        ("navDate", text_at(value, "navDate", "navdate")),
    ];
    let mut metadata = pairs(value);
    metadata.extend(told.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
    metadata.extend(renderings(value));
    metadata
}

/// The pairs of label and value that people read (`metadata`), as one object.
pub(super) fn pairs(value: &Value) -> Map<String, Value> {
    let pairs: Map<_, _> = list(value, "metadata")
        .into_iter()
        .filter_map(pair)
        .map(|(label, value)| (label, value.into()))
        .collect();
    let pairs = (!pairs.is_empty()).then(|| ("metadata".to_owned(), pairs.into()));
    pairs.into_iter().collect()
}

fn pair(value: &Value) -> Option<(String, String)> {
    Some((text(value.get("label")?)?, text(value.get("value")?)?))
}

/// The same for people in other forms (`rendering`): a PDF of a book, the transcript of a recording.
pub(super) fn renderings(value: &Value) -> Option<(String, Value)> {
    let told = |it: &Value| {
        let mut told = Map::new();
        told.insert("id".into(), id(it)?.into());
        told.extend(either(it, "label", "title").and_then(text).map(|label| ("label".into(), label.into())));
        told.extend(it.get("format").and_then(text).map(|format| ("format".into(), format.into())));
        Some(Value::Object(told))
    };
    let all: Vec<Value> = list(value, "rendering").into_iter().filter_map(told).collect();
    (!all.is_empty()).then(|| ("rendering".to_owned(), all.into()))
}
