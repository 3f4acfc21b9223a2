//! Times in headers: `Retry-After` (RFC 9110, section 10.2.3) and dates (section 5.6.7).

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

/// How long the host asks us to wait from now; `None` where it does not, or says so in no known form. A date that has
/// passed is no wait at all.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        // More digits than a number holds is a host that means "never".
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let date = http_date(value)?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// The time that a header such as `Last-Modified` or `Date` tells; `None` where it is no date.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// let date = qetch_core::http_date("Wed, 21 Oct 2015 07:28:00 GMT");
/// assert_eq!(date, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480)));
/// ```
pub fn http_date(text: &str) -> Option<SystemTime> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
    Some(date.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    fn seconds_and_dates_are_read_and_nothing_else() {
        assert_eq!(check("120"), Some(Duration::from_secs(120)));
        assert_eq!(check(" 0 "), Some(Duration::ZERO));
        assert_eq!(check("99999999999999999999999"), Some(Duration::from_secs(u64::from(u32::MAX))));
        assert_eq!(check("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(check("Fri, 01 Jan 2100 00:00:00 GMT").unwrap() > Duration::from_secs(86_400));
        for nothing in ["", "-1", "1.5", "soon", "120 s"] {
            assert_eq!(check(nothing), None, "{nothing}");
        }
    }
}
