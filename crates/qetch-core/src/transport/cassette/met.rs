//! What is met in cookies and in headers of secrets, which is looked for in all that is written from then on.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::percent_decode_str;

use super::{names::is_secret_header, redact::Secrets};

/// Learns what a request shows itself with.
pub(super) fn learn_request(headers: &HeaderMap, secrets: &mut Secrets) {
    for (name, value) in headers.iter().filter(|(name, value)| is_secret_header(name, value)) {
        let value = String::from_utf8_lossy(value.as_bytes());
        match *name {
            header::COOKIE => value.split(';').for_each(|pair| learn_cookie(pair, secrets)),
            // The credential is what stands behind its scheme.
            header::AUTHORIZATION | header::PROXY_AUTHORIZATION => (),
            _ => learn_credential(&value, secrets),
        }
    }
}

/// Learns what an answer gives to show oneself with. What has to do with a key there may be that of a cache.
pub(super) fn learn_answer(headers: &HeaderMap, secrets: &mut Secrets) {
    for (name, value) in headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        if matches!(name.as_str(), "set-cookie" | "set-cookie2") {
            learn_cookie(text.split(';').next().unwrap_or_default(), secrets);
        } else if is_credential(name, value) {
            learn_credential(&text, secrets);
        }
    }
}

fn is_credential(name: &HeaderName, value: &HeaderValue) -> bool {
    const PARTS: [&str; 5] = ["token", "session", "csrf", "secret", "password"];
    value.is_sensitive() || PARTS.iter().any(|part| name.as_str().contains(part))
}

/// Learns the value of a cookie, `name=value`, and what stands in it: some sign what they hold, some hold several.
fn learn_cookie(pair: &str, secrets: &mut Secrets) {
    let Some((_, value)) = pair.split_once('=') else { return };
    let value = value.trim().trim_matches('"');
    let plain = percent_decode_str(value).decode_utf8_lossy();
    learn_credential(value, secrets);
    learn_credential(&plain, secrets);
    let is_apart = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    plain.split(is_apart).for_each(|part| secrets.learn(part));
}

/// Learns a value, unless it may be something else that stands elsewhere too: a language, a number, a moment, a page.
fn learn_credential(value: &str, secrets: &mut Secrets) {
    let value = value.trim();
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let is_page = value.starts_with('/') || value.contains("://");
    if !is_page && !value.contains(' ') && (value.len() >= 20 || (value.len() >= 12 && is_mixed)) {
        secrets.add(value);
    }
}
