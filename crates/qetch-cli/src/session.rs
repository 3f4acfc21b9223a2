//! A session: what `extract` and `download` share, from the wiring to the exit code.

use std::{
    env, fmt,
    future::Future,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    vec,
};

use etcetera::BaseStrategy as _;
use qetch::{
    AuthRegistry, AuthStore, Error, Extraction, Found, Items, Qetch, Result, Stop, Tape, UserHeaders,
    Variants,
};

use crate::{
    args::NetworkArguments,
    bar, cassettes,
    console::Console,
    exit::{FAILED, Failure, INTERRUPTED, MISSING, usage},
    link::Link,
    network,
};

/// A run over several URLs: each is done whatever becomes of the others, and the first failure's code is remembered.
/// Clones are one.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) qetch: Qetch,
    pub(crate) console: Console,
    pub(crate) stop: Stop,
    headers: UserHeaders,
    tape: Option<Tape>,
    code: Arc<AtomicU8>,
}

impl Session {
    pub(crate) fn new(
        network: &NetworkArguments,
        links: &[Link],
        retries: Option<u32>,
        console: Console,
    ) -> Result<Self, Failure> {
        let mut builder = Qetch::builder();
        let auth = stored(&console).with_variables(variables(), builder.extractors());
        // The variable is the user's word, as an argument would be.
        let auth = auth.map_err(|error| Failure::usage(error.to_string()))?;
        let headers = network::headers(&network.headers)?;
        let options = network::options(network, &builder)?;
        let passwords = options.iter().filter(|option| option.is_secret()).map(|option| option.value.clone());
        let passwords: Vec<_> = passwords.collect();
        let secrets = auth.secrets().map(str::to_owned).chain(headers.secrets());
        let secrets: Vec<_> = secrets.chain(passwords.iter().cloned()).collect();
        let routes = network::routes(network)?;
        let transport = match cassettes::replay(network, links, &secrets)? {
            Some(replay) => replay,
            None => Arc::new(network::transport(network, &routes)?),
        };
        builder = builder.auth(auth).transport(transport).network(network.policy);
        for route in &routes {
            builder = builder.route(&route.host, &route.origin)?;
        }
        for option in &options {
            builder = builder.option(&option.extractor, &option.name, &option.value);
        }
        if let Some(retries) = retries {
            builder = builder.retries(retries);
        }
        if let Some(connections) = network.max_per_host {
            builder = builder.max_per_host(connections.get());
        }
        if let Some(agent) = &network.user_agent {
            builder = builder.user_agent(agent).map_err(|error| usage(&error, &"--user-agent"))?;
        }
        // Begun last: a command that was used wrongly leaves nothing behind.
        let tape = cassettes::tape(network, links)?;
        if let Some(tape) = &tape {
            builder = builder.recording(tape.clone().redacting(&passwords));
        }
        let session = Self::of(builder.headers(headers.clone()).build(), console);
        Ok(Self { headers, tape, ..session })
    }

    pub(crate) fn of(qetch: Qetch, console: Console) -> Self {
        let (stop, headers, code) = (Stop::new(), UserHeaders::new(), Arc::default());
        Self { qetch, console, stop, headers, tape: None, code }
    }

    /// What asks for what is behind `link`: what was typed before its `@` and the headers that may be secrets go to its
    /// origin alone.
    pub(crate) fn qetch_for(&self, link: &Link) -> Qetch {
        self.qetch.adopt(link.url()).0.with_headers(self.headers.clone(), [link.url()])
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
            let is_over = failure.ends_all();
            self.fail(failure);
            if is_over {
                break;
            }
        }
        self.code()
    }

    /// Tells of a failure and remembers its code, if it is the first. The rest goes on.
    pub(crate) fn fail(&self, failure: Failure) {
        // An interruption ends everything, so it is what the exit code tells whatever came before. It is told once, however
        // many downloads it ends.
        if failure.code == INTERRUPTED {
            if self.code.swap(INTERRUPTED, Ordering::SeqCst) == INTERRUPTED {
                return;
            }
        } else {
            let _ = self.code.compare_exchange(0, failure.code, Ordering::SeqCst, Ordering::SeqCst);
        }
        if let Some(message) = failure.message {
            self.console.error(&message);
        }
    }

    /// Tells whether a recording is whole. Answers the exit code.
    pub(crate) fn finish(&self) -> u8 {
        if let Some(Err(error)) = self.tape.as_ref().map(Tape::check) {
            self.fail(within("--record", error.into()));
        }
        self.code()
    }

    /// The exit code so far.
    pub(crate) fn code(&self) -> u8 {
        self.code.load(Ordering::SeqCst)
    }

    /// Waits for `work`, or for the user to end it.
    pub(crate) async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.stop.asked() => Err(Error::Interrupted),
            done = work => done,
        }
    }

    /// Begins to read what is behind `link`: all of it, or the resources of these numbers.
    pub(crate) async fn read(&self, link: &Link, items: Option<&Items>) -> Result<Reading, Failure> {
        let _waiting = bar::waiting(&self.console, &link.to_string());
        let qetch = self.qetch_for(link);
        let extraction = self.unless_stopped(qetch.extract(link.url().as_str())).await?;
        let extraction = match items {
            Some(items) => extraction.only(items.clone()),
            None => extraction,
        };
        Ok(Reading::new(self, link.to_string(), Source::Site(extraction)))
    }

    /// Begins to read what was saved in the file `name`: all of it, or the resources of these numbers.
    pub(crate) fn read_saved(
        &self,
        name: String,
        resources: Vec<Result<Variants, Failure>>,
        items: Option<&Items>,
    ) -> Reading {
        let resources = match items {
            Some(items) => only(&name, resources, items),
            None => resources,
        };
        Reading::new(self, name, Source::Saved(resources.into_iter()))
    }
}

/// What is behind a link, as it is found, or what was saved of it.
pub(crate) struct Reading {
    session: Session,
    name: String,
    source: Source,
    found: bool,
    failed: bool,
}

enum Source {
    Site(Extraction),
    Saved(vec::IntoIter<Result<Variants, Failure>>),
}

impl Reading {
    fn new(session: &Session, name: String, source: Source) -> Self {
        Self { session: session.clone(), name, source, found: false, failed: false }
    }

    /// The link, or the name of the file, as it may be shown.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The next resource. Warnings and errors before it are told; where there was nothing at all, that is an error too.
    pub(crate) async fn next(&mut self) -> Result<Option<Variants>, Failure> {
        let _waiting = bar::waiting(&self.session.console, &self.name);
        loop {
            let found = match &mut self.source {
                Source::Saved(resources) => match resources.next().transpose() {
                    Ok(resource) => resource.map(Found::from),
                    Err(failure) => {
                        self.failed = true;
                        self.session.fail(failure);
                        continue;
                    }
                },
                Source::Site(extraction) => {
                    let found = tokio::select! {
                        biased;
                        // What is known already is told even so: a recording that was asked to end is all there was.
                        found = extraction.next() => found.transpose(),
                        () = self.session.stop.asked() => Err(Error::Interrupted),
                    };
                    match found {
                        Ok(found) => found,
                        Err(Error::Interrupted) => return Err(Error::Interrupted.into()),
                        // What else there is may be whole, so it is worth reading on.
                        Err(error) => {
                            self.failed = true;
                            self.session.fail(within(&self.name, error.into()));
                            continue;
                        }
                    }
                }
            };
            match found {
                Some(Found::Variants(variants)) => {
                    self.found = true;
                    return Ok(Some(variants));
                }
                Some(Found::Warning(warning)) => {
                    self.session.console.note(&format!("{}: warning: {warning}", self.name));
                }
                Some(_) => (),
                None if self.found || self.failed => return Ok(None),
                None => return Err(Failure::new(MISSING, "nothing was found there")),
            }
        }
    }

    /// Whether something before went wrong.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }
}

/// What is saved of these numbers, as [`Extraction::only`] has it of what is found.
fn only(
    name: &str,
    resources: Vec<Result<Variants, Failure>>,
    items: &Items,
) -> Vec<Result<Variants, Failure>> {
    let (mut count, mut wanted) = (0, Vec::new());
    for resource in resources {
        count += u64::from(resource.is_ok());
        if resource.is_err() || items.contains(count) {
            wanted.push(resource);
        }
    }
    if wanted.is_empty() && count > 0 {
        let there_are = if count == 1 { "there is" } else { "there are" };
        let missing = Error::not_found(format!("item {} ({there_are} only {count})", items.first()));
        wanted.push(Err(within(name, missing.into())));
    }
    wanted
}

/// `failure`, with the link it is about before its message, once.
pub(crate) fn within(link: impl fmt::Display, failure: Failure) -> Failure {
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
