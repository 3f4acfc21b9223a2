//! `Proxy`: another host that requests are sent through, and which hosts are asked without it.

use std::{fmt, net::IpAddr, str::FromStr};

use url::Url;

use crate::{AuthKind, Error, Result, shown::strip};

/// A proxy: `http://`, `https://`, `socks5://` or `socks5h://`, with `user:password@` where it wants a login. Of a `socks5`
/// proxy's hosts the names are looked up here, of a `socks5h` proxy's there. It is the operator's word: where it stands
/// is never judged.
///
/// A port that is not given is 80, 443 or, for SOCKS, 1080; a text without a scheme means `http://`.
///
/// ```
/// use qetch_core::Proxy;
///
/// let proxy: Proxy = "socks5h://me:s3cret@proxy.example".parse().unwrap();
/// assert_eq!(proxy.to_string(), "socks5h://proxy.example:1080");
/// assert_eq!("ftp://proxy.example".parse::<Proxy>().unwrap_err().code(), "invalid");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Url);

impl Proxy {
    const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

    /// Whether the way to the proxy itself is encrypted.
    pub(super) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether it speaks HTTP, and so passes on an `http` request as it is.
    pub(super) fn is_http(&self) -> bool {
        matches!(self.0.scheme(), "http" | "https")
    }

    /// Whether it is told names, and looks them up itself.
    pub(super) fn looks_names_up(&self) -> bool {
        self.0.scheme() != "socks5"
    }

    /// Whether it is there so that nobody else is told names.
    pub(super) fn hides_names(&self) -> bool {
        self.0.scheme() == "socks5h"
    }

    /// Its URL, with its login.
    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// Its host, as URLs write it.
    pub(super) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The error of a proxy that wants a login, or another one.
    pub(super) fn wants_login(&self) -> Error {
        Error::login_required(format!("the proxy {self}"), [AuthKind::Basic])
    }
}

impl FromStr for Proxy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // What was given is not repeated: it may hold a password.
        let invalid = |reason: String| Error::invalid("the proxy", reason);
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let mut url = Url::parse(&with_scheme).map_err(|error| invalid(error.to_string()))?;
        if !Self::SCHEMES.contains(&url.scheme()) {
            return Err(invalid(format!(
                "its scheme is `{}`; there is {}",
                url.scheme(),
                Self::SCHEMES.join(", ")
            )));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(invalid("it has no host".to_owned()));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it must be like http://127.0.0.1:3128, without a path".to_owned()));
        }
        if url.port().is_none() && url.scheme().starts_with("socks") {
            // It fails for URLs without a host alone.
            let _ = url.set_port(Some(1080));
        }
        Ok(Self(url))
    }
}

/// Without its login.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bare = self.0.clone();
        strip(&mut bare);
        let port = bare.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
        write!(f, "{}://{}{port}", bare.scheme(), bare.host_str().unwrap_or_default())
    }
}

/// Without its login.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// Which proxy stands before which host.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies {
    pub(super) http: Option<Proxy>,
    pub(super) https: Option<Proxy>,
    /// Hosts that are asked without one.
    pub(super) without: Vec<Without>,
}

impl Proxies {
    /// Whether one of them stands at this host.
    pub(super) fn stand_at(&self, host: &str) -> bool {
        [&self.http, &self.https].into_iter().flatten().any(|proxy| proxy.host().eq_ignore_ascii_case(host))
    }

    /// The proxy for requests to this host by this scheme.
    pub(super) fn find(&self, scheme: &str, host: &str) -> Option<&Proxy> {
        let proxy = if scheme == "https" { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !self.without.iter().any(|without| without.covers(host)))
    }
}

/// Hosts that are asked without a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Without {
    All,
    /// This name and all beneath it.
    Domain(String),
    /// The addresses that begin with so many bits of this one.
    Network(IpAddr, u32),
}

impl Without {
    /// What one entry of a list means; nothing for an empty one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let address = text.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = address.parse::<IpAddr>() {
            return Some(Self::Network(address, bits(address)));
        }
        if let Some((address, prefix)) = text.split_once('/')
            && let (Ok(address), Ok(prefix)) = (address.parse::<IpAddr>(), prefix.parse::<u32>())
            && prefix <= bits(address)
        {
            return Some(Self::Network(address, prefix));
        }
        match text.trim_start_matches("*.").trim_matches('.') {
            "*" => Some(Self::All),
            "" => None,
            domain => Some(Self::Domain(domain.to_owned())),
        }
    }

    fn covers(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches([']', '.']);
        match (self, host.parse::<IpAddr>()) {
            (Self::All, _) => true,
            (Self::Network(network, prefix), Ok(address)) => {
                bits(*network) == bits(address)
                    && first_bits(*network, *prefix) == first_bits(address, *prefix)
            }
            (Self::Domain(domain), Err(_)) => {
                let before = host.to_ascii_lowercase();
                let before = before.strip_suffix(domain.as_str());
                before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
            }
            _ => false,
        }
    }
}

fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// So many bits of the beginning of an address.
fn first_bits(address: IpAddr, count: u32) -> u128 {
    let (all, width) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    all.checked_shr(width - count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_one_of_four_schemes_and_a_host() {
        let check = |text: &str, expected: &str| {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!(proxy.to_string(), expected);
            assert!(!format!("{proxy:?}{proxy}").contains("s3cret"));
        };
        check("http://proxy.example", "http://proxy.example:80");
        check("proxy.example:3128", "http://proxy.example:3128");
        check("https://me:s3cret@proxy.example/", "https://proxy.example:443");
        check("socks5://127.0.0.1", "socks5://127.0.0.1:1080");
        check("socks5h://[::1]:9050", "socks5h://[::1]:9050");
        for wrong in [
            "",
            "http://",
            "socks4://h",
            "ftp://me:s3cret@h",
            "http://h/path",
            "http://h/?s3cret",
            "file:///x",
        ] {
            let error = wrong.parse::<Proxy>().unwrap_err();
            assert_eq!(error.code(), "invalid", "{wrong}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
        let error = "socks4://h".parse::<Proxy>().unwrap_err();
        assert!(error.to_string().contains("http, https, socks5, socks5h"), "{error}");
    }

    #[test]
    fn some_hosts_are_asked_without_it() {
        let check = |entry: &str, host: &str, expected: bool| {
            let without = Without::parse(entry).into_iter().collect();
            let proxies = Proxies { http: "p".parse().ok(), https: None, without };
            assert_eq!(proxies.find("http", host).is_none(), expected, "{entry}: {host}");
        };
        check("*", "h.example", true);
        check("h.example", "h.example", true);
        check(" .H.example", "h.example", true);
        check("*.h.example", "a.h.example.", true);
        check("h.example", "oh.example", false);
        check("h.example", "example", false);
        check("", "h.example", false);
        check("127.0.0.1", "127.0.0.1", true);
        check("::1", "[::1]", true);
        check("10.0.0.0/8", "10.9.8.7", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("0.0.0.0/0", "11.0.0.1", true);
        check("fd00::/8", "[fd12::1]", true);
        check("::/0", "127.0.0.1", false);
        check("1.example", "127.0.0.1", false);
    }

    #[test]
    fn each_scheme_has_its_own() {
        let proxies = Proxies { http: "a".parse().ok(), https: "b".parse().ok(), without: Vec::new() };
        let host = |scheme: &str| proxies.find(scheme, "h.example").map(Proxy::host);
        assert_eq!((host("http"), host("https")), (Some("a"), Some("b")));
    }
}
