//! images.nasa.gov: pictures, videos and sounds of NASA, one by one or as the results of a search.
//!
//! An item is the files that `/asset/{id}` lists, and what `/search?nasa_id={id}` tells of it
//! (<https://images.nasa.gov/docs/images.nasa.gov_api_docs.pdf>). The names of the files say which rendition each is:
//! `{id}~orig.jpg`, `~large`, `~medium`, `~small`, `~thumb`. A link to one of the files is the whole item.
//!
//! The results of a search are hand-offs to the lists of their files, so that each costs one request, when its turn comes.

mod item;

use qetch_core::{
    Collection, Context, Error, Extraction, Extractor, ExtractorInfo, Found, Handle, Handles, Handoff, Page,
    Request, Result, Url, async_trait, lenient, link,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use self::item::{Item, file_link, https, variants};

/// The extractor of images.nasa.gov.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::nasa::Nasa;
///
/// let url = Url::parse("https://images.nasa.gov/details/PIA12889").unwrap();
/// assert_eq!(Nasa::new().can_handle(&url), Claim::Yes("item".into()));
/// ```
#[derive(Debug)]
pub struct Nasa {
    info: ExtractorInfo,
}

const NAME: &str = "nasa";
const API: &str = "https://images-api.nasa.gov";
const SEARCH: &str = "https://images-api.nasa.gov/search";
const ASSETS: &str = "images-assets.nasa.gov";

/// What a search may be narrowed by: as the pages of the site write it, and as the API does.
const SEARCHED: [(&str, &str); 17] = [
    ("q", "q"),
    ("media", "media_type"),
    ("media_type", "media_type"),
    ("yearStart", "year_start"),
    ("year_start", "year_start"),
    ("yearEnd", "year_end"),
    ("year_end", "year_end"),
    ("center", "center"),
    ("description", "description"),
    ("keywords", "keywords"),
    ("location", "location"),
    ("nasa_id", "nasa_id"),
    ("page", "page"),
    ("page_size", "page_size"),
    ("photographer", "photographer"),
    ("secondary_creator", "secondary_creator"),
    ("title", "title"),
];

impl Nasa {
    /// The extractor.
    pub fn new() -> Self {
        let item = Handle::new("item", ["images.nasa.gov"], r"^/details[-/](?P<id>[^/]+?)(?:\.html)?/?$")
            .with_example("https://images.nasa.gov/details/PIA12889")
            .with_example("https://images.nasa.gov/details-PIA12889");
        let asset =
            Handle::new("asset", ["images-api.nasa.gov"], "^/(?:asset|metadata|captions)/(?P<id>[^/]+)/?$")
                .with_example("https://images-api.nasa.gov/asset/PIA12889");
        // What the API lists of an item, where the files are.
        let list = Handle::new("list", [ASSETS], r"^/(?:image|video|audio)/(?P<id>[^/]+)/collection\.json$")
            .with_example("https://images-assets.nasa.gov/image/PIA12889/collection.json");
        let file = Handle::new("file", [ASSETS], "^/(?:image|video|audio)/(?P<id>[^/]+)/[^/]+$")
            .with_example("https://images-assets.nasa.gov/image/PIA12889/PIA12889~thumb.jpg");
        // Its page, an older form of that, and what the API answers.
        let search =
            Handle::new("search", ["images.nasa.gov", "images-api.nasa.gov"], "^/search(?:-results)?/?$")
                .with_example("https://images.nasa.gov/search?q=apollo%2011&media=image");
        let info = ExtractorInfo::new(NAME, "Pictures, videos and sounds of images.nasa.gov")
            .with_handles(Handles::new([item, asset, list, file, search]));
        Self { info }
    }

    /// The item of this id: its files, and what is told of it where that can be had.
    async fn item(&self, cx: &Context, id: &str) -> Result<Extraction> {
        let listed: Answered<Value> = ask(cx, link::joined(API, ["asset", id])?, &what(id)).await?;
        let hrefs: Vec<_> = listed.items()?.iter().filter_map(|item| item["href"].as_str()).collect();

        let mut url: Url = SEARCH.parse()?;
        url.query_pairs_mut().append_pair("nasa_id", id);
        // The files can be had without it.
        let told: Result<Answered<Item>> = async {
            let told: Answered<Item> = ask(cx, url, &what(id)).await?;
            told.items()?;
            Ok(told)
        }
        .await;
        let (item, warning) = match told {
            Ok(told) => {
                let mut items = told.collection.items.into_iter().flatten();
                (items.find(|item| item.text("nasa_id").as_deref() == Some(id)), None)
            }
            Err(error) => {
                let message = format!("what is told of {} cannot be had: {error}", what(id));
                (None, Some(self.info.warning(message)))
            }
        };
        let variants = variants(id, &hrefs, &item.unwrap_or_default())?;
        Ok(Extraction::of([Found::from(variants)].into_iter().chain(warning.map(Found::from))))
    }
}

impl Default for Nasa {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Nasa {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let found = self.info.handles().require(url)?;
        let handle = found.handle().name();
        if handle == "search" {
            return search(cx, url).await;
        }
        let id = found.decoded("id");
        if handle != "list" {
            return self.item(cx, &id).await;
        }
        // What is told of it comes with the hand-off.
        let hrefs: Vec<Value> = ask(cx, url.clone(), &what(&id)).await?;
        let hrefs: Vec<_> = hrefs.iter().filter_map(Value::as_str).collect();
        Ok(Extraction::once(variants(&id, &hrefs, &Item::default())?))
    }
}

/// A search, a page of it at a time.
async fn search(cx: &Context, asked: &Url) -> Result<Extraction> {
    let mut url: Url = SEARCH.parse()?;
    let mut query = asked.query().unwrap_or_default().to_owned();
    for (name, value) in asked.query_pairs().filter(|(_, value)| !value.is_empty()) {
        if let Some((_, api)) = SEARCHED.iter().find(|(known, _)| *known == name) {
            url.query_pairs_mut().append_pair(api, &value);
        }
        if name == "q" {
            query = value.into_owned();
        }
    }
    let cx = cx.clone();
    let first = results(&cx, url, &query, 0).await?;
    Ok(Extraction::paged(first, move |(url, before)| {
        let (cx, query) = (cx.clone(), query.clone());
        async move { results(&cx, url, &query, before).await }
    }))
}

/// A page of results, with `before` of them before it.
async fn results(cx: &Context, url: Url, query: &str, before: u64) -> Result<Page<(Url, u64)>> {
    let answered: Answered<Item> = ask(cx, url.clone(), "the search on images.nasa.gov").await?;
    let items = answered.items()?;
    let count = items.len() as u64;
    let mut found = Vec::new();
    for (item, index) in items.iter().zip(before + 1..) {
        // What has no id leads nowhere.
        let Some(id) = item.text("nasa_id") else { continue };
        let is_list = |it: &Url| it.host_str() == Some(ASSETS) && it.path().ends_with("/collection.json");
        let list = item.href.as_deref().and_then(file_link).filter(is_list);
        let Some(list) = list.or_else(|| link::joined(API, ["asset", &*id]).ok()) else { continue };
        let mut collection = Collection::new(query).with_index(index);
        collection.count = lenient::number_of(&answered.collection.metadata["total_hits"]);
        let mut known = item.known();
        known.collection = Some(collection);
        found.push(Handoff::new(list).with_known(known).to(NAME).into());
    }
    let links = answered.collection.links.as_array().into_iter().flatten();
    let next = links.filter(|link| link["rel"] == "next").find_map(|link| {
        let next = https(link::whole(link["href"].as_str()?)?);
        // Nothing leads away from the API, or on without end.
        (next.host_str() == url.host_str() && next != url && count > 0).then_some(next)
    });
    Ok(Page::new(found, next.map(|next| (next, before + count))))
}

/// An answer of the API, which wraps all it tells.
#[derive(Deserialize)]
struct Answered<T> {
    collection: Told<T>,
}

#[derive(Deserialize)]
struct Told<T> {
    items: Option<Vec<T>>,
    #[serde(default)]
    links: Value,
    #[serde(default)]
    metadata: Value,
}

impl<T> Answered<T> {
    fn items(&self) -> Result<&[T]> {
        let missing = || Error::site_changed(NAME, "$.collection.items", "missing");
        self.collection.items.as_deref().ok_or_else(missing)
    }
}

/// What is at `url`, if the API does not say in its place what is wrong.
async fn ask<T: DeserializeOwned>(cx: &Context, url: Url, what: &str) -> Result<T> {
    let answer = cx.send(Request::get(url)).await?;
    if answer.status() == 400 {
        let told: Value = answer.json(NAME).unwrap_or_default();
        let reason = lenient::text_of(&told["reason"]);
        return Err(Error::invalid(what, reason.unwrap_or_else(|| "the site refuses it".to_owned())));
    }
    answer.about(what)?.json(NAME)
}

fn what(id: &str) -> String {
    format!("the item {id} of images.nasa.gov")
}
