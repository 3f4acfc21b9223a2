//! `UserHeaders`: headers that a person wants to have sent.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{Error, Result};

/// Headers that a person wants to have sent, in place of those of the same name: see
/// [`Context::with_headers`](crate::Context::with_headers).
///
/// Those that are known to be no secrets go to every host that is asked: `Accept`, `Accept-Language`, `Origin`, `Referer`,
/// `User-Agent` and the like. All others go to the origins that the person named alone: `Authorization` and `Cookie`, and
/// whatever a site may have made a key of.
///
/// ```
/// use qetch_core::UserHeaders;
///
/// let headers = UserHeaders::new().with("Accept-Language", "de").unwrap().with("Cookie", "a=s3cret").unwrap();
/// assert!(headers.may_be_secret() && !format!("{headers:?}").contains("s3cret"));
/// assert_eq!(headers.with("Range", "bytes=0-1").unwrap_err().code(), "invalid");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserHeaders(HeaderMap);

impl UserHeaders {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header; one that was added before goes along.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) where `name` or `value` is none, or where the header says how a message is carried,
    /// which is decided for each request: `Range`, `Host`, `Content-Length` and the like.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self> {
        let invalid =
            |reason: String| Error::invalid(format!("the header `{}`", name.escape_debug()), reason);
        let parsed =
            HeaderName::try_from(name.trim()).map_err(|_| invalid("not a header name".to_owned()))?;
        if let Some((_, reason)) = REFUSED.iter().find(|(refused, _)| *refused == parsed.as_str()) {
            return Err(invalid((*reason).to_owned()));
        }
        let mut value = HeaderValue::try_from(value.trim())
            .map_err(|_| invalid("its value has characters that no header can hold".to_owned()))?;
        value.set_sensitive(true);
        self.0.append(parsed, value);
        Ok(self)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them may be a secret, and goes to the origins that the person named alone.
    pub fn may_be_secret(&self) -> bool {
        self.0.keys().any(may_be_secret)
    }

    /// What may be secret of them: values, and what stands in a value behind its scheme or the name of a cookie.
    pub fn secrets(&self) -> impl Iterator<Item = String> {
        let values = self.0.iter().filter(|(name, _)| may_be_secret(name));
        values.flat_map(|(_, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let mut parts = vec![value.clone()];
            parts.extend(value.split_once(' ').map(|(_, rest)| rest.to_owned()));
            let cookies =
                value.split(';').filter_map(|cookie| Some(cookie.split_once('=')?.1.trim().to_owned()));
            parts.extend(cookies);
            parts
        })
    }

    /// Those that go to an origin, which the person named or did not.
    pub(crate) fn of_origin(&self, is_named: bool) -> HeaderMap {
        let may_go = |(name, _): &(&HeaderName, &HeaderValue)| is_named || !may_be_secret(name);
        self.0.iter().filter(may_go).map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// Headers that tell what is asked for and by whom, and open nothing.
const HARMLESS: [HeaderName; 9] = [
    header::ACCEPT,
    header::ACCEPT_CHARSET,
    header::ACCEPT_LANGUAGE,
    header::CACHE_CONTROL,
    header::DNT,
    header::ORIGIN,
    header::PRAGMA,
    header::REFERER,
    header::USER_AGENT,
];

/// What begins like this is a browser's to set, and says what kind of request it is.
const OF_BROWSERS: &str = "sec-";

/// Nobody can tell a key from a preference by a name that one does not know.
fn may_be_secret(name: &HeaderName) -> bool {
    !HARMLESS.contains(name) && !name.as_str().starts_with(OF_BROWSERS)
}

const CONDITION: &str = "which version of a file is taken is decided as it is fetched";
const CONNECTION: &str = "how a connection is used is decided as it is made";

/// Headers that are not the person's to set, and why.
const REFUSED: [(&str, &str); 19] = [
    ("host", "it follows from the URL; a route asks another server in place of a host"),
    ("content-length", "it follows from what is sent"),
    ("transfer-encoding", "it follows from what is sent"),
    ("trailer", "it follows from what is sent"),
    ("range", "which bytes are fetched, and over how many connections, is decided as they are"),
    ("if-range", CONDITION),
    ("if-match", CONDITION),
    ("if-none-match", CONDITION),
    ("if-modified-since", CONDITION),
    ("if-unmodified-since", CONDITION),
    ("accept-encoding", "a file is fetched as it is: a compressed one could not be taken up again"),
    ("connection", CONNECTION),
    ("keep-alive", CONNECTION),
    ("proxy-connection", CONNECTION),
    ("http2-settings", CONNECTION),
    ("upgrade", CONNECTION),
    ("te", CONNECTION),
    ("expect", CONNECTION),
    ("max-forwards", CONNECTION),
];

/// Shows the names without the values.
impl fmt::Debug for UserHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserHeaders").field(&self.0.keys().collect::<Vec<_>>()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_for_named_origins() {
        let headers = UserHeaders::new();
        let headers = headers.with("X-Api-Key", "s3cret").unwrap().with("Accept-Language", " de ").unwrap();
        let headers = headers.with("accept-language", "fr").unwrap().with("Sec-GPC", "1").unwrap();
        let names =
            |is_named| headers.of_origin(is_named).keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(false), ["accept-language", "sec-gpc"]);
        assert_eq!(names(true), ["x-api-key", "accept-language", "sec-gpc"]);
        let headers = headers.of_origin(false);
        assert_eq!(headers.get_all("accept-language").iter().collect::<Vec<_>>(), ["de", "fr"]);
    }

    #[test]
    fn what_may_be_secret_is_told_in_its_parts() {
        let headers = UserHeaders::new().with("Authorization", "Bearer s3cret").unwrap();
        let headers = headers.with("Cookie", "a=one; b=two").unwrap().with("Accept-Language", "de").unwrap();
        let secrets: Vec<_> = headers.secrets().collect();
        assert_eq!(secrets, ["Bearer s3cret", "s3cret", "a=one; b=two", "b=two", "one", "two"]);
    }

    #[test]
    fn what_is_decided_for_each_request_is_refused() {
        let check = |name: &str, value: &str, reason: &str| {
            let error = UserHeaders::new().with(name, value).unwrap_err();
            assert_eq!(error.code(), "invalid", "{name}");
            assert!(error.to_string().contains(reason) && !error.to_string().contains("s3cret"), "{error}");
        };
        check("Host", "s3cret", "a route");
        check("RANGE", "bytes=0-", "which bytes");
        check("Accept-Encoding", "gzip", "compressed");
        check("a b", "s3cret", "not a header name");
        check("", "s3cret", "not a header name");
        check("cookie", "s3\ncret", "no header can hold");
        check("cookie", "s3cret\u{0}", "no header can hold");
        for (name, _) in REFUSED {
            check(name, "x", "is not valid");
        }
    }
}
