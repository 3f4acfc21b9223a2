//! Whatever a plain link leads to: asked after every other extractor, and told by the first answer alone.
//!
//! A file is one content. Playlists of HLS and manifests of DASH are read by builds with the features `hls` and `dash`, and
//! what they offer are the contents. The entries of lists are handed off: M3U, PLS, XSPF and ASX. A stream of a radio
//! station is a content that is live. A feed is handed off to `podcast` by builds with that feature. Pages, and what a build
//! does not read, are refused with what would help, for this extractor is the one whose error a person sees when a link leads
//! nowhere.

mod content_disposition;
mod form;
mod icy;
mod list;
mod media;
mod name;
#[cfg(any(feature = "hls", feature = "dash"))]
mod playlist;

use qetch_core::{
    Answer, Claim, Content, Context, Error, Extraction, Extractor, ExtractorInfo, Fragment, Handoff, Kind,
    Result, Url, async_trait, link, media_type, shown,
};

use self::{content_disposition::ContentDisposition, form::Form, name::Name};
use crate::common_link;

/// The extractor of files behind plain links.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::generic::Generic;
///
/// let url = Url::parse("https://files.example/a.flac").unwrap();
/// assert_eq!(Generic::new().can_handle(&url), Claim::Perhaps);
/// ```
#[derive(Debug)]
pub struct Generic {
    info: ExtractorInfo,
}

impl Generic {
    /// The extractor.
    pub fn new() -> Self {
        let info =
            ExtractorInfo::new("generic", "Files behind plain links, asked after every other extractor")
                .with_priority(ExtractorInfo::LAST);
        Self { info }
    }
}

impl Default for Generic {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Generic {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    fn can_handle(&self, url: &Url) -> Claim {
        if link::is_http(url) { Claim::Perhaps } else { Claim::No }
    }

    /// Every answer, since nobody is asked after this: it is here that one learns why a link cannot be handled.
    fn recognise(&self, _: &Answer) -> bool {
        true
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let answer = cx.first_answer(url).await?;
        let form = if is_whole(&answer) { form::of(&answer) } else { Form::File };
        if form == Form::Feed && cx.has_extractor("podcast") {
            return Ok(Extraction::once(Handoff::new(url.clone()).to("podcast")));
        }
        if let Some(read) = list::reader(form) {
            return list::extraction(cx, url, read).await;
        }
        #[cfg(any(feature = "hls", feature = "dash"))]
        if let Some(read) = playlist::reader(form) {
            return playlist::variants(cx, url, &answer, read).await.map(Extraction::once);
        }
        let content = content(url, &answer).inspect_err(|_| {
            // No download follows, so the connection that waits for one is given back.
            drop(cx.take_parked(url));
        })?;
        Ok(Extraction::once(content))
    }
}

/// The most bytes of a playlist, unless the user says less.
const MOST_OF_PLAYLIST: usize = 16 << 20;

/// The file that `answer`, which is what `url` leads to, is the beginning of.
fn content(url: &Url, answer: &Answer) -> Result<Content> {
    if !is_whole(answer) {
        let problem = format!("status {} to a request for the whole file", answer.status());
        return Err(Error::bad_reply(answer.url(), problem));
    }
    let disposition = answer.headers().get("content-disposition");
    let disposition = ContentDisposition::parse(disposition.map(AsRef::as_ref));
    match form::of(answer) {
        Form::Page if !disposition.is_attachment => {
            let reason = "it is a web page of a site that no extractor of this build knows; \
                          give the link of the file itself";
            return Err(Error::unsupported(shown(url), reason));
        }
        Form::Playlist(form) => {
            let reason = format!(
                "it is {form}, which this build does not read; give the link of a media file it leads to"
            );
            return Err(Error::unsupported(shown(url), reason));
        }
        Form::Feed => {
            let reason = "it is a feed, which is read by builds with the feature `podcast`; \
                          give the link of a media file it leads to";
            return Err(Error::unsupported(shown(url), reason));
        }
        Form::Page | Form::File => (),
    }
    let declared = answer.media_type();
    let name = Name::of(disposition.file_name, declared.as_deref(), answer.url(), url);
    let content_type = media::content_type(answer.body(), declared.as_deref(), name.extension.as_deref());
    // The link as it was given: what it redirects to may be made for this one answer, and the answer is parked under it.
    let fragment = Fragment::new(url.clone());
    let kind = content_type.as_deref().map_or(Kind::Other, media_type::kind_of);
    let mut content = Content::new(common_link::uid(url), kind, url.clone(), [fragment]);
    content.title = name.title(content_type.as_deref());
    content.extension = media::extension(&name, content_type.as_deref());
    content.content_type = content_type;
    content.size_approx = answer.length();
    icy::describe(&mut content, answer);
    Ok(content)
}

/// Whether it is an answer to a request for the whole file.
fn is_whole(answer: &Answer) -> bool {
    matches!(answer.status(), 200 | 203)
}

#[cfg(test)]
mod tests {
    use qetch_core::{NetworkFault, Quality, Registry, http::header};

    use super::*;
    use crate::common_canned::{Canned, Reply};

    const LINK: &str = "https://files.example/a/My%20clip.mp4?sig=1";
    const MP4: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0rest of the file";

    /// What is found at [`LINK`], where it is answered with `reply`, and whether the answer is still there for a
    /// download.
    async fn found(reply: Reply) -> (Result<Content>, bool) {
        let url = Url::parse(LINK).unwrap();
        let (site, cx) = Canned::default().on(LINK, [reply]).start();
        let cx = cx.retries(0).build();
        let registry = Registry::new().with_extractor(Generic::new());
        let content = match registry.extract(&cx, &url).await {
            Ok(mut extraction) => Ok(extraction.next_variants().await.unwrap().unwrap().best().clone()),
            Err(error) => Err(error),
        };
        assert_eq!(site.asked(), [format!("GET {LINK}")]);
        // A download of what is behind the link would find it.
        let download = cx.for_content(&Content::new("", Kind::Other, url.clone(), [])).await;
        (content, download.take_parked(&url).is_some())
    }

    fn typed(content_type: &str, body: &'static [u8]) -> Reply {
        Reply::new(200, body).with(header::CONTENT_TYPE, content_type)
    }

    #[tokio::test]
    async fn a_plain_file_is_one_content_and_one_request() {
        let reply = typed("video/mp4", MP4).with(header::CONTENT_LENGTH, MP4.len().to_string());
        let (content, is_parked) = found(reply).await;
        let content = content.unwrap();
        assert!(is_parked && content.uid.starts_with("My-clip-"), "{content:?}");
        assert_eq!(content.title.as_deref(), Some("My clip"));
        assert_eq!((content.kind, content.quality), (Kind::Video, Quality::BEST));
        assert_eq!(content.content_type.as_deref(), Some("video/mp4"));
        assert_eq!(content.extension.as_deref(), Some("mp4"));
        assert_eq!((content.size, content.size_approx), (None, Some(MP4.len() as u64)));
        assert_eq!(content.fragments, [Fragment::new(Url::parse(LINK).unwrap())]);
        assert_eq!((content.extractor.as_str(), content.source.as_str()), ("generic", LINK));
    }

    #[tokio::test]
    async fn the_server_names_the_file() {
        let reply = typed("application/octet-stream", b"fLaC\0\0\0\x22")
            .with(header::CONTENT_DISPOSITION, "attachment; filename=x; filename*=UTF-8''A%20song.flac")
            .with(header::CONTENT_LENGTH, "8")
            .with(header::CONTENT_ENCODING, "br");
        let content = found(reply).await.0.unwrap();
        assert_eq!(content.title.as_deref(), Some("A song"));
        assert_eq!(content.content_type.as_deref(), Some("audio/flac"));
        assert_eq!((content.kind, content.extension.as_deref()), (Kind::Audio, Some("flac")));
        // The length is that of the encoded bytes.
        assert_eq!(content.size_approx, None);
    }

    #[tokio::test]
    async fn behind_a_redirect_the_last_link_names_the_file_and_the_first_brings_it() {
        let last = "https://cdn.example/9f/Frog.webm?expires=9";
        let url = Url::parse(LINK).unwrap();
        let (_, cx) = Canned::default()
            .on(LINK, [Reply::new(302, "").with(header::LOCATION, last)])
            .on(last, [typed("video/webm", b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm")])
            .start();
        let cx = cx.build();
        let registry = Registry::new().with_extractor(Generic::new());
        let variants = registry.extract(&cx, &url).await.unwrap().next_variants().await.unwrap().unwrap();
        let content = variants.best();
        assert_eq!(content.title.as_deref(), Some("Frog"));
        assert!(content.uid.starts_with("My-clip-"));
        assert_eq!(content.fragments[0].url, url);
        assert!(cx.for_content(content).await.take_parked(&url).is_some());
    }

    #[tokio::test]
    async fn pages_and_playlists_are_refused_with_what_would_help() {
        let check = async |reply: Reply, expected: &str| {
            let (content, is_parked) = found(reply).await;
            let error = content.unwrap_err();
            assert_eq!(error.code(), "unsupported");
            assert!(error.to_string().contains(expected), "{error}");
            assert!(!error.to_string().contains("sig=1") && !is_parked);
        };
        check(typed("text/html", b"<p>"), "a web page").await;
        check(typed("video/mp4", b"<!doctype html>"), "a web page").await;
        #[cfg(not(feature = "hls"))]
        check(typed("application/x-mpegurl", b"#EXTM3U\n#EXT-X-VERSION:3"), "an HLS playlist").await;
        #[cfg(not(feature = "dash"))]
        check(typed("application/dash+xml", b"<MPD>"), "a DASH manifest").await;
        // Whatever else is in the build: nobody is there who reads it.
        check(typed("text/xml", b"<rss>"), "a feed").await;
    }

    #[tokio::test]
    async fn a_page_that_is_sent_to_be_saved_is_a_file() {
        let reply = typed("text/html", b"<!doctype html>")
            .with(header::CONTENT_DISPOSITION, "attachment; filename=\"report.html\"");
        let content = found(reply).await.0.unwrap();
        assert_eq!((content.kind, content.extension.as_deref()), (Kind::Text, Some("html")));
        assert_eq!(content.title.as_deref(), Some("report"));
    }

    #[tokio::test]
    async fn what_is_no_whole_file_is_an_error() {
        let check = async |reply: Reply, expected| {
            assert_eq!(found(reply).await.0.unwrap_err().code(), expected);
        };
        check(Reply::new(404, ""), "not_found").await;
        check(Reply::new(204, ""), "bad_reply").await;
        check(Reply::new(206, MP4), "bad_reply").await;
    }

    #[tokio::test]
    async fn a_broken_network_is_told() {
        assert_eq!(found(Reply::fault(NetworkFault::Timeout)).await.0.unwrap_err().code(), "network");
    }

    #[test]
    fn other_schemes_are_not_its_own() {
        let claim = |url| Generic::new().can_handle(&Url::parse(url).unwrap());
        assert_eq!(claim("http://h.example:8000/radio.opus"), Claim::Perhaps);
        assert_eq!(claim("ftp://h.example/a.mp4"), Claim::No);
        assert_eq!(claim("file:///etc/passwd"), Claim::No);
    }
}
