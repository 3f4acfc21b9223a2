//! Feeds with media: RSS in all its versions and Atom, with the extensions that podcasts are written in.
//!
//! A feed is told by its root element, wherever it is. Each item with media is a resource: its enclosures and their
//! alternatives (`podcast:alternateEnclosure`, Media RSS) are the renditions, its pictures stand among them with their
//! roles, and its transcripts are companions. Items without media are left out. What is live now
//! (`podcast:liveItem`) is found first, as the feed has it.
//!
//! Pages of a feed (RFC 5005) are asked for as they are read. A feed that is broken somewhere gives what stands before that,
//! and then the error.
//!
//! The uid of a content is the guid of its item, or a hash of it, with the form of the rendition.

mod feed;
mod found;
mod item;
mod link;
mod space;
#[cfg(test)]
mod tests;
mod text;
mod time;

use qetch_core::{
    Answer, Context, Error, Extraction, Extractor, ExtractorInfo, Handle, Handles, Page, Result, Url,
    async_trait, blocking, shown,
};

use self::{feed::Feed, found::Pages};
use crate::{
    common_first_tag::{first_tag, plain as plain_bytes},
    common_xml::text_of,
};

/// The extractor of feeds.
///
/// It takes no credential of its own: a private feed is opened by the user name and password before the `@` of its link, which go
/// to its host alone.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::podcast::Podcast;
///
/// let url = Url::parse("https://pond.example/feed.xml").unwrap();
/// assert_eq!(Podcast::new().can_handle(&url), Claim::Perhaps);
/// ```
#[derive(Debug)]
pub struct Podcast {
    info: ExtractorInfo,
}

const NAME: &str = "podcast";

/// The most bytes of a page of a feed, unless the user says less: those of podcasts with thousands of episodes have ten
/// million.
const MOST_BYTES: usize = 32 << 20;

/// A page of more bytes is read where it may take its time.
const LARGE: usize = 256 << 10;

impl Podcast {
    /// The extractor.
    pub fn new() -> Self {
        let info = ExtractorInfo::new(NAME, "Podcasts and other feeds with media: RSS and Atom")
            .with_handles(Handles::new([feed_handle()]));
        Self { info }
    }
}

impl Default for Podcast {
    fn default() -> Self {
        Self::new()
    }
}

/// What is called as feeds are: files, and folders as programs that write sites lay them out, with two names behind at
/// most. One pattern, since every link that no site names is held against it.
fn feed_handle() -> Handle {
    Handle::new(
        "feed",
        ["*"],
        r"(?i)\.(?:rss|atom|rdf|xml)/?$|/(?:feed|rss|atom|podcast)\.(?:php|aspx?|cgi)$|[/_-](?:feeds?|rss2?|atom|podcasts?)(?:/[^/]+){0,2}/?$",
    )
    .with_example("https://www.omnycontent.com/d/playlist/1/2/3/podcast.rss")
    .with_example("https://feed.podbean.com/geekanddestroy/feed.xml")
    .with_example("https://isc.sans.edu/dailypodcast.xml")
    .with_example("https://pond.example/rss.php")
    .with_example("https://anchor.fm/s/62d12970/podcast/rss")
    .with_example("https://www.spreaker.com/show/4253631/episodes/feed")
    .with_example("https://feeds.libsyn.com/244409/rss")
    .with_example("https://pond.example/feed/podcast/")
    .with_example("https://pond.example/feeds/posts/default")
}

#[async_trait]
impl Extractor for Podcast {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    fn recognise(&self, answer: &Answer) -> bool {
        let named = answer.media_type();
        let is_named = matches!(named.as_deref(), Some("application/rss+xml" | "application/atom+xml"));
        // What a document begins with may be longer than what is here.
        first_tag(&plain_bytes(answer.body())).map_or(is_named, |tag| tag.is_of_feed())
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let feed = read(cx, url).await?;
        let without_media = feed.without_media;
        let mut pages = Pages::new(url, &feed);
        let (found, next) = page(feed, &mut pages);
        let next = match next {
            // Nothing stands before it.
            Some(Next::Fault(error)) if found.is_empty() => return Err(error),
            None if found.is_empty() => {
                let reason = format!(
                    "it is a feed whose {without_media} items have no media; give the link of a page that it leads to"
                );
                return Err(Error::unsupported(shown(url), reason));
            }
            next => next,
        };
        let cx = cx.clone();
        Ok(Extraction::paged(Page::new(found, next.map(|next| (next, pages))), move |(next, mut pages)| {
            let cx = cx.clone();
            async move {
                let url = match next {
                    Next::Page(url) => url,
                    Next::Fault(error) => return Err(error),
                };
                let (found, next) = page(read(&cx, &url).await?, &mut pages);
                Ok(Page::new(found, next.map(|next| (next, pages))))
            }
        }))
    }
}

/// What follows a page.
enum Next {
    Page(Url),
    /// The feed is broken where it ends.
    Fault(Error),
}

/// What stands on a page, and what follows it. A page that was read already ends a feed.
fn page(mut feed: Feed, pages: &mut Pages) -> (Vec<qetch_core::Found>, Option<Next>) {
    let fault = feed.fault.take();
    feed.next = feed.next.filter(|next| fault.is_none() && pages.is_new(next));
    let next = fault.map(Next::Fault).or_else(|| feed.next.clone().map(Next::Page));
    (pages.found(feed, next.is_none()), next)
}

async fn read(cx: &Context, url: &Url) -> Result<Feed> {
    let answer = cx.whole_answer(url, MOST_BYTES).await?.ok()?;
    let is_large = answer.body().len() > LARGE;
    let read = move || feed::read(&text_of(&answer), answer.url());
    if is_large { blocking(move |_| read()).await } else { read() }
}
