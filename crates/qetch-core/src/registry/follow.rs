//! Reading an extraction and following its hand-offs.

use url::Url;

use super::Registry;
use crate::{
    Content, Context, Error, Extraction, Found, Known, Result, Variants, scheme,
    shown::{shown, strip},
};

/// Hand-offs that may follow one another.
const MOST_HANDOFFS: usize = 8;

/// Reads an extraction and follows its hand-offs: a chain from the URL that was asked for to the one that is read now.
pub(super) struct Follower {
    registry: Registry,
    cx: Context,
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
    /// Reads `first`, and what it hands off to.
    pub(super) fn new(registry: Registry, cx: Context, first: Link) -> Self {
        Self { registry, cx, chain: vec![first] }
    }

    /// The next thing found, with the hand-offs before it followed.
    pub(super) async fn next(&mut self) -> Option<Result<Found>> {
        loop {
            match self.chain.last_mut()?.extraction.next().await {
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
        if self.chain.len() > MOST_HANDOFFS {
            return Err(Error::over_limit("the chain of hand-offs", format!("{MOST_HANDOFFS}")));
        }
        tracing::debug!(url = shown(&url), "handed off");
        let link = self.registry.begin(&self.cx, &url, known).await?;
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
