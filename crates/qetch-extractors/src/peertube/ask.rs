//! `Instance`: what an instance is asked, and what its refusals mean.

use qetch_core::{
    Answer, Context, Error, Fragment, Request, Result, Timestamp, Url,
    http::{HeaderName, HeaderValue, Method},
    lenient, link,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{API, INSTANCE, NAME, PASSWORD};

/// What the password of a video is sent in.
const PASSWORD_HEADER: HeaderName = HeaderName::from_static("x-peertube-video-password");

/// The most bytes of an answer: each content of a video has a copy of what is told of the video.
const MOST_BYTES: usize = 2 << 20;

/// One instance, and what is needed to ask it.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    cx: Context,
    origin: Url,
    /// Once it asked for it.
    password: Option<HeaderValue>,
}

/// What came in place of what was asked for, in the form of RFC 7807 with fields of PeerTube's own.
#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default, deserialize_with = "lenient::text")]
    code: Option<String>,
    #[serde(rename = "originUrl", default, deserialize_with = "lenient::text")]
    origin_url: Option<String>,
}

/// A video, or where it is to be asked for.
pub(super) enum Told {
    Here(Answer),
    /// The instance has no files of what those it does not follow publish, and says where it comes from.
    At(Url),
}

/// What opens the files of a video with a password for some hours.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    token: String,
    expires: Option<Timestamp>,
}

impl Instance {
    /// The one that `url` is of.
    pub(super) fn of(cx: &Context, url: &Url) -> Result<Self> {
        Ok(Self { cx: cx.clone(), origin: url.join("/")?, password: None })
    }

    pub(super) fn cx(&self) -> &Context {
        &self.cx
    }

    /// Whether `url` is its own: scheme, host and port.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.origin.origin()
    }

    /// What `text` stands for, which is a whole link or a path; `None` where that is no link to follow.
    pub(super) fn link(&self, text: &str) -> Option<Url> {
        link::read(&self.origin, text)
    }

    /// What the API has at `path`.
    fn api(&self, path: &str) -> Result<Url> {
        Ok(self.origin.join(&format!("{API}{path}"))?)
    }

    fn request(&self, url: Url) -> Request {
        let request = Request::get(url).with_limit(MOST_BYTES);
        match &self.password {
            Some(password) => request.with_header(PASSWORD_HEADER, password.clone()),
            None => request,
        }
    }

    /// The answer to a plain GET of `path`, which the registry may have asked for already.
    async fn answer(&self, path: &str) -> Result<Answer> {
        let url = self.api(path)?;
        match self.password {
            None => self.cx.whole_answer(&url, MOST_BYTES).await,
            Some(_) => self.cx.send(self.request(url)).await,
        }
    }

    /// The JSON at `path`; `what` names it where it is refused.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, what: &str) -> Result<T> {
        accepted(self.answer(path).await?, what)?.json(NAME)
    }

    /// What is told of the video `id`. Where it has a password, that is sent, and from then on with everything that is asked.
    pub(super) async fn video(&mut self, id: &str, what: &str) -> Result<Told> {
        let path = format!("videos/{id}");
        let mut answer = self.answer(&path).await?;
        // It has moved, or is there over https: the rest is asked there, and so are files that are its own.
        let (at, asked) = (answer.url().clone(), self.api(&path)?);
        if at.path() == asked.path() {
            self.origin = at.join("/")?;
        }
        if matches!(answer.status(), 401 | 403) && problem(&answer).wants_password() {
            self.password = Some(self.own_password(what)?);
            answer = self.answer(&path).await?;
        }
        if answer.status() == 403 {
            let origin = problem(&answer).origin_url.and_then(|text| self.link(&text));
            if let Some(origin) = origin.filter(|origin| !self.is_own(origin)) {
                return Ok(Told::At(origin));
            }
        }
        accepted(answer, what).map(Told::Here)
    }

    /// The password that the user gave, where it is for this instance: anybody may ask for it, and say where a video is.
    fn own_password(&self, what: &str) -> Result<HeaderValue> {
        let Some(password) = self.cx.option(PASSWORD) else {
            return Err(Error::private(format!(
                "{what}, which has a password (to be given as the option `{PASSWORD}` of {NAME}, with its host as \
                 `{INSTANCE}`),"
            )));
        };
        if self.origin.scheme() != "https" {
            return Err(Error::unsupported(what, "its password is sent over https alone"));
        }
        // Read as a URL, so that case and other spellings of a name make no difference.
        let own =
            self.cx.option(INSTANCE).map(|it| it.trim().trim_start_matches("https://").trim_end_matches('/'));
        let own = own.and_then(|own| Url::parse(&format!("https://{own}/")).ok());
        if !own.is_some_and(|own| self.is_own(&own)) {
            let host = self.origin.host_str().unwrap_or_default();
            return Err(Error::private(format!(
                "{what}, whose password is asked for by {host} and sent to the host alone that the option `{INSTANCE}` of \
                 {NAME} names,"
            )));
        }
        let unfit = || Error::invalid(format!("the option `{PASSWORD}`"), "no header can hold it");
        let mut password = HeaderValue::from_bytes(password.as_bytes()).map_err(|_| unfit())?;
        password.set_sensitive(true);
        Ok(password)
    }

    /// What opens the files of the video `id`, where a password was needed.
    pub(super) async fn pass(&self, id: &str, what: &str) -> Result<Option<Pass>> {
        if self.password.is_none() {
            return Ok(None);
        }
        let url = self.api(&format!("videos/{id}/token"))?;
        let answer = self.cx.send(self.request(url).with_method(Method::POST)).await?;
        let files = &accepted(answer, what)?.json::<Value>(NAME)?["files"];
        let token = lenient::text_of(&files["token"]);
        let token = token.ok_or_else(|| Error::site_changed(NAME, "$.files.token", "missing"))?;
        let expires = files["expires"].as_str().and_then(|text| text.parse().ok());
        Ok(Some(Pass { token, expires }))
    }
}

impl Pass {
    /// The fragment at `url`, and when it stops working: with the token of `pass` where that is needed, which goes to its own
    /// instance alone. A playlist is asked to add it to what it lists.
    pub(super) fn fragment(
        pass: Option<&Self>,
        instance: &Instance,
        mut url: Url,
    ) -> (Fragment, Option<Timestamp>) {
        let is_kept = instance.is_own(&url) && url.path().contains("/private/");
        let Some(pass) = pass.filter(|_| is_kept) else { return (Fragment::new(url), None) };
        let is_playlist = url.path().ends_with(".m3u8");
        let mut query = url.query_pairs_mut();
        query.append_pair("videoFileToken", &pass.token);
        if is_playlist {
            query.append_pair("reinjectVideoFileToken", "true");
        }
        drop(query);
        let mut fragment = Fragment::new(url);
        fragment.expires = pass.expires;
        (fragment, pass.expires)
    }
}

impl Problem {
    fn wants_password(&self) -> bool {
        self.code.as_deref() == Some("video_requires_password")
    }
}

/// What an answer says that is no success; nothing where it does not say so in JSON.
fn problem(answer: &Answer) -> Problem {
    answer.json(NAME).unwrap_or_default()
}

/// `answer`, unless it is a refusal. Whether a video is private, of its instance's members alone or blocked is told to nobody
/// who may not see it.
fn accepted(answer: Answer, what: &str) -> Result<Answer> {
    if !matches!(answer.status(), 401 | 403) {
        return answer.about(what);
    }
    match problem(&answer).code.as_deref() {
        Some("video_requires_password" | "incorrect_video_password") => Err(Error::private(format!(
            "{what}, whose password is not that of the option `{PASSWORD}` of {NAME},"
        ))),
        _ if answer.json::<Map<String, Value>>(NAME).is_ok() => Err(Error::private(what)),
        _ => answer.about(what),
    }
}
