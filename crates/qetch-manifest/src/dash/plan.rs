//! Which segments of a period there are, before any is made.

use qetch_core::{Error, Result, Url};

use super::{
    addressing::{Addressing, Form},
    duration::SECOND,
    period::PeriodTime,
    presentation::Dynamic,
    timeline::{Bounds, Run, runs},
};

/// What is shorter than this is no segment but what rounding left of a duration: no frame is as short.
const ROUNDING: u64 = SECOND / 1000;

/// What the time says of a presentation that is still made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Nanoseconds since it began, at most its end; `None` where nobody knows when it began, or it has not.
    now: Option<u64>,
    window: Option<u64>,
    knows_beginning: bool,
    /// Whether no more will come.
    pub(super) is_over: bool,
}

impl Clock {
    /// That of `dynamic`, so many nanoseconds after 1970.
    pub(super) fn new(dynamic: &Dynamic, since_1970: u64) -> Self {
        let since = dynamic.available_from.and_then(|from| since_1970.checked_sub(from));
        let is_over = since.zip(dynamic.end).is_some_and(|(since, end)| since >= end);
        // What was there at the end is what there is afterwards.
        let now = since.map(|since| dynamic.end.map_or(since, |end| since.min(end)));
        Self { now, window: dynamic.window, knows_beginning: dynamic.available_from.is_some(), is_over }
    }
}

/// The segments of one period, as runs.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) runs: Vec<Run>,
    /// Ticks in a second.
    pub(super) timescale: u64,
    /// The tick at which the period begins.
    pub(super) offset: u64,
    /// The number of the first segment there ever was.
    pub(super) start_number: u64,
    /// Whether the last segment ends with its period, where a run says more.
    pub(super) is_clipped: bool,
}

impl Plan {
    /// That of a representation in the period `time`. `is_one` says that no more than one segment can be told apart,
    /// `has_others` that there are other periods.
    pub(super) fn new(
        addressing: &Addressing,
        time: PeriodTime,
        clock: Option<&Clock>,
        (is_one, has_others): (bool, bool),
        url: &Url,
    ) -> Result<Self> {
        let timescale = addressing.timescale.unwrap_or(1);
        let offset = addressing.time_offset.unwrap_or(0);
        let number = addressing.start_number.unwrap_or(1);
        let length = time.length().map(|it| ticks(it, timescale).ok_or_else(|| too_long(url))).transpose()?;
        let mut plan = Self { runs: Vec::new(), timescale, offset, start_number: number, is_clipped: true };
        let one = |duration| Run { time: offset, duration, count: 1, number };
        let listed = addressing.listed.as_ref().map_or(0, |it| it.len() as u64);
        plan.runs = match (addressing.form, &addressing.timeline, addressing.duration) {
            (Form::Template, None, None) => vec![one(length.unwrap_or(0))],
            (Form::Template, ..) if is_one => vec![one(length.unwrap_or(0))],
            (Form::Template | Form::List, Some(timeline), _) => {
                plan.is_clipped = false;
                let end = match length {
                    Some(length) => Some(offset.checked_add(length).ok_or_else(|| too_long(url))?),
                    // What goes on until nobody knows when goes on until now.
                    None => clock.and_then(|clock| {
                        offset.checked_add(ticks(clock.now?.checked_sub(time.start)?, timescale)?)
                    }),
                };
                // Some manifests list in each period what is of all of them.
                let to = if has_others && length.is_some() { end } else { None };
                let bounds = Bounds { end, from: has_others.then_some(offset), to };
                runs(timeline, number, bounds, url)?
            }
            (Form::Template, None, Some(duration)) => {
                vec![numbered(addressing, duration, time, clock, &plan, url)?]
            }
            (Form::List, None, duration) => {
                let alone = if listed == 1 { length } else { None };
                vec![Run { count: listed, ..one(duration.or(alone).unwrap_or(0)) }]
            }
            (Form::Whole, ..) => vec![one(length.unwrap_or(0))],
        };
        plan.until(addressing.end_number);
        plan.runs.retain(|run| run.count > 0);
        Ok(plan)
    }

    /// How many segments it has.
    pub(super) fn count(&self) -> u64 {
        self.runs.iter().fold(0, |count, run| count.saturating_add(run.count))
    }

    /// Leaves out what comes after the number `end`.
    fn until(&mut self, end: Option<u64>) {
        let Some(end) = end else { return };
        for run in &mut self.runs {
            let left = end.checked_sub(run.number).map_or(0, |it| it.saturating_add(1));
            run.count = run.count.min(left);
        }
    }
}

/// The segments of a template that all have this duration, as far as they are available (ISO/IEC 23009-1, section 5.3.9.5.3).
fn numbered(
    addressing: &Addressing,
    duration: u64,
    time: PeriodTime,
    clock: Option<&Clock>,
    plan: &Plan,
    url: &Url,
) -> Result<Run> {
    if duration == 0 {
        return Err(Error::bad_reply(url, "the manifest has segments with a duration of 0"));
    }
    let whole = |length: u64| segments(length, duration, plan.timescale, false);
    // The last number there will be bounds them where no length does.
    let last = addressing.end_number.map(|end| end.saturating_sub(plan.start_number).saturating_add(1));
    let total = time.length().map(|length| segments(length, duration, plan.timescale, true)).or(last);
    let (first, count) = match clock {
        None => (0, total.ok_or_else(|| Error::bad_reply(url, "the manifest does not say how long it is"))?),
        Some(clock) if !clock.knows_beginning => {
            return Err(Error::bad_reply(url, "the manifest is dynamic, and has no `availabilityStartTime`"));
        }
        Some(clock) => match clock.now.and_then(|now| now.checked_sub(time.start)) {
            None => (0, 0),
            Some(elapsed) => {
                let early = addressing.early.filter(|&it| it < u64::MAX || total.is_some()).unwrap_or(0);
                let is_whole = time.length().is_some_and(|length| elapsed >= length);
                let available = whole(elapsed.saturating_add(early));
                let available = match total {
                    Some(total) if is_whole => total,
                    Some(total) => total.min(available),
                    None => available,
                };
                let first = clock.window.map_or(0, |window| whole(elapsed.saturating_sub(window)));
                (first, available.saturating_sub(first))
            }
        },
    };
    let skipped = first.checked_mul(duration).and_then(|it| it.checked_add(plan.offset));
    let (Some(begin), Some(number)) = (skipped, plan.start_number.checked_add(first)) else {
        return Err(too_long(url));
    };
    Ok(Run { time: begin, duration, count, number })
}

/// How many segments of so many ticks are in so many nanoseconds: those that are whole, or with the one that is not.
fn segments(length: u64, duration: u64, timescale: u64, with_part: bool) -> u64 {
    let (ticks, each) =
        (u128::from(length) * u128::from(timescale), u128::from(duration) * u128::from(SECOND));
    let (count, rest) = (ticks / each, ticks % each);
    let is_rounding = count > 0
        && rest / u128::from(timescale) < u128::from(ROUNDING)
        && each / u128::from(timescale) > 10 * u128::from(ROUNDING);
    let part = u128::from(with_part && rest > 0 && !is_rounding);
    u64::try_from(count + part).unwrap_or(u64::MAX)
}

/// Nanoseconds as ticks.
fn ticks(nanoseconds: u64, timescale: u64) -> Option<u64> {
    u64::try_from(u128::from(nanoseconds) * u128::from(timescale) / u128::from(SECOND)).ok()
}

/// Ticks as nanoseconds.
pub(super) fn nanoseconds(ticks: u64, timescale: u64, url: &Url) -> Result<u64> {
    let nanoseconds = u128::from(ticks) * u128::from(SECOND) / u128::from(timescale.max(1));
    u64::try_from(nanoseconds).map_err(|_| too_long(url))
}

pub(super) fn too_long(url: &Url) -> Error {
    Error::bad_reply(url, "the manifest has times or numbers past all that there are")
}
