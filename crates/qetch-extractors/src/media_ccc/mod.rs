//! media.ccc.de: recordings of the events of the Chaos Computer Club and its friends, and their live streams.
//!
//! Everything comes from the public API (<https://github.com/voc/voctoweb#public-json-api>), which knows an event by its guid,
//! its slug or its number. An event is the video of a talk in every format and language, its sound alone, the pictures that
//! stand for it and its subtitles; a recording of the slides is a resource of its own. A conference is a list of hand-offs.
//!
//! What is on air is told by <https://streaming.media.ccc.de/streams/v2.json>, and offered as the HLS playlists in it. Those
//! streams that are one file without an end are not offered.

mod event;
mod live;

use qetch_core::{
    Collection, Context, Error, Extraction, Extractor, ExtractorInfo, Found, Handle, Handles, Handoff, Known,
    Request, Result, Timestamp, Url, async_trait, lenient, link,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::common_prose;

/// The extractor of media.ccc.de.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::media_ccc::MediaCcc;
///
/// let url = Url::parse("https://media.ccc.de/v/32c3-7368-shopshifting").unwrap();
/// assert_eq!(MediaCcc::new().can_handle(&url), Claim::Yes("event".into()));
/// ```
#[derive(Debug)]
pub struct MediaCcc {
    info: ExtractorInfo,
}

const NAME: &str = "media_ccc";
const SITE: &str = "https://media.ccc.de";
const API: &str = "https://api.media.ccc.de/public";
const HOSTS: [&str; 2] = ["media.ccc.de", "www.media.ccc.de"];
const API_HOSTS: [&str; 1] = ["api.media.ccc.de"];

/// What the API lists under names that would pass for those of events.
const LISTS: [&str; 5] = ["popular", "promoted", "recent", "search", "unpopular"];

/// Pages of a conference that is on air, which would pass for rooms.
const PAGES: [&str; 7] = ["about", "embed", "feedback", "multiview", "overview", "relive", "schedule"];

impl MediaCcc {
    /// The extractor.
    pub fn new() -> Self {
        let event = Handle::new("event", HOSTS, "^/v/(?P<id>[^/]+)(?:/oembed)?/?$")
            .with_example("https://media.ccc.de/v/32c3-7368-shopshifting#download");
        let event_api = Handle::new("event_api", API_HOSTS, "^/public/events/(?P<id>[^/]+)/?$")
            .without("id", LISTS)
            .with_example("https://api.media.ccc.de/public/events/1317");
        let conference = Handle::new("conference", HOSTS, "^/c/(?P<id>[^/]+)(?:/(?P<tag>[^/]+))?/?$")
            .with_example("https://media.ccc.de/c/30c3")
            .with_example("https://media.ccc.de/c/36c3/Security");
        let conference_api =
            Handle::new("conference_api", API_HOSTS, "^/public/conferences/(?P<id>[^/]+)/?$")
                .with_example("https://api.media.ccc.de/public/conferences/oscal19");
        let folder = Handle::new("folder", HOSTS, "^/b/(?P<id>[^/].*?)/?$")
            .with_example("https://media.ccc.de/b/conferences/oscal19");
        let relive = Handle::new("relive", [live::HOST], "^/[A-Za-z0-9_-]+/relive/(?P<id>[^/]+)/?$")
            .with_example("https://streaming.media.ccc.de/36c3/relive/10565");
        let room = Handle::new("room", [live::HOST], live::ROOM)
            .without("id", PAGES)
            .with_example("https://streaming.media.ccc.de/36c3/hallA");
        let stage = Handle::new("stage", [live::HOST], "^/(?P<id>[A-Za-z0-9_-]+)/?$")
            .without("id", ["streams", "assets", "configs"])
            .with_example("https://streaming.media.ccc.de/36c3");
        let handles = [event, event_api, conference, conference_api, folder, relive, room, stage];
        let info =
            ExtractorInfo::new(NAME, "Events and conferences of media.ccc.de, and what is on air there")
                .with_handles(Handles::new(handles))
                .with_asks(["cdn.c3voc.de"]);
        Self { info }
    }
}

impl Default for MediaCcc {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for MediaCcc {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let found = self.info.handles().require(url)?;
        let id = &found["id"];
        match found.handle().name() {
            "conference" | "conference_api" => self.conference(cx, id, found.get("tag")).await,
            "folder" => folder(cx, &found.decoded("id")).await,
            "relive" => {
                let reason = "it is a stopgap; open the recording on media.ccc.de once it is there";
                Err(Error::unsupported("a relive of streaming.media.ccc.de", reason))
            }
            "room" => live::room(&self.info, cx, &found["conference"], id).await,
            "stage" => live::stage(cx, id).await,
            _ => event::extract(cx, id, url).await,
        }
    }
}

impl MediaCcc {
    /// The events of a conference, those with the tag `tag` alone if there is one.
    async fn conference(&self, cx: &Context, id: &str, tag: Option<&str>) -> Result<Extraction> {
        let what = format!("the conference {id} of media.ccc.de");
        let told: Conference = ask(cx, &format!("conferences/{id}"), &what).await?;
        let mut events = told.events.ok_or_else(|| Error::site_changed(NAME, "$.events", "missing"))?;
        if events.is_empty() {
            return Err(Error::not_ready(format!("every recording of {what}")));
        }
        if let Some(tag) = tag.map(link::decoded) {
            events.retain(|it| it.tags.iter().any(|it| it.trim().eq_ignore_ascii_case(tag.trim())));
            if events.is_empty() {
                return Err(Error::not_found(format!("an event with the tag {tag} in {what}")));
            }
        }
        let (title, count) = (told.title.unwrap_or_else(|| id.to_owned()), events.len() as u64);
        let mut found = Vec::new();
        for (event, index) in events.into_iter().zip(1..) {
            let Some(id) = event.slug.or(event.guid) else {
                found.push(self.info.warning(format!("event {index} of {what} has no name")).into());
                continue;
            };
            let mut known = Known::default();
            known.title = event.title;
            known.description = event.description.and_then(|text| common_prose::text(&text));
            known.uploaded_date = event.release_date.and_then(|date| date.parse::<Timestamp>().ok());
            known.tags = event.tags;
            known.collection = Some(Collection::new(&*title).with_index(index).with_count(count));
            found
                .push(Found::from(Handoff::new(link::joined(SITE, ["v", &*id])?).with_known(known).to(NAME)));
        }
        Ok(Extraction::of(found))
    }
}

/// What is told of a conference.
#[derive(Deserialize)]
struct Conference {
    #[serde(default, deserialize_with = "lenient::text")]
    title: Option<String>,
    events: Option<Vec<Listed>>,
}

/// What is told of an event in the list of a conference.
#[derive(Deserialize)]
struct Listed {
    #[serde(default, deserialize_with = "lenient::text")]
    guid: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    slug: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    description: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    release_date: Option<String>,
    #[serde(default, deserialize_with = "lenient::texts")]
    tags: Vec<String>,
}

/// The conferences in a folder of the site: the one that is it, or all beneath it.
async fn folder(cx: &Context, path: &str) -> Result<Extraction> {
    #[derive(Deserialize)]
    struct Conferences {
        conferences: Option<Vec<Value>>,
    }

    let what = format!("the folder {path} of media.ccc.de");
    let told: Conferences = ask(cx, "conferences", &what).await?;
    let listed = told.conferences.ok_or_else(|| Error::site_changed(NAME, "$.conferences", "missing"))?;
    let beneath = format!("{path}/");
    let (mut it, mut others): (Option<Found>, Vec<Found>) = (None, Vec::new());
    for conference in &listed {
        let (Some(slug), Some(id)) = (conference["slug"].as_str(), conference["acronym"].as_str()) else {
            continue;
        };
        let handoff = || Ok::<_, Error>(Handoff::new(link::joined(SITE, ["c", id])?).to(NAME).into());
        if slug == path {
            it = Some(handoff()?);
        } else if slug.starts_with(&beneath) {
            others.push(handoff()?);
        }
    }
    match it {
        Some(it) => Ok(Extraction::of([it])),
        None if others.is_empty() => Err(Error::not_found(what)),
        None => Ok(Extraction::of(others)),
    }
}

/// What the API answers.
async fn ask<T: DeserializeOwned>(cx: &Context, path: &str, what: &str) -> Result<T> {
    cx.send(Request::get(format!("{API}/{path}").parse()?)).await?.about(what)?.json(NAME)
}

/// A link, which may come without its scheme.
fn linked(text: &str) -> Option<Url> {
    link::read(&SITE.parse().ok()?, text)
}
