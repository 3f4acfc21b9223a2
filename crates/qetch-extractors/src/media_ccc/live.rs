//! What is on air: the rooms of a conference, and the streams of a room.

use qetch_core::{
    Collection, Content, Context, Error, Extraction, ExtractorInfo, Found, Handoff, Kind, Known, Request,
    Result, Url, Variants, lenient, link,
};
use qetch_manifest::Rendition;
use serde_json::Value;

use super::{NAME, linked};
use crate::common_hls;

pub(super) const HOST: &str = "streaming.media.ccc.de";

/// A room, whichever of its streams is shown.
pub(super) const ROOM: &str =
    "^/(?P<conference>[A-Za-z0-9_-]+)/(?:embed/)?(?P<id>[A-Za-z0-9_-]+)(?:/[A-Za-z0-9_-]+){0,3}/?$";

const SITE: &str = "https://streaming.media.ccc.de";
const STREAMS: &str = "https://streaming.media.ccc.de/streams/v2.json";

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
        found.push(Handoff::new(link::joined(SITE, [name, room])?).to(NAME).into());
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
    let source = link::joined(SITE, [conference, id])?;
    let mut seen = Vec::new();
    for stream in streams {
        let playlist = stream["urls"]["hls"]["url"].as_str().and_then(linked);
        let (Some(slug), Some(playlist)) = (stream["slug"].as_str(), playlist) else { continue };
        // One that is listed twice is one.
        if seen.contains(&slug) {
            continue;
        }
        seen.push(slug);
        let made = Stream { uid: format!("{conference}-{id}-{slug}"), slug, told: stream, source: &source };
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
    let mut known = Known::default();
    known.title = ["display", "schedulename"].iter().find_map(|name| lenient::text_of(&room[name]));
    known.metadata.insert("live".to_owned(), true.into());
    let talk = lenient::text_of(&room["talks"]["current"]["title"]);
    known.metadata.extend(talk.map(|talk| ("talk".to_owned(), talk.into())));
    known.collection = lenient::text_of(&told["conference"]).map(Collection::new);
    let variants = Variants::ranked(contents)?.with_companions(companions).with_known(&known);
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
    source: &'a Url,
}

impl Stream<'_> {
    /// The renditions of its playlist, and the sound of those that have none in them.
    async fn contents(&self, cx: &Context, playlist: &Url) -> Result<(Vec<Content>, Vec<Content>)> {
        let (mut offered, companions) = common_hls::renditions(cx, playlist).await?;
        // What a playlist without others does not tell, the site does.
        for it in offered.iter_mut().filter(|it| it.id.is_empty()) {
            if self.told["type"] == "audio" {
                it.kind = Kind::Audio;
            } else {
                let side = |at: usize| lenient::positive_of(&self.told["videoSize"][at]);
                (it.width, it.height) = (side(0), side(1));
            }
        }
        let made = |them: Vec<Rendition>| them.into_iter().map(|it| self.content(it, playlist)).collect();
        Ok((made(offered), made(companions)))
    }

    fn content(&self, rendition: Rendition, playlist: &Url) -> Content {
        let mut content = common_hls::content(rendition, &self.uid, self.source, playlist);
        // Each playlist has groups of its own.
        for group in [&mut content.sound, &mut content.group].into_iter().flatten() {
            *group = format!("{}-{group}", self.slug);
        }
        content.metadata.insert("stream".to_owned(), self.slug.into());
        content
    }
}
