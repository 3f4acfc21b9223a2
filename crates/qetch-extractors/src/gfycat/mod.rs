//! gfycat.com: short clips without end, each in many renditions.
//!
//! The site closed on 1 September 2023. Its API is asked as it was, for it answers where a route leads to something that
//! has its answers. Where it does not, the Wayback Machine is asked for what was archived in time: the contents are those
//! of the site with their own uids, each of them says from when its copy is (`archived_at`) and of which URL
//! (`archived_url`), and what the original had that is not archived (`not_archived`). An item that is nowhere is gone rather
//! than not found. The option `archive` keeps it from asking there.

mod archive;
#[cfg(test)]
mod archive_tests;
mod item;
mod renditions;
#[cfg(test)]
mod tests;

use qetch_core::{
    Answer, AuthKind, Content, Context, Credential, Error, Extraction, Extractor, ExtractorInfo, Found,
    Handle, Handles, Handoff, NetworkFault, Request, Result, Secret, TokenRequest, Url, Variants,
    async_trait,
};

use self::item::{Item, Reply};
use crate::common_wayback;

/// The extractor of gfycat.com.
///
/// It takes OAuth client credentials, and works without.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::gfycat::Gfycat;
///
/// let url = Url::parse("https://gfycat.com/ru/DeadlyDecisiveGermanpinscher").unwrap();
/// assert_eq!(Gfycat::new().can_handle(&url), Claim::Yes("item".into()));
/// ```
#[derive(Debug)]
pub struct Gfycat {
    info: ExtractorInfo,
}

const NAME: &str = "gfycat";

/// Where items are asked for; the id follows.
const ITEMS: &str = "https://api.gfycat.com/v1/gfycats/";

/// Where a token is asked for.
const TOKEN: &str = "https://api.gfycat.com/v1/oauth/token";

/// What is said where the network fails.
const CLOSED: &str = "gfycat closed in September 2023";

/// The day it closed.
const CLOSED_ON: &str = "2023-09-01";

/// The option that says whether the Wayback Machine is asked, and its values.
const ARCHIVE: &str = "archive";
const AFTER: &str = "after";
const NEVER: &str = "never";

/// The extractor of the site to which some items moved, with their ids, before it closed.
const SUCCESSOR: &str = "redgifs";

/// The site's own pages that would pass for an id: eight letters or more.
const PAGES: [&str; 22] = [
    "advertise",
    "advertisers",
    "analytics",
    "bookmarks",
    "categories",
    "collections",
    "community",
    "copyright",
    "customize",
    "dashboard",
    "developers",
    "discover",
    "download",
    "feedback",
    "gifbrewery",
    "guidelines",
    "notifications",
    "partners",
    "register",
    "settings",
    "stickers",
    "trending",
];

impl Gfycat {
    /// The extractor.
    pub fn new() -> Self {
        let info = ExtractorInfo::new(NAME, "Clips of gfycat.com, which closed in September 2023")
            .with_handles(Handles::new([page_handle(), file_handle()]))
            .with_asks(["api.gfycat.com", common_wayback::HOST])
            .with_auth([AuthKind::OAuth, AuthKind::None])
            .with_option(
                ARCHIVE,
                "when to ask the Wayback Machine: `after` the site has not answered (the default), or `never`",
            )
            .with_interval_at(common_wayback::HOST, common_wayback::INTERVAL);
        Self { info }
    }

    /// The item of this id, which is in lower case.
    async fn item(&self, cx: &Context, id: &str) -> Result<Item> {
        let what = format!("gfycat item {id}");
        let answer = ask(cx, &format!("{ITEMS}{id}").parse()?).await?;
        // A page where the API was is the word of whoever has the name now.
        let is_page = answer.body().trim_ascii_start().starts_with(b"<");
        match answer.status() {
            200..=299 | 400..=428 if is_page => Err(Error::gone(what)),
            404 | 410 => Err(Error::gone(what)),
            // Whoever is known and still refused is not the one it is for.
            403 if cx.credential().is_some() => Err(Error::private(what)),
            401 | 403 => Err(Error::login_required(NAME, [AuthKind::OAuth])),
            _ => answer.about(&what)?.json::<Reply>(NAME)?.item(&what),
        }
    }
}

impl Default for Gfycat {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Gfycat {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let id = self.info.handles().require(url)?["id"].to_ascii_lowercase();
        let is_archive_asked = is_archive_asked(cx)?;
        let (contents, warning) = match self.item(cx, &id).await {
            Err(error) if is_archive_asked && is_closed(&error) => match archive::find(cx, &id, url).await {
                Ok(archived) => (archived.contents, Some(archived.warning)),
                Err(Error::Gone { .. }) if cx.has_extractor(SUCCESSOR) => {
                    let moved = format!("https://www.redgifs.com/watch/{id}").parse()?;
                    return Ok(Extraction::once(Handoff::new(moved).to(SUCCESSOR)));
                }
                Err(error) => return Err(error.with_note(CLOSED)),
            },
            item => live(&id, item.map_err(closed)?.contents(url)?),
        };
        let variants = Variants::ranked(contents)?;
        let warning = warning.map(|text| Found::from(self.info.warning(text)));
        // The warning comes first: most readers stop at the resource.
        Ok(Extraction::of(warning.into_iter().chain([variants.into()])))
    }
}

/// What an answer of the site lists, and what is to be said of that.
fn live(id: &str, (contents, unusable): (Vec<Content>, Vec<String>)) -> (Vec<Content>, Option<String>) {
    let warning = (!unusable.is_empty())
        .then(|| format!("{id} lists what cannot be fetched, which is left out: {}", unusable.join(", ")));
    (contents, warning)
}

/// Whether the user wants the Wayback Machine to be asked.
fn is_archive_asked(cx: &Context) -> Result<bool> {
    match cx.option(ARCHIVE) {
        None | Some(AFTER) => Ok(true),
        Some(NEVER) => Ok(false),
        Some(other) => Err(Error::invalid(
            format!("the option `{ARCHIVE}` of {NAME}"),
            format!("`{other}` is not {AFTER} or {NEVER}"),
        )),
    }
}

/// Whether it is how a site fails that is no more: nothing answers at its address, or what answers is in trouble or knows of
/// no such thing.
fn is_closed(error: &Error) -> bool {
    match error {
        Error::Network { .. } | Error::Gone { .. } | Error::NotFound { .. } | Error::OverCapacity { .. } => {
            true
        }
        Error::Http { status, .. } => *status >= 500,
        // Nothing that a program said: a page where there were answers, or tokens.
        Error::SiteChanged { path, .. } => path == "$",
        _ => false,
    }
}

/// The page of an item, as the site linked to it over the years. What follows the name are tags.
fn page_handle() -> Handle {
    Handle::new(
        "item",
        ["gfycat.com", "www.gfycat.com"],
        r"^/(?:[A-Za-z]{2}/)?(?i:gifs/detail/|detail/|ifr/)?(?P<id>[A-Za-z]{8,})(?:-[^/]*)?/?$",
    )
    .without("id", PAGES)
    .with_example("https://gfycat.com/DeadlyDecisiveGermanpinscher")
    .with_example("https://www.gfycat.com/foolishforkedabyssiniancat")
    .with_example("https://gfycat.com/acceptablehappygoluckyharborporpoise-baseball")
    .with_example("https://gfycat.com/gifs/detail/UnequaledHastyAnkole")
    .with_example("https://gfycat.com/detail/UnequaledHastyAnkole")
    .with_example("https://gfycat.com/ifr/JauntyTimelyAmazontreeboa")
    .with_example("https://gfycat.com/ru/RemarkableDrearyAmurstarfish")
}

/// A file of an item, which stands for the whole item: its name is the id, and a suffix for the rendition.
fn file_handle() -> Handle {
    Handle::new(
        "file",
        ["fat.gfycat.com", "giant.gfycat.com", "zippy.gfycat.com", "thumbs.gfycat.com"],
        r"^/(?P<id>[A-Za-z]{8,})(?:-[A-Za-z0-9_-]+)?\.(?i:mp4|webm|gif|webp|jpg|mjpg|png)$",
    )
    .with_example("https://giant.gfycat.com/acceptablehappygoluckyharborporpoise.mp4")
    .with_example("https://fat.gfycat.com/DimUntriedGilamonster.mp4")
    .with_example("https://zippy.gfycat.com/DimUntriedGilamonster.webm")
    .with_example("https://thumbs.gfycat.com/SillyLameIsabellinewheatear-size_restricted.gif")
}

/// Asks with a token where the user has credentials, and without where not. A token that is refused is replaced once.
async fn ask(cx: &Context, url: &Url) -> Result<Answer> {
    let Some(credential) = cx.credential() else { return cx.send(Request::get(url.clone())).await };
    let refused = token(cx, credential).await?;
    let answer = cx.send(Request::get(url.clone()).with_bearer(&refused)).await?;
    if answer.status() != 401 {
        return Ok(answer);
    }
    cx.forget_token(&refused);
    let fresh = token(cx, credential).await?;
    cx.send(Request::get(url.clone()).with_bearer(&fresh)).await
}

async fn token(cx: &Context, credential: &Credential) -> Result<Secret> {
    let request = TokenRequest::json(TOKEN.parse()?);
    cx.token(request.send(cx, credential)).await
}

/// Says why a name that does not resolve does not.
fn closed(error: Error) -> Error {
    let unknown = matches!(error, Error::Network { fault: NetworkFault::Resolve, .. });
    if unknown { error.with_note(CLOSED) } else { error }
}
