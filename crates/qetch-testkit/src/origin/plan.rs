//! Decides the reply to a request from the resource, what became of it so far, and its behaviour. Pure: the
//! same requests in the same order give the same replies.

use std::ops::Range;

use bytes::Bytes;

use super::{
    conditions::Version,
    range::{Asked, content_range},
    reply::{Ending, Reply, cut},
    request::Request,
};
use crate::{Behaviour, Resource, gzip::gzip, resource::strong_etag};

/// What separates the parts of a `multipart/byteranges`.
const BOUNDARY: &str = "qetch-testkit-boundary";

/// What became of a resource since it was registered.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Requests answered with the error of [`Behaviour::FailFirst`].
    failed: u64,
    /// A 200 or 206 was begun.
    answered: bool,
    /// The one fault of [`Behaviour::CutOnce`] or [`Behaviour::StallOnce`] has happened.
    spent: bool,
    /// Bodies that are being sent.
    pub(crate) sending: usize,
    /// The body as gzip, made when first asked for.
    packed: Option<Bytes>,
}

/// What a request gets of a body.
enum Choice {
    Whole,
    /// The bytes, and the `Content-Range` if one is sent.
    Part(Range<u64>, Option<String>),
    Parts(Vec<Range<u64>>),
    Unsatisfiable,
}

/// Plans the reply. `carried` is how many bytes of bodies the connection has carried so far.
pub(crate) fn plan(resource: &Resource, state: &mut State, request: &Request, carried: u64) -> Reply {
    if !answers(resource, &request.method) {
        let allowed = resource.method.as_deref().unwrap_or("GET, HEAD");
        return Reply::refusal(405).with("Allow", allowed.to_owned()).finish(request);
    }
    if let Behaviour::FailFirst { times, status, retry_after } = &resource.behaviour
        && state.failed < *times
    {
        state.failed += 1;
        return Reply::refusal(*status).with_some("Retry-After", retry_after.as_deref()).finish(request);
    }
    if let Behaviour::Crowded { at_most, status } = &resource.behaviour
        && state.sending >= *at_most
    {
        return Reply::refusal(*status).finish(request);
    }
    let version = version(resource, state);
    let reply = match (resource.status, version.condition(request)) {
        (Some(status), _) => {
            let body = vec![version.body.clone()];
            let reply = frame(Reply::new(status, body), resource, None, resource.content_type.as_deref());
            own_headers(reply, resource)
        }
        (None, Some(status)) => validators(Reply::new(status, Vec::new()).with_length(), &version),
        (None, None) => represent(resource, &version, request),
    };
    let reply = end(reply, resource, state, request, carried).finish(request);
    if request.method != "HEAD" && matches!(reply.status, 200 | 206) {
        state.answered = true;
    }
    reply
}

fn answers(resource: &Resource, method: &str) -> bool {
    match &resource.method {
        Some(own) => own == method,
        None => matches!(method, "GET" | "HEAD"),
    }
}

/// The body and validators that the resource has for this request.
fn version(resource: &Resource, state: &mut State) -> Version {
    let mut version = Version {
        body: resource.body.clone(),
        etag: resource.etag.clone(),
        last_modified: resource.last_modified.clone(),
    };
    match &resource.behaviour {
        Behaviour::Changing { body, etag } if state.answered => {
            version.body = body.clone();
            version.etag = Some(strong_etag(etag));
        }
        Behaviour::ChangingQuietly { body } => {
            version.etag = None;
            version.last_modified = None;
            if state.answered {
                version.body = body.clone();
            }
        }
        Behaviour::Gzip | Behaviour::GzipRanges => {
            version.body = state.packed.get_or_insert_with(|| gzip(&resource.body).into()).clone();
        }
        _ => {}
    }
    version
}

/// The 200, 206 or 416 for this version.
fn represent(resource: &Resource, version: &Version, request: &Request) -> Reply {
    let behaviour = &resource.behaviour;
    let total = version.body.len() as u64;
    let content_type = resource.content_type.as_deref();
    let reply = match choose(behaviour, total, &asked(behaviour, version, request)) {
        Choice::Whole => frame(Reply::new(200, vec![version.body.clone()]), resource, None, content_type),
        Choice::Part(range, told) => {
            let reply = Reply::new(206, vec![cut(&version.body, &range)]);
            frame(reply, resource, told.as_deref(), content_type)
        }
        Choice::Parts(ranges) => {
            let reply = Reply::new(206, multipart(&version.body, &ranges, content_type));
            frame(reply, resource, None, Some(&format!("multipart/byteranges; boundary={BOUNDARY}")))
        }
        Choice::Unsatisfiable => {
            return Reply::new(416, Vec::new())
                .with_length()
                .with("Content-Range", format!("bytes */{total}"));
        }
    };
    own_headers(validators(reply, version), resource)
}

/// The ranges that the request asks for and that may be honoured.
fn asked(behaviour: &Behaviour, version: &Version, request: &Request) -> Vec<Asked> {
    if request.method != "GET" || !honours_ranges(behaviour) || !version.allows_range(request) {
        return Vec::new();
    }
    request.header("range").and_then(Asked::parse).unwrap_or_default()
}

fn honours_ranges(behaviour: &Behaviour) -> bool {
    !matches!(
        behaviour,
        Behaviour::NoRanges
            | Behaviour::RangesPromised
            | Behaviour::Chunked
            | Behaviour::ChunkedCut { .. }
            | Behaviour::UntilClose
            | Behaviour::Gzip
    )
}

fn announces_ranges(behaviour: &Behaviour) -> bool {
    matches!(behaviour, Behaviour::RangesPromised)
        || honours_ranges(behaviour) && !matches!(behaviour, Behaviour::QuietRanges)
}

/// Which bytes are sent, and what `Content-Range` says of them.
fn choose(behaviour: &Behaviour, total: u64, asked: &[Asked]) -> Choice {
    if asked.is_empty() {
        return Choice::Whole;
    }
    let ranges: Vec<Range<u64>> = asked.iter().filter_map(|asked| asked.within(total)).collect();
    let Some(range) = ranges.first().cloned() else {
        return Choice::Unsatisfiable;
    };
    if matches!(behaviour, Behaviour::MultipartRanges) {
        return Choice::Parts(ranges);
    }
    if asked.len() > 1 {
        return Choice::Whole;
    }
    let later = range.start > 0;
    let sent = match behaviour {
        Behaviour::RangesOnlyFromZero if later => return Choice::Whole,
        Behaviour::WrongStart { by } if later => moved(&range, *by, total),
        Behaviour::Superset { before } => range.start.saturating_sub(*before)..range.end,
        Behaviour::Shorter { at_most } => {
            range.start..range.end.min(range.start.saturating_add((*at_most).max(1)))
        }
        _ => range,
    };
    let told = match behaviour {
        Behaviour::NoContentRange => None,
        Behaviour::StarTotal => Some(content_range(&sent, "*")),
        Behaviour::WrongTotal { by } if later => Some(content_range(&sent, total.saturating_add_signed(*by))),
        _ => Some(content_range(&sent, total)),
    };
    Choice::Part(sent, told)
}

/// The range `by` bytes away, or on the other side, or at 0; as long as it was, as far as the body goes.
fn moved(range: &Range<u64>, by: i64, total: u64) -> Range<u64> {
    let there = range.start.checked_add_signed(by).filter(|start| *start < total);
    let opposite = || range.start.checked_add_signed(by.saturating_neg()).filter(|start| *start < total);
    let start = there.or_else(opposite).unwrap_or(0);
    start..start.saturating_add(range.end - range.start).min(total)
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

/// Adds what says how the body is to be read.
fn frame(reply: Reply, resource: &Resource, told: Option<&str>, content_type: Option<&str>) -> Reply {
    let behaviour = &resource.behaviour;
    let length = reply.body_length();
    let mut reply = reply.with_some("Content-Type", content_type);
    reply = match behaviour {
        Behaviour::Chunked | Behaviour::ChunkedCut { .. } => {
            reply.chunked = true;
            reply.with("Transfer-Encoding", "chunked")
        }
        Behaviour::UntilClose => reply,
        Behaviour::ContentLengthTooLong { extra } => {
            reply.with("Content-Length", length.saturating_add(*extra).to_string())
        }
        Behaviour::ContentLengthTooShort { missing } => {
            reply.with("Content-Length", length.saturating_sub(*missing).to_string())
        }
        _ => reply.with("Content-Length", length.to_string()),
    };
    reply = reply.with_some("Content-Range", told);
    if resource.status.is_none() && announces_ranges(behaviour) {
        reply = reply.with("Accept-Ranges", "bytes");
    }
    if matches!(behaviour, Behaviour::Gzip | Behaviour::GzipRanges) {
        reply = reply.with("Content-Encoding", "gzip");
    }
    if matches!(behaviour, Behaviour::UntilClose) {
        reply = reply.with("Connection", "close");
    }
    reply
}

/// Adds the headers that the resource's author gave, in the place of ours of the same names.
fn own_headers(mut reply: Reply, resource: &Resource) -> Reply {
    let own = |name: &str| resource.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    reply.headers.retain(|(name, _)| !own(name));
    reply.headers.extend(resource.headers.iter().cloned());
    reply
}

fn validators(reply: Reply, version: &Version) -> Reply {
    reply
        .with_some("ETag", version.etag.as_deref())
        .with_some("Last-Modified", version.last_modified.as_deref())
}

/// Decides how the connection goes on or ends, for replies that carry the resource.
fn end(mut reply: Reply, resource: &Resource, state: &mut State, request: &Request, carried: u64) -> Reply {
    let carries = resource.status.is_some() || matches!(reply.status, 200 | 206);
    if !carries || request.method == "HEAD" {
        return reply;
    }
    let length = reply.body_length();
    reply.ending = match &resource.behaviour {
        Behaviour::ContentLengthTooLong { .. }
        | Behaviour::ContentLengthTooShort { .. }
        | Behaviour::UntilClose => Ending::Close,
        Behaviour::ChunkedCut { after } => Ending::CutAfter(*after),
        Behaviour::CutAlways { after } => match after.saturating_sub(carried) {
            left if left <= length => Ending::CutAfter(left),
            _ => Ending::KeepAlive,
        },
        Behaviour::CutOnce { after } if length > *after && !state.spent => {
            state.spent = true;
            Ending::CutAfter(*after)
        }
        Behaviour::StallOnce { after } if length > *after && !state.spent => {
            state.spent = true;
            Ending::StallAfter(*after)
        }
        _ => Ending::KeepAlive,
    };
    reply
}
