//! `SegmentTimeline`: runs of segments of one duration (ISO/IEC 23009-1, section 5.3.9.6).

use qetch_core::{Error, Result, Url};

use super::{number, xml::Element};

/// An `S`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// When it begins, in ticks; where the one before ended, where missing.
    time: Option<u64>,
    number: Option<u64>,
    duration: u64,
    /// How many more there are like it; `None` for as many as fit before what follows.
    repeats: Option<u64>,
}

/// Segments one after another, of one duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// When the first begins, in ticks.
    pub(super) time: u64,
    /// Of each, in ticks.
    pub(super) duration: u64,
    pub(super) count: u64,
    /// Of the first.
    pub(super) number: u64,
}

/// The entries of a `SegmentTimeline`.
pub(super) fn entries(timeline: &Element, url: &Url) -> Result<Vec<Entry>> {
    timeline.all("S").map(|it| entry(it, url)).collect()
}

fn entry(element: &Element, url: &Url) -> Result<Entry> {
    let repeats = match element.attribute("r") {
        None => Some(0),
        Some(text) if text.strip_prefix('-').and_then(number::whole).is_some_and(|it| it > 0) => None,
        Some(_) => number::attribute(element, "r", url)?,
    };
    Ok(Entry {
        time: number::attribute(element, "t", url)?,
        number: number::attribute(element, "n", url)?,
        duration: number::attribute(element, "d", url)?
            .ok_or_else(|| bad(url, "an `S` without a duration"))?,
        repeats,
    })
}

/// Where a timeline ends and what of it counts, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Where segments without a number of repeats end, when nothing follows them.
    pub(super) end: Option<u64>,
    /// Segments wholly before this are of another period.
    pub(super) from: Option<u64>,
    /// Segments from here on are of another period.
    pub(super) to: Option<u64>,
}

/// The runs that `entries` stand for, where the first segment has the number `number`.
pub(super) fn runs(entries: &[Entry], number: u64, bounds: Bounds, url: &Url) -> Result<Vec<Run>> {
    let mut runs = Vec::with_capacity(entries.len());
    let (mut time, mut number) = (0_u64, number);
    for (index, entry) in entries.iter().enumerate() {
        time = entry.time.unwrap_or(time);
        number = entry.number.unwrap_or(number);
        let count = match entry.repeats {
            Some(repeats) => repeats.checked_add(1).ok_or_else(|| overflow(url))?,
            None => fitting(entry, time, entries.get(index + 1), bounds.end, url)?,
        };
        let run = Run { time, duration: entry.duration, count, number };
        runs.extend(within(run, bounds));
        let length = entry.duration.checked_mul(count).ok_or_else(|| overflow(url))?;
        time = time.checked_add(length).ok_or_else(|| overflow(url))?;
        // So many are over any limit.
        number = number.saturating_add(count);
    }
    Ok(runs)
}

/// How many segments fit before the next entry, or before the end.
fn fitting(entry: &Entry, time: u64, next: Option<&Entry>, end: Option<u64>, url: &Url) -> Result<u64> {
    let end = match next {
        Some(next) => next.time,
        None => end,
    };
    let end = end.ok_or_else(|| bad(url, "an `S` that repeats to an end that is not known"))?;
    if entry.duration == 0 {
        return Err(bad(url, "an `S` without a duration that repeats"));
    }
    Ok(end.saturating_sub(time).div_ceil(entry.duration))
}

/// What of a run is within the bounds.
fn within(run: Run, bounds: Bounds) -> Option<Run> {
    let (mut first, mut last) = (0, run.count);
    if run.duration > 0 {
        first = bounds.from.map_or(0, |from| from.saturating_sub(run.time) / run.duration);
        let fitting = bounds.to.map(|to| to.saturating_sub(run.time).div_ceil(run.duration));
        last = fitting.map_or(last, |fitting| last.min(fitting));
    }
    // What is skipped is fewer than there are, so that neither overflows where the end of the run does not.
    (first < last).then(|| Run {
        time: run.time.saturating_add(first.saturating_mul(run.duration)),
        number: run.number.saturating_add(first),
        count: last - first,
        ..run
    })
}

fn bad(url: &Url, what: &str) -> Error {
    Error::bad_reply(url, format!("the manifest has {what}"))
}

fn overflow(url: &Url) -> Error {
    bad(url, "a timeline that ends past all numbers")
}

#[cfg(test)]
mod tests {
    use super::{super::xml::parse, *};

    const OPEN: Bounds = Bounds { end: None, from: None, to: None };

    /// Those of the last of what lists its segments alone.
    fn ends(end: u64) -> Bounds {
        Bounds { end: Some(end), ..OPEN }
    }

    /// Runs as (time, duration, count, number).
    #[track_caller]
    fn check(entries: &str, bounds: Bounds, expected: Result<&[(u64, u64, u64, u64)], &str>) {
        let url = Url::parse("https://h.example/").unwrap();
        let found = parse(&format!("<T>{entries}</T>"), &url)
            .and_then(|timeline| super::entries(&timeline, &url))
            .and_then(|entries| runs(&entries, 5, bounds, &url))
            .map(|runs| {
                runs.iter().map(|it| (it.time, it.duration, it.count, it.number)).collect::<Vec<_>>()
            });
        assert_eq!(found.as_deref().map_err(Error::code), expected, "{entries}");
    }

    #[test]
    fn entries_repeat_and_go_on_where_the_last_ended() {
        check("", OPEN, Ok(&[]));
        check("<S d='10'/>", OPEN, Ok(&[(0, 10, 1, 5)]));
        check("<S t='7' d='10' r='2'/><S d='4'/>", OPEN, Ok(&[(7, 10, 3, 5), (37, 4, 1, 8)]));
        check("<S t='7' d='10'/><S t='100' d='4'/>", OPEN, Ok(&[(7, 10, 1, 5), (100, 4, 1, 6)]));
        check("<S d='1' n='9' r='1'/><S d='1'/>", OPEN, Ok(&[(0, 1, 2, 9), (2, 1, 1, 11)]));
    }

    #[test]
    fn a_negative_repeat_goes_on_to_what_follows() {
        check("<S t='0' d='10' r='-1'/><S t='30' d='5'/>", OPEN, Ok(&[(0, 10, 3, 5), (30, 5, 1, 8)]));
        check("<S t='0' d='10' r='-1'/><S t='31' d='5'/>", OPEN, Ok(&[(0, 10, 4, 5), (31, 5, 1, 9)]));
        check("<S t='0' d='10' r='-2'/>", ends(25), Ok(&[(0, 10, 3, 5)]));
        check("<S t='9' d='10' r='-1'/><S t='3' d='5'/>", OPEN, Ok(&[(3, 5, 1, 5)]));
    }

    #[test]
    fn what_is_of_another_period_is_left_out() {
        let bounds = |from, end| Bounds { from: Some(from), to: Some(end), end: None };
        check("<S t='0' d='10' r='9'/>", bounds(20, 50), Ok(&[(20, 10, 3, 7)]));
        check("<S t='0' d='10' r='9'/>", bounds(25, 41), Ok(&[(20, 10, 3, 7)]));
        check("<S t='0' d='10' r='1'/>", bounds(20, 50), Ok(&[]));
        check("<S t='0' d='10' r='9'/>", bounds(0, 0), Ok(&[]));
        let open = Bounds { from: Some(15), ..ends(16) };
        check("<S t='0' d='10' r='2'/>", open, Ok(&[(10, 10, 2, 6)]));
    }

    #[test]
    fn what_makes_no_sense_is_a_bad_reply() {
        check("<S t='0'/>", OPEN, Err("bad_reply"));
        check("<S d='10' r='-1'/>", OPEN, Err("bad_reply"));
        check("<S d='10' r='-1'/><S d='10'/>", OPEN, Err("bad_reply"));
        check("<S d='0' r='-1'/>", ends(9), Err("bad_reply"));
        check("<S d='10' r='x'/>", OPEN, Err("bad_reply"));
        check("<S d='18446744073709551615' r='1'/>", OPEN, Err("bad_reply"));
        check("<S d='0' r='18446744073709551615'/>", OPEN, Err("bad_reply"));
    }
}
