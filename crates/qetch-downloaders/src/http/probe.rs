//! What an answer is worth: pure judgement of the head of a reply against what was asked and what is known.
//!
//! The rules are those of RFC 9110, section 14 and 15.3.7, and a reading of what servers do in spite of it. Only a
//! reply that fits in every respect gives bytes; anything else is refused, and the refusal says what to do instead.

use http::{HeaderMap, HeaderValue, header};
use qetch_core::{Error, OpenAnswer, Url};

use super::{
    content_range::{ContentRange, LARGEST},
    entity::{Agreement, Entity},
};

/// The most bytes before what was asked for that are read to get there.
const MOST_SKIPPED: u64 = 1 << 20;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// All of it, without a `Range` header.
    Whole,
    /// From this offset to the end.
    From(u64),
    /// From the first offset up to, and without, the second.
    Between(u64, u64),
}

impl Ask {
    /// The `Range` header (RFC 9110, section 14.1.2).
    pub(super) fn header(self) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::From(start) => Some(format!("bytes={start}-")),
            Self::Between(start, end) => Some(format!("bytes={start}-{}", end.saturating_sub(1))),
        }
    }

    fn start(self) -> u64 {
        match self {
            Self::Whole => 0,
            Self::From(start) | Self::Between(start, _) => start,
        }
    }
}

/// A reply that fits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// The offsets in the resource that the body holds; its end is not known for a body without a length.
    pub(super) body: (u64, Option<u64>),
    /// What the reply tells of the resource.
    pub(super) entity: Entity,
    /// Whether it is proven that these are bytes of the version that is known.
    pub(super) is_proven: bool,
}

/// A reply that does not fit.
#[derive(Debug)]
pub(super) enum Misfit {
    /// It may fit when asked again.
    Passing(Error),
    /// One connection too many, perhaps: not an error while another delivers.
    Unwelcome(Error),
    /// The link may have died: 401, 403 and 410 are what expired ones answer.
    Dead(u16, Error),
    /// The host does not serve ranges as they are meant: ask for the whole.
    NoRanges(String),
    /// It is another file by now.
    Changed(Error),
    /// The resource has no bytes.
    Empty,
    /// Asking again will not help.
    Fatal(Error),
}

/// The head of a reply, as far as it matters.
#[derive(Debug)]
pub(super) struct Reply<'a> {
    pub(super) status: u16,
    pub(super) headers: &'a HeaderMap,
    pub(super) url: &'a Url,
}

impl<'a> Reply<'a> {
    pub(super) fn of(answer: &'a OpenAnswer) -> Self {
        Self { status: answer.status(), headers: answer.headers(), url: answer.url() }
    }

    /// Judges the reply to `ask`; `known` is what earlier replies told, if there were any.
    pub(super) fn judge(&self, ask: Ask, known: Option<&Entity>) -> Result<Fit, Misfit> {
        match self.status {
            200 => self.judge_whole(ask, known),
            206 => self.judge_part(ask, known),
            416 => Err(self.judge_unsatisfiable(ask, known)),
            408 | 500 | 502 | 504 | 520..=524 => Err(Misfit::Passing(Error::status(self.url, self.status))),
            // Some hosts know no ranges, some refuse them, and some know none without an end.
            400 | 403 | 405 | 413 | 501 if known.is_none() && ask != Ask::Whole => {
                Err(Misfit::NoRanges(format!("status {} to a range", self.status)))
            }
            401 | 403 | 410 => Err(Misfit::Dead(self.status, Error::status(self.url, self.status))),
            // What another connection was given says that the file is there.
            400.. if known.is_some() => Err(Misfit::Unwelcome(Error::status(self.url, self.status))),
            429 | 503 => Err(Misfit::Passing(Error::status(self.url, self.status))),
            201..=299 => Err(Misfit::Fatal(self.bad(format!("status {} to a GET", self.status)))),
            _ => Err(Misfit::Fatal(Error::status(self.url, self.status))),
        }
    }

    /// The size of the resource that a range tells, whether the reply fits or not.
    pub(super) fn told_complete(&self) -> Option<u64> {
        match ContentRange::parse(self.text(header::CONTENT_RANGE)?)? {
            ContentRange::Part { complete, .. } if !self.is_encoded() => complete,
            _ => None,
        }
    }

    fn judge_whole(&self, ask: Ask, known: Option<&Entity>) -> Result<Fit, Misfit> {
        if ask.start() > 0 {
            return Err(Misfit::NoRanges("the whole file in place of a range".into()));
        }
        if self.is_encoded() {
            return Err(Misfit::Fatal(self.bad("an encoded body, though none was asked for")));
        }
        let length = self.length().map_err(Misfit::Fatal)?;
        // A host that answers a range with everything has none; one that was not asked says so.
        let has_ranges =
            ask == Ask::Whole && length.is_some() && self.text(header::ACCEPT_RANGES) == Some("bytes");
        let entity = Entity { complete: length, has_ranges, ..Entity::validators(self.headers) };
        let is_proven = self.agree(known, &entity)?;
        Ok(Fit { body: (0, length), entity, is_proven })
    }

    fn judge_part(&self, ask: Ask, known: Option<&Entity>) -> Result<Fit, Misfit> {
        let no_ranges = |problem: &str| Misfit::NoRanges(problem.to_owned());
        if ask == Ask::Whole {
            return Err(Misfit::Fatal(self.bad("a part, though all was asked for")));
        }
        if self.is_encoded() {
            return Err(no_ranges("an encoded range"));
        }
        // Multipart replies carry no `Content-Range` of their own (RFC 9110, section 15.3.7.2).
        let range =
            self.text(header::CONTENT_RANGE).ok_or_else(|| no_ranges("a range that does not say which"))?;
        let Some(ContentRange::Part { offsets, complete }) = ContentRange::parse(range) else {
            return Err(no_ranges("a range that cannot be understood"));
        };
        // Whatever else is wrong with it: a size that was announced before, and that this contradicts, is not to be trusted.
        if let (Some(told), Some(known)) = (complete, known.and_then(|known| known.complete))
            && told != known
        {
            return Err(Misfit::Changed(Error::content_changed(self.url, "its size")));
        }
        if !offsets.contains(&ask.start()) {
            return Err(no_ranges("another range than was asked for"));
        }
        if ask.start() - offsets.start > MOST_SKIPPED {
            return Err(no_ranges("a range that begins long before what was asked for"));
        }
        let length = self.length().map_err(Misfit::Fatal)?;
        if length.is_some_and(|length| length != offsets.end - offsets.start) {
            return Err(no_ranges("a range whose length is not the body's"));
        }
        let complete = complete.or(known.and_then(|known| known.complete));
        let complete = complete.ok_or_else(|| no_ranges("a range of a file whose size it does not tell"))?;
        if offsets.end > complete {
            return Err(no_ranges("a range that ends past the file"));
        }
        let entity =
            Entity { complete: Some(complete), has_ranges: true, ..Entity::validators(self.headers) };
        let is_proven = self.agree(known, &entity)?;
        Ok(Fit { body: (offsets.start, Some(offsets.end)), entity, is_proven })
    }

    fn judge_unsatisfiable(&self, ask: Ask, known: Option<&Entity>) -> Misfit {
        // A file that is whole here has nothing behind its end there: then this says how long that is.
        let complete = match self.text(header::CONTENT_RANGE).and_then(ContentRange::parse) {
            Some(ContentRange::Unsatisfied { complete }) => Some(complete),
            _ => None,
        };
        match (ask, known, complete) {
            (Ask::From(0) | Ask::Between(0, _), None, Some(0)) => Misfit::Empty,
            (_, None, _) => Misfit::NoRanges("no range at all".into()),
            (_, Some(known), Some(complete)) if known.complete == Some(complete) => {
                Misfit::NoRanges("no range, though the file is as long as it was".into())
            }
            (_, Some(_), _) => {
                Misfit::Changed(Error::content_changed(self.url, "a part of it is no longer there"))
            }
        }
    }

    /// Whether it is proven that this reply speaks of the file that is `known`.
    fn agree(&self, known: Option<&Entity>, now: &Entity) -> Result<bool, Misfit> {
        match known.map_or(Agreement::Proven, |known| known.agreement(now)) {
            Agreement::Proven => Ok(true),
            Agreement::Open => Ok(false),
            Agreement::Changed(what) => Err(Misfit::Changed(Error::content_changed(self.url, what))),
        }
    }

    /// Whether the body is in any content coding (RFC 9110, section 8.4).
    fn is_encoded(&self) -> bool {
        let plain =
            |value: &HeaderValue| value.is_empty() || value.as_bytes().eq_ignore_ascii_case(b"identity");
        !self.headers.get_all(header::CONTENT_ENCODING).iter().all(plain)
    }

    /// The length that is announced. The client has read it already, and refuses two that differ. Beside a transfer
    /// coding it says nothing (RFC 9112, section 6.3).
    fn length(&self) -> Result<Option<u64>, Error> {
        if self.headers.contains_key(header::TRANSFER_ENCODING) {
            return Ok(None);
        }
        let Some(text) = self.text(header::CONTENT_LENGTH) else { return Ok(None) };
        let length = text.parse().ok().filter(|length| *length <= LARGEST);
        length.map(Some).ok_or_else(|| self.bad("a length that no file can have"))
    }

    fn text(&self, name: header::HeaderName) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    fn bad(&self, problem: impl Into<String>) -> Error {
        Error::bad_reply(self.url, problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges a reply made of a status and header lines.
    fn judge(ask: Ask, known: Option<&Entity>, status: u16, lines: &[(&str, &str)]) -> Result<Fit, Misfit> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let url = Url::parse("https://h.example/f").unwrap();
        Reply { status, headers: &headers, url: &url }.judge(ask, known)
    }

    fn known(complete: u64, etag: &str) -> Entity {
        Entity {
            complete: Some(complete),
            has_ranges: true,
            etag: Some(etag.parse().unwrap()),
            ..Entity::default()
        }
    }

    #[test]
    fn a_part_that_holds_what_was_asked_fits() {
        let fit = judge(Ask::From(0), None, 206, &[("content-range", "bytes 0-99/100"), ("etag", "\"a\"")])
            .unwrap();
        assert_eq!((fit.body, fit.entity), ((0, Some(100)), known(100, "\"a\"")));

        let known = known(100, "\"a\"");
        let ask = Ask::Between(50, 60);
        let body = |range| {
            judge(ask, Some(&known), 206, &[("content-range", range), ("etag", "\"a\"")]).unwrap().body
        };
        assert_eq!(body("bytes 50-59/100"), (50, Some(60)));
        assert_eq!(body("bytes 40-99/100"), (40, Some(100)));
        assert_eq!(body("bytes 50-54/100"), (50, Some(55)));
        assert_eq!(body("bytes 50-59/*"), (50, Some(60)));
    }

    #[test]
    fn a_part_that_does_not_is_refused_and_the_whole_is_asked_for() {
        let known = known(100, "\"a\"");
        let lines: [&[(&str, &str)]; 8] = [
            &[("content-range", "bytes 50-199/*"), ("etag", "\"a\"")],
            &[("content-range", "bytes 60-69/100"), ("etag", "\"a\"")],
            &[("content-range", "bytes 0-49/100"), ("etag", "\"a\"")],
            &[("etag", "\"a\"")],
            &[("content-type", "multipart/byteranges; boundary=x"), ("etag", "\"a\"")],
            &[("content-range", "bytes 50-59"), ("etag", "\"a\"")],
            &[("content-range", "bytes 50-59/100"), ("content-length", "9"), ("etag", "\"a\"")],
            &[("content-range", "bytes 50-59/100"), ("content-encoding", "gzip"), ("etag", "\"a\"")],
        ];
        for lines in lines {
            let misfit = judge(Ask::Between(50, 60), Some(&known), 206, lines);
            assert!(matches!(misfit, Err(Misfit::NoRanges(_))), "{lines:?}: {misfit:?}");
        }
        let whole = judge(Ask::Between(50, 60), Some(&known), 200, &[("content-length", "100")]);
        assert!(matches!(whole, Err(Misfit::NoRanges(_))), "{whole:?}");
        let sizeless = judge(Ask::From(0), None, 206, &[("content-range", "bytes 0-99/*")]);
        assert!(matches!(sizeless, Err(Misfit::NoRanges(_))), "{sizeless:?}");
    }

    #[test]
    fn another_version_is_noticed_in_any_reply() {
        let before = known(100, "\"a\"");
        let ask = Ask::Between(50, 60);
        let fits = |lines: &[(&str, &str)]| judge(ask, Some(&before), 206, lines);
        let same = fits(&[("content-range", "bytes 50-59/100"), ("etag", "\"a\"")]).unwrap();
        let other = fits(&[("content-range", "bytes 50-59/100"), ("etag", "\"b\"")]).unwrap();
        assert_eq!((same.is_proven, other.is_proven), (true, false));
        let larger = fits(&[("content-range", "bytes 50-59/101"), ("etag", "\"a\"")]);
        assert!(matches!(larger, Err(Misfit::Changed(_))), "{larger:?}");
        assert!(matches!(judge(ask, Some(&before), 416, &[]), Err(Misfit::Changed(_))));
    }

    #[test]
    fn the_whole_fits_from_the_start_alone() {
        let lines = [("content-length", "100"), ("accept-ranges", "bytes")];
        let fit = judge(Ask::Whole, None, 200, &lines).unwrap();
        assert_eq!((fit.body, fit.entity.has_ranges), ((0, Some(100)), true));
        let refused = judge(Ask::From(0), None, 200, &lines).unwrap();
        assert_eq!((refused.body, refused.entity.has_ranges), ((0, Some(100)), false));
        let endless = judge(Ask::Whole, None, 200, &[("accept-ranges", "bytes")]).unwrap();
        assert_eq!((endless.body, endless.entity.has_ranges), ((0, None), false));
        let encoded = judge(Ask::Whole, None, 200, &[("content-encoding", "gzip")]);
        assert!(matches!(encoded, Err(Misfit::Fatal(_))));
        assert!(matches!(
            judge(Ask::Whole, None, 206, &[("content-range", "bytes 0-9/10")]),
            Err(Misfit::Fatal(_))
        ));
    }

    #[test]
    fn a_length_beside_a_transfer_coding_says_nothing() {
        let lines = [("content-length", "5"), ("transfer-encoding", "chunked")];
        assert_eq!(judge(Ask::Whole, None, 200, &lines).unwrap().body, (0, None));
    }

    #[test]
    fn statuses_say_whether_to_ask_again() {
        let check = |status, lines: &[(&str, &str)]| judge(Ask::From(0), None, status, lines).unwrap_err();
        assert!(matches!(check(500, &[]), Misfit::Passing(_)));
        assert!(matches!(check(503, &[]), Misfit::Passing(_)));
        assert!(matches!(check(403, &[]), Misfit::NoRanges(_)));
        assert!(matches!(judge(Ask::Whole, None, 403, &[]), Err(Misfit::Dead(403, Error::Http { .. }))));
        assert!(matches!(check(410, &[]), Misfit::Dead(410, Error::Gone { .. })));
        assert!(matches!(check(400, &[]), Misfit::NoRanges(_)));
        assert!(matches!(judge(Ask::Whole, None, 400, &[]), Err(Misfit::Fatal(_))));
        for status in [400, 404, 429, 503, 509] {
            let extra = judge(Ask::Between(5, 9), Some(&known(10, "x")), status, &[]);
            assert!(matches!(extra, Err(Misfit::Unwelcome(_))), "{status}");
        }
        assert!(matches!(check(404, &[]), Misfit::Fatal(Error::NotFound { .. })));
        assert!(matches!(check(204, &[]), Misfit::Fatal(Error::BadReply { .. })));
        assert!(matches!(check(304, &[]), Misfit::Fatal(Error::Http { .. })));
        assert!(matches!(check(416, &[("content-range", "bytes */0")]), Misfit::Empty));
        assert!(matches!(check(416, &[]), Misfit::NoRanges(_)));
    }
}
