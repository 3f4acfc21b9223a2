//! The fragments of a content, one after the other in one file.

use std::{path::PathBuf, sync::Arc};

use futures_util::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use qetch_core::{Error, Result, files};

use super::{Download, Entity, Fetched, Keeper, Part};

/// Times that fragments which are ranges of one resource are begun before its changing is an error.
const MOST_VERSIONS: u32 = 3;

/// A fragment that is there, and the file it is in where that is not the part file yet.
type Arrived = (usize, Fetched, Option<Arc<Part>>);

impl Download<'_> {
    /// Brings every fragment into the part file, one after the other, and answers how many bytes they are; and what the
    /// origin tells of them, where one is all.
    ///
    /// A fragment is written in place where the sizes of all before it are known. Where they are not, each but the first
    /// is written to a file of its own, which is added and removed as soon as those before it are there: no more than
    /// `max_fragments` of them exist at once.
    pub(super) async fn merged(&self, keeper: &Arc<Keeper>) -> Result<(u64, Option<Entity>)> {
        let mut versions = 1;
        loop {
            let error = match self.merged_once(keeper).await {
                Err(error @ Error::ContentChanged { .. }) => error,
                merged => return merged,
            };
            // Ranges of a resource that changed between them are all fetched afresh. What a link leads to that was made
            // anew is nobody's word.
            let are_ranges = self.content.fragments.iter().any(|fragment| fragment.range.is_some());
            let is_renewed = self.task.links.current(0).await.0 > 0;
            if !are_ranges || is_renewed || versions >= MOST_VERSIONS {
                return Err(error);
            }
            versions += 1;
            tracing::info!(%error, "fetching all fragments afresh");
            self.task.busy.none().await;
            self.begin_afresh(keeper).await?;
            self.task.forget_entities();
        }
    }

    async fn merged_once(&self, keeper: &Arc<Keeper>) -> Result<(u64, Option<Entity>)> {
        self.confirm_last(keeper).await?;
        let starts = self.starts()?;
        let (whole, end) = self.go_on(keeper, starts.as_deref()).await?;
        self.task.meter.set_fragments_done(whole);
        if let (Some(_), Some(total)) = (&starts, self.sizes.sum()) {
            self.task.check_size(total)?;
            keeper.part().file().await?.allocate(total).await?;
        }
        if starts.is_none() && self.content.fragments.len() > 1 {
            // A run that was killed leaves those that were to be added next, and they are not written any more.
            (0..=whole).try_for_each(|index| self.task.disk.remove(&spool(keeper, index)))?;
        }
        let fetches = (whole..self.content.fragments.len()).map(|index| match &starts {
            Some(starts) => self.in_place(keeper, index, starts[index]).boxed(),
            None if index == whole => self.in_place(keeper, index, end).boxed(),
            None => self.to_spool(keeper, index).boxed(),
        });
        let mut arrived = self.at_once(fetches);
        let (mut end, mut entity) = (end, None);
        while let Some((index, fetched, spool)) = arrived.try_next().await? {
            if let Some(spool) = spool {
                let sums = self.task.sums.clone();
                let landed = move |offset, chunks: &[bytes::Bytes]| sums.landed(offset, chunks);
                let append = keeper.part().append(end, &spool, fetched.bytes, landed);
                self.task.gauge.work(append).await?;
                keeper.is_whole(index, end, fetched.bytes, &fetched.entity);
            }
            end += fetched.bytes;
            self.task.check_size(end)?;
            entity = Some(fetched.entity);
        }
        if let (true, Some(starts)) = (self.task.was_left_open(), &starts) {
            self.confirm_ranges(keeper, starts).await?;
        }
        Ok((end, entity.filter(|_| self.content.fragments.len() == 1)))
    }

    /// Compares some of each fragment that is a range with what the origin has now, where nothing else told that they are
    /// of one version.
    async fn confirm_ranges(&self, keeper: &Arc<Keeper>, starts: &[u64]) -> Result<()> {
        for (index, (fragment, start)) in self.content.fragments.iter().zip(starts).enumerate() {
            let Some(range) = fragment.range else { continue };
            let Some(entity) = self.task.known(&fragment.url) else { continue };
            let range = range.offsets();
            let fetch = self.fetch(index, keeper.part().clone(), *start, None);
            if !fetch.confirm(*start..start + (range.end - range.start), entity).await? {
                return Err(Error::content_changed(&fragment.url, "its bytes, and nothing else tells"));
            }
        }
        Ok(())
    }

    /// Where each fragment begins in the file, if the sizes of all are known.
    fn starts(&self) -> Result<Option<Vec<u64>>> {
        let fragments = &self.content.fragments;
        let sizes: Option<Vec<u64>> = fragments.iter().map(qetch_core::Fragment::exact_size).collect();
        let Some(sizes) = sizes.filter(|sizes| sizes.len() > 1) else { return Ok(None) };
        let mut end = 0_u64;
        let mut starts = Vec::with_capacity(sizes.len());
        for size in sizes {
            starts.push(end);
            let too_much =
                || Error::invalid(format!("the content {}", self.content.uid), "its sizes overflow");
            end = end.checked_add(size).ok_or_else(too_much)?;
        }
        Ok(Some(starts))
    }

    /// How many fragments an earlier run left whole, and where they end: nothing where that does not fit the content.
    async fn go_on(&self, keeper: &Arc<Keeper>, starts: Option<&[u64]>) -> Result<(usize, u64)> {
        let (whole, end) = keeper.whole();
        let fits = |starts: &[u64]| starts.get(whole).is_none_or(|start| *start == end);
        if whole == 0 || starts.is_none_or(fits) {
            return Ok((whole, end));
        }
        tracing::warn!("the fragments have other sizes than before: beginning afresh");
        self.begin_afresh(keeper).await?;
        Ok((0, 0))
    }

    /// Compares the last of several fragments that an earlier run left whole with what the origin has now: where a site
    /// changed what it has, the next fragments would be of another version.
    async fn confirm_last(&self, keeper: &Arc<Keeper>) -> Result<()> {
        let Some((index, last, entity)) = keeper.last() else { return Ok(()) };
        let Some(fragment) = self.content.fragments.get(index) else { return Ok(()) };
        if fragment.range.is_some() {
            // The next range of the same resource is held against what this one was told.
            self.task.note(&fragment.url, &entity);
            return Ok(());
        }
        let fetch = self.fetch(index, keeper.part().clone(), last.start, None);
        if fetch.confirm(last, entity).await? {
            return Ok(());
        }
        tracing::warn!("what is there is of another version: beginning afresh");
        self.begin_afresh(keeper).await
    }

    async fn begin_afresh(&self, keeper: &Arc<Keeper>) -> Result<()> {
        // What was claimed and had not landed when it was given up is as lost as the rest.
        let there = self.task.meter.read().done;
        keeper.forget_all(self.content).await?;
        self.task.sums.restart();
        self.task.resumed.store(0, std::sync::atomic::Ordering::Relaxed);
        self.task.meter.restart(there);
        Ok(())
    }

    /// Brings a fragment to its place in the part file.
    async fn in_place(&self, keeper: &Arc<Keeper>, index: usize, base: u64) -> Result<Arrived> {
        let fetched = self.fetch(index, keeper.part().clone(), base, Some(keeper)).run().await?;
        self.task.meter.fragment_done();
        Ok((index, fetched, None))
    }

    /// Brings a fragment to a file of its own.
    async fn to_spool(&self, keeper: &Arc<Keeper>, index: usize) -> Result<Arrived> {
        let path = spool(keeper, index);
        let spool = Part::spool(&self.task.disk, path, &self.task.open).await?;
        let fetched = self.fetch(index, spool.clone(), 0, None).run().await?;
        self.task.meter.fragment_done();
        Ok((index, fetched, Some(spool)))
    }

    /// Runs as many of `fetches` at once as is asked for; what they answer comes in their order.
    pub(super) fn at_once<'f, T: Send + 'f>(
        &self,
        fetches: impl Iterator<Item = BoxFuture<'f, Result<T>>> + Send + 'f,
    ) -> BoxStream<'f, Result<T>> {
        stream::iter(fetches).buffered(self.max_fragments).boxed()
    }
}

/// The file of a fragment that waits for those before it.
fn spool(keeper: &Keeper, index: usize) -> PathBuf {
    files::with_suffix(keeper.part().path(), &format!("-{index}"))
}
