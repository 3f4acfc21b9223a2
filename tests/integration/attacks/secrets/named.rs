//! Credentials of extractors: to the hosts that they declare, over https, for them alone.

use qetch::{AuthRegistry, Content, Credential, Fragment, Kind, Qetch};
use qetch_extractor_pond::Pond;
use qetch_testkit::{Origin, Resource};
use qetch_tests::url;

use super::{all_hosts, download, file, own, sent};

const BEARER: &str = "Bearer s3cret";

/// A server for every host, and the token of a pond.
async fn pond() -> (Origin, Qetch) {
    let (origin, builder) = all_hosts().await;
    let auth = AuthRegistry::new().with("pond", Credential::token("s3cret"));
    (origin, builder.extractor(Pond::new()).auth(auth).build())
}

/// A content of this extractor, at this link, that names the credential of the pond.
fn naming(extractor: &str, link: &str) -> Content {
    let fragment = Fragment::new(url(link)).with_auth("pond");
    let mut content = Content::new("f", Kind::Image, url("https://pond.example/p/7"), [fragment]);
    content.extractor = extractor.into();
    content
}

#[tokio::test]
async fn a_credential_is_not_sent_to_a_host_that_its_extractor_does_not_declare() {
    let (origin, qetch) = pond().await;
    origin.serve("/f", file());
    for link in [
        "https://evil.example/f",
        "https://pond.example.evil.example/f",
        "https://evilpond.example/f",
        "https://pond.example@evil.example/f",
        "https://sub.cdn.pond.example/f",
        "https://cdn.pond.example:444/f",
        "http://cdn.pond.example/f",
        "http://cdn.pond.example:443/f",
    ] {
        let error = download(&qetch, &naming("pond", link)).await.unwrap_err();
        assert_eq!(error.code(), "invalid", "{link}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
    assert_eq!(origin.connections_opened(), 0);
    download(&qetch, &naming("pond", "https://cdn.pond.example/f")).await.unwrap();
    assert_eq!(sent(&origin, "authorization"), [own(BEARER)]);
}

#[tokio::test]
async fn a_credential_is_not_attached_for_another_extractor_than_its_own() {
    let (origin, qetch) = pond().await;
    origin.serve("/f", file());
    for thief in ["generic", "gfycat", "nobody", "qetch", ""] {
        let error = download(&qetch, &naming(thief, "https://cdn.pond.example/f")).await.unwrap_err();
        assert_eq!(error.code(), "invalid", "{thief}");
    }
    assert_eq!(origin.connections_opened(), 0);
}

#[tokio::test]
async fn a_credential_is_not_sent_on_where_a_declared_host_redirects_to() {
    let (origin, qetch) = pond().await;
    let hops = [
        ("cdn.pond.example", "/1", "https://evil.example/2"),
        ("evil.example", "/2", "http://cdn.pond.example/3"),
        ("cdn.pond.example", "/3", "https://cdn.pond.example/4"),
    ];
    for (host, path, to) in hops {
        origin.serve_on(host, path, Resource::redirect(to));
    }
    origin.serve("/4", file());
    download(&qetch, &naming("pond", "https://cdn.pond.example/1")).await.unwrap();
    assert_eq!(sent(&origin, "authorization"), [own(BEARER), None, None, None]);
}

#[tokio::test]
async fn a_token_that_an_extractor_sends_is_not_sent_on_where_its_api_redirects_to() {
    let (origin, qetch) = pond().await;
    origin.serve_on("api.pond.example", "/ponds/7", Resource::redirect("https://evil.example/ponds/7"));
    let answer = Resource::new(r#"{"title":"A pond","frogs":[],"next":null}"#);
    origin.serve_on("evil.example", "/ponds/7", answer);
    let _ = qetch.extract("https://pond.example/p/7").await.unwrap();
    assert_eq!(sent(&origin, "authorization"), [own(BEARER), None]);
}

#[tokio::test]
async fn the_secret_that_a_token_is_asked_with_is_not_sent_on() {
    let (origin, builder) = all_hosts().await;
    let auth = AuthRegistry::new().with("gfycat", Credential::oauth("key", "s3cret"));
    let qetch = builder.auth(auth).build();
    for status in [307, 308] {
        for to in ["https://evil.example/token", "http://api.gfycat.com/v1/oauth/token"] {
            let away = Resource::redirect(to).with_status(status).with_method("POST");
            origin.serve_on("api.gfycat.com", "/v1/oauth/token", away);
            let error = qetch.extract("https://gfycat.com/CleverSampleQuokka").await.unwrap_err();
            assert_eq!(error.code(), "bad_reply", "{status} {to}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }
    let seen = origin.requests();
    assert!(seen.len() == 4 && seen.iter().all(|seen| seen.header("host") == Some("api.gfycat.com")));
    assert!(seen.iter().all(|seen| seen.body.windows(6).any(|bytes| bytes == b"s3cret")));
}

#[tokio::test]
async fn the_key_that_a_saved_fragment_brings_in_a_header_is_not_sent_on() {
    let (origin, builder) = all_hosts().await;
    origin.serve_on("a.example", "/1", Resource::redirect("https://b.example/2"));
    origin.serve_on("b.example", "/2", file());
    let fragment = Fragment::new(url("https://a.example/1")).with_header("X-Api-Key", "s3cret");
    let content = Content::new("f", Kind::Audio, url("https://a.example/"), [fragment]);
    download(&builder.build(), &qetch_tests::saved(&content)).await.unwrap();
    assert_eq!(sent(&origin, "x-api-key"), [own("s3cret"), None]);
}
