//! imgur.com: images, clips, albums and galleries.
//!
//! A link to a file is that file, whose first answer tells what it is; what has a page is read from the post that the page
//! embeds. Neither needs a credential. New keys are not given out since 2025; who has one (the `Client-ID`) gives it as a
//! token, and API version 3 (<https://apidocs.imgur.com>) is asked before the pages. Lists (a subreddit, a tag, a user) are had
//! with it alone. A clip's HLS playlist shows what its mp4 has: it stays in the metadata.

mod api;
mod page;
mod post;
#[cfg(test)]
mod tests;

use std::time::Duration;

use qetch_core::{
    AuthKind, Context, Error, Extraction, Extractor, ExtractorInfo, Handle, Handles, Matched, Result, Url,
    async_trait,
};

/// The extractor of imgur.com.
///
/// It takes a `Client-ID` as a token, and works without.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::imgur::Imgur;
///
/// let url = Url::parse("https://imgur.com/gallery/some-frogs-YcAQlkx").unwrap();
/// assert_eq!(Imgur::new().can_handle(&url), Claim::Yes("gallery".into()));
/// ```
#[derive(Debug)]
pub struct Imgur {
    info: ExtractorInfo,
}

const NAME: &str = "imgur";

/// Where files are.
const FILES: &str = "https://i.imgur.com/";

/// The API gives 12,500 requests a day to an application, and shuts out for a month who spends them all too often.
const INTERVAL: Duration = Duration::from_secs(7);

const HOSTS: [&str; 8] = [
    "imgur.com",
    "www.imgur.com",
    "m.imgur.com",
    "i.imgur.com",
    "imgur.io",
    "www.imgur.io",
    "m.imgur.io",
    "i.imgur.io",
];

/// The site's own pages that would pass for an id, without the last letter where that would pass for the suffix of a size.
const PAGES: [&str; 28] = [
    "about", "account", "admin", "album", "careers", "contact", "desktop", "emerald", "explore", "forgo",
    "gallery", "image", "login", "logou", "memegen", "memes", "press", "privacy", "rando", "removed",
    "rules", "searc", "setting", "store", "terms", "topic", "upgrade", "viral",
];

impl Imgur {
    /// The extractor.
    pub fn new() -> Self {
        let info = ExtractorInfo::new(NAME, "Images, clips, albums and galleries of imgur.com")
            .with_handles(Handles::new(handles()))
            .with_asks(["api.imgur.com"])
            .with_auth([AuthKind::Token, AuthKind::None])
            .with_interval_at("api.imgur.com", INTERVAL);
        Self { info }
    }
}

impl Default for Imgur {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Imgur {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let found = self.info.handles().require(url)?;
        match found.handle().name() {
            "mine" => return unsupported("the pages of who is logged in to imgur", "it takes no login"),
            "favorites" => {
                return unsupported("what an imgur user likes", "give links to the posts themselves");
            }
            "subreddit" | "tag" | "user" => return api::list(cx, &list_of(&found), url).await,
            _ => (),
        }
        let what = format!("imgur {} {}", found.handle().name(), &found["id"]);
        let mut is_blind = false;
        for way in ways(&found) {
            let heard = match &way {
                Way::Api(_) if cx.credential().is_none() => continue,
                Way::Api(path) => api::item(cx, path, &what, url).await,
                Way::Page(path) => page::item(cx, path, &what, url, &self.info).await,
                Way::File(name) => page::file(cx, name, &found["id"], &what, url).await,
            };
            match heard {
                Ok(Heard::Found(extraction)) => return Ok(extraction),
                Ok(Heard::Blind) => is_blind = true,
                Ok(Heard::Missing) | Err(Error::NotFound { .. }) => (),
                Err(error) => return Err(error),
            }
        }
        if is_blind && cx.credential().is_none() {
            return Err(Error::login_required(NAME, [AuthKind::Token]));
        }
        Err(Error::not_found(what))
    }
}

/// One way to learn of an item. They are tried in turn, until one knows of it.
enum Way {
    /// What stands at this path of the API.
    Api(String),
    /// What the page at this path embeds.
    Page(String),
    /// The file of this name.
    File(String),
}

/// What came of a way.
enum Heard {
    Found(Extraction),
    /// It knows of no such thing.
    Missing,
    /// There is something, of which it does not tell what.
    Blind,
}

/// The ways to what a link names, the one that tells most first. What an API does not know of may still have a page, or a file.
fn ways(found: &Matched<'_>) -> Vec<Way> {
    let (id, group) = (&found["id"], |name| found.get(name).unwrap_or_default());
    match found.handle().name() {
        "file" => {
            let extension = group("extension").to_ascii_lowercase();
            let extension = if extension == "gifv" { "mp4" } else { &extension };
            let (api, page) = (Way::Api(format!("image/{id}")), Way::Page(id.to_owned()));
            let file = Way::File(format!("{id}.{extension}"));
            // A small copy has another type than its original, and what is asked for as webp is turned into it.
            let is_copy = !group("small").is_empty() || extension == "webp";
            if is_copy { vec![api, page, file] } else { vec![api, file, page] }
        }
        "album" => vec![Way::Api(format!("album/{id}")), Way::Page(format!("a/{id}"))],
        "subreddit_item" => {
            let name = group("subreddit");
            vec![
                Way::Api(format!("gallery/r/{name}/{id}")),
                Way::Api(format!("image/{id}")),
                Way::Page(id.to_owned()),
                Way::Page(format!("a/{id}")),
            ]
        }
        "image" => vec![Way::Api(format!("image/{id}")), Way::Page(id.to_owned())],
        _ => vec![
            Way::Api(format!("gallery/album/{id}")),
            Way::Api(format!("gallery/image/{id}")),
            Way::Page(format!("gallery/{id}")),
        ],
    }
}

/// The path of the API at which the pages of a list are.
fn list_of(found: &Matched<'_>) -> String {
    let group = |name, otherwise| found.get(name).unwrap_or(otherwise);
    let (sort, window) = (group("sort", "time"), group("window", "week"));
    let sort = if sort == "new" { "time" } else { sort };
    match found.handle().name() {
        "subreddit" => format!("gallery/r/{}/{sort}/{window}", &found["id"]),
        "tag" => format!("gallery/t/{}/{sort}/{window}", &found["tag"]),
        _ => format!("account/{}/submissions", &found["id"]),
    }
}

fn unsupported(what: &str, why: &str) -> Result<Extraction> {
    Err(Error::unsupported(what, why))
}

/// Ids have five letters, or seven; the title of a post may stand before them. A letter behind one asks for a small copy.
fn handles() -> [Handle; 12] {
    const ID: &str = r"(?:[^/.]*-)?(?P<id>[A-Za-z0-9]{7}|[A-Za-z0-9]{5})";
    const SORTED: &str = r"(?:/(?P<sort>new|time|top|viral)(?:/(?P<window>day|week|month|year|all))?)?/?$";
    let handle = |name, path: String, examples: &[&str]| {
        let handle = Handle::new(name, HOSTS, &path);
        examples.iter().fold(handle, |handle, example| handle.with_example(format!("https://{example}")))
    };
    let files = r"(?P<small>[sbtmlh]?(?:_d)?)\.(?P<extension>(?i:jpe?g|png|gifv?|webp|webm|mp4))$";
    [
        handle("file", format!("^/{ID}{files}"), &["i.imgur.com/A61SaA1.gifv", "i.imgur.io/21yMxCSh.png"])
            .without("id", PAGES),
        handle("album", format!("^/a/{ID}(?:/.*)?$"), &["imgur.com/a/TcBmQ", "imgur.com/a/138-TcBmP"]),
        handle("gallery", format!("^/gallery/{ID}(?:/.*)?$"), &["imgur.com/gallery/YcAQlkx"]),
        handle("tagged", format!("^/t/[^/]+/{ID}/?$"), &["imgur.com/t/unmuted/kx2uD3C"])
            .without("id", ["viral"]),
        handle("topic_item", format!("^/topic/[^/]+/{ID}/?$"), &["imgur.com/topic/Aww/YcAQlkx"]),
        handle(
            "subreddit_item",
            format!("^/r/(?P<subreddit>[A-Za-z0-9_]+)/{ID}/?$"),
            &["imgur.com/r/aww/VQcQPhM"],
        ),
        handle("subreddit", format!("^/r/(?P<id>[A-Za-z0-9_]+){SORTED}"), &["imgur.com/r/pics"]),
        handle("tag", format!("^/t/(?P<tag>[A-Za-z0-9_-]+){SORTED}"), &["imgur.com/t/cats"]),
        handle("mine", "^/user/me(?:/.*)?$".to_owned(), &["imgur.com/user/me/hidden"]),
        handle(
            "favorites",
            "^/user/[A-Za-z0-9_-]+/favorites(?:/.*)?$".to_owned(),
            &["imgur.com/user/mikf1/favorites"],
        ),
        handle(
            "user",
            "^/user/(?P<id>[A-Za-z0-9_-]+)(?:/(?:posts|submitted))?/?$".to_owned(),
            &["imgur.com/user/Miguenzo"],
        ),
        handle("image", format!("^/{ID}[sbtmlh]?/?$"), &["imgur.com/zxaY6", "imgur.io/some-frogs-A61SaA1"])
            .without("id", PAGES),
    ]
}
