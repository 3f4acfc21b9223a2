//! Which links lead to one thing at several sizes or in several formats, by what they call it.

use qetch_core::{
    Kind, Url,
    link::{decoded, extension, split},
    media_type,
};

/// Words for a size or a format that stand at the end of names.
const SIZES: [&str; 21] = [
    "sd", "hd", "hq", "lq", "fhd", "uhd", "qhd", "2k", "4k", "8k", "low", "mid", "medium", "high", "small",
    "large", "mobile", "hls", "dash", "mp4", "webm",
];

/// Heights of videos, where no `p` says that a number is one.
const HEIGHTS: [&str; 14] =
    ["144", "240", "270", "288", "360", "432", "480", "540", "576", "720", "1080", "1440", "2160", "4320"];

/// What lists of renditions are called, whatever they list.
const LISTS: [&str; 4] = ["master", "index", "playlist", "manifest"];

/// What a link calls what it leads to, without its sizes and its format.
#[derive(Debug)]
pub(super) struct Called {
    /// The host, the folders and the name of the file.
    place: Vec<String>,
    query: Vec<(String, String)>,
    /// A name that nothing else is called by, wherever it stands.
    telling: Option<String>,
}

impl Called {
    /// `None` where a query may be all that tells one file from another.
    pub(super) fn of(url: &Url) -> Option<Self> {
        let mut segments: Vec<_> =
            url.path_segments()?.filter(|segment| !segment.is_empty()).map(decoded).collect();
        let last = segments.pop()?;
        let name = match split(&last) {
            Some((stem, _)) if extension(url).is_some_and(|it| is_of_media(&it)) => stem,
            _ if url.query().is_some() => return None,
            _ => &last,
        };
        let mut place = vec![url.host_str().unwrap_or_default().to_owned()];
        place.extend(segments.iter().map(|folder| without_sizes(folder)));
        place.push(
            Some(without_sizes(name)).filter(|name| !LISTS.contains(&name.as_str())).unwrap_or_default(),
        );
        let name = place[1..].iter().rfind(|name| !name.is_empty());
        let telling = name.filter(|name| is_telling(name)).cloned();
        let query = url.query_pairs().map(|(name, value)| (name.into(), value.into())).collect();
        Some(Self { place, query, telling })
    }

    /// Whether `other` is the same but for its sizes and its format.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let differs = |(name, value): &(String, String)| {
            other.query.iter().any(|(its, other)| its == name && other != value)
        };
        let same_name = self.telling.is_some() && self.telling == other.telling;
        same_name || (self.place == other.place && !self.query.iter().any(differs))
    }
}

fn is_of_media(extension: &str) -> bool {
    let is_medium = |it: &media_type::MediaType| matches!(it.kind, Kind::Video | Kind::Audio);
    matches!(extension, "m3u8" | "mpd")
        || media_type::by_extension(extension).is_some_and(|it| is_medium(&it))
}

/// `name` without the sizes at its end: nothing, where it is one.
fn without_sizes(name: &str) -> String {
    let is_blank = |c: char| !c.is_alphanumeric();
    let mut rest = name.trim_end_matches(is_blank);
    loop {
        let start =
            rest.rfind(is_blank).map_or(0, |at| at + rest[at..].chars().next().map_or(0, char::len_utf8));
        if rest.is_empty() || !is_size(&rest[start..].to_ascii_lowercase()) {
            return rest.to_owned();
        }
        rest = rest[..start].trim_end_matches(is_blank);
    }
}

/// `720`, `720p60`, `1280x720`, `800k`, `hd`.
fn is_size(word: &str) -> bool {
    let is_number =
        |text: &str| (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_of_lines = |(lines, rate): (&str, &str)| {
        (3..=4).contains(&lines.len()) && is_number(lines) && (rate.is_empty() || is_number(rate))
    };
    SIZES.contains(&word)
        || HEIGHTS.contains(&word)
        || word.split_once('p').is_some_and(is_of_lines)
        || word.split_once('x').is_some_and(|(width, height)| is_number(width) && is_number(height))
        || ["k", "kbps"].iter().any(|unit| word.strip_suffix(unit).is_some_and(is_number))
}

/// Whether nothing else is called so: an id, or a few words.
fn is_telling(name: &str) -> bool {
    let count = name.chars().filter(|c| c.is_alphanumeric()).count();
    count >= 12 || (count >= 6 && name.contains(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, expected: bool) {
        let of = |link: &str| Called::of(&Url::parse("https://h.example/v/").unwrap().join(link).unwrap());
        let found =
            of(one).zip(of(other)).is_some_and(|(one, other)| one.is_like(&other) && other.is_like(&one));
        assert_eq!(found, expected, "{one} {other}");
    }

    #[test]
    fn names_that_differ_in_sizes_and_formats_are_of_one_thing() {
        check("a.mp4", "a.webm", true);
        check("a.mp4?v=2", "a.mp4", true);
        check("a.mp4?sign=1", "a.webm?t=2", true);
        check("480.mp4", "720.webm", true);
        check("a_1280x720.mp4", "a-480p.mp4", true);
        check("a-hd-1080p60.mp4", "a.mp4", true);
        check("hd/a.mp4", "sd/a_800k.mp4", true);
        check("a%20b%20720p.mp4", "a%20b.mp4", true);
        check("a/master.m3u8", "a/720.mp4", true);
        check("https://cdn.example/x/frog2024a.mp4?k=1", "frog2024a-720p.webm?k=2", true);
        check("https://cdn.example/hls/frog2024a/master.m3u8", "frog2024a.mp4", true);
        check("stream/a", "stream/a", true);
    }

    #[test]
    fn other_names_are_of_other_things() {
        check("a.mp4", "b.mp4", false);
        check("a.mp4", "b/a.mp4", false);
        check("a.mp4", "https://i.example/v/a.mp4", false);
        check("video.mp4?id=1", "video.mp4?id=2", false);
        check("get?id=1", "get?id=2", false);
        check("get.php?id=1", "get.php", false);
        check("720.mp4", "a/480.mp4", false);
        check("high-jump.mp4", "low-jump.mp4", false);
        check("part1.mp4", "part2.mp4", false);
        check("frog2024a.mp4", "frog2024b.mp4", false);
        check("4711.mp4", "4712.mp4", false);
        check("video.mp4", "movie.mp4", false);
    }
}
