//! The connections of a fragment: started, counted, and what it means when they end.

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering},
};

use qetch_core::{Error, Result};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::{
    super::{
        plan::ShareId,
        transfer::{Fault, Job, Opened},
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
        let (mut is_first_strike, mut no_ranges) = (true, None);
        loop {
            let (done, mut last) = (job.plan().done(), None);
            while let Some(ended) = connections.join_next().await {
                let ended = ended.unwrap_or_else(|error| {
                    let what = "a connection that panicked";
                    Err(Fault::Fatal(Error::unexpected(what, Some(error.into()))))
                });
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

    /// One connection. It counts as busy until it is dropped, which for an aborted one is later than its end.
    fn connection(
        &self,
        job: &Arc<Job>,
        first: Option<(ShareId, Opened)>,
    ) -> impl Future<Output = Result<(), Fault>> + Send + 'static {
        // It is large, and would be copied each time that it is handed on.
        let (busy, work) = (self.task.busy.one(), Box::pin(job.clone().work(first)));
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
