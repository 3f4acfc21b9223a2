//! `Memory`: what extractors remember of the places where they were recognised.

use std::{any::Any, collections::VecDeque, fmt, sync::Arc, sync::Mutex, time::Duration};

use tokio::time::Instant;
use url::Url;

use super::{Context, Owner};
use crate::lock::lock;

/// Places that are remembered at once, over all extractors. The oldest gives way.
const AT_ONCE: usize = 256;

/// How long: software moves.
const LASTS: Duration = Duration::from_secs(60 * 60);

/// What is remembered, oldest first.
#[derive(Default)]
pub(super) struct Memory(Mutex<VecDeque<Remembered>>);

struct Remembered {
    extractor: String,
    place: Url,
    owner: Owner,
    since: Instant,
    what: Arc<dyn Any + Send + Sync>,
}

impl Remembered {
    /// Whether it is of the place that `url` is at.
    fn is_at(&self, extractor: &str, url: &Url, owner: &Owner) -> bool {
        self.extractor == extractor
            && url.path().starts_with(self.place.path())
            && url.origin() == self.place.origin()
            && self.owner == *owner
            && self.since.elapsed() < LASTS
    }
}

/// Shows how much there is: places may be anyone's.
impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Memory").field(&lock(&self.0).len()).finish()
    }
}

impl Context {
    /// Remembers, for the extractor it works for, what was found out of `place`: of every URL of that origin whose path begins
    /// as that of `place` does. From then on such URLs of which it says [`Perhaps`](crate::Claim::Perhaps) are its without
    /// a first answer, for an hour, unless somebody says yes. Choose a place that is the software's own: `/wiki/`, not `/`.
    ///
    /// What is remembered is seen by whoever asks with the same credentials and headers of the user's own. The oldest is let go
    /// where there is too much.
    pub fn remember<T: Any + Send + Sync>(&self, place: &Url, what: T) {
        let mut places = lock(&self.shared.memory.0);
        places.retain(|it| it.since.elapsed() < LASTS);
        let (extractor, owner) = (self.name().to_owned(), self.owner(place));
        places.retain(|it| it.place != *place || it.extractor != extractor || it.owner != owner);
        if places.len() >= AT_ONCE {
            places.pop_front();
        }
        let what = Arc::new(what);
        places.push_back(Remembered { extractor, place: place.clone(), owner, since: Instant::now(), what });
    }

    /// What the extractor it works for [remembered](Context::remember) of the place that `url` is at: the latest of several.
    pub fn remembered<T: Any + Send + Sync>(&self, url: &Url) -> Option<Arc<T>> {
        self.remembers(self.name(), url)?.downcast().ok()
    }

    /// What `extractor` remembers of the place that `url` is at.
    pub(crate) fn remembers(&self, extractor: &str, url: &Url) -> Option<Arc<dyn Any + Send + Sync>> {
        let places = lock(&self.shared.memory.0);
        if places.is_empty() {
            return None;
        }
        let owner = self.owner(url);
        let found = places.iter().rfind(|it| it.is_at(extractor, url, &owner));
        found.map(|it| it.what.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExtractorInfo;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn what_is_remembered_is_of_one_extractor_and_one_place() {
        let cx = Context::new();
        let (frogs, toads) =
            (cx.scoped(&ExtractorInfo::new("frogs", "")), cx.scoped(&ExtractorInfo::new("toads", "")));
        frogs.remember(&url("https://h.example/wiki/"), 7_u8);
        let check = |cx: &Context, link: &str, expected: Option<u8>| {
            assert_eq!(cx.remembered::<u8>(&url(link)).as_deref().copied(), expected, "{link}");
        };
        check(&frogs, "https://h.example/wiki/A?b#c", Some(7));
        check(&toads, "https://h.example/wiki/A", None);
        check(&frogs, "https://h.example/w/A", None);
        check(&frogs, "http://h.example/wiki/A", None);
        check(&frogs, "https://h.example:8443/wiki/A", None);
        check(&frogs, "https://else.example/wiki/A", None);
        assert_eq!(frogs.remembered::<u16>(&url("https://h.example/wiki/A")), None);
        frogs.remember(&url("https://h.example/wiki/"), 8_u8);
        check(&frogs, "https://h.example/wiki/A", Some(8));
        assert_eq!(format!("{:?}", cx.shared.memory), "Memory(1)");
    }

    #[test]
    fn what_a_credential_showed_is_not_remembered_for_others() {
        let frogs = Context::new().scoped(&ExtractorInfo::new("frogs", ""));
        let (mine, bare) = frogs.adopt(&url("https://me:pw@h.example/wiki/"));
        mine.remember(&bare, ());
        assert!(mine.remembered::<()>(&bare).is_some());
        assert!(frogs.remembered::<()>(&bare).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_in_number_and_in_time() {
        let frogs = Context::new().scoped(&ExtractorInfo::new("frogs", ""));
        let place = |number: usize| url(&format!("https://h{number}.example/wiki/"));
        for number in 0..=AT_ONCE {
            frogs.remember(&place(number), number);
        }
        assert!(frogs.remembered::<usize>(&place(0)).is_none());
        assert_eq!(frogs.remembered::<usize>(&place(AT_ONCE)).as_deref(), Some(&AT_ONCE));
        assert!(frogs.remembered::<usize>(&place(1)).is_some());
        tokio::time::advance(LASTS).await;
        assert!(frogs.remembered::<usize>(&place(1)).is_none());
    }
}
