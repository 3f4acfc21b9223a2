//! A run of samples: `trun` (ISO/IEC 14496-12, 8.8.8).

use super::boxes::{add, u32_at, version_at};
use crate::mux::stop::{Done, Stop};

const OFFSET: u32 = 0x1;
const FIRST_FLAGS: u32 = 0x4;
const DURATION: u32 = 0x100;
const SIZE: u32 = 0x200;

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

    /// Writes it with room for an offset, and answers where that is. `first` is added to the size of its first sample, where
    /// `size` is that of those of which nothing is said.
    pub(super) fn write(&self, to: &mut Vec<u8>, first: u32, size: u32) -> Done<usize> {
        let mut place = 0;
        let with_sizes = if first == 0 { 0 } else { SIZE };
        add(to, b"trun", |to| {
            to.extend(((u32::from(self.version) << 24) | self.flags | OFFSET | with_sizes).to_be_bytes());
            to.extend(self.count.to_be_bytes());
            place = to.len();
            to.extend([0; 4]);
            if first == 0 {
                to.extend(self.rest);
                return Ok(());
            }
            to.extend(&self.rest[..self.rest.len() - self.samples.len()]);
            self.sized(to, first, size)
        })?;
        Ok(place)
    }

    /// Writes what is said of each sample, with its size.
    fn sized(&self, to: &mut Vec<u8>, first: u32, size: u32) -> Done<()> {
        let duration = if self.flags & DURATION != 0 { 4 } else { 0 };
        let len = self.record();
        let mut more = first;
        for index in 0..usize::try_from(self.count).unwrap_or(usize::MAX) {
            let record = self.samples.get(index * len..(index + 1) * len).unwrap_or_default();
            let (before, mut behind) = record.split_at(duration.min(len));
            let mut own = size;
            if self.flags & SIZE != 0 {
                own = u32_at(behind, 0)?;
                behind = &behind[4..];
            }
            to.extend(before);
            to.extend(own.checked_add(more).ok_or(Stop::Bad("a sample of more than 4 GiB"))?.to_be_bytes());
            to.extend(behind);
            more = 0;
        }
        Ok(())
    }
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
        let place = Run::parse(&bytes).unwrap().write(&mut out, 0, 0).unwrap();
        assert_eq!(place, 1 + 8 + 8);
        assert_eq!(out[1..], *b"\0\0\0\x1ctrun\x01\0\x02\x05\0\0\0\x01\0\0\0\0\0\0\0\x09\0\0\0\x05");
    }
    #[test]
    fn its_first_sample_grows() {
        let written = |words: &[u32]| {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            let mut out = Vec::new();
            Run::parse(&bytes).unwrap().write(&mut out, 3, 100).unwrap();
            let words: Vec<u32> = (8..out.len()).step_by(4).map(|at| u32_at(&out, at).unwrap()).collect();
            words
        };
        assert_eq!(written(&[0x204, 2, 9, 5, 6]), [0x205, 2, 0, 9, 8, 6]);
        assert_eq!(written(&[0x900, 2, 1, 2, 3, 4]), [0xb01, 2, 0, 1, 103, 2, 3, 100, 4]);
        assert_eq!(written(&[0, 1]), [0x201, 1, 0, 103]);
    }
}
