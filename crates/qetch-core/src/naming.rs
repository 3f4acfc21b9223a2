//! File names from what strangers wrote: one component, that every system takes and that leads nowhere.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use crate::{Content, media_type};

/// The most bytes of a name: the 255 that file systems take, less what is put after it while it is fetched.
pub const MOST_BYTES: usize = 255 - 32;

/// The name of a content's file: `title [uid].ext`, or `uid.ext` where it has no title.
///
/// The result is always one plain component of a path, never empty, at most [`MOST_BYTES`] long; where it is too long
/// the title is cut, and uid and extension stay. What is said to be a video, a sound or a picture gets no extension but of
/// one ([`media_type::may_have`]), and nothing gets the name of a file that a download makes for itself.
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
        let name = whole(&format!("{uid}{extension}"));
        // A uid is no name, but it may end like one.
        return match name.rsplit_once('.') {
            Some((_, end)) if !may_end_with(content, end) => name.replace('.', MARK),
            _ => name,
        };
    }
    let rest = format!(" [{uid}]{extension}");
    let room = MOST_BYTES - MARK.len() - rest.len();
    whole(&format!("{}{rest}", cut(title, room).trim_end()))
}

/// `path` with this extension in place of its own. What stands behind the last dot is an extension where it is that of
/// a medium or of a playlist: a title may have dots, too.
pub fn with_extension(path: &Path, extension: &str) -> PathBuf {
    let mut name = OsString::from(stem(path));
    name.push(".");
    name.push(extension);
    path.with_file_name(name)
}

/// The file name of `path` without its extension, as [`with_extension`] sees it.
pub(crate) fn stem(path: &Path) -> &OsStr {
    let is_extension = |end: &str| {
        let end = end.to_ascii_lowercase();
        media_type::by_extension(&end).is_some() || matches!(end.as_str(), "m3u8" | "m3u" | "mpd")
    };
    let stem = match path.extension().and_then(OsStr::to_str) {
        Some(end) if is_extension(end) => path.file_stem(),
        _ => path.file_name(),
    };
    stem.unwrap_or_default()
}

/// The extension of a content's file: its own, or that of its type.
pub(crate) fn extension(content: &Content) -> Option<String> {
    let own = content.extension.as_deref().map(clean).filter(|extension| {
        (1..=10).contains(&extension.len())
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && may_end_with(content, extension)
    });
    let of_type = || Some(media_type::by_name(content.content_type.as_deref()?)?.extension.to_owned());
    let of_type = || of_type().filter(|extension| may_end_with(content, extension));
    own.or_else(of_type).map(|extension| extension.to_ascii_lowercase())
}

/// Whether a content's file may have `end` behind its last dot. Our own endings are never a stranger's: a journal of his
/// would be believed when the file is fetched that it speaks of.
fn may_end_with(content: &Content, end: &str) -> bool {
    let end = end.to_ascii_lowercase();
    !end.starts_with("qetch") && media_type::may_have(&end, content.kind, content.content_type.as_deref())
}

/// `text` with `_` for what a name cannot hold on some system, and without what would disguise it: separators, what
/// shells and Windows reserve, control characters, and marks that turn the direction of text.
pub fn clean(text: &str) -> String {
    let replaced = text.chars().filter(|&c| !is_invisible(c)).map(|c| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        c if c.is_control() || c.is_whitespace() || is_blank(c) => ' ',
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

/// Characters that show nothing themselves: marks of direction (UAX #9), joiners, the byte order mark, soft hyphens,
/// annotations and tags.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Letters and symbols that look like a blank: the fillers of Hangul and the empty pattern of Braille.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// What is put before a name that would be something else without it.
const MARK: &str = "_";

/// A name that stands on its own: not empty, no dot or blank at its end, not hidden by a dot or taken for an option by
/// a dash at its start, not a device of Windows.
fn whole(name: &str) -> String {
    let name = name.trim_end_matches(['.', ' ']).trim_start();
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || stem.strip_prefix("COM").or(stem.strip_prefix("LPT")).is_some_and(|rest| {
            let mut digits = rest.chars();
            matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
        });
    if name.is_empty() {
        "unnamed".to_owned()
    } else if is_device || name.starts_with(['-', '.']) {
        format!("{MARK}{name}")
    } else {
        name.to_owned()
    }
}

/// The first characters of `text` that take at most `bytes`.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|&end| end <= bytes).last();
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::{collection::vec, prelude::*};

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
    fn an_extension_is_replaced_where_there_is_one() {
        let check = |path: &str, expected: &str| {
            assert_eq!(with_extension(Path::new(path), "mp4"), Path::new(expected), "{path}");
        };
        check("d.ir/film [u].ts", "d.ir/film [u].mp4");
        check("film.M3U8", "film.mp4");
        check("d.ir/film v1.2 [u]", "d.ir/film v1.2 [u].mp4");
        check("S01.E02", "S01.E02.mp4");
        check("film.tar.zip", "film.tar.mp4");
        check("film", "film.mp4");
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
        (content.title, content.uid) = (Some("x".repeat(300)), "uid".into());
        assert_eq!(file_name(&content).len(), MOST_BYTES - MARK.len());
        assert!(file_name(&content).ends_with("x [uid].mp4"));
    }

    #[test]
    fn what_is_said_to_be_a_video_is_named_like_one() {
        check("film.exe", "u", "exe", "film.exe [u]");
        check("", "film.exe", "scr", "film_exe");
        check("", "film.exe", "mkv", "film.exe.mkv");
        check("", "v1.2.webm", "", "v1.2.webm");
    }

    #[test]
    fn our_own_endings_are_given_to_nobody() {
        check("", "f.mp4", "qetch", "f.mp4");
        let mut content =
            Content::new("f.Qetch-journal.", Kind::Other, Url::parse("https://h.example/").unwrap(), []);
        assert_eq!(file_name(&content), "f_Qetch-journal");
        content.extension = Some("QETCH".into());
        assert_eq!(file_name(&content), "f_Qetch-journal");
        content.extension = Some("exe".into());
        assert_eq!(file_name(&content), "f.Qetch-journal..exe");
    }

    /// Texts of what means something in a name, and of anything else.
    fn text() -> impl Strategy<Value = String> {
        let meant = [
            "..",
            "/",
            "\\",
            ":",
            ".",
            " ",
            "-",
            "\0",
            "\u{1b}",
            "\u{202e}",
            "\u{200b}",
            "\u{3164}",
            "CON",
            "com¹",
            "NUL",
            ".exe",
            ".qetch-journal",
            ".mp4",
            "qetch",
            "ä🐸",
            "[",
            "]",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ];
        let piece = prop_oneof![3 => prop::sample::select(meant.to_vec()).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
        vec(piece, 0..30).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_name_is_one_plain_component(
            title in proptest::option::of(text()),
            uid in text(),
            extension in proptest::option::of(text()),
            kind in prop::sample::select(vec![Kind::Video, Kind::Image, Kind::Text, Kind::Other]),
            content_type in proptest::option::of(prop::sample::select(vec!["video/mp4", "text/html", "image/x", "a/b", ""])),
        ) {
            let mut content = Content::new(uid, kind, Url::parse("https://h.example/").unwrap(), []);
            (content.title, content.extension) = (title, extension);
            content.content_type = content_type.map(str::to_owned);
            let name = file_name(&content);
            prop_assert_eq!(Path::new(&name).components().collect::<Vec<_>>(), [Component::Normal(name.as_ref())]);
            prop_assert!((1..=MOST_BYTES).contains(&name.len()));
            prop_assert!(!name.starts_with(['.', '-', ' ']) && !name.ends_with(['.', ' ']));
            prop_assert_eq!(&clean(&name), &name);
            let stem = name.split('.').next().unwrap().trim_end().to_uppercase();
            prop_assert!(!["CON", "NUL", "COM¹"].contains(&stem.as_str()));
            if let Some((_, end)) = name.rsplit_once('.').filter(|(_, end)| !end.ends_with(']')) {
                let end = end.to_ascii_lowercase();
                prop_assert!(!end.starts_with("qetch"));
                prop_assert!(!matches!(kind, Kind::Video | Kind::Image) || media_type::is_medium(&end));
            }
        }
    }
}
