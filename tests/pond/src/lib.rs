//! Frogs from `pond.example`, for qetch: an extractor crate as an outsider would write it. It depends on `qetch-core`,
//! and on nothing else of qetch.
//!
//! The site lists the frogs of a pond page by page, wants a token, and has some of its frogs elsewhere.

use qetch_core::{
    AuthKind, Collection, Content, Context, Credential, Error, Extraction, Extractor, ExtractorInfo, Found,
    Fragment, Handle, Handles, Handoff, Kind, Known, Page, Request, Result, Url, Variants, Warning,
    async_trait, lenient,
};
use serde::Deserialize;

/// Extractor for `pond.example`: every frog of a pond, large and small.
#[derive(Clone, Debug)]
pub struct Pond {
    info: ExtractorInfo,
}

impl Pond {
    /// The extractor.
    pub fn new() -> Self {
        let pond = Handle::new("pond", ["pond.example", "www.pond.example"], r"^/p/(?P<id>[a-z0-9]+)/?$")
            .with_example("https://pond.example/p/7");
        let info = ExtractorInfo::new("pond", "Frogs of pond.example")
            .with_handles(Handles::new([pond]))
            .with_asks(["api.pond.example", "cdn.pond.example"])
            .with_auth([AuthKind::Token]);
        Self { info }
    }
}

impl Default for Pond {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Pond {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let id = self.info.handles().require(url)?["id"].to_owned();
        let pages = Pages { cx: cx.clone(), id, source: url.clone() };
        // The first page is asked for now, so that its error is this function's.
        let first = pages.get(1).await?;
        Ok(Extraction::paged(first, move |number| {
            let pages = pages.clone();
            async move { pages.get(number).await }
        }))
    }
}

/// The pages of one pond.
#[derive(Clone)]
struct Pages {
    cx: Context,
    id: String,
    source: Url,
}

impl Pages {
    async fn get(&self, number: u32) -> Result<Page<u32>> {
        let url = format!("https://api.pond.example/ponds/{}?page={number}", self.id).parse()?;
        let Some(Credential::Token { token, .. }) = self.cx.credential() else {
            return Err(Error::login_required("pond", [AuthKind::Token]));
        };
        let answer = self.cx.send(Request::get(url).with_bearer(token)).await?;
        if answer.status() == 401 {
            return Err(Error::login_required("pond", [AuthKind::Token]));
        }
        let wire: WirePage = answer.about(&format!("the pond {}", self.id))?.json(self.cx.name())?;
        let found = wire.frogs.into_iter().map(|frog| self.read(frog, &wire.title));
        Ok(Page::new(found, wire.next))
    }

    fn read(&self, frog: Frog, title: &str) -> Found {
        let mut known = Known::default();
        (known.title, known.collection) = (frog.name, Some(Collection::new(title)));
        if let Some(elsewhere) = frog.elsewhere {
            return Handoff::new(elsewhere).with_known(known).into();
        }
        let contents = frog.files.iter().map(|file| {
            let uid = format!("pond-{}-{}", frog.id, file.size);
            let fragment = Fragment::new(file.url.clone()).with_auth("pond");
            let mut content = Content::new(uid, Kind::Image, self.source.clone(), [fragment]);
            content.extension = Some("jpg".into());
            content.width = file.width;
            content.height = file.width;
            content
        });
        match Variants::ranked(contents) {
            Ok(variants) => variants.with_known(&known).into(),
            Err(_) => Warning::new(format!("the frog {} has no picture", frog.id)).into(),
        }
    }
}

#[derive(Deserialize)]
struct WirePage {
    title: String,
    frogs: Vec<Frog>,
    next: Option<u32>,
}

#[derive(Deserialize)]
struct Frog {
    id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default)]
    files: Vec<File>,
    elsewhere: Option<Url>,
}

#[derive(Deserialize)]
struct File {
    size: String,
    url: Url,
    #[serde(default, deserialize_with = "lenient::positive")]
    width: Option<u32>,
}
