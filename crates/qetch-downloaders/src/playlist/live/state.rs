//! `State`: which segments of a list that goes on are taken, and what is still to be fetched of them.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use qetch_core::{Error, LiveStart, Result};
use qetch_manifest::{Listing, Segment};
use tokio::time::Instant;

use super::super::{
    is_dead,
    segment::{Template, seconds},
};
use crate::http::source::{Left, Piece};

/// How often a live playlist is read where it does not say so.
const USUAL: Duration = Duration::from_secs(4);

/// It is read no more often.
pub(super) const LEAST: Duration = Duration::from_millis(250);

/// Of more segments that were missed at once, no more are told one by one.
const MOST_MISSED: u64 = 1000;

/// Nor of more that were missed in all: a list may jump as often as it likes.
const MOST_MISSED_IN_ALL: u64 = 10_000;

/// Segments before the end of the list with which a recording begins, where the list does not say it.
const EDGE: f64 = 3.0;

/// Durations are rounded: so much of what a player holds back is as good as all.
const NEARLY: f64 = 0.9;

/// A list whose numbers are far behind is an old answer of some cache. So many in a row are none.
const MOST_BEHIND: u32 = 3;

#[derive(Debug)]
pub(super) struct State {
    pub(super) template: Template,
    /// What was read and not looked at.
    pub(super) listing: Option<Listing>,
    /// What is to be fetched next.
    waiting: VecDeque<Next>,
    /// What is being fetched, by its number among all that were.
    pub(super) running: BTreeMap<usize, (u32, Segment)>,
    /// The last segment that was taken.
    last: Option<Last>,
    /// Where the initialisation in force is.
    initialised: Option<String>,
    /// Seconds of media that were taken.
    taken: f64,
    /// What the clock that all renditions share shows where the recording begins, in seconds.
    origin: Option<f64>,
    /// Segments that were missed, of those that were told one by one.
    missed: u64,
    /// How often in a row the numbers of the list were far behind.
    behind: u32,
    interval: Duration,
    /// When to read next.
    pub(super) next_reading: Instant,
    /// When something new was listed last, and when the list was read last.
    fresh: Instant,
    answered: Instant,
    is_over: bool,
}

/// What tells the last segment that was taken from those behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Last {
    stretch: u64,
    sequence: u64,
    /// When it begins, by a clock that is the same in every reading.
    at: Option<f64>,
}

/// A segment to be fetched next.
#[derive(Debug)]
struct Next {
    segment: Segment,
    at: Option<f64>,
    begins_part: bool,
    missing: Option<&'static str>,
}

impl State {
    /// Nothing was taken; `listing` was read now.
    pub(super) fn new(template: Template, listing: Listing) -> Self {
        let now = Instant::now();
        Self {
            template,
            listing: Some(listing),
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
            last: None,
            initialised: None,
            taken: 0.0,
            origin: None,
            missed: 0,
            behind: 0,
            interval: USUAL,
            next_reading: now,
            fresh: now,
            answered: now,
            is_over: false,
        }
    }

    /// Goes on with what an earlier run left.
    pub(super) fn go_on(&mut self, left: &Left) {
        self.last = left.mark.map(|(stretch, sequence, _)| Last { stretch, sequence, at: None });
        if left.whole > 0 {
            (self.taken, self.origin) = (left.end.as_secs_f64(), left.begin.map(|it| it.as_secs_f64()));
        }
    }

    /// Whether anything was recorded.
    pub(super) fn has_begun(&self) -> bool {
        self.last.is_some()
    }

    /// The next piece, where one waits or none will come. None does once there are `most` of media.
    pub(super) fn next(
        &mut self,
        index: usize,
        most: Option<Duration>,
        is_text: bool,
    ) -> Option<Option<Piece>> {
        if most.is_some_and(|most| seconds(self.taken) >= most) {
            self.waiting.clear();
            self.is_over = true;
        }
        let Some(next) = self.waiting.pop_front() else { return self.is_over.then_some(None) };
        let mut segment = next.segment;
        if let Some(at) = next.at {
            // What was not listed in between took its time all the same.
            self.taken = self.taken.max(at - *self.origin.get_or_insert(at));
        }
        segment.start = self.taken;
        self.taken += segment.duration;
        let mut piece = self.template.piece(&segment, is_text, next.begins_part);
        piece.begins_part = piece.begins_part.map(|start| start + seconds(self.origin.unwrap_or_default()));
        piece.missing = next.missing.or(piece.missing);
        self.running.insert(index, (0, segment));
        Some(Some(piece))
    }

    /// Takes in what was read.
    pub(super) fn take(&mut self, listing: &Listing, read: Instant, start: LiveStart) {
        let from = self.fresh_from(listing, start);
        let (mut initialisation, mut before): (Option<&Segment>, Option<&Segment>) = (None, None);
        let mut is_changed = false;
        for (position, segment) in listing.segments.iter().enumerate() {
            if segment.initialises {
                initialisation = Some(segment);
                continue;
            }
            if position >= from {
                is_changed = true;
                self.miss(listing, segment);
                let own = initialisation.filter(|it| it.part == segment.part);
                self.begin(listing, segment, before, own);
            }
            before = Some(segment);
        }
        let interval = listing.refresh.unwrap_or(USUAL);
        // RFC 8216, section 6.3.4: half of that where nothing was new.
        self.interval = if is_changed { interval } else { interval / 2 }.max(LEAST);
        self.next_reading = read + self.interval;
        self.answered = read;
        if is_changed {
            self.fresh = read;
        }
        self.is_over = !listing.is_live;
    }

    /// What to make of a list that could not be read: nothing for now, the end of what was recorded, or an error.
    pub(super) fn bear(&mut self, error: Error, read: Instant, patience: Duration) -> Result<()> {
        let is_gone = matches!(error, Error::NotFound { .. }) || is_dead(&error);
        // A host that is busy answers with a page of its own, or with half of a list.
        let is_busy = error.is_retryable() || matches!(error, Error::BadReply { .. });
        let is_tired = read.duration_since(self.answered) >= patience;
        if self.has_begun() && (is_gone || (is_busy && is_tired)) {
            tracing::warn!(%error, "the playlist is not to be had any more: the recording ends here");
            self.is_over = true;
            return Ok(());
        }
        if !is_busy || is_tired {
            return Err(error);
        }
        tracing::warn!(%error, "the playlist cannot be read: asking again");
        self.interval = (self.interval / 2).max(LEAST);
        self.next_reading = Instant::now() + self.interval;
        Ok(())
    }

    /// Ends what lists nothing new for longer than `patience`.
    ///
    /// # Errors
    /// `live` where nothing was ever listed.
    pub(super) fn tire(&mut self, patience: Duration, what: &str) -> Result<()> {
        if self.is_over || self.fresh.elapsed() < patience.max(self.interval.saturating_mul(4)) {
            return Ok(());
        }
        if !self.has_begun() {
            return Err(Error::live(what));
        }
        tracing::warn!(seconds = patience.as_secs(), "nothing new is listed: the recording ends here");
        self.is_over = true;
        Ok(())
    }

    /// Has what is being fetched asked for at the links that were read now.
    pub(super) fn aim(&mut self, listing: &Listing, template: Template) {
        self.template = template;
        for (age, segment) in self.running.values_mut() {
            let is_same = |fresh: &&Segment| {
                (fresh.sequence, fresh.initialises) == (segment.sequence, segment.initialises)
                    && (fresh.stretch == segment.stretch || goes_across(listing))
            };
            if let Some(fresh) = listing.segments.iter().find(is_same) {
                segment.url.clone_from(&fresh.url);
                if let (Some(key), Some(fresh)) = (&mut segment.key, &fresh.key) {
                    key.url.clone_from(&fresh.url);
                }
                *age += 1;
            }
        }
    }

    /// From which position on the listed segments are new.
    fn fresh_from(&mut self, listing: &Listing, start: LiveStart) -> usize {
        let Some(last) = self.last else { return first(listing, start) };
        let segments = &listing.segments;
        let position =
            |is: &dyn Fn(&Segment) -> bool| segments.iter().position(|it| !it.initialises && is(it));
        let end = segments.len();
        if goes_across(listing) {
            let highest = segments.last().map_or(last.sequence, |it| it.sequence);
            let is_behind = highest.saturating_add(end as u64) < last.sequence;
            self.behind = if is_behind { self.behind + 1 } else { 0 };
            if self.behind >= MOST_BEHIND {
                tracing::warn!("the numbers of the playlist begin again");
                (self.behind, self.last) = (0, None);
                return 0;
            }
            // Where nobody counts the breaks, a stretch has another number as soon as the one before has left the list.
            return position(&|it| it.sequence > last.sequence).unwrap_or(end);
        }
        let of_stretch = |it: &Segment| it.stretch == last.stretch;
        let is_last = |it: &Segment| of_stretch(it) && it.sequence == last.sequence;
        if let Some(at) = segments.iter().rposition(|it| !it.initialises && is_last(it)) {
            return at + 1;
        }
        if let Some(at) = position(&|it| of_stretch(it) && it.sequence > last.sequence) {
            return at;
        }
        match (segments.iter().rposition(of_stretch), last.at) {
            (Some(at), _) => at + 1,
            // Its stretch is over, or not there yet in an old answer of some cache.
            (None, Some(last)) => {
                position(&|it| shown(listing, it).is_none_or(|at| at > last)).unwrap_or(end)
            }
            (None, None) => 0,
        }
    }

    /// Notes the segments that left the list before they were seen.
    fn miss(&mut self, listing: &Listing, next: &Segment) {
        let Some(last) = self.last else { return };
        if !listing.is_numbered || (listing.stretches_restart && last.stretch != next.stretch) {
            return;
        }
        let missed = next.sequence.saturating_sub(last.sequence.saturating_add(1));
        if missed == 0 {
            return;
        }
        tracing::warn!(missed, from = last.sequence + 1, "segments left the list before they were fetched");
        let mut segment = next.clone();
        (segment.key, segment.is_gap) = (None, false);
        // It is not asked for, and its link may be long.
        segment.url.clone_from(self.template.url());
        let mut missing = |number, duration, reason| {
            (segment.sequence, segment.duration) = (number, duration);
            let segment = segment.clone();
            self.waiting.push_back(Next { segment, at: None, begins_part: false, missing: Some(reason) });
        };
        if missed > MOST_MISSED || self.missed + missed > MOST_MISSED_IN_ALL {
            // Nobody knows how long that was: some count by the clock.
            return missing(next.sequence - 1, 0.0, "many left the list before they were fetched");
        }
        self.missed += missed;
        for number in last.sequence + 1..next.sequence {
            missing(number, next.duration, "it left the list before it was fetched");
        }
    }

    /// Has a segment fetched, and before it its initialisation where that is another one than before.
    fn begin(
        &mut self,
        listing: &Listing,
        segment: &Segment,
        before: Option<&Segment>,
        initialisation: Option<&Segment>,
    ) {
        let mut begins_part = match (self.last, before) {
            (None, _) => true,
            (Some(last), Some(before)) if last.sequence == before.sequence && goes_across(listing) => {
                before.part != segment.part
            }
            (Some(last), _) => last.stretch != segment.stretch,
        };
        let at = shown(listing, segment);
        if self.last.is_none() && self.origin.is_none() {
            self.origin = listing.begins.map(|begins| begins + segment.start - self.taken);
        }
        if let Some(initialisation) = initialisation {
            // Its link may be signed anew with each reading.
            let own = Some(format!("{} {:?}", initialisation.url.path(), initialisation.range));
            if begins_part || self.initialised != own {
                self.initialised = own;
                let segment = initialisation.clone();
                self.waiting.push_back(Next { segment, at, begins_part: true, missing: None });
                begins_part = false;
            }
        }
        self.last = Some(Last { stretch: segment.stretch, sequence: segment.sequence, at });
        self.waiting.push_back(Next { segment: segment.clone(), at, begins_part, missing: None });
    }
}

/// With which of the listed segments a recording begins.
fn first(listing: &Listing, start: LiveStart) -> usize {
    if start == LiveStart::Window {
        return 0;
    }
    let media = || listing.segments.iter().enumerate().filter(|(_, it)| !it.initialises);
    let longest = media().map(|(_, it)| it.duration).fold(0.0, f64::max);
    let wanted = listing.hold_back.map_or(longest * EDGE, |back| back.as_secs_f64());
    let mut behind = 0.0;
    for (position, segment) in media().rev() {
        behind += segment.duration;
        if behind >= wanted * NEARLY {
            return position;
        }
    }
    0
}

/// Whether numbers go on across stretches.
fn goes_across(listing: &Listing) -> bool {
    listing.is_numbered && !listing.stretches_restart
}

/// When a segment begins by a clock that is the same in every reading. In a list whose numbers go on across stretches that
/// clock may jump.
fn shown(listing: &Listing, segment: &Segment) -> Option<f64> {
    listing.begins.filter(|_| !goes_across(listing)).map(|begins| begins + segment.start)
}
