//! `Pages`: how many pages one extraction may still read.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use crate::{Error, Limits, Result};

/// How many pages may still be read, over all that one extraction is handed off to.
#[derive(Debug)]
pub(crate) struct Pages {
    most: usize,
    read: AtomicUsize,
}

impl Pages {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, read: AtomicUsize::new(0) }
    }

    /// Whether one more was wanted than there may be.
    pub(crate) fn is_over(&self) -> bool {
        self.read.load(Ordering::Relaxed) > self.most
    }

    fn read(&self) -> Result<()> {
        if self.read.fetch_add(1, Ordering::Relaxed) < self.most {
            return Ok(());
        }
        Err(Error::over_limit("the number of pages", self.most.to_string()))
    }
}

/// What an extraction counts its pages with. The extractor that makes the extraction knows nothing of limits: whoever
/// reads it says which ones hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageCount(Arc<OnceLock<Arc<Pages>>>);

impl PageCount {
    /// Has its pages counted among those of `pages`, the first one now. It is to be said before anything is read.
    pub(crate) fn among(&self, pages: &Arc<Pages>) -> Result<()> {
        self.0.get_or_init(|| pages.clone());
        pages.read()
    }

    /// Counts one more page; under the default limit where nobody said another.
    pub(crate) fn read(&self) -> Result<()> {
        // The first page was asked for already.
        let unbound = || Arc::new(Pages { read: AtomicUsize::new(1), ..Pages::new(Limits::new().pages) });
        self.0.get_or_init(unbound).read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_several_are_counted_together_with_the_first_of_each() {
        let pages = Arc::new(Pages::new(3));
        let (one, other, late) = (PageCount::default(), PageCount::default(), PageCount::default());
        assert!(one.among(&pages).is_ok() && other.among(&pages).is_ok() && one.read().is_ok());
        assert!(!pages.is_over());
        assert_eq!(other.read().unwrap_err().code(), "over_limit");
        assert_eq!(late.among(&pages).unwrap_err().code(), "over_limit");
        assert!(pages.is_over());
    }

    #[test]
    fn without_a_word_the_default_limit_holds() {
        let count = PageCount::default();
        assert_eq!((1..2_000).take_while(|_| count.read().is_ok()).count(), Limits::new().pages - 1);
    }
}
