//! An event: its recordings by what they are, the original language first.

use qetch_core::{
    Collection, Content, Context, Error, Extraction, Found, Kind, Known, Result, Role, Timestamp, Url,
    Variants, lenient, link, media_type,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{NAME, SITE, ask, linked};
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
    #[serde(default, deserialize_with = "lenient::flag")]
    high_quality: Option<bool>,
    #[serde(default, deserialize_with = "lenient::positive")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    height: Option<u32>,
    /// In MiB.
    #[serde(default, deserialize_with = "lenient::positive")]
    size: Option<u64>,
    /// In seconds.
    #[serde(default, deserialize_with = "lenient::positive")]
    length: Option<f64>,
}

/// The event `id`, which is a guid, a slug or a number.
pub(super) async fn extract(cx: &Context, id: &str, asked: &Url) -> Result<Extraction> {
    let what = format!("the event {id} of media.ccc.de");
    let mut event: Event = ask(cx, &format!("events/{id}"), &what).await?;
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
        Some(slug) => link::joined(SITE, ["v", &*slug])?,
        None => asked.clone(),
    };
    // Of equal ones the first is the best.
    let original = event.text("original_language");
    recordings.sort_by_key(|it| it.place(original.as_deref()));

    let mut groups: [Vec<Content>; 4] = Default::default();
    for recording in &recordings {
        let Some((group, content)) = recording.content(&guid, &source) else { continue };
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
    let known = event.known();
    let mut found = Vec::new();
    if !talk.is_empty() {
        found.push(Variants::ranked(talk)?.with_companions(captions).with_known(&known));
    }
    if !slides.is_empty() {
        let mut known = known.clone();
        known.title = known.title.map(|title| format!("{title} (slides)"));
        found.push(Variants::ranked(slides)?.with_known(&known));
    }
    found.extend(documents.into_iter().map(|it| Variants::from(it).with_known(&known)));
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
        lenient::text_of(self.told.get(name)?)
    }

    /// What holds for everything of it, with the conference that it was held at.
    fn known(&self) -> Known {
        let mut known = Known::default();
        known.title = self.text("title");
        known.description = self.text("description").and_then(|text| common_prose::text(&text));
        known.uploaded_date = self.text("release_date").and_then(|date| date.parse::<Timestamp>().ok());
        let tags = self.told.get("tags").map(lenient::texts_of).unwrap_or_default();
        known.tags = tags.into_iter().map(|tag| tag.trim().to_owned()).collect();
        known.metadata = lenient::telling(&self.told, &TOLD);
        known.collection = self.text("conference_title").map(Collection::new);
        known
    }

    /// The pictures that stand for it.
    fn pictures(&self, guid: &str, source: &Url) -> Vec<Content> {
        let kinds = [("poster_url", "poster", Role::Poster), ("thumb_url", "thumb", Role::Thumbnail)];
        let picture = |(key, name, role)| {
            let url = linked(&self.text(key)?)?;
            let mut picture = Content::of_file(format!("{guid}-{name}"), Kind::Image, source, url);
            picture.role = role;
            Some(picture)
        };
        kinds.into_iter().filter_map(picture).collect()
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
        let file = linked(self.recording_url.as_deref()?)?;
        let extension = link::extension(&file);
        // Some are named by formats of the site's own.
        let mime = self.mime_type.as_deref().filter(|it| !it.starts_with("vnd."));
        let kind = match mime.map(media_type::kind_of) {
            Some(kind @ (Kind::Video | Kind::Audio)) => kind,
            _ => media_type::of_link(&file).map_or(Kind::Other, |it| it.kind),
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
        let mut content = Content::of_file(format!("{guid}-{id}"), kind, source, file.clone());
        if group == Group::Caption {
            content.role = Role::Caption;
        }
        if kind == Kind::Video {
            (content.width, content.height) = (self.width, self.height);
        }
        content.content_type = mime.map(str::to_owned).or(content.content_type);
        content.extension = extension;
        content.duration = self.length;
        content.size_approx = self.size.and_then(|it| it.checked_mul(MIB));
        content.language = self.language.as_deref().and_then(first_language);
        let texts = [("language", &self.language), ("folder", &self.folder), ("state", &self.state)];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?.into())));
        let told = texts.chain(self.high_quality.map(|flag| ("high_quality", flag.into())));
        content.metadata = told.map(|(name, value)| (name.to_owned(), value)).collect();
        Some((group, content))
    }
}

/// The first of the languages that a recording has, as a BCP 47 tag.
fn first_language(told: &str) -> Option<String> {
    let first = told.split('-').next().filter(|it| matches!(it.len(), 2 | 3))?.to_ascii_lowercase();
    let known = LANGUAGES.iter().find(|(name, _)| *name == first);
    Some(known.map_or(first, |(_, tag)| (*tag).to_owned()))
}
