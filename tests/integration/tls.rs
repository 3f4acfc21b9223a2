//! Authorities of one's own, against a real server. Built where openssl is installed.

use qetch::{Error, Live, NetworkFault};
use qetch_tests::{
    proxied::Proxied,
    secure::{Certificate, Secure},
};

use crate::network::get;

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_and_no_other_is() {
    let secure = Secure::start(Certificate::Right);
    let link = format!("https://{}/f", secure.address());
    let trusting = Live::builder().ca_certificates(&secure.ca()).unwrap();
    assert_eq!(get(trusting.clone(), &link).await.unwrap(), "frog");
    for wrong in [
        get(Live::builder(), &link).await,
        // The certificate is for the other name and for the address.
        get(trusting.clone(), &link.replace("127.0.0.1", "localhost")).await,
    ] {
        let error = wrong.unwrap_err();
        assert!(matches!(&error, Error::Network { fault: NetworkFault::Tls, .. }), "{error:?}");
    }

    // Through a proxy it is the host's certificate that counts.
    for (proxy, scheme) in [
        (Proxied::http(secure.address(), true).await, "http"),
        (Proxied::socks(secure.address()).await, "socks5h"),
    ] {
        let live = proxy.live(scheme, "me:s3cret@").ca_certificates(&secure.ca()).unwrap();
        assert_eq!(get(live, "https://pond.invalid/f").await.unwrap(), "frog", "{scheme}");
        let error = get(proxy.live(scheme, "me:s3cret@"), "https://pond.invalid/f").await.unwrap_err();
        assert!(matches!(&error, Error::Network { fault: NetworkFault::Tls, .. }), "{scheme}: {error:?}");
        assert!(proxy.told()[0].contains("pond.invalid"));
    }
}
