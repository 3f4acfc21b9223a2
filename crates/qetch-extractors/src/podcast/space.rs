//! The namespaces that feeds are written in, told by their addresses, or by their usual prefixes where none is given.

use crate::common_xml::Element;

/// An element of a feed.
pub(super) type Node = Element<Space>;

/// A namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// RSS itself, with the enclosures that RSS 1.0 borrowed.
    Rss,
    /// Atom (RFC 4287), and what it was before.
    Atom,
    /// Apple's podcasts.
    Itunes,
    /// The podcast namespace (podcastindex.org/namespace/1.0).
    Podcast,
    /// Media RSS.
    Media,
    /// Podlove Simple Chapters.
    Chapters,
    /// Dublin Core.
    Dublin,
    /// `content:encoded` of RSS 1.0.
    Content,
    /// Any other.
    Other,
}

/// The beginnings of addresses, without their scheme and in lower case: some have had several.
const ADDRESSES: [(&str, Space); 18] = [
    ("www.w3.org/2005/atom", Space::Atom),
    ("purl.org/atom/ns", Space::Atom),
    ("www.itunes.com/dtds/podcast-1.0.dtd", Space::Itunes),
    ("podcastindex.org/namespace/1.0", Space::Podcast),
    ("github.com/podcastindex-org/podcast-namespace", Space::Podcast),
    ("search.yahoo.com/mrss", Space::Media),
    ("search.yahoo.com/rss", Space::Media),
    ("podlove.org/simple-chapters", Space::Chapters),
    ("purl.org/dc/elements/1.1", Space::Dublin),
    ("purl.org/rss/1.0/modules/content", Space::Content),
    ("purl.org/rss/1.0/modules/", Space::Other),
    ("purl.org/rss/1.0", Space::Rss),
    ("purl.oclc.org/net/rss_2.0/enc", Space::Rss),
    ("my.netscape.com/rdf/simple/0.9", Space::Rss),
    ("backend.userland.com/rss", Space::Rss),
    ("blogs.law.harvard.edu/tech/rss", Space::Rss),
    ("cyber.law.harvard.edu/rss", Space::Rss),
    ("www.rssboard.org/rss", Space::Rss),
];

const PREFIXES: [(&str, Space); 8] = [
    ("", Space::Rss),
    ("atom", Space::Atom),
    ("itunes", Space::Itunes),
    ("podcast", Space::Podcast),
    ("media", Space::Media),
    ("psc", Space::Chapters),
    ("dc", Space::Dublin),
    ("content", Space::Content),
];

impl Space {
    /// The namespace of this address, or of this prefix.
    pub(super) fn of(address: &str) -> Self {
        if let Some((_, space)) = PREFIXES.iter().find(|(prefix, _)| *prefix == address) {
            return *space;
        }
        let lower = address.trim().to_ascii_lowercase();
        let lower = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
        let found = ADDRESSES.iter().find(|(begin, _)| lower.starts_with(begin));
        found.map_or(Self::Other, |(_, space)| *space)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_known_however_they_are_written() {
        let check = |address, expected| assert_eq!(Space::of(address), expected, "{address}");
        check("http://www.itunes.com/DTDs/PodCast-1.0.dtd", Space::Itunes);
        check("https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md", Space::Podcast);
        check("http://search.yahoo.com/mrss/", Space::Media);
        check("http://purl.org/rss/1.0/", Space::Rss);
        check("http://purl.org/rss/1.0/modules/content/", Space::Content);
        check("http://purl.org/rss/1.0/modules/syndication/", Space::Other);
        check("itunes", Space::Itunes);
        check("yt", Space::Other);
        check("", Space::Rss);
    }
}
