//! When the parts of the files begin in the movie.

use std::{collections::BTreeMap, time::Duration};

use crate::mux::stop::{Done, Stop};

/// Units of a second in which timelines meet: so fine that a tick of any track comes back as it was.
const SECOND: i128 = 1_000_000_000_000_000;

/// Parts that would begin so near to where an earlier timeline has them go on with that timeline: what a playlist says of
/// times is rounded.
const NEAR: i128 = SECOND / 4;

/// The same for the first parts of files. These tell of one clock, unless they are further apart than anybody's files.
const NEAR_FIRST: i128 = 10 * SECOND;

/// A part of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// Where it begins in the medium, where that is known.
    pub(super) start: Option<Duration>,
    /// Of each track of the movie, when its first sample is decoded here, and when its last one ends.
    pub(super) tracks: BTreeMap<usize, (i128, i128)>,
}

impl Part {
    /// Takes in samples of a track.
    pub(super) fn add(&mut self, place: usize, timescale: u32, time: u64, duration: u64) {
        let (from, to) = (seconds(time, timescale), seconds(time.saturating_add(duration), timescale));
        let (first, end) = self.tracks.entry(place).or_insert((from, to));
        *first = from.min(*first);
        *end = to.max(*end);
    }

    fn first(&self) -> Option<i128> {
        self.tracks.values().map(|(first, _)| *first).min()
    }
}

/// A time of a track.
pub(super) fn seconds(time: u64, timescale: u32) -> i128 {
    i128::from(time) * SECOND / i128::from(timescale.max(1))
}

/// A shift in the units of a track.
pub(super) fn ticks(shift: i128, timescale: u32) -> Done<i128> {
    let scaled = shift.checked_mul(timescale.into()).and_then(|it| it.checked_add(SECOND / 2));
    Ok(scaled.ok_or(Stop::Bad("a time past any time"))?.div_euclid(SECOND))
}

/// What is added to the times of each part of each file. The movie begins at 0; within a part nothing moves; the first parts
/// of all files keep their distances, and so does what goes on where an earlier part ended; every other part begins where
/// its start says, and none before the end of the one before it.
pub(super) fn shifts(files: &[Vec<Part>]) -> Vec<Vec<i128>> {
    let mut all: Vec<Vec<i128>> = Vec::with_capacity(files.len());
    for parts in files {
        let shifts = of_file(parts, all.first().map(Vec::as_slice).unwrap_or_default());
        all.push(shifts);
    }
    let begins = files.iter().zip(&all).filter_map(|(parts, shifts)| {
        parts.iter().zip(shifts).find_map(|(part, shift)| Some(part.first()? + shift))
    });
    let begin = begins.min().unwrap_or_default();
    all.iter_mut().flatten().for_each(|shift| *shift -= begin);
    all
}

/// Those of a file, beside those of the first one.
fn of_file(parts: &[Part], leading: &[i128]) -> Vec<i128> {
    let mut shifts: Vec<i128> = Vec::with_capacity(parts.len());
    let mut ends: BTreeMap<usize, i128> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        let (before, leader) = (shifts.last().copied(), leading.get(index).copied());
        let Some(first) = part.first() else {
            shifts.push(before.or(leader).unwrap_or_default());
            continue;
        };
        let own = part.start.map(|start| femtoseconds(start) - first);
        let near = if index == 0 { NEAR_FIRST } else { NEAR };
        let fits = |shift: &i128| own.is_none_or(|own| (shift - own).abs() <= near);
        let shift = before.filter(fits).or(leader.filter(fits)).or(own).unwrap_or(-first);
        let overlap =
            part.tracks.iter().filter_map(|(place, (first, _))| Some(ends.get(place)? - (first + shift)));
        let shift = shift + overlap.max().unwrap_or_default().max(0);
        for (place, (_, end)) in &part.tracks {
            ends.insert(*place, end + shift);
        }
        shifts.push(shift);
    }
    shifts
}

fn femtoseconds(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX / SECOND).saturating_mul(SECOND / 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part that starts in the medium at so many milliseconds, with tracks that last so long by its own clock.
    fn part(start: Option<u64>, tracks: &[(usize, u64, u64)]) -> Part {
        let mut part = Part { start: start.map(Duration::from_millis), ..Part::default() };
        for (place, first, end) in tracks {
            part.add(*place, 1000, *first, end - first);
        }
        part
    }

    #[track_caller]
    fn check(files: &[Vec<Part>], expected: &[&[i128]]) {
        let shifts = shifts(files);
        let found: Vec<Vec<_>> =
            shifts.iter().map(|it| it.iter().map(|it| ticks(*it, 1000).unwrap()).collect()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_first_parts_begin_at_0_and_keep_their_distance() {
        check(&[vec![part(None, &[(0, 0, 9)])]], &[&[0]]);
        check(
            &[vec![part(None, &[(0, 100_020, 109_000)])], vec![part(None, &[(1, 100_000, 109_000)])]],
            &[&[-100_000], &[-100_000]],
        );
        check(
            &[vec![part(Some(0), &[(0, 1_400, 9_000)])], vec![part(Some(0), &[(1, 1_420, 9_000)])]],
            &[&[-1_400], &[-1_400]],
        );
    }

    #[test]
    fn files_of_different_clocks_begin_where_their_starts_say() {
        check(
            &[vec![part(Some(5_000), &[(0, 0, 9)])], vec![part(Some(5_040), &[(1, 700_000, 700_009)])]],
            &[&[0], &[-699_960]],
        );
    }

    #[test]
    fn a_part_begins_where_its_start_says() {
        let own_clock = [part(Some(0), &[(0, 0, 4_000)]), part(Some(4_000), &[(0, 70_000, 74_000)])];
        check(&[own_clock.to_vec()], &[&[0, -66_000]]);
        let after_a_gap = [part(Some(0), &[(0, 0, 4_000)]), part(Some(9_000), &[(0, 0, 4_000)])];
        check(&[after_a_gap.to_vec()], &[&[0, 9_000]]);
    }

    #[test]
    fn a_part_that_goes_on_is_left_where_it_is() {
        let goes_on = [part(Some(0), &[(0, 10, 4_010)]), part(Some(4_040), &[(0, 4_010, 8_000)])];
        check(&[goes_on.to_vec()], &[&[-10, -10]]);
    }

    #[test]
    fn no_part_begins_before_the_end_of_the_one_before() {
        let early = [part(Some(0), &[(0, 0, 4_100)]), part(Some(4_000), &[(0, 0, 4_000)])];
        check(&[early.to_vec()], &[&[0, 4_100]]);
        let without_start = [part(None, &[(0, 0, 4_000)]), part(None, &[(0, 0, 4_000)])];
        check(&[without_start.to_vec()], &[&[0, 4_000]]);
    }

    #[test]
    fn the_parts_of_two_files_keep_their_distance() {
        let video = [part(Some(0), &[(0, 0, 4_000)]), part(Some(4_000), &[(0, 500, 4_500)])];
        let audio = [part(Some(0), &[(1, 0, 3_990)]), part(Some(3_990), &[(1, 520, 4_500)])];
        check(&[video.to_vec(), audio.to_vec()], &[&[0, 3_500], &[0, 3_500]]);
    }

    #[test]
    fn ticks_come_back_as_they_were() {
        for timescale in [1, 90_000, 44_100, 30_001, u32::MAX] {
            for time in [1, 7, 100_000 * u64::from(timescale) + 13] {
                assert_eq!(
                    ticks(-seconds(time, timescale), timescale).unwrap(),
                    -i128::from(time),
                    "{timescale}"
                );
            }
        }
        assert!(ticks(i128::MAX, 90_000).is_err());
    }
}
