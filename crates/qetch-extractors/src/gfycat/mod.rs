//! gfycat.com: short clips without end, each in many renditions.
//!
//! The site closed in September 2023. Its API is asked as it was, for it answers where a route leads to something that
//! has its answers, and an item that is not there is gone rather than not found.

mod item;
mod renditions;
#[cfg(test)]
mod tests;

use qetch_core::{
    Answer, AuthKind, Claim, Context, Credential, Error, Extraction, Extractor, ExtractorInfo, Found, Handle,
    Handles, NetworkFault, Request, Result, Secret, TokenRequest, Url, Variants, async_trait,
};

use self::item::{Item, Reply};

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

/// What is said where the name of the API's host is not known any more.
const CLOSED: &str = "gfycat closed in September 2023";

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
            .with_asks(["api.gfycat.com"])
            .with_auth([AuthKind::OAuth, AuthKind::None]);
        Self { info }
    }

    /// The item of this id, which is in lower case.
    async fn item(&self, cx: &Context, id: &str) -> Result<Item> {
        let what = format!("gfycat item {id}");
        let answer = ask(cx, &format!("{ITEMS}{id}").parse()?).await.map_err(closed)?;
        match answer.status() {
            404 | 410 => Err(Error::gone(what)),
            // Whoever is known and still refused is not the one it is for.
            403 if cx.credential().is_some() => Err(Error::private(what)),
            401 | 403 => Err(Error::login_required(NAME, [AuthKind::OAuth])),
            _ => answer.ok()?.json::<Reply>(NAME)?.item(&what),
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

    fn can_handle(&self, url: &Url) -> Claim {
        self.info.handles().claim(url)
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let id = self.info.handles().require(url)?["id"].to_ascii_lowercase();
        let (contents, unusable) = self.item(cx, &id).await?.contents(url)?;
        let variants = Variants::ranked(contents)?;
        let warning = (!unusable.is_empty()).then(|| {
            let names = unusable.join(", ");
            self.info.warning(format!("{id} lists what cannot be fetched, which is left out: {names}"))
        });
        // The warning comes first: most readers stop at the resource.
        Ok(Extraction::of(warning.map(Found::from).into_iter().chain([variants.into()])))
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
