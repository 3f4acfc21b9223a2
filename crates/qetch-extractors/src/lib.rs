//! The sites that qetch knows: one file (or folder) a site, each behind a feature of the same name.
//!
//! No feature is on by default, and `all` turns on every one. A site leans on `qetch-core` and on nothing of another
//! site; what two share is `common_*.rs`. The features `dash` and `hls` are no sites: with them `generic` reads
//! manifests and playlists of these forms.
//!
//! ```
//! use qetch_core::Registry;
//!
//! let registry = Registry::new().with_builtin(qetch_extractors::builtin());
//! # let _ = registry;
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

use std::sync::Arc;

use qetch_core::Extractor;

#[cfg(feature = "archive_org")]
pub mod archive_org;
#[cfg(feature = "bluesky")]
pub mod bluesky;
#[cfg(feature = "catbox")]
pub mod catbox;
#[cfg(feature = "fourchan")]
pub mod fourchan;
#[cfg(feature = "generic")]
pub mod generic;
#[cfg(feature = "gfycat")]
pub mod gfycat;
#[cfg(feature = "giphy")]
pub mod giphy;
#[cfg(feature = "iiif")]
pub mod iiif;
#[cfg(feature = "imgur")]
pub mod imgur;
#[cfg(feature = "mastodon")]
pub mod mastodon;
#[cfg(feature = "media_ccc")]
pub mod media_ccc;
#[cfg(feature = "mediawiki")]
pub mod mediawiki;
#[cfg(feature = "nasa")]
pub mod nasa;
#[cfg(feature = "page")]
pub mod page;
#[cfg(feature = "peertube")]
pub mod peertube;
#[cfg(feature = "pixeldrain")]
pub mod pixeldrain;
#[cfg(feature = "podcast")]
pub mod podcast;
#[cfg(feature = "streamable")]
pub mod streamable;
#[cfg(feature = "wayback")]
pub mod wayback;

#[cfg(any(feature = "catbox", feature = "fourchan"))]
mod common_file;
#[cfg(any(feature = "generic", feature = "page", feature = "podcast"))]
mod common_first_tag;
#[cfg(any(
    feature = "archive_org",
    feature = "generic",
    feature = "iiif",
    feature = "page",
    feature = "podcast",
    feature = "wayback"
))]
mod common_hash;
#[cfg(any(feature = "bluesky", feature = "media_ccc"))]
mod common_hls;
#[cfg(any(
    feature = "generic",
    feature = "iiif",
    feature = "page",
    feature = "podcast",
    feature = "wayback"
))]
#[cfg_attr(
    not(any(feature = "generic", feature = "iiif", feature = "page", feature = "wayback", test)),
    expect(dead_code, reason = "items of feeds have names of their own")
)]
mod common_link;
#[cfg(any(
    feature = "archive_org",
    feature = "catbox",
    feature = "fourchan",
    feature = "iiif",
    feature = "mastodon",
    feature = "media_ccc",
    feature = "mediawiki",
    feature = "nasa",
    feature = "page",
    feature = "podcast"
))]
mod common_prose;
#[cfg(any(feature = "gfycat", feature = "wayback"))]
mod common_wayback;
#[cfg(any(feature = "generic", feature = "podcast"))]
#[cfg_attr(not(feature = "podcast"), expect(dead_code, reason = "lists need less of it than feeds"))]
mod common_xml;

#[cfg(test)]
#[cfg(any(
    feature = "archive_org",
    feature = "generic",
    feature = "gfycat",
    feature = "iiif",
    feature = "imgur",
    feature = "mastodon",
    feature = "page",
    feature = "peertube",
    feature = "podcast",
    feature = "wayback"
))]
mod common_canned;

/// Every extractor of this build: the one list of them.
///
/// They stand by name. The order means nothing: a registry asks by claim, then by priority.
pub fn builtin() -> Vec<Arc<dyn Extractor>> {
    vec![
        #[cfg(feature = "archive_org")]
        Arc::new(archive_org::ArchiveOrg::new()),
        #[cfg(feature = "bluesky")]
        Arc::new(bluesky::Bluesky::new()),
        #[cfg(feature = "catbox")]
        Arc::new(catbox::Catbox::new()),
        #[cfg(feature = "fourchan")]
        Arc::new(fourchan::Fourchan::new()),
        #[cfg(feature = "generic")]
        Arc::new(generic::Generic::new()),
        #[cfg(feature = "gfycat")]
        Arc::new(gfycat::Gfycat::new()),
        #[cfg(feature = "giphy")]
        Arc::new(giphy::Giphy::new()),
        #[cfg(feature = "iiif")]
        Arc::new(iiif::Iiif::new()),
        #[cfg(feature = "imgur")]
        Arc::new(imgur::Imgur::new()),
        #[cfg(feature = "mastodon")]
        Arc::new(mastodon::Mastodon::new()),
        #[cfg(feature = "media_ccc")]
        Arc::new(media_ccc::MediaCcc::new()),
        #[cfg(feature = "mediawiki")]
        Arc::new(mediawiki::MediaWiki::new()),
        #[cfg(feature = "nasa")]
        Arc::new(nasa::Nasa::new()),
        #[cfg(feature = "page")]
        Arc::new(page::WebPage::new()),
        #[cfg(feature = "peertube")]
        Arc::new(peertube::PeerTube::new()),
        #[cfg(feature = "pixeldrain")]
        Arc::new(pixeldrain::Pixeldrain::new()),
        #[cfg(feature = "podcast")]
        Arc::new(podcast::Podcast::new()),
        #[cfg(feature = "streamable")]
        Arc::new(streamable::Streamable::new()),
        #[cfg(feature = "wayback")]
        Arc::new(wayback::Wayback::new()),
    ]
}

#[cfg(test)]
mod tests {
    use qetch_core::{Claim, Url};

    use super::*;

    #[test]
    fn names_are_unique_and_stand_in_order() {
        let all = builtin();
        assert!(all.windows(2).all(|pair| pair[0].info().name() < pair[1].info().name()));
    }

    #[test]
    fn every_example_is_claimed_by_its_own_handle() {
        for extractor in builtin() {
            for handle in extractor.info().handles().iter() {
                assert!(!handle.examples().is_empty(), "{}", handle.name());
                for example in handle.examples() {
                    let url = Url::parse(example).unwrap();
                    let found = extractor.info().handles().find(&url).unwrap();
                    assert_eq!(found.handle().name(), handle.name(), "{example}");
                    assert_ne!(extractor.can_handle(&url), Claim::No, "{example}");
                }
            }
        }
    }
}
