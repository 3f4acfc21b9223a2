//! Names and their addresses: looked up in one place, which gives only those that may be connected to.

use std::{
    collections::HashMap,
    error::Error as StdError,
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::{Instant, timeout};

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

/// How long what was looked up is used again: the name that a person gave is judged, and connected to right after.
const FRESH: Duration = Duration::from_secs(5);

/// How long a name that had no address here is not looked up again for a proxy.
const UNKNOWN: Duration = Duration::from_secs(60);

/// How long a look-up for a proxy may take: where names are known to the proxy alone, each would wait for nothing.
const LONGEST: Duration = Duration::from_secs(1);

/// So many names are remembered at most.
const MOST: usize = 256;

/// Looks names up, and gives the addresses that a floor admits. Clones share what they know.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    resolver: Arc<dyn Resolver>,
    recent: Arc<Mutex<Recent>>,
    /// Names that had no address here, or none in time, and since when.
    unknown: Arc<Mutex<HashMap<String, Instant>>>,
}

/// What was looked up, and when.
type Recent = HashMap<String, (Instant, Vec<IpAddr>)>;

impl Names {
    pub(crate) fn new(resolver: Arc<dyn Resolver>) -> Self {
        Self { resolver, recent: Arc::default(), unknown: Arc::default() }
    }

    /// All addresses of `name`, of which there is one at least.
    pub(crate) async fn look_up(&self, name: &str) -> Result<Vec<IpAddr>, NoName> {
        if is_of_this_machine(name) {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
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

    /// The addresses of `name`, none where it has none here or where that takes long: for a name that somebody else looks up as
    /// well, and that nobody here may know.
    pub(crate) async fn known(&self, name: &str) -> Vec<IpAddr> {
        let is_unknown = |since: &Instant| since.elapsed() < UNKNOWN;
        if lock(&self.unknown).get(name).is_some_and(is_unknown) {
            return Vec::new();
        }
        if let Ok(Ok(addresses)) = timeout(LONGEST, self.look_up(name)).await {
            return addresses;
        }
        let mut unknown = lock(&self.unknown);
        unknown.retain(|_, since| is_unknown(since));
        if unknown.len() < MOST {
            unknown.insert(name.to_owned(), Instant::now());
        }
        Vec::new()
    }

    /// The addresses of `name` that `floor` admits.
    pub(crate) async fn admitted(&self, name: &str, floor: Floor) -> Result<Vec<IpAddr>, NotGiven> {
        let all = self.look_up(name).await.map_err(NotGiven::NoName)?;
        let is_admitted = |address: &IpAddr| floor.admits(AddressClass::of(*address));
        let admitted: Vec<_> = all.iter().copied().filter(is_admitted).collect();
        if admitted.is_empty() {
            let class = AddressClass::most_public(&all).unwrap_or(AddressClass::Public);
            return Err(NotGiven::Denied(Denied { name: name.to_owned(), class }));
        }
        Ok(admitted)
    }
}

/// Whether `name` is `localhost` or beneath it: such names are of this machine wherever they are looked up, and no server is asked
/// for them (RFC 6761, section 6.3).
pub(crate) fn is_of_this_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// Gives these answers in turn, and nothing after them.
    #[derive(Debug)]
    struct Turns(Mutex<VecDeque<&'static [&'static str]>>);

    fn names(answers: &[&'static [&'static str]]) -> Names {
        Names::new(Arc::new(Turns(Mutex::new(answers.iter().copied().collect()))))
    }

    #[async_trait]
    impl Resolver for Turns {
        async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            let answer = lock(&self.0).pop_front().ok_or(io::ErrorKind::NotFound)?;
            Ok(answer.iter().map(|address| address.parse().unwrap()).collect())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_looked_up_is_used_again_for_a_moment() {
        let names = names(&[&["1.1.1.1"], &["127.0.0.1"]]);
        assert_eq!(names.look_up("n").await.unwrap().len(), 1);
        tokio::time::advance(FRESH - Duration::from_millis(1)).await;
        assert_eq!(names.clone().admitted("n", Floor::PUBLIC).await.unwrap().len(), 1);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(matches!(names.admitted("n", Floor::PUBLIC).await, Err(NotGiven::Denied(_))));
        tokio::time::advance(FRESH).await;
        assert!(matches!(names.admitted("n", Floor::ANY).await, Err(NotGiven::NoName(_))));
    }

    #[tokio::test]
    async fn of_several_addresses_those_are_given_that_are_admitted() {
        let all = ["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1111"];
        let names = names(&[&["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1111"]]);
        assert_eq!(names.look_up("n").await.unwrap().len(), all.len());
        let given = async |floor| {
            let given = names.admitted("n", floor).await.unwrap();
            given.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(given(Floor::PUBLIC).await, ["1.1.1.1", "2606:4700::1111"]);
        assert_eq!(given(Floor::of(AddressClass::Private)).await, ["10.0.0.1", "1.1.1.1", "2606:4700::1111"]);
        assert_eq!(given(Floor::ANY).await, all);
    }

    #[tokio::test]
    async fn names_of_this_machine_are_asked_of_nobody() {
        for name in ["localhost", "LOCALHOST.", "a.b.localhost"] {
            let addresses = names(&[]).look_up(name).await.unwrap();
            assert!(addresses.iter().all(IpAddr::is_loopback), "{name}");
        }
        assert!(names(&[]).look_up("localhost.example").await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_is_not_known_here_is_not_looked_up_for_each_request() {
        let names = names(&[&[], &["1.1.1.1"]]);
        assert!(names.known("n").await.is_empty());
        assert!(names.known("n").await.is_empty(), "it would be known by now");
        tokio::time::advance(UNKNOWN).await;
        assert_eq!(names.known("n").await.len(), 1);
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_none() {
        assert!(names(&[&[]]).look_up("n").await.is_err());
    }
}
