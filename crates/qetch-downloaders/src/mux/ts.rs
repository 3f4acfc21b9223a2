//! The parts of an MPEG-TS (ISO/IEC 13818-1) behind one another: packet by packet, with their clocks moved.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use qetch_core::PartStart;

use super::{
    join::ranges,
    sink::Sink,
    source::Source,
    stop::{Done, Stop},
};

const PACKET: usize = 188;

/// Packets that are read at once.
const BLOCK: usize = 1024 * PACKET;

/// Time stamps have 33 bits of a clock of 90 kHz (2.4.3.7).
const WRAP: i64 = 1 << 33;
const SECOND: i64 = 90_000;

/// A part that would begin so near to where the one before it ended goes on: what a playlist says of times is rounded.
const NEAR: i64 = SECOND / 4;

/// Writes the packets of all parts, each moved so that it begins where its start says, from the begin of the first.
pub(super) fn join(source: &mut Source, parts: &[PartStart], sink: &mut Sink) -> Done<()> {
    let places = ranges(parts, source.len());
    if places.len() == 1 {
        return source.copy(0..source.len(), sink);
    }
    let mut times = Vec::with_capacity(places.len());
    for place in &places {
        let mut part = Part::default();
        packets(source, place.clone(), |packet| {
            sink.still_wanted()?;
            part.add(&Stamps::find(packet)?, packet)
        })?;
        times.push(part);
    }
    let starts: Vec<Duration> = parts.iter().map(|part| part.time).collect();
    for (place, shift) in places.into_iter().zip(shifts(&starts, &times)) {
        packets(source, place, |packet| {
            let stamps = Stamps::find(packet)?;
            stamps.shift(packet, shift);
            sink.write(packet)
        })?;
    }
    Ok(())
}

/// Passes each packet in `place` to `each`.
fn packets(source: &mut Source, place: Range<u64>, mut each: impl FnMut(&mut [u8]) -> Done<()>) -> Done<()> {
    if !(place.end - place.start).is_multiple_of(PACKET as u64) {
        return Err(Stop::apart("its parts are not whole packets"));
    }
    let mut at = place.start;
    while at < place.end {
        let mut block = source.read_most(at, (place.end - at).min(BLOCK as u64))?;
        at += block.len() as u64;
        block.chunks_exact_mut(PACKET).try_for_each(&mut each)?;
    }
    Ok(())
}

/// Where the clocks stand in a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stamps {
    pid: u16,
    /// The program clock and the original one (2.4.3.4).
    clocks: [Option<usize>; 2],
    /// When it is shown, and when it is decoded where that is said apart (2.4.3.6).
    shown: Option<usize>,
    decoded: Option<usize>,
    is_video: bool,
}

impl Stamps {
    fn find(packet: &[u8]) -> Done<Self> {
        let &[0x47, high, low, control, ..] = packet else {
            return Err(Stop::apart("it has bytes between its packets"));
        };
        let mut stamps = Self { pid: u16::from_be_bytes([high & 0x1f, low]), ..Self::default() };
        if stamps.pid == 0x1fff {
            return Ok(stamps);
        }
        if control & 0xc0 != 0 {
            return Err(Stop::Encrypted("MPEG-TS scrambling"));
        }
        let mut payload = 4;
        if control & 0x20 != 0 {
            let len = usize::from(packet.get(4).copied().unwrap_or_default());
            payload = 5 + len;
            if payload > packet.len() {
                return Err(Stop::Bad("a packet whose adaptation field is longer than it"));
            }
            let flags = if len > 0 { packet.get(5).copied().unwrap_or_default() } else { 0 };
            let mut at = 6;
            for (clock, flag) in stamps.clocks.iter_mut().zip([0x10, 0x08]) {
                if flags & flag != 0 {
                    *clock = Some(at).filter(|at| at + 6 <= payload);
                    at += 6;
                    clock.ok_or(Stop::Bad("a clock past its adaptation field"))?;
                }
            }
        }
        let begins_unit = high & 0x40 != 0 && control & 0x10 != 0;
        if let Some(body) = packet.get(payload..).filter(|_| begins_unit) {
            let (shown, decoded) = unit(body)?;
            stamps.shown = shown.map(|at| at + payload);
            stamps.decoded = decoded.map(|at| at + payload);
            stamps.is_video = body.get(3).is_some_and(|stream| matches!(stream, 0xe0..=0xef));
        }
        Ok(stamps)
    }

    fn shift(&self, packet: &mut [u8], shift: i64) {
        for at in self.clocks.into_iter().flatten() {
            let Some(bytes) = packet.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<5>()) else {
                continue;
            };
            // The base has 33 bits; the last seven of the five bytes are not of it.
            let [a, b, c, d, e] = *bytes;
            let base = i64::from(u32::from_be_bytes([a, b, c, d])) << 1 | i64::from(e >> 7);
            let [.., a, b, c, d, last] = (moved(base, shift) << 7).to_be_bytes();
            *bytes = [a, b, c, d, last | e & 0x7f];
        }
        for at in [self.shown, self.decoded].into_iter().flatten() {
            let Some(bytes) = packet.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<5>()) else {
                continue;
            };
            let time = moved(stamp(*bytes), shift);
            let low = |shift: u32| (time >> shift).to_be_bytes()[7];
            let [a, _, c, _, e] = *bytes;
            *bytes = [
                a & 0xf1 | (low(29) & 0x0e),
                low(22),
                c & 1 | (low(14) & 0xfe),
                low(7),
                e & 1 | (time << 1).to_be_bytes()[7],
            ];
        }
    }
}

/// Where the stamps stand in the begin of a PES packet; nowhere in what is none.
fn unit(body: &[u8]) -> Done<(Option<usize>, Option<usize>)> {
    let split = || Stop::apart("it has a PES header in two packets");
    if !body.starts_with(&[0, 0, 1]) {
        // A section begins with a pointer and a table's number; no table has the number 0 and 1 behind it.
        let may_be_cut = !body.is_empty() && body.len() < 3 && [0, 0, 1].starts_with(body);
        return if may_be_cut { Err(split()) } else { Ok((None, None)) };
    }
    let stream = *body.get(3).ok_or_else(split)?;
    // Streams whose packets have no header of their own (table 2-21).
    if matches!(stream, 0xbc | 0xbe | 0xbf | 0xf0..=0xf2 | 0xf8 | 0xff) {
        return Ok((None, None));
    }
    let flags = *body.get(7).ok_or_else(split)?;
    let (shown, decoded) = match flags >> 6 {
        2 => (Some(9), None),
        3 => (Some(9), Some(14)),
        _ => (None, None),
    };
    match decoded.or(shown) {
        Some(last) if last + 5 > body.len() => Err(split()),
        _ => Ok((shown, decoded)),
    }
}

fn stamp([a, b, c, d, e]: [u8; 5]) -> i64 {
    let bits = |byte: u8, shift: u32| i64::from(byte) << shift;
    bits(a >> 1 & 7, 30) | bits(b, 22) | bits(c >> 1, 15) | bits(d, 7) | bits(e >> 1, 0)
}

fn moved(time: i64, shift: i64) -> i64 {
    (time + shift.rem_euclid(WRAP)).rem_euclid(WRAP)
}

/// A difference of time stamps, the way round that is shorter.
fn centred(difference: i64) -> i64 {
    (difference.rem_euclid(WRAP) + WRAP / 2).rem_euclid(WRAP) - WRAP / 2
}

/// When the streams of a part are decoded, by their packet identifiers, on a clock that does not wrap.
#[derive(Debug, Default)]
struct Part {
    first: Option<i64>,
    streams: BTreeMap<u16, Stream>,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    first: i64,
    last: i64,
    /// How long the last unit lasts, as far as can be told: as the one before it where each is a picture. Sound comes in
    /// units of any length.
    step: i64,
}

impl Part {
    fn add(&mut self, stamps: &Stamps, packet: &[u8]) -> Done<()> {
        let place = stamps.decoded.or(stamps.shown);
        let bytes = place.and_then(|at| packet.get(at..)).and_then(|rest| rest.first_chunk::<5>());
        let Some(bytes) = bytes else { return Ok(()) };
        let raw = stamp(*bytes);
        let known = self.streams.get(&stamps.pid);
        let near = known.map(|stream| stream.last).or(self.first).unwrap_or(raw);
        // The nearest to what was met before, of all times that have these 33 bits.
        let time = near.saturating_add(centred(raw.saturating_sub(near)));
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        let stream = self.streams.entry(stamps.pid).or_insert(Stream { first: time, last: time, step: 1 });
        stream.first = stream.first.min(time);
        if time > stream.last {
            stream.step = if stamps.is_video { time - stream.last } else { 1 };
            stream.last = time;
        }
        Ok(())
    }
}

/// What is added to the time stamps of each part.
fn shifts(starts: &[Duration], parts: &[Part]) -> Vec<i64> {
    let Some(begin) = parts.first().and_then(|part| part.first) else { return vec![0; parts.len()] };
    let ticks = |time: Duration| i64::try_from(time.as_nanos() * 9 / 100_000).unwrap_or(i64::MAX / 4);
    let origin = starts.first().copied().unwrap_or_default();
    let mut ends: BTreeMap<u16, i64> = BTreeMap::new();
    let mut shifts: Vec<i64> = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let before = shifts.last().copied().unwrap_or_default();
        let Some(first) = part.first else {
            shifts.push(before);
            continue;
        };
        let since = starts.get(index).copied().unwrap_or_default().saturating_sub(origin);
        let own = begin.saturating_add(ticks(since)).saturating_sub(first);
        // Shifts that are a turn of the clock apart are the same.
        let from_before = centred(own.saturating_sub(before));
        let goes_on = index == 0 || from_before.abs() <= NEAR;
        let shift = if goes_on { own.saturating_sub(from_before) } else { own };
        let overlap = part.streams.iter().filter_map(|(pid, stream)| {
            Some(ends.get(pid)?.saturating_sub(stream.first.saturating_add(shift)))
        });
        let shift = shift.saturating_add(overlap.max().unwrap_or_default().max(0));
        for (pid, stream) in &part.streams {
            ends.insert(*pid, stream.last.saturating_add(stream.step).saturating_add(shift));
        }
        shifts.push(shift);
    }
    shifts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp_bytes(mark: u8, time: i64) -> [u8; 5] {
        let word = time & (WRAP - 1);
        let low = |shift: u32| (word >> shift).to_be_bytes()[7];
        [mark << 4 | (low(30) & 7) << 1 | 1, low(22), (low(15) << 1) | 1, low(7), (low(0) << 1) | 1]
    }

    /// A packet of `pid` with a clock and a unit that is shown at one time and decoded at another.
    fn packet(pid: u16, clock: Option<i64>, times: Option<(i64, i64)>) -> Vec<u8> {
        let [high, low] = pid.to_be_bytes();
        let unit = if times.is_some() { 0x40 } else { 0 };
        let mut bytes = vec![0x47, high | unit, low, 0x30, 7, 0];
        if let Some(clock) = clock {
            bytes[5] = 0x10;
            bytes.extend(u32::try_from(clock >> 1).unwrap().to_be_bytes());
            bytes.extend([u8::try_from(clock & 1).unwrap() << 7 | 0x7e, 0x55]);
        } else {
            bytes.extend([0xff; 6]);
        }
        if let Some((shown, decoded)) = times {
            bytes.extend([0, 0, 1, 0xe0, 0, 0, 0x80, 0xc0, 10]);
            bytes.extend(stamp_bytes(3, shown));
            bytes.extend(stamp_bytes(1, decoded));
        }
        bytes.resize(PACKET, 0xab);
        bytes
    }

    /// What the packet of times becomes that is moved.
    #[track_caller]
    fn check(shift: i64, before: i64, after: i64) {
        let mut bytes = packet(256, Some(before), Some((before, before)));
        let stamps = Stamps::find(&bytes).unwrap();
        stamps.shift(&mut bytes, shift);
        assert_eq!(bytes, packet(256, Some(after), Some((after, after))));
    }

    #[test]
    fn clocks_are_moved_and_nothing_else() {
        check(0, 0x1_2345_6789, 0x1_2345_6789);
        check(1, 0x0_ffff_ffff, 0x1_0000_0000);
        check(-1, 0, WRAP - 1);
        check(WRAP + 5, WRAP - 3, 2);
        check(-3 * WRAP, 77, 77);
    }

    #[test]
    fn every_stamp_is_read_as_it_was_written() {
        for bit in 0..33 {
            for time in [1_i64 << bit, (1 << bit) - 1] {
                assert_eq!(stamp(stamp_bytes(2, time)), time);
            }
        }
    }

    #[test]
    fn what_is_no_packet_is_not_moved() {
        let find = |bytes: &[u8]| Stamps::find(bytes);
        let good = packet(256, Some(1), Some((2, 2)));
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        assert!(matches!(find(&with(0, 0)), Err(Stop::Apart(_))));
        assert!(matches!(find(&with(3, 0xb0)), Err(Stop::Encrypted(_))));
        assert!(matches!(find(&with(4, 184)), Err(Stop::Bad(_))));
        assert!(matches!(find(&with(4, 1)), Err(Stop::Bad(_))));
        let mut cut = good.clone();
        cut[4] = 175;
        cut[180..188].copy_from_slice(&[0, 0, 1, 0xe0, 0, 0, 0x80, 0xc0]);
        assert!(matches!(find(&cut), Err(Stop::Apart(_))));
        assert_eq!(find(&packet(0x1fff, None, Some((1, 1)))).unwrap().shown, None);
    }

    /// The shifts of parts that start at so many milliseconds, each with the times of one stream.
    #[track_caller]
    fn check_shifts(parts: &[(u64, &[i64])], expected: &[i64]) {
        let starts: Vec<_> = parts.iter().map(|(start, _)| Duration::from_millis(*start)).collect();
        let times: Vec<_> = parts
            .iter()
            .map(|(_, times)| {
                let mut part = Part::default();
                for time in *times {
                    let packet = packet(256, None, Some((*time, *time)));
                    part.add(&Stamps::find(&packet).unwrap(), &packet).unwrap();
                }
                part
            })
            .collect();
        assert_eq!(shifts(&starts, &times), expected);
    }

    #[test]
    fn parts_begin_where_their_starts_say() {
        check_shifts(&[(0, &[100, 3_100]), (2_000, &[500_000])], &[0, 180_100 - 500_000]);
        check_shifts(&[(7_000, &[100, 3_100]), (9_000, &[100]), (19_000, &[])], &[0, 180_000, 180_000]);
        // Past the wrap, on a clock that goes on.
        let end = WRAP - 90_000;
        check_shifts(&[(0, &[end, WRAP - 1, 89_000, 89_500]), (2_000, &[90_001])], &[0, WRAP]);
    }

    #[test]
    fn no_part_begins_before_the_end_of_the_one_before() {
        check_shifts(&[(0, &[0, 90_000, 180_000]), (2_000, &[0])], &[0, 270_000]);
    }

    #[test]
    fn no_packet_panics_whatever_is_in_it() {
        let mut state = 7_u32;
        let mut dice = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16).to_be_bytes()[3]
        };
        for _ in 0..20_000 {
            let mut bytes = packet(256, Some(5), Some((5, 5)));
            for _ in 0..4 {
                bytes[usize::from(dice()) % 30] = dice();
            }
            if let Ok(stamps) = Stamps::find(&bytes) {
                stamps.shift(&mut bytes, i64::from(dice()) * 1000);
                Part::default().add(&stamps, &bytes).unwrap();
            }
        }
    }
}
