//! Origins that are wrong, odd or mean about ranges.

use super::{File, Trap};
use crate::{Behaviour, Resource, pattern};

/// The most bytes of the file that is sent byte by byte.
const BYTE_BY_BYTE: usize = 100;

pub(super) fn traps(file: &File) -> Vec<Trap> {
    let by = i64::try_from(file.size / 50).unwrap_or(i64::MAX).max(1);
    let form = |form: &str| Behaviour::ContentRangeAs { form: form.to_owned() };
    let crumbs = pattern(BYTE_BY_BYTE, 1).into();
    vec![
        file.trap("honest", "Does nothing wrong.", Behaviour::Honest),
        file.trap("no-ranges", "Answers every range with a 200 and the whole file.", Behaviour::NoRanges),
        file.trap("quiet-ranges", "Honours ranges and announces none.", Behaviour::QuietRanges),
        file.trap(
            "ranges-promised",
            "Announces ranges and answers each with a 200 and the whole file.",
            Behaviour::RangesPromised,
        ),
        file.trap(
            "ranges-only-from-zero",
            "Answers a range that starts later than 0 with a 200 and the whole file.",
            Behaviour::RangesOnlyFromZero,
        ),
        file.trap(
            "wrong-start",
            "Answers a later range from further on; the Content-Range says so.",
            Behaviour::WrongStart { by },
        ),
        file.trap(
            "wrong-start-before",
            "Answers a later range from further back and ends earlier; the Content-Range says so.",
            Behaviour::WrongStart { by: -by },
        ),
        file.trap(
            "wrong-total",
            "Names another total in the Content-Range of a later range.",
            Behaviour::WrongTotal { by: 1 },
        )
        .or_error(),
        file.trap("no-content-range", "Sends a 206 without Content-Range.", Behaviour::NoContentRange),
        file.trap("star-total", "Sends a 206 with * in the place of the total.", Behaviour::StarTotal),
        file.trap(
            "content-range-equals",
            "Sends a Content-Range with = after the unit.",
            form("bytes={start}-{end}/{total}"),
        ),
        file.trap(
            "content-range-no-unit",
            "Sends a Content-Range without a unit.",
            form("{start}-{end}/{total}"),
        ),
        file.trap(
            "superset",
            "Answers a later range from further back up to the end asked for.",
            Behaviour::Superset { before: file.size / 50 },
        ),
        file.trap(
            "shorter",
            "Answers a range with its beginning alone.",
            Behaviour::Shorter { at_most: file.size / 10 },
        ),
        Trap::new(
            "one-byte-ranges",
            "Answers a range with its first byte alone.",
            &crumbs,
            Resource::new(crumbs.clone()).with_behaviour(Behaviour::Shorter { at_most: 1 }),
        ),
        file.trap(
            "range-limit-400",
            "Answers a range longer than a sixteenth of the file with a 400.",
            Behaviour::RangeLimit { at_most: file.size / 16, status: 400 },
        ),
        file.trap(
            "range-limit-416",
            "Answers a range longer than a sixteenth of the file with a 416.",
            Behaviour::RangeLimit { at_most: file.size / 16, status: 416 },
        ),
        file.trap(
            "ranges-refused",
            "Answers every range with a 403.",
            Behaviour::RangeLimit { at_most: 0, status: 403 },
        ),
        file.trap(
            "whole-first",
            "Answers ranges with a 403 until the file was asked for without.",
            Behaviour::WholeFirst { status: 403 },
        ),
        Trap::new(
            "if-range-fails",
            "Cuts the file once, and then answers If-Range as if the file had changed.",
            &file.body,
            file.resource()
                .with_behaviour(Behaviour::CutOnce { after: file.size / 2 })
                .with_behaviour(Behaviour::IfRangeFails),
        ),
        file.trap("multipart", "Answers a range as multipart/byteranges.", Behaviour::MultipartRanges),
        file.trap(
            "surplus",
            "Sends a 206 with more bytes than its Content-Range names.",
            Behaviour::Surplus { extra: 1000 },
        ),
        file.trap(
            "chunked-surplus",
            "Sends a 206 in chunks with more bytes than its Content-Range names.",
            Behaviour::ChunkedSurplus { extra: 1000 },
        ),
        file.trap("chunked-ranges", "Sends a 206 in chunks, without a length.", Behaviour::ChunkedRanges),
        file.trap("gzip-ranges", "Sends ranges of a gzip file, unasked.", Behaviour::GzipRanges).or_error(),
    ]
}
