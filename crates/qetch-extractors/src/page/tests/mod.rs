//! *Synthetic*: whole pages, through the registry, beside an extractor that knows a site and one that takes what is left.

mod answers;
mod greedy;
mod oembed;
mod robust;

use http::header;
use qetch_core::{Content, Fragment, Handle, Handles, Kind, Registry, Role, Variants};

use super::*;
use crate::common_canned::{Canned, Reply};

const LINK: &str = "https://news.example/story";

/// Finds a content that says who it is and where, whatever there is.
#[derive(Debug)]
struct Toy(ExtractorInfo, Claim);

impl Toy {
    /// Knows `known.example`.
    fn known() -> Self {
        let handle = Handle::new("any", ["known.example"], "^/e/");
        Self(ExtractorInfo::new("known", "").with_handles(Handles::new([handle])), Claim::No)
    }

    fn podcast() -> Self {
        Self(ExtractorInfo::new("podcast", ""), Claim::No)
    }

    /// Stands for `generic`.
    fn last() -> Self {
        Self(ExtractorInfo::new("last", "").with_priority(ExtractorInfo::LAST), Claim::Perhaps)
    }
}

#[async_trait]
impl Extractor for Toy {
    fn info(&self) -> &ExtractorInfo {
        &self.0
    }

    fn can_handle(&self, url: &Url) -> Claim {
        match self.0.handles().claim(url) {
            Claim::No => self.1.clone(),
            claim => claim,
        }
    }

    fn recognise(&self, _: &Answer) -> bool {
        true
    }

    async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
        let uid = format!("{} {}", self.0.name(), url.path());
        Ok(Extraction::once(Content::new(uid, Kind::Other, url.clone(), [Fragment::new(url.clone())])))
    }
}

fn page(body: impl Into<String>) -> Reply {
    Reply::new(200, body.into()).with(header::CONTENT_TYPE, "text/html; charset=utf-8")
}

/// What is found behind [`LINK`] on this site, and the warnings.
async fn found(site: Canned, with_podcast: bool) -> Result<(Vec<Variants>, Vec<String>)> {
    let (_, cx) = site.start();
    let mut registry = Registry::new()
        .with_extractor(WebPage::new())
        .with_extractor(Toy::known())
        .with_extractor(Toy::last());
    if with_podcast {
        registry = registry.with_extractor(Toy::podcast());
    }
    let mut extraction = registry.extract(&cx.retries(0).build(), &Url::parse(LINK).unwrap()).await?;
    let (mut variants, mut warnings) = (Vec::new(), Vec::new());
    while let Some(found) = extraction.next().await {
        match found? {
            Found::Variants(found) => variants.push(found),
            Found::Warning(warning) => warnings.push(warning.message),
            other => panic!("{other:?}"),
        }
    }
    Ok((variants, warnings))
}

async fn read(html: &str) -> Result<Vec<Variants>> {
    found(Canned::default().on(LINK, [page(html)]), false).await.map(|(variants, _)| variants)
}

/// The main links of each resource.
fn links(variants: &[Variants]) -> Vec<Vec<&str>> {
    let main = |it: &&Content| it.role == Role::Main;
    let of = |it: &'_ Content| it.fragments[0].url.as_str().trim_start_matches("https://news.example").len();
    let tail = |it: &'_ Content| it.fragments[0].url.as_str().len() - of(it);
    variants
        .iter()
        .map(|it| {
            it.contents().iter().filter(main).map(|it| &it.fragments[0].url.as_str()[tail(it)..]).collect()
        })
        .collect()
}

#[tokio::test]
async fn what_is_told_of_one_video_in_many_ways_is_one_resource() {
    let variants = read(
        r#"<base href="/m/"><title>T - News</title><meta property="og:title" content="Story">
        <meta property="og:video" content="hd.mp4"><meta property="og:video:type" content="video/mp4">
        <meta property="og:video:width" content="1280"><meta property="og:video:height" content="720">
        <meta property="og:image" content="p.jpg"><meta property="og:site_name" content="News">
        <script type="application/ld+json">{"@type":"VideoObject","name":"A frog","uploadDate":"2024-03-01","duration":"PT1M",
         "contentUrl":"https://news.example/m/hd.mp4?Expires=1&Signature=x","thumbnailUrl":"t.jpg"}</script>
        <video poster="p.jpg"><source src="sd.mp4" size="360"><source src="hd.mp4"><track src="en.vtt" srclang="en"></video>
        <img src="beside.jpg" width="800" height="600">"#,
    )
    .await
    .unwrap();
    assert_eq!(links(&variants), [["/m/hd.mp4?Expires=1&Signature=x", "/m/sd.mp4"]]);
    let [variants] = &variants[..] else { unreachable!() };
    let best = variants.best();
    assert_eq!(
        (best.title.as_deref(), best.duration, best.quality.value()),
        (Some("A frog"), Some(60.0), 1.0)
    );
    assert_eq!(
        (best.width, best.height, best.content_type.as_deref()),
        (Some(1280), Some(720), Some("video/mp4"))
    );
    assert_eq!((best.metadata["site_name"].as_str(), best.source.as_str()), (Some("News"), LINK));
    assert_eq!(best.fragments[0].bound_to.referer.as_ref().map(Url::as_str), Some(LINK));
    assert!(best.uid.starts_with("hd-") && best.extractor == "page");
    let others: Vec<_> =
        variants.contents()[2..].iter().map(|it| (it.role, it.fragments[0].url.path())).collect();
    assert_eq!(others, [(Role::Poster, "/m/p.jpg"), (Role::Thumbnail, "/m/t.jpg")]);
    let caption = &variants.companions[0];
    assert_eq!((caption.role, caption.language.as_deref()), (Role::Caption, Some("en")));
    assert_eq!((caption.content_type.as_deref(), &variants.collection), (Some("text/vtt"), &None));
}

#[tokio::test]
async fn several_videos_are_several_resources_of_one_collection() {
    let variants = read(
        "<title>Two</title><video src=a.mp4 title=A></video><video src=https://cdn.example/b.webm></video>
         <audio src=c.mp3></audio>",
    )
    .await
    .unwrap();
    assert_eq!(links(&variants), [["/a.mp4"], ["https://cdn.example/b.webm"], ["/c.mp3"]]);
    let titles: Vec<_> = variants.iter().map(|it| it.best().title.as_deref().unwrap()).collect();
    assert_eq!(titles, ["A", "Two", "Two"]);
    let collection = variants[1].collection.as_ref().unwrap();
    assert_eq!(
        (collection.title.as_deref(), collection.index, collection.count),
        (Some("Two"), Some(2), Some(3))
    );
    let referer = variants[1].best().fragments[0].bound_to.referer.as_ref().map(Url::as_str);
    assert_eq!((referer, variants[2].best().kind), (Some("https://news.example/"), Kind::Audio));
}

#[tokio::test]
async fn what_somebody_knows_is_handed_off_with_what_is_told_of_it() {
    let check = async |html: &str, expected: &[&str]| {
        let variants = read(&format!("<title>T</title>{html}")).await.unwrap();
        let uids: Vec<_> = variants.iter().map(|it| it.best().uid.as_str()).collect();
        assert_eq!(uids, expected, "{html}");
        variants
    };
    let iframe = "<iframe src='//known.example/e/1?autoplay=1'></iframe>";
    let variants = check(iframe, &["known /e/1"]).await;
    assert_eq!(
        (variants[0].best().title.as_deref(), variants[0].best().extractor.as_str()),
        (Some("T"), "known")
    );
    check(
        &format!(
            "{iframe}<iframe src=https://known.example/e/2></iframe><iframe src=https://ads.example/e/1>"
        ),
        &["known /e/1", "known /e/2"],
    )
    .await;
    check(
        "<embed src=https://known.example/e/1><object data=https://known.example/e/3></object>",
        &["known /e/1", "known /e/3"],
    )
    .await;
    check("<meta property=og:video content=https://known.example/e/1><meta property=og:video:type content=text/html>", &["known /e/1"]).await;
    check("<meta name=twitter:player content=https://known.example/e/1>", &["known /e/1"]).await;
    check(
        "<video><source type=video/x-known src=https://known.example/e/1.mp4><source src=a.mp4></video>",
        &["known /e/1.mp4"],
    )
    .await;
    let json = r#"<script type="application/ld+json">{"@type":"VideoObject","name":"N","description":"D","uploadDate":"2024-03-01",
        "keywords":"x,y","embedUrl":"https://known.example/e/1","thumbnailUrl":"/t.jpg"}</script>"#;
    let variants =
        check(&format!("{json}{iframe}<meta property=og:image content=/p.jpg>"), &["known /e/1"]).await;
    let best = variants[0].best();
    assert_eq!(
        (best.title.as_deref(), best.description.as_deref(), best.tags.len()),
        (Some("N"), Some("D"), 2)
    );
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2024-03-01T00:00:00Z");
    assert_eq!(best.metadata["poster"], "https://news.example/t.jpg");
}

#[tokio::test]
async fn a_playlist_is_for_who_reads_it() {
    let check = async |html: &str, expected: &str| {
        let lists = ["https://news.example/v.m3u8", "https://news.example/v.mpd"];
        let site = lists.iter().fold(Canned::default().on(LINK, [page(html)]), |site, list| {
            site.on(list, [Reply::new(200, "#EXTM3U")])
        });
        let (variants, _) = found(site, false).await.unwrap();
        assert_eq!((variants.len(), variants[0].best().uid.as_str()), (1, expected), "{html}");
    };
    check("<video src=v.m3u8></video>", "last /v.m3u8").await;
    check("<video><source src='v.mpd'></video>", "last /v.mpd").await;
    check("<meta property=og:video content=/v.m3u8>", "last /v.m3u8").await;
    // Where this build does not read it, the file beside it is taken.
    let both = read("<video><source src=v.m3u8><source src=a.mp4></video>");
    if cfg!(not(feature = "hls")) {
        assert_eq!(links(&both.await.unwrap()), [["/a.mp4"]]);
    }
}

#[tokio::test]
async fn a_player_of_no_ones_is_followed_where_there_is_nothing_else() {
    let html = "<meta name=twitter:player content=https://p.example/player?id=1>";
    let player = page("<video src=/a.mp4></video><link rel=canonical href=https://news.example/story>");
    let site = || Canned::default().on("https://p.example/player?id=1", [player.clone()]);
    let (variants, _) = found(
        site().on(LINK, [page(format!("<title>T</title>{html}<iframe src=https://ads.example>"))]),
        false,
    )
    .await
    .unwrap();
    assert_eq!(links(&variants), [["https://p.example/a.mp4"]]);
    assert_eq!(variants[0].best().title.as_deref(), Some("T"));
    let beside =
        found(site().on(LINK, [page(format!("{html}<video src=/b.mp4></video>"))]), false).await.unwrap().0;
    assert_eq!(links(&beside), [["/b.mp4"]]);
    // A page that names itself leads nowhere.
    let own = read("<meta property=og:video content=https://news.example/story#v>").await.unwrap_err();
    assert_eq!(own.code(), "unsupported");
}

#[tokio::test]
async fn pictures_are_resources_where_there_is_no_video() {
    let variants = read(
        r#"<title>T</title><link rel=icon href=/icon.png><meta property="og:image" content="/a.jpg">
        <meta property="og:image:width" content="1600"><meta property="og:image:height" content="900">
        <script type="application/ld+json">{"@type":"Article","image":"/a.jpg","publisher":{"logo":"/logo.png"}}</script>
        <img src="/a-400.jpg" srcset="/a.jpg 1600w, /a-400.jpg 400w" width="400" height="225" alt="A frog">
        <img src="/b.jpg"><img src="/pixel.gif?x" width="1" height="1"><img src="/logo.svg">"#,
    )
    .await
    .unwrap();
    assert_eq!(links(&variants), [vec!["/a.jpg", "/a-400.jpg"], vec!["/b.jpg"]]);
    let best = variants[0].best();
    assert_eq!((best.width, best.height, best.kind), (Some(1600), Some(900), Kind::Image));
    assert_eq!(best.description.as_deref(), Some("A frog"));
    assert_eq!(variants[0].contents()[1].height, Some(225));
}

#[tokio::test]
async fn a_page_about_a_video_is_no_picture() {
    for html in [
        "<meta property=og:type content=video.other><meta property=og:image content=/a.jpg>",
        "<meta name=twitter:card content=player><img src=a.jpg>",
    ] {
        let error = read(html).await.unwrap_err();
        assert_eq!(error.code(), "unsupported");
        assert!(error.to_string().contains("about a video"), "{error}");
    }
}

#[tokio::test]
async fn a_page_that_describes_a_video_beside_its_pictures_says_so() {
    let html =
        r#"<script type="application/ld+json">{"@type":"VideoObject","name":"N"}</script><img src=a.jpg>"#;
    let (variants, warnings) = found(Canned::default().on(LINK, [page(html)]), false).await.unwrap();
    assert_eq!(links(&variants), [["/a.jpg"]]);
    assert_eq!(warnings, ["page: it describes a video or a sound, but its HTML links no file of it"]);
}

#[tokio::test]
async fn a_feed_is_for_want_of_anything_else() {
    let feeds = "<link rel=alternate type=application/rss+xml title=Comments href=/comments.rss>
        <link rel=alternate type=application/atom+xml href=/story/feed.atom><link rel=alternate type=application/rss+xml href=/b>";
    let site = |more: &str| Canned::default().on(LINK, [page(format!("{feeds}{more}"))]);
    let (variants, _) = found(site(""), true).await.unwrap();
    assert_eq!(variants[0].best().uid, "podcast /story/feed.atom");
    assert_eq!(found(site(""), false).await.unwrap_err().code(), "unsupported");
    let (variants, _) = found(site("<video src=a.mp4></video>"), true).await.unwrap();
    let told = ["https://news.example/story/feed.atom", "https://news.example/b"];
    assert_eq!(
        (links(&variants), &variants[0].best().metadata["feeds"]),
        (vec![vec!["/a.mp4"]], &told.into_iter().collect())
    );
}

/// A post of words is not the other posts of its site.
#[tokio::test]
async fn the_feed_of_the_whole_site_is_named_and_not_followed() {
    let html = "<link rel=alternate type=application/rss+xml href=/feed.xml><p>Words.</p>";
    let error = found(Canned::default().on(LINK, [page(html)]), true).await.unwrap_err();
    assert_eq!(error.code(), "unsupported");
    assert!(error.to_string().contains("https://news.example/feed.xml"), "{error}");
}

#[tokio::test]
async fn a_page_without_media_is_refused_with_what_would_help() {
    for html in
        ["", "Hello", "<p>Hello</p>", "<video></video><img src='data:,x'>", "<video src=blob:x></video>"]
    {
        let error = read(html).await.unwrap_err();
        assert_eq!(error.code(), "unsupported");
        assert!(error.to_string().contains("give the link of the file itself"), "{error}");
    }
}

#[tokio::test]
async fn what_is_amiss_is_told_and_the_rest_goes_on() {
    let html = "<script type=application/ld+json>{oops</script><video src=a.mp4></video>";
    let (variants, warnings) = found(Canned::default().on(LINK, [page(html)]), false).await.unwrap();
    assert_eq!(links(&variants), [["/a.mp4"]]);
    assert_eq!(warnings, ["page: 1 of the page's JSON-LD texts cannot be read and are left out"]);
}

#[tokio::test]
async fn a_page_of_any_length_ends_within_its_limits() {
    let many: String =
        (0..100_000).map(|number| format!("<img src={number}.jpg srcset='s{number}.jpg 2x'>")).collect();
    let (variants, warnings) = found(Canned::default().on(LINK, [page(many)]), false).await.unwrap();
    assert_eq!((variants.len(), warnings.len()), (document::MOST_PICTURES, 1));
    let over = "<div>".repeat((LARGEST / 5) + 1);
    assert_eq!(read(&over).await.unwrap_err().code(), "over_limit");
}
