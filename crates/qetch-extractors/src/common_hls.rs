//! HLS playlists of sites that tell themselves what they are of.

use qetch_core::{Content, Context, Delivery, Error, Fragment, Kind, Request, Result, Url, shown};
use qetch_manifest::{
    Rendition,
    hls::{self, Playlist},
};

/// The most bytes of a playlist.
const MOST_BYTES: usize = 4 << 20;

/// The renditions of the playlist at `url`, and the sound and the captions that stand apart in it, those that are taken when
/// nobody chooses first. A playlist that names no others is a video of which nothing is known.
pub(crate) async fn renditions(cx: &Context, url: &Url) -> Result<(Vec<Rendition>, Vec<Rendition>)> {
    let answer = cx.send(Request::get(url.clone()).with_limit(MOST_BYTES)).await?.ok()?;
    let offered = match hls::read(&answer.text(), answer.url(), &cx.limits())? {
        Playlist::Master(master) => master.renditions,
        Playlist::Media(_) => vec![Rendition::new("", Kind::Video)],
        _ => return Err(Error::unsupported(shown(url), "its form is not known")),
    };
    let (contents, mut companions): (Vec<_>, Vec<_>) = offered.into_iter().partition(|it| it.group.is_none());
    companions.retain(|it| matches!(it.kind, Kind::Audio | Kind::Text));
    companions.sort_by_key(|it| !it.is_default);
    Ok((contents, companions))
}

/// The content that a rendition of `playlist` is, found behind `source`. Its uid is that of the whole, and its id where it has
/// one.
pub(crate) fn content(rendition: Rendition, whole: &str, source: &Url, playlist: &Url) -> Content {
    let id = rendition.id.clone();
    let uid = if id.is_empty() { whole.to_owned() } else { format!("{whole}-{id}") };
    rendition.content(uid, source, Fragment::new(playlist.clone()), Delivery::hls(id))
}
