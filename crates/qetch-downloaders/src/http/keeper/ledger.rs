//! `Ledger`: what has landed of a file, and which of its fragments are whole.

use std::{collections::BTreeMap, time::Duration};

use qetch_core::Gap;

use super::super::{
    entity::Entity,
    journal::{Journal, Open},
    source::Mark,
    spans::Spans,
};

/// What has landed, whether it is durable or not.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Whole fragments, and whom it is about.
    pub(super) journal: Journal,
    pub(super) open: BTreeMap<usize, Open>,
    /// What is noted of fragments when all before them and they themselves are whole.
    pub(super) notes: BTreeMap<usize, Note>,
    /// Bytes that landed since the last journal.
    pub(super) unwritten: u64,
}

/// What is noted of a fragment when it is whole.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) begins_part: Option<Duration>,
    pub(super) mark: Option<Mark>,
    /// Where it ends in the medium.
    pub(super) ends: Option<Duration>,
    pub(super) gap: Option<Gap>,
}

impl Ledger {
    /// What a journal says of it.
    pub(super) fn journal(&self) -> Journal {
        let open = self.open.values().filter(|open| !open.done.runs().is_empty()).cloned().collect();
        self.journal.with_open(open)
    }

    /// Notes that a fragment is whole, and of one version.
    pub(super) fn is_whole(&mut self, index: usize, base: u64, size: u64, entity: &Entity) {
        // Once all of its bytes have landed, and those before it are whole, it counts as one of them.
        if index < self.journal.whole {
            return;
        }
        let open = self.open.remove(&index);
        let from = open.as_ref().map_or(0, |open| open.from);
        let complete = entity.complete.or(Some(from + size));
        let entity = Entity { complete, ..entity.clone() };
        let seams = open.map(|open| open.seams).unwrap_or_default();
        let mut done = Spans::default();
        done.insert(0..size);
        self.open.insert(index, Open { index, base, from, size, entity, done, mixed: false, seams });
        let is_one = self.journal.is_about_one();
        // One that lies elsewhere than where those before it end is found out when it is its turn.
        let follows = |open: &&Open, end: u64| !is_one && open.is_whole() && open.base == end;
        while let Some(next) =
            self.open.get(&self.journal.whole).filter(|open| follows(open, self.journal.end))
        {
            if next.size > 0 {
                (self.journal.last_index, self.journal.last) = (next.index, next.base);
                self.journal.last_entity = next.entity.clone();
            }
            self.journal.end = next.base + next.size;
            if let Some(note) = self.notes.remove(&self.journal.whole) {
                if let Some(time) = note.begins_part {
                    self.journal.part_begins(next.base, time);
                }
                self.journal.mark = note.mark.or(self.journal.mark);
                if let Some(ends) = note.ends {
                    self.journal.reaches(ends);
                }
                if let Some(gap) = note.gap {
                    self.journal.is_missing(gap);
                }
            }
            self.open.remove(&self.journal.whole);
            self.journal.whole += 1;
        }
        self.unwritten += size;
    }
}
