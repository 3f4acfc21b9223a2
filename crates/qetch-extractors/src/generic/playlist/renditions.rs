//! The renditions of a playlist as contents.

use qetch_core::{Content, Delivery, Error, Fragment, Kind, Result, Url, Variants};
use qetch_manifest::Rendition;

use super::Source;
use crate::common_link::short_hash;

/// The most bytes of a rendition's id in a uid.
const MOST_OF_ID: usize = 120;

/// What a playlist offers, and how its renditions are brought.
pub(super) struct Offer<'a> {
    pub(super) source: &'a Source,
    /// Where it was in the end.
    pub(super) url: &'a Url,
    pub(super) deliver: fn(&str) -> Delivery,
    pub(super) is_live: bool,
}

impl Offer<'_> {
    /// The resource: `contents`, or the sounds among `companions` where there are none. Of the companions sound and
    /// subtitles are kept, what is taken when nobody chooses first.
    pub(super) fn variants<'r>(
        &self,
        mut contents: Vec<&'r Rendition>,
        mut companions: Vec<&'r Rendition>,
    ) -> Result<Variants> {
        if contents.is_empty() {
            (contents, companions) = companions.into_iter().partition(|it| it.kind == Kind::Audio);
        }
        if contents.is_empty() {
            return Err(Error::bad_reply(self.url, "it offers neither video nor sound"));
        }
        companions.retain(|it| matches!(it.kind, Kind::Audio | Kind::Text));
        companions.sort_by_key(|it| !it.is_default);
        let contents = contents.into_iter().map(|it| {
            let mut content = self.content(it);
            // What stands for itself goes with nothing.
            content.group = None;
            content
        });
        let companions: Vec<_> = companions.into_iter().map(|it| self.content(it)).collect();
        Ok(Variants::ranked(contents)?.with_companions(companions))
    }

    /// The content that one of them is.
    pub(super) fn content(&self, rendition: &Rendition) -> Content {
        let (uid, manifest) = (self.source.uid(&rendition.id), Fragment::new(self.source.url.clone()));
        let deliver = (self.deliver)(&rendition.id);
        let mut content = rendition.clone().content(uid, &self.source.url, manifest, deliver);
        content.title.clone_from(&self.source.title);
        if let Some(name) = &rendition.name {
            content.metadata.insert("name".to_owned(), name.clone().into());
        }
        if self.is_live {
            content.metadata.insert("live".to_owned(), true.into());
        }
        content
    }
}

impl Source {
    /// The uid of the rendition of this id, which is empty where there is one alone.
    fn uid(&self, id: &str) -> String {
        if id.is_empty() { self.uid.clone() } else { format!("{}-{}", self.uid, plain(id)) }
    }
}

/// `id` as it can stand in a name. Where that is not all of it, a hash tells it from others.
fn plain(id: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.len() <= MOST_OF_ID && id.chars().all(is_plain) {
        return id.to_owned();
    }
    let plain: String = id.chars().take(MOST_OF_ID).map(|c| if is_plain(c) { c } else { '-' }).collect();
    format!("{plain}-{:012x}", short_hash(id.as_bytes()))
}

#[cfg(test)]
mod tests {
    use qetch_core::Role;

    use super::*;

    #[test]
    fn ids_are_plain_and_stay_apart() {
        let check = |id: &str, expected: &str| assert_eq!(plain(id), expected, "{id}");
        check("1080p-5000_a.b", "1080p-5000_a.b");
        check("a/b", &format!("a-b-{:012x}", short_hash(b"a/b")));
        assert_ne!(plain("a/b"), plain("a:b"));
        assert_ne!(plain(&"a".repeat(200)), plain(&"a".repeat(201)));
        assert!(plain(&"ä/".repeat(200)).len() <= MOST_OF_ID + 13);
    }

    /// What is made of a manifest with these renditions.
    fn offered(renditions: &[Rendition]) -> Result<Variants> {
        let url = Url::parse("https://files.example/a/show.mpd").unwrap();
        let source = Source { url: url.clone(), uid: "show".to_owned(), title: Some("show".to_owned()) };
        let offer = Offer { source: &source, url: &url, deliver: |id| Delivery::dash(id), is_live: true };
        let (contents, companions) = renditions.iter().partition(|it| it.kind == Kind::Video);
        offer.variants(contents, companions)
    }

    fn uid(rendition: &str) -> String {
        format!("show-{rendition}")
    }

    #[test]
    fn without_a_video_the_sounds_are_the_contents() {
        let rendition = |id: &str, kind, bitrate| {
            let mut rendition = Rendition::new(id, kind);
            (rendition.bitrate, rendition.codecs) = (Some(bitrate), Some("mp4a.40.2".to_owned()));
            rendition.group = Some("g".to_owned());
            rendition.content_type = Some("audio/mp4".to_owned());
            rendition
        };
        let low = rendition("low", Kind::Audio, 1);
        let high = rendition("high", Kind::Audio, 2);
        let text = rendition("text", Kind::Text, 0);
        let variants = offered(&[low.clone(), high.clone(), text.clone()]).unwrap();
        let uids: Vec<_> = variants.contents().iter().map(|it| it.uid.clone()).collect();
        assert_eq!(uids, [uid("high"), uid("low")]);
        let best = variants.best();
        assert_eq!((best.group.as_deref(), best.delivery.clone()), (None, Delivery::dash("high")));
        assert_eq!((best.content_type.as_deref(), &best.metadata["live"]), (Some("audio/mp4"), &true.into()));
        assert_eq!((variants.companions.len(), variants.companions[0].role), (1, Role::Caption));

        let video = Rendition::new("video", Kind::Video);
        let variants = offered(&[low, video, high, text.clone()]).unwrap();
        assert_eq!((variants.contents().len(), variants.best().uid.clone()), (1, uid("video")));
        assert_eq!(variants.companions.len(), 3);
        assert_eq!(offered(&[text]).unwrap_err().code(), "bad_reply");
        assert_eq!(offered(&[]).unwrap_err().code(), "bad_reply");
    }
}
