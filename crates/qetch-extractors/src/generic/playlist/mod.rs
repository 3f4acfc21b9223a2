//! Playlists and manifests of renditions, each of which is a content that the downloader opens again.

#[cfg(feature = "dash")]
mod dash;
#[cfg(feature = "hls")]
mod hls;
mod renditions;
#[cfg(test)]
#[cfg(feature = "hls")]
mod tests;

use qetch_core::{Answer, Context, Result, Url, Variants};

use super::{
    MOST_OF_PLAYLIST,
    content_disposition::ContentDisposition,
    form::{self, Form},
    name::Name,
};
use crate::common_link;

/// What reads one.
pub(super) type Reader = fn(&Context, &Source, &Answer) -> Result<Variants>;

/// Where one was found.
pub(super) struct Source {
    /// The link as it was given.
    url: Url,
    uid: String,
    title: Option<String>,
}

/// What reads an answer of this form, where this build has it.
pub(super) fn reader(form: Form) -> Option<Reader> {
    match form {
        #[cfg(feature = "hls")]
        form::HLS => Some(hls::read),
        #[cfg(feature = "dash")]
        form::DASH => Some(dash::read),
        _ => None,
    }
}

/// What the playlist offers that `first`, which is what `url` leads to, is the beginning of.
pub(super) async fn variants(cx: &Context, url: &Url, first: &Answer, read: Reader) -> Result<Variants> {
    let answer = cx.whole_answer(url, MOST_OF_PLAYLIST).await?.ok()?;
    let disposition = first.headers().get("content-disposition");
    let disposition = ContentDisposition::parse(disposition.map(AsRef::as_ref));
    let title = Name::of(disposition.file_name, None, answer.url(), url).title(None);
    let source = Source { url: url.clone(), uid: common_link::uid(url), title };
    read(cx, &source, &answer)
}
