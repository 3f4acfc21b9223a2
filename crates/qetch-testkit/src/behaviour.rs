//! The ways in which an origin answers: one honest, the others each with one fault.

use bytes::Bytes;

/// How a [`Resource`](crate::Resource) is answered. The default is [`Honest`](Self::Honest).
///
/// Each of the others is honest but for what it says. All are deterministic: what is sent depends on the
/// requests and on their order alone. Offsets, lengths and limits are in bytes of the body. "First" counts
/// from when the resource was registered; answers to `HEAD` carry no body and count only for
/// [`FailFirst`](Self::FailFirst).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Behaviour {
    /// Honours one `Range: bytes=a-b`, `a-` or `-n` with a 206 and announces `Accept-Ranges: bytes`; several
    /// ranges at once get the whole body with a 200, a range beyond the end a 416 with `bytes */N`.
    ///
    /// `If-Range`, `If-Match`, `If-None-Match`, `If-Modified-Since` and `If-Unmodified-Since` are honoured,
    /// dates by being equal to the one sent.
    #[default]
    Honest,
    /// Answers every request with a 200 and the whole body, and announces no ranges.
    NoRanges,
    /// Honours ranges, though nothing announces them.
    QuietRanges,
    /// Announces `Accept-Ranges: bytes`, yet answers every range with a 200 and the whole body.
    RangesPromised,
    /// Honours ranges that start at 0 and answers any other with a 200 and the whole body.
    RangesOnlyFromZero,
    /// Answers a range that starts above 0 from `by` bytes away; `Content-Range` says so truthfully.
    ///
    /// Where the body has no place for that, the range starts as many bytes away on the other side, and
    /// where it has none there either, at 0.
    WrongStart {
        /// The distance in bytes; below 0 it leads towards the start of the body.
        by: i64,
    },
    /// Names a total that is `by` bytes off in the `Content-Range` of every range that starts above 0.
    WrongTotal {
        /// The difference in bytes.
        by: i64,
    },
    /// Sends each 206 without a `Content-Range`.
    NoContentRange,
    /// Sends each 206 with `*` in the place of the total.
    StarTotal,
    /// Answers a range that starts above 0 from earlier on, with the `Content-Range` that matches.
    Superset {
        /// How many bytes earlier, as far as there are as many.
        before: u64,
    },
    /// Answers a range with no more than its first `at_most` bytes and the `Content-Range` that matches.
    Shorter {
        /// The most that a 206 carries in bytes; 0 counts as 1.
        at_most: u64,
    },
    /// Sends the body under a `Content-Length` that is too large, then closes.
    ContentLengthTooLong {
        /// How many bytes are promised beyond the body.
        extra: u64,
    },
    /// Sends the body under a `Content-Length` that is too small, then closes: the rest of the body follows
    /// where the next answer's head would be.
    ContentLengthTooShort {
        /// How many bytes the length falls short, as far as there are as many.
        missing: u64,
    },
    /// Closes the connection within the first body that is longer than `after` bytes.
    CutOnce {
        /// How many bytes of that body are sent.
        after: u64,
    },
    /// Closes each connection once it has carried `after` bytes of bodies.
    CutAlways {
        /// How many bytes a connection carries, over all its answers.
        after: u64,
    },
    /// Sends the whole body in chunks, without a length, and honours no ranges.
    Chunked,
    /// As [`Chunked`](Self::Chunked), but closes after `after` bytes. They come in whole chunks, so that
    /// nothing but the missing last chunk tells that the body is not whole.
    ChunkedCut {
        /// How many bytes of the body are sent.
        after: u64,
    },
    /// Sends the whole body without a length; the end of the connection ends it. Honours no ranges.
    UntilClose,
    /// Sends the body as gzip, whatever the client accepts, and honours no ranges.
    Gzip,
    /// As [`Gzip`](Self::Gzip), and honours ranges, which count the bytes of the gzip file.
    GzipRanges,
    /// Becomes another body with another `ETag` after the first 200 or 206 was begun; `Last-Modified` stays.
    Changing {
        /// The body from then on.
        body: Bytes,
        /// Its strong entity tag, without the quotes.
        etag: String,
    },
    /// Becomes another body after the first 200 or 206 was begun. Validators are never sent, even if the
    /// resource has them.
    ChangingQuietly {
        /// The body from then on.
        body: Bytes,
    },
    /// Stops sending within the first body that is longer than `after` bytes, and keeps that connection open
    /// for as long as the client does.
    StallOnce {
        /// How many bytes of that body are sent.
        after: u64,
    },
    /// Answers the first requests with an error and a short body of its own, then honestly.
    FailFirst {
        /// How many requests fail; `HEAD` counts too.
        times: u64,
        /// The status they get.
        status: u16,
        /// The value of their `Retry-After`, seconds or a date, if they have one.
        retry_after: Option<String>,
    },
    /// Answers with an error and a short body of its own while `at_most` other bodies are being sent.
    Crowded {
        /// How many bodies are sent at the same moment.
        at_most: usize,
        /// The status of the error.
        status: u16,
    },
    /// Answers ranges, one or up to 16 at once, as `multipart/byteranges`.
    MultipartRanges,
}
