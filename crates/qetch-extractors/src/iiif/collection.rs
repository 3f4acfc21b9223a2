//! Collections: manifests and further collections, each handed off when its turn comes.

use qetch_core::{
    Collection, Context, Error, Extraction, Found, Handoff, Known, Page, Request, Result, Url, lenient,
};
use serde_json::Value;

use super::{
    NAME,
    values::{id, link, list, text_at, type_of},
};

/// A collection whose pages are read.
#[derive(Clone, Debug)]
struct Reading {
    cx: Context,
    source: Url,
    title: Option<String>,
    /// How many entries all pages have.
    total: Option<u64>,
}

/// The page to read next, and how many entries stand before it.
type Cursor = (Url, u64);

/// The entries of the collection that was found at `source`. Large ones of version 2 come in pages (Presentation 2.1, section
/// 5.8), of which each is asked for when those before it were taken.
///
/// # Errors
/// [`SiteChanged`](Error::SiteChanged) where it has no list of entries, and those of the network.
pub(super) async fn extraction(cx: &Context, collection: &Value, source: &Url) -> Result<Extraction> {
    let first = list(collection, "first").into_iter().next();
    let title = text_at(collection, "label", "title");
    let has_list = LISTS.iter().any(|name| collection.get(name).is_some());
    if first.is_none() && !has_list {
        return Err(Error::site_changed(NAME, "$.items", "missing: it has no list of manifests"));
    }
    let total = lenient::positive_of(&collection["total"]);
    let reading = Reading { cx: cx.clone(), source: source.clone(), title, total };
    let page = match first.filter(|_| !has_list) {
        Some(page) if LISTS.iter().any(|name| page.get(name).is_some()) => reading.page(page, 0),
        Some(page) => {
            let missing = || Error::site_changed(NAME, "$.first", "no link of a page");
            reading.get((link(source, page).ok_or_else(missing)?, 0)).await?
        }
        None => reading.page(collection, 0),
    };
    if page.found.is_empty() && page.next.is_none() {
        let what = format!("a manifest with a link in the collection {}", source.path());
        return Err(Error::not_found(what));
    }
    Ok(Extraction::paged(page, move |cursor| {
        let reading = reading.clone();
        async move { reading.get(cursor).await }
    }))
}

/// Where entries are listed: in version 3, and in version 2 in three ways.
const LISTS: [&str; 4] = ["items", "members", "collections", "manifests"];

/// The manifests and collections that are listed, those of collections that stand there in full among them.
fn entries<'a>(collection: &'a Value, into: &mut Vec<&'a Value>) {
    for entry in LISTS.iter().flat_map(|name| list(collection, name)) {
        let is_full = LISTS.iter().any(|name| entry.get(name).is_some_and(|list| !list.is_null()));
        if is_full && type_of(entry) == "Collection" {
            entries(entry, into);
        } else if id(entry).is_some() {
            into.push(entry);
        }
    }
}

impl Reading {
    async fn get(&self, (url, before): Cursor) -> Result<Page<Cursor>> {
        let answer = self.cx.send(Request::get(url)).await?.ok()?;
        Ok(self.page(&answer.json(NAME)?, before))
    }

    fn page(&self, page: &Value, before: u64) -> Page<Cursor> {
        let mut listed = Vec::new();
        entries(page, &mut listed);
        let next = list(page, "next").into_iter().next().and_then(|next| link(&self.source, next));
        let after = before + listed.len() as u64;
        // What is not in pages is all there.
        let total = self.total.or((before == 0 && next.is_none()).then_some(after));
        let found =
            listed.into_iter().zip(before + 1..).filter_map(|(entry, index)| self.entry(entry, index, total));
        // A page without anything would be followed for ever by others like it.
        Page::new(found, next.filter(|_| after > before).map(|next| (next, after)))
    }

    fn entry(&self, entry: &Value, index: u64, total: Option<u64>) -> Option<Found> {
        let url = link(&self.source, entry)?;
        let mut collection = Collection::default().with_index(index);
        collection.title.clone_from(&self.title);
        collection.count = total;
        let mut known = Known::default();
        known.title = text_at(entry, "label", "title");
        let date = text_at(entry, "navDate", "navdate");
        let told = [("collection", self.title.clone()), ("navDate", date)];
        known.metadata =
            told.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))).collect();
        known.collection = Some(collection);
        Some(Handoff::new(url).to(NAME).with_known(known).into())
    }
}
