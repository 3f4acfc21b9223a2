//! The initialisation of a fragmented MP4: its `moov` (ISO/IEC 14496-12, 8.2.1), as far as muxing asks.

use super::boxes::{Head, Letters, child, children, letters_at, need, u32_at, u64_at, version_at};
use crate::mux::{
    source::Source,
    stop::{Done, Stop},
};

/// A `moov` is held in memory.
const LARGEST: u64 = 64 << 20;

/// No file of a player has more.
const MOST_TRACKS: usize = 64;

/// An initialisation.
#[derive(Clone, Debug)]
pub(super) struct Init {
    pub(super) mvhd: Vec<u8>,
    /// Units of a second of the movie.
    pub(super) timescale: u32,
    pub(super) tracks: Vec<InitTrack>,
}

/// A track as an initialisation tells of it.
#[derive(Clone, Debug)]
pub(super) struct InitTrack {
    pub(super) id: u32,
    /// `vide`, `soun` and so on.
    pub(super) handler: Letters,
    /// Units of a second of its samples.
    pub(super) timescale: u32,
    /// The body of its `trak`.
    pub(super) trak: Vec<u8>,
    /// Its sample entries, whole.
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) defaults: Defaults,
}

/// What is so of each sample that nothing else is said of (8.8.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Defaults {
    pub(super) description: u32,
    pub(super) duration: u32,
    pub(super) size: u32,
    pub(super) flags: u32,
}

impl Init {
    /// Reads the `moov` at `head`.
    pub(super) fn read(source: &mut Source, head: Head) -> Done<Self> {
        if head.end - head.body > LARGEST {
            return Err(Stop::Bad("an initialisation of more than 64 MiB"));
        }
        Self::parse(&source.read_range(head.body..head.end)?)
    }

    fn parse(moov: &[u8]) -> Done<Self> {
        let mvhd = need(moov, b"mvhd")?;
        let mvex = child(moov, b"mvex")?.ok_or_else(|| Stop::apart("an MP4 that is not fragmented"))?;
        let mut tracks: Vec<InitTrack> = Vec::new();
        for it in children(moov) {
            let it = it?;
            if it.letters == *b"trak" {
                let track = InitTrack::parse(it.body, mvex)?;
                if tracks.iter().any(|other| other.id == track.id) {
                    return Err(Stop::Bad("two tracks of one number"));
                }
                if tracks.len() == MOST_TRACKS {
                    return Err(Stop::Bad("more than 64 tracks"));
                }
                tracks.push(track);
            }
        }
        if tracks.is_empty() {
            return Err(Stop::Bad("an initialisation of no track"));
        }
        Ok(Self { mvhd: mvhd.to_vec(), timescale: timescale(mvhd)?, tracks })
    }
}

impl InitTrack {
    fn parse(trak: &[u8], mvex: &[u8]) -> Done<Self> {
        let id = track_id(need(trak, b"tkhd")?)?;
        let mdia = need(trak, b"mdia")?;
        let stbl = need(need(mdia, b"minf")?, b"stbl")?;
        if has_samples(stbl)? {
            return Err(Stop::apart("an MP4 with samples outside of its fragments"));
        }
        let entries = entries(need(stbl, b"stsd")?)?;
        Ok(Self {
            id,
            handler: letters_at(need(mdia, b"hdlr")?, 8)?,
            timescale: timescale(need(mdia, b"mdhd")?)?,
            trak: trak.to_vec(),
            entries,
            defaults: defaults(mvex, id)?,
        })
    }
}

/// Where the number of the track stands in a `tkhd` (8.3.2).
pub(super) fn track_id_place(tkhd: &[u8]) -> Done<usize> {
    Ok(if version_at(tkhd)?.0 == 1 { 20 } else { 12 })
}

fn track_id(tkhd: &[u8]) -> Done<u32> {
    match u32_at(tkhd, track_id_place(tkhd)?)? {
        0 => Err(Stop::Bad("a track without a number")),
        id => Ok(id),
    }
}

/// Where the timescale stands in an `mvhd` or `mdhd` (8.2.2, 8.4.2); the duration is behind it.
pub(super) fn timescale_place(header: &[u8]) -> Done<usize> {
    Ok(if version_at(header)?.0 == 1 { 20 } else { 12 })
}

fn timescale(header: &[u8]) -> Done<u32> {
    match u32_at(header, timescale_place(header)?)? {
        0 => Err(Stop::Bad("a timescale of nothing")),
        timescale => Ok(timescale),
    }
}

/// Whether samples are told of here, which no fragment tells of again (8.7.3).
fn has_samples(stbl: &[u8]) -> Done<bool> {
    for it in children(stbl) {
        let it = it?;
        if matches!(&it.letters, b"stsz" | b"stz2") && u32_at(it.body, 8)? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The sample entries (8.5.2).
fn entries(stsd: &[u8]) -> Done<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    for entry in children(stsd.get(8..).ok_or(Stop::Bad("a box ends early"))?) {
        let entry = entry?;
        // 8.12: a protected entry goes by another name, and tells its own in a `sinf`.
        if matches!(&entry.letters, b"encv" | b"enca" | b"enct" | b"encs" | b"encm" | b"encf") {
            return Err(Stop::Encrypted("Common Encryption"));
        }
        if entries.len() == 64 {
            return Err(Stop::Bad("more than 64 sample descriptions"));
        }
        entries.push(entry.whole.to_vec());
    }
    if entries.is_empty() {
        return Err(Stop::Bad("a track without a sample description"));
    }
    Ok(entries)
}

fn defaults(mvex: &[u8], id: u32) -> Done<Defaults> {
    for it in children(mvex) {
        let it = it?;
        if it.letters == *b"trex" && u32_at(it.body, 4)? == id {
            let word = |at| u32_at(it.body, at);
            return Ok(Defaults {
                description: word(8)?,
                duration: word(12)?,
                size: word(16)?,
                flags: word(20)?,
            });
        }
    }
    Err(Stop::Bad("a track without its defaults"))
}

/// The edit list (8.6.6): of each edit its duration in the movie, where it begins in the track, and its rate.
pub(super) fn edits(elst: &[u8]) -> Done<Vec<(u64, i64, u32)>> {
    let version = version_at(elst)?.0;
    let count = u32_at(elst, 4)?;
    let len = if version == 1 { 20 } else { 12 };
    let mut edits = Vec::new();
    let all = elst.get(8..).unwrap_or_default().chunks_exact(len);
    for edit in all.take(usize::try_from(count).unwrap_or(usize::MAX)) {
        edits.push(if version == 1 {
            (u64_at(edit, 0)?, u64_at(edit, 8)?.cast_signed(), u32_at(edit, 16)?)
        } else {
            (u64::from(u32_at(edit, 0)?), i64::from(u32_at(edit, 4)?.cast_signed()), u32_at(edit, 8)?)
        });
    }
    Ok(edits)
}
