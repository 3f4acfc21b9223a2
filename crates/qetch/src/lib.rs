//! The facade: [`Qetch`] is the one type to begin with. Everything of `qetch_core` is re-exported here; the sites and
//! protocols of this build stand in [`extractors`] and [`downloaders`].
//!
#![doc = include_str!("../README.md")]
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `full` (default) | every extractor and every downloader |
//! | `extractors`, `extractor-<site>` | all sites, or one |
//! | `downloaders`, `downloader-<protocol>` | all protocols, or one |
//! | `rustls` (default), `native-tls` | `https`; without one of them an `https` URL is a typed error |

#![cfg_attr(docsrs, feature(doc_cfg))]

/// What stands in the security page is true.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/security.md")]
struct SecurityPage;

mod builder;
mod facade;
mod many;
#[cfg(test)]
mod testing;

pub use qetch_core::*;
pub use qetch_downloaders as downloaders;
pub use qetch_extractors as extractors;

pub use crate::{
    builder::QetchBuilder,
    facade::Qetch,
    many::{Download, Downloads},
};
