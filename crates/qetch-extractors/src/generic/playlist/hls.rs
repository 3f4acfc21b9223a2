//! HLS playlists.

use qetch_core::{Answer, Context, Delivery, Error, Kind, Result, Role, Url, Variants, link};
use qetch_manifest::{
    Listing, Rendition,
    hls::{self, Playlist},
};

use super::{Source, renditions::Offer};

/// Segments that are looked at for what they are.
const FIRST: usize = 3;

pub(super) fn read(cx: &Context, source: &Source, answer: &Answer) -> Result<Variants> {
    let of = |is_live| Offer { source, url: answer.url(), deliver: |id| Delivery::hls(id), is_live };
    match hls::read(&answer.text(), answer.url(), &cx.limits())? {
        Playlist::Master(master) => {
            let (contents, companions) = master.renditions.iter().partition(|it| it.group.is_none());
            of(false).variants(contents, companions)
        }
        Playlist::Media(listing) => Ok(single(&of(listing.is_live), &listing)),
        other => Err(Error::unexpected(format!("a playlist of a new kind: {other:?}"), None)),
    }
}

/// A playlist that is one rendition by itself.
fn single(offer: &Offer<'_>, listing: &Listing) -> Variants {
    let form = form(listing);
    let mut content = offer.content(&Rendition::new("", form.map_or(Kind::Video, |it| it.0)));
    // Alone it is what was asked for, also where it is subtitles.
    content.role = Role::Main;
    if let Some((_, content_type, extension)) = form {
        (content.content_type, content.extension) =
            (Some(content_type.to_owned()), Some(extension.to_owned()));
    }
    if !listing.is_live {
        content.duration = Some(listing.seconds()).filter(|&seconds| seconds > 0.0);
    }
    Variants::from(content)
}

/// What its segments are when they are one file: kind, type and extension; `None` where their names do not tell.
fn form(listing: &Listing) -> Option<(Kind, &'static str, &'static str)> {
    let first = || listing.segments.iter().take(FIRST);
    let by_name = first().filter(|it| !it.initialises).find_map(|it| by_name(&it.url));
    // Segments with an initialisation are fragments of an MP4, whatever they are called (RFC 8216, section 3.3).
    let is_mp4 = first().any(|it| it.initialises);
    match by_name {
        Some(found @ (_, "video/mp4" | "audio/mp4", _)) => Some(found),
        _ if is_mp4 => Some((Kind::Video, "video/mp4", "mp4")),
        found => found,
    }
}

fn by_name(url: &Url) -> Option<(Kind, &'static str, &'static str)> {
    Some(match link::extension(url)?.as_str() {
        "ts" | "m2ts" | "mts" | "mpegts" => (Kind::Video, "video/mp2t", "ts"),
        "mp4" | "m4s" | "m4v" | "cmfv" | "m4f" => (Kind::Video, "video/mp4", "mp4"),
        "m4a" | "cmfa" => (Kind::Audio, "audio/mp4", "m4a"),
        "aac" => (Kind::Audio, "audio/aac", "aac"),
        "mp3" => (Kind::Audio, "audio/mpeg", "mp3"),
        "ac3" => (Kind::Audio, "audio/ac3", "ac3"),
        "vtt" | "webvtt" => (Kind::Text, "text/vtt", "vtt"),
        _ => return None,
    })
}
