//! `Content`: one downloadable rendition, as plain data that can be saved and read on another machine.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    Checksum, Floor, Fragment, Quality, Timestamp,
    media_type::{self, MediaType},
    shown::shown,
};

/// One downloadable rendition of a resource: what it is, and the requests that bring it.
///
/// It is data alone: no credential, no handle to code. [`extractor`](Content::extractor) is a name, through which a
/// registry finds the code again, and [`Fragment::auth`] names a credential without holding it. Fields that are not
/// known are `None` or empty, and are left out when it is written; unknown fields are ignored when it is read.
///
/// ```
/// use qetch_core::{Content, Fragment, Kind, Url};
///
/// let page = Url::parse("https://pond.example/p/7").unwrap();
/// let file = Url::parse("https://cdn.pond.example/7.mp4").unwrap();
/// let mut content = Content::new("pond-7-mp4", Kind::Video, page, [Fragment::new(file)]);
/// content.title = Some("A frog".into());
///
/// let saved = serde_json::to_string(&content).unwrap();
/// assert_eq!(serde_json::from_str::<Content>(&saved).unwrap(), content);
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Content {
    /// Made of the site's own ids, unique even between the qualities of one resource, and the same in every
    /// extraction: never from a signed URL or a position.
    pub uid: String,
    /// The page or link this was found behind: extracting it again finds the same uid.
    pub source: Url,
    /// The name of the extractor that found it; the registry sets it.
    #[serde(default)]
    pub extractor: String,
    /// What it is for a person.
    pub kind: Kind,
    /// What it is for the resource it belongs to.
    #[serde(default)]
    pub role: Role,
    /// Where it stands among the renditions of its resource; set by [`Variants`](crate::Variants).
    #[serde(default)]
    pub quality: Quality,
    /// How the fragments are to be read.
    #[serde(default)]
    pub delivery: Delivery,
    /// The requests whose bodies make the file, in order.
    pub fragments: Vec<Fragment>,
    /// The file name's extension, lower case, without a dot. Where it is missing, the name takes it from
    /// [`content_type`](Content::content_type), as where it is none for what this is said to be
    /// ([`may_have`](crate::media_type::may_have)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// The media type, such as `video/mp4`, without parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The codecs in the notation of RFC 6381, such as `avc1.64001f,mp4a.40.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codecs: Option<String>,
    /// Width in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Mean bits per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<u64>,
    /// Frames per second. An image that has it is an animated one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fps: Option<f64>,
    /// Seconds. An image that has it is an animated one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    /// The language as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The group of companions that has its sound: it is a video that is silent without one of them. `None` where it has
    /// sound of its own, or where there is none to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<String>,
    /// The group it stands in as a companion: videos name the one that has their sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Bytes of the whole file, only when the site guarantees them: a file of another size is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Bytes of the whole file as the site tells them without a guarantee: shown, never checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_approx: Option<u64>,
    /// Checksums of the whole file that the site promises.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checksums: Vec<Checksum>,
    /// When the links in it stop working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The resource's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The resource's description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who uploaded it, as the site shows the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploaded_by: Option<String>,
    /// When it was uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploaded_date: Option<Timestamp>,
    /// The resource's tags, as the site writes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What else the site tells, under the site's own names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// How it came to be, which tells where its links may lead.
    #[serde(skip, default = "Provenance::saved")]
    pub(crate) provenance: Provenance,
}

/// How a content came to be. Two that differ in this alone are equal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Provenance {
    /// Made by a program, which says where it was found.
    Made,
    /// Read from what was saved: a stranger's word.
    Saved,
    /// Found behind a URL of this floor.
    Behind(Floor),
}

impl Provenance {
    fn saved() -> Self {
        Self::Saved
    }

    /// The floor of its links; `None` where its source tells.
    pub(crate) fn floor(self) -> Option<Floor> {
        match self {
            Self::Made => None,
            Self::Saved => Some(Floor::PUBLIC),
            Self::Behind(floor) => Some(floor),
        }
    }
}

impl PartialEq for Provenance {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Content {
    /// A main rendition with nothing known but what is given.
    pub fn new(
        uid: impl Into<String>,
        kind: Kind,
        source: Url,
        fragments: impl IntoIterator<Item = Fragment>,
    ) -> Self {
        Self {
            uid: uid.into(),
            source,
            extractor: String::new(),
            kind,
            role: Role::default(),
            quality: Quality::default(),
            delivery: Delivery::default(),
            fragments: fragments.into_iter().collect(),
            extension: None,
            content_type: None,
            codecs: None,
            width: None,
            height: None,
            bitrate: None,
            fps: None,
            duration: None,
            language: None,
            sound: None,
            group: None,
            size: None,
            size_approx: None,
            checksums: Vec::new(),
            expires: None,
            title: None,
            description: None,
            uploaded_by: None,
            uploaded_date: None,
            tags: Vec::new(),
            metadata: Map::new(),
            provenance: Provenance::Made,
        }
    }

    /// A content of one file, whose content type and extension are those that its link tells where they are of this kind.
    ///
    /// ```
    /// use qetch_core::{Content, Kind, Url};
    ///
    /// let page: Url = "https://pond.example/p/7".parse().unwrap();
    /// let frog = Content::of_file("pond-7", Kind::Video, &page, "https://cdn.example/7.webm".parse().unwrap());
    /// assert_eq!(frog.content_type.as_deref(), Some("video/webm"));
    /// ```
    pub fn of_file(uid: impl Into<String>, kind: Kind, source: &Url, file: Url) -> Self {
        let known = media_type::of_link(&file).filter(|known| known.kind == kind);
        Self::new(uid, kind, source.clone(), [Fragment::new(file)]).with_media_type(known)
    }

    /// Sets the content type and the extension, where they are known. The kind stays.
    #[must_use]
    pub fn with_media_type(mut self, known: impl Into<Option<MediaType>>) -> Self {
        if let Some(known) = known.into() {
            self.content_type = Some(known.name.to_owned());
            self.extension = Some(known.extension.to_owned());
        }
        self
    }

    /// The mean bits per second that its size, promised or not, comes to in its duration: for sites that tell none.
    ///
    /// ```
    /// # let page: qetch_core::Url = "https://pond.example/p/7".parse().unwrap();
    /// let mut frog = qetch_core::Content::new("pond-7", qetch_core::Kind::Video, page, []);
    /// (frog.size_approx, frog.duration) = (Some(1000), Some(4.0));
    /// assert_eq!(frog.counted_bitrate(), Some(2000));
    /// ```
    pub fn counted_bitrate(&self) -> Option<u64> {
        let bits = self.size.or(self.size_approx)? as f64 * 8.0 / self.duration?;
        (bits.is_finite() && bits > 0.0).then(|| bits.round() as u64)
    }

    /// Whether it is an image that moves: a GIF, or an image that has frames per second or a duration.
    pub fn is_animated_image(&self) -> bool {
        self.kind == Kind::Image
            && (self.fps.is_some()
                || self.duration.is_some()
                || matches!(self.content_type.as_deref(), Some("image/gif" | "image/apng")))
    }
}

/// Shows what identifies the content and how many fragments it has: links may be signed.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("uid", &self.uid)
            .field("extractor", &self.extractor)
            .field("source", &shown(&self.source))
            .field("kind", &self.kind)
            .field("role", &self.role)
            .field("quality", &self.quality)
            .field("delivery", &self.delivery)
            .field("fragments", &self.fragments)
            .finish_non_exhaustive()
    }
}

/// What a content is for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Moving pictures, with sound or without.
    Video,
    /// Sound.
    Audio,
    /// A still or animated image.
    Image,
    /// Captions, transcripts, documents.
    Text,
    /// Anything else: archives, programs, what cannot be told.
    Other,
}

/// What a content is for the resource it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// The resource itself.
    #[default]
    Main,
    /// A picture that stands for it at full size.
    Poster,
    /// A small picture or clip that stands for it in lists.
    Thumbnail,
    /// Text that goes with it in time.
    Caption,
}

/// How a content's fragments are to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Delivery {
    /// The bodies of the fragments, in order, are the file.
    #[default]
    Fragments,
    /// The one fragment is an HLS playlist, which the downloader opens.
    #[non_exhaustive]
    Hls {
        /// Which rendition of it: the uid of a variant stream, or empty for a media playlist.
        rendition: String,
    },
    /// The one fragment is a DASH manifest, which the downloader opens.
    #[non_exhaustive]
    Dash {
        /// Which rendition of it: the id of a representation.
        rendition: String,
    },
}

impl Delivery {
    /// An HLS playlist, of which this rendition is meant.
    pub fn hls(rendition: impl Into<String>) -> Self {
        Self::Hls { rendition: rendition.into() }
    }

    /// A DASH manifest, of which this rendition is meant.
    pub fn dash(rendition: impl Into<String>) -> Self {
        Self::Dash { rendition: rendition.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> Content {
        let source = Url::parse("https://site.example/v/1?key=s3cret").unwrap();
        let file = Url::parse("https://cdn.example/1.mp4?sig=s3cret").unwrap();
        Content::new("site-1", Kind::Video, source, [Fragment::new(file)])
    }

    #[test]
    fn unknown_fields_are_ignored_and_missing_ones_have_defaults() {
        let text =
            r#"{"uid":"a","source":"https://h.example/","kind":"image","fragments":[],"of_tomorrow":1}"#;
        let content: Content = serde_json::from_str(text).unwrap();
        assert_eq!((content.role, content.delivery), (Role::Main, Delivery::Fragments));
    }

    #[test]
    fn what_is_not_known_is_not_written() {
        let saved = serde_json::to_value(content()).unwrap();
        let names: Vec<_> = saved.as_object().unwrap().keys().cloned().collect();
        let expected = ["delivery", "extractor", "fragments", "kind", "quality", "role", "source", "uid"];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_type_of_a_link_is_believed_of_its_kind_alone() {
        let of = |kind| Content::of_file("a", kind, &content().source, content().fragments[0].url.clone());
        assert_eq!(of(Kind::Video).extension.as_deref(), Some("mp4"));
        assert_eq!((of(Kind::Audio).extension, of(Kind::Audio).content_type), (None, None));
    }

    #[test]
    fn bits_are_counted_where_size_and_duration_are_something() {
        let counted = |size, duration| {
            let mut content = content();
            (content.size, content.duration) = (size, duration);
            content.counted_bitrate()
        };
        assert_eq!(counted(Some(100), Some(3.0)), Some(267));
        for (size, duration) in
            [(None, Some(1.0)), (Some(1), None), (Some(0), Some(1.0)), (Some(1), Some(0.0))]
        {
            assert_eq!(counted(size, duration), None, "{size:?} {duration:?}");
        }
    }

    #[test]
    fn debug_shows_no_query() {
        assert!(!format!("{:?}", content()).contains("s3cret"));
    }
}
