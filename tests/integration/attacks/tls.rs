//! Servers that are not who they say: no byte of a request reaches them, whichever way leads there.

use std::sync::Arc;

use qetch::{DownloadOptions, Error, Live, NetworkFault, NetworkPolicy, Qetch, Result};
use qetch_testkit::{Origin, Resource};
use qetch_tests::{
    Folder, content,
    secure::{Certificate, Secure},
};

/// Trusts the authority of this server besides those of the system.
fn trusting(secure: &Secure) -> Qetch {
    let live = Live::builder().ca_certificates(&secure.ca()).unwrap().build();
    Qetch::builder().transport(Arc::new(live)).network(NetworkPolicy::Any).retries(0).build()
}

#[track_caller]
fn refused<T>(tried: Result<T>) {
    let error = tried.err().expect("it was believed");
    let is_tls = matches!(&error, Error::Network { fault: NetworkFault::Tls, .. });
    assert!(is_tls && !error.is_retryable(), "{error:?}");
}

/// Nothing of this server is taken: as a link, as a fragment of a content, and where a redirect leads.
async fn is_refused(qetch: &Qetch, secure: &Secure) {
    let (folder, origin) = (Folder::new(), Origin::start().await.unwrap());
    refused(qetch.fetch(&secure.url("f"), folder.root()).await);
    let content = content([secure.url("f").as_str()]);
    let options = DownloadOptions::new();
    refused(qetch.download(&content, folder.path("f"), &options).await);
    refused(qetch.context().get_text(secure.url("f").parse().unwrap()).await);
    origin.serve("/f", Resource::redirect(secure.url("f")));
    refused(qetch.fetch(&origin.url("/f"), folder.root()).await);
    assert_eq!(origin.hits("/f"), 1, "it is not tried again");
    let left: Vec<_> = folder.names().into_iter().filter(|name| !name.starts_with("f.qetch")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let secure = Secure::start(Certificate::Right);
    let qetch = Qetch::builder().network(NetworkPolicy::Any).retries(0).build();
    is_refused(&qetch, &secure).await;
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_but_itself_is_refused() {
    let secure = Secure::start(Certificate::OfItself);
    is_refused(&trusting(&secure), &secure).await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_though_one_of_ones_own_is_trusted() {
    let (secure, other) = (Secure::start(Certificate::Right), Secure::start(Certificate::Right));
    is_refused(&trusting(&other), &secure).await;
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_though_its_authority_is_trusted() {
    let secure = Secure::start(Certificate::OfOthers);
    is_refused(&trusting(&secure), &secure).await;
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_refused_though_its_authority_is_trusted() {
    let secure = Secure::start(Certificate::Expired);
    is_refused(&trusting(&secure), &secure).await;
}

#[tokio::test]
async fn a_certificate_that_is_right_is_believed_on_every_way() {
    let secure = Secure::start(Certificate::Right);
    let (folder, qetch) = (Folder::new(), trusting(&secure));
    qetch.fetch(&secure.url("f"), folder.root()).await.unwrap();
    assert_eq!(qetch.context().get_text(secure.url("f").parse().unwrap()).await.unwrap(), "frog");
}

#[tokio::test]
async fn what_was_typed_is_not_sent_on_from_tls_to_plain_http() {
    let (secure, canary, folder) =
        (Secure::start(Certificate::Right), Origin::start().await.unwrap(), Folder::new());
    canary.serve("/f.mp3", Resource::new("ID3 frog").with_content_type("audio/mpeg"));
    secure.serve(
        "away",
        &format!("302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", canary.url("/f.mp3")),
    );
    let link = secure.url("away").replace("https://", "https://me:hunter2@");
    trusting(&secure).fetch(&link, folder.root()).await.unwrap();
    let seen = canary.requests();
    assert!(!seen.is_empty() && seen.iter().all(|seen| seen.header("authorization").is_none()), "{seen:?}");
}
