//! Reading what is no segment: playlists and keys.

use std::time::Duration;

use qetch_core::{Answer, Context, DownloadOptions, Error, Fragment, Result, Stop};
use tokio::time::sleep;

/// The most bytes of a playlist: as many as 100,000 segments with long links need.
const MOST_OF_PLAYLIST: usize = 64 << 20;

/// The first wait before something is asked for again; each further one is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// No wait is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Asks for playlists and keys, as often as is worth it.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    cx: Context,
    retries: u32,
    pub(super) stop: Stop,
}

impl Fetcher {
    pub(crate) fn new(cx: &Context, options: &DownloadOptions) -> Self {
        Self { cx: cx.clone(), retries: options.retries, stop: options.stop.clone() }
    }

    /// What it asks by way of.
    pub(crate) fn context(&self) -> &Context {
        &self.cx
    }

    /// The playlist that `fragment` is. What an extraction left open of it is taken over.
    pub(crate) async fn playlist(&self, fragment: &Fragment) -> Result<Answer> {
        if *fragment == Fragment::new(fragment.url.clone())
            && let Some(answer) = self.cx.take_parked(&fragment.url)
            && let Ok(answer) = answer.read(MOST_OF_PLAYLIST).await.and_then(Answer::ok)
        {
            return Ok(answer);
        }
        self.get(fragment, MOST_OF_PLAYLIST).await
    }

    /// What `fragment` is, of at most `limit` bytes.
    pub(crate) async fn get(&self, fragment: &Fragment, limit: usize) -> Result<Answer> {
        let mut failures = 0;
        loop {
            let request = fragment.request()?.with_limit(limit);
            let error = match self.cx.send(request).await.map(Answer::ok) {
                Ok(Ok(answer)) => return Ok(answer),
                // What a host asks to wait is waited for by the gate, unless that is longer than is allowed.
                Err(error @ Error::RateLimited { .. }) => return Err(error),
                Ok(Err(error)) | Err(error) => error,
            };
            if failures >= self.retries || !error.is_retryable() {
                return Err(error);
            }
            let wait = FIRST_WAIT.saturating_mul(1 << failures.min(16)).min(LONGEST_WAIT);
            failures += 1;
            tracing::debug!(%error, wait = wait.as_secs_f32(), "asking again");
            sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use qetch_core::{Cassette, Replay};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_that_asks_to_wait_is_asked_again() {
        for wait in ["retry-after: 0", "x-ratelimit-reset: 0", "x-other: 0"] {
            let list = "=== GET https://h.example/l.m3u8";
            let text = format!("# qetch cassette 1\n\n{list}\n--- 429\n{wait}\n--- 200\n\nlist\n");
            let replay = Replay::of(Cassette::parse("c", &text).unwrap());
            let cx = Context::builder().transport(replay.into()).build();
            let fetcher = Fetcher::new(&cx, &DownloadOptions::new());
            let list = Fragment::new("https://h.example/l.m3u8".parse().unwrap());
            assert_eq!(&fetcher.playlist(&list).await.unwrap().body()[..], b"list", "{wait}");
        }
    }
}
