//! Time travel: an item out of the Wayback Machine, where Archive Team brought what there was in the last weeks of the site.
//!
//! Its crawler (ArchiveTeam/gfycat-grab) asked the API for each id in lower case, and to save room left out what a smaller
//! file stood for: the full mp4 where there was a mobile one, and the larger GIFs and the webm beside those. So the record
//! is looked up first, then the small files, and then the full ones, which other crawlers may have met. The index is blind
//! to capitals, and the captured URLs have them.
//!
//! That takes one look-up for the record and one request for its body, one look-up for all the small files, and one for
//! each host that the record names for the full ones: one of late items, three of early ones, and all three where there is
//! no record.

use qetch_core::{Answer, Content, Context, Error, Fragment, Result, Role, Timestamp, Url};
use serde_json::{Map, Value};

use super::{
    CLOSED_ON, NAME,
    item::{Item, Reply},
    renditions::File,
};
use crate::common_wayback::{
    cdx::{Capture, Lookup, captures},
    memento,
};

/// Where items were asked for, as the index writes it; the id follows.
const RECORDS: &str = "api.gfycat.com/v1/gfycats/";

/// How many captures of a record are looked at, the latest first: one may be spoilt.
const RECORD_CAPTURES: usize = 2;

/// The host of the small files.
const SMALL: &str = "thumbs.gfycat.com";

/// The hosts of the full ones over the years.
const FULL: [&str; 3] = ["giant.gfycat.com", "zippy.gfycat.com", "fat.gfycat.com"];

/// Under this name each content tells the renditions that the original had and that are not archived.
const NOT_ARCHIVED: &str = "not_archived";

/// What is archived of an item.
#[derive(Debug)]
pub(super) struct Archived {
    /// The copies, at least one.
    pub(super) contents: Vec<Content>,
    /// That these are copies, from when, and what is missing, in a sentence.
    pub(super) warning: String,
}

/// What is archived of the item `id`, which is in lower case.
///
/// # Errors
/// [`Gone`](Error::Gone) where no file is, and those of the archive: what it does not tell may be there.
pub(super) async fn find(cx: &Context, id: &str, source: &Url) -> Result<Archived> {
    let record = record(cx, id, source).await?;
    let is_described = record.is_some();
    let (item, listed) = record.unwrap_or_else(|| (Item::unknown(id), Vec::new()));
    let (mut captures, mut is_whole) = look_up(cx, SMALL, id).await?;
    for host in FULL {
        if !is_described || listed.iter().any(|content| host_of(content) == Some(host)) {
            let (of_host, is_all) = look_up(cx, host, id).await?;
            captures.extend(of_host);
            is_whole &= is_all;
        }
    }
    let (mut copies, mut missing) = (Vec::new(), Vec::new());
    for content in listed {
        let name = content.fragments.first().map(|fragment| file_name(&fragment.url));
        match captures.iter().position(|capture| Some(file_name(&capture.original)) == name) {
            Some(at) => copies.push((content, captures.remove(at))),
            None if content.role == Role::Main => missing.push(content),
            None => (),
        }
    }
    // What the record does not list, and all of it where there is none.
    let named = |capture: Capture| Some((File::by_name(id, &capture.original)?, capture));
    let mut unlisted: Vec<_> = captures.into_iter().filter_map(named).collect();
    unlisted.sort_by_key(|(file, _)| file.place());
    for (file, capture) in unlisted {
        let content = item.content_of(file, source)?;
        if copies.iter().all(|(copy, _)| copy.uid != content.uid) {
            copies.push((content, capture));
        }
    }
    missing.retain(|content: &Content| copies.iter().all(|(copy, _)| copy.uid != content.uid));
    let Some(first) = copies.iter().map(|(_, capture)| capture.moment.at()).min() else {
        if !is_whole {
            return Err(Error::over_limit("the number of pages", cx.limits().most_pages().to_string()));
        }
        let but = if is_described { "its record, and no file" } else { "nothing" };
        return Err(Error::gone(format!(
            "gfycat item {id} (the site closed on {CLOSED_ON}, and of this item the Wayback Machine has {but})"
        )));
    };
    let mut warning = warning(id, first, is_described, &missing);
    if !is_whole {
        warning.push_str("; there may be more, for its index was not read to the end");
    }
    let missing: Vec<Value> = missing.iter().map(|content| facts(id, content)).collect();
    let contents = copies.into_iter().filter_map(|(content, capture)| copy(content, &capture, &missing));
    Ok(Archived { contents: contents.collect(), warning })
}

/// The item as the archive has its record, with the renditions that it lists; `None` where there is no record that can be
/// read.
async fn record(cx: &Context, id: &str, source: &Url) -> Result<Option<(Item, Vec<Content>)>> {
    let page = captures(cx, &Lookup::latest(&format!("{RECORDS}{id}"), RECORD_CAPTURES)).await?;
    for raw in page.captures.iter().rev().take(RECORD_CAPTURES).filter_map(Capture::raw) {
        match memento::read(cx, raw).await {
            Ok(memento) => {
                if let Ok(read) = read(&memento.answer, id, source) {
                    return Ok(Some(read));
                }
            }
            // It is in the index and cannot be played back.
            Err(Error::NotFound { .. }) => (),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Reads a captured answer of the API. What else was captured at its address, and what is compressed as the crawler got it,
/// is an error.
fn read(answer: &Answer, id: &str, source: &Url) -> Result<(Item, Vec<Content>)> {
    let item = answer.json::<Reply>(NAME)?.item(id)?;
    if item.id()? != id {
        return Err(Error::not_found(id));
    }
    let (contents, _) = item.contents(source)?;
    Ok((item, contents))
}

/// The captured files of the item `id` on `host`, each once: the first capture that is no revisit, or else the first. And
/// whether these are all of them.
async fn look_up(cx: &Context, host: &str, id: &str) -> Result<(Vec<Capture>, bool)> {
    let (mut once, mut lookup) = (Vec::new(), Lookup::beneath(&format!("{host}/{id}")));
    for _ in 0..cx.limits().most_pages() {
        let page = captures(cx, &lookup).await?;
        let (has_more, next) = (page.has_more(), lookup.behind(&page));
        add_once(&mut once, page.captures, host, id);
        match next {
            Some(next) => lookup = next,
            None => return Ok((once, !has_more)),
        }
    }
    Ok((once, false))
}

fn add_once(once: &mut Vec<Capture>, captures: Vec<Capture>, host: &str, id: &str) {
    for capture in captures {
        let name = file_name(&capture.original);
        // The id of another item may begin with this one.
        if File::by_name(id, &capture.original).is_none() || capture.original.host_str() != Some(host) {
            continue;
        }
        match once.iter_mut().find(|it| file_name(&it.original) == name) {
            None => once.push(capture),
            Some(revisit) if revisit.media_type.is_none() && capture.media_type.is_some() => {
                *revisit = capture;
            }
            Some(_) => (),
        }
    }
}

/// `content` with the raw body of `capture` for its file; `None` where that makes no link.
fn copy(mut content: Content, capture: &Capture, missing: &[Value]) -> Option<Content> {
    content.fragments = vec![Fragment::new(capture.raw()?)];
    capture.tell(&mut content);
    if !missing.is_empty() {
        content.metadata.insert(NOT_ARCHIVED.to_owned(), missing.into());
    }
    Some(content)
}

/// That an item is a copy, from when the oldest part of it is, and what is missing.
fn warning(id: &str, first: Timestamp, is_described: bool, missing: &[Content]) -> String {
    let missing: Vec<_> = missing.iter().map(|content| named(id, content)).collect();
    let original = match (is_described, missing.is_empty()) {
        (true, true) => "all that the original had is there".to_owned(),
        (true, false) => format!("the original had what is not archived: {}", missing.join(", ")),
        (false, _) => "what the original had is not known".to_owned(),
    };
    let first = first.to_string();
    let day = first.split('T').next().unwrap_or_default();
    format!("{id} is an archived copy of {day}; {original}")
}

/// What is known of a rendition that is not archived.
fn facts(id: &str, content: &Content) -> Value {
    let mut facts = Map::new();
    facts.insert("rendition".to_owned(), rendition(id, content).into());
    let mut add =
        |name: &str, value: Option<Value>| facts.extend(value.map(|value| (name.to_owned(), value)));
    add("content_type", content.content_type.as_deref().map(Value::from));
    add("width", content.width.map(Value::from));
    add("height", content.height.map(Value::from));
    add("fps", content.fps.map(Value::from));
    add("size_approx", content.size_approx.map(Value::from));
    facts.into()
}

/// A rendition for people.
fn named(id: &str, content: &Content) -> String {
    let pixels = content.width.zip(content.height);
    let pixels = pixels.map(|(width, height)| format!(" {width}x{height}")).unwrap_or_default();
    format!("{}{pixels}", rendition(id, content))
}

/// What its uid has behind the id.
fn rendition<'a>(id: &str, content: &'a Content) -> &'a str {
    content.uid.strip_prefix(id).map_or(content.uid.as_str(), |name| name.trim_start_matches('-'))
}

fn host_of(content: &Content) -> Option<&str> {
    content.fragments.first()?.url.host_str()
}

/// The name of a file, by which it is the same on each host.
fn file_name(url: &Url) -> String {
    url.path().rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}
