//! Playlists, channels and accounts: lists of hand-offs, which are asked for page by page.

use std::sync::Arc;

use qetch_core::{
    Collection, Error, Extraction, Found, Known, Page, Result, Url, Warning,
    lenient::{flag_of, number_of, telling, text_of},
};
use serde_json::{Map, Value};

use super::{NAME, ask::Instance, hand_off};

/// Entries of a page: the most that an instance gives at once.
const PAGE: u64 = 100;

/// Whose list it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    Channel,
    Account,
}

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// Videos, each with its place.
    Elements,
    Videos,
    Channels,
    Playlists,
}

/// A list that an instance gives page by page.
#[derive(Debug)]
struct List {
    instance: Instance,
    of: Of,
    path: String,
    what: String,
    title: Option<String>,
}

/// The playlist `id`.
pub(super) async fn playlist(instance: Instance, id: &str) -> Result<Extraction> {
    let path = format!("video-playlists/{id}");
    let what = format!("PeerTube playlist {id}");
    let about: Map<String, Value> = instance.get(&path, &what).await?;
    let title = about.get("displayName").and_then(text_of);
    List { instance, of: Of::Elements, path: format!("{path}/videos"), what, title }.extraction().await
}

/// What the owner with this handle has: videos, unless `tab` says otherwise.
pub(super) async fn owned(
    instance: Instance,
    owner: Owner,
    handle: &str,
    tab: Option<&str>,
) -> Result<Extraction> {
    let (path, name) = match owner {
        Owner::Channel => ("video-channels", "channel"),
        Owner::Account => ("accounts", "account"),
    };
    let of = match tab {
        Some("video-channels") => Of::Channels,
        Some("video-playlists") => Of::Playlists,
        _ => Of::Videos,
    };
    let path = format!("{path}/{handle}");
    let what = format!("PeerTube {name} {}", handle.replace("%40", "@"));
    let about: Map<String, Value> = instance.get(&path, &what).await?;
    let title = about.get("displayName").and_then(text_of).or_else(|| about.get("name").and_then(text_of));
    List { instance, of, path: format!("{path}/{}", tab.unwrap_or("videos")), what, title }.extraction().await
}

impl List {
    async fn extraction(self) -> Result<Extraction> {
        let list = Arc::new(self);
        let first = list.page(0).await?;
        Ok(Extraction::paged(first, move |start| {
            let list = list.clone();
            async move { list.page(start).await }
        }))
    }

    /// The page whose first entry is at `start`, and where the next one starts.
    async fn page(&self, start: u64) -> Result<Page<u64>> {
        // Neither the language nor the taste of an instance decides what is in a list.
        let more = if self.of == Of::Videos { "&sort=-publishedAt&nsfw=both" } else { "" };
        let path = format!("{}?start={start}&count={PAGE}{more}", self.path);
        let mut answer: Map<String, Value> = self.instance.get(&path, &self.what).await?;
        let Some(Value::Array(entries)) = answer.remove("data") else {
            return Err(Error::site_changed(NAME, "$.data", "no list"));
        };
        let total = answer.get("total").and_then(number_of::<u64>);
        let next = start.saturating_add(entries.len() as u64);
        let is_last = entries.is_empty() || total.is_some_and(|total| next >= total);
        let found = (start + 1..).zip(&entries).map(|(place, entry)| self.found(place, total, entry));
        Ok(Page::new(found.collect::<Vec<_>>(), (!is_last).then_some(next)))
    }

    /// What the entry at `place` leads to, or a warning that it leads nowhere.
    fn found(&self, place: u64, total: Option<u64>, entry: &Value) -> Found {
        let led = match self.of {
            Of::Elements => self.element(place, total, entry),
            Of::Videos => self.video(place, total, entry),
            Of::Channels => self.channel(entry),
            Of::Playlists => self.of_id(entry, "/w/p/", "/videos/watch/playlist/"),
        };
        led.map_or_else(
            |reason| Warning::new(format!("{NAME}: entry {place} of {} {reason}", self.what)).into(),
            |(url, known)| hand_off(url, known).into(),
        )
    }

    fn element(&self, place: u64, total: Option<u64>, entry: &Value) -> Result<(Url, Known), String> {
        match number_of(&entry["type"]) {
            Some(1) => return Err("was deleted".to_owned()),
            Some(2) => return Err("is private".to_owned()),
            Some(3) => return Err("is kept from here: it is blocked, or its owner is".to_owned()),
            _ => (),
        }
        let place = number_of(&entry["position"]).unwrap_or(place);
        let (url, mut known) = self.video(place, total, &entry["video"])?;
        known.metadata.extend(
            entry.as_object().map(|it| telling(it, &["startTimestamp", "stopTimestamp"])).unwrap_or_default(),
        );
        Ok((url, known))
    }

    fn video(&self, place: u64, total: Option<u64>, entry: &Value) -> Result<(Url, Known), String> {
        let (url, mut known) = self.of_id(entry, "/w/", "/videos/watch/")?;
        known.title = text_of(&entry["name"]);
        let mut collection = Collection::default().with_index(place);
        (collection.title, collection.count) = (self.title.clone(), total);
        known.collection = Some(collection);
        Ok((url, known))
    }

    /// What has an id in base 58, or a UUID in the answers of older instances.
    fn of_id(&self, entry: &Value, short: &str, long: &str) -> Result<(Url, Known), String> {
        let led = [("shortUUID", short), ("uuid", long)].into_iter().find_map(|(key, page)| {
            let id = text_of(&entry[key])
                .filter(|it| it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-'))?;
            self.instance.link(&format!("{page}{id}"))
        });
        Ok((led.ok_or("has no id")?, Known::default()))
    }

    fn channel(&self, entry: &Value) -> Result<(Url, Known), String> {
        let plain = |value: &Value| {
            let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"_.:-".contains(&it);
            text_of(value).filter(|text| text.bytes().all(is_plain))
        };
        let name = plain(&entry["name"]).ok_or("has no name")?;
        let host = plain(&entry["host"]).filter(|_| flag_of(&entry["isLocal"]) != Some(true));
        let handle = host.map_or_else(|| name.clone(), |host| format!("{name}@{host}"));
        let url = self.instance.link(&format!("/c/{handle}/videos")).ok_or("has no page")?;
        Ok((url, Known::default()))
    }
}
