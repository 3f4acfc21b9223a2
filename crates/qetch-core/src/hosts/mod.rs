//! `Hosts`: how many connections each host gives, and the waits it asks for, over everything one context does.

mod line;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::Instant;
use url::Url;

use self::line::Host;
pub(crate) use self::line::{Permit, Task, Ticket, Waits};
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
        // The serialization of its origin (URL Standard, section 5), which for each request is worth writing at once.
        let (scheme, host) = (url.scheme(), url.host_str().unwrap_or_default());
        let mut key = String::with_capacity(scheme.len() + host.len() + "://:65535".len());
        key.extend([scheme, "://", host]);
        if let Some(port) = url.port() {
            key.push(':');
            key.push_str(&port.to_string());
        }
        Self(key)
    }
}

impl Hosts {
    /// The most connections that media get of one host: one is kept for what sites are asked, where there are several.
    pub(crate) fn most_for_media(&self) -> usize {
        self.cap.saturating_sub(1).max(1)
    }

    /// Hosts that give `cap` connections each, and may ask to wait for `longest_wait`.
    pub(crate) fn new(cap: usize, longest_wait: Duration) -> Self {
        Self { cap: cap.max(1), longest_wait, table: Mutex::default() }
    }

    /// Stands in line for a connection, in the name of `task`.
    pub(crate) fn line_up(&self, key: &HostKey, task: &Task, lane: Lane) -> Ticket {
        self.host(key).line_up(task, lane)
    }

    /// Notes that the host asks everyone to wait.
    pub(crate) fn pause(&self, key: &HostKey, wait: Duration) {
        // A wait past what the clock can tell is a year, which nobody waits either.
        self.host(key).pause(Instant::now() + wait.min(Duration::from_secs(365 * 86_400)));
    }

    /// Notes that the host complains of too many requests, while the connection of that answer is still held.
    pub(crate) fn complain(&self, key: &HostKey) {
        self.host(key).complain();
    }

    /// Waits as long as the host asked for, on behalf of one request that has `waited` for it so far; what `waits` gives is
    /// held meanwhile.
    pub(crate) async fn wait<W>(
        &self,
        key: &HostKey,
        url: &Url,
        waits: impl Fn() -> W,
        waited: &mut Duration,
    ) -> Result<()> {
        let host = self.host(key);
        while let Some(left) = host.paused_for() {
            // A host that asks for more again and again comes to the same end.
            if waited.saturating_add(left) > self.longest_wait {
                return Err(Error::rate_limited(crate::error::host_of(url), Some(left)));
            }
            tracing::info!(host = %key.0, seconds = left.as_secs_f32(), "waiting as the host asks");
            let _waits = waits();
            tokio::time::sleep(left).await;
            *waited += left;
        }
        Ok(())
    }

    fn host(&self, key: &HostKey) -> Arc<Host> {
        let mut table = lock(&self.table);
        if table.len() >= REMEMBERED && !table.contains_key(key) {
            table.retain(|_, host| Arc::strong_count(host) > 1 || host.matters());
        }
        table.entry(key.clone()).or_insert_with(|| Arc::new(Host::new(self.cap))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn try_permit(hosts: &Hosts, key: &HostKey, lane: Lane) -> Option<Permit> {
        hosts.line_up(key, &Task::default(), lane).try_take()
    }

    #[test]
    fn media_leaves_one_connection_for_metadata() {
        let hosts = Hosts::new(3, Duration::ZERO);
        let key = HostKey::of(&url("https://h.example/a"));
        let media: Vec<_> = std::iter::from_fn(|| try_permit(&hosts, &key, Lane::Media)).collect();
        assert_eq!(media.len(), 2);
        let metadata = try_permit(&hosts, &key, Lane::Metadata);
        assert!(metadata.is_some() && try_permit(&hosts, &key, Lane::Metadata).is_none());
        drop(media);
        assert!(try_permit(&hosts, &key, Lane::Media).is_some());
    }

    #[test]
    fn a_cap_of_one_is_one_connection_in_all() {
        let hosts = Hosts::new(1, Duration::ZERO);
        let key = HostKey::of(&url("https://h.example/"));
        let media = try_permit(&hosts, &key, Lane::Media);
        assert!(media.is_some() && try_permit(&hosts, &key, Lane::Metadata).is_none());
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
        let (task, mut waited) = (Task::default(), Duration::ZERO);
        {
            let mut wait = std::pin::pin!(hosts.wait(&key, &url, || task.waits(), &mut waited));
            assert!(
                tokio::time::timeout(Duration::from_secs(1), &mut wait).await.is_err() && task.is_waiting()
            );
            wait.await.unwrap();
        }
        assert_eq!((start.elapsed().as_secs(), waited.as_secs(), task.is_waiting()), (5, 5, false));

        hosts.pause(&key, Duration::from_secs(61));
        let error = hosts.wait(&key, &url, || task.waits(), &mut Duration::default()).await.unwrap_err();
        assert_eq!(error.code(), "rate_limited");
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_asks_for_more_again_and_again_is_not_waited_for_longer() {
        let hosts = std::sync::Arc::new(Hosts::new(2, Duration::from_secs(60)));
        let url = url("https://h.example/");
        let key = HostKey::of(&url);
        hosts.pause(&key, Duration::from_secs(25));
        let (again, same) = (hosts.clone(), key.clone());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(20)).await;
                again.pause(&same, Duration::from_secs(25));
            }
        });
        let start = Instant::now();
        match hosts.wait(&key, &url, || (), &mut Duration::default()).await.unwrap_err() {
            Error::RateLimited { retry_after: Some(left), .. } => assert!(left > Duration::from_secs(10)),
            other => panic!("{other:?}"),
        }
        assert!(start.elapsed() <= Duration::from_secs(60), "{:?}", start.elapsed());
    }

    #[test]
    fn hosts_that_nothing_uses_are_forgotten() {
        let hosts = Hosts::new(2, Duration::ZERO);
        let busy = HostKey("busy".into());
        let permit = try_permit(&hosts, &busy, Lane::Media);
        for number in 0..REMEMBERED * 2 {
            try_permit(&hosts, &HostKey(number.to_string()), Lane::Media);
        }
        let table = lock(&hosts.table);
        assert!(table.len() <= REMEMBERED && table.contains_key(&busy) && permit.is_some());
    }
}
