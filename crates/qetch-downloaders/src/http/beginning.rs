//! What a fragment begins with: no page and no playlist stands where sound or pictures are meant, whatever it is called.
//! Captive portals and expired links answer pages with status 200; and what is a list of links, or becomes one once it is
//! opened, is not to lie in a file that players and other programs take for media.

use bytes::{Bytes, BytesMut};
use qetch_core::{Error, Kind, OpenAnswer, Result, Url, shown};

use super::source::Decoder;

/// Bytes that are looked at.
const LOOK: usize = 64;

const MARK: &[u8] = b"\xef\xbb\xbf";

/// What texts begin with that are no media, in lower case, and what they are.
const TEXTS: [(&[u8], &str); 5] = [
    (b"#extm3u", "a playlist"),
    (b"<mpd", "a manifest"),
    (b"<!doctype html", "a page"),
    (b"<html", "a page"),
    (b"<?xml", "a text in XML"),
];

/// What some bytes may be the beginning of.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Of media, as far as that can be told.
    Media,
    /// The next ones decide.
    Open,
    /// Of this.
    Other(&'static str),
}

/// Judges the first bytes of something of this kind, which is called a page where `says_page` says so.
fn judge(bytes: &[u8], kind: Kind, says_page: bool) -> Verdict {
    if MARK.starts_with(bytes) {
        return Verdict::Open;
    }
    let text = bytes.strip_prefix(MARK).unwrap_or(bytes).trim_ascii_start();
    let text = text[..text.len().min(LOOK)].to_ascii_lowercase();
    if says_page && text.starts_with(b"<") {
        return Verdict::Other("a page");
    }
    // Some pictures are drawn in XML.
    let texts = || TEXTS.iter().filter(|(begin, _)| kind != Kind::Image || *begin != b"<?xml");
    if let Some((_, what)) = texts().find(|(begin, _)| text.starts_with(begin)) {
        return Verdict::Other(what);
    }
    let is_open = bytes.len() < LOOK && texts().any(|(begin, _)| begin.starts_with(&text));
    if is_open { Verdict::Open } else { Verdict::Media }
}

/// The error that something else is where a file was meant.
pub(super) fn in_place(url: &Url, what: &str) -> Error {
    Error::bad_reply(url, format!("{what} in place of the file ({})", shown(url)))
}

/// The beginning of a fragment as it arrives. It is held back until it is known what it is, so that nothing of a page is
/// ever taken for a part of the file, by a later run neither.
pub(super) struct Beginning {
    /// The kind of what it has to be; nothing where anything will do, or it was looked at.
    kind: Option<Kind>,
    /// Where it begins in the resource.
    start: u64,
    held: BytesMut,
}

impl Beginning {
    /// That of a fragment at `start`, in the body of a reply that begins at `at`.
    pub(super) fn new(media: Option<Kind>, at: u64, start: u64) -> Self {
        Self { kind: media.filter(|_| at <= start), start, held: BytesMut::new() }
    }

    /// What can be gone on with of `chunk` and of what is held back, which begins at `at`; `end` is where the fragment
    /// ends, if that is known.
    ///
    /// # Errors
    /// `bad_reply` where it is no media.
    pub(super) fn take(
        &mut self,
        answer: &OpenAnswer,
        at: u64,
        chunk: Bytes,
        end: Option<u64>,
    ) -> Result<Bytes> {
        let Some(kind) = self.kind else { return Ok(chunk) };
        let ahead = usize::try_from(self.start.saturating_sub(at)).unwrap_or(usize::MAX);
        if self.held.len().saturating_add(chunk.len()) <= ahead {
            return Ok(chunk);
        }
        let bytes = if self.held.is_empty() {
            chunk
        } else {
            self.held.extend_from_slice(&chunk);
            self.held.split().freeze()
        };
        let says_page = answer
            .media_type()
            .is_some_and(|it| matches!(it.as_str(), "text/html" | "application/xhtml+xml"));
        let is_all = end.is_some_and(|end| at.saturating_add(bytes.len() as u64) >= end);
        match judge(&bytes[ahead..], kind, says_page) {
            Verdict::Other(what) => Err(in_place(answer.url(), what)),
            Verdict::Open if !is_all => {
                self.held.extend_from_slice(&bytes);
                Ok(Bytes::new())
            }
            Verdict::Open | Verdict::Media => {
                self.kind = None;
                Ok(bytes)
            }
        }
    }

    /// What is held back, where nothing follows.
    pub(super) fn rest(&mut self) -> Bytes {
        self.kind = None;
        self.held.split().freeze()
    }
}

/// Looks at what a decoder makes of a fragment.
pub(super) struct Opened {
    decoder: Box<dyn Decoder>,
    kind: Option<Kind>,
    /// Where the fragment is.
    url: Url,
}

impl Opened {
    pub(super) fn of(decoder: Box<dyn Decoder>, media: Option<Kind>, url: Url) -> Box<dyn Decoder> {
        Box::new(Self { decoder, kind: media, url })
    }
}

impl Decoder for Opened {
    fn decode(&mut self, block: Bytes, is_last: bool) -> Result<Bytes> {
        let opened = self.decoder.decode(block, is_last)?;
        // Blocks are far larger than what is looked at, but for the last one.
        if let Some(kind) = self.kind.take_if(|_| !opened.is_empty())
            && let Verdict::Other(what) = judge(&opened, kind, false)
        {
            return Err(in_place(&self.url, what));
        }
        Ok(opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_what_is_no_media() {
        let check = |bytes: &[u8], kind, expected: Verdict| {
            assert_eq!(judge(bytes, kind, false), expected, "{}", bytes.escape_ascii());
        };
        check(b"#EXTM3U\n#EXT-X-VERSION:3", Kind::Video, Verdict::Other("a playlist"));
        check(b"\xef\xbb\xbf\r\n #EXTM3U", Kind::Audio, Verdict::Other("a playlist"));
        check(b"<MPD xmlns=", Kind::Video, Verdict::Other("a manifest"));
        check(b"<?xml version=\"1.0\"?><MPD>", Kind::Audio, Verdict::Other("a text in XML"));
        check(b"<?xml version=\"1.0\"?><svg>", Kind::Image, Verdict::Media);
        check(b"<!DOCTYPE HTML><p>", Kind::Image, Verdict::Other("a page"));
        check(b"\n<Html>", Kind::Video, Verdict::Other("a page"));
        for open in
            [&b""[..], b"#", b"#EXTM3", b"\xef", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n", b"<", b"<!doctype"]
        {
            check(open, Kind::Video, Verdict::Open);
        }
        for media in
            [&b"G@\x11"[..], b"\0\0\0\x18ftyp", b"\xff\xf1", b"ID3", b"#EXTM3X", b"<svg>", &[b' '; LOOK]]
        {
            check(media, Kind::Video, Verdict::Media);
        }
        assert_eq!(judge(b"<p>", Kind::Video, true), Verdict::Other("a page"));
        assert_eq!(judge(b"G<p>", Kind::Video, true), Verdict::Media);
    }
}
