//! Feeds: the posts of an account, of a list, or of a generator, page by page.

use qetch_core::{Collection, Error, Extraction, Found, Handoff, Known, Page, Result, Url};

use super::{
    NAME,
    ask::Site,
    post::{Form, Post},
};

/// Posts of a page: the most that is given.
const LIMIT: &str = "100";

/// A feed. Its first page is asked for at once, a further one when everything before it was taken.
///
/// The posts of an account are read as they stand: their pictures need one request for the server of the account. What
/// needs more (a video, for its playlist, and posts of others, for their servers) is a hand-off to the post, so that it is asked
/// for when its turn comes.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    site: Site,
    method: &'static str,
    query: Vec<(&'static str, String)>,
    /// What its collection is called.
    title: String,
    /// Whether all in it is of one account.
    is_own: bool,
}

/// Where a page is.
#[derive(Clone, Debug, Default)]
struct Place {
    cursor: Option<String>,
    /// How many resources stand before it.
    before: u64,
    /// The account whose feed it is, and its server, once they were needed.
    home: Option<(String, Option<Url>)>,
}

impl Feed {
    /// What an account posts: what it repeats of others is left out.
    pub(super) fn of_account(site: Site, actor: &str, tab: Option<&str>) -> Self {
        let filter = match tab {
            Some("video") => "posts_with_video",
            Some("posts") => "posts_and_author_threads",
            Some("replies") => "posts_with_replies",
            _ => "posts_with_media",
        };
        let query = vec![("actor", actor.to_owned()), ("filter", filter.to_owned())];
        let method = "app.bsky.feed.getAuthorFeed";
        Self { site, method, query, title: format!("@{actor}"), is_own: true }
    }

    /// What a list (`list`) or a generator (`feed`) of an account brings together.
    pub(super) fn of_record(site: Site, did: &str, name: &str, id: &str) -> Self {
        let (method, key, collection) = match name {
            "list" => ("app.bsky.feed.getListFeed", "list", "app.bsky.graph.list"),
            _ => ("app.bsky.feed.getFeed", "feed", "app.bsky.feed.generator"),
        };
        let query = vec![(key, format!("at://{did}/{collection}/{id}"))];
        Self { site, method, query, title: format!("{name} {id}"), is_own: false }
    }

    pub(super) async fn read(self) -> Result<Extraction> {
        let first = self.page(Place::default()).await?;
        Ok(Extraction::paged(first, move |place| {
            let feed = self.clone();
            async move { feed.page(place).await }
        }))
    }

    async fn page(&self, mut place: Place) -> Result<Page<Place>> {
        let mut query: Vec<(&str, &str)> = self.query.iter().map(|(name, it)| (*name, it.as_str())).collect();
        query.push(("limit", LIMIT));
        query.extend(place.cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let what = format!("the feed {} of Bluesky", self.title);
        let answer = self.site.ask(self.method, &query, &what).await?;
        let Some(entries) = answer["feed"].as_array() else {
            return Err(Error::site_changed(NAME, "$.feed", "no list of posts"));
        };
        let (mut found, mut refused) = (Vec::new(), None);
        for (position, entry) in entries.iter().enumerate() {
            if self.is_own && entry["reason"]["$type"] == "app.bsky.feed.defs#reasonRepost" {
                continue;
            }
            let path = format!("$.feed[{position}].post");
            match self.entry(entry, &path, &mut place).await {
                Ok(more) => found.extend(more),
                Err(error @ Error::LoginRequired { .. }) => refused = Some(error),
                // One that is spoilt does not spoil the others.
                Err(error) => found.push(self.left_out(&path, &error)),
            }
        }
        if let Some(error) = refused {
            // What its author keeps from strangers is kept from us as well.
            if place.before == 0 && self.is_own {
                return Err(error);
            }
            found.push(self.left_out("$.feed", &error));
        }
        let next = answer["cursor"].as_str().filter(|next| !next.is_empty() && !entries.is_empty());
        // A page that names itself as its next one would be asked for without end.
        let next = next.filter(|next| place.cursor.as_deref() != Some(next)).map(str::to_owned);
        if found.is_empty() && next.is_none() && place.before == 0 {
            found.push(self.site.warning(format!("no post of {what} has media")).into());
        }
        Ok(Page::new(found, next.map(|cursor| Place { cursor: Some(cursor), ..place })))
    }

    async fn entry(&self, entry: &serde_json::Value, path: &str, place: &mut Place) -> Result<Vec<Found>> {
        let post = Post::read(&entry["post"], path)?;
        let what = format!("the post at {path}");
        post.check_shown(&what)?;
        if let Some(mut handoff) = post.embedded(|url| self.site.cx.knows(url)) {
            handoff.known.collection = Some(self.next_place(place));
            return Ok(vec![handoff.into()]);
        }
        match post.form() {
            // Feeds of an account may have posts without media, and lists have.
            Form::None | Form::External => return Ok(Vec::new()),
            Form::Unknown => post.check_media(&what)?,
            Form::Pictures(..) | Form::Video => (),
        }
        let mut warnings = Vec::new();
        if self.is_own && place.home.is_none() {
            let home = self.site.home(post.did, &mut warnings).await;
            place.home = Some((post.did.to_owned(), home));
        }
        let home = place.home.clone().filter(|(did, _)| self.is_own && did == post.did);
        let mut found: Vec<Found> = Vec::new();
        match home.filter(|_| post.form() != Form::Video) {
            Some((_, home)) => {
                for variants in post.resources(&self.site, home.as_ref(), &mut warnings).await? {
                    found.push(variants.with_collection(self.next_place(place)).into());
                }
            }
            None => {
                let mut known = Known::default();
                known.collection = Some(self.next_place(place));
                found.push(Handoff::new(post.page()?).with_known(known).to(NAME).into());
            }
        }
        Ok(warnings.into_iter().map(Found::from).chain(found).collect())
    }

    fn next_place(&self, place: &mut Place) -> Collection {
        place.before += 1;
        Collection::new(&self.title).with_index(place.before)
    }

    fn left_out(&self, path: &str, error: &Error) -> Found {
        self.site.warning(format!("a post is left out at {path}: {error}")).into()
    }
}
