//! `Downloader`: the trait behind every protocol, what it is told and what it answers.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    Checksum, Content, Context, Error, Mux, ProgressHook, RateLimit, Refresh, Report, Result, Stop, Target,
};

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
    /// Whether what an earlier run left is gone on with; it is unless set. What this run fetches is kept either way.
    pub resume: bool,
    /// Checksums of the whole file, besides those that the content and its origin promise.
    pub checksums: Vec<Checksum>,
    /// The rate of this download, besides that of its context; none unless set.
    pub rate_limit: Option<RateLimit>,
    /// Failures in a row that one connection bears before its error is the download's; 8 unless set. Bytes that arrive
    /// begin the count anew.
    pub retries: u32,
    /// How long not a byte may arrive on any connection before the download is given up; 2 minutes unless set. Waits that
    /// are meant do not count: those that a host asks for, turns at a busy host, pauses before asking again. A recording whose
    /// list has nothing new for so long ends in order, and one whose list cannot be read for so long is an error.
    pub patience: Duration,
    /// The most bytes that a file may have; any number unless set.
    pub max_size: Option<u64>,
    /// How several tracks, or parts of one, become one file; [`Mux::Native`] unless set.
    pub mux: Mux,
    /// Whether captions that were chosen become tracks of the file, rather than files beside it; not unless set.
    pub mux_captions: bool,
    /// Whether a fragment that stays unavailable after its retries is left out, rather than the end of the download; not
    /// unless set. The [`Report`] names those that are missing.
    pub allow_gaps: bool,
    /// How long a live recording goes on, in seconds of media; to its end unless set.
    pub live_duration: Option<Duration>,
    /// Where a live recording begins; at the [live edge](LiveStart::Edge) unless set.
    pub live_start: LiveStart,
}

/// Where a live recording begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LiveStart {
    /// Where a player would: three segments before the end of what is listed, unless the manifest says otherwise
    /// (RFC 8216, section 6.3.3).
    #[default]
    Edge,
    /// With the first segment that is still listed.
    Window,
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
            resume: true,
            checksums: Vec::new(),
            rate_limit: None,
            retries: 8,
            patience: Duration::from_secs(120),
            max_size: None,
            mux: Mux::default(),
            mux_captions: false,
            allow_gaps: false,
            live_duration: None,
            live_start: LiveStart::default(),
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

    /// Sets whether what an earlier run left is gone on with.
    pub fn with_resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Adds a checksum that the whole file must have.
    pub fn with_checksum(mut self, checksum: Checksum) -> Self {
        self.checksums.push(checksum);
        self
    }

    /// Sets the rate of this download. Give clones of one limit to several downloads, and it is for all of them.
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// Sets how many failures in a row one connection bears.
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets how long not a byte may arrive before the download is given up.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets the most bytes that a file may have.
    pub fn with_max_size(mut self, bytes: u64) -> Self {
        self.max_size = Some(bytes);
        self
    }

    /// Sets how tracks and parts become one file.
    pub fn with_mux(mut self, mux: Mux) -> Self {
        self.mux = mux;
        self
    }

    /// Sets whether captions become tracks of the file.
    pub fn with_mux_captions(mut self, mux: bool) -> Self {
        self.mux_captions = mux;
        self
    }

    /// Sets whether fragments that stay unavailable are left out.
    pub fn with_allow_gaps(mut self, allow: bool) -> Self {
        self.allow_gaps = allow;
        self
    }

    /// Sets how long a live recording goes on.
    pub fn with_live_duration(mut self, duration: Duration) -> Self {
        self.live_duration = Some(duration);
        self
    }

    /// Sets where a live recording begins.
    pub fn with_live_start(mut self, start: LiveStart) -> Self {
        self.live_start = start;
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
            .field("resume", &self.resume)
            .field("checksums", &self.checksums)
            .field("rate_limit", &self.rate_limit)
            .field("retries", &self.retries)
            .field("patience", &self.patience)
            .field("max_size", &self.max_size)
            .field("mux", &self.mux)
            .field("mux_captions", &self.mux_captions)
            .field("allow_gaps", &self.allow_gaps)
            .field("live_duration", &self.live_duration)
            .field("live_start", &self.live_start)
            .finish_non_exhaustive()
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
