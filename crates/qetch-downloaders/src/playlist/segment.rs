//! What a segment of a playlist is for the engine.

use std::time::Duration;

use qetch_core::{Fragment, Url};
use qetch_manifest::Segment;

use crate::http::source::{Mark, Piece};

/// Headers that may go to another origin than that of the playlist: any other may be a key.
const HARMLESS: [&str; 2] = ["accept", "accept-language"];

/// The request for a playlist, as an example for those for its segments and keys.
#[derive(Clone, Debug)]
pub(crate) struct Template(Fragment);

impl Template {
    pub(crate) fn new(playlist: &Fragment) -> Self {
        let mut fragment = Fragment::new(playlist.url.clone());
        fragment.headers.clone_from(&playlist.headers);
        fragment.bound_to.clone_from(&playlist.bound_to);
        fragment.auth.clone_from(&playlist.auth);
        Self(fragment)
    }

    /// Where the playlist is.
    pub(super) fn url(&self) -> &Url {
        &self.0.url
    }

    /// The request for `url`.
    pub(crate) fn fragment(&self, url: &Url) -> Fragment {
        let mut fragment = self.0.clone();
        fragment.url = url.clone();
        if url.origin() != self.0.url.origin() {
            fragment.headers.retain(|name, _| HARMLESS.iter().any(|it| name.eq_ignore_ascii_case(it)));
        }
        fragment
    }

    /// The request for a segment.
    pub(super) fn segment(&self, segment: &Segment) -> Fragment {
        let fragment = self.fragment(&segment.url);
        match segment.range {
            Some(range) => fragment.with_range(range),
            None => fragment,
        }
    }

    /// The segment, for the engine. It begins a part where `begins_part` says so.
    pub(super) fn piece(&self, segment: &Segment, is_text: bool, begins_part: bool) -> Piece {
        let mut piece = Piece::new(self.segment(segment));
        piece.is_coded = segment.key.is_some() || is_text;
        piece.is_needed = segment.initialises;
        piece.missing = segment.is_gap.then_some("its playlist says that it is missing");
        piece.mark = Some(mark(segment));
        piece.time = Some((seconds(segment.start), seconds(segment.duration)));
        piece.begins_part = begins_part.then(|| seconds(segment.start));
        piece
    }
}

/// What tells a segment from the others of its rendition.
pub(super) fn mark(segment: &Segment) -> Mark {
    (segment.stretch, segment.sequence, segment.initialises)
}

/// Seconds as a stranger writes them.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_key_stays_with_the_origin_of_the_playlist() {
        let url = |text: &str| Url::parse(text).unwrap();
        let playlist = Fragment::new(url("https://h.example/a.m3u8"))
            .with_header("X-Key", "s3cret")
            .with_header("Accept-Language", "de")
            .with_auth("frogs");
        let template = Template::new(&playlist);
        let names = |at: &str| template.fragment(&url(at)).headers.into_keys().collect::<Vec<_>>();
        assert_eq!(names("https://h.example/1.ts"), ["Accept-Language", "X-Key"]);
        assert_eq!(names("https://cdn.example/1.ts"), ["Accept-Language"]);
        assert_eq!(names("http://h.example/1.ts"), ["Accept-Language"]);
    }

    #[test]
    fn times_that_are_none_are_zero() {
        assert_eq!([f64::NAN, -1.0, f64::INFINITY].map(seconds), [Duration::ZERO; 3]);
    }
}
