//! PeerTube: videos of any instance, which is known by its marks and not by a list of hosts.
//!
//! Everything comes from the API that each instance has (<https://docs.joinpeertube.org/api-rest-reference.html>), asked at the
//! scheme, host and port of the link. What federation brought from elsewhere is told by the instance that is asked, with
//! links to where the files are.
//!
//! A video is offered as the files an instance has of it: those of the web player (`web`), and those of its HLS playlists
//! (`hls`), which are whole MP4s as well. The best of these is offered as a playlist too (`m3u8`); one whose file is not told,
//! and what is live, is a playlist alone. Playlists, channels and accounts are lists of hand-offs: what a video needs is asked
//! for when its turn comes.
//!
//! A video with a password is opened with the option `password`. Any host may ask for one, and an instance may say that a video
//! is at another, so the option `instance` says which host it is for: it goes to that one alone, over https. The files are then
//! asked for by links that last for some hours, so that a saved content holds no password.

mod ask;
mod extras;
mod files;
mod list;
mod pictures;
mod stream;
#[cfg(test)]
mod tests;
mod video;

use std::time::Duration;

use qetch_core::{
    Answer, Claim, Context, Extraction, Extractor, ExtractorInfo, Handle, Handles, Handoff, Known, Result,
    Url, async_trait,
    http::{HeaderName, header},
};

use self::{ask::Instance, list::Owner};

/// The extractor of PeerTube instances.
///
/// Any host may be one, so it never says more than perhaps before it has seen an answer.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::peertube::PeerTube;
///
/// let url = Url::parse("https://tube.example/w/9HphahWKD6WobX2vq9V3dc").unwrap();
/// assert_eq!(PeerTube::new().can_handle(&url), Claim::Perhaps);
/// ```
#[derive(Debug)]
pub struct PeerTube {
    info: ExtractorInfo,
}

const NAME: &str = "peertube";

/// Where the API is.
const API: &str = "/api/v1/";

/// The option with the password of a video.
const PASSWORD: &str = "password";

/// The option that says which instance the password is for.
const INSTANCE: &str = "instance";

/// An instance takes 50 requests in 10 seconds unless it says otherwise (REST API reference, "Rate limits").
const INTERVAL: Duration = Duration::from_millis(200);

/// The ids of videos and playlists: a UUID, the same in base 58, or the number that it has at one instance.
const ID: &str =
    "(?P<id>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[1-9A-HJ-NP-Za-km-z]{22}|[0-9]{1,10})";

/// The handles of channels and accounts: a name in lower case, or any that an instance of the fediverse has, with its host.
const HANDLE: &str =
    "[a-z0-9_][a-z0-9_.-]{0,127}|[A-Za-z0-9_.:-]{1,128}(?:@|%40)[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?";

/// Those that are not what other sites have beneath `/a/` and `/c/`: with an underscore, or with a host. The pages of an
/// instance lead on to a link that says more, so the others are hardly met.
const TELLING: &str =
    "[a-z0-9.-]{0,63}_[a-z0-9_.-]{0,63}|[A-Za-z0-9_.:-]{1,128}(?:@|%40)[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?";

/// What others have beneath `/accounts/`.
const PAGES: [&str; 8] =
    ["edit", "emailsignup", "login", "logout", "password", "register", "settings", "signup"];

impl PeerTube {
    /// The extractor.
    pub fn new() -> Self {
        let handles = Handles::new([
            video_handle(),
            playlist_handle(),
            channel_handle(),
            channel_page_handle(),
            channel_short_handle(),
            account_handle(),
            account_page_handle(),
            account_short_handle(),
        ]);
        let info = ExtractorInfo::new(NAME, "Videos, playlists, channels and accounts of PeerTube instances")
            .with_handles(handles)
            .with_option(PASSWORD, "The password of a video that has one")
            .with_option(
                INSTANCE,
                "The host that the password is for; it is sent to no other, and nowhere while this is not set",
            )
            .with_interval(INTERVAL);
        Self { info }
    }
}

impl Default for PeerTube {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for PeerTube {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    fn can_handle(&self, url: &Url) -> Claim {
        // Every link of a host that nobody names is looked at, so most are told apart by one word.
        match url.path().split('/').nth(1) {
            Some("w" | "videos" | "video-playlists" | "video-channels" | "c" | "accounts" | "a" | "api") => {
                self.info.handles().claim(url)
            }
            _ => Claim::No,
        }
    }

    fn recognise(&self, answer: &Answer) -> bool {
        const POWERED_BY: HeaderName = HeaderName::from_static("x-powered-by");
        let is_powered = answer.header(POWERED_BY).is_some_and(|by| by.eq_ignore_ascii_case("PeerTube"));
        is_powered || is_marked(answer)
    }

    /// The page of a video with a password answers as one that is not there.
    fn recognise_refusal(&self, answer: &Answer) -> bool {
        self.recognise(answer)
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let found = self.info.handles().require(url)?;
        let (id, tab) = (&found["id"], found.get("tab"));
        let instance = Instance::of(cx, url)?;
        if !url.path().starts_with(API) {
            // There is no file behind a page. What the API has said is read on.
            drop(cx.take_parked(url));
        }
        match found.handle().name() {
            "playlist" => list::playlist(instance, id).await,
            name if name.starts_with("channel") => list::owned(instance, Owner::Channel, id, tab).await,
            name if name.starts_with("account") => list::owned(instance, Owner::Account, id, tab).await,
            _ => video::extract(instance, id, url).await,
        }
    }
}

/// Whether a page or an answer of the API says what it is of. An instance may be set not to say so in a header.
fn is_marked(answer: &Answer) -> bool {
    let text = String::from_utf8_lossy(answer.body());
    if text.trim_start().starts_with('{') {
        // Videos and playlists, channels and accounts, and what is said in their place.
        const KEYS: [&str; 3] =
            ["\"shortUUID\":", "\"hostRedundancyAllowed\":", "//docs.joinpeertube.org/api"];
        return answer.url().path().starts_with(API) && KEYS.iter().any(|key| text.contains(key));
    }
    let is_page = answer.header(header::CONTENT_TYPE).is_none_or(|it| it.contains("html"));
    let mut tags = text.split("<meta").skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    is_page
        && (has_config(&text)
            || tags.any(|tag| tag.contains("\"og:platform\"") && tag.contains("\"PeerTube\"")))
}

/// Whether a script of the page begins with the configuration that each page of an instance has. One that speaks of it shows
/// its name.
fn has_config(page: &str) -> bool {
    page.match_indices("window.PeerTubeServerConfig").any(|(at, _)| {
        let tag = page[..at].trim_ascii_end().strip_suffix('>').and_then(|before| before.rsplit_once('<'));
        tag.is_some_and(|(_, tag)| tag.starts_with("script"))
    })
}

/// Says that what is at `url` is a video or a list of an instance: nobody has to find that out again.
fn hand_off(url: Url, known: Known) -> Handoff {
    Handoff::new(url).with_known(known).to(NAME)
}

/// A video, by any of its pages. A thread of comments is one of them.
fn video_handle() -> Handle {
    let path = format!("^/(?:w|videos/watch|videos/embed|api/v1/videos)/{ID}(?:;threadId=[0-9]+)?/?$");
    Handle::new("video", ["*"], &path)
        .with_example("https://framatube.org/w/9HphahWKD6WobX2vq9V3dc")
        .with_example("https://framatube.org/videos/watch/9c9de5e8-0a1e-484a-b099-e80766180a6d")
        .with_example("https://vod.ksite.de/videos/embed/fed67262-6edb-4d1c-833b-daa9085c71d7")
        .with_example("https://peertube.tv/api/v1/videos/c1875674-97d0-4c94-a058-3f7e64c962e8")
}

/// A playlist of videos.
fn playlist_handle() -> Handle {
    let path = format!(
        "^/(?:w/p|videos/watch/playlist|video-playlists/embed|video-playlists|api/v1/video-playlists)/{ID}(?:/videos)?/?$"
    );
    Handle::new("playlist", ["*"], &path)
        .with_example("https://framatube.org/w/p/jBgfUTRfgk6cfMY8wbT1mp")
        .with_example("https://framatube.org/videos/watch/playlist/96b0ee2b-a5a7-4794-8769-58d8ccb79ab7")
        .with_example("https://framatube.org/video-playlists/embed/96b0ee2b-a5a7-4794-8769-58d8ccb79ab7")
}

/// A channel: its videos, or its playlists.
fn channel_handle() -> Handle {
    let path =
        format!("^/(?:c|(?:api/v1/)?video-channels)/(?P<id>{HANDLE})/(?P<tab>videos|video-playlists)/?$");
    Handle::new("channel", ["*"], &path)
        .with_example("https://peertube2.cpy.re/c/blender_open_movies@video.blender.org/videos")
        .with_example("https://framatube.org/c/lokas/video-playlists")
}

/// The page of a channel, which shows its videos.
fn channel_page_handle() -> Handle {
    Handle::new("channel_page", ["*"], &format!("^/(?:api/v1/)?video-channels/(?P<id>{HANDLE})/?$"))
        .with_example("https://framatube.org/video-channels/lokas")
}

/// The same by its short name.
fn channel_short_handle() -> Handle {
    Handle::new("channel_short", ["*"], &format!("^/c/(?P<id>{TELLING})/?$"))
        .with_example("https://peertube2.cpy.re/c/blender_open_movies@video.blender.org")
}

/// An account: its videos, its channels, or its playlists.
fn account_handle() -> Handle {
    let tabs = "(?P<tab>videos|video-channels|video-playlists)";
    Handle::new("account", ["*"], &format!("^/(?:a|(?:api/v1/)?accounts)/(?P<id>{HANDLE})/{tabs}/?$"))
        .with_example("https://framatube.org/a/framasoft/videos")
        .with_example("https://framatube.org/a/framasoft/video-channels")
}

/// The page of an account, of which the videos are meant.
fn account_page_handle() -> Handle {
    Handle::new("account_page", ["*"], &format!("^/(?:api/v1/)?accounts/(?P<id>{HANDLE})/?$"))
        .without("id", PAGES)
        .with_example("https://framatube.org/accounts/framasoft")
}

/// The same by its short name.
fn account_short_handle() -> Handle {
    Handle::new("account_short", ["*"], &format!("^/a/(?P<id>{TELLING})/?$"))
        .with_example("https://framatube.org/a/frama_soft")
}
