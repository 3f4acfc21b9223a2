//! Reading an extraction and following its hand-offs.

use std::sync::Arc;

use url::Url;

use super::{Registry, budget::Budget};
use crate::{
    Answer, Content, Context, Error, Extraction, Found, Handoff, Known, Result, Variants, scheme,
    shown::{shown, strip},
};

/// Reads an extraction and follows its hand-offs: a chain from the URL that was asked for to the one that is read now.
pub(super) struct Follower {
    registry: Registry,
    cx: Context,
    budget: Budget,
    chain: Vec<Link>,
}

/// One URL of the chain, and what is still to come from it.
pub(super) struct Link {
    pub(super) url: Url,
    pub(super) name: String,
    /// The answer by which its extractor was recognised.
    pub(super) first: Option<Arc<Answer>>,
    pub(super) known: Known,
    pub(super) extraction: Extraction,
}

impl Follower {
    /// Reads `first`, and what it hands off to, as far as `budget` goes.
    pub(super) fn new(registry: Registry, cx: Context, budget: Budget, first: Link) -> Self {
        Self { registry, cx, budget, chain: vec![first] }
    }

    /// The next thing found, with the hand-offs before it followed. What is over a limit of the whole extraction is the last.
    pub(super) async fn next(&mut self) -> Option<Result<Found>> {
        let found = self.find().await;
        if self.budget.is_over() {
            self.chain.clear();
        }
        found
    }

    async fn find(&mut self) -> Option<Result<Found>> {
        loop {
            let extraction = &mut self.chain.last_mut()?.extraction;
            let found = match self.budget.spend(extraction.next()).await {
                Ok(found) => found,
                Err(over) => return Some(Err(over)),
            };
            match found {
                None => drop(self.chain.pop()),
                Some(Ok(Found::Variants(mut variants))) => {
                    self.complete(&mut variants);
                    return Some(Ok(variants.into()));
                }
                Some(Ok(Found::Handoff(handoff))) => {
                    if let Err(error) = self.follow(*handoff).await {
                        return Some(Err(error));
                    }
                }
                Some(other) => return Some(other),
            }
        }
    }

    /// Adds what the chain knows: who found it, and what each hand-off said of it, the last one first.
    fn complete(&self, variants: &mut Variants) {
        for link in self.chain.iter().rev() {
            link.known.fill(variants);
        }
        for content in variants.each_mut() {
            if let Some(finder) = self.chain.last() {
                content.extractor.clone_from(&finder.name);
            }
            content.provenance = self.cx.provenance();
            without_user_information(content);
        }
    }

    async fn follow(&mut self, handoff: Handoff) -> Result<()> {
        let Handoff { mut url, known, extractor: named } = handoff;
        scheme::check(&url)?;
        strip(&mut url);
        let named = named.and_then(|name| self.registry.extractor(&name).cloned());
        let asked_before = |link: &Link| {
            let is_same = named.as_ref().is_none_or(|named| named.info().name() == link.name);
            link.url == url && is_same
        };
        if self.chain.iter().any(asked_before) {
            return Err(Error::over_limit(
                format!("the hand-offs to {}", shown(&url)),
                "one (they lead in a circle)",
            ));
        }
        self.budget.hand_off(self.chain.len() - 1)?;
        tracing::debug!(url = shown(&url), "handed off");
        let link = match named {
            Some(named) => {
                let from = self.chain.last().filter(|link| link.url == url);
                let first = from.and_then(|link| link.first.clone());
                let asking = self.registry.ask(&named, &self.cx, &url, first, known);
                self.budget.spend(asking).await??
            }
            None => self.budget.spend(self.registry.begin(&self.cx, &url, known)).await??,
        };
        self.budget.count(&link.extraction)?;
        self.chain.push(link);
        Ok(())
    }
}

/// Takes user information out of every link: saved data holds no secret, and a site does not get to choose the
/// credentials we send.
fn without_user_information(content: &mut Content) {
    strip(&mut content.source);
    for fragment in &mut content.fragments {
        strip(&mut fragment.url);
        fragment.bound_to.referer.iter_mut().for_each(strip);
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use bytes::Bytes;

    use super::*;
    use crate::{
        Claim, Extractor, ExtractorInfo, Handle, Handles, Kind, Outgoing, Transport, transport::Body,
    };

    /// Answers everything with the same few bytes, and counts.
    #[derive(Debug, Default)]
    struct Feed(std::sync::Mutex<u32>);

    #[async_trait]
    impl Transport for Feed {
        async fn send(&self, _: Outgoing) -> Result<http::Response<Body>> {
            *self.0.lock().unwrap() += 1;
            Ok(http::Response::new(Body::from(Bytes::from_static(b"<rss>"))))
        }
    }

    /// Says perhaps to everything and hands it off to another by name; that one finds a content.
    #[derive(Debug)]
    struct One(ExtractorInfo, Option<&'static str>);

    impl One {
        fn new(name: &str, handles: Handles, to: Option<&'static str>) -> Self {
            Self(ExtractorInfo::new(name, "").with_handles(handles), to)
        }
    }

    #[async_trait]
    impl Extractor for One {
        fn info(&self) -> &ExtractorInfo {
            &self.0
        }

        fn can_handle(&self, url: &Url) -> Claim {
            if self.1.is_some() { Claim::Perhaps } else { self.0.handles().claim(url) }
        }

        fn recognise(&self, _: &Answer) -> bool {
            true
        }

        async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
            let answer = cx.first_answer(url).await?;
            assert_eq!(answer.body().as_ref(), b"<rss>");
            let Some(to) = self.1 else {
                return Ok(Extraction::once(Content::new("found", Kind::Audio, url.clone(), [])));
            };
            assert!(!cx.knows(url) && cx.knows(&Url::parse("https://feeds.example/").unwrap()));
            assert_eq!(cx.has_extractor(to), to == "feed");
            Ok(Extraction::once(Handoff::new(url.clone()).to(to)))
        }
    }

    async fn extracted(to: &'static str) -> (Result<Option<Variants>>, u32) {
        let feed = Arc::new(Feed::default());
        let cx = Context::builder().transport(feed.clone()).build();
        let handles = Handles::new([Handle::new("feed", ["feeds.example"], "")]);
        let registry = Registry::new()
            .with_extractor(One::new("any", Handles::default(), Some(to)))
            .with_extractor(One::new("feed", handles, None));
        let url = Url::parse("https://blog.example/2026").unwrap();
        let found = registry.extract(&cx, &url).await.unwrap().next_variants().await;
        let asked = *feed.0.lock().unwrap();
        (found, asked)
    }

    #[tokio::test]
    async fn who_is_named_is_asked_whoever_claims_it_and_has_the_first_answer() {
        let (found, asked) = extracted("feed").await;
        let best = found.unwrap().unwrap().best().clone();
        assert_eq!((best.uid.as_str(), best.extractor.as_str(), asked), ("found", "feed", 1));
    }

    #[tokio::test]
    async fn whoever_claims_it_is_asked_for_a_name_that_is_not_there_and_a_circle_ends() {
        let (found, _) = extracted("nobody").await;
        assert_eq!(found.unwrap_err().code(), "over_limit");
    }

    /// Recognises feeds that are at a link of its own.
    #[derive(Debug)]
    struct Software(ExtractorInfo);

    #[async_trait]
    impl Extractor for Software {
        fn info(&self) -> &ExtractorInfo {
            &self.0
        }

        fn can_handle(&self, url: &Url) -> Claim {
            self.0.handles().claim(url)
        }

        fn recognise(&self, answer: &Answer) -> bool {
            answer.url().host_str() == Some("pond.example")
        }

        async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
            Ok(Extraction::once(Content::new(url.path(), Kind::Audio, url.clone(), [])))
        }
    }

    /// Redirects from `/to?URL`.
    #[derive(Debug)]
    struct Short;

    #[async_trait]
    impl Transport for Short {
        async fn send(&self, outgoing: Outgoing) -> Result<http::Response<Body>> {
            let mut answer = http::Response::new(Body::from(Bytes::from_static(b"<html>")));
            if let Some(to) = outgoing.request().uri().query() {
                *answer.status_mut() = http::StatusCode::FOUND;
                answer.headers_mut().insert(http::header::LOCATION, to.parse().unwrap());
            }
            Ok(answer)
        }
    }

    #[tokio::test]
    async fn a_short_link_is_for_who_knows_where_it_leads() {
        let own = |name: &str, host: &str| {
            let handles = Handles::new([Handle::new("item", [host], "^/i/")]);
            Software(ExtractorInfo::new(name, "").with_handles(handles))
        };
        let last = Software(ExtractorInfo::new("last", "").with_handles(Handles::new([Handle::new(
            "any",
            ["*"],
            "",
        )])));
        let registry = Registry::new()
            .with_extractor(own("site", "site.example"))
            .with_extractor(own("software", "*"))
            .with_extractor(Last(last));
        let cx = Context::builder().transport(Arc::new(Short)).build();
        for (there, extractor) in [
            ("https://site.example/i/1", "site"),
            ("https://pond.example/i/1", "software"),
            ("https://lake.example/i/1", "last"),
            ("https://pond.example/else", "last"),
        ] {
            let url = Url::parse(&format!("https://sho.example/to?{there}")).unwrap();
            let found = registry.extract(&cx, &url).await.unwrap().next_variants().await.unwrap().unwrap();
            assert_eq!(found.best().extractor, extractor, "{there}");
            let source = if extractor == "last" { url.as_str() } else { there };
            assert_eq!(found.best().source.as_str(), source);
        }
    }

    /// Recognises everything.
    #[derive(Debug)]
    struct Last(Software);

    #[async_trait]
    impl Extractor for Last {
        fn info(&self) -> &ExtractorInfo {
            &self.0.0
        }

        fn can_handle(&self, url: &Url) -> Claim {
            self.0.can_handle(url)
        }

        fn recognise(&self, _: &Answer) -> bool {
            true
        }

        async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
            self.0.extract(cx, url).await
        }
    }
}
