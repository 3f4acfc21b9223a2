//! Proxies of each kind, in whose world every name leads to one server.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use qetch::{Live, LiveBuilder, Url};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

/// What a proxy was told, a line for each connection.
type Told = Arc<Mutex<Vec<String>>>;

/// A proxy in whose world every name leads to one server.
#[derive(Debug)]
pub struct Proxied {
    address: SocketAddr,
    told: Told,
}

impl Proxied {
    /// Speaks HTTP: `CONNECT`, and requests as they are. Where it wants a login, it is `me:s3cret`.
    pub async fn http(leads_to: SocketAddr, wants_login: bool) -> Self {
        Self::start(move |mut client, told| async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await?);
            }
            let head = String::from_utf8(head).unwrap();
            let first = head.lines().next().unwrap().to_owned();
            let login = head.lines().find_map(|line| {
                line.strip_prefix("proxy-authorization: ").or(line.strip_prefix("Proxy-Authorization: "))
            });
            told.lock().unwrap().push(format!("{first} {}", login.unwrap_or("-")));
            if wants_login && login != Some("Basic bWU6czNjcmV0") {
                let refusal =
                    "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n";
                client.write_all(refusal.as_bytes()).await?;
                return Ok(());
            }
            if first.starts_with("CONNECT refused.invalid") {
                return client.write_all(b"HTTP/1.1 502 No\r\n\r\n").await;
            }
            let mut server = TcpStream::connect(leads_to).await?;
            if first.starts_with("CONNECT ") {
                client.write_all(b"HTTP/1.1 200 Here you are\r\n\r\n").await?;
            } else {
                let [method, target, version] = first.split(' ').collect::<Vec<_>>()[..] else {
                    panic!("{first}")
                };
                let target = Url::parse(target).unwrap();
                let rest = head.split_once("\r\n").unwrap().1;
                let head = format!("{method} {} {version}\r\nConnection: close\r\n{rest}", target.path());
                server.write_all(head.as_bytes()).await?;
            }
            copy_bidirectional(&mut client, &mut server).await.map(drop)
        })
        .await
    }

    /// Speaks SOCKS 5 (RFC 1928), with a login where the client offers one (RFC 1929).
    pub async fn socks(leads_to: SocketAddr) -> Self {
        Self::start(move |mut client, told| async move {
            let mut greeting = [0; 2];
            client.read_exact(&mut greeting).await?;
            let mut methods = vec![0; greeting[1].into()];
            client.read_exact(&mut methods).await?;
            let mut login = "-".to_owned();
            if methods.contains(&2) {
                client.write_all(&[5, 2]).await?;
                client.read_u8().await?;
                login = format!("{}:{}", text(&mut client).await?, text(&mut client).await?);
                client.write_all(&[1, u8::from(login != "me:s3cret")]).await?;
            } else {
                client.write_all(&[5, 0]).await?;
            }
            let mut asked = [0; 4];
            client.read_exact(&mut asked).await?;
            let host = match asked[3] {
                3 => text(&mut client).await?,
                1 => std::net::Ipv4Addr::from(client.read_u32().await?).to_string(),
                _ => "another kind of address".to_owned(),
            };
            client.read_u16().await?;
            told.lock().unwrap().push(format!("{host} {login}"));
            let refused = u8::from(host == "refused.invalid") * 2;
            client.write_all(&[5, refused, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
            let mut server = TcpStream::connect(leads_to).await?;
            copy_bidirectional(&mut client, &mut server).await.map(drop)
        })
        .await
    }

    /// The proxy itself, as an argument names it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn start<F>(serve: impl Fn(TcpStream, Told) -> F + Send + 'static) -> Self
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, told) = (listener.local_addr().unwrap(), Told::default());
        let shared = told.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, shared.clone()));
            }
        });
        Self { address, told }
    }

    /// A transport through it, by this scheme and with this login.
    pub fn live(&self, scheme: &str, login: &str) -> LiveBuilder {
        let proxy = format!("{scheme}://{login}{}", self.address);
        Live::builder().proxy(proxy.parse().unwrap())
    }

    /// What it was told since it was asked last, a line for each connection.
    pub fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

/// A text with its length before it.
async fn text(client: &mut TcpStream) -> io::Result<String> {
    let mut text = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut text).await?;
    Ok(String::from_utf8(text).unwrap())
}
