//! A fragment: its `moof` (ISO/IEC 14496-12, 8.8.4) and the `mdat`s behind it, read and written anew.

use std::ops::Range;

use super::{
    boxes::{Child, add, children, put, u32_at, u64_at, version_at},
    movie::{Bound, number},
    run::{Change, Run},
};
use crate::mux::stop::{Done, Stop};

const NO_FITTING_DATA: &str = "its data is not behind its fragment";

/// A fragment, as it stands in its file.
#[derive(Debug)]
pub(super) struct Fragment {
    /// Where the `moof` begins in the file, and its body.
    pub(super) start: u64,
    pub(super) header: u64,
    /// Where its part begins in the file.
    pub(super) origin: u64,
    pub(super) moof: Vec<u8>,
    /// The bodies of the `mdat`s, in their order.
    pub(super) data: Vec<Range<u64>>,
    pub(super) tracks: Vec<TrackFragment>,
}

/// What a fragment has of a track.
#[derive(Clone, Debug)]
pub(super) struct TrackFragment {
    pub(super) bound: Bound,
    /// When its first sample is decoded, and how long all last, in the units of the track; `None` where it does not say.
    pub(super) time: Option<u64>,
    pub(super) duration: u64,
    /// Its `traf` in the `moof`.
    traf: Range<usize>,
    header: Header,
}

/// A `tfhd` (8.8.7).
#[derive(Clone, Copy, Debug)]
struct Header {
    flags: u32,
    base: Option<u64>,
    description: Option<u32>,
    duration: Option<u32>,
    size: Option<u32>,
    sample_flags: Option<u32>,
}

/// What is said of samples is not much more than was.
const LARGEST: usize = 64 << 20;

/// Samples of a run whose sizes may be told one by one.
const MOST_SIZED: u32 = 1 << 20;

const BASE: u32 = 0x1;
const DESCRIPTION: u32 = 0x2;
const DURATION: u32 = 0x8;
const SIZE: u32 = 0x10;
const FLAGS: u32 = 0x20;
const EMPTY: u32 = 0x01_0000;
const BASE_IS_MOOF: u32 = 0x02_0000;

impl Fragment {
    /// Reads the body of a `moof`, whose tracks are `bound`.
    pub(super) fn parse(start: u64, header: u64, moof: Vec<u8>, bound: &[Bound]) -> Done<Self> {
        let mut tracks: Vec<TrackFragment> = Vec::new();
        for it in children(&moof) {
            let it = it?;
            if it.letters == *b"traf" {
                let track = TrackFragment::parse(it, bound)?;
                let is_again = |other: &TrackFragment| other.bound.place == track.bound.place;
                // 8.8.6 allows it, and nobody writes it.
                if tracks.iter().any(is_again) {
                    return Err(Stop::apart("a fragment has two runs of one track"));
                }
                tracks.push(track);
            }
        }
        Ok(Self { start, header, origin: 0, moof, data: Vec::new(), tracks })
    }

    /// The bytes of the `moof` and of the header of the `mdat` for the movie: numbered, with each track's time. And what is
    /// put between the data, in its order.
    pub(super) fn write(&self, sequence: u32, times: &[u64]) -> Done<(Vec<u8>, Vec<Insertion<'_>>)> {
        let mut out = Vec::with_capacity(self.moof.len() + 256);
        // Where an offset into the data is to be put, how wide it is, and where it pointed to.
        let (mut offsets, mut insertions) = (Vec::new(), Vec::new());
        let mut kept = Vec::new();
        let mut base = self.start;
        add(&mut out, b"moof", |to| {
            add(to, b"mfhd", |to| {
                to.extend([0; 4]);
                to.extend(sequence.to_be_bytes());
                Ok(())
            })?;
            for (track, time) in self.tracks.iter().zip(times) {
                add(to, b"traf", |to| {
                    track.header_of(to)?;
                    add(to, b"tfdt", |to| {
                        let time = track.bound.scale.map_or(Ok(*time), |scale| scale.of(*time))?;
                        to.extend([1, 0, 0, 0]);
                        to.extend(time.to_be_bytes());
                        Ok(())
                    })?;
                    let body = self.moof.get(track.traf.clone()).unwrap_or_default();
                    let at = track.traf.start as u64 + self.start + self.header;
                    let from = self.base(track, base);
                    let (end, insertion) =
                        track.rest(to, body, (at, from, *time), &mut offsets, &mut kept)?;
                    base = end;
                    insertions.extend(insertion);
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        insertions.sort_by_key(|insertion| insertion.at);
        let inserted: u64 = insertions.iter().map(|insertion| insertion.bytes.len() as u64).sum();
        let len = self.data.iter().map(|data| data.end - data.start).sum::<u64>() + inserted;
        let moof = out.len() as u64;
        match u32::try_from(len.saturating_add(8)) {
            Ok(size) => out.extend(size.to_be_bytes()),
            Err(_) => out.extend(1_u32.to_be_bytes()),
        }
        out.extend(b"mdat");
        if u32::try_from(len.saturating_add(8)).is_err() {
            out.extend(len.saturating_add(16).to_be_bytes());
        }
        let places = Places {
            header: out.len() as u64,
            starts: self.starts(),
            data: &self.data,
            insertions,
            kept,
            moof,
        };
        for offset in &offsets {
            places.put(&mut out, offset)?;
        }
        Ok((out, places.insertions))
    }

    /// Where the offsets of a track count from, when the data of the track before ended at `before` (8.8.7.1). A place that
    /// the fragment names itself was right in the file that it was cut from: what is not here is taken from the begin of
    /// the part, else from the fragment.
    fn base(&self, track: &TrackFragment, before: u64) -> u64 {
        let end = self.data.last().map_or(self.start, |data| data.end);
        let here = |base: &u64| (self.start..=end).contains(base);
        match track.header.base {
            Some(base) => {
                let of_part = self.origin.checked_add(base).filter(here);
                Some(base).filter(here).or(of_part).unwrap_or(self.start)
            }
            None if track.header.flags & BASE_IS_MOOF != 0 => self.start,
            None => before,
        }
    }

    /// Where each `mdat` begins among the data.
    fn starts(&self) -> Vec<u64> {
        let mut start = 0;
        let starts = self.data.iter().map(|data| {
            let at = start;
            start += data.end - data.start;
            at
        });
        starts.collect()
    }
}

/// Bytes that are put between the data, before what stands at a place of the file.
#[derive(Debug)]
pub(super) struct Insertion<'a> {
    pub(super) at: u64,
    pub(super) bytes: &'a [u8],
}

/// An offset that is to be put.
#[derive(Debug)]
struct Offset {
    /// Where in what is written, and in how many bytes.
    place: usize,
    is_long: bool,
    /// Where it points to in the file that was read, and how many bytes are there.
    from: u64,
    len: u64,
}

/// Where what was read stands in what is written.
#[derive(Debug)]
struct Places<'a> {
    /// The bytes before the data.
    header: u64,
    moof: u64,
    starts: Vec<u64>,
    data: &'a [Range<u64>],
    insertions: Vec<Insertion<'a>>,
    /// Boxes that are as they were: where they stood in the file, and where they stand in the `moof`.
    kept: Vec<(Range<u64>, u64)>,
}

impl Places<'_> {
    fn put(&self, out: &mut [u8], offset: &Offset) -> Done<()> {
        let to = self.find(offset).ok_or_else(|| Stop::apart(NO_FITTING_DATA))?;
        if offset.is_long {
            return put(out, offset.place, &to.to_be_bytes());
        }
        let to = i32::try_from(to).map_err(|_| Stop::apart("a fragment of more than 2 GiB"))?;
        put(out, offset.place, &to.to_be_bytes())
    }

    fn find(&self, offset: &Offset) -> Option<u64> {
        let end = offset.from.checked_add(offset.len)?;
        let index = self.data.partition_point(|data| data.end < end);
        if let Some(data) = self.data.get(index).filter(|data| data.start <= offset.from) {
            // What is put right before it belongs to it.
            let before = self.insertions.iter().filter(|it| it.at < offset.from);
            let inserted: u64 = before.map(|it| it.bytes.len() as u64).sum();
            return Some(self.header + self.starts.get(index)? + (offset.from - data.start) + inserted);
        }
        let index = self.kept.partition_point(|(kept, _)| kept.end <= offset.from);
        let (kept, to) =
            self.kept.get(index).filter(|(kept, _)| kept.start <= offset.from && end <= kept.end)?;
        Some(to + (offset.from - kept.start)).filter(|to| *to < self.moof)
    }
}

impl TrackFragment {
    fn parse(traf: Child<'_>, bound: &[Bound]) -> Done<Self> {
        let (mut header, mut time, mut duration) = (None, None, 0_u64);
        for it in children(traf.body) {
            let it = it?;
            match &it.letters {
                b"tfhd" if header.is_none() => {
                    let id = u32_at(it.body, 4)?;
                    let bound = bound.iter().find(|bound| bound.id == id);
                    header =
                        Some((Header::parse(it.body)?, bound.ok_or(Stop::Bad("a fragment of no track"))?));
                }
                b"tfdt" => {
                    time = Some(match version_at(it.body)?.0 {
                        1 => u64_at(it.body, 4)?,
                        _ => u64::from(u32_at(it.body, 4)?),
                    });
                }
                b"trun" => {
                    let (header, bound) = header.as_ref().ok_or(Stop::Bad("a run before its header"))?;
                    let run = Run::parse(it.body)?;
                    let (lasts, _) = run.measure(header.default_duration(bound), 0)?;
                    duration = duration.checked_add(lasts).ok_or(Stop::Bad("a duration past any time"))?;
                }
                _ => (),
            }
        }
        let (header, bound) = header.ok_or(Stop::Bad("a fragment of a track without its header"))?;
        let body = traf.at + traf.whole.len() - traf.body.len();
        let traf = body..body + traf.body.len();
        Ok(Self { bound: bound.clone(), time, duration, traf, header })
    }

    /// Writes its `tfhd`: offsets count from the `moof`, and what the movie's defaults do not say is said here.
    fn header_of(&self, to: &mut Vec<u8>) -> Done<()> {
        let (it, own, out) = (&self.header, &self.bound.defaults, &self.bound.out);
        let description = self.bound.description(it.description.unwrap_or(own.description))?;
        let unless = |value: Option<u32>, own: u32, out: u32| value.or((own != out).then_some(own));
        let fields = [
            (DESCRIPTION, Some(description).filter(|it| *it != out.description)),
            (DURATION, unless(it.duration, own.duration, out.duration)),
            (SIZE, unless(it.size, own.size, out.size)),
            (FLAGS, unless(it.sample_flags, own.flags, out.flags)),
        ];
        let set = fields.iter().filter(|(_, value)| value.is_some()).fold(0, |set, (flag, _)| set | flag);
        add(to, b"tfhd", |to| {
            to.extend((BASE_IS_MOOF | it.flags & EMPTY | set).to_be_bytes());
            to.extend(number(self.bound.place).to_be_bytes());
            fields.iter().filter_map(|(_, value)| *value).for_each(|value| to.extend(value.to_be_bytes()));
            Ok(())
        })
    }

    /// Writes the other boxes of the `traf`, whose body stands at `at` of the file, whose offsets count from `base`, and
    /// whose first sample is decoded at `time`.
    /// Answers where its data ends, and what is put in front of its first sample.
    fn rest<'a>(
        &'a self,
        to: &mut Vec<u8>,
        body: &[u8],
        (at, base, mut time): (u64, u64, u64),
        offsets: &mut Vec<Offset>,
        kept: &mut Vec<(Range<u64>, u64)>,
    ) -> Done<(u64, Option<Insertion<'a>>)> {
        let sizes = self.header.size.unwrap_or(self.bound.defaults.size);
        let sets = self.bound.sets(self.header.description.unwrap_or(self.bound.defaults.description));
        let mut insertion = None;
        let mut next = base;
        for it in children(body) {
            let it = it?;
            match &it.letters {
                b"tfhd" | b"tfdt" => (),
                b"trun" => {
                    let run = Run::parse(it.body)?;
                    let (_, len) = run.measure(0, sizes)?;
                    if run.count == 0 {
                        continue;
                    }
                    let from = match run.offset {
                        Some(offset) => base.checked_add_signed(offset.into()),
                        None => Some(next),
                    };
                    let from = from.ok_or(Stop::Bad(NO_FITTING_DATA))?;
                    next = from.checked_add(len).ok_or(Stop::Bad(NO_FITTING_DATA))?;
                    let duration = self.header.default_duration(&self.bound);
                    let mut change =
                        Change { size: sizes, duration, scale: self.bound.scale, time, ..Change::default() };
                    // A run of many samples of which nothing is said is no video.
                    if insertion.is_none() && !sets.is_empty() && run.count <= MOST_SIZED {
                        insertion = Some(Insertion { at: from, bytes: sets });
                        change.first = u32::try_from(sets.len()).unwrap_or_default();
                    }
                    let place = run.write(to, &change)?;
                    time = time.saturating_add(run.measure(duration, 0)?.0);
                    if to.len() > LARGEST {
                        return Err(Stop::apart("a fragment's header of more than 64 MiB"));
                    }
                    offsets.push(Offset { place, is_long: false, from, len });
                }
                b"saio" => auxiliary(to, it.body, base, offsets)?,
                _ => {
                    let start = at + it.at as u64;
                    kept.push((start..start + it.whole.len() as u64, to.len() as u64));
                    to.extend(it.whole);
                }
            }
        }
        Ok((next, insertion))
    }
}

impl Header {
    fn parse(tfhd: &[u8]) -> Done<Self> {
        let (_, flags) = version_at(tfhd)?;
        let mut at = 8;
        let mut take = |flag: u32, len: usize| {
            let place = at;
            at += if flags & flag == 0 { 0 } else { len };
            (flags & flag != 0).then_some(place)
        };
        let base = take(BASE, 8).map(|at| u64_at(tfhd, at)).transpose()?;
        let mut word = |flag| take(flag, 4).map(|at| u32_at(tfhd, at)).transpose();
        Ok(Self {
            flags,
            base,
            description: word(DESCRIPTION)?,
            duration: word(DURATION)?,
            size: word(SIZE)?,
            sample_flags: word(FLAGS)?,
        })
    }

    fn default_duration(&self, bound: &Bound) -> u32 {
        self.duration.unwrap_or(bound.defaults.duration)
    }
}

/// Writes a `saio` (8.7.9), whose offsets count from `base`.
fn auxiliary(to: &mut Vec<u8>, saio: &[u8], base: u64, offsets: &mut Vec<Offset>) -> Done<()> {
    let (version, flags) = version_at(saio)?;
    let head = if flags & 1 == 0 { 4 } else { 12 };
    let count = u32_at(saio, head)?;
    let list = saio.get(head + 4..).unwrap_or_default();
    let (is_long, len) = if version == 0 { (false, 4) } else { (true, 8) };
    if usize::try_from(count).ok().and_then(|count| count.checked_mul(len)) != Some(list.len()) {
        return Err(Stop::Bad("a list of another length than it says"));
    }
    add(to, b"saio", |to| {
        to.extend(&saio[..head + 4]);
        for entry in list.chunks_exact(len) {
            let offset = if is_long { u64_at(entry, 0)? } else { u64::from(u32_at(entry, 0)?) };
            let from = base.checked_add(offset).ok_or(Stop::Bad(NO_FITTING_DATA))?;
            offsets.push(Offset { place: to.len(), is_long, from, len: 0 });
            to.extend(entry);
        }
        Ok(())
    })
}
