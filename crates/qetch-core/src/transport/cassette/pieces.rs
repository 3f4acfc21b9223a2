//! The parts of a file that a cassette has. Which connection brings which bytes is another matter each time, so a part that
//! was not asked for is put together from those that were.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use super::{Answered, Held};

/// Where the bytes of an answer stand in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: u64,
    /// Behind the last.
    pub(super) end: u64,
    /// The size of the file.
    total: u64,
}

/// Where the body of `answer` stands, whether or not all of it is there; `None` where it does not tell.
pub(super) fn span(answer: &Answered) -> Option<Span> {
    let text = |name| answer.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match answer.status {
        StatusCode::OK => {
            let end = text(header::CONTENT_LENGTH)?.parse().ok()?;
            Some(Span { first: 0, end, total: end })
        }
        StatusCode::PARTIAL_CONTENT => {
            let (part, total) = text(header::CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
            let (first, last) = part.split_once('-')?;
            let end = last.parse::<u64>().ok()?.checked_add(1)?;
            Some(Span { first: first.parse().ok()?, end, total: total.parse().ok()? })
        }
        _ => None,
    }
}

/// What a `Range` asks for: the first byte, and what is behind the last where it says so. One range alone.
pub(super) fn asked_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    let end = if last.is_empty() { None } else { Some(last.parse::<u64>().ok()?.checked_add(1)?) };
    Some((first.parse().ok()?, end))
}

/// The bytes from `first` on and before `end` that `answers` have without a gap, and how far they go.
pub(super) fn gather(answers: &[&Answered], first: u64, end: u64) -> (Vec<Bytes>, u64) {
    let (mut chunks, mut at) = (Vec::new(), first);
    while at < end {
        let rest = answers.iter().filter_map(|answer| rest_of(answer, at)).max_by_key(Bytes::len);
        let Some(rest) = rest else { break };
        let wanted = usize::try_from(end - at).unwrap_or(usize::MAX);
        let chunk = rest.slice(..rest.len().min(wanted));
        at += chunk.len() as u64;
        chunks.push(chunk);
    }
    (chunks, at)
}

/// The bytes of an answer from `at` on, where it has that one.
fn rest_of(answer: &Answered, at: u64) -> Option<Bytes> {
    let Held::Here(body) = &answer.body else { return None };
    let skipped = usize::try_from(at.checked_sub(span(answer)?.first)?).ok()?;
    (skipped < body.len()).then(|| body.slice(skipped..))
}

/// Those of `answers` that are of the version of the file that `like` is of.
pub(super) fn of_version<'a>(
    answers: impl Iterator<Item = &'a Answered>,
    like: &Answered,
) -> Vec<&'a Answered> {
    let version = |answer: &Answered| {
        let etag = answer.headers.get(header::ETAG).cloned();
        (span(answer).map(|span| span.total), etag)
    };
    answers.filter(|answer| version(answer) == version(like)).collect()
}

/// The head of the answer to this range, made of that to another one, and where its bytes stand.
pub(super) fn head_for(part: &Answered, (first, end): (u64, Option<u64>)) -> Option<(Answered, Span)> {
    let total = span(part)?.total;
    let end = end.unwrap_or(total).min(total);
    if first >= end {
        return None;
    }
    let mut head = part.clone();
    let range = HeaderValue::try_from(format!("bytes {first}-{}/{total}", end - 1)).ok()?;
    head.headers.insert(header::CONTENT_RANGE, range);
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - first));
    Some((head, Span { first, end, total }))
}
