//! The 200, 206 or 416 for a version: which bytes, and what is said of them.

use std::ops::Range;

use bytes::Bytes;

use super::{
    super::{
        conditions::Version,
        range::{Asked, content_range},
        reply::{Reply, cut},
        request::Request,
    },
    frame::{frame, honours_ranges, own_headers, validators},
};
use crate::{Behaviour, Resource};

/// What separates the parts of a `multipart/byteranges`.
const BOUNDARY: &str = "qetch-testkit-boundary";

/// The most of what is too much that is kept in memory, in bytes.
const FILLER: u64 = 64 * 1024;

/// What a request gets of a body.
enum Choice {
    Whole,
    /// The bytes, and the `Content-Range` if one is sent.
    Part(Range<u64>, Option<String>),
    Parts(Vec<Range<u64>>),
    Unsatisfiable,
    Refused(u16),
}

/// The reply with what the request asks for of this version.
pub(super) fn represent(resource: &Resource, version: &Version, request: &Request) -> Reply {
    let total = version.body.len() as u64;
    let content_type = resource.content_type.as_deref();
    let reply = match choose(resource, total, &asked(resource, version, request)) {
        Choice::Whole => frame(Reply::new(200, vec![version.body.clone()]), resource, None, content_type),
        Choice::Part(range, told) => {
            let mut pieces = vec![cut(&version.body, &range)];
            pieces.extend(surplus(resource));
            frame(Reply::new(206, pieces), resource, told.as_deref(), content_type)
        }
        Choice::Parts(ranges) => {
            let reply = Reply::new(206, multipart(&version.body, &ranges, content_type));
            frame(reply, resource, None, Some(&format!("multipart/byteranges; boundary={BOUNDARY}")))
        }
        Choice::Unsatisfiable if resource.has(|it| matches!(it, Behaviour::Bare416)) => {
            return Reply::new(416, Vec::new()).with_length();
        }
        Choice::Unsatisfiable => {
            return Reply::new(416, Vec::new())
                .with_length()
                .with("Content-Range", format!("bytes */{total}"));
        }
        Choice::Refused(status) => return Reply::refusal(status),
    };
    own_headers(validators(reply, version), resource)
}

/// The ranges that the request asks for and that may be honoured.
fn asked(resource: &Resource, version: &Version, request: &Request) -> Vec<Asked> {
    let refused =
        || request.header("if-range").is_some() && resource.has(|it| matches!(it, Behaviour::IfRangeFails));
    if request.method != "GET" || !honours_ranges(resource) || !version.allows_range(request) || refused() {
        return Vec::new();
    }
    request.header("range").and_then(Asked::parse).unwrap_or_default()
}

/// Which bytes are sent, and what `Content-Range` says of them.
fn choose(resource: &Resource, total: u64, asked: &[Asked]) -> Choice {
    if asked.is_empty() {
        return Choice::Whole;
    }
    let ranges: Vec<Range<u64>> = asked.iter().filter_map(|asked| asked.within(total)).collect();
    let Some(range) = ranges.first().cloned() else {
        return Choice::Unsatisfiable;
    };
    let longest = ranges.iter().map(|range| range.end - range.start).max().unwrap_or(0);
    let refused = resource.behaviours.iter().find_map(|behaviour| match behaviour {
        Behaviour::RangeLimit { at_most, status } if longest > *at_most => Some(*status),
        _ => None,
    });
    if let Some(status) = refused {
        return Choice::Refused(status);
    }
    if resource.has(|it| matches!(it, Behaviour::MultipartRanges)) {
        return Choice::Parts(ranges);
    }
    let later = range.start > 0;
    if asked.len() > 1 || later && resource.has(|it| matches!(it, Behaviour::RangesOnlyFromZero)) {
        return Choice::Whole;
    }
    let sent = resource.behaviours.iter().fold(range, |range, behaviour| match behaviour {
        Behaviour::WrongStart { by } if later => moved(&range, *by, total),
        Behaviour::Superset { before } => range.start.saturating_sub(*before)..range.end,
        Behaviour::Shorter { at_most } => {
            range.start..range.end.min(range.start.saturating_add((*at_most).max(1)))
        }
        _ => range,
    });
    let told = resource.behaviours.iter().find_map(|behaviour| match behaviour {
        Behaviour::NoContentRange => Some(None),
        Behaviour::StarTotal => Some(Some(content_range(&sent, "*"))),
        Behaviour::WrongTotal { by } if later => {
            Some(Some(content_range(&sent, total.saturating_add_signed(*by))))
        }
        Behaviour::ContentRangeAs { form } => Some(Some(filled(form, &sent, total))),
        _ => None,
    });
    let told = told.unwrap_or_else(|| Some(content_range(&sent, total)));
    Choice::Part(sent, told)
}

/// The range `by` bytes away, or on the other side, or at 0; as long as it was, as far as the body goes.
fn moved(range: &Range<u64>, by: i64, total: u64) -> Range<u64> {
    let there = range.start.checked_add_signed(by).filter(|start| *start < total);
    let opposite = || range.start.checked_add_signed(by.saturating_neg()).filter(|start| *start < total);
    let start = there.or_else(opposite).unwrap_or(0);
    start..start.saturating_add(range.end - range.start).min(total)
}

/// A `Content-Range` of the author's form; line ends become spaces.
fn filled(form: &str, range: &Range<u64>, total: u64) -> String {
    form.replace(['\r', '\n'], " ")
        .replace("{start}", &range.start.to_string())
        .replace("{end}", &range.end.saturating_sub(1).to_string())
        .replace("{total}", &total.to_string())
}

/// The bytes that a 206 has too many.
fn surplus(resource: &Resource) -> Vec<Bytes> {
    let extra = resource.behaviours.iter().find_map(|behaviour| match behaviour {
        Behaviour::Surplus { extra } | Behaviour::ChunkedSurplus { extra } => Some(*extra),
        _ => None,
    });
    let mut left = extra.unwrap_or(0);
    let filler = Bytes::from(vec![b'!'; usize::try_from(left.min(FILLER)).unwrap_or(0)]);
    let mut pieces = Vec::new();
    while left > 0 {
        let piece = cut(&filler, &(0..left));
        left -= piece.len() as u64;
        pieces.push(piece);
    }
    pieces
}

fn multipart(body: &Bytes, ranges: &[Range<u64>], content_type: Option<&str>) -> Vec<Bytes> {
    let content_type = content_type.unwrap_or("application/octet-stream");
    let mut pieces = Vec::new();
    for range in ranges {
        let told = content_range(range, body.len());
        let head =
            format!("\r\n--{BOUNDARY}\r\nContent-Type: {content_type}\r\nContent-Range: {told}\r\n\r\n");
        pieces.push(head.into());
        pieces.push(cut(body, range));
    }
    pieces.push(format!("\r\n--{BOUNDARY}--\r\n").into());
    pieces
}
