//! What strangers do with the URLs, titles and answers that they send, through the facade or the program itself. Each test is
//! one row of the table in `docs/security.md`; `cargo xtask lint` holds the two together.

mod egress;
mod limits;
mod names;
mod pages;
#[cfg(unix)]
mod planted;
mod playlists;
mod proxies;
mod schemes;
mod secrets;
#[cfg(openssl)]
mod tls;
