//! The demo site as a child process, and what it offers.

use std::{path::Path, process::Command};

use crate::server::Server;

/// A running demo site. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Site {
    _server: Server,
    offer: Offer,
}

/// What the site prints when it is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Where it listens.
    pub(crate) origin: String,
    /// The checksum of the best rendition.
    pub(crate) sha256: String,
    /// The name of the best rendition.
    pub(crate) name: String,
}

impl Site {
    /// Starts `program` and waits for its two lines.
    pub(crate) fn start(program: &Path) -> Result<Self, String> {
        let server = Server::start("the demo site", &mut Command::new(program))?;
        let origin = server.origin()?;
        let offer = offer(origin, &server.line()?)?;
        Ok(Self { _server: server, offer })
    }

    pub(crate) fn offer(&self) -> &Offer {
        &self.offer
    }
}

fn offer(origin: String, checksum: &str) -> Result<Offer, String> {
    let published = checksum.strip_prefix("sha256 ").and_then(|rest| rest.split_once(' '));
    let (sha256, name) =
        published.ok_or_else(|| format!("the demo site published no checksum, but: {checksum}"))?;
    Ok(Offer { origin, sha256: sha256.to_owned(), name: name.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_read() {
        let origin = || "http://127.0.0.1:4000".to_owned();
        let found = offer(origin(), "sha256 ab12 Clever.mp4").unwrap();
        assert_eq!(found.origin, origin());
        assert_eq!((found.sha256.as_str(), found.name.as_str()), ("ab12", "Clever.mp4"));
        offer(origin(), "md5 ab12").unwrap_err();
    }
}
