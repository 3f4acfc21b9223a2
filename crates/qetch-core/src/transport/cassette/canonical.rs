//! `Canonical`: a request in the one form in which it is compared, whatever the order of its query or the spelling of its
//! body, with its secrets redacted.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, header};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::{
    Asked,
    names::is_secret_name,
    redact::{REDACTED, Secrets, clean_header, clean_request_json, clean_url},
};

/// A request as it is compared. Two that are equal ask for the same.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Canonical {
    pub(super) method: Method,
    /// Scheme, host and port.
    pub(super) origin: String,
    pub(super) path: String,
    /// In order.
    pub(super) query: Vec<(String, String)>,
    /// In order.
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Form,
}

/// What a body says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Json(Value),
    Pairs(Vec<(String, String)>),
    Bytes(Bytes),
}

impl Canonical {
    /// That of a request in a cassette.
    pub(super) fn of(asked: &Asked) -> Self {
        Self::new(&asked.method, &asked.url, &asked.headers, &asked.body, &Secrets::default())
    }

    /// That of any request, `secrets` redacted wherever they stand.
    pub(super) fn new(
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &Secrets,
    ) -> Self {
        let url = clean_url(url, secrets);
        let mut query: Vec<_> = url.query_pairs().map(|(name, value)| (name.into(), value.into())).collect();
        query.sort();
        let cleaned = |(name, value)| (HeaderName::clone(name), clean_header(name, value, secrets));
        let mut headers: Vec<_> = headers.iter().map(cleaned).collect();
        headers.sort_by(|left, right| (left.0.as_str(), &left.1).cmp(&(right.0.as_str(), &right.1)));
        Self {
            method: method.clone(),
            origin: url.origin().ascii_serialization(),
            path: url.path().to_owned(),
            query,
            headers,
            body: Form::of(body, secrets),
        }
    }

    /// Which part of a file it asks for.
    pub(super) fn range(&self) -> Option<&str> {
        let range = self.headers.iter().find(|(name, _)| *name == header::RANGE);
        range.map(|(_, value)| value.as_str())
    }

    /// It, as it may be shown.
    pub(super) fn shown(&self) -> String {
        let mut shown = format!("{} {}{}", self.method, self.origin, self.path);
        if !self.query.is_empty() {
            let pairs: Vec<_> = self.query.iter().map(pair).collect();
            shown = format!("{shown}?{}", pairs.join("&"));
        }
        if let Some(range) = self.range() {
            shown = format!("{shown} (range: {range})");
        }
        shown
    }
}

/// A pair of a query, as it may be shown.
pub(super) fn pair((name, value): &(String, String)) -> String {
    if value.is_empty() { name.clone() } else { format!("{name}={value}") }
}

impl Form {
    fn of(body: &[u8], secrets: &Secrets) -> Self {
        if let Some(mut value) = json(body) {
            clean_request_json(&mut value, secrets);
            return Self::Json(value);
        }
        if let Some(mut pairs) = pairs(body) {
            for (name, value) in &mut pairs {
                *value = if is_secret_name(name) { REDACTED.to_owned() } else { secrets.clean(value) };
            }
            pairs.sort();
            return Self::Pairs(pairs);
        }
        Self::Bytes(secrets.clean_bytes(body).into())
    }
}

/// A body that is an object or a list of JSON, whatever its type is said to be.
pub(super) fn json(body: &[u8]) -> Option<Value> {
    let is_json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    if is_json { serde_json::from_slice(body).ok() } else { None }
}

/// A body that is a form (`application/x-www-form-urlencoded`), by what it looks like: a hand-written one may not say so.
pub(super) fn pairs(body: &[u8]) -> Option<Vec<(String, String)>> {
    let body = body.trim_ascii();
    let is_plain = !body.is_empty() && body.iter().all(u8::is_ascii_graphic);
    // JSON without a space has an equals sign too where it has a link.
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~%+*[]".contains(byte);
    let is_pair = |pair: &[u8]| {
        let name = pair.iter().position(|byte| *byte == b'=').map(|end| &pair[..end]);
        name.is_some_and(|name| name.iter().all(is_of_name))
    };
    let is_form = is_plain && body.split(|byte| *byte == b'&').all(is_pair);
    is_form.then(|| form_urlencoded::parse(body).into_owned().collect())
}
