//! `Downloader`: the trait behind every protocol, what it is told and what it answers.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{Content, Context, Error, ProgressHook, Refresh, Result, Stop, Target};

/// Brings the fragments of a content to a target.
///
/// Dropping the future cancels: nothing goes on running, and no final name appears afterwards.
#[async_trait]
pub trait Downloader: fmt::Debug + Send + Sync + 'static {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Whether it knows this content's delivery and schemes. Pure.
    fn can_handle(&self, content: &Content) -> bool;

    /// Brings every fragment of `content` to `to`.
    async fn download(
        &self,
        cx: &Context,
        content: &Content,
        to: &Target,
        options: &DownloadOptions,
    ) -> Result<Report>;
}

/// How a download is to be done.
///
/// ```
/// use qetch_core::DownloadOptions;
///
/// let options = DownloadOptions::new().with_max_connections(4).with_hook(|progress| println!("{progress:?}"));
/// assert_eq!((options.max_fragments, options.max_connections), (1, 4));
/// ```
#[derive(Clone)]
#[non_exhaustive]
#[must_use]
pub struct DownloadOptions {
    /// Fragments that are fetched at once; 1 unless set.
    pub max_fragments: usize,
    /// Connections for each fragment, where its origin gives ranges; 8 unless set. A host never sees more than the
    /// context's cap in all.
    pub max_connections: usize,
    /// Whether the two above are a budget to be spent where it helps: see [`DownloadOptions::auto`].
    pub spend_freely: bool,
    /// Hears how far the download is.
    pub hook: Option<Arc<dyn ProgressHook>>,
    /// The time between two calls of the hook; 100 ms unless set.
    pub update_delay: Duration,
    /// Asks the download to end in order.
    pub stop: Stop,
    /// Makes dead links anew; the registry sets its own where there is none.
    pub refresh: Option<Arc<dyn Refresh>>,
    /// Whether a file that stands at the target may be replaced; not unless set.
    pub overwrite: bool,
}

impl DownloadOptions {
    /// The defaults: one fragment at a time over eight connections.
    pub fn new() -> Self {
        Self {
            max_fragments: 1,
            max_connections: 8,
            spend_freely: false,
            hook: None,
            update_delay: Duration::from_millis(100),
            stop: Stop::new(),
            refresh: None,
            overwrite: false,
        }
    }

    /// The same eight connections, spent where they help: on one fragment when there is one, on eight fragments at once
    /// when there are many.
    pub fn auto() -> Self {
        Self { spend_freely: true, ..Self::new() }
    }

    /// Sets how many fragments are fetched at once.
    pub fn with_max_fragments(mut self, count: usize) -> Self {
        self.max_fragments = count;
        self
    }

    /// Sets the connections for each fragment.
    pub fn with_max_connections(mut self, count: usize) -> Self {
        self.max_connections = count;
        self
    }

    /// Sets who hears how far the download is.
    pub fn with_hook(mut self, hook: impl ProgressHook + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Sets the time between two calls of the hook.
    pub fn with_update_delay(mut self, delay: Duration) -> Self {
        self.update_delay = delay;
        self
    }

    /// Sets what asks the download to end in order.
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// Sets what makes dead links anew.
    pub fn with_refresh(mut self, refresh: Arc<dyn Refresh>) -> Self {
        self.refresh = Some(refresh);
        self
    }

    /// Sets whether a file that stands at the target may be replaced.
    pub fn with_overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// How many fragments at once, and how many connections for each, for a content of `fragments` fragments.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) where a limit is 0.
    pub fn limits(&self, fragments: usize) -> Result<(usize, usize)> {
        if self.max_fragments == 0 || self.max_connections == 0 {
            let what = if self.max_fragments == 0 { "max_fragments" } else { "max_connections" };
            return Err(Error::invalid(what, "at least 1 is needed"));
        }
        if !self.spend_freely {
            return Ok((self.max_fragments, self.max_connections));
        }
        let budget = self.max_fragments.saturating_mul(self.max_connections);
        let at_once = fragments.clamp(1, budget);
        Ok((at_once, budget / at_once))
    }
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for DownloadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DownloadOptions")
            .field("max_fragments", &self.max_fragments)
            .field("max_connections", &self.max_connections)
            .field("spend_freely", &self.spend_freely)
            .field("update_delay", &self.update_delay)
            .field("overwrite", &self.overwrite)
            .finish_non_exhaustive()
    }
}

/// What a download did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The files it made: one, or one a fragment where the target is a directory of pieces.
    pub paths: Vec<PathBuf>,
    /// Bytes of those files.
    pub bytes: u64,
    /// Bytes that arrived and were not needed: fetched again after a failure, or past the end of a share.
    pub bytes_fetched_twice: u64,
    /// The most connections that were open at once.
    pub connections: usize,
    /// Whether every byte is there.
    pub complete: bool,
}

impl Report {
    /// A report of whole files.
    pub fn complete(paths: impl IntoIterator<Item = PathBuf>, bytes: u64) -> Self {
        Self { paths: paths.into_iter().collect(), bytes, complete: true, ..Self::default() }
    }

    /// Sets the most connections that were open at once.
    #[must_use]
    pub fn with_connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Sets the bytes that arrived and were not needed.
    #[must_use]
    pub fn with_bytes_fetched_twice(mut self, bytes: u64) -> Self {
        self.bytes_fetched_twice = bytes;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_originals() {
        let options = DownloadOptions::default();
        assert_eq!(options.limits(100).unwrap(), (1, 8));
        assert_eq!(options.update_delay, Duration::from_millis(100));
    }

    #[test]
    fn auto_spends_the_same_eight() {
        let check = |fragments, expected| {
            assert_eq!(DownloadOptions::auto().limits(fragments).unwrap(), expected);
        };
        check(0, (1, 8));
        check(1, (1, 8));
        check(3, (3, 2));
        check(8, (8, 1));
        check(500, (8, 1));
    }

    #[test]
    fn a_limit_of_zero_is_an_error() {
        for options in
            [DownloadOptions::new().with_max_fragments(0), DownloadOptions::auto().with_max_connections(0)]
        {
            assert_eq!(options.limits(1).unwrap_err().code(), "invalid");
        }
    }
}
