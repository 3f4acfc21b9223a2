//! Several fragmented MP4s, and the parts of each, become one: box by box, so that any codec passes.
//!
//! Two passes over each file: the first learns which tracks, sample descriptions and times there are, the second copies.
//! Neither holds more than an initialisation and the header of one fragment of each file.

pub(super) mod boxes;
mod fragment;
mod init;
mod movie;
mod reader;
mod run;
mod sets;
#[cfg(test)]
mod tests;
mod timeline;

use qetch_core::{Error, PartStart};

use self::{
    fragment::Fragment,
    movie::Movie,
    reader::Reader,
    timeline::{Part, seconds, shifts, ticks},
};
use super::{
    sink::Sink,
    source::Source,
    stop::{Done, Stop},
};

/// More parts than any recording has.
const MOST_PARTS: usize = 4096;

/// A file that is merged.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) source: Source,
    pub(super) language: Option<String>,
    pub(super) parts: Vec<PartStart>,
}

/// Writes one fragmented MP4 of all `inputs`.
pub(super) fn merge(inputs: Vec<Input>, sink: &mut Sink) -> Done<()> {
    let mut movie = Movie::default();
    let mut readers = Vec::with_capacity(inputs.len());
    let mut files = Vec::with_capacity(inputs.len());
    for (file, input) in inputs.into_iter().enumerate() {
        let mut reader = Reader::new(input.source, file, input.language, input.parts);
        files.push(survey(&mut reader, &mut movie, sink)?);
        reader.rewind();
        readers.push(reader);
    }
    let shifts = shifts(&files);
    for (parts, shifts) in files.iter().zip(&shifts) {
        for (part, shift) in parts.iter().zip(shifts) {
            for (place, (_, end)) in &part.tracks {
                let track = &mut movie.tracks[*place];
                let end = ticks(end.saturating_add(*shift), track.timescale())?;
                track.end = track.end.max(u64::try_from(end.max(0)).unwrap_or(u64::MAX));
            }
        }
    }
    sink.write(&movie.write()?)?;
    copy(&mut readers, &shifts, &mut movie, sink)
}

/// The parts of a file, whose tracks become those of `movie`.
fn survey(reader: &mut Reader, movie: &mut Movie, sink: &Sink) -> Done<Vec<Part>> {
    if reader.parts.len() > MOST_PARTS {
        return Err(Error::over_limit("the parts of a track", MOST_PARTS.to_string()).into());
    }
    let starts = reader.parts.iter().map(|part| Part { start: Some(part.time), ..Part::default() });
    let mut parts: Vec<Part> = starts.collect();
    if parts.is_empty() {
        parts.push(Part::default());
    }
    let mut is_empty = true;
    while let Some((part, fragment)) = reader.next(movie)? {
        sink.still_wanted()?;
        is_empty = false;
        for track in &fragment.tracks {
            let (place, timescale) = (track.bound.place, track.bound.timescale);
            parts[part].add(place, timescale, track.time.unwrap_or_default(), track.duration);
        }
    }
    if is_empty { Err(Stop::Bad("it has no fragment").of(reader.source.path())) } else { Ok(parts) }
}

/// A fragment that waits for those which are decoded before it.
#[derive(Debug)]
struct Waiting {
    fragment: Fragment,
    /// Of each of its tracks, in the movie.
    times: Vec<u64>,
    begins: i128,
}

/// Writes the fragments of all files in the order in which they are decoded.
fn copy(readers: &mut [Reader], shifts: &[Vec<i128>], movie: &mut Movie, sink: &mut Sink) -> Done<()> {
    let mut waiting = Vec::with_capacity(readers.len());
    for (reader, shifts) in readers.iter_mut().zip(shifts) {
        waiting.push(next(reader, shifts, movie)?);
    }
    let mut sequence = 0_u32;
    loop {
        let begins = |file: usize| waiting[file].as_ref().map(|it: &Waiting| (it.begins, file));
        let Some((_, file)) = (0..waiting.len()).filter_map(begins).min() else { return Ok(()) };
        let Some(Waiting { fragment, times, .. }) = waiting[file].take() else { return Ok(()) };
        sequence = sequence.wrapping_add(1);
        let reader = &mut readers[file];
        let of = |stop: Stop, reader: &Reader| stop.of(reader.source.path());
        let (header, insertions) = fragment.write(sequence, &times).map_err(|stop| of(stop, reader))?;
        sink.write(&header)?;
        let mut insertions = insertions.iter().peekable();
        for data in &fragment.data {
            let mut at = data.start;
            while let Some(insertion) = insertions.next_if(|it| it.at <= data.end) {
                reader.source.copy(at..insertion.at, sink).map_err(|stop| of(stop, reader))?;
                sink.write(insertion.bytes)?;
                at = insertion.at;
            }
            reader.source.copy(at..data.end, sink).map_err(|stop| of(stop, reader))?;
        }
        waiting[file] = next(reader, &shifts[file], movie)?;
    }
}

/// The next fragment of a file, with its times in the movie.
fn next(reader: &mut Reader, shifts: &[i128], movie: &mut Movie) -> Done<Option<Waiting>> {
    let Some((part, fragment)) = reader.next(movie)? else { return Ok(None) };
    let shift = shifts.get(part).copied().unwrap_or_default();
    let mut times = Vec::with_capacity(fragment.tracks.len());
    let mut begins = i128::MAX;
    for track in &fragment.tracks {
        let timescale = track.bound.timescale;
        let time = i128::from(track.time.unwrap_or_default()) + ticks(shift, timescale)?;
        let time = u64::try_from(time.max(0)).map_err(|_| Stop::Bad("a time past any time"))?;
        begins = begins.min(seconds(time, timescale));
        times.push(time);
    }
    Ok(Some(Waiting { fragment, times, begins }))
}
