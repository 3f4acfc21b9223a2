//! A feed: what it tells of itself, its items, and where its next page is.

use qetch_core::{Error, Result, Url};

use super::{
    NAME,
    item::{self, Defaults, Item},
    link,
    space::{Node, Space},
    text,
};
use crate::common_xml;

/// A page of a feed.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) title: Option<String>,
    /// The feed's own id, which is the same wherever it is (`podcast:guid`).
    pub(super) id: Option<String>,
    /// Where the next page is.
    pub(super) next: Option<Url>,
    /// Its items with media.
    pub(super) items: Vec<Item>,
    /// How many have none.
    pub(super) without_media: usize,
    /// What ended the reading before the end.
    pub(super) fault: Option<Error>,
}

/// Reads the page `text` that is at `url`.
///
/// # Errors
/// [`SiteChanged`](Error::SiteChanged) where it is no feed.
pub(super) fn read(text: &str, url: &Url) -> Result<Feed> {
    let document = common_xml::read(text, Space::of);
    let fault = document.fault.map(|fault| fault.error(NAME));
    let Some(root) = document.root else {
        return Err(fault.unwrap_or_else(|| Error::site_changed(NAME, "$", "no feed")));
    };
    let (channel, items): (&Node, Vec<&Node>) = match root.name() {
        "rss" | "RDF" => {
            let channel = root.children().iter().find(|it| it.name() == "channel");
            let missing = || Error::site_changed(NAME, format!("$.{}.channel", root.name()), "missing");
            let channel = match (channel, fault.is_some()) {
                (Some(channel), _) => channel,
                (None, true) => return Err(fault.unwrap_or_else(missing)),
                (None, false) => return Err(missing()),
            };
            // RSS 1.0 has items beside the channel, and others within it.
            let items = channel.children().iter().chain(root.children());
            (channel, items.filter(is_item).collect())
        }
        "feed" => (&root, root.children().iter().filter(|it| it.is(Space::Atom, "entry")).collect()),
        other => {
            let problem = format!("<{other}>, which is the root of no feed");
            return Err(Error::site_changed(NAME, "$", problem));
        }
    };
    let defaults = defaults(channel);
    let whole = items.into_iter().filter(|it| it.is_whole());
    let all: Vec<Item> = whole.map(|it| item::read(it, url, &defaults)).collect();
    let count = all.len();
    let items: Vec<_> = all.into_iter().filter(|it| !it.resources.is_empty()).collect();
    let title = channel.text_of(Space::Rss, "title").or_else(|| channel.text_of(Space::Atom, "title"));
    Ok(Feed {
        title: title.map(text::title),
        id: channel.text_of(Space::Podcast, "guid").map(str::to_owned),
        next: next(channel, url),
        without_media: count - items.len(),
        items,
        fault,
    })
}

fn is_item(node: &&Node) -> bool {
    node.is(Space::Rss, "item") || node.is(Space::Podcast, "liveItem")
}

fn defaults(channel: &Node) -> Defaults {
    let author = channel.text_of(Space::Itunes, "author").map(str::to_owned);
    let of_atom = || channel.first(Space::Atom, "author")?.text_of(Space::Atom, "name").map(str::to_owned);
    let editor = || channel.text_of(Space::Rss, "managingEditor").map(text::name_of);
    let language = channel.text_of(Space::Rss, "language").or_else(|| channel.attribute("lang"));
    Defaults { author: author.or_else(of_atom).or_else(editor), language: language.map(str::to_owned) }
}

/// The next page of a paged feed, or the archive before this one (RFC 5005, sections 3 and 4).
fn next(channel: &Node, url: &Url) -> Option<Url> {
    let linked = |rel: &str| {
        let mut links = channel.all(Space::Atom, "link");
        links.find(|it| it.attribute("rel").is_some_and(|it| it.eq_ignore_ascii_case(rel)))?.attribute("href")
    };
    let mut next = link::url_of(linked("next").or_else(|| linked("prev-archive"))?, url)?;
    next.set_fragment(None);
    Some(next)
}
