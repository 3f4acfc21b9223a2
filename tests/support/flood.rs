//! A server that sends for as long as somebody takes it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use qetch::{Qetch, QetchBuilder};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::url;

/// More than the sockets of both sides hold of what nobody read.
pub const IN_SOCKETS: u64 = 40 << 20;

/// The server. It answers every request with the same text, and then with one piece again and again.
#[derive(Debug)]
pub struct Flood {
    address: SocketAddr,
    sent: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl Flood {
    /// Sends as fast as it can.
    pub async fn start(begin: &str, piece: impl Into<Bytes>) -> Self {
        Self::dripping(begin, piece, Duration::ZERO).await
    }

    /// Waits before each piece.
    pub async fn dripping(begin: &str, piece: impl Into<Bytes>, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, sent) = (listener.local_addr().unwrap(), Arc::<AtomicU64>::default());
        let (begin, piece, count) = (Bytes::from(begin.to_owned()), piece.into(), sent.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(send(client, begin.clone(), piece.clone(), pause, count.clone()));
            }
        });
        Self { address, sent, accepting }
    }

    /// Its URL with this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A builder of the facade whose every host is this server.
    pub fn qetch(&self) -> QetchBuilder {
        Qetch::builder().route("*", &url(&self.url(""))).unwrap()
    }

    /// How many bytes it got rid of.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Ends when the client does.
async fn send(
    mut client: TcpStream,
    begin: Bytes,
    piece: Bytes,
    pause: Duration,
    sent: Arc<AtomicU64>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    client.write_all(&begin).await.ok()?;
    loop {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        client.write_all(&piece).await.ok()?;
        sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
    }
}
