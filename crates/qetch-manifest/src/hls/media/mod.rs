//! Media playlists: the segments of one rendition (RFC 8216, sections 4.3.2 and 4.3.3).

mod range;
#[cfg(test)]
mod tests;

use std::{mem, time::Duration};

use qetch_core::{ByteRange, Limits, Result, Timestamp, Url};

use self::range::Stretch;
use super::{
    key::{Fault, Keys},
    lines::{Attributes, Line},
    scope::Scope,
};
use crate::{Key, Listing, Segment};

/// More seconds than anything lasts: three centuries.
const LONGEST: f64 = 1e10;

/// A player begins no nearer to the end of a live playlist than so many target durations (RFC 8216, section 6.3.3).
const EDGE: u32 = 3;

/// Reads the lines of a media playlist.
pub(super) fn read<'t>(
    lines: impl Iterator<Item = Line<'t>>,
    scope: Scope<'_>,
    limits: &Limits,
) -> Result<Listing> {
    let mut reader = Reader {
        scope,
        most: limits.most_segments(),
        listing: Listing { is_live: true, is_numbered: true, ..Listing::default() },
        keys: Keys::default(),
        sequence: 0,
        stretch: 0,
        part: 0,
        time: 0.0,
        map: None,
        begins: false,
        last: None,
        next: Next::default(),
    };
    for line in lines {
        match line {
            Line::Tag(name, value) => reader.tag(name, value)?,
            Line::Uri(uri) => reader.segment(uri)?,
        }
    }
    let mut listing = reader.listing;
    listing.hold_back = listing.hold_back.or_else(|| listing.refresh?.checked_mul(EDGE));
    Ok(listing)
}

/// An initialisation, as `EXT-X-MAP` tells it. That its key is of no use is an error once a segment needs it.
#[derive(Clone, PartialEq)]
struct Map {
    url: Url,
    range: Option<ByteRange>,
    key: Result<Option<Key>, Fault>,
}

/// What tags tell of the next segment.
#[derive(Default)]
struct Next {
    duration: f64,
    range: Option<Stretch>,
    is_gap: bool,
}

struct Reader<'a> {
    scope: Scope<'a>,
    most: usize,
    listing: Listing,
    keys: Keys,
    /// The number of the next segment.
    sequence: u64,
    /// The discontinuity sequence number of the next segment.
    stretch: u64,
    part: u32,
    time: f64,
    /// The initialisation in force.
    map: Option<Map>,
    /// Whether the next segment begins a part.
    begins: bool,
    /// Where the last segment of media stands in the listing.
    last: Option<usize>,
    next: Next,
}

impl Reader<'_> {
    fn tag(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "EXTINF" => self.next.duration = duration(value.split(',').next().unwrap_or_default()),
            "EXT-X-BYTERANGE" => {
                let range = Stretch::read(value);
                self.next.range = Some(range.ok_or_else(|| self.scope.bad("a byte range is none"))?);
            }
            "EXT-X-GAP" => self.next.is_gap = true,
            "EXT-X-KEY" => {
                let attributes = self.scope.attributes(value)?;
                self.keys.read(&attributes, &mut self.scope)?;
            }
            "EXT-X-MAP" => {
                let attributes = self.scope.attributes(value)?;
                self.map(&attributes)?;
            }
            // The first is enough: what it shows later may have jumped.
            "EXT-X-PROGRAM-DATE-TIME" if self.listing.begins.is_none() => {
                self.listing.begins = date(value).map(|date| date - self.time);
            }
            "EXT-X-DISCONTINUITY" => {
                self.stretch = self.stretch.saturating_add(1);
                self.begins = true;
            }
            "EXT-X-MEDIA-SEQUENCE" => self.sequence = self.first_number(value)?,
            "EXT-X-DISCONTINUITY-SEQUENCE" => self.stretch = self.first_number(value)?,
            "EXT-X-ENDLIST" => self.listing.is_live = false,
            "EXT-X-PLAYLIST-TYPE" if value == "VOD" => self.listing.is_live = false,
            "EXT-X-TARGETDURATION" => self.listing.refresh = time(value),
            "EXT-X-SERVER-CONTROL" => {
                self.listing.hold_back = self.scope.attributes(value)?.get("HOLD-BACK").and_then(time);
            }
            "EXT-X-DEFINE" => {
                let attributes = self.scope.attributes(value)?;
                self.scope.define(&attributes)?;
            }
            // Only who asks for a delta gets one.
            "EXT-X-SKIP" => return Err(self.scope.bad("it is the update of a playlist, not the playlist")),
            "EXT-X-STREAM-INF" | "EXT-X-MEDIA" => {
                return Err(self.scope.bad("it lists segments and renditions at once"));
            }
            _ => (),
        }
        Ok(())
    }

    /// The number of the first segment, by which vectors are made: a wrong one would decrypt to nothing.
    fn first_number(&self, value: &str) -> Result<u64> {
        match value.parse() {
            Ok(number) if self.last.is_none() => Ok(number),
            Ok(_) => Err(self.scope.bad("the number of the first segment stands behind it")),
            Err(_) => Err(self.scope.bad("the number of the first segment is none")),
        }
    }

    fn map(&mut self, attributes: &Attributes<'_>) -> Result<()> {
        let Some(uri) = attributes.get("URI") else {
            return Err(self.scope.bad("an initialisation has no address"));
        };
        let url = self.scope.resolve(uri)?;
        let range = match attributes.get("BYTERANGE") {
            None => None,
            // One without an offset follows no segment, so that it begins the file.
            Some(text) => Some(
                Stretch::read(text)
                    .and_then(|range| range.from(0))
                    .ok_or_else(|| self.scope.bad("the byte range of an initialisation is none"))?,
            ),
        };
        let map = Some(Map { url, range, key: self.keys.of_initialisation() });
        if self.map != map {
            self.map = map;
            self.begins = true;
        }
        Ok(())
    }

    fn segment(&mut self, uri: &str) -> Result<()> {
        let next = mem::take(&mut self.next);
        let url = self.scope.link(uri)?;
        let range = next.range.map(|range| self.range(&url, range)).transpose()?;
        if mem::take(&mut self.begins) {
            self.begin()?;
        }
        let mut segment = Segment::new(url, self.sequence);
        segment.key = self.keys.of_segment(self.sequence, &mut self.scope)?;
        (segment.range, segment.duration, segment.is_gap) = (range, next.duration, next.is_gap);
        self.last = Some(self.listing.segments.len());
        self.push(segment)?;
        self.time += next.duration;
        let number = self.sequence.checked_add(1);
        self.sequence = number.ok_or_else(|| self.scope.bad("the numbers of its segments are too large"))?;
        Ok(())
    }

    /// What is meant of the resource at `url`. One that is told without an offset follows the segment before it
    /// (section 4.3.2.2).
    fn range(&self, url: &Url, range: Stretch) -> Result<ByteRange> {
        let before = self.last.map(|last| &self.listing.segments[last]).filter(|last| last.url == *url);
        let end = before.and_then(|last| last.range).map(|range| range.offsets().end);
        let begin = range.offset.or(end);
        let begin = begin.ok_or_else(|| self.scope.bad("a byte range follows none of the same file"))?;
        range.from(begin).ok_or_else(|| self.scope.bad("a byte range is empty or too large"))
    }

    /// Begins a part: the first, or one with another initialisation or behind a break of the timeline.
    fn begin(&mut self) -> Result<()> {
        if self.last.is_some() {
            self.part = self.part.saturating_add(1);
        }
        let Some(map) = &self.map else { return Ok(()) };
        let mut segment = Segment::new(map.url.clone(), self.sequence);
        let key = map.key.clone().map_err(|fault| fault.error(&self.scope))?;
        (segment.range, segment.initialises) = (map.range, true);
        let links = segment.url.as_str().len() + key.as_ref().map_or(0, |key| key.url.as_str().len());
        segment.key = key.map(Box::new);
        self.scope.take(links)?;
        self.push(segment)
    }

    fn push(&mut self, mut segment: Segment) -> Result<()> {
        if self.listing.segments.len() >= self.most {
            return Err(self.scope.over("segments", self.most));
        }
        (segment.start, segment.part, segment.stretch) = (self.time, self.part, self.stretch);
        self.listing.segments.push(segment);
        Ok(())
    }
}

/// Seconds; 0 where it is no time.
fn duration(text: &str) -> f64 {
    text.trim().parse().ok().filter(|seconds| (0.0..=LONGEST).contains(seconds)).unwrap_or(0.0)
}

/// Seconds since 1970.
fn date(text: &str) -> Option<f64> {
    let date: Timestamp = text.trim().parse().ok()?;
    let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
    let digits = fraction.find(|it: char| !it.is_ascii_digit()).unwrap_or(fraction.len());
    let fraction: f64 = format!("0.{}", &fraction[..digits]).parse().unwrap_or(0.0);
    u32::try_from(date.as_unix()).ok().map(|whole| f64::from(whole) + fraction)
}

fn time(text: &str) -> Option<Duration> {
    let seconds = duration(text);
    // A time of nothing would have a live playlist read again without end.
    (seconds > 0.0).then(|| Duration::from_secs_f64(seconds))
}
