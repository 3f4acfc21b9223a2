//! The first answer to a link, by which its extractor is recognised.

use std::{sync::Arc, time::Duration};

use url::Url;

use super::Context;
use crate::{Answer, Error, OpenAnswer, Request, Result};

/// Half the wait before a link is asked for again; each further wait is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How much of a page is read to recognise it.
const PAGE_BYTES: usize = 64 << 10;

/// How much of anything else: signatures stand at the very beginning.
const MEDIA_BYTES: usize = 1 << 10;

/// What a link answers first.
pub(crate) enum First {
    /// A success, of which the rest is parked.
    Answer(Answer),
    /// An answer that says there is nothing for us, and the error that it is where nobody knows better.
    Refusal(Answer, Error),
}

impl Context {
    /// The first answer to a plain GET of `url`: the one by which the registry found the extractor, or else fetched
    /// now. Its body holds the first bytes alone; the rest stays parked for a download that follows, and an extractor
    /// that finds no file in it lets go of it by [`take_parked`](Context::take_parked).
    ///
    /// # Errors
    /// What [`Error::status`] makes of a status that is no success, and those of [`open`](Context::open).
    pub async fn first_answer(&self, url: &Url) -> Result<Arc<Answer>> {
        match &self.scope.first_answer {
            Some((from, answer)) if from == url => Ok(answer.clone()),
            _ => self.fetch_first(url).await.map(Arc::new),
        }
    }

    /// The whole answer to a plain GET of `url`, of at most `limit` bytes: the first one, read on to its end, or another where
    /// that waited too long or someone else has it.
    ///
    /// ```
    /// # async fn pond(cx: &qetch_core::Context, url: &qetch_core::Url) -> qetch_core::Result<String> {
    /// let first = cx.first_answer(url).await?;
    /// assert!(first.body().starts_with(b"<pond>"));
    /// Ok(cx.whole_answer(url, 1 << 20).await?.ok()?.text())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`read`](OpenAnswer::read) and of [`send`](Context::send).
    pub async fn whole_answer(&self, url: &Url, limit: usize) -> Result<Answer> {
        match self.take_parked(url) {
            Some(open) => open.read(limit).await,
            None => self.send(Request::get(url.clone()).with_limit(limit)).await,
        }
    }

    /// The first answer, asked for again while it fails in a way that may pass, and the error that it is where it is no
    /// success. What a host asks to wait is waited for by the gate.
    async fn open_first(&self, url: &Url) -> Result<(OpenAnswer, Option<Error>)> {
        let mut failures = 0;
        loop {
            let (refusal, error) = match self.open(Request::media(url.clone())).await {
                Ok(open) => match open.check() {
                    Ok(()) => return Ok((open, None)),
                    Err(error) => (Some(open), error),
                },
                Err(error) => (None, error),
            };
            if !error.is_retryable() || failures >= self.shared.retries {
                return match refusal {
                    Some(open) => Ok((open, Some(error))),
                    None => Err(error),
                };
            }
            drop(refusal);
            failures += 1;
            let wait = FIRST_WAIT.saturating_mul(1 << failures.min(7));
            tracing::debug!(%error, wait = wait.as_secs_f32(), "asking again");
            tokio::time::sleep(wait).await;
        }
    }

    /// Fetches the first answer to a plain GET of `url` and parks the rest of it.
    pub(crate) async fn fetch_first(&self, url: &Url) -> Result<Answer> {
        match self.fetch_first_or_refusal(url).await? {
            First::Answer(answer) => Ok(answer),
            First::Refusal(_, error) => Err(error),
        }
    }

    /// As [`fetch_first`](Self::fetch_first), with the page of a refusal, of which nothing is parked.
    pub(crate) async fn fetch_first_or_refusal(&self, url: &Url) -> Result<First> {
        let (open, error) = self.open_first(url).await?;
        let error = match error {
            Some(error) if !matches!(open.status(), 401 | 403 | 404 | 410) => return Err(error),
            other => other,
        };
        let is_page =
            open.media_type().is_none_or(|it| matches!(it.as_str(), "text/html" | "application/xhtml+xml"));
        let (answer, open) = open.peek(if is_page { PAGE_BYTES } else { MEDIA_BYTES }).await?;
        if let Some(error) = error {
            return Ok(First::Refusal(answer, error));
        }
        self.shared.parked.park(url, self.owner(url), open);
        Ok(First::Answer(answer))
    }
}
