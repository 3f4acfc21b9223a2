//! Lists of media that lie elsewhere, in no qualities of one another: each entry is handed off.
//!
//! An entry with several addresses is handed off to the first that is of http or https. Others are left out with a warning,
//! and so is what stands behind a fault. A file that is named again is there once.

mod asx;
mod m3u;
mod pls;
#[cfg(test)]
mod tests;
mod xspf;

use std::collections::HashSet;

use qetch_core::{
    Answer, Collection, Context, Error, Extraction, Found, Handoff, Known, Limits, Result, Url, Warning,
    shown,
};

use super::{
    MOST_OF_PLAYLIST,
    form::{self, Form},
};
use crate::common_link;

/// What reads one.
pub(super) type Reader = fn(&Answer, &Limits) -> Result<List>;

/// The most characters of the title of a list, and of an address in a warning.
const LONGEST: usize = 200;

/// Entries that a warning names of those that are left out.
const NAMED: usize = 3;

/// What a list tells.
#[derive(Debug, Default)]
pub(super) struct List {
    title: Option<String>,
    entries: Vec<Entry>,
    /// What ended the reading before the end.
    fault: Option<String>,
}

/// An entry of a list.
#[derive(Debug, Default)]
struct Entry {
    /// Where it is: as it is written, the preferred one first.
    addresses: Vec<String>,
    title: Option<String>,
    creator: Option<String>,
    description: Option<String>,
    /// Seconds.
    duration: Option<f64>,
    /// What else is told of it, under the list's own names.
    rest: Vec<(&'static str, String)>,
}

/// What reads an answer of this form, where this build has it.
pub(super) fn reader(form: Form) -> Option<Reader> {
    match form {
        form::M3U => Some(m3u::read),
        form::PLS => Some(pls::read),
        form::XSPF => Some(xspf::read),
        form::ASX => Some(asx::read),
        _ => None,
    }
}

/// What the list offers that `first`, which is what `url` leads to, is the beginning of.
pub(super) async fn extraction(cx: &Context, url: &Url, read: Reader) -> Result<Extraction> {
    let answer = cx.whole_answer(url, MOST_OF_PLAYLIST).await?.ok()?;
    let mut list = read(&answer, &cx.limits())?;
    // Each entry has a copy.
    list.title = list.title.map(|title| title.chars().take(LONGEST).collect());
    let (handoffs, left_out) = handoffs(&list, answer.url(), |url| cx.knows(url));
    if handoffs.is_empty() {
        let reason = match (list.fault, left_out.as_slice()) {
            (Some(fault), _) => fault,
            (None, []) => "it is a playlist without an entry".to_owned(),
            (None, _) => "none of the entries of the playlist is a link of http or https".to_owned(),
        };
        return Err(Error::unsupported(shown(url), reason));
    }
    let warned = (!left_out.is_empty()).then(|| {
        let named = left_out.iter().take(NAMED).map(|it| it.chars().take(LONGEST).collect());
        let named = named.collect::<Vec<String>>().join(", ");
        let more = if left_out.len() > NAMED { ", …" } else { "" };
        format!(
            "of {} entries {} are left out, which lead to no http: {named}{more}",
            list.entries.len(),
            left_out.len()
        )
    });
    let warnings = list.fault.into_iter().chain(warned);
    let warnings = warnings.map(|told| Found::from(Warning::new(format!("generic: {}: {told}", shown(url)))));
    let found: Vec<Found> = warnings.chain(handoffs.into_iter().map(Found::from)).collect();
    Ok(Extraction::of(found))
}

/// A hand-off for each entry, and the entries that lead nowhere we go, as they may be shown. Addresses are of where the
/// list was. Two links that lead to one file are told by its uid; what tells those of a known site apart, that site knows.
fn handoffs(list: &List, base: &Url, is_known: impl Fn(&Url) -> bool) -> (Vec<Handoff>, Vec<String>) {
    let (mut handoffs, mut left_out, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    let count = list.entries.len() as u64;
    for (index, entry) in (1..).zip(&list.entries) {
        let urls = || entry.addresses.iter().map(|address| base.join(address.trim()));
        match urls().flatten().find(|url| matches!(url.scheme(), "http" | "https")) {
            Some(url) => {
                let key = if is_known(&url) { url.to_string() } else { common_link::uid(&url) };
                if seen.insert(key) {
                    let mut collection = Collection::default().with_index(index).with_count(count);
                    collection.title.clone_from(&list.title);
                    handoffs.push(Handoff::new(url).with_known(entry.known(collection)));
                }
            }
            None => left_out
                .push(urls().flatten().next().map_or_else(|| "no address".to_owned(), |url| shown(&url))),
        }
    }
    (handoffs, left_out)
}

impl Entry {
    fn known(&self, collection: Collection) -> Known {
        let mut known = Known::default();
        known.title.clone_from(&self.title);
        known.description.clone_from(&self.description);
        known.uploaded_by.clone_from(&self.creator);
        known
            .metadata
            .extend(self.rest.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())));
        // A file at its link is called by its own name first.
        if let Some(title) = &self.title {
            known.metadata.insert("title".to_owned(), title.as_str().into());
        }
        if let Some(seconds) = self.duration {
            known.metadata.insert("duration".to_owned(), seconds.into());
        }
        known.collection = Some(collection);
        known
    }
}

impl List {
    /// Takes one more entry, where `limits` allow it.
    fn push(&mut self, entry: Entry, limits: &Limits) -> Result<()> {
        let most = limits.most_segments();
        if self.entries.len() >= most {
            return Err(Error::over_limit("the playlist", format!("{most} entries")));
        }
        self.entries.push(entry);
        Ok(())
    }
}

/// The text of a list. Those that are not in UTF-8 are older than it.
fn text_of(answer: &Answer) -> String {
    let bytes = answer.body().strip_prefix(b"\xef\xbb\xbf").unwrap_or(answer.body());
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// `text` without the space around it, where there is more than that.
fn told(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}
