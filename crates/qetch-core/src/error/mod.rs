//! The one error type: variants by what the caller can do, a stable code for each, and no secret in any of them.

mod make;
mod wording;

use std::{error::Error as StdError, io, path::PathBuf, time::Duration};

use url::Url;

use self::wording::{kept_shown, kinds_shown, needed_shown, network_shown, note_shown, wait_shown};
use crate::auth::AuthKind;

/// The result of everything fallible in qetch.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, boxed: how foreign errors travel as a [`source`](StdError::source) without being named in our API.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// What went wrong, told by what the caller can do about it.
///
/// [`code`](Error::code) is stable and meant for programs; `Display` is a sentence for people that never repeats its
/// source. URLs appear without user information and without their query, since both may carry secrets; a request that a
/// cassette does not have is told with its query, its secrets redacted.
///
/// ```
/// use qetch_core::Error;
///
/// let error = Error::gone("gfycat item");
/// assert_eq!((error.code(), error.is_retryable()), ("gone", false));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing in this build can handle what was given, or the form is known and not supported.
    #[error("{what} is not supported: {reason}")]
    #[non_exhaustive]
    Unsupported {
        /// What was given: a URL as it may be shown, or the name of a form.
        what: String,
        /// Why not, and what would help.
        reason: String,
    },
    /// What was given is not well-formed: a URL, an option, a saved content.
    #[error("{what} is not valid: {reason}")]
    #[non_exhaustive]
    Invalid {
        /// What was given.
        what: String,
        /// Why it is not valid.
        reason: String,
    },
    /// The site says that there is no such thing.
    #[error("{what} was not found")]
    #[non_exhaustive]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// It was there once and will not come back.
    #[error("{what} is gone")]
    #[non_exhaustive]
    Gone {
        /// What was asked for.
        what: String,
    },
    /// It is there, for others.
    #[error("{what} is private")]
    #[non_exhaustive]
    Private {
        /// What was asked for.
        what: String,
    },
    /// A credential is needed, or the one that was given was refused.
    #[error("{extractor} needs a login ({})", kinds_shown(.kinds))]
    #[non_exhaustive]
    LoginRequired {
        /// The extractor whose credential it is, the key in [`AuthRegistry`](crate::AuthRegistry); the host where no
        /// extractor takes one.
        extractor: String,
        /// The kinds of credential it takes.
        kinds: Vec<AuthKind>,
    },
    /// Not available in this country.
    #[error("{what} is not available in this country")]
    #[non_exhaustive]
    GeoBlocked {
        /// What was asked for.
        what: String,
        /// Where it is available, as ISO 3166-1 alpha-2 codes, when the site says so.
        countries: Vec<String>,
    },
    /// The site wants proof of age.
    #[error("{what} is behind an age gate")]
    #[non_exhaustive]
    AgeGated {
        /// What was asked for.
        what: String,
    },
    /// The host asks us to wait longer than we may.
    #[error("{host} limits the rate of requests{}", wait_shown(.retry_after))]
    #[non_exhaustive]
    RateLimited {
        /// The host that asked.
        host: String,
        /// How long it asked us to wait, from now.
        retry_after: Option<Duration>,
    },
    /// The host has more to do than it can.
    #[error("{host} is over its capacity; try again later")]
    #[non_exhaustive]
    OverCapacity {
        /// The host.
        host: String,
    },
    /// It is there and not ready yet: the site still works on it.
    #[error("{what} is not ready yet; try again later")]
    #[non_exhaustive]
    NotReady {
        /// What was asked for.
        what: String,
    },
    /// A page that tells people from programs stood in the way.
    #[error("{host} answered with a challenge instead of the content")]
    #[non_exhaustive]
    Challenge {
        /// The host that asked.
        host: String,
    },
    /// Protected by digital rights management.
    #[error("{what} is protected by DRM ({system})")]
    #[non_exhaustive]
    Drm {
        /// What was asked for.
        what: String,
        /// The protection system, as its manifest names it.
        system: String,
    },
    /// A live event that has nothing to give yet, or nothing in this form.
    #[error("{what} is live")]
    #[non_exhaustive]
    Live {
        /// What was asked for.
        what: String,
    },
    /// The site's answer no longer has the shape its extractor knows.
    #[error("{extractor} changed: {problem} at {path}")]
    #[non_exhaustive]
    SiteChanged {
        /// The extractor, or the host where no extractor is known.
        extractor: String,
        /// Where in the answer: a JSON path such as `$.gfyItem.gfyId`.
        path: String,
        /// What was expected or met there.
        problem: String,
    },
    /// The network policy forbids this address.
    #[error("the network policy refuses {host} ({class})")]
    #[non_exhaustive]
    EgressDenied {
        /// The host that was refused.
        host: String,
        /// The class of its address, or of its scheme.
        class: String,
    },
    /// The file at the origin changed while it was fetched.
    #[error("{what} changed at the origin: {change}")]
    #[non_exhaustive]
    ContentChanged {
        /// The URL, as it may be shown.
        what: String,
        /// What changed.
        change: String,
    },
    /// The bytes are not those that the checksum promises.
    #[error("{algorithm} mismatch: expected {expected}, got {actual}{}", kept_shown(.kept))]
    #[non_exhaustive]
    ChecksumMismatch {
        /// The algorithm.
        algorithm: String,
        /// The checksum that was promised, as hex.
        expected: String,
        /// The checksum of what arrived, as hex.
        actual: String,
        /// Where the bytes were put aside, if they were.
        kept: Option<PathBuf>,
    },
    /// A link that worked works no more, and nothing makes it anew.
    #[error("the link {url} has died (status {status}): {reason}")]
    #[non_exhaustive]
    LinkDied {
        /// The URL, as it may be shown.
        url: String,
        /// The status it answers with now.
        status: u16,
        /// Why it is not made anew, and what would help.
        reason: String,
    },
    /// There is no room for the file.
    #[error("there is no room for {}{}", .path.display(), needed_shown(*.needed))]
    #[non_exhaustive]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// Bytes it needs, where that is known.
        needed: Option<u64>,
        /// The error beneath.
        source: io::Error,
    },
    /// Something else stands where the result would go.
    #[error("{} {problem}", .path.display())]
    #[non_exhaustive]
    Conflict {
        /// The path.
        path: PathBuf,
        /// What stands there, and what to do.
        problem: String,
    },
    /// A reply does not fit what was asked, so not a byte of it was used.
    #[error("{host} sent a wrong reply: {problem}")]
    #[non_exhaustive]
    BadReply {
        /// The host that sent it.
        host: String,
        /// What does not fit.
        problem: String,
    },
    /// A fragment of a playlist cannot be had. Its code is that of what went wrong with it.
    #[error("{which} cannot be had")]
    #[non_exhaustive]
    Fragment {
        /// Which one: its place in the list, and the number that its manifest gives it.
        which: String,
        /// What went wrong.
        source: Box<Error>,
    },
    /// A status that has no variant of its own.
    #[error("{url} answered with status {status}")]
    #[non_exhaustive]
    Http {
        /// The URL, as it may be shown.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// A limit of ours was reached.
    #[error("{what} is over the limit of {limit}")]
    #[non_exhaustive]
    OverLimit {
        /// What was counted.
        what: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// This build lacks a feature.
    #[error("{what} needs the cargo feature `{feature}`, which is not compiled in")]
    #[non_exhaustive]
    MissingFeature {
        /// What needs it.
        what: String,
        /// The feature's name.
        feature: &'static str,
    },
    /// Ended in order because it was asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The network failed.
    #[error("{}{}", network_shown(.host, *.fault), note_shown(.note))]
    #[non_exhaustive]
    Network {
        /// The host that was asked.
        host: String,
        /// What failed.
        fault: NetworkFault,
        /// What the extractor knows about it.
        note: Option<String>,
        /// The error beneath.
        source: Option<BoxError>,
    },
    /// The cassette that is replayed in place of the network has no answer to this. It is no [`Network`](Error::Network) error,
    /// which would be tried again, or be taken for a site that is down: what is missing is in the cassette.
    #[error("the cassette has no answer to {request}: {nearest}")]
    #[non_exhaustive]
    NotRecorded {
        /// What was asked for, its secrets redacted.
        request: String,
        /// Which line of which cassette came nearest, and what it has that was not asked for.
        nearest: String,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {}", .path.display())]
    #[non_exhaustive]
    Io {
        /// What was tried: a verb.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The error beneath.
        source: io::Error,
    },
    /// A fault in qetch or in an extractor: worth a report.
    #[error("unexpected: {what}")]
    #[non_exhaustive]
    Unexpected {
        /// What was met.
        what: String,
        /// The error beneath.
        source: Option<BoxError>,
    },
}

/// What failed on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkFault {
    /// The host's name does not resolve.
    Resolve,
    /// No connection could be made.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// Nothing arrived in time.
    Timeout,
    /// The connection broke, or the body ended early.
    Broken,
}

impl Error {
    /// Adds what an extractor knows to a [`Network`](Error::Network) error; every other error stays as it is.
    #[must_use]
    pub fn with_note(mut self, text: impl Into<String>) -> Self {
        if let Self::Network { note, .. } = &mut self {
            *note = Some(text.into());
        }
        self
    }

    /// The stable name of the variant, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "unsupported",
            Self::Invalid { .. } => "invalid",
            Self::NotFound { .. } => "not_found",
            Self::Gone { .. } => "gone",
            Self::Private { .. } => "private",
            Self::LoginRequired { .. } => "login_required",
            Self::GeoBlocked { .. } => "geo_blocked",
            Self::AgeGated { .. } => "age_gated",
            Self::RateLimited { .. } => "rate_limited",
            Self::OverCapacity { .. } => "over_capacity",
            Self::NotReady { .. } => "not_ready",
            Self::Challenge { .. } => "challenge",
            Self::Drm { .. } => "drm",
            Self::Live { .. } => "live",
            Self::SiteChanged { .. } => "site_changed",
            Self::EgressDenied { .. } => "egress_denied",
            Self::ContentChanged { .. } => "content_changed",
            Self::ChecksumMismatch { .. } => "checksum_mismatch",
            Self::LinkDied { .. } => "link_died",
            Self::NoRoom { .. } => "no_room",
            Self::Conflict { .. } => "conflict",
            Self::BadReply { .. } => "bad_reply",
            Self::Fragment { source, .. } => source.code(),
            Self::Http { .. } => "http",
            Self::OverLimit { .. } => "over_limit",
            Self::MissingFeature { .. } => "missing_feature",
            Self::Interrupted => "interrupted",
            Self::Network { .. } => "network",
            Self::NotRecorded { .. } => "not_recorded",
            Self::Io { .. } => "io",
            Self::Unexpected { .. } => "unexpected",
        }
    }

    /// Adds where the bytes were put aside to a [`ChecksumMismatch`](Error::ChecksumMismatch); every other error stays as
    /// it is.
    #[must_use]
    pub fn with_kept(mut self, path: impl Into<PathBuf>) -> Self {
        if let Self::ChecksumMismatch { kept, .. } = &mut self {
            *kept = Some(path.into());
        }
        self
    }

    /// Whether the same call may succeed later without anything being changed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::OverCapacity { .. } | Self::NotReady { .. } => true,
            Self::Live { .. } | Self::Interrupted => true,
            Self::Fragment { source, .. } => source.is_retryable(),
            Self::Network { fault, .. } => !matches!(fault, NetworkFault::Tls),
            Self::Http { status, .. } => matches!(status, 408 | 500 | 502..=504 | 520..=524),
            _ => false,
        }
    }
}

impl From<url::ParseError> for Error {
    fn from(error: url::ParseError) -> Self {
        Self::invalid("the URL", error.to_string())
    }
}

/// The host of `url` as it stands in errors; empty for a URL that has none.
pub(crate) fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_in_an_error_has_no_user_and_no_query() {
        let url = Url::parse("https://me:hunter2@host.example/a?sig=s3cret#f").unwrap();
        for error in [Error::status(&url, 404), Error::status(&url, 418), Error::content_changed(&url, "x")] {
            let text = format!("{error} {error:?}");
            assert!(!text.contains("hunter2") && !text.contains("s3cret"), "{text}");
            assert!(text.contains("host.example/a"), "{text}");
        }
    }

    #[test]
    fn display_does_not_repeat_the_source() {
        let error = Error::io("open", "/x", io::Error::other("beneath"));
        assert_eq!(error.to_string(), "cannot open /x");
        assert_eq!(error.source().unwrap().to_string(), "beneath");
    }

    #[test]
    fn statuses_become_what_the_caller_can_do() {
        let url = Url::parse("http://h.example/").unwrap();
        let codes: Vec<_> =
            [401, 404, 410, 429, 451, 503, 500].map(|status| Error::status(&url, status).code()).into();
        let expected =
            ["login_required", "not_found", "gone", "rate_limited", "geo_blocked", "over_capacity", "http"];
        assert_eq!(codes, expected);
        assert!(Error::status(&url, 503).is_retryable() && !Error::status(&url, 403).is_retryable());
    }
}
