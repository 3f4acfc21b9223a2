//! The parts of what needs no more than to stand one behind the other.

use std::ops::Range;

use qetch_core::PartStart;

use super::{
    sink::Sink,
    sniff::skip_tags,
    source::Source,
    stop::{Done, Stop},
};

/// The header of a WebVTT file is searched for its end.
const LONGEST_HEADER: u64 = 64 << 10;

/// Where each part of a file stands; the first begins with the file.
pub(super) fn ranges(parts: &[PartStart], len: u64) -> Vec<Range<u64>> {
    let later = parts.iter().skip(1).map(|part| part.offset.min(len));
    let starts: Vec<u64> = [0].into_iter().chain(later).collect();
    let ends = starts.iter().skip(1).copied().chain([len]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end.max(start)).collect()
}

/// Writes sound frame after frame, without the tags that later parts begin with.
pub(super) fn packed(source: &mut Source, parts: &[PartStart], sink: &mut Sink) -> Done<()> {
    for (index, part) in ranges(parts, source.len()).into_iter().enumerate() {
        let start = if index == 0 { part.start } else { skip_tags(source, part.start)?.min(part.end) };
        source.copy(start..part.end, sink)?;
    }
    Ok(())
}

/// Writes WebVTT with the header of its first part alone.
pub(super) fn text(source: &mut Source, parts: &[PartStart], sink: &mut Sink) -> Done<()> {
    for (index, part) in ranges(parts, source.len()).into_iter().enumerate() {
        if index == 0 {
            source.copy(part, sink)?;
            continue;
        }
        let begin = source.read_most(part.start, LONGEST_HEADER.min(part.end - part.start))?;
        let body = part.start + header(&begin, part.end - part.start)? as u64;
        if body < part.end {
            // A cue begins behind an empty line.
            sink.write(b"\n\n")?;
            source.copy(body..part.end, sink)?;
        }
    }
    Ok(())
}

/// The length of the header that `begin` has (WebVTT, section 4.1): up to the first empty line; 0 where it has none.
fn header(begin: &[u8], len: u64) -> Done<usize> {
    let text = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin);
    if !text.starts_with(b"WEBVTT") {
        return Ok(begin.len() - text.len());
    }
    let mut line_len = 0;
    let mut at = begin.len() - text.len();
    for byte in text {
        at += 1;
        match byte {
            b'\n' if line_len == 0 => return Ok(at),
            b'\n' => line_len = 0,
            b'\r' => (),
            _ => line_len += 1,
        }
    }
    if begin.len() as u64 == len { Ok(begin.len()) } else { Err(Stop::Bad("a header without an end")) }
}

#[cfg(test)]
mod tests {
    use std::{io::Cursor, path::Path, time::Duration};

    use qetch_core::Wanted;

    use super::*;
    use crate::mux::sink::testing::Kept;

    type Join = fn(&mut Source, &[PartStart], &mut Sink) -> Done<()>;

    #[track_caller]
    fn check(join: Join, parts: &[&[u8]], expected: &[u8]) {
        let (mut starts, mut offset) = (Vec::new(), 0);
        for part in parts {
            starts.push(PartStart::new(offset, Duration::ZERO));
            offset += part.len() as u64;
        }
        let mut source = Source::new(Path::new("track"), offset, Box::new(Cursor::new(parts.concat())));
        let kept = Kept::default();
        let (wanted, _wants) = Wanted::new();
        let mut sink = Sink::new(Path::new("to"), Box::new(kept.clone()), wanted);
        join(&mut source, &starts, &mut sink).unwrap();
        assert_eq!(kept.bytes().escape_ascii().to_string(), expected.escape_ascii().to_string());
    }

    #[test]
    fn captions_have_one_header() {
        check(
            text,
            &[b"WEBVTT\n\n1\n", b"\xef\xbb\xbfWEBVTT X\r\nSTYLE: a\r\n\r\n2\n", b"WEBVTT", b"3"],
            b"WEBVTT\n\n1\n\n\n2\n\n\n3",
        );
    }

    #[test]
    fn sound_has_no_tags_between() {
        check(
            packed,
            &[b"ID3\x04\0\0\0\0\0\x01!aa", b"ID3\x04\0\0\0\0\0\x01!bb"],
            b"ID3\x04\0\0\0\0\0\x01!aabb",
        );
        check(packed, &[b"aa", b"ID3\x04\0\0\0\0\x7f\x01!bb", b"cc"], b"aacc");
    }
}
