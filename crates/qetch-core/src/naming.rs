//! File names from what strangers wrote: one component, that every system takes and that leads nowhere.

use crate::{Content, media_type};

/// The most bytes of a name: the 255 that file systems take, less what is put after it while it is fetched.
pub const MOST_BYTES: usize = 255 - 32;

/// The name of a content's file: `title [uid].ext`, or `uid.ext` where it has no title.
///
/// The result is always one plain component of a path, never empty, at most [`MOST_BYTES`] long; where it is too long
/// the title is cut, and uid and extension stay.
///
/// ```
/// use qetch_core::{Content, Kind, Url, naming::file_name};
///
/// let url = Url::parse("https://pond.example/p/7").unwrap();
/// let mut content = Content::new("pond-7", Kind::Video, url, []);
/// content.title = Some("../A frog: part 1/2".into());
/// content.content_type = Some("video/mp4".into());
/// assert_eq!(file_name(&content), "_.._A frog_ part 1_2 [pond-7].mp4");
/// ```
pub fn file_name(content: &Content) -> String {
    let extension = extension(content).map(|extension| format!(".{extension}")).unwrap_or_default();
    let uid = cut(&clean(&content.uid), MOST_BYTES / 2).to_owned();
    let title = content.title.as_deref().map(clean).unwrap_or_default();
    let title = title.trim();
    if title.is_empty() {
        return whole(&format!("{uid}{extension}"));
    }
    let rest = format!(" [{uid}]{extension}");
    let room = MOST_BYTES - rest.len().min(MOST_BYTES);
    whole(&format!("{}{rest}", cut(title, room).trim_end()))
}

/// The extension of a content's file: its own, or that of its type.
fn extension(content: &Content) -> Option<String> {
    let own = content.extension.as_deref().map(clean).filter(|extension| {
        (1..=10).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let of_type = || Some(media_type::by_name(content.content_type.as_deref()?)?.extension.to_owned());
    own.or_else(of_type).map(|extension| extension.to_ascii_lowercase())
}

/// `text` with `_` for what a name cannot hold on some system, and without what would disguise it: separators, what
/// shells and Windows reserve, control characters, and marks that turn the direction of text.
pub fn clean(text: &str) -> String {
    let replaced = text.chars().filter(|&c| !is_invisible(c)).map(|c| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        c if c.is_control() => ' ',
        c if c.is_whitespace() => ' ',
        c => c,
    });
    // Runs of blanks say nothing more than one.
    let mut clean = String::with_capacity(text.len());
    for c in replaced {
        if c != ' ' || !clean.ends_with(' ') {
            clean.push(c);
        }
    }
    clean.trim().to_owned()
}

/// Characters that show nothing themselves: marks of direction (UAX #9), joiners, and the byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{061c}')
}

/// A name that stands on its own: not empty, no dot or blank at its end, not hidden by a dot or taken for an option by
/// a dash at its start, not a device of Windows.
fn whole(name: &str) -> String {
    let name = cut(name, MOST_BYTES - 1).trim_end_matches(['.', ' ']).trim_start();
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || stem.strip_prefix("COM").or(stem.strip_prefix("LPT")).is_some_and(|rest| {
            let mut digits = rest.chars();
            matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
        });
    if name.is_empty() {
        "unnamed".to_owned()
    } else if is_device || name.starts_with(['-', '.']) {
        format!("_{name}")
    } else {
        name.to_owned()
    }
}

/// The first characters of `text` that take at most `bytes`.
fn cut(text: &str, bytes: usize) -> &str {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|&end| end <= bytes).last();
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Url};

    fn check(title: &str, uid: &str, extension: &str, expected: &str) {
        let mut content = Content::new(uid, Kind::Video, Url::parse("https://h.example/").unwrap(), []);
        content.title = Some(title.into());
        content.extension = Some(extension.into());
        assert_eq!(file_name(&content), expected);
    }

    #[test]
    fn names_lead_nowhere() {
        check("../../etc/passwd", "u", "mp4", "_.._.._etc_passwd [u].mp4");
        check("", "..", "mp4", "_...mp4");
        check("", "../x", "mp4", "_.._x.mp4");
        check("a\0b\nc\u{7f}", "u", "mp4", "a b c [u].mp4");
        check("C:\\x", "u", "", "C__x [u]");
        check("t", "u", "mp4/../../x", "t [u]");
        check("gpj.\u{202e}exe", "u", "mp4", "gpj.exe [u].mp4");
    }

    #[test]
    fn names_stand_on_their_own() {
        check("", "", "", "unnamed");
        check("", "con", "mp4", "_con.mp4");
        check("", "COM¹", "", "_COM¹");
        check("", "conin$", "mp4", "_conin$.mp4");
        check("", "common", "mp4", "common.mp4");
        check("", "-rf", "mp4", "_-rf.mp4");
        check("", "a. .", "", "a");
        check("  ", "u", "MP4", "u.mp4");
    }

    #[test]
    fn a_long_title_is_cut_and_uid_and_extension_stay() {
        let title = "ä".repeat(300);
        let mut content = Content::new("uid", Kind::Video, Url::parse("https://h.example/").unwrap(), []);
        (content.title, content.extension) = (Some(title), Some("mp4".into()));
        let name = file_name(&content);
        assert!(name.len() <= MOST_BYTES && name.ends_with("ä [uid].mp4"), "{name}");
        content.uid = "x".repeat(1000);
        assert!(file_name(&content).len() <= MOST_BYTES);
    }
}
