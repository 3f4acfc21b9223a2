//! `Download` and `Downloads`: several at once, their results as they end.

use std::{
    fmt,
    path::PathBuf,
    pin::Pin,
    task::{Context as TaskContext, Poll},
};

use futures_util::{Stream, StreamExt as _, stream};
use qetch_core::{Content, DownloadOptions, Report, Result, Target};

use crate::Qetch;

/// One of several downloads: what, where to, and how. A pair of a content and a path is one.
#[derive(Clone, Debug)]
#[must_use]
pub struct Download {
    content: Content,
    to: Target,
    options: Option<DownloadOptions>,
}

impl Download {
    /// `content`, to `to`, done as the others are.
    pub fn new(content: Content, to: Target) -> Self {
        Self { content, to, options: None }
    }

    /// Has it done in its own way: with a hook of its own, say.
    pub fn with_options(mut self, options: DownloadOptions) -> Self {
        self.options = Some(options);
        self
    }
}

impl<P: Into<PathBuf>> From<(Content, P)> for Download {
    fn from((content, path): (Content, P)) -> Self {
        Self::new(content, Target::file(path))
    }
}

/// The results of several downloads, as they end: see [`Qetch::download_many`].
#[must_use = "downloads do nothing unless they are read"]
pub struct Downloads {
    stream: Pin<Box<dyn Stream<Item = (Content, Result<Report>)> + Send>>,
}

impl Downloads {
    pub(crate) fn new(
        qetch: Qetch,
        downloads: impl Iterator<Item = Download> + Send + 'static,
        at_once: usize,
        options: DownloadOptions,
    ) -> Self {
        let each = move |download: Download| {
            let (qetch, common) = (qetch.clone(), options.clone());
            async move {
                let Download { content, to, options } = download;
                let result = qetch.download_to(&content, &to, &options.unwrap_or(common)).await;
                (content, result)
            }
        };
        // Of none at once nothing would ever end.
        let stream = stream::iter(downloads).map(each).buffer_unordered(at_once.max(1));
        Self { stream: Box::pin(stream) }
    }

    /// The next one that ended, with its result; `None` when all have.
    pub async fn next(&mut self) -> Option<(Content, Result<Report>)> {
        self.stream.next().await
    }
}

impl Stream for Downloads {
    type Item = (Content, Result<Report>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.stream.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Downloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Downloads")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::testing::{content, qetch};

    #[tokio::test(start_paused = true)]
    async fn results_come_as_they_end_and_one_failure_stops_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (qetch, scribe) = qetch();
        let uids = ["a90", "b20bad", "c50", "d10", "e1"];
        let downloads = uids.map(|uid| (content(uid), directory.path().join(uid)));
        let mut downloads = qetch.download_many(downloads, 3, &DownloadOptions::new());
        let mut ended = Vec::new();
        while let Some((content, result)) = downloads.next().await {
            assert_eq!(result.is_err(), content.uid.ends_with("bad"), "{result:?}");
            ended.push(content.uid);
        }
        // `d` begins when `b` has failed, `e` when `d` has ended.
        assert_eq!(ended, ["b20bad", "d10", "e1", "c50", "a90"]);
        assert_eq!(scribe.most.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn dropping_it_cancels_what_has_not_ended() {
        let directory = tempfile::tempdir().unwrap();
        let (qetch, scribe) = qetch();
        let downloads = ["a1", "b50", "c50"].map(|uid| (content(uid), directory.path().join(uid)));
        let mut downloads = qetch.download_many(downloads, 0, &DownloadOptions::new());
        assert_eq!(downloads.next().await.unwrap().0.uid, "a1");
        drop(downloads);
        assert_eq!(scribe.now.load(Ordering::SeqCst), 0);
        tokio::time::sleep(std::time::Duration::from_secs(9)).await;
        assert!(!directory.path().join("b50").exists());
    }

    #[tokio::test(start_paused = true)]
    async fn one_may_be_done_in_its_own_way() {
        let (qetch, _) = qetch();
        let own =
            Download::new(content("a1"), Target::pieces("nowhere")).with_options(DownloadOptions::auto());
        let mut downloads = qetch.download_many([own], 1, &DownloadOptions::new());
        assert_eq!(downloads.next().await.unwrap().1.unwrap_err().code(), "unsupported");
        assert!(downloads.next().await.is_none());
    }

    #[test]
    fn it_can_be_sent() {
        fn assert<T: Send + 'static>() {}
        assert::<Downloads>();
    }
}
