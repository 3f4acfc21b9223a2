//! What stands between us and a host: proxies of each kind, and what they and those behind them may learn.

use std::sync::Arc;

use qetch::{Context, DownloadOptions, Error, Live, LiveBuilder, NetworkFault, Result, Target, UserHeaders};
use qetch_testkit::{Origin, Resource, pattern};
use qetch_tests::{Folder, content, downloaders, proxied::Proxied, url};

/// What stands at `link`, by a transport of these settings.
pub(crate) async fn get(live: LiveBuilder, link: &str) -> Result<String> {
    let cx = Context::builder().transport(Arc::new(live.build())).build();
    let got = cx.get_text(url(link)).await;
    if let Err(error) = &got {
        assert!(!format!("{error} {error:?} {cx:?}").contains("s3cret"), "{error:?}");
    }
    got
}

async fn origin() -> Origin {
    let origin = Origin::start().await.unwrap();
    origin.serve("/f", Resource::new("frog"));
    origin
}

#[tokio::test]
async fn plain_http_goes_through_a_proxy_with_and_without_a_login() {
    let origin = origin().await;
    let proxy = Proxied::http(origin.addr(), false).await;
    assert_eq!(get(proxy.live("http", ""), "http://pond.invalid/f").await.unwrap(), "frog");
    assert_eq!(proxy.told(), ["GET http://pond.invalid/f HTTP/1.1 -"]);
    assert_eq!(get(proxy.live("http", "me:s3cret@"), "http://pond.invalid/f").await.unwrap(), "frog");
    assert_eq!(proxy.told(), ["GET http://pond.invalid/f HTTP/1.1 Basic bWU6czNjcmV0"]);
    assert!(origin.requests().iter().all(|seen| seen.header("host") == Some("pond.invalid")));

    // One that is not for this scheme, and one that is not for this host, are left alone.
    let elsewhere = Live::builder().https_proxy(proxy.url().parse().unwrap());
    assert_eq!(get(elsewhere, &origin.url("/f")).await.unwrap(), "frog");
    let without = proxy.live("http", "").no_proxy(["pond.example", "127.0.0.0/8"]);
    assert_eq!(get(without, &origin.url("/f")).await.unwrap(), "frog");
    assert!(proxy.told().is_empty());
}

#[tokio::test]
async fn a_download_goes_through_a_proxy_over_all_its_connections() {
    let origin = Origin::start().await.unwrap();
    let body = pattern(4 << 20, 1);
    // Slow enough that one connection is not done before the others are open.
    origin.serve("/f", Resource::new(body.clone()).with_throttle(4 << 20));
    for scheme in ["http", "socks5h"] {
        let proxy = match scheme {
            "http" => Proxied::http(origin.addr(), true).await,
            _ => Proxied::socks(origin.addr()).await,
        };
        let live = Arc::new(proxy.live(scheme, "me:s3cret@").build());
        let cx = Context::builder().transport(live).build();
        let (folder, content) = (Folder::new(), content(["http://pond.invalid/f"]));
        let to = folder.path("f");
        let options = DownloadOptions::new();
        downloaders().download(&cx, &content, &Target::file(&to), &options).await.unwrap();
        assert!(std::fs::read(&to).unwrap() == body, "{scheme}");
        assert!(proxy.told().len() >= 4, "{scheme}");
    }
}

#[tokio::test]
async fn a_socks_proxy_is_told_names_or_addresses() {
    let origin = origin().await;
    let proxy = Proxied::socks(origin.addr()).await;
    assert_eq!(get(proxy.live("socks5h", ""), "http://pond.invalid/f").await.unwrap(), "frog");
    assert_eq!(get(proxy.live("socks5h", "me:s3cret@"), "http://pond.invalid/f").await.unwrap(), "frog");
    assert_eq!(get(proxy.live("socks5", ""), "http://127.9.9.9/f").await.unwrap(), "frog");
    assert_eq!(proxy.told(), ["pond.invalid -", "pond.invalid me:s3cret", "127.9.9.9 -"]);
}

#[tokio::test]
async fn what_a_proxy_refuses_is_told_as_its_own() {
    let origin = origin().await;
    let http = Proxied::http(origin.addr(), true).await;
    let socks = Proxied::socks(origin.addr()).await;
    for (live, link) in [
        (http.live("http", ""), "http://pond.invalid/f"),
        (http.live("http", "me:s3cret1@"), "http://pond.invalid/f"),
        (http.live("http", "me:s3cret1@"), "https://pond.invalid/f"),
        (socks.live("socks5h", "me:s3cret1@"), "http://pond.invalid/f"),
        (socks.live("socks5h", "me:s3cret1@"), "https://pond.invalid/f"),
    ] {
        let error = get(live, link).await.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("login_required", false), "{error:?}");
        assert!(error.to_string().contains("the proxy "), "{error}");
    }
    for (live, link) in [
        (http.live("http", "me:s3cret@"), "https://refused.invalid/f"),
        (socks.live("socks5h", ""), "http://refused.invalid/f"),
        (Live::builder().proxy("http://127.0.0.1:1".parse().unwrap()), "http://pond.invalid/f"),
        (Live::builder().proxy("socks5h://127.0.0.1:1".parse().unwrap()), "http://pond.invalid/f"),
        (
            Live::builder().proxy(format!("{}.invalid", "a".repeat(64)).parse().unwrap()),
            "http://pond.invalid/f",
        ),
    ] {
        let error = get(live, link).await.unwrap_err();
        let Error::Network { fault: NetworkFault::Connect, .. } = &error else { panic!("{error:?}") };
        assert!(error.to_string().contains(".invalid (through the proxy "), "{error}");
    }
}

#[tokio::test]
async fn own_headers_do_not_follow_a_redirect_to_another_origin() {
    let (one, two) = (Origin::start().await.unwrap(), Origin::start().await.unwrap());
    one.serve("/f", Resource::redirect(two.url("/f")));
    two.serve("/f", Resource::new("frog"));
    let link = url(&one.url("/f"));
    let headers = UserHeaders::new().with("Authorization", "Own s3cret").unwrap();
    let headers = headers.with("X-Own", "1").unwrap().with("Accept-Language", "de").unwrap();
    assert_eq!(Context::new().with_headers(headers, [&link]).get_text(link).await.unwrap(), "frog");
    let seen = |origin: &Origin| {
        let seen = &origin.requests()[0];
        ["authorization", "x-own", "accept-language"].map(|name| seen.header(name).map(str::to_owned))
    };
    assert_eq!(seen(&one), ["Own s3cret", "1", "de"].map(|value| Some(value.to_owned())));
    assert_eq!(seen(&two), [None, None, Some("de".to_owned())]);
}

#[test]
fn a_file_without_a_certificate_is_told_at_once() {
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in
        [b"".as_slice(), b"frog", broken, b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"]
    {
        let error = Live::builder().ca_certificates(pem).map(drop).unwrap_err();
        assert_eq!(error.code(), "invalid", "{error:?}");
    }
}
