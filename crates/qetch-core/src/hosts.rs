//! `Hosts`: how many connections each host gives, and the waits it asks for, over everything one context does.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use url::Url;

use crate::{Error, Result, lock::lock, transport::Lane};

/// Hosts that are remembered before those that nothing uses are let go.
const REMEMBERED: usize = 1024;

/// The hosts of a context.
#[derive(Debug)]
pub(crate) struct Hosts {
    cap: usize,
    longest_wait: Duration,
    table: Mutex<HashMap<HostKey, Arc<Host>>>,
}

/// What counts as one host: scheme, host and port, as the URL names them, whatever route is taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HostKey(String);

impl HostKey {
    pub(crate) fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }
}

#[derive(Debug)]
struct Host {
    /// All connections to the host.
    any: Arc<Semaphore>,
    /// Those that media may take: one less, so that an extractor never waits for a download to end, unless one is
    /// all there is.
    media: Arc<Semaphore>,
    paused_until: Mutex<Option<Instant>>,
    /// How many stand in line.
    waiting: AtomicUsize,
}

/// One who stands in line, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct InLine(Arc<Host>);

impl Drop for InLine {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The right to use one connection to a host; it is given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _any: OwnedSemaphorePermit,
    _media: Option<OwnedSemaphorePermit>,
}

impl Hosts {
    /// Hosts that give `cap` connections each, and may ask to wait for `longest_wait`.
    pub(crate) fn new(cap: usize, longest_wait: Duration) -> Self {
        Self { cap: cap.clamp(1, Semaphore::MAX_PERMITS), longest_wait, table: Mutex::default() }
    }

    /// A permit, if one is free now.
    pub(crate) fn try_permit(&self, key: &HostKey, lane: Lane) -> Option<Permit> {
        let host = self.host(key);
        let media = match lane {
            Lane::Media => Some(host.media.clone().try_acquire_owned().ok()?),
            Lane::Metadata => None,
        };
        Some(Permit { _any: host.any.clone().try_acquire_owned().ok()?, _media: media })
    }

    /// Stands in line for a permit.
    pub(crate) fn stand_in_line(&self, key: &HostKey) -> InLine {
        let host = self.host(key);
        host.waiting.fetch_add(1, Ordering::SeqCst);
        InLine(host)
    }

    /// Whether anyone stands in line.
    pub(crate) fn has_line(&self, key: &HostKey) -> bool {
        self.host(key).waiting.load(Ordering::SeqCst) > 0
    }

    /// A permit, when it is our turn.
    pub(crate) async fn permit(&self, key: &HostKey, lane: Lane) -> Result<Permit> {
        let host = self.host(key);
        let closed =
            |error: tokio::sync::AcquireError| Error::unexpected("a closed host", Some(error.into()));
        let media = match lane {
            Lane::Media => Some(host.media.clone().acquire_owned().await.map_err(closed)?),
            Lane::Metadata => None,
        };
        Ok(Permit { _any: host.any.clone().acquire_owned().await.map_err(closed)?, _media: media })
    }

    /// Notes that the host asks everyone to wait.
    pub(crate) fn pause(&self, key: &HostKey, wait: Duration) {
        let host = self.host(key);
        let mut paused_until = lock(&host.paused_until);
        // A wait past what the clock can tell is a year, which nobody waits either.
        let until = Instant::now() + wait.min(Duration::from_secs(365 * 86_400));
        *paused_until = Some(until).max(*paused_until);
    }

    /// Waits as long as the host asked for.
    pub(crate) async fn wait(&self, key: &HostKey, url: &Url) -> Result<()> {
        let host = self.host(key);
        loop {
            let paused_until = *lock(&host.paused_until);
            let Some(left) = paused_until.and_then(|until| until.checked_duration_since(Instant::now()))
            else {
                return Ok(());
            };
            if left.is_zero() {
                return Ok(());
            }
            if left > self.longest_wait {
                return Err(Error::rate_limited(crate::error::host_of(url), Some(left)));
            }
            tracing::info!(host = %key.0, seconds = left.as_secs_f32(), "waiting as the host asks");
            tokio::time::sleep(left).await;
        }
    }

    fn host(&self, key: &HostKey) -> Arc<Host> {
        let mut table = lock(&self.table);
        if table.len() >= REMEMBERED && !table.contains_key(key) {
            table.retain(|_, host| Arc::strong_count(host) > 1 || host.matters(self.cap));
        }
        let new = || {
            let (any, media) = (self.cap, self.cap.saturating_sub(1).max(1));
            Arc::new(Host {
                any: Arc::new(Semaphore::new(any)),
                media: Arc::new(Semaphore::new(media)),
                paused_until: Mutex::default(),
                waiting: AtomicUsize::new(0),
            })
        };
        table.entry(key.clone()).or_insert_with(new).clone()
    }
}

impl Host {
    /// Whether forgetting it would forget something: a connection in use, or a wait.
    fn matters(&self, cap: usize) -> bool {
        self.any.available_permits() < cap
            || lock(&self.paused_until).is_some_and(|until| until > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn media_leaves_one_connection_for_metadata() {
        let hosts = Hosts::new(3, Duration::ZERO);
        let key = HostKey::of(&url("https://h.example/a"));
        let media: Vec<_> = std::iter::from_fn(|| hosts.try_permit(&key, Lane::Media)).collect();
        assert_eq!(media.len(), 2);
        let metadata = hosts.try_permit(&key, Lane::Metadata);
        assert!(metadata.is_some() && hosts.try_permit(&key, Lane::Metadata).is_none());
        drop(media);
        assert!(hosts.try_permit(&key, Lane::Media).is_some());
    }

    #[test]
    fn a_cap_of_one_is_one_connection_in_all() {
        let hosts = Hosts::new(1, Duration::ZERO);
        let key = HostKey::of(&url("https://h.example/"));
        let media = hosts.try_permit(&key, Lane::Media);
        assert!(media.is_some() && hosts.try_permit(&key, Lane::Metadata).is_none());
    }

    #[test]
    fn scheme_host_and_port_make_a_host() {
        let same = |a, b| HostKey::of(&url(a)) == HostKey::of(&url(b));
        assert!(same("https://h.example/a", "https://h.example:443/b?c"));
        assert!(!same("https://h.example/", "http://h.example/"));
        assert!(!same("https://h.example/", "https://h.example:444/"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everyone_and_a_long_one_is_an_error() {
        let hosts = Hosts::new(2, Duration::from_secs(60));
        let url = url("https://h.example/");
        let key = HostKey::of(&url);
        hosts.pause(&key, Duration::from_secs(5));
        hosts.pause(&key, Duration::from_secs(2));
        let start = Instant::now();
        hosts.wait(&key, &url).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 5);

        hosts.pause(&key, Duration::from_secs(61));
        assert_eq!(hosts.wait(&key, &url).await.unwrap_err().code(), "rate_limited");
    }

    #[test]
    fn hosts_that_nothing_uses_are_forgotten() {
        let hosts = Hosts::new(2, Duration::ZERO);
        let busy = HostKey("busy".into());
        let permit = hosts.try_permit(&busy, Lane::Media);
        for number in 0..REMEMBERED * 2 {
            hosts.try_permit(&HostKey(number.to_string()), Lane::Media);
        }
        let table = lock(&hosts.table);
        assert!(table.len() <= REMEMBERED && table.contains_key(&busy) && permit.is_some());
    }
}
