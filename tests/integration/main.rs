//! The cross-crate integration tests, one binary: extraction against wiremock, downloads against an origin that can
//! misbehave.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic in a test is the report"
)]

mod attacks;
mod clocks;
mod download;
mod facade;
mod gfycat;
mod live;
#[cfg(ffmpeg)]
mod mux;
mod network;
#[cfg(nginx)]
mod nginx;
mod playlists;
mod pond;
#[cfg(recorded)]
mod recorded;
mod refresh;
mod renewal;
mod replies;
mod resume;
mod sharing;
#[cfg(ffmpeg)]
mod streams;
#[cfg(openssl)]
mod tls;
mod traps;
mod versions;
mod whole_files;
