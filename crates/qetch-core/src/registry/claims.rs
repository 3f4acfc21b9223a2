//! Who claims a URL, and in which order they are asked.

use std::{cmp::Reverse, sync::Arc};

use url::Url;

use super::{Entry, Extractors, Registry};
use crate::{Claim, Extractor, shown::shown};

/// An extractor's claim on a URL.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Claimed {
    /// The extractor.
    pub extractor: Arc<dyn Extractor>,
    /// What it says; never [`Claim::No`].
    pub claim: Claim,
}

impl Registry {
    /// Who claims `url`, in the order they are asked: those that say yes, or else those that say perhaps. Pure: nothing is
    /// fetched.
    pub fn claims(&self, url: &Url) -> Vec<Claimed> {
        let ranked = self.ranked(url).into_iter();
        ranked.map(|(_, entry, claim)| Claimed { extractor: entry.extractor.clone(), claim }).collect()
    }

    /// The extractor that is asked first for `url`: one that said yes, or the first that said perhaps.
    pub fn extractor_for(&self, url: &Url) -> Option<Arc<dyn Extractor>> {
        self.ranked(url).into_iter().next().map(|(_, entry, _)| entry.extractor.clone())
    }

    /// The claims on `url`, in the order they are asked.
    fn ranked(&self, url: &Url) -> Vec<(Rank, &Entry, Claim)> {
        let Extractors { entries, index } = &*self.extractors;
        let mut claims: Vec<(Rank, &Entry, Claim)> = Vec::new();
        let mut ask = |positions: &mut dyn Iterator<Item = usize>| {
            for entry in positions.filter_map(|position| entries.get(position)) {
                let is_asked =
                    |(_, it, _): &(Rank, &Entry, Claim)| Arc::ptr_eq(&it.extractor, &entry.extractor);
                if claims.iter().any(is_asked) {
                    continue;
                }
                let claim = entry.extractor.can_handle(url);
                if claim != Claim::No {
                    claims.push((rank(entry, &claim, url), entry, claim));
                }
            }
            claims.iter().any(|(_, _, claim)| *claim != Claim::Perhaps)
        };
        if ask(&mut index.named(url)) || ask(&mut index.anywhere()) {
            claims.retain(|(_, _, claim)| *claim != Claim::Perhaps);
        }
        claims.sort_by(|(a, one, _), (b, other, _)| {
            a.cmp(b).then_with(|| one.extractor.info().name().cmp(other.extractor.info().name()))
        });
        if let [(a, first, Claim::Yes(_)), (b, second, Claim::Yes(_)), ..] = claims.as_slice()
            && a == b
        {
            let (first, second) = (first.extractor.info().name(), second.extractor.info().name());
            tracing::warn!(first, second, url = shown(url), "two extractors claim a URL equally");
        }
        claims
    }
}

/// The order in which claims are asked; the least is first.
type Rank = (bool, Reverse<i32>, bool);

/// The place of a claim in that order.
fn rank(entry: &Entry, claim: &Claim, url: &Url) -> Rank {
    let info = entry.extractor.info();
    let handle = match claim {
        Claim::Yes(name) => info.handles().get(name),
        _ => None,
    };
    let names_host = handle.is_some_and(|handle| handle.names_host(url));
    (entry.built_in, Reverse(info.priority()), !names_host)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::{
        Answer, Content, Context, Extraction, ExtractorInfo, Handle, Handles, Kind, Outgoing, Result,
        Transport, transport::Body,
    };

    /// Claims what it is told to, or by its handles.
    #[derive(Debug)]
    struct Named(ExtractorInfo, Option<Claim>);

    #[async_trait]
    impl Extractor for Named {
        fn info(&self) -> &ExtractorInfo {
            &self.0
        }

        fn can_handle(&self, url: &Url) -> Claim {
            self.1.clone().unwrap_or_else(|| self.0.handles().claim(url))
        }

        async fn extract(&self, _: &Context, _: &Url) -> Result<Extraction> {
            Ok(Extraction::of([]))
        }
    }

    /// Claims by its handle, `*.site.example` or `www.site.example`.
    fn handles(name: &str, host: &str, priority: i32) -> Named {
        let handles = Handles::new([Handle::new("any", [host], "")]);
        Named(ExtractorInfo::new(name, "").with_handles(handles).with_priority(priority), None)
    }

    fn perhaps(name: &str, priority: i32) -> Named {
        Named(ExtractorInfo::new(name, "").with_priority(priority), Some(Claim::Perhaps))
    }

    fn order(own: Vec<Named>, built_in: Vec<Named>) -> Vec<String> {
        let built_in = built_in.into_iter().map(|it| Arc::new(it) as Arc<dyn Extractor>);
        let registry = own.into_iter().fold(Registry::new(), Registry::with_extractor).with_builtin(built_in);
        let url = Url::parse("https://www.site.example/x").unwrap();
        registry.claims(&url).iter().map(|it| it.extractor.info().name().to_owned()).collect()
    }

    #[test]
    fn claims_are_asked_in_the_documented_order() {
        let wide = "*.site.example";
        let exact = "www.site.example";
        let built_in = vec![
            perhaps("perhaps-last", ExtractorInfo::LAST),
            perhaps("perhaps", 0),
            handles("b-wide", wide, 0),
            handles("a-wide", wide, 0),
            handles("exact", exact, 0),
            handles("urgent", wide, 1),
            handles("elsewhere", "site.example", 9),
        ];
        let own = vec![perhaps("own-perhaps", 0), handles("own", wide, -1)];
        assert_eq!(order(own, built_in), ["own", "urgent", "exact", "a-wide", "b-wide"]);

        let anywhere = Handles::new([Handle::new("any", ["*"], "")]);
        let anywhere = Named(ExtractorInfo::new("software", "").with_handles(anywhere), None);
        let built_in = vec![perhaps("perhaps-last", ExtractorInfo::LAST), anywhere, perhaps("perhaps", 1)];
        let own = vec![perhaps("own-perhaps", 0), handles("elsewhere", "site.example", 9)];
        assert_eq!(order(own, built_in), ["own-perhaps", "perhaps", "software", "perhaps-last"]);
    }

    /// Answers everything with this status, and counts.
    #[derive(Debug)]
    struct Refusing(u16, std::sync::atomic::AtomicU32);

    #[async_trait]
    impl Transport for Refusing {
        async fn send(&self, _: Outgoing) -> Result<http::Response<Body>> {
            self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let body = Body::from(bytes::Bytes::from_static(b"sorry"));
            Ok(http::Response::builder().status(self.0).body(body).unwrap())
        }
    }

    /// Recognises everything that is given, or everything that is refused.
    #[derive(Debug)]
    struct Knows(ExtractorInfo, bool);

    #[async_trait]
    impl Extractor for Knows {
        fn info(&self) -> &ExtractorInfo {
            &self.0
        }

        fn can_handle(&self, _: &Url) -> Claim {
            Claim::Perhaps
        }

        fn recognise(&self, _: &Answer) -> bool {
            !self.1
        }

        fn recognise_refusal(&self, answer: &Answer) -> bool {
            assert_eq!(answer.body().as_ref(), b"sorry");
            self.1
        }

        async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
            cx.remember(&url.join(".")?, ());
            Ok(Extraction::once(Content::new(self.0.name(), Kind::Text, url.clone(), [])))
        }
    }

    #[tokio::test]
    async fn who_remembers_a_place_is_asked_without_a_first_answer() {
        let site = Arc::new(Refusing(200, 0.into()));
        let cx = Context::builder().transport(site.clone()).build();
        let registry = Registry::new()
            .with_extractor(Knows(ExtractorInfo::new("a", "").with_priority(1), true))
            .with_extractor(Knows(ExtractorInfo::new("b", ""), false));
        for (path, asked) in [("wiki/1", 1), ("wiki/2", 1), ("wiki/2/3", 1), ("w/1", 2)] {
            let url = Url::parse(&format!("https://any.example/{path}")).unwrap();
            let mut found = registry.extract(&cx, &url).await.unwrap();
            assert_eq!(found.next_variants().await.unwrap().unwrap().best().uid, "b");
            assert_eq!(site.1.load(std::sync::atomic::Ordering::SeqCst), asked, "{path}");
        }
    }

    #[tokio::test]
    async fn who_knows_a_refusal_is_asked_and_else_it_is_what_its_status_is() {
        let check = async |status, knows_refusals, expected: Result<&str, &str>| {
            let site = Arc::new(Refusing(status, 0.into()));
            let cx = Context::builder().transport(site.clone()).retries(0).build();
            let registry = Registry::new()
                .with_extractor(Knows(ExtractorInfo::new("a", ""), false))
                .with_extractor(Knows(ExtractorInfo::new("b", ""), knows_refusals));
            let found = registry.extract(&cx, &Url::parse("https://any.example/").unwrap()).await;
            let found = match found {
                Ok(mut found) => Ok(found.next_variants().await.unwrap().unwrap().best().uid.clone()),
                Err(error) => Err(error.code()),
            };
            assert_eq!(found.as_deref().map_err(|&code| code), expected, "{status}");
            assert_eq!(site.1.load(std::sync::atomic::Ordering::SeqCst), 1);
        };
        check(200, true, Ok("a")).await;
        for status in [401, 403, 404, 410] {
            check(status, true, Ok("b")).await;
        }
        check(404, false, Err("not_found")).await;
        check(410, false, Err("gone")).await;
        check(500, true, Err("http")).await;
        check(451, true, Err("geo_blocked")).await;
    }
}
