//! The movie that is made: its tracks, and the initialisation that it begins with.

use std::sync::Arc;

use qetch_core::Error;

use super::{
    boxes::{add, child, children, letters_at, put, version_at},
    init::{Defaults, Init, InitTrack, edits, timescale_place, track_id_place},
    run::Scale,
    sets::parameter_sets,
};
use crate::mux::{
    language,
    stop::{Done, Stop},
};

/// A `moov` that is made is no larger than one that is read.
const MOST_ENTRIES: usize = 1024;

/// The movie that is made.
#[derive(Debug, Default)]
pub(super) struct Movie {
    pub(super) tracks: Vec<MovieTrack>,
    header: Option<(Vec<u8>, u32)>,
}

/// One of its tracks; its number is one more than its place.
#[derive(Debug)]
pub(super) struct MovieTrack {
    /// The file that it comes from.
    file: usize,
    movie_timescale: u32,
    init: InitTrack,
    pub(super) language: Option<String>,
    /// Where its samples end, in its own timescale.
    pub(super) end: u64,
}

/// What the tracks of an initialisation are in the movie.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    /// The number in the file.
    pub(super) id: u32,
    /// The place in the movie.
    pub(super) place: usize,
    pub(super) timescale: u32,
    pub(super) scale: Option<Scale>,
    /// What is so where the file says nothing, and where the movie does.
    pub(super) defaults: Defaults,
    pub(super) out: Defaults,
    /// The place of each sample description of the file in those of the movie, both from 1.
    descriptions: Vec<u32>,
    /// Of each, what stands in front of the first sample of a fragment.
    sets: Vec<Arc<[u8]>>,
}

impl Bound {
    /// The sample description in the movie that is `index` in the file.
    pub(super) fn description(&self, index: u32) -> Done<u32> {
        let found = place_of(index).and_then(|at| self.descriptions.get(at)).copied();
        found.ok_or(Stop::Bad("a sample description that is not there"))
    }

    /// What stands in front of the first sample of a fragment whose sample description is `index` in the file.
    pub(super) fn sets(&self, index: u32) -> &[u8] {
        place_of(index).and_then(|at| self.sets.get(at)).map_or(&[], |sets| sets)
    }
}

impl Movie {
    /// Says what the tracks of `init` are in the movie: new ones where it is the first of `file`, else those of before, to
    /// which it may bring sample descriptions.
    pub(super) fn bind(&mut self, file: usize, init: &Init, language: Option<&str>) -> Done<Vec<Bound>> {
        self.header.get_or_insert_with(|| (init.mvhd.clone(), init.timescale));
        let is_first = !self.tracks.iter().any(|track| track.file == file);
        if is_first {
            self.tracks.extend(init.tracks.iter().map(|track| MovieTrack {
                file,
                movie_timescale: init.timescale,
                init: track.clone(),
                language: language.map(str::to_owned),
                end: 0,
            }));
        }
        let mut taken = Vec::new();
        for track in &init.tracks {
            let fits = |(place, it): &(usize, &mut MovieTrack)| {
                it.file == file && it.init.handler == track.handler && !taken.contains(place)
            };
            let (place, _) = self
                .tracks
                .iter_mut()
                .enumerate()
                .find(fits)
                .ok_or_else(|| Stop::apart("a part of it has a track that the first part has not"))?;
            taken.push(place);
        }
        let pairs = init.tracks.iter().zip(taken);
        pairs.map(|(track, place)| self.tracks[place].bind(place, track)).collect()
    }

    /// The order of the tracks in the file: what is seen, what is heard, the rest.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.tracks.len()).collect();
        order.sort_by_key(|&place| match &self.tracks[place].init.handler {
            b"vide" => 0,
            b"soun" => 1,
            _ => 2,
        });
        order
    }

    /// The bytes that the file begins with: `ftyp` and `moov`.
    pub(super) fn write(&self) -> Done<Vec<u8>> {
        let Some((mvhd, timescale)) = &self.header else { return Err(Stop::Bad("it has no initialisation")) };
        let mut bytes = Vec::new();
        add(&mut bytes, b"ftyp", |to| {
            to.extend(b"iso6\0\0\0\0iso6isomiso5mp41");
            Ok(())
        })?;
        let mut duration = 0;
        for track in &self.tracks {
            duration = duration.max(rescale(track.end, track.init.timescale, *timescale));
        }
        add(&mut bytes, b"moov", |to| {
            add(to, b"mvhd", |to| {
                let next = u32::try_from(self.tracks.len() + 1).unwrap_or(u32::MAX);
                movie_header(to, mvhd, duration, next)
            })?;
            for place in self.order() {
                let track = &self.tracks[place];
                add(to, b"trak", |to| track.write(to, place, *timescale))?;
            }
            add(to, b"mvex", |to| {
                add(to, b"mehd", |to| {
                    to.extend([1, 0, 0, 0]);
                    to.extend(duration.to_be_bytes());
                    Ok(())
                })?;
                for place in self.order() {
                    add(to, b"trex", |to| {
                        let it = self.tracks[place].init.defaults;
                        for word in [0, number(place), it.description, it.duration, it.size, it.flags] {
                            to.extend(word.to_be_bytes());
                        }
                        Ok(())
                    })?;
                }
                Ok(())
            })
        })?;
        Ok(bytes)
    }
}

impl MovieTrack {
    fn bind(&mut self, place: usize, track: &InitTrack) -> Done<Bound> {
        let (from, to) = (track.timescale, self.init.timescale);
        let mut descriptions = Vec::with_capacity(track.entries.len());
        for entry in &track.entries {
            let known = self.init.entries.iter().position(|it| it == entry);
            let index = known.unwrap_or(self.init.entries.len());
            if known.is_none() {
                if index == MOST_ENTRIES {
                    return Err(Error::over_limit(
                        "the sample descriptions of a track",
                        MOST_ENTRIES.to_string(),
                    )
                    .into());
                }
                self.init.entries.push(entry.clone());
            }
            descriptions.push(u32::try_from(index + 1).unwrap_or(u32::MAX));
        }
        let defaults = track.defaults;
        let sets_of = |entry: &Vec<u8>| match self.init.entries.len() {
            0 | 1 => Arc::default(),
            _ => parameter_sets(entry).into(),
        };
        let sets = track.entries.iter().map(sets_of).collect();
        Ok(Bound {
            id: track.id,
            place,
            timescale: from,
            scale: (from != to).then_some(Scale { from, to }),
            defaults,
            out: self.init.defaults,
            descriptions,
            sets,
        })
    }

    pub(super) fn timescale(&self) -> u32 {
        self.init.timescale
    }

    fn write(&self, to: &mut Vec<u8>, place: usize, timescale: u32) -> Done<()> {
        for it in children(&self.init.trak) {
            let it = it?;
            match &it.letters {
                b"tkhd" => {
                    let start = to.len() + 8;
                    to.extend(it.whole_of_short()?);
                    put(to, start + track_id_place(it.body)?, &number(place).to_be_bytes())?;
                }
                b"edts" => add(to, b"edts", |to| self.edit_list(to, it.body, timescale))?,
                b"mdia" => add(to, b"mdia", |to| self.media(to, it.body))?,
                // A reference names a track by its old number.
                b"tref" | b"meta" | b"udta" => (),
                _ => to.extend(it.whole),
            }
        }
        Ok(())
    }

    /// The edits, whose durations are in units of the movie.
    fn edit_list(&self, to: &mut Vec<u8>, edts: &[u8], timescale: u32) -> Done<()> {
        let Some(elst) = child(edts, b"elst")? else { return Ok(()) };
        let edits = edits(elst)?;
        add(to, b"elst", |to| {
            to.extend([1, 0, 0, 0]);
            to.extend(u32::try_from(edits.len()).unwrap_or(u32::MAX).to_be_bytes());
            for (duration, time, rate) in edits {
                to.extend(rescale(duration, self.movie_timescale, timescale).to_be_bytes());
                to.extend(time.to_be_bytes());
                to.extend(rate.to_be_bytes());
            }
            Ok(())
        })
    }

    fn media(&self, to: &mut Vec<u8>, mdia: &[u8]) -> Done<()> {
        for it in children(mdia) {
            let it = it?;
            match (&it.letters, self.language.as_deref().and_then(language::packed)) {
                (b"mdhd", Some(code)) => {
                    let start = to.len() + 8;
                    to.extend(it.whole_of_short()?);
                    let place = if version_at(it.body)?.0 == 1 { 32 } else { 20 };
                    put(to, start + place, &code.to_be_bytes())?;
                }
                (b"minf", _) => add(to, b"minf", |to| self.information(to, it.body))?,
                _ => to.extend(it.whole),
            }
        }
        Ok(())
    }

    fn information(&self, to: &mut Vec<u8>, minf: &[u8]) -> Done<()> {
        for it in children(minf) {
            let it = it?;
            if it.letters != *b"stbl" {
                to.extend(it.whole);
                continue;
            }
            add(to, b"stbl", |to| {
                for it in children(it.body) {
                    let it = it?;
                    if it.letters != *b"stsd" {
                        to.extend(it.whole);
                        continue;
                    }
                    add(to, b"stsd", |to| {
                        to.extend(letters_at(it.body, 0)?);
                        to.extend(u32::try_from(self.init.entries.len()).unwrap_or(u32::MAX).to_be_bytes());
                        self.init.entries.iter().for_each(|entry| to.extend(entry));
                        Ok(())
                    })?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

fn place_of(index: u32) -> Option<usize> {
    usize::try_from(index).ok()?.checked_sub(1)
}

/// The number of the track at `place`.
pub(super) fn number(place: usize) -> u32 {
    u32::try_from(place + 1).unwrap_or(u32::MAX)
}

/// An `mvhd` of version 1, which has room for any duration.
fn movie_header(to: &mut Vec<u8>, mvhd: &[u8], duration: u64, next: u32) -> Done<()> {
    let place = timescale_place(mvhd)?;
    let rest = if version_at(mvhd)?.0 == 1 { place + 12 } else { place + 8 };
    let rest = mvhd.get(rest..).and_then(|rest| rest.first_chunk::<80>());
    let rest = rest.ok_or(Stop::Bad("a box ends early"))?;
    to.extend([1, 0, 0, 0]);
    // When it was made is not told.
    to.extend([0; 16]);
    to.extend(letters_at(mvhd, place)?);
    to.extend(duration.to_be_bytes());
    to.extend(&rest[..76]);
    to.extend(next.to_be_bytes());
    Ok(())
}

/// A time in other units, rounded up.
fn rescale(time: u64, from: u32, to: u32) -> u64 {
    let scaled = (u128::from(time) * u128::from(to)).div_ceil(u128::from(from.max(1)));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}
