//! `ContextBuilder`: the settings of a context.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{Context, Options, Shared};
use crate::{
    AuthRegistry, Routes,
    auth::TokenCache,
    hosts::{Hosts, Task},
    parked::Parked,
    transport::{Live, Routed, Transport},
};

/// Settings of a [`Context`].
#[derive(Debug)]
#[must_use]
pub struct ContextBuilder {
    transport: Option<Arc<dyn Transport>>,
    routes: Routes,
    auth: AuthRegistry,
    options: Options,
    max_per_host: usize,
    longest_wait: Duration,
}

impl ContextBuilder {
    pub(super) fn new() -> Self {
        Self {
            transport: None,
            routes: Routes::new(),
            auth: AuthRegistry::new(),
            options: Options::new(),
            max_per_host: 10,
            longest_wait: Duration::from_secs(60),
        }
    }

    /// What carries the requests; the network itself unless set.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Which origin is asked in place of which host; none unless set.
    pub fn routes(mut self, routes: Routes) -> Self {
        self.routes = routes;
        self
    }

    /// The credentials; none unless set.
    pub fn auth(mut self, auth: AuthRegistry) -> Self {
        self.auth = auth;
        self
    }

    /// Sets an option of an extractor.
    pub fn option(mut self, extractor: &str, name: &str, value: &str) -> Self {
        self.options.entry(extractor.to_owned()).or_default().insert(name.to_owned(), value.to_owned());
        self
    }

    /// The most connections to one host over everything this context does; 10 unless set, at least 1.
    pub fn max_per_host(mut self, connections: usize) -> Self {
        self.max_per_host = connections;
        self
    }

    /// The longest wait that a host may ask for; 60 s unless set. A longer one is
    /// [`RateLimited`](crate::Error::RateLimited).
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// The context, working for no extractor yet.
    pub fn build(self) -> Context {
        let transport = self.transport.unwrap_or_else(|| Arc::new(Live::new()));
        let transport: Arc<dyn Transport> =
            if self.routes.is_empty() { transport } else { Arc::new(Routed::new(self.routes, transport)) };
        let shared = Shared {
            transport,
            hosts: Hosts::new(self.max_per_host, self.longest_wait),
            parked: Parked::default(),
            tokens: TokenCache::default(),
            auth: self.auth,
            options: self.options,
            turns: Mutex::default(),
        };
        Context { shared: Arc::new(shared), scope: Arc::default(), task: Task::default() }
    }
}
