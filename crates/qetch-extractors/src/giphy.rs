//! giphy.com: GIFs, stickers and clips.
//!
//! Without a key of its API nothing is asked: the links of the renditions that everything there has are made from the id, and
//! nothing else is known of them, not even whether the id is one. With a key the API tells them all
//! (<https://developers.giphy.com/docs/api/endpoint#get-gif-by-id>). Only then a clip has its sound: what is made from its id
//! moves in silence.

use std::collections::BTreeSet;

use qetch_core::{
    AuthKind, Content, Context, Credential, Error, Extraction, Extractor, ExtractorInfo, Handle, Handles,
    Handoff, Kind, Known, Request, Result, Role, Url, Variants, async_trait, lenient, link, media_type,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The extractor of giphy.com.
///
/// It takes a key of the API as a token, and works without.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::giphy::Giphy;
///
/// let url = Url::parse("https://media2.giphy.com/media/xTk9ZLmAX9VtDNi3U4/100.gif").unwrap();
/// assert_eq!(Giphy::new().can_handle(&url), Claim::Yes("media".into()));
/// ```
#[derive(Debug)]
pub struct Giphy {
    info: ExtractorInfo,
}

const NAME: &str = "giphy";

/// Where an id is asked for; it follows.
const GIFS: &str = "https://api.giphy.com/v1/gifs/";

/// Where the files are, by id and name.
const FILES: &str = "https://i.giphy.com/media/";

const SITE: [&str; 2] = ["giphy.com", "www.giphy.com"];

const FILE_HOSTS: [&str; 8] = [
    "giphy.com",
    "i.giphy.com",
    "media.giphy.com",
    "media0.giphy.com",
    "media1.giphy.com",
    "media2.giphy.com",
    "media3.giphy.com",
    "media4.giphy.com",
];

/// What everything there has: the rendition, the form of its file, and its name.
const ALWAYS: [(&str, &str, &str); 4] = [
    ("original", "gif", "giphy.gif"),
    ("original", "mp4", "giphy.mp4"),
    ("original", "webp", "giphy.webp"),
    ("original_still", "gif", "giphy_s.gif"),
];

/// Parts of a query that tell the site who looks at it.
const TRACKING: [&str; 4] = ["cid", "ep", "rid", "ct"];

impl Giphy {
    /// The extractor.
    pub fn new() -> Self {
        let page = r"^/(?:gifs|stickers|clips|videos)/(?:[^/]*-)?(?P<id>[A-Za-z0-9]{10,})(?:/[a-z0-9]*)?/?$";
        let page = Handle::new("page", SITE, page)
            .with_example("https://giphy.com/gifs/cat-pond-cQtlhD48EG0SY")
            .with_example("https://giphy.com/stickers/cQtlhD48EG0SY")
            .with_example("https://giphy.com/clips/pond-frog-cQtlhD48EG0SY");
        let embed = Handle::new("embed", SITE, r"^/embed/(?P<id>[A-Za-z0-9]{10,})(?:/[^/]*)*$")
            .with_example("https://giphy.com/embed/feqkVgjJpYtjy");
        // A part that begins with `v1.` says who looks at it.
        let media =
            Handle::new("media", FILE_HOSTS, r"^/media/(?:v1\.[^/]+/)?(?P<id>[A-Za-z0-9]{10,})/[^/]+$")
                .with_example("https://media2.giphy.com/media/xTk9ZLmAX9VtDNi3U4/100.gif")
                .with_example("https://media1.giphy.com/media/v1.Y2lkPTEyMw/xTk9ZLmAX9VtDNi3U4/giphy.gif");
        let file = Handle::new("file", ["i.giphy.com"], r"^/(?P<id>[A-Za-z0-9]{10,})\.(?:gif|mp4|webp)$")
            .with_example("https://i.giphy.com/xTk9ZLmAX9VtDNi3U4.gif");
        let short = Handle::new("short", ["gph.is"], r"^/(?:[a-z]/)?[A-Za-z0-9]+/?$")
            .with_example("https://gph.is/g/4bW7AZ0");
        let info = ExtractorInfo::new(NAME, "GIFs, stickers and clips of giphy.com")
            .with_handles(Handles::new([page, embed, media, file, short]))
            .with_asks(["api.giphy.com"])
            .with_auth([AuthKind::Token, AuthKind::None]);
        Self { info }
    }

    /// Where a short link leads.
    async fn long(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let end = cx.first_answer(url).await?.url().clone();
        drop(cx.take_parked(url));
        match self.info.handles().find(&end) {
            Some(found) if found.get("id").is_some() => Ok(Extraction::once(Handoff::new(end).to(NAME))),
            _ => Err(Error::unsupported("the short link", "it leads to nothing of giphy that has an id")),
        }
    }
}

impl Default for Giphy {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Giphy {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let found = self.info.handles().require(url)?;
        let Some(id) = found.get("id") else { return self.long(cx, url).await };
        let source: Url = format!("https://giphy.com/gifs/{id}").parse()?;
        if let Some(Credential::Token { token, .. }) = cx.credential() {
            let gif = ask(cx, id, token.expose()).await?;
            return Ok(Extraction::once(gif.variants(id, &source)?.with_known(&gif.known())));
        }
        let file = |(name, form, file)| {
            let url = format!("{FILES}{id}/{file}").parse()?;
            Ok(made(id, name, form, url, &source))
        };
        let contents: Vec<_> = ALWAYS.into_iter().map(file).collect::<Result<_>>()?;
        Ok(Extraction::once(Variants::ranked(contents)?))
    }
}

/// What the API says of `id`. The key goes into the query, as nothing else is documented.
async fn ask(cx: &Context, id: &str, key: &str) -> Result<Gif> {
    let what = format!("giphy item {id}");
    let url = Url::parse_with_params(&format!("{GIFS}{id}"), [("api_key", key)])?;
    let answer = cx.send(Request::get(url)).await?;
    if matches!(answer.status(), 401 | 403) {
        return Err(Error::login_required(NAME, [AuthKind::Token]));
    }
    // What is not there is an empty list, or an object without anything.
    let reply: Reply = answer.about(&what)?.json(NAME)?;
    match reply.data {
        Value::Array(list) if list.is_empty() => Err(Error::not_found(what)),
        Value::Object(map) if map.is_empty() => Err(Error::not_found(what)),
        data @ Value::Object(_) => Gif::deserialize(data)
            .map_err(|_| Error::site_changed(NAME, "$.data.images", "not renditions by name")),
        _ => Err(Error::site_changed(NAME, "$.data", "not an item")),
    }
}

#[derive(Deserialize)]
struct Reply {
    data: Value,
}

/// An item (<https://developers.giphy.com/docs/api/schema#gif-object>).
#[derive(Deserialize)]
struct Gif {
    #[serde(default, deserialize_with = "lenient::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    alt_text: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    username: Option<String>,
    /// As `2014-01-18 06:42:11`.
    #[serde(default, deserialize_with = "lenient::text")]
    import_datetime: Option<String>,
    #[serde(default, deserialize_with = "lenient::texts")]
    tags: Vec<String>,
    images: Map<String, Value>,
    /// What a clip has besides (<https://developers.giphy.com/docs/clips/schema>).
    #[serde(default)]
    video: Value,
    /// That of a clip.
    #[serde(default, deserialize_with = "lenient::seconds")]
    duration: Option<f64>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// A rendition in up to three forms. Numbers are strings in some years.
#[derive(Deserialize)]
struct Rendition {
    #[serde(default, deserialize_with = "lenient::positive")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    height: Option<u32>,
    #[serde(default, deserialize_with = "lenient::text")]
    url: Option<String>,
    #[serde(default, deserialize_with = "lenient::positive")]
    size: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    mp4: Option<String>,
    #[serde(default, deserialize_with = "lenient::positive")]
    mp4_size: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    webp: Option<String>,
    #[serde(default, deserialize_with = "lenient::positive")]
    webp_size: Option<u64>,
    /// Of which file it is the hash is not documented.
    #[serde(default, deserialize_with = "lenient::text")]
    hash: Option<String>,
}

impl Gif {
    /// The renditions. Those of a clip that have its sound are better than all that have not, however large.
    fn variants(&self, id: &str, source: &Url) -> Result<Variants> {
        let (clip, silent) = (self.clip(id, source), self.contents(id, source));
        let groups = [clip, silent].into_iter().filter(|group| !group.is_empty()).map(Variants::ranked);
        let groups: Vec<_> = groups.collect::<Result<_>>()?;
        if groups.is_empty() {
            return Err(Error::site_changed(NAME, "$.data.images", "no rendition has a link"));
        }
        let contents = groups.iter().flat_map(Variants::contents).cloned();
        Ok(Variants::in_order(contents)?.with_companions(self.captions(id, source)))
    }

    /// A clip with its sound.
    fn clip(&self, id: &str, source: &Url) -> Vec<Content> {
        let assets = self.video["assets"].as_object().into_iter().flatten();
        let content = |(name, asset): (&String, &Value)| {
            // Silent renditions have the same names.
            let name = format!("clip-{name}");
            let mut content = made(id, &name, "mp4", clean(asset["url"].as_str()?)?, source);
            content.width = lenient::positive_of(&asset["width"]);
            content.height = lenient::positive_of(&asset["height"]);
            content.duration = self.duration;
            Some(content)
        };
        assets.filter_map(content).collect()
    }

    /// The captions of a clip, in each language in both forms.
    fn captions(&self, id: &str, source: &Url) -> Vec<Content> {
        let languages = self.video["captions"].as_object().into_iter().flatten();
        let forms = languages.flat_map(|(language, files)| {
            ["vtt", "srt"]
                .into_iter()
                .filter_map(move |form| Some((language, form, clean(files[form].as_str()?)?)))
        });
        let content = |(language, form, url): (&String, _, _)| {
            let uid = format!("{id}-captions-{language}-{form}");
            let known = media_type::by_extension(form);
            let mut content = Content::of_file(uid, Kind::Text, source, url).with_media_type(known);
            (content.role, content.language) = (Role::Caption, Some(language.clone()));
            content
        };
        forms.map(content).collect()
    }

    /// What moves in silence, and the pictures of it.
    fn contents(&self, id: &str, source: &Url) -> Vec<Content> {
        // The original comes first, so that of two names of one file it is the one that stays.
        let original = self.images.get_key_value("original");
        let others = self.images.iter().filter(|(name, _)| *name != "original");
        let (mut contents, mut seen) = (Vec::new(), BTreeSet::new());
        for (name, rendition) in original.into_iter().chain(others) {
            let Ok(rendition) = Rendition::deserialize(rendition) else { continue };
            let forms = [
                (rendition.url, "gif", rendition.size),
                (rendition.mp4, "mp4", rendition.mp4_size),
                (rendition.webp, "webp", rendition.webp_size),
            ];
            for (url, form, size) in forms {
                let Some(url) = url.as_deref().and_then(clean) else { continue };
                if !seen.insert(url.clone()) {
                    continue;
                }
                let own = media_type::of_link(&url).filter(|_| form == "gif");
                let form = own.map_or(form, |it| it.extension);
                let mut content = made(id, name, form, url, source);
                (content.width, content.height, content.size_approx) =
                    (rendition.width, rendition.height, size);
                content.metadata.extend(rendition.hash.clone().map(|hash| ("hash".to_owned(), hash.into())));
                contents.push(content);
            }
        }
        contents
    }

    /// What holds for every rendition.
    fn known(self) -> Known {
        let mut known = Known::default();
        known.title = self.title;
        known.description = self.alt_text;
        known.uploaded_by = self.username;
        known.uploaded_date =
            self.import_datetime.and_then(|date| format!("{}Z", date.replace(' ', "T")).parse().ok());
        known.tags = self.tags;
        known.metadata = lenient::telling(&self.rest, &["rating", "source", "slug", "type"]);
        known
    }
}

/// A content of the rendition `name` in one of its forms.
fn made(id: &str, name: &str, form: &str, url: Url, source: &Url) -> Content {
    let known = media_type::by_extension(form);
    let kind = known.map_or(Kind::Image, |it| it.kind);
    let content = Content::of_file(format!("{id}-{name}-{form}"), kind, source, url);
    let mut content = content.with_media_type(known);
    content.role = match name {
        "original_still" => Role::Poster,
        // Previews are the first seconds alone.
        name if name.ends_with("_still") || name.starts_with("preview") => Role::Thumbnail,
        _ => Role::Main,
    };
    content
}

/// A link without what tells the site who looks at it.
fn clean(text: &str) -> Option<Url> {
    let mut url = link::whole(text)?;
    let left: Vec<_> =
        url.query_pairs().into_owned().filter(|(name, _)| !TRACKING.contains(&name.as_str())).collect();
    url.set_query(None);
    if !left.is_empty() {
        url.query_pairs_mut().extend_pairs(left);
    }
    let path: Vec<_> = url.path().split('/').filter(|it| !it.starts_with("v1.")).collect();
    let path = path.join("/");
    url.set_path(&path);
    Some(url)
}
