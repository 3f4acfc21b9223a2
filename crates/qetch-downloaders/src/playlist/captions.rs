//! Captions in segments: each WebVTT segment is a file of its own, and together they are one (RFC 8216, section 3.5).

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use qetch_core::{Error, Result};

use crate::http::source::Decoder;

/// Ticks of an MPEG clock in a millisecond.
const TICKS: i64 = 90;

/// An MPEG clock begins again after so many ticks.
const WRAP: i64 = 1 << 33;

/// The most bytes of one segment, which is read whole: as much as hours of captions take.
const LONGEST: usize = 16 << 20;

/// The captions of one rendition, as they are joined.
#[derive(Clone, Debug, Default)]
pub(super) struct Joint(Arc<Mutex<Joined>>);

#[derive(Debug, Default)]
struct Joined {
    /// What the clock of the first segment shows where its captions count from, in milliseconds.
    first: Option<i64>,
    /// The last cue: one that goes on into the next segment stands in both.
    last: String,
    has_header: bool,
}

impl Joint {
    /// Forgets all segments.
    pub(super) fn restart(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Joined::default();
    }

    /// What joins the next segment to those before it.
    pub(super) fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Joins { joint: self.clone(), text: Vec::new() })
    }
}

/// Joins one segment.
struct Joins {
    joint: Joint,
    text: Vec<u8>,
}

impl Decoder for Joins {
    fn decode(&mut self, block: Bytes, is_last: bool) -> Result<Bytes> {
        if self.text.len().saturating_add(block.len()) > LONGEST {
            return Err(Error::over_limit("a segment of captions", format!("{LONGEST} bytes")));
        }
        self.text.extend_from_slice(&block);
        if !is_last {
            return Ok(Bytes::new());
        }
        let text = String::from_utf8_lossy(&self.text);
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
        let mut joined = self.joint.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(joined.add(&text).into())
    }
}

impl Joined {
    /// What a segment adds to the file.
    fn add(&mut self, text: &str) -> String {
        let mut added = String::new();
        let mut blocks = text.split("\n\n").map(|block| block.trim_matches('\n')).filter(|it| !it.is_empty());
        let mut next = blocks.next();
        let header = next.filter(|block| block.starts_with("WEBVTT"));
        if let Some(header) = header {
            next = blocks.next();
            if !self.has_header {
                let kept = header.lines().filter(|line| !line.starts_with("X-TIMESTAMP-MAP"));
                added = kept.collect::<Vec<_>>().join("\n") + "\n\n";
                self.has_header = true;
            }
        }
        let shows = header.and_then(clock).unwrap_or_default();
        let shift = wrapped(shows - *self.first.get_or_insert(shows));
        while let Some(block) = next {
            let block = shifted(block, shift);
            // Notes, styles and regions stand in every segment.
            let is_cue = block.contains("-->");
            let is_known = if is_cue {
                block == self.last
            } else {
                self.has_header && header.is_some() && !added.starts_with("WEBVTT")
            };
            if !is_known {
                added.push_str(&block);
                added.push_str("\n\n");
            }
            if is_cue {
                self.last = block;
            }
            next = blocks.next();
        }
        added
    }
}

/// What the clock shows where the captions count from, by the header of a segment, in milliseconds.
fn clock(header: &str) -> Option<i64> {
    let map = header.lines().find_map(|line| line.strip_prefix("X-TIMESTAMP-MAP="))?;
    let value = |name: &str| map.split(',').find_map(|it| it.trim().strip_prefix(name));
    let ticks: i64 = value("MPEGTS:")?.trim().parse().ok()?;
    let local = milliseconds(value("LOCAL:")?.trim())?;
    (0..WRAP).contains(&ticks).then_some(ticks / TICKS - local)
}

/// A difference of clocks, as if none of them had begun again meanwhile.
fn wrapped(difference: i64) -> i64 {
    let turn = WRAP / TICKS;
    let rest = difference.rem_euclid(turn);
    if rest > turn / 2 { rest - turn } else { rest }
}

/// A block whose cue, if it is one, is moved by so many milliseconds.
fn shifted(block: &str, shift: i64) -> String {
    if shift == 0 {
        return block.to_owned();
    }
    let line = |line: &str| {
        let Some((start, rest)) = line.split_once("-->") else { return line.to_owned() };
        let rest = rest.trim_start();
        let (end, settings) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (Some(start), Some(end)) = (milliseconds(start.trim()), milliseconds(end)) else {
            return line.to_owned();
        };
        let moved = |time: i64| shown(time.saturating_add(shift));
        let settings = if settings.is_empty() { String::new() } else { format!(" {settings}") };
        format!("{} --> {}{settings}", moved(start), moved(end))
    };
    block.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A time stamp (WebVTT, section 4.4): hours where they are not zero, minutes, seconds and three digits.
fn milliseconds(text: &str) -> Option<i64> {
    let (clock, thousandths) = text.split_once('.')?;
    let mut parts = clock.rsplit(':').map(|part| part.parse::<u32>().ok());
    let (seconds, minutes) = (parts.next()??, parts.next()??);
    let hours = parts.next().map_or(Some(0), |hours| hours)?;
    let is_exact = parts.next().is_none() && thousandths.len() == 3;
    let thousandths: u32 = thousandths.parse().ok().filter(|_| is_exact)?;
    let seconds = (i64::from(hours) * 60 + i64::from(minutes)) * 60 + i64::from(seconds);
    Some(seconds * 1000 + i64::from(thousandths))
}

fn shown(milliseconds: i64) -> String {
    let time = milliseconds.max(0);
    let (seconds, thousandths) = (time / 1000, time % 1000);
    format!("{:02}:{:02}:{:02}.{thousandths:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(segments: &[&str]) -> String {
        let joint = Joint::default();
        let mut all = String::new();
        for segment in segments {
            let mut decoder = joint.decoder();
            let (first, second) = segment.as_bytes().split_at(segment.len() / 2);
            assert!(decoder.decode(Bytes::copy_from_slice(first), false).unwrap().is_empty());
            let added = decoder.decode(Bytes::copy_from_slice(second), true).unwrap();
            all.push_str(std::str::from_utf8(&added).unwrap());
        }
        all
    }

    #[test]
    fn segments_become_one_file() {
        let segments = [
            "WEBVTT - frogs\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\nSTYLE\n::cue {}\n\n00:01.000 --> 00:02.000\nQuak\n",
            "\u{feff}WEBVTT\r\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\r\n\r\nSTYLE\r\n::cue {}\r\n\r\n00:01.000 --> 00:02.000\r\nQuak\r\n\r\n1\r\n00:03.000 --> 00:04.000 align:start\r\nQuak quak\r\n",
            "WEBVTT\n",
        ];
        let expected = "WEBVTT - frogs\n\nSTYLE\n::cue {}\n\n00:01.000 --> 00:02.000\nQuak\n\n\
                        1\n00:03.000 --> 00:04.000 align:start\nQuak quak\n\n";
        assert_eq!(joined(&segments), expected);
    }

    #[test]
    fn segments_that_count_from_their_own_beginning_are_moved() {
        let segment = |ticks: i64| {
            format!(
                "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:{ticks}\n\n00:01.000 --> 00:02.500 line:0\nx\n"
            )
        };
        // The clock begins again between the two.
        let segments = [segment(WRAP - 90_000), segment(90_000 * 9)];
        let text = joined(&segments.each_ref().map(String::as_str));
        assert!(text.contains("00:01.000 --> 00:02.500 line:0"), "{text}");
        assert!(text.contains("00:00:11.000 --> 00:00:12.500 line:0"), "{text}");
    }

    #[test]
    fn a_segment_without_an_end_is_over_the_limit() {
        let (joint, mut taken) = (Joint::default(), 0);
        let mut decoder = joint.decoder();
        let error = loop {
            match decoder.decode(Bytes::from(vec![b'x'; 1 << 20]), false) {
                Ok(_) => taken += 1,
                Err(error) => break error,
            }
        };
        assert_eq!((error.code(), taken), ("over_limit", 16));
    }

    #[test]
    fn what_is_no_time_is_left_as_it_is() {
        for text in ["1.5", "00:00:00", "a:b.000", "00:01.00", "1:2:3:4.000", "", ":.000"] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
        assert_eq!(milliseconds("100:00:01.000"), Some(360_001_000));
        assert_eq!(shifted("x --> y\nz", 5), "x --> y\nz");
    }
}
