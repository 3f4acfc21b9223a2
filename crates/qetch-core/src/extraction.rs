//! `Extraction`: what extracting answers, a stream of what was found.

mod items;

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use futures_core::Stream;
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    Collection, Content, Result, Timestamp, Variants,
    pages::{PageCount, Pages},
    shown::shown,
};

/// One thing that an extraction found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Found {
    /// A resource.
    Variants(Variants),
    /// It is behind another URL. The registry follows it, so who asks a registry never sees one.
    Handoff(Box<Handoff>),
    /// Something is amiss, and the rest goes on.
    Warning(Warning),
}

impl<V: Into<Variants>> From<V> for Found {
    fn from(variants: V) -> Self {
        Self::Variants(variants.into())
    }
}

impl From<Handoff> for Found {
    fn from(handoff: Handoff) -> Self {
        Self::Handoff(Box::new(handoff))
    }
}

impl From<Warning> for Found {
    fn from(warning: Warning) -> Self {
        Self::Warning(warning)
    }
}

/// What is looked for is behind another URL.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Handoff {
    /// Where it is.
    pub url: Url,
    /// What is known of it already.
    pub known: Known,
    /// The extractor that is to be asked, whoever claims the URL.
    pub extractor: Option<String>,
}

impl Handoff {
    /// To `url` and to whoever claims it, with nothing known.
    pub fn new(url: Url) -> Self {
        Self { url, known: Known::default(), extractor: None }
    }

    /// To the extractor of this name, whoever claims the URL: where the answer told what it is. In a build without it whoever
    /// claims the URL is asked; see [`Context::has_extractor`](crate::Context::has_extractor).
    #[must_use]
    pub fn to(mut self, extractor: impl Into<String>) -> Self {
        self.extractor = Some(extractor.into());
        self
    }

    /// With what is known already.
    #[must_use]
    pub fn with_known(mut self, known: Known) -> Self {
        self.known = known;
        self
    }
}

impl fmt::Debug for Handoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handoff")
            .field("url", &shown(&self.url))
            .field("known", &self.known)
            .field("extractor", &self.extractor)
            .finish()
    }
}

/// What is known of a resource before it is found. It fills what the finder leaves empty.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Known {
    /// The title.
    pub title: Option<String>,
    /// Whether the title takes the place of the finder's, which for a playlist or a plain file is but the name of a file.
    pub title_wins: bool,
    /// The description.
    pub description: Option<String>,
    /// Who uploaded it.
    pub uploaded_by: Option<String>,
    /// When it was uploaded.
    pub uploaded_date: Option<Timestamp>,
    /// Tags.
    pub tags: Vec<String>,
    /// What else the site tells.
    pub metadata: Map<String, Value>,
    /// The collection it stands in.
    pub collection: Option<Collection>,
}

impl Known {
    /// Fills what `variants` leave empty.
    pub(crate) fn fill(&self, variants: &mut Variants) {
        for content in variants.each_mut() {
            self.fill_content(content);
        }
        fill(&mut variants.collection, &self.collection);
    }

    fn fill_content(&self, content: &mut Content) {
        if self.title_wins && self.title.is_some() {
            content.title.clone_from(&self.title);
        }
        fill(&mut content.title, &self.title);
        fill(&mut content.description, &self.description);
        fill(&mut content.uploaded_by, &self.uploaded_by);
        fill(&mut content.uploaded_date, &self.uploaded_date);
        if content.tags.is_empty() {
            content.tags.clone_from(&self.tags);
        }
        for (name, value) in &self.metadata {
            content.metadata.entry(name.as_str()).or_insert_with(|| value.clone());
        }
    }
}

fn fill<T: Clone>(slot: &mut Option<T>, known: &Option<T>) {
    if slot.is_none() {
        slot.clone_from(known);
    }
}

/// Something amiss that does not end an extraction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// What is amiss, in a sentence.
    pub message: String,
}

impl Warning {
    /// A warning that says `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// One page of what a site gives page by page, and the cursor of the next one, if there is one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<C> {
    /// What stands on it.
    pub found: Vec<Found>,
    /// How to ask for the next one.
    pub next: Option<C>,
}

impl<C> Page<C> {
    /// A page.
    pub fn new(found: impl IntoIterator<Item = Found>, next: Option<C>) -> Self {
        Self { found: found.into_iter().collect(), next }
    }
}

/// A stream of what is found behind a URL. What is not asked for is not fetched; dropping it ends the rest.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use qetch_core::{Content, Extraction, Found, Kind, Url};
///
/// let url = Url::parse("https://pond.example/p/7").unwrap();
/// let mut extraction = Extraction::once(Content::new("pond-7", Kind::Image, url, []));
/// while let Some(found) = extraction.next().await {
///     if let Found::Variants(variants) = found.unwrap() {
///         assert_eq!(variants.best().uid, "pond-7");
///     }
/// }
/// # });
/// ```
#[must_use = "an extraction does nothing unless it is read"]
pub struct Extraction {
    stream: Pin<Box<dyn Stream<Item = Result<Found>> + Send>>,
    /// Where it comes page by page.
    pages: Option<PageCount>,
}

impl Extraction {
    /// One thing: a resource of one or several qualities, or a hand-off.
    pub fn once(found: impl Into<Found>) -> Self {
        Self::from_stream(stream::iter([Ok(found.into())]))
    }

    /// Several things that are known at once.
    pub fn of(found: impl IntoIterator<Item = Found, IntoIter: Send + 'static>) -> Self {
        Self::from_stream(stream::iter(found.into_iter().map(Ok)))
    }

    /// Things that are found as the stream is read: albums, threads, feeds. An error does not end it, unless the
    /// stream ends.
    pub fn from_stream(stream: impl Stream<Item = Result<Found>> + Send + 'static) -> Self {
        // Some streams panic where they are asked on after their end.
        Self { stream: Box::pin(stream.fuse()), pages: None }
    }

    /// What a site gives page by page: the first page, which was asked for already, and then what `turn` brings for the
    /// cursor of each next one. A page is asked for when everything before it was taken; an error ends it, and so does a page
    /// over the limit of [`Limits::pages`](crate::Limits::pages), which is not asked for.
    pub fn paged<C, F, P>(first: Page<C>, turn: F) -> Self
    where
        C: Send + 'static,
        F: FnMut(C) -> P + Send + 'static,
        P: Future<Output = Result<Page<C>>> + Send + 'static,
    {
        let pages = PageCount::default();
        let count = pages.clone();
        let begin = (first.found.into_iter(), first.next, turn);
        let stream = stream::unfold(begin, move |(mut found, mut next, mut turn)| {
            let count = count.clone();
            async move {
                loop {
                    if let Some(found_next) = found.next() {
                        return Some((Ok(found_next), (found, next, turn)));
                    }
                    let cursor = next.take()?;
                    let page = match count.read() {
                        Ok(()) => turn(cursor).await,
                        Err(over) => Err(over),
                    };
                    match page {
                        Ok(page) => (found, next) = (page.found.into_iter(), page.next),
                        Err(error) => return Some((Err(error), (found, None, turn))),
                    }
                }
            }
        });
        Self { pages: Some(pages), ..Self::from_stream(stream) }
    }

    /// Has its pages counted among those of `pages`.
    pub(crate) fn count_among(&self, pages: &Arc<Pages>) -> Result<()> {
        self.pages.as_ref().map_or(Ok(()), |count| count.among(pages))
    }

    /// The next thing found; `None` at the end, and from then on. An error ends what it came from and nothing else, so it is
    /// worth asking on after one.
    pub async fn next(&mut self) -> Option<Result<Found>> {
        self.stream.next().await
    }

    /// The next resource, past the warnings, which are logged.
    ///
    /// # Errors
    /// The error that stands before it.
    pub async fn next_variants(&mut self) -> Result<Option<Variants>> {
        while let Some(found) = self.next().await {
            match found? {
                Found::Variants(variants) => return Ok(Some(variants)),
                Found::Warning(warning) => tracing::warn!("{warning}"),
                Found::Handoff(handoff) => {
                    tracing::debug!(url = shown(&handoff.url), "hand-off not followed");
                }
            }
        }
        Ok(None)
    }
}

impl Stream for Extraction {
    type Item = Result<Found>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.stream.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Extraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Extraction")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;
    use crate::Error;

    fn page(number: u32, next: Option<u32>) -> Page<u32> {
        Page::new([Warning::new(number.to_string()).into()], next)
    }

    async fn heard(extraction: &mut Extraction) -> Option<String> {
        match extraction.next().await? {
            Ok(Found::Warning(warning)) => Some(warning.message),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Some(error.code().to_owned()),
        }
    }

    #[tokio::test]
    async fn a_page_is_asked_for_when_everything_before_it_was_taken() {
        let asked = Arc::new(AtomicU32::new(1));
        let count = asked.clone();
        let mut extraction = Extraction::paged(page(1, Some(2)), move |number| {
            count.store(number, Ordering::SeqCst);
            async move { if number < 4 { Ok(page(number, Some(number + 1))) } else { Err(Error::gone("page 4")) } }
        });
        for expected in ["1", "2", "3"] {
            assert_eq!(heard(&mut extraction).await.unwrap(), expected);
            assert_eq!(asked.load(Ordering::SeqCst).to_string(), expected);
        }
        assert_eq!(heard(&mut extraction).await.as_deref(), Some("gone"));
        assert_eq!(heard(&mut extraction).await, None);
    }

    #[tokio::test]
    async fn an_empty_page_does_not_end_it() {
        let mut extraction =
            Extraction::paged(Page::new([], Some(2)), |number| async move { Ok(page(number, None)) });
        assert_eq!(heard(&mut extraction).await.as_deref(), Some("2"));
        assert_eq!(heard(&mut extraction).await, None);
    }

    #[test]
    fn what_is_known_fills_what_is_empty_and_the_inner_wins() {
        let inner = Known { title: Some("inner".into()), ..Known::default() };
        let outer = Known { title: Some("outer".into()), uploaded_by: Some("me".into()), ..Known::default() };
        let mut variants =
            Variants::from(Content::new("a", crate::Kind::Text, crate::Url::parse("http://h").unwrap(), []));
        inner.fill(&mut variants);
        outer.fill(&mut variants);
        assert_eq!(variants.best().title.as_deref(), Some("inner"));
        assert_eq!(variants.best().uploaded_by.as_deref(), Some("me"));
    }

    #[test]
    fn a_title_that_wins_takes_the_place_of_the_name_of_a_file() {
        let titled = |own: Option<&str>, known: Option<&str>| {
            let url = crate::Url::parse("http://h/master.m3u8").unwrap();
            let mut content = Content::new("a", crate::Kind::Video, url, []);
            content.title = own.map(str::to_owned);
            let mut variants = Variants::from(content);
            Known { title: known.map(str::to_owned), title_wins: true, ..Known::default() }
                .fill(&mut variants);
            variants.best().title.clone()
        };
        assert_eq!(titled(Some("master"), Some("Frogs")).as_deref(), Some("Frogs"));
        assert_eq!(titled(Some("master"), None).as_deref(), Some("master"));
        assert_eq!(titled(None, Some("Frogs")).as_deref(), Some("Frogs"));
    }
}
