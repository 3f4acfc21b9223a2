//! Files that change while they are fetched, and validators that say too much or too little.

use bytes::Bytes;

use super::{File, Trap};
use crate::{Behaviour, Resource, When, pattern};

pub(super) fn traps(file: &File) -> Vec<Trap> {
    let plain = || Resource::new(file.body.clone());
    let second = Bytes::from(pattern(file.body.len(), 2));
    let next = || Resource::new(second.clone());
    // The same but for a fifth in its middle, where the first body is cut.
    let (start, end) = (file.body.len() / 5 * 2, file.body.len() / 5 * 3);
    let in_part = Bytes::from([&file.body[..start], &second[start..end], &file.body[end..]].concat());
    let longer = Bytes::from(pattern(file.body.len() + file.body.len() / 8, 2));
    let changing_at = |name, what, when, from: Resource, to: Resource| {
        let to_body = to.body.clone();
        Trap::new(name, what, &file.body, cut_and_become(file, when, from, to)).or(&to_body)
    };
    let changing = |name, what, from, to| changing_at(name, what, When::Bodies(1), from, to);
    let mut all = vec![
        changing(
            "changes",
            "Becomes another file with another ETag after the first body was begun, and cuts that.",
            plain().with_etag("one"),
            next().with_etag("two"),
        ),
        changing_at(
            "changes-midway",
            "Becomes another file with another ETag after a quarter of it was sent, and cuts the first body.",
            When::Bytes(file.size / 4),
            plain().with_etag("one"),
            next().with_etag("two"),
        ),
        changing(
            "changes-in-length",
            "Becomes a longer file with another ETag after the first body was begun, and cuts that.",
            plain().with_etag("one"),
            Resource::new(longer).with_etag("two"),
        ),
        changing(
            "changes-weakly",
            "Becomes a file of the same length with another weak ETag, and cuts the first body.",
            plain().with_weak_etag("one"),
            next().with_weak_etag("two"),
        ),
        changing(
            "changes-under-weak-etag",
            "Becomes a file of the same length under the same weak ETag, and cuts the first body.",
            plain().with_weak_etag("one"),
            next().with_weak_etag("one"),
        ),
        changing(
            "changes-by-date",
            "Becomes a file of the same length with another Last-Modified alone, and cuts the first body.",
            plain().with_last_modified("Wed, 21 Oct 2015 07:28:00 GMT"),
            next().with_last_modified("Wed, 21 Oct 2015 07:29:00 GMT"),
        ),
        changing(
            "changes-quietly",
            "Becomes a file of the same length, without any validator, and cuts the first body.",
            plain(),
            next(),
        ),
        changing(
            "changes-quietly-in-part",
            "Becomes a file with other bytes in its middle, without any validator, and cuts the first body.",
            plain(),
            Resource::new(in_part),
        ),
    ];
    all.extend([
        file.paced_trap(
            "etag-per-connection",
            "Has another ETag on each connection; the file is the same.",
            Behaviour::EtagPerConnection,
        ),
        file.paced_trap(
            "etag-per-request",
            "Has another ETag in each answer; the file is the same.",
            Behaviour::EtagPerRequest,
        ),
        grows(file),
    ]);
    all
}

/// The first body is cut in its middle, so that clients with one connection meet the change as well.
fn cut_and_become(file: &File, when: When, from: Resource, to: Resource) -> Resource {
    let rate = file.size.saturating_mul(2);
    from.with_throttle(rate)
        .with_behaviour(Behaviour::CutOnce { after: file.size / 2 })
        .with_behaviour(Behaviour::Becomes { when, resource: Box::new(to.with_throttle(rate)) })
}

/// Each length that it has had is right, and so is an error.
fn grows(file: &File) -> Trap {
    let (from, by) = (file.size / 4 * 3, (file.size / 16).max(1));
    let trap = file.paced_trap(
        "grows",
        "Is three quarters of the file at first and a sixteenth longer for each body.",
        Behaviour::Grows { from, by },
    );
    let lengths = (0..).map(|step| from + step * by).take_while(|length| *length < file.size);
    let files = lengths.map(|length| crate::origin::cut(&file.body, &(0..length)));
    Trap { files: files.chain([file.body.clone()]).collect(), ..trap }.or_error()
}
