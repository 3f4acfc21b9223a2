//! Conditional requests (RFC 9110 section 13). Pure. Dates match by being equal, as they do in nginx.

use bytes::Bytes;

use super::request::Request;

/// The body and validators that a resource has right now.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) body: Bytes,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
}

impl Version {
    /// The status, 304 or 412, that a condition of the request calls for.
    pub(crate) fn condition(&self, request: &Request) -> Option<u16> {
        if let Some(tags) = request.header("if-match") {
            if !self.any_tag(tags, strongly_equal) {
                return Some(412);
            }
        } else if let (Some(asked), Some(date)) = (request.header("if-unmodified-since"), &self.last_modified)
            && asked != date
        {
            return Some(412);
        }
        let unchanged = if let Some(tags) = request.header("if-none-match") {
            self.any_tag(tags, weakly_equal)
        } else {
            self.last_modified.is_some()
                && request.header("if-modified-since") == self.last_modified.as_deref()
        };
        unchanged.then_some(304)
    }

    /// Whether `If-Range` lets the range be honoured.
    pub(crate) fn allows_range(&self, request: &Request) -> bool {
        request.header("if-range").is_none_or(|validator| {
            let same_tag = self.etag.as_deref().is_some_and(|tag| strongly_equal(tag, validator));
            same_tag || self.last_modified.as_deref() == Some(validator)
        })
    }

    fn any_tag(&self, tags: &str, equal: fn(&str, &str) -> bool) -> bool {
        tags.trim() == "*"
            || self.etag.as_deref().is_some_and(|own| tags.split(',').any(|tag| equal(own, tag.trim())))
    }
}

fn strongly_equal(one: &str, other: &str) -> bool {
    one == other && !one.starts_with("W/")
}

fn weakly_equal(one: &str, other: &str) -> bool {
    one.trim_start_matches("W/") == other.trim_start_matches("W/")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::Version;
    use crate::origin::request::{Parsed, Request};

    const DATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";

    fn request(header: &str) -> Request {
        match Request::parse(format!("GET / HTTP/1.1\r\n{header}\r\n\r\n").as_bytes()) {
            Parsed::Whole(request, _) => request,
            other => panic!("{header:?} gives {other:?}"),
        }
    }

    fn version(etag: &str) -> Version {
        Version { body: Bytes::new(), etag: Some(etag.to_owned()), last_modified: Some(DATE.to_owned()) }
    }

    #[test]
    fn conditions_choose_the_status() {
        let check = |etag: &str, header: &str, expected| {
            assert_eq!(version(etag).condition(&request(header)), expected, "{etag} {header}");
        };
        check("\"a\"", "Accept: */*", None);
        check("\"a\"", "If-None-Match: \"b\", \"a\"", Some(304));
        check("\"a\"", "If-None-Match: W/\"a\"", Some(304));
        check("\"a\"", "If-None-Match: *", Some(304));
        check("\"a\"", "If-None-Match: \"b\"", None);
        check("\"a\"", &format!("If-None-Match: \"b\"\r\nIf-Modified-Since: {DATE}"), None);
        check("\"a\"", &format!("If-Modified-Since: {DATE}"), Some(304));
        check("\"a\"", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT", None);
        check("\"a\"", "If-Match: \"a\"", None);
        check("\"a\"", "If-Match: \"b\"", Some(412));
        check("W/\"a\"", "If-Match: W/\"a\"", Some(412));
        check("\"a\"", &format!("If-Unmodified-Since: {DATE}"), None);
        check("\"a\"", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT", Some(412));
    }

    #[test]
    fn a_range_needs_a_strong_match() {
        let check = |etag: &str, header: &str, expected| {
            assert_eq!(version(etag).allows_range(&request(header)), expected, "{etag} {header}");
        };
        check("\"a\"", "Accept: */*", true);
        check("\"a\"", "If-Range: \"a\"", true);
        check("\"a\"", "If-Range: \"b\"", false);
        check("W/\"a\"", "If-Range: W/\"a\"", false);
        check("\"a\"", &format!("If-Range: {DATE}"), true);
        check("\"a\"", "If-Range: Thu, 01 Jan 1970 00:00:00 GMT", false);
    }

    #[test]
    fn without_validators_only_a_star_matches() {
        let bare = Version { body: Bytes::new(), etag: None, last_modified: None };
        assert_eq!(bare.condition(&request("If-None-Match: \"a\"")), None);
        assert_eq!(bare.condition(&request("If-None-Match: *")), Some(304));
        assert_eq!(bare.condition(&request(&format!("If-Modified-Since: {DATE}"))), None);
        assert_eq!(bare.condition(&request("If-Match: \"a\"")), Some(412));
        assert!(!bare.allows_range(&request("If-Range: \"a\"")));
    }
}
