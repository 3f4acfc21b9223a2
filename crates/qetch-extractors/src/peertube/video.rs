//! A video as the API tells of it, and the contents it is made into.

use qetch_core::{
    Content, Error, Extraction, Found, Known, Result, Role, Timestamp, Url, Variants, Warning,
    lenient::{self, number_of, text_of},
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
    #[serde(default, deserialize_with = "lenient::positive")]
    duration: Option<f64>,
    #[serde(default, deserialize_with = "lenient::texts")]
    tags: Vec<String>,
    #[serde(default, deserialize_with = "lenient::flag")]
    is_live: Option<bool>,
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
    let captions = extras.captions(&instance, uuid, url, pass);
    let pictures = pictures::of(&instance, uuid, url, &video.rest);
    for content in mains.iter_mut().chain(&mut companions) {
        video.describe(content);
        extras.describe(content);
    }
    let has_pixels = mains.iter().any(|it| it.width.is_some());
    let contents = mains.into_iter().chain(pictures);
    // Before 2024 the API told resolutions alone, by which the files are in order.
    let variants = if has_pixels { Variants::ranked(contents)? } else { Variants::in_order(contents)? };
    let variants = variants.with_companions(companions.into_iter().chain(captions));
    let variants = variants.with_known(&video.known(url, extras.description));
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
        self.is_live == Some(true)
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
        self.duration.filter(|_| !self.is_live())
    }

    /// Whether the description may be a part of the whole one: instances before 5.0 cut it here, and have no other name for
    /// what is cut.
    fn is_truncated(&self) -> bool {
        let is_cut = self.description.as_deref().is_some_and(|it| it.trim_end().ends_with("..."));
        is_cut && !self.rest.contains_key("truncatedDescription")
    }

    /// What holds for its files alone.
    fn describe(&self, content: &mut Content) {
        if content.role == Role::Main {
            content.language = content.language.take().or_else(|| text_of(&self.language["id"]));
            content.duration = content.duration.or_else(|| self.duration());
        }
    }

    /// What holds for every content of it; `url` led here, and `whole` is a description that is longer than its own.
    fn known(&self, url: &Url, whole: Option<String>) -> Known {
        let mut known = Known::default();
        known.title.clone_from(&self.name);
        known.description = whole.or_else(|| self.description.clone());
        known.uploaded_by = self.uploader();
        known.uploaded_date = self.moment("publishedAt").or_else(|| self.moment("createdAt"));
        known.tags.clone_from(&self.tags);
        known.metadata = lenient::telling(&self.rest, &KEPT);
        let labels = LABELLED.into_iter().map(|name| {
            let told = self.rest.get(name).filter(|it| !it["id"].is_null());
            (name, told.and_then(|it| text_of(&it["label"])).map(Value::from))
        });
        let actors = ["account", "channel"].map(|name| (name, self.rest.get(name).and_then(actor)));
        let cut = CUT.map(|name| {
            let given = url.query_pairs().find(|(key, _)| key == name);
            (name, given.map(|(_, value)| value.into_owned().into()))
        });
        let told = labels.chain(actors).chain(cut);
        known.metadata.extend(told.filter_map(|(name, value)| Some((name.to_owned(), value?))));
        known
    }

    fn uploader(&self) -> Option<String> {
        let names = ["account", "channel"].into_iter().filter_map(|it| self.rest.get(it));
        names.filter_map(|it| text_of(&it["displayName"]).or_else(|| text_of(&it["name"]))).next()
    }

    fn moment(&self, name: &str) -> Option<Timestamp> {
        self.rest.get(name)?.as_str()?.parse().ok()
    }
}

/// An account or a channel, by what names it.
fn actor(value: &Value) -> Option<Value> {
    let known = lenient::telling(value.as_object()?, &ACTOR);
    (!known.is_empty()).then_some(Value::Object(known))
}

/// The number of something that has an id and a label; instances of the first years told the number alone.
pub(super) fn id_of(value: &Value) -> Option<u32> {
    number_of(value).or_else(|| number_of(value.get("id")?))
}
