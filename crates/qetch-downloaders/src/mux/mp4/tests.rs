//! Merging files that are made by hand, and files that nobody made.

use std::{io::Cursor, path::Path, time::Duration};

use qetch_core::{PartStart, Wanted};

use super::{
    Input,
    boxes::{add, child, children, need, u32_at, u64_at},
    merge,
};
use crate::mux::{
    sink::{Sink, testing::Kept},
    source::Source,
    stop::{Done, Stop},
};

const MOVIE: u32 = 1000;

/// A box of these parts.
fn made(letters: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    add(&mut bytes, letters, |to| {
        parts.iter().for_each(|part| to.extend(*part));
        Ok(())
    })
    .unwrap();
    bytes
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// An initialisation of a track of this number, handler, timescale and sample entry; each sample lasts 10 and has 4 bytes.
fn init(id: u32, handler: &[u8; 4], timescale: u32, entry: &[u8; 4]) -> Vec<u8> {
    let header = |timescale: u32| words(&[0, 0, 0, timescale, 0]);
    let mvhd = made(b"mvhd", &[&header(MOVIE), &[0; 80]]);
    let tkhd = made(b"tkhd", &[&words(&[0, 0, 0, id]), &[0; 64]]);
    let edts = made(b"edts", &[&made(b"elst", &[&words(&[0, 1, 500, 20, 0x1_0000])])]);
    let stsd = made(b"stsd", &[&words(&[0, 1]), &made(entry, &[b"codec"])]);
    let stsz = made(b"stsz", &[&words(&[0, 0, 0])]);
    let minf = made(b"minf", &[&made(b"stbl", &[&stsd, &stsz])]);
    let hdlr = made(b"hdlr", &[&words(&[0, 0]), handler, &[0; 13]]);
    let mdhd = made(b"mdhd", &[&header(timescale), &words(&[0x55c4_0000])]);
    let trak = made(b"trak", &[&tkhd, &edts, &made(b"mdia", &[&mdhd, &hdlr, &minf])]);
    let mvex = made(b"mvex", &[&made(b"trex", &[&words(&[0, id, 1, 10, 4, 7])])]);
    let ftyp = made(b"ftyp", &[b"iso6\0\0\0\0"]);
    [ftyp, made(b"moov", &[&mvhd, &trak, &mvex])].concat()
}

/// A fragment of a track, of samples of four bytes, which say where their data is from the begin of the `moof`.
fn fragment(id: u32, time: u32, samples: &[&[u8; 4]]) -> Vec<u8> {
    let count = u32::try_from(samples.len()).unwrap();
    let moof = |offset: u32| {
        let tfhd = made(b"tfhd", &[&words(&[0x02_0000, id])]);
        let tfdt = made(b"tfdt", &[&words(&[0, time])]);
        let trun = made(b"trun", &[&words(&[1, count, offset])]);
        made(b"moof", &[&made(b"mfhd", &[&words(&[0, 9])]), &made(b"traf", &[&tfhd, &tfdt, &trun])])
    };
    let offset = u32::try_from(moof(0).len()).unwrap() + 8;
    let mdat = made(b"mdat", &[samples.iter().copied().copied().collect::<Vec<_>>().as_flattened()]);
    [made(b"styp", &[b"msdh"]), made(b"sidx", &[&[0; 24]]), moof(offset), mdat].concat()
}

/// A fragment of the old way: it names its place in the file.
fn placed(id: u32, at: usize, samples: &[&[u8; 4]]) -> Vec<u8> {
    let count = u32::try_from(samples.len()).unwrap();
    let moof = |offset: u32| {
        let at = u64::try_from(at).unwrap().to_be_bytes();
        let tfhd = made(b"tfhd", &[&words(&[0x1, id]), &at]);
        let trun = made(b"trun", &[&words(&[1, count, offset])]);
        let senc = made(b"free", &[b"aux!"]);
        let saio = made(b"saio", &[&words(&[0, 1, 16 + 24 + 8])]);
        made(b"moof", &[&made(b"traf", &[&tfhd, &senc, &saio, &trun])])
    };
    let offset = u32::try_from(moof(0).len()).unwrap() + 8;
    [moof(offset), made(b"mdat", &[samples.iter().copied().copied().collect::<Vec<_>>().as_flattened()])]
        .concat()
}

fn merged(files: &[(&[u8], Vec<PartStart>)]) -> Done<Vec<u8>> {
    let inputs = files.iter().map(|(bytes, parts)| Input {
        source: Source::new(Path::new("track"), bytes.len() as u64, Box::new(Cursor::new(bytes.to_vec()))),
        language: None,
        parts: parts.clone(),
    });
    let kept = Kept::default();
    let (wanted, _wants) = Wanted::new();
    let mut sink = Sink::new(Path::new("to"), Box::new(kept.clone()), wanted);
    merge(inputs.collect(), &mut sink)?;
    Ok(kept.bytes())
}

/// Of each fragment: the track, the time, the sample description where it is said, and the samples.
fn fragments(bytes: &[u8]) -> Vec<(u32, u64, Option<u32>, Vec<u8>)> {
    let mut found = Vec::new();
    for it in children(bytes) {
        let it = it.unwrap();
        if it.letters != *b"moof" {
            continue;
        }
        let sequence = u32_at(need(it.body, b"mfhd").unwrap(), 4).unwrap();
        assert_eq!(sequence as usize, found.len() + 1);
        let traf = need(it.body, b"traf").unwrap();
        let (tfhd, trun) = (need(traf, b"tfhd").unwrap(), need(traf, b"trun").unwrap());
        let at = it.at + u32_at(trun, 8).unwrap() as usize;
        let len = 4 * u32_at(trun, 4).unwrap() as usize;
        let description = (u32_at(tfhd, 0).unwrap() & 2 != 0).then(|| u32_at(tfhd, 8).unwrap());
        let time = u64_at(need(traf, b"tfdt").unwrap(), 4).unwrap();
        found.push((u32_at(tfhd, 4).unwrap(), time, description, bytes[at..at + len].to_vec()));
        if let Some(saio) = child(traf, b"saio").unwrap() {
            let at = it.at + u32_at(saio, 8).unwrap() as usize;
            assert_eq!(&bytes[at..at + 4], b"aux!", "auxiliary information is elsewhere");
        }
    }
    found
}

/// What the fragments of the merged file are.
#[track_caller]
fn check(files: &[(&[u8], Vec<PartStart>)], expected: &[(u32, u64, Option<u32>, &[u8])]) {
    let bytes = merged(files).unwrap();
    let found = fragments(&bytes);
    let found: Vec<_> = found.iter().map(|it| (it.0, it.1, it.2, it.3.as_slice())).collect();
    assert_eq!(found, expected);
}

/// Why files are not merged.
#[track_caller]
fn check_fails(files: &[(&[u8], Vec<PartStart>)], expected: &str) {
    let said = match merged(files) {
        Ok(_) => "merged".to_owned(),
        Err(Stop::Apart(reason)) => reason,
        Err(Stop::Error(error)) => error.to_string(),
        Err(stop) => format!("{stop:?}"),
    };
    assert!(said.contains(expected), "{said}");
}

fn parts(starts: &[(usize, u64)]) -> Vec<PartStart> {
    starts.iter().map(|(at, time)| PartStart::new(*at as u64, Duration::from_millis(*time))).collect()
}

#[test]
fn fragments_stand_in_the_order_of_their_times() {
    let video = [
        init(7, b"vide", 100, b"avc1"),
        fragment(7, 1000, &[b"v001", b"v002"]),
        fragment(7, 1020, &[b"v003"]),
    ]
    .concat();
    let audio =
        [init(7, b"soun", 1000, b"mp4a"), fragment(7, 10_010, &[b"a001"]), fragment(7, 10_250, &[b"a002"])]
            .concat();
    check(
        &[(&audio, vec![]), (&video, vec![])],
        &[(2, 0, None, b"v001v002"), (1, 10, None, b"a001"), (2, 20, None, b"v003"), (1, 250, None, b"a002")],
    );
    let bytes = merged(&[(&audio, vec![]), (&video, vec![])]).unwrap();
    let moov = need(&bytes, b"moov").unwrap();
    let traks = children(moov).filter(|it| it.as_ref().unwrap().letters == *b"trak");
    let ids: Vec<u32> =
        traks.map(|it| u32_at(need(it.unwrap().body, b"tkhd").unwrap(), 12).unwrap()).collect();
    assert_eq!(ids, [2, 1], "what is seen goes first");
    let mvhd = need(moov, b"mvhd").unwrap();
    assert_eq!((u64_at(mvhd, 24).unwrap(), u32_at(mvhd, mvhd.len() - 4).unwrap()), (300, 3));
}

#[test]
fn a_part_brings_its_sample_description_and_begins_where_it_says() {
    let first = [init(1, b"vide", 1000, b"avc1"), fragment(1, 0, &[b"1111"])].concat();
    let second = [init(5, b"vide", 1000, b"avc3"), fragment(5, 70, &[b"2222"])].concat();
    let third = fragment(5, 80, &[b"3333"]);
    let again = [init(1, b"vide", 1000, b"avc1"), fragment(1, 0, &[b"4444"])].concat();
    let ends = [0, first.len(), first.len() + second.len(), first.len() + second.len() + third.len()];
    let file = [first, second, third, again].concat();
    check(
        &[(&file, parts(&[(ends[0], 5_000), (ends[1], 6_000), (ends[2], 8_000), (ends[3], 9_000)]))],
        &[
            (1, 0, None, b"1111"),
            (1, 1000, Some(2), b"2222"),
            (1, 3000, Some(2), b"3333"),
            (1, 4000, None, b"4444"),
        ],
    );
}

#[test]
fn places_in_the_file_and_times_that_are_not_told_are_found() {
    let mut file = init(1, b"vide", 1000, b"avc1");
    let first = file.len();
    file.extend(placed(1, first, &[b"1111", b"2222"]));
    let second = file.len();
    file.extend(placed(1, second, &[b"3333"]));
    check(&[(&file, vec![])], &[(1, 0, None, b"11112222"), (1, 20, None, b"3333")]);
    // Each part was a file of its own, whose places are no more.
    let twice = [file.as_slice(), &file].concat();
    check(
        &[(&twice, parts(&[(0, 0), (file.len(), 500)]))],
        &[
            (1, 0, None, b"11112222"),
            (1, 20, None, b"3333"),
            (1, 500, None, b"11112222"),
            (1, 520, None, b"3333"),
        ],
    );
}

#[test]
fn a_part_of_another_timescale_is_told_in_that_of_the_first() {
    let first = [init(1, b"soun", 1000, b"mp4a"), fragment(1, 0, &[b"1111"])].concat();
    let second =
        [init(1, b"soun", 500, b"mp4a"), fragment(1, 50, &[b"2222"]), fragment(1, 60, &[b"3333"])].concat();
    let file = [first.as_slice(), &second].concat();
    check(
        &[(&file, parts(&[(0, 0), (first.len(), 1_000)]))],
        &[(1, 0, None, b"1111"), (1, 1000, None, b"2222"), (1, 1020, None, b"3333")],
    );
}

#[test]
fn what_cannot_be_merged_is_told() {
    let good = init(1, b"vide", 1000, b"avc1");
    let body = fragment(1, 0, &[b"1111"]);
    let with_body = |init: &[u8]| [init, &body].concat();
    check_fails(&[(&with_body(&init(1, b"vide", 1000, b"encv")), vec![])], "DRM");
    check_fails(&[(&with_body(&init(1, b"vide", 0, b"avc1")), vec![])], "timescale");
    check_fails(&[(&with_body(&init(2, b"vide", 1000, b"avc1")), vec![])], "a fragment of no track");
    check_fails(&[(&good, vec![])], "no fragment");
    check_fails(&[(&body, vec![])], "before its initialisation");
    check_fails(&[(&with_body(&good)[..good.len() + body.len() - 1], vec![])], "longer than what it is in");
    check_fails(&[(&with_body(&good), parts(&[(0, 0), (9, 0)]))], "longer than what it is in");
    let other = [with_body(&good), with_body(&init(1, b"soun", 1000, b"mp4a"))].concat();
    check_fails(&[(&other, vec![])], "has a track that the first part has not");
    let mut without_data = with_body(&good);
    without_data.truncate(good.len() + body.len() - 12);
    check_fails(&[(&without_data, vec![])], "its data is not behind its fragment");
}

/// Whatever becomes of a file, merging it ends, in an error or in a file that can be merged again.
#[test]
fn no_file_panics_whatever_is_in_it() {
    let video =
        [init(1, b"vide", 100, b"avc1"), fragment(1, 0, &[b"v001", b"v002"]), fragment(1, 20, &[b"v003"])]
            .concat();
    let audio =
        [init(1, b"soun", 1000, b"mp4a"), placed(1, 0, &[b"a001"]), fragment(1, 250, &[b"a002"])].concat();
    let mut state = 11_u32;
    let mut dice = move |sides: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % sides
    };
    const WORTH: [u8; 8] = [0, 1, 2, 4, 0x7f, 0x80, 0xfe, 0xff];
    let mut merges = 0;
    for _ in 0..20_000 {
        let mut file = audio.clone();
        for _ in 0..=dice(4) {
            let at = dice(file.len());
            match dice(8) {
                0 => file.truncate(at.max(1)),
                1 => file.extend_from_within(at..),
                2 => file[at] = u8::try_from(dice(256)).unwrap(),
                _ => file[at] = WORTH[dice(WORTH.len())],
            }
        }
        let starts = if dice(2) == 0 { vec![] } else { parts(&[(0, 0), (dice(file.len()), 77)]) };
        if let Ok(bytes) = merged(&[(&video, vec![]), (&file, starts)]) {
            merges += 1;
            let again = merged(&[(&bytes, vec![])]);
            assert!(again.is_ok(), "{again:?}");
        }
    }
    assert!((1000..19_000).contains(&merges), "{merges} of 20000");
}
