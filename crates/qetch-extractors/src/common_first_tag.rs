//! The first tag of an answer, by which pages, feeds, lists and manifests are told from each other.

use std::borrow::Cow;

/// The first tag of a text in XML or HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FirstTag<'a> {
    /// Its name, without the prefix of its namespace. A document type counts as the tag it announces, where that is HTML.
    pub(crate) name: &'a [u8],
    /// What follows the name, up to its `>` or to where the bytes end.
    pub(crate) attributes: &'a [u8],
}

impl FirstTag<'_> {
    /// Whether its name is this one, in upper or lower case.
    #[cfg(feature = "generic")]
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Whether this stands in its attributes.
    pub(crate) fn has(&self, mark: &[u8]) -> bool {
        self.attributes.windows(mark.len()).any(|window| window == mark)
    }

    /// Whether it is the root of a feed: RSS, RSS 0.9 and 1.0 in RDF, or Atom.
    pub(crate) fn is_of_feed(&self) -> bool {
        let is_of = |marks: &[&[u8]]| marks.iter().any(|mark| self.has(mark));
        match self.name {
            b"rss" => true,
            b"RDF" => is_of(&[b"purl.org/rss/", b"netscape.com/rdf/"]),
            b"feed" => is_of(&[b"www.w3.org/2005/Atom", b"purl.org/atom/ns"]),
            _ => false,
        }
    }
}

/// The first tag of `text`, as [`plain`] gives it; `None` where none begins it.
pub(crate) fn first_tag(text: &[u8]) -> Option<FirstTag<'_>> {
    let tag = tag(text)?;
    let end = tag.iter().position(|byte| byte.is_ascii_whitespace() || b"/>".contains(byte))?;
    let (name, attributes) = tag.split_at(end);
    Some(FirstTag { name: name.rsplit(|&byte| byte == b':').next()?, attributes })
}

/// The first bytes without a mark before them, and without what UTF-16 puts between the letters of tags.
pub(crate) fn plain(bytes: &[u8]) -> Cow<'_, [u8]> {
    match bytes {
        [0xff, 0xfe, rest @ ..] | [0xfe, 0xff, rest @ ..] => without_zeros(rest),
        [b'<', 0, ..] | [0, b'<', ..] => without_zeros(bytes),
        _ => Cow::Borrowed(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)),
    }
}

fn without_zeros(bytes: &[u8]) -> Cow<'_, [u8]> {
    bytes.iter().copied().filter(|&byte| byte != 0).collect()
}

/// The first tag from its name to its `>` or the end.
fn tag(mut text: &[u8]) -> Option<&[u8]> {
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
pub(crate) fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: &str, is_of_feed: bool) {
        let utf_16 = |bytes_of: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes_of).collect();
        for bytes in [text.as_bytes().to_vec(), utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes)] {
            let plain = plain(&bytes);
            let tag = first_tag(&plain).unwrap();
            assert_eq!(
                (tag.name, tag.is_of_feed()),
                (name.as_bytes(), is_of_feed),
                "{}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    fn feeds_are_told_by_their_root() {
        check("<rss version='2.0'>", "rss", true);
        check("<?xml version='1.0'?><?xml-stylesheet href='a'?><!-- <feed> --><rss>", "rss", true);
        check(
            "<!DOCTYPE rss PUBLIC '-//Netscape//DTD RSS 0.91//EN' 'x.dtd'><rss version='0.91'>",
            "rss",
            true,
        );
        check("<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en'>", "feed", true);
        check("<a:feed xmlns:a='http://www.w3.org/2005/Atom'>", "feed", true);
        check("<rdf:RDF xmlns:rdf='r' xmlns='http://purl.org/rss/1.0/'>", "RDF", true);
        check("<rdf:RDF xmlns:rdf='r' xmlns='http://xmlns.com/foaf/0.1/'>", "RDF", false);
        check("<feed xmlns='http://h.example/cattle'>", "feed", false);
        check("<html>", "html", false);
        check("<rssx>", "rssx", false);
    }

    #[test]
    fn a_tag_may_end_with_the_bytes_that_are_there() {
        let tag = first_tag(b"<feed xmlns='http://www.w3.org/2005/Atom' xmlns:x='").unwrap();
        assert!(tag.is_of_feed());
        for text in [b"".as_slice(), b"<", b"<!--", b"<?xml", b"<!doctype", b"<rss", b"text"] {
            assert_eq!(first_tag(text), None, "{}", text.escape_ascii());
        }
    }
}
