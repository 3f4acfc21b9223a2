//! Times in headers: `Retry-After` (RFC 9110, section 10.2.3), dates (section 5.6.7), and when a host that counts requests
//! gives more of them.

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

/// How long until the host answers more requests, where it says that this one was the last it allows: `X-RateLimit-*` as
/// sites write it, and the `RateLimit` fields of the IETF draft (draft-ietf-httpapi-ratelimit-headers, revisions 0 to 10).
pub(crate) fn allowance_back(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let pair = |remaining: &str, reset: &str| Some((text(remaining)?, text(reset)?));
    let named = pair("x-ratelimit-remaining", "x-ratelimit-reset")
        .or_else(|| pair("ratelimit-remaining", "ratelimit-reset"));
    let limits: Vec<_> = match named {
        Some(named) => vec![named],
        None => of_field(text("ratelimit")?),
    };
    let is_none_left = |remaining: &str| remaining.parse::<f64>().is_ok_and(|left| left < 1.0);
    let spent = limits.into_iter().filter(|(remaining, _)| is_none_left(remaining));
    spent.filter_map(|(_, reset)| reset_in(reset)).max()
}

/// How long until a host that refused a request for their number (status 429) answers more: that none is left goes without
/// saying there.
pub(crate) fn refused_for(headers: &HeaderMap) -> Option<Duration> {
    let alone = |remaining: &str, reset: &str| {
        let reset = headers.get(reset).filter(|_| !headers.contains_key(remaining))?;
        reset_in(reset.to_str().ok()?.trim())
    };
    allowance_back(headers)
        .or_else(|| alone("x-ratelimit-remaining", "x-ratelimit-reset"))
        .or_else(|| alone("ratelimit-remaining", "ratelimit-reset"))
}

/// What is left of each limit of a `RateLimit` field, and until when: older revisions have one, and a comma between its
/// parameters; newer ones have a comma between limits.
fn of_field(field: &str) -> Vec<(&str, &str)> {
    match limit(field, &[',', ';'], ["remaining", "reset"]) {
        Some(limit) => vec![limit],
        None => field.split(',').filter_map(|it| limit(it, &[';'], ["r", "t"])).collect(),
    }
}

/// What is left of one limit, and until when, where parameters of these names tell.
fn limit<'a>(text: &'a str, separators: &[char], [left, reset]: [&str; 2]) -> Option<(&'a str, &'a str)> {
    let find = |wanted: &str| {
        let mut parameters = text.split(separators).filter_map(|it| it.trim().split_once('='));
        parameters.find(|(name, _)| *name == wanted).map(|(_, value)| value)
    };
    Some((find(left)?, find(reset)?))
}

/// How long until `reset`: seconds from now, a time in Unix seconds, or a date of RFC 3339.
fn reset_in(reset: &str) -> Option<Duration> {
    /// No wait is this many seconds; as a time it was in 2001.
    const A_TIME: f64 = 1e9;
    let until = match reset.parse::<f64>() {
        Ok(seconds) if seconds < A_TIME => return Duration::try_from_secs_f64(seconds).ok(),
        Ok(seconds) => SystemTime::UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?,
        Err(_) => reset.parse::<jiff::Timestamp>().ok()?.into(),
    };
    Some(until.duration_since(SystemTime::now()).unwrap_or_default())
}

/// The time that a header such as `Last-Modified` or `Date` tells, in any of the three forms of HTTP (RFC 9110, section
/// 5.6.7) or as mail has it, with an offset; `None` where it is no date.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// let date = qetch_core::http_date("Wed, 21 Oct 2015 07:28:00 GMT");
/// assert_eq!(date, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480)));
/// ```
pub fn http_date(text: &str) -> Option<SystemTime> {
    /// Those of RFC 850 and of asctime, which nobody is to write any more and everybody is to read.
    const OBSOLETE: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let text = text.trim();
    let of_mail = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let obsolete = |format: &&str| {
        let date = jiff::civil::DateTime::strptime(format, text).ok()?;
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    of_mail.or_else(|| OBSOLETE.iter().find_map(obsolete)).map(Into::into)
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
    fn a_host_that_allows_no_more_says_when_it_does() {
        let back = |fields: &[(&'static str, &str)]| {
            let fields = fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            allowance_back(&fields.collect())
        };
        let seconds = |text: &str| back(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", text)]);
        assert_eq!(seconds("30"), Some(Duration::from_secs(30)));
        assert_eq!(seconds("30.5"), Some(Duration::from_millis(30_500)));
        assert_eq!(seconds("2015-10-21T07:28:00.000000Z"), Some(Duration::ZERO));
        assert_eq!(seconds("1445412480"), Some(Duration::ZERO));
        assert!(seconds("4102444800").unwrap() > Duration::from_secs(86_400));
        for nothing in ["soon", "-1", "NaN", "inf", ""] {
            assert_eq!(seconds(nothing), None, "{nothing}");
        }
        assert_eq!(back(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "30")]), None);
        assert_eq!(back(&[("x-ratelimit-reset", "30")]), None);
        assert_eq!(
            back(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "7")]),
            Some(Duration::from_secs(7))
        );
        assert_eq!(back(&[("ratelimit", "\"burst\";r=0;t=9")]), Some(Duration::from_secs(9)));
        assert_eq!(back(&[("ratelimit", "limit=100, remaining=0, reset=8")]), Some(Duration::from_secs(8)));
        assert_eq!(back(&[("ratelimit", "\"burst\";r=5;t=9")]), None);
        let several = "\"burst\";r=5;t=9, \"hour\";r=0;t=40;x=1, \"day\";r=0;t=70";
        assert_eq!(back(&[("ratelimit", several)]), Some(Duration::from_secs(70)), "each is a limit");
    }

    #[test]
    fn a_date_is_read_in_each_form_that_a_recipient_accepts() {
        let expected = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
        for date in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 6 Nov 1994 09:49:37 +0100",
            " 6 Nov 1994 08:49:37 GMT ",
        ] {
            assert_eq!(http_date(date), expected, "{date}");
        }
        for nothing in
            ["", "Sun", "Sunday, 06-Nov-94 08:49:37", "Sun Nov 31 08:49:37 1994", "1994-11-06T08:49:37Z"]
        {
            assert_eq!(http_date(nothing), None, "{nothing}");
        }
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
