//! `Claim`: what an extractor says of a URL.

use std::sync::Arc;

/// What an extractor says of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// Not its.
    No,
    /// It can only be told from the first answer: see [`Extractor::recognise`](crate::Extractor::recognise).
    Perhaps,
    /// Its, by the handle of this name.
    Yes(Arc<str>),
}
