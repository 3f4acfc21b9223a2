//! Several downloads at once, each in a place of its own.

use std::{future::Future, sync::Arc};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

use crate::{
    exit::{FAILED, Failure},
    session::Session,
};

/// The downloads that go on at once.
pub(crate) struct AtOnce {
    places: Arc<Semaphore>,
    downloads: JoinSet<()>,
}

impl AtOnce {
    pub(crate) fn new(at_once: usize) -> Self {
        let places = Arc::new(Semaphore::new(at_once.min(Semaphore::MAX_PERMITS)));
        Self { places, downloads: JoinSet::new() }
    }

    /// Others that share the places of these.
    pub(crate) fn others(&self) -> Self {
        Self { places: self.places.clone(), downloads: JoinSet::new() }
    }

    /// A place, once one is free.
    pub(crate) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        // Nobody closes it.
        self.places.clone().acquire_owned().await.ok()
    }

    /// Begins `work` in its place.
    pub(crate) fn begin(
        &mut self,
        place: Option<OwnedSemaphorePermit>,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        while self.downloads.try_join_next().is_some() {}
        // Large work is moved once, and not each time that it is handed on.
        let work = Box::pin(work);
        self.downloads.spawn(async move {
            work.await;
            drop(place);
        });
    }

    /// Waits for all of them.
    pub(crate) async fn finish(mut self, session: &Session) {
        while let Some(ended) = self.downloads.join_next().await {
            if let Err(error) = ended {
                session.fail(Failure::new(FAILED, format!("unexpected: a download {error}")));
            }
        }
    }
}
