//! Any web page: the media that its HTML tells of, asked before `generic` and after everyone else.
//!
//! What is read: JSON-LD of schema.org (`VideoObject`, `AudioObject`, `ImageObject`), OpenGraph and the cards of Twitter, the
//! elements `<video>`, `<audio>`, `<source>`, `<track>`, `<img>`, `<picture>`, `<iframe>`, `<embed>` and `<object>`, oEmbed and
//! feeds that the page names; links are relative to its `<base>`. No script runs.
//!
//! Each video, sound or picture is one resource. What several of these tell of one is merged (`merge.rs`), its files are its
//! qualities, its tracks are captions beside it. In this order:
//! 1. **Videos and sounds.** Where a page has any, its pictures are no resources: that of its card is their poster. One that
//!    somebody of the registry knows (a player's page, a frame, a file) is handed off to them with what the page tells of it;
//!    one that has a playlist is handed off to who reads those, for that lists every quality; any other is its files.
//! 2. **Players that nobody knows.** A page that describes a video, and links no more of it than the page of a player, is
//!    handed off to that page. The frames of a page are followed where they are known alone: most are no media.
//! 3. **oEmbed**, where the page leads to no video or sound and either tells of one or has no picture. An address that fails
//!    is told in a warning.
//! 4. **Pictures**, by the rules in `images.rs`. A page that says that it is about a video (`og:type`, or a card of a player) is
//!    an error instead: its picture is not what was asked for. One that describes a video beside is one with a warning.
//! 5. **A feed**: the first that the page names, that of comments left out, is handed off to `podcast` where this build has
//!    it and the page is the one that the feed is of: the home page, or one above the feed. On a page of words the feed of the
//!    whole site has other posts, so it is named and not followed. Where the page has media of its own, its feeds are told in
//!    `metadata`.

mod charset;
mod document;
mod gather;
mod images;
mod json_ld;
mod media;
mod merge;
mod oembed;
mod open_graph;
mod rendition;
mod resource;
mod srcset;
#[cfg(test)]
mod tests;
mod text;

use qetch_core::{
    Answer, Claim, Collection, Context, Error, Extraction, Extractor, ExtractorInfo, Found, Handoff, Result,
    Url, Warning, async_trait, blocking, http::header, link, media_type, shown,
};

use self::{
    gather::{Gathered, bare, gather},
    resource::{Facts, Origin, Resource},
};
use crate::common_first_tag::{first_tag, plain};

const NAME: &str = "page";

/// The most bytes of a page: 16 MiB.
const LARGEST: usize = 16 << 20;

/// A page of more bytes is read on a thread where that may take its time.
const LONG: usize = 256 << 10;

/// The extractor of web pages.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::page::WebPage;
///
/// let url = Url::parse("https://news.example/2024/a-story").unwrap();
/// assert_eq!(WebPage::new().can_handle(&url), Claim::Perhaps);
/// ```
#[derive(Debug)]
pub struct WebPage {
    info: ExtractorInfo,
}

impl WebPage {
    /// The extractor.
    pub fn new() -> Self {
        let info = ExtractorInfo::new(NAME, "The media that a web page tells of, whichever site it is of")
            .with_priority(ExtractorInfo::LAST + 1);
        Self { info }
    }
}

impl Default for WebPage {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for WebPage {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    fn can_handle(&self, url: &Url) -> Claim {
        if link::is_http(url) { Claim::Perhaps } else { Claim::No }
    }

    fn recognise(&self, answer: &Answer) -> bool {
        is_page(answer)
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        // Whoever is named is asked without a first answer, which is asked for again while that may help.
        cx.first_answer(url).await?;
        let answer = cx.whole_answer(url, LARGEST).await?.ok()?;
        let page = answer.url().clone();
        let content_type = answer.header(header::CONTENT_TYPE).map(str::to_owned);
        let read = {
            let (html, page) = (answer.body().clone(), page.clone());
            move |go_on: &dyn Fn() -> bool| {
                gather(&charset::utf8(&html, content_type.as_deref()), &page, go_on)
            }
        };
        let gathered = if answer.body().len() > LONG {
            blocking(move |wanted| Ok(read(&|| wanted.is_wanted()))).await?
        } else {
            read(&|| true)
        };
        let reading = Reading { cx, info: &self.info, asked: url, page: &page };
        reading.found(gathered).await
    }
}

/// Whether `answer` is a page that is to be shown: by its type or its beginning, unless its first bytes are those of
/// something else, or it is sent to be saved.
fn is_page(answer: &Answer) -> bool {
    let disposition = answer.headers().get("content-disposition").and_then(|value| value.to_str().ok());
    let kind = disposition.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is_shown = kind.is_empty() || kind.contains('=') || kind.eq_ignore_ascii_case("inline");
    if !matches!(answer.status(), 200 | 203) || !is_shown {
        return false;
    }
    let declared = answer.media_type().unwrap_or_default();
    let is_declared = matches!(declared.as_str(), "text/html" | "application/xhtml+xml");
    let text = plain(answer.body());
    match first_tag(&text) {
        Some(tag) if tag.name.eq_ignore_ascii_case(b"html") => true,
        // Feeds and lists of media, which some servers call pages.
        Some(tag) => {
            let is_list = |name: &&str| tag.name.eq_ignore_ascii_case(name.as_bytes());
            is_declared && !tag.is_of_feed() && !["mpd", "playlist", "asx", "smil"].iter().any(is_list)
        }
        None => {
            let text = text.trim_ascii_start();
            let is_list = text.starts_with(b"#EXTM3U") || text.starts_with(b"[playlist]");
            is_declared && !is_list && media_type::by_first_bytes(answer.body()).is_none()
        }
    }
}

/// A page that is being read.
#[derive(Clone, Copy, Debug)]
struct Reading<'a> {
    cx: &'a Context,
    info: &'a ExtractorInfo,
    asked: &'a Url,
    page: &'a Url,
}

/// What a resource becomes.
#[derive(Debug)]
enum Item {
    /// What is behind this link, of which this is known.
    Behind(Url, Resource),
    /// Its files.
    Files(Resource),
}

impl Reading<'_> {
    /// All that is found, the warnings first: most readers stop at the first resource.
    async fn found(&self, mut gathered: Gathered) -> Result<Extraction> {
        let mut warnings = std::mem::take(&mut gathered.warnings);
        let is_known = |url: &Url| self.cx.knows(url) && !self.is_here(url);
        let describes_media = gathered.described.iter().any(|it| !it.leads_anywhere());
        let media = gathered.media(&is_known);
        let mut items = self.items(media, &gathered.frames);
        let mut about_media = gathered.says_media();
        let mut failed = None;
        if items.is_empty()
            && (about_media || describes_media || gathered.pictures.is_empty())
            && let Some(address) = &gathered.oembed
        {
            match oembed::ask(self.cx, address, NAME).await {
                Ok(offer) => {
                    about_media |= offer.is_video;
                    items = self.offered(offer);
                }
                Err(error) => {
                    failed = Some(error.to_string());
                    warnings.push(format!("its address of oEmbed is of no use: {error}"));
                }
            }
        }
        if items.is_empty() && !about_media && describes_media {
            warnings.push("it describes a video or a sound, but its HTML links no file of it".into());
        }
        let mut found: Vec<Found> = warnings.into_iter().map(|text| self.info.warning(text).into()).collect();
        let facts = gathered.facts();
        if items.is_empty() && about_media {
            return Err(
                self.unsupported("it is about a video or a sound, but its HTML links no file of it", failed)
            );
        }
        if items.is_empty() {
            items = gathered.pictures.into_iter().map(Item::Files).collect();
        }
        if items.is_empty() {
            let feed = gathered.feeds.first().filter(|_| self.cx.has_extractor("podcast"));
            let Some(feed) = feed.filter(|feed| !self.is_here(feed)) else {
                return Err(self.unsupported("its HTML links no video, sound or picture", failed));
            };
            if !is_of_page(feed, self.page) {
                let what = format!(
                    "its HTML links no video, sound or picture; the feed of the whole site is at {}",
                    shown(feed)
                );
                return Err(self.unsupported(&what, failed));
            }
            found.push(Handoff::new(feed.clone()).to("podcast").into());
            return Ok(Extraction::of(found));
        }
        let finished = self.finished(items, facts);
        Ok(Extraction::of(found.into_iter().chain(finished)))
    }

    /// What videos and sounds become, and frames that somebody knows. Players of no one's are followed where there is nothing
    /// else.
    fn items(&self, media: Vec<Resource>, frames: &[Url]) -> Vec<Item> {
        let (mut items, mut players) = (Vec::new(), Vec::new());
        for resource in media {
            let known = resource.links().find(|url| !self.is_here(url) && self.cx.knows(url)).cloned();
            let playlist =
                resource.playlists.iter().find(|url| reads(url) || resource.files.is_empty()).cloned();
            let player = resource.players.iter().find(|url| !self.is_here(url)).cloned();
            match (known.or(playlist), player) {
                (Some(url), _) => items.push(Item::Behind(url, resource)),
                (None, _) if !resource.files.is_empty() => items.push(Item::Files(resource)),
                (None, Some(url)) => players.push(Item::Behind(url, resource)),
                (None, None) => (),
            }
        }
        let mut taken: Vec<Url> = items.iter().flat_map(Item::links).map(|url| bare(&url)).collect();
        for frame in frames.iter().filter(|url| !self.is_here(url) && self.cx.knows(url)) {
            let plain = bare(frame);
            if !taken.contains(&plain) {
                taken.push(plain);
                items.push(Item::Behind(frame.clone(), Resource::default()));
            }
        }
        if items.is_empty() { players } else { items }
    }

    /// What oEmbed offers. The frame of what it says to be a video is followed whoever it is of.
    fn offered(&self, offer: oembed::Offer) -> Vec<Item> {
        let oembed::Offer { resources, frames, is_video, facts, poster } = offer;
        let is_picture =
            resources.iter().any(|it| it.files.iter().any(|file| file.kind == qetch_core::Kind::Image));
        let mut items = if is_picture {
            resources.into_iter().map(Item::Files).collect()
        } else {
            self.items(resources, &frames)
        };
        if let Some(frame) =
            frames.into_iter().find(|url| !self.is_here(url)).filter(|_| is_video && items.is_empty())
        {
            items.push(Item::Behind(frame, Resource::default()));
        }
        for item in &mut items {
            let (Item::Behind(_, resource) | Item::Files(resource)) = item;
            resource.facts.fill(&facts);
            if let Some(poster) = poster.as_ref().filter(|_| !is_picture) {
                resource.add_poster(poster.clone());
            }
        }
        items
    }

    /// Items as they are found, each with what the page tells and its place on it. They are made as they are read: what a page
    /// tells at length is told by each of its many files.
    fn finished(&self, items: Vec<Item>, facts: Facts) -> impl Iterator<Item = Found> + use<> {
        let count = items.len();
        let (asked, page) = (self.asked.clone(), self.page.clone());
        let finish = move |(at, item): (usize, Item)| {
            let (origin, facts) = (Origin { asked: &asked, page: &page }, &facts);
            let collection = (count > 1).then(|| {
                let collection = facts.title.as_ref().map(Collection::new).unwrap_or_default();
                collection.with_index(at as u64 + 1).with_count(count as u64)
            });
            match item {
                Item::Files(mut resource) => {
                    resource.facts.fill(facts);
                    let variants = resource.variants(origin, collection);
                    variants.map_or_else(|error| Warning::new(error.to_string()).into(), Found::from)
                }
                Item::Behind(url, mut resource) => {
                    // What the page is called is not what each of several is.
                    if count == 1 || resource.leads_anywhere() {
                        resource.facts.fill(facts);
                    }
                    let mut known = resource.known(collection);
                    // What is called `master.m3u8` has a better title here.
                    known.title_wins = resource.playlists.contains(&url);
                    Handoff::new(url).with_known(known).into()
                }
            }
        };
        items.into_iter().enumerate().map(finish)
    }

    /// Whether `url` is this page.
    fn is_here(&self, url: &Url) -> bool {
        same_page(url, self.asked) || same_page(url, self.page)
    }

    fn unsupported(&self, problem: &str, failed: Option<String>) -> Error {
        let failed = failed
            .map(|error| format!(" (and its address of oEmbed is of no use: {error})"))
            .unwrap_or_default();
        let reason = format!(
            "it is a web page of a site that no extractor of this build knows, and {problem}{failed}; \
             give the link of the file itself"
        );
        Error::unsupported(shown(self.asked), reason)
    }
}

impl Item {
    fn links(&self) -> Vec<Url> {
        match self {
            Self::Behind(url, resource) => resource.links().chain([url]).cloned().collect(),
            Self::Files(resource) => resource.links().cloned().collect(),
        }
    }
}

/// Whether what `feed` lists is what `page` shows: that of a home page, or one that lies beneath the page.
fn is_of_page(feed: &Url, page: &Url) -> bool {
    let path = page.path().trim_end_matches('/');
    let is_beneath = feed.path().strip_prefix(path).is_some_and(|rest| rest.starts_with(['/', '.']));
    path.is_empty() || (feed.host_str() == page.host_str() && is_beneath)
}

/// Whether `url`, which has no fragment, is `page`.
fn same_page(url: &Url, page: &Url) -> bool {
    let mut page = page.clone();
    page.set_fragment(None);
    *url == page
}

/// Whether this build reads a playlist of this name.
fn reads(url: &Url) -> bool {
    match link::extension(url).as_deref() {
        Some("mpd") => cfg!(feature = "dash"),
        _ => cfg!(feature = "hls"),
    }
}
