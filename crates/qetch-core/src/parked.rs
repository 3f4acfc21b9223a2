//! Open answers that an extraction leaves behind for the download that follows it.

use std::{sync::Mutex, time::Duration};

use tokio::time::Instant;
use url::Url;

use crate::{OpenAnswer, context::Owner, hosts::HostKey, lock::lock};

/// Answers that wait at once, over all hosts.
const AT_ONCE: usize = 8;

/// How long one may wait: origins close connections that nobody reads.
const PATIENCE: Duration = Duration::from_secs(20);

/// A download that follows at all has come by then.
pub(crate) const FOLLOWS: Duration = Duration::from_millis(250);

/// The parked answers of a context, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Parked(Mutex<Vec<Waiting>>);

#[derive(Debug)]
struct Waiting {
    url: Url,
    owner: Owner,
    since: Instant,
    answer: OpenAnswer,
}

impl Waiting {
    fn is_for(&self, url: &Url, owner: &Owner) -> bool {
        self.url == *url && self.owner == *owner
    }
}

impl Parked {
    /// Keeps the open answer to a plain GET of `url`.
    pub(crate) fn park(&self, url: &Url, owner: Owner, answer: OpenAnswer) {
        let mut waiting = lock(&self.0);
        waiting.retain(|it| !it.is_for(url, &owner) && it.since.elapsed() < PATIENCE);
        if waiting.len() >= AT_ONCE {
            waiting.remove(0);
        }
        waiting.push(Waiting { url: url.clone(), owner, since: Instant::now(), answer });
    }

    /// The open answer to a plain GET of `url`.
    pub(crate) fn take(&self, url: &Url, owner: &Owner) -> Option<OpenAnswer> {
        let mut waiting = lock(&self.0);
        waiting.retain(|it| it.since.elapsed() < PATIENCE);
        let position = waiting.iter().position(|it| it.is_for(url, owner))?;
        Some(waiting.remove(position).answer)
    }

    /// Lets go of those that hold a connection to this host, and were parked for longer than a download takes to follow:
    /// someone who will use it is waiting.
    pub(crate) fn give_way(&self, key: &HostKey) {
        let is_new = |it: &Waiting| it.since.elapsed() < FOLLOWS;
        lock(&self.0).retain(|it| is_new(it) || HostKey::of(it.answer.url()) != *key);
    }
}
