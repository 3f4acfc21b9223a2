//! Links: read where an answer tells them, made of parts, and taken apart.
//!
//! What follows a link is held to the network policy anyway; here it is about what is a link at all.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::{Error, Result};

/// Whether `url` is one of `http` or `https`, with a host.
pub fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

/// The whole link that `text` is; `None` where it is none of `http` or `https`.
///
/// ```
/// use qetch_core::link;
///
/// assert_eq!(link::whole(" https://pond.example/7 ").unwrap().as_str(), "https://pond.example/7");
/// assert_eq!(link::whole("/7"), None);
/// assert_eq!(link::whole("javascript:alert(1)"), None);
/// ```
pub fn whole(text: &str) -> Option<Url> {
    Url::parse(text.trim()).ok().filter(is_http)
}

/// The link that `text` is in an answer from `base`, which completes what it leaves out; `None` where it is empty or leads
/// to no `http` or `https`.
///
/// ```
/// use qetch_core::{Url, link};
///
/// let base = Url::parse("https://pond.example/frogs/7").unwrap();
/// let read = |text| link::read(&base, text).map(String::from);
/// assert_eq!(read("8.mp4").as_deref(), Some("https://pond.example/frogs/8.mp4"));
/// assert_eq!(read("//cdn.example/8.mp4").as_deref(), Some("https://cdn.example/8.mp4"));
/// assert_eq!((read(" "), read("mailto:frog@pond.example")), (None, None));
/// ```
pub fn read(base: &Url, text: &str) -> Option<Url> {
    let text = Some(text.trim()).filter(|text| !text.is_empty())?;
    base.join(text).ok().filter(is_http)
}

/// The link to these segments of a path at `origin`, each escaped: whatever a segment holds, it stays one.
///
/// ```
/// use qetch_core::link;
///
/// let url = link::joined("https://pond.example", ["frogs", "a/b?c"]).unwrap();
/// assert_eq!(url.as_str(), "https://pond.example/frogs/a%2Fb%3Fc");
/// ```
///
/// # Errors
/// [`Invalid`](Error::Invalid) where `origin` is no URL that has paths, or a segment would lead out of its place (`.` and `..`).
pub fn joined<'a>(origin: &str, segments: impl IntoIterator<Item = &'a str>) -> Result<Url> {
    /// What ends a segment, and what a URL leaves out: without its tab, `.\t.` would lead upwards. The rest is escaped with the
    /// path.
    const SEGMENT: AsciiSet = CONTROLS.add(b'%').add(b'/').add(b'\\').add(b'?').add(b'#');
    let mut url: Url = origin.parse()?;
    if url.cannot_be_a_base() {
        return Err(Error::invalid("the URL", "it has no path"));
    }
    let mut path = String::new();
    for segment in segments {
        if matches!(segment, "." | "..") {
            return Err(Error::invalid(format!("the part `{segment}` of a path"), "it is no name"));
        }
        path.push('/');
        path.extend(utf8_percent_encode(segment, &SEGMENT));
    }
    url.set_path(&path);
    Ok(url)
}

/// A part of a link with the characters that its escapes stand for; what is not UTF-8 becomes U+FFFD.
pub fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// The extension of the file that a link names, in lower case: up to ten letters and digits, not digits alone.
///
/// ```
/// use qetch_core::{Url, link};
///
/// let of = |url: &str| link::extension(&Url::parse(url).unwrap());
/// assert_eq!(of("https://pond.example/7.MP4?x=.gif").as_deref(), Some("mp4"));
/// assert_eq!((of("https://pond.example/v1.5"), of("https://pond.example/.mp4")), (None, None));
/// ```
pub fn extension(url: &Url) -> Option<String> {
    let last = url.path_segments()?.rfind(|segment| !segment.is_empty())?;
    split(&decoded(last)).map(|(_, extension)| extension.to_ascii_lowercase())
}

/// Stem and extension of the name of a file, where its end looks like one: up to ten letters and digits, not digits alone.
pub fn split(name: &str) -> Option<(&str, &str)> {
    let (stem, extension) = name.rsplit_once('.')?;
    let is_plain = (1..=10).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && extension.bytes().any(|byte| byte.is_ascii_alphabetic());
    (is_plain && !stem.trim().is_empty()).then_some((stem, extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_stays_in_its_place() {
        let of = |segments: &[&str]| joined("https://h.example/old?x", segments.iter().copied());
        assert_eq!(of(&["a b", "%2e", "é#"]).unwrap().path(), "/a%20b/%252e/%C3%A9%23");
        assert_eq!(of(&["\\..\\", "", "{\"|"]).unwrap().path(), "/%5C..%5C//%7B%22|");
        assert_eq!(of(&["a", ".\t.", "\n.", "b\r"]).unwrap().path(), "/a/.%09./%0A./b%0D");
        assert_eq!((of(&[]).unwrap().path(), of(&[""]).unwrap().path()), ("/", "/"));
        for dots in [".", ".."] {
            assert_eq!(of(&["a", dots]).unwrap_err().code(), "invalid");
        }
        assert_eq!(joined("mailto:a@h.example", ["x"]).unwrap_err().code(), "invalid");
        assert_eq!(joined("frog", ["x"]).unwrap_err().code(), "invalid");
    }

    #[test]
    fn a_link_leads_somewhere() {
        let base = Url::parse("https://h.example/a/b").unwrap();
        for nothing in ["", " ", "data:text/plain,a", "file:///etc/passwd", "http://", "https://"] {
            assert_eq!((read(&base, nothing), whole(nothing)), (None, None), "{nothing}");
        }
        assert_eq!(read(&base, "?q").unwrap().as_str(), "https://h.example/a/b?q");
    }

    #[test]
    fn an_extension_is_of_a_name() {
        let of = |path: &str| extension(&Url::parse("https://h.example/").unwrap().join(path).unwrap());
        assert_eq!(of("a.tar.GZ/").as_deref(), Some("gz"));
        assert_eq!(of("a%2Emp4").as_deref(), Some("mp4"));
        for none in ["", "a", "a.", ".mp4", "a.123", "a.abcdefghijk", "a.m%20p", "a.m/b"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
