//! A client for our own tests that shows the bytes as they come.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::Origin;

/// No answer of these tests takes longer, unless it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Connects.
pub(crate) async fn connect(origin: &Origin) -> TcpStream {
    TcpStream::connect(origin.addr()).await.unwrap()
}

/// Sends bytes as they are.
pub(crate) async fn send(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).await.unwrap();
}

/// Reads exactly so many bytes.
pub(crate) async fn read(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.expect("an answer in time").unwrap();
    bytes
}

/// Reads until the origin closes.
pub(crate) async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end in time").unwrap();
    bytes
}

/// All that the origin sends on a connection of its own until it closes it.
pub(crate) async fn exchange(origin: &Origin, request: &str) -> Vec<u8> {
    let mut stream = connect(origin).await;
    send(&mut stream, request.as_bytes()).await;
    read_to_end(&mut stream).await
}
