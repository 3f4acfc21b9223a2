//! Names of files within an item: their order, their links and their uids.

use std::cmp::Ordering;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qetch_core::{Result, Url};

use crate::common_hash::fnv1a;

/// What the archive's own program leaves as it is in a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The most bytes of a uid: the name of a file has room for as many.
const MOST_BYTES: usize = 100;

/// Whether a name leads to a file within its item.
pub(super) fn is_safe(name: &str) -> bool {
    name.split('/').all(|part| !matches!(part.trim(), "" | "." | "..")) && !name.contains(['\\', '\0'])
}

/// Where a file of an item is downloaded.
pub(super) fn download(id: &str, name: &str) -> Result<Url> {
    let (id, name) = (utf8_percent_encode(id, IN_PATH), utf8_percent_encode(name, IN_PATH));
    Ok(format!("https://archive.org/download/{id}/{name}").parse()?)
}

/// The uid of a file: item and name. What is too long to stand in the name of a file is cut, and told apart by a hash of the
/// whole.
pub(super) fn uid(id: &str, name: &str) -> String {
    let whole = format!("{id}/{name}");
    if whole.len() <= MOST_BYTES {
        return whole;
    }
    // Of a long path the end tells more.
    format!("{}/{}-{:016x}", cut(id, 40), cut(last(name), 40), fnv1a(whole.as_bytes()))
}

/// The first characters of a text that take at most `bytes`.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

/// The extension of a name, in lower case: whatever stands behind the last dot, since archives are shared in numbered parts.
pub(super) fn extension(name: &str) -> Option<String> {
    let (stem, extension) = last(name).rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_ascii_lowercase())
}

/// A name without its extension.
pub(super) fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && !extension.contains('/') => stem,
        _ => name,
    }
}

/// What stands behind the last slash.
pub(super) fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Order as people expect it: numbers by value, letters without regard to case.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (mut one, mut other) = (a, b);
    loop {
        let ((x, x_rest), (y, y_rest)) = match (first(one), first(other)) {
            (Some(x), Some(y)) => (x, y),
            (x, y) => return x.is_some().cmp(&y.is_some()).then_with(|| a.cmp(b)),
        };
        let ordering = match (x.trim_start_matches('0'), y.trim_start_matches('0')) {
            (p, q) if is_number(x) && is_number(y) => p.len().cmp(&q.len()).then_with(|| p.cmp(q)),
            _ => x.to_lowercase().cmp(&y.to_lowercase()),
        };
        if ordering.is_ne() {
            return ordering;
        }
        (one, other) = (x_rest, y_rest);
    }
}

/// The digits at the start of a text, or else its first character, and the rest.
fn first(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let length = if digits > 0 { digits } else { text.chars().next()?.len_utf8() };
    Some(text.split_at(length))
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use qetch_core::link;

    use super::*;

    #[test]
    fn names_are_written_in_links_as_the_archive_writes_them() {
        let check = |name: &str, expected: &str| {
            let url = download("item.1", name).unwrap();
            assert_eq!(url.as_str(), format!("https://archive.org/download/item.1/{expected}"));
            assert_eq!(link::decoded(url.path()), format!("/download/item.1/{name}"));
        };
        check("plain-name_1.mp4", "plain-name_1.mp4");
        check("disc 1/01 – A & B?.mp3", "disc%201/01%20%E2%80%93%20A%20%26%20B%3F.mp3");
        check("100% #1 + [x].ogg", "100%25%20%231%20%2B%20%5Bx%5D.ogg");
        check("a%2Fb.mp3", "a%252Fb.mp3");
    }

    #[test]
    fn names_that_lead_out_of_the_item_are_none() {
        for name in ["a.mp3", "a/b.mp3", "..a", "a..b/c", ".hidden"] {
            assert!(is_safe(name), "{name}");
        }
        for name in ["", "/a", "a/", "a//b", "../a", "a/../b", "./a", "a\\b", "a/.. /b"] {
            assert!(!is_safe(name), "{name}");
        }
    }

    #[test]
    fn an_extension_is_whatever_stands_behind_the_last_dot() {
        let check = |name: &str, parts: (&str, Option<&str>)| {
            assert_eq!((stem(name), extension(name).as_deref()), parts, "{name}");
        };
        check("disc 1/a.MP3", ("disc 1/a", Some("mp3")));
        check("a.zip.001", ("a.zip", Some("001")));
        check("a.tar_old", ("a", Some("tar_old")));
        check("v1.5/a", ("v1.5/a", None));
        check(".hidden", (".hidden", None));
    }

    #[test]
    fn a_uid_is_item_and_name_unless_that_is_too_long() {
        assert_eq!(uid("item", "disc 1/01. Ä?.mp3"), "item/disc 1/01. Ä?.mp3");
        let long = "x".repeat(120);
        let (mp3, ogg) = (uid("item", &format!("{long}.mp3")), uid("item", &format!("{long}.ogg")));
        assert_eq!(mp3, format!("item/{}-b5f57c189d0d7a93", &long[..40]));
        assert_ne!(mp3, ogg);
        assert!(mp3.len() <= MOST_BYTES && uid(&"ü".repeat(60), &"ü".repeat(60)).len() <= MOST_BYTES);
    }

    #[test]
    fn the_second_comes_before_the_tenth() {
        let check = |a: &str, b: &str| {
            assert_eq!(natural(a, b), Ordering::Less, "{a} {b}");
            assert_eq!(natural(b, a), Ordering::Greater, "{b} {a}");
        };
        check("chapter 2.mp3", "chapter 10.mp3");
        check("d1t09", "d1t10");
        check("a", "B");
        check("disc1/02", "disc2/01");
        check("a", "a1");
        check("1", "a");
        check("99999999999999999999998", "99999999999999999999999");
        check("01", "1");
        assert_eq!(natural("x7", "x7"), Ordering::Equal);
    }

    #[test]
    fn a_stem_is_what_stands_before_the_extension() {
        assert_eq!((stem("a/b.c.mp3"), extension("a/b.c.MP3").as_deref()), ("a/b.c", Some("mp3")));
        assert_eq!((stem("a.b/c"), extension("a.b/c")), ("a.b/c", None));
        assert_eq!(extension("a/.hidden"), None);
    }
}
