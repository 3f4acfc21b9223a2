//! A run of samples: `trun` (ISO/IEC 14496-12, 8.8.8).

use super::boxes::{add, u32_at, version_at};
use crate::mux::stop::{Done, Stop};

const OFFSET: u32 = 0x1;
const FIRST_FLAGS: u32 = 0x4;
const DURATION: u32 = 0x100;
const SIZE: u32 = 0x200;
const FLAGS: u32 = 0x400;
const OFFSETS: u32 = 0x800;

/// Samples of a run of which more may be said than was.
const MOST_CHANGED: u32 = 1 << 20;

/// A run of samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    version: u8,
    flags: u32,
    pub(super) count: u32,
    /// Where its data begins, from the base of the track fragment.
    pub(super) offset: Option<i32>,
    /// The flags of the first sample, and what is said of each.
    rest: &'a [u8],
    samples: &'a [u8],
}

impl<'a> Run<'a> {
    pub(super) fn parse(trun: &'a [u8]) -> Done<Self> {
        let (version, flags) = version_at(trun)?;
        let count = u32_at(trun, 4)?;
        let offset = (flags & OFFSET != 0).then(|| u32_at(trun, 8)).transpose()?.map(u32::cast_signed);
        let early = Stop::Bad("a run of samples ends early");
        let Some(rest) = trun.get(if offset.is_some() { 12 } else { 8 }..) else { return Err(early) };
        let Some(samples) = rest.get(if flags & FIRST_FLAGS != 0 { 4 } else { 0 }..) else {
            return Err(early);
        };
        let run = Self { version, flags, count, offset, rest, samples };
        let len = usize::try_from(count).ok().and_then(|count| count.checked_mul(run.record()));
        if len.is_none_or(|len| len > samples.len()) {
            return Err(early);
        }
        Ok(run)
    }

    /// The bytes that are said of each sample.
    fn record(&self) -> usize {
        4 * usize::try_from((self.flags & 0xf00).count_ones()).unwrap_or(4)
    }

    /// How long its samples last and how many bytes they have, where those are the defaults.
    pub(super) fn measure(&self, duration: u32, size: u32) -> Done<(u64, u64)> {
        let has_durations = self.flags & DURATION != 0;
        let size_place = if has_durations { 4 } else { 0 };
        Ok((
            self.sum(has_durations.then_some(0), duration)?,
            self.sum((self.flags & SIZE != 0).then_some(size_place), size)?,
        ))
    }

    /// The sum of what stands at `place` of each record; of as many defaults where nothing does.
    fn sum(&self, place: Option<usize>, default: u32) -> Done<u64> {
        let Some(place) = place else { return Ok(u64::from(self.count) * u64::from(default)) };
        let mut sum = 0;
        for record in self.records() {
            // No more than 2^32 of less than 2^32 each.
            sum += u64::from(u32_at(record, place)?);
        }
        Ok(sum)
    }

    fn records(&self) -> impl Iterator<Item = &'a [u8]> {
        // One that is empty is never asked for.
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        self.samples.chunks_exact(self.record().max(4)).take(count)
    }

    /// Writes it with room for an offset, and answers where that is.
    pub(super) fn write(&self, to: &mut Vec<u8>, change: &Change) -> Done<usize> {
        let mut place = 0;
        let sizes = if change.first == 0 { 0 } else { SIZE };
        let durations = if change.scale.is_none() { 0 } else { DURATION };
        add(to, b"trun", |to| {
            let flags = self.flags | OFFSET | sizes | durations;
            to.extend(((u32::from(self.version) << 24) | flags).to_be_bytes());
            to.extend(self.count.to_be_bytes());
            place = to.len();
            to.extend([0; 4]);
            if sizes | durations == 0 {
                to.extend(self.rest);
                return Ok(());
            }
            to.extend(&self.rest[..self.rest.len() - self.samples.len()]);
            self.changed(to, flags, change)
        })?;
        Ok(place)
    }

    /// Writes what `flags` say of each sample, changed.
    fn changed(&self, to: &mut Vec<u8>, flags: u32, change: &Change) -> Done<()> {
        if self.count > MOST_CHANGED {
            return Err(Stop::apart("a run of more than a million samples"));
        }
        let len = self.record();
        let (mut more, mut time) = (change.first, change.time);
        for index in 0..usize::try_from(self.count).unwrap_or(usize::MAX) {
            let record = self.samples.get(index * len..(index + 1) * len).unwrap_or_default();
            let mut at = 0;
            let mut field = |flag: u32| {
                let place = (self.flags & flag != 0).then_some(at);
                at += if place.is_some() { 4 } else { 0 };
                place.map(|at| u32_at(record, at)).transpose()
            };
            let mut duration = field(DURATION)?.unwrap_or(change.duration);
            let size = field(SIZE)?.unwrap_or(change.size);
            let (sample_flags, mut offset) = (field(FLAGS)?, field(OFFSETS)?);
            if let Some(scale) = change.scale {
                let end = time.checked_add(duration.into()).ok_or(Stop::Bad("a time past any time"))?;
                duration = u32::try_from(scale.of(end)? - scale.of(time)?).map_err(|_| too_long())?;
                offset = offset.map(|offset| scale.offset(offset, self.version)).transpose()?;
                time = end;
            }
            let size = size.checked_add(more).ok_or(Stop::Bad("a sample of more than 4 GiB"))?;
            more = 0;
            let fields =
                [(DURATION, Some(duration)), (SIZE, Some(size)), (FLAGS, sample_flags), (OFFSETS, offset)];
            let said = fields.into_iter().filter(|(flag, _)| flags & flag != 0);
            said.filter_map(|(_, value)| value).for_each(|value| to.extend(value.to_be_bytes()));
        }
        Ok(())
    }
}

/// How what is said of the samples of a run changes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Change {
    /// What is added to the size of the first sample.
    pub(super) first: u32,
    /// The size and the duration of samples of which nothing is said.
    pub(super) size: u32,
    pub(super) duration: u32,
    /// The units of the movie, and when the first sample is decoded in those of the file.
    pub(super) scale: Option<Scale>,
    pub(super) time: u64,
}

/// From the units of a file to those of the movie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    pub(super) from: u32,
    pub(super) to: u32,
}

impl Scale {
    /// A time, rounded down: what lasts from one to another is told without a drift.
    pub(super) fn of(self, time: u64) -> Done<u64> {
        let scaled = u128::from(time) * u128::from(self.to) / u128::from(self.from.max(1));
        u64::try_from(scaled).map_err(|_| too_long())
    }

    /// A composition offset, which has a sign in all versions but the first.
    fn offset(self, offset: u32, version: u8) -> Done<u32> {
        let scale = |offset: i64| offset * i64::from(self.to) / i64::from(self.from.max(1));
        match version {
            0 => u32::try_from(scale(offset.into())).map_err(|_| too_long()),
            _ => i32::try_from(scale(offset.cast_signed().into()))
                .map(i32::cast_unsigned)
                .map_err(|_| too_long()),
        }
    }
}

fn too_long() -> Stop {
    Stop::Bad("a time past any time")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a run says of itself, with 10 and 100 for defaults: how long it lasts, its bytes, its offset.
    #[track_caller]
    fn check(words: &[u32], expected: Option<(u64, u64, Option<i32>)>) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let measured = Run::parse(&bytes).and_then(|run| {
            let (lasts, len) = run.measure(10, 100)?;
            Ok((lasts, len, run.offset))
        });
        assert_eq!(measured.ok(), expected);
    }

    #[test]
    fn what_is_said_of_each_goes_before_the_defaults() {
        check(&[0, 3], Some((30, 300, None)));
        check(&[1, 3, 0xffff_fff8], Some((30, 300, Some(-8))));
        check(&[0x100, 2, 7, 8], Some((15, 200, None)));
        check(&[0x300, 2, 7, 1, 8, 2], Some((15, 3, None)));
        check(&[0xe05, 1, 64, 0, 5, 6, 7], Some((10, 5, Some(64))));
        check(&[0, u32::MAX], Some((u64::from(u32::MAX) * 10, u64::from(u32::MAX) * 100, None)));
    }

    #[test]
    fn runs_that_end_early_are_found() {
        check(&[0x100, 2, 7], None);
        check(&[0x100, u32::MAX, 7], None);
        check(&[0x5, 0, 64], None);
        check(&[0], None);
    }

    #[test]
    fn it_is_written_with_room_for_an_offset() {
        let bytes: Vec<u8> = [0x0100_0204_u32, 1, 9, 5].iter().flat_map(|word| word.to_be_bytes()).collect();
        let mut out = vec![0xaa];
        let place = Run::parse(&bytes).unwrap().write(&mut out, &Change::default()).unwrap();
        assert_eq!(place, 1 + 8 + 8);
        assert_eq!(out[1..], *b"\0\0\0\x1ctrun\x01\0\x02\x05\0\0\0\x01\0\0\0\0\0\0\0\x09\0\0\0\x05");
    }
    fn changed(words: &[u32], change: &Change) -> Vec<u32> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let mut out = Vec::new();
        Run::parse(&bytes).unwrap().write(&mut out, change).unwrap();
        (8..out.len()).step_by(4).map(|at| u32_at(&out, at).unwrap()).collect()
    }

    #[test]
    fn times_change_their_units_without_a_drift() {
        let scale = Some(Scale { from: 3, to: 10 });
        let change = Change { scale, time: 1, duration: 1, ..Change::default() };
        assert_eq!(changed(&[0, 3], &change), [0x101, 3, 0, 3, 4, 3]);
        assert_eq!(changed(&[0x900, 2, 3, 6, 1, 1], &change), [0x901, 2, 0, 10, 20, 3, 3]);
        let negative = (-6_i32).cast_unsigned();
        let written = changed(&[0x0100_0800, 1, negative], &change);
        assert_eq!(written, [0x0100_0901, 1, 0, 3, (-20_i32).cast_unsigned()]);
        assert!(Scale { from: 1, to: 2 }.of(u64::MAX).is_err());
    }

    #[test]
    fn its_first_sample_grows() {
        let written = |words: &[u32]| changed(words, &Change { first: 3, size: 100, ..Change::default() });
        assert_eq!(written(&[0x204, 2, 9, 5, 6]), [0x205, 2, 0, 9, 8, 6]);
        assert_eq!(written(&[0x900, 2, 1, 2, 3, 4]), [0xb01, 2, 0, 1, 103, 2, 3, 100, 4]);
        assert_eq!(written(&[0, 1]), [0x201, 1, 0, 103]);
    }
}
