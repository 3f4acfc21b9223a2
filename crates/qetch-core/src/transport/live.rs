//! `Live`: the transport that opens sockets. The only file of qetch that does, and the only one that names reqwest.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    error::Error as StdError,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::stream;
use reqwest::{
    Client, ClientBuilder, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use tokio::time::timeout;
use url::Url;

use super::{
    Body, Lane, Outgoing, Transport,
    proxy::{Proxies, Proxy, Without},
};
use crate::{
    AddressClass, BoxError, Error, Floor, NetworkFault, Resolver, Result,
    egress::{Denied, Names, NoName, address, is_of_this_machine},
    lock::lock,
};

/// The network itself. Its clients are built on first use and keep their connections for later requests.
///
/// It uses no proxy but the one it is given, and looks into no environment for one. TLS is there when the feature `rustls` or `native-tls` is.
#[derive(Debug)]
pub struct Live {
    settings: LiveBuilder,
    names: Names,
    clients: Mutex<HashMap<Kind, Client>>,
}

/// What a client is for: each has connections of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kind {
    lane: Lane,
    /// The others do without the certificates of the system, which take longer to read than many a file.
    wants_tls: bool,
    way: Way,
}

/// How a client gets to its hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Way {
    /// To addresses that this floor admits.
    Direct(Floor),
    /// Through a proxy, which is the operator's word, to hosts that this floor admits.
    Proxy(Floor),
}

/// Settings of [`Live`].
#[derive(Clone, Debug)]
#[must_use]
pub struct LiveBuilder {
    connect_timeout: Duration,
    silence_timeout: Duration,
    proxies: Proxies,
    trusts_proxy: bool,
    resolver: Arc<dyn Resolver>,
    /// Trusted besides those that the system trusts.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    certificates: Vec<reqwest::Certificate>,
}

impl LiveBuilder {
    /// How long making a connection may take, TLS included. 10 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long nothing at all may arrive, before the head of an answer and between its bytes. 30 s unless set.
    pub fn silence_timeout(mut self, timeout: Duration) -> Self {
        self.silence_timeout = timeout;
        self
    }

    /// The proxy for everything; none unless set.
    pub fn proxy(self, proxy: Proxy) -> Self {
        self.http_proxy(proxy.clone()).https_proxy(proxy)
    }

    /// The proxy for `http` alone; none unless set.
    pub fn http_proxy(mut self, proxy: Proxy) -> Self {
        self.proxies.http = Some(proxy);
        self
    }

    /// The proxy for `https` alone; none unless set.
    pub fn https_proxy(mut self, proxy: Proxy) -> Self {
        self.proxies.https = Some(proxy);
        self
    }

    /// Hosts that are asked without the proxy, besides those named before: a name, which stands for all beneath it as
    /// well, an address, a network such as `10.0.0.0/8`, or `*` for all.
    pub fn no_proxy<S: AsRef<str>>(mut self, hosts: impl IntoIterator<Item = S>) -> Self {
        self.proxies.without.extend(hosts.into_iter().filter_map(|host| Without::parse(host.as_ref())));
        self
    }

    /// Trusts the proxies to connect to public addresses alone, so that no name is looked up here for them; they are not trusted
    /// unless this is called. A proxy that looks names up itself may be told another address than we are, so that
    /// [`NetworkPolicy::PublicOnly`](crate::NetworkPolicy::PublicOnly) refuses it; addresses in URLs are judged in any case.
    pub fn trust_proxy(mut self) -> Self {
        self.trusts_proxy = true;
        self
    }

    /// What looks names up: the system unless set. What it answers is judged like what the system does.
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = resolver;
        self
    }

    /// Trusts the authorities whose certificates stand in `pem`, besides those that the system trusts and those added
    /// before. That the other side is who it says is checked in any case.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) where there is no certificate in it, or one that cannot be read;
    /// [`MissingFeature`](Error::MissingFeature) where no TLS is compiled in.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn ca_certificates(mut self, pem: &[u8]) -> Result<Self> {
        let invalid = |reason: &str| Error::invalid("the CA certificate", reason);
        let unread = |_| invalid("it cannot be read: expected PEM");
        let found = reqwest::Certificate::from_pem_bundle(pem).map_err(unread)?;
        if found.is_empty() {
            return Err(invalid(
                "there is no certificate in it: expected PEM, which has lines such as `-----BEGIN CERTIFICATE-----`",
            ));
        }
        // Some TLS libraries look into it when it is used alone, which is a bad time to find out.
        ClientBuilder::new().no_proxy().tls_certs_only(found.clone()).build().map_err(unread)?;
        self.certificates.extend(found);
        Ok(self)
    }

    /// Without TLS there is nothing to trust.
    ///
    /// # Errors
    /// [`MissingFeature`](Error::MissingFeature).
    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    pub fn ca_certificates(self, _: &[u8]) -> Result<Self> {
        Err(Error::missing_feature("a CA certificate", "rustls"))
    }

    /// The transport.
    pub fn build(self) -> Live {
        Live { names: Names::new(self.resolver.clone()), settings: self, clients: Mutex::default() }
    }
}

impl Live {
    /// A transport with the default settings.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Settings to change.
    pub fn builder() -> LiveBuilder {
        LiveBuilder {
            connect_timeout: Duration::from_secs(10),
            silence_timeout: Duration::from_secs(30),
            proxies: Proxies::default(),
            trusts_proxy: false,
            resolver: Arc::new(SystemResolver),
            #[cfg(any(feature = "rustls", feature = "native-tls"))]
            certificates: Vec::new(),
        }
    }

    fn client(&self, kind: Kind) -> Result<Client> {
        if let Some(client) = lock(&self.clients).get(&kind) {
            return Ok(client.clone());
        }
        let client = self.build_client(kind).map_err(|error| {
            Error::unexpected("an HTTP client that cannot be built", Some(error.without_url().into()))
        })?;
        // Where another was built meanwhile, that one is used.
        Ok(lock(&self.clients).entry(kind).or_insert(client).clone())
    }

    /// Judges the name that a proxy connects to, by the addresses that it has here, where it has some.
    async fn judge_through(&self, proxy: &Proxy, floor: Floor, url: &Url) -> Result<()> {
        // What a `socks5` proxy is to connect to is looked up by our own resolver, which judges it.
        let is_judged = address(url).is_some() || !proxy.looks_names_up();
        if is_judged || floor == Floor::ANY || self.settings.trusts_proxy {
            return Ok(());
        }
        let host = url.host_str().unwrap_or_default();
        if floor.is_strict() {
            let class =
                format!("its address is looked up by the proxy {proxy}, which is not trusted with that");
            return Err(Error::egress_denied(host, class));
        }
        // Of several it may take any. A name that is known there alone says nothing here.
        let addresses = self.known_here(proxy, host).await;
        addresses.into_iter().try_for_each(|address| floor.check(host, address))
    }

    /// The addresses that a name has here which a proxy looks up itself. None are looked for where that would tell others what
    /// the proxy is to keep from them: through `socks5h`, and of names that only such a proxy knows (RFC 7686).
    async fn known_here(&self, proxy: &Proxy, host: &str) -> Vec<IpAddr> {
        let is_onion = host.trim_end_matches('.').to_ascii_lowercase().ends_with(".onion");
        let is_ours = is_of_this_machine(host);
        if !is_ours && (is_onion || proxy.hides_names()) { Vec::new() } else { self.names.known(host).await }
    }

    fn build_client(&self, Kind { lane, wants_tls, way }: Kind) -> reqwest::Result<Client> {
        let names = self.names.clone();
        let builder = ClientBuilder::new()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(self.settings.connect_timeout)
            .read_timeout(self.settings.silence_timeout)
            // Another crate of the program may have compiled these in; an answer is taken as it was sent.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate();
        let builder = match way {
            Way::Direct(floor) => {
                builder.dns_resolver(Arc::new(Admitted { names, floor, but_for: Proxies::default() }))
            }
            Way::Proxy(floor) => {
                let proxies = self.settings.proxies.clone();
                let but_for = proxies.clone();
                builder.dns_resolver(Arc::new(Admitted { names, floor, but_for })).proxy(through(proxies))
            }
        };
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        let builder = match wants_tls {
            true => builder.tls_certs_merge(self.settings.certificates.iter().cloned()),
            false => builder.tls_certs_only([]),
        };
        #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
        let _ = wants_tls;
        match lane {
            // Ranges want connections of their own: over HTTP/2 they would share one.
            Lane::Media => builder.http1_only().build(),
            Lane::Metadata => builder.build(),
        }
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

const HAS_TLS: bool = cfg!(any(feature = "rustls", feature = "native-tls"));

#[async_trait]
impl Transport for Live {
    async fn class_of(&self, url: &Url) -> Option<AddressClass> {
        let host = url.host_str()?;
        if let Some(address) = address(url) {
            return Some(AddressClass::of(address));
        }
        let addresses = match self.settings.proxies.find(url.scheme(), host) {
            Some(_) if self.settings.trusts_proxy => return None,
            Some(proxy) if proxy.looks_names_up() => self.known_here(proxy, host).await,
            // A name that has no address is told when it is asked.
            _ => timeout(self.settings.connect_timeout, self.names.look_up(host)).await.ok()?.ok()?,
        };
        AddressClass::most_public(&addresses)
    }

    async fn send(&self, outgoing: Outgoing) -> Result<http::Response<Body>> {
        let (lane, floor) = (outgoing.lane(), outgoing.floor());
        let request = outgoing.into_request();
        let scheme = request.uri().scheme_str().unwrap_or_default();
        let host = request.uri().host().unwrap_or_default().to_owned();
        let proxy = self.settings.proxies.find(scheme, &host);
        let is_https = scheme == "https";
        let wants_tls = is_https || proxy.is_some_and(Proxy::is_https);
        if !HAS_TLS && wants_tls {
            return Err(Error::missing_feature("https", "rustls"));
        }
        let request = reqwest::Request::try_from(request).map_err(|error| fault(&host, proxy, error))?;
        // No resolver is asked for addresses.
        floor.judge(request.url())?;
        let way = match proxy {
            Some(proxy) => {
                self.judge_through(proxy, floor, request.url()).await?;
                Way::Proxy(floor)
            }
            None => Way::Direct(floor),
        };
        let client = self.client(Kind { lane, wants_tls, way })?;
        let response = client.execute(request).await.map_err(|error| fault(&host, proxy, error))?;
        if let (http::StatusCode::PROXY_AUTHENTICATION_REQUIRED, Some(proxy), false) =
            (response.status(), proxy.filter(|proxy| proxy.is_http()), is_https)
        {
            return Err(proxy.wants_login());
        }

        let mut head = http::Response::new(());
        *head.status_mut() = response.status();
        *head.headers_mut() = response.headers().clone();
        Ok(head.map(|()| body(host, response)))
    }
}

fn body(host: String, response: Response) -> Body {
    Body::new(stream::try_unfold((host, response), |(host, mut response)| async move {
        match response.chunk().await {
            Ok(chunk) => Ok(chunk.map(|chunk| (chunk, (host, response)))),
            Err(error) => Err(fault(&host, None, error)),
        }
    }))
}

/// The proxy of each request, chosen by us, so that what is said of it when something fails is true.
fn through(proxies: Proxies) -> reqwest::Proxy {
    reqwest::Proxy::custom(move |url| {
        let proxy = proxies.find(url.scheme(), url.host_str().unwrap_or_default());
        proxy.map(|proxy| proxy.url().clone())
    })
}

/// What failed, told by the errors beneath: the client itself calls every failure of a body a decoding error, and TLS
/// libraries wrap those of the socket into errors of their own. The innermost one is the cause; what lies between says
/// nothing to a person.
fn fault(host: &str, proxy: Option<&Proxy>, error: reqwest::Error) -> Error {
    let error = error.without_url();
    if let Some(denied) = chain(&error).find_map(|error| error.downcast_ref::<Denied>()) {
        return denied.error();
    }
    let innermost = innermost(&error);
    let cause = innermost.to_string();
    let socket = innermost.downcast_ref::<io::Error>().map(io::Error::kind);
    let no_name = chain(&error).find_map(|error| error.downcast_ref::<NoName>());
    let refusal = proxy.and_then(|_| chain(&error).map(ToString::to_string).find(|text| is_of_proxy(text)));
    if let (Some(proxy), Some(refusal)) = (proxy, &refusal)
        && LOGIN.iter().any(|login| refusal.ends_with(login))
    {
        return proxy.wants_login();
    }
    let kind = if no_name.is_some_and(|no_name| proxy.is_none_or(|proxy| !is_of(no_name, proxy))) {
        NetworkFault::Resolve
    } else if error.is_timeout() || socket == Some(io::ErrorKind::TimedOut) {
        NetworkFault::Timeout
    } else if matches!(
        socket,
        Some(
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
        )
    ) || !error.is_connect()
    {
        NetworkFault::Broken
    } else if socket.is_some_and(|kind| kind != io::ErrorKind::InvalidData)
        || no_name.is_some()
        || refusal.is_some()
    {
        NetworkFault::Connect
    } else {
        NetworkFault::Tls
    };
    tracing::debug!(host, %error, cause, "the network failed");
    let failed = Error::network(host, kind, BoxError::from(cause));
    match proxy {
        Some(proxy) => failed.with_note(format!("through the proxy {proxy}")),
        None => failed,
    }
}

/// Whether this is what the client says of a proxy that refuses. It has no type that we could ask.
fn is_of_proxy(text: &str) -> bool {
    text.starts_with("tunnel error: ") || text.starts_with("SOCKS error: ")
}

/// What it says of one that refuses because of the login.
const LOGIN: [&str; 3] = [
    "proxy authorization required",
    "server does not support user/pass authentication",
    "credentials not accepted",
];

/// The errors beneath `error`, outermost first.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&error| beneath(error))
}

fn innermost(error: &reqwest::Error) -> &(dyn StdError + 'static) {
    chain(error).last().unwrap_or(error)
}

/// What an error is made of. An I/O error that wraps another does not count that one as its source.
fn beneath<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    wrapped.map(|error| error as &(dyn StdError + 'static)).or_else(|| error.source())
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

/// Our resolver: it gives the client those addresses alone that are admitted.
#[derive(Debug)]
struct Admitted {
    names: Names,
    floor: Floor,
    /// Where these stand is the operator's word.
    but_for: Proxies,
}

impl Resolve for Admitted {
    fn resolve(&self, name: Name) -> Resolving {
        let floor = if self.but_for.stand_at(name.as_str()) { Floor::ANY } else { self.floor };
        let names = self.names.clone();
        Box::pin(async move {
            let addresses = names.admitted(name.as_str(), floor).await?;
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// Whether it is the proxy's own name that has no address.
fn is_of(no_name: &NoName, proxy: &Proxy) -> bool {
    no_name.name.eq_ignore_ascii_case(proxy.host())
}
