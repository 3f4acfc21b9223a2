//! What an item links to: enclosures, their alternatives, and the contents of Media RSS.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use qetch_core::{Checksum, Kind, Url, lenient, link, media_type};
use serde_json::{Map, Value};

use super::{
    space::{Node, Space},
    text::cut,
};

/// A file that an item links to.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) url: Url,
    pub(super) kind: Kind,
    pub(super) content_type: Option<String>,
    pub(super) extension: Option<String>,
    pub(super) codecs: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) bitrate: Option<u64>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) fps: Option<f64>,
    pub(super) duration: Option<f64>,
    pub(super) language: Option<String>,
    pub(super) checksums: Vec<Checksum>,
    pub(super) metadata: Map<String, Value>,
    /// Whether it is an enclosure, which has but its form in its name.
    pub(super) is_enclosure: bool,
}

/// Types that are no media: players, pages, feeds, and what leads to others by way of peers.
const NO_MEDIA: [&str; 7] = [
    "text/html",
    "application/xhtml+xml",
    "application/x-shockwave-flash",
    "application/x-bittorrent",
    "application/rss+xml",
    "application/atom+xml",
    "application/activity+json",
];

/// Types that feeds write, and what they mean.
const MEANT: [(&str, &str); 10] = [
    ("audio/mp3", "audio/mpeg"),
    ("audio/x-mp3", "audio/mpeg"),
    ("audio/mpg", "audio/mpeg"),
    ("audio/mpeg3", "audio/mpeg"),
    ("audio/x-mpeg", "audio/mpeg"),
    ("audio/m4a", "audio/mp4"),
    ("audio/aacp", "audio/aac"),
    ("video/x-mp4", "video/mp4"),
    ("video/m4v", "video/x-m4v"),
    ("image/jpg", "image/jpeg"),
];

/// Types that name a codec, and the codec.
const CODECS: [(&str, &str); 5] = [
    ("audio/mpeg", "mp3"),
    ("audio/opus", "opus"),
    ("audio/aac", "mp4a.40"),
    ("audio/flac", "flac"),
    ("audio/x-flac", "flac"),
];

/// The most places that one file is at, and hashes that it has.
const MOST_SOURCES: usize = 16;
const MOST_HASHES: usize = 8;

/// What kilobits a second never are, and bits a second always.
const MOST_KILOBITS: f64 = 100_000.0;
const FEWEST_BITS: f64 = 1_000.0;

impl Link {
    /// The file at `address`, which `base` may complete; `None` where it leads to no http or is no medium.
    fn new(address: &str, declared: Option<&str>, medium: Option<&str>, base: &Url) -> Option<Self> {
        let url = url_of(address, base)?;
        let declared = cut(declared.unwrap_or_default());
        let (name, parameters) = declared.split_once(';').unwrap_or((declared, ""));
        let name = name.trim().to_ascii_lowercase();
        if NO_MEDIA.contains(&name.as_str()) {
            return None;
        }
        let name =
            MEANT.iter().find(|(written, _)| *written == name).map_or(name.as_str(), |(_, meant)| meant);
        let known = media_type::by_name(name);
        let is_said = known.is_some() || media_type::names_medium(name) || is_playlist_type(name);
        let by_name = media_type::of_link(&url);
        let content_type = if is_said { Some(name) } else { by_name.map(|it| it.name) }.map(str::to_owned);
        let kind = match (content_type.as_deref(), medium) {
            (Some(name), _) => media_type::kind_of(name),
            (None, Some("audio")) => Kind::Audio,
            (None, Some("video")) => Kind::Video,
            (None, Some("image")) => Kind::Image,
            (None, _) => Kind::Other,
        };
        let own = by_name
            .map(|it| it.extension)
            .filter(|own| media_type::may_have(own, kind, content_type.as_deref()));
        let usual = || Some(media_type::by_name(content_type.as_deref()?)?.extension);
        let extension = own.or_else(usual).map(str::to_owned);
        let mut link = Self {
            url,
            kind,
            content_type,
            extension,
            codecs: None,
            size: None,
            bitrate: None,
            width: None,
            height: None,
            fps: None,
            duration: None,
            language: None,
            checksums: Vec::new(),
            metadata: Map::new(),
            is_enclosure: false,
        };
        link.codecs = codecs_parameter(parameters).or_else(|| link.codec_of_type(own));
        Some(link)
    }

    /// The codec that its type names, unless the extension of its link is that of another type.
    fn codec_of_type(&self, own: Option<&str>) -> Option<String> {
        let name = self.content_type.as_deref()?;
        let (_, codec) = CODECS.iter().find(|(it, _)| *it == name)?;
        let fits = |own: &str| media_type::by_extension(own).is_none_or(|it| it.name == name);
        own.is_none_or(fits).then(|| (*codec).to_owned())
    }

    /// Whether it is an HLS playlist, which others read.
    pub(super) fn is_playlist(&self) -> bool {
        self.content_type.as_deref().is_some_and(is_playlist_type)
            || link::extension(&self.url).is_some_and(|it| it == "m3u8")
    }

    /// Whether it is listened to or looked at as it goes on.
    pub(super) fn is_timed(&self) -> bool {
        matches!(self.kind, Kind::Audio | Kind::Video) || self.is_playlist()
    }

    /// Takes what another link to the same file tells, where this one does not.
    pub(super) fn merge(&mut self, other: Self) {
        fill(&mut self.content_type, other.content_type);
        fill(&mut self.extension, other.extension);
        fill(&mut self.codecs, other.codecs);
        fill(&mut self.size, other.size);
        fill(&mut self.bitrate, other.bitrate);
        fill(&mut self.width, other.width);
        fill(&mut self.height, other.height);
        fill(&mut self.fps, other.fps);
        fill(&mut self.duration, other.duration);
        fill(&mut self.language, other.language);
        for checksum in other.checksums {
            if !self.checksums.contains(&checksum) {
                self.checksums.push(checksum);
            }
        }
        for (name, value) in other.metadata {
            self.metadata.entry(name).or_insert(value);
        }
        if self.kind == Kind::Other {
            self.kind = other.kind;
        }
        self.is_enclosure |= other.is_enclosure;
    }

    fn tell(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.metadata.insert(name.to_owned(), cut(value).into());
        }
    }
}

fn fill<T>(slot: &mut Option<T>, other: Option<T>) {
    if slot.is_none() {
        *slot = other;
    }
}

/// An `enclosure` of RSS, or a `link` of Atom that is one (RFC 4287, section 4.2.7.2).
pub(super) fn enclosure(node: &Node, base: &Url) -> Option<Link> {
    let address = ["url", "href", "resource"].into_iter().find_map(|name| node.attribute(name))?;
    let mut link = Link::new(address, node.attribute("type"), None, base)?;
    link.size = whole_number(node, "length");
    link.is_enclosure = true;
    link.language = node.attribute("hreflang").map(cut).map(str::to_owned);
    link.tell("name", node.attribute("title"));
    Some(link)
}

/// The sources of a `podcast:alternateEnclosure`, each of which is the same file elsewhere.
pub(super) fn alternates(node: &Node, base: &Url) -> Vec<Link> {
    let (checksums, integrity) = integrity(node);
    let sources = node.all(Space::Podcast, "source").filter_map(|source| {
        let declared = source.attribute("contentType").or(node.attribute("type"));
        let mut link = Link::new(source.attribute("uri")?, declared, None, base)?;
        link.size = whole_number(node, "length");
        link.bitrate = number(node, "bitrate").and_then(bits);
        link.height = whole_number(node, "height");
        link.language = node.attribute("lang").map(cut).map(str::to_owned);
        link.codecs = node.attribute("codecs").map(cut).map(str::to_owned).or(link.codecs);
        link.tell("name", node.attribute("title"));
        link.tell("rel", node.attribute("rel"));
        if !link.is_playlist() {
            link.checksums.clone_from(&checksums);
            link.tell("integrity", integrity);
        }
        Some(link)
    });
    sources.take(MOST_SOURCES).collect()
}

/// The checksums of a `podcast:integrity` that we compute (W3C Subresource Integrity, section 3.5), and its value where it
/// has any other.
fn integrity(node: &Node) -> (Vec<Checksum>, Option<&str>) {
    let integrity = node.first(Space::Podcast, "integrity");
    let Some(value) = integrity.and_then(|it| it.attribute("value")) else { return (Vec::new(), None) };
    if integrity.and_then(|it| it.attribute("type")).is_some_and(|it| !it.eq_ignore_ascii_case("sri")) {
        return (Vec::new(), Some(value));
    }
    let mut checksums = Vec::new();
    let mut others = None;
    for hash in value.split_whitespace().take(MOST_HASHES) {
        let hash = hash.split('?').next().unwrap_or_default();
        let (algorithm, digest) = hash.split_once('-').unwrap_or((hash, ""));
        let hex = STANDARD.decode(digest).map(|bytes| hex(&bytes)).unwrap_or_default();
        match format!("{algorithm}:{hex}").parse() {
            Ok(checksum) => checksums.push(checksum),
            Err(_) => others = Some(value),
        }
    }
    (checksums, others)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A `media:content`. Samples are none of the item.
pub(super) fn content(node: &Node, base: &Url) -> Option<Link> {
    if node.attribute("expression") == Some("sample") {
        return None;
    }
    let mut link = Link::new(node.attribute("url")?, node.attribute("type"), node.attribute("medium"), base)?;
    link.size = whole_number(node, "fileSize");
    link.bitrate = number(node, "bitrate").and_then(kilobits);
    link.width = whole_number(node, "width");
    link.height = whole_number(node, "height");
    link.fps = number(node, "framerate").filter(|_| link.kind == Kind::Video);
    link.duration = node.attribute("duration").and_then(lenient::seconds_in);
    link.language = node.attribute("lang").map(cut).map(str::to_owned);
    let hashes = node.all(Space::Media, "hash").filter_map(|hash| {
        let algorithm = hash.attribute("algo").unwrap_or("md5").replace('-', "");
        format!("{algorithm}:{}", hash.text()?).parse::<Checksum>().ok()
    });
    link.checksums = hashes.take(MOST_HASHES).collect();
    Some(link)
}

fn is_playlist_type(name: &str) -> bool {
    matches!(name, "application/x-mpegurl" | "application/vnd.apple.mpegurl" | "application/mpegurl")
}

/// The longest address that is one.
const LONGEST_ADDRESS: usize = 8 << 10;

/// Where `address` leads, which `base` may complete, if that is by http or https.
pub(super) fn url_of(address: &str, base: &Url) -> Option<Url> {
    link::read(base, address).filter(|_| address.len() <= LONGEST_ADDRESS)
}

/// The parameter `codecs` of a type (RFC 6381, section 3.2).
fn codecs_parameter(parameters: &str) -> Option<String> {
    let (_, value) = parameters.split_once("codecs=")?;
    let value = value.trim_start();
    let value = match value.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.split(['"', '\'']).next()?,
        None => value.split(';').next()?,
    };
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn number(node: &Node, name: &str) -> Option<f64> {
    let number: f64 = node.attribute(name)?.replace(',', "").parse().ok()?;
    (number.is_finite() && number > 0.0).then_some(number)
}

/// A number of which the fraction does not count; `None` for none.
pub(super) fn whole_number<N: TryFrom<u64>>(node: &Node, name: &str) -> Option<N> {
    N::try_from(number(node, name)? as u64).ok()
}

/// Bits a second; what is too few for that was meant in kilobits.
fn bits(number: f64) -> Option<u64> {
    let bits = if number < FEWEST_BITS { number * 1000.0 } else { number };
    Some(bits as u64).filter(|&bits| bits > 0)
}

/// Kilobits a second; what is too many for that was meant in bits.
fn kilobits(number: f64) -> Option<u64> {
    let bits = if number < MOST_KILOBITS { number * 1000.0 } else { number };
    Some(bits as u64).filter(|&bits| bits > 0)
}
