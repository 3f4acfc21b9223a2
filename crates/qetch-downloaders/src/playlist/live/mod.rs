//! `Live`: the segments of a rendition that goes on, as they come to be listed.

mod state;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use qetch_core::{Content, DownloadOptions, Error, Fragment, LiveStart, Result};
use qetch_manifest::Listing;
use tokio::time::{Instant, sleep_until};

use self::state::{LEAST, State};
use super::{Fetcher, Opener, captions, is_text};
use crate::http::source::{Decoder, Left, Piece, Source};

/// The segments of a rendition that goes on.
#[derive(Debug)]
pub(super) struct Live {
    opener: Arc<dyn Opener>,
    #[cfg(feature = "hls")]
    keys: super::keys::Keys,
    fetcher: Fetcher,
    is_text: bool,
    captions: captions::Joint,
    duration: Option<Duration>,
    start: LiveStart,
    patience: Duration,
    /// What is recorded, for errors.
    what: String,
    state: Mutex<State>,
    /// Held while the playlist is read. When it was last read because a link had died.
    reading: tokio::sync::Mutex<Option<Instant>>,
}

impl Live {
    pub(super) async fn new(
        opener: Arc<dyn Opener>,
        fetcher: Fetcher,
        content: &Content,
        listing: Listing,
        options: &DownloadOptions,
    ) -> Self {
        let state = State::new(opener.template().await, listing);
        Self {
            opener,
            #[cfg(feature = "hls")]
            keys: super::keys::Keys::new(fetcher.clone()),
            fetcher,
            is_text: is_text(content.kind),
            captions: captions::Joint::default(),
            duration: options.live_duration,
            start: options.live_start,
            patience: options.patience,
            what: content.uid.clone(),
            state: Mutex::new(state),
            reading: tokio::sync::Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends before the piece at `index` because it is asked to. Of nothing no file is made.
    fn end(&self, index: usize) -> Result<Option<Piece>> {
        if index == 0 { Err(Error::Interrupted) } else { Ok(None) }
    }

    /// Reads the playlist when it is time to.
    async fn read(&self, at: Instant) -> Result<()> {
        sleep_until(at).await;
        let _reading = self.reading.lock().await;
        let begun = Instant::now();
        let read = self.opener.open(false).await;
        let template = self.opener.template().await;
        let mut state = self.state();
        match read {
            Ok(listing) => {
                state.template = template;
                state.take(&listing, begun, self.start);
            }
            Err(error) => state.bear(error, begun, self.patience)?,
        }
        state.tire(self.patience, &self.what)
    }
}

#[async_trait]
impl Source for Live {
    fn count(&self) -> Option<usize> {
        None
    }

    fn fingerprint(&self) -> Option<String> {
        Some(crate::http::source::LIVE.to_owned())
    }

    fn can_go_on(&self) -> bool {
        !self.is_text
    }

    fn go_on(&self, left: &Left) {
        self.state().go_on(left);
    }

    async fn piece(&self, index: usize) -> Result<Option<Piece>> {
        loop {
            let first = self.state().listing.take();
            if let Some(listing) = first {
                self.state().take(&listing, Instant::now(), self.start);
            }
            if self.fetcher.stop.is_asked() {
                return self.end(index);
            }
            let next = self.state().next(index, self.duration, self.is_text);
            match next {
                Some(None) if index == 0 => {
                    return Err(Error::not_found(format!("a segment of {}", self.what)));
                }
                Some(piece) => return Ok(piece),
                None => (),
            }
            let at = self.state().next_reading;
            tokio::select! {
                biased;
                () = self.fetcher.stop.asked() => return self.end(index),
                read = self.read(at) => read?,
            }
        }
    }

    async fn decoder(&self, index: usize) -> Result<Box<dyn Decoder>> {
        if self.is_text {
            return Ok(self.captions.decoder());
        }
        #[cfg(feature = "hls")]
        {
            let known = || {
                let state = self.state();
                Some((state.running.get(&index)?.1.key.clone()?, state.template.clone()))
            };
            self.keys.decoder(self, index, known).await
        }
        #[cfg(not(feature = "hls"))]
        Err(Error::unexpected(format!("a segment that is not coded: {index}"), None))
    }

    async fn current(&self, index: usize) -> Result<(u32, Fragment)> {
        let state = self.state();
        let Some((age, segment)) = state.running.get(&index) else {
            return Err(Error::unexpected("a segment that is not fetched", None));
        };
        Ok((*age, state.template.segment(segment)))
    }

    /// Reads the playlist once more: where the segment is still listed, it may be so with another link.
    async fn renew(&self, index: usize, age: u32, _: u16, died: Error) -> Result<(u32, Fragment)> {
        let mut reading = self.reading.lock().await;
        let (now, stale) = self.current(index).await?;
        if now > age {
            return Ok((now, stale));
        }
        // Each of many may have died by itself.
        if let Some(read) = *reading {
            sleep_until(read + LEAST).await;
        }
        *reading = Some(Instant::now());
        let listing = match self.opener.open(true).await {
            Ok(listing) => listing,
            Err(error) => {
                tracing::warn!(%error, "the playlist does not tell another link");
                return Err(died);
            }
        };
        let template = self.opener.template().await;
        self.state().aim(&listing, template);
        let (now, fresh) = self.current(index).await?;
        if fresh == stale { Err(died) } else { Ok((now, fresh)) }
    }

    fn is_done(&self, index: usize) {
        self.state().running.remove(&index);
    }
}
