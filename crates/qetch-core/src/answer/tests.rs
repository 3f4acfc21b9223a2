//! Answers as errors, as JSON, and what their heads tell.

use std::collections::BTreeMap;

use super::*;

fn answer(status: u16, body: &'static str) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, "Text/HTML; charset=x".parse().unwrap());
    headers.insert(header::RETRY_AFTER, "7".parse().unwrap());
    let url = Url::parse("https://h.example/a?key=s3cret").unwrap();
    Answer::new(StatusCode::from_u16(status).unwrap(), headers, url, body)
}

#[test]
fn a_status_that_is_no_success_is_an_error_with_the_wait() {
    assert!(answer(204, "").ok().is_ok());
    assert_eq!(answer(404, "").ok().unwrap_err().code(), "not_found");
    match answer(503, "").ok().unwrap_err() {
        Error::RateLimited { retry_after, .. } => assert_eq!(retry_after, Some(Duration::from_secs(7))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_error_names_what_was_asked_about() {
    let told = |status| answer(status, "").about("the frog 7").map(drop).map_err(|error| error.to_string());
    assert_eq!(told(200), Ok(()));
    for status in [404, 410, 451] {
        let message = told(status).unwrap_err();
        assert!(message.contains("the frog 7") && !message.contains("h.example"), "{message}");
    }
    assert!(told(500).unwrap_err().contains("h.example"));
}

#[test]
fn a_host_that_counts_requests_says_when_it_gives_more() {
    let wait = |status: u16, fields: &[(&'static str, &'static str)]| {
        let mut answer = answer(status, "");
        answer.head.headers.remove(header::RETRY_AFTER);
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        answer.head.headers.extend(fields.iter().map(header));
        match answer.ok().unwrap_err() {
            Error::RateLimited { retry_after, .. } => retry_after,
            other => panic!("{other:?}"),
        }
    };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(wait(429, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "30")]), seconds(30));
    assert_eq!(wait(429, &[("x-ratelimit-reset", "30")]), seconds(30));
    assert_eq!(wait(429, &[("ratelimit-reset", "31")]), seconds(31));
    assert_eq!(wait(429, &[("ratelimit", "\"burst\";r=0;t=9")]), seconds(9));
    assert_eq!(wait(429, &[("retry-after", "5"), ("x-ratelimit-reset", "30")]), seconds(5));
    // Another limit than the one that is told of.
    assert_eq!(wait(429, &[("x-ratelimit-remaining", "7"), ("x-ratelimit-reset", "30")]), None);
    assert_eq!(wait(429, &[]), None);
    let mut busy = answer(503, "");
    busy.head.headers.remove(header::RETRY_AFTER);
    busy.head.headers.insert(HeaderName::from_static("x-ratelimit-reset"), HeaderValue::from_static("30"));
    assert_eq!(busy.ok().unwrap_err().code(), "over_capacity");
}

#[test]
fn a_page_that_tells_people_from_programs_is_a_challenge() {
    let marked = |status, value: &'static str| {
        let mut answer = answer(status, "");
        answer.head.headers.insert(CF_MITIGATED, HeaderValue::from_static(value));
        answer.ok().map_err(|error| error.code())
    };
    assert_eq!(marked(403, "challenge").unwrap_err(), "challenge");
    assert_eq!(marked(503, "Challenge").unwrap_err(), "challenge");
    assert_eq!(marked(403, "block").unwrap_err(), "http");
    assert!(marked(200, "challenge").is_ok());
}

#[test]
fn what_is_not_the_expected_json_is_a_changed_site() {
    for (body, expected) in [
        ("<html>", "pond changed: no JSON from https://h.example/a?… at $"),
        (r#"{"a":"#, "pond changed: no JSON from https://h.example/a?… at $"),
        (r#"{"a":{"b":"s3cret"}}"#, "pond changed: invalid type: string …, expected u8 at $.a.b"),
    ] {
        type Shape = BTreeMap<String, BTreeMap<String, u8>>;
        let error = answer(200, body).json::<Shape>("pond").unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), ("site_changed", expected));
    }
}

#[test]
fn nesting_is_counted_outside_of_texts() {
    let check = |body: &str, expected: bool| assert_eq!(is_deeper(body.as_bytes(), 3), expected, "{body}");
    check(r#" {"a":[[1],[2],[3],[4]]}"#, false);
    check(r#"{"a":[[{}]]}"#, true);
    check("[[[[", true);
    check(r#"["[[[[\"[[[[\\", "{{{{"]"#, false);
    check("<html>{{{{", false);
    check("", false);
}

#[test]
fn what_is_as_deep_as_allowed_is_read() {
    let nested = |levels: usize| Bytes::from("[".repeat(levels) + &"]".repeat(levels));
    let read = |levels| Answer { body: nested(levels), ..answer(200, "") }.json::<serde_json::Value>("pond");
    let most = Limits::new().json_depth(usize::MAX).json_depth;
    assert!(read(Limits::new().json_depth).is_ok());
    assert_eq!(read(Limits::new().json_depth + 1).unwrap_err().code(), "over_limit");
    let deepest = Answer { body: nested(most), json_depth: most, ..answer(200, "") };
    assert!(deepest.json::<serde_json::Value>("pond").is_ok(), "the reader bears less");
}

#[test]
fn a_length_is_that_of_what_is_not_encoded() {
    let length = |fields: &[(HeaderName, &'static str)]| {
        let mut answer = answer(200, "");
        let fields = fields.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        answer.head.headers.extend(fields);
        answer.length()
    };
    assert_eq!(length(&[(header::CONTENT_LENGTH, "7")]), Some(7));
    assert_eq!((length(&[]), length(&[(header::CONTENT_LENGTH, "-7")])), (None, None));
    assert_eq!(length(&[(header::CONTENT_LENGTH, "7"), (header::CONTENT_ENCODING, "gzip")]), None);
}

#[test]
fn the_media_type_has_no_parameters() {
    assert_eq!(answer(200, "").media_type().unwrap(), "text/html");
}
