//! Addresses that are not to be reached, behind proxies and through transports of an embedder's own.

use std::{
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use qetch::{Live, NetworkPolicy, Outgoing, Qetch, Resolver, Result, Transport, async_trait, http};
use qetch_testkit::Resource;
use qetch_tests::proxied::Proxied;

use super::egress::{Attack, Table};

#[tokio::test]
async fn a_proxy_that_looks_names_up_is_not_asked_where_public_ones_alone_are_allowed() {
    let attack = Attack::start().await;
    let proxy = Proxied::http(attack.site.addr(), false).await;
    let qetch = attack.qetch_over(proxy.live("http", "")).network(NetworkPolicy::PublicOnly).build();
    attack.refused(&qetch.extract("http://anything.example/a").await.map(drop));
    assert!(proxy.told().is_empty());
    // An embedder may know that it leads to nothing else.
    attack.site.serve("/a", Resource::new("ok").with_content_type("video/mp4"));
    let trusted = attack.qetch_over(proxy.live("http", "").trust_proxy());
    let trusted = trusted.network(NetworkPolicy::PublicOnly).build();
    assert!(trusted.extract("http://anything.example/a").await.is_ok());
    assert_eq!(proxy.told().len(), 1);
}

#[tokio::test]
async fn a_proxy_is_not_asked_for_an_address_of_this_machine() {
    let attack = Attack::start().await;
    let proxy = Proxied::http(attack.site.addr(), false).await;
    let live = proxy.live("http", "").trust_proxy();
    let qetch = attack.qetch_over(live).network(NetworkPolicy::PublicOnly).build();
    attack.refused(&qetch.extract(&attack.at("127.0.0.1")).await.map(drop));
    assert!(proxy.told().is_empty());
}

#[tokio::test]
async fn a_proxy_is_not_asked_for_a_name_of_this_machine_that_a_page_leads_to() {
    let attack = Attack::start().await;
    let proxy = Proxied::http(attack.site.addr(), false).await;
    attack.site.serve("/a", Resource::redirect(attack.at("inner.example")));
    let table = Table::default().with("inner.example", &[&["1.1.1.1", "127.0.0.1"]]);
    let live = proxy.live("http", "").resolver(Arc::new(table)).no_proxy(["127.0.0.1"]);
    attack.refused(&attack.qetch_over(live).build().extract("http://public.example/a").await.map(drop));
    assert!(proxy.told().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_changes_its_address_behind_a_socks_proxy_is_refused() {
    let attack = Attack::start().await;
    let proxy = Proxied::socks(attack.site.addr()).await;
    attack.site.serve("/a", Resource::new("ok").with_content_type("video/mp4"));
    // Public for the floor, and of a cloud's metadata for the proxy.
    let table = Table::default().with("rebinds.example", &[&["1.1.1.1"], &["169.254.169.254"]]);
    let qetch = attack.qetch_over(proxy.live("socks5", "").resolver(Arc::new(table))).build();
    attack.refused(&qetch.extract("http://rebinds.example/a").await.map(drop));
    assert!(proxy.told().is_empty());
}

/// A resolver that notes what it is asked for, and knows nothing.
#[derive(Debug, Default)]
struct Listening(Mutex<Vec<String>>);

#[async_trait]
impl Resolver for Listening {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.0.lock().unwrap().push(name.to_owned());
        Err(io::ErrorKind::NotFound.into())
    }
}

#[tokio::test]
async fn a_name_that_a_proxy_is_to_hide_is_not_looked_up_here() {
    let attack = Attack::start().await;
    attack.site.serve("/a", Resource::new("ok").with_content_type("video/mp4"));
    let socks = Proxied::socks(attack.site.addr()).await;
    let http = Proxied::http(attack.site.addr(), false).await;
    let listening = Arc::new(Listening::default());
    for live in [socks.live("socks5h", ""), http.live("http", "")] {
        let qetch = attack.qetch_over(live.resolver(listening.clone())).build();
        assert!(qetch.extract("http://hidden.onion/a").await.is_ok());
    }
    let qetch = attack.qetch_over(socks.live("socks5h", "").resolver(listening.clone())).build();
    assert!(qetch.extract("http://hidden.example/a").await.is_ok());
    assert!(listening.0.lock().unwrap().is_empty());
    // What is of this machine is known without asking anybody.
    attack.site.serve("/b", Resource::redirect(attack.at("localhost")));
    attack.refused(&qetch.extract("http://hidden.example/b").await.map(drop));
}

/// Makes requests anew on the way to the network, and forgets where they may lead.
#[derive(Debug)]
struct Forgetful(Live);

#[async_trait]
impl Transport for Forgetful {
    async fn send(&self, outgoing: Outgoing) -> Result<http::Response<qetch::Body>> {
        let lane = outgoing.lane();
        self.0.send(Outgoing::new(outgoing.into_request(), lane)).await
    }
}

#[tokio::test]
async fn a_transport_that_makes_requests_anew_leads_to_public_addresses_alone() {
    let attack = Attack::start().await;
    let table = Table::default().with("looks.public.example", &[&["127.0.0.1"]]);
    let live = Live::builder().resolver(Arc::new(table)).build();
    let qetch = Qetch::builder().transport(Arc::new(Forgetful(live))).retries(0).build();
    attack.refused(&qetch.extract(&attack.at("looks.public.example")).await.map(drop));
}
