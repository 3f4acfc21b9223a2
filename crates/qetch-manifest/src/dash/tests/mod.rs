//! Small manifests, and what is made of them.

use qetch_core::{Error, Kind, Limits, Result, Timestamp, Url};

use super::{Manifest, read};
use crate::{Listing, Rendition, Segment};

mod live;
mod offers;
mod periods;
mod segments;

/// Where the manifests are.
const AT: &str = "https://h.example/a/m.mpd";

fn manifest(text: &str) -> Result<Manifest> {
    read(text, &Url::parse(AT).unwrap())
}

/// An `MPD` with these attributes.
fn mpd(attributes: &str, inner: &str) -> String {
    format!("<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' {attributes}>{inner}</MPD>")
}

/// A static one of this many seconds, with one period.
fn of_seconds(seconds: &str, inner: &str) -> String {
    mpd(&format!("mediaPresentationDuration='PT{seconds}S'"), &format!("<Period>{inner}</Period>"))
}

/// A set with a video `v` that has this addressing.
fn video(addressing: &str) -> String {
    format!(
        "<AdaptationSet mimeType='video/mp4'><Representation id='v' bandwidth='900'>{addressing}</Representation></AdaptationSet>"
    )
}

fn listing_at(text: &str, rendition: &str, now: &str, limits: Limits) -> Result<Listing> {
    manifest(text)?.listing(rendition, now.parse::<Timestamp>()?, &limits)
}

fn listing(text: &str, rendition: &str) -> Result<Listing> {
    listing_at(text, rendition, "2026-01-01T00:00:00Z", Limits::new())
}

/// A segment as a line: `init` or its number, what its URL adds to the folder of the manifest, its range, when it begins
/// and how long it is, and its part.
fn line(segment: &Segment) -> String {
    let what = if segment.initialises { "init".to_owned() } else { segment.sequence.to_string() };
    let url = segment.url.as_str();
    let url = url.strip_prefix("https://h.example/a/").unwrap_or(url);
    let range = segment.range.map(|it| format!("[{}+{}]", it.start(), it.len())).unwrap_or_default();
    let Segment { start, duration, part, .. } = segment;
    format!("{what} {url}{range} {start}+{duration} p{part}")
}

/// Checks the segments of the rendition `v`, each as a line, or the error's code.
#[track_caller]
fn check(text: &str, expected: Result<&[&str], &str>) {
    check_of(text, "v", expected);
}

#[track_caller]
fn check_of(text: &str, rendition: &str, expected: Result<&[&str], &str>) {
    let found = listing(text, rendition).map(|it| it.segments.iter().map(line).collect::<Vec<_>>());
    let found = found.as_ref().map(|lines| lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(found.as_deref().map_err(|error| error.code()), expected, "{text}");
}
