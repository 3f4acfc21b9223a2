//! `Place`: where the bytes of a fragment go.

use std::sync::Arc;

use super::{keeper::Keeper, part::Part};

/// Where the bytes of a fragment go: to their offset in the part file, onto the shelf, or to a file of their own.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) part: Arc<Part>,
    /// Where the fragment begins there.
    pub(super) base: u64,
    /// Keeps the journal of `part`, if it has one.
    pub(super) keeper: Option<Arc<Keeper>>,
    /// Where it goes instead, once it is known where it begins there.
    pub(super) home: Option<Arc<Place>>,
}

impl Place {
    /// At `base` of the part file that `keeper` keeps the journal of.
    pub(super) fn of_file(keeper: &Arc<Keeper>, base: u64) -> Self {
        Self { part: keeper.part().clone(), base, keeper: Some(keeper.clone()), home: None }
    }

    /// In a file of which no journal speaks.
    pub(super) fn apart(part: Arc<Part>) -> Self {
        Self { part, base: 0, keeper: None, home: None }
    }

    /// The same, where the fragment begins at `base`.
    pub(super) fn at(self, base: u64) -> Self {
        Self { base, ..self }
    }

    /// What waits there for its turn, if it does.
    pub(super) fn shelved(&self) -> Option<Arc<Part>> {
        self.keeper.is_none().then(|| self.part.clone())
    }
}
