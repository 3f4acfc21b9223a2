//! The origin: a raw-TCP HTTP/1.1 server on loopback, its resources and its log.

mod conditions;
mod connection;
mod log;
mod pace;
mod plan;
mod range;
mod reply;
mod request;
mod site;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    net::{TcpListener, TcpSocket},
    task::{AbortHandle, JoinSet},
};

pub use log::Seen;
pub(crate) use reply::cut;

use crate::Resource;
use site::Site;

/// How many bytes a connection may have handed to the operating system beyond what left it; Linux doubles it.
/// It is kept small so that "sent" in the log stays near to what went out, and is one slice, so that it slows
/// nothing down.
const SEND_BUFFER: u32 = 64 * 1024;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// An HTTP/1.1 server on 127.0.0.1 with the resources that a test gives it. Dropping it stops it and breaks
/// its connections.
///
/// Resources can be registered at any time and replace what was there; a replaced resource's counts ("first
/// body") begin anew. A path is found by its exact spelling, with its query before without. What nothing is
/// registered for is a 404. Requests may have bodies of up to 1 MiB, and heads of up to 32 KiB.
///
/// It runs on the runtime that started it: a test that blocks its only thread, by waiting for a program with
/// `std::process`, blocks the origin too. Such a test wants `#[tokio::test(flavor = "multi_thread")]`.
#[derive(Debug)]
pub struct Origin {
    addr: SocketAddr,
    site: Arc<Site>,
    accepting: AbortHandle,
}

impl Origin {
    /// Starts an origin on a free port.
    ///
    /// # Errors
    ///
    /// If the system has no port for it.
    pub async fn start() -> io::Result<Self> {
        Self::start_on(0).await
    }

    /// Starts an origin on this port; 0 means a free one.
    ///
    /// # Errors
    ///
    /// If the port is taken or not allowed.
    #[expect(clippy::unused_async, reason = "starting may wait one day, and it needs a runtime today")]
    pub async fn start_on(port: u16) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Unix frees a port for good only minutes after; elsewhere this would let two servers share one.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.set_send_buffer_size(SEND_BUFFER)?;
        socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
        let listener = socket.listen(BACKLOG)?;
        let addr = listener.local_addr()?;
        let site = Arc::new(Site::new());
        let accepting = tokio::spawn(accept(listener, Arc::clone(&site))).abort_handle();
        Ok(Self { addr, site, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of a path, which begins with `/`; `""` gives the URL without a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Serves a resource at a path, whatever host is asked.
    pub fn serve(&self, path: &str, resource: Resource) -> &Self {
        self.site.serve(None, Some(path), resource);
        self
    }

    /// Serves a resource at a path of one host, before what any host has there. The host is what the `Host`
    /// header names, in any case; without a port it stands for itself on every port.
    pub fn serve_on(&self, host: &str, path: &str, resource: Resource) -> &Self {
        self.site.serve(Some(host), Some(path), resource);
        self
    }

    /// Serves a resource wherever this host has nothing else, before what any host has there.
    pub fn serve_rest_of(&self, host: &str, resource: Resource) -> &Self {
        self.site.serve(Some(host), None, resource);
        self
    }

    /// The log: every request in the order of arrival, the answers as far as they got.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.site.log.all()
    }

    /// The log of one path. Here and in the queries below a path without a query means the path with any
    /// query, on any host.
    #[must_use]
    pub fn requests_for(&self, path: &str) -> Vec<Seen> {
        self.site.log.of(path)
    }

    /// How many requests came for a path.
    #[must_use]
    pub fn hits(&self, path: &str) -> usize {
        self.site.log.of(path).len()
    }

    /// The `Range` of each request for a path, in the order of arrival.
    #[must_use]
    pub fn ranges(&self, path: &str) -> Vec<Option<String>> {
        self.site.log.of(path).iter().map(|seen| seen.header("range").map(str::to_owned)).collect()
    }

    /// How many connections asked for a path.
    #[must_use]
    pub fn connections(&self, path: &str) -> usize {
        self.site.log.of(path).iter().map(|seen| seen.connection).collect::<BTreeSet<_>>().len()
    }

    /// How many connections were ever opened, whether they asked for something or not.
    #[must_use]
    pub fn connections_opened(&self) -> u64 {
        self.site.connections_opened()
    }

    /// The client ports that asked for a path: as many as there were connections.
    #[must_use]
    pub fn client_ports(&self, path: &str) -> BTreeSet<u16> {
        log::client_ports(&self.site.log.of(path))
    }

    /// The greatest number of bodies of a path that were being sent at the same moment.
    ///
    /// A body that fits into the socket's buffers is sent at once. To see bodies overlap, throttle the
    /// resource.
    #[must_use]
    pub fn overlapping(&self, path: &str) -> usize {
        log::overlapping(&self.site.log.of(path), Instant::now())
    }

    /// How many bytes of bodies were sent for a path.
    #[must_use]
    pub fn bytes_sent(&self, path: &str) -> u64 {
        self.site.log.of(path).iter().map(|seen| seen.bytes_sent).sum()
    }

    /// The values of the `Host` headers of all requests.
    #[must_use]
    pub fn hosts(&self) -> BTreeSet<String> {
        self.requests().iter().filter_map(|seen| seen.header("host").map(str::to_owned)).collect()
    }

    /// How many connections are open. After a client has gone it takes a moment until the origin notices:
    /// wait for it with [`until`](Self::until).
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.site.open_connections()
    }

    /// Waits until a condition on this origin holds: `origin.until(|origin| origin.open_connections() == 0)`.
    /// It is asked after every change, and is cancelled by being dropped; wrap it in a timeout.
    pub async fn until(&self, condition: impl Fn(&Self) -> bool) {
        let mut changes = self.site.changes();
        while !condition(self) {
            // The sender lives in `self`, so that this cannot fail.
            changes.changed().await.ok();
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Takes connections until it is aborted, and them with it.
async fn accept(listener: TcpListener, site: Arc<Site>) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => {
                    number += 1;
                    connections.spawn(connection::answer_client(stream, client, number, Arc::clone(&site)));
                }
                // Out of descriptors, or the client has gone already; neither is for ever.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
