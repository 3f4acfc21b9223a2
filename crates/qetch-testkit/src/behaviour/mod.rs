//! The ways in which an origin answers: one honest, the others each with one fault.

mod choice;

use bytes::Bytes;

pub use choice::{When, Which};

use crate::Resource;

/// How a [`Resource`] is answered. The default is [`Honest`](Self::Honest).
///
/// Each of the others is honest but for what it says. All but [`When::Time`] are deterministic: what is sent
/// depends on the requests and on their order alone. Offsets, lengths and limits are in bytes of the body.
/// "First" and numbers count from when the resource was registered. A *body* is one that was begun with a 200
/// or 206 of the resource itself; answers to `HEAD` carry none. A *request* counts whatever its answer is,
/// `HEAD` too, unless its method is not allowed.
///
/// A resource can have [several](Resource::with_behaviour).
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
    /// Sends each 206 with a `Content-Range` of this form, in which `{start}`, `{end}` and `{total}` stand for
    /// the true numbers: `bytes={start}-{end}/{total}`, `{start}-{end}/{total}`.
    ContentRangeAs {
        /// The value, with the names of numbers in braces.
        form: String,
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
    /// Answers ranges of more than `at_most` bytes with an error and a short body of its own.
    RangeLimit {
        /// The longest range that is honoured, after it was cut to the body; 0 refuses all.
        at_most: u64,
        /// The status of the error.
        status: u16,
    },
    /// Answers ranges with an error until a body was begun with a 200: a link that wants to be opened whole
    /// first.
    WholeFirst {
        /// The status of the error.
        status: u16,
    },
    /// Answers every `If-Range` with a 200 and the whole body, as if the body had changed.
    IfRangeFails,
    /// Sends a 416 without a `Content-Range`, so that nobody learns the size from it.
    Bare416,
    /// Sends each 206 with `extra` bytes after those that its `Content-Range` names; `Content-Length` counts
    /// them. They are exclamation marks and not of the body.
    Surplus {
        /// How many bytes there are too many.
        extra: u64,
    },
    /// As [`Surplus`](Self::Surplus), but in chunks, without a length.
    ChunkedSurplus {
        /// How many bytes there are too many.
        extra: u64,
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
    /// Resets the connection (RST in the place of FIN) within a body that is longer than `after` bytes. What
    /// the client has not yet received by then may be lost with it.
    Resets {
        /// Which bodies.
        which: Which,
        /// How many bytes of each are sent.
        after: u64,
    },
    /// Closes the connection after each answer and announces it nowhere.
    ClosesQuietly,
    /// Sends the whole body in chunks, without a length, and honours no ranges.
    Chunked,
    /// Honours ranges, and sends every body in chunks, without a length.
    ChunkedRanges,
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
    /// Is answered as another resource from some moment on, with its validators, headers and behaviours and
    /// with counts of its own: a new version, weak or dated validators alone, a page, a redirect. Bodies that
    /// are being sent go on as they were begun.
    Becomes {
        /// The moment.
        when: When,
        /// What it is from then on.
        resource: Box<Resource>,
    },
    /// Is the beginning of the body, and longer for each body that was begun, until it is whole. Validators
    /// stay as they are.
    Grows {
        /// How many bytes there are at first.
        from: u64,
        /// How many more for each body.
        by: u64,
    },
    /// Has another `ETag` on each connection, with the number of the connection at this resource after a
    /// hyphen: `"v1-2"`. The body is the same.
    EtagPerConnection,
    /// Has another `ETag` in each answer, with the number of the request after a hyphen: `"v1-2"`. The body is
    /// the same.
    EtagPerRequest,
    /// Is a link that dies: from some moment on every request gets an error and a short body of its own. After
    /// [`When::Bytes`] the bodies that are being sent end with the last of these bytes; after other moments
    /// they go on.
    Expires {
        /// The moment.
        when: When,
        /// The status of the error.
        status: u16,
    },
    /// Answers each request with a 302 to a link made for it, `prefix` and the number of the request, and
    /// serves there, on every host, the resource of that number in `links`, or the last one.
    Mints {
        /// What the paths of the links begin with: `/signed/`.
        prefix: String,
        /// What the links lead to, in their order. Where there is none, nothing is served.
        links: Vec<Resource>,
    },
    /// Stops sending within the first body that is longer than `after` bytes, and keeps that connection open
    /// for as long as the client does.
    StallOnce {
        /// How many bytes of that body are sent.
        after: u64,
    },
    /// Stops sending within a body that is longer than `after` bytes, and keeps that connection open for as
    /// long as the client does.
    Stalls {
        /// Which bodies.
        which: Which,
        /// How many bytes of each are sent.
        after: u64,
    },
    /// Sends a body slowly from `after` bytes on.
    Slows {
        /// Which bodies.
        which: Which,
        /// How many bytes of each are sent as fast as others.
        after: u64,
        /// The pace from then on; 0 counts as 1.
        bytes_per_second: u64,
    },
    /// Sends all bodies of a connection slowly.
    SlowConnections {
        /// Which connections, by the order in which they came to this resource.
        which: Which,
        /// Their pace; 0 counts as 1.
        bytes_per_second: u64,
    },
    /// Never answers a request, not even with a head, and keeps that connection open for as long as the client
    /// does.
    Silent {
        /// Which requests.
        which: Which,
    },
    /// Answers a request with an error and a short body of its own.
    Fails {
        /// Which requests.
        which: Which,
        /// The status of the error.
        status: u16,
    },
    /// Answers a request with a 200 and a page, `text/html`, in the place of the resource.
    Pages {
        /// Which requests.
        which: Which,
        /// The page.
        page: Bytes,
    },
    /// Answers `HEAD` with an error.
    HeadRefused {
        /// The status of the error.
        status: u16,
    },
    /// Answers `HEAD` with another length and entity tag than `GET`.
    HeadLies {
        /// The `Content-Length`.
        length: u64,
        /// The strong `ETag`, without the quotes, if there is one.
        etag: Option<String>,
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
    /// Resets the connection of a request unanswered while `at_most` other bodies are being sent.
    CrowdedReset {
        /// How many bodies are sent at the same moment.
        at_most: usize,
    },
    /// Answers ranges, one or up to 16 at once, as `multipart/byteranges`.
    MultipartRanges,
}
