//! M3U lists: an address a line, and lines with `#` that tell of the next one.
//!
//! There is no standard; these are the tags of Winamp and of lists of television stations.

use qetch_core::{Answer, Limits, Result, lenient::seconds_in};

use super::{Entry, List, text_of, told};

/// Tags with one value, and what they tell.
const TELLING: [(&str, &str); 4] =
    [("#EXTALB", "album"), ("#EXTGENRE", "genre"), ("#EXTGRP", "group"), ("#EXTIMG", "image")];

pub(super) fn read(answer: &Answer, limits: &Limits) -> Result<List> {
    let (mut list, mut entry) = (List::default(), Entry::default());
    for line in text_of(answer).lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !line.starts_with('#') {
            entry.addresses.push(line.to_owned());
            list.push(std::mem::take(&mut entry), limits)?;
            continue;
        }
        let Some((tag, value)) = line.split_once(':') else { continue };
        match tag {
            "#EXTINF" => (entry.duration, entry.title) = information(value),
            "#EXTART" => entry.creator = told(value),
            "#PLAYLIST" => list.title = told(value),
            _ => {
                let name = TELLING.iter().find(|(it, _)| *it == tag).map(|(_, name)| *name);
                entry.rest.extend(name.zip(told(value)));
            }
        }
    }
    Ok(list)
}

/// Seconds and title: `123,Artist - Title`, with attributes before the comma in lists of stations.
fn information(value: &str) -> (Option<f64>, Option<String>) {
    let mut is_quoted = false;
    let comma = value.bytes().position(|byte| {
        is_quoted ^= byte == b'"';
        byte == b',' && !is_quoted
    });
    let (before, title) = comma.map_or((value, ""), |at| (&value[..at], &value[at + 1..]));
    // What has no end is written as -1.
    (before.split_whitespace().next().and_then(seconds_in), told(title))
}
