//! The Wayback Machine: what sites that are no more are found in, and what the links of `web.archive.org` lead to.
//!
//! A *capture* is what a crawler got of a URL at a moment; a *memento* is that answer, played back (RFC 7089, section 1.1).
//! Mementos are asked for raw here (`id_` behind the moment): the body as it was captured, without a banner and with its
//! links as they were.
//!
//! The archive names no checksum that a file could be held to: the digest in its index is of the bytes as they stand in
//! its own files, chunks included where a crawler wrote them so (edgi-govdata-archiving/wayback#189), so it is told in
//! [`ARCHIVE_DIGEST`] and never checked.

#[cfg(feature = "gfycat")]
pub(crate) mod cdx;
pub(crate) mod link;
pub(crate) mod memento;
mod moment;

use std::time::Duration;

use qetch_core::{Content, Url};
use serde_json::Value;

pub(crate) use self::moment::Moment;

/// The host of the archive, for its index and for its mementos.
pub(crate) const HOST: &str = "web.archive.org";

/// The least time between two requests to it.
///
/// The archive publishes no rule of its own (internetarchive/wayback#274). What its staff told the authors of the client of
/// EDGI is 24 look-ups a minute (edgi-govdata-archiving/wayback#208, of June 2026; it was 60 in 2023, #137), and that an
/// address which goes on after a 429 is shut out for an hour. Mementos may be asked for oftener, but one interval is for all
/// of a host.
pub(crate) const INTERVAL: Duration = Duration::from_millis(2500);

/// Under this name a content tells that it is an archived copy, and from when: RFC 3339.
pub(crate) const ARCHIVED_AT: &str = "archived_at";

/// Under this name it tells the URL that was captured.
pub(crate) const ARCHIVED_URL: &str = "archived_url";

/// Under this name it tells what the index says of the bytes: `sha1:` and base32, as in WARC-Payload-Digest (WARC 1.1,
/// section 5.9).
#[cfg(feature = "gfycat")]
pub(crate) const ARCHIVE_DIGEST: &str = "archive_digest";

/// Has `content` tell that it is a copy of what stood at `original`, captured at `moment`.
pub(crate) fn tell_copy(content: &mut Content, moment: &Moment, original: &Url) {
    let metadata = &mut content.metadata;
    metadata.insert(ARCHIVED_AT.to_owned(), Value::String(moment.at().to_string()));
    metadata.insert(ARCHIVED_URL.to_owned(), Value::String(original.to_string()));
}
