//! Links of the Wayback Machine: what a crawler got of a URL at a moment.
//!
//! A captured file is one content, raw as it was captured (`id_`), which says from when it is (`archived_at`) and of which
//! URL (`archived_url`). A captured playlist is handed on to `generic`, and a captured page to `page`, in the form without
//! the archive's banner (`if_`) in which its links lead to captures of the same time. A link may name a moment at which
//! nothing was captured: then the archive gives the nearest capture, and a warning tells from when it is.

#[cfg(test)]
mod tests;

use qetch_core::{
    Content, Context, Error, Extraction, Extractor, ExtractorInfo, Found, Fragment, Handle, Handles, Handoff,
    Kind, Known, OpenAnswer, Result, Url, async_trait, link::split, media_type, shown,
};

use crate::{
    common_link,
    common_wayback::{
        HOST, INTERVAL,
        link::{self, Link},
        memento::{self, Memento},
        tell_copy,
    },
};

/// The extractor of links of the Wayback Machine.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::wayback::Wayback;
///
/// let url = Url::parse("https://web.archive.org/web/2016/https://www.python.org/static/img/python-logo.png").unwrap();
/// assert_eq!(Wayback::new().can_handle(&url), Claim::Yes("capture".into()));
/// ```
#[derive(Debug)]
pub struct Wayback {
    info: ExtractorInfo,
}

const NAME: &str = "wayback";

/// The host, and the one it had before.
const HOSTS: [&str; 2] = [HOST, "wayback.archive.org"];

/// The digits that the archive takes for the latest capture, whenever it is asked.
const LATEST: &str = "2";

/// The extractors that captured playlists and pages are handed on to.
const PLAYLISTS: &str = "generic";
const PAGES: &str = "page";

impl Wayback {
    /// The extractor.
    pub fn new() -> Self {
        let handles = Handles::new([calendar_handle(), save_handle(), capture_handle(), latest_handle()]);
        let info =
            ExtractorInfo::new(NAME, "Captures of the Wayback Machine: archived copies of files and pages")
                .with_handles(handles)
                .with_interval_at(HOST, INTERVAL);
        Self { info }
    }
}

impl Default for Wayback {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Wayback {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let unsupported = |reason: &str| Error::unsupported(shown(url), reason);
        match self.info.handles().require(url)?.handle().name() {
            "calendar" => {
                return Err(unsupported(
                    "it is the list of the captures of a URL; open one of them and give its link, or leave out the `*/` for \
                     the latest",
                ));
            }
            "save" => {
                return Err(unsupported(
                    "it has the Wayback Machine make a capture, and qetch only reads; open it in a browser and give the link \
                     of the capture",
                ));
            }
            _ => (),
        }
        let asked = Link::read(url);
        let raw = asked.as_ref().and_then(raw);
        let (Some(asked), Some(raw)) = (asked, raw) else {
            return Err(unsupported("what it is a capture of is no URL of http or https"));
        };
        let memento = memento::open(cx, raw).await?;
        let warning = (asked.digits.len() == 14 && asked.digits != memento.moment.digits()).then(|| {
            let at = memento.moment.at();
            self.info.warning(format!(
                "there is no capture of {} that can be played back; this one is of {at}",
                asked.digits
            ))
        });
        let found = found(cx, memento).await?;
        // The warning comes first: most readers stop at the resource.
        Ok(Extraction::of(warning.map(Found::from).into_iter().chain([found])))
    }
}

/// A capture. What its flag asks for is a form for browsers, of the same body.
fn capture_handle() -> Handle {
    Handle::new("capture", HOSTS, r"^/(?:web/)?(?P<timestamp>[0-9]{1,14})(?P<flag>[a-z]{2}_)?/(?P<url>.+)$")
        .with_example(
            "https://web.archive.org/web/20160101000000/https://www.python.org/static/img/python-logo.png",
        )
        .with_example(
            "https://web.archive.org/web/20160101000000id_/https://www.python.org/static/img/python-logo.png",
        )
        .with_example("https://web.archive.org/web/2016im_/www.python.org/static/img/python-logo.png")
        .with_example("http://wayback.archive.org/web/2016/https://www.python.org/static/img/python-logo.png")
        .with_example("https://web.archive.org/19970126045828/http://www.archive.org/")
}

/// The latest capture. Without a scheme it needs a dot before its path, for the archive has pages of its own beside.
fn latest_handle() -> Handle {
    Handle::new("latest", HOSTS, r"^/(?P<url>(?:web/)?(?i:https?:/)/?.+|web/[^/*]+\.[^/*]+(?:/.*)?)$")
        .with_example("https://web.archive.org/web/https://www.python.org/static/img/python-logo.png")
        .with_example("https://web.archive.org/web/www.python.org/static/img/python-logo.png")
        .with_example("https://web.archive.org/https://www.python.org/static/img/python-logo.png")
}

/// The captures of a URL, or of all that begin like it.
fn calendar_handle() -> Handle {
    Handle::new("calendar", HOSTS, r"^/(?:web/)?[0-9]{0,14}\*(?:/.*)?$")
        .with_example("https://web.archive.org/web/*/https://www.python.org/static/img/python-logo.png")
        .with_example("https://web.archive.org/web/2016*/https://www.python.org/static/*")
}

/// "Save Page Now".
fn save_handle() -> Handle {
    Handle::new("save", HOSTS, "^/save(?:/.*)?$")
        .with_example("https://web.archive.org/save/https://www.python.org/static/img/python-logo.png")
}

/// The link of the raw body.
fn raw(asked: &Link) -> Option<Url> {
    link::memento(if asked.digits.is_empty() { LATEST } else { &asked.digits }, "id_", &asked.original)
}

/// What a capture is made into, by its own type; what tells none by its first bytes, and by its name.
async fn found(cx: &Context, mut memento: Memento<OpenAnswer>) -> Result<Found> {
    let name = common_link::of_link(&memento.original);
    let parts = name.as_deref().and_then(split);
    let extension = parts.map(|(_, extension)| extension.to_ascii_lowercase());
    let told = memento.answer.media_type();
    let by_name = extension.as_deref().and_then(media_type::by_extension);
    let content_type = match told {
        Some(told)
            if !matches!(told.as_str(), "application/octet-stream" | "binary/octet-stream" | "unk") =>
        {
            Some(told)
        }
        told => {
            let first = memento.answer.chunk().await?.unwrap_or_default();
            let known = media_type::by_first_bytes(&first).or(by_name);
            known.map(|known| known.name.to_owned()).or(told)
        }
    };
    let digits = memento.moment.digits();
    let link = |flag: &str| {
        let link = link::memento(digits, flag, &memento.original);
        link.ok_or_else(|| Error::bad_reply(memento.answer.url(), "a capture of a URL that makes no link"))
    };
    let hand_on = |url: Url, to: &str| {
        if !cx.has_extractor(to) {
            let reason = format!("this build has no extractor `{to}`, which reads it");
            return Err(Error::unsupported(
                format!("{} as it was captured", shown(&memento.original)),
                reason,
            ));
        }
        // What it tells of the copy fills what the finder leaves empty.
        let mut told = Content::new("", Kind::Other, url.clone(), []);
        tell_copy(&mut told, &memento.moment, &memento.original);
        let mut known = Known::default();
        known.metadata = told.metadata;
        Ok(Handoff::new(url).to(to).with_known(known).into())
    };
    match content_type.as_deref() {
        Some("text/html" | "application/xhtml+xml") => return hand_on(link("if_")?, PAGES),
        Some(playlist) if is_playlist(playlist, extension.as_deref()) => {
            return hand_on(link("id_")?, PLAYLISTS);
        }
        _ => (),
    }
    let known = content_type.as_deref().and_then(media_type::by_name);
    let kind = known.map_or(Kind::Other, |known| known.kind);
    // The digest of the body would be no better name: only the index tells it, which does not always answer.
    let uid = format!("wayback-{digits}-{}", common_link::uid(&memento.original));
    // The link of this very capture: what was asked for may lead to another one tomorrow.
    let content = Content::new(uid, kind, link("")?, [Fragment::new(link("id_")?)]);
    let mut content = content.with_media_type(known);
    let of_name = extension.filter(|it| media_type::may_have(it, kind, content_type.as_deref()));
    content.extension = content.extension.or(of_name);
    content.content_type = content_type;
    content.title = parts.map_or(name.as_deref(), |(stem, _)| Some(stem)).map(str::to_owned);
    content.size_approx = memento.answer.length();
    tell_copy(&mut content, &memento.moment, &memento.original);
    Ok(content.into())
}

/// Whether it is a playlist of HLS or a manifest of DASH, by its type or, where that is one of text, by its name.
fn is_playlist(content_type: &str, extension: Option<&str>) -> bool {
    const TYPES: [&str; 6] = [
        "application/vnd.apple.mpegurl",
        "application/x-mpegurl",
        "application/dash+xml",
        "audio/mpegurl",
        "audio/x-mpegurl",
        "video/vnd.mpeg.dash.mpd",
    ];
    let is_text = content_type.starts_with("text/") || content_type == "application/xml";
    TYPES.contains(&content_type) || (is_text && matches!(extension, Some("m3u8" | "mpd")))
}
