//! What the downloaders of playlists share: a playlist is read when its download begins, and its segments are the fragments
//! that the engine in [`http`](crate::http) brings, under the same limits and with the same promises.
//!
//! - `fetch`: reading what is no segment: playlists and keys;
//! - `segment`: what a segment is for the engine;
//! - `judged`: what a playlist lists is judged before any of it is asked for;
//! - `listed`: the segments of a rendition that is all there;
//! - `live`: those of one that goes on;
//! - `joining`: making one file of parts;
//! - `keys`, `captions`: making the bytes of a segment those of the file;
//! - `container`: what the file is, as far as the list of segments tells.

mod captions;
mod container;
mod fetch;
mod joining;
mod judged;
#[cfg(feature = "hls")]
mod keys;
mod listed;
mod live;
mod segment;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use qetch_core::{
    Content, Context, DownloadOptions, Error, Fragment, Kind, Report, Result, Target, TargetKind, files,
    naming,
};
use qetch_manifest::Listing;

pub(crate) use self::{fetch::Fetcher, segment::Template};
use self::{joining::Joining, judged::Judged, listed::Listed, live::Live};
use crate::http::{Http, source::Source};

/// What is put after the name of a file while its parts are fetched.
const PARTS: &str = ".qetch-parts";

/// Reads the list of segments of one rendition, again and again.
#[async_trait]
pub(crate) trait Opener: fmt::Debug + Send + Sync {
    /// The segments as they are listed now. Where `afresh` says so, nothing is taken for granted that was read before.
    async fn open(&self, afresh: bool) -> Result<Listing>;

    /// What is sent along with the requests for its segments.
    async fn template(&self) -> Template;
}

/// Brings the rendition that `opener` reads.
pub(crate) async fn download(
    http: &Http,
    cx: &Context,
    content: &Content,
    opener: Arc<dyn Opener>,
    to: &Target,
    options: &DownloadOptions,
) -> Result<Report> {
    let opener: Arc<dyn Opener> = Arc::new(Judged::new(opener, cx));
    // Who records does not know how many parts there will be, nor what they are.
    let (path, aside) = match to.kind() {
        TargetKind::File(path) => (path, files::with_suffix(path, PARTS)),
        // Someone else joins its parts.
        TargetKind::Track(path) => (path, path.to_owned()),
        _ => {
            let reason = "a playlist is brought to a file";
            return Err(Error::unsupported("the target", reason));
        }
    };
    let was_live = options.resume && http.has_recorded(content, &aside).await;
    let opened = tokio::select! {
        biased;
        opened = opener.open(false) => opened,
        () = options.stop.asked() => return Err(Error::Interrupted),
    };
    let listing = match opened {
        // What is recorded is all that there will be.
        Err(error) if was_live && (matches!(error, Error::NotFound { .. }) || is_dead(&error)) => {
            tracing::warn!(%error, "the playlist is not to be had any more: the recording ends here");
            Listing::default()
        }
        opened => opened?,
    };
    let is_live = listing.is_live || was_live;
    if listing.segments.is_empty() && !is_live {
        return Err(Error::not_found(format!("a segment of {}", content.uid)));
    }
    let extension = container::extension(&listing, content.kind);
    let fetcher = Fetcher::new(cx, options);
    let has_parts = is_live || listing.segments.last().is_some_and(|last| last.part > 0);
    let source: Arc<dyn Source> = match is_live {
        true => Arc::new(Live::new(opener, fetcher, content, listing, options).await),
        false => Arc::new(Listed::new(opener, fetcher, content.kind, listing).await),
    };
    if let TargetKind::Track(_) = to.kind() {
        return http.bring(cx, content, source, to, options).await;
    }
    let (path, is_known) = match (to.fits_extension(), extension) {
        (true, Some(extension)) => (naming::with_extension(path, extension), true),
        (fits, _) => (path.to_owned(), !fits),
    };
    if !has_parts && is_known {
        return http.bring(cx, content, source, &Target::file(path), options).await;
    }
    // How many parts there are, or what they are, is known in the end.
    files::check_free(&path, options.overwrite)?;
    let joining = Joining::new(http, content, aside, path, options, is_live);
    joining.bring(cx, source, is_known).await
}

/// The link of the playlist that a content is.
pub(crate) fn link(content: &Content) -> Result<&Fragment> {
    match content.fragments.as_slice() {
        [fragment] => Ok(fragment),
        _ => Err(Error::invalid(format!("the content {}", content.uid), "a playlist is one fragment")),
    }
}

/// Whether a content is one link of http or https.
pub(crate) fn is_one_link(content: &Content) -> bool {
    link(content).is_ok_and(|fragment| matches!(fragment.url.scheme(), "http" | "https"))
}

/// Whether a link that answers so worked once, if it was signed.
pub(crate) fn is_dead(error: &Error) -> bool {
    match error {
        Error::LoginRequired { .. } | Error::Private { .. } | Error::Gone { .. } => true,
        Error::Http { status, .. } => matches!(status, 401 | 403 | 410),
        _ => false,
    }
}

/// Whether the segments of a rendition of this kind are text that is joined line by line.
fn is_text(kind: Kind) -> bool {
    kind == Kind::Text
}
