//! One attachment of a post, and the contents it is made into.

use qetch_core::{Content, Kind, Role, Url, lenient, link, media_type};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::post::object;

/// An attachment (<https://docs.joinmastodon.org/entities/MediaAttachment/>).
#[derive(Deserialize)]
pub(super) struct Attachment {
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    kind: Option<String>,
    /// The file of the instance: its own, or its copy of one that is elsewhere. `null` while there is none yet.
    #[serde(default, deserialize_with = "told")]
    url: Option<Value>,
    #[serde(default, deserialize_with = "lenient::text")]
    preview_url: Option<String>,
    /// Where the file came from, for a post of another instance.
    #[serde(default, deserialize_with = "lenient::text")]
    remote_url: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    description: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    blurhash: Option<String>,
    #[serde(default, deserialize_with = "object")]
    meta: Option<Meta>,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default, deserialize_with = "object")]
    original: Option<Measures>,
    #[serde(default, deserialize_with = "object")]
    small: Option<Measures>,
    #[serde(default, deserialize_with = "object")]
    focus: Option<Map<String, Value>>,
    /// What some say of the original stands beside it.
    #[serde(flatten)]
    beside: Measures,
}

#[derive(Default, Deserialize)]
struct Measures {
    #[serde(default, deserialize_with = "lenient::positive")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    height: Option<u32>,
    /// A fraction, such as `60/1`.
    #[serde(default, deserialize_with = "lenient::text")]
    frame_rate: Option<String>,
    #[serde(default, deserialize_with = "lenient::positive")]
    duration: Option<f64>,
    /// Bits per second.
    #[serde(default, deserialize_with = "lenient::positive")]
    bitrate: Option<u64>,
}

/// What the uid of a file at its home ends with.
const REMOTE: &str = "remote";

/// Why an attachment is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// A field, with the dot before it, is not as it must be, and how.
    Field(&'static str, &'static str),
    /// It has no file yet: the instance still works at it.
    NotReady,
}

impl Missing {
    /// What is said of the attachment at `path`, which is left out.
    pub(super) fn shown(self, path: &str) -> String {
        match self {
            Self::Field(field, problem) => format!("an attachment is left out: {problem} at {path}{field}"),
            Self::NotReady => format!("an attachment is left out: it has no file yet at {path}.url"),
        }
    }
}

impl Attachment {
    /// The contents of it: the original at its home where it is of another instance, the file of this one (of the other's a
    /// copy, which is at most as good), and the preview. The facts are told once, for both files: where nothing else tells
    /// them apart the original is the better.
    ///
    /// Their uids are made of the instance's name, its id of the attachment, which belongs to one post alone, and of
    /// which of the three it is. Another instance has ids of its own for the same post.
    pub(super) fn contents(&self, host: &str, source: &Url) -> Result<Vec<Content>, Missing> {
        let id = self.id.as_deref().ok_or(Missing::Field(".id", "missing"))?;
        let remote = self.remote_url.as_deref().and_then(link::whole);
        let own = self.url.as_ref().and_then(Value::as_str).and_then(link::whole);
        // Pleroma names a file of its own twice.
        let remote = remote.filter(|remote| own.as_ref() != Some(remote));
        let named = [(REMOTE, remote), ("original", own)];
        let files = named.into_iter().filter_map(|(name, url)| Some((name, url?)));
        let mut contents: Vec<_> = files.map(|(name, url)| self.file(host, id, name, url, source)).collect();
        if contents.is_empty() {
            return Err(match &self.url {
                None => Missing::Field(".url", "missing"),
                Some(Value::Null) if self.remote_url.is_none() => Missing::NotReady,
                Some(_) => Missing::Field(".url", "no link"),
            });
        }
        let preview = self.preview_url.as_deref().and_then(link::whole);
        // Some have no smaller picture and name the file again.
        let is_other = |preview: &Url| contents.iter().all(|content| content.fragments[0].url != *preview);
        if let Some(url) = preview.filter(is_other) {
            contents.push(self.preview(host, id, url, source));
        }
        Ok(contents)
    }

    /// The attachment itself, at `url`.
    fn file(&self, host: &str, id: &str, name: &str, url: Url, source: &Url) -> Content {
        let by_extension = media_type::of_link(&url).map(|known| known.kind);
        let kind = match self.kind.as_deref() {
            Some("image") => Kind::Image,
            // An instance makes a video of it, and what it made that from is what its name tells.
            Some("gifv") if name == REMOTE => by_extension.unwrap_or(Kind::Video),
            Some("video" | "gifv") => Kind::Video,
            Some("audio") => Kind::Audio,
            // What the instance does not know, its name may still tell.
            _ => by_extension.unwrap_or(Kind::Other),
        };
        let mut content = self.content(format!("{host}-{id}-{name}"), id, kind, url, source);
        let nothing = Meta::default();
        let meta = self.meta.as_ref().unwrap_or(&nothing);
        let original = meta.original.as_ref().unwrap_or(&meta.beside);
        if kind != Kind::Audio {
            (content.width, content.height) = original.pixels().or_else(|| meta.beside.pixels()).unzip();
        }
        // An image that has a duration would pass for one that moves.
        if matches!(kind, Kind::Video | Kind::Audio) || self.kind.as_deref() == Some("gifv") {
            content.duration = original.duration.or(meta.beside.duration);
        }
        if matches!(kind, Kind::Video | Kind::Audio) {
            content.bitrate = original.bitrate;
        }
        if kind == Kind::Video {
            content.fps = original.frame_rate.as_deref().and_then(fraction);
        }
        content
    }

    /// The small picture that stands for it.
    fn preview(&self, host: &str, id: &str, url: Url, source: &Url) -> Content {
        let kind = media_type::of_link(&url).map_or(Kind::Image, |known| known.kind);
        let mut content = self.content(format!("{host}-{id}-small"), id, kind, url, source);
        content.role = Role::Thumbnail;
        let small = self.meta.as_ref().and_then(|meta| meta.small.as_ref());
        if kind != Kind::Audio {
            (content.width, content.height) = small.and_then(Measures::pixels).unzip();
        }
        content
    }

    fn content(&self, uid: String, id: &str, kind: Kind, url: Url, source: &Url) -> Content {
        let extension = media_type::of_link(&url).map(|known| known.extension.to_owned());
        let mut content = Content::of_file(uid, kind, source, url);
        // A sound in a container of videos is of no type that its name tells, and yet called so.
        content.extension = extension;
        content.description.clone_from(&self.description);
        let own = [
            ("attachment_id", Some(id)),
            ("type", self.kind.as_deref()),
            ("blurhash", self.blurhash.as_deref()),
        ];
        content
            .metadata
            .extend(own.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
        if let Some(focus) = self.meta.as_ref().and_then(|meta| meta.focus.as_ref()) {
            content.metadata.insert("focus".to_owned(), focus.clone().into());
        }
        content
    }
}

impl Measures {
    /// Width and height, where both are known.
    fn pixels(&self) -> Option<(u32, u32)> {
        self.width.zip(self.height)
    }
}

/// What a field holds, whatever that is: `null` is told apart from nothing at all.
fn told<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// The value of a fraction such as `60/1`, or of a number.
fn fraction(text: &str) -> Option<f64> {
    let value = match text.split_once('/') {
        Some((over, under)) => over.trim().parse::<f64>().ok()? / under.trim().parse::<f64>().ok()?,
        None => text.trim().parse().ok()?,
    };
    Some(value).filter(|value| value.is_finite() && *value > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_rates_are_fractions_or_numbers() {
        for (text, expected) in
            [("60/1", Some(60.0)), ("25", Some(25.0)), ("100/4", Some(25.0)), ("0/0", None), ("1/0", None)]
        {
            assert_eq!(fraction(text), expected, "{text}");
        }
        assert!(fraction("NaN").is_none() && fraction("/").is_none() && fraction("-5/1").is_none());
    }
}
