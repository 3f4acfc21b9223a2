//! The text of a document whose encoding its server, its first line and its bytes tell, each of them wrongly at times.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use qetch_core::{Answer, http::header};

/// How far an XML declaration may reach.
const DECLARATION: usize = 256;

/// The text of `answer`.
///
/// A byte order mark decides; then the bytes of a tag in UTF-16; then whether all of it is UTF-8, which what is in another
/// encoding is not but by accident; then the declaration of the document; then what its server says, which is often set for
/// all files alike. What nobody tells is Windows-1252, and with it ISO-8859-1.
pub(crate) fn text_of(answer: &Answer) -> String {
    let said = answer.header(header::CONTENT_TYPE).and_then(charset);
    decoded(answer.body(), said).into_owned()
}

fn decoded<'a>(bytes: &'a [u8], said: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0;
    }
    match bytes {
        [b'<', 0, ..] => return UTF_16LE.decode(bytes).0,
        [0, b'<', ..] => return UTF_16BE.decode(bytes).0,
        _ => (),
    }
    let declared = declared(bytes).and_then(|label| Encoding::for_label(label.as_bytes()));
    // Text in these has no byte that UTF-8 has not.
    let is_seven_bits = declared.is_some_and(|it| !it.is_ascii_compatible());
    if !is_seven_bits && let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let said = || Encoding::for_label(said?.as_bytes());
    // A tag that can be read is not in UTF-16, whatever is said.
    let encoding = declared.or_else(said).filter(|it| ![UTF_16BE, UTF_16LE].contains(it));
    encoding.unwrap_or(if declared.is_some() { UTF_8 } else { WINDOWS_1252 }).decode(bytes).0
}

/// The encoding that the XML declaration names (XML 1.0, section 4.3.3).
fn declared(bytes: &[u8]) -> Option<&str> {
    let head = &bytes[..bytes.len().min(DECLARATION)];
    let head = head.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = head.windows(2).position(|it| it == b"?>")?;
    let declaration = std::str::from_utf8(&head[..end]).ok()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    Some(value[1..].split_once(quote)?.0.trim())
}

/// The `charset` of a content type.
fn charset(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';').skip(1).filter_map(|it| it.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(value.trim().trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], said: &str, expected: &str) {
        assert_eq!(decoded(bytes, charset(said)), expected, "{said} {}", bytes.escape_ascii());
    }

    fn utf_16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    #[test]
    fn utf_8_is_told_by_its_bytes_whatever_is_said() {
        check("<a>é</a>".as_bytes(), "text/xml; charset=ISO-8859-1", "<a>é</a>");
        check("<?xml version='1.0' encoding='windows-1251'?><a>é</a>".as_bytes(), "", {
            "<?xml version='1.0' encoding='windows-1251'?><a>é</a>"
        });
        check(b"\xef\xbb\xbf<a/>", "text/xml; charset=utf-16", "<a/>");
    }

    #[test]
    fn utf_16_is_told_by_its_mark_or_its_first_tag() {
        let text = "<a>é日</a>";
        check(&utf_16(text, u16::to_le_bytes), "", text);
        check(&utf_16(text, u16::to_be_bytes), "text/xml", text);
        check(&utf_16(&format!("\u{feff}{text}"), u16::to_be_bytes), "", text);
        check(&utf_16(&format!("\u{feff}{text}"), u16::to_le_bytes), "text/xml; charset=utf-8", text);
    }

    #[test]
    fn the_declaration_comes_before_what_the_server_says() {
        let cyrillic = b"<?xml version=\"1.0\" encoding = \"windows-1251\" ?><a>\xcf\xf0</a>";
        check(cyrillic, "text/xml; charset=iso-8859-1", {
            "<?xml version=\"1.0\" encoding = \"windows-1251\" ?><a>Пр</a>"
        });
        check(b"<a>\xcf\xf0</a>", "text/xml; Charset=\"windows-1251\"", "<a>Пр</a>");
        check(b"<a>\x93\xe9\x94</a>", "text/xml", "<a>“é”</a>");
        check(b"<?xml encoding='ISO-8859-1'?><a>\xe9</a>", "", "<?xml encoding='ISO-8859-1'?><a>é</a>");
        let shift = b"<?xml encoding='Shift_JIS'?><a>\x93\xfa</a>";
        check(shift, "", "<?xml encoding='Shift_JIS'?><a>日</a>");
    }

    #[test]
    fn what_cannot_be_read_does_not_end_the_reading() {
        check(b"<?xml encoding='utf-8'?><a>\xe9</a>", "", "<?xml encoding='utf-8'?><a>\u{fffd}</a>");
        check(b"<?xml encoding='utf-16'?><a>\xe9</a>", "", "<?xml encoding='utf-16'?><a>\u{fffd}</a>");
        check(b"<?xml encoding='unheard-of'?><a>\xe9</a>", "", "<?xml encoding='unheard-of'?><a>é</a>");
        check(b"<?xml encoding=", "", "<?xml encoding=");
        check(b"", "", "");
    }
}
