//! The connections of a fragment: started, counted, and what it means when they end.

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering},
};

use qetch_core::{Error, Result};
use tokio::{task::JoinSet, time::sleep};
use tracing::Instrument as _;

use super::{
    super::{
        entity::Agreement,
        plan::ShareId,
        spare::Lent,
        transfer::{Fault, IDLE, Job, Opened},
    },
    Fetch, may_pass,
};

impl Fetch {
    /// Runs the connections of a job until every byte is there and known to be of one version, or one of them meets what
    /// ends them all. Dropping the future ends them.
    pub(super) async fn bring(&mut self, job: &Arc<Job>, first: Option<Opened>) -> Result<(), Fault> {
        // What an earlier run left whole is proven like anything else.
        let was_whole = job.plan().is_whole();
        if !was_whole {
            self.work(job, first).await?;
            job.writes.none().await;
        }
        let is_one_reply = job.replies() <= 1;
        if !was_whole && (is_one_reply || !job.is_open.load(Ordering::Relaxed)) {
            return Ok(());
        }
        let mut connections = self.connections;
        loop {
            match job.prove(connections).await {
                // It may be that one of several connections is one too many.
                Err(Fault::Dead(..)) if connections > 1 => connections = 1,
                Err(Fault::Dead(status, error)) => self.renew_for(job, status, error).await?,
                proven => return proven,
            }
        }
    }

    async fn work(&mut self, job: &Arc<Job>, first: Option<Opened>) -> Result<(), Fault> {
        let mut connections = JoinSet::new();
        if let Some(opened) = first
            && let Some(share) = job.plan().take(job.now(), None)
        {
            connections.spawn(self.connection(job, Some((share, opened))));
        }
        self.fill(&mut connections, job);
        let mut backoff = self.task.backoff();
        let (mut is_first_strike, mut is_welcome, mut no_ranges) = (true, true, None);
        loop {
            let (done, mut last) = (job.plan().done(), None);
            while let Some(ended) = self.ended(&mut connections, job, is_welcome).await {
                is_welcome &= ended.is_ok();
                match ended {
                    Ok(()) => (),
                    // The others take its share over.
                    Err(fault @ (Fault::Unwelcome(_) | Fault::Dead(..) | Fault::Spent(_))) => {
                        tracing::info!(?fault, left = connections.len(), "one connection less");
                        last = Some(fault);
                    }
                    Err(Fault::NoRanges(problem)) if job.streams.is_any() => {
                        tracing::info!(problem, "no ranges after all: the first connection goes on alone");
                        job.plan().be_one_stream();
                        job.changed.notify_waiters();
                        no_ranges = Some(problem);
                    }
                    Err(fault) => {
                        connections.shutdown().await;
                        return Err(fault);
                    }
                }
            }
            if job.plan().is_whole() {
                return Ok(());
            }
            if let Some(problem) = no_ranges {
                return Err(Fault::NoRanges(problem));
            }
            // Where others were refused and yet something arrived, the host gives fewer connections, and not none.
            let is_alive = job.plan().done() > done;
            if is_alive {
                backoff.progressed();
                is_first_strike = true;
            }
            match last {
                Some(Fault::Dead(status, error)) if !is_first_strike => {
                    self.renew_for(job, status, error).await?;
                    is_first_strike = true;
                    self.fill(&mut connections, job);
                    continue;
                }
                Some(Fault::Dead(_, error)) => {
                    is_first_strike = false;
                    self.task.bear(&mut backoff, error).await.map_err(Fault::Fatal)?;
                }
                Some(Fault::Spent(error)) if !is_alive => return Err(Fault::Fatal(error)),
                Some(Fault::Unwelcome(error)) if !is_alive && !may_pass(&error) => {
                    return Err(Fault::Fatal(error));
                }
                Some(Fault::Unwelcome(error) | Fault::Spent(error)) => {
                    self.task.bear(&mut backoff, error).await.map_err(Fault::Fatal)?;
                }
                _ if is_alive => (),
                _ => return Err(Fault::Fatal(Error::unexpected("connections that end for no reason", None))),
            }
            connections.spawn(self.connection(job, None));
        }
    }

    /// Starts a connection for each run that waits, up to the limit.
    fn fill(&self, connections: &mut JoinSet<Result<(), Fault>>, job: &Arc<Job>) {
        let waiting = job.plan().waiting();
        for _ in connections.len()..self.connections.min(connections.len() + waiting) {
            connections.spawn(self.connection(job, None));
        }
    }

    /// Waits until a connection has ended; `None` where there is none. Meanwhile those are used that others need no more, as
    /// long as nothing went wrong.
    async fn ended(
        &self,
        connections: &mut JoinSet<Result<(), Fault>>,
        job: &Arc<Job>,
        is_welcome: bool,
    ) -> Option<Result<(), Fault>> {
        // Of what nothing proves to be of one version, each reply more is compared in the end.
        let is_proven = job.entity.agreement(&job.entity) == Agreement::Proven;
        let may_have_more = is_welcome && is_proven && job.entity.has_ranges;
        loop {
            tokio::select! {
                biased;
                ended = connections.join_next() => return Some(ended?.unwrap_or_else(|error| {
                    let what = "a connection that panicked";
                    Err(Fault::Fatal(Error::unexpected(what, Some(error.into()))))
                })),
                (lent, share) = self.lent(job), if may_have_more => {
                    let work = Box::pin(job.clone().help(share));
                    connections.spawn(self.busy(async move {
                        let _lent = lent;
                        work.await
                    }));
                }
            }
        }
    }

    /// A connection that others need no more, and what it is to bring, as soon as there are both.
    async fn lent(&self, job: &Job) -> (Lent, ShareId) {
        loop {
            let more = self.spare.more();
            if self.spare.is_any()
                && let Some(share) = job.plan().take(job.now(), None)
            {
                match self.spare.lend() {
                    Some(lent) => return (lent, share),
                    None => job.plan().leave(share),
                }
            }
            let is_any = self.spare.is_any();
            tokio::select! {
                biased;
                () = more => (),
                // What is worth a connection changes as bytes arrive.
                () = sleep(IDLE), if is_any => (),
            }
        }
    }

    /// One connection. It counts as busy until it is dropped, which for an aborted one is later than its end.
    fn connection(
        &self,
        job: &Arc<Job>,
        first: Option<(ShareId, Opened)>,
    ) -> impl Future<Output = Result<(), Fault>> + Send + 'static {
        // It is large, and would be copied each time that it is handed on.
        self.busy(Box::pin(job.clone().work(first)))
    }

    /// What counts as busy until it is dropped.
    fn busy(
        &self,
        work: impl Future<Output = Result<(), Fault>> + Send + 'static,
    ) -> impl Future<Output = Result<(), Fault>> + Send + 'static {
        let busy = self.task.busy.one();
        async move {
            let _busy = busy;
            work.await
        }
        .in_current_span()
    }

    /// Makes the link anew, for the connections of `job` that follow.
    async fn renew_for(&mut self, job: &Job, status: u16, died: Error) -> Result<(), Fault> {
        self.renew(status, died).await.map_err(Fault::Fatal)?;
        job.aim(self.fragment.clone());
        Ok(())
    }
}
