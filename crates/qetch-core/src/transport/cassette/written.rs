//! What of an exchange is written: the headers that matter, and everything without its secrets.

use std::str;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use url::Url;

use super::{
    Answered, Asked, Held, canonical,
    met::learn_answer,
    redact::{Secrets, clean_answer, clean_header, clean_request_json, clean_url},
};

/// An answer as it was seen.
pub(super) struct Taken<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) is_cut: bool,
}

impl Taken<'_> {
    /// It without secrets; those that are met in it are known from now on.
    pub(super) fn clean(&self, secrets: &mut Secrets) -> Answered {
        learn_answer(self.headers, secrets);
        let body = if self.is_cut { secrets.clip(self.body) } else { self.body };
        let (body, found) = clean_answer(body);
        found.iter().for_each(|secret| secrets.learn(secret));
        let body = secrets.clean_bytes(&body);
        let kept = self.headers.iter().filter(|(name, _)| !is_made_anew(name));
        let mut headers = cleaned(kept, secrets);
        // It tells what is written down, unless less came than was announced.
        let was_whole =
            headers.get(header::CONTENT_LENGTH).is_some_and(|it| *it == self.body.len().to_string());
        if was_whole && body.len() != self.body.len() {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        Answered { status: self.status, headers, body: Held::Here(body.into()), is_cut: self.is_cut }
    }
}

fn cleaned<'a>(
    headers: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>,
    secrets: &Secrets,
) -> HeaderMap {
    let clean = |(name, value): (&'a HeaderName, &'a HeaderValue)| {
        let clean = clean_header(name, value, secrets);
        Some((name.clone(), HeaderValue::from_bytes(clean.as_bytes()).ok()?))
    };
    headers.filter_map(clean).collect()
}

/// A request as it is written.
pub(super) fn asked(request: &Request<Bytes>, url: &Url, secrets: &Secrets) -> Asked {
    let headers = cleaned(request.headers().iter().filter(|(name, value)| matters(name, value)), secrets);
    let body = match canonical::json(request.body()) {
        Some(mut value) => {
            clean_request_json(&mut value, secrets);
            value.to_string().into()
        }
        None => clean_form(request.body(), secrets),
    };
    Asked { method: request.method().clone(), url: clean_url(url, secrets), headers, body }
}

fn clean_form(body: &Bytes, secrets: &Secrets) -> Bytes {
    let form = canonical::pairs(body).and_then(|_| str::from_utf8(body).ok());
    let mut url = Url::parse("http://form/").ok();
    match (form, &mut url) {
        (Some(form), Some(url)) => {
            url.set_query(Some(form));
            clean_url(url, secrets).query().unwrap_or_default().to_owned().into()
        }
        _ => secrets.clean_bytes(body).into(),
    }
}

/// Whether a request with another value of this header may be answered otherwise.
fn matters(name: &HeaderName, value: &HeaderValue) -> bool {
    const NAMES: [HeaderName; 5] =
        [header::AUTHORIZATION, header::CONTENT_TYPE, header::COOKIE, header::RANGE, header::REFERER];
    let name_matters =
        NAMES.contains(name) || name.as_str().starts_with("x-") || name.as_str().starts_with("if-");
    name_matters || (*name == header::ACCEPT && value != "*/*")
}

/// Whether a header of an answer is made anew each time, or is of the connection alone.
fn is_made_anew(name: &HeaderName) -> bool {
    const NAMES: [&str; 24] = [
        "age",
        "alt-svc",
        "connection",
        "content-security-policy",
        "content-security-policy-report-only",
        "date",
        "expect-ct",
        "expires",
        "keep-alive",
        "nel",
        "report-to",
        "reporting-endpoints",
        "server-timing",
        "set-cookie",
        "set-cookie2",
        "trailer",
        "transfer-encoding",
        "via",
        "x-amz-id-2",
        "x-amz-request-id",
        "x-request-id",
        "x-runtime",
        "x-timer",
        "x-trace-id",
    ];
    const BEGINNINGS: [&str; 5] = ["cf-", "x-amz-cf-", "x-cache", "x-fastly-", "x-served-by"];
    NAMES.contains(&name.as_str()) || BEGINNINGS.iter().any(|begin| name.as_str().starts_with(begin))
}
