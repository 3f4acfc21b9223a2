//! `Representation`: one encoding within a period, with what it inherits (ISO/IEC 23009-1, sections 5.3.3 to 5.3.7).

use std::sync::Arc;

use qetch_core::{Kind, Result, Url};

use super::{addressing::Addressing, base::base, number, protection::Protection, xml::Element};

/// The longest of the texts that are kept of a representation: they are inherited by many.
const LONGEST: usize = 256;

/// The most components that are looked at to tell what a set is.
const MOST_COMPONENTS: usize = 8;

/// One encoding within a period.
#[derive(Debug, PartialEq)]
pub(super) struct Representation {
    pub(super) id: Option<Box<str>>,
    pub(super) kind: Kind,
    /// Whether it is a video with sound of its own.
    pub(super) has_sound: bool,
    pub(super) content_type: Option<Box<str>>,
    pub(super) codecs: Option<Box<str>>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) fps: Option<f64>,
    /// Bits per second; 0 where the manifest does not say.
    pub(super) bandwidth: u64,
    pub(super) language: Option<Box<str>>,
    pub(super) name: Option<Box<str>>,
    /// The first of its roles.
    pub(super) role: Option<Box<str>>,
    /// Whether one of them is `main`.
    pub(super) is_main: bool,
    /// What protects it, if it is protected.
    pub(super) protection: Option<Box<str>>,
    pub(super) base: Arc<Url>,
    pub(super) addressing: Addressing,
}

/// What an adaptation set hands down to what stands in it, looked up once for all of them.
pub(super) struct Set<'a> {
    element: &'a Element,
    base: Arc<Url>,
    addressing: Addressing,
    protection: Protection,
    /// What its components are said to be, where it is not said of the whole.
    components: Vec<&'a str>,
    role: Option<&'a str>,
    is_main: bool,
    name: Option<&'a str>,
}

impl<'a> Set<'a> {
    /// That of `element`, which stands in what has this base and addressing; `None` where it is for seeking fast.
    pub(super) fn new(
        element: &'a Element,
        outer: &Arc<Url>,
        addressing: &Addressing,
        url: &Url,
    ) -> Result<Option<Self>> {
        if is_for_seeking(element) {
            return Ok(None);
        }
        let components = element.all("ContentComponent").filter_map(|it| it.attribute("contentType"));
        let name = element.first("Label").map(Element::text);
        Ok(Some(Self {
            element,
            base: base(element, outer, url)?,
            addressing: addressing.inherited(element, url)?,
            protection: Protection::default().with(element),
            components: components.take(MOST_COMPONENTS).collect(),
            role: roles(element).next(),
            is_main: roles(element).any(|role| role == "main"),
            name: name.or_else(|| ["label", "Label"].iter().find_map(|name| element.attribute(name))),
        }))
    }

    /// What `element` in it is; `None` for what is not taken: images, what is unknown, what is for seeking, and layers that
    /// are nothing without another representation.
    pub(super) fn representation(&self, element: &Element, url: &Url) -> Result<Option<Representation>> {
        if is_for_seeking(element) || element.attribute("dependencyId").is_some_and(|it| !it.is_empty()) {
            return Ok(None);
        }
        let content_type = self
            .common(element, "mimeType")
            .map(|it| it.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().into_boxed_str());
        let codecs = self.common(element, "codecs");
        let declared = self.common(element, "contentType");
        let declared = declared.as_ref().map_or(&*self.components, std::slice::from_ref);
        let Some((kind, has_sound)) = kind(declared, content_type.as_deref().unwrap_or_default(), codecs)
        else {
            return Ok(None);
        };
        let size =
            |name| self.common(element, name).and_then(number::whole).and_then(|it| u32::try_from(it).ok());
        Ok(Some(Representation {
            id: kept(element.attribute("id")),
            kind,
            has_sound,
            content_type,
            codecs: kept(codecs),
            width: size("width"),
            height: size("height"),
            fps: self.common(element, "frameRate").and_then(number::frame_rate),
            bandwidth: element.attribute("bandwidth").and_then(number::whole).unwrap_or_default(),
            language: kept(self.common(element, "lang").filter(|it| !it.eq_ignore_ascii_case("und"))),
            name: kept(self.name),
            role: kept(roles(element).next().or(self.role)),
            is_main: self.is_main || roles(element).any(|role| role == "main"),
            protection: self.protection.clone().with(element).system().map(String::into_boxed_str),
            base: base(element, &self.base, url)?,
            addressing: self.addressing.inherited(element, url)?,
        }))
    }

    /// An attribute that a representation has, or inherits.
    fn common<'b>(&'b self, element: &'b Element, name: &str) -> Option<&'b str> {
        let value = element.attribute(name).or_else(|| self.element.attribute(name))?;
        (!value.is_empty() && value.len() <= LONGEST).then_some(value)
    }
}

/// What is kept of a text: nothing of one that is empty or longer than any is.
fn kept(text: Option<&str>) -> Option<Box<str>> {
    text.filter(|text| !text.is_empty() && text.len() <= LONGEST).map(Box::from)
}

/// The roles that are said of an element.
fn roles(element: &Element) -> impl Iterator<Item = &str> {
    element.all("Role").filter_map(|it| it.attribute("value"))
}

/// Whether it is a trick mode: a few pictures, to be shown while seeking.
fn is_for_seeking(element: &Element) -> bool {
    element
        .all("EssentialProperty")
        .any(|it| it.attribute("schemeIdUri").is_some_and(|it| it.ends_with("trickmode")))
}

/// What it is, by what the manifest says it is, by its media type, else by its codecs; and whether a video has sound.
fn kind(declared: &[&str], content_type: &str, codecs: Option<&str>) -> Option<(Kind, bool)> {
    let by_codecs: Vec<_> =
        codecs.unwrap_or_default().split(',').filter_map(|it| of_codec(it.trim())).collect();
    let has = |kind: &str, of_codec: Kind| declared.contains(&kind) || by_codecs.contains(&of_codec);
    let main = content_type.split('/').next().unwrap_or_default();
    let kind = if declared.contains(&"image") || main == "image" {
        return None;
    } else if declared.contains(&"video") || main == "video" {
        Kind::Video
    } else if declared.contains(&"audio") || main == "audio" {
        Kind::Audio
    } else if declared.contains(&"text") || main == "text" || content_type == "application/ttml+xml" {
        Kind::Text
    } else if main == "application" || main.is_empty() {
        [Kind::Video, Kind::Audio, Kind::Text].into_iter().find(|kind| by_codecs.contains(kind))?
    } else {
        return None;
    };
    Some((kind, kind == Kind::Video && has("audio", Kind::Audio)))
}

/// What a codec in the notation of RFC 6381 is for.
fn of_codec(codec: &str) -> Option<Kind> {
    let family = codec.split('.').next().unwrap_or_default().to_ascii_lowercase();
    Some(match family.as_str() {
        "avc1" | "avc2" | "avc3" | "avc4" | "hvc1" | "hev1" | "dvh1" | "dvhe" | "dva1" | "dvav" | "av01"
        | "vp8" | "vp9" | "vp08" | "vp09" | "vvc1" | "vvi1" | "mp4v" => Kind::Video,
        "mp4a" | "ac-3" | "ec-3" | "ac-4" | "opus" | "flac" | "fla" | "vorbis" | "mp3" | "dtsc" | "dtse"
        | "dtsh" | "dtsl" | "dtsx" | "mha1" | "mhm1" | "iamf" => Kind::Audio,
        "stpp" | "wvtt" | "tx3g" => Kind::Text,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::xml::parse, *};

    #[track_caller]
    fn check(set: &str, expected: Option<(Kind, bool)>) {
        let url = Arc::new(Url::parse("https://h.example/").unwrap());
        let element = parse(set, &url).unwrap();
        let found = Set::new(&element, &url, &Addressing::default(), &url).unwrap().and_then(|set| {
            set.representation(element.first("R").unwrap(), &url).unwrap().map(|it| (it.kind, it.has_sound))
        });
        assert_eq!(found, expected, "{set}");
    }

    #[test]
    fn what_it_is() {
        check("<A contentType='video'><R/></A>", Some((Kind::Video, false)));
        check("<A><R mimeType='video/mp4' codecs='avc1.4d401f'/></A>", Some((Kind::Video, false)));
        check("<A mimeType='video/mp4'><R codecs='avc3.42c01e, mp4a.40.2'/></A>", Some((Kind::Video, true)));
        check("<A mimeType='audio/mp4; codecs=x'><R/></A>", Some((Kind::Audio, false)));
        check("<A mimeType='text/vtt'><R/></A>", Some((Kind::Text, false)));
        check("<A mimeType='application/ttml+xml'><R/></A>", Some((Kind::Text, false)));
        check("<A mimeType='application/mp4'><R codecs='stpp.ttml.im1t'/></A>", Some((Kind::Text, false)));
        check("<A mimeType='application/mp4' codecs='wvtt'><R/></A>", Some((Kind::Text, false)));
        check("<A contentType='text' mimeType='application/mp4'><R/></A>", Some((Kind::Text, false)));
        check("<A codecs='opus'><R/></A>", Some((Kind::Audio, false)));
        let both = "<ContentComponent contentType='audio'/><ContentComponent contentType='video'/>";
        check(&format!("<A>{both}<R/></A>"), Some((Kind::Video, true)));
    }

    #[test]
    fn what_is_not_taken() {
        check("<A contentType='image'><R mimeType='image/jpeg'/></A>", None);
        check("<A contentType='video'><R mimeType='image/jpeg'/></A>", None);
        check("<A contentType='image' mimeType='video/mp4'><R/></A>", None);
        check("<A mimeType='application/mp4'><R/></A>", None);
        check("<A mimeType='application/octet-stream'><R codecs='xyz'/></A>", None);
        check("<A mimeType='font/woff'><R codecs='avc1'/></A>", None);
        check("<A><R/></A>", None);
        check("<A contentType='video'><R dependencyId='v1'/></A>", None);
        let trick = "<EssentialProperty schemeIdUri='http://dashif.org/guidelines/trickmode' value='1'/>";
        check(&format!("<A contentType='video'>{trick}<R/></A>"), None);
        check(&format!("<A contentType='video'><R>{trick}</R></A>"), None);
        check(
            "<A contentType='video'><EssentialProperty schemeIdUri='urn:x'/><R/></A>",
            Some((Kind::Video, false)),
        );
    }
}
