//! From the runs of each period to the segments of a rendition.

use std::{collections::HashSet, sync::Arc, time::Duration};

use qetch_core::{ByteRange, Error, Limits, Result, Timestamp, Url, shown};

use super::{
    addressing::{Addressing, Form, Initialisation},
    counterpart::counterpart,
    duration::{seconds, since_1970},
    period::{Period, PeriodTime},
    plan::{Clock, Plan, nanoseconds, too_long},
    presentation::Presentation,
    representation::Representation,
    template::Template,
    timeline::Run,
};
use crate::{Listing, Segment};

/// The most bytes that the URLs of a listing may have together.
const MOST_BYTES: usize = 128 << 20;

/// The segments of the rendition that is `one` in its first period.
pub(super) fn listing(
    presentation: &Presentation,
    one: &Representation,
    now: Timestamp,
    limits: &Limits,
) -> Result<Listing> {
    let url = &presentation.url;
    let clock = presentation.dynamic.as_ref().map(|dynamic| Clock::new(dynamic, since_1970(now)));
    let has_others = presentation.periods.len() > 1;
    let mut writer = Writer { url, limit: limits.most_segments(), ..Writer::new(url) };
    for period in &presentation.periods {
        // A period without it is a hole in its time.
        let Some(representation) = counterpart(one, &period.representations) else { continue };
        if let Some(system) = &representation.protection {
            return Err(Error::drm(shown(url), &**system));
        }
        writer.period(period, representation, clock.as_ref(), has_others)?;
    }
    let mut listing = Listing { segments: writer.segments, begins: Some(0.0), ..Listing::default() };
    // The numbers of another period have nothing to do with those of this one.
    (listing.is_numbered, listing.stretches_restart) = (writer.is_numbered, true);
    match (&presentation.dynamic, clock) {
        (Some(dynamic), Some(clock)) if !clock.is_over => {
            listing.is_live = true;
            let refresh = Duration::from_nanos(dynamic.refresh);
            listing.refresh = Some(refresh);
            if let Some(duration) = writer.grows_by {
                // What there is the time tells, and not the next reading.
                listing.refresh = Some(refresh.min(Duration::try_from_secs_f64(duration).unwrap_or(refresh)));
                listing.stands = dynamic.is_announced.then_some(refresh);
            }
            listing.location.clone_from(&dynamic.location);
            listing.hold_back = dynamic.hold_back.map(Duration::from_nanos);
        }
        (dynamic, _) => {
            listing.duration = presentation.duration.filter(|_| dynamic.is_none()).map(seconds);
            if listing.segments.is_empty() {
                return Err(Error::bad_reply(url, "the manifest lists no segment of this rendition"));
            }
        }
    }
    Ok(listing)
}

/// Writes segments, no more of them than there may be.
struct Writer<'a> {
    url: &'a Url,
    limit: usize,
    bytes: usize,
    segments: Vec<Segment>,
    /// How many parts were begun.
    parts: u32,
    /// When the latest segment begins, in nanoseconds.
    latest: u64,
    /// The whole files that were listed.
    files: HashSet<Arc<Url>>,
    /// Whether what follows a segment has the next number.
    is_numbered: bool,
    /// Seconds of a segment of the last period, where the time tells which there are.
    grows_by: Option<f64>,
}

/// A period as it is written.
struct Place<'a> {
    period: &'a Period,
    plan: &'a Plan,
    part: u32,
}

impl<'a> Writer<'a> {
    fn new(url: &'a Url) -> Self {
        Self {
            url,
            limit: 0,
            bytes: 0,
            segments: Vec::new(),
            parts: 0,
            latest: 0,
            files: HashSet::new(),
            is_numbered: true,
            grows_by: None,
        }
    }

    fn period(
        &mut self,
        period: &Period,
        representation: &Representation,
        clock: Option<&Clock>,
        has_others: bool,
    ) -> Result<()> {
        let addressing = &representation.addressing;
        let template = |text: &str| {
            Template::new(
                text,
                representation.id.as_deref().unwrap_or_default(),
                representation.bandwidth,
                self.url,
            )
        };
        let media = match (addressing.form, &addressing.media) {
            (Form::Template, Some(media)) => Some(template(media)?),
            (Form::Template, None) => {
                return Err(Error::bad_reply(
                    self.url,
                    "the manifest has a `SegmentTemplate` without `media`",
                ));
            }
            _ => None,
        };
        let initialization = addressing.initialization.as_deref().map(template).transpose()?;
        let is_one = media.as_ref().is_some_and(|it| !it.tells_apart());
        self.is_numbered &= !media.as_ref().is_some_and(Template::is_timed);
        self.grows_by = match (addressing.form, &addressing.timeline, addressing.duration) {
            #[expect(clippy::cast_precision_loss, reason = "when to look again is no matter of ticks")]
            (Form::Template, None, Some(duration)) => {
                Some(duration as f64 / addressing.timescale.unwrap_or(1) as f64)
            }
            _ => None,
        };
        let plan = Plan::new(addressing, period.time, clock, (is_one, has_others), self.url)?;
        self.check(plan.count())?;
        let Some(first) = plan.runs.first().copied() else { return Ok(()) };
        let place = Place { period, plan: &plan, part: self.parts };
        let begun = self.segments.len();
        let sequence = match &media {
            Some(media) if media.is_timed() => first.time,
            _ => first.number,
        };
        if let Some((url, range)) = self.initialisation(representation, initialization.as_ref(), first)? {
            let mut segment = Segment { range, initialises: true, ..Segment::new(url, sequence) };
            segment.start = seconds(self.begins(&place, first.time)?.max(self.latest));
            self.push(segment, &place)?;
        }
        match (addressing.form, &media) {
            (Form::Template, Some(media)) => self.template(representation, media, &place)?,
            (Form::List, _) => self.list(representation, addressing, &place)?,
            _ => self.whole(representation, &place)?,
        }
        // An initialisation of nothing is not needed.
        if self.segments.last().is_some_and(|it| it.initialises) {
            self.segments.pop();
        }
        if self.segments.len() > begun {
            self.parts = self.parts.checked_add(1).ok_or_else(|| too_long(self.url))?;
        }
        Ok(())
    }

    /// Where the initialisation is, if there is one apart from the segments.
    fn initialisation(
        &self,
        representation: &Representation,
        template: Option<&Template>,
        first: Run,
    ) -> Result<Option<(Url, Option<ByteRange>)>> {
        let form = representation.addressing.form;
        if form == Form::Template
            && let Some(template) = template
        {
            return Ok(Some((self.join(representation, &template.expand(first.number, first.time))?, None)));
        }
        let Some(Initialisation { source, range }) = representation.addressing.initialisation.as_deref()
        else {
            return Ok(None);
        };
        let url = match source {
            Some(source) => self.join(representation, source)?,
            None => Url::clone(&representation.base),
        };
        // A whole file begins with its own.
        if form == Form::Whole && url == *representation.base {
            return Ok(None);
        }
        Ok(Some((url, *range)))
    }

    fn template(
        &mut self,
        representation: &Representation,
        media: &Template,
        place: &Place<'_>,
    ) -> Result<()> {
        let is_timed = media.is_timed();
        for run in &place.plan.runs {
            self.run(*run, place, |writer, number, time| {
                let url = writer.join(representation, &media.expand(number, time))?;
                Ok(Some(Segment::new(url, if is_timed { time } else { number })))
            })?;
        }
        Ok(())
    }

    fn list(
        &mut self,
        representation: &Representation,
        addressing: &Addressing,
        place: &Place<'_>,
    ) -> Result<()> {
        let listed = addressing.listed.as_deref().unwrap_or_default();
        let start_number = place.plan.start_number;
        for run in &place.plan.runs {
            self.run(*run, place, |writer, number, _| {
                let index = number.checked_sub(start_number).and_then(|it| usize::try_from(it).ok());
                // A timeline may go on where the list does not.
                let Some(one) = index.and_then(|index| listed.get(index)) else { return Ok(None) };
                let url = match &one.media {
                    Some(media) => writer.join(representation, media)?,
                    None => Url::clone(&representation.base),
                };
                Ok(Some(Segment { range: one.range, ..Segment::new(url, number) }))
            })?;
        }
        Ok(())
    }

    fn whole(&mut self, representation: &Representation, place: &Place<'_>) -> Result<()> {
        if !self.files.insert(Arc::clone(&representation.base)) {
            let reason = "several periods take parts of one file, which its index alone would tell apart";
            return Err(Error::unsupported(shown(self.url), reason));
        }
        for run in &place.plan.runs {
            self.run(*run, place, |_, number, _| {
                Ok(Some(Segment::new(Url::clone(&representation.base), number)))
            })?;
        }
        Ok(())
    }

    /// Writes the segments of a run, each made of its number and time.
    fn run(
        &mut self,
        run: Run,
        place: &Place<'_>,
        make: impl Fn(&Self, u64, u64) -> Result<Option<Segment>>,
    ) -> Result<()> {
        let (mut number, mut time) = (run.number, run.time);
        #[expect(clippy::cast_precision_loss, reason = "seconds are told to people, and need no more")]
        let duration = run.duration as f64 / place.plan.timescale as f64;
        for left in (0..run.count).rev() {
            if let Some(mut segment) = make(self, number, time)? {
                let start = self.begins(place, time)?.max(self.latest);
                segment.start = seconds(start);
                segment.duration = match place.period.time.end {
                    Some(end) if place.plan.is_clipped => duration.min(seconds(end.saturating_sub(start))),
                    _ => duration,
                };
                self.latest = start;
                self.push(segment, place)?;
            }
            if left > 0 {
                number = number.checked_add(1).ok_or_else(|| too_long(self.url))?;
                time = time.checked_add(run.duration).ok_or_else(|| too_long(self.url))?;
            }
        }
        Ok(())
    }

    /// When what begins at this tick of a period begins, in nanoseconds from the beginning of the presentation.
    fn begins(&self, place: &Place<'_>, tick: u64) -> Result<u64> {
        let (PeriodTime { start, .. }, plan) = (place.period.time, place.plan);
        let distance = nanoseconds(tick.abs_diff(plan.offset), plan.timescale, self.url)?;
        if tick < plan.offset {
            return Ok(start.saturating_sub(distance));
        }
        start.checked_add(distance).ok_or_else(|| too_long(self.url))
    }

    fn join(&self, representation: &Representation, relative: &str) -> Result<Url> {
        let joined = representation.base.join(relative);
        joined.map_err(|_| Error::bad_reply(self.url, "the manifest has a segment whose URL is none"))
    }

    fn push(&mut self, mut segment: Segment, place: &Place<'_>) -> Result<()> {
        self.check(1)?;
        self.bytes = self.bytes.saturating_add(segment.url.as_str().len());
        if self.bytes > MOST_BYTES {
            return Err(Error::over_limit("the URLs of a rendition", format!("{MOST_BYTES} bytes")));
        }
        segment.part = place.part;
        segment.stretch = place.period.stretch;
        self.segments.push(segment);
        Ok(())
    }

    /// Refuses so many segments more, if they are too many.
    fn check(&self, more: u64) -> Result<()> {
        let left = self.limit.saturating_sub(self.segments.len());
        if more > left as u64 {
            return Err(Error::over_limit("the manifest", format!("{} segments of a rendition", self.limit)));
        }
        Ok(())
    }
}
