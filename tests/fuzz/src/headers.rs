//! Single headers: `Content-Range`, digests, `Retry-After` and dates.

use std::time::{Duration, SystemTime};

use http::{HeaderValue, StatusCode, header};
use qetch_core::{Answer, Checksum, Error, Request, Url, http_date as parsed};
use qetch_downloaders::http::fuzz;

use crate::canned::{Canned, Reply, headers, now};

/// What is read lies within what a file can have, and is read the same when it is written as the RFC says.
pub fn content_range(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((part, complete)) = fuzz::content_range(text) else { return };
    assert!(complete.is_none_or(|complete| complete <= fuzz::LARGEST), "{complete:?}");
    let size = complete.map_or_else(|| "*".to_owned(), |complete| complete.to_string());
    let written = match &part {
        Some(part) => {
            assert!(part.start < part.end && part.end <= complete.unwrap_or(fuzz::LARGEST), "{part:?}");
            format!("bytes {}-{}/{size}", part.start, part.end - 1)
        }
        None => format!("bytes */{size}"),
    };
    assert_eq!(fuzz::content_range(&written), Some((part, complete)));
}

/// Every checksum is one that can be verified, and a part promises none by `Content-MD5`.
pub fn digest(data: &[u8]) {
    let headers = headers(data);
    let (whole, part) = (fuzz::digests(&headers, true), fuzz::digests(&headers, false));
    for checksum in &whole {
        assert_eq!(checksum.to_string().parse::<Checksum>().as_ref().ok(), Some(checksum));
    }
    assert!(whole.starts_with(&part) && whole.len() <= part.len() + 1);
    assert!(
        whole[part.len()..].iter().all(|it| it.algorithm == "md5" && headers.contains_key("content-md5"))
    );
}

/// Digits are seconds, whatever else is read is a date, and nobody waits longer than he said he would.
pub fn retry_after(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let url = Url::parse("https://site.example/").unwrap();
    let headers = [(header::RETRY_AFTER, value.clone())].into_iter().collect();
    let wait = Answer::new(StatusCode::SERVICE_UNAVAILABLE, headers, url.clone(), "").retry_after();
    let text = value.to_str().unwrap_or_default().trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = text.trim_start_matches('0');
        assert_eq!(wait.is_some_and(|wait| wait.is_zero()), digits.is_empty());
        assert!(digits.parse::<u64>().is_err() || wait == digits.parse().ok().map(Duration::from_secs));
    } else {
        assert_eq!(wait.is_some(), parsed(text).is_some());
    }

    let refusal = Reply::new(503, b"").with(header::RETRY_AFTER, value);
    let (site, cx) = Canned::start([refusal, Reply::new(200, b"")]);
    let cx = cx.build();
    assert_eq!(now(cx.send(Request::get(url.clone()))).unwrap().status(), 503);
    match now(cx.send(Request::get(url))) {
        Ok(_) => assert_eq!(site.asked().len(), 2),
        Err(Error::RateLimited { retry_after: Some(left), .. }) => {
            assert!(
                wait.is_some_and(|wait| left <= wait.saturating_add(Duration::from_secs(1)))
                    && site.asked().len() == 1
            );
        }
        Err(error) => panic!("{error}"),
    }
}

/// What is a date is the same date in the form that the RFC prefers.
pub fn http_date(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(date) = parsed(text) else { return };
    let (since, is_before) = match date.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => (since, false),
        Err(error) => (error.duration(), true),
    };
    assert_eq!(since.subsec_nanos(), 0, "dates of headers have whole seconds");
    let seconds = i64::try_from(since.as_secs()).unwrap() * if is_before { -1 } else { 1 };
    let year = year_of(seconds);
    assert!((-1..=10_000).contains(&year), "{year}");
    // The form has four digits, and a year before 1900 is not of this protocol.
    if (1900..=9999).contains(&year) {
        assert_eq!(parsed(&written(seconds)), Some(date), "{}", written(seconds));
    }
}

/// The form that RFC 9110 prefers, section 5.6.7.
fn written(seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let name = DAYS[usize::try_from(days.rem_euclid(7)).unwrap()];
    let month = MONTHS[usize::try_from(month - 1).unwrap()];
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{name}, {day:02} {month} {year:04} {hours:02}:{minutes:02}:{seconds:02} GMT")
}

fn year_of(seconds: i64) -> i64 {
    civil(seconds.div_euclid(86_400)).0
}

/// Year, month and day of a day that is so many after 1970-01-01, in the proleptic Gregorian calendar: counted in eras of
/// 400 years that begin in March, by which the leap day is the last of a year.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    (year + 400 * era + i64::from(month <= 2), month, day)
}
