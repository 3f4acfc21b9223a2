//! `Extraction::only`: some of the resources that are found, by their numbers.

use futures_util::stream;

use super::{Extraction, Found};
use crate::{Error, Items, Result};

impl Extraction {
    /// The resources of these numbers alone; 1 is the first that is found. As soon as nothing later can be wanted it ends, and
    /// no further page is asked for.
    ///
    /// Warnings and errors pass, and do not count. What is behind a hand-off counts as the resources it leads to, so the registry
    /// follows those that stand before the last that is wanted.
    ///
    /// Where there are fewer resources than the first that is wanted, a [`NotFound`](Error::NotFound) at the end says how many,
    /// unless an error before it left that unknown.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use qetch_core::{Content, Extraction, Kind, Url};
    ///
    /// let url = Url::parse("https://pond.example/p/7").unwrap();
    /// let frogs = ["a", "b", "c"].map(|uid| Content::new(uid, Kind::Image, url.clone(), []).into());
    /// let mut extraction = Extraction::of(frogs).only("2-".parse().unwrap());
    /// assert_eq!(extraction.next_variants().await.unwrap().unwrap().best().uid, "b");
    /// # });
    /// ```
    pub fn only(self, items: Items) -> Self {
        let pages = self.pages.clone();
        let wanted = Wanted { extraction: Some(self), items, count: 0, is_settled: false };
        let stream = stream::unfold(wanted, |mut wanted| async move {
            let found = wanted.next().await?;
            Some((found, wanted))
        });
        Self { pages, ..Self::from_stream(stream) }
    }
}

/// What is wanted of an extraction, as far as it is read.
struct Wanted {
    /// Gone once nothing more is wanted of it.
    extraction: Option<Extraction>,
    items: Items,
    /// How many resources came.
    count: u64,
    /// Whether there is nothing to say at the end: one was wanted, or an error stands for others.
    is_settled: bool,
}

impl Wanted {
    async fn next(&mut self) -> Option<Result<Found>> {
        loop {
            let Some(found) = self.extraction.as_mut()?.next().await else {
                self.extraction = None;
                return self.missing().map(Err);
            };
            match &found {
                Ok(Found::Variants(_)) => self.count += 1,
                Ok(_) => return Some(found),
                Err(_) => {
                    self.is_settled = true;
                    return Some(found);
                }
            }
            if self.items.is_past(self.count + 1) {
                self.extraction = None;
            }
            if self.items.contains(self.count) {
                self.is_settled = true;
                return Some(found);
            }
        }
    }

    /// What is said where resources came and none of them was wanted.
    fn missing(&self) -> Option<Error> {
        let there_are = match self.count {
            0 => return None,
            1 => "there is only 1".to_owned(),
            count => format!("there are only {count}"),
        };
        let missing = || Error::not_found(format!("item {} ({there_are})", self.items.first()));
        (!self.is_settled).then(missing)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use futures_util::StreamExt as _;

    use super::*;
    use crate::{Content, Kind, Page, Url, Warning};

    fn content(uid: String) -> Found {
        Content::new(uid, Kind::Image, Url::parse("https://pond.example/").unwrap(), []).into()
    }

    /// Three resources a page, behind a warning, for four pages; how many pages were asked for stands beside it.
    fn pond() -> (Extraction, Arc<AtomicU32>) {
        fn page(number: u32) -> Page<u32> {
            let frogs = (1..=3).map(|frog| content((3 * (number - 1) + frog).to_string()));
            let warning = Found::from(Warning::new(format!("page {number}")));
            Page::new([warning].into_iter().chain(frogs), (number < 4).then_some(number + 1))
        }
        let asked = Arc::new(AtomicU32::new(1));
        let count = asked.clone();
        let extraction = Extraction::paged(page(1), move |number| {
            count.store(number, Ordering::SeqCst);
            async move { Ok(page(number)) }
        });
        (extraction, asked)
    }

    /// All that comes: uids, warnings, and the messages of errors.
    async fn all(mut extraction: Extraction) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(found) = extraction.next().await {
            all.push(match found {
                Ok(Found::Variants(variants)) => variants.best().uid.clone(),
                Ok(Found::Warning(warning)) => warning.message,
                Ok(other) => panic!("{other:?}"),
                Err(error) => error.to_string(),
            });
        }
        assert!(extraction.next().await.is_none(), "it goes on after its end");
        all
    }

    async fn check(items: &str, expected: &[&str], pages: u32) {
        let (extraction, asked) = pond();
        assert_eq!(all(extraction.only(items.parse().unwrap())).await, expected, "{items}");
        assert_eq!(asked.load(Ordering::SeqCst), pages, "{items}");
    }

    #[tokio::test]
    async fn no_page_is_asked_for_past_the_last_that_is_wanted() {
        check("1", &["page 1", "1"], 1).await;
        check("3,2", &["page 1", "2", "3"], 1).await;
        check("4", &["page 1", "page 2", "4"], 2).await;
        check("2,6-7", &["page 1", "2", "page 2", "6", "page 3", "7"], 3).await;
        check("11-", &["page 1", "page 2", "page 3", "page 4", "11", "12"], 4).await;
    }

    #[tokio::test]
    async fn fewer_than_the_first_that_is_wanted_are_an_error_that_says_how_many() {
        let missing = "item 40 (there are only 12) was not found";
        check("40-", &["page 1", "page 2", "page 3", "page 4", missing], 4).await;
        check("12,40-", &["page 1", "page 2", "page 3", "page 4", "12"], 4).await;
        let one = Extraction::of([content("a".into())]).only("2".parse().unwrap());
        assert_eq!(all(one).await, ["item 2 (there is only 1) was not found"]);
        assert_eq!(all(Extraction::of([]).only("2".parse().unwrap())).await, [""; 0]);
    }

    #[tokio::test]
    async fn errors_pass_and_do_not_count() {
        let found = || {
            [Err(Error::gone("x")), Ok(content("a".into())), Err(Error::gone("y")), Ok(content("b".into()))]
        };
        let only =
            |items: &str| all(Extraction::from_stream(stream::iter(found())).only(items.parse().unwrap()));
        assert_eq!(only("2").await, ["x is gone", "y is gone", "b"]);
        assert_eq!(only("1").await, ["x is gone", "a"]);
        // How many there are is not known.
        assert_eq!(only("9").await, ["x is gone", "y is gone"]);
    }

    #[tokio::test]
    async fn what_is_not_read_any_more_is_dropped_at_once() {
        let held = Arc::new(());
        let guard = held.clone();
        let found = stream::iter(["a", "b"]).map(move |uid| {
            let _ = &guard;
            Ok(content(uid.to_owned()))
        });
        let mut extraction = Extraction::from_stream(found).only("1".parse().unwrap());
        assert!(extraction.next().await.is_some());
        assert_eq!(Arc::strong_count(&held), 1, "it is held though nothing more is wanted of it");
    }

    #[tokio::test]
    async fn its_pages_are_counted_as_before() {
        let (extraction, _) = pond();
        let extraction = extraction.only("1-".parse().unwrap());
        extraction.count_among(&Arc::new(crate::pages::Pages::new(2))).unwrap();
        let all = all(extraction).await;
        assert_eq!(all.last().map(String::as_str), Some("the number of pages is over the limit of 2"));
        assert_eq!(all.len(), 9);
    }
}
