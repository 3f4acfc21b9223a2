//! What an answer is: a page, a playlist or a file. Its first bytes decide, then its type.

use qetch_core::Answer;

use super::media;

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// HTML.
    Page,
    /// A list of media that lie elsewhere, and what such a list is called.
    Playlist(&'static str),
    /// Anything else.
    File,
}

pub(super) const HLS: Form = Form::Playlist("an HLS playlist (m3u8)");
const M3U: Form = Form::Playlist("an M3U playlist");
const PLS: Form = Form::Playlist("a PLS playlist");
pub(super) const DASH: Form = Form::Playlist("a DASH manifest (mpd)");
const XSPF: Form = Form::Playlist("an XSPF playlist");

/// The types that stand for a form. They count where the first bytes are those of nothing known.
const TYPES: [(&str, Form); 13] = [
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
];

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
        _ => Form::File,
    }
}

/// What the first bytes say; `None` where they say nothing of a page or a playlist.
fn by_first_bytes(bytes: &[u8]) -> Option<Form> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if text.starts_with(b"#EXTM3U") {
        let is_hls = text.windows(7).any(|window| window == b"#EXT-X-");
        return Some(if is_hls { HLS } else { M3U });
    }
    if starts_with(text, b"[playlist]") {
        return Some(PLS);
    }
    let tag = first_tag(text)?;
    let end = tag.iter().position(|byte| byte.is_ascii_whitespace() || b"/>".contains(byte))?;
    let (name, attributes) = tag.split_at(end);
    // The name without the prefix of its namespace.
    let name = name.rsplit(|&byte| byte == b':').next()?;
    let in_xspf = || attributes.windows(8).any(|window| window == b"xspf.org");
    match name {
        name if name.eq_ignore_ascii_case(b"html") => Some(Form::Page),
        b"MPD" => Some(DASH),
        b"playlist" if in_xspf() => Some(XSPF),
        _ => None,
    }
}

/// The first tag of a text in XML or HTML, from its name to its `>` or the end; a document type counts as the tag it
/// announces, where that is HTML.
fn first_tag(mut text: &[u8]) -> Option<&[u8]> {
    const DOCUMENT_TYPE: &[u8] = b"<!doctype";
    loop {
        text = text.trim_ascii_start();
        if text.starts_with(b"<?") {
            text = after(text, b"?>")?;
        } else if text.starts_with(b"<!--") {
            text = after(text, b"-->")?;
        } else if starts_with(text, DOCUMENT_TYPE) {
            let named = text[DOCUMENT_TYPE.len()..].trim_ascii_start();
            if starts_with(named, b"html") {
                return Some(named);
            }
            text = after(text, b">")?;
        } else {
            let tag = text.strip_prefix(b"<")?;
            let end = tag.iter().position(|&byte| byte == b'>').map_or(tag.len(), |end| end + 1);
            return Some(&tag[..end]);
        }
    }
}

/// What follows the first `mark`.
fn after<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(mark.len()).position(|window| window == mark)?;
    Some(&text[at + mark.len()..])
}

/// Whether `text` starts with `prefix`, in upper or lower case.
fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode, header};
    use qetch_core::Url;

    use super::*;

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
        check("application/vnd.apple.mpegurl", b"", HLS);
        check("audio/x-mpegurl", b"http://h.example/a.mp3\n", M3U);
    }

    #[test]
    fn anything_else_is_a_file() {
        check("text/html", b"\0\0\0\x20ftypisom\0\0\x02\0", Form::File);
        check("audio/x-mpegurl", b"ID3\x04\0\0\0\0\0\0", Form::File);
        check("text/xml", b"<playlist><a/></playlist>", Form::File);
        check("image/svg+xml", b"<?xml version='1.0'?><!DOCTYPE svg PUBLIC 'x' 'y'><svg>", Form::File);
        check("application/rss+xml", b"<rss version='2.0'>", Form::File);
        for body in
            [b"".as_slice(), b"<", b"<!--", b"<?xml", b"<!doctype", b"<!doctype svg", b"<htm", b"<html"]
        {
            check("text/plain", body, Form::File);
        }
    }
}
