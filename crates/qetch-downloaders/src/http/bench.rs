//! What the micro-benchmarks of this repository run of the engine, step by step. It is no part of the API: it is built
//! with the private feature `__bench` alone, and may change with any commit.

use std::{collections::BTreeSet, ops::Range, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use qetch_core::{Content, Result, Url};

use super::{
    disk::{Disk as _, File, Landing, System},
    entity::Entity,
    journal::{Journal, Open, Subject},
    plan::{Plan, ShareId},
    probe::{Ask, Reply},
    spans::Spans,
    transfer::Batch,
};

/// How much later each piece arrives than the one before it.
const STEP: Duration = Duration::from_micros(200);

/// One connection of a simulated download.
struct Connection {
    share: ShareId,
    at: u64,
}

/// Brings `total` bytes through a plan: one connection for each of `pieces`, which brings so many bytes whenever it is
/// its turn. What is claimed is told to `claimed`. Answers how many claims there were.
pub fn plan(total: u64, pieces: &[u64], mut claimed: impl FnMut(Range<u64>)) -> u64 {
    let mut plan = Plan::new(total, &Spans::default(), pieces.len());
    let (mut now, mut claims) = (Duration::ZERO, 0);
    let mut connections: Vec<_> = pieces.iter().map(|_| begin(&mut plan, now, None)).collect();
    while !plan.is_whole() {
        for (connection, piece) in connections.iter_mut().zip(pieces) {
            now += STEP;
            let Some(Connection { share, at }) = connection else {
                *connection = begin(&mut plan, now, None);
                continue;
            };
            claims += 1;
            claimed(plan.claim(*share, *at, *piece, now));
            *at += piece;
            if plan.left(*share).is_empty() {
                let (share, rate) = (*share, plan.rate(*share, now));
                plan.has_ended(share);
                plan.leave(share);
                *connection = begin(&mut plan, now, rate);
            }
        }
    }
    claims
}

/// Takes work, and opens the answer for it.
fn begin(plan: &mut Plan, now: Duration, rate: Option<f64>) -> Option<Connection> {
    let share = plan.take(now, rate)?;
    plan.asked(share, now);
    plan.is_live(share, now);
    Some(Connection { share, at: plan.left(share).start })
}

/// Gives all of `total` bytes to one connection, of which the others then take tails until each of `connections` has a
/// share. Answers what each has.
pub fn split(total: u64, connections: usize) -> Vec<Range<u64>> {
    let mut plan = Plan::new(total, &Spans::default(), 1);
    let now = Duration::from_millis(10);
    let shares: Vec<_> = (0..connections).filter_map(|_| begin(&mut plan, now, None)).collect();
    shares.into_iter().map(|connection| plan.left(connection.share)).collect()
}

/// Judges replies against what the first one told.
#[derive(Debug)]
pub struct Judge {
    known: Entity,
    url: Url,
}

impl Judge {
    /// Knows what `first`, the head of a 206 to a request from the first byte on, tells; `None` where that does not fit.
    pub fn new(url: Url, first: &HeaderMap) -> Option<Self> {
        let fit = Reply { status: 206, headers: first, url: &url }.judge(Ask::From(0), None).ok()?;
        Some(Self { known: fit.entity, url })
    }

    /// Whether a reply to a request for `asked` is proven to be of the same version; `None` where it does not fit.
    pub fn is_proven(&self, status: u16, headers: &HeaderMap, asked: Range<u64>) -> Option<bool> {
        let reply = Reply { status, headers, url: &self.url };
        let fit = reply.judge(Ask::Between(asked.start, asked.end), Some(&self.known)).ok()?;
        Some(fit.is_proven)
    }
}

/// A journal.
#[derive(Debug, PartialEq, Eq)]
pub struct Record(Journal);

impl Record {
    /// About `content`, of whose one fragment these runs are there, each from a reply of its own.
    pub fn new(content: &Content, size: u64, runs: &[Range<u64>]) -> Self {
        let mut done = Spans::default();
        runs.iter().for_each(|run| done.insert(run.clone()));
        let seams: BTreeSet<_> = runs.iter().map(|run| run.start).collect();
        let entity =
            Entity { complete: Some(size), etag: Some("\"5f3c-61a2b4\"".into()), ..Entity::default() };
        let open = Open { index: 0, base: 0, from: 0, size, entity, done, mixed: false, seams };
        Self(Journal::new(&Subject::listed(content)).with_open(vec![open]))
    }

    /// The bytes of its file.
    pub fn write(&self) -> Option<Vec<u8>> {
        self.0.write().ok()
    }

    /// The journal in `bytes`, unless it is not to be believed.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Journal::read(bytes).ok().map(Self)
    }
}

/// Puts runs into a set of offsets, one after the other. Answers how many runs it then is, and of how many bytes.
pub fn insert(runs: &[Range<u64>]) -> (usize, u64) {
    let mut spans = Spans::default();
    runs.iter().for_each(|run| spans.insert(run.clone()));
    (spans.runs().len(), spans.count())
}

/// Gathers `chunks`, which follow one another. What is to be written, and where, is told to `full`.
pub fn gather(chunks: &[Bytes], mut full: impl FnMut(u64, Vec<Bytes>)) {
    let (mut batch, mut at) = (Batch::default(), 0);
    let mut flush = |batch: &mut Batch| batch.take().into_iter().for_each(|(at, them)| full(at, them));
    for chunk in chunks {
        if batch.is_elsewhere(at) {
            flush(&mut batch);
        }
        batch.push(at, chunk.clone());
        at += chunk.len() as u64;
        if batch.is_full() {
            flush(&mut batch);
        }
    }
    flush(&mut batch);
}

/// A file on the disk of this machine.
#[derive(Debug)]
pub struct Writer(Arc<dyn File>);

impl Writer {
    /// A new file.
    ///
    /// # Errors
    /// `io`.
    pub async fn create(path: &Path) -> Result<Self> {
        System::default().create(path).await.map(Self)
    }

    /// Writes a batch.
    ///
    /// # Errors
    /// `io`.
    pub async fn write(&self, offset: u64, chunks: Vec<Bytes>) -> Result<()> {
        self.0.write(offset, chunks, Landing::unheard()).await
    }
}
