//! A video as the API tells of it, and the contents it is made into.

use qetch_core::{
    Content, Error, Extraction, Found, Known, Result, Role, Timestamp, Url, Variants, Warning, lenient,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    NAME,
    ask::{Instance, Pass, Told},
    extras::{self, Extras},
    files::{self, Files},
    hand_off, pictures, stream,
};

/// What the API tells of a video. What has no field here is in `rest`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Video {
    #[serde(default, deserialize_with = "lenient::text")]
    uuid: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    description: Option<String>,
    #[serde(default, deserialize_with = "lenient::number")]
    duration: Option<f64>,
    #[serde(default, deserialize_with = "lenient::texts")]
    tags: Vec<String>,
    #[serde(default)]
    is_live: Value,
    #[serde(default)]
    state: Value,
    #[serde(default)]
    language: Value,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What is kept under the site's own names.
const KEPT: [&str; 14] = [
    "aspectRatio",
    "comments",
    "dislikes",
    "downloadEnabled",
    "isLocal",
    "likes",
    "nsfw",
    "nsfwSummary",
    "originallyPublishedAt",
    "shortUUID",
    "support",
    "url",
    "viewers",
    "views",
];

/// What has an id and a label, of which the label is kept.
const LABELLED: [&str; 3] = ["category", "licence", "privacy"];

/// What is kept of the account and of the channel.
const ACTOR: [&str; 4] = ["name", "displayName", "host", "url"];

/// What is said in a link of where to begin and to end.
const CUT: [&str; 2] = ["start", "stop"];

/// Where a video is on its way (`VideoState` of PeerTube's models).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Published,
    /// It is being imported, transcoded, moved or edited.
    Underway,
    WaitingForLive,
    LiveEnded,
    /// Importing, transcoding or moving has failed.
    Failed,
}

/// The video `id`, which `url` leads to.
pub(super) async fn extract(mut instance: Instance, id: &str, url: &Url) -> Result<Extraction> {
    let what = format!("PeerTube video {id}");
    let answer = match instance.video(id, &what).await? {
        Told::Here(answer) => answer,
        Told::At(origin) => return Ok(Extraction::once(hand_off(origin, Known::default()))),
    };
    let video: Video = answer.json(NAME)?;
    let uuid = video.uuid()?;
    let state = video.state();
    match state {
        State::WaitingForLive => return Err(Error::live(what)),
        State::LiveEnded => return Err(Error::gone(format!("{what}, which was live and has ended,"))),
        State::Published | State::Underway | State::Failed => (),
    }
    let pass = instance.pass(id, &what).await?;
    let pass = pass.as_ref();
    let files = files::of(&instance, &video.rest);
    let (mut mains, mut companions) = video.renditions(&instance, url, uuid, &files, pass).await?;
    if mains.is_empty() {
        return Err(video.without_files(state, &files, &what));
    }
    let mut warnings = Vec::from_iter(files.warning(&what));
    if state == State::Underway {
        warnings.push(format!("{what} is still processed: more files of it may come"));
    }
    let extras = if video.is_live() {
        Extras::default()
    } else {
        extras::of(&instance, id, video.is_truncated(), &mut warnings).await
    };
    let mut captions = extras.captions(&instance, uuid, url, pass);
    let mut pictures = pictures::of(&instance, uuid, url, &video.rest);
    for content in mains.iter_mut().chain(&mut companions) {
        video.describe(content, url, &extras);
        extras.describe(content);
    }
    for content in captions.iter_mut().chain(&mut pictures) {
        video.describe(content, url, &extras);
    }
    let has_pixels = mains.iter().any(|it| it.width.is_some());
    let contents = mains.into_iter().chain(pictures);
    // Before 2024 the API told resolutions alone, by which the files are in order.
    let variants = if has_pixels { Variants::ranked(contents)? } else { Variants::in_order(contents)? };
    let variants = variants.with_companions(companions.into_iter().chain(captions));
    let warnings = warnings.into_iter().map(|it| Found::from(Warning::new(format!("{NAME}: {it}"))));
    // Warnings come first: most readers stop at the resource.
    Ok(Extraction::of(warnings.chain([variants.into()]).collect::<Vec<_>>()))
}

impl Video {
    /// The id that is the same at every instance.
    fn uuid(&self) -> Result<&str> {
        let uuid = self.uuid.as_deref().ok_or_else(|| Error::site_changed(NAME, "$.uuid", "missing"))?;
        let is_uuid = uuid.len() == 36 && uuid.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
        if is_uuid { Ok(uuid) } else { Err(Error::site_changed(NAME, "$.uuid", "other than a UUID")) }
    }

    fn is_live(&self) -> bool {
        flag(&self.is_live) == Some(true)
    }

    /// What is not told, or not known, is published: its files tell the rest.
    fn state(&self) -> State {
        match id_of(&self.state) {
            Some(2 | 3 | 6 | 9 | 10 | 13) => State::Underway,
            Some(4) => State::WaitingForLive,
            Some(5) => State::LiveEnded,
            Some(7 | 8 | 11 | 12) => State::Failed,
            _ => State::Published,
        }
    }

    /// Its main contents, best first, and their sound where that is apart.
    async fn renditions(
        &self,
        instance: &Instance,
        url: &Url,
        uuid: &str,
        files: &Files,
        pass: Option<&Pass>,
    ) -> Result<(Vec<Content>, Vec<Content>)> {
        let (contents, companions) = files.contents(instance, uuid, url, pass, self.duration());
        match &files.master {
            // What is live has no files yet; what has none otherwise is there as segments.
            Some(master) if contents.is_empty() => {
                let (master, _) = Pass::fragment(pass, instance, master.clone());
                let source = stream::Source { uuid, url, is_live: self.is_live() };
                stream::renditions(instance.cx(), &source, &master).await
            }
            _ => Ok((contents, companions)),
        }
    }

    /// Why there is nothing to be had of it.
    fn without_files(&self, state: State, files: &Files, what: &str) -> Error {
        match state {
            _ if !files.unusable.is_empty() => {
                let path = files.unusable.first().cloned().unwrap_or_default();
                Error::site_changed(NAME, path, "nothing that can be fetched")
            }
            State::Underway => Error::not_ready(what),
            State::Failed => Error::not_found(format!("a file of {what}, which could not be processed,")),
            _ if self.is_live() => Error::live(what),
            _ => match &files.missing {
                Some(path) => Error::site_changed(NAME, path, "missing"),
                None => Error::not_found(format!("a file of {what}")),
            },
        }
    }

    /// Seconds; those of what is live are not known.
    fn duration(&self) -> Option<f64> {
        self.duration.filter(|it| it.is_finite() && *it > 0.0 && !self.is_live())
    }

    /// Whether the description may be a part of the whole one: instances before 5.0 cut it here, and have no other name for
    /// what is cut.
    fn is_truncated(&self) -> bool {
        let is_cut = self.description.as_deref().is_some_and(|it| it.trim_end().ends_with("..."));
        is_cut && !self.rest.contains_key("truncatedDescription")
    }

    /// What holds for every content of it.
    fn describe(&self, content: &mut Content, url: &Url, extras: &Extras) {
        content.title.clone_from(&self.name);
        let whole = extras.description.as_ref().or(self.description.as_ref());
        content.description = whole.cloned();
        content.uploaded_by = self.uploader();
        content.uploaded_date = self.moment("publishedAt").or_else(|| self.moment("createdAt"));
        content.tags.clone_from(&self.tags);
        if content.language.is_none() && content.role == Role::Main {
            content.language = text(&self.language["id"]);
        }
        if content.role == Role::Main && content.duration.is_none() {
            content.duration = self.duration();
        }
        let metadata = &mut content.metadata;
        for name in KEPT {
            keep(metadata, name, self.rest.get(name).and_then(telling));
        }
        for name in LABELLED {
            let known = self.rest.get(name).filter(|it| !it["id"].is_null());
            keep(metadata, name, known.and_then(|it| telling(&it["label"])));
        }
        for name in ["account", "channel"] {
            keep(metadata, name, self.rest.get(name).and_then(actor));
        }
        for name in CUT {
            let given = url.query_pairs().find(|(key, _)| key == name);
            keep(metadata, name, given.map(|(_, value)| Value::String(value.into_owned())));
        }
    }

    fn uploader(&self) -> Option<String> {
        let names = ["account", "channel"].into_iter().filter_map(|it| self.rest.get(it));
        names.filter_map(|it| text(&it["displayName"]).or_else(|| text(&it["name"]))).next()
    }

    fn moment(&self, name: &str) -> Option<Timestamp> {
        self.rest.get(name)?.as_str()?.parse().ok()
    }
}

fn keep(metadata: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        metadata.insert(name.to_owned(), value);
    }
}

/// An account or a channel, by what names it.
fn actor(value: &Value) -> Option<Value> {
    let known = ACTOR.iter().filter_map(|&name| Some((name.to_owned(), telling(value.get(name)?)?)));
    let known: Map<_, _> = known.collect();
    (!known.is_empty()).then_some(Value::Object(known))
}

/// A value that tells something: no `null`, no empty text, and nothing nested.
pub(super) fn telling(value: &Value) -> Option<Value> {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        Value::String(text) if text.trim().is_empty() => None,
        other => Some(other.clone()),
    }
}

/// A text that may be a number.
pub(super) fn text(value: &Value) -> Option<String> {
    lenient::text(value).unwrap_or_default()
}

/// A number that may be a text.
pub(super) fn number<N: std::str::FromStr>(value: &Value) -> Option<N> {
    lenient::number(value).unwrap_or_default()
}

/// A flag that may be a number or a text.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        other => match text(other)?.as_str() {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        },
    }
}

/// The number of something that has an id and a label; instances of the first years told the number alone.
pub(super) fn id_of(value: &Value) -> Option<u32> {
    number(value).or_else(|| number(value.get("id")?))
}
