//! `Variants`: one resource at each quality, with its companions and the collection it stands in.

use serde::{Deserialize, Serialize};

use crate::{
    Error, Known, Result,
    content::Content,
    quality::{Quality, number, rank},
};

/// One resource at each quality: its renditions, best first and never empty.
///
/// Written as one object, the form of a line of `qetch extract --json`:
/// `{"format":1,"variants":[…],"companions":[…],"collection":{…}}`.
///
/// ```
/// use qetch_core::{Content, Kind, Url, Variants};
///
/// let page = Url::parse("https://pond.example/p/7").unwrap();
/// let sized = |uid: &str, width| {
///     let mut content = Content::new(uid, Kind::Image, page.clone(), []);
///     (content.width, content.height) = (Some(width), Some(width));
///     content
/// };
/// let variants = Variants::ranked([sized("small", 100), sized("large", 800)]).unwrap();
/// assert_eq!(variants.best().uid, "large");
/// assert_eq!(variants.worst().uid, "small");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Saved", try_from = "Saved")]
pub struct Variants {
    contents: Vec<Content>,
    /// What belongs to the renditions without being one: audio for variants that have none, captions.
    pub companions: Vec<Content>,
    /// The album, thread or playlist it stands in.
    pub collection: Option<Collection>,
}

/// The collection a resource stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Collection {
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The resource's position in it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// How many it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

impl Collection {
    /// A collection with nothing known but its title.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..Self::default() }
    }

    /// Sets the resource's position, from 1.
    #[must_use]
    pub fn with_index(mut self, index: u64) -> Self {
        self.index = Some(index);
        self
    }

    /// Sets how many the collection holds.
    #[must_use]
    pub fn with_count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }
}

impl Variants {
    /// The renditions ordered by the documented rule (see [`Quality`]), best first, their qualities set.
    ///
    /// # Errors
    /// [`Unexpected`](Error::Unexpected) when there are none: a resource without a rendition is not found.
    pub fn ranked(contents: impl IntoIterator<Item = Content>) -> Result<Self> {
        let mut variants = Self::in_order(contents)?;
        rank(&mut variants.contents);
        Ok(variants)
    }

    /// The renditions in the order given, best first, for sites that say which is better and not why.
    ///
    /// # Errors
    /// [`Unexpected`](Error::Unexpected) when there are none.
    pub fn in_order(contents: impl IntoIterator<Item = Content>) -> Result<Self> {
        let mut contents: Vec<_> = contents.into_iter().collect();
        if contents.is_empty() {
            return Err(Error::unexpected("variants without a content", None));
        }
        number(&mut contents);
        Ok(Self { contents, companions: Vec::new(), collection: None })
    }

    /// Adds the collection it stands in.
    #[must_use]
    pub fn with_collection(mut self, collection: Collection) -> Self {
        self.collection = Some(collection);
        self
    }

    /// Adds what belongs to the renditions.
    #[must_use]
    pub fn with_companions(mut self, companions: impl IntoIterator<Item = Content>) -> Self {
        self.companions.extend(companions);
        self
    }

    /// Gives every rendition and companion what is known of the resource as a whole, where it has nothing of its own.
    #[must_use]
    pub fn with_known(mut self, known: &Known) -> Self {
        known.fill(&mut self);
        self
    }

    /// The renditions, best first.
    pub fn contents(&self) -> &[Content] {
        &self.contents
    }

    /// The best rendition.
    pub fn best(&self) -> &Content {
        &self.contents[0]
    }

    /// The least rendition that is still the same thing as the best: of its role and kind. A poster is never the
    /// worst video.
    pub fn worst(&self) -> &Content {
        let best = self.best();
        let same = |content: &&Content| content.role == best.role && content.kind == best.kind;
        self.contents.iter().rfind(same).unwrap_or(best)
    }

    /// The rendition or companion with this uid.
    pub fn find(&self, uid: &str) -> Option<&Content> {
        self.contents.iter().chain(&self.companions).find(|content| content.uid == uid)
    }

    /// Every content of it, renditions and companions, to be changed. The order stays.
    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = &mut Content> {
        self.contents.iter_mut().chain(&mut self.companions)
    }
}

impl From<Content> for Variants {
    fn from(mut content: Content) -> Self {
        content.quality = Quality::BEST;
        Self { contents: vec![content], companions: Vec::new(), collection: None }
    }
}

/// The saved form. `format` is raised when a reader of the old form would read the new one wrongly.
#[derive(Serialize, Deserialize)]
struct Saved {
    format: u32,
    variants: Vec<Content>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    companions: Vec<Content>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    collection: Option<Collection>,
}

const FORMAT: u32 = 1;

impl From<Variants> for Saved {
    fn from(variants: Variants) -> Self {
        let Variants { contents, companions, collection } = variants;
        Self { format: FORMAT, variants: contents, companions, collection }
    }
}

impl TryFrom<Saved> for Variants {
    type Error = String;

    fn try_from(saved: Saved) -> Result<Self, String> {
        if saved.format != FORMAT {
            return Err(format!("format {} is not known: this build reads format {FORMAT}", saved.format));
        }
        if saved.variants.is_empty() {
            return Err("a resource has at least one variant".to_owned());
        }
        Ok(Self { contents: saved.variants, companions: saved.companions, collection: saved.collection })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Role, Url};

    fn content(uid: &str, kind: Kind, role: Role) -> Content {
        let mut content = Content::new(uid, kind, Url::parse("https://h.example/").unwrap(), []);
        content.role = role;
        content
    }

    #[test]
    fn a_poster_or_a_thumbnail_is_never_the_worst_video() {
        let variants = Variants::ranked([
            content("thumb-clip", Kind::Video, Role::Thumbnail),
            content("poster", Kind::Image, Role::Poster),
            content("gif", Kind::Image, Role::Main),
            content("mp4", Kind::Video, Role::Main),
            content("webm", Kind::Video, Role::Main),
        ]);
        let variants = variants.unwrap();
        assert_eq!((variants.best().uid.as_str(), variants.worst().uid.as_str()), ("mp4", "webm"));
    }

    #[test]
    fn the_saved_form_is_versioned_and_never_empty() {
        let variants = Variants::from(content("a", Kind::Video, Role::Main));
        let mut saved = serde_json::to_value(&variants).unwrap();
        assert_eq!(saved["format"], 1);
        assert_eq!(serde_json::from_value::<Variants>(saved.clone()).unwrap(), variants);
        saved["format"] = 2.into();
        assert!(serde_json::from_value::<Variants>(saved).unwrap_err().to_string().contains("format 2"));
        assert!(serde_json::from_str::<Variants>(r#"{"format":1,"variants":[]}"#).is_err());
    }

    #[test]
    fn what_is_saved_is_equal_once_it_is_read_however_many_there_are() {
        for count in 1..=64 {
            let contents = (0..count).map(|number| content(&number.to_string(), Kind::Video, Role::Main));
            let variants = Variants::in_order(contents).unwrap();
            let saved = serde_json::to_string(&variants).unwrap();
            assert_eq!(serde_json::from_str::<Variants>(&saved).unwrap(), variants, "{count}");
        }
    }

    #[test]
    fn no_contents_are_an_error() {
        assert_eq!(Variants::ranked([]).unwrap_err().code(), "unexpected");
    }
}
