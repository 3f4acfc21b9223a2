//! The sites, one binary with a module each: every extractor through the whole pipeline, replayed from cassettes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic in a test is the report"
)]

mod archive_org;
mod bluesky;
mod catbox;
mod fourchan;
mod generic;
mod gfycat;
mod giphy;
mod iiif;
mod imgur;
mod mastodon;
mod media_ccc;
mod mediawiki;
mod nasa;
mod page;
mod peertube;
mod pixeldrain;
mod podcast;
mod shapes;
mod streamable;
mod wayback;
