//! The character encoding of a page (HTML standard, section 13.2.3.2): by its first bytes, else by `Content-Type`, else by a
//! `<meta>` near its beginning, else UTF-8, as pages of today are that say nothing.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use html5gum::{Token, Tokenizer};

/// How far a `<meta>` that tells it may stand from the beginning, in bytes.
const NEAR: usize = 1024;

/// `html` as UTF-8; `content_type` is what its answer says.
pub(super) fn utf8<'a>(html: &'a [u8], content_type: Option<&str>) -> Cow<'a, [u8]> {
    let by_type = || content_type.and_then(charset).and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = match Encoding::for_bom(html) {
        Some((encoding, _)) => encoding,
        None => by_type().or_else(|| by_meta(&html[..html.len().min(NEAR)])).unwrap_or(UTF_8),
    };
    if encoding == UTF_8 {
        return Cow::Borrowed(html.strip_prefix(b"\xef\xbb\xbf").unwrap_or(html));
    }
    Cow::Owned(encoding.decode(html).0.into_owned().into_bytes())
}

/// The label behind `charset=`, with or without quotes.
fn charset(text: &str) -> Option<&str> {
    let at = text.to_ascii_lowercase().find("charset=")? + "charset=".len();
    let label = text[at..].trim_start().trim_start_matches(['"', '\'']);
    let end = label.find(|c: char| c.is_whitespace() || matches!(c, ';' | '"' | '\'')).unwrap_or(label.len());
    Some(&label[..end]).filter(|label| !label.is_empty())
}

fn by_meta(beginning: &[u8]) -> Option<&'static Encoding> {
    for Ok(token) in Tokenizer::new(beginning) {
        let Token::StartTag(tag) = token else { continue };
        if tag.name.as_slice() != b"meta" {
            continue;
        }
        let of = |name: &str| {
            tag.attributes.get(name.as_bytes()).map(|it| String::from_utf8_lossy(it).into_owned())
        };
        let label = of("charset").or_else(|| charset(&of("content")?).map(str::to_owned));
        if let Some(encoding) = label.and_then(|label| Encoding::for_label(label.as_bytes())) {
            // What can be read as letters of one byte is not of two.
            let is_wide = encoding == UTF_16LE || encoding == UTF_16BE;
            return Some(if is_wide { UTF_8 } else { encoding });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &[u8], content_type: &str, expected: &str) {
        let found = utf8(html, Some(content_type).filter(|it| !it.is_empty()));
        assert_eq!(String::from_utf8_lossy(&found), expected, "{content_type}");
    }

    #[test]
    fn the_type_then_the_page_tells_the_encoding() {
        check(b"caf\xe9", "text/html; Charset=\"ISO-8859-1\"", "café");
        check(b"\xcf\xf0\xe8", "text/html;charset=windows-1251;x", "При");
        check(b"<meta charset=shift_jis>\x93\xfa", "text/html", "<meta charset=shift_jis>日");
        let old = b"<META http-equiv=Content-Type content='text/html; charset=iso-8859-1'>\xe9";
        check(old, "", "<META http-equiv=Content-Type content='text/html; charset=iso-8859-1'>é");
        check(b"<meta charset=latin1>\xc3\xa9", "text/html; charset=utf-8", "<meta charset=latin1>é");
        check("é".as_bytes(), "", "é");
        check("é".as_bytes(), "text/html; charset=nonsense", "é");
        check(b"<meta charset=utf-16>\xc3\xa9", "", "<meta charset=utf-16>é");
        check(b"caf\xe9", "", "caf\u{fffd}");
    }

    #[test]
    fn the_first_bytes_tell_before_all() {
        check(b"\xef\xbb\xbf\xc3\xa9", "text/html; charset=latin1", "é");
        check(b"\xff\xfe<\0p\0>\0", "text/html; charset=utf-8", "<p>");
    }

    #[test]
    fn a_charset_far_from_the_beginning_is_none() {
        let page = [" ".repeat(NEAR).as_bytes(), b"<meta charset=latin1>\xe9"].concat();
        assert!(matches!(utf8(&page, None), Cow::Borrowed(_)));
    }
}
