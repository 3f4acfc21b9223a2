//! The parameter sets of a video's sample entry (ISO/IEC 14496-15), as they stand in the samples themselves.
//!
//! Where a track has several sample entries, players are told twice which one a fragment is of: by its number, and by its
//! parameter sets in front of the first sample, since many a player looks at the first entry alone.

use super::boxes::{child, letters_at};

/// No encoder writes more.
const MOST: usize = 16 << 10;

/// The parameter sets of `entry`, a whole sample entry, each behind its length; empty where it has none that are known.
pub(super) fn parameter_sets(entry: &[u8]) -> Vec<u8> {
    found(entry).filter(|sets| sets.len() <= MOST).unwrap_or_default()
}

fn found(entry: &[u8]) -> Option<Vec<u8>> {
    // 8 of the header, 78 of a visual sample entry (ISO/IEC 14496-12, 12.1.3).
    let boxes = entry.get(86..)?;
    match &letters_at(entry, 4).ok()? {
        b"avc1" | b"avc3" => avc(child(boxes, b"avcC").ok()??),
        b"hvc1" | b"hev1" => hevc(child(boxes, b"hvcC").ok()??),
        _ => None,
    }
}

/// Those of an `avcC` (5.3.3.1).
fn avc(record: &[u8]) -> Option<Vec<u8>> {
    let (length_size, mut rest) = (record.get(4)? & 3, record.get(5..)?);
    let mut sets = Vec::new();
    for mask in [0x1f, 0xff] {
        let (count, body) = rest.split_first()?;
        rest = take(body, usize::from(count & mask), length_size, &mut sets)?;
    }
    Some(sets)
}

/// Those of an `hvcC` (8.3.3.1).
fn hevc(record: &[u8]) -> Option<Vec<u8>> {
    let (length_size, mut rest) = (record.get(21)? & 3, record.get(23..)?);
    let mut sets = Vec::new();
    for _ in 0..*record.get(22)? {
        let &[_, high, low, ref body @ ..] = rest else { return None };
        rest = take(body, usize::from(u16::from_be_bytes([high, low])), length_size, &mut sets)?;
    }
    Some(sets)
}

/// Takes so many sets off, each behind two bytes of length, and adds them behind as many bytes as samples have.
fn take<'a>(mut from: &'a [u8], count: usize, length_size: u8, to: &mut Vec<u8>) -> Option<&'a [u8]> {
    for _ in 0..count {
        let (&[high, low], rest) = from.split_first_chunk::<2>()?;
        let len = u16::from_be_bytes([high, low]);
        let set = rest.get(..usize::from(len))?;
        match length_size {
            0 => to.push(u8::try_from(len).ok()?),
            1 => to.extend(len.to_be_bytes()),
            3 => to.extend(u32::from(len).to_be_bytes()),
            _ => return None,
        }
        to.extend(set);
        from = &rest[set.len()..];
    }
    Some(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(letters: &[u8; 4], configuration: &[u8; 4], record: &[u8], expected: &[u8]) {
        let mut entry = [&[0; 4], &letters[..], &[0; 78]].concat();
        entry.extend(u32::try_from(record.len() + 8).unwrap().to_be_bytes());
        entry.extend(configuration);
        entry.extend(record);
        assert_eq!(parameter_sets(&entry), expected);
    }

    #[test]
    fn sets_stand_behind_their_lengths() {
        let avc = b"\x01\x64\0\x1e\xff\xe1\0\x03SPS\x01\0\x02PP";
        check(b"avc1", b"avcC", avc, b"\0\0\0\x03SPS\0\0\0\x02PP");
        check(b"avc3", b"avcC", b"\x01\x64\0\x1e\xfd\xe1\0\x01S\0", b"\0\x01S");
        let hevc = [&[0; 21][..], b"\xff\x02\xa0\0\x01\0\x01V\xa1\0\x02\0\x01S\0\x01T"].concat();
        check(b"hvc1", b"hvcC", &hevc, b"\0\0\0\x01V\0\0\0\x01S\0\0\0\x01T");
    }

    #[test]
    fn what_has_none_or_ends_early_has_none() {
        check(b"vp09", b"vpcC", b"\x01\x64\0\x1e\xff\xe0\0", b"");
        check(b"avc1", b"hvcC", b"\x01\x64\0\x1e\xff\xe0\0", b"");
        check(b"avc1", b"avcC", b"\x01\x64\0\x1e\xff\xe1\0\x04SPS", b"");
        check(b"avc1", b"avcC", b"\x01\x64\0\x1e\xfe\xe1\0\x01S\0", b"");
        check(b"avc1", b"avcC", b"", b"");
        check(b"hev1", b"hvcC", &[0xff; 40], b"");
        assert_eq!(parameter_sets(b""), b"");
    }
}
