//! A file of a wiki: the original, what was made from it, and what goes with it.

use std::fmt::Display;

use qetch_core::{
    Checksum, Content, Error, Fragment, Kind, Result, Role, Timestamp, Url, Variants, lenient, media_type,
};
use serde_json::{Map, Value};

use super::{NAME, wiki::Wiki};
use crate::common_prose;

/// The width of previews: one of those that the wikis of Wikimedia have ready
/// (<https://www.mediawiki.org/wiki/Common_thumbnail_sizes>). Others are refused there with 429.
pub(super) const PREVIEW: &str = "960";

/// What is kept of who made a file and under which licence
/// (<https://www.mediawiki.org/wiki/Extension:CommonsMetadata#Returned_data>), as plain text.
pub(super) const KEPT: [&str; 12] = [
    "Artist",
    "Attribution",
    "AttributionRequired",
    "Copyrighted",
    "Credit",
    "DateTimeOriginal",
    "License",
    "LicenseShortName",
    "LicenseUrl",
    "Permission",
    "Restrictions",
    "UsageTerms",
];

/// What stands between what is told of a file and what it is made into.
#[derive(Debug)]
pub(super) struct File<'a> {
    wiki: &'a Wiki,
    info: &'a Map<String, Value>,
    /// Its name, with underscores for blanks as in links.
    name: String,
    /// Where it is, as its uid begins with: the wiki that has it, and the name.
    id: String,
    /// The path of what is told of it, for what is missing there.
    path: String,
}

impl<'a> File<'a> {
    /// The file that the page at this position tells of; `None` where it tells of none.
    ///
    /// # Errors
    /// [`SiteChanged`](Error::SiteChanged) where it has no title, and [`NotFound`](Error::NotFound) where the file is
    /// lost or hidden.
    pub(super) fn of(wiki: &'a Wiki, page: &'a Map<String, Value>, position: usize) -> Result<Option<Self>> {
        let path = format!("$.query.pages[{position}]");
        // A file of another repository is missing here, and is told of all the same.
        let info = match page.get("imageinfo") {
            None => return Ok(None),
            Some(told) => told.get(0).and_then(Value::as_object),
        };
        let path = format!("{path}.imageinfo[0]");
        let info = info.ok_or_else(|| Error::site_changed(NAME, path.as_str(), "no file"))?;
        let title = page.get("title").and_then(Value::as_str).unwrap_or_default();
        if info.contains_key("filemissing") || info.contains_key("filehidden") {
            return Err(Error::not_found(format!("the file behind {title}")));
        }
        let Some((_, name)) = title.split_once(':') else {
            return Err(Error::site_changed(NAME, format!("$.query.pages[{position}].title"), "no title"));
        };
        let name = name.replace(' ', "_");
        // The wiki that has it, whichever one was asked.
        let page = text(info, "descriptionurl").and_then(|link| wiki.link(&link));
        let home = page.as_ref().and_then(|page| Some((page.host_str()?, page.path().rsplit_once('/')?.0)));
        let id = match home {
            Some((host, folder)) => format!("{host}{folder}/{name}"),
            None => format!("{}/{name}", wiki.host()),
        };
        Ok(Some(Self { wiki, info, name, id, path }))
    }

    /// Where the page of it is.
    pub(super) fn page(&self) -> Option<Url> {
        self.wiki.link(&text(self.info, "descriptionurl")?)
    }

    /// The resource that it is, found behind `source`; `more` is what `videoinfo` tells.
    ///
    /// # Errors
    /// [`SiteChanged`](Error::SiteChanged) where there is no link to it.
    pub(super) fn variants(&self, more: Option<&Map<String, Value>>, source: &Url) -> Result<Variants> {
        let list = |name: &str| more.and_then(|more| more.get(name)?.as_array()).map(Vec::as_slice);
        let derivatives: Vec<_> =
            list("derivatives").unwrap_or_default().iter().filter_map(Value::as_object).collect();
        let mut original = self.original(source)?;
        if let Some(own) = derivatives.iter().find(|it| !it.contains_key("transcodekey")) {
            tell(&mut original, own);
        }
        let transcodes = derivatives.iter().filter_map(|told| self.transcode(told, &original));
        let mut others: Vec<Content> = Vec::new();
        for made in transcodes.chain(self.preview(&original)) {
            if others.iter().all(|other| other.uid != made.uid) {
                others.push(made);
            }
        }
        // Each encoding loses something, whatever its numbers say.
        let mut contents = vec![original];
        if !others.is_empty() {
            contents.extend(Variants::ranked(others)?.contents().iter().cloned());
        }
        let captions = self.captions(list("timedtext").unwrap_or_default(), &contents[0]);
        Ok(Variants::in_order(contents)?.with_companions(captions))
    }

    fn original(&self, source: &Url) -> Result<Content> {
        let url = text(self.info, "url").and_then(|link| self.wiki.link(&link));
        let Some(mut url) = url else {
            return Err(Error::site_changed(NAME, format!("{}.url", self.path), "no link"));
        };
        // What Fandom sends is made anew as WebP unless it is told not to, and even then nobody promises the bytes.
        let is_remade = url.host_str() == Some("static.wikia.nocookie.net");
        if is_remade {
            url.query_pairs_mut().append_pair("format", "original");
        }
        let mime = text(self.info, "mime").filter(|mime| mime.contains('/'));
        let kind = kind(text(self.info, "mediatype").as_deref(), mime.as_deref());
        let mut content = Content::new(&self.id, kind, source.clone(), [Fragment::new(url)]);
        content.extension = extension(&self.name);
        content.content_type = mime;
        (content.width, content.height) = pixels(self.info, "width", "height");
        content.duration = number::<f64>(self.info, "duration").filter(|it| *it > 0.0 && it.is_finite());
        let sha1 = text(self.info, "sha1").and_then(|hex| format!("sha1:{hex}").parse::<Checksum>().ok());
        content.checksums = sha1.into_iter().filter(|_| !is_remade).collect();
        // Both are of one version of the file: another size cannot have this checksum.
        let size = number(self.info, "size");
        content.size = size.filter(|_| !content.checksums.is_empty());
        content.size_approx = size.filter(|_| content.size.is_none());
        content.uploaded_by = text(self.info, "user");
        content.uploaded_date = text(self.info, "timestamp").and_then(|it| it.parse::<Timestamp>().ok());
        self.describe(&mut content);
        Ok(content)
    }

    /// What people wrote of it, which is HTML.
    fn describe(&self, content: &mut Content) {
        let told = self.info.get("extmetadata").and_then(Value::as_object);
        let plain = |name: &str| {
            let value = text(told?.get(name)?.as_object()?, "value")?;
            Some(common_prose::text(&value)).filter(|text| !text.is_empty())
        };
        let stem =
            || self.name.rsplit_once('.').map_or(self.name.as_str(), |(stem, _)| stem).replace('_', " ");
        content.title = Some(plain("ObjectName").unwrap_or_else(stem));
        content.description = plain("ImageDescription");
        let categories = plain("Categories").unwrap_or_default();
        content.tags = categories.split('|').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        let kept = KEPT.iter().filter_map(|&name| Some((name.to_owned(), plain(name)?.into())));
        content.metadata = kept.collect();
        let page = self.page().map(|page| ("descriptionurl".to_owned(), page.as_str().into()));
        content.metadata.extend(page);
    }

    /// Something that was made from it, which is described as it is.
    fn made(&self, key: impl Display, kind: Kind, url: Url, original: &Content) -> Content {
        let uid = format!("{}/{key}", self.id);
        let mut content = Content::new(uid, kind, original.source.clone(), [Fragment::new(url)]);
        content.title.clone_from(&original.title);
        content.description.clone_from(&original.description);
        content.uploaded_by.clone_from(&original.uploaded_by);
        content.uploaded_date = original.uploaded_date;
        content.tags.clone_from(&original.tags);
        content.metadata.clone_from(&original.metadata);
        content
    }

    /// A transcode that is a whole file. The playlist of those that are made for streaming has nothing that these have not.
    fn transcode(&self, told: &Map<String, Value>, original: &Content) -> Option<Content> {
        let key = text(told, "transcodekey")?;
        let url = self.wiki.link(&text(told, "src")?)?;
        let mime = text(told, "type").unwrap_or_default();
        let kind = match mime.split('/').next() {
            Some("audio") => Kind::Audio,
            Some("video") => Kind::Video,
            Some("application") if mime.contains("mpegurl") => return None,
            _ => original.kind,
        };
        let mut content = self.made(&key, kind, url, original);
        content.extension = content.fragments[0].url.path().rsplit('/').next().and_then(extension);
        content.duration = original.duration;
        tell(&mut content, told);
        Some(content)
    }

    /// The picture that stands for it. Pages of documents are no pictures of the whole, and an icon is none at all.
    fn preview(&self, original: &Content) -> Option<Content> {
        let role = match original.kind {
            Kind::Image => Role::Thumbnail,
            Kind::Video => Role::Poster,
            _ => return None,
        };
        let url = self.wiki.link(&text(self.info, "thumburl")?)?;
        // What is small enough stands for itself.
        let is_itself = url.path() == original.fragments[0].url.path();
        if is_itself || number::<u64>(self.info, "pagecount").is_some_and(|pages| pages > 1) {
            return None;
        }
        let mut content = self.made("preview", Kind::Image, url, original);
        content.role = role;
        content.extension = content.fragments[0].url.path().rsplit('/').next().and_then(extension);
        let by_extension =
            || media_type::by_extension(content.extension.as_deref()?).map(|it| it.name.to_owned());
        content.content_type = text(self.info, "thumbmime").or_else(by_extension);
        (content.width, content.height) = pixels(self.info, "thumbwidth", "thumbheight");
        Some(content)
    }

    /// The captions, one for each language: WebVTT, which has more to say than SubRip, where there are both.
    fn captions(&self, tracks: &[Value], original: &Content) -> Vec<Content> {
        let mut captions: Vec<Content> = Vec::new();
        for track in tracks.iter().filter_map(Value::as_object) {
            let url = text(track, "src").and_then(|link| self.wiki.link(&link));
            let (Some(language), Some(url)) = (text(track, "srclang"), url) else { continue };
            let is_vtt = text(track, "type").is_some_and(|it| it.contains("vtt"));
            let extension = if is_vtt { "vtt" } else { "srt" };
            let mut caption = self.made(format_args!("caption.{language}"), Kind::Text, url, original);
            caption.role = Role::Caption;
            caption.extension = Some(extension.to_owned());
            caption.content_type = media_type::by_extension(extension).map(|it| it.name.to_owned());
            caption.language = Some(language);
            match captions.iter_mut().find(|it| it.language == caption.language) {
                None => captions.push(caption),
                Some(known) if is_vtt => *known = caption,
                Some(_) => (),
            }
        }
        captions
    }
}

/// What a derivative is told to be: `{"type": "video/webm; codecs=\"vp9, opus\"", "bandwidth": …, "framerate": …}`
/// (<https://www.mediawiki.org/wiki/Extension:TimedMediaHandler>). Sounds are 0 pixels wide there.
fn tell(content: &mut Content, told: &Map<String, Value>) {
    let mime = text(told, "type").unwrap_or_default();
    let (name, parameters) = mime.split_once(';').unwrap_or((&mime, ""));
    if name.contains('/') {
        content.content_type = Some(name.trim().to_ascii_lowercase());
    }
    let codecs = parameters.split_once("codecs=").map(|(_, codecs)| codecs.trim_matches('"'));
    let codecs = codecs.map(|it| it.split(',').map(str::trim).collect::<Vec<_>>().join(","));
    content.codecs = codecs.filter(|it| !it.is_empty()).or(content.codecs.take());
    if let (Some(width), Some(height)) = pixels(told, "width", "height") {
        (content.width, content.height) = (Some(width), Some(height));
    }
    content.bitrate = number(told, "bandwidth").filter(|it| *it > 0).or(content.bitrate);
    let fps = number::<f64>(told, "framerate").filter(|it| *it > 0.0 && it.is_finite());
    content.fps = fps.filter(|_| content.kind == Kind::Video).or(content.fps);
}

/// What a file is for a person, by the [kind](https://www.mediawiki.org/wiki/Manual:Image_table#img_media_type) that
/// MediaWiki gives it, or else by its type.
fn kind(mediatype: Option<&str>, mime: Option<&str>) -> Kind {
    match mediatype {
        Some("BITMAP" | "DRAWING") => return Kind::Image,
        Some("VIDEO") => return Kind::Video,
        Some("AUDIO") => return Kind::Audio,
        Some("OFFICE" | "TEXT") => return Kind::Text,
        Some("EXECUTABLE" | "ARCHIVE" | "3D") => return Kind::Other,
        _ => (),
    }
    let Some(mime) = mime else { return Kind::Other };
    let by_prefix = || match mime.split('/').next() {
        Some("image") => Kind::Image,
        Some("video") => Kind::Video,
        Some("audio") => Kind::Audio,
        Some("text") => Kind::Text,
        _ => Kind::Other,
    };
    media_type::by_name(mime).map_or_else(by_prefix, |it| it.kind)
}

/// Width and height, where both are told and something.
fn pixels(told: &Map<String, Value>, width: &str, height: &str) -> (Option<u32>, Option<u32>) {
    let side = |name| number::<u32>(told, name).filter(|it| *it > 0);
    side(width).zip(side(height)).unzip()
}

fn extension(name: &str) -> Option<String> {
    let (_, extension) = name.rsplit_once('.')?;
    let is_plain =
        (1..=5).contains(&extension.len()) && extension.bytes().all(|it| it.is_ascii_alphanumeric());
    is_plain.then(|| extension.to_ascii_lowercase())
}

pub(super) fn text(told: &Map<String, Value>, name: &str) -> Option<String> {
    lenient::text(told.get(name)?).ok().flatten()
}

pub(super) fn number<N: std::str::FromStr>(told: &Map<String, Value>, name: &str) -> Option<N> {
    lenient::number(told.get(name)?).ok().flatten()
}

/// What `name` tells first of a page: the module that it is of gives a list of one.
pub(super) fn first<'a>(page: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    page.get(name)?.get(0)?.as_object()
}
