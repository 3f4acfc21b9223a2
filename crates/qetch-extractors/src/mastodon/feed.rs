//! What an instance lists page by page: posts, and accounts.

use qetch_core::{
    Collection, Error, Extraction, ExtractorInfo, Found, Handoff, Page, Result, Url, Variants, Warning,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    NAME,
    instance::{Instance, next_page},
    post::{Account, Post},
};

/// How many a page has: the most that is given.
const LIMIT: &str = "40";

/// A list of an instance. Its first page is asked for at once, a further one when everything before it was taken.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    info: ExtractorInfo,
    instance: Instance,
    /// What its collection is called.
    title: String,
    /// The link that led here, under which everything in it is found again.
    source: Url,
}

/// Where a page is, and how many resources stand before it.
#[derive(Clone, Debug)]
struct Place {
    url: Url,
    before: u64,
}

impl Feed {
    pub(super) fn new(info: &ExtractorInfo, instance: Instance, title: String, source: &Url) -> Self {
        Self { info: info.clone(), instance, title, source: source.clone() }
    }

    /// The media of the posts that are listed at `url`.
    pub(super) async fn posts(self, url: Url) -> Result<Extraction> {
        let first = self.page_of_posts(Place { url: limited(url), before: 0 }).await?;
        Ok(Extraction::paged(first, move |place| {
            let feed = self.clone();
            async move { feed.page_of_posts(place).await }
        }))
    }

    /// The accounts that are listed at `url`, each as a hand-off to its page at home.
    pub(super) async fn accounts(self, url: Url) -> Result<Extraction> {
        let first = self.page_of_accounts(limited(url)).await?;
        Ok(Extraction::paged(first, move |url| {
            let feed = self.clone();
            async move { feed.page_of_accounts(url).await }
        }))
    }

    async fn page_of_posts(&self, place: Place) -> Result<Page<Place>> {
        let (entries, next) = self.page(&place.url).await?;
        let (mut found, mut before) = (Vec::new(), place.before);
        for (position, entry) in entries.iter().enumerate() {
            let path = format!("$[{position}]");
            let media = Post::deserialize(entry)
                .map_err(|_| Error::site_changed(NAME, path.as_str(), "no post"))
                .and_then(|post| post.media(&path, &self.instance.name(), &self.source));
            match media {
                Ok(media) => {
                    let left_out = media.left_out.iter();
                    found.extend(left_out.map(|(path, missing)| self.warning(missing.shown(path)).into()));
                    found.extend(media.found.into_iter().map(|variants| {
                        before += 1;
                        Found::from(self.placed(variants, before))
                    }));
                }
                // One that is spoilt does not spoil the others.
                Err(error) => found.push(self.warning(format!("a post is left out: {error}")).into()),
            }
        }
        Ok(Page::new(found, next.map(|url| Place { url, before })))
    }

    async fn page_of_accounts(&self, url: Url) -> Result<Page<Url>> {
        let (entries, next) = self.page(&url).await?;
        let found = entries.iter().enumerate().map(|(position, entry)| {
            let account = Account::deserialize(entry).ok();
            match account.as_ref().and_then(Account::page) {
                Some(page) => Handoff::new(page).into(),
                None => self.warning(format!("an account is left out: no link at $[{position}].url")).into(),
            }
        });
        Ok(Page::new(found, next))
    }

    /// The entries of the page at `url`, and where the next one is. An empty page is the last one.
    async fn page(&self, url: &Url) -> Result<(Vec<Value>, Option<Url>)> {
        let what = format!("{} of {}", self.title, self.instance.name());
        let answer = self.instance.ask(url.clone(), &what).await?;
        let entries: Vec<Value> = answer.json(NAME)?;
        let next = next_page(&answer, url).filter(|_| !entries.is_empty());
        Ok((entries, next))
    }

    /// In the feed, in the place of the post that it stands in.
    fn placed(&self, variants: Variants, index: u64) -> Variants {
        variants.with_collection(Collection::new(&self.title).with_index(index))
    }

    fn warning(&self, message: impl AsRef<str>) -> Warning {
        self.info.warning(message)
    }
}

fn limited(mut url: Url) -> Url {
    url.query_pairs_mut().append_pair("limit", LIMIT);
    url
}
