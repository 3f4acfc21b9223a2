//! What every request must obey, against a site that redirects wherever it is told to.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;

use super::*;
use crate::{
    AuthRegistry, ExtractorInfo, Handle, Handles, UserHeaders,
    transport::{Body, Transport},
};

/// Answers by path: `/to?URL` redirects there, `/see?URL` with 303, `/again?URL` with 307; `/busy` is 429, the rest 200, of
/// which `/last` says that it is the last for 20 s.
#[derive(Debug, Default)]
struct Site(Mutex<Vec<http::Request<Bytes>>>);

#[async_trait]
impl Transport for Site {
    async fn send(&self, outgoing: Outgoing) -> Result<http::Response<Body>> {
        let request = outgoing.into_request();
        let mut answer = http::Response::new(Body::from(Bytes::from("ok")));
        let uri = request.uri().clone();
        let status = match uri.path() {
            "/to" => Some(StatusCode::FOUND),
            "/see" => Some(StatusCode::SEE_OTHER),
            "/again" => Some(StatusCode::TEMPORARY_REDIRECT),
            "/busy" => {
                *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                None
            }
            "/last" => {
                for (name, value) in [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "20")] {
                    answer.headers_mut().insert(name, value.parse().unwrap());
                }
                None
            }
            _ => None,
        };
        if let (Some(status), Some(target)) = (status, uri.query()) {
            *answer.status_mut() = status;
            answer.headers_mut().insert(header::LOCATION, target.parse().unwrap());
        }
        self.0.lock().unwrap().push(request);
        Ok(answer)
    }
}

fn site(auth: AuthRegistry) -> (Arc<Site>, Context) {
    let site = Arc::new(Site::default());
    let cx = Context::builder().transport(site.clone()).auth(auth).build();
    (site, cx)
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// The `Authorization` headers that each host was sent.
fn authorizations(site: &Site) -> Vec<(String, Option<String>)> {
    let seen = site.0.lock().unwrap();
    let of = |request: &http::Request<Bytes>| {
        let value = request.headers().get(header::AUTHORIZATION);
        (request.uri().host().unwrap().to_owned(), value.map(|value| value.to_str().unwrap().to_owned()))
    };
    seen.iter().map(of).collect()
}

#[tokio::test]
async fn redirects_are_followed_and_counted() {
    let (_, cx) = site(AuthRegistry::new());
    let answer = cx.send(Request::get(url("https://a.example/to?https://b.example/x"))).await.unwrap();
    assert_eq!(answer.url().as_str(), "https://b.example/x");
    let around = cx.send(Request::get(url("https://a.example/to?/to?/to"))).await;
    assert!(around.is_ok());
    let endless = cx.send(Request::get(url("https://a.example/to?"))).await.unwrap_err();
    assert_eq!(endless.code(), "over_limit");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_complains_gets_fewer_connections() {
    let cx = Context::builder().transport(Arc::<Site>::default()).max_per_host(4).build();
    let open =
        async |path: &str| cx.open(Request::media(url(&format!("https://a.example/{path}")))).await.unwrap();
    let held = [open("").await, open("").await];
    drop(open("busy").await);
    drop(held);
    // Two are left, and one of them is for metadata.
    let held = open("").await;
    let more = cx.open(Request::media(url("https://a.example/")));
    assert!(tokio::time::timeout(std::time::Duration::from_millis(50), more).await.is_err());
    assert!(!held.should_yield(), "a download does not yield to itself");
    let other = cx.for_download();
    let mut more = std::pin::pin!(other.open(Request::media(url("https://a.example/"))));
    assert!(tokio::time::timeout(std::time::Duration::from_millis(50), &mut more).await.is_err());
    assert!(other.is_waiting() && !held.should_yield(), "one is not two fewer than none");
    drop(held);
    more.await.unwrap();
}

#[tokio::test]
async fn other_schemes_are_refused_at_every_hop() {
    let (site, cx) = site(AuthRegistry::new());
    for target in ["file:///etc/passwd", "data:,x", "ftp://h.example/x"] {
        let first = cx.send(Request::get(url(target))).await.unwrap_err();
        assert_eq!(first.code(), "unsupported", "{target}");
        let behind = url(&format!("https://a.example/to?{target}"));
        assert_eq!(cx.send(Request::get(behind)).await.unwrap_err().code(), "unsupported", "{target}");
    }
    assert_eq!(site.0.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_post_that_is_sent_elsewhere_becomes_a_get() {
    let (site, cx) = site(AuthRegistry::new());
    let post = Request::get(url("https://a.example/see?/done")).with_json(&1);
    cx.send(post).await.unwrap();
    let seen = site.0.lock().unwrap();
    assert_eq!((seen[1].method(), seen[1].body().len()), (&Method::GET, 0));
    assert!(!seen[1].headers().contains_key(header::CONTENT_TYPE));
}

#[tokio::test]
async fn what_is_posted_is_not_sent_on_to_another_origin() {
    let (site, cx) = site(AuthRegistry::new());
    let check = async |target: &str| {
        let url = url(&format!("https://a.example/again?{target}"));
        cx.send(Request::get(url).with_json(&"s3cret")).await.map(drop).map_err(|error| error.code())
    };
    assert_eq!(check("https://b.example/").await, Err("bad_reply"));
    assert_eq!(check("http://a.example/").await, Err("bad_reply"));
    assert_eq!(check("/here").await, Ok(()));
    let seen = site.0.lock().unwrap();
    assert!(seen.iter().all(|request| request.uri().host() == Some("a.example")));
    assert_eq!(seen.last().unwrap().body(), "\"s3cret\"");
}

#[tokio::test]
async fn secrets_do_not_follow_to_another_host() {
    let (site, cx) = site(AuthRegistry::new());
    let mut key = HeaderValue::from_static("k3y");
    key.set_sensitive(true);
    let request = Request::get(url("https://a.example/to?https://b.example/to?https://a.example/"))
        .with_bearer(&"t0ken".into())
        .with_header(HeaderName::from_static("x-key"), key);
    cx.send(request).await.unwrap();
    let bearer = Some("Bearer t0ken".to_owned());
    assert_eq!(authorizations(&site)[..2], [("a.example".into(), bearer), ("b.example".into(), None)]);
    assert!(!site.0.lock().unwrap()[1].headers().contains_key("x-key"));
}

#[tokio::test]
async fn typed_user_information_goes_to_its_origin_alone() {
    let (site, cx) = site(AuthRegistry::new());
    let (mine, first) = cx.adopt(&url("https://me:pw@a.example/to?https://b.example/"));
    mine.send(Request::get(first.clone())).await.unwrap();
    let basic = Some("Basic bWU6cHc=".to_owned());
    assert_eq!(authorizations(&site), [("a.example".into(), basic), ("b.example".into(), None)]);
    cx.send(Request::get(first)).await.unwrap();
    assert_eq!(authorizations(&site)[2], ("a.example".into(), None), "another's credential");
}

#[tokio::test]
async fn the_users_own_headers_go_everywhere_and_the_secret_ones_to_what_was_typed() {
    let (site, cx) = site(AuthRegistry::new());
    let headers = UserHeaders::new().with("Authorization", "Own s3cret").unwrap();
    let headers = headers.with("Cookie", "a=s3cret").unwrap().with("Accept", "x/y").unwrap();
    let link = url("https://a.example/to?https://b.example/to?http://a.example/to?https://a.example:444/");
    let mine = cx.with_headers(headers.clone(), [&link]);
    mine.send(Request::get(link.clone()).with_bearer(&"t0ken".into())).await.unwrap();
    mine.scoped(&ExtractorInfo::new("any", "")).send(Request::get(url("https://a.example/"))).await.unwrap();
    let seen: Vec<_> = std::mem::take(&mut *site.0.lock().unwrap());
    let of = |request: &http::Request<Bytes>| {
        let text =
            |name| request.headers().get(name).map(|value: &HeaderValue| value.to_str().unwrap().to_owned());
        let secret = (text(header::AUTHORIZATION), text(header::COOKIE));
        assert_eq!(text(header::ACCEPT).unwrap(), "x/y");
        (
            request.uri().authority().unwrap().to_string(),
            secret == (Some("Own s3cret".into()), Some("a=s3cret".into())),
            secret == (None, None),
        )
    };
    let expected = [
        ("a.example", true),
        ("b.example", false),
        ("a.example", false),
        ("a.example:444", false),
        ("a.example", true),
    ];
    assert_eq!(
        seen.iter().map(of).collect::<Vec<_>>(),
        expected.map(|(host, has)| (host.to_owned(), has, !has))
    );

    let (built, cx) = (site, Context::builder().headers(headers).user_agent("me/1").unwrap());
    let cx = cx.transport(built.clone()).build();
    let agent = HeaderValue::from_static("theirs");
    cx.send(Request::get(link).with_header(header::USER_AGENT, agent)).await.unwrap();
    let seen = built.0.lock().unwrap();
    assert_eq!(
        (&seen[0].headers()["accept"], &seen[0].headers()["user-agent"]),
        (&"x/y".parse().unwrap(), &"me/1".parse().unwrap())
    );
    assert!(seen.iter().all(|request| !request.headers().contains_key(header::COOKIE)), "nothing was typed");
}

#[tokio::test]
async fn an_answer_that_was_got_with_own_headers_is_nobody_elses() {
    let (_, cx) = site(AuthRegistry::new());
    let link = url("https://a.example/");
    let mine = cx.with_headers(UserHeaders::new().with("Cookie", "a=s3cret").unwrap(), [&link]);
    mine.fetch_first(&link).await.unwrap();
    assert!(cx.take_parked(&link).is_none());
    assert!(mine.for_download().take_parked(&link).is_some());
}

#[tokio::test]
async fn what_was_begun_is_read_to_its_end_and_asked_for_once() {
    let (site, cx) = site(AuthRegistry::new());
    let link = url("https://a.example/");
    cx.first_answer(&link).await.unwrap();
    for asked in [1, 2] {
        assert_eq!(cx.whole_answer(&link, 2).await.unwrap().text(), "ok");
        assert_eq!(site.0.lock().unwrap().len(), asked);
    }
    assert_eq!(cx.whole_answer(&link, 1).await.unwrap_err().code(), "over_limit");
}

#[test]
fn a_user_agent_is_something_that_a_header_holds() {
    for wrong in ["", " ", "a\nb"] {
        assert_eq!(Context::builder().user_agent(wrong).map(drop).unwrap_err().code(), "invalid", "{wrong}");
    }
}

#[tokio::test]
async fn a_named_credential_goes_to_declared_hosts_for_its_extractor_alone() {
    let (site, cx) = site(AuthRegistry::new().with("frogs", Credential::token("t")));
    let frogs =
        ExtractorInfo::new("frogs", "").with_handles(Handles::new([Handle::new("a", ["a.example"], "")]));
    let toads = ExtractorInfo::new("toads", "").with_handles(frogs.handles().clone());
    let ask = |info: &ExtractorInfo, to: &str| {
        let request = Request::get(url(to)).with_auth("frogs");
        let cx = cx.scoped(info);
        async move { cx.send(request).await.map(drop).map_err(|error| error.code()) }
    };
    assert_eq!(ask(&frogs, "https://a.example/").await, Ok(()));
    assert_eq!(ask(&frogs, "https://b.example/").await, Err("invalid"));
    assert_eq!(ask(&frogs, "http://a.example/").await, Err("invalid"));
    assert_eq!(ask(&toads, "https://a.example/").await, Err("invalid"));
    assert_eq!(authorizations(&site), [("a.example".into(), Some("Bearer t".into()))]);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_says_it_allows_no_more_is_left_alone_until_it_does() {
    let (_, cx) = site(AuthRegistry::new());
    let begun = tokio::time::Instant::now();
    let ask = async |request: Request| drop(cx.open(request).await.unwrap());
    ask(Request::media(url("https://a.example/last"))).await;
    ask(Request::get(url("https://a.example/x"))).await;
    assert_eq!(begun.elapsed().as_secs(), 0, "media are not counted so");
    ask(Request::get(url("https://a.example/last"))).await;
    ask(Request::get(url("https://b.example/x"))).await;
    assert_eq!(begun.elapsed().as_secs(), 0, "other hosts");
    ask(Request::get(url("https://a.example/x"))).await;
    assert_eq!(begun.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn an_extraction_knows_that_it_waits_as_its_host_asked() {
    let (_, cx) = site(AuthRegistry::new());
    let (cx, waits) = cx.for_extraction();
    drop(cx.open(Request::get(url("https://a.example/last"))).await.unwrap());
    let mut asking = pin!(cx.open(Request::get(url("https://a.example/x"))));
    assert!(timeout(Duration::from_secs(1), &mut asking).await.is_err());
    assert!(waits.is_waiting(), "its time goes on");
    drop(asking.await.unwrap());
    assert!(!waits.is_waiting());
}

#[tokio::test(start_paused = true)]
async fn a_redirect_waits_for_the_turn_of_its_host_as_well() {
    let (_, cx) = site(AuthRegistry::new());
    let cx = cx.scoped(&ExtractorInfo::new("slow", "").with_interval(Duration::from_secs(3)));
    let begun = tokio::time::Instant::now();
    drop(cx.open(Request::get(url("https://a.example/to?https://b.example/x"))).await.unwrap());
    assert_eq!(begun.elapsed().as_secs(), 0);
    drop(cx.open(Request::get(url("https://a.example/to?https://a.example/x"))).await.unwrap());
    assert_eq!(begun.elapsed().as_secs(), 6);
}
