//! The bytes that are downloaded, and whether what arrived is the same.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufWriter, Read, Write as _},
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
}
