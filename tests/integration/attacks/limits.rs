//! Answers, pages and chains without an end.

mod downloads;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use qetch::{
    AuthRegistry, Claim, Context, Credential, Error, Extraction, Extractor, ExtractorInfo, Limits, Live,
    Page, Qetch, QetchBuilder, Url, async_trait,
};
use qetch_extractor_pond::Pond;
use qetch_tests::{
    flood::{Flood, IN_SOCKETS},
    site::{Site, json, on},
};
use serde_json::{Value, json};
use wiremock::{Mock, Request, ResponseTemplate, matchers::any};

use crate::gfycat::{API, ITEM_2016, LINK};

const SOON: Duration = Duration::from_secs(20);
const MIB: u64 = 1 << 20;
const JSON: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
const POND: &str = "https://pond.example/p/0";

#[track_caller]
fn assert_over(error: &Error, limit: &str) {
    assert_eq!(error.code(), "over_limit", "{error}");
    assert!(error.to_string().contains(limit), "{error}");
}

/// The error of extracting what is behind `link`.
async fn refused(qetch: QetchBuilder, link: &str) -> Error {
    let qetch = qetch.retries(0).build();
    let refused = tokio::time::timeout(SOON, qetch.extract(link));
    refused.await.expect("it does not end").expect_err("it is extracted")
}

fn spaces() -> Vec<u8> {
    vec![b' '; 64 << 10]
}

#[tokio::test]
async fn an_answer_of_ten_gigabytes_is_taken_to_the_limit_and_no_further() {
    let flood = Flood::start(&format!("{JSON}\r\n["), spaces()).await;
    assert_over(&refused(flood.qetch(), LINK).await, "16777216 bytes");
    assert!((16 * MIB..16 * MIB + IN_SOCKETS).contains(&flood.sent()), "{}", flood.sent());
}

#[tokio::test]
async fn an_answer_that_announces_ten_gigabytes_is_refused_at_its_first_bytes() {
    let flood = Flood::start(&format!("{JSON}Content-Length: 10737418240\r\n\r\n["), spaces()).await;
    let limits = Limits::new().answer_bytes(64 << 20);
    assert_over(&refused(flood.qetch().limits(limits), LINK).await, "67108864 bytes");
    assert!(flood.sent() < IN_SOCKETS, "{}", flood.sent());
}

#[tokio::test]
async fn an_answer_in_endless_chunks_is_taken_to_the_limit_that_is_set() {
    let piece = [&b"10000\r\n"[..], &spaces(), b"\r\n"].concat();
    let flood = Flood::start(&format!("{JSON}Transfer-Encoding: chunked\r\n\r\n"), piece).await;
    let limits = Limits::new().answer_bytes(1 << 20);
    assert_over(&refused(flood.qetch().limits(limits), LINK).await, "1048576 bytes");
    assert!(flood.sent() < MIB + IN_SOCKETS, "{}", flood.sent());
}

/// A gzip file of so many spaces, a hundred times smaller than they are: one of them, and then the longest copy of what
/// stands before it (RFC 1951, section 3.2.6) again and again.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut bits = vec![true, true, false];
    // Codes go in by their first bit, and this one is 0101_0000.
    bits.extend([false, true, false, true, false, false, false, false]);
    let copy = [true, true, false, false, false, true, false, true, false, false, false, false, false];
    bits.extend(std::iter::repeat_n(copy, bytes / 258).flatten().chain([false; 7]));
    let head = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
    let packed =
        bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| (byte << 1) | u8::from(*bit)));
    head.into_iter().chain(packed).collect()
}

fn compressed(bytes: usize) -> ResponseTemplate {
    ResponseTemplate::new(200).insert_header("Content-Encoding", "gzip").set_body_bytes(bomb(bytes))
}

#[tokio::test]
async fn a_compression_bomb_in_the_place_of_json_is_not_inflated() {
    let site = Site::start().await;
    site.gets("api.gfycat.com", API, compressed(64 << 20), 1).await;
    let error = refused(site.qetch(), LINK).await;
    assert_eq!(error.code(), "bad_reply");
    assert!(error.to_string().contains("compressed"), "{error}");
}

fn redirects(to: impl Fn(u32) -> String + Send + Sync + 'static) -> Mock {
    Mock::given(any()).respond_with(move |request: &Request| {
        let number = request.url.path().trim_start_matches('/').parse().unwrap_or(0);
        ResponseTemplate::new(302).insert_header("Location", to(number))
    })
}

#[tokio::test]
async fn an_endless_chain_of_redirects_ends_at_the_twentieth() {
    let site = Site::start().await;
    site.mount(redirects(|number| format!("https://h{number}.example/{}", number + 1))).await;
    assert_over(&refused(site.qetch(), "https://files.example/0").await, "limit of 20");
    assert_eq!(site.asked().await.len(), 21);
}

#[tokio::test]
async fn a_loop_of_redirects_ends_at_the_limit_that_is_set() {
    let site = Site::start().await;
    site.mount(redirects(|number| format!("https://files.example/{}", 1 - number.min(1)))).await;
    let qetch = site.qetch().limits(Limits::new().redirects(3));
    assert_over(&refused(qetch, "https://files.example/0").await, "limit of 3");
    assert_eq!(site.asked().await.len(), 4);
}

/// A pond whose every page is `page`, given the number of the pond and that of the page.
async fn ponds(limits: Limits, page: impl Fn(u32, u32) -> Value + Send + Sync + 'static) -> (Site, Qetch) {
    let site = Site::start().await;
    let pages = move |request: &Request| {
        let pond = request.url.path().rsplit('/').next().unwrap().parse().unwrap();
        let number = request.url.query_pairs().next().unwrap().1.parse().unwrap();
        json(&page(pond, number))
    };
    site.mount(Mock::given(any()).respond_with(pages)).await;
    let auth = AuthRegistry::new().with("pond", Credential::token("t0ken"));
    let qetch = site.qetch().extractor(Pond::new()).auth(auth).limits(limits).build();
    (site, qetch)
}

fn frog(page: u32) -> Value {
    let file = json!({"size": "l", "url": "https://cdn.pond.example/l.jpg"});
    json!({"id": page.to_string(), "files": [file]})
}

fn elsewhere(pond: u32) -> Value {
    json!({"id": "x", "elsewhere": format!("https://pond.example/p/{pond}")})
}

/// What an extraction gives until its end: how many resources, and the errors. It must not take long.
async fn read(extraction: &mut Extraction) -> (usize, Vec<Error>) {
    let (mut resources, mut errors) = (0, Vec::new());
    let reading = async {
        while let Some(found) = extraction.next().await {
            match found {
                Ok(_) => resources += 1,
                Err(error) => errors.push(error),
            }
        }
    };
    tokio::time::timeout(SOON, reading).await.expect("it does not end");
    (resources, errors)
}

#[tokio::test]
async fn an_endless_pagination_ends_with_what_was_found() {
    let page = |_: u32, page: u32| json!({"title": "", "frogs": [frog(page)], "next": page + 1});
    let (site, qetch) = ponds(Limits::new().pages(5), page).await;
    let (resources, errors) = read(&mut qetch.extract(POND).await.unwrap()).await;
    assert_eq!((resources, errors.len(), site.asked().await.len()), (5, 1, 5));
    assert_over(&errors[0], "pages is over the limit of 5");
}

#[tokio::test]
async fn a_page_that_leads_to_itself_ends_at_the_limit_though_nothing_is_found() {
    let (site, qetch) =
        ponds(Limits::new().pages(7), |_, page| json!({"title": "", "frogs": [], "next": page})).await;
    let (resources, errors) = read(&mut qetch.extract(POND).await.unwrap()).await;
    assert_eq!((resources, errors.len(), site.asked().await.len()), (0, 1, 7));
    assert_over(&errors[0], "limit of 7");
}

/// An extractor whose pages have nothing and never end.
#[derive(Debug)]
struct Endless(ExtractorInfo, Arc<AtomicU32>);

#[async_trait]
impl Extractor for Endless {
    fn info(&self) -> &ExtractorInfo {
        &self.0
    }

    fn can_handle(&self, _: &Url) -> Claim {
        Claim::Yes("any".into())
    }

    async fn extract(&self, _: &Context, _: &Url) -> qetch::Result<Extraction> {
        let turned = self.1.clone();
        Ok(Extraction::paged(Page::new([], Some(())), move |()| {
            turned.fetch_add(1, Ordering::SeqCst);
            async { Ok(Page::new([], Some(()))) }
        }))
    }
}

#[tokio::test]
async fn a_thousand_pages_are_read_where_no_limit_is_set() {
    let turned = Arc::<AtomicU32>::default();
    let endless = Endless(ExtractorInfo::new("endless", ""), turned.clone());
    let mut extraction = Qetch::builder().extractor(endless).build().extract(POND).await.unwrap();
    assert_over(&read(&mut extraction).await.1[0], "limit of 1000");
    assert_eq!(turned.load(Ordering::SeqCst), 999);
}

#[tokio::test]
async fn hand_offs_in_a_circle_end_where_they_began() {
    let page = |pond: u32, _: u32| json!({"title": "", "frogs": [elsewhere((pond + 1) % 3)], "next": null});
    let (site, qetch) = ponds(Limits::new(), page).await;
    let (_, errors) = read(&mut qetch.extract(POND).await.unwrap()).await;
    assert_eq!((errors.len(), site.asked().await.len()), (1, 3));
    assert_over(&errors[0], "circle");
}

#[tokio::test]
async fn an_endless_chain_of_new_hand_offs_ends_at_the_eighth() {
    let page = |pond: u32, _: u32| json!({"title": "", "frogs": [elsewhere(pond + 1)], "next": null});
    let (site, qetch) = ponds(Limits::new(), page).await;
    let (_, errors) = read(&mut qetch.extract(POND).await.unwrap()).await;
    assert_eq!((errors.len(), site.asked().await.len()), (1, 9));
    assert_over(&errors[0], "chain of hand-offs is over the limit of 8");
}

#[tokio::test]
async fn a_chain_of_hand_offs_is_as_long_as_is_set() {
    let page = |pond: u32, _: u32| json!({"title": "", "frogs": [elsewhere(pond + 1)], "next": null});
    let (site, qetch) = ponds(Limits::new().handoff_depth(1), page).await;
    let (_, errors) = read(&mut qetch.extract(POND).await.unwrap()).await;
    assert_eq!((errors.len(), site.asked().await.len()), (1, 2));
}

/// The first pond lists thousands of others, and each of them has something.
#[tokio::test]
async fn an_endless_list_of_hand_offs_ends_the_extraction_at_the_limit() {
    let page = |pond: u32, page: u32| match pond {
        0 => json!({"title": "", "frogs": (1..5_000).map(elsewhere).collect::<Vec<_>>(), "next": 2}),
        _ => json!({"title": "", "frogs": [frog(page)], "next": null}),
    };
    let (site, qetch) = ponds(Limits::new().handoffs(20), page).await;
    let (resources, errors) = read(&mut qetch.extract(POND).await.unwrap()).await;
    assert_eq!((resources, errors.len(), site.asked().await.len()), (20, 1, 21));
    assert_over(&errors[0], "number of hand-offs is over the limit of 20");
}

/// Every pond leads to two others and has another page: without a sum of them all there are thousands.
#[tokio::test]
async fn pages_behind_hand_offs_are_counted_with_the_others() {
    let page = |pond: u32, page: u32| {
        let others = [elsewhere(pond * 2 + 1), elsewhere(pond * 2 + 2)];
        json!({"title": "", "frogs": others, "next": page + 1})
    };
    let (site, qetch) = ponds(Limits::new().pages(12), page).await;
    let (_, errors) = read(&mut qetch.extract(POND).await.unwrap()).await;
    assert_over(errors.last().unwrap(), "limit of 12");
    // What is behind a hand-off is known to have pages when its first one is there.
    assert!(site.asked().await.len() <= 13, "{:?}", site.asked().await);
}

/// What gfycat's item gives where `{}` in its answer is a list, nested a hundred thousand times.
async fn nested(answer: &str) -> Error {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let site = Site::start().await;
    let body = ResponseTemplate::new(200).set_body_raw(answer.replace("{}", &deep), "application/json");
    site.mount(on("api.gfycat.com", "GET", API).respond_with(body)).await;
    refused(site.qetch(), LINK).await
}

#[tokio::test]
async fn json_that_is_nested_where_something_is_looked_for_is_over_the_limit() {
    assert_over(&nested(r#"{"gfyItem": {}}"#).await, "limit of 100 levels");
}

#[tokio::test]
async fn json_that_is_nested_where_nobody_looks_is_over_the_limit() {
    let skipped = ITEM_2016.trim().strip_suffix('}').unwrap().to_owned() + r#", "unknown": {}}"#;
    assert_over(&nested(&skipped).await, "limit of 100 levels");
}

#[tokio::test]
async fn json_that_is_nested_where_anything_may_stand_is_over_the_limit() {
    let lenient = ITEM_2016.replacen(r#"{"gfyId":"#, r#"{"title":{},"gfyId":"#, 1);
    assert!(lenient.contains("{}"), "it is another answer");
    assert_over(&nested(&lenient).await, "limit of 100 levels");
}

#[tokio::test]
async fn a_head_without_an_end_is_over_the_limit() {
    let line = format!("X-Filler: {}\r\n", "a".repeat(8000));
    let flood = Flood::start("HTTP/1.1 200 OK\r\n", line).await;
    assert_over(&refused(flood.qetch(), "https://files.example/a").await, "the head of the answer");
    assert!(flood.sent() < IN_SOCKETS, "{}", flood.sent());
}

#[tokio::test]
async fn a_head_of_headers_without_number_is_over_the_limit() {
    let flood = Flood::start(&format!("{JSON}{}\r\n{{}}", "A: b\r\n".repeat(200)), " ").await;
    assert_over(&refused(flood.qetch(), LINK).await, "100 headers");
}

const DRIP: Duration = Duration::from_millis(20);
const A_MOMENT: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_head_that_drips_for_ever_is_a_timeout() {
    let flood = Flood::dripping("HTTP/1.1 200 OK\r\n", "X: y\r\n", DRIP).await;
    let live = Live::builder().silence_timeout(Duration::from_millis(300)).build();
    let error = refused(flood.qetch().transport(Arc::new(live)), LINK).await;
    assert_eq!(error.code(), "network", "{error}");
}

async fn assert_ends_in_time(head: &str, link: &str) {
    let (flood, begun) = (Flood::dripping(head, " ", DRIP).await, Instant::now());
    let limits = Limits::new().extraction_time(A_MOMENT);
    assert_over(&refused(flood.qetch().limits(limits), link).await, "time of the extraction");
    assert!(begun.elapsed() >= A_MOMENT && flood.sent() > 0, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_answer_that_drips_for_ever_ends_with_the_time_of_the_extraction() {
    assert_ends_in_time(&format!("{JSON}\r\n"), LINK).await;
}

#[tokio::test]
async fn a_page_that_drips_for_ever_while_it_is_recognised_ends_with_the_time_of_the_extraction() {
    assert_ends_in_time("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "https://files.example/a")
        .await;
}

/// Each page comes soon enough, and there is always another one.
#[tokio::test]
async fn pages_that_come_for_ever_end_with_the_time_of_the_extraction() {
    let page = |_: u32, page: u32| {
        std::thread::sleep(DRIP);
        json!({"title": "", "frogs": [frog(page)], "next": page + 1})
    };
    let (_site, qetch) = ponds(Limits::new().extraction_time(A_MOMENT), page).await;
    let (resources, errors) = read(&mut qetch.extract(POND).await.unwrap()).await;
    assert_over(&errors[0], "time of the extraction");
    assert!((1..=25).contains(&resources) && errors.len() == 1, "{resources} {errors:?}");
}
