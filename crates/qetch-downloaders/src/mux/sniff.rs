//! What the file of a track is, by its first bytes alone: never by a name or by what a site says of it.

use qetch_core::Kind;

use super::{
    mp4::boxes::Head,
    source::Source,
    stop::{Done, Stop},
};

/// Bytes that are looked at of what is not made of boxes.
const LOOK: u64 = 4096;

/// Boxes before the one that decides.
const MOST_BOXES: usize = 64;

/// What the file of a track is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Format {
    /// MP4 whose samples are in fragments.
    Fragmented,
    /// MP4 of one piece.
    Mp4,
    /// MPEG-TS.
    Ts,
    /// AAC in ADTS.
    Adts,
    /// MPEG audio.
    Mp3,
    /// AC-3 or E-AC-3.
    Ac3,
    /// WebVTT.
    Vtt,
    /// TTML.
    Ttml,
    /// Matroska.
    Matroska,
    /// WebM.
    WebM,
    /// Something else: a playlist, a page, anything that is not opened.
    Other,
}

impl Format {
    /// As a person calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fragmented => "fragmented MP4",
            Self::Mp4 => "MP4",
            Self::Ts => "MPEG-TS",
            Self::Adts => "AAC",
            Self::Mp3 => "MP3",
            Self::Ac3 => "AC-3",
            Self::Vtt => "WebVTT",
            Self::Ttml => "TTML",
            Self::Matroska => "Matroska",
            Self::WebM => "WebM",
            Self::Other => "no known media",
        }
    }

    /// Whether it is sound and nothing else, frame after frame.
    pub(super) fn is_packed_audio(self) -> bool {
        matches!(self, Self::Adts | Self::Mp3 | Self::Ac3)
    }
}

/// The extension that the file fits which these tracks become.
pub(crate) fn extension(tracks: &[(Format, Kind)]) -> &'static str {
    let all = |fits: fn(Format) -> bool| tracks.iter().all(|(format, _)| fits(*format));
    match tracks {
        [(Format::Ts, _)] => "ts",
        [(Format::Adts, _)] => "aac",
        [(Format::Mp3, _)] => "mp3",
        [(Format::Ac3, _)] => "ac3",
        [(Format::Vtt, _)] => "vtt",
        [(Format::Ttml, _)] => "ttml",
        _ if all(|format| format == Format::WebM) => "webm",
        _ if !all(|format| !matches!(format, Format::WebM | Format::Matroska)) => "mkv",
        _ if tracks.iter().all(|(_, kind)| *kind == Kind::Audio) => "m4a",
        _ => "mp4",
    }
}

/// What `source` is.
pub(super) fn sniff(source: &mut Source) -> Done<Format> {
    let bytes = source.read_most(0, LOOK)?;
    if let Some(format) = text(&bytes) {
        return Ok(format);
    }
    if is_ts(&bytes) {
        return Ok(Format::Ts);
    }
    if bytes.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
        return Ok(ebml(&bytes));
    }
    if bytes.get(4..8).is_some_and(|letters| matches!(letters, b"ftyp" | b"styp" | b"moov" | b"sidx")) {
        return boxes(source);
    }
    packed(source, bytes)
}

/// WebVTT (section 4.1) and TTML; other text is nothing.
fn text(bytes: &[u8]) -> Option<Format> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Some(rest) = text.strip_prefix(b"WEBVTT") {
        let is_over = matches!(rest.first(), None | Some(b' ' | b'\t' | b'\n' | b'\r'));
        return is_over.then_some(Format::Vtt);
    }
    let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
    let is_xml = text.starts_with(b"<?xml") || text.starts_with(b"<tt");
    (is_xml && has(b"http://www.w3.org/ns/ttml")).then_some(Format::Ttml)
}

/// A sync byte at the start of each packet that is looked at (ISO/IEC 13818-1, 2.4.3.2).
fn is_ts(bytes: &[u8]) -> bool {
    let mut packets = bytes.chunks_exact(188);
    bytes.len() >= 188 && packets.all(|packet| packet.first() == Some(&0x47))
}

/// The document type of an EBML header (RFC 8794, section 11.2.6).
fn ebml(bytes: &[u8]) -> Format {
    let has = |part: &[u8]| {
        bytes
            .iter()
            .take(64)
            .collect::<Vec<_>>()
            .windows(part.len())
            .any(|window| window.iter().copied().eq(part))
    };
    match (has(b"\x42\x82\x84webm"), has(b"\x42\x82\x88matroska")) {
        (true, _) => Format::WebM,
        (_, true) => Format::Matroska,
        _ => Format::Other,
    }
}

/// MP4 in fragments or in one piece: whether its `moov` has an `mvex`.
fn boxes(source: &mut Source) -> Done<Format> {
    let mut at = 0;
    for _ in 0..MOST_BOXES {
        if at >= source.len() {
            break;
        }
        let Some(head) = head(source, at, source.len())? else { return Ok(Format::Other) };
        if head.letters == *b"moov" {
            return Ok(match contains(source, head, *b"mvex")? {
                Some(true) => Format::Fragmented,
                Some(false) => Format::Mp4,
                None => Format::Other,
            });
        }
        at = head.end;
    }
    Ok(Format::Other)
}

fn contains(source: &mut Source, head: Head, letters: [u8; 4]) -> Done<Option<bool>> {
    let (mut at, end) = (head.body, head.end);
    for _ in 0..MOST_BOXES * 4 {
        if at >= end {
            return Ok(Some(false));
        }
        let Some(child) = self::head(source, at, end)? else { return Ok(None) };
        if child.letters == letters {
            return Ok(Some(true));
        }
        at = child.end;
    }
    Ok(None)
}

/// The box at `at`; nothing where none can be.
fn head(source: &mut Source, at: u64, limit: u64) -> Done<Option<Head>> {
    match Head::read(source, at, limit) {
        Ok(head) => Ok(Some(head)),
        Err(Stop::Bad(_)) => Ok(None),
        Err(stop) => Err(stop),
    }
}

/// The length of the frame that bytes begin with.
type FrameLength = fn(&[u8]) -> Option<usize>;

/// Sound, frame after frame, behind any number of ID3 tags: two frames are asked for where there is room for two.
fn packed(source: &mut Source, first: Vec<u8>) -> Done<Format> {
    let start = skip_tags(source, 0)?;
    let bytes = if start == 0 { first } else { source.read_most(start, LOOK)? };
    let kinds: [(Format, FrameLength); 3] =
        [(Format::Adts, adts), (Format::Mp3, mpeg_audio), (Format::Ac3, ac3)];
    for (format, frame) in kinds {
        let Some(len) = frame(&bytes) else { continue };
        let ends_here = start.saturating_add(len as u64) == source.len();
        let next = bytes.get(len..).unwrap_or_default();
        if ends_here || frame(next).is_some() || next.starts_with(b"ID3") {
            return Ok(format);
        }
    }
    Ok(Format::Other)
}

/// Where what is behind the ID3v2 tags at `at` begins (ID3v2.4.0, section 3.1).
pub(super) fn skip_tags(source: &mut Source, mut at: u64) -> Done<u64> {
    for _ in 0..MOST_BOXES {
        let head = source.read_most(at, 10)?;
        let &[b'I', b'D', b'3', _, _, flags, a, b, c, d] = head.as_slice() else { break };
        if [a, b, c, d].iter().any(|byte| byte & 0x80 != 0) {
            break;
        }
        let size = [a, b, c, d].iter().fold(0, |size: u64, byte| size << 7 | u64::from(*byte));
        let footer = if flags & 0x10 != 0 { 10 } else { 0 };
        at = at.saturating_add(10 + size + footer);
    }
    Ok(at.min(source.len()))
}

/// The length of the ADTS frame that `bytes` begin with (ISO/IEC 13818-7, 6.2).
fn adts(bytes: &[u8]) -> Option<usize> {
    let &[a, b, c, d, e, f, ..] = bytes else { return None };
    let is_one = a == 0xff && b & 0xf6 == 0xf0 && (c >> 2) & 0xf < 13;
    let len = usize::from(d & 3) << 11 | usize::from(e) << 3 | usize::from(f >> 5);
    (is_one && len >= 7).then_some(len)
}

/// The length of the MPEG audio frame that `bytes` begin with (ISO/IEC 11172-3, 2.4.1.3; ISO/IEC 13818-3).
fn mpeg_audio(bytes: &[u8]) -> Option<usize> {
    const RATES_1: [[usize; 15]; 3] = [
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    ];
    const RATES_2: [[usize; 15]; 2] = [
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let &[a, b, c, ..] = bytes else { return None };
    if a != 0xff || b & 0xe0 != 0xe0 {
        return None;
    }
    let (version, layer) = ((b >> 3) & 3, usize::from(4 - ((b >> 1) & 3)));
    if version == 1 || layer == 4 {
        return None;
    }
    let rates = if version == 3 { RATES_1[layer - 1] } else { RATES_2[usize::from(layer > 1)] };
    let rate = *rates.get(usize::from(c >> 4)).filter(|rate| **rate > 0)? * 1000;
    let halves = match version {
        3 => 1,
        2 => 2,
        _ => 4,
    };
    let frequency = [44_100, 48_000, 32_000].get(usize::from((c >> 2) & 3))? / halves;
    let padding = usize::from((c >> 1) & 1);
    Some(match (layer, version) {
        (1, _) => (12 * rate / frequency + padding) * 4,
        (3, 0 | 2) => 72 * rate / frequency + padding,
        _ => 144 * rate / frequency + padding,
    })
}

/// The length of the AC-3 or E-AC-3 frame that `bytes` begin with (ETSI TS 102 366, 4.4.1 and E.1.3.1).
fn ac3(bytes: &[u8]) -> Option<usize> {
    const RATES: [usize; 19] =
        [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
    let &[0x0b, 0x77, a, b, c, d, ..] = bytes else { return None };
    let words = match d >> 3 {
        0..=8 => {
            let rate = RATES.get(usize::from((c & 0x3f) >> 1))?;
            match c >> 6 {
                0 => rate * 2,
                1 => rate * 320 / 147 + usize::from(c & 1),
                2 => rate * 3,
                _ => return None,
            }
        }
        11..=16 => (usize::from(a & 7) << 8 | usize::from(b)) + 1,
        _ => return None,
    };
    Some(words * 2)
}

#[cfg(test)]
mod tests {
    use std::{io::Cursor, path::Path};

    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Format) {
        let file = Box::new(Cursor::new(bytes.to_vec()));
        let mut source = Source::new(Path::new("track"), bytes.len() as u64, file);
        assert_eq!(sniff(&mut source).unwrap(), expected);
    }

    fn frames(head: &[u8], len: usize) -> Vec<u8> {
        let mut frame = head.to_vec();
        frame.resize(len, 0);
        [frame.clone(), frame].concat()
    }

    #[test]
    fn what_is_made_of_boxes() {
        let ftyp = b"\0\0\0\x10ftypiso6\0\0\0\0";
        let moov = b"\0\0\0\x18moov\0\0\0\x08mvhd\0\0\0\x08mvex";
        check(&[&ftyp[..], moov].concat(), Format::Fragmented);
        check(&[&ftyp[..], b"\0\0\0\x08free", moov].concat(), Format::Fragmented);
        check(&[&ftyp[..], b"\0\0\0\0moov"].concat(), Format::Mp4);
        check(&[&ftyp[..], b"\0\0\0\x0cmdatabcd", b"\0\0\0\x10moov\0\0\0\x08mvhd"].concat(), Format::Mp4);
        check(ftyp, Format::Other);
        check(&[&ftyp[..], b"\0\0\0\x18moov\0\0\0\x08mvhd\0\0\0\x09mvex"].concat(), Format::Other);
        check(&[&ftyp[..], b"\0\0\xff\0moov"].concat(), Format::Other);
        check(b"\0\0\0\x08moof\0\0\0\x08mdat", Format::Other);
    }

    #[test]
    fn what_is_made_of_packets_or_frames() {
        let mut packet = [0; 188];
        packet[0] = 0x47;
        check(&packet, Format::Ts);
        check(&packet.repeat(3), Format::Ts);
        check(&[&packet[..], &[0; 188]].concat(), Format::Other);
        let adts = frames(&[0xff, 0xf1, 0x50, 0x80, 0x02, 0x1f, 0xfc], 16);
        check(&adts, Format::Adts);
        check(&[&b"ID3\x04\0\0\0\0\0\x03abc"[..], &adts].concat(), Format::Adts);
        check(&adts[..20], Format::Other);
        check(&frames(&[0xff, 0xfb, 0x90, 0x00], 417), Format::Mp3);
        check(&frames(&[0x0b, 0x77, 0, 0, 0x14, 0x40], 768), Format::Ac3);
        check(&frames(&[0x0b, 0x77, 0, 0x07, 0, 0x80], 16), Format::Ac3);
        check(&frames(&[0x0b, 0x77, 0, 0x07, 0, 0xf8], 16), Format::Other);
    }

    #[test]
    fn what_is_text() {
        check(b"WEBVTT", Format::Vtt);
        check(b"\xef\xbb\xbfWEBVTT - captions\n\n", Format::Vtt);
        check(b"WEBVTTX", Format::Other);
        check(b"<?xml version=\"1.0\"?><tt xmlns=\"http://www.w3.org/ns/ttml\"/>", Format::Ttml);
        check(b"<html></html>", Format::Other);
        check(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", Format::Other);
        check(b"ffconcat version 1.0\nfile '/etc/passwd'\n", Format::Other);
        check(b"", Format::Other);
    }

    #[test]
    fn what_is_matroska() {
        check(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", Format::WebM);
        check(b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska", Format::Matroska);
        check(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84mkvx", Format::Other);
    }

    #[test]
    fn extensions_fit_what_the_tracks_become() {
        let of = |tracks: &[(Format, Kind)]| extension(tracks);
        assert_eq!(of(&[(Format::Ts, Kind::Video)]), "ts");
        assert_eq!(of(&[(Format::Ts, Kind::Video), (Format::Adts, Kind::Audio)]), "mp4");
        assert_eq!(of(&[(Format::Fragmented, Kind::Audio)]), "m4a");
        assert_eq!(of(&[(Format::Fragmented, Kind::Video), (Format::Fragmented, Kind::Audio)]), "mp4");
        assert_eq!(of(&[(Format::WebM, Kind::Video), (Format::WebM, Kind::Audio)]), "webm");
        assert_eq!(of(&[(Format::Fragmented, Kind::Video), (Format::WebM, Kind::Audio)]), "mkv");
        assert_eq!(of(&[(Format::Mp3, Kind::Audio)]), "mp3");
    }
}
