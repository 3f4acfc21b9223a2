//! Making dead links anew: once for all connections that meet one.

use std::{fmt, sync::Arc};

use qetch_core::{Content, Error, Fragment, Refresh, Result};
use tokio::sync::Mutex;

/// The links of a content, as they are made anew.
pub(super) struct Links {
    refresh: Option<Arc<dyn Refresh>>,
    /// Held while a refresh is under way, so that whoever else met a dead link waits for that one.
    state: Mutex<(u32, Content)>,
}

/// How often the links of one content are made anew.
const MOST: u32 = 100;

impl Links {
    pub(super) fn new(content: &Content, refresh: Option<Arc<dyn Refresh>>) -> Self {
        Self { refresh, state: Mutex::new((0, content.clone())) }
    }

    /// The fragment at `index` as it is known now, and how often its link was made anew.
    pub(super) async fn current(&self, index: usize) -> (u32, Fragment) {
        let state = self.state.lock().await;
        (state.0, state.1.fragments[index].clone())
    }

    /// The fragment at `index` with a link that is newer than the one of `age`, and its age. `died` is what the link
    /// answers now, `status` its status.
    ///
    /// # Errors
    /// `died` where links are not made anew or are the same as before, `link_died` where the extractor that could is not
    /// there, `content_changed` where the content has other fragments by now, and those of the refresh.
    pub(super) async fn renew(
        &self,
        index: usize,
        age: u32,
        status: u16,
        died: Error,
    ) -> Result<(u32, Fragment)> {
        let mut state = self.state.lock().await;
        let (now, content) = &*state;
        let stale = &content.fragments[index];
        if *now > age {
            return Ok((*now, stale.clone()));
        }
        let Some(refresh) = &self.refresh else {
            if content.extractor.is_empty() {
                return Err(died);
            }
            let reason = format!(
                "the extractor `{}`, which would make it anew, is not in this build; extract {} again",
                content.extractor,
                qetch_core::shown(&content.source)
            );
            return Err(Error::link_died(&stale.url, status, reason));
        };
        if *now >= MOST {
            return Err(Error::link_died(&stale.url, status, format!("it was made anew {MOST} times")));
        }
        tracing::info!(uid = content.uid, status, "the link has died: extracting again");
        let fresh = refresh.refresh(content).await?;
        let is_alike = fresh.uid == content.uid
            && fresh.fragments.len() == content.fragments.len()
            && fresh.fragments.iter().zip(&content.fragments).all(|(fresh, stale)| {
                (fresh.range, &fresh.method, &fresh.body) == (stale.range, &stale.method, &stale.body)
                    && (fresh.size.is_none() || stale.size.is_none() || fresh.size == stale.size)
            });
        if !is_alike {
            return Err(Error::content_changed(&content.source, "its fragments are others now"));
        }
        if fresh.fragments[index] == *stale {
            return Err(died);
        }
        let fragment = fresh.fragments[index].clone();
        *state = (now + 1, fresh);
        Ok((state.0, fragment))
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").field("can_renew", &self.refresh.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use qetch_core::{ByteRange, Kind, Url};

    use super::*;

    struct Numbered(AtomicU32, fn(u32) -> Content);

    #[async_trait]
    impl Refresh for Numbered {
        async fn refresh(&self, _: &Content) -> Result<Content> {
            tokio::task::yield_now().await;
            Ok((self.1)(self.0.fetch_add(1, Ordering::Relaxed) + 1))
        }
    }

    fn content(number: u32) -> Content {
        let url = |name: &str| Url::parse(&format!("https://h.example/{name}?{number}")).unwrap();
        let fragments = [Fragment::new(url("a")), Fragment::new(url("b"))];
        let mut content = Content::new("u", Kind::Video, url("page"), fragments);
        content.extractor = "frogs".into();
        content
    }

    fn links(fresh: fn(u32) -> Content) -> Links {
        Links::new(&content(0), Some(Arc::new(Numbered(AtomicU32::new(0), fresh))))
    }

    fn died() -> Error {
        Error::gone("it")
    }

    #[tokio::test]
    async fn one_refresh_is_for_all_who_met_the_same_link() {
        let links = links(content);
        let (a, b) = tokio::join!(links.renew(0, 0, 403, died()), links.renew(1, 0, 403, died()));
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!((a.0, a.1.url.as_str()), (1, "https://h.example/a?1"));
        assert_eq!((b.0, b.1.url.as_str()), (1, "https://h.example/b?1"));
        assert_eq!(links.renew(0, 1, 403, died()).await.unwrap().1.url.as_str(), "https://h.example/a?2");
    }

    #[tokio::test]
    async fn what_cannot_be_made_anew_is_told() {
        let code = async |links: &Links| links.renew(0, 0, 403, died()).await.unwrap_err().code();
        assert_eq!(code(&links(|_| content(0))).await, "gone", "the same link again");
        assert_eq!(code(&Links::new(&content(0), None)).await, "link_died");
        let other = links(|number| {
            let mut content = content(number);
            content.fragments.pop();
            content
        });
        assert_eq!(code(&other).await, "content_changed");
        let elsewhere = links(|number| {
            let mut content = content(number);
            content.fragments[0].range = ByteRange::new(5, 5);
            content
        });
        assert_eq!(code(&elsewhere).await, "content_changed");
    }
}
