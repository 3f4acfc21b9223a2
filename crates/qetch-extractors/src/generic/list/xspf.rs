//! XSPF lists, version 1 and before it version 0 (xspf.org/spec, section 4).

use qetch_core::{Answer, Limits, Result};

use super::{Entry, List};
use crate::common_xml::{self, Element};

pub(super) fn read(answer: &Answer, limits: &Limits) -> Result<List> {
    let document = common_xml::read(&common_xml::text_of(answer), |_| ());
    let fault = document.fault.map(|fault| format!("the XSPF playlist is broken in line {}", fault.line()));
    let mut list = List { fault, ..List::default() };
    let Some(root) = document.root else { return Ok(list) };
    list.title = text(&root, "title");
    let tracks = root.all((), "trackList").flat_map(|it| it.all((), "track"));
    for track in tracks.filter(|track| track.is_whole()) {
        list.push(entry(track), limits)?;
    }
    Ok(list)
}

fn entry(track: &Element<()>) -> Entry {
    let addresses = track.all((), "location").filter_map(Element::text).map(str::to_owned).collect();
    let milliseconds = text(track, "duration").and_then(|it| it.parse::<u64>().ok()).filter(|&it| it > 0);
    let rest = [("album", "album"), ("trackNum", "track"), ("image", "image"), ("info", "link")];
    Entry {
        addresses,
        title: text(track, "title"),
        creator: text(track, "creator"),
        description: text(track, "annotation"),
        duration: milliseconds.map(|it| it as f64 / 1000.0),
        rest: rest.into_iter().filter_map(|(name, told)| Some((told, text(track, name)?))).collect(),
    }
}

fn text(element: &Element<()>, name: &str) -> Option<String> {
    element.text_of((), name).map(str::to_owned)
}
