//! PLS lists: `File1=`, `Title1=` and `Length1=`, as radio stations hand them out.

use std::collections::BTreeMap;

use qetch_core::{Answer, Limits, Result, lenient::seconds_in};

use super::{Entry, List, text_of, told};

pub(super) fn read(answer: &Answer, limits: &Limits) -> Result<List> {
    let mut entries = BTreeMap::<u64, Entry>::new();
    let mut list = List::default();
    for line in text_of(answer).lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = (name.trim().to_ascii_lowercase(), told(value));
        let digits = name.trim_start_matches(|it: char| !it.is_ascii_digit());
        let Ok(number) = digits.parse() else { continue };
        if !entries.contains_key(&number) {
            // Counted here, so that no more are held than may be.
            list.push(Entry::default(), limits)?;
        }
        let entry = entries.entry(number).or_default();
        match name.strip_suffix(digits) {
            Some("file") => entry.addresses.extend(value),
            Some("title") => entry.title = value,
            // What has no end is written as -1.
            Some("length") => entry.duration = value.and_then(|it| seconds_in(&it)),
            _ => (),
        }
    }
    list.entries = entries.into_values().filter(|entry| !entry.addresses.is_empty()).collect();
    Ok(list)
}
