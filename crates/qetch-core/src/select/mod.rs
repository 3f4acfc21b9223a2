//! `Select`, which rendition of a resource is meant; `Selection`, what is to become one file; `Items`, which resources are wanted.

mod condition;
mod grammar;
mod items;
#[cfg(test)]
mod tests;

use self::condition::Condition;
pub use self::{
    condition::{Comparison, Measure},
    items::Items,
};
use crate::{Content, Kind, Role, Variants};

/// What is to become one file: a rendition, and what goes with it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Selection {
    /// The rendition. The file bears its name.
    pub content: Content,
    /// What goes with it: its sound, where that is not in it, and captions.
    pub companions: Vec<Content>,
}

impl Selection {
    /// A content, and what goes with it.
    pub fn new(content: Content, companions: impl IntoIterator<Item = Content>) -> Self {
        Self { content, companions: companions.into_iter().collect() }
    }
}

impl From<Content> for Selection {
    fn from(content: Content) -> Self {
        Self::new(content, [])
    }
}

/// Which rendition of a resource is meant, and what is to go with it. The best with its sound unless something else is said.
///
/// It is read from a uid alone, or from a list between commas of any of:
///
/// | what | is meant |
/// |---|---|
/// | `best`, `worst` | the first or the last that fits, as [`Variants`] order them; `best` unless set |
/// | `ext=webm`, `ext!=webm` | the extension of its file |
/// | `height<=720`, `width`, `fps` | one of `=`, `!=`, `<`, `<=`, `>`, `>=`; an fps is equal to a hundredth |
/// | `bandwidth<=2M` | bits per second; K and M are factors of 1000 |
/// | `codec=avc1`, `codec!=avc1` | how one of its codecs begins |
/// | `language=de` | the language of its sound, which `de-AT` fits as well (RFC 4647, section 3.3.1) |
/// | `captions=de`, `captions=all` | the captions that are to go with it; none unless set; may be repeated |
/// | `sound=no` | a video without the sound that is not in it |
///
/// What a content does not tell fits no condition, whatever it says. A video whose sound is a companion is chosen together
/// with it: the first of its group, or the first of the language that is asked for. One of which the codecs tell that it has
/// none is chosen where all that fit are so, or where that is asked for. Conditions are for renditions of the role and kind of
/// the best, so that a poster is never the worst video; one on the extension (`=`) is for all, and where no rendition fits,
/// for companions.
///
/// ```
/// use qetch_core::{Content, Kind, Select, Url, Variants};
///
/// let page = Url::parse("https://pond.example/p/7").unwrap();
/// let sized = |uid: &str, height| {
///     let mut content = Content::new(uid, Kind::Video, page.clone(), []);
///     (content.width, content.height) = (Some(height), Some(height));
///     content
/// };
/// let variants = Variants::ranked([sized("small", 360), sized("middle", 720), sized("large", 1080)]).unwrap();
/// let select: Select = "best,height<=720".parse().unwrap();
/// assert_eq!(select.choose(&variants).unwrap().content.uid, "middle");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Select {
    which: Which,
    conditions: Vec<Condition>,
    language: Option<String>,
    captions: Captions,
    without_sound: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Which {
    #[default]
    Best,
    Worst,
    Uid(String),
}

#[derive(Clone, Debug, PartialEq)]
enum Captions {
    In(Vec<String>),
    All,
}

impl Default for Captions {
    fn default() -> Self {
        Self::In(Vec::new())
    }
}

impl Select {
    /// The best.
    pub fn best() -> Self {
        Self::default()
    }

    /// The least that is still the same thing as the best: of its role and kind.
    pub fn worst() -> Self {
        Self { which: Which::Worst, ..Self::default() }
    }

    /// The rendition with this uid, with its sound, or the companion with it.
    pub fn uid(uid: impl Into<String>) -> Self {
        Self { which: Which::Uid(uid.into()), ..Self::default() }
    }

    /// Has the extension of its file be this one, without a dot.
    #[must_use]
    pub fn with_extension(mut self, extension: &str) -> Self {
        self.conditions.push(Condition::extension(extension, true));
        self
    }

    /// Has a measure of it be so: `with(Measure::Height, Comparison::AtMost, 720.0)`.
    #[must_use]
    pub fn with(mut self, measure: Measure, comparison: Comparison, value: f64) -> Self {
        self.conditions.push(Condition::Measured(measure, comparison, value));
        self
    }

    /// Has one of its codecs begin so.
    #[must_use]
    pub fn with_codec(mut self, start: &str) -> Self {
        self.conditions.push(Condition::codec(start, true));
        self
    }

    /// Has its sound be in this language, a BCP 47 tag.
    #[must_use]
    pub fn with_language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// Has captions in this language, a BCP 47 tag, go with it. May be repeated.
    #[must_use]
    pub fn with_captions(mut self, language: impl Into<String>) -> Self {
        if let Captions::In(languages) = &mut self.captions {
            languages.push(language.into());
        }
        self
    }

    /// Has all captions go with it.
    #[must_use]
    pub fn with_all_captions(mut self) -> Self {
        self.captions = Captions::All;
        self
    }

    /// Leaves out the sound of a video that is not in it.
    #[must_use]
    pub fn without_sound(mut self) -> Self {
        self.without_sound = true;
        self
    }

    /// Whether one thing alone is meant, by its uid.
    pub fn is_uid(&self) -> bool {
        matches!(self.which, Which::Uid(_))
    }

    /// What is meant, where `variants` have it.
    pub fn choose(&self, variants: &Variants) -> Option<Selection> {
        let content = self.content_of(variants)?;
        if variants.companions.iter().any(|companion| companion.uid == content.uid) {
            return Some(content.clone().into());
        }
        let sound = self.sound_of(content, variants);
        let companions = sound.into_iter().chain(self.captions_of(variants));
        Some(Selection::new(content.clone(), companions.cloned()))
    }

    fn content_of<'a>(&self, variants: &'a Variants) -> Option<&'a Content> {
        let has_sound = |group: &String| sounds(variants, group).next().is_some();
        if let Which::Uid(uid) = &self.which {
            // It is not to be had without its sound because that is to be had in other languages alone.
            let may_be = |it: &&Content| {
                self.without_sound || !it.sound.as_ref().is_some_and(has_sound) || self.speaks(it, variants)
            };
            return variants.find(uid).filter(may_be);
        }
        let best = variants.best();
        let is_for_all = self.conditions.iter().any(Condition::is_for_all);
        let candidates = variants.contents().iter().filter(|content| is_for_all || is_like(content, best));
        let mut fitting: Vec<_> =
            candidates.filter(|it| self.fits(it) && self.speaks(it, variants)).collect();
        if fitting.is_empty() && is_for_all {
            let speaks = |it: &&Content| self.language.is_none() || self.is_spoken(it);
            fitting = variants.companions.iter().filter(|it| self.fits(it)).filter(speaks).collect();
        }
        let is_apart = |it: &Content| it.sound.as_ref().is_some_and(has_sound);
        let is_loud =
            |it: &Content| it.kind == Kind::Video && (is_apart(it) || condition::has_sound(it) == Some(true));
        if !self.without_sound && fitting.iter().any(|it| is_loud(it)) {
            fitting.retain(|it| is_loud(it) || it.kind != Kind::Video || condition::has_sound(it).is_none());
        }
        let first = *fitting.first()?;
        match self.which {
            Which::Worst => fitting.into_iter().rfind(|content| is_like(content, first)),
            _ => Some(first),
        }
    }

    fn fits(&self, content: &Content) -> bool {
        self.conditions.iter().all(|condition| condition.fits(content))
    }

    /// Whether it is to be had in the language that is asked for.
    fn speaks(&self, content: &Content, variants: &Variants) -> bool {
        self.language.is_none()
            || match &content.sound {
                None => self.is_spoken(content),
                Some(group) => sounds(variants, group).any(|sound| self.is_spoken(sound)),
            }
    }

    /// Whether its language is the one that is asked for.
    fn is_spoken(&self, content: &Content) -> bool {
        self.language.as_deref().is_some_and(|wanted| is_in(content, wanted))
    }

    /// The companion that is the sound of `content`.
    fn sound_of<'a>(&self, content: &Content, variants: &'a Variants) -> Option<&'a Content> {
        let group = content.sound.as_deref().filter(|_| !self.without_sound)?;
        let wanted = |sound: &&Content| self.language.is_none() || self.is_spoken(sound);
        let sound = sounds(variants, group).find(wanted);
        if sound.is_none() {
            tracing::warn!(uid = content.uid, group, "the sound of a video is missing: it stays silent");
        }
        sound
    }

    fn captions_of<'a>(&self, variants: &'a Variants) -> Vec<&'a Content> {
        let all = variants.companions.iter().filter(|companion| is_caption(companion));
        let languages = match &self.captions {
            Captions::All => return all.collect(),
            Captions::In(languages) => languages,
        };
        for language in languages {
            if !all.clone().any(|caption| is_in(caption, language)) {
                tracing::warn!(language, "there are no captions in a language that was asked for");
            }
        }
        all.filter(|caption| languages.iter().any(|language| is_in(caption, language))).collect()
    }

    /// What `variants` have of what is asked for, for people: uids, or what they tell of the first condition that none of them
    /// fits.
    pub fn offers(&self, variants: &Variants) -> Vec<String> {
        let all = || variants.contents().iter().chain(&variants.companions);
        let asked = |condition: &Condition| {
            let (is_for_all, best) = (condition.is_for_all(), variants.best());
            all().filter(move |content| is_for_all || is_like(content, best))
        };
        let unmet = self.conditions.iter().find(|&it| !asked(it).any(|content| it.fits(content)));
        let is_mute = || self.language.is_some() && !all().any(|content| self.is_spoken(content));
        let mut offers = match unmet {
            Some(condition) => distinct(asked(condition).flat_map(|content| condition.offers(content))),
            None if is_mute() => {
                let spoken = all().filter(|content| !is_caption(content));
                distinct(spoken.filter_map(|content| content.language.clone()))
            }
            None => Vec::new(),
        };
        if offers.is_empty() {
            offers = distinct(all().map(|content| content.uid.clone()));
        }
        offers
    }
}

/// Whether it goes with a medium as text in time.
pub(crate) fn is_caption(content: &Content) -> bool {
    content.role == Role::Caption || content.kind == Kind::Text
}

/// The companions that are the sound of a group, the usual one first.
fn sounds<'a>(variants: &'a Variants, group: &str) -> impl Iterator<Item = &'a Content> {
    let is_sound = move |it: &&Content| it.group.as_deref() == Some(group) && !is_caption(it);
    variants.companions.iter().filter(is_sound)
}

fn is_like(content: &Content, other: &Content) -> bool {
    (content.role, content.kind) == (other.role, other.kind)
}

/// Whether its language is `wanted` or a kind of it (RFC 4647, section 3.3.1).
fn is_in(content: &Content, wanted: &str) -> bool {
    let Some(language) = content.language.as_deref() else { return false };
    let start = language.get(..wanted.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(wanted))
        && matches!(language.as_bytes().get(wanted.len()), None | Some(b'-'))
}

fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    texts.filter(|text| seen.insert(text.clone())).collect()
}
