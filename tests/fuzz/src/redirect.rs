//! `Location`: where a server may send us, under each policy.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderValue, header};
use qetch_core::{AddressClass, Context, NetworkPolicy, Request, Url};

use crate::{
    canned::{Canned, Reply, now},
    first_line,
};

/// What the user typed before the `@`.
const PASSWORD: &str = "s3cret-p4ss";

/// A redirect leads to http or https alone, to no address that is less public than where it comes from, and takes neither
/// what a person typed nor what the server wrote in its place elsewhere. The input is the host and path that redirects,
/// and on the second line what it sends.
pub fn redirect(data: &[u8]) {
    let (from, location) = first_line(data);
    let from = std::str::from_utf8(from).ok().and_then(from_user).unwrap_or_else(default);
    let Ok(location) = HeaderValue::from_bytes(location) else { return };
    for (policy, status) in
        [(NetworkPolicy::PublicOnly, 302), (NetworkPolicy::Origin, 307), (NetworkPolicy::Any, 303)]
    {
        let away = Reply::new(status, b"").with(header::LOCATION, location.clone());
        let (site, cx) = Canned::start([away, Reply::new(200, b"here")]);
        let cx = cx.network(policy).build();
        hop(&cx, &site, &from, policy, location.as_bytes());
    }
}

fn from_user(from: &str) -> Option<Url> {
    let url = Url::parse(&format!("https://me:{PASSWORD}@{from}")).ok()?;
    (url.host_str().is_some() && url.password() == Some(PASSWORD)).then_some(url)
}

fn default() -> Url {
    Url::parse(&format!("https://me:{PASSWORD}@site.example/a/b?c")).unwrap()
}

fn hop(cx: &Context, site: &Canned, from: &Url, policy: NetworkPolicy, location: &[u8]) {
    let (cx, link) = cx.adopt(from);
    let answered = now(cx.send(Request::get(link.clone())));
    let asked = site.asked();
    assert!(asked.len() <= 2, "{} requests", asked.len());
    for request in &asked {
        let uri = request.uri();
        let url = Url::parse(&uri.to_string()).unwrap();
        assert!(
            matches!(uri.scheme_str(), Some("http" | "https")) && url.scheme() == uri.scheme_str().unwrap()
        );
        assert!(uri.authority().is_some_and(|it| !it.as_str().contains('@')), "credentials in {uri}");
        // What is judged is what is connected to, however the two read it.
        assert_eq!(url.host_str(), uri.host(), "one host is judged, and another asked");
        assert_eq!(url.port_or_known_default(), port(uri), "{uri}");
        let is_ours = url.origin() == link.origin();
        match policy {
            NetworkPolicy::PublicOnly => assert!(is_public(&url), "{url} is not public"),
            NetworkPolicy::Origin => {
                let class = address(&link).map_or(AddressClass::Public, AddressClass::of);
                assert!(is_public(&url) || class != AddressClass::Public, "{url} behind {link}");
            }
            _ => (),
        }
        match request.headers().get(header::AUTHORIZATION) {
            Some(value) => assert!(is_ours && value.is_sensitive(), "a password for {url}"),
            None => assert!(!is_ours, "the password is missing"),
        }
    }
    match answered {
        Ok(answer) => {
            let last = Url::parse(&asked.last().unwrap().uri().to_string()).unwrap();
            assert_eq!(answer.url(), &last);
            assert!(answer.url().fragment().is_none() && answer.url().password().is_none());
        }
        Err(error) => {
            let known = ["bad_reply", "unsupported", "egress_denied", "invalid"];
            assert!(known.contains(&error.code()), "{error}");
            let is_told = location.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
            assert!(is_told || !format!("{error} {error:?}").contains(PASSWORD), "{error}");
        }
    }
}

fn port(uri: &http::Uri) -> Option<u16> {
    uri.port_u16().or(Some(if uri.scheme_str() == Some("http") { 80 } else { 443 }))
}

/// The address that the host of `url` is, where it is one.
fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// Whether a host is a name, or an address that is plainly not of a network within: by the standard library, which knows
/// fewer of those than we do.
pub(crate) fn is_public(url: &Url) -> bool {
    let within = |v4: Ipv4Addr| {
        let kinds = [v4.is_private(), v4.is_loopback(), v4.is_link_local(), v4.is_unspecified()];
        kinds.contains(&true) || v4.is_multicast() || v4.is_broadcast() || v4.is_documentation()
    };
    !match address(url) {
        None => url.host_str().is_none(),
        Some(IpAddr::V4(v4)) => within(v4),
        Some(IpAddr::V6(v6)) => {
            let kinds = [v6.is_loopback(), v6.is_unspecified(), v6.is_multicast(), v6.is_unique_local()];
            kinds.contains(&true) || v6.is_unicast_link_local() || v6.to_ipv4().is_some_and(within)
        }
    }
}
