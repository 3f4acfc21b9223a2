//! IIIF, which libraries, archives and museums show what they hold with: manifests and collections of the Presentation API 2 and 3
//! (<https://iiif.io/api/presentation/3.0/>), and pictures of the Image API 2 and 3 (<https://iiif.io/api/image/3.0/>).
//!
//! It runs on any host, and is recognised by the `@context` of what is found there. A manifest is read canvas by canvas; what is
//! painted on one is a resource. A picture is asked for at the largest that its server gives at once, which takes one request to
//! learn (`info.json`), made when its turn comes. Parts of a picture are never put together: where the largest is smaller than the
//! picture, its metadata says so (`full_size`).

mod bodies;
mod canvas;
mod collection;
mod image;
mod manifest;
mod ranges;
#[cfg(test)]
mod tests;
mod values;
mod viewer;

use qetch_core::{
    Answer, Claim, Context, Error, Extraction, Extractor, ExtractorInfo, Handle, Handles, Handoff, Known,
    Result, Url, Variants, async_trait,
};
use serde_json::Value;

use self::{
    image::{Info, check_access, version},
    manifest::Manifest,
    values::{link, list, type_of},
};
use crate::common_link::uid;

/// The extractor of IIIF.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::iiif::Iiif;
///
/// let manifest = Url::parse("https://library.example/iiif/frogs/manifest.json").unwrap();
/// assert_eq!(Iiif::new().can_handle(&manifest), Claim::Perhaps);
/// ```
#[derive(Debug)]
pub struct Iiif {
    info: ExtractorInfo,
}

const NAME: &str = "iiif";

/// Bytes of a manifest: those of a year of newspapers have some ten million.
const MANIFEST_BYTES: usize = 64 << 20;

impl Iiif {
    /// The extractor.
    pub fn new() -> Self {
        let handles = Handles::new([manifest_handle(), presentation_handle(), image_handle()]);
        let description = "IIIF manifests, collections and pictures of libraries and museums, on any host";
        Self { info: ExtractorInfo::new(NAME, description).with_handles(handles) }
    }

    /// The manifest that a viewer is to show.
    fn viewed(&self, url: &Url) -> Option<Url> {
        viewer::shown_in(url, |manifest| self.info.handles().claim(manifest) != Claim::No)
    }
}

impl Default for Iiif {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Iiif {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    /// A viewer's link tells the manifest itself, so it is its own without a look at the page; everything else shows by what it
    /// answers.
    fn can_handle(&self, url: &Url) -> Claim {
        if self.viewed(url).is_some() {
            return Claim::Yes("viewer".into());
        }
        let has_word = |words: &[&str]| words.iter().any(|word| url.path().contains(word));
        // Asked about every link that nobody knows by its host, of which few have one of these.
        if has_word(&WORDS) { self.info.handles().claim(url) } else { Claim::No }
    }

    /// JSON whose `@context` is one of IIIF, as far as that can be told from its beginning.
    fn recognise(&self, answer: &Answer) -> bool {
        // Some write slashes with a backslash.
        let text = answer.text().replace('\\', "");
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        text.starts_with('{')
            && CONTEXTS.iter().chain(&OLD_CONTEXTS).chain(&OLD_TYPES).any(|mark| text.contains(mark))
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        if let Some(manifest) = self.viewed(url) {
            return Ok(Extraction::once(Handoff::new(manifest).to(NAME)));
        }
        let answer = cx.whole_answer(url, MANIFEST_BYTES).await?.ok()?;
        if !answer.body().trim_ascii_start().starts_with(b"{") {
            return Err(not_iiif(url));
        }
        let value: Value = answer.json(NAME)?;
        match type_of(&value) {
            "Manifest" => Ok(Manifest::new(value, url)?.extraction(cx)),
            "Collection" => collection::extraction(cx, &value, url).await,
            _ if version(&value).is_some() => picture(cx, &value, url).await.map(Extraction::once),
            other => Err(unread(&value, other, url)),
        }
    }
}

/// What every link of a handle has one of.
const WORDS: [&str; 4] = ["manifest", "iiif/", "presentation/", ".json"];

/// What marks documents that are read.
const CONTEXTS: [&str; 2] = ["iiif.io/api/presentation/", "iiif.io/api/image/"];

/// What marks those of version 1.
const OLD_CONTEXTS: [&str; 2] = ["shared-canvas.org/ns/context.json", "library.stanford.edu/iiif/image-api/"];

/// What marks those of version 2 whose context stands further behind.
const OLD_TYPES: [&str; 2] = ["\"sc:Manifest\"", "\"sc:Collection\""];

/// By the end of its path: `/manifest`, `/manifest.json`, `/vol_1-manifest.json`, `/collection.json`.
fn manifest_handle() -> Handle {
    const END: &str = r"/(?P<id>[^/]+)/(?:[^/]*[-_])?(?:manifest(?:[-_][^/]*)?(?:\.json)?|collection(?:[-_][^/]*)?\.json)/?$";
    Handle::new("manifest", ["*"], END)
        .with_example("https://iiif.io/api/cookbook/recipe/0001-mvm-image/manifest.json")
        .with_example("https://iiif.io/api/cookbook/recipe/0032-collection/collection.json")
        .with_example("https://api.digitale-sammlungen.de/iiif/presentation/v2/bsb00042/manifest")
}

/// By what its path begins with: `/iiif/manifest/ID.json`, `/presentation/v2/ID`, `/manifests/ID`.
fn presentation_handle() -> Handle {
    const BEGIN: &str = r"/(?:iiif/(?:v?[23]/)?(?:manifests?|presentation|collections?)|presentation/v?[23](?:\.[0-9])?|manifests?)/(?P<id>[^/].*?)(?:\.json)?/?$";
    Handle::new("presentation", ["*"], BEGIN)
        .with_example(
            "https://iiif.bodleian.ox.ac.uk/iiif/manifest/60834383-7146-41ab-bfe1-48ee97bc04be.json",
        )
        .with_example("https://iiif.wellcomecollection.org/presentation/v2/b18035723")
        .with_example("https://iiif.lib.harvard.edu/manifests/drs:5981093")
}

/// What tells the sizes of a picture.
fn image_handle() -> Handle {
    Handle::new("image", ["*"], r"/(?P<id>[^/]+)/info\.json$")
        .with_example("https://iiif.io/api/image/3.0/example/reference/918ecd18c2592080851777620de9bcb5-gottingen/info.json")
}

/// The picture whose `info.json` was found at `url`.
async fn picture(cx: &Context, value: &Value, url: &Url) -> Result<Variants> {
    check_access(cx, value).await?;
    let own = link(url, value);
    // It was asked for beneath its base, where it also is when it calls itself something else.
    let base = url.as_str().split(['?', '#']).next().and_then(|url| url.strip_suffix("/info.json"));
    let base =
        base.map(str::to_owned).or_else(|| Some(own.as_ref()?.as_str().trim_end_matches('/').to_owned()));
    let base = base.ok_or_else(|| Error::site_changed(NAME, "$.id", "missing, or no link"))?;
    let info = Info::read(value, &base)?;
    let uid = uid(own.as_ref().unwrap_or(url));
    let mut known = Known::default();
    known.title = base.rsplit('/').next().map(str::to_owned);
    Ok(Variants::ranked(info.contents(&uid, url))?.with_known(&known))
}

/// Why a document is not read.
fn unread(value: &Value, type_name: &str, url: &Url) -> Error {
    let named =
        || ["@context", "profile"].into_iter().flat_map(|name| list(value, name)).filter_map(Value::as_str);
    let is_of = |marks: &[&str]| named().any(|name| marks.iter().any(|mark| name.contains(mark)));
    if is_of(&OLD_CONTEXTS) || is_of(&["iiif.io/api/presentation/1", "iiif.io/api/image/1"]) {
        return Error::unsupported(url.path(), "it is of version 1 of IIIF; versions 2 and 3 are read");
    }
    if !is_of(&CONTEXTS) {
        return not_iiif(url);
    }
    if type_name.is_empty() {
        return Error::site_changed(NAME, "$.type", "missing");
    }
    Error::unsupported(
        format!("{} ({type_name})", url.path()),
        "it is a part of a manifest; give the link of the manifest",
    )
}

fn not_iiif(url: &Url) -> Error {
    Error::unsupported(
        url.path(),
        "it is no IIIF document: it has no `@context` of the Presentation or Image API",
    )
}
