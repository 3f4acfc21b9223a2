//! Blocking work on the runtime's threads for it, that learns when nobody waits for it any more.

use std::sync::{Arc, Mutex};

use crate::{Error, Result, lock::lock};

/// Whether someone still waits for a piece of blocking work.
#[derive(Clone, Debug)]
pub struct Wanted(Arc<Mutex<bool>>);

/// Says by being dropped that nobody waits any more.
#[derive(Debug)]
pub struct Wants(Wanted);

impl Drop for Wants {
    fn drop(&mut self) {
        *lock(&self.0.0) = false;
    }
}

impl Wanted {
    /// Work that is wanted until the second one is dropped: for those who have threads of their own to do it.
    pub fn new() -> (Self, Wants) {
        let wanted = Self(Arc::new(Mutex::new(true)));
        (wanted.clone(), Wants(wanted))
    }

    /// Whether someone does; long work asks between its steps.
    pub fn is_wanted(&self) -> bool {
        *lock(&self.0)
    }

    /// Does what must not happen after the future was dropped: dropping it waits until `step` is over, and then it does
    /// not happen any more. Keep it short: a thread of the runtime may be what waits.
    ///
    /// # Errors
    /// [`Interrupted`](Error::Interrupted) where nobody waits any more.
    pub fn unless_dropped<T>(&self, step: impl FnOnce() -> T) -> Result<T> {
        let wanted = lock(&self.0);
        if *wanted { Ok(step()) } else { Err(Error::Interrupted) }
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
    let (wanted, _wants) = Wanted::new();
    let done = tokio::task::spawn_blocking(move || work(wanted)).await;
    done.map_err(|error| Error::unexpected("blocking work that panicked", Some(error.into())))?
}
