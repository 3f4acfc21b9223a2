//! Playlists and manifests that mean harm, and what they lead to.

mod egress;
mod endless;
mod live;
mod media;
#[cfg(unix)]
mod muxing;
mod names;
mod schemes;
mod secrets;
mod xml;

use qetch::{
    Content, Delivery, DownloadOptions, Fragment, Kind, Qetch, QetchBuilder, Report, Result, Select, Target,
};
use qetch_testkit::Resource;
use qetch_tests::{Folder, url};

/// Two packets of a transport stream.
const TS: [u8; 376] = {
    let mut packets = [0xFF; 376];
    (packets[0], packets[188]) = (0x47, 0x47);
    packets
};

/// The rendition of this id of the HLS playlist at `link`.
fn hls(link: &str, rendition: &str) -> Content {
    let mut content = Content::new("f", Kind::Video, url(link), [Fragment::new(url(link))]);
    content.delivery = Delivery::hls(rendition);
    content
}

/// A media playlist that is whole, of these lines.
fn list(lines: &str) -> Resource {
    playlist(format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n{lines}\n#EXT-X-ENDLIST\n"))
}

fn playlist(text: String) -> Resource {
    Resource::new(text).with_content_type("application/vnd.apple.mpegurl")
}

/// A manifest that is whole, whose one representation has this in it.
fn manifest(representation: &str) -> Resource {
    period(&format!(
        "<AdaptationSet contentType=\"video\" mimeType=\"video/mp4\">\
         <Representation id=\"v\" bandwidth=\"1\">{representation}</Representation></AdaptationSet>"
    ))
}

/// A manifest that is whole, with this in its one period.
fn period(inner: &str) -> Resource {
    mpd(&format!("type=\"static\" mediaPresentationDuration=\"PT4S\"><Period>{inner}</Period>"))
}

fn mpd(rest: &str) -> Resource {
    let text = format!("<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" {rest}</MPD>");
    Resource::new(text).with_content_type("application/dash+xml")
}

/// A facade that goes anywhere and asks once.
fn anywhere() -> QetchBuilder {
    Qetch::builder().retries(0)
}

fn once() -> DownloadOptions {
    DownloadOptions::new().with_retries(0)
}

/// Brings the best that `link` leads to, with its sound, into `folder`.
async fn brought(qetch: &Qetch, link: &str, folder: &Folder, options: &DownloadOptions) -> Result<Report> {
    let variants = qetch.extract(link).await?.next_variants().await?.unwrap();
    let selection = Select::best().choose(&variants).unwrap();
    let to = Target::file(folder.path("f")).with_fitting_extension();
    qetch.download_selection(&selection, &to, options).await
}

/// Brings `content` to the file `f` of `folder`.
async fn downloaded(
    qetch: &Qetch,
    content: &Content,
    folder: &Folder,
    options: &DownloadOptions,
) -> Result<Report> {
    qetch.download(content, folder.path("f"), options).await
}
