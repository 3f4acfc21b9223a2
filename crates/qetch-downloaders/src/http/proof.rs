//! Proving that bytes of several replies are of one version, where no validator does: some of what each reply brought is
//! asked for again and compared.
//!
//! It sees a change only where it looks. A version that differs in a few places may pass: see `docs/architecture.md`.

use std::ops::Range;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use qetch_core::{Error, OpenAnswer};
use tokio::time::Instant;

use super::{
    dice::Dice,
    lock::lock,
    probe::{Ask, Fit, Misfit, Reply},
    transfer::{Clock, Fault, Job, open},
};

/// One part in so many of a fragment may be fetched again.
const COMPARED: u64 = 50;

/// The most bytes that are compared at one place.
const LARGEST: u64 = 64 << 10;

/// The places that are looked at for each reply, and the most in all.
const PLACES: std::ops::RangeInclusive<u64> = 2..=4;
const MOST_PLACES: u64 = 256;

/// Replies of which is remembered which bytes they brought.
const MOST_RUNS: usize = 1 << 12;

impl Job {
    /// Compares some of what each reply brought with what the origin gives now.
    pub(super) async fn prove(&self, connections: usize) -> Result<(), Fault> {
        let total = self.plan().done();
        let blocks = {
            let runs = lock(&self.runs);
            choose(runs.kept(), total, &self.task.dice)
        };
        tracing::info!(blocks = blocks.len(), "comparing bytes");
        let compared = stream::iter(blocks).map(|block| self.compare(block));
        compared.buffer_unordered(connections).try_collect::<()>().await
    }

    async fn compare(&self, mut block: Range<u64>) -> Result<(), Fault> {
        let mut backoff = self.task.backoff();
        while !block.is_empty() {
            let error = match self.compare_once(&block).await {
                // A reply may hold less than was asked for.
                Ok(Some(compared)) if compared > block.start => {
                    block.start = compared;
                    backoff.progressed();
                    continue;
                }
                Ok(Some(_)) => self.bad("no bytes where there were some"),
                Ok(None) => {
                    let url = &self.fragment().url;
                    return Err(Fault::Changed(Error::content_changed(
                        url,
                        "its bytes, and nothing else tells",
                    )));
                }
                Err(Misfit::Passing(error) | Misfit::Unwelcome(error)) => error,
                Err(Misfit::Dead(status, error)) => return Err(Fault::Dead(status, error)),
                Err(Misfit::NoRanges(problem)) => return Err(Fault::NoRanges(problem)),
                Err(Misfit::Changed(error)) => return Err(Fault::Changed(error)),
                Err(Misfit::Empty) => return Err(Fault::NoRanges("no bytes where there were some".into())),
                Err(Misfit::Fatal(error)) => return Err(Fault::Fatal(error)),
            };
            self.task.bear(&mut backoff, error).await.map_err(Fault::Fatal)?;
        }
        Ok(())
    }

    /// How far the bytes of `block` that are there were compared with what the origin gives; `None` where they differ.
    async fn compare_once(&self, block: &Range<u64>) -> Result<Option<u64>, Misfit> {
        let ask = Ask::Between(self.span.0 + block.start, self.span.0 + block.end);
        let answer = open(&self.task.cx, &self.fragment(), ask).await?;
        let fit = Reply::of(&answer).judge(ask, Some(&self.entity))?;
        self.hear_digests(&answer);
        self.compare_body(answer, &fit, block).await
    }

    /// Compares all that is there with one reply, of a host that gives no ranges.
    pub(super) async fn is_all_the_same(&self) -> Result<bool, Error> {
        let mut backoff = self.task.backoff();
        loop {
            let error = match self.compare_all().await {
                Ok(is_same) => return Ok(is_same),
                Err(Misfit::Changed(_) | Misfit::Empty | Misfit::NoRanges(_)) => return Ok(false),
                Err(Misfit::Passing(error) | Misfit::Unwelcome(error)) => error,
                Err(Misfit::Dead(_, error) | Misfit::Fatal(error)) => return Err(error),
            };
            self.task.bear(&mut backoff, error).await?;
        }
    }

    async fn compare_all(&self) -> Result<bool, Misfit> {
        let all = 0..self.plan().done();
        let answer = open(&self.task.cx, &self.fragment(), Ask::Whole).await?;
        let fit = Reply::of(&answer).judge(Ask::Whole, Some(&self.entity))?;
        Ok(fit.is_proven || self.compare_body(answer, &fit, &all).await? == Some(all.end))
    }

    async fn compare_body(
        &self,
        mut answer: OpenAnswer,
        fit: &Fit,
        block: &Range<u64>,
    ) -> Result<Option<u64>, Misfit> {
        let (start, end) = (self.span.0 + block.start, self.span.0 + block.end);
        let _counted = self.task.gauge.connection();
        let ends = fit.body.1.unwrap_or(end).min(end);
        let mut clock = Clock::new(true);
        let mut at = fit.body.0;
        while at < ends {
            let since = Instant::now();
            let Some(mut chunk) = answer.chunk().await.map_err(Misfit::Passing)? else {
                return Err(Misfit::Passing(self.bad("a body that is shorter than announced")));
            };
            if !clock.arrived(since, chunk.len()) {
                return Err(Misfit::Passing(self.bad("a few bytes in a long time")));
            }
            self.task.gauge.arrived(chunk.len() as u64);
            self.task.gauge.waste(chunk.len() as u64);
            self.task.pay(chunk.len()).await;
            let arrived = at..at + chunk.len() as u64;
            at = arrived.end;
            let (from, to) = (arrived.start.max(start), arrived.end.min(ends));
            if from >= to {
                continue;
            }
            let index = |offset: u64| usize::try_from(offset - arrived.start).unwrap_or(usize::MAX);
            chunk = chunk.slice(index(from)..index(to));
            let place = self.place.base + (from - self.span.0);
            let file = self.place.part.file().await.map_err(Misfit::Fatal)?;
            let there = file.read(place, chunk.len()).await.map_err(Misfit::Fatal)?;
            if there != chunk {
                return Ok(None);
            }
        }
        Ok(Some(ends.saturating_sub(self.span.0)))
    }
}

/// Which bytes replies brought. Of very many, a sample.
#[derive(Debug)]
pub(super) struct Runs {
    kept: Vec<Range<u64>>,
    noted: u64,
}

impl Runs {
    pub(super) fn new(kept: Vec<Range<u64>>) -> Self {
        let noted = kept.len() as u64;
        Self { kept, noted }
    }

    /// Notes what a reply brought. Each of those noted is as likely to be kept as any other.
    pub(super) fn note(&mut self, run: Range<u64>, dice: &Dice) {
        self.noted += 1;
        if self.kept.len() < MOST_RUNS {
            return self.kept.push(run);
        }
        let place = usize::try_from(dice.below(self.noted)).unwrap_or(usize::MAX);
        if let Some(kept) = self.kept.get_mut(place) {
            *kept = run;
        }
    }

    pub(super) fn kept(&self) -> &[Range<u64>] {
        &self.kept
    }
}

/// Which bytes to compare: the end of every run, where another reply went on, and some at places that nobody can foresee.
fn choose(runs: &[Range<u64>], total: u64, dice: &Dice) -> Vec<Range<u64>> {
    let runs: Vec<_> = runs.iter().filter(|run| !run.is_empty()).collect();
    // However small the file is: a reply that is not looked at may be of any version.
    let budget = (total / COMPARED).max(runs.len() as u64);
    let count = (runs.len() as u64).min(budget).min(MOST_PLACES / PLACES.start());
    if count == 0 {
        return Vec::new();
    }
    let places = (budget / (LARGEST * count)).clamp(*PLACES.start(), *PLACES.end());
    let places = places.min(budget / count).min(MOST_PLACES / count);
    let size = (budget / (count * places)).clamp(1, LARGEST);
    // Where there are too many, some are left out, and which is left to chance.
    let step = runs.len() as f64 / count as f64;
    let offset = dice.fraction() * (step - 1.0).max(0.0);
    let chosen = (0..count).filter_map(|i| runs.get((i as f64 * step + offset) as usize));
    let block = |run: &Range<u64>, place: u64| {
        let len = size.min(run.end - run.start);
        let last = run.end - len;
        let start = if place == 0 { last } else { run.start + dice.below(last - run.start + 1) };
        start..start + len
    };
    chosen.flat_map(|run| (0..places).map(move |place| block(run, place))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_run_is_looked_at_where_there_is_room() {
        let runs: Vec<_> = (0..8).map(|i| i << 26..(i + 1) << 26).collect();
        let blocks = choose(&runs, 8 << 26, &Dice::seeded(1));
        assert_eq!(blocks.len(), 32);
        let within = |run: &Range<u64>, block: &Range<u64>| run.start <= block.start && block.end <= run.end;
        let inside = |run| blocks.iter().filter(|block| within(run, block)).count();
        assert!(runs.iter().all(|run| inside(run) == 4 && blocks.iter().any(|block| block.end == run.end)));
        assert!(choose(&[], 0, &Dice::seeded(1)).is_empty());
        assert_eq!(choose(&[0..20, 20..30, 30..60], 60, &Dice::seeded(1)), [19..20, 29..30, 59..60]);
    }

    proptest! {
        /// At most two in a hundred bytes or one of each reply, and always within what is there.
        #[test]
        fn little_is_fetched_again(lens in prop::collection::vec(0_u64..5_000_000, 1..600), seed: u64) {
            let mut at = 0;
            let runs: Vec<_> = lens.iter().map(|len| { at += len; at - len..at }).collect();
            let blocks = choose(&runs, at, &Dice::seeded(seed));
            let fetched: u64 = blocks.iter().map(|block| block.end - block.start).sum();
            prop_assert!(fetched <= (at / COMPARED).max(runs.len() as u64));
            prop_assert_eq!(blocks.is_empty(), at == 0);
            let within = |block: &Range<u64>| {
                !block.is_empty() && runs.iter().any(|run| run.start <= block.start && block.end <= run.end)
            };
            prop_assert!(blocks.iter().all(within));
        }
    }
}
