//! The renditions of an item: a table of those that are known, and the reading of those that an answer lists.

use std::borrow::Cow;

use qetch_core::{Kind, Role, Url, lenient, link, media_type};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What is known of a rendition, whichever item it is of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) kind: Kind,
    pub(super) role: Role,
    pub(super) content_type: &'static str,
    /// Where it is certain.
    pub(super) codecs: Option<&'static str>,
    /// What holds its size in the item itself.
    pub(super) size_key: Option<&'static str>,
    /// Whether it has the item's width, height and frame rate.
    pub(super) is_whole: bool,
}

/// A rendition that is known.
struct Rendition {
    /// What its uid ends with, the same in every year.
    name: &'static str,
    /// What holds its URL in the item itself.
    key: &'static str,
    /// What holds it in `content_urls`, which answers have since about 2018.
    listed_as: &'static str,
    /// What its file's name has behind the id. Of those of one file the first is the one.
    suffix: &'static str,
    form: Form,
}

const fn known(names: [&'static str; 4], form: Form) -> Rendition {
    let [name, key, listed_as, suffix] = names;
    Rendition { name, key, listed_as, suffix, form }
}

/// Every rendition that is known, those of one kind and role best first: where the facts of two are the same, or not
/// known, the one that stands first here is the better.
///
/// What the site calls a thumbnail is one, and so are the smallest pictures, which keeps them from being the worst
/// video. The mobile and mini clips are small and yet whole, so they are renditions like the mp4, and the picture of
/// the mobile one is a poster. What is not marked as whole was smaller than the item wherever an answer told its size.
const TABLE: [Rendition; 18] = [
    known(["mp4", "mp4Url", "mp4", ".mp4"], MP4.whole().sized("mp4Size")),
    known(["webm", "webmUrl", "webm", ".webm"], WEBM.whole().sized("webmSize")),
    known(["mobile", "mobileUrl", "mobile", "-mobile.mp4"], MP4),
    known(["mini", "miniUrl", "mini", "-mini.mp4"], MP4),
    known(["mjpg", "mjpgUrl", "mjpg", ".mjpg"], MJPG),
    known(["gif", "gifUrl", "gif", ".gif"], GIF.whole().sized("gifSize")),
    known(["max5mb-gif", "max5mbGif", "max5mbGif", "-size_restricted.gif"], GIF),
    known(["large-gif", "largeGif", "largeGif", "-max-14mb.gif"], GIF),
    known(["max2mb-gif", "max2mbGif", "max2mbGif", "-small.gif"], GIF),
    known(["max1mb-gif", "max1mbGif", "max1mbGif", "-max-1mb.gif"], GIF),
    known(["webp", "webpUrl", "webp", ".webp"], WEBP),
    known(["poster", "posterUrl", "poster", "-poster.jpg"], JPG.whole().with_role(Role::Poster)),
    known(["mobile-poster", "mobilePosterUrl", "mobilePoster", "-mobile.jpg"], JPG.with_role(Role::Poster)),
    known(["thumb360", "thumb360Url", "thumb360", "-360.mp4"], MP4.with_role(Role::Thumbnail)),
    known(["100px-gif", "gif100px", "100pxGif", "-100px.gif"], GIF.with_role(Role::Thumbnail)),
    known(
        ["thumb360-poster", "thumb360PosterUrl", "thumb360Poster", "-thumb360.jpg"],
        JPG.with_role(Role::Thumbnail),
    ),
    known(["mini-poster", "miniPosterUrl", "miniPoster", "-mini.jpg"], JPG.with_role(Role::Thumbnail)),
    known(
        ["thumb100-poster", "thumb100PosterUrl", "thumb100Poster", "-thumb100.jpg"],
        JPG.with_role(Role::Thumbnail),
    ),
];

const MP4: Form = Form { codecs: Some("avc1"), ..Form::new(Kind::Video, "video/mp4") };
/// VP8 in the first years and VP9 in the last: the answer does not tell.
const WEBM: Form = Form::new(Kind::Video, "video/webm");
const MJPG: Form = Form { codecs: Some("mjpeg"), ..Form::new(Kind::Video, "video/x-motion-jpeg") };
const GIF: Form = Form::new(Kind::Image, "image/gif");
const WEBP: Form = Form::new(Kind::Image, "image/webp");
const JPG: Form = Form::new(Kind::Image, "image/jpeg");

impl Form {
    const fn new(kind: Kind, content_type: &'static str) -> Self {
        Self { kind, role: Role::Main, content_type, codecs: None, size_key: None, is_whole: false }
    }

    const fn whole(self) -> Self {
        Self { is_whole: true, ..self }
    }

    const fn sized(self, key: &'static str) -> Self {
        Self { size_key: Some(key), ..self }
    }

    const fn with_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// Whether it is more than one picture.
    pub(super) fn moves(&self) -> bool {
        let may_be_animated = matches!(self.content_type, "image/gif" | "image/webp");
        self.kind == Kind::Video || (may_be_animated && self.role != Role::Poster)
    }

    /// What a rendition is that is not known, by its name and the extension of its URL; `None` where those do not tell.
    fn guess(name: &str, url: &Url) -> Option<Self> {
        let known = media_type::of_link(url)?;
        let form = Self::new(known.kind, known.name);
        let name = name.to_ascii_lowercase();
        let is_still = form.kind == Kind::Image && !form.moves();
        Some(match () {
            () if name.contains("thumb") => form.with_role(Role::Thumbnail),
            () if name.contains("poster") || is_still => form.with_role(Role::Poster),
            () => form,
        })
    }
}

/// A rendition that an answer lists.
#[derive(Debug)]
pub(super) struct File {
    /// What its uid ends with.
    pub(super) name: Cow<'static, str>,
    pub(super) form: Form,
    pub(super) url: Url,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) size: Option<u64>,
    /// Whether `content_urls` lists it.
    in_content_urls: bool,
}

/// The renditions that an item lists, in the table's order, and the names of those that it lists in a way that leads
/// nowhere. What is spoilt in one does not spoil the others.
pub(super) fn files(item: &Map<String, Value>) -> (Vec<File>, Vec<String>) {
    let nothing = Map::new();
    let content_urls = item.get("content_urls").and_then(Value::as_object).unwrap_or(&nothing);
    let (mut files, mut unusable) = (Vec::new(), Vec::new());
    for rendition in &TABLE {
        // Of the two places `content_urls` is the one that was right in the end.
        let listed = Listed::read(content_urls.get(rendition.listed_as));
        let beside = Listed::read(item.get(rendition.key));
        match (listed, beside) {
            (Listed::At(entry), _) => {
                files.push(entry.file(rendition.name.into(), rendition.form, true));
            }
            (_, Listed::At(entry)) => files.push(entry.file(rendition.name.into(), rendition.form, false)),
            (Listed::Nothing, Listed::Nothing) => (),
            _ => unusable.push(rendition.name.to_owned()),
        }
    }
    for (name, value) in content_urls {
        if TABLE.iter().any(|rendition| rendition.listed_as == name) {
            continue;
        }
        let uid_name = uid_name(name);
        let is_free = !uid_name.is_empty() && files.iter().all(|file| file.name != uid_name);
        match Listed::read(Some(value)) {
            Listed::At(entry) if is_free => match Form::guess(name, &entry.url) {
                Some(form) => files.push(entry.file(uid_name.into(), form, true)),
                None => unusable.push(uid_name),
            },
            Listed::Nothing => (),
            _ => unusable.push(uid_name),
        }
    }
    (each_once(files), unusable)
}

/// `files` without those that are another one by a second name, as the small renditions were in later years. Such a
/// file goes by the name that `content_urls` has for it, and of two of those by the first.
fn each_once(files: Vec<File>) -> Vec<File> {
    let mut once: Vec<File> = Vec::new();
    for file in files {
        match once.iter_mut().find(|it| it.url == file.url) {
            None => once.push(file),
            Some(kept) if file.in_content_urls && !kept.in_content_urls => *kept = file,
            Some(_) => (),
        }
    }
    once
}

impl File {
    /// Where it stands among those that are known, the best first; behind them where it is none of them.
    pub(super) fn place(&self) -> usize {
        TABLE.iter().position(|rendition| rendition.name == self.name).unwrap_or(TABLE.len())
    }

    /// The rendition that a file at `url` is by its name, which is that of the item `id`, in any case, and a suffix; `None`
    /// where it is the name of another item, or tells nothing.
    pub(super) fn by_name(id: &str, url: &Url) -> Option<Self> {
        let file_name = url.path().rsplit('/').next()?;
        let (start, suffix) = file_name.split_at_checked(id.len())?;
        if !start.eq_ignore_ascii_case(id) || !suffix.starts_with(['-', '.']) {
            return None;
        }
        let known = TABLE.iter().find(|rendition| rendition.suffix.eq_ignore_ascii_case(suffix));
        let (name, form) = match known {
            Some(rendition) => (rendition.name.into(), rendition.form),
            None => (uid_name(&suffix.replace(['.', '_'], "-")[1..]).into(), Form::guess(suffix, url)?),
        };
        let (width, height, size) = (None, None, None);
        Some(Self { name, form, url: url.clone(), width, height, size, in_content_urls: false })
    }
}

/// The name of a rendition that is not known as a part of its uid.
fn uid_name(name: &str) -> String {
    let plain = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-');
    plain.take(32).collect::<String>().to_ascii_lowercase()
}

/// What an answer has under the name of a rendition.
enum Listed {
    Nothing,
    Unusable,
    At(At),
}

/// Where a file is, and what is told of it beside.
struct At {
    url: Url,
    facts: Entry,
}

/// An entry of `content_urls`.
#[derive(Default, Deserialize)]
struct Entry {
    #[serde(default, deserialize_with = "lenient::text")]
    url: Option<String>,
    #[serde(default, deserialize_with = "lenient::positive")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    height: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    size: Option<u64>,
}

impl Listed {
    /// Reads a URL, or an object that holds one.
    fn read(value: Option<&Value>) -> Self {
        let facts = match value {
            None | Some(Value::Null) => return Self::Nothing,
            Some(Value::String(text)) if text.trim().is_empty() => return Self::Nothing,
            Some(Value::String(text)) => Entry { url: Some(text.clone()), ..Entry::default() },
            Some(value @ Value::Object(_)) => Entry::deserialize(value).unwrap_or_default(),
            Some(_) => return Self::Unusable,
        };
        match facts.url.as_deref().and_then(link::whole) {
            Some(url) => Self::At(At { url, facts }),
            None => Self::Unusable,
        }
    }
}

impl At {
    fn file(self, name: Cow<'static, str>, form: Form, in_content_urls: bool) -> File {
        let Entry { width, height, size, .. } = self.facts;
        File { name, form, url: self.url, width, height, size, in_content_urls }
    }
}
