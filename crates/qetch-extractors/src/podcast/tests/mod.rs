//! What is made of feeds. All of them are written here, from the specifications of what they hold.

mod items;

use http::header;
use qetch_core::{Context, Extraction, Found, NetworkFault, Registry, Result, Url, Variants};

use super::{Podcast, found::Pages};
use crate::common_canned::{Canned, Reply};

const LINK: &str = "https://pond.example/feed.xml";

const SPACES: &str = "xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd' \
                      xmlns:podcast='https://podcastindex.org/namespace/1.0' xmlns:atom='http://www.w3.org/2005/Atom' \
                      xmlns:media='http://search.yahoo.com/mrss/' xmlns:psc='http://podlove.org/simple-chapters'";

/// A feed in RSS with this in its channel.
fn rss(channel: &str) -> String {
    format!(
        "<?xml version='1.0'?><rss version='2.0' {SPACES}><channel><title>Pond</title>{channel}</channel></rss>"
    )
}

/// An item with a file of its own.
fn item(number: u32) -> String {
    format!(
        "<item><guid>{number}</guid><enclosure url='https://cdn.example/{number}.mp3' type='audio/mpeg'/></item>"
    )
}

fn site(pages: &[(&str, &str)]) -> Context {
    let reply = |text: &str| Reply::new(200, text.to_owned()).with(header::CONTENT_TYPE, "application/xml");
    let canned = pages.iter().fold(Canned::default(), |site, (url, text)| site.on(url, [reply(text)]));
    canned.start().1.retries(0).build()
}

async fn extraction(cx: &Context) -> Result<Extraction> {
    Registry::new().with_extractor(Podcast::new()).extract(cx, &Url::parse(LINK).unwrap()).await
}

/// Everything that is found at [`LINK`], where this feed is.
async fn all(feed: &str) -> Vec<Result<Found>> {
    let mut extraction = extraction(&site(&[(LINK, feed)])).await.unwrap();
    let mut all = Vec::new();
    while let Some(found) = extraction.next().await {
        all.push(found);
    }
    all
}

/// The resources that are found at [`LINK`], where this feed is, and nothing else is.
async fn resources(feed: &str) -> Vec<Variants> {
    let resource = |found| match found {
        Ok(Found::Variants(variants)) => variants,
        other => panic!("{other:?}"),
    };
    all(feed).await.into_iter().map(resource).collect()
}

/// The one resource of a channel.
async fn resource(channel: &str) -> Variants {
    let mut all = resources(&rss(channel)).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

async fn error(feed: &str) -> (&'static str, String) {
    let error = extraction(&site(&[(LINK, feed)])).await.unwrap_err();
    (error.code(), error.to_string())
}

#[tokio::test]
async fn items_without_media_are_left_out_and_the_others_are_counted() {
    let feed = rss(&format!("{}<item><title>Text</title></item>{}", item(7), item(8)));
    let all = resources(&feed).await;
    let collections: Vec<_> = all.iter().map(|it| it.collection.clone().unwrap()).collect();
    let told = |at: usize| (collections[at].title.as_deref(), collections[at].index, collections[at].count);
    assert_eq!([told(0), told(1)], [(Some("Pond"), Some(1), Some(2)), (Some("Pond"), Some(2), Some(2))]);
    assert_eq!(all.len(), 2);
}

#[tokio::test]
async fn a_feed_without_media_is_refused_with_what_would_help() {
    let (code, told) = error(&rss("<item><title>Text</title></item><item/>")).await;
    assert_eq!(code, "unsupported");
    assert!(told.contains("2 items have no media"), "{told}");
}

#[tokio::test]
async fn uids_are_unique_and_the_same_wherever_an_item_stands() {
    let twice = |first: &str, second: &str| {
        rss(&format!(
            "<item><guid>same</guid><enclosure url='https://cdn.example/{first}'/></item>\
             <item><guid>same</guid><enclosure url='https://cdn.example/{second}'/></item>\
             <item><enclosure url='https://cdn.example/{first}'/></item>"
        ))
    };
    let found = async |feed: String| {
        let all = resources(&feed).await;
        all.iter().map(|it| it.best().uid.clone()).collect::<std::collections::BTreeSet<_>>()
    };
    let (one, other) = (found(twice("a.mp3", "b.mp3")).await, found(twice("b.mp3", "a.mp3")).await);
    assert_eq!((one.len(), one.intersection(&other).count()), (3, 2), "{one:?} {other:?}");
    // The same item again is no other one.
    assert_eq!(found(twice("a.mp3", "a.mp3")).await.len(), 2);
    let single = found(rss(&item(5))).await;
    let own = rss(&format!("<podcast:guid>917393e3-1b1e-5cef-ace4-edaa54e1f810</podcast:guid>{}", item(5)));
    let own = found(own).await;
    assert!(single.first().unwrap().starts_with("5-") && single != own, "{single:?} {own:?}");
}

#[tokio::test]
async fn pages_are_asked_for_as_they_are_read_and_a_circle_ends() {
    let page = |number: u32, next: &str| {
        rss(&format!("<atom:link rel='self' href='x'/><atom:link rel='next' href='{next}'/>{}", item(number)))
    };
    let (first, second, third) = (page(1, "?page=2"), page(2, "?page=3#top"), page(3, LINK));
    let (at_second, at_third) = (format!("{LINK}?page=2"), format!("{LINK}?page=3"));
    let reply = |text: &str| Reply::new(200, text.to_owned());
    let canned = Canned::default().on(LINK, [reply(&first)]).on(&at_second, [reply(&second)]);
    let (site, cx) = canned.on(&at_third, [reply(&third)]).start();
    let mut extraction = extraction(&cx.build()).await.unwrap();
    for (number, asked) in [(1, 1), (2, 2), (3, 3)] {
        let variants = extraction.next_variants().await.unwrap().unwrap();
        assert!(variants.best().uid.starts_with(&format!("{number}-")), "{variants:?}");
        let collection = variants.collection.unwrap();
        assert_eq!((collection.index, collection.count), (Some(number), None));
        assert_eq!(site.asked().len(), asked);
    }
    assert!(extraction.next().await.is_none());
    assert_eq!(site.asked().len(), 3);
}

#[tokio::test]
async fn an_item_that_moved_to_the_next_page_meanwhile_is_found_once() {
    let first = rss(&format!("<atom:link rel='prev-archive' href='/old'/>{}{}", item(3), item(2)));
    let second = rss(&format!("{}{}", item(2), item(1)));
    let cx = site(&[(LINK, &first), ("https://pond.example/old", &second)]);
    let mut extraction = extraction(&cx).await.unwrap();
    let mut found = Vec::new();
    while let Some(variants) = extraction.next_variants().await.unwrap() {
        found.push(variants.best().uid.split('-').next().unwrap().to_owned());
    }
    assert_eq!(found, ["3", "2", "1"]);
}

#[tokio::test]
async fn a_page_that_fails_is_an_error_behind_what_stands_before_it() {
    let first = rss(&format!("<atom:link rel='next' href='/gone'/>{}", item(1)));
    let reply = Reply::new(200, first);
    let (_, cx) =
        Canned::default().on(LINK, [reply]).on("https://pond.example/gone", [Reply::new(404, "")]).start();
    let mut extraction = extraction(&cx.retries(0).build()).await.unwrap();
    assert!(extraction.next_variants().await.unwrap().is_some());
    assert_eq!(extraction.next_variants().await.unwrap_err().code(), "not_found");
    assert!(extraction.next().await.is_none());
}

#[tokio::test]
async fn what_is_live_now_is_found_and_what_will_be_is_a_warning() {
    let live = |status: &str, kind: &str, file: &str| {
        format!(
            "<podcast:liveItem status='{status}' start='2026-09-26T07:30:00.000-0600'><title>Show</title><guid>{status}{file}</guid>\
             <enclosure url='https://cdn.example/{file}' type='{kind}' length='312'/></podcast:liveItem>"
        )
    };
    let (now, hls) = (live("live", "audio/mpeg", "now"), live("live", "application/x-mpegURL", "a.m3u8"));
    let (later, over) = (live("pending", "audio/mpeg", "b"), live("ended", "audio/mpeg", "c"));
    let mut found = all(&rss(&format!("{now}{later}{over}{}", item(1)))).await.into_iter();
    let Some(Ok(Found::Variants(variants))) = found.next() else { panic!() };
    assert_eq!(variants.best().metadata["live"], true);
    assert_eq!(variants.best().metadata["start"], "2026-09-26T07:30:00.000-0600");
    assert_eq!((variants.best().duration, variants.collection.unwrap().index), (None, None));
    let Some(Ok(Found::Warning(warning))) = found.next() else { panic!() };
    assert_eq!(warning.message, "podcast: Show is not live until 2026-09-26T07:30:00.000-0600");
    let Some(Ok(Found::Variants(variants))) = found.next() else { panic!() };
    let collection = variants.collection.unwrap();
    assert_eq!((collection.index, collection.count, found.count()), (Some(1), Some(1), 0));

    let url = Url::parse(LINK).unwrap();
    let cx = site(&[(LINK, &rss(&hls))]);
    let mut extraction = qetch_core::Extractor::extract(&Podcast::new(), &cx, &url).await.unwrap();
    let Some(Ok(Found::Handoff(handoff))) = extraction.next().await else { panic!() };
    assert_eq!(
        (handoff.url.as_str(), handoff.known.title.as_deref()),
        ("https://cdn.example/a.m3u8", Some("Show"))
    );
    assert_eq!(handoff.known.metadata["live"], true);
}

#[tokio::test]
async fn a_broken_feed_gives_what_stands_before_and_then_tells_where_it_broke() {
    let whole = rss(&format!("{}\n{}\n{}", item(1), item(2), item(3)));
    let at = whole.find("<guid>3").unwrap();
    let found = all(&whole[..at + 3]).await;
    assert_eq!(found.iter().filter(|it| matches!(it, Ok(Found::Variants(_)))).count(), 2);
    let broken = found.into_iter().find_map(Result::err).unwrap();
    assert_eq!(broken.code(), "site_changed");
    assert!(broken.to_string().ends_with("line 3) at $.rss.channel.item[2]"), "{broken}");
    let (code, told) = error(&whole[..whole.find("<item>").unwrap()]).await;
    assert_eq!(
        (code, told.contains("it ends early, line 1) at $.rss.channel")),
        ("site_changed", true),
        "{told}"
    );
}

#[test]
fn wherever_a_feed_is_cut_it_is_a_feed_or_a_typed_error() {
    let whole = rss(&format!("<itunes:author>é</itunes:author>{}", item(1)));
    for at in (60..whole.len()).filter(|&at| whole.is_char_boundary(at)) {
        match crate::podcast::feed::read(&whole[..at], &Url::parse(LINK).unwrap()) {
            Ok(feed) => assert!(feed.fault.is_some_and(|it| it.code() == "site_changed"), "{at}"),
            Err(error) => {
                assert!(error.code() == "site_changed" && error.to_string().contains(" at $"), "{error}");
            }
        }
    }
}

#[test]
fn however_a_feed_is_spoilt_nothing_panics() {
    let whole = rss(&format!(
        "<atom:link rel='next' href='/2'/>{}<item><guid>é</guid><pubDate>Fri, 09 Oct 2020 04:30:38 GMT</pubDate>\
         <itunes:duration>1:02:03</itunes:duration><description>&lt;p&gt;a&amp;nbsp;b</description>\
         <psc:chapters><psc:chapter start='1'/></psc:chapters><enclosure url='/é.mp3' length='9'/>\
         <podcast:alternateEnclosure bitrate='1e3' type='a/b; codecs=\"x\"'><podcast:source uri='/2'/>\
         <podcast:integrity value='sha256-AA== x'/></podcast:alternateEnclosure></item>",
        item(1)
    ));
    const SPOILING: &[u8] = b"<>&;'\"/=:-.0 9\0\xff";
    let url = Url::parse(LINK).unwrap();
    let mut state = 1_u64;
    let mut dice = |sides: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % sides
    };
    let (mut feeds, mut errors) = (0, 0);
    for _ in 0..5_000 {
        let mut bytes = whole.clone().into_bytes();
        for _ in 0..=dice(3) {
            let at = dice(bytes.len());
            match dice(3) {
                0 => bytes[at] = SPOILING[dice(SPOILING.len())],
                1 => drop(bytes.remove(at)),
                _ => drop(bytes.drain(at..(at + dice(40)).min(bytes.len()))),
            }
        }
        match crate::podcast::feed::read(&String::from_utf8_lossy(&bytes), &url) {
            Ok(feed) => {
                feeds += 1;
                let _ = Pages::new(&url, &feed).found(feed, true);
            }
            Err(error) => {
                errors += 1;
                assert!(matches!(error.code(), "site_changed" | "over_limit"), "{error}");
            }
        }
    }
    assert!(feeds > 1_000 && errors > 10, "{feeds} {errors}");
}

#[tokio::test]
async fn what_is_no_feed_any_more_is_told() {
    let url = Url::parse(LINK).unwrap();
    let check = async |text: &str, expected: &str| {
        let cx = site(&[(LINK, text)]);
        let error = qetch_core::Extractor::extract(&Podcast::new(), &cx, &url).await.unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), ("site_changed", expected));
    };
    check("<html/>", "podcast changed: <html>, which is the root of no feed at $").await;
    check("<rss/>", "podcast changed: missing at $.rss.channel").await;
    check("gone", "podcast changed: no well-formed XML (no tag in it, line 1) at $").await;
}

#[cfg(feature = "generic")]
#[tokio::test]
async fn a_feed_at_a_link_that_does_not_look_like_one_is_handed_off_by_generic_and_asked_for_once() {
    let link = "https://feeds.example/GLT1412515089";
    let reply = Reply::new(200, rss(&item(1))).with(header::CONTENT_TYPE, "text/xml");
    let (site, cx) = Canned::default().on(link, [reply]).start();
    let registry = Registry::new().with_builtin(crate::builtin());
    let url = Url::parse(link).unwrap();
    let mut extraction = registry.extract(&cx.build(), &url).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    assert_eq!((variants.best().extractor.as_str(), variants.best().source.as_str()), ("podcast", link));
    assert_eq!(site.asked(), [format!("GET {link}")]);
}

#[test]
fn links_that_look_like_feeds_are_claimed_perhaps_and_no_others() {
    use qetch_core::{Claim, Extractor as _};
    let podcast = Podcast::new();
    let claim = |link: &str| podcast.can_handle(&Url::parse(link).unwrap());
    for link in [
        "https://feeds.buzzsprout.com/2407084.rss",
        "https://feeds.npr.org/510289/podcast.xml",
        "http://127.0.0.1:8080/rss",
        "https://pond.example/@frog.rss",
        "https://pond.example/feeds/videos.xml?videoChannelId=1",
        "https://pond.example/my-feed/",
        "https://pond.example/show/podcast/rss/12",
    ] {
        assert_eq!(claim(link), Claim::Perhaps, "{link}");
    }
    for link in [
        "https://pond.example/",
        "https://pond.example/feedback",
        "https://pond.example/a.mp3",
        "https://rss.example/anatomy",
        "https://pond.example/w/rssfeed1",
        "https://pond.example/?x=/feed.xml",
        "ftp://pond.example/feed.xml",
    ] {
        assert_eq!(claim(link), Claim::No, "{link}");
    }
}

#[tokio::test]
async fn statuses_are_told_by_what_can_be_done() {
    let check = async |reply: Reply, expected: &str| {
        let (_, cx) = Canned::default().on(LINK, [reply]).start();
        let error = extraction(&cx.retries(0).build()).await.unwrap_err();
        assert_eq!(error.code(), expected);
    };
    for (status, expected) in [(404, "not_found"), (410, "gone"), (401, "login_required"), (403, "http")] {
        check(Reply::new(status, ""), expected).await;
    }
    check(Reply::fault(NetworkFault::Timeout), "network").await;
}

#[tokio::test]
async fn a_private_feed_is_opened_by_what_stands_before_the_at() {
    let (site, cx) = Canned::default().on(LINK, [Reply::new(200, rss(&item(1)))]).start();
    let url = Url::parse("https://me:s3cret@pond.example/feed.xml").unwrap();
    let registry = Registry::new().with_extractor(Podcast::new());
    let variants = registry.extract(&cx.build(), &url).await.unwrap().next_variants().await.unwrap().unwrap();
    assert_eq!(site.asked(), [format!("GET {LINK} Basic bWU6czNjcmV0")]);
    assert!(!serde_json::to_string(&variants).unwrap().contains("s3cret"));
}

#[tokio::test]
async fn feeds_in_other_encodings_are_read() {
    let text = rss(&item(1)).replace("<title>Pond</title>", "<title>Fr\u{f6}sche</title>");
    let utf_16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin = text.replace("<?xml version='1.0'?>", "<?xml version='1.0' encoding='ISO-8859-1'?>");
    let latin: Vec<u8> = latin.chars().map(|it| it as u8).collect();
    for bytes in [utf_16, latin] {
        let (_, cx) = Canned::default().on(LINK, [Reply::new(200, bytes)]).start();
        let variants = extraction(&cx.build()).await.unwrap().next_variants().await.unwrap().unwrap();
        assert_eq!(variants.collection.unwrap().title.as_deref(), Some("Frösche"));
    }
}
