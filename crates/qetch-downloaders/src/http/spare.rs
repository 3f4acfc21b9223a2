//! `Spare`: connections that no fragment begins with any more, lent to those that are still under way.

use std::sync::{Arc, Mutex};

use qetch_core::DownloadOptions;
use tokio::sync::{Notify, futures::Notified};

use super::lock::lock;

/// The connections of a download that are nobody's. Clones are one count.
#[derive(Clone, Debug)]
pub(super) struct Spare(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The connections of the download in all.
    most: usize,
    count: Mutex<Count>,
    /// Told when there may be more of them.
    more: Notify,
}

#[derive(Debug, Default)]
struct Count {
    free: usize,
    lent: usize,
}

/// A connection that is lent until this is dropped.
#[derive(Debug)]
pub(super) struct Lent(Spare);

impl Spare {
    /// Those of a download of which a host gives `most_of_host`. None is ever lent where the user said how many connections a
    /// fragment has.
    pub(super) fn new(options: &DownloadOptions, most_of_host: usize) -> Self {
        let all = options.max_fragments.saturating_mul(options.max_connections).min(most_of_host);
        let most = if options.spend_freely { all } else { 0 };
        Self(Arc::new(Shared { most, count: Mutex::default(), more: Notify::new() }))
    }

    /// Says how many of all connections are needed, those that are lent left out.
    pub(super) fn but_for(&self, needed: usize) {
        let free = self.0.most.saturating_sub(needed);
        let before = std::mem::replace(&mut lock(&self.0.count).free, free);
        if free > before {
            self.0.more.notify_waiters();
        }
    }

    /// Whether one could be lent now.
    pub(super) fn is_any(&self) -> bool {
        let count = lock(&self.0.count);
        count.lent < count.free
    }

    /// Lends one, if there is one.
    pub(super) fn lend(&self) -> Option<Lent> {
        let mut count = lock(&self.0.count);
        if count.lent >= count.free {
            return None;
        }
        count.lent += 1;
        Some(Lent(self.clone()))
    }

    /// Ends when there may be more of them, from the moment of this call on.
    pub(super) fn more(&self) -> Notified<'_> {
        self.0.more.notified()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        lock(&self.0.0.count).lent -= 1;
        self.0.0.more.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_lent_than_nobody_needs() {
        let spare = Spare::new(&DownloadOptions::auto(), 9);
        assert!(spare.lend().is_none(), "all are needed until it is said");
        spare.but_for(6);
        let lent = [spare.lend(), spare.lend()];
        assert!(lent.iter().all(Option::is_some) && !spare.is_any() && spare.lend().is_none());
        // What is needed again comes back when it is no more used.
        spare.but_for(7);
        let [one, other] = lent;
        drop(one);
        assert!(spare.lend().is_none());
        drop(other);
        assert!(spare.lend().is_some());
    }

    #[test]
    fn what_a_host_does_not_give_and_the_user_did_not_leave_open_is_not_lent() {
        let check = |options: &DownloadOptions, most_of_host: usize, expected: usize| {
            let spare = Spare::new(options, most_of_host);
            spare.but_for(1);
            assert_eq!(std::iter::from_fn(|| spare.lend().map(std::mem::forget)).count(), expected);
        };
        check(&DownloadOptions::auto(), 9, 7);
        check(&DownloadOptions::auto(), 3, 2);
        check(&DownloadOptions::new().with_max_fragments(4).with_max_connections(4), 9, 0);
    }
}
