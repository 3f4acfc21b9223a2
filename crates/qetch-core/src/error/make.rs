//! How each error is made.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use url::Url;

use super::{BoxError, Error, NetworkFault, host_of};
use crate::{auth::AuthKind, shown::shown};

impl Error {
    /// Nothing can handle `what`, and why.
    pub fn unsupported(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into(), reason: reason.into() }
    }

    /// `what` is not well-formed, and why.
    pub fn invalid(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), reason: reason.into() }
    }

    /// It, as what went wrong with the fragment `which` of a playlist.
    #[must_use]
    pub fn of_fragment(self, which: impl Into<String>) -> Self {
        Self::Fragment { which: which.into(), source: Box::new(self) }
    }

    /// The site knows of no `what`.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }

    /// `what` was there once.
    pub fn gone(what: impl Into<String>) -> Self {
        Self::Gone { what: what.into() }
    }

    /// `what` is for others.
    pub fn private(what: impl Into<String>) -> Self {
        Self::Private { what: what.into() }
    }

    /// `extractor` needs a credential of one of `kinds`.
    pub fn login_required(extractor: impl Into<String>, kinds: impl Into<Vec<AuthKind>>) -> Self {
        Self::LoginRequired { extractor: extractor.into(), kinds: kinds.into() }
    }

    /// `what` is kept from this country; `countries` are those that may, when the site says so.
    pub fn geo_blocked(what: impl Into<String>, countries: impl Into<Vec<String>>) -> Self {
        Self::GeoBlocked { what: what.into(), countries: countries.into() }
    }

    /// `what` wants proof of age.
    pub fn age_gated(what: impl Into<String>) -> Self {
        Self::AgeGated { what: what.into() }
    }

    /// `host` asks us to wait.
    pub fn rate_limited(host: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self::RateLimited { host: host.into(), retry_after }
    }

    /// `host` has more to do than it can.
    pub fn over_capacity(host: impl Into<String>) -> Self {
        Self::OverCapacity { host: host.into() }
    }

    /// The site still works on `what`.
    pub fn not_ready(what: impl Into<String>) -> Self {
        Self::NotReady { what: what.into() }
    }

    /// `host` tells people from programs.
    pub fn challenge(host: impl Into<String>) -> Self {
        Self::Challenge { host: host.into() }
    }

    /// `what` is protected by `system`.
    pub fn drm(what: impl Into<String>, system: impl Into<String>) -> Self {
        Self::Drm { what: what.into(), system: system.into() }
    }

    /// `what` is a live event.
    pub fn live(what: impl Into<String>) -> Self {
        Self::Live { what: what.into() }
    }

    /// The answer of `extractor`'s site has another shape at `path` than the extractor knows.
    pub fn site_changed(
        extractor: impl Into<String>,
        path: impl Into<String>,
        problem: impl Into<String>,
    ) -> Self {
        Self::SiteChanged { extractor: extractor.into(), path: path.into(), problem: problem.into() }
    }

    /// The network policy refuses `host`, whose address or scheme is of `class`.
    pub fn egress_denied(host: impl Into<String>, class: impl Into<String>) -> Self {
        Self::EgressDenied { host: host.into(), class: class.into() }
    }

    /// The file behind `url` is not the one that was begun.
    pub fn content_changed(url: &Url, change: impl Into<String>) -> Self {
        Self::ContentChanged { what: shown(url), change: change.into() }
    }

    /// A checksum that does not fit, both as hex.
    pub fn checksum_mismatch(
        algorithm: impl Into<String>,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> Self {
        Self::ChecksumMismatch {
            algorithm: algorithm.into(),
            expected: expected.into(),
            actual: actual.into(),
            kept: None,
        }
    }

    /// The link `url`, which worked, answers with `status`, and is not made anew for that `reason`.
    pub fn link_died(url: &Url, status: u16, reason: impl Into<String>) -> Self {
        Self::LinkDied { url: shown(url), status, reason: reason.into() }
    }

    /// Something stands at `path`.
    pub fn conflict(path: impl Into<PathBuf>, problem: impl Into<String>) -> Self {
        Self::Conflict { path: path.into(), problem: problem.into() }
    }

    /// A reply from `url` that does not fit what was asked.
    pub fn bad_reply(url: &Url, problem: impl Into<String>) -> Self {
        Self::BadReply { host: host_of(url), problem: problem.into() }
    }

    /// A file of what a site sent whose bytes are not what they seemed to be, where the URL is not known any more.
    pub fn bad_file(path: &Path, problem: impl Into<String>) -> Self {
        let name = path.file_name().unwrap_or_default().display();
        Self::BadReply { host: format!("the origin of {name}"), problem: problem.into() }
    }

    /// A status that is an error, by what the caller can do: 401 becomes [`LoginRequired`](Error::LoginRequired), for
    /// which a user name and password before the `@` of the link may serve, 404 and 410 become [`NotFound`](Error::NotFound) and
    /// [`Gone`](Error::Gone), 451 [`GeoBlocked`](Error::GeoBlocked), 429 [`RateLimited`](Error::RateLimited), 503
    /// [`OverCapacity`](Error::OverCapacity) (RFC 9110, section 15.6.4), the rest [`Http`](Error::Http). An extractor that knows
    /// better maps it again.
    pub fn status(url: &Url, status: u16) -> Self {
        match status {
            401 => Self::login_required(host_of(url), [AuthKind::Basic]),
            404 => Self::not_found(shown(url)),
            410 => Self::gone(shown(url)),
            429 => Self::rate_limited(host_of(url), None),
            451 => Self::geo_blocked(shown(url), []),
            503 => Self::over_capacity(host_of(url)),
            _ => Self::Http { url: shown(url), status },
        }
    }

    /// More of `what` than `limit`.
    pub fn over_limit(what: impl Into<String>, limit: impl Into<String>) -> Self {
        Self::OverLimit { what: what.into(), limit: limit.into() }
    }

    /// `what` needs a cargo feature.
    pub fn missing_feature(what: impl Into<String>, feature: &'static str) -> Self {
        Self::MissingFeature { what: what.into(), feature }
    }

    /// The network failed between us and `host`.
    pub fn network(
        host: impl Into<String>,
        fault: NetworkFault,
        source: impl Into<Option<BoxError>>,
    ) -> Self {
        Self::Network { host: host.into(), fault, note: None, source: source.into() }
    }

    /// The cassette has no answer to `request`; `nearest` is what comes nearest.
    pub fn not_recorded(request: impl Into<String>, nearest: impl Into<String>) -> Self {
        Self::NotRecorded { request: request.into(), nearest: nearest.into() }
    }

    /// `action` (a verb) on `path` failed: [`NoRoom`](Error::NoRoom) where the disk, the quota or the size that a file may
    /// have is at its end, else [`Io`](Error::Io).
    pub fn io(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::no_room(path, None, source),
            _ => Self::Io { action, path: path.into(), source },
        }
    }

    /// There is no room for `path`, which needs so many bytes.
    pub fn no_room(path: impl Into<PathBuf>, needed: impl Into<Option<u64>>, source: io::Error) -> Self {
        Self::NoRoom { path: path.into(), needed: needed.into(), source }
    }

    /// A fault in the code, not in what came from outside.
    pub fn unexpected(what: impl Into<String>, source: impl Into<Option<BoxError>>) -> Self {
        Self::Unexpected { what: what.into(), source: source.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_url_is_not_known_any_more_is_named() {
        let error = Error::bad_file(Path::new("/home/me/video.mp4"), "it ends early");
        assert_eq!(error.code(), "bad_reply");
        assert_eq!(error.to_string(), "the origin of video.mp4 sent a wrong reply: it ends early");
    }
}
