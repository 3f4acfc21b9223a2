//! Names and their addresses: looked up in one place, which gives only those that may be connected to.

use std::{
    collections::HashMap,
    error::Error as StdError,
    fmt, io,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{AddressClass, Floor};
use crate::{Error, lock::lock};

/// Looks names up. Set another one with [`LiveBuilder::resolver`](crate::LiveBuilder::resolver): for tests, or to ask a
/// server of one's own.
#[async_trait]
pub trait Resolver: fmt::Debug + Send + Sync + 'static {
    /// The addresses of `name`, in the order in which they are to be tried.
    ///
    /// # Errors
    /// Whatever went wrong; also where there is no such name.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// How long what was looked up is used again: the name that a person gave is judged, and connected to right after.
const FRESH: Duration = Duration::from_secs(5);

/// So many names are remembered at most.
const MOST: usize = 256;

/// Looks names up, and gives the addresses that a floor admits. Clones share what they know.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    resolver: Arc<dyn Resolver>,
    recent: Arc<Mutex<Recent>>,
}

/// What was looked up, and when.
type Recent = HashMap<String, (Instant, Vec<IpAddr>)>;

impl Names {
    pub(crate) fn new(resolver: Arc<dyn Resolver>) -> Self {
        Self { resolver, recent: Arc::default() }
    }

    /// All addresses of `name`, of which there is one at least.
    pub(crate) async fn look_up(&self, name: &str) -> Result<Vec<IpAddr>, NoName> {
        let now = Instant::now();
        if let Some((since, addresses)) = lock(&self.recent).get(name)
            && now.duration_since(*since) < FRESH
        {
            return Ok(addresses.clone());
        }
        let no_name = |cause| NoName { name: name.to_owned(), cause };
        let addresses = self.resolver.resolve(name).await.map_err(|error| no_name(Some(error)))?;
        if addresses.is_empty() {
            return Err(no_name(None));
        }
        let mut recent = lock(&self.recent);
        recent.retain(|_, (since, _)| now.duration_since(*since) < FRESH);
        if recent.len() < MOST {
            recent.insert(name.to_owned(), (now, addresses.clone()));
        }
        Ok(addresses)
    }

    /// The class of the most public address of `name`: under its floor the others are not connected to.
    pub(crate) async fn class(&self, name: &str) -> Result<AddressClass, NoName> {
        let addresses = self.look_up(name).await?;
        Ok(addresses.into_iter().map(AddressClass::of).min().unwrap_or(AddressClass::Public))
    }

    /// The addresses of `name` that `floor` admits.
    pub(crate) async fn admitted(&self, name: &str, floor: Floor) -> Result<Vec<IpAddr>, NotGiven> {
        let all = self.look_up(name).await.map_err(NotGiven::NoName)?;
        let class = all.iter().copied().map(AddressClass::of).min().unwrap_or(AddressClass::Public);
        let admitted: Vec<_> =
            all.into_iter().filter(|address| floor.admits(AddressClass::of(*address))).collect();
        if admitted.is_empty() {
            return Err(NotGiven::Denied(Denied { name: name.to_owned(), class }));
        }
        Ok(admitted)
    }
}

/// Why no address is given for a name.
#[derive(Debug)]
pub(crate) enum NotGiven {
    NoName(NoName),
    Denied(Denied),
}

impl From<NotGiven> for crate::BoxError {
    fn from(why: NotGiven) -> Self {
        match why {
            NotGiven::NoName(no_name) => no_name.into(),
            NotGiven::Denied(denied) => denied.into(),
        }
    }
}

/// A name without an address.
#[derive(Debug)]
pub(crate) struct NoName {
    pub(crate) name: String,
    cause: Option<io::Error>,
}

impl fmt::Display for NoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address for this name")
    }
}

impl StdError for NoName {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_ref().map(|error| error as _)
    }
}

/// A name none of whose addresses may be connected to.
#[derive(Debug)]
pub(crate) struct Denied {
    name: String,
    class: AddressClass,
}

impl Denied {
    /// The error that it is.
    pub(crate) fn error(&self) -> Error {
        Error::egress_denied(&self.name, self.class.to_string())
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it has {}", self.class)
    }
}

impl StdError for Denied {}
