//! What is behind a title: a file, or the files of a category, of a page or of a whole wiki, page by page.

use std::sync::Arc;

use qetch_core::{
    Claim, Collection, Error, Extraction, ExtractorInfo, Found, Page, Result, Url,
    lenient::{number_of, text_of},
};
use serde_json::{Map, Value};

use super::{
    NAME,
    asked::Asked,
    file::{File, KEPT, PREVIEW},
    wiki::{Batch, Wiki},
};

/// Files of a page of a list: the most whose facts a wiki tells at once.
const LIMIT: &str = "50";

/// The numbers of namespaces (<https://www.mediawiki.org/wiki/Manual:Namespace>), the same in every language.
const FILES: i64 = 6;
const CATEGORIES: i64 = 14;

/// A list of files. Where its next page is, and how many stand before it, is its cursor.
struct List {
    info: ExtractorInfo,
    wiki: Wiki,
    generator: Query,
    what: String,
    title: String,
    count: Option<u64>,
    source: Url,
}

struct Place {
    next: Option<Map<String, Value>>,
    before: u64,
}

/// What is behind `asked`, which `source` asks for.
pub(super) async fn extract(
    info: &ExtractorInfo,
    wiki: Wiki,
    asked: Asked,
    source: &Url,
) -> Result<Extraction> {
    let (info, source) = (info.clone(), source.clone());
    let Asked::Page(title) = asked else {
        let what = format!("the files of {}", wiki.host());
        let title = wiki.host().to_owned();
        let generator = generated("allimages", "gailimit", None);
        return List { info, wiki, generator, what, title, count: None, source }.extraction().await;
    };
    let what = format!("{title} of {}", wiki.host());
    let mut query = facts();
    query.extend([("titles", title), ("redirects", "1".to_owned())]);
    let Batch { pages, .. } = wiki.batch(&query, None, &what).await?;
    let page = pages.first().ok_or_else(|| Error::site_changed(NAME, "$.query.pages", "no page"))?;
    if let Some(file) = File::of(&wiki, page, 0)? {
        return Ok(Extraction::once(file.variants(&page["videoinfo"][0], &source)?));
    }
    let title = text_of(&page["title"])
        .ok_or_else(|| Error::site_changed(NAME, "$.query.pages[0].title", "no title"))?;
    let is = |name: &str| !matches!(page[name], Value::Null | Value::Bool(false));
    if is("invalid") {
        return Err(Error::invalid(format!("the title `{title}`"), "no page can be called so"));
    }
    if is("special") {
        return Err(Error::unsupported(what, "what is on a special page changes with who looks at it"));
    }
    let namespace = number_of::<i64>(&page["ns"])
        .ok_or_else(|| Error::site_changed(NAME, "$.query.pages[0].ns", "no namespace"))?;
    let count = number_of::<u64>(&page["categoryinfo"]["files"]);
    // A category may have members and no page.
    let is_missing = is("missing") && !(namespace == CATEGORIES && count.is_some_and(|count| count > 0));
    if is_missing || namespace == FILES {
        return Err(Error::not_found(what));
    }
    let (generator, name) = if namespace == CATEGORIES {
        let mut generator = generated("categorymembers", "gcmlimit", Some(("gcmtitle", &title)));
        generator.push(("gcmtype", "file".to_owned()));
        (generator, title.split_once(':').map_or(title.as_str(), |(_, name)| name).to_owned())
    } else {
        (generated("images", "gimlimit", Some(("titles", &title))), title.clone())
    };
    List { info, wiki, generator, what, title: name, count, source }.extraction().await
}

impl List {
    async fn extraction(self) -> Result<Extraction> {
        let list = Arc::new(self);
        let first = list.page(Place { next: None, before: 0 }).await?;
        if first.found.is_empty() && first.next.is_none() {
            return Err(Error::not_found(format!("a file in {}", list.what)));
        }
        Ok(Extraction::paged(first, move |place| {
            let list = list.clone();
            async move { list.page(place).await }
        }))
    }

    async fn page(&self, place: Place) -> Result<Page<Place>> {
        let mut query = facts();
        query.extend(self.generator.iter().cloned());
        let batch = self.wiki.batch(&query, place.next.as_ref(), &self.what).await?;
        let mut before = place.before;
        let mut found = Vec::new();
        for (position, page) in batch.pages.iter().enumerate() {
            match self.file(page, position, before + 1) {
                Ok(file) => {
                    before += 1;
                    found.push(file);
                }
                // One that is lost does not spoil the others.
                Err(error) => {
                    let message = format!("a file of {} is left out: {error}", self.what);
                    found.push(self.info.warning(message).into());
                }
            }
        }
        Ok(Page::new(found, batch.next.map(|next| Place { next: Some(next), before })))
    }

    fn file(&self, page: &Value, position: usize, index: u64) -> Result<Found> {
        let missing = || Error::not_found(text_of(&page["title"]).unwrap_or_else(|| "a page".to_owned()));
        let file = File::of(&self.wiki, page, position)?.ok_or_else(missing)?;
        // By itself, so that it can be found again without the list.
        let source = file.page().filter(|page| self.info.handles().claim(page) != Claim::No);
        let source = source.as_ref().unwrap_or(&self.source);
        let variants = file.variants(&page["videoinfo"][0], source)?;
        let mut collection = Collection::new(&self.title).with_index(index);
        collection.count = self.count;
        Ok(variants.with_collection(collection).into())
    }
}

/// A query: names and values.
type Query = Vec<(&'static str, String)>;

/// What is asked of every file. Of `videoinfo` a wiki without it says so in a warning, and tells the rest.
fn facts() -> Query {
    let described = [&["Categories", "ImageDescription", "ObjectName"], &KEPT[..]].concat().join("|");
    vec![
        ("prop", "imageinfo|videoinfo|categoryinfo".to_owned()),
        ("iiprop", "url|size|mime|thumbmime|mediatype|sha1|timestamp|user|extmetadata".to_owned()),
        ("iiextmetadatafilter", described),
        ("iiurlwidth", PREVIEW.to_owned()),
        ("viprop", "derivatives|timedtext".to_owned()),
    ]
}

/// The pages that a generator brings (<https://www.mediawiki.org/wiki/API:Query#Generators>), so many at once.
fn generated(generator: &str, limit: &'static str, of: Option<(&'static str, &str)>) -> Query {
    let of = of.map(|(name, title)| (name, title.to_owned()));
    let begin = [("generator", generator.to_owned()), (limit, LIMIT.to_owned())];
    begin.into_iter().chain(of).collect()
}
