//! A session: what `extract` and `download` share, from the wiring to the exit code.

use std::{cell::Cell, env, future::Future, path::PathBuf};

use etcetera::BaseStrategy as _;
use qetch::{AuthRegistry, AuthStore, Error, Extraction, Found, Qetch, Result, Stop, Variants};

use crate::{
    args::NetworkArguments,
    bar,
    console::Console,
    exit::{FAILED, Failure, INTERRUPTED, MISSING},
    link::Link,
};

/// A run over several URLs: each is done whatever becomes of the others, and the first failure's code is remembered.
pub(crate) struct Session {
    pub(crate) qetch: Qetch,
    pub(crate) console: Console,
    pub(crate) stop: Stop,
    code: Cell<u8>,
}

impl Session {
    pub(crate) fn new(network: &NetworkArguments, console: Console) -> Result<Self, Failure> {
        let mut builder = Qetch::builder();
        let auth = stored(&console).with_variables(variables(), builder.extractors());
        // The variable is the user's word, as an argument would be.
        builder = builder.auth(auth.map_err(|error| Failure::usage(error.to_string()))?);
        for route in &network.routes {
            builder = builder.route(&route.host, &route.origin)?;
        }
        Ok(Self::of(builder.build(), console))
    }

    pub(crate) fn of(qetch: Qetch, console: Console) -> Self {
        Self { qetch, console, stop: Stop::new(), code: Cell::new(0) }
    }

    /// Does `work` for each URL in turn, until the user or the reader of the results has enough. Answers the exit code.
    pub(crate) async fn each(
        &self,
        urls: &[String],
        mut work: impl AsyncFnMut(&Link) -> Result<(), Failure>,
    ) -> u8 {
        for url in urls {
            let done = match Link::parse(url) {
                _ if self.stop.is_asked() => Err(Error::Interrupted.into()),
                Ok(link) => work(&link).await.map_err(|failure| within(&link, failure)),
                Err(failure) => Err(failure),
            };
            let Err(failure) = done else { continue };
            let is_over = failure.code == INTERRUPTED || failure.message.is_none();
            self.fail(failure);
            if is_over {
                break;
            }
        }
        self.code.get()
    }

    /// Tells of a failure and remembers its code, if it is the first. The rest goes on.
    pub(crate) fn fail(&self, failure: Failure) {
        // An interruption ends everything, so it is what the exit code tells whatever came before.
        if self.code.get() == 0 || failure.code == INTERRUPTED {
            self.code.set(failure.code);
        }
        if let Some(message) = failure.message {
            self.console.error(&message);
        }
    }

    /// Waits for `work`, or for the user to end it.
    pub(crate) async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.stop.asked() => Err(Error::Interrupted),
            done = work => done,
        }
    }

    /// Begins to read what is behind `link`.
    pub(crate) async fn read<'a>(&'a self, link: &'a Link) -> Result<Reading<'a>, Failure> {
        let _waiting = bar::waiting(&self.console, &link.to_string());
        let extraction = self.unless_stopped(self.qetch.extract(link.url().as_str())).await?;
        Ok(Reading { session: self, link, extraction, found: false, failed: false })
    }
}

/// What is behind a link, as it is found.
pub(crate) struct Reading<'a> {
    session: &'a Session,
    link: &'a Link,
    extraction: Extraction,
    found: bool,
    failed: bool,
}

impl Reading<'_> {
    /// The next resource. Warnings and errors before it are told; where there was nothing at all, that is an error too.
    pub(crate) async fn next(&mut self) -> Result<Option<Variants>, Failure> {
        let _waiting = bar::waiting(&self.session.console, &self.link.to_string());
        loop {
            let next = async { self.extraction.next().await.transpose() };
            match self.session.unless_stopped(next).await {
                Ok(Some(Found::Variants(variants))) => {
                    self.found = true;
                    return Ok(Some(variants));
                }
                Ok(Some(Found::Warning(warning))) => {
                    self.session.console.note(&format!("{}: warning: {warning}", self.link));
                }
                Ok(Some(_)) => (),
                Ok(None) if self.found || self.failed => return Ok(None),
                Ok(None) => return Err(Failure::new(MISSING, "nothing was found there")),
                Err(Error::Interrupted) => return Err(Error::Interrupted.into()),
                // What else there is may be whole, so it is worth reading on.
                Err(error) => {
                    self.failed = true;
                    self.session.fail(within(self.link, error.into()));
                }
            }
        }
    }

    /// Whether something before went wrong.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }
}

/// `failure`, with the link it is about before its message, once.
pub(crate) fn within(link: &Link, failure: Failure) -> Failure {
    let link = link.to_string();
    let message = failure.message.map(|message| {
        let rest = message.strip_prefix(&link).and_then(|rest| rest.strip_prefix(' ')).unwrap_or(&message);
        format!("{link}: {rest}")
    });
    Failure { message, ..failure }
}

/// The credentials in the user's store. One that cannot be read is told and left: most sites want none.
fn stored(console: &Console) -> AuthRegistry {
    let loaded = store().and_then(|store| store.load().map_err(Failure::from));
    loaded.unwrap_or_else(|failure| {
        console.note(&format!("credentials are not used: {}", failure.message.unwrap_or_default()));
        AuthRegistry::new()
    })
}

/// The user's store of credentials.
pub(crate) fn store() -> Result<AuthStore, Failure> {
    let directories = etcetera::choose_base_strategy()
        .map_err(|error| Failure::new(FAILED, format!("no directory for settings: {error}")))?;
    Ok(AuthStore::new(directories.config_dir().join("qetch").join("auth.json")))
}

/// The variables of the environment that may hold credentials. Others are not looked at.
pub(crate) fn variables() -> Vec<(String, String)> {
    let ours = env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| name.starts_with("QETCH_AUTH_"))?;
        Some((name, value.to_string_lossy().into_owned()))
    });
    ours.collect()
}

/// The path of a file `name` in `directory`, as short as it can be written.
pub(crate) fn beneath(directory: &std::path::Path, name: String) -> PathBuf {
    if directory == "." { PathBuf::from(name) } else { directory.join(name) }
}
