//! HLS: the segments of a media playlist, found by way of its master playlist where there is one.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use qetch_core::{
    Answer, Content, Context, Delivery, DownloadOptions, Downloader, Error, Fragment, Refresh, Report,
    Result, Target, shown,
};
use qetch_manifest::{
    Listing,
    hls::{self, Master, Playlist},
};

use crate::{
    http::Http,
    playlist::{self, Fetcher, Opener, Template},
};

/// Brings the renditions of HLS playlists (RFC 8216).
///
/// The playlist is read when the download begins, and again while it is live or when its links die. Keys are fetched as
/// they are needed, and segments are opened as they come. What is protected by DRM is
/// [`Drm`](Error::Drm) before a segment is asked for.
#[derive(Clone, Debug, Default)]
pub struct Hls {
    http: Http,
}

impl Hls {
    /// The downloader.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Downloader for Hls {
    fn name(&self) -> &'static str {
        "hls"
    }

    fn can_handle(&self, content: &Content) -> bool {
        matches!(content.delivery, Delivery::Hls { .. }) && playlist::is_one_link(content)
    }

    async fn download(
        &self,
        cx: &Context,
        content: &Content,
        to: &Target,
        options: &DownloadOptions,
    ) -> Result<Report> {
        let Delivery::Hls { rendition, .. } = &content.delivery else {
            return Err(Error::unsupported(&content.uid, "it is no HLS playlist"));
        };
        let cx = cx.for_content(content).await;
        let opener = Playlists {
            fetcher: Fetcher::new(&cx, options),
            rendition: rendition.clone(),
            refresh: options.refresh.clone(),
            state: Mutex::new(State { content: content.clone(), master: None, at: None }),
        };
        playlist::download(&self.http, &cx, content, Arc::new(opener), to, options).await
    }
}

/// The playlists by way of which a rendition is found.
struct Playlists {
    fetcher: Fetcher,
    rendition: String,
    refresh: Option<Arc<dyn Refresh>>,
    state: Mutex<State>,
}

struct State {
    content: Content,
    /// The master playlist, where there is one.
    master: Option<Arc<Master>>,
    /// The media playlist.
    at: Option<Fragment>,
}

impl Playlists {
    fn known(&self) -> (Content, Option<Arc<Master>>, Option<Fragment>) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.content.clone(), state.master.clone(), state.at.clone())
    }

    /// Reads the playlists from the first one on.
    async fn read_all(&self, content: &Content) -> Result<Listing> {
        let fragment = playlist::link(content)?;
        let answer = self.fetcher.playlist(fragment).await?;
        let limits = self.fetcher.context().limits();
        let master = match hls::read(&answer.text(), answer.url(), &limits)? {
            Playlist::Media(_) if !self.rendition.is_empty() => {
                return Err(Error::content_changed(answer.url(), "it lists segments now, and no renditions"));
            }
            Playlist::Media(listing) => {
                self.remember(content, None, fragment.clone());
                return Ok(listing);
            }
            Playlist::Master(master) => Arc::new(master),
            _ => return Err(Error::unsupported(shown(answer.url()), "its form is not known")),
        };
        let Some(url) = master.url(&self.rendition) else {
            let problem = format!("there is no rendition `{}` in it any more", self.rendition);
            return Err(Error::content_changed(answer.url(), problem));
        };
        let fragment = Template::new(fragment).fragment(url);
        let answer = self.fetcher.playlist(&fragment).await?;
        let listing = hls::read_media(&answer.text(), answer.url(), &master, &limits)?;
        self.remember(content, Some(master), fragment);
        Ok(listing)
    }

    fn remember(&self, content: &Content, master: Option<Arc<Master>>, at: Fragment) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { content: content.clone(), master, at: Some(at) };
    }

    /// Reads the media playlist once more.
    async fn read_again(&self, master: Option<&Master>, fragment: &Fragment) -> Result<Listing> {
        let answer: Answer = self.fetcher.playlist(fragment).await?;
        let (text, limits) = (answer.text(), self.fetcher.context().limits());
        let none = Master::default();
        hls::read_media(&text, answer.url(), master.unwrap_or(&none), &limits)
    }
}

#[async_trait]
impl Opener for Playlists {
    async fn open(&self, afresh: bool) -> Result<Listing> {
        let (content, master, at) = self.known();
        if let (Some(at), false) = (at, afresh) {
            match self.read_again(master.as_deref(), &at).await {
                // The link of a media playlist may be signed for a while.
                Err(error) if playlist::is_dead(&error) => {
                    tracing::info!(%error, "reading all playlists again");
                }
                listing => return listing,
            }
        }
        let died = match self.read_all(&content).await {
            Err(error) if playlist::is_dead(&error) => error,
            listing => return listing,
        };
        let Some(refresh) = &self.refresh else { return Err(died) };
        tracing::info!(uid = content.uid, "the link of the playlist has died: extracting again");
        self.read_all(&refresh.refresh(&content).await?).await
    }

    async fn template(&self) -> Template {
        let (content, _, at) = self.known();
        let own = at.or_else(|| content.fragments.first().cloned());
        own.map_or_else(|| Template::new(&Fragment::new(content.source)), |own| Template::new(&own))
    }
}

impl std::fmt::Debug for Playlists {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Playlists").field("rendition", &self.rendition).finish_non_exhaustive()
    }
}
