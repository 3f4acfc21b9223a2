//! Going on with the fragments that an earlier run left, and whether they are of one version with what the origin has now.

use std::{
    collections::{BTreeMap, HashSet},
    ops::Range,
    sync::Arc,
};

use qetch_core::{Error, Result};

use super::{Download, Keeper, Part, place::Place, shelf::Shelf, source::Piece};

/// Of more fragments that nothing proves to be of one version, so many are compared.
const MOST_COMPARED: u64 = 64;

impl Download<'_> {
    /// Compares some of each fragment that is a range with what the origin has now, where nothing else told that they are
    /// of one version. `placed` says where those of this run begin.
    pub(super) async fn confirm_ranges(
        &self,
        keeper: &Arc<Keeper>,
        placed: &BTreeMap<usize, u64>,
    ) -> Result<()> {
        let Some(count) = self.task.source.count() else { return Ok(()) };
        let mut begins = Some(0);
        for index in 0..count {
            let Some(piece) = self.task.source.piece(index).await? else { return Ok(()) };
            let fragment = &piece.fragment;
            let size = fragment.exact_size().filter(|_| !piece.is_coded);
            // Of what an earlier run left behind one whose size is not known, nobody knows where it lies.
            let start = placed.get(&index).copied().or(begins);
            begins = start.zip(size).and_then(|(start, size)| start.checked_add(size));
            let (Some(start), Some(end)) = (start, begins) else { continue };
            let place = start..end;
            let is_chosen = self.task.dice.below(count as u64) < MOST_COMPARED;
            let (Some(_), Some(entity), true) = (fragment.range, self.task.known(&fragment.url), is_chosen)
            else {
                continue;
            };
            let fetch = self.fetch(index, &piece, Place::apart(keeper.part().clone()).at(place.start));
            if !fetch.confirm(place, entity).await? {
                return Err(Error::content_changed(&fragment.url, "its bytes, and nothing else tells"));
            }
        }
        Ok(())
    }

    /// Begins afresh where an earlier run left out what may not be missing now.
    pub(super) async fn ask_for_gaps(&self, keeper: &Arc<Keeper>) -> Result<()> {
        let may_have_gaps = self.options.allow_gaps || self.task.source.count().is_none();
        if may_have_gaps || keeper.gaps().is_empty() {
            return Ok(());
        }
        tracing::warn!("an earlier run left something out: beginning afresh");
        self.begin_afresh(keeper).await
    }

    /// Whether an earlier run left more than initialisations.
    pub(super) async fn has_media(&self, keeper: &Arc<Keeper>) -> Result<bool> {
        let (whole, end) = keeper.whole();
        if self.task.source.count().is_none() {
            return Ok(end > 0);
        }
        let gaps: HashSet<_> = keeper.gaps().into_iter().map(|gap| gap.fragment).collect();
        for index in (0..whole).filter(|&index| !gaps.contains(&(index as u64))) {
            if self.task.source.piece(index).await?.is_some_and(|piece| !piece.is_needed) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many fragments an earlier run left whole, and where they end: nothing where that does not fit the content. What
    /// it left of others is gone on with where it is known that it lies where it belongs.
    pub(super) async fn go_on(&self, keeper: &Arc<Keeper>) -> Result<(usize, u64)> {
        let (whole, end) = keeper.whole();
        if whole > 0 && self.sizes.base(whole).is_some_and(|base| base != end) {
            tracing::warn!("the fragments have other sizes than before: beginning afresh");
            self.begin_afresh(keeper).await?;
            return Ok((0, 0));
        }
        self.task.source.go_on(&keeper.left());
        self.sizes.settle(whole, end, &self.task.meter);
        if self.task.source.count().is_none() {
            // What a list goes on with may be another fragment than the one that was begun.
            let lost = keeper.forget_from(whole).await?;
            if lost > 0 {
                self.task.resumed.fetch_sub(lost, std::sync::atomic::Ordering::Relaxed);
                self.task.meter.restart(lost);
            }
            return Ok((whole, end));
        }
        for (index, base, size) in keeper.all_begun() {
            if self.sizes.base(index) != Some(base) {
                let lost = keeper.forget_from(index).await?;
                self.task.resumed.fetch_sub(lost, std::sync::atomic::Ordering::Relaxed);
                self.task.meter.restart(lost);
                break;
            }
            if !self.is_one && self.sizes.base(index + 1).is_none() && !self.options.allow_gaps {
                self.sizes.learn(index, Some(size), true, &self.task.meter);
            }
        }
        Ok((whole, end))
    }

    /// Compares the last of several fragments that an earlier run left whole with what the origin has now: where a site
    /// changed what it has, the next fragments would be of another version.
    pub(super) async fn confirm_last(&self, keeper: &Arc<Keeper>, shelf: Option<&Arc<Shelf>>) -> Result<()> {
        let Some((index, last, entity)) = keeper.last() else { return Ok(()) };
        // A list that grows may not have it any more.
        if self.task.source.count().is_none() {
            return Ok(());
        }
        let Some(piece) = self.task.source.piece(index).await? else { return Ok(()) };
        if piece.is_coded {
            return self.confirm_coded(keeper, shelf, index, &piece, last).await;
        }
        if piece.fragment.range.is_some() {
            // The next range of the same resource is held against what this one was told.
            self.task.note(&piece.fragment.url, &entity);
            return Ok(());
        }
        let fetch = self.fetch(index, &piece, Place::apart(keeper.part().clone()).at(last.start));
        if fetch.confirm(last, entity).await? {
            return Ok(());
        }
        tracing::warn!("what is there is of another version: beginning afresh");
        self.begin_afresh(keeper).await
    }

    /// Fetches a coded fragment again, and compares what it becomes with what is there: nothing else tells what it was made of.
    async fn confirm_coded(
        &self,
        keeper: &Arc<Keeper>,
        shelf: Option<&Arc<Shelf>>,
        index: usize,
        piece: &Piece,
        place: Range<u64>,
    ) -> Result<()> {
        let Some(shelf) = shelf else { return Ok(()) };
        let apart = Place::apart(Part::shelved(shelf, &self.task.open));
        let fetched = self.fetch(index, piece, apart.clone()).run().await?;
        self.task.gauge.waste(fetched.bytes);
        let decoder = self.task.source.decoder(index).await?;
        if keeper.part().holds(place, &apart.part, fetched.bytes, decoder).await? {
            return Ok(());
        }
        tracing::warn!("what is there is of another version: beginning afresh");
        self.begin_afresh(keeper).await
    }

    pub(super) async fn begin_afresh(&self, keeper: &Arc<Keeper>) -> Result<()> {
        // What was claimed and had not landed when it was given up is as lost as the rest.
        let there = self.task.meter.read().done;
        keeper.forget_all(&self.subject).await?;
        self.task.sums.restart();
        self.task.resumed.store(0, std::sync::atomic::Ordering::Relaxed);
        self.task.meter.restart(there);
        self.sizes.restart(&self.known_sizes(), &self.task.meter);
        self.task.source.restart();
        Ok(())
    }
}
