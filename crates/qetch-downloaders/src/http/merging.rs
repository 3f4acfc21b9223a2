//! The fragments of a download, one after the other in one file.

use std::{collections::BTreeMap, future::pending, sync::Arc, time::Duration};

use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use qetch_core::{Error, Gap, Result};
use tokio::time::sleep;

use super::{
    Download, Entity, Fetched, Keeper, Part,
    beginning::Opened,
    place::Place,
    shelf::Shelf,
    source::{Decoder, Piece},
};

/// Times that all fragments are begun before a change of one that concerns the others is an error.
const MOST_VERSIONS: u32 = 3;

/// A fragment that others wait for is so far behind them at most.
const LONGEST: usize = 256;

/// How often a fragment is asked for that is listed and not there, in a list that goes on: clocks differ, and what is new is
/// not everywhere at once.
const MOST_EARLY: u32 = 4;

/// The first wait for it is half of its duration, and each further one twice the one before. None is longer.
const LONGEST_EARLY: Duration = Duration::from_secs(3);

/// How long what is under way of a recording has from when it is asked to end.
const LONGEST_ENDING: Duration = Duration::from_secs(5);

/// More parts and gaps no recording has.
const MOST_NOTES: usize = 100_000;

/// What is under way of the fragments of a download.
struct Line<'a> {
    keeper: &'a Arc<Keeper>,
    shelf: Option<Arc<Shelf>>,
    running: FuturesUnordered<BoxFuture<'a, Ended>>,
    /// Those that are there, and wait for those before them.
    arrived: BTreeMap<usize, Ended>,
    /// The next one to be begun.
    next: usize,
    /// The next one to be put where it belongs, and where that is.
    turn: usize,
    end: u64,
    /// What the last one was fetched from.
    entity: Option<Entity>,
    /// Where those begin that are ranges of a resource.
    ranges: BTreeMap<usize, u64>,
    /// Whether there is more than initialisations.
    has_media: bool,
}

/// A fragment that was fetched, or could not be.
struct Ended {
    index: usize,
    piece: Piece,
    result: Result<(Fetched, Option<Box<dyn Decoder>>)>,
}

impl Line<'_> {
    /// Whether another fragment may be begun.
    fn has_room(&self, max_fragments: usize) -> bool {
        let waiting = self.arrived.values().filter(|ended| ended.is_shelved()).count();
        let is_roomy = || self.shelf.as_ref().is_some_and(|shelf| shelf.is_roomy());
        self.running.len() < max_fragments
            && self.next - self.turn < max_fragments.max(LONGEST)
            // All that run may come to wait outside of memory.
            && (waiting + self.running.len() < max_fragments || is_roomy())
    }
}

impl Ended {
    fn is_shelved(&self) -> bool {
        self.result.as_ref().is_ok_and(|(fetched, _)| fetched.shelved.is_some())
    }
}

impl Download<'_> {
    /// Brings every fragment into the part file, one after the other, and answers how many bytes they are; and what the
    /// origin tells of them, where one is all.
    ///
    /// A fragment is written in place where the sizes of all before it are known. Where they are not, it waits on the
    /// [`Shelf`].
    pub(super) async fn merged(&self, keeper: &Arc<Keeper>) -> Result<(u64, Option<Entity>)> {
        let mut versions = 1;
        loop {
            let mut is_misplaced = false;
            let error = match self.merged_once(keeper, &mut is_misplaced).await {
                Err(error @ Error::ContentChanged { .. }) => error,
                merged => return merged,
            };
            // Ranges of a resource that changed between them are all fetched afresh, and so is what lies behind a fragment
            // that turned out to have another size. What a link leads to that was made anew is nobody's word.
            let is_renewed = self.task.source.current(0).await.map_or(true, |(age, _)| age > 0);
            let may_be_afresh = is_misplaced || (self.are_ranges && !is_renewed);
            if !may_be_afresh || self.task.source.count().is_none() || versions >= MOST_VERSIONS {
                return Err(error);
            }
            versions += 1;
            tracing::info!(%error, "fetching all fragments afresh");
            self.task.busy.none().await;
            self.begin_afresh(keeper).await?;
            self.task.forget_entities();
        }
    }

    async fn merged_once(
        &self,
        keeper: &Arc<Keeper>,
        is_misplaced: &mut bool,
    ) -> Result<(u64, Option<Entity>)> {
        self.ask_for_gaps(keeper).await?;
        let shelf = match self.is_one {
            true => None,
            false => Some(Shelf::new(&self.task.disk, keeper.part().path(), &self.task.open)?),
        };
        self.confirm_last(keeper, shelf.as_ref()).await?;
        let (whole, end) = self.go_on(keeper).await?;
        self.task.meter.set_fragments_done(whole);
        if let (false, Some(total)) = (self.is_one, self.sizes.sum()) {
            self.task.check_size(total)?;
            keeper.part().file().await?.allocate(total).await?;
        }
        let (running, arrived) = (FuturesUnordered::new(), BTreeMap::new());
        let has_media = self.has_media(keeper).await?;
        let mut line = Line {
            keeper,
            shelf,
            running,
            arrived,
            next: whole,
            turn: whole,
            end,
            entity: None,
            ranges: BTreeMap::new(),
            has_media,
        };
        self.bring_all(&mut line, is_misplaced).await?;
        let first = keeper.gaps().into_iter().next();
        if let (false, Some(Gap { reason, .. })) = (line.has_media, first) {
            // The next run asks for all of it again.
            self.begin_afresh(keeper).await?;
            return Err(Error::not_found(format!("a segment of {} ({reason})", self.content.uid)));
        }
        if self.task.was_left_open() {
            self.confirm_ranges(keeper, &line.ranges).await?;
        }
        Ok((line.end, line.entity.filter(|_| self.is_one)))
    }

    /// Begins fragments, as many at once as may be, and puts each where it belongs when it is its turn.
    async fn bring_all<'a>(&'a self, line: &mut Line<'a>, is_misplaced: &mut bool) -> Result<()> {
        let mut listing: Option<BoxFuture<'a, Result<Option<Piece>>>> = None;
        let mut is_over = false;
        loop {
            // As long as another fragment may begin, each place is one's own.
            let places = if is_over { line.running.len() } else { self.max_fragments };
            self.spare.but_for(places.saturating_mul(self.connections));
            if !is_over && listing.is_none() && line.has_room(self.max_fragments) {
                // What is listed later is waited for because it is meant to be.
                let piece = self.task.source.piece(line.next);
                listing = Some(self.task.gauge.wait(piece).boxed());
            }
            tokio::select! {
                biased;
                Some(ended) = line.running.next(), if !line.running.is_empty() => {
                    line.arrived.insert(ended.index, ended);
                    self.settle(line, is_misplaced).await?;
                }
                piece = listed(&mut listing), if listing.is_some() => {
                    listing = None;
                    match piece? {
                        Some(piece) => self.begin(line, piece).await?,
                        None => {
                            is_over = true;
                            self.sizes.end_at(line.next, &self.task.meter);
                            self.task.meter.set_fragments(line.next);
                        }
                    }
                }
                else => return Ok(()),
            }
        }
    }

    /// Begins the next fragment.
    async fn begin<'a>(&'a self, line: &mut Line<'a>, piece: Piece) -> Result<()> {
        let index = line.next;
        line.next += 1;
        line.keeper.expects(index, &piece);
        self.task.meter.set_fragments(self.task.source.count().unwrap_or(line.next));
        if let Some(reason) = piece.missing {
            let result = Err(Error::not_found(format!("{} ({reason})", self.name(index, &piece))));
            line.running.push(async move { Ended { index, piece, result } }.boxed());
            return Ok(());
        }
        let home = || Place::of_file(line.keeper, 0);
        let place = match (self.sizes.base(index).filter(|_| !piece.is_coded), &line.shelf) {
            (Some(base), _) => Place { base, ..home() },
            (None, Some(shelf)) => {
                let home = (!piece.is_coded).then(|| Arc::new(home()));
                Place { home, ..Place::apart(Part::shelved(shelf, &self.task.open)) }
            }
            (None, None) => return Err(Error::unexpected("a fragment that has no place", None)),
        };
        line.running.push(
            async move {
                let fetch = self.early(index, &piece, place);
                let decoder = async {
                    match piece.is_coded {
                        true => self.task.source.decoder(index).await.map(Some),
                        false => Ok(None),
                    }
                };
                let fetched = futures_util::future::try_join(fetch, decoder).boxed();
                let result = tokio::select! {
                    biased;
                    result = fetched => result,
                    () = self.overdue() => Err(self.given_up(index, &piece).await),
                };
                Ended { index, piece, result }
            }
            .boxed(),
        );
        Ok(())
    }

    /// Ends when a download without an end was asked to end, and what is under way had its time.
    async fn overdue(&self) {
        if self.task.source.count().is_some() {
            return pending().await;
        }
        self.options.stop.asked().await;
        sleep(LONGEST_ENDING).await;
    }

    /// Why a fragment is not waited for any longer. Nothing of it is written any more.
    async fn given_up(&self, index: usize, piece: &Piece) -> Error {
        self.task.busy.none().await;
        Error::not_found(format!("{} (when the recording was asked to end)", self.name(index, piece)))
    }

    /// Brings a fragment to `place`. In a list that goes on it may be there a little later.
    async fn early(&self, index: usize, piece: &Piece, place: Place) -> Result<Fetched> {
        let mut tries = 0;
        loop {
            let fetched = self.fetch(index, piece, place.clone()).run().await;
            let is_early =
                matches!(fetched, Err(Error::NotFound { .. })) && self.task.source.count().is_none();
            if !is_early || tries >= MOST_EARLY || self.options.stop.is_asked() {
                return fetched;
            }
            tries += 1;
            let duration = piece.time.map(|(_, duration)| duration).unwrap_or_default();
            let wait = self.task.gauge.wait(sleep((duration / 2 * (1 << (tries - 1))).min(LONGEST_EARLY)));
            tokio::select! {
                () = wait => (),
                () = self.options.stop.asked() => return fetched,
            }
        }
    }

    /// Puts those where they belong whose turn it is.
    async fn settle(&self, line: &mut Line<'_>, is_misplaced: &mut bool) -> Result<()> {
        // What cannot be had ends the download at once, or leaves a gap when it is its turn.
        let fails =
            |ended: &Ended| ended.result.as_ref().is_err_and(|error| !self.may_lack(&ended.piece, error));
        if let Some(index) = line.arrived.values().find(|ended| fails(ended)).map(|ended| ended.index)
            && let Some(Ended { piece, result: Err(error), .. }) = line.arrived.remove(&index)
        {
            return Err(self.named(index, &piece, error));
        }
        while let Some(Ended { index, piece, result }) = line.arrived.remove(&line.turn) {
            match result {
                Ok((fetched, decoder)) => {
                    if piece.fragment.range.is_some()
                        && decoder.is_none()
                        && self.task.source.count().is_some()
                    {
                        line.ranges.insert(index, line.end);
                    }
                    let looked = |decoder| Opened::of(decoder, self.task.media, piece.fragment.url.clone());
                    let decoder = decoder.map(looked);
                    match self.put(line, index, fetched, decoder).await {
                        Ok(true) => line.has_media |= !piece.is_needed,
                        Ok(false) => {
                            *is_misplaced = true;
                            return Err(Error::content_changed(
                                &piece.fragment.url,
                                "the size of a fragment",
                            ));
                        }
                        // What was written of it is written over by the next one.
                        Err(error) if self.may_lack(&piece, &error) => {
                            self.task.sums.restart();
                            self.leave_out(line, index, &piece, error).await?;
                        }
                        Err(error) => return Err(self.named(index, &piece, error)),
                    }
                }
                Err(error) => self.leave_out(line, index, &piece, error).await?,
            }
            if self.task.source.count().is_none() && line.keeper.notes() > MOST_NOTES {
                let what = "the parts and gaps of a recording";
                return Err(Error::over_limit(what, MOST_NOTES.to_string()));
            }
            line.turn += 1;
            self.sizes.settle(line.turn, line.end, &self.task.meter);
            self.task.check_size(line.end)?;
            self.task.meter.fragment_done();
            self.task.source.is_done(index);
        }
        Ok(())
    }

    /// Notes a fragment that could not be had as a gap.
    async fn leave_out(&self, line: &mut Line<'_>, index: usize, piece: &Piece, error: Error) -> Result<()> {
        tracing::warn!(%error, index, "left out");
        line.keeper.forget(index).await?;
        line.keeper.is_missing(index, line.end, piece.gap(index, error.to_string()));
        Ok(())
    }

    /// Puts a fragment where it belongs, behind those before it. Whether it fits there.
    async fn put(
        &self,
        line: &mut Line<'_>,
        index: usize,
        fetched: Fetched,
        decoder: Option<Box<dyn Decoder>>,
    ) -> Result<bool> {
        let Some(shelved) = fetched.shelved else {
            if fetched.base != line.end {
                return Ok(false);
            }
            line.end += fetched.bytes;
            line.entity = Some(fetched.entity);
            return Ok(true);
        };
        let sums = self.task.sums.clone();
        let landed = move |offset, chunks: &[bytes::Bytes]| sums.landed(offset, chunks);
        let is_coded = decoder.is_some();
        let append = line.keeper.part().append(line.end, &shelved, fetched.bytes, decoder, landed);
        let bytes = self.task.gauge.work(append).await?;
        if is_coded {
            self.task.meter.add(bytes);
        }
        line.keeper.is_whole(index, line.end, bytes, &fetched.entity);
        line.end += bytes;
        line.entity = Some(fetched.entity);
        Ok(true)
    }

    /// Whether the download goes on without a piece that could not be had.
    fn may_lack(&self, piece: &Piece, error: &Error) -> bool {
        // What a live stream has no more nobody will ever have.
        let may_have_gaps = self.options.allow_gaps || self.task.source.count().is_none();
        may_have_gaps && !piece.is_needed && is_unavailable(error)
    }

    /// `error`, which names the fragment that it is about where a playlist lists it.
    fn named(&self, index: usize, piece: &Piece, error: Error) -> Error {
        let is_of_playlist = piece.mark.is_some() && piece.missing.is_none();
        if is_of_playlist && is_unavailable(&error) {
            error.of_fragment(self.name(index, piece))
        } else {
            error
        }
    }

    /// What a fragment is called, for people.
    fn name(&self, index: usize, piece: &Piece) -> String {
        let count = self.task.source.count().map(|count| format!(" of {count}")).unwrap_or_default();
        let sequence = piece.mark.map(|(_, sequence, _)| format!(", number {sequence}")).unwrap_or_default();
        format!("fragment {}{count}{sequence}", index + 1)
    }
}

/// Whether an error says that a fragment is not to be had, and not that nothing more can be.
fn is_unavailable(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound { .. }
            | Error::Gone { .. }
            | Error::Private { .. }
            | Error::LoginRequired { .. }
            | Error::GeoBlocked { .. }
            | Error::Http { .. }
            | Error::BadReply { .. }
            | Error::RateLimited { .. }
            | Error::OverCapacity { .. }
            | Error::Network { .. }
    )
}

/// What is listed next.
async fn listed(listing: &mut Option<BoxFuture<'_, Result<Option<Piece>>>>) -> Result<Option<Piece>> {
    match listing {
        Some(listing) => listing.await,
        None => pending().await,
    }
}
