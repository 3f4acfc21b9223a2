//! `Period`: when each stretch of a presentation begins and ends (ISO/IEC 23009-1, section 5.3.2.1).

use qetch_core::{Error, Result, Url};

use super::{
    duration::{SECOND, duration},
    representation::Representation,
    xml::Element,
};

/// A stretch of the presentation, with what it offers.
#[derive(Debug, PartialEq)]
pub(super) struct Period {
    pub(super) time: PeriodTime,
    /// What tells it from the others, the same in every reading of a dynamic manifest.
    pub(super) stretch: u64,
    pub(super) representations: Vec<Representation>,
}

/// When a period begins and ends, in nanoseconds from the beginning of the presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PeriodTime {
    pub(super) start: u64,
    pub(super) end: Option<u64>,
}

impl PeriodTime {
    /// How long it is.
    pub(super) fn length(self) -> Option<u64> {
        self.end.map(|end| end.saturating_sub(self.start))
    }
}

/// When each of `periods` is, where the whole has this length: `None` for one of a dynamic manifest that nobody knows the
/// beginning of yet.
pub(super) fn times(
    periods: &[&Element],
    whole: Option<u64>,
    is_dynamic: bool,
    url: &Url,
) -> Result<Vec<Option<PeriodTime>>> {
    let mut starts = Vec::with_capacity(periods.len());
    // Where the period before ended, if that is known; nothing is before the first.
    let mut before = if is_dynamic { None } else { Some(0) };
    let mut latest = 0;
    for period in periods {
        let start = value(period, "start", url)?.or(before);
        if start.is_none() && !is_dynamic {
            return Err(Error::bad_reply(
                url,
                "the manifest has a period of which nobody knows when it begins",
            ));
        }
        if let Some(start) = start {
            if start < latest {
                return Err(Error::bad_reply(url, "the manifest has periods that are not in order"));
            }
            latest = start;
        }
        before =
            value(period, "duration", url)?.zip(start).and_then(|(length, start)| start.checked_add(length));
        starts.push((start, before));
    }
    let ends = starts.iter().enumerate().map(|(index, (_, end))| {
        let next = starts.get(index + 1).and_then(|(next, _)| *next);
        match (*end, next) {
            (Some(end), Some(next)) => Some(end.min(next)),
            (end, next) => end.or(next),
        }
    });
    let ends: Vec<_> = ends.collect();
    let times = starts.iter().zip(ends).enumerate().map(|(index, (&(start, _), end))| {
        let is_last = index + 1 == starts.len();
        let start = start?;
        Some(PeriodTime { start, end: end.or(whole.filter(|_| is_last)).map(|end| end.max(start)) })
    });
    Ok(times.collect())
}

/// What tells a period from the others: its id, else when it begins. It is no position, and the same whether the manifest
/// is still dynamic or not any more.
pub(super) fn stretch(period: &Element, start: u64) -> u64 {
    match period.attribute("id").filter(|id| !id.is_empty()) {
        Some(id) => hash(id.as_bytes()),
        None => start / (SECOND / 1000),
    }
}

/// What tells a period apart that has the id of another one.
pub(super) fn stretch_again(stretch: u64, start: u64) -> u64 {
    hash(&[stretch.to_le_bytes(), start.to_le_bytes()].concat())
}

/// FNV-1a: what is made of it is written into saved state, so it must be the same in every version.
fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn value(period: &Element, name: &str, url: &Url) -> Result<Option<u64>> {
    let Some(text) = period.attribute(name) else { return Ok(None) };
    let problem = || Error::bad_reply(url, format!("`{name}` of a period of the manifest is no duration"));
    duration(text).ok_or_else(problem).map(Some)
}

#[cfg(test)]
mod tests {
    use super::{super::xml::parse, *};

    /// When a period begins and ends, in seconds.
    type Seconds = Option<(u64, Option<u64>)>;

    #[track_caller]
    fn check(periods: &str, whole: Option<u64>, is_dynamic: bool, expected: Result<&[Seconds], &str>) {
        let url = Url::parse("https://h.example/").unwrap();
        let root = parse(&format!("<M>{periods}</M>"), &url).unwrap();
        let found = times(&root.all("P").collect::<Vec<_>>(), whole.map(|it| it * SECOND), is_dynamic, &url)
            .map(|times| {
                let seconds = |it: PeriodTime| (it.start / SECOND, it.end.map(|end| end / SECOND));
                times.into_iter().map(|it| it.map(seconds)).collect::<Vec<_>>()
            });
        assert_eq!(found.as_deref().map_err(Error::code), expected, "{periods}");
    }

    #[test]
    fn periods_follow_one_another() {
        check("<P/>", Some(9), false, Ok(&[Some((0, Some(9)))]));
        check(
            "<P duration='PT5S'/><P duration='PT4S'/>",
            Some(9),
            false,
            Ok(&[Some((0, Some(5))), Some((5, Some(9)))]),
        );
        check("<P/><P start='PT5S'/>", Some(9), false, Ok(&[Some((0, Some(5))), Some((5, Some(9)))]));
        check(
            "<P duration='PT7S'/><P start='PT5S'/>",
            None,
            false,
            Ok(&[Some((0, Some(5))), Some((5, None))]),
        );
        check(
            "<P start='PT3S' duration='PT1S'/><P start='PT5S'/>",
            Some(4),
            false,
            Ok(&[Some((3, Some(4))), Some((5, Some(5)))]),
        );
    }

    #[test]
    fn a_period_that_nobody_knows_the_beginning_of() {
        check("<P/><P/>", Some(9), false, Err("bad_reply"));
        check("<P start='PT5S'/><P/>", None, true, Ok(&[Some((5, None)), None]));
        check("<P/>", None, true, Ok(&[None]));
        check("<P start='PT5S'/><P start='PT4S'/>", None, true, Err("bad_reply"));
        check("<P start='soon'/>", None, false, Err("bad_reply"));
    }

    #[test]
    fn a_stretch_does_not_move() {
        let check = |period: &str, start: u64, expected: u64| {
            let period = parse(period, &Url::parse("https://h.example/").unwrap()).unwrap();
            assert_eq!(stretch(&period, start * SECOND), expected);
        };
        // The values are promised: recordings that go on know them.
        check("<P id='a'/>", 0, 0xaf63_dc4c_8601_ec8c);
        check("<P id='a'/>", 9, 0xaf63_dc4c_8601_ec8c);
        check("<P/>", 5, 5000);
        assert_ne!(stretch_again(7, 1), stretch_again(7, 2));
    }
}
