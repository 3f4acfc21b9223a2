//! What is on air: the rooms of a conference, and the streams of a room.

use qetch_core::{
    Collection, Content, Context, Delivery, Error, Extraction, ExtractorInfo, Found, Fragment, Handoff, Kind,
    Request, Result, Role, Url, Variants, lenient,
};
use qetch_manifest::{
    Rendition,
    hls::{self, Playlist},
};
use serde_json::Value;

use super::{NAME, joined, link};

pub(super) const HOST: &str = "streaming.media.ccc.de";

/// A room, whichever of its streams is shown.
pub(super) const ROOM: &str =
    "^/(?P<conference>[A-Za-z0-9_-]+)/(?:embed/)?(?P<id>[A-Za-z0-9_-]+)(?:/[A-Za-z0-9_-]+){0,3}/?$";

const SITE: &str = "https://streaming.media.ccc.de";
const STREAMS: &str = "https://streaming.media.ccc.de/streams/v2.json";

/// The most bytes of a playlist.
const MOST_BYTES: usize = 4 << 20;

/// The conference of this name, of those that are on air.
async fn conference(cx: &Context, name: &str) -> Result<Value> {
    let answer = cx.send(Request::get(STREAMS.parse()?)).await?.ok()?;
    let conferences: Vec<Value> = answer.json(NAME)?;
    let found = conferences.into_iter().find(|it| it["slug"] == name);
    let found = found.filter(|it| it["isCurrentlyStreaming"] != false);
    found.ok_or_else(|| Error::live(format!("the conference {name} (nothing of it is on air now)")))
}

/// The rooms of a conference.
fn rooms(conference: &Value) -> impl Iterator<Item = &Value> {
    let groups = conference["groups"].as_array().into_iter().flatten();
    groups.flat_map(|group| group["rooms"].as_array().into_iter().flatten())
}

/// Every room of a conference, each handed off.
pub(super) async fn stage(cx: &Context, name: &str) -> Result<Extraction> {
    let conference = conference(cx, name).await?;
    let mut found: Vec<Found> = Vec::new();
    for room in rooms(&conference).filter_map(|room| room["slug"].as_str()) {
        found.push(Handoff::new(joined(SITE, &[name, room])?).to(NAME).into());
    }
    if found.is_empty() {
        return Err(Error::live(format!("the conference {name} (no room of it is on air now)")));
    }
    Ok(Extraction::of(found))
}

/// The streams of a room.
pub(super) async fn room(
    info: &ExtractorInfo,
    cx: &Context,
    conference: &str,
    id: &str,
) -> Result<Extraction> {
    let what = format!("the room {id} of {conference}");
    let told = self::conference(cx, conference).await?;
    let room = rooms(&told).find(|room| room["slug"] == id).ok_or_else(|| Error::not_found(&*what))?;
    let (mut contents, mut companions, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    // What people speak stands before what is translated.
    let mut streams: Vec<_> = room["streams"].as_array().into_iter().flatten().collect();
    streams.sort_by_key(|stream| stream["isTranslated"] == true);
    let mut seen = Vec::new();
    for stream in streams {
        let playlist = stream["urls"]["hls"]["url"].as_str().and_then(link);
        let (Some(slug), Some(playlist)) = (stream["slug"].as_str(), playlist) else { continue };
        // One that is listed twice is one.
        if seen.contains(&slug) {
            continue;
        }
        seen.push(slug);
        let source = joined(SITE, &[conference, id])?;
        let made = Stream { uid: format!("{conference}-{id}-{slug}"), slug, told: stream, source };
        match made.contents(cx, &playlist).await {
            Ok((offered, with)) => {
                contents.extend(offered);
                companions.extend(with);
            }
            // It is announced, and not on air.
            Err(Error::NotFound { .. }) => (),
            Err(error) => failed.push(error),
        }
    }
    if contents.is_empty() {
        let none = || Error::live(format!("{what} (it is not on air now)"));
        return Err(failed.into_iter().next().unwrap_or_else(none));
    }
    let text = |value: &Value| lenient::text(value).ok().flatten();
    let title = text(&room["display"]).or_else(|| text(&room["schedulename"]));
    let talk = text(&room["talks"]["current"]["title"]);
    for content in contents.iter_mut().chain(&mut companions) {
        content.title.clone_from(&title);
        content.metadata.insert("live".to_owned(), true.into());
        if let Some(talk) = &talk {
            content.metadata.insert("talk".to_owned(), talk.as_str().into());
        }
    }
    let mut variants = Variants::ranked(contents)?.with_companions(companions);
    variants.collection = text(&told["conference"]).map(Collection::new);
    let warnings =
        failed.iter().map(|error| info.warning(format!("a stream of {what} cannot be had: {error}")));
    Ok(Extraction::of(
        [Found::from(variants)].into_iter().chain(warnings.map(Found::from).collect::<Vec<_>>()),
    ))
}

/// A stream of a room.
struct Stream<'a> {
    uid: String,
    slug: &'a str,
    told: &'a Value,
    source: Url,
}

impl Stream<'_> {
    /// The renditions of the playlist `link`, and the sound of those that have none in them.
    async fn contents(&self, cx: &Context, link: &Url) -> Result<(Vec<Content>, Vec<Content>)> {
        let answer = cx.send(Request::get(link.clone()).with_limit(MOST_BYTES)).await?.ok()?;
        let offered = match hls::read(&answer.text(), answer.url(), &cx.limits())? {
            Playlist::Master(master) => master.renditions,
            _ if self.told["type"] == "audio" => vec![Rendition::new("", Kind::Audio)],
            _ => {
                let mut rendition = Rendition::new("", Kind::Video);
                let size = |at: usize| lenient::number(&self.told["videoSize"][at]).ok().flatten();
                (rendition.width, rendition.height) = (size(0), size(1));
                vec![rendition]
            }
        };
        let made = offered.into_iter().filter(|it| it.group.is_none() || it.kind != Kind::Video);
        Ok(made.map(|it| self.content(it, link)).partition(|it| it.group.is_none()))
    }

    fn content(&self, rendition: Rendition, link: &Url) -> Content {
        let id = if rendition.id.is_empty() { String::new() } else { format!("-{}", rendition.id) };
        let fragment = Fragment::new(link.clone());
        let uid = format!("{}{id}", self.uid);
        let mut content = Content::new(uid, rendition.kind, self.source.clone(), [fragment]);
        content.delivery = Delivery::hls(rendition.id);
        if rendition.kind == Kind::Text {
            content.role = Role::Caption;
        }
        (content.content_type, content.codecs) = (rendition.content_type, rendition.codecs);
        (content.width, content.height, content.fps) = (rendition.width, rendition.height, rendition.fps);
        (content.bitrate, content.language) = (rendition.bitrate, rendition.language);
        // Each playlist has groups of its own.
        let group = |group: Option<String>| group.map(|group| format!("{}-{group}", self.slug));
        (content.sound, content.group) = (group(rendition.sound), group(rendition.group));
        content.metadata.insert("stream".to_owned(), self.slug.into());
        content
    }
}
