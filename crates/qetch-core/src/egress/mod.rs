//! Where requests may go: the network policy, and what it makes of the URL that a person gave.

mod class;
mod names;

use std::{fmt, net::IpAddr, str::FromStr};

use url::{Host, Url};

pub(crate) use self::names::{Denied, Names, NoName, is_of_this_machine};
pub use self::{class::AddressClass, names::Resolver};
use crate::{Error, Result};

/// Where requests may go. It is held on every request and every hop: redirects, hand-offs, playlists, segments, keys and links
/// made anew. IP addresses in a URL are judged before anything is sent, names by the addresses that are connected to.
///
/// ```
/// use qetch_core::{Context, NetworkPolicy};
///
/// let cx = Context::builder().network(NetworkPolicy::PublicOnly).build();
/// assert_eq!("public".parse::<NetworkPolicy>().unwrap(), NetworkPolicy::PublicOnly);
/// # let _ = cx;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkPolicy {
    /// Public addresses alone, whatever URL is given: for servers that take URLs from strangers.
    PublicOnly,
    /// What a person gave may lead to anything that is at least as public as it is itself, and to nothing less public: a link to
    /// a private network works, and a public page leads nowhere within.
    #[default]
    Origin,
    /// Anything. For people who know where their links lead.
    Any,
}

impl NetworkPolicy {
    /// Every policy, the strictest first.
    pub const ALL: [Self; 3] = [Self::PublicOnly, Self::Origin, Self::Any];

    /// What it is called in arguments and settings: `public`, `origin` or `any`.
    pub fn name(self) -> &'static str {
        match self {
            Self::PublicOnly => "public",
            Self::Origin => "origin",
            Self::Any => "any",
        }
    }
}

impl fmt::Display for NetworkPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for NetworkPolicy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::invalid(
                format!("the network policy `{}`", text.escape_debug()),
                format!("there is {names}"),
            )
        })
    }
}

/// How public the addresses must be that a request leads to: the class of the URL that a person gave. A transport keeps what
/// it knows and holds by floor: a connection that was opened under one is never used under another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Floor {
    /// The least public class that is admitted; none where everything is.
    class: Option<AddressClass>,
    /// Whether nobody else may look a name up.
    is_strict: bool,
}

impl Floor {
    /// Anything is admitted.
    pub const ANY: Self = Self { class: None, is_strict: false };

    /// Public addresses alone are admitted.
    pub const PUBLIC: Self = Self { class: Some(AddressClass::Public), is_strict: false };

    /// Public addresses alone are admitted, and a proxy that looks names up itself is not believed.
    pub const PUBLIC_ONLY: Self = Self { class: Some(AddressClass::Public), is_strict: true };

    /// That of a URL which leads to an address of this class.
    pub fn of(class: AddressClass) -> Self {
        Self { class: Some(kin(class)), is_strict: false }
    }

    /// Whether a proxy that looks names up itself is not believed.
    pub(crate) fn is_strict(self) -> bool {
        self.is_strict
    }

    /// Whether an address of this class may be connected to: one that is at least as public. What is no place in that order,
    /// such as a cloud's metadata, is reached by those alone who named it.
    ///
    /// ```
    /// use qetch_core::{AddressClass, Floor};
    ///
    /// let home = Floor::of(AddressClass::Private);
    /// assert!(home.admits(AddressClass::Public) && home.admits(AddressClass::Private));
    /// assert!(!home.admits(AddressClass::Loopback) && !home.admits(AddressClass::Metadata));
    /// ```
    pub fn admits(self, class: AddressClass) -> bool {
        let Some(floor) = self.class else { return true };
        match kin(class) {
            AddressClass::Public => true,
            AddressClass::Private => {
                matches!(floor, AddressClass::Private | AddressClass::LinkLocal | AddressClass::Loopback)
            }
            AddressClass::LinkLocal => matches!(floor, AddressClass::LinkLocal | AddressClass::Loopback),
            other => floor == other,
        }
    }

    /// Judges the host of `url` if it is an IP address, in whatever spelling it was given; names are judged when they are
    /// looked up.
    ///
    /// # Errors
    /// [`EgressDenied`](Error::EgressDenied).
    pub fn judge(self, url: &Url) -> Result<()> {
        address(url).map_or(Ok(()), |address| self.check(url.host_str().unwrap_or_default(), address))
    }

    /// Refuses `address`, which is one of `host`, unless it is admitted.
    pub(crate) fn check(self, host: &str, address: IpAddr) -> Result<()> {
        let class = AddressClass::of(address);
        if self.admits(class) { Ok(()) } else { Err(Error::egress_denied(host, class.to_string())) }
    }
}

/// The class that stands for all that cannot be told apart by what leads to them: they are one floor, and have one pool of
/// connections.
fn kin(class: AddressClass) -> AddressClass {
    match class {
        AddressClass::Shared | AddressClass::UniqueLocal => AddressClass::Private,
        AddressClass::Unspecified => AddressClass::Loopback,
        other => other,
    }
}

/// The IP address that is the host of `url`, in whatever spelling: a URL of `http` or `https` has it in one alone once it is
/// parsed (URL Standard, section 3.5).
pub(crate) fn address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_to_what_is_less_public() {
        use AddressClass::*;
        let all = [
            Public,
            Shared,
            Private,
            UniqueLocal,
            LinkLocal,
            Loopback,
            Unspecified,
            Multicast,
            Reserved,
            Metadata,
        ];
        let admitted =
            |floor| all.into_iter().filter(|class| Floor::of(floor).admits(*class)).collect::<Vec<_>>();
        let private = [Public, Shared, Private, UniqueLocal];
        assert_eq!(admitted(Public), [Public]);
        for floor in [Shared, Private, UniqueLocal] {
            assert_eq!(admitted(floor), private);
        }
        assert_eq!(admitted(LinkLocal), [&private[..], &[LinkLocal]].concat());
        for floor in [Loopback, Unspecified] {
            assert_eq!(admitted(floor), [&private[..], &[LinkLocal, Loopback, Unspecified]].concat());
        }
        for floor in [Multicast, Reserved, Metadata] {
            assert_eq!(admitted(floor), [Public, floor]);
        }
        assert!(all.into_iter().all(|class| Floor::ANY.admits(class)));
    }

    #[test]
    fn an_address_is_judged_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "017700000001",
            "0177.0.0.1",
            "127.0.0.1.",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "127。0。0。1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:0:0:1]",
            "0.0.0.0",
            "0",
            "[::]",
            "[2002:7f00:1::]",
            "[64:ff9b::127.0.0.1]",
            "169.254.169.254",
            "0xa9fea9fe",
            "[fd00:ec2::254]",
            "10.0.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "[fe80::1]",
        ] {
            let url = Url::parse(&format!("http://{host}/")).unwrap();
            let error = Floor::PUBLIC.judge(&url).expect_err(host);
            assert_eq!(error.code(), "egress_denied", "{host}");
            assert!(Floor::ANY.judge(&url).is_ok());
        }
        for host in ["1.1.1.1", "example.org", "localhost", "[2606:4700::1111]"] {
            assert!(Floor::PUBLIC.judge(&Url::parse(&format!("http://{host}/")).unwrap()).is_ok(), "{host}");
        }
    }

    #[test]
    fn policies_have_names() {
        for policy in NetworkPolicy::ALL {
            assert_eq!(policy.to_string().parse::<NetworkPolicy>().unwrap(), policy);
        }
        assert_eq!("open".parse::<NetworkPolicy>().unwrap_err().code(), "invalid");
    }
}
