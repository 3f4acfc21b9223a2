//! Which bytes are whose: a pure account of one fragment, shared by its connections.
//!
//! A share is a run of bytes that one connection brings, from its beginning on. When a connection has nothing left to
//! do it takes the tail of the largest share: that share's end moves, and its owner finds out when it claims what has
//! arrived. No connection is ever told to stop, and no byte is ever in two shares.

use std::ops::Range;

/// The least bytes that are worth a connection of their own.
pub(super) const LEAST_SHARE: u64 = 256 << 10;

/// The account of one fragment. Offsets count from the fragment's first byte.
#[derive(Debug)]
pub(super) struct Plan {
    /// Every share that was ever handed out; the position is its id.
    shares: Vec<Share>,
    /// Runs that no connection has.
    waiting: Vec<Range<u64>>,
    /// Where the fragment ends; not known for a body without a length.
    end: Option<u64>,
}

/// Which share of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShareId(usize);

#[derive(Debug)]
struct Share {
    next: u64,
    end: u64,
    is_owned: bool,
}

impl Plan {
    /// A plan for `total` bytes over `connections`, and the share of the first one, which begins at 0.
    pub(super) fn split(total: u64, connections: usize) -> (Self, ShareId) {
        let most = (total / LEAST_SHARE).max(1);
        let count = (connections as u64).clamp(1, most);
        let first_end = total / count;
        let waiting =
            (1..count).map(|i| i * first_end..if i + 1 == count { total } else { (i + 1) * first_end });
        // They are taken from the end of the list; the lowest offsets go first.
        let waiting: Vec<_> = waiting.rev().collect();
        let mut plan = Self { shares: Vec::new(), waiting, end: Some(total) };
        let first_end = if count == 1 { total } else { first_end };
        let first = plan.add(0..first_end);
        (plan, first)
    }

    /// A plan for a body whose length nobody knows: one share, which takes all that comes.
    pub(super) fn endless() -> (Self, ShareId) {
        let mut plan = Self { shares: Vec::new(), waiting: Vec::new(), end: None };
        let first = plan.add(0..u64::MAX);
        (plan, first)
    }

    /// A share for a connection that has none: a run that waits, else the tail of the largest share. `None` where
    /// nothing is left that is worth a connection.
    pub(super) fn take(&mut self) -> Option<ShareId> {
        if let Some(run) = self.waiting.pop() {
            return Some(self.add(run));
        }
        self.end?;
        let largest =
            self.shares.iter_mut().filter(|share| share.is_owned).max_by_key(|share| share.left())?;
        let half = largest.left() / 2;
        if half < LEAST_SHARE {
            return None;
        }
        let tail = largest.end - half..largest.end;
        largest.end = tail.start;
        Some(self.add(tail))
    }

    /// How many connections there is work for, besides those that have a share.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The bytes of a share that have not arrived.
    pub(super) fn left(&self, id: ShareId) -> Range<u64> {
        self.shares.get(id.0).map_or(0..0, |share| share.next..share.end)
    }

    /// Counts up to `len` bytes that have arrived for a share, and answers which of them it still wants: as many as
    /// lie before its end, which may have moved.
    pub(super) fn claim(&mut self, id: ShareId, len: u64) -> Range<u64> {
        let Some(share) = self.shares.get_mut(id.0) else { return 0..0 };
        let from = share.next;
        share.next = from.saturating_add(len).min(share.end);
        from..share.next
    }

    /// Ends a share: what has not arrived waits for another connection.
    pub(super) fn give_back(&mut self, id: ShareId) {
        let Some(share) = self.shares.get_mut(id.0) else { return };
        share.is_owned = false;
        if share.next < share.end {
            self.waiting.push(share.next..share.end);
            share.end = share.next;
        }
    }

    /// Ends the one share of an endless plan where its body ended.
    pub(super) fn end_here(&mut self, id: ShareId) {
        if let (None, Some(share)) = (self.end, self.shares.get_mut(id.0)) {
            share.end = share.next;
            self.end = Some(share.next);
        }
    }

    /// How many bytes have arrived.
    pub(super) fn done(&self) -> u64 {
        match self.end {
            Some(end) => end - self.missing(),
            None => self.shares.iter().map(|share| share.next).sum(),
        }
    }

    /// Whether every byte has arrived.
    pub(super) fn is_whole(&self) -> bool {
        self.end.is_some() && self.missing() == 0
    }

    fn missing(&self) -> u64 {
        let waiting = self.waiting.iter().map(|run| run.end - run.start);
        self.shares.iter().map(Share::left).chain(waiting).sum()
    }

    fn add(&mut self, run: Range<u64>) -> ShareId {
        self.shares.push(Share { next: run.start, end: run.end, is_owned: true });
        ShareId(self.shares.len() - 1)
    }
}

impl Share {
    fn left(&self) -> u64 {
        self.end - self.next
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_small_file_is_one_share() {
        let (mut plan, first) = Plan::split(LEAST_SHARE, 8);
        assert_eq!((plan.left(first), plan.take()), (0..LEAST_SHARE, None));
    }

    #[test]
    fn every_connection_has_a_share_at_once() {
        let (mut plan, first) = Plan::split(8 * LEAST_SHARE + 7, 8);
        let mut runs = vec![plan.left(first)];
        for _ in 0..7 {
            let share = plan.take().unwrap();
            runs.push(plan.left(share));
        }
        assert!(runs.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!((runs[0].start, runs[7].end, plan.waiting()), (0, 8 * LEAST_SHARE + 7, 0));
    }

    #[test]
    fn the_largest_share_gives_its_tail_and_keeps_what_it_has() {
        let (mut plan, first) = Plan::split(8 * LEAST_SHARE, 1);
        assert_eq!(plan.claim(first, 100), 0..100);
        let thief = plan.take().unwrap();
        let left = plan.left(first);
        assert_eq!(plan.left(thief), left.end..8 * LEAST_SHARE);
        assert_eq!(plan.claim(first, u64::MAX), 100..left.end);
    }

    #[test]
    fn an_endless_share_is_never_split_and_ends_where_its_body_ends() {
        let (mut plan, first) = Plan::endless();
        plan.claim(first, 10 * LEAST_SHARE);
        assert_eq!((plan.take(), plan.is_whole()), (None, false));
        plan.end_here(first);
        assert_eq!((plan.is_whole(), plan.done()), (true, 10 * LEAST_SHARE));
    }

    proptest! {
        /// Whatever the order of arrivals, failures and steals: every byte is claimed exactly once.
        #[test]
        fn every_byte_is_claimed_exactly_once(
            total in 0..20 * LEAST_SHARE,
            connections in 1_usize..12,
            events in prop::collection::vec((0_usize..12, 0_u8..10, 1..LEAST_SHARE), 0..400),
        ) {
            let (mut plan, first) = Plan::split(total, connections);
            let mut owned: Vec<Option<ShareId>> = vec![None; connections];
            owned[0] = Some(first);
            let mut claimed: Vec<Range<u64>> = Vec::new();
            let finish = (0..connections).cycle().map(|connection| (connection, 9, LEAST_SHARE));
            let bound = events.len() + connections * 400;
            for (connection, event, len) in events.into_iter().chain(finish).take(bound) {
                let slot = &mut owned[connection % connections];
                match (*slot, event) {
                    (None, _) => *slot = plan.take(),
                    (Some(id), 0) => {
                        plan.give_back(id);
                        *slot = None;
                    }
                    (Some(id), _) => {
                        claimed.push(plan.claim(id, len));
                        if plan.left(id).is_empty() {
                            *slot = None;
                        }
                    }
                }
            }
            prop_assert!(plan.is_whole());
            claimed.retain(|run| !run.is_empty());
            claimed.sort_by_key(|run| run.start);
            let mut next = 0;
            for run in claimed {
                prop_assert_eq!(run.start, next);
                next = run.end;
            }
            prop_assert_eq!((next, plan.done()), (total, total));
        }
    }
}
