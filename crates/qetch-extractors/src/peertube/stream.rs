//! What is there as a playlist alone: live videos, and those whose files are not told.

use qetch_core::{Content, Context, Delivery, Error, Fragment, Kind, Request, Result, Url, shown};
use qetch_manifest::{
    Rendition,
    hls::{self, Playlist},
};

/// The most bytes of a playlist.
const MOST_BYTES: usize = 4 << 20;

/// The most renditions that are read: many times what an instance makes.
const MOST_RENDITIONS: usize = 64;

/// Whose playlist it is.
pub(super) struct Source<'a> {
    pub(super) uuid: &'a str,
    pub(super) url: &'a Url,
    pub(super) is_live: bool,
}

/// The renditions of the playlist `master`, and the sound of those that have none in them. Where a live video has no playlist
/// yet it has not begun, and there are none.
pub(super) async fn renditions(
    cx: &Context,
    source: &Source<'_>,
    master: &Fragment,
) -> Result<(Vec<Content>, Vec<Content>)> {
    let answer = cx.send(Request::get(master.url.clone()).with_limit(MOST_BYTES)).await?;
    if answer.status() == 404 {
        return Ok((Vec::new(), Vec::new()));
    }
    let answer = answer.ok()?;
    let offered = match hls::read(&answer.text(), answer.url(), &cx.limits())? {
        Playlist::Master(master) => master.renditions,
        Playlist::Media(_) => vec![Rendition::new("", Kind::Video)],
        _ => return Err(Error::unsupported(shown(&master.url), "its form is not known")),
    };
    let offered = offered.into_iter().take(MOST_RENDITIONS);
    let (contents, mut companions): (Vec<_>, Vec<_>) = offered.partition(|it| it.group.is_none());
    companions.retain(|it| matches!(it.kind, Kind::Audio | Kind::Text));
    companions.sort_by_key(|it| !it.is_default);
    let made = |list: Vec<Rendition>| list.into_iter().map(|it| source.content(it, master)).collect();
    Ok((made(contents), made(companions)))
}

impl Source<'_> {
    fn content(&self, mut rendition: Rendition, master: &Fragment) -> Content {
        let way = if self.is_live { "live" } else { "m3u8" };
        let id = if rendition.id.is_empty() { String::new() } else { format!("-{}", rendition.id) };
        let uid = format!("{}-{way}{id}", self.uuid);
        let (name, delivery) = (rendition.name.take(), Delivery::hls(rendition.id.as_str()));
        let mut content = rendition.content(uid, self.url, master.clone(), delivery);
        content.expires = master.expires;
        if let Some(name) = name {
            content.metadata.insert("name".to_owned(), name.into());
        }
        if self.is_live {
            content.metadata.insert("live".to_owned(), true.into());
        }
        content
    }
}
