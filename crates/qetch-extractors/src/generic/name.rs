//! The name of a file: what the server calls it, or else what its link does.

use percent_encoding::percent_decode_str;
use qetch_core::Url;

use super::media;

/// The name of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The whole name; empty where there is none.
    whole: String,
    /// What stands behind its last dot, in lower case, where that looks like an extension.
    pub(super) extension: Option<String>,
    /// Whether the server gave it; it is taken from a link where not.
    pub(super) is_given: bool,
}

impl Name {
    /// The name that the server gave, else the one at the end of the link that answered, else of the one that was asked.
    pub(super) fn of(given: Option<String>, answered: &Url, asked: &Url) -> Self {
        let is_given = given.is_some();
        let whole = given.or_else(|| of_link(answered)).or_else(|| of_link(asked)).unwrap_or_default();
        let extension = split(&whole).map(|(_, extension)| extension.to_ascii_lowercase());
        Self { whole, extension, is_given }
    }

    /// The name without its extension, as a title. An extension that is not known, and not the file's, is part of it.
    pub(super) fn title(&self, content_type: Option<&str>) -> Option<String> {
        let is_extension = self.extension.as_deref().is_some_and(|own| {
            media::is_known_extension(own) || media::fits(own, self.is_given, content_type)
        });
        let stem = split(&self.whole).filter(|_| is_extension).map_or(self.whole.as_str(), |(stem, _)| stem);
        Some(stem.trim().to_owned()).filter(|stem| !stem.is_empty())
    }
}

/// The name at the end of a link.
pub(super) fn of_link(url: &Url) -> Option<String> {
    let last = url.path_segments()?.rfind(|segment| !segment.is_empty())?;
    base(&percent_decode_str(last).decode_utf8_lossy())
}

/// What stands behind the last separator of either kind, where that is a name: no directory is taken from a stranger.
pub(super) fn base(path: &str) -> Option<String> {
    let name = path.rsplit(['/', '\\']).next()?.trim();
    let is_name = !name.is_empty() && !name.bytes().all(|byte| byte == b'.');
    is_name.then(|| name.to_owned())
}

/// The stem and the extension, where the end of `name` looks like one: up to ten letters and digits, not digits alone.
pub(super) fn split(name: &str) -> Option<(&str, &str)> {
    let (stem, extension) = name.rsplit_once('.')?;
    let plain = (1..=10).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && extension.bytes().any(|byte| byte.is_ascii_alphabetic());
    (plain && !stem.trim().is_empty()).then_some((stem, extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_server_then_from_the_links() {
        let check = |given: Option<&str>, answered: &str, asked: &str, expected: &str| {
            let parse = |text| Url::parse(text).unwrap();
            let name = Name::of(given.map(str::to_owned), &parse(answered), &parse(asked));
            assert_eq!((name.whole.as_str(), name.is_given), (expected, given.is_some()));
        };
        check(Some("a.mp4"), "https://h.example/b.mp4", "https://h.example/c.mp4", "a.mp4");
        check(None, "https://h.example/x/b%20%C3%A4.mp4?q=/d.mp4", "https://h.example/c.mp4", "b ä.mp4");
        check(None, "https://h.example/x/b/", "https://h.example/c.mp4", "b");
        check(None, "https://h.example/", "https://h.example/c.mp4", "c.mp4");
        check(None, "https://h.example/a%2F..%2Fpasswd", "https://h.example/", "passwd");
        check(None, "https://h.example/%ff%fe", "https://h.example/", "\u{fffd}\u{fffd}");
        check(None, "https://h.example", "https://h.example", "");
    }

    #[test]
    fn titles_are_names_without_their_extension() {
        let check = |name: &str, content_type: Option<&str>, expected: Option<&str>| {
            let url = Url::parse("https://h.example/").unwrap();
            let name = Name::of(base(name), &url, &url);
            assert_eq!(name.title(content_type).as_deref(), expected, "{name:?}");
        };
        check("a.b.mp4", Some("video/mp4"), Some("a.b"));
        check("a.MP4", Some("video/webm"), Some("a"));
        check("a.1080p", Some("video/mp4"), Some("a.1080p"));
        check("release-24.04", Some("video/mp4"), Some("release-24.04"));
        check("a.deb", None, Some("a"));
        check(".profile", None, Some(".profile"));
        check("a.", None, Some("a."));
        check("", None, None);
    }

    #[test]
    fn a_directory_is_not_part_of_a_name() {
        let check = |path, expected: Option<&str>| assert_eq!(base(path).as_deref(), expected, "{path}");
        check("../../etc/passwd", Some("passwd"));
        check("C:\\dir\\a.mp4", Some("a.mp4"));
        check(" a ", Some("a"));
        for nothing in ["", " ", ".", "..", "a/", "\\", "a/.."] {
            check(nothing, None);
        }
    }
}
