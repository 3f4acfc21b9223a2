//! Bluesky: posts, feeds and portraits of bsky.app, and of the mirrors that repeat its links.
//!
//! All is asked of the public API (<https://docs.bsky.app/docs/category/http-reference>), whose answers the lexicons of
//! <https://github.com/bluesky-social/atproto> describe; `getPostThread` takes a handle as well as a DID, so that a post is one
//! request. What the author uploaded lies at the author's own server (PDS), which the DID document names: one more request, and
//! the best rendition of each picture and video. Without it the copies of the CDN remain, and a warning. The playlist of a
//! video is one request more.
//!
//! A post is a resource for each picture or video in it, those of what it quotes left out. One whose card links to what
//! another extractor knows, or to a medium, is a hand-off. Searches, hashtags, likes and bookmarks need a login since 2025.

mod ask;
mod blob;
mod feed;
mod post;
mod video;

use std::time::Duration;

use qetch_core::{
    Collection, Context, Error, Extraction, Extractor, ExtractorInfo, Found, Handle, Handles, Kind, Known,
    Result, Url, Variants, async_trait,
};

use self::{ask::Site, blob::Blob, feed::Feed, post::Post};

/// The extractor of Bluesky.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::bluesky::Bluesky;
///
/// let url = Url::parse("https://bsky.app/profile/bsky.app/post/3l6oveex3ii2l").unwrap();
/// assert_eq!(Bluesky::new().can_handle(&url), Claim::Yes("post".into()));
/// ```
#[derive(Debug)]
pub struct Bluesky {
    info: ExtractorInfo,
}

const NAME: &str = "bluesky";

/// The site, its tries, and mirrors whose links differ by the host alone.
const HOSTS: [&str; 11] = [
    "bsky.app",
    "www.bsky.app",
    "staging.bsky.app",
    "main.bsky.dev",
    "staging.bsky.dev",
    "bskye.app",
    "bskyx.app",
    "bsyy.app",
    "cbsky.app",
    "fxbsky.app",
    "vxbsky.app",
];

/// An account: its handle, which is a domain name, or its DID of one of the methods that the network takes
/// (<https://atproto.com/specs/did>).
const ACTOR: &str = "(?P<actor>did(?::|%3[Aa])(?:plc|web)(?::|%3[Aa])[A-Za-z0-9._-]+\
    |[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+)";

/// The key of a record (<https://atproto.com/specs/record-key>).
const KEY: &str = "(?P<id>[A-Za-z0-9._~:-]{1,512})";

/// 3000 requests in 5 minutes (<https://docs.bsky.app/docs/advanced-guides/rate-limits>).
const INTERVAL: Duration = Duration::from_millis(100);

impl Bluesky {
    /// The extractor.
    pub fn new() -> Self {
        let info = ExtractorInfo::new(NAME, "Posts, feeds and portraits of Bluesky")
            .with_handles(handles())
            .with_asks(["public.api.bsky.app", "plc.directory"])
            .with_interval(INTERVAL);
        Self { info }
    }
}

impl Default for Bluesky {
    fn default() -> Self {
        Self::new()
    }
}

fn handles() -> Handles {
    let beneath = |name, path: &str| Handle::new(name, HOSTS, &format!("^/profile/{ACTOR}{path}/?$"));
    Handles::new([
        beneath("post", &format!("/post/{KEY}"))
            .with_example("https://bsky.app/profile/bsky.app/post/3l6oveex3ii2l")
            .with_example("https://fxbsky.app/profile/bsky.app/post/3kh5rarr3gn2n"),
        beneath("portrait", "/(?P<which>avatar|banner)")
            .with_example("https://bsky.app/profile/bsky.app/avatar")
            .with_example("https://bsky.app/profile/did:plc:z72i7hdynmk6r22z27h6tvur/banner"),
        beneath("feed", &format!("/feed/{KEY}"))
            .with_example("https://bsky.app/profile/bsky.app/feed/whats-hot"),
        beneath("list", &format!("/lists/{KEY}"))
            .with_example("https://bsky.app/profile/pfrazee.com/lists/3jzoaj5jlgr2t"),
        beneath("likes", "/likes").with_example("https://bsky.app/profile/bsky.app/likes"),
        beneath("profile", "(?:/(?P<tab>media|video|posts|replies))?")
            .with_example("https://bsky.app/profile/bsky.app"),
        Handle::new("search", HOSTS, "^/search/?$").with_example("https://bsky.app/search?q=nature"),
        Handle::new("hashtag", HOSTS, "^/hashtag/(?P<id>[^/]+(?:/(?:top|latest))?)/?$")
            .with_example("https://bsky.app/hashtag/nature"),
        Handle::new("saved", HOSTS, "^/saved/?$").with_example("https://bsky.app/saved"),
    ])
}

#[async_trait]
impl Extractor for Bluesky {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let found = self.info.handles().require(url)?;
        let (name, id) = (found.handle().name(), found.get("id").unwrap_or_default());
        // The colons of a DID may be written either way.
        let actor = found.get("actor").unwrap_or_default().replace("%3A", ":").replace("%3a", ":");
        let site = Site::of(cx, &self.info, url);
        match name {
            "post" => post(site, &actor, id).await,
            "portrait" => portrait(site, &actor, found.get("which").unwrap_or_default()).await,
            "profile" => Feed::of_account(site, &actor, found.get("tab")).read().await,
            "feed" | "list" => {
                let did = site.did(&actor).await?;
                Feed::of_record(site, &did, name, id).read().await
            }
            // Their methods answer nobody without a login.
            _ => Err(Error::login_required(NAME, [])),
        }
    }
}

/// The media of one post.
async fn post(site: Site, actor: &str, id: &str) -> Result<Extraction> {
    let what = format!("the post {id} of {actor}");
    let uri = format!("at://{actor}/app.bsky.feed.post/{id}");
    let query = [("uri", uri.as_str()), ("depth", "0"), ("parentHeight", "0")];
    let answer = site.ask("app.bsky.feed.getPostThread", &query, &what).await?;
    let thread = &answer["thread"];
    match thread["$type"].as_str() {
        Some("app.bsky.feed.defs#notFoundPost") => return Err(Error::not_found(what)),
        Some("app.bsky.feed.defs#blockedPost") => return Err(Error::private(what)),
        _ => (),
    }
    let post = Post::read(&thread["post"], "$.thread.post")?;
    post.check_shown(&what)?;
    if let Some(handoff) = post.embedded(|url| site.cx.knows(url)) {
        return Ok(Extraction::once(handoff));
    }
    post.check_media(&what)?;
    let mut warnings = Vec::new();
    let home = site.home(post.did, &mut warnings).await;
    let mut resources = post.resources(&site, home.as_ref(), &mut warnings).await?;
    let count = resources.len() as u64;
    if count > 1 {
        for (variants, index) in resources.iter_mut().zip(1..) {
            let mut collection = Collection::default().with_index(index).with_count(count);
            collection.title.clone_from(&variants.best().title);
            variants.collection = Some(collection);
        }
    }
    // Warnings come first: most readers stop at the resource.
    let warnings = warnings.into_iter().map(Found::from);
    Ok(Extraction::of(warnings.chain(resources.into_iter().map(Found::from)).collect::<Vec<_>>()))
}

/// The picture of an account, or the one across its page.
async fn portrait(site: Site, actor: &str, which: &str) -> Result<Extraction> {
    let what = format!("the account {actor}");
    let profile = site.ask("app.bsky.actor.getProfile", &[("actor", actor)], &what).await?;
    let did = profile["did"].as_str().filter(|did| ask::is_did(did));
    let did = did.ok_or_else(|| Error::site_changed(NAME, "$.did", "no DID"))?;
    let Some(link) = profile[which].as_str() else {
        return Err(Error::not_found(format!("the {which} of {actor}")));
    };
    let changed = || Error::site_changed(NAME, format!("$.{which}"), "no link to a picture");
    let url = blob::linked(link).ok_or_else(changed)?;
    let blob = Blob::of_link(&url).ok_or_else(changed)?;
    let mut known = Known::default();
    known.title = Some(format!("{which} of @{}", profile["handle"].as_str().unwrap_or(actor)));
    known.uploaded_by = post::text(&profile["displayName"]).or_else(|| post::text(&profile["handle"]));
    known.description = post::text(&profile["description"]);
    let mut warnings = Vec::new();
    let home = site.home(did, &mut warnings).await;
    let of = format!("{did}-{which}");
    let original = home.map(|home| blob.content(&of, &site.source, did, &home, Kind::Image));
    let copy = blob::copy(format!("{of}-{}-fullsize", blob.cid), &site.source, url);
    let variants = Variants::in_order(original.into_iter().chain([copy]))?.with_known(&known);
    Ok(Extraction::of(warnings.into_iter().map(Found::from).chain([variants.into()]).collect::<Vec<_>>()))
}
