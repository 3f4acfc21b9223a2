//! Master playlists: variant streams, and the renditions that go with them (RFC 8216, section 4.3.4).

#[cfg(test)]
mod tests;

use std::{collections::HashMap, str::FromStr};

use qetch_core::{Kind, Limits, Result, Url};

use super::{
    Master,
    ids::{self, Draft},
    key::{Fault, Keys},
    lines::{Attributes, Line},
    scope::Scope,
};
use crate::Rendition;

/// What stands before the first dot of the names of codecs of sound.
const SOUNDS: [&str; 15] = [
    "mp4a", "ac-3", "ec-3", "ac-4", "opus", "flac", "alac", "mp3", "vorbis", "dtsc", "dtse", "dtsh", "dtsl",
    "dtsx", "mhm1",
];

/// The same for subtitles, which a variant may have beside either.
const TEXTS: [&str; 2] = ["wvtt", "stpp"];

/// A rendition and what its id is made of.
struct Listed {
    rendition: Rendition,
    url: Url,
    /// The name of its audio group.
    audio: Option<String>,
    draft: Draft,
}

/// Where the members of an audio group are.
#[derive(Default)]
struct Group {
    /// One is in the variants themselves.
    is_inside: bool,
    /// One has a playlist of its own.
    is_outside: bool,
}

/// Reads the lines of a master playlist.
pub(super) fn read<'t>(
    lines: impl Iterator<Item = Line<'t>>,
    scope: Scope<'_>,
    limits: &Limits,
) -> Result<Master> {
    let mut reader = Reader {
        scope,
        most: limits.most_segments(),
        variants: Vec::new(),
        alternatives: Vec::new(),
        audio: HashMap::new(),
        stream: None,
        protection: None,
        is_open: false,
    };
    for line in lines {
        match line {
            Line::Tag(name, value) => reader.tag(name, value)?,
            Line::Uri(uri) => reader.link(uri)?,
        }
    }
    reader.finish()
}

struct Reader<'t, 'a> {
    scope: Scope<'a>,
    most: usize,
    variants: Vec<Listed>,
    alternatives: Vec<Listed>,
    audio: HashMap<String, Group>,
    /// The variant whose link comes next.
    stream: Option<Attributes<'t>>,
    /// The first that is protected of the keys that are announced.
    protection: Option<Fault>,
    /// Whether one of them is not protected.
    is_open: bool,
}

impl<'t> Reader<'t, '_> {
    fn tag(&mut self, name: &str, value: &'t str) -> Result<()> {
        match name {
            "EXT-X-STREAM-INF" => self.stream = Some(self.scope.attributes(value)?),
            "EXT-X-MEDIA" => {
                let attributes = self.scope.attributes(value)?;
                self.alternative(&attributes)?;
            }
            "EXT-X-SESSION-KEY" => {
                let attributes = self.scope.attributes(value)?;
                let mut keys = Keys::default();
                keys.read(&attributes, &mut self.scope)?;
                match keys.fault() {
                    Some(fault @ Fault::Drm(_)) => drop(self.protection.get_or_insert_with(|| fault.clone())),
                    _ => self.is_open = true,
                }
            }
            "EXT-X-DEFINE" => {
                let attributes = self.scope.attributes(value)?;
                self.scope.define(&attributes)?;
            }
            "EXTINF" => return Err(self.scope.bad("it lists renditions and segments at once")),
            _ => (),
        }
        Ok(())
    }

    /// The link of the variant before it. One behind no such tag leads to nothing.
    fn link(&mut self, uri: &str) -> Result<()> {
        let Some(stream) = self.stream.take() else { return Ok(()) };
        let url = self.scope.link(uri)?;
        self.check_room()?;
        self.variants.push(variant(&stream, url));
        Ok(())
    }

    /// What `EXT-X-MEDIA` tells of. One without a link is in the variants themselves, as captions in pictures are.
    fn alternative(&mut self, attributes: &Attributes<'_>) -> Result<()> {
        let kind = match attributes.get("TYPE") {
            Some("AUDIO") => Kind::Audio,
            Some("VIDEO") => Kind::Video,
            Some("SUBTITLES") => Kind::Text,
            _ => return Ok(()),
        };
        let (uri, group) = (attributes.get("URI"), attributes.get("GROUP-ID"));
        if let (Kind::Audio, Some(group)) = (kind, group) {
            let group = self.audio.entry(group.to_owned()).or_default();
            group.is_inside |= uri.is_none();
            group.is_outside |= uri.is_some();
        }
        let Some(uri) = uri else { return Ok(()) };
        let url = self.scope.resolve(uri)?;
        self.check_room()?;
        self.alternatives.push(alternative(kind, attributes, url));
        Ok(())
    }

    fn check_room(&self) -> Result<()> {
        if self.variants.len() + self.alternatives.len() < self.most {
            return Ok(());
        }
        Err(self.scope.over("renditions", self.most))
    }

    fn finish(mut self) -> Result<Master> {
        if let Some(fault) = self.protection.filter(|_| !self.is_open) {
            return Err(fault.error(&self.scope));
        }
        for Listed { rendition, audio, .. } in &mut self.variants {
            // A variant of sound alone has it in itself, whatever else there is to choose from.
            let group = audio.take().filter(|_| rendition.kind == Kind::Video);
            let is_outside = |name: &String| {
                self.audio.get(name).is_some_and(|group| group.is_outside && !group.is_inside)
            };
            rendition.sound = group.filter(is_outside).map(|name| group_name(Kind::Audio, &name));
        }
        let (mut renditions, mut drafts, mut links) = (Vec::new(), Vec::new(), Vec::new());
        for listed in self.variants.into_iter().chain(self.alternatives) {
            renditions.push(listed.rendition);
            drafts.push(listed.draft);
            links.push(listed.url);
        }
        let ids = ids::unique(drafts);
        for (rendition, id) in renditions.iter_mut().zip(&ids) {
            rendition.id.clone_from(id);
        }
        let urls = ids.into_iter().zip(links).collect();
        Ok(Master { renditions, urls, variables: self.scope.into_variables() })
    }
}

fn variant(attributes: &Attributes<'_>, url: Url) -> Listed {
    let codecs = attributes.get("CODECS").map(codecs);
    let resolution = attributes.get("RESOLUTION").and_then(resolution);
    let peak: Option<u64> = attributes.number("BANDWIDTH");
    let kind = if codecs.as_deref().is_some_and(is_sound) { Kind::Audio } else { Kind::Video };
    let mut rendition = Rendition::new("", kind);
    (rendition.width, rendition.height) = resolution.unzip();
    rendition.fps = attributes.number("FRAME-RATE").filter(|fps: &f64| fps.is_finite() && *fps > 0.0);
    rendition.bitrate = attributes.number("AVERAGE-BANDWIDTH").or(peak);
    rendition.name = attributes.text("NAME");
    rendition.captions = attributes.get("SUBTITLES").map(|name| group_name(Kind::Text, name));
    let height = rendition.height.map(|height| format!("{height}p"));
    let made = [height, peak.map(|peak| peak.to_string())];
    let made = ids::of_words(made.iter().flatten().map(String::as_str));
    let id = [ids::stable(attributes.get("STABLE-VARIANT-ID").unwrap_or_default()), made];
    let id = id.into_iter().find(|id| !id.is_empty()).unwrap_or_else(|| "stream".to_owned());
    let groups = ["VIDEO", "AUDIO"].map(|name| attributes.get(name).unwrap_or_default());
    let more = vec![ids::of_words(groups), ids::word(codecs.as_deref().unwrap_or_default())];
    rendition.codecs = codecs;
    Listed { rendition, url, audio: attributes.text("AUDIO"), draft: Draft { id, more } }
}

fn alternative(kind: Kind, attributes: &Attributes<'_>, url: Url) -> Listed {
    let mut rendition = Rendition::new("", kind);
    rendition.language = attributes.text("LANGUAGE");
    rendition.name = attributes.text("NAME");
    rendition.is_default = attributes.is_set("DEFAULT");
    let [group, language, name] =
        ["GROUP-ID", "LANGUAGE", "NAME"].map(|name| attributes.get(name).unwrap_or_default());
    // One that stands in none is no variant either.
    rendition.group = Some(group_name(kind, group));
    let id = ids::stable(attributes.get("STABLE-RENDITION-ID").unwrap_or_default());
    let id = if id.is_empty() { ids::of_words([kind_name(kind), group, language, name]) } else { id };
    let more = vec![ids::word(group)];
    Listed { rendition, url, audio: None, draft: Draft { id, more } }
}

/// How a group of this name and kind is called, so that groups of two kinds are never one.
fn group_name(kind: Kind, name: &str) -> String {
    format!("{}:{name}", kind_name(kind))
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Audio => "audio",
        Kind::Text => "subtitles",
        _ => "video",
    }
}

/// The codecs, without the blanks that some put between them.
fn codecs(text: &str) -> String {
    text.split(',').map(str::trim).filter(|codec| !codec.is_empty()).collect::<Vec<_>>().join(",")
}

/// Whether all codecs are those of sound, or of subtitles beside it.
fn is_sound(codecs: &str) -> bool {
    let mut is_sound = false;
    for codec in codecs.split(',') {
        let name = codec.split('.').next().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            name if SOUNDS.contains(&name) => is_sound = true,
            name if TEXTS.contains(&name) => (),
            _ => return false,
        }
    }
    is_sound
}

/// Width and height.
fn resolution(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once(['x', 'X'])?;
    let pixels = |text: &str| u32::from_str(text.trim()).ok().filter(|&pixels| pixels > 0);
    pixels(width).zip(pixels(height))
}
