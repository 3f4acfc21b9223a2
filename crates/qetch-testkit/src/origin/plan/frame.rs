//! The headers of a reply that carries the resource.

use super::super::{conditions::Version, reply::Reply};
use crate::{Behaviour, Resource};

/// Whether the resource sends ranges.
pub(super) fn honours_ranges(resource: &Resource) -> bool {
    !resource.has(|behaviour| {
        matches!(
            behaviour,
            Behaviour::NoRanges
                | Behaviour::RangesPromised
                | Behaviour::Chunked
                | Behaviour::ChunkedCut { .. }
                | Behaviour::UntilClose
                | Behaviour::Gzip
        )
    })
}

fn announces_ranges(resource: &Resource) -> bool {
    resource.has(|it| matches!(it, Behaviour::RangesPromised))
        || honours_ranges(resource) && !resource.has(|it| matches!(it, Behaviour::QuietRanges))
}

/// Adds what says how the body is to be read.
pub(super) fn frame(
    reply: Reply,
    resource: &Resource,
    told: Option<&str>,
    content_type: Option<&str>,
) -> Reply {
    let mut reply = with_length(reply.with_some("Content-Type", content_type), resource);
    reply = reply.with_some("Content-Range", told);
    if resource.status.is_none() && announces_ranges(resource) {
        reply = reply.with("Accept-Ranges", "bytes");
    }
    if resource.has(|it| matches!(it, Behaviour::Gzip | Behaviour::GzipRanges)) {
        reply = reply.with("Content-Encoding", "gzip");
    }
    if resource.has(|it| matches!(it, Behaviour::UntilClose)) {
        reply = reply.with("Connection", "close");
    }
    reply
}

/// Adds the length, true or not, or what stands in its place.
fn with_length(mut reply: Reply, resource: &Resource) -> Reply {
    let chunked = resource.has(|behaviour| {
        matches!(
            behaviour,
            Behaviour::Chunked
                | Behaviour::ChunkedCut { .. }
                | Behaviour::ChunkedRanges
                | Behaviour::ChunkedSurplus { .. }
        )
    });
    if chunked {
        reply.chunked = true;
        return reply.with("Transfer-Encoding", "chunked");
    }
    if resource.has(|it| matches!(it, Behaviour::UntilClose)) {
        return reply;
    }
    let length = resource.behaviours.iter().fold(reply.body_length(), |length, behaviour| match behaviour {
        Behaviour::ContentLengthTooLong { extra } => length.saturating_add(*extra),
        Behaviour::ContentLengthTooShort { missing } => length.saturating_sub(*missing),
        _ => length,
    });
    reply.with("Content-Length", length.to_string())
}

/// Adds the headers that the resource's author gave, in the place of ours of the same names.
pub(super) fn own_headers(mut reply: Reply, resource: &Resource) -> Reply {
    let own = |name: &str| resource.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    reply.headers.retain(|(name, _)| !own(name));
    reply.headers.extend(resource.headers.iter().cloned());
    reply
}

/// Adds what the version is known by.
pub(super) fn validators(reply: Reply, version: &Version) -> Reply {
    reply
        .with_some("ETag", version.etag.as_deref())
        .with_some("Last-Modified", version.last_modified.as_deref())
}

/// Makes the reply to a `HEAD` say what the resource's author wants it to.
pub(super) fn lie_to_head(mut reply: Reply, resource: &Resource) -> Reply {
    for behaviour in &resource.behaviours {
        if let Behaviour::HeadLies { length, etag } = behaviour {
            let forged =
                |name: &str| ["content-length", "etag"].contains(&name.to_ascii_lowercase().as_str());
            reply.headers.retain(|(name, _)| !forged(name));
            let etag = etag.as_deref().map(crate::resource::strong_etag);
            reply = reply.with("Content-Length", length.to_string()).with_some("ETag", etag.as_deref());
        }
    }
    reply
}
