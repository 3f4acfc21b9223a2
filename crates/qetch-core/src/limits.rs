//! `Limits`: how much of what strangers send is taken, and how far it leads.

use std::time::Duration;

/// How much of what strangers send is taken, and how far it leads. What is over one of these is
/// [`OverLimit`](crate::Error::OverLimit), which names it.
///
/// They hold for every extraction and request of a context, whatever an extractor says. How large a download may be is
/// a setting of the download: [`DownloadOptions::with_max_size`](crate::DownloadOptions::with_max_size).
///
/// ```
/// use std::time::Duration;
///
/// use qetch_core::{Context, Limits};
///
/// let limits = Limits::new().answer_bytes(1 << 20).extraction_time(Duration::from_secs(30));
/// let cx = Context::builder().limits(limits).build();
/// # let _ = cx;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    /// Where none is set, an extractor may want more than others for an answer that it knows to be large.
    answer_bytes: Option<usize>,
    pub(crate) json_depth: usize,
    pub(crate) redirects: usize,
    pub(crate) pages: usize,
    pub(crate) handoff_depth: usize,
    pub(crate) handoffs: usize,
    pub(crate) extraction_time: Duration,
    segments: usize,
}

/// Bytes of an answer that is read whole, unless something else is said: 16 MiB.
const ANSWER_BYTES: usize = 16 << 20;

/// What the reader of JSON bears, which goes down the stack with each level.
const DEEPEST_JSON: usize = 127;

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            answer_bytes: None,
            json_depth: 100,
            redirects: 20,
            pages: 1_000,
            handoff_depth: 8,
            handoffs: 10_000,
            extraction_time: Duration::from_secs(30 * 60),
            segments: 100_000,
        }
    }

    /// The most bytes of an answer that is read whole; 16 MiB unless set, or what an extractor says with
    /// [`Request::with_limit`](crate::Request::with_limit) of one that it knows. What is set here is the most in any case.
    pub const fn answer_bytes(mut self, bytes: usize) -> Self {
        self.answer_bytes = Some(bytes);
        self
    }

    /// How deep the lists and objects of a JSON answer may be nested, those that nobody looks into as well; 100 unless set.
    /// More than 127 counts as 127.
    pub const fn json_depth(mut self, levels: usize) -> Self {
        self.json_depth = if levels < DEEPEST_JSON { levels } else { DEEPEST_JSON };
        self
    }

    /// The most redirects that are followed from one request; 20 unless set. The same for downloads.
    pub const fn redirects(mut self, count: usize) -> Self {
        self.redirects = count;
        self
    }

    /// The most pages of one extraction, with those of what it is handed off to; 1,000 unless set. What stands on them is
    /// found before that is told. Pages are counted that are read through
    /// [`Extraction::paged`](crate::Extraction::paged).
    pub const fn pages(mut self, count: usize) -> Self {
        self.pages = count;
        self
    }

    /// The most hand-offs that follow one another, each from what the last one led to; 8 unless set. One that leads back
    /// into its own chain is refused in any case.
    pub const fn handoff_depth(mut self, count: usize) -> Self {
        self.handoff_depth = count;
        self
    }

    /// The most hand-offs that one extraction follows in all; 10,000 unless set.
    pub const fn handoffs(mut self, count: usize) -> Self {
        self.handoffs = count;
        self
    }

    /// How long the reader of an extraction is kept waiting in all; 30 minutes unless set, and without end for
    /// [`Duration::MAX`]. Time in which nobody reads it does not count, nor does standing in line for a connection while
    /// others have all that its host gives, nor the interval that an extractor keeps. What a host asks us to wait does.
    ///
    /// A download has as long for each reading of a playlist or manifest, with those that lead to it.
    pub const fn extraction_time(mut self, time: Duration) -> Self {
        self.extraction_time = time;
        self
    }

    /// The most segments that one playlist or manifest may list for a rendition; 100,000 unless set. A live one may list as
    /// many each time that it is read.
    pub const fn segments(mut self, count: usize) -> Self {
        self.segments = count;
        self
    }

    /// The most pages, for who reads them in a loop of their own.
    pub const fn most_pages(&self) -> usize {
        self.pages
    }

    /// The most segments that one playlist or manifest may list for a rendition. For those who read them.
    pub const fn most_segments(&self) -> usize {
        self.segments
    }

    /// How long one reading of a playlist or manifest may take. For those who read them.
    pub const fn longest_reading(&self) -> Duration {
        self.extraction_time
    }

    /// The most bytes of an answer for which an extractor asked for so many.
    pub(crate) fn bytes_of_answer(&self, asked: Option<usize>) -> usize {
        let asked = asked.or(self.answer_bytes).unwrap_or(ANSWER_BYTES);
        self.answer_bytes.map_or(asked, |most| asked.min(most))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extractor_may_want_more_than_the_default_and_less_than_what_is_set() {
        let check = |limits: Limits, asked, expected| assert_eq!(limits.bytes_of_answer(asked), expected);
        check(Limits::new(), None, 16 << 20);
        check(Limits::new(), Some(64 << 20), 64 << 20);
        check(Limits::new().answer_bytes(1000), None, 1000);
        check(Limits::new().answer_bytes(1000), Some(64 << 20), 1000);
        check(Limits::new().answer_bytes(64 << 20), Some(1000), 1000);
    }

    #[test]
    fn nesting_is_never_deeper_than_the_stack_bears() {
        assert_eq!(Limits::new().json_depth(usize::MAX).json_depth, DEEPEST_JSON);
        assert_eq!(Limits::new().json_depth(3).json_depth, 3);
    }
}
