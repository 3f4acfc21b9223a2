//! DASH: the segments of a representation, as its manifest lists them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use qetch_core::{
    Answer, Content, Context, Delivery, DownloadOptions, Downloader, Error, Fragment, Refresh, Report,
    Result, Target, Timestamp, Url, http_date,
};
use qetch_manifest::{
    Listing,
    dash::{self, Manifest},
};
use tokio::time::Instant;

use crate::{
    http::Http,
    playlist::{self, Fetcher, Opener, Template},
};

/// Clocks that differ by less are the same: those of hosts tell whole seconds.
const ALIKE: i64 = 2;

/// Brings the representations of MPEG-DASH manifests (ISO/IEC 23009-1).
///
/// The manifest is read when the download begins, and again while it is dynamic, as often as it says, or when its links die.
/// Which segments of a dynamic one there are by now is told by the clock of its host. What is protected
/// by DRM is [`Drm`](Error::Drm) before a segment is asked for.
#[derive(Clone, Debug, Default)]
pub struct Dash {
    http: Http,
}

impl Dash {
    /// The downloader.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Downloader for Dash {
    fn name(&self) -> &'static str {
        "dash"
    }

    fn can_handle(&self, content: &Content) -> bool {
        matches!(content.delivery, Delivery::Dash { .. }) && playlist::is_one_link(content)
    }

    async fn download(
        &self,
        cx: &Context,
        content: &Content,
        to: &Target,
        options: &DownloadOptions,
    ) -> Result<Report> {
        let Delivery::Dash { rendition, .. } = &content.delivery else {
            return Err(Error::unsupported(&content.uid, "it is no DASH manifest"));
        };
        let cx = cx.for_content(content).await;
        let opener = Manifests {
            fetcher: Fetcher::new(&cx, options),
            rendition: rendition.clone(),
            refresh: options.refresh.clone(),
            state: Mutex::new(State { content: content.clone(), location: None, kept: None }),
        };
        playlist::download(&self.http, &cx, content, Arc::new(opener), to, options).await
    }
}

/// The manifest of a rendition, read again and again.
struct Manifests {
    fetcher: Fetcher,
    rendition: String,
    refresh: Option<Arc<dyn Refresh>>,
    state: Mutex<State>,
}

struct State {
    content: Content,
    /// Where it is by now, where it says so.
    location: Option<Url>,
    /// The manifest, as long as it stands.
    kept: Option<Kept>,
}

/// A manifest that tells for a while which segments there are.
#[derive(Clone)]
struct Kept {
    manifest: Manifest,
    until: Instant,
    /// How many seconds the clock of its host is ahead of ours.
    ahead: i64,
}

impl Manifests {
    fn known(&self) -> (Content, Option<Url>) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.content.clone(), state.location.clone())
    }

    async fn read(&self, content: &Content, location: Option<&Url>) -> Result<Listing> {
        let link = playlist::link(content)?;
        let answer = match location {
            Some(url) => self.fetcher.playlist(&Template::new(link).fragment(url)).await?,
            None => self.fetcher.playlist(link).await?,
        };
        let ahead = ahead(&answer);
        let manifest = dash::read(&answer.text(), answer.url())?;
        let listing = self.listing(&manifest, ahead)?;
        let until = listing.stands.and_then(|stands| Instant::now().checked_add(stands));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State {
            content: content.clone(),
            location: listing.location.clone(),
            kept: until.map(|until| Kept { manifest, until, ahead }),
        };
        Ok(listing)
    }

    fn listing(&self, manifest: &Manifest, ahead: i64) -> Result<Listing> {
        let now = Timestamp::now();
        let theirs = now.as_unix().checked_add(ahead).and_then(Timestamp::from_unix).unwrap_or(now);
        let limits = self.fetcher.context().limits();
        manifest.listing(&self.rendition, if ahead == 0 { now } else { theirs }, &limits)
    }

    /// The manifest that stands.
    fn kept(&self) -> Option<Kept> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // It may be large: one that is over is not copied.
        state.kept.as_ref().filter(|kept| Instant::now() < kept.until).cloned()
    }
}

#[async_trait]
impl Opener for Manifests {
    async fn open(&self, afresh: bool) -> Result<Listing> {
        if let (Some(kept), false) = (self.kept(), afresh) {
            return self.listing(&kept.manifest, kept.ahead);
        }
        let (content, location) = self.known();
        if let (Some(location), false) = (location, afresh) {
            match self.read(&content, Some(&location)).await {
                Err(error) if playlist::is_dead(&error) => {
                    tracing::info!(%error, "reading the first manifest again");
                }
                listing => return listing,
            }
        }
        let died = match self.read(&content, None).await {
            Err(error) if playlist::is_dead(&error) => error,
            listing => return listing,
        };
        let Some(refresh) = &self.refresh else { return Err(died) };
        tracing::info!(uid = content.uid, "the link of the manifest has died: extracting again");
        self.read(&refresh.refresh(&content).await?, None).await
    }

    async fn template(&self) -> Template {
        let (content, _) = self.known();
        let own = content.fragments.first().cloned();
        Template::new(&own.unwrap_or_else(|| Fragment::new(content.source)))
    }
}

/// How many seconds the clock of whoever answered is ahead of ours (RFC 9110, section 6.6.1; RFC 9111, section 5.1).
fn ahead(answer: &Answer) -> i64 {
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let Some(date) = header("date").and_then(http_date) else { return 0 };
    let age = header("age").and_then(|age| age.trim().parse::<u32>().ok()).unwrap_or(0);
    difference(date, age, SystemTime::now())
}

fn difference(date: SystemTime, age: u32, now: SystemTime) -> i64 {
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(0);
    let ahead = match date.duration_since(now) {
        Ok(ahead) => seconds(ahead),
        Err(error) => -seconds(error.duration()),
    };
    let ahead = ahead.saturating_add(i64::from(age));
    if ahead.abs() < ALIKE { 0 } else { ahead }
}

impl std::fmt::Debug for Manifests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manifests").field("rendition", &self.rendition).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_by_less_than_they_tell_are_the_same() {
        let check = |date: u64, age: u32, expected: i64| {
            let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
            assert_eq!(difference(at(date), age, at(1_000_900)), expected);
        };
        check(1_000_000, 0, 0);
        check(999_000, 0, 0);
        check(990_000, 0, -10);
        check(990_000, 10, 0);
        check(2_000_900, 0, 1000);
        check(1_002_000, 0, 0);
    }
}
