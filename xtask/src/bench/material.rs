//! The bytes that are downloaded, and whether what arrived is the same.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufWriter, Read, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// Bytes of files that are compared at once.
const PIECE: usize = 1 << 20;

/// Writes a file of `size` bytes that no compression and no repetition can hide a fault of. Another seed gives others.
pub(crate) fn write(path: &Path, size: u64, seed: u64) -> Result<(), String> {
    let fault = |error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fault)?;
    }
    let mut file = BufWriter::with_capacity(PIECE, File::create(path).map_err(fault)?);
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut left = size;
    while left > 0 {
        // Marsaglia's xorshift: fast, and no piece of it is like another.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let bytes = state.to_le_bytes();
        let take = usize::try_from(left).unwrap_or(bytes.len()).min(bytes.len());
        file.write_all(&bytes[..take]).map_err(fault)?;
        left -= take as u64;
    }
    file.flush().map_err(fault)
}

/// Bytes of a frame.
const FRAME: u16 = 4096;

/// Writes a file of `size` bytes as frames of AAC in ADTS (ISO/IEC 14496-3, 1.A.3.2), whose sound is noise: what cuts it
/// into packets and puts those one after the other again has made the same file.
pub(crate) fn write_frames(path: &Path, size: u64, seed: u64) -> Result<(), String> {
    write(path, size, seed)?;
    let fault = |error| format!("{}: {error}", path.display());
    let mut file = File::options().write(true).open(path).map_err(fault)?;
    let [high, low] = FRAME.to_be_bytes();
    // MPEG-4, no checksum; low complexity, 48 kHz, two channels; the length in 13 bits; of variable rate.
    let head = [0xFF, 0xF1, 0x4C, 0x80 | high >> 3, (high << 5) | (low >> 3), (low << 5) | 0x1F, 0xFC];
    for frame in 0..size / u64::from(FRAME) {
        file.seek(SeekFrom::Start(frame * u64::from(FRAME))).map_err(fault)?;
        file.write_all(&head).map_err(fault)?;
    }
    Ok(())
}

/// What is wrong with pieces in `folder`, which one after the other are to be the file at `original`.
pub(crate) fn fault_of_pieces(original: &Path, names: &[String], folder: &Path) -> Option<String> {
    let compare = || -> std::io::Result<Option<String>> {
        let mut original = File::open(original)?;
        for name in names {
            let Ok(piece) = fs::read(folder.join(name)) else {
                return Ok(Some(format!("{name} did not arrive")));
            };
            let mut expected = vec![0; piece.len()];
            let filled = fill(&mut original, &mut expected)?;
            if expected[..filled] != piece[..] {
                return Ok(Some(format!("{name}: WRONG BYTES")));
            }
        }
        let rest = fill(&mut original, &mut [0])?;
        Ok((rest > 0).then(|| "the pieces end before the file does".to_owned()))
    };
    compare().unwrap_or_else(|error| Some(error.to_string()))
}

/// What is wrong with the first of these files in `folder` that is not as it is in `originals`.
pub(crate) fn fault(originals: &Path, names: &[String], folder: &Path) -> Option<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let arrived: BTreeMap<String, PathBuf> =
        entries.map(|entry| (without_uid(&entry.file_name().to_string_lossy()), entry.path())).collect();
    names.iter().find_map(|name| match arrived.get(name) {
        None => Some(format!("{name} did not arrive")),
        Some(path) => difference(&originals.join(name), path)
            .unwrap_or_else(Some)
            .map(|fault| format!("{name}: {fault}")),
    })
}

/// The name without the uid that qetch puts into it: `a.bin` of `a [uid].bin`.
fn without_uid(name: &str) -> String {
    match name.split_once(" [").and_then(|(stem, rest)| Some((stem, rest.split_once(']')?.1))) {
        Some((stem, extension)) => format!("{stem}{extension}"),
        None => name.to_owned(),
    }
}

fn difference(original: &Path, arrived: &Path) -> Result<Option<String>, String> {
    let open = |path: &Path| File::open(path).map_err(|error| error.to_string());
    let (mut original, mut arrived) = (open(original)?, open(arrived)?);
    let (mut left, mut right) = (vec![0; PIECE], vec![0; PIECE]);
    let mut at = 0_u64;
    loop {
        let lefts = fill(&mut original, &mut left).map_err(|error| error.to_string())?;
        let rights = fill(&mut arrived, &mut right).map_err(|error| error.to_string())?;
        if left[..lefts] != right[..rights] {
            return Ok(Some(format!("WRONG BYTES in the mebibyte at {at}")));
        }
        if lefts == 0 {
            return Ok(None);
        }
        at += lefts as u64;
    }
}

fn fill(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    #[test]
    fn a_file_that_is_wrong_short_long_or_missing_is_a_fault() {
        let planted = Planted::new(&[]);
        let (originals, folder) = (planted.path().join("originals"), planted.path().join("folder"));
        let size = 3 * PIECE as u64 / 2 + 5;
        write(&originals.join("a.bin"), size, 1).unwrap();
        write(&folder.join("another"), 1, 1).unwrap();
        let bytes = fs::read(originals.join("a.bin")).unwrap();
        assert_eq!(bytes.len() as u64, size);
        let check = |name: &str, arrived: &[u8], expected: Option<&str>| {
            fs::write(folder.join(name), arrived).unwrap();
            let found = fault(&originals, &["a.bin".to_owned()], &folder);
            assert_eq!(found.as_deref(), expected);
        };
        check("a.bi", &bytes, Some("a.bin did not arrive"));
        check("a [uid].bin", &bytes, None);
        let mut wrong = bytes.clone();
        wrong[PIECE + 7] ^= 1;
        check("a [uid].bin", &wrong, Some("a.bin: WRONG BYTES in the mebibyte at 1048576"));
        fs::remove_file(folder.join("a [uid].bin")).unwrap();
        check("a.bin", &bytes, None);
        check("a.bin", &bytes[..bytes.len() - 1], Some("a.bin: WRONG BYTES in the mebibyte at 1048576"));
        check("a.bin", &[&bytes[..], b"x"].concat(), Some("a.bin: WRONG BYTES in the mebibyte at 1048576"));
        write(&folder.join("a.bin"), size, 2).unwrap();
        assert_ne!(fs::read(folder.join("a.bin")).unwrap(), bytes);
    }

    #[test]
    fn frames_follow_one_another() {
        let planted = Planted::new(&[]);
        let path = planted.path().join("f");
        write_frames(&path, 3 * u64::from(FRAME), 1).unwrap();
        let bytes = fs::read(path).unwrap();
        for start in (0..bytes.len()).step_by(usize::from(FRAME)) {
            let [_, _, _, high, middle, low, _] = bytes[start..start + 7] else { panic!("{start}") };
            let len = u16::from(high & 3) << 11 | u16::from(middle) << 3 | u16::from(low >> 5);
            assert_eq!((bytes[start], bytes[start + 1], len), (0xFF, 0xF1, FRAME));
        }
        assert_eq!(bytes.len(), 3 * usize::from(FRAME));
    }

    #[test]
    fn pieces_that_are_wrong_short_long_or_missing_are_a_fault() {
        let planted = Planted::new(&[("original", "abcde")]);
        let check = |pieces: &[&str], expected: Option<&str>| {
            let names: Vec<_> = (0..2).map(|number| format!("{number}.aac")).collect();
            for name in &names {
                // It may not be there.
                let _ = fs::remove_file(planted.path().join(name));
            }
            for (name, piece) in names.iter().zip(pieces) {
                fs::write(planted.path().join(name), piece).unwrap();
            }
            let found = fault_of_pieces(&planted.path().join("original"), &names, planted.path());
            assert_eq!(found.as_deref(), expected, "{pieces:?}");
        };
        check(&["abc", "de"], None);
        check(&["abc"], Some("1.aac did not arrive"));
        check(&["abc", "dx"], Some("1.aac: WRONG BYTES"));
        check(&["abc", "d"], Some("the pieces end before the file does"));
        check(&["abc", "def"], Some("1.aac: WRONG BYTES"));
    }
}
