//! The sizes of a content's fragments, as they become known.

use std::sync::{Mutex, MutexGuard};

use qetch_core::Meter;

use super::lock::lock;

/// The sizes of a content's fragments: their sum is what progress counts towards.
#[derive(Debug)]
pub(super) struct Sizes(Mutex<Vec<Option<u64>>>);

impl Sizes {
    /// Sizes that are known beforehand.
    pub(super) fn new(sizes: Vec<Option<u64>>, meter: &Meter) -> Self {
        meter.set_total(sum(&sizes));
        Self(Mutex::new(sizes))
    }

    /// Notes the size of a fragment, as an answer tells it.
    pub(super) fn learn(&self, index: usize, size: Option<u64>, meter: &Meter) {
        let mut sizes = self.sizes();
        if let Some(slot) = sizes.get_mut(index) {
            *slot = size;
        }
        meter.set_total(sum(&sizes));
    }

    /// The size of the whole, once that of every fragment is known.
    pub(super) fn sum(&self) -> Option<u64> {
        sum(&self.sizes())
    }

    /// The least that the whole can be.
    pub(super) fn at_least(&self) -> u64 {
        self.sizes().iter().flatten().fold(0, |sum, size| sum.saturating_add(*size))
    }

    fn sizes(&self) -> MutexGuard<'_, Vec<Option<u64>>> {
        lock(&self.0)
    }
}

/// The sum of `sizes`, where all are known. Strangers write them: one that no file can have is not known either.
fn sum(sizes: &[Option<u64>]) -> Option<u64> {
    sizes.iter().try_fold(0_u64, |sum, size| sum.checked_add((*size)?))
}
