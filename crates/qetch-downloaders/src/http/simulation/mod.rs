//! The real engine over a simulated network and disk, in virtual time: every run is told by its seed.
//!
//! - `origin`, `network`: what origins have, how they misbehave, and the transport that does so;
//! - `disk`, `operations`, `file`: a disk that loses what was not synced, at any operation;
//! - `run`: one download, and what is always to hold;
//! - `schedule`: a seed becomes an origin with faults, and what is right to come of it;
//! - `schedules`, `crashes`, `rooms`, `lending`, `plants`: the tests.
//!
//! `QETCH_SCHEDULES` sets how many schedules are run, `QETCH_SEED` runs one of them alone; `QETCH_CUTS` sets how many
//! power cuts are tried at each crash point.

mod crashes;
mod disk;
mod file;
mod lending;
mod network;
mod operations;
mod origin;
mod plants;
mod rooms;
mod run;
mod schedule;
mod schedules;

/// A number from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
