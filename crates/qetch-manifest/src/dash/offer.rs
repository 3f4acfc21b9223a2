//! What a presentation offers: its renditions, with names that stay the same.

use std::collections::{HashMap, HashSet};

use qetch_core::{Error, Kind, Result};

use super::{counterpart::counterpart, presentation::Presentation, representation::Representation};
use crate::Rendition;

/// The most renditions that a manifest may offer.
const MOST: usize = 1000;

/// The group of renditions that have the sound of videos.
const SOUND: &str = "audio";

/// The group of those that have their subtitles.
const CAPTIONS: &str = "subtitles";

/// What a presentation offers.
#[derive(Debug, Default)]
pub(super) struct Offer {
    pub(super) renditions: Vec<Rendition>,
    /// Where each of them is first, as positions: of the period, and in it.
    pub(super) first: Vec<(usize, usize)>,
}

impl Offer {
    /// The renditions of `presentation`: the representations of its first period, and of each later one those that go on
    /// with none of an earlier one.
    pub(super) fn new(presentation: &Presentation) -> Result<Self> {
        let mut first = Vec::new();
        for (at, period) in presentation.periods.iter().enumerate() {
            let others = &period.representations;
            let taken: HashSet<_> = first
                .iter()
                .filter_map(|&place| counterpart(at_place(presentation, place)?, others))
                .map(std::ptr::from_ref)
                .collect();
            let fresh = others.iter().enumerate().filter(|(_, it)| !taken.contains(&std::ptr::from_ref(*it)));
            let fresh: Vec<_> = fresh.map(|(index, _)| (at, index)).collect();
            if first.len() + fresh.len() > MOST {
                return Err(Error::over_limit("the manifest", format!("{MOST} renditions")));
            }
            first.extend(fresh);
        }
        let mut offer = Self::default();
        let ids = ids(presentation, &first);
        for (place, id) in first.into_iter().zip(ids) {
            // Without an id of its own nothing tells it from another: whoever asks for one gets the first.
            if let (Some(id), Some(representation)) = (id, at_place(presentation, place)) {
                offer.renditions.push(rendition(id, representation));
                offer.first.push(place);
            }
        }
        offer.relate(presentation);
        Ok(offer)
    }

    /// Says of each what belongs to it, and which is taken where nobody chooses.
    fn relate(&mut self, presentation: &Presentation) {
        let count = |kind| self.renditions.iter().filter(|it| it.kind == kind).count();
        let (videos, sounds, captions) = (count(Kind::Video), count(Kind::Audio), count(Kind::Text));
        for (rendition, &place) in self.renditions.iter_mut().zip(&self.first) {
            let (group, alike) = match rendition.kind {
                Kind::Audio => (Some(SOUND), sounds),
                Kind::Text => (Some(CAPTIONS), captions),
                _ => (None, videos),
            };
            rendition.group = group.map(str::to_owned);
            rendition.is_default |= alike == 1;
            if rendition.kind == Kind::Video {
                let is_silent = at_place(presentation, place).is_some_and(|it| !it.has_sound);
                rendition.sound = (is_silent && sounds > 0).then(|| SOUND.to_owned());
                rendition.captions = (captions > 0).then(|| CAPTIONS.to_owned());
            }
        }
    }
}

fn at_place(presentation: &Presentation, (period, index): (usize, usize)) -> Option<&Representation> {
    presentation.periods.get(period)?.representations.get(index)
}

fn rendition(id: String, one: &Representation) -> Rendition {
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    let mut rendition = Rendition::new(id, one.kind);
    rendition.content_type = text(&one.content_type);
    rendition.codecs = text(&one.codecs);
    rendition.width = one.width;
    rendition.height = one.height;
    rendition.fps = one.fps;
    rendition.bitrate = Some(one.bandwidth).filter(|&it| it > 0);
    rendition.language = text(&one.language);
    rendition.name = text(&one.name);
    rendition.is_default = one.is_main;
    rendition
}

/// The id of each of those that are first there: that of the manifest where it is the only one in its period, else one made
/// of what the representation is. `None` for one that nothing tells from another.
fn ids(presentation: &Presentation, first: &[(usize, usize)]) -> Vec<Option<String>> {
    let mut counts = HashMap::<_, usize>::new();
    for (at, one) in presentation.representations() {
        *counts.entry((at, &one.id)).or_default() += 1;
    }
    let own = |place: (usize, usize)| {
        let one = at_place(presentation, place)?;
        let id = one.id.as_deref()?;
        (counts.get(&(place.0, &one.id)) == Some(&1)).then(|| id.to_owned())
    };
    let mut used: HashSet<String> = HashSet::new();
    let mut ids: Vec<_> =
        first.iter().map(|&place| own(place).filter(|id| used.insert(id.clone()))).collect();
    // What is made of the same in the same way is not told apart by it, so it is made of more.
    for is_detailed in [false, true] {
        let made: Vec<_> =
            first.iter().map(|&place| Some(made(at_place(presentation, place)?, is_detailed))).collect();
        let mut alike = HashMap::<_, usize>::new();
        for made in ids.iter().zip(&made).filter_map(|(id, made)| made.as_ref().filter(|_| id.is_none())) {
            *alike.entry(made.clone()).or_default() += 1;
        }
        for (id, made) in ids.iter_mut().zip(made) {
            if id.is_none()
                && let Some(made) = made
                && (is_detailed || alike.get(&made) == Some(&1))
                && used.insert(made.clone())
            {
                *id = Some(made);
            }
        }
    }
    ids
}

/// An id made of kind, language, height and bandwidth, and of role, type and codecs where those do not do.
fn made(one: &Representation, is_detailed: bool) -> String {
    let kind = match one.kind {
        Kind::Audio => "audio",
        Kind::Text => "text",
        _ => "video",
    };
    let mut parts = vec![kind.to_owned()];
    parts.extend(one.language.as_deref().map(str::to_ascii_lowercase));
    parts.extend(one.height.map(|height| format!("{height}p")));
    parts.push(one.bandwidth.to_string());
    if is_detailed {
        let more = [&one.role, &one.content_type, &one.codecs, &one.name];
        parts.extend(more.into_iter().flatten().map(|it| it.replace('/', "-")));
    }
    parts.join("-")
}
