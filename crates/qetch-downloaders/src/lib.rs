//! The download engine of qetch: one folder a protocol, each behind a feature of the same name.
//!
//! ```
//! use qetch_core::Registry;
//!
//! let registry = Registry::new().with_downloaders(qetch_downloaders::builtin());
//! # let there = [cfg!(feature = "http"), cfg!(feature = "hls"), cfg!(feature = "dash")];
//! # assert_eq!(registry.downloaders().count(), there.into_iter().filter(|it| *it).count());
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

use std::sync::Arc;

use qetch_core::Downloader;
#[cfg(feature = "mux")]
use qetch_core::Muxer;

#[cfg(feature = "dash")]
pub mod dash;
#[cfg(feature = "hls")]
pub mod hls;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "mux")]
pub mod mux;
#[cfg(any(feature = "hls", feature = "dash"))]
mod playlist;

/// Every downloader enabled by a cargo feature, in the order they are asked. Which one takes a content is told by its
/// delivery, so the order decides nothing among these.
pub fn builtin() -> Vec<Arc<dyn Downloader>> {
    vec![
        #[cfg(feature = "http")]
        Arc::new(http::Http::new()),
        #[cfg(feature = "hls")]
        Arc::new(hls::Hls::new()),
        #[cfg(feature = "dash")]
        Arc::new(dash::Dash::new()),
    ]
}

/// What makes one file of several tracks, and of the parts of a track.
#[cfg(feature = "mux")]
pub fn muxer() -> Arc<dyn Muxer> {
    Arc::new(mux::TrackMuxer::new())
}
