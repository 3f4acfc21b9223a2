//! The fragments of a file, one after the other.

use std::collections::BTreeMap;

use qetch_core::PartStart;

use super::{
    boxes::Head,
    fragment::Fragment,
    init::Init,
    movie::{Bound, Movie},
};
use crate::mux::{
    source::Source,
    stop::{Done, Stop},
};

/// A `moof` is held in memory.
const LARGEST: u64 = 16 << 20;

/// No writer splits the data of a fragment so often.
const MOST_DATA: usize = 1024;

/// The fragments of a file, one after the other.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) source: Source,
    /// The place of the file among the others.
    file: usize,
    language: Option<String>,
    pub(super) parts: Vec<PartStart>,
    at: u64,
    part: usize,
    bound: Vec<Bound>,
    /// When the next sample of a track is decoded, where a fragment does not say.
    next: BTreeMap<usize, u64>,
}

impl Reader {
    pub(super) fn new(source: Source, file: usize, language: Option<String>, parts: Vec<PartStart>) -> Self {
        let next = BTreeMap::new();
        Self { source, file, language, parts, at: 0, part: 0, bound: Vec::new(), next }
    }

    /// Begins at the front again.
    pub(super) fn rewind(&mut self) {
        (self.at, self.part) = (0, 0);
        self.bound.clear();
        self.next.clear();
    }

    /// The next fragment, with the part that it is of and the time of each of its tracks; its tracks are bound to `movie`.
    pub(super) fn next(&mut self, movie: &mut Movie) -> Done<Option<(usize, Fragment)>> {
        self.next_of(movie).map_err(|stop| stop.of(self.source.path()))
    }

    fn next_of(&mut self, movie: &mut Movie) -> Done<Option<(usize, Fragment)>> {
        while self.at < self.source.len() {
            while self.parts.get(self.part + 1).is_some_and(|part| part.offset <= self.at) {
                self.part += 1;
            }
            let limit = self.limit();
            let head = Head::read(&mut self.source, self.at, limit)?;
            self.at = head.end;
            match &head.letters {
                b"moov" => {
                    let init = Init::read(&mut self.source, head)?;
                    self.bound = movie.bind(self.file, &init, self.language.as_deref())?;
                }
                b"moof" => {
                    let part = self.part;
                    let fragment = self.fragment(head)?;
                    if !fragment.tracks.is_empty() {
                        return Ok(Some((part, fragment)));
                    }
                }
                // Indexes and events speak of places that are no more, and what is unknown may.
                _ => (),
            }
        }
        Ok(None)
    }

    /// Where the part ends.
    fn limit(&self) -> u64 {
        let end = self.source.len();
        self.parts.get(self.part + 1).map_or(end, |next| next.offset.min(end))
    }

    fn fragment(&mut self, head: Head) -> Done<Fragment> {
        if head.end - head.body > LARGEST {
            return Err(Stop::Bad("a fragment's header of more than 16 MiB"));
        }
        if self.bound.is_empty() {
            return Err(Stop::Bad("a fragment before its initialisation"));
        }
        let moof = self.source.read_range(head.body..head.end)?;
        let mut fragment = Fragment::parse(head.start, head.body - head.start, moof, &self.bound)?;
        fragment.origin = self.parts.get(self.part).map_or(0, |part| part.offset);
        let limit = self.limit();
        while self.at < limit {
            let head = Head::read(&mut self.source, self.at, limit)?;
            match &head.letters {
                b"moof" | b"moov" => break,
                b"mdat" if fragment.data.len() == MOST_DATA => {
                    return Err(Stop::Bad("a fragment of more than 1024 pieces"));
                }
                b"mdat" => fragment.data.push(head.body..head.end),
                _ => (),
            }
            self.at = head.end;
        }
        for track in &mut fragment.tracks {
            let next = self.next.entry(track.bound.place).or_default();
            let time = *track.time.get_or_insert(*next);
            *next = time.checked_add(track.duration).ok_or(Stop::Bad("a time past any time"))?;
        }
        Ok(fragment)
    }
}
