//! Blocking work on a thread made for it, that learns when nobody waits for it any more.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::{Error, Result};

/// Whether someone still waits for a piece of blocking work.
#[derive(Clone, Debug)]
pub struct Wanted(Arc<AtomicBool>);

impl Wanted {
    /// Whether someone does; long work asks between its steps.
    pub fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs `work` on a thread where it may block. Dropping the future tells the work that it is not wanted.
///
/// # Errors
/// Those of `work`, and [`Unexpected`](Error::Unexpected) if it panics.
pub async fn blocking<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(Wanted) -> Result<T> + Send + 'static,
{
    struct Unwant(Wanted);
    impl Drop for Unwant {
        fn drop(&mut self) {
            self.0.0.store(false, Ordering::Relaxed);
        }
    }

    let wanted = Wanted(Arc::new(AtomicBool::new(true)));
    let _unwant = Unwant(wanted.clone());
    let done = tokio::task::spawn_blocking(move || work(wanted)).await;
    done.map_err(|error| Error::unexpected("blocking work that panicked", Some(error.into())))?
}
