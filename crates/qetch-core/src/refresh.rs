//! `Refresh`: making dead links anew.

use async_trait::async_trait;

use crate::{Content, Result};

/// Makes the links of a content anew: stale content in, the same content with fresh links out. The registry's own
/// extracts [`Content::source`] again and finds the uid.
#[async_trait]
pub trait Refresh: Send + Sync {
    /// The content of the same uid, with links that work.
    ///
    /// # Errors
    /// Those of extracting, and [`NotFound`](crate::Error::NotFound) where the source no longer has that uid.
    async fn refresh(&self, content: &Content) -> Result<Content>;
}
