//! DASH: the segments of a representation, as its manifest lists them.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use qetch_core::{
    Content, Context, Delivery, DownloadOptions, Downloader, Error, Fragment, Refresh, Report, Result,
    Target, Timestamp, Url,
};
use qetch_manifest::{Listing, dash};

use crate::{
    http::Http,
    playlist::{self, Fetcher, Opener, Template},
};

/// Brings the representations of MPEG-DASH manifests (ISO/IEC 23009-1).
///
/// The manifest is read when the download begins, and again while it is dynamic or when its links die. What is protected
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
            state: Mutex::new(State { content: content.clone(), location: None }),
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
        let manifest = dash::read(&answer.text(), answer.url())?;
        let limits = self.fetcher.context().limits();
        let listing = manifest.listing(&self.rendition, Timestamp::now(), &limits)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { content: content.clone(), location: listing.location.clone() };
        Ok(listing)
    }
}

#[async_trait]
impl Opener for Manifests {
    async fn open(&self, afresh: bool) -> Result<Listing> {
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

impl std::fmt::Debug for Manifests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manifests").field("rendition", &self.rendition).finish_non_exhaustive()
    }
}
