//! Reading an extraction and following its hand-offs.

use url::Url;

use super::{Registry, budget::Budget};
use crate::{
    Content, Context, Error, Extraction, Found, Known, Result, Variants, scheme,
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
                    if let Err(error) = self.follow(&handoff.url, handoff.known).await {
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

    async fn follow(&mut self, url: &Url, known: Known) -> Result<()> {
        scheme::check(url)?;
        let mut url = url.clone();
        strip(&mut url);
        if self.chain.iter().any(|link| link.url == url) {
            return Err(Error::over_limit(
                format!("the hand-offs to {}", shown(&url)),
                "one (they lead in a circle)",
            ));
        }
        self.budget.hand_off(self.chain.len() - 1)?;
        tracing::debug!(url = shown(&url), "handed off");
        let link = self.budget.spend(self.registry.begin(&self.cx, &url, known)).await??;
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
