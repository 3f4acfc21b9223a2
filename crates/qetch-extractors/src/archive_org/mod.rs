//! archive.org, the Internet Archive: films, recordings, pictures and books, each the files of an item.
//!
//! An item is asked for at the metadata API (<https://archive.org/developers/md-read.html>), which tells of each file what it
//! was made from: originals are resources, and what the archive made from them their qualities, of which the original is the
//! best of its kind. The members of a collection come from the scraping API (<https://archive.org/help/aboutsearch.htm>), a
//! hundred at a time, and each is handed off as the item that it is.
//!
//! A link to a file of the page of an item (`/details/ITEM/FILE`) is the resource with all its qualities, as the player shows
//! it; a link to download a file (`/download/ITEM/FILE`) is that file alone, whatever it is.

mod asked;
mod contents;
mod groups;
mod item;
mod names;

#[cfg(test)]
mod strange_tests;
#[cfg(test)]
mod tests;

use std::time::Duration;

use qetch_core::{
    Collection, Context, Error, Extraction, Extractor, ExtractorInfo, Found, Handle, Handles, Handoff, Known,
    Page, Request, Result, Url, Variants, Warning, async_trait, lenient, link,
};
use serde::Deserialize;

use self::{
    asked::Asked,
    groups::MOST_FILES,
    item::{Item, Reply, what},
};

/// The extractor of archive.org.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::archive_org::ArchiveOrg;
///
/// let url = Url::parse("https://archive.org/details/pond-1968").unwrap();
/// assert_eq!(ArchiveOrg::new().can_handle(&url), Claim::Yes("item".into()));
/// ```
#[derive(Debug)]
pub struct ArchiveOrg {
    info: ExtractorInfo,
}

const NAME: &str = "archive_org";

const HOSTS: [&str; 2] = ["archive.org", "www.archive.org"];

/// Where items are asked for; the id follows.
const ITEMS: &str = "https://archive.org/metadata/";

/// Where the members of a collection are asked for.
const SCRAPE: &str = "https://archive.org/services/search/v1/scrape";

/// How many members are asked for at once: the least that the API gives, so that the first of them comes soon.
const MEMBERS: &str = "100";

/// The archive publishes no rate; it asks those who want much to start slowly and to ramp up
/// (<https://blog.archive.org/2023/05/29/let-us-serve-you-but-dont-bring-us-down/>).
const INTERVAL: Duration = Duration::from_millis(250);

/// Bytes of the answer for an item: it has some 500 for each file, and items of 100,000 files are there.
const ANSWER_BYTES: usize = 64 << 20;

impl ArchiveOrg {
    /// The extractor.
    pub fn new() -> Self {
        let handles = [
            user_handle(),
            search_handle(),
            item_handle(),
            metadata_handle(),
            download_handle(),
            node_handle(),
        ];
        let info =
            ExtractorInfo::new(NAME, "Items, files and collections of archive.org, the Internet Archive")
                .with_handles(Handles::new(handles))
                .with_interval(INTERVAL);
        Self { info }
    }

    /// The resources of an item, or the one that is asked for.
    fn found(&self, item: Item, asked: &Asked, source: &Url) -> Result<Extraction> {
        let known = item.known();
        let groups = match asked {
            Asked::File(name) => match item.asked_file(name)? {
                Some(file) => {
                    let content = item.file(&item.files[file], source)?;
                    return Ok(Extraction::once(Variants::from(content).with_known(&known)));
                }
                None => item.folder(name)?,
            },
            Asked::Entry(path) => item.entry(path)?,
            Asked::All => item.all()?,
        };
        let mut warnings = self.warnings(&item, asked);
        let left_out: usize = groups.iter().map(|(_, group)| group.left_out).sum();
        if left_out > 0 {
            let message = format!(
                "files of {} beyond {MOST_FILES} of one resource are left out: {left_out}",
                item.what()
            );
            warnings.push(self.info.warning(message));
        }
        let warnings: Vec<_> = warnings.into_iter().map(Found::from).collect();
        let source = source.clone();
        // An item may have thousands: each is made when it is asked for, and none of these is without a file.
        let found = groups.into_iter().filter_map(move |(place, group)| {
            item.variants(&group, place, &known, &source).ok().map(Found::from)
        });
        Ok(Extraction::of(warnings.into_iter().chain(found)))
    }

    fn warnings(&self, item: &Item, asked: &Asked) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if item.unusable > 0 {
            let message =
                format!("files of {} whose name leads nowhere are left out: {}", item.what(), item.unusable);
            warnings.push(self.info.warning(message));
        }
        let withheld = item.withheld();
        if matches!(asked, Asked::All) && withheld > 0 {
            let message =
                format!("files of {} that are kept to some readers are left out: {withheld}", item.what());
            warnings.push(self.info.warning(message));
        }
        warnings
    }
}

impl Default for ArchiveOrg {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for ArchiveOrg {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let found = self.info.handles().require(url)?;
        let path = found.get("path");
        let asked = match found.handle().name() {
            "user" => {
                let reason = "what someone uploaded is not listed; open an item or a collection";
                return Err(Error::unsupported("the page of an archive.org user", reason));
            }
            "search" => {
                let reason = "results are not listed; open an item or a collection";
                return Err(Error::unsupported("a search on archive.org", reason));
            }
            "download" | "node" => path.map_or(Asked::All, Asked::file),
            _ => path.map_or(Asked::All, Asked::entry),
        };
        let id = &found["item"];
        let item = item(cx, id).await?;
        if item.metadata.is_collection() && asked == Asked::All {
            return members(cx, item).await;
        }
        self.found(item, &asked, url)
    }
}

/// What an identifier is made of
/// (<https://archive.org/developers/metadata-schema/index.html#archive-org-identifiers>).
macro_rules! id {
    ($before:literal, $behind:literal) => {
        concat!($before, r"(?P<id>(?P<item>[A-Za-z0-9][A-Za-z0-9._-]{0,127})", $behind)
    };
}

/// The page of an item, of a file of it, or of a place in a book; and what is embedded elsewhere.
fn item_handle() -> Handle {
    Handle::new("item", HOSTS, id!(r"^/(?:details|embed|stream)/", r"(?:/+(?P<path>[^/].*?))?)/*$"))
        .with_example("https://archive.org/details/Election_Ads")
        .with_example(
            "https://archive.org/details/Election_Ads/Commercial-Nixon1960ElectionAdToughonDefense.mpg",
        )
        .with_example("https://archive.org/embed/Election_Ads")
        .with_example("https://archive.org/details/goodytwoshoes00newyiala/page/n5/mode/2up")
        .with_example(
            "https://www.archive.org/stream/goodytwoshoes00newyiala/goodytwoshoes00newyiala_djvu.txt",
        )
}

/// What the API tells of an item, or of its files.
fn metadata_handle() -> Handle {
    Handle::new("metadata", HOSTS, id!(r"^/metadata/", r")(?:/files)?/*$"))
        .with_example("https://archive.org/metadata/Election_Ads")
}

/// A file, or the list of all.
fn download_handle() -> Handle {
    Handle::new("download", HOSTS, id!(r"^/(?:download|serve|cors)/", r"(?:/+(?P<path>[^/].*?))?)/*$"))
        .with_example("https://archive.org/download/Election_Ads")
        .with_example("https://archive.org/download/gd95-04-02.sbd.11622.sbeok.shnf/gd95-04-02d1t04.shn")
}

/// A file where it lies, which a download leads to. The item moves now and then.
fn node_handle() -> Handle {
    let hosts = ["*.us.archive.org", "*.ca.archive.org"];
    Handle::new("node", hosts, id!(r"^/[0-9]{1,3}/items/", r"(?:/+(?P<path>[^/].*?))?)/*$"))
        .with_example("https://ia800304.us.archive.org/21/items/Election_Ads/Commercial-JFK1960ElectionAdCampaignJingle.mpg")
}

/// The page of someone who uploads.
fn user_handle() -> Handle {
    Handle::new("user", HOSTS, r"^/details/(?:@|%40)(?P<id>[^/]+)(?:/|$)")
        .with_example("https://archive.org/details/@brewster")
}

/// A search.
fn search_handle() -> Handle {
    Handle::new("search", HOSTS, r"^/(?:search|search\.php|advancedsearch\.php)/?$")
        .with_example("https://archive.org/search?query=frogs")
}

/// The item of this id.
async fn item(cx: &Context, id: &str) -> Result<Item> {
    let request = Request::get(format!("{ITEMS}{id}").parse()?).with_limit(ANSWER_BYTES);
    let answer = cx.send(request).await?.about(&what(id))?;
    // An item that is not there is an object without anything.
    if matches!(answer.body().trim_ascii(), b"{}" | b"[]") {
        return Err(Error::not_found(what(id)));
    }
    answer.json::<Reply>(NAME)?.item(id)
}

/// The answer of the scraping API.
#[derive(Deserialize)]
struct Scrape {
    items: Option<Vec<Member>>,
    #[serde(default, deserialize_with = "lenient::text")]
    error: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    cursor: Option<String>,
    #[serde(default, deserialize_with = "lenient::number")]
    total: Option<u64>,
}

#[derive(Deserialize)]
struct Member {
    #[serde(default, deserialize_with = "lenient::text")]
    identifier: Option<String>,
}

/// The members of a collection, each handed off. The first page is asked for now.
async fn members(cx: &Context, collection: Item) -> Result<Extraction> {
    let title = collection.metadata.text("title").unwrap_or_else(|| collection.id.clone());
    let (cx, id) = (cx.clone(), collection.id);
    let first = page(&cx, &id, &title, None, 0).await?;
    Ok(Extraction::paged(first, move |(cursor, before): (String, u64)| {
        let (cx, id, title) = (cx.clone(), id.clone(), title.clone());
        async move { page(&cx, &id, &title, Some(cursor), before).await }
    }))
}

/// The members of the collection `id` from `cursor` on, with `before` of them before it.
async fn page(
    cx: &Context,
    id: &str,
    title: &str,
    cursor: Option<String>,
    before: u64,
) -> Result<Page<(String, u64)>> {
    let mut url: Url = SCRAPE.parse()?;
    url.query_pairs_mut()
        .append_pair("q", &format!("collection:{id}"))
        .append_pair("fields", "identifier")
        .append_pair("count", MEMBERS);
    if let Some(cursor) = &cursor {
        url.query_pairs_mut().append_pair("cursor", cursor);
    }
    let scrape: Scrape = cx.send(Request::get(url)).await?.ok()?.json(NAME)?;
    let problem = if scrape.error.is_some() { "an error in its place" } else { "missing" };
    let members = scrape.items.ok_or_else(|| Error::site_changed(NAME, "$.items", problem))?;
    let count = members.len() as u64;
    if count > 0 && members.iter().all(|member| member.identifier.is_none()) {
        return Err(Error::site_changed(NAME, "$.items[0].identifier", "missing"));
    }
    let mut found = Vec::new();
    for (member, index) in members.into_iter().zip(before + 1..) {
        // A collection may be a member of itself.
        let Some(member) = member.identifier.filter(|member| member != id) else { continue };
        let Ok(url) = link::joined("https://archive.org", ["details", &member]) else { continue };
        let mut collection = Collection::new(title).with_index(index);
        collection.count = scrape.total;
        let mut known = Known::default();
        known.collection = Some(collection);
        found.push(Handoff::new(url).with_known(known).into());
    }
    // The last page has no cursor. One that leads nowhere new would be asked for without end.
    let next = scrape.cursor.filter(|next| count > 0 && cursor.as_ref() != Some(next));
    Ok(Page::new(found, next.map(|next| (next, before + count))))
}
