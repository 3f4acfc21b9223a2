//! A server that nobody may reach: it counts who comes.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// A server that nobody may reach. Whoever comes is told a secret.
#[derive(Debug)]
pub struct Canary {
    address: SocketAddr,
    visits: Arc<AtomicUsize>,
}

impl Canary {
    /// One on every address of this machine, of IPv4 and IPv6 alike.
    pub async fn start() -> Self {
        let listener = match TcpListener::bind("[::]:0").await {
            // Some machines have no IPv6.
            Err(_) => TcpListener::bind("0.0.0.0:0").await,
            bound => bound,
        };
        let (listener, visits) = (listener.unwrap(), Arc::<AtomicUsize>::default());
        let (address, counts) = (listener.local_addr().unwrap(), visits.clone());
        tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await?;
                counts.fetch_add(1, Ordering::SeqCst);
                let answer = "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 6\r\n\r\nsecret";
                tokio::spawn(async move {
                    // What is asked for is of no interest.
                    let _ = client.read(&mut [0; 4096]).await?;
                    client.write_all(answer.as_bytes()).await
                });
            }
            #[expect(unreachable_code, reason = "it tells the type of the error")]
            io::Result::Ok(())
        });
        Self { address, visits }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections it has counted.
    pub fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}
