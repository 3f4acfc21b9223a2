//! One fragment: the first answer tells what it is, and then as many connections as it is worth bring it.

mod begin;
mod connections;

use std::sync::{Arc, atomic::Ordering};

use qetch_core::{Error, Fragment, FragmentMethod, Result};

use super::{
    backoff::Backoff,
    entity::Entity,
    part::Part,
    place::Place,
    probe::Misfit,
    sizes::Sizes,
    spare::Spare,
    task::Task,
    transfer::{Fault, Job},
};

/// Times that a file which changes under the download is begun before that is an error. The last time it is one reply,
/// which no change can mix.
const MOST_VERSIONS: u32 = 3;

/// How often a host that gave ranges is asked again after it gave none.
const MOST_STRIKES: u32 = 2;

/// One fragment to bring.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) task: Arc<Task>,
    pub(super) fragment: Fragment,
    /// How often its link was made anew.
    pub(super) age: u32,
    /// Whether its link was made anew before anything came of it.
    pub(super) is_renewed: bool,
    /// Which of the content's fragments it is.
    pub(super) index: usize,
    /// The bytes it must have, where the site guarantees them.
    pub(super) size: Option<u64>,
    /// Whether it is all of the file.
    pub(super) is_the_file: bool,
    /// Whether it is not as it arrives that it goes into the file: what arrives is no progress then.
    pub(super) is_coded: bool,
    /// Whether those behind it may go by the size that its answer tells.
    pub(super) tells_place: bool,
    pub(super) connections: usize,
    /// Connections that it may have beyond those.
    pub(super) spare: Spare,
    /// Where it goes, unless that is still to be found out.
    pub(super) place: Place,
    /// The size of the resource that a reply told which was not used otherwise.
    pub(super) told: Option<u64>,
    /// What it was fetched from before, and what the next answer must fit.
    pub(super) was: Option<Entity>,
    pub(super) expected: Option<Entity>,
    /// Bytes of a version that was given up, of which the journal still speaks.
    pub(super) given_up: Option<u64>,
    /// Bytes that an earlier run left of it.
    pub(super) resumed: u64,
    /// Bytes of it that count as progress, since a version of it broke off.
    pub(super) counted: u64,
    /// Versions that were begun and given up.
    pub(super) versions: u32,
    /// Hears its size as soon as an answer tells it.
    pub(super) sizes: Arc<Sizes>,
}

/// A fragment that is there.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) bytes: u64,
    /// Where it lies.
    pub(super) base: u64,
    /// What it was fetched from.
    pub(super) entity: Entity,
    /// Where it waits, if it does not lie where it belongs.
    pub(super) shelved: Option<Arc<Part>>,
}

/// How the fragment is asked for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Over as many connections as are wanted.
    Ranges,
    /// In one reply from the first byte to the last.
    OneStream,
}

impl Fetch {
    /// Brings it whole. Where it may be left out, what came of it is no progress once it cannot be had.
    pub(super) async fn run(mut self) -> Result<Fetched> {
        let fetched = self.bring_whole().await;
        if fetched.is_err() && !self.tells_place && !self.is_coded && self.counted > 0 {
            self.task.gauge.waste(self.counted);
            self.task.meter.restart(self.counted);
        }
        fetched
    }

    async fn bring_whole(&mut self) -> Result<Fetched> {
        let mut backoff = self.task.backoff_of_a_fragment();
        let mut patience = self.task.backoff();
        let mut strikes = Backoff::new(MOST_STRIKES, &self.task.dice);
        let mut manner = self.manner();
        // Another fragment may have met a dead link before.
        (self.age, self.fragment) = self.task.source.current(self.index).await?;
        let mut resumed = self.resumed().await?;
        self.resumed = resumed.as_ref().map_or(0, |job| job.plan().done());
        // It begins with bytes that are there, and would go on sending them for as long as it is open.
        let mut parked = self.parked().filter(|_| resumed.is_none());
        loop {
            let (job, first) = match resumed.take() {
                Some(job) => (job, None),
                None => match self.begin(manner, parked.take()).await {
                    Ok((job, opened)) => {
                        patience.progressed();
                        (job, Some(opened))
                    }
                    Err(misfit) => {
                        match self.not_begun(misfit, &mut manner, &mut patience, &mut backoff).await? {
                            Some(empty) => return Ok(empty),
                            None => continue,
                        }
                    }
                },
            };
            let is_new = first.is_some();
            let fault = match self.bring(&job, first).await {
                Ok(()) => return self.whole(&job),
                Err(fault) => fault,
            };
            // A write of this version that landed later would land in the next one.
            job.writes.none().await;
            // All that this version brought is fetched again.
            let lost = job.plan().done();
            self.counted = lost;
            (self.was, self.expected) = (Some(job.entity.clone()), Some(job.entity.clone()));
            match fault {
                Fault::Fatal(error)
                | Fault::Unwelcome(error)
                | Fault::Dead(_, error)
                | Fault::Spent(error) => {
                    return Err(error);
                }
                Fault::Changed(error) if self.age > 0 && lost > 0 => return Err(error),
                Fault::Changed(error) => {
                    self.versions += u32::from(is_new);
                    manner = self.another_version(error, manner)?;
                }
                // It may be one machine of several: what is there is worth asking again.
                Fault::NoRanges(problem) if job.entity.has_ranges && strikes.is_left() => {
                    let error = Error::bad_reply(&self.fragment.url, problem);
                    self.task.bear(&mut strikes, error).await?;
                    let landed = self.landed();
                    if landed > 0 {
                        self.task.meter.restart(if self.is_coded { 0 } else { lost - landed });
                        self.task.gauge.waste(lost - landed);
                        resumed = self.resumed().await?;
                        continue;
                    }
                }
                Fault::NoRanges(problem) => {
                    tracing::info!(problem, "no ranges after all: fetching it afresh as one stream");
                    manner = Manner::OneStream;
                }
                Fault::Cut(error) => self.task.bear(&mut backoff, error).await?,
            }
            // Not before there is an answer to begin with: until then what is there may still be of use.
            self.given_up = Some(lost);
        }
    }

    /// Bytes of it that are in the part file, and known to the journal.
    fn landed(&self) -> u64 {
        let open = self.place.keeper.as_ref().and_then(|keeper| keeper.begun(self.index));
        open.map_or(0, |open| open.done.count())
    }

    /// How another version of it is to be fetched.
    ///
    /// # Errors
    /// `error` where that was tried often enough.
    fn another_version(&mut self, error: Error, manner: Manner) -> Result<Manner> {
        if self.versions >= MOST_VERSIONS {
            return Err(error);
        }
        tracing::info!(%error, "fetching it afresh");
        (self.told, self.expected) = (None, None);
        Ok(if self.versions + 1 == MOST_VERSIONS { Manner::OneStream } else { manner })
    }

    /// How it is asked for before anything is known of its origin.
    fn manner(&self) -> Manner {
        match self.fragment.method {
            FragmentMethod::Get => Manner::Ranges,
            _ => Manner::OneStream,
        }
    }

    /// What to do when the first answer does not fit: nothing was written yet. Answers with the fragment where it has no
    /// bytes.
    async fn not_begun(
        &mut self,
        misfit: Misfit,
        manner: &mut Manner,
        patience: &mut Backoff,
        less_patience: &mut Backoff,
    ) -> Result<Option<Fetched>> {
        match misfit {
            Misfit::Empty => {
                self.give_up().await?;
                self.task.meter.answered();
                self.sizes.learn(self.index, Some(0), self.tells_place, &self.task.meter);
                let entity = Entity::default();
                let bytes = self.checked(0)?;
                if let (Some(keeper), false) = (&self.place.keeper, self.is_the_file) {
                    keeper.is_whole(self.index, self.place.base, bytes, &entity);
                }
                let (base, shelved) = (self.place.base, self.place.shelved());
                Ok(Some(Fetched { bytes, base, entity, shelved }))
            }
            Misfit::NoRanges(problem) if *manner == Manner::Ranges => {
                tracing::info!(problem, "no ranges: fetching it as one stream");
                *manner = Manner::OneStream;
                Ok(None)
            }
            Misfit::NoRanges(problem) => Err(Error::bad_reply(&self.fragment.url, problem)),
            Misfit::Dead(status, error) if !self.is_renewed => {
                self.is_renewed = true;
                self.renew(status, error).await?;
                // That the dead link gave no ranges says nothing of the new one.
                *manner = self.manner();
                Ok(None)
            }
            Misfit::Changed(error) if self.expected.is_some() && self.age == 0 => {
                self.versions += 1;
                *manner = self.another_version(error, *manner)?;
                Ok(None)
            }
            // A host that contradicts itself does so again, more often than not.
            Misfit::Passing(error @ Error::BadReply { .. }) => {
                self.task.bear(less_patience, error).await.map(|()| None)
            }
            Misfit::Passing(error) | Misfit::Unwelcome(error) if may_pass(&error) => {
                self.task.bear(patience, error).await.map(|()| None)
            }
            Misfit::Passing(error)
            | Misfit::Unwelcome(error)
            | Misfit::Dead(_, error)
            | Misfit::Changed(error)
            | Misfit::Fatal(error) => Err(error),
        }
    }

    async fn renew(&mut self, status: u16, died: Error) -> Result<()> {
        (self.age, self.fragment) = self.task.source.renew(self.index, self.age, status, died).await?;
        Ok(())
    }

    /// Takes back what a version brought that was given up, now that another one begins.
    async fn give_up(&mut self) -> Result<()> {
        let Some(lost) = self.given_up.take() else { return Ok(()) };
        self.task.resumed.fetch_sub(std::mem::take(&mut self.resumed), Ordering::Relaxed);
        self.counted = 0;
        self.forget(lost).await
    }

    /// Takes back what a version brought that is begun again.
    async fn forget(&self, lost: u64) -> Result<()> {
        if let Some(keeper) = &self.place.keeper {
            keeper.forget(self.index).await?;
            self.task.sums.restart();
        }
        self.task.gauge.waste(lost);
        self.task.meter.restart(if self.is_coded { 0 } else { lost });
        Ok(())
    }

    fn whole(&self, job: &Job) -> Result<Fetched> {
        let bytes = self.checked(job.plan().done())?;
        if let (Some(told), None) = (self.told, self.fragment.range)
            && told != bytes
        {
            let problem = format!("{bytes} bytes where a range of it tells of {told}");
            return Err(Error::bad_reply(&self.fragment.url, problem));
        }
        if let Some(keeper) = &self.place.keeper {
            keeper.is_whole(self.index, self.place.base, bytes, &job.entity);
        }
        Ok(Fetched {
            bytes,
            base: self.place.base,
            entity: job.entity.clone(),
            shelved: self.place.shelved(),
        })
    }

    /// `total`, if it is what the site guarantees.
    fn checked(&self, total: u64) -> Result<u64> {
        match self.size {
            Some(size) if size != total => {
                let problem = format!("{total} bytes where the site promises {size}");
                Err(Error::bad_reply(&self.fragment.url, problem))
            }
            _ => Ok(total),
        }
    }
}

/// Whether asking again soon may help. A host that asks for a longer wait than is allowed is not asked again.
fn may_pass(error: &Error) -> bool {
    error.is_retryable() && !matches!(error, Error::RateLimited { retry_after: Some(_), .. })
}
