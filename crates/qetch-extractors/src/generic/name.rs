//! The name of a file: what the server calls it, or else what its link does.

use qetch_core::{Url, link::split, media_type};

use super::media;
use crate::common_link::of_link;

/// The name of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The whole name; empty where there is none.
    whole: String,
    /// What stands behind its last dot, in lower case, where that looks like an extension. It is none that may start a
    /// program, where the file is said to be a video, a sound or a picture: by the server, or by a link that leads to it.
    pub(super) extension: Option<String>,
    /// Whether the server gave it; it is taken from a link where not.
    pub(super) is_given: bool,
}

impl Name {
    /// The name that the server gave, else the one at the end of the link that answered, else of the one that was asked.
    /// The server declares the file to be of the type `declared`.
    pub(super) fn of(given: Option<String>, declared: Option<&str>, answered: &Url, asked: &Url) -> Self {
        let (is_given, links) = (given.is_some(), [answered, asked].map(of_link));
        let mut of_links = links.iter().flatten().filter_map(|name| extension(name));
        let is_said_medium = declared.is_some_and(media_type::names_medium)
            || of_links.any(|extension| media_type::is_medium(&extension));
        let whole = given.or(links.into_iter().flatten().next()).unwrap_or_default();
        // Whatever the first bytes tell: a program may begin like a document.
        let extension = extension(&whole).filter(|own| !is_said_medium || media_type::is_medium(own));
        Self { whole, extension, is_given }
    }

    /// The name without its extension, as a title. An extension that is not known, and not the file's, is part of it.
    pub(super) fn title(&self, content_type: Option<&str>) -> Option<String> {
        let fits = |own: &str| media::fits(own, self.is_given, content_type);
        let is_extension = extension(&self.whole).is_some_and(|own| media::is_known_extension(&own))
            || self.extension.as_deref().is_some_and(fits);
        let stem = split(&self.whole).filter(|_| is_extension).map_or(self.whole.as_str(), |(stem, _)| stem);
        Some(stem.trim().to_owned()).filter(|stem| !stem.is_empty())
    }
}

/// The extension of a name, in lower case.
fn extension(name: &str) -> Option<String> {
    split(name).map(|(_, extension)| extension.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common_link::base;

    #[test]
    fn names_come_from_the_server_then_from_the_links() {
        let check = |given: Option<&str>, answered: &str, asked: &str, expected: &str| {
            let parse = |text| Url::parse(text).unwrap();
            let name = Name::of(given.map(str::to_owned), None, &parse(answered), &parse(asked));
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
            let name = Name::of(base(name), None, &url, &url);
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
    fn what_is_said_to_be_a_medium_has_no_extension_that_may_run() {
        let check = |given: &str, declared: &str, answered: &str, asked: &str, expected: Option<&str>| {
            let parse = |path| Url::parse("https://h.example/").unwrap().join(path).unwrap();
            let name = Name::of(base(given), Some(declared), &parse(answered), &parse(asked));
            assert_eq!(name.extension.as_deref(), expected, "{given} {declared} {answered} {asked}");
        };
        check("a.exe", "application/x-msdownload", "b", "c", Some("exe"));
        check("a.exe", "video/x-unheard-of", "b", "c", None);
        check("a.exe", "text/plain", "b.mp4", "c", None);
        check("a.exe", "text/plain", "b", "c.mp3", None);
        check("", "text/plain", "b.exe", "c.mp3", None);
        check("a.svg", "image/svg+xml", "b", "c", None);
        check("a.mkv", "video/mp4", "b", "c", Some("mkv"));
    }
}
