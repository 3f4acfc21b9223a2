//! An event: its recordings by what they are, the original language first.

use qetch_core::{
    Collection, Content, Context, Error, Extraction, Found, Fragment, Kind, Result, Role, Timestamp, Url,
    Variants, lenient, media_type,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{NAME, SITE, ask, joined, link};
use crate::common_prose;

/// Bytes of the unit in which sizes are told.
const MIB: u64 = 1 << 20;

/// What is said of a recording that is not there to be had.
const UNFINISHED: [&str; 4] = ["downloading", "failed", "todo", "deleted"];

/// What an event tells besides the fields that every content has.
const TOLD: [&str; 9] = [
    "guid",
    "slug",
    "subtitle",
    "link",
    "original_language",
    "persons",
    "date",
    "timeline_url",
    "thumbnails_url",
];

/// Languages as recordings name them (ISO 639-2), and their BCP 47 tags where these are shorter.
const LANGUAGES: [(&str, &str); 24] = [
    ("ara", "ar"),
    ("ces", "cs"),
    ("dan", "da"),
    ("deu", "de"),
    ("ell", "el"),
    ("eng", "en"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("ger", "de"),
    ("hun", "hu"),
    ("ita", "it"),
    ("jpn", "ja"),
    ("kor", "ko"),
    ("nld", "nl"),
    ("nor", "no"),
    ("pol", "pl"),
    ("por", "pt"),
    ("rus", "ru"),
    ("spa", "es"),
    ("sqi", "sq"),
    ("swe", "sv"),
    ("tur", "tr"),
    ("ukr", "uk"),
    ("zho", "zh"),
];

/// What is told of an event.
#[derive(Deserialize)]
struct Event {
    recordings: Option<Vec<Recording>>,
    #[serde(flatten)]
    told: Map<String, Value>,
}

#[derive(Deserialize)]
struct Recording {
    #[serde(default, deserialize_with = "lenient::text")]
    recording_url: Option<String>,
    /// Its page in the API, which ends in its number.
    #[serde(default, deserialize_with = "lenient::text")]
    url: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    mime_type: Option<String>,
    /// One, or several with hyphens between them.
    #[serde(default, deserialize_with = "lenient::text")]
    language: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    folder: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    state: Option<String>,
    #[serde(default)]
    high_quality: Value,
    #[serde(default, deserialize_with = "lenient::number")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "lenient::number")]
    height: Option<u32>,
    /// In MiB.
    #[serde(default, deserialize_with = "lenient::number")]
    size: Option<u64>,
    /// In seconds.
    #[serde(default, deserialize_with = "lenient::number")]
    length: Option<f64>,
}

/// The event `id`, which is a guid, a slug or a number.
pub(super) async fn extract(cx: &Context, id: &str, asked: &Url) -> Result<Extraction> {
    let what = format!("the event {id} of media.ccc.de");
    let mut event: Event = ask(cx, &format!("events/{id}"), &what).await?.json(NAME)?;
    let guid = event.text("guid").ok_or_else(|| Error::site_changed(NAME, "$.guid", "missing"))?;
    let mut recordings =
        event.recordings.take().ok_or_else(|| Error::site_changed(NAME, "$.recordings", "missing"))?;
    let not_ready = || Error::not_ready(format!("every recording of {what}"));
    let is_finished = |it: &Recording| !it.state.as_deref().is_some_and(|it| UNFINISHED.contains(&it));
    recordings.retain(is_finished);
    if recordings.is_empty() {
        return Err(not_ready());
    }
    let source = match event.text("slug") {
        Some(slug) => joined(SITE, &["v", &slug])?,
        None => asked.clone(),
    };
    // Of equal ones the first is the best.
    let original = event.text("original_language");
    recordings.sort_by_key(|it| it.place(original.as_deref()));

    let mut groups: [Vec<Content>; 4] = Default::default();
    for recording in &recordings {
        let Some((group, mut content)) = recording.content(&guid, &source) else { continue };
        event.describe(&mut content, group == Group::Slides);
        let group = &mut groups[group as usize];
        if group.iter().all(|it| it.uid != content.uid) {
            group.push(content);
        }
    }
    let [mut talk, slides, documents, captions] = groups;
    if talk.is_empty() && slides.is_empty() && documents.is_empty() {
        if captions.is_empty() {
            return Err(Error::site_changed(
                NAME,
                "$.recordings[0].recording_url",
                "no recording has a link",
            ));
        }
        return Err(not_ready());
    }
    if !talk.is_empty() {
        talk.extend(event.pictures(&guid, &source));
    }
    let mut found = Vec::new();
    for (group, companions) in [(talk, captions), (slides, Vec::new())] {
        if !group.is_empty() {
            found.push(event.placed(Variants::ranked(group)?.with_companions(companions)));
        }
    }
    found.extend(documents.into_iter().map(|it| event.placed(it.into())));
    Ok(Extraction::of(found.into_iter().map(Found::from)))
}

/// What a recording is of an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Talk,
    Slides,
    Document,
    Caption,
}

impl Event {
    fn text(&self, name: &str) -> Option<String> {
        lenient::text(self.told.get(name)?).ok().flatten()
    }

    fn describe(&self, content: &mut Content, is_slides: bool) {
        content.title = self.text("title");
        if is_slides {
            content.title = content.title.take().map(|title| format!("{title} (slides)"));
        }
        content.description = self.text("description").map(|text| common_prose::text(&text));
        content.uploaded_date = self.text("release_date").and_then(|date| date.parse::<Timestamp>().ok());
        content.tags = self.told.get("tags").and_then(|it| lenient::texts(it).ok()).unwrap_or_default();
        for tag in &mut content.tags {
            *tag = tag.trim().to_owned();
        }
        for name in TOLD {
            if let Some(value) = self.told.get(name).filter(|value| !value.is_null()) {
                content.metadata.insert(name.to_owned(), value.clone());
            }
        }
    }

    /// In the conference that it was held at.
    fn placed(&self, mut variants: Variants) -> Variants {
        variants.collection = self.text("conference_title").map(Collection::new);
        variants
    }

    /// The pictures that stand for it.
    fn pictures(&self, guid: &str, source: &Url) -> Vec<Content> {
        let kinds = [("poster_url", "poster", Role::Poster), ("thumb_url", "thumb", Role::Thumbnail)];
        let mut pictures = Vec::new();
        for (key, name, role) in kinds {
            let Some(url) = self.text(key).and_then(|told| link(&told)) else { continue };
            let mut content = Content::new(
                format!("{guid}-{name}"),
                Kind::Image,
                source.clone(),
                [Fragment::new(url.clone())],
            );
            content.role = role;
            content.extension = extension(&url);
            let known = content.extension.as_deref().and_then(media_type::by_extension);
            content.content_type = known.map(|it| it.name.to_owned());
            self.describe(&mut content, false);
            pictures.push(content);
        }
        pictures
    }
}

impl Recording {
    /// Where it stands among those that are as good but for their languages: first what has the original and others, then
    /// the original alone.
    fn place(&self, original: Option<&str>) -> u8 {
        let language = self.language.as_deref().unwrap_or_default();
        let is_original = original.is_none_or(|it| language.split('-').next() == Some(it));
        match (is_original, language.contains('-')) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        }
    }

    fn content(&self, guid: &str, source: &Url) -> Option<(Group, Content)> {
        let file = link(self.recording_url.as_deref()?)?;
        let extension = extension(&file);
        let known = extension.as_deref().and_then(media_type::by_extension);
        // Some are named by formats of the site's own.
        let mime = self.mime_type.as_deref().filter(|it| !it.starts_with("vnd."));
        let kind = match mime.and_then(|it| it.split('/').next()) {
            Some("video") => Kind::Video,
            Some("audio") => Kind::Audio,
            _ => known.map_or(Kind::Other, |it| it.kind),
        };
        let folder = self.folder.as_deref().unwrap_or_default();
        let group = match kind {
            Kind::Text if matches!(extension.as_deref(), Some("srt" | "vtt")) => Group::Caption,
            Kind::Video | Kind::Audio if folder.starts_with("slides") => Group::Slides,
            Kind::Video | Kind::Audio => Group::Talk,
            _ => Group::Document,
        };
        let number = self.url.as_deref().and_then(|it| it.rsplit('/').next());
        let number = number.filter(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()));
        let id = number.or_else(|| file.path_segments()?.next_back()).filter(|id| !id.is_empty())?;
        let fragment = Fragment::new(file.clone());
        let mut content = Content::new(format!("{guid}-{id}"), kind, source.clone(), [fragment]);
        if group == Group::Caption {
            content.role = Role::Caption;
        }
        if kind == Kind::Video {
            content.width = self.width.filter(|it| *it > 0);
            content.height = self.height.filter(|it| *it > 0);
        }
        content.content_type = mime.map(str::to_owned).or_else(|| known.map(|it| it.name.to_owned()));
        content.extension = extension;
        content.duration = self.length.filter(|it| it.is_finite() && *it > 0.0);
        content.size_approx = self.size.and_then(|it| it.checked_mul(MIB)).filter(|it| *it > 0);
        content.language = self.language.as_deref().and_then(first_language);
        for (name, value) in [("language", &self.language), ("folder", &self.folder), ("state", &self.state)]
        {
            if let Some(value) = value {
                content.metadata.insert(name.to_owned(), value.as_str().into());
            }
        }
        if self.high_quality.is_boolean() {
            content.metadata.insert("high_quality".to_owned(), self.high_quality.clone());
        }
        Some((group, content))
    }
}

/// The first of the languages that a recording has, as a BCP 47 tag.
fn first_language(told: &str) -> Option<String> {
    let first = told.split('-').next().filter(|it| matches!(it.len(), 2 | 3))?.to_ascii_lowercase();
    let known = LANGUAGES.iter().find(|(name, _)| *name == first);
    Some(known.map_or(first, |(_, tag)| (*tag).to_owned()))
}

fn extension(url: &Url) -> Option<String> {
    let (_, extension) = url.path_segments()?.next_back()?.rsplit_once('.')?;
    Some(extension.to_ascii_lowercase()).filter(|it| it.bytes().all(|it| it.is_ascii_alphanumeric()))
}
