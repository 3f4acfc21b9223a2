//! The sizes of a content's fragments, as they become known: what progress counts towards, and where each fragment begins
//! in the file.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use qetch_core::Meter;
use tokio::{sync::Notify, time::timeout};

use super::lock::lock;

/// How long the answers before a fragment are waited for, to write it where it belongs at once. What arrives meanwhile
/// waits in the buffers of its connection.
const PATIENCE: Duration = Duration::from_millis(200);

/// The sizes of a content's fragments.
#[derive(Debug)]
pub(super) struct Sizes {
    table: Mutex<Table>,
    /// Told when a size becomes known.
    changed: Notify,
}

#[derive(Debug)]
struct Table {
    /// Those of the fragments that are not in their place, from the first of these on.
    sizes: VecDeque<Size>,
    /// How many fragments there are in all, where that is known.
    count: Option<usize>,
    /// The sizes that are told, together, and how many those are. Strangers write them, so they may not add up.
    told: (Option<u64>, usize),
    /// The fragment before which all are in their place, and where it begins.
    next: (usize, u64),
}

/// What is known of a size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Size {
    /// No answer has come.
    #[default]
    Unknown,
    /// The answer does not tell, or not how many bytes of the file it brings: those are known when they are there.
    Untold(Option<u64>),
    /// So many bytes of the file.
    Told(u64),
}

impl Size {
    fn bytes(self) -> Option<u64> {
        match self {
            Self::Told(size) | Self::Untold(Some(size)) => Some(size),
            _ => None,
        }
    }
}

/// Where a fragment begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    At(u64),
    /// An answer before it is still to come.
    Soon,
    /// It is known when what comes before it is there.
    Later,
}

impl Sizes {
    /// Sizes of `count` fragments, or of nobody knows how many, of which those are known beforehand.
    pub(super) fn new(known: &[Option<u64>], count: Option<usize>, meter: &Meter) -> Self {
        let mut table = Table { sizes: VecDeque::new(), count, told: (Some(0), 0), next: (0, 0) };
        for (index, size) in known.iter().enumerate() {
            if let Some(size) = size {
                table.set(index, Size::Told(*size));
            }
        }
        table.tell(meter);
        Self { table: Mutex::new(table), changed: Notify::new() }
    }

    /// Notes the size of a fragment, as its answer tells it; `places` says whether that is how many bytes of the file it is.
    pub(super) fn learn(&self, index: usize, size: Option<u64>, places: bool, meter: &Meter) {
        let mut table = self.table();
        let size = match size {
            Some(size) if places => Size::Told(size),
            size => Size::Untold(size),
        };
        table.set(index, size);
        table.tell(meter);
        drop(table);
        self.changed.notify_waiters();
    }

    /// Notes that all fragments before `index` are in their place, and end here.
    pub(super) fn settle(&self, index: usize, end: u64, meter: &Meter) {
        let mut table = self.table();
        table.settle(index, end);
        table.tell(meter);
        drop(table);
        self.changed.notify_waiters();
    }

    /// Notes that there are so many fragments after all.
    pub(super) fn end_at(&self, count: usize, meter: &Meter) {
        let mut table = self.table();
        table.count = Some(count);
        table.tell(meter);
    }

    /// Begins again with what is known beforehand.
    pub(super) fn restart(&self, known: &[Option<u64>], meter: &Meter) {
        let count = self.table().count;
        let fresh = Self::new(known, count, meter);
        std::mem::swap(&mut *self.table(), &mut *fresh.table());
    }

    /// Where the fragment at `index` begins, if that is known now.
    pub(super) fn base(&self, index: usize) -> Option<u64> {
        match self.table().base(index) {
            Base::At(base) => Some(base),
            Base::Soon | Base::Later => None,
        }
    }

    /// Where the fragment at `index` begins, if that becomes known soon.
    pub(super) async fn base_soon(&self, index: usize) -> Option<u64> {
        let known = async {
            loop {
                let changed = self.changed.notified();
                match self.table().base(index) {
                    Base::At(base) => return Some(base),
                    Base::Later => return None,
                    Base::Soon => (),
                }
                changed.await;
            }
        };
        timeout(PATIENCE, known).await.ok().flatten()
    }

    /// The size of the whole, once that of every fragment is known.
    pub(super) fn sum(&self) -> Option<u64> {
        self.table().sum()
    }

    /// The least that the whole can be.
    pub(super) fn at_least(&self) -> u64 {
        self.table().told.0.unwrap_or(u64::MAX)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

impl Table {
    fn set(&mut self, index: usize, size: Size) {
        // Of those that are in their place, where they end is all that is needed.
        let Some(at) = index.checked_sub(self.next.0) else { return };
        if at >= self.sizes.len() {
            self.sizes.resize(at + 1, Size::Unknown);
        }
        let before = std::mem::replace(&mut self.sizes[at], size);
        let (sum, count) = self.told;
        let without = sum.and_then(|sum| sum.checked_sub(before.bytes().unwrap_or(0)));
        let sum = without.and_then(|sum| sum.checked_add(size.bytes().unwrap_or(0)));
        let count = count + usize::from(size.bytes().is_some()) - usize::from(before.bytes().is_some());
        // What did not add up may do so now.
        self.told = (sum.or_else(|| self.added()), count);
    }

    fn settle(&mut self, index: usize, end: u64) {
        let (first, begins) = self.next;
        let (mut sum, mut count) = self.told;
        for _ in first..index {
            let bytes = self.sizes.pop_front().and_then(Size::bytes);
            sum = sum.and_then(|sum| sum.checked_sub(bytes.unwrap_or(0)));
            count += usize::from(bytes.is_none());
        }
        let sum = sum.and_then(|sum| sum.checked_add(end.saturating_sub(begins)));
        self.next = (index, end);
        self.told = (sum.or_else(|| self.added()), count);
    }

    /// All that is told, added up.
    fn added(&self) -> Option<u64> {
        self.sizes.iter().filter_map(|size| size.bytes()).try_fold(self.next.1, u64::checked_add)
    }

    fn base(&self, index: usize) -> Base {
        let (from, mut base) = self.next;
        let mut is_soon = false;
        for at in 0..index.saturating_sub(from) {
            match self.sizes.get(at).copied().unwrap_or_default() {
                Size::Told(size) => match base.checked_add(size) {
                    Some(sum) => base = sum,
                    None => return Base::Later,
                },
                Size::Unknown => is_soon = true,
                Size::Untold(_) => return Base::Later,
            }
        }
        if is_soon { Base::Soon } else { Base::At(base) }
    }

    fn sum(&self) -> Option<u64> {
        let (sum, told) = self.told;
        sum.filter(|_| self.count == Some(told))
    }

    /// What the whole will be if the fragments of which nothing is known are like the others.
    fn estimate(&self) -> Option<u64> {
        let ((Some(sum), told), Some(count)) = (self.told, self.count) else { return None };
        (told > 0).then(|| u64::try_from(u128::from(sum) * count as u128 / told as u128).ok()).flatten()
    }

    fn tell(&self, meter: &Meter) {
        match self.sum() {
            Some(sum) => meter.set_total(Some(sum)),
            None => meter.set_estimate(self.estimate()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_fragment_begins_where_those_before_it_end() {
        let meter = Meter::new(4);
        let sizes = Sizes::new(&[], Some(4), &meter);
        assert_eq!((sizes.base(0), sizes.base(1), sizes.sum()), (Some(0), None, None));
        sizes.learn(1, Some(20), true, &meter);
        let (base, ()) = tokio::join!(sizes.base_soon(2), async {
            tokio::task::yield_now().await;
            sizes.learn(0, Some(10), true, &meter);
        });
        assert_eq!(base, Some(30));
        // The answer to the third does not tell: what comes behind it is not waited for.
        sizes.learn(2, None, true, &meter);
        let begun = tokio::time::Instant::now();
        assert_eq!((sizes.base_soon(3).await, begun.elapsed()), (None, Duration::ZERO));
        sizes.settle(3, 35, &meter);
        assert_eq!((sizes.base(3), sizes.at_least()), (Some(35), 35));
        sizes.settle(4, 40, &meter);
        assert_eq!(sizes.base(4), Some(40));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_come_is_not_waited_for_long() {
        let sizes = Sizes::new(&[], Some(2), &Meter::new(2));
        let begun = tokio::time::Instant::now();
        assert_eq!((sizes.base_soon(1).await, begun.elapsed()), (None, PATIENCE));
    }

    #[test]
    fn the_total_is_estimated_until_it_is_known() {
        let meter = Meter::new(4);
        let sizes = Sizes::new(&[], Some(4), &meter);
        assert_eq!(meter.read().total, None);
        let total = || (meter.read().total, meter.read().is_estimate);
        sizes.learn(0, Some(10), true, &meter);
        assert_eq!(total(), (Some(40), true));
        sizes.learn(1, Some(20), false, &meter);
        assert_eq!(total(), (Some(60), true));
        (2..4).for_each(|index| sizes.learn(index, Some(10), true, &meter));
        assert_eq!((total(), sizes.sum()), ((Some(50), false), Some(50)));
        sizes.settle(1, 10, &meter);
        sizes.settle(2, 25, &meter);
        assert_eq!(total(), (Some(45), false), "what came of a coded one is less");
    }

    #[test]
    fn what_is_in_its_place_costs_no_memory() {
        let meter = Meter::new(0);
        let sizes = Sizes::new(&[], None, &meter);
        for index in 0..1_000_000 {
            sizes.learn(index + 1, Some(7), false, &meter);
            sizes.settle(index + 1, 7 * (index as u64 + 1), &meter);
        }
        assert_eq!((sizes.base(1_000_000), sizes.at_least()), (Some(7_000_000), 7_000_007));
        assert!(sizes.table().sizes.capacity() <= 16, "{}", sizes.table().sizes.capacity());
        sizes.end_at(1_000_001, &meter);
        assert_eq!(sizes.sum(), Some(7_000_007));
    }

    #[test]
    fn what_no_file_can_have_is_not_known() {
        let meter = Meter::new(2);
        let sizes = Sizes::new(&[Some(u64::MAX), Some(1)], Some(2), &meter);
        assert_eq!((sizes.sum(), sizes.base(2), sizes.at_least()), (None, None, u64::MAX));
        sizes.learn(0, Some(5), true, &meter);
        assert_eq!((sizes.sum(), sizes.base(2)), (Some(6), Some(6)));
    }
}
