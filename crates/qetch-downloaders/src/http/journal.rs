//! The journal: what a download has durably fetched, in a file beside its part file.
//!
//! It is two lines: a JSON object, and the BLAKE3 hash of that line. A line that does not have its hash was torn or
//! changed by another, and is not believed. It holds no URL with a query and no credential: what proves that the rest
//! belongs to what is there is what the origin says, and where that is not enough the bytes themselves.

use std::{collections::BTreeSet, ops::Range, time::Duration};

use qetch_core::{Content, Gap, PartStart, shown};
use serde::{Deserialize, Serialize};

use super::{
    entity::Entity,
    source::{Left, Mark, Source},
    spans::Spans,
};

/// The form that is written. Another one is not read.
const FORMAT: u32 = 1;

/// What a journal says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    format: u32,
    /// Which content it is about.
    uid: String,
    extractor: String,
    /// Where that was found, for people who look.
    source: String,
    /// How many fragments it has.
    fragments: usize,
    /// Which list of fragments that is, where the uid does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    /// How many of them are whole: the first ones, one after the other, up to this offset of the file.
    pub(super) whole: usize,
    pub(super) end: u64,
    /// Which of those is the last that has bytes, and where it begins.
    #[serde(default)]
    pub(super) last_index: usize,
    pub(super) last: u64,
    /// What that was fetched from.
    #[serde(default)]
    pub(super) last_entity: Entity,
    /// What tells the last of those from others in a list that grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<Mark>,
    /// How much of the medium those are, in milliseconds, where that is known.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub(super) time: u64,
    /// Where parts begin in those, and when in the medium, in milliseconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parts: Vec<(u64, u64)>,
    /// Those that are missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gaps: Vec<SavedGap>,
    /// Fragments after those of which something is there.
    pub(super) open: Vec<Open>,
}

/// A fragment that is missing, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedGap {
    fragment: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration: Option<Duration>,
    reason: String,
}

impl From<Gap> for SavedGap {
    fn from(gap: Gap) -> Self {
        let Gap { fragment, sequence, start, duration, reason, .. } = gap;
        Self { fragment, sequence, start, duration, reason }
    }
}

impl SavedGap {
    pub(super) fn gap(&self) -> Gap {
        let mut gap = Gap::new(self.fragment, self.reason.clone());
        (gap.sequence, gap.start, gap.duration) = (self.sequence, self.start, self.duration);
        gap
    }
}

/// What a journal is about.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    uid: String,
    extractor: String,
    source: String,
    fragments: usize,
    fingerprint: Option<String>,
}

/// Fragments of which nobody can tell how many they are.
const ENDLESS: usize = u32::MAX as usize;

impl Subject {
    /// A content whose fragments come from `source`.
    pub(super) fn new(content: &Content, source: &dyn Source) -> Self {
        let fragments = source.count().unwrap_or(ENDLESS);
        Self { fragments, fingerprint: source.fingerprint(), ..Self::listed(content) }
    }

    /// A content that lists its fragments itself.
    pub(super) fn listed(content: &Content) -> Self {
        Self {
            uid: content.uid.clone(),
            extractor: content.extractor.clone(),
            source: shown(&content.source),
            fragments: content.fragments.len(),
            fingerprint: None,
        }
    }
}

/// A fragment of which something is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    /// Which of the content's fragments it is.
    pub(super) index: usize,
    /// Where it begins in the file.
    pub(super) base: u64,
    /// Where the resource behind it begins to be it.
    pub(super) from: u64,
    /// Its bytes.
    pub(super) size: u64,
    /// What it was fetched from.
    pub(super) entity: Entity,
    /// The offsets of it that are there.
    pub(super) done: Spans,
    /// Whether replies that nothing proved to be of one version brought it.
    pub(super) mixed: bool,
    /// Where replies began to bring it: what lies between two of these came as one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) seams: BTreeSet<u64>,
}

impl Open {
    /// Whether all of it is there and known to be of one version.
    pub(super) fn is_whole(&self) -> bool {
        !self.mixed && self.done.count() == self.size
    }

    /// What is there, cut where another reply began.
    pub(super) fn runs(&self) -> Vec<Range<u64>> {
        let mut runs = Vec::new();
        for run in self.done.runs() {
            let mut start = run.start;
            for seam in self.seams.range(run.start + 1..run.end) {
                runs.push(start..*seam);
                start = *seam;
            }
            runs.push(start..run.end);
        }
        runs
    }
}

impl Journal {
    /// A journal about `subject` that says nothing yet.
    pub(super) fn new(subject: &Subject) -> Self {
        let Subject { uid, extractor, source, fragments, fingerprint } = subject.clone();
        Self {
            format: FORMAT,
            uid,
            extractor,
            source,
            fragments,
            fingerprint,
            whole: 0,
            end: 0,
            last_index: 0,
            last: 0,
            last_entity: Entity::default(),
            mark: None,
            time: 0,
            parts: Vec::new(),
            gaps: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Notes that a part begins at `offset` of the file, and at `time` of the medium.
    pub(super) fn part_begins(&mut self, offset: u64, time: Duration) {
        self.parts.push((offset, milliseconds(time)));
    }

    /// Notes that what is whole reaches to this time of the medium.
    pub(super) fn reaches(&mut self, time: Duration) {
        self.time = self.time.max(milliseconds(time));
    }

    /// What of a list that goes on is whole.
    pub(super) fn left(&self) -> Left {
        Left {
            whole: self.whole,
            mark: self.mark,
            begin: self.parts.first().map(|(_, time)| Duration::from_millis(*time)),
            end: Duration::from_millis(self.time),
        }
    }

    /// How many parts begin in what is whole, and how many fragments of it are missing, together.
    pub(super) fn notes(&self) -> usize {
        self.parts.len() + self.gaps.len()
    }

    /// Whether it is about a list that goes on, of which something is there.
    pub(super) fn is_recording(&self) -> bool {
        self.fragments == ENDLESS && self.end > 0
    }

    /// Whether it is about this content, whatever its fragments are by now.
    #[cfg(any(feature = "hls", feature = "dash"))]
    pub(super) fn is_of(&self, content: &Content) -> bool {
        (&self.uid, &self.extractor) == (&content.uid, &content.extractor)
    }

    /// Where parts begin.
    pub(super) fn parts(&self) -> Vec<PartStart> {
        let part = |&(offset, time)| PartStart::new(offset, Duration::from_millis(time));
        self.parts.iter().map(part).collect()
    }

    /// Notes that a fragment is missing.
    pub(super) fn is_missing(&mut self, gap: Gap) {
        self.gaps.push(gap.into());
    }

    /// The fragments that are missing.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        self.gaps.iter().map(SavedGap::gap).collect()
    }

    /// The journal in `bytes`, unless it is torn, of another form, or cannot be true.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is no text")?;
        let (line, hash) = text.split_once('\n').ok_or("it ends within its first line")?;
        if hash.strip_suffix('\n') != Some(blake3::hash(line.as_bytes()).to_hex().as_str()) {
            return Err("it was torn, or changed by another".into());
        }
        let journal: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if journal.format != FORMAT {
            return Err(format!("it has form {}, and {FORMAT} is known", journal.format));
        }
        journal.check().map(|()| journal).ok_or_else(|| "it contradicts itself".into())
    }

    /// The bytes of the file.
    pub(super) fn write(&self) -> Result<Vec<u8>, serde_json::Error> {
        let line = serde_json::to_string(self)?;
        let hash = blake3::hash(line.as_bytes()).to_hex();
        Ok(format!("{line}\n{hash}\n").into_bytes())
    }

    /// It with these fragments that are not whole.
    pub(super) fn with_open(&self, open: Vec<Open>) -> Self {
        Self { open, ..self.clone() }
    }

    /// Whether it is about a content of one fragment, which is never counted among the whole ones: what it was fetched
    /// from would be forgotten.
    pub(super) fn is_about_one(&self) -> bool {
        self.fragments == 1 && self.fingerprint.is_none()
    }

    /// Whether it is about `subject`. Links may have been made anew since, so they do not tell.
    pub(super) fn is_about(&self, subject: &Subject) -> bool {
        let own = (&self.uid, &self.extractor, self.fragments, &self.fingerprint);
        own == (&subject.uid, &subject.extractor, subject.fragments, &subject.fingerprint)
    }

    /// How long the part file must be at least.
    pub(super) fn reach(&self) -> u64 {
        self.open.iter().map(|open| open.base + open.done.end()).fold(self.end, u64::max)
    }

    /// Bytes that are there.
    pub(super) fn count(&self) -> u64 {
        self.end + self.open.iter().map(|open| open.done.count()).sum::<u64>()
    }

    fn check(&self) -> Option<()> {
        let (mut next, mut free) = (self.whole, self.end);
        let sound = self.open.iter().all(|open| {
            let in_order = open.index >= next && open.index < self.fragments && open.base >= free;
            let ends = open.base.checked_add(open.size);
            (next, free) = (open.index.saturating_add(1), ends.unwrap_or(u64::MAX));
            let fits = open.done.end() <= open.size && ends.is_some();
            let entity = open
                .entity
                .complete
                .is_some_and(|complete| open.from.checked_add(open.size).is_some_and(|end| end <= complete));
            in_order && fits && entity
        });
        let last = self.last <= self.end && (self.end == 0 || self.last_index < self.whole);
        let whole = self.whole <= self.fragments && last;
        (sound && whole).then_some(())
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_nothing(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use qetch_core::{Fragment, Kind, Url};

    use super::*;

    fn content() -> Content {
        let url = Url::parse("https://me:pw@h.example/a?sig=s3cret").unwrap();
        let fragments = [Fragment::new(url.clone()), Fragment::new(url.clone())];
        Content::new("uid", Kind::Video, url, fragments)
    }

    fn journal() -> Journal {
        let mut done = Spans::default();
        done.insert(10..20);
        let entity = Entity { complete: Some(50), etag: Some("\"a\"".into()), ..Entity::default() };
        let seams = BTreeSet::from([3, 10, 15, 20]);
        let open = Open { index: 1, base: 7, from: 0, size: 50, entity, done, mixed: false, seams };
        Journal { whole: 1, end: 7, open: vec![open], ..Journal::new(&Subject::listed(&content())) }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = journal().write().unwrap();
        assert_eq!(Journal::read(&bytes), Ok(journal()));
        assert_eq!((journal().reach(), journal().count()), (27, 17));
        assert_eq!(journal().open[0].runs(), [10..15, 15..20]);
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("s3cret") && !text.contains("pw"), "{text}");
    }

    #[test]
    fn a_torn_or_changed_one_is_not_believed() {
        let bytes = journal().write().unwrap();
        for len in 0..bytes.len() {
            assert!(Journal::read(&bytes[..len]).is_err(), "{len}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Journal::read(&changed).is_err(), "{at}");
        }
        let mut grown = bytes;
        grown.push(b'\n');
        assert!(Journal::read(&grown).is_err());
    }

    #[test]
    fn one_that_contradicts_itself_is_not_believed() {
        let wrong = |change: fn(&mut Journal)| {
            let mut journal = journal();
            change(&mut journal);
            Journal::read(&journal.write().unwrap()).unwrap_err()
        };
        let contradicts = "it contradicts itself";
        assert_eq!(wrong(|it| it.open[0].size = 5), contradicts);
        assert_eq!(wrong(|it| it.open[0].index = 2), contradicts);
        assert_eq!(wrong(|it| it.open[0].index = 0), contradicts);
        assert_eq!(wrong(|it| it.open[0].base = 3), contradicts);
        assert_eq!(wrong(|it| it.open[0].base = u64::MAX), contradicts);
        assert_eq!(wrong(|it| it.open[0].from = 1), contradicts);
        assert_eq!(wrong(|it| it.open[0].entity.complete = None), contradicts);
        assert_eq!(wrong(|it| it.whole = 3), contradicts);
        assert_eq!(wrong(|it| it.last_index = 1), contradicts);
        let two_in_one_place = |it: &mut Journal| {
            it.fragments = 3;
            it.open.push(Open { index: 2, ..it.open[0].clone() });
        };
        assert_eq!(wrong(two_in_one_place), contradicts);
        assert!(wrong(|it| it.format = 2).contains("form 2"));
    }

    #[test]
    fn another_content_is_another_journal() {
        let about = |content: &Content| journal().is_about(&Subject::listed(content));
        assert!(about(&content()));
        let mut other = content();
        other.uid = "other".into();
        assert!(!about(&other));
        let mut longer = content();
        longer.fragments.push(longer.fragments[0].clone());
        assert!(!about(&longer));
        let another = Subject { fingerprint: Some("b".into()), ..Subject::listed(&content()) };
        assert!(!journal().is_about(&another));
    }
}
