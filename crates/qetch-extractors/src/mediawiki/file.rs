//! A file of a wiki: the original, what was made from it, and what goes with it.

use std::fmt::Display;

use qetch_core::{
    Checksum, Content, Error, Kind, Known, Result, Role, Timestamp, Url, Variants,
    lenient::{positive_of, text_of},
    link, media_type,
};
use serde_json::Value;

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
    info: &'a Value,
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
    pub(super) fn of(wiki: &'a Wiki, page: &'a Value, position: usize) -> Result<Option<Self>> {
        let path = format!("$.query.pages[{position}]");
        // A file of another repository is missing here, and is told of all the same.
        let info = match page.get("imageinfo") {
            None => return Ok(None),
            Some(told) => told.get(0).filter(|info| info.is_object()),
        };
        let path = format!("{path}.imageinfo[0]");
        let info = info.ok_or_else(|| Error::site_changed(NAME, path.as_str(), "no file"))?;
        let title = page["title"].as_str().unwrap_or_default();
        if info.get("filemissing").or(info.get("filehidden")).is_some() {
            return Err(Error::not_found(format!("the file behind {title}")));
        }
        let Some((_, name)) = title.split_once(':') else {
            return Err(Error::site_changed(NAME, format!("$.query.pages[{position}].title"), "no title"));
        };
        let name = name.replace(' ', "_");
        // The wiki that has it, whichever one was asked.
        let page = wiki.link(&info["descriptionurl"]);
        let home = page.as_ref().and_then(|page| Some((page.host_str()?, page.path().rsplit_once('/')?.0)));
        let id = match home {
            Some((host, folder)) => format!("{host}{folder}/{name}"),
            None => format!("{}/{name}", wiki.host()),
        };
        Ok(Some(Self { wiki, info, name, id, path }))
    }

    /// Where the page of it is.
    pub(super) fn page(&self) -> Option<Url> {
        self.wiki.link(&self.info["descriptionurl"])
    }

    /// The resource that it is, found behind `source`; `more` is what `videoinfo` tells.
    ///
    /// # Errors
    /// [`SiteChanged`](Error::SiteChanged) where there is no link to it.
    pub(super) fn variants(&self, more: &Value, source: &Url) -> Result<Variants> {
        let list = |name: &str| more[name].as_array().into_iter().flatten().filter(|it| it.is_object());
        let mut original = self.original(source)?;
        if let Some(own) = list("derivatives").find(|it| it.get("transcodekey").is_none()) {
            tell(&mut original, own);
        }
        let transcodes = list("derivatives").filter_map(|told| self.transcode(told, &original));
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
        let captions = self.captions(list("timedtext"), source);
        Ok(Variants::in_order(contents)?.with_companions(captions).with_known(&self.known()))
    }

    fn original(&self, source: &Url) -> Result<Content> {
        let Some(mut url) = self.wiki.link(&self.info["url"]) else {
            return Err(Error::site_changed(NAME, format!("{}.url", self.path), "no link"));
        };
        // What Fandom sends is made anew as WebP unless it is told not to, and even then nobody promises the bytes.
        let is_remade = url.host_str() == Some("static.wikia.nocookie.net");
        if is_remade {
            url.query_pairs_mut().append_pair("format", "original");
        }
        let mime = text_of(&self.info["mime"]).filter(|mime| mime.contains('/'));
        let kind = kind(self.info["mediatype"].as_str(), mime.as_deref());
        let mut content = Content::of_file(&self.id, kind, source, url);
        content.extension = link::split(&self.name).map(|(_, extension)| extension.to_ascii_lowercase());
        content.content_type = mime;
        (content.width, content.height) = pixels(self.info, "width", "height");
        content.duration = positive_of(&self.info["duration"]);
        let sha1 = text_of(&self.info["sha1"]).and_then(|hex| format!("sha1:{hex}").parse::<Checksum>().ok());
        content.checksums = sha1.into_iter().filter(|_| !is_remade).collect();
        // Both are of one version of the file: another size cannot have this checksum.
        let size = positive_of(&self.info["size"]);
        content.size = size.filter(|_| !content.checksums.is_empty());
        content.size_approx = size.filter(|_| content.size.is_none());
        Ok(content)
    }

    /// What holds for everything of it. What people wrote is HTML.
    fn known(&self) -> Known {
        let plain = |name: &str| common_prose::text(&text_of(&self.info["extmetadata"][name]["value"])?);
        let stem = || self.name.rsplit_once('.').map_or(&*self.name, |(stem, _)| stem).replace('_', " ");
        let mut known = Known::default();
        known.title = plain("ObjectName").or_else(|| Some(stem()));
        known.description = plain("ImageDescription");
        known.uploaded_by = text_of(&self.info["user"]);
        known.uploaded_date = text_of(&self.info["timestamp"]).and_then(|it| it.parse::<Timestamp>().ok());
        let categories = plain("Categories").unwrap_or_default();
        known.tags = categories.split('|').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        let kept = KEPT.iter().filter_map(|&name| Some((name.to_owned(), plain(name)?.into())));
        let page = self.page().map(|page| ("descriptionurl".to_owned(), page.as_str().into()));
        known.metadata = kept.chain(page).collect();
        known
    }

    /// Something that was made from it.
    fn made(&self, key: impl Display, kind: Kind, source: &Url, url: Url) -> Content {
        Content::of_file(format!("{}/{key}", self.id), kind, source, url)
    }

    /// A transcode that is a whole file. The playlist of those that are made for streaming has nothing that these have not.
    fn transcode(&self, told: &Value, original: &Content) -> Option<Content> {
        let key = text_of(&told["transcodekey"])?;
        let url = self.wiki.link(&told["src"])?;
        let mime = text_of(&told["type"]).unwrap_or_default();
        let kind = match media_type::kind_of(&mime) {
            kind @ (Kind::Audio | Kind::Video) => kind,
            _ if mime.contains("mpegurl") => return None,
            _ => original.kind,
        };
        let mut content = self.made(&key, kind, &original.source, url);
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
        let url = self.wiki.link(&self.info["thumburl"])?;
        // What is small enough stands for itself.
        let is_itself = url.path() == original.fragments[0].url.path();
        if is_itself || positive_of::<u64>(&self.info["pagecount"]).is_some_and(|pages| pages > 1) {
            return None;
        }
        let mut content = self.made("preview", Kind::Image, &original.source, url);
        content.role = role;
        content.content_type = text_of(&self.info["thumbmime"]).or(content.content_type);
        (content.width, content.height) = pixels(self.info, "thumbwidth", "thumbheight");
        Some(content)
    }

    /// The captions, one for each language: WebVTT, which has more to say than SubRip, where there are both.
    fn captions<'t>(&self, tracks: impl Iterator<Item = &'t Value>, source: &Url) -> Vec<Content> {
        let mut captions: Vec<Content> = Vec::new();
        for track in tracks {
            let language_and_url = text_of(&track["srclang"]).zip(self.wiki.link(&track["src"]));
            let Some((language, url)) = language_and_url else { continue };
            let is_vtt = track["type"].as_str().is_some_and(|it| it.contains("vtt"));
            let known = media_type::by_extension(if is_vtt { "vtt" } else { "srt" });
            let caption = self.made(format_args!("caption.{language}"), Kind::Text, source, url);
            let mut caption = caption.with_media_type(known);
            caption.role = Role::Caption;
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
fn tell(content: &mut Content, told: &Value) {
    let mime = text_of(&told["type"]).unwrap_or_default();
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
    content.bitrate = positive_of(&told["bandwidth"]).or(content.bitrate);
    content.fps = positive_of(&told["framerate"]).filter(|_| content.kind == Kind::Video).or(content.fps);
}

/// What a file is for a person, by the [kind](https://www.mediawiki.org/wiki/Manual:Image_table#img_media_type) that
/// MediaWiki gives it, or else by its type.
fn kind(mediatype: Option<&str>, mime: Option<&str>) -> Kind {
    match mediatype {
        Some("BITMAP" | "DRAWING") => Kind::Image,
        Some("VIDEO") => Kind::Video,
        Some("AUDIO") => Kind::Audio,
        Some("OFFICE" | "TEXT") => Kind::Text,
        Some("EXECUTABLE" | "ARCHIVE" | "3D") => Kind::Other,
        _ => mime.map_or(Kind::Other, media_type::kind_of),
    }
}

/// Width and height, where both are told and something.
fn pixels(told: &Value, width: &str, height: &str) -> (Option<u32>, Option<u32>) {
    positive_of(&told[width]).zip(positive_of(&told[height])).unzip()
}
