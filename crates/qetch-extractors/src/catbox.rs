//! catbox.moe: files that people share, and albums of them; and Litterbox, whose files are there for three days at most.
//!
//! Of a file the site tells nothing but what its first answer says. An album is asked for at the API that its own pages and
//! tools ask (`reqtype=getalbum`; <https://catbox.moe/tools.php> has the others), which lists the names of its files.

use qetch_core::{
    Collection, Content, Context, Error, Extraction, Extractor, ExtractorInfo, Found, Handle, Handles, Known,
    Request, Result, Url, Variants, async_trait,
    http::{HeaderValue, Method, header},
    lenient,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{common_file, common_prose};

/// The extractor of catbox.moe and Litterbox.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::catbox::Catbox;
///
/// let url = Url::parse("https://catbox.moe/c/1igcbe").unwrap();
/// assert_eq!(Catbox::new().can_handle(&url), Claim::Yes("album".into()));
/// ```
#[derive(Debug)]
pub struct Catbox {
    info: ExtractorInfo,
}

const NAME: &str = "catbox";

/// Where albums are asked for.
const API: &str = "https://catbox.moe/user/api.php";

/// Where the files of albums are; the name follows.
const FILES: &str = "https://files.catbox.moe/";

impl Catbox {
    /// The extractor.
    pub fn new() -> Self {
        let handles = [
            Handle::new(
                "album",
                ["catbox.moe", "www.catbox.moe"],
                r"^(?P<id>/c/(?P<album>[A-Za-z0-9]{6}))/?$",
            )
            .with_example("https://catbox.moe/c/1igcbe"),
            Handle::new(
                "file",
                ["files.catbox.moe", "de.catbox.moe"],
                r"^/(?P<id>[A-Za-z0-9]{6}(?:\.[A-Za-z0-9]{1,10}){0,2})$",
            )
            .with_example("https://files.catbox.moe/8ih3y7.png"),
            Handle::new(
                "litter",
                ["litter.catbox.moe"],
                r"^/(?P<id>(?:[A-Za-z0-9]{6}|[A-Za-z0-9]{16})(?:\.[A-Za-z0-9]{1,10}){0,2})$",
            )
            .with_example("https://litter.catbox.moe/t8v3n9.png"),
        ];
        let info = ExtractorInfo::new(NAME, "Files and albums of catbox.moe, and files of Litterbox")
            .with_handles(Handles::new(handles));
        Self { info }
    }

    /// The files of the album `id`.
    async fn album(&self, cx: &Context, id: &str) -> Result<Extraction> {
        let what = format!("catbox album {id}");
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let request = Request::get(API.parse()?)
            .with_method(Method::POST)
            .with_header(header::CONTENT_TYPE, form)
            .with_body(format!("reqtype=getalbum&short={id}"));
        let reply: Reply = cx.send(request).await?.about(&what)?.json(NAME)?;
        let album = reply.album(&what)?;
        let changed = |problem| Error::site_changed(NAME, "$.data.files", problem);
        let names = names(album.files.as_ref().ok_or_else(|| changed("missing"))?);
        if names.is_empty() {
            return Err(Error::not_found(format!("a file of {what}")));
        }
        let told = names.len();
        let names: Vec<_> = names.into_iter().filter(|name| is_name(name)).collect();
        if names.is_empty() {
            return Err(changed("no names of files"));
        }
        let mut found = Vec::new();
        if told > names.len() {
            let message =
                format!("files of {what} whose name leads nowhere are left out: {}", told - names.len());
            found.push(Found::from(self.info.warning(message)));
        }
        let mut known = Known::default();
        known.description = album.description.and_then(|text| common_prose::text(&text));
        known.metadata.insert("album".to_owned(), id.into());
        known.metadata.extend(album.datecreated.map(|date| ("datecreated".to_owned(), date.into())));
        let collection =
            Collection::new(album.title.unwrap_or_else(|| id.to_owned())).with_count(names.len() as u64);
        for (name, index) in names.iter().zip(1..) {
            let content = common_file::by_name(&format!("{FILES}{name}").parse()?, uid(name));
            known.collection = Some(collection.clone().with_index(index));
            found.push(Variants::from(content).with_known(&known).into());
        }
        Ok(Extraction::of(found))
    }
}

impl Default for Catbox {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Catbox {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let found = self.info.handles().require(url)?;
        match found.handle().name() {
            "album" => self.album(cx, &found["album"]).await,
            "litter" => litter(cx, url, &found["id"]).await.map(Extraction::once),
            _ => {
                let (uid, what) = (uid(&found["id"]), format!("catbox file {}", &found["id"]));
                common_file::content(cx, url, uid, &what).await.map(Extraction::once)
            }
        }
    }
}

/// A file of Litterbox. Whoever uploaded it said for how long it is there, which nothing tells afterwards.
async fn litter(cx: &Context, url: &Url, name: &str) -> Result<Content> {
    let what = format!("Litterbox file {name}, which is kept for three days at most,");
    let content = common_file::content(cx, url, format!("litter-{}", uid(name)), &what).await;
    let mut content = content.map_err(|error| match error {
        Error::NotFound { what, .. } => Error::gone(what),
        other => other,
    })?;
    content.metadata.insert("temporary".to_owned(), true.into());
    Ok(content)
}

/// What the API answers. Its type is said to be `text/html`.
#[derive(Deserialize)]
struct Reply {
    #[serde(default, deserialize_with = "lenient::flag")]
    success: Option<bool>,
    #[serde(default, deserialize_with = "lenient::number")]
    status: Option<u16>,
    data: Option<Album>,
}

#[derive(Deserialize)]
struct Album {
    #[serde(default, deserialize_with = "lenient::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    description: Option<String>,
    /// A day, such as `2022-08-18`.
    #[serde(default, deserialize_with = "lenient::text")]
    datecreated: Option<String>,
    /// The names of the files, with blanks between them.
    files: Option<Value>,
}

impl Reply {
    fn album(self, what: &str) -> Result<Album> {
        match self.status {
            Some(429) => return Err(Error::rate_limited("catbox.moe", None)),
            Some(500..) => return Err(Error::over_capacity("catbox.moe")),
            Some(400..) => return Err(Error::not_found(what)),
            _ if self.success == Some(false) => return Err(Error::not_found(what)),
            _ => (),
        }
        self.data.ok_or_else(|| Error::site_changed(NAME, "$.data", "missing"))
    }
}

/// The names that a list of files has, however it is written.
fn names(files: &Value) -> Vec<&str> {
    match files {
        Value::String(names) => names.split_whitespace().collect(),
        Value::Array(names) => names.iter().map(|name| name.as_str().unwrap_or_default()).collect(),
        _ => vec![""],
    }
}

fn is_name(name: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    name.split('.').all(is_plain)
}

/// The name with a dash for each dot: files of one name and several extensions are several files.
fn uid(name: &str) -> String {
    name.replace('.', "-")
}
