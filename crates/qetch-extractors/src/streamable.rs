//! streamable.com: short videos, each in a few renditions.
//!
//! What the player asks is asked: `ajax.streamable.com/videos/{code}`. The site documents the links of the files alone, so every
//! fact beside them is read leniently. Links are signed, and say themselves until when.

use std::collections::BTreeMap;

use qetch_core::{
    Claim, Content, Context, Error, Extraction, Extractor, ExtractorInfo, Fragment, Handle, Handles, Kind,
    Request, Result, Role, Timestamp, Url, Variants, async_trait, lenient, media_type,
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

    fn can_handle(&self, url: &Url) -> Claim {
        self.info.handles().claim(url)
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let code = &self.info.handles().require(url)?["id"];
        let what = format!("streamable video {code}");
        let answer = cx.send(Request::get(format!("{VIDEOS}{code}").parse()?)).await?;
        let video: Video = match answer.status() {
            401 | 403 => return Err(Error::private(what)),
            404 => return Err(Error::not_found(what)),
            410 => return Err(Error::gone(what)),
            _ => answer.ok()?.json(NAME)?,
        };
        Ok(Extraction::once(Variants::ranked(video.contents(code, &what, url)?)?))
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
    #[serde(default, deserialize_with = "lenient::number")]
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

/// A rendition; an original that is not given out has no link.
#[derive(Deserialize)]
struct File {
    #[serde(default, deserialize_with = "lenient::number")]
    status: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    url: Option<String>,
    #[serde(default, deserialize_with = "lenient::number")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "lenient::number")]
    height: Option<u32>,
    #[serde(default, deserialize_with = "lenient::number")]
    size: Option<u64>,
    #[serde(default, deserialize_with = "lenient::number")]
    bitrate: Option<u64>,
    #[serde(default, deserialize_with = "lenient::number")]
    framerate: Option<f64>,
    #[serde(default, deserialize_with = "lenient::number")]
    duration: Option<f64>,
}

/// What `status` says, of a video and of a file.
const UPLOADING: i64 = 0;
const PROCESSING: i64 = 1;
const READY: i64 = 2;
const FAILED: i64 = 3;

impl Video {
    fn contents(self, code: &str, what: &str, source: &Url) -> Result<Vec<Content>> {
        match self.status {
            Some(UPLOADING) => return Err(Error::not_ready(format!("{what}, which is still uploaded,"))),
            Some(PROCESSING) => return Err(Error::not_ready(what)),
            Some(FAILED) => return Err(Error::gone(format!("{what}, which the site failed to process,"))),
            _ => (),
        }
        let read = |(name, file): (&String, &Value)| Some((name.clone(), File::deserialize(file).ok()?));
        let files: Vec<_> = self.files.iter().filter_map(read).collect();
        let mut contents: Vec<_> =
            files.iter().filter_map(|(name, file)| file.content(&format!("{code}-{name}"), source)).collect();
        if contents.is_empty() {
            let is_in_work = |file: &File| matches!(file.status, Some(UPLOADING | PROCESSING));
            return Err(if files.iter().any(|(_, file)| is_in_work(file)) {
                Error::not_ready(what)
            } else {
                Error::site_changed(NAME, "$.files", "no file has a link")
            });
        }
        let poster = self.poster_url.as_deref().or(self.thumbnail_url.as_deref()).and_then(link);
        contents.extend(poster.map(|url| {
            let mut poster = made(format!("{code}-poster"), Kind::Image, url, source);
            poster.role = Role::Poster;
            poster
        }));
        let title = self.title.or_else(|| self.reddit_title.clone());
        let kept = ["reddit_title", "plays", "source", "privacy_settings"];
        let mut metadata: Map<_, _> =
            self.rest.into_iter().filter(|(name, _)| kept.contains(&name.as_str())).collect();
        metadata.extend(self.reddit_title.map(|title| ("reddit_title".to_owned(), title.into())));
        for content in &mut contents {
            content.title.clone_from(&title);
            content.uploaded_by = self.owner["user_name"].as_str().map(str::to_owned);
            content.uploaded_date = self.date_added.and_then(Timestamp::from_unix);
            content.metadata.clone_from(&metadata);
            if content.kind == Kind::Video {
                content.duration = content.duration.or(self.duration);
            }
        }
        Ok(contents)
    }
}

impl File {
    /// The rendition, where it is there.
    fn content(&self, uid: &str, source: &Url) -> Option<Content> {
        let url = link(self.url.as_deref()?)?;
        if self.status.is_some_and(|status| status != READY) {
            return None;
        }
        let mut content = made(uid, Kind::Video, url, source);
        // Zero stands for what is not known yet.
        (content.width, content.height) = (self.width.filter(|it| *it > 0), self.height.filter(|it| *it > 0));
        content.size_approx = self.size.filter(|it| *it > 0);
        content.bitrate = self.bitrate.filter(|it| *it > 0);
        content.fps = self.framerate.filter(|it| *it > 0.0);
        content.duration = self.duration.filter(|it| *it > 0.0);
        Some(content)
    }
}

/// A content of the file at `url`.
fn made(uid: impl Into<String>, kind: Kind, url: Url, source: &Url) -> Content {
    let extension = url.path().rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let known = extension.as_deref().and_then(media_type::by_extension).filter(|it| it.kind == kind);
    let expires = expires(&url);
    let mut content = Content::new(uid, kind, source.clone(), [Fragment::new(url)]);
    content.extension = known.map(|it| it.extension.to_owned());
    content.content_type = known.map(|it| it.name.to_owned());
    content.expires = expires;
    content
}

/// A link, which may come without its scheme.
fn link(text: &str) -> Option<Url> {
    let base = Url::parse("https://streamable.com/").ok()?;
    base.join(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.path() != "/")
}

/// Until when a signed link works. CloudFront counts seconds; the site has given milliseconds as well.
fn expires(url: &Url) -> Option<Timestamp> {
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    let (_, value) = url.query_pairs().find(|(name, _)| name == "Expires")?;
    let value: i64 = value.parse().ok()?;
    Timestamp::from_unix(if value < MILLISECONDS_FROM { value } else { value / 1000 })
}
