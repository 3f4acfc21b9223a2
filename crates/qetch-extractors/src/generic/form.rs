//! What an answer is: a page, a playlist, a feed or a file. Its first bytes decide, then its type, then its name.

use qetch_core::{Answer, Url, link};

use super::media;
use crate::common_first_tag::{first_tag, plain, starts_with};

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// HTML.
    Page,
    /// A list of media that lie elsewhere, and what such a list is called.
    Playlist(&'static str),
    /// RSS or Atom.
    Feed,
    /// Anything else.
    File,
}

pub(super) const HLS: Form = Form::Playlist("an HLS playlist (m3u8)");
pub(super) const DASH: Form = Form::Playlist("a DASH manifest (mpd)");
pub(super) const M3U: Form = Form::Playlist("an M3U playlist");
pub(super) const PLS: Form = Form::Playlist("a PLS playlist");
pub(super) const XSPF: Form = Form::Playlist("an XSPF playlist");
pub(super) const ASX: Form = Form::Playlist("an ASX playlist");

/// The types that stand for a form. They count where the first bytes are those of nothing known.
const TYPES: [(&str, Form); 19] = [
    ("text/html", Form::Page),
    ("application/xhtml+xml", Form::Page),
    ("application/vnd.apple.mpegurl", HLS),
    ("application/x-mpegurl", HLS),
    ("application/mpegurl", HLS),
    ("audio/x-mpegurl", M3U),
    ("audio/mpegurl", M3U),
    ("audio/x-scpls", PLS),
    ("audio/scpls", PLS),
    ("application/pls+xml", PLS),
    ("application/dash+xml", DASH),
    ("video/vnd.mpeg.dash.mpd", DASH),
    ("application/xspf+xml", XSPF),
    ("video/x-ms-asx", ASX),
    ("video/x-ms-wax", ASX),
    ("video/x-ms-wvx", ASX),
    ("audio/x-ms-wax", ASX),
    ("application/rss+xml", Form::Feed),
    ("application/atom+xml", Form::Feed),
];

/// Extensions of lists whose first bytes may tell nothing: an address a line, or a comment that does not end.
const EXTENSIONS: [(&str, Form); 7] =
    [("m3u", M3U), ("m3u8", M3U), ("pls", PLS), ("asx", ASX), ("wax", ASX), ("mpd", DASH), ("xspf", XSPF)];

/// What `answer` is.
pub(super) fn of(answer: &Answer) -> Form {
    let bytes = answer.body().as_ref();
    if let Some(form) = by_first_bytes(bytes) {
        return form;
    }
    let declared = answer.media_type().unwrap_or_default();
    match TYPES.iter().find(|(name, _)| *name == declared) {
        // Scripts that send a file and say nothing of it have it called a page by their server.
        Some((_, form)) if media::signature(bytes).is_none() => *form,
        Some(_) => Form::File,
        None if declared == "text/plain" || media::is_vague(&declared) => {
            by_name(answer.url(), bytes).unwrap_or(Form::File)
        }
        None => Form::File,
    }
}

/// What the name at the end of a link says of a text with addresses in it.
fn by_name(url: &Url, bytes: &[u8]) -> Option<Form> {
    let extension = link::extension(url)?;
    let (_, form) = EXTENSIONS.iter().find(|(it, _)| extension == *it)?;
    let has_address = bytes.windows(3).any(|it| it == b"://") && !bytes.contains(&0);
    has_address.then_some(*form)
}

/// What the first bytes say; `None` where they say nothing of a page or a playlist.
fn by_first_bytes(bytes: &[u8]) -> Option<Form> {
    let plain = plain(bytes);
    let text = plain.trim_ascii_start();
    if text.starts_with(b"#EXTM3U") {
        let is_hls = text.windows(7).any(|window| window == b"#EXT-X-");
        return Some(if is_hls { HLS } else { M3U });
    }
    if starts_with(text, b"[playlist]") {
        return Some(PLS);
    }
    let tag = first_tag(text)?;
    match tag.name {
        _ if tag.is_named("html") => Some(Form::Page),
        _ if tag.is_named("asx") => Some(ASX),
        _ if tag.is_of_feed() => Some(Form::Feed),
        b"MPD" => Some(DASH),
        b"playlist" if tag.has(b"xspf.org") => Some(XSPF),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, StatusCode, header};

    fn check(content_type: &str, body: &'static [u8], expected: Form) {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        let answer = Answer::new(StatusCode::OK, headers, Url::parse("https://h.example/").unwrap(), body);
        assert_eq!(of(&answer), expected, "{content_type} {}", body.escape_ascii());
    }

    #[test]
    fn pages_are_told_by_their_beginning_whatever_they_are_called() {
        for body in [
            b"<!DOCTYPE html><p>".as_slice(),
            b"<!doctype HTML public \"-//W3C//DTD HTML 4.01//EN\">",
            b"\xef\xbb\xbf \r\n<html lang=en>",
            b"<HTML>",
            b"<!-- a > b --><!-- c -->\n<html>",
            b"<?xml version='1.0'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'>",
        ] {
            check("video/mp4", body, Form::Page);
        }
        check("text/html; charset=utf-8", b"<p>no head at all", Form::Page);
        check("application/xhtml+xml", b"", Form::Page);
    }

    #[test]
    fn playlists_are_told_by_their_beginning_whatever_they_are_called() {
        check("text/plain", b"#EXTM3U\n#EXT-X-VERSION:3\n", HLS);
        check("text/plain", b"#EXTM3U\n#EXTINF:1,a\na.mp3\n", M3U);
        check("text/html", b"\xef\xbb\xbf#EXTM3U\n", M3U);
        check("text/plain", b"[Playlist]\r\nFile1=http://h.example/a\r\n", PLS);
        check("text/xml", b"<?xml version=\"1.0\"?>\n<!-- x -->\n<MPD xmlns=\"urn:mpeg:dash\">", DASH);
        check("text/xml", b"<dash:MPD xmlns:dash='urn:mpeg:dash'>", DASH);
        check("text/xml", b"<playlist version='1' xmlns='http://xspf.org/ns/0/'>", XSPF);
        check("video/x-ms-asf", b"<ASX version = \"3.0\">", ASX);
        check("application/vnd.apple.mpegurl", b"", HLS);
        check("audio/x-mpegurl", b"http://h.example/a.mp3\n", M3U);
    }

    #[test]
    fn lists_that_nothing_else_tells_are_told_by_their_name() {
        let check = |path: &str, content_type: &str, body: &'static str, expected| {
            let url = Url::parse("https://h.example/").unwrap().join(path).unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
            let answer = Answer::new(StatusCode::OK, headers, url, body);
            assert_eq!(of(&answer), expected, "{path} {content_type} {body}");
        };
        check("a.M3U", "text/plain", "http://h.example/a\n", M3U);
        check("a.m3u8?x", "application/octet-stream", "# a\nhttp://h.example/a\n", M3U);
        check("a.pls", "application/octet-stream", "File1=http://h.example/a\n", PLS);
        check("a.m3u", "image/png", "http://h.example/a\n", Form::File);
        check("a.m3u", "text/plain", "Not found", Form::File);
        check("a.m3u", "text/plain", "\0http://", Form::File);
        check("a.mpd", "application/octet-stream", "<!-- http://h.example/, a long story", DASH);
        check("a.xspf", "text/plain", "<!-- http://h.example/, a long story", XSPF);
        check("a.txt", "text/plain", "http://h.example/a\n", Form::File);
        check("a.m3u", "text/plain", "<html>http://h.example/a", Form::Page);
    }

    #[test]
    fn feeds_are_told_by_their_root_or_else_by_their_type() {
        check("text/html", b"<?xml version='1.0'?>\n<rss version='2.0'>", Form::Feed);
        check("text/xml", b"<feed xmlns='http://www.w3.org/2005/Atom'>", Form::Feed);
        check("text/xml", b"\xff\xfe<\0r\0s\0s\0>\0", Form::Feed);
        check("application/rss+xml", b"<?xml version='1.0'?><!-- a long story", Form::Feed);
        check("application/rss+xml", b"<html>", Form::Page);
    }

    #[test]
    fn anything_else_is_a_file() {
        check("text/html", b"\0\0\0\x20ftypisom\0\0\x02\0", Form::File);
        check("audio/x-mpegurl", b"ID3\x04\0\0\0\0\0\0", Form::File);
        check("text/xml", b"<playlist><a/></playlist>", Form::File);
        check("image/svg+xml", b"<?xml version='1.0'?><!DOCTYPE svg PUBLIC 'x' 'y'><svg>", Form::File);
        check("text/xml", b"<feed xmlns='http://h.example/cattle'>", Form::File);
        for body in
            [b"".as_slice(), b"<", b"<!--", b"<?xml", b"<!doctype", b"<!doctype svg", b"<htm", b"<html"]
        {
            check("text/plain", body, Form::File);
        }
    }
}
