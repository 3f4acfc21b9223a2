//! The lines of a playlist, and the attribute lists in them (RFC 8216, sections 4.1 and 4.2).

use std::{borrow::Cow, str::FromStr};

use qetch_core::{Error, Result, Url};

/// A line that says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'t> {
    /// A tag, by its name without the `#`, and what stands behind its colon.
    Tag(&'t str, &'t str),
    /// An address.
    Uri(&'t str),
}

/// The lines of the playlist `text`, without comments and what is blank. Lines end as on any system.
///
/// # Errors
/// `bad_reply` where it does not begin as a playlist does.
pub(super) fn of<'t>(text: &'t str, url: &Url) -> Result<impl Iterator<Item = Line<'t>> + Clone + use<'t>> {
    let begins = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    let rest = begins.strip_prefix("#EXTM3U").filter(|rest| !rest.starts_with(|c: char| !c.is_whitespace()));
    let Some(rest) = rest else {
        return Err(Error::bad_reply(url, "it is no playlist, which would begin with `#EXTM3U`"));
    };
    // Some say more on the first line, and nothing that is needed.
    let rest = rest.find(['\r', '\n']).map_or("", |end| &rest[end..]);
    Ok(rest.split(['\r', '\n']).filter_map(line))
}

fn line(text: &str) -> Option<Line<'_>> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let Some(tag) = text.strip_prefix('#') else { return Some(Line::Uri(text)) };
    let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
    tag.starts_with("EXT").then_some(Line::Tag(name.trim_end(), value.trim()))
}

/// The most attributes that are read of one list: far more than any tag has.
const MOST: usize = 100;

/// An attribute list: names and values, quoted or not. Of several of one name the first counts.
pub(super) struct Attributes<'t>(Vec<(&'t str, Cow<'t, str>)>);

impl<'t> Attributes<'t> {
    /// Reads the list as far as it makes sense; `fill` makes the values of what is written.
    pub(super) fn read(text: &'t str, mut fill: impl FnMut(&'t str) -> Result<Cow<'t, str>>) -> Result<Self> {
        pairs(text).take(MOST).map(|(name, value)| Ok((name, fill(value)?))).collect::<Result<_>>().map(Self)
    }

    /// The value of this name, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(own, _)| *own == name)?;
        Some(value.as_ref()).filter(|value| !value.is_empty())
    }

    /// The number of this name, where it is one.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// Whether the attribute says `YES`.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.get(name) == Some("YES")
    }

    /// The value of this name as text of its own.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }
}

/// The names and values that are written. A quoted value holds commas, and one that is never closed the rest of the line.
fn pairs(mut text: &str) -> impl Iterator<Item = (&str, &str)> {
    std::iter::from_fn(move || {
        loop {
            text = text.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            if text.is_empty() {
                return None;
            }
            let end = text.find(['=', ',']).unwrap_or(text.len());
            let (name, rest) = text.split_at(end);
            let Some(rest) = rest.strip_prefix('=') else {
                // A word that is no attribute.
                text = rest;
                continue;
            };
            let (value, rest) = value(rest.trim_start());
            text = rest;
            return Some((name.trim_end(), value));
        }
    })
}

/// The value that `text` begins with, and what follows it.
fn value(text: &str) -> (&str, &str) {
    let to_comma = |text: &'_ str| text.find(',').unwrap_or(text.len());
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(to_comma(text));
        return (value.trim_end(), rest);
    };
    let (value, rest) = quoted.split_once('"').unwrap_or((quoted, ""));
    (value, &rest[to_comma(rest)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_tags_and_addresses() {
        let check = |text: &str, expected: &[Line<'_>]| {
            let url = Url::parse("https://h.example/").unwrap();
            assert_eq!(of(text, &url).unwrap().collect::<Vec<_>>(), expected, "{text:?}");
        };
        let (tag, uri) = (Line::Tag, Line::Uri);
        check("#EXTM3U", &[]);
        check("\u{feff}#EXTM3U\n#EXT-X-ENDLIST", &[tag("EXT-X-ENDLIST", "")]);
        check("\r\n \u{feff}#EXTM3U\r\n\r\na b.ts \r\n", &[uri("a b.ts")]);
        check("#EXTM3U x=\"y\"\ra.ts\r# a comment\r#\rb.ts", &[uri("a.ts"), uri("b.ts")]);
        check("#EXTM3U\n  #EXTINF: 9,a:b,c\n", &[tag("EXTINF", "9,a:b,c")]);
        check("#EXTM3U\n#EXT-OF-TOMORROW:x", &[tag("EXT-OF-TOMORROW", "x")]);
    }

    #[test]
    fn what_does_not_begin_as_a_playlist_is_none() {
        let check = |text: &str| {
            let error = of(text, &Url::parse("https://h.example/?s3cret").unwrap()).map(Iterator::count);
            let error = error.unwrap_err();
            assert_eq!(error.code(), "bad_reply", "{text:?}");
            assert!(!error.to_string().contains("s3cret"));
        };
        for text in
            ["", "\n", "<html>", "EXTM3U", "# EXTM3U", "#EXTM3U8\n", "#EXTINF:1,\n#EXTM3U\n", "#extm3u"]
        {
            check(text);
        }
    }

    #[test]
    fn attributes_are_read_as_far_as_they_make_sense() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let attributes = Attributes::read(text, |value| Ok(Cow::Borrowed(value))).unwrap();
            let all: Vec<_> = attributes.0.iter().map(|(name, value)| (*name, value.as_ref())).collect();
            assert_eq!(all, expected, "{text:?}");
        };
        check("", &[]);
        check("A=1", &[("A", "1")]);
        check("A=1,B=\"x, y=z\",C=2x3,", &[("A", "1"), ("B", "x, y=z"), ("C", "2x3")]);
        check(" A = 1 , B = \"x\" , C=YES ", &[("A", "1"), ("B", "x"), ("C", "YES")]);
        check("A=\"never closed, B=1", &[("A", "never closed, B=1")]);
        check("A=\"x\"behind,B=1", &[("A", "x"), ("B", "1")]);
        check("word,,=,A=,B=\"\"", &[("", ""), ("A", ""), ("B", "")]);
        check("A=1=2,Ä=\"ö\"", &[("A", "1=2"), ("Ä", "ö")]);
    }

    #[test]
    fn of_several_values_the_first_counts_and_empty_ones_are_none() {
        let check = |text: &str, expected: Option<&str>, number: Option<u64>, is_set: bool| {
            let attributes = Attributes::read(text, |value| Ok(Cow::Borrowed(value))).unwrap();
            assert_eq!(attributes.get("A"), expected, "{text}");
            assert_eq!((attributes.number("A"), attributes.is_set("A")), (number, is_set), "{text}");
        };
        check("A=1,A=2", Some("1"), Some(1), false);
        check("A=YES", Some("YES"), None, true);
        check("A=-1", Some("-1"), None, false);
        check("A=\"\"", None, None, false);
        check("AA=1", None, None, false);
        check(&format!("{}A=1", "B=1,".repeat(MOST - 1)), Some("1"), Some(1), false);
        check(&format!("{}A=1", "B=1,".repeat(MOST)), None, None, false);
    }
}
