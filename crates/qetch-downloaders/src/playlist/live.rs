//! `Live`: the segments of a rendition that goes on, as they come to be listed.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use qetch_core::{DownloadOptions, Error, Fragment, Kind, LiveStart, Result};
use qetch_manifest::{Listing, Segment};
use tokio::time::{Instant, sleep_until};

use super::{
    Fetcher, Opener, captions, is_text,
    segment::{Template, mark, seconds},
};
use crate::http::source::{Decoder, Mark, Piece, Source};

/// How often a live playlist is read where it does not say so.
const USUAL: Duration = Duration::from_secs(4);

/// It is read no more often.
const LEAST: Duration = Duration::from_millis(250);

/// Of more segments that were missed at once, no more are told one by one.
const MOST_MISSED: u64 = 1000;

/// Nor of more that were missed in all.
const MOST_MISSED_IN_ALL: u64 = 10_000;

/// Segments before the end of the list with which a player begins (RFC 8216, section 6.3.3).
const EDGE: f64 = 3.0;

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
    state: Mutex<State>,
    /// Held while the playlist is read.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    template: Template,
    /// What was read and not looked at.
    listing: Option<Listing>,
    /// What is to be fetched next.
    waiting: VecDeque<Next>,
    /// What is being fetched, by its number among all that were.
    running: BTreeMap<usize, (u32, Segment)>,
    /// The last segment that was taken.
    last: Option<Mark>,
    /// The initialisation in force: where it is, and the stretch it was listed for.
    initialised: Option<(String, u64)>,
    /// Segments that were missed, of those that were told.
    missed: u64,
    /// Seconds of media that were taken.
    taken: f64,
    /// When to read next.
    next_reading: Instant,
    is_over: bool,
}

/// A segment to be fetched next.
#[derive(Debug)]
struct Next {
    segment: Segment,
    begins_part: bool,
    missing: Option<&'static str>,
}

impl Live {
    pub(super) async fn new(
        opener: Arc<dyn Opener>,
        fetcher: Fetcher,
        kind: Kind,
        listing: Listing,
        options: &DownloadOptions,
    ) -> Self {
        let state = State {
            template: opener.template().await,
            listing: Some(listing),
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
            last: None,
            initialised: None,
            missed: 0,
            taken: 0.0,
            next_reading: Instant::now(),
            is_over: false,
        };
        Self {
            opener,
            #[cfg(feature = "hls")]
            keys: super::keys::Keys::new(fetcher.clone()),
            fetcher,
            is_text: is_text(kind),
            captions: captions::Joint::default(),
            duration: options.live_duration,
            start: options.live_start,
            state: Mutex::new(state),
            reading: tokio::sync::Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the playlist when it is time to. Once something was recorded, one that is there no more has ended.
    async fn read(&self, at: Instant) -> Result<()> {
        sleep_until(at).await;
        let _reading = self.reading.lock().await;
        let begun = Instant::now();
        let listing = match self.opener.open(false).await {
            Ok(listing) => listing,
            Err(Error::NotFound { .. } | Error::Gone { .. }) if self.state().last.is_some() => {
                tracing::warn!("the playlist is there no more: the recording ends here");
                Listing::default()
            }
            Err(error) => return Err(error),
        };
        let mut state = self.state();
        state.take(&listing, begun, self.start);
        Ok(())
    }

    /// The next piece, where one waits or none will come.
    fn next(&self, index: usize) -> Option<Option<Piece>> {
        let mut state = self.state();
        let is_enough = self.duration.is_some_and(|most| seconds(state.taken) >= most);
        if is_enough {
            state.waiting.clear();
            state.is_over = true;
        }
        let Some(next) = state.waiting.pop_front() else { return state.is_over.then_some(None) };
        let mut segment = next.segment;
        segment.start = state.taken;
        state.taken += segment.duration;
        let mut piece = state.template.piece(&segment, self.is_text, next.begins_part);
        piece.missing = next.missing.or(piece.missing);
        state.running.insert(index, (0, segment));
        Some(Some(piece))
    }
}

impl State {
    /// Takes in what was read.
    fn take(&mut self, listing: &Listing, read: Instant, start: LiveStart) {
        let before = self.last;
        let first = self.first(listing, start);
        let mut initialisation: Option<&Segment> = None;
        for (position, segment) in listing.segments.iter().enumerate() {
            if segment.initialises {
                initialisation = Some(segment);
                continue;
            }
            let is_new = match self.last {
                Some((stretch, sequence, _)) => (segment.stretch, segment.sequence) > (stretch, sequence),
                None => position >= first,
            };
            if !is_new {
                continue;
            }
            self.miss(listing, segment);
            self.begin(segment, initialisation);
        }
        let is_changed = self.last != before;
        let interval = listing.refresh.unwrap_or(USUAL);
        // RFC 8216, section 6.3.4: half of that where nothing was new.
        let interval = if is_changed { interval } else { interval / 2 };
        self.next_reading = read + interval.max(LEAST);
        self.is_over = !listing.is_live;
    }

    /// Has what is being fetched asked for at the links that were read now.
    fn aim(&mut self, listing: &Listing, template: Template) {
        self.template = template;
        for (age, segment) in self.running.values_mut() {
            if let Some(fresh) = listing.segments.iter().find(|fresh| mark(fresh) == mark(segment)) {
                segment.url.clone_from(&fresh.url);
                *age += 1;
            }
        }
    }

    /// With which of the listed segments a recording begins.
    fn first(&self, listing: &Listing, start: LiveStart) -> usize {
        if start == LiveStart::Window {
            return 0;
        }
        let usual = listing.refresh.unwrap_or(USUAL).as_secs_f64() * EDGE;
        let wanted = listing.hold_back.map_or(usual, |back| back.as_secs_f64());
        let mut behind = 0.0;
        for (position, segment) in listing.segments.iter().enumerate().rev() {
            behind += segment.duration;
            // A little less is as good: durations are rounded.
            if behind > wanted + 0.1 {
                return position + 1;
            }
        }
        0
    }

    /// Notes the segments that left the list before they were seen.
    fn miss(&mut self, listing: &Listing, next: &Segment) {
        let Some((stretch, sequence, _)) = self.last else { return };
        if !listing.is_numbered || (listing.stretches_restart && stretch != next.stretch) {
            return;
        }
        let missed = next.sequence.saturating_sub(sequence.saturating_add(1));
        if missed > 0 {
            tracing::warn!(missed, from = sequence + 1, "segments left the list before they were fetched");
        }
        // A list may jump as far as it likes, and as often.
        let told = missed.min(MOST_MISSED).min(MOST_MISSED_IN_ALL.saturating_sub(self.missed));
        self.missed += told;
        for number in (0..told).map(|number| sequence + 1 + number) {
            let mut segment = next.clone();
            (segment.sequence, segment.key) = (number, None);
            // It is not asked for, and its link may be long.
            segment.url.clone_from(self.template.url());
            let missing = Some("it left the list before it was fetched");
            self.waiting.push_back(Next { segment, begins_part: false, missing });
        }
    }

    /// Has a segment fetched, and before it its initialisation where that is another one than before.
    fn begin(&mut self, segment: &Segment, initialisation: Option<&Segment>) {
        let is_first = self.last.is_none();
        let mut begins_part = is_first || self.last.is_some_and(|(stretch, ..)| stretch != segment.stretch);
        if let Some(initialisation) = initialisation {
            // Its link may be signed anew with each reading.
            let path = format!("{} {:?}", initialisation.url.path(), initialisation.range);
            let own = Some((path, segment.stretch));
            if begins_part || self.initialised != own {
                self.initialised = own;
                let segment = initialisation.clone();
                self.waiting.push_back(Next { segment, begins_part: true, missing: None });
                begins_part = false;
            }
        }
        self.last = Some(mark(segment));
        self.waiting.push_back(Next { segment: segment.clone(), begins_part, missing: None });
    }
}

#[async_trait]
impl Source for Live {
    fn count(&self) -> Option<usize> {
        None
    }

    fn fingerprint(&self) -> Option<String> {
        Some("live".to_owned())
    }

    fn can_go_on(&self) -> bool {
        !self.is_text
    }

    fn go_on(&self, _: usize, mark: Option<Mark>) {
        self.state().last = mark;
    }

    async fn piece(&self, index: usize) -> Result<Option<Piece>> {
        loop {
            let first = self.state().listing.take();
            if let Some(listing) = first {
                self.state().take(&listing, Instant::now(), self.start);
            }
            if self.fetcher.stop.is_asked() {
                return Ok(None);
            }
            if let Some(piece) = self.next(index) {
                return Ok(piece);
            }
            let at = self.state().next_reading;
            tokio::select! {
                biased;
                () = self.fetcher.stop.asked() => return Ok(None),
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
            let (key, template) = {
                let state = self.state();
                let key = state.running.get(&index).and_then(|(_, segment)| segment.key.clone());
                (key, state.template.clone())
            };
            if let Some(key) = key {
                return self.keys.decoder(&key, &template).await;
            }
        }
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
        let _reading = self.reading.lock().await;
        let (now, stale) = self.current(index).await?;
        if now > age {
            return Ok((now, stale));
        }
        let listing = self.opener.open(true).await?;
        let template = self.opener.template().await;
        self.state().aim(&listing, template);
        let (now, fresh) = self.current(index).await?;
        if fresh == stale { Err(died) } else { Ok((now, fresh)) }
    }

    fn is_done(&self, index: usize) {
        self.state().running.remove(&index);
    }
}
