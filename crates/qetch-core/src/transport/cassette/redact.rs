//! What must not stand in a cassette, and what stands in its place.

use std::{collections::HashMap, str};

use base64::{Engine as _, engine::general_purpose as base64_forms};
use http::{HeaderName, HeaderValue, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::{
    canonical,
    names::{is_secret_header, is_secret_name, is_secret_of_answer, is_session, is_signature},
};

/// What stands in the place of a secret.
pub(super) const REDACTED: &str = "redacted";

/// Shorter ones stand in too many words to be looked for.
const SHORTEST: usize = 4;

/// Texts that must not be written down, in every form in which they may be met: as they are, percent-encoded, in JSON, as
/// base64. Those of fewer than four bytes are redacted by the names of what holds them alone.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    /// By the bytes that they begin with, the longest first: a site may set a cookie with each of its answers.
    forms: HashMap<[u8; SHORTEST], Vec<String>>,
}

impl Secrets {
    /// Adds `secret`.
    pub(super) fn add(&mut self, secret: &str) {
        if secret.len() < SHORTEST || secret == REDACTED {
            return;
        }
        let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let json = Value::from(secret).to_string();
        let mut url = Url::parse("http://h/").ok();
        if let Some(url) = &mut url {
            url.set_path(secret);
        }
        let path = url.map(|url| url.path().trim_start_matches('/').to_owned());
        let encoded = base64_forms::STANDARD_NO_PAD.encode(secret);
        let forms = [
            secret.to_owned(),
            lower_hex(&percent),
            percent,
            json.get(1..json.len() - 1).unwrap_or_default().to_owned(),
            form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            path.unwrap_or_default(),
            encoded.replace('+', "-").replace('/', "_"),
            encoded,
        ];
        for form in forms {
            let Some(begin) = form.as_bytes().first_chunk() else { continue };
            let alike = self.forms.entry(*begin).or_default();
            if !alike.contains(&form) {
                alike.push(form);
                alike.sort_by_key(|form| std::cmp::Reverse(form.len()));
            }
        }
    }

    /// Adds the password before the `@` of `link`.
    pub(super) fn add_login(&mut self, link: &Url) {
        if let Some(password) = link.password() {
            self.add(&percent_decode_str(password).decode_utf8_lossy());
        }
    }

    /// Adds what was met in a place of secrets, where it looks like one: what is short, or a word, may stand anywhere.
    pub(super) fn learn(&mut self, met: &str) {
        let has = |is: fn(&u8) -> bool| met.bytes().any(|byte| is(&byte));
        if met.len() >= 16 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && !met.contains(' ') {
            self.add(met);
        }
    }

    /// `text` without them.
    pub(super) fn clean(&self, text: &str) -> String {
        // What is put in and what is taken out are whole characters.
        String::from_utf8_lossy(&self.clean_bytes(text.as_bytes())).into_owned()
    }

    /// `bytes` without them.
    pub(super) fn clean_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        if self.forms.is_empty() {
            return bytes.to_vec();
        }
        let mut begins = [false; 256];
        self.forms.keys().for_each(|begin| begins[usize::from(begin[0])] = true);
        let find = |rest: &[u8]| {
            let alike = self.forms.get(rest.first_chunk::<SHORTEST>()?)?;
            alike.iter().find(|form| rest.starts_with(form.as_bytes()))
        };
        let (mut clean, mut at) = (Vec::with_capacity(bytes.len()), 0);
        while let Some(&byte) = bytes.get(at) {
            let form = match begins[usize::from(byte)] {
                true => find(&bytes[at..]),
                false => None,
            };
            match form {
                Some(form) => {
                    clean.extend_from_slice(REDACTED.as_bytes());
                    at += form.len();
                }
                None => {
                    clean.push(byte);
                    at += 1;
                }
            }
        }
        clean
    }

    /// `bytes`, which were cut off, without the beginning of one that was cut off with them.
    pub(super) fn clip<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let beginning = |form: &String| {
            let longest = (form.len() - 1).min(bytes.len());
            (1..=longest).rev().find(|&length| bytes.ends_with(&form.as_bytes()[..length]))
        };
        let longest = self.forms.values().flatten().filter_map(beginning).max().unwrap_or(0);
        &bytes[..bytes.len() - longest]
    }
}

/// Percent-encoding with small letters.
fn lower_hex(text: &str) -> String {
    let mut lower = String::with_capacity(text.len());
    let mut left = 0;
    for c in text.chars() {
        if c == '%' {
            left = 2;
            lower.push(c);
        } else if left > 0 {
            left -= 1;
            lower.push(c.to_ascii_lowercase());
        } else {
            lower.push(c);
        }
    }
    lower
}

/// The value of a header without secrets.
pub(super) fn clean_header(name: &HeaderName, value: &HeaderValue, secrets: &Secrets) -> String {
    if is_secret_header(name, value) {
        return REDACTED.to_owned();
    }
    let text = String::from_utf8_lossy(value.as_bytes());
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && is_worth_it(&url) => {
            clean_url(&url, secrets).into()
        }
        Err(_) if *name == header::LOCATION => {
            secrets.clean(&clean_query(text.split('#').next().unwrap_or_default(), secrets))
        }
        _ => {
            let parts = text.split_inclusive(ends).map(|part| clean_query(part, secrets));
            secrets.clean(&parts.collect::<String>())
        }
    }
}

/// Whether no link goes on behind `c`.
fn ends(c: char) -> bool {
    c.is_whitespace() || matches!(c, '<' | '>' | '"')
}

/// `link`, which may lack its beginning, without what has the name of a secret in its query.
fn clean_query(link: &str, secrets: &Secrets) -> String {
    let Some((path, query)) = link.split_once('?') else { return link.to_owned() };
    let end = query.find(ends).unwrap_or(query.len());
    let parts: Vec<_> = query[..end].split('&').map(|part| clean_part(part, secrets)).collect();
    format!("{path}?{}{}", parts.join("&"), &query[end..])
}

/// Whether there is something in `url` to be redacted by its name, or a fragment, which is nobody's business.
fn is_worth_it(url: &Url) -> bool {
    url.query().is_some()
        || url.path().contains(';')
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
}

/// `url` without user information, fragment and secrets; of a query what has the name of one.
pub(super) fn clean_url(url: &Url, secrets: &Secrets) -> Url {
    let mut clean = url.clone();
    crate::shown::strip(&mut clean);
    clean.set_fragment(None);
    if let Some(query) = url.query() {
        let parts: Vec<_> = query.split('&').map(|part| clean_part(part, secrets)).collect();
        clean.set_query(Some(&parts.join("&")));
    }
    if clean.path().contains(';') {
        let segments: Vec<_> = clean.path().split('/').map(clean_segment).collect();
        clean.set_path(&segments.join("/"));
    }
    if secrets.forms.is_empty() {
        return clean;
    }
    // Every letter of it may be percent-encoded, or not.
    let path = percent_decode_str(clean.path()).decode_utf8_lossy().into_owned();
    let without = secrets.clean(&path);
    if without != path {
        clean.set_path(&without);
    }
    // Where nothing but a secret is the host, nothing is left to ask.
    Url::parse(&secrets.clean(clean.as_str())).unwrap_or_else(|_| {
        clean.set_path(REDACTED);
        clean.set_query(None);
        clean
    })
}

/// A segment of a path without what has the name of a secret in its parameters: `a;jsessionid=text`.
fn clean_segment(segment: &str) -> String {
    let parts = segment.split(';').map(|part| match part.split_once('=') {
        Some((name, _)) if is_secret_name(name) => format!("{name}={REDACTED}"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join(";")
}

/// A part of a query, `name=value`.
fn clean_part(part: &str, secrets: &Secrets) -> String {
    let Some((name, _)) = part.split_once('=') else { return part.to_owned() };
    if is_secret_name(&percent_decode_str(name).decode_utf8_lossy()) {
        return format!("{name}={REDACTED}");
    }
    let decoded = form_urlencoded::parse(part.as_bytes()).next().map(|(_, value)| value.into_owned());
    let decoded = decoded.unwrap_or_default();
    // A link in a link brings its own.
    let clean = match Url::parse(&decoded) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && is_worth_it(&url) => {
            clean_url(&url, secrets).into()
        }
        _ => secrets.clean(&decoded),
    };
    // What has none stays as it was spelt.
    if clean == decoded {
        return part.to_owned();
    }
    format!("{name}={}", form_urlencoded::byte_serialize(clean.as_bytes()).collect::<String>())
}

/// Redacts what has the name of a secret in the JSON of a request, and `secrets` wherever they stand.
pub(super) fn clean_request_json(value: &mut Value, secrets: &Secrets) {
    walk(value, &mut |name, value| match value {
        it if name.is_some_and(is_secret_name) && !it.is_null() => *it = REDACTED.into(),
        Value::String(text) => *text = secrets.clean(text),
        _ => (),
    });
}

/// An answer's body without what has the name of a secret in the JSON or the form that it is, or that stands somewhere in
/// it. Says what was taken out.
pub(super) fn clean_answer(body: &[u8]) -> (Vec<u8>, Vec<String>) {
    if canonical::pairs(body).is_some() {
        return clean_pairs(&String::from_utf8_lossy(body));
    }
    let (mut clean, mut found, mut at) = (Vec::with_capacity(body.len()), Vec::new(), 0);
    while let Some(&byte) = body.get(at) {
        let rest = &body[at..];
        let secret = match byte {
            b'"' | b'\\' | b'&' | b'?' | b';' | b'\'' | b' ' => named_text(rest).or_else(|| named_part(rest)),
            _ => None,
        };
        match secret {
            Some((begin, end)) if begin < end => {
                let (begin, end) = (at + begin, at + end);
                found.push(String::from_utf8_lossy(&body[begin..end]).into_owned());
                clean.extend_from_slice(&body[at..begin]);
                clean.extend_from_slice(REDACTED.as_bytes());
                at = end;
            }
            _ => {
                clean.push(byte);
                at += 1;
            }
        }
    }
    (clean, found)
}

/// A form without what has the name of a secret.
fn clean_pairs(form: &str) -> (Vec<u8>, Vec<String>) {
    let mut found = Vec::new();
    let parts = form.split('&').map(|part| match part.split_once('=') {
        Some((name, value))
            if (is_secret_of_answer(name) || is_session(name)) && !value.trim().is_empty() =>
        {
            found.push(percent_decode_str(value.trim()).decode_utf8_lossy().into_owned());
            format!("{name}={REDACTED}")
        }
        _ => part.to_owned(),
    });
    let clean: Vec<_> = parts.collect();
    (clean.join("&").into_bytes(), found)
}

/// What stands around texts in JSON: as it is, within a text of JSON, and within an attribute of HTML.
const QUOTES: [&[u8]; 3] = [b"\"", b"\\\"", b"&quot;"];

/// What stands before a part of a query in a link: as it is, and as HTML and JSON write it.
const PARTS: [&[u8]; 4] = [b"?", b"&amp;", b"&", b"\\u0026"];

/// What stands before a cookie, or the parameter of a path.
const COOKIES: [&[u8]; 4] = [b";", b" ", b"\"", b"'"];

/// Where the text is that stands behind the name of a secret, as in `"token": "text"`, where `bytes` begin with one. It
/// may end where they do.
fn named_text(bytes: &[u8]) -> Option<(usize, usize)> {
    let quote = QUOTES.into_iter().find(|quote| bytes.starts_with(quote))?;
    let name = name_of(&bytes[quote.len()..]).filter(|name| is_secret_of_answer(name))?;
    let rest = bytes[quote.len() + name.len()..].strip_prefix(quote)?.trim_ascii_start();
    let text = rest.strip_prefix(b":")?.trim_ascii_start().strip_prefix(quote)?;
    let begin = bytes.len() - text.len();
    let mut is_escaped = false;
    let mut ends = |at: usize| {
        // Of a quote that begins with a mark of its own, the mark is what ends the text.
        let is_end = !is_escaped && text[at..].starts_with(quote);
        is_escaped = quote == b"\"" && text[at] == b'\\' && !is_escaped;
        is_end
    };
    let length = (0..text.len()).position(&mut ends);
    Some((begin, begin + length.unwrap_or(text.len())))
}

/// Where the text is that stands behind the name of a secret in the query of a link, as in `&token=text`, or behind that of a
/// session's cookie, where `bytes` begin with one.
fn named_part(bytes: &[u8]) -> Option<(usize, usize)> {
    let is_first = |mark: &&[u8]| bytes.starts_with(mark);
    let (mark, is_of_link) = match PARTS.into_iter().find(is_first) {
        Some(mark) => (mark, true),
        None => (COOKIES.into_iter().find(is_first)?, false),
    };
    let rest = &bytes[mark.len()..];
    let name = name_of(rest).filter(|name| rest[name.len()..].starts_with(b"="))?;
    if !is_session(name) && !(is_of_link && (is_secret_of_answer(name) || is_signature(name))) {
        return None;
    }
    let text = &rest[name.len() + 1..];
    let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%+/:=*!".contains(byte);
    let begin = bytes.len() - text.len();
    Some((begin, begin + text.iter().position(|byte| !is_of_it(byte)).unwrap_or(text.len())))
}

/// The name that `bytes` begin with.
fn name_of(bytes: &[u8]) -> Option<&str> {
    let is_of_it = |byte: &u8| matches!(byte, b'-' | b'_' | b'.') || byte.is_ascii_alphanumeric();
    let end = bytes.iter().take(41).position(|byte| !is_of_it(byte))?;
    str::from_utf8(&bytes[..end]).ok().filter(|name| !name.is_empty())
}

/// Visits every value that is no list and no object, and those too that stand under the name of a secret.
fn walk(value: &mut Value, visit: &mut impl FnMut(Option<&str>, &mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        Value::Object(fields) => {
            for (name, value) in fields {
                visit(Some(name), value);
                if value.is_array() || value.is_object() {
                    walk(value, visit);
                }
            }
        }
        other => visit(None, other),
    }
}

/// What an `Authorization` holds: the credential, and of a user name and a password (RFC 7617) the password.
pub(super) fn authorization_secrets(value: &HeaderValue) -> Vec<String> {
    let Some((scheme, credential)) = value.to_str().ok().and_then(|value| value.split_once(' ')) else {
        return Vec::new();
    };
    let mut found = vec![credential.to_owned()];
    if scheme.eq_ignore_ascii_case("basic") {
        let pair =
            base64_forms::STANDARD.decode(credential).ok().and_then(|pair| String::from_utf8(pair).ok());
        found.extend(pair.and_then(|pair| Some(pair.split_once(':')?.1.to_owned())));
    }
    found
}

/// What stands in the places of secrets in a request's URL and body.
pub(super) fn secrets_of(url: &Url, body: &[u8]) -> Vec<String> {
    let named = |(name, value): (String, String)| is_secret_name(&name).then_some(value);
    let mut found: Vec<_> = url.query_pairs().into_owned().filter_map(named).collect();
    found.extend(canonical::pairs(body).into_iter().flatten().filter_map(named));
    if let Some(mut value) = canonical::json(body) {
        walk(&mut value, &mut |name, value| {
            if let (Value::String(text), true) = (value, name.is_some_and(is_secret_name)) {
                found.push(text.clone());
            }
        });
    }
    found
}
