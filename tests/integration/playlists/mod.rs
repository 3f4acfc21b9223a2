//! Playlists become one file: HLS and DASH, as they are listed by hand.

mod gaps;
mod hls;
mod joining;
mod keys;
mod resume;
mod tracks;
mod versions;

use qetch::{Content, Delivery, DownloadOptions, Kind, Report, Result, Target};
use qetch_testkit::pattern;
use qetch_tests::{Folder, content, downloaders, stage::Stage};

/// The rendition of the HLS playlist at `link`.
fn hls(link: &str, rendition: &str) -> Content {
    let mut content = content([link]);
    content.delivery = Delivery::hls(rendition);
    content.kind = Kind::Video;
    content
}

/// Downloads `content` to `f.ts` in `folder`.
async fn bring(folder: &Folder, content: &Content, options: &DownloadOptions) -> Result<Report> {
    let to = Target::file(folder.path("f.ts"));
    downloaders().download(&qetch::Context::new(), content, &to, options).await
}

/// Puts `count` segments of these sizes on a stage, and a playlist of them. Answers their bytes, one after the other.
fn put_segments(stage: &Stage, sizes: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let (mut playlist, mut all) = ("#EXTM3U\n#EXT-X-TARGETDURATION:2\n".to_owned(), Vec::new());
    for (number, size) in sizes.into_iter().enumerate() {
        let bytes = pattern(size, number as u64);
        stage.put(&format!("{number}.ts"), &bytes);
        playlist.push_str(&format!("#EXTINF:2,\n{number}.ts\n"));
        all.extend(bytes);
    }
    stage.put("list.m3u8", playlist + "#EXT-X-ENDLIST\n");
    all
}
