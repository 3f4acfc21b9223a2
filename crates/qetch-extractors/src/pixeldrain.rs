//! pixeldrain.com: files, lists of files, and folders (<https://pixeldrain.com/api>).
//!
//! The site says the size and the SHA-256 of every file, so both are promises. A key of an account is given as a user name and
//! a password: the password is the key, and the name may be any.

use futures_util::stream;
use qetch_core::{
    Answer, AuthKind, Checksum, Collection, Content, Context, Error, Extraction, Extractor, ExtractorInfo,
    Found, Fragment, Handle, Handles, Handoff, Kind, Request, Result, Role, Timestamp, Url, Variants,
    async_trait, lenient, link, media_type,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The extractor of pixeldrain.com.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::pixeldrain::Pixeldrain;
///
/// let url = Url::parse("https://pixeldrain.com/l/zQ7XpWfM#item=0").unwrap();
/// assert_eq!(Pixeldrain::new().can_handle(&url), Claim::Yes("list".into()));
/// ```
#[derive(Debug)]
pub struct Pixeldrain {
    info: ExtractorInfo,
}

const NAME: &str = "pixeldrain";

const HOST: &str = "pixeldrain.com";

const SITE: &str = "https://pixeldrain.com/";

/// What the site writes into a folder for itself.
const INDEX: &str = ".search_index.gz";

impl Pixeldrain {
    /// The extractor.
    pub fn new() -> Self {
        let hosts = [HOST, "www.pixeldrain.com"];
        let file = Handle::new(
            "file",
            hosts,
            r"^/(?:u|api/file)/(?P<id>[A-Za-z0-9_-]+)(?:/(?:info|thumbnail|download))?/?$",
        )
        .with_example("https://pixeldrain.com/u/yEK1n2Qc")
        .with_example("https://pixeldrain.com/api/file/yEK1n2Qc");
        let list = Handle::new("list", hosts, r"^/(?:l|api/list)/(?P<list>[A-Za-z0-9_-]+)/?$")
            .with_example("https://pixeldrain.com/l/zQ7XpWfM")
            .with_example("https://pixeldrain.com/l/zQ7XpWfM#item=0");
        let folder = Handle::new("folder", hosts, r"^/(?:d|api/filesystem)/(?P<id>[^/]+(?:/[^/]+)*)/*$")
            .with_example("https://pixeldrain.com/d/8xz8hcYJ")
            .with_example("https://pixeldrain.com/d/qTnZkhCJ/subdir/test3.mp4");
        let info = ExtractorInfo::new(NAME, "Files, lists and folders of pixeldrain.com")
            .with_handles(Handles::new([file, list, folder]))
            .with_auth([AuthKind::Basic, AuthKind::None]);
        Self { info }
    }
}

impl Default for Pixeldrain {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Pixeldrain {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let found = self.info.handles().require(url)?;
        let is_known = cx.credential().is_some();
        if let Some(list) = found.get("list") {
            let what = format!("pixeldrain list {list}");
            let list: List = ask(cx, &format!("{SITE}api/list/{list}"), &what).await?.json(NAME)?;
            return list.found(&what, item_of(url), is_known);
        }
        let id = &found["id"];
        if found.handle().name() == "folder" {
            let what = format!("pixeldrain folder {id}");
            let stat: Stat = ask(cx, &format!("{SITE}api/filesystem/{id}?stat"), &what).await?.json(NAME)?;
            return stat.found(&self.info, is_known);
        }
        let what = format!("pixeldrain file {id}");
        let file: File = ask(cx, &format!("{SITE}api/file/{id}/info"), &what).await?.json(NAME)?;
        Ok(Extraction::once(file.variants("$", is_known)?))
    }
}

/// The answer at `url`; errors are told by a word in them, which says more than the status.
async fn ask(cx: &Context, url: &str, what: &str) -> Result<Answer> {
    let mut request = Request::get(url.parse()?);
    if cx.credential().is_some() {
        request = request.with_auth(NAME);
    }
    let answer = cx.send(request).await?;
    let said: Result<Said> = answer.json(NAME);
    let word = said.ok().filter(|said| said.success == Some(false)).and_then(|said| said.value);
    if let Some(error) = word.as_deref().and_then(|word| refusal(word, what)) {
        return Err(error);
    }
    let answer = answer.about(what)?;
    match word {
        Some(_) => Err(Error::site_changed(NAME, "$.value", "an error that is not known")),
        None => Ok(answer),
    }
}

#[derive(Deserialize)]
struct Said {
    #[serde(default, deserialize_with = "lenient::flag")]
    success: Option<bool>,
    #[serde(default, deserialize_with = "lenient::text")]
    value: Option<String>,
}

/// The error that the site's word for it is; `None` for a word that is not known.
fn refusal(word: &str, what: &str) -> Option<Error> {
    Some(match word {
        "not_found" | "file_not_found" | "list_not_found" | "path_not_found" => Error::not_found(what),
        "ip_download_limited_captcha_required"
        | "ip_transfer_limited_captcha_required"
        | "ip_rate_limit_reached"
        | "max_concurrent_downloads"
        | "transfer_limit_exceeded"
        | "download_limit_exceeded"
        | "out_of_transfer" => Error::rate_limited(HOST, None),
        "server_overload_captcha_required" => Error::over_capacity(HOST),
        word if word.ends_with("_captcha_required") => Error::challenge(HOST),
        "authentication_required" | "authentication_failed" | "hotlink_detected" => {
            Error::login_required(NAME, [AuthKind::Basic])
        }
        "forbidden" | "permission_denied" => Error::private(what),
        "unavailable_for_legal_reasons" => Error::gone(what),
        _ => return None,
    })
}

/// The place that the fragment of a link to a list names, from 0.
fn item_of(url: &Url) -> Option<usize> {
    url.fragment()?.strip_prefix("item=")?.parse().ok()
}

/// What is known of a file.
#[derive(Deserialize)]
struct File {
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::number")]
    size: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    mime_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    description: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    hash_sha256: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    date_upload: Option<String>,
    /// Why a download is refused; empty where it is not.
    #[serde(default, deserialize_with = "lenient::text")]
    availability: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl File {
    /// The file, which stands at `path` of the answer, and its thumbnail.
    fn variants(self, path: &str, is_known: bool) -> Result<Variants> {
        let id = self.id.filter(|id| id.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-".contains(&it)));
        let id = id.ok_or_else(|| Error::site_changed(NAME, format!("{path}.id"), "missing"))?;
        if let Some(error) =
            self.availability.and_then(|word| refusal(&word, &format!("pixeldrain file {id}")))
        {
            return Err(error);
        }
        let source: Url = format!("{SITE}u/{id}").parse()?;
        let link: Url = format!("{SITE}api/file/{id}").parse()?;
        let mut content = made(&id, link, &source, self.name.as_deref(), self.mime_type.as_deref(), is_known);
        content.size = self.size;
        content.checksums = sha256(self.hash_sha256);
        content.description = self.description;
        content.uploaded_date = self.date_upload.and_then(|date| date.parse().ok());
        content.metadata = lenient::telling(&self.rest, &["views", "downloads"]);
        let mut contents = vec![content];
        if matches!(contents[0].kind, Kind::Image | Kind::Video) {
            let link = format!("{SITE}api/file/{id}/thumbnail").parse()?;
            let uid = format!("{id}-thumbnail");
            let mut small = made(&uid, link, &source, None, Some("image/png"), is_known);
            small.role = Role::Thumbnail;
            small.title.clone_from(&contents[0].title);
            contents.push(small);
        }
        Variants::ranked(contents)
    }
}

/// A list of files.
#[derive(Deserialize)]
struct List {
    #[serde(default, deserialize_with = "lenient::text")]
    title: Option<String>,
    files: Vec<Value>,
}

impl List {
    /// The files, or the one that the link names. One that is refused does not keep the others back.
    fn found(self, what: &str, item: Option<usize>, is_known: bool) -> Result<Extraction> {
        let collection = Collection::new(self.title.unwrap_or_default()).with_count(self.files.len() as u64);
        let read = move |(at, file): (usize, Value)| {
            let path = format!("$.files[{at}]");
            let file = File::deserialize(file)
                .map_err(|_| Error::site_changed(NAME, path.as_str(), "not a file"))?;
            let place = collection.clone().with_index(at as u64 + 1);
            Ok(Found::from(file.variants(&path, is_known)?.with_collection(place)))
        };
        let mut files = self.files.into_iter().enumerate();
        match item {
            Some(item) => {
                let file = files.nth(item);
                let file = file.ok_or_else(|| Error::not_found(format!("item {item} of {what}")))?;
                Ok(Extraction::once(read(file)?))
            }
            None => Ok(Extraction::from_stream(stream::iter(files.map(read)))),
        }
    }
}

/// What is known of a path of a file system.
#[derive(Deserialize)]
struct Stat {
    /// From the root to what was asked for, and on to nothing.
    path: Vec<Node>,
    base_index: usize,
    #[serde(default)]
    children: Option<Vec<Node>>,
}

/// A file or a folder.
#[derive(Clone, Deserialize)]
struct Node {
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    kind: Option<String>,
    /// From the root, such as `/8xz8hcYJ/frog.mp4`.
    path: String,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    created: Option<String>,
    #[serde(default, deserialize_with = "lenient::number")]
    file_size: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    file_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    sha256_sum: Option<String>,
}

impl Stat {
    /// The file, or what is in the folder: its folders are extracted in turn.
    fn found(self, info: &ExtractorInfo, is_known: bool) -> Result<Extraction> {
        let at = self.base_index;
        let missing = |reason| Error::site_changed(NAME, format!("$.path[{at}]"), reason);
        let node = self.path.get(at).ok_or_else(|| missing("missing"))?;
        match node.kind.as_deref() {
            Some("file") => return Ok(Extraction::once(node.variants(is_known)?)),
            Some("dir") => (),
            _ => return Err(missing("neither a file nor a folder")),
        }
        let children = self.children.ok_or_else(|| Error::site_changed(NAME, "$.children", "missing"))?;
        let children = children.into_iter().filter(|it| it.name.as_deref() != Some(INDEX));
        let collection = Collection::new(node.name.clone().unwrap_or_default());
        let (mut found, mut index) = (Vec::new(), 0);
        for child in children {
            if child.kind.as_deref() == Some("dir") {
                found.push(child.link(&["d"]).map(|url| Handoff::new(url).to(NAME).into()));
                continue;
            }
            index += 1;
            let place = collection.clone().with_index(index);
            found.push(child.variants(is_known).map(|it| it.with_collection(place).into()));
        }
        if found.is_empty() {
            found.push(Ok(info.warning("the folder is empty").into()));
        }
        Ok(Extraction::from_stream(stream::iter(found)))
    }
}

impl Node {
    fn variants(&self, is_known: bool) -> Result<Variants> {
        let (link, source) = (self.link(&["api", "filesystem"])?, self.link(&["d"])?);
        let uid = self.path.trim_matches('/');
        if uid.is_empty() {
            return Err(Error::site_changed(NAME, "$.path", "the path of a file is empty"));
        }
        let (name, kind) = (self.name.as_deref(), self.file_type.as_deref());
        let mut content = made(uid, link, &source, name, kind, is_known);
        content.size = self.file_size;
        content.checksums = sha256(self.sha256_sum.clone());
        content.uploaded_date = self.created.as_deref().and_then(|date| date.parse::<Timestamp>().ok());
        Variants::ranked([content])
    }

    /// Its URL beneath `root`.
    fn link(&self, root: &[&str]) -> Result<Url> {
        let path = self.path.split('/').filter(|it| !it.is_empty());
        link::joined(SITE, root.iter().copied().chain(path))
    }
}

/// A content of the file at `url`.
fn made(
    uid: &str,
    url: Url,
    source: &Url,
    name: Option<&str>,
    mime_type: Option<&str>,
    is_known: bool,
) -> Content {
    let mime_type = mime_type.and_then(|it| it.split(';').next()).map(|it| it.trim().to_ascii_lowercase());
    let (title, extension) = match name.and_then(split) {
        Some((stem, extension)) => (Some(stem), Some(extension.to_ascii_lowercase())),
        None => (name, None),
    };
    let known = mime_type.as_deref().and_then(media_type::by_name);
    let known = known.or_else(|| extension.as_deref().and_then(media_type::by_extension));
    let kind =
        known.map_or_else(|| media_type::kind_of(mime_type.as_deref().unwrap_or_default()), |it| it.kind);
    let mut fragment = Fragment::new(url);
    if is_known {
        fragment = fragment.with_auth(NAME);
    }
    let mut content = Content::new(uid, kind, source.clone(), [fragment]).with_media_type(known);
    content.extension = extension.or(content.extension);
    content.content_type = mime_type.filter(|it| it.contains('/')).or(content.content_type);
    content.title = title.map(str::to_owned);
    content
}

/// A name in its two parts. Digits alone are an extension too: archives are shared in parts.
fn split(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once('.').filter(|(stem, extension)| {
        let is_plain = extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
        !stem.is_empty() && (1..=8).contains(&extension.len()) && is_plain
    })
}

/// The checksum, where it is one.
fn sha256(hex: Option<String>) -> Vec<Checksum> {
    hex.and_then(|hex| format!("sha256:{hex}").parse().ok()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_stem_and_an_extension() {
        let check = |name: &str, title: &str, extension: Option<&str>| {
            let (url, source) = (SITE.parse().unwrap(), SITE.parse().unwrap());
            let content = made("a", url, &source, Some(name), Some("application/zip"), false);
            assert_eq!((content.title.as_deref(), content.extension.as_deref()), (Some(title), extension));
        };
        check("frog.ZIP", "frog", Some("zip"));
        check("frog.zip.001", "frog.zip", Some("001"));
        check("frog", "frog", Some("zip"));
        check(".zip", ".zip", Some("zip"));
    }
}
