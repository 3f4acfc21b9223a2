//! Live recordings: lists that go on. Each reading of a list moves its window, so that no test depends on the speed of a
//! machine.

mod dash;
#[cfg(ffmpeg)]
mod films;
mod hls;
mod resume;

use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

use qetch::{Content, Delivery, DownloadOptions, Kind, LiveStart, Report, Result, Target};
use qetch_testkit::pattern;
use qetch_tests::{Folder, content, downloaders, stage::Stage};
use wiremock::ResponseTemplate;

/// The rendition of the HLS playlist at `link`.
fn hls(link: &str) -> Content {
    let mut content = content([link]);
    content.delivery = Delivery::hls("");
    content.kind = Kind::Video;
    content
}

/// Downloads `content` to `f.ts` in `folder`.
async fn record(folder: &Folder, content: &Content, options: &DownloadOptions) -> Result<Report> {
    let to = Target::file(folder.path("f.ts"));
    downloaders().download(&qetch::Context::new(), content, &to, options).await
}

/// From the first segment that is listed on.
fn from_window() -> DownloadOptions {
    DownloadOptions::new().with_live_start(LiveStart::Window)
}

/// Answers each reading of `name` with what `list` makes of its number.
fn broadcast(stage: &Stage, name: &str, list: impl Fn(usize) -> ResponseTemplate + Send + Sync + 'static) {
    let readings = AtomicUsize::new(0);
    stage.act(name, move |_| list(readings.fetch_add(1, Ordering::Relaxed)));
}

/// A list of these segments, a quarter of a second each, which ends where `ends` says so.
fn window(segments: Range<usize>, ends: bool) -> String {
    lines(segments.start, segments, ends, |number| format!("{number}.ts"))
}

/// The same of any lines.
fn lines(
    first: usize,
    segments: impl IntoIterator<Item = usize>,
    ends: bool,
    line: impl Fn(usize) -> String,
) -> String {
    let mut list = format!("#EXTM3U\n#EXT-X-TARGETDURATION:0.25\n#EXT-X-MEDIA-SEQUENCE:{first}\n");
    for number in segments {
        list.push_str(&format!("#EXTINF:0.25,\n{}\n", line(number)));
    }
    list + if ends { "#EXT-X-ENDLIST\n" } else { "" }
}

fn text(text: impl Into<String>) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_string(text)
}

/// Puts segments on the stage.
fn put(stage: &Stage, segments: Range<usize>) {
    segments.for_each(|number| stage.put(&format!("{number}.ts"), segment(number)));
}

fn segment(number: usize) -> Vec<u8> {
    pattern(1000 + number, number as u64)
}

/// Segments, one behind the other.
fn joined(segments: impl IntoIterator<Item = usize>) -> Vec<u8> {
    segments.into_iter().flat_map(segment).collect()
}

/// How often the stage was asked for `path`.
async fn count(stage: &Stage, path: &str) -> usize {
    stage.asked().await.iter().filter(|asked| *asked == path).count()
}
