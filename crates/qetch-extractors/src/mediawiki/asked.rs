//! `Asked`: what a link asks a wiki for.

use qetch_core::{Error, Matched, Result, Url, link::decoded};

/// What a link asks a wiki for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// What is behind the title of a page, of whatever kind the wiki says it is.
    Page(String),
    /// Every file.
    All,
}

impl Asked {
    /// What `url`, of which this was found, asks for.
    ///
    /// # Errors
    /// [`Unsupported`](Error::Unsupported) where there is no title in it.
    pub(super) fn of(found: &Matched<'_>, url: &Url) -> Result<Self> {
        if let Some(title) = opened(url) {
            return Ok(Self::Page(title));
        }
        let title = match found.handle().name() {
            "wiki" => return Ok(Self::All),
            "upload" | "file" => Some(format!("File:{}", found.decoded("id"))),
            "index" | "any_index" => title_of_query(url),
            _ => Some(found.decoded("title")),
        };
        let title = title.ok_or_else(|| Error::unsupported("a link to a wiki", "no title stands in it"))?;
        Ok(Self::Page(file_of_special(&title).unwrap_or(title)))
    }
}

/// The title in `?title=…`.
pub(super) fn title_of_query(url: &Url) -> Option<String> {
    let title = url.query_pairs().find(|(name, _)| name == "title")?.1;
    Some(title.into_owned()).filter(|title| !title.trim().is_empty())
}

/// The title of the file that is opened above a page: `#/media/File:X`, and `#mediaviewer/File:X` of old.
fn opened(url: &Url) -> Option<String> {
    let fragment = url.fragment()?;
    let title = ["/media/", "mediaviewer/"].into_iter().find_map(|mark| fragment.strip_prefix(mark))?;
    Some(decoded(title)).filter(|title| title.contains(':'))
}

/// The title of the file that a special page leads to
/// (<https://www.mediawiki.org/wiki/Help:Redirects#Special:Redirect>), and of what is linked as `Media:`.
fn file_of_special(title: &str) -> Option<String> {
    const MARKS: [&str; 3] = ["special:filepath/", "special:redirect/file/", "media:"];
    let begins = |mark: &&str| title.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark));
    let mark = MARKS.iter().find(|mark| begins(mark))?;
    Some(format!("File:{}", &title[mark.len()..]))
}
