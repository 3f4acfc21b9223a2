//! HLS playlists and DASH manifests: text in, renditions and segments out. Nothing is fetched here.
//!
//! | feature | brings |
//! |---|---|
//! | `hls` | [`hls`]: playlists of HTTP Live Streaming (RFC 8216 and its second edition) |
//! | `dash` | [`dash`]: media presentation descriptions of MPEG-DASH (ISO/IEC 23009-1) |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "dash")]
pub mod dash;
#[cfg(feature = "hls")]
pub mod hls;
mod listing;
mod rendition;

pub use self::{
    listing::{Key, Listing, Segment},
    rendition::Rendition,
};
