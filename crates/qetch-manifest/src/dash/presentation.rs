//! `Presentation`: a manifest as it was read, from its root to its representations.

use std::{collections::HashSet, sync::Arc};

use qetch_core::{Error, Result, Url};

use super::{
    addressing::Addressing,
    base::base,
    duration::{SECOND, date_time, duration},
    period::{Period, PeriodTime, stretch, stretch_again, times},
    representation::{Representation, Set},
    xml::Element,
};

/// The most representations that a manifest may have, over all periods.
const MOST_REPRESENTATIONS: usize = 20_000;

/// How long to wait before a dynamic manifest is read again that does not say it, in nanoseconds.
const REFRESH: u64 = 2 * SECOND;

/// A manifest as it was read. Times are in nanoseconds.
#[derive(Debug, PartialEq)]
pub(super) struct Presentation {
    /// Where the manifest is.
    pub(super) url: Url,
    /// How long it is, where the manifest says so.
    pub(super) duration: Option<u64>,
    /// What is told of one that is still made.
    pub(super) dynamic: Option<Dynamic>,
    pub(super) periods: Vec<Period>,
}

/// What is told of a presentation that is still made, or was when the manifest was written.
#[derive(Debug, PartialEq)]
pub(super) struct Dynamic {
    /// When it began, since 1970.
    pub(super) available_from: Option<u64>,
    /// How long a segment stays; for ever, where missing.
    pub(super) window: Option<u64>,
    pub(super) hold_back: Option<u64>,
    pub(super) refresh: u64,
    /// Whether the manifest itself says how long it stands.
    pub(super) is_announced: bool,
    pub(super) location: Option<Url>,
    /// When it is over, since its beginning, if that is known.
    pub(super) end: Option<u64>,
}

impl Presentation {
    /// That of the manifest with this root.
    pub(super) fn new(root: &Element, url: &Url) -> Result<Self> {
        if root.name() != "MPD" {
            return Err(Error::bad_reply(url, "it is no DASH manifest: its root is no `MPD`"));
        }
        let is_dynamic = root.attribute("type") == Some("dynamic");
        // Some write 0 for what they do not know.
        let length = span(root, "mediaPresentationDuration", url)?.filter(|&it| it > 0);
        let elements: Vec<_> = root.all("Period").filter(|it| !is_left_out(it)).collect();
        let times = times(&elements, length, is_dynamic, url)?;
        let base = base(root, &Arc::new(url.clone()), url)?;
        let mut reading = Reading { url, left: MOST_REPRESENTATIONS, stretches: HashSet::new() };
        let mut periods = Vec::with_capacity(elements.len());
        for (element, time) in elements.iter().zip(&times) {
            // One that nobody knows the beginning of is for players to get ready.
            if let Some(time) = *time {
                periods.push(reading.period(element, time, &base)?);
            }
        }
        let dynamic = if is_dynamic { Some(Dynamic::new(root, length, &periods, url)?) } else { None };
        Ok(Self { url: url.clone(), duration: length, dynamic, periods })
    }

    /// All representations, with the positions of their periods.
    pub(super) fn representations(&self) -> impl Iterator<Item = (usize, &Representation)> {
        self.periods.iter().enumerate().flat_map(|(at, it)| it.representations.iter().map(move |it| (at, it)))
    }
}

impl Dynamic {
    fn new(root: &Element, length: Option<u64>, periods: &[Period], url: &Url) -> Result<Self> {
        let available_from = root.attribute("availabilityStartTime").map(|text| {
            let problem = || Error::bad_reply(url, "`availabilityStartTime` of the manifest is no date");
            date_time(text).ok_or_else(problem)
        });
        let update = span(root, "minimumUpdatePeriod", url)?;
        let location = root.first("Location").map(|it| {
            url.join(it.text()).map_err(|_| Error::bad_reply(url, "the `Location` of the manifest is no URL"))
        });
        // Where no update is announced, the last period is the last there will be.
        let last = periods.last().and_then(|it| it.time.end).filter(|_| update.is_none());
        Ok(Self {
            available_from: available_from.transpose()?,
            window: span(root, "timeShiftBufferDepth", url)?,
            hold_back: span(root, "suggestedPresentationDelay", url)?,
            refresh: update.filter(|&it| it > 0).unwrap_or(REFRESH),
            is_announced: update.is_some_and(|it| it > 0),
            location: location.transpose()?,
            end: length.or(last),
        })
    }
}

/// What is counted while a manifest is read.
struct Reading<'a> {
    url: &'a Url,
    /// How many representations more there may be.
    left: usize,
    stretches: HashSet<u64>,
}

impl Reading<'_> {
    fn period(&mut self, element: &Element, time: PeriodTime, outer: &Arc<Url>) -> Result<Period> {
        self.refuse_remote(element)?;
        let mut stretch = stretch(element, time.start);
        while !self.stretches.insert(stretch) {
            stretch = stretch_again(stretch, time.start);
        }
        let base = base(element, outer, self.url)?;
        let addressing = Addressing::default().inherited(element, self.url)?;
        let mut representations = Vec::new();
        for set in element.all("AdaptationSet").filter(|it| !is_left_out(it)) {
            self.refuse_remote(set)?;
            let Some(inherited) = Set::new(set, &base, &addressing, self.url)? else { continue };
            for representation in set.all("Representation") {
                self.left = self.left.checked_sub(1).ok_or_else(|| {
                    Error::over_limit("the manifest", format!("{MOST_REPRESENTATIONS} representations"))
                })?;
                representations.extend(inherited.representation(representation, self.url)?);
            }
        }
        Ok(Period { time, stretch, representations })
    }

    fn refuse_remote(&self, element: &Element) -> Result<()> {
        match element.href() {
            Some(_) => {
                Err(Error::bad_reply(self.url, "the manifest has remote elements, which are not read"))
            }
            None => Ok(()),
        }
    }
}

/// Whether the manifest says of an element that there is nothing (ISO/IEC 23009-1, section 5.5.3).
fn is_left_out(element: &Element) -> bool {
    element.href() == Some("urn:mpeg:dash:resolve-to-zero:2013")
}

fn span(root: &Element, name: &str, url: &Url) -> Result<Option<u64>> {
    let Some(text) = root.attribute(name) else { return Ok(None) };
    let problem = || Error::bad_reply(url, format!("`{name}` of the manifest is no duration"));
    duration(text).ok_or_else(problem).map(Some)
}
