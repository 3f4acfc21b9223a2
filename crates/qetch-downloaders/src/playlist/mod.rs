//! What the downloaders of playlists share: a playlist is read when its download begins, and its segments are the fragments
//! that the engine in [`http`](crate::http) brings, under the same limits and with the same promises.
//!
//! - `fetch`: reading what is no segment: playlists and keys;
//! - `segment`: what a segment is for the engine;
//! - `judged`: what a playlist lists is judged before any of it is asked for;
//! - `listed`: the segments of a rendition that is all there;
//! - `live`: those of one that goes on;
//! - `keys`, `captions`: making the bytes of a segment those of the file;
//! - `container`: what the file is, as far as the list of segments tells.

mod captions;
mod container;
mod fetch;
mod judged;
#[cfg(feature = "hls")]
mod keys;
mod listed;
mod live;
mod segment;

use std::{
    fmt,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use qetch_core::{
    Apart, Content, Context, DownloadOptions, Error, Fragment, Kind, Mux, Report, Result, Target, TargetKind,
    Track, files, media_type, naming,
};
use qetch_manifest::Listing;

pub(crate) use self::{fetch::Fetcher, segment::Template};
use self::{judged::Judged, listed::Listed, live::Live};
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
    let report = http.bring(cx, content, source, &Target::track(&aside), options).await?;
    let path = match extension_of(&aside).await? {
        Some(extension) if !is_known => naming::with_extension(&path, extension),
        _ => path,
    };
    join(content, &aside, path, options, report, is_live).await
}

/// Makes one file at `to` of what lies at `aside`, of one part or several.
async fn join(
    content: &Content,
    aside: &Path,
    to: PathBuf,
    options: &DownloadOptions,
    report: Report,
    is_live: bool,
) -> Result<Report> {
    // The clock of a recording began long before it, which in an MP4 is a pause without pictures.
    let begins_late = is_live && options.mux != Mux::Never && is_fragmented(aside).await?;
    if report.parts.len() > 1 || begins_late {
        let track = Track::new(aside, content.kind).with_parts(report.parts.clone());
        let staged = files::with_suffix(&to, ".qetch-joined");
        remove(&staged).await?;
        if let Some(apart) = mux(&track, &staged, &options.mux).await? {
            // One after the other they are what there is, and no command makes more of them.
            let bytes = publish(aside, &to, options.overwrite).await?;
            return Ok(renamed(report, to, bytes).with_apart(apart));
        }
        let bytes = publish(&staged, &to, options.overwrite).await?;
        remove(aside).await?;
        return Ok(renamed(report, to, bytes));
    }
    let bytes = publish(aside, &to, options.overwrite).await?;
    Ok(renamed(report, to, bytes))
}

/// What is told of a file that has another name and form by now.
fn renamed(mut report: Report, to: PathBuf, bytes: u64) -> Report {
    (report.paths, report.bytes, report.existed) = (vec![to], bytes, false);
    report.with_parts(Vec::new())
}

/// Joins the parts of a track.
#[cfg(feature = "mux")]
async fn mux(track: &Track, to: &Path, how: &Mux) -> Result<Option<Apart>> {
    crate::muxer().mux(std::slice::from_ref(track), to, how).await
}

/// Says why the parts of a track are not joined.
#[cfg(not(feature = "mux"))]
async fn mux(_: &Track, _: &Path, _: &Mux) -> Result<Option<Apart>> {
    Ok(Some(Apart::new("this build has no muxer (the cargo feature `mux`)", None)))
}

/// The extension that the first bytes of the file at `path` tell.
async fn extension_of(path: &Path) -> Result<Option<&'static str>> {
    let path = path.to_owned();
    qetch_core::blocking(move |_| {
        let mut head = Vec::new();
        let read = std::fs::File::open(&path).and_then(|file| file.take(1024).read_to_end(&mut head));
        read.map_err(|error| Error::io("read", &path, error))?;
        Ok(media_type::by_first_bytes(&head).map(|known| known.extension))
    })
    .await
}

/// Whether the file at `path` is an MP4 of fragments.
async fn is_fragmented(path: &Path) -> Result<bool> {
    Ok(matches!(extension_of(path).await?, Some("mp4" | "m4a")))
}

/// Makes the file at `from` durable and gives it the name `to`.
async fn publish(from: &Path, to: &Path, overwrite: bool) -> Result<u64> {
    let (from, to) = (from.to_owned(), to.to_owned());
    qetch_core::blocking(move |wanted| {
        let opened = std::fs::File::open(&from).and_then(|file| {
            file.sync_all()?;
            file.metadata()
        });
        let bytes = opened.map_err(|error| Error::io("read", &from, error))?.len();
        let name = || if overwrite { files::publish_over(&from, &to) } else { files::publish(&from, &to) };
        wanted.unless_dropped(name)??;
        Ok(bytes)
    })
    .await
}

async fn remove(path: &Path) -> Result<()> {
    let path = path.to_owned();
    qetch_core::blocking(move |_| match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", &path, error)),
        _ => Ok(()),
    })
    .await
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
