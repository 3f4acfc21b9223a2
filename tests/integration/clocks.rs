//! Clocks: a host that gives too little, or nothing, is not waited for without end, nor asked without end.

use std::time::{Duration, Instant};

use qetch::{Context, DownloadOptions};
use qetch_testkit::{Behaviour, Origin, Resource, When, Which, pattern};
use qetch_tests::{content, download, download_in};
use tokio::time::timeout;

const MIB: usize = 1024 * 1024;
const SIZE: usize = 8 * MIB + 3;

async fn origin_of(resource: Resource) -> Origin {
    let origin = Origin::start().await.unwrap();
    origin.serve("/f", resource);
    origin
}

/// All is there, and what is asked for again to be compared comes drop by drop.
#[tokio::test]
async fn bytes_that_are_compared_have_a_progress_clock() {
    let slows = Behaviour::Slows { which: Which::All, after: 0, bytes_per_second: 10 };
    let slow = Box::new(Resource::new(pattern(SIZE, 1)).with_behaviour(slows));
    let becomes = Behaviour::Becomes { when: When::Bytes(SIZE as u64), resource: slow };
    let origin = origin_of(Resource::new(pattern(SIZE, 1)).with_behaviour(becomes)).await;
    let (begun, options) = (Instant::now(), DownloadOptions::new().with_retries(0));
    let outcome = timeout(Duration::from_secs(25), download(&origin, options)).await.expect("it waits");
    let error = outcome.result.unwrap_err();
    assert_eq!((error.code(), outcome.file), ("bad_reply", None));
    assert!(error.to_string().contains("a few bytes in a long time"), "{error}");
    assert!(begun.elapsed() >= Duration::from_secs(9), "{:?}", begun.elapsed());
}

/// The watchdog does not wait for those that wait in line.
#[tokio::test]
async fn a_standstill_is_one_where_connections_wait_in_line_too() {
    for per_host in [10, 3] {
        let stalls = Behaviour::Stalls { which: Which::All, after: 1000 };
        let origin = origin_of(Resource::new(pattern(SIZE, 1)).with_etag("one").with_behaviour(stalls)).await;
        let (content, cx) =
            (content([origin.url("/f").as_str()]), Context::builder().max_per_host(per_host).build());
        let options = DownloadOptions::new().with_patience(Duration::from_secs(1));
        let done = timeout(Duration::from_secs(4), download_in(&cx, &content, options)).await;
        let error = done.unwrap_or_else(|_| panic!("it waits with {per_host}")).result.unwrap_err();
        assert_eq!(error.code(), "network");
        assert!(error.to_string().contains("not a byte has arrived for 1 s"), "{error}");
    }
}

#[tokio::test]
async fn pauses_grow_though_other_connections_deliver() {
    let fails = Behaviour::Fails { which: Which::From(3), status: 502 };
    let resource = Resource::new(pattern(SIZE, 1)).with_etag("one").with_throttle(MIB as u64 / 2);
    let origin = origin_of(resource.with_delay(Duration::from_millis(20)).with_behaviour(fails)).await;
    let done = timeout(Duration::from_secs(3), download(&origin, DownloadOptions::new())).await;
    assert!(done.is_err(), "{done:?}");
    assert!(origin.bytes_sent("/f") > MIB as u64, "{} bytes", origin.bytes_sent("/f"));
    assert!((8..=70).contains(&origin.hits("/f")), "{} requests", origin.hits("/f"));
}
