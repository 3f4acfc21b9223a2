//! Which exchange of a cassette a request means, and which comes nearest where none does.

use http::{HeaderName, header};

use super::{
    canonical::{Canonical, pair},
    redact::REDACTED,
};

/// Whether `asked` is the request `recorded`: the headers that stand there must be there, others may.
pub(super) fn fits(recorded: &Canonical, asked: &Canonical) -> bool {
    asks_the_same(recorded, asked) && missing_header(recorded, asked).is_none()
}

/// Whether `asked` is the request `recorded` but for the part of the file that is wanted, and on which conditions.
pub(super) fn is_of_file(recorded: &Canonical, asked: &Canonical) -> bool {
    let is_of_part = |name: &HeaderName| *name == header::RANGE || name.as_str().starts_with("if-");
    asks_the_same(recorded, asked) && missing_headers(recorded, asked).all(|(name, _)| is_of_part(name))
}

fn asks_the_same(recorded: &Canonical, asked: &Canonical) -> bool {
    recorded.method == asked.method
        && recorded.origin == asked.origin
        && recorded.path == asked.path
        && recorded.query == asked.query
        && recorded.body == asked.body
}

/// The first header that stands in `recorded` and is not in `asked`.
fn missing_header<'a>(recorded: &'a Canonical, asked: &Canonical) -> Option<&'a (HeaderName, String)> {
    missing_headers(recorded, asked).next()
}

fn missing_headers<'a>(
    recorded: &'a Canonical,
    asked: &Canonical,
) -> impl Iterator<Item = &'a (HeaderName, String)> {
    recorded.headers.iter().filter(|(name, value)| {
        let is_it =
            |(other, theirs): &(HeaderName, String)| name == other && (value == theirs || value == REDACTED);
        !asked.headers.iter().any(is_it)
    })
}

/// How near `recorded` comes to `asked`: the greater the nearer.
pub(super) fn nearness(recorded: &Canonical, asked: &Canonical) -> impl Ord + use<> {
    (
        recorded.origin == asked.origin,
        share(segments(&recorded.path), segments(&asked.path)),
        recorded.method == asked.method,
        share(recorded.query.iter(), asked.query.iter()),
        recorded.body == asked.body,
        missing_header(recorded, asked).is_none(),
    )
}

fn segments(path: &str) -> impl Iterator<Item = (usize, &str)> {
    path.split('/').enumerate()
}

/// How many of the parts of two are in both, in thousandths.
fn share<T: PartialEq>(one: impl Iterator<Item = T>, other: impl Iterator<Item = T>) -> usize {
    let (one, other): (Vec<_>, Vec<_>) = (one.collect(), other.collect());
    let common = one.iter().filter(|part| other.contains(part)).count();
    let all = one.len().max(other.len());
    (common * 1000).checked_div(all).unwrap_or(1000)
}

/// The first thing by which `recorded` is not `asked`.
pub(super) fn difference(recorded: &Canonical, asked: &Canonical) -> String {
    if recorded.origin != asked.origin {
        return format!("asks {}", recorded.origin);
    }
    if recorded.path != asked.path {
        return format!("has the path {}", recorded.path);
    }
    if recorded.method != asked.method {
        return format!("is a {}", recorded.method);
    }
    if let Some(more) = recorded.query.iter().find(|it| !asked.query.contains(it)) {
        return format!("has `{}` in its query", pair(more));
    }
    if let Some(less) = asked.query.iter().find(|it| !recorded.query.contains(it)) {
        return format!("lacks `{}` in its query", pair(less));
    }
    if recorded.query != asked.query {
        return "has a part of its query another number of times".to_owned();
    }
    if let Some((name, value)) = missing_header(recorded, asked) {
        return format!("wants the header `{name}: {value}`");
    }
    "has another body".to_owned()
}
