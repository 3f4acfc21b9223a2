//! stub
use qetch_core::{Apart, Mux, Muxer, Result, Track, async_trait};
use std::path::Path;
/// stub
#[derive(Debug, Default)]
pub struct TrackMuxer(());
impl TrackMuxer {
    /// stub
    pub fn new() -> Self {
        Self(())
    }
}
#[async_trait]
impl Muxer for TrackMuxer {
    async fn mux(&self, _: &[Track], _: &Path, _: &Mux) -> Result<Option<Apart>> {
        Ok(Some(Apart::new("stub", None)))
    }
}
