//! What fails on the way, told by what it is.

use bytes::Bytes;

use super::*;

async fn check(url: &str) -> Error {
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    let live = Live::builder().silence_timeout(Duration::from_millis(200)).build();
    let error = live.send(Outgoing::new(request, Lane::Metadata).under(Floor::ANY)).await.unwrap_err();
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
