//! The command as a user runs it: the real program, its output and its exit code. What needs a site asks the demo site
//! on loopback.
#![cfg(test)]

mod attacks_names;
#[cfg(network_of_its_own)]
mod attacks_network;
mod attacks_schemes;
mod attacks_secrets;
mod auth;
mod cassettes;
mod download;
mod engine;
mod extractors;
mod file_size_limit;
#[cfg(unshare)]
mod full_disk;
mod input;
mod items;
mod killed;
mod live;
mod many;
mod memory;
mod network;
mod signals;
mod support;
#[cfg(tmux)]
mod terminal;
mod usage;
