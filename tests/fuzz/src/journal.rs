//! What lies on a disk where others may write: the journal, the note on a finished file, and the sets that they hold.

use std::{collections::BTreeSet, ops::Range};

use http::{HeaderValue, header};
use qetch_core::{Content, Fragment, Kind, Url};
use qetch_downloaders::http::fuzz::{self, Record, Set};
use serde_json::Value;

/// A journal that is believed writes back equal, speaks of each byte of the file once, and of nothing past the fragments
/// it has. The input is the file, and is taken for its first line as well, with the hash that makes it believed.
pub fn journal(data: &[u8]) {
    believed(data);
    if let Ok(line) = std::str::from_utf8(data) {
        believed(&Record::sealed(line));
    }
}

fn believed(bytes: &[u8]) {
    let Some(record) = Record::read(bytes) else { return };
    let written = record.write().unwrap();
    assert_eq!(Record::read(&written).as_ref(), Some(&record), "what is written is another journal");

    let (whole, end, last_index, last) = record.whole();
    assert!(last <= end && (end == 0 || last_index < whole), "{last_index} {last}..{end} of {whole}");
    let (mut fragments, mut place, mut there) = (whole, end, end);
    let (reach, count) = record.reach();
    for begun in record.begun() {
        assert!(begun.index >= fragments, "a fragment that is told twice");
        assert!(begun.place.start >= place, "two fragments in one place: {:?}", begun.place);
        (fragments, place) = (begun.index + 1, begun.place.end);
        let size = begun.place.end - begun.place.start;
        let mut next = 0;
        for run in &begun.runs {
            assert!(run.start >= next && run.start < run.end && run.end <= size, "{run:?} of {size}");
            (next, there) = (run.end, there + (run.end - run.start));
        }
        assert!(begun.place.start + next <= reach, "past what the file must have");
    }
    assert_eq!(count, there);
    assert!(count <= reach && reach <= place.max(end), "{count} bytes there, of {reach}");
    let _ = record.is_about(&content());
}

/// A note that is read is written the same, and proves nothing about another content or another version.
pub fn note(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (tag, date) = ("\"5f3c\"", "Wed, 21 Oct 2015 07:28:00 GMT");
    let headers = [
        (header::ETAG, HeaderValue::from_static(tag)),
        (header::LAST_MODIFIED, HeaderValue::from_static(date)),
        (header::DATE, HeaderValue::from_static("Thu, 22 Oct 2015 07:28:00 GMT")),
    ];
    let headers = headers.into_iter().collect();
    let read = |text: &str| fuzz::note(text, &content(), &headers, 9);
    let Some((written, says)) = read(text) else { return };
    assert_eq!(read(&written), Some((written.clone(), says)));
    if says {
        let noted: Value = serde_json::from_str(&written).unwrap();
        let (uid, extractor) = (&noted["uid"], &noted["extractor"]);
        assert_eq!((uid.as_str(), extractor.as_str()), (Some("uid"), Some("site")));
        // Two that have tags are one version by those alone.
        assert_eq!(noted["entity"]["etag"].as_str(), Some(tag));
        assert!(noted["entity"]["complete"].as_u64().is_none_or(|size| size == 9));
    }
}

/// A set of offsets is the set of its offsets, whatever is put into it, and is read back only where it is in order. The
/// input is taken for the saved form, and for runs: each two bytes are a start and a length.
pub fn spans(data: &[u8]) {
    if let Some(set) = std::str::from_utf8(data).ok().and_then(Set::read) {
        let written = set.write().unwrap();
        assert_eq!(Set::read(&written).as_ref(), Some(&set));
        in_order(set.runs());
        let mut again = Set::default();
        set.runs().iter().rev().for_each(|run| again.insert(run.clone()));
        assert_eq!(again, set);
    }
    // What lies at the upper end as well as at the lower one.
    for base in [0, u64::MAX - 512] {
        let (mut set, mut offsets) = (Set::default(), BTreeSet::new());
        for pair in data.chunks_exact(2).take(64) {
            let start = base + u64::from(pair[0]);
            let run = start..start + u64::from(pair[1]);
            offsets.extend(run.clone());
            set.insert(run);
        }
        in_order(set.runs());
        assert!(set.runs().iter().cloned().flatten().eq(offsets.iter().copied()));
        assert_eq!(set.count(), offsets.len() as u64);
        let missing = set.missing(base + 300);
        in_order(&missing);
        let below: u64 =
            set.runs().iter().map(|run| run.end.min(base + 300) - run.start.min(base + 300)).sum();
        let missed: u64 = missing.iter().map(|run| run.end - run.start).sum();
        assert_eq!(below + missed, base + 300, "each offset is there or missing");
    }
}

fn in_order(runs: &[Range<u64>]) {
    assert!(runs.iter().all(|run| run.start < run.end), "an empty run: {runs:?}");
    assert!(runs.windows(2).all(|pair| pair[0].end < pair[1].start), "runs that touch: {runs:?}");
}

fn content() -> Content {
    let url = Url::parse("https://site.example/f").unwrap();
    let mut content = Content::new("uid", Kind::Video, url.clone(), [Fragment::new(url)]);
    content.extractor = "site".into();
    content
}
