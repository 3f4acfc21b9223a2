//! `Live`: the transport that opens sockets. The only file of qetch that does, and the only one that names reqwest.

use std::{error::Error as StdError, fmt, io, sync::OnceLock, time::Duration};

use async_trait::async_trait;
use futures_util::stream;
use reqwest::{
    Client, ClientBuilder, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};

use super::{Body, Lane, Outgoing, Transport};
use crate::{BoxError, Error, NetworkFault, Result};

/// The network itself. Its clients are built on first use and keep their connections for later requests.
///
/// It uses no proxy and looks into no environment. TLS is there when the feature `rustls` or `native-tls` is.
#[derive(Debug)]
pub struct Live {
    settings: LiveBuilder,
    media: OnceLock<Client>,
    metadata: OnceLock<Client>,
}

/// Settings of [`Live`].
#[derive(Clone, Debug)]
#[must_use]
pub struct LiveBuilder {
    connect_timeout: Duration,
    silence_timeout: Duration,
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

    /// The transport.
    pub fn build(self) -> Live {
        Live { settings: self, media: OnceLock::new(), metadata: OnceLock::new() }
    }
}

impl Live {
    /// A transport with the default settings.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Settings to change.
    pub fn builder() -> LiveBuilder {
        LiveBuilder { connect_timeout: Duration::from_secs(10), silence_timeout: Duration::from_secs(30) }
    }

    fn client(&self, lane: Lane) -> Result<&Client> {
        let slot = match lane {
            Lane::Media => &self.media,
            Lane::Metadata => &self.metadata,
        };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client = self.build_client(lane).map_err(|error| {
            Error::unexpected("an HTTP client that cannot be built", Some(error.without_url().into()))
        })?;
        Ok(slot.get_or_init(|| client))
    }

    fn build_client(&self, lane: Lane) -> reqwest::Result<Client> {
        let builder = ClientBuilder::new()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .dns_resolver(std::sync::Arc::new(SystemResolver))
            .connect_timeout(self.settings.connect_timeout)
            .read_timeout(self.settings.silence_timeout)
            // Another crate of the program may have compiled these in; an answer is taken as it was sent.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate();
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
    async fn send(&self, outgoing: Outgoing) -> Result<http::Response<Body>> {
        let lane = outgoing.lane();
        let request = outgoing.into_request();
        if !HAS_TLS && request.uri().scheme_str() == Some("https") {
            return Err(Error::missing_feature("https", "rustls"));
        }
        let host = request.uri().host().unwrap_or_default().to_owned();
        let client = self.client(lane)?;
        let request = reqwest::Request::try_from(request).map_err(|error| fault(&host, error))?;
        let response = client.execute(request).await.map_err(|error| fault(&host, error))?;

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
            Err(error) => Err(fault(&host, error)),
        }
    }))
}

/// What failed, told by the errors beneath: the client itself calls every failure of a body a decoding error, and TLS
/// libraries wrap those of the socket into errors of their own. The innermost one is the cause; what lies between says
/// nothing to a person.
fn fault(host: &str, error: reqwest::Error) -> Error {
    let error = error.without_url();
    let innermost = innermost(&error);
    let socket = innermost.downcast_ref::<io::Error>().map(io::Error::kind);
    let kind = if chain(&error).any(<dyn StdError>::is::<NoName>) {
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
    } else if socket.is_some_and(|kind| kind != io::ErrorKind::InvalidData) {
        NetworkFault::Connect
    } else {
        NetworkFault::Tls
    };
    let cause = innermost.to_string();
    tracing::debug!(host, %error, cause, "the network failed");
    Error::network(host, kind, BoxError::from(cause))
}

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

/// The system's resolver, asked by us so that its failure can be told from a failed connection.
#[derive(Debug)]
struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let addresses: Vec<_> = found.map_err(|error| NoName(Some(error)))?.collect();
            if addresses.is_empty() {
                return Err(NoName(None).into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// A name without an address.
#[derive(Debug)]
struct NoName(Option<io::Error>);

impl fmt::Display for NoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address for this name")
    }
}

impl StdError for NoName {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.as_ref().map(|error| error as _)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    async fn check(url: &str) -> Error {
        let request = http::Request::get(url).body(Bytes::new()).unwrap();
        let live = Live::builder().silence_timeout(Duration::from_millis(200)).build();
        let error = live.send(Outgoing::new(request, Lane::Metadata)).await.unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
        error
    }

    fn kind(error: &Error) -> NetworkFault {
        match error {
            Error::Network { fault, .. } => *fault,
            other => panic!("not of the network: {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_is_told_from_a_closed_port() {
        // A label of more than 63 bytes is no name (RFC 1035, section 2.3.4), so nobody is asked for it.
        let no_name = "a".repeat(64);
        let url = format!("http://{no_name}.invalid/?key=s3cret");
        assert_eq!(kind(&check(&url).await), NetworkFault::Resolve);

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/?key=s3cret", listener.local_addr().unwrap());
        drop(listener);
        assert_eq!(kind(&check(&url).await), NetworkFault::Connect);
    }

    #[tokio::test]
    async fn silence_is_a_timeout_and_a_hang_up_is_broken() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        assert_eq!(kind(&check(&url).await), NetworkFault::Timeout);

        let closing = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", closing.local_addr().unwrap());
        tokio::spawn(async move { drop(closing.accept().await) });
        assert_eq!(kind(&check(&url).await), NetworkFault::Broken);
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    #[tokio::test]
    async fn a_hang_up_within_the_handshake_may_pass() {
        let closing = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", closing.local_addr().unwrap());
        tokio::spawn(async move {
            use tokio::io::AsyncReadExt as _;
            let (mut socket, _) = closing.accept().await.unwrap();
            let _ = socket.read(&mut [0; 1]).await;
        });
        let error = check(&url).await;
        assert_eq!((kind(&error), error.is_retryable()), (NetworkFault::Broken, true), "{error:?}");
    }

    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    #[tokio::test]
    async fn https_without_tls_names_the_feature() {
        let error = check("https://h.example/").await;
        assert_eq!(error.code(), "missing_feature");
        assert!(error.to_string().contains("`rustls`"), "{error}");
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    #[tokio::test]
    async fn a_host_that_speaks_no_tls_is_a_fault_of_tls() {
        use tokio::io::AsyncWriteExt as _;
        let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", plain.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut socket, _) = plain.accept().await.unwrap();
            socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            std::future::pending::<()>().await;
        });
        assert_eq!(kind(&check(&url).await), NetworkFault::Tls);
    }
}
