//! What all connections of one download share.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use qetch_core::{Content, Context, DownloadOptions, Error, Kind, Meter, RateLimit, Result, Url};
use tokio::time::{Instant, sleep};

use super::{
    backoff::Backoff,
    count::Count,
    dice::Dice,
    disk::{Disk, Landing},
    entity::Entity,
    gauge::Gauge,
    keeper::Keeper,
    lock::lock,
    source::Source,
    sums::Sums,
};

/// One download under way.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) cx: Context,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dice: Dice,
    pub(super) meter: Meter,
    pub(super) gauge: Arc<Gauge>,
    pub(super) source: Arc<dyn Source>,
    pub(super) sums: Arc<Sums>,
    /// The part files that are open.
    pub(super) open: Count,
    /// The connections and writes that are under way.
    pub(super) busy: Count,
    /// Bytes that an earlier run left and that are still of use.
    pub(super) resumed: AtomicU64,
    /// What is known of resources of which several fragments are ranges, by their URLs.
    entities: Mutex<HashMap<String, Entity>>,
    is_open: AtomicBool,
    /// The kind of what is brought, where a page or a playlist cannot be what was meant.
    pub(super) media: Option<Kind>,
    rate_limit: Option<RateLimit>,
    retries: u32,
    patience: Duration,
    max_size: Option<u64>,
}

/// The least bytes that are held back at a time where a rate is set.
const LEAST_SLICE: u64 = 1 << 10;

/// Of no more resources is remembered what was told of them, where nobody can tell how many there are.
const MOST_ENTITIES: usize = 1 << 12;

/// How often a fragment that cannot be gone on with is begun again.
const MOST_BEGINNINGS: u32 = 5;

impl Task {
    pub(super) fn new(
        cx: &Context,
        disk: Arc<dyn Disk>,
        dice: Dice,
        content: &Content,
        source: Arc<dyn Source>,
        options: &DownloadOptions,
    ) -> Self {
        Self {
            cx: cx.clone(),
            disk,
            dice,
            meter: Meter::new(source.count().unwrap_or(0)),
            gauge: Arc::default(),
            source,
            sums: Arc::new(Sums::new(content.checksums.iter().chain(&options.checksums).cloned())),
            open: Count::default(),
            busy: Count::default(),
            resumed: AtomicU64::new(0),
            entities: Mutex::default(),
            is_open: AtomicBool::new(false),
            media: Some(content.kind).filter(|kind| matches!(kind, Kind::Video | Kind::Audio | Kind::Image)),
            rate_limit: options.rate_limit.clone(),
            retries: options.retries,
            patience: options.patience,
            max_size: options.max_size,
        }
    }

    /// The patience of one who asks again.
    pub(super) fn backoff(&self) -> Backoff {
        Backoff::new(self.retries, &self.dice)
    }

    /// The patience of one who begins a fragment again, which costs all that came of it.
    pub(super) fn backoff_of_a_fragment(&self) -> Backoff {
        Backoff::new(self.retries.min(MOST_BEGINNINGS), &self.dice)
    }

    /// Waits as long as `backoff` says after `error`.
    ///
    /// # Errors
    /// `error` itself when patience is at its end.
    pub(super) async fn bear(&self, backoff: &mut Backoff, error: Error) -> Result<()> {
        let wait = backoff.bear(error)?;
        self.gauge.wait(sleep(wait)).await;
        Ok(())
    }

    /// The most bytes to take in at once: a tenth of a second's, where a rate is set.
    pub(super) fn slice(&self) -> usize {
        let rates = self.rates().map(|limit| limit.bytes_per_second().get());
        let slice = rates.min().map_or(u64::MAX, |rate| (rate / 10).max(LEAST_SLICE));
        usize::try_from(slice).unwrap_or(usize::MAX)
    }

    /// Waits until bytes that arrived may have arrived.
    pub(super) async fn pay(&self, bytes: usize) {
        for limit in self.rates() {
            self.gauge.work(limit.take(bytes as u64)).await;
        }
    }

    /// What another fragment was told of the resource at `url`.
    pub(super) fn known(&self, url: &Url) -> Option<Entity> {
        self.entities().get(url.as_str()).cloned()
    }

    /// Notes what a fragment that is a range of the resource at `url` was told of it, for the others.
    pub(super) fn note(&self, url: &Url, entity: &Entity) {
        let mut entities = self.entities();
        if self.source.count().is_none() && entities.len() >= MOST_ENTITIES {
            // Those of a list that goes on are not asked for again.
            entities.clear();
        }
        entities.entry(url.as_str().to_owned()).or_insert_with(|| entity.clone());
    }

    /// Notes that several fragments were told of a resource what leaves open whether it is of one version.
    pub(super) fn leave_open(&self) {
        self.is_open.store(true, Ordering::Relaxed);
    }

    /// Whether that was noted; from now on it is not.
    pub(super) fn was_left_open(&self) -> bool {
        self.is_open.swap(false, Ordering::Relaxed)
    }

    /// Forgets what fragments were told.
    pub(super) fn forget_entities(&self) {
        self.entities().clear();
    }

    fn entities(&self) -> MutexGuard<'_, HashMap<String, Entity>> {
        lock(&self.entities)
    }

    /// Whether a rate is set.
    pub(super) fn is_held_back(&self) -> bool {
        self.rates().next().is_some()
    }

    fn rates(&self) -> impl Iterator<Item = &RateLimit> {
        self.rate_limit.iter().chain(self.cx.rate_limit())
    }

    /// Refuses a file of so many bytes where that is more than is allowed.
    pub(super) fn check_size(&self, bytes: u64) -> Result<()> {
        match self.max_size {
            Some(most) if bytes > most => {
                Err(Error::over_limit("the size of the file", format!("{most} bytes")))
            }
            _ => Ok(()),
        }
    }

    /// Ends when not a byte has arrived for too long, though nobody waits because he is meant to.
    pub(super) async fn stalled(&self) -> Error {
        let tick = (self.patience / 20).clamp(Duration::from_millis(10), Duration::from_secs(1));
        let (mut arrived, mut since) = (self.gauge.all_arrived(), Instant::now());
        loop {
            sleep(tick).await;
            let now = self.gauge.all_arrived();
            // One who waits in line behind connections of its own that are stuck waits for nothing.
            let is_meant = self.gauge.open() == 0 && (self.gauge.is_waiting() || self.cx.is_waiting());
            if now != arrived || is_meant || self.gauge.is_working() {
                (arrived, since) = (now, Instant::now());
            } else if since.elapsed() >= self.patience {
                let problem = format!("not a byte has arrived for {} s", self.patience.as_secs_f32());
                return Error::network("the origin", qetch_core::NetworkFault::Timeout, None)
                    .with_note(problem);
            }
        }
    }

    /// What hears that a write of a fragment has landed: the journal, and the checksums. `keeper` has the file, unless
    /// the fragment goes to one of its own, of which neither knows.
    pub(super) fn landing(
        &self,
        keeper: Option<&Arc<Keeper>>,
        index: usize,
        base: u64,
        offset: u64,
        done: impl Send + 'static,
    ) -> Landing {
        let (keeper, sums, busy) = (keeper.cloned(), self.sums.clone(), self.busy.one());
        Landing::new(move |chunks| {
            let _done = (done, busy);
            let Some(keeper) = keeper else { return };
            sums.landed(base + offset, chunks);
            let len: usize = chunks.iter().map(bytes::Bytes::len).sum();
            keeper.landed(index, offset..offset + len as u64);
        })
    }
}
