//! Several readings or downloads at once, each in a place of its own.

use std::{future::Future, sync::Arc};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, JoinSet},
};

use crate::{
    exit::{FAILED, Failure},
    session::Session,
};

/// What goes on at once.
pub(crate) struct AtOnce {
    session: Session,
    places: Arc<Semaphore>,
    works: JoinSet<()>,
}

impl AtOnce {
    /// As many places as that.
    pub(crate) fn new(session: &Session, at_once: usize) -> Self {
        let places = Arc::new(Semaphore::new(at_once.min(Semaphore::MAX_PERMITS)));
        Self { session: session.clone(), places, works: JoinSet::new() }
    }

    /// Others, to be waited for apart, in the same places.
    pub(crate) fn others(&self) -> Self {
        Self { session: self.session.clone(), places: self.places.clone(), works: JoinSet::new() }
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
        while let Some(ended) = self.works.try_join_next() {
            self.told(ended);
        }
        // Large work is moved once, and not each time that it is handed on.
        let work = Box::pin(work);
        self.works.spawn(async move {
            work.await;
            drop(place);
        });
    }

    /// Waits for all of them.
    pub(crate) async fn finish(mut self) {
        while let Some(ended) = self.works.join_next().await {
            self.told(ended);
        }
    }

    /// Tells of work that panicked, whenever that was.
    fn told(&self, ended: Result<(), JoinError>) {
        if let Err(error) = ended {
            self.session.fail(Failure::new(FAILED, format!("unexpected: {error}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use qetch::Qetch;

    use super::*;
    use crate::console::Console;

    #[tokio::test]
    async fn work_that_panics_is_told_of_whenever_it_does() {
        for panics in 0..2 {
            let session = Session::of(Qetch::new(), Console::new(true));
            let mut works = AtOnce::new(&session, 1);
            for number in 0..2 {
                let place = works.place().await;
                works.begin(place, async move { assert_ne!(number, panics, "planted") });
            }
            works.finish().await;
            assert_eq!(session.code(), FAILED);
        }
    }
}
