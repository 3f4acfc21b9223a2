//! streamable.com: short videos, each in a few renditions.
//!
//! What the player asks is asked: `ajax.streamable.com/videos/{code}`. The site documents the links of the files alone, so every
//! fact beside them is read leniently. Links are signed, and say themselves until when.

use std::collections::BTreeMap;

use qetch_core::{
    Content, Context, Error, Extraction, Extractor, ExtractorInfo, Handle, Handles, Kind, Known, Request,
    Result, Role, Timestamp, Url, Variants, async_trait, lenient, link,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The extractor of streamable.com.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::streamable::Streamable;
///
/// let url = Url::parse("https://streamable.com/e/rsmo56").unwrap();
/// assert_eq!(Streamable::new().can_handle(&url), Claim::Yes("player".into()));
/// ```
#[derive(Debug)]
pub struct Streamable {
    info: ExtractorInfo,
}

const NAME: &str = "streamable";

/// Where videos are asked for; the code follows.
const VIDEOS: &str = "https://ajax.streamable.com/videos/";

const HOSTS: [&str; 2] = ["streamable.com", "www.streamable.com"];

/// The site's own pages that would pass for a code.
const PAGES: [&str; 30] = [
    "about",
    "account",
    "api",
    "blog",
    "business",
    "careers",
    "clipper",
    "contact",
    "cookies",
    "dashboard",
    "developers",
    "dmca",
    "documentation",
    "download",
    "explore",
    "faq",
    "features",
    "help",
    "library",
    "login",
    "logout",
    "plans",
    "press",
    "pricing",
    "privacy",
    "settings",
    "signup",
    "support",
    "terms",
    "upload",
];

impl Streamable {
    /// The extractor.
    pub fn new() -> Self {
        let video = Handle::new("video", HOSTS, r"^/(?P<id>[A-Za-z0-9]{3,})/?$")
            .without("id", PAGES)
            .with_example("https://streamable.com/p9cln4");
        // A share has a token behind the code, and a clip of a video its times.
        let player = Handle::new("player", HOSTS, r"^/[eost]/(?P<id>[A-Za-z0-9]{3,})(?:/[^/]*)*$")
            .with_example("https://streamable.com/e/rsmo56")
            .with_example("https://streamable.com/o/rsmo56")
            .with_example("https://streamable.com/s/rsmo56/abcdef")
            .with_example("https://streamable.com/t/rsmo56");
        let info = ExtractorInfo::new(NAME, "Videos of streamable.com")
            .with_handles(Handles::new([video, player]))
            .with_asks(["ajax.streamable.com"]);
        Self { info }
    }
}

impl Default for Streamable {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Streamable {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let code = &self.info.handles().require(url)?["id"];
        let what = format!("streamable video {code}");
        let answer = cx.send(Request::get(format!("{VIDEOS}{code}").parse()?)).await?;
        if matches!(answer.status(), 401 | 403) {
            return Err(Error::private(what));
        }
        let video: Video = answer.about(&what)?.json(NAME)?;
        let contents = video.contents(code, &what, url)?;
        Ok(Extraction::once(Variants::ranked(contents)?.with_known(&video.known())))
    }
}

/// The answer for a video.
#[derive(Deserialize)]
struct Video {
    #[serde(default, deserialize_with = "lenient::number")]
    status: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    title: Option<String>,
    /// That of the post by which it came.
    #[serde(default, deserialize_with = "lenient::text")]
    reddit_title: Option<String>,
    #[serde(default, deserialize_with = "lenient::positive")]
    duration: Option<f64>,
    /// Seconds since 1970, with a fraction.
    #[serde(default, deserialize_with = "lenient::number")]
    date_added: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    thumbnail_url: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    poster_url: Option<String>,
    /// An object, with the name.
    #[serde(default)]
    owner: Value,
    /// By the name of the rendition. What is no file is read as one that is not there.
    #[serde(default)]
    files: BTreeMap<String, Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// A rendition; an original that is not given out has no link. Zero stands for what is not known yet.
#[derive(Deserialize)]
struct File {
    #[serde(default, deserialize_with = "lenient::number")]
    status: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    url: Option<String>,
    #[serde(default, deserialize_with = "lenient::positive")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    height: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    size: Option<u64>,
    #[serde(default, deserialize_with = "lenient::positive")]
    bitrate: Option<u64>,
    #[serde(default, deserialize_with = "lenient::positive")]
    framerate: Option<f64>,
    #[serde(default, deserialize_with = "lenient::positive")]
    duration: Option<f64>,
}

/// What `status` says, of a video and of a file.
const UPLOADING: i64 = 0;
const PROCESSING: i64 = 1;
const READY: i64 = 2;
const FAILED: i64 = 3;

impl Video {
    fn contents(&self, code: &str, what: &str, source: &Url) -> Result<Vec<Content>> {
        match self.status {
            Some(UPLOADING) => return Err(Error::not_ready(format!("{what}, which is still uploaded,"))),
            Some(PROCESSING) => return Err(Error::not_ready(what)),
            Some(FAILED) => return Err(Error::gone(format!("{what}, which the site failed to process,"))),
            _ => (),
        }
        let read = |(name, file): (&String, &Value)| Some((name.clone(), File::deserialize(file).ok()?));
        let files: Vec<_> = self.files.iter().filter_map(read).collect();
        let content = |(name, file): &(String, File)| {
            let mut content = file.content(format!("{code}-{name}"), source)?;
            content.duration = content.duration.or(self.duration);
            Some(content)
        };
        let mut contents: Vec<_> = files.iter().filter_map(content).collect();
        if contents.is_empty() {
            let is_in_work = |file: &File| matches!(file.status, Some(UPLOADING | PROCESSING));
            return Err(if files.iter().any(|(_, file)| is_in_work(file)) {
                Error::not_ready(what)
            } else {
                Error::site_changed(NAME, "$.files", "no file has a link")
            });
        }
        let poster = self.poster_url.as_deref().or(self.thumbnail_url.as_deref()).and_then(linked);
        contents.extend(poster.map(|url| {
            let mut poster = signed(format!("{code}-poster"), Kind::Image, url, source);
            poster.role = Role::Poster;
            poster
        }));
        Ok(contents)
    }

    /// What holds for every rendition.
    fn known(mut self) -> Known {
        let mut known = Known::default();
        known.uploaded_by = lenient::text_of(&self.owner["user_name"]);
        known.uploaded_date = self.date_added.and_then(Timestamp::from_unix);
        self.rest.extend(self.reddit_title.clone().map(|title| ("reddit_title".to_owned(), title.into())));
        known.metadata =
            lenient::telling(&self.rest, &["reddit_title", "plays", "source", "privacy_settings"]);
        known.title = self.title.or(self.reddit_title);
        known
    }
}

impl File {
    /// The rendition, where it is there.
    fn content(&self, uid: String, source: &Url) -> Option<Content> {
        let url = linked(self.url.as_deref()?)?;
        if self.status.is_some_and(|status| status != READY) {
            return None;
        }
        let mut content = signed(uid, Kind::Video, url, source);
        (content.width, content.height) = (self.width, self.height);
        (content.bitrate, content.fps) = (self.bitrate, self.framerate);
        (content.size_approx, content.duration) = (self.size, self.duration);
        Some(content)
    }
}

/// A content of the file at `url`, which says until when it works. CloudFront counts seconds; the site has given milliseconds
/// as well.
fn signed(uid: String, kind: Kind, url: Url, source: &Url) -> Content {
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    let until = url.query_pairs().find(|(name, _)| name == "Expires");
    let until = until.and_then(|(_, value)| value.parse().ok());
    let until = until.map(|value: i64| if value < MILLISECONDS_FROM { value } else { value / 1000 });
    let mut content = Content::of_file(uid, kind, source, url);
    content.expires = until.and_then(Timestamp::from_unix);
    content
}

/// A link, which may come without its scheme.
fn linked(text: &str) -> Option<Url> {
    let site = Url::parse("https://streamable.com/").ok()?;
    link::read(&site, text).filter(|url| url.path() != "/")
}
