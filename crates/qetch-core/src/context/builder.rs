//! `ContextBuilder`: the settings of a context.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http::HeaderValue;

use super::{Context, Options, Scope, Shared, memory::Memory};
use crate::{
    AuthRegistry, Error, Limits, NetworkPolicy, RateLimit, Result, Routes, UserHeaders,
    auth::TokenCache,
    hosts::{Hosts, Task},
    parked::Parked,
    transport::{Live, Recorder, Routed, Tape, Transport},
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
    retries: u32,
    user_agent: Option<String>,
    rate_limit: Option<RateLimit>,
    headers: UserHeaders,
    network: NetworkPolicy,
    limits: Limits,
    tape: Option<Tape>,
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
            retries: 3,
            user_agent: None,
            rate_limit: None,
            headers: UserHeaders::new(),
            network: NetworkPolicy::default(),
            limits: Limits::new(),
            tape: None,
        }
    }

    /// What carries the requests; the network itself unless set.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Writes all that is asked and answered to `tape`: requests as they were made, whatever routes they take. What
    /// the credentials and the headers of the user's own hold is redacted.
    pub fn recording(mut self, tape: Tape) -> Self {
        self.tape = Some(tape);
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

    /// How often a link is asked for again, to find out who knows it, when the answer fails in a way that may pass; 3 unless
    /// set. Downloads have [retries](crate::DownloadOptions::retries) of their own.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The longest wait that a host may ask for; 60 s unless set. A longer one is
    /// [`RateLimited`](crate::Error::RateLimited).
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// How every request introduces itself, whatever an extractor or a saved content says; unless set as qetch, or as the
    /// extractor has to.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) where no header can hold it, or where it is empty.
    pub fn user_agent(mut self, agent: impl Into<String>) -> Result<Self> {
        let agent = agent.into();
        if agent.trim().is_empty() || HeaderValue::try_from(agent.as_str()).is_err() {
            let reason = "it is empty, or has characters that no header can hold";
            return Err(Error::invalid("the user agent", reason));
        }
        self.user_agent = Some(agent);
        Ok(self)
    }

    /// Headers of the user's own, for every request. Those that may be secrets go nowhere before
    /// [`Context::with_headers`] says where they may; none unless set.
    pub fn headers(mut self, headers: UserHeaders) -> Self {
        self.headers = headers;
        self
    }

    /// Where requests may go: [`NetworkPolicy::Origin`] unless set.
    pub fn network(mut self, policy: NetworkPolicy) -> Self {
        self.network = policy;
        self
    }

    /// How much of what strangers send is taken, and how far it leads: the defaults of [`Limits`] unless set.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The rate of all downloads together; none unless set.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// The context, working for no extractor yet.
    pub fn build(self) -> Context {
        let transport = self.transport.unwrap_or_else(|| Arc::new(Live::new()));
        let transport: Arc<dyn Transport> = match self.routes.is_empty() {
            true => transport,
            false => Arc::new(Routed::new(self.routes.clone(), transport)),
        };
        let transport: Arc<dyn Transport> = match self.tape {
            Some(tape) => {
                let tape = tape.redacting(self.auth.secrets()).redacting(self.headers.secrets());
                Arc::new(Recorder::new(tape, transport))
            }
            None => transport,
        };
        let shared = Shared {
            transport,
            routes: self.routes,
            network: self.network,
            limits: self.limits,
            hosts: Hosts::new(self.max_per_host, self.longest_wait),
            retries: self.retries,
            parked: Parked::default(),
            tokens: TokenCache::default(),
            auth: self.auth,
            options: self.options,
            user_agent: self.user_agent,
            rate_limit: self.rate_limit,
            turns: Mutex::default(),
            memory: Memory::default(),
        };
        let headers = Some((self.headers, Vec::new())).filter(|(headers, _)| !headers.is_empty());
        let scope = Scope { headers, ..Scope::default() };
        Context { shared: Arc::new(shared), scope: Arc::new(scope), task: Task::default() }
    }
}
