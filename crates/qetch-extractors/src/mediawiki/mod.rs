//! MediaWiki: the files of Wikimedia Commons, of Wikipedia and of any other wiki that runs this software.
//!
//! Everything comes from the action API (<https://www.mediawiki.org/wiki/API:Imageinfo>). Wikimedia's wikis have it at
//! `/w/api.php`. Any other wiki is known by the `generator` of its page, and says where its API is in the page's
//! `<link rel="EditURI">` (<https://www.mediawiki.org/wiki/API:Main_page>): nothing is guessed. That is read once, and
//! remembered for all pages with the same path before the title.
//!
//! A file is offered as the original, with its SHA-1, before the transcodes of
//! [TimedMediaHandler](https://www.mediawiki.org/wiki/Extension:TimedMediaHandler), with its captions as companions, and with
//! one preview at a width that the wikis of Wikimedia have ready. A category, the page of an article, and a whole wiki are
//! lists of files, which are asked for page by page. Categories within a category are not entered.
//!
//! Requests introduce themselves honestly, as the policy of Wikimedia wants
//! (<https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy>): what poses as a browser is refused.

mod asked;
mod file;
mod list;
#[cfg(test)]
mod tests;
mod wiki;

use qetch_core::{
    Answer, Claim, Context, Extraction, Extractor, ExtractorInfo, Handle, Handles, Matched, Result, Url,
    async_trait,
};

use self::{
    asked::{Asked, title_of_query},
    wiki::{Wiki, api_of_page},
};

/// The extractor of MediaWiki.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::mediawiki::MediaWiki;
///
/// let check = |url: &str, expected| {
///     assert_eq!(MediaWiki::new().can_handle(&Url::parse(url).unwrap()), expected);
/// };
/// check("https://commons.wikimedia.org/wiki/File:Frog.jpg", Claim::Yes("file".into()));
/// check("https://wiki.example/wiki/File:Frog.jpg", Claim::Perhaps);
/// ```
#[derive(Debug)]
pub struct MediaWiki {
    info: ExtractorInfo,
}

const NAME: &str = "mediawiki";

/// The wikis of Wikimedia, with the names that they have for mobile devices.
const WIKIMEDIA: [&str; 20] = [
    "commons.wikimedia.org",
    "commons.m.wikimedia.org",
    "incubator.wikimedia.org",
    "incubator.m.wikimedia.org",
    "meta.wikimedia.org",
    "meta.m.wikimedia.org",
    "species.wikimedia.org",
    "species.m.wikimedia.org",
    "*.wikibooks.org",
    "*.wikinews.org",
    "*.wikipedia.org",
    "*.wikiquote.org",
    "*.wikisource.org",
    "*.wikiversity.org",
    "*.wikivoyage.org",
    "*.wiktionary.org",
    "www.wikidata.org",
    "m.wikidata.org",
    "www.mediawiki.org",
    "m.mediawiki.org",
];

/// Where others have their wikis, of which the front page is known by the host alone.
const FARMS: [&str; 2] = ["*.fandom.com", "*.wiki.gg"];

impl MediaWiki {
    /// The extractor.
    pub fn new() -> Self {
        let handles = Handles::new([
            upload_handle(),
            file_handle(),
            page_handle(),
            index_handle(),
            wiki_handle(),
            any_file_handle(),
            any_page_handle(),
            any_index_handle(),
        ]);
        let info =
            ExtractorInfo::new(NAME, "Files, categories and pages of Wikimedia Commons and of any MediaWiki")
                .with_handles(handles);
        Self { info }
    }
}

impl Default for MediaWiki {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for MediaWiki {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    fn can_handle(&self, url: &Url) -> Claim {
        // Every link of a host that nobody names is looked at, so most are told apart by a word.
        let path = url.path();
        let may_be =
            path == "/" || path.contains("wiki") || path.contains([':', '%']) || path.contains("index.php");
        if !may_be || (path.ends_with("index.php") && title_of_query(url).is_none()) {
            return Claim::No;
        }
        match self.info.handles().claim(url) {
            Claim::Perhaps if poses(url) => Claim::No,
            claim => claim,
        }
    }

    /// A page of MediaWiki says so, and where the API is.
    fn recognise(&self, answer: &Answer) -> bool {
        api_of_page(answer).is_some()
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let found = self.info.handles().require(url)?;
        let asked = Asked::of(&found, url)?;
        let wiki = match found.handle().name() {
            "upload" => Wiki::of_upload(cx, &found["project"], &found["wiki"])?,
            "file" | "page" | "index" => Wiki::of_wikimedia(cx, url)?,
            _ => Wiki::of_page(cx, url, place(&found, url)).await?,
        };
        list::extract(&self.info, wiki, asked, url).await
    }
}

/// Where the pages of a wiki are: what stands before the title. `None` where that is the whole host, which may have more.
fn place(found: &Matched<'_>, url: &Url) -> Option<Url> {
    let path = url.path().strip_suffix(found.get("title").unwrap_or_default())?;
    let mut place = url.clone();
    place.set_path(path);
    place.set_query(None);
    place.set_fragment(None);
    (place.path() != "/").then_some(place)
}

/// Whether a link is made to look as if it were of Wikimedia, and is not.
fn poses(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let is_of = |site: &str| host.strip_suffix(site).is_some_and(|it| it.is_empty() || it.ends_with('.'));
    let mut sites = WIKIMEDIA.iter().filter_map(|host| host.strip_prefix("*.")).chain(["wikimedia.org"]);
    sites.any(|site| url.username().contains(site) || (host.contains(site) && !is_of(site)))
}

/// A file itself, a thumbnail or a transcode of it: the name of the file is a part of the path of each
/// (<https://www.mediawiki.org/wiki/Manual:$wgHashedUploadDirectory>). Older versions have another form, and are plain files.
fn upload_handle() -> Handle {
    let path = concat!(
        "^/(?P<project>wikibooks|wikinews|wikipedia|wikiquote|wikisource|wikiversity|wikivoyage|wiktionary)",
        "/(?P<wiki>[a-z-]+)/(?:(?:thumb|transcoded)/)?[0-9a-f]/[0-9a-f]{2}/(?P<id>[^/]+)(?:/[^/]+)?$"
    );
    Handle::new("upload", ["upload.wikimedia.org"], path)
        .with_example("https://upload.wikimedia.org/wikipedia/commons/a/a9/Example.jpg")
        .with_example(
            "https://upload.wikimedia.org/wikipedia/commons/thumb/a/a9/Example.jpg/330px-Example.jpg",
        )
        .with_example("https://upload.wikimedia.org/wikipedia/en/a/a9/Example.jpg")
}

/// The page of a file.
fn file_handle() -> Handle {
    Handle::new("file", WIKIMEDIA, "(?i)^/wiki/(?:File|Image)(?::|%3A)(?P<id>.+)$")
        .with_example("https://commons.wikimedia.org/wiki/File:Example.jpg")
        .with_example("https://en.m.wikipedia.org/wiki/File:Example.jpg")
}

/// Any other page: a category, an article, a file by what its namespace is called in another language, or one that is opened
/// above the page (`#/media/File:Example.jpg`), which stands in the fragment.
fn page_handle() -> Handle {
    Handle::new("page", WIKIMEDIA, "^/(?P<id>wiki/(?P<title>.+))$")
        .with_example("https://commons.wikimedia.org/wiki/Category:Ivan_Shishkin")
        .with_example("https://de.wikipedia.org/wiki/Datei:Example.jpg")
        .with_example("https://en.wikipedia.org/wiki/Frog#/media/File:Example.jpg")
        .with_example("https://commons.wikimedia.org/wiki/Special:FilePath/Example.jpg")
}

/// Any page, by the script behind it.
fn index_handle() -> Handle {
    Handle::new("index", WIKIMEDIA, r"^/w/index\.php$")
        .with_example("https://commons.wikimedia.org/w/index.php?title=File:Example.jpg")
}

/// All files of a wiki.
fn wiki_handle() -> Handle {
    Handle::new("wiki", WIKIMEDIA.into_iter().chain(FARMS), "^/$")
        .with_example("https://en.wikibooks.org/")
        .with_example("https://youtube.fandom.com/")
}

/// The page of a file or a category at any wiki, whatever its paths are.
fn any_file_handle() -> Handle {
    let path = "(?i)^/(?P<id>(?:[^/]+/){0,3}(?P<title>(?:File|Image|Category)(?::|%3A)[^/].*))$";
    Handle::new("any_file", ["*"], path)
        .with_example("https://wiki.example/index.php/File:Example.jpg")
        .with_example("https://discogs.fandom.com/zh/wiki/File:CH-0430D2.jpg")
}

/// Any page at any wiki that has the usual paths.
fn any_page_handle() -> Handle {
    let path = r"^/(?P<id>(?:[^/]+/){0,2}(?:wiki|index\.php)/(?P<title>[^/].*))$";
    Handle::new("any_page", ["*"], path).with_example("https://terraria.wiki.gg/de/wiki/Golem")
}

/// Any page at any wiki, by the script behind it.
fn any_index_handle() -> Handle {
    Handle::new("any_index", ["*"], r"^/(?:[^/]+/){0,3}index\.php$")
        .with_example("https://wiki.example/w/index.php?title=File:Example.jpg")
}
