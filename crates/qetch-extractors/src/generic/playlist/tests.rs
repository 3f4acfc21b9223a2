//! What is made of HLS playlists that a plain link leads to.

use http::header;
use qetch_core::{Content, Delivery, Kind, Registry, Result, Role, Url, Variants};

use crate::{
    common_canned::{Canned, Reply},
    common_link,
    generic::Generic,
};

const LINK: &str = "https://files.example/a/show.m3u8?sig=1";

/// What is found at [`LINK`], which leads to `at`, where this playlist is.
async fn found(at: &str, text: String) -> Result<Variants> {
    let url = Url::parse(LINK).unwrap();
    let playlist = Reply::new(200, text).with(header::CONTENT_TYPE, "application/x-mpegurl");
    let site = match at {
        LINK => Canned::default().on(LINK, [playlist]),
        _ => {
            let moved = Reply::new(302, "").with(header::LOCATION, at);
            Canned::default().on(LINK, [moved]).on(at, [playlist])
        }
    };
    let (site, cx) = site.start();
    let cx = cx.retries(0).build();
    let registry = Registry::new().with_extractor(Generic::new());
    let variants = match registry.extract(&cx, &url).await {
        Ok(mut extraction) => extraction.next_variants().await.transpose().unwrap(),
        Err(error) => Err(error),
    };
    // The first answer is read to its end, and not asked for again.
    assert_eq!(site.asked().len(), if at == LINK { 1 } else { 2 });
    variants
}

fn uid(rendition: &str) -> String {
    format!("{}{rendition}", common_link::uid(&Url::parse(LINK).unwrap()))
}

#[tokio::test]
async fn a_master_is_variants_with_companions() {
    // Longer than what the first answer holds.
    let comment = format!("# {}\n", "x".repeat(100_000));
    let text = format!(
        "#EXTM3U\n#EXT-X-VERSION:6\n{comment}\
         #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",LANGUAGE=\"de\",NAME=\"Deutsch\",URI=\"de.m3u8\"\n\
         #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",LANGUAGE=\"en\",NAME=\"English\",DEFAULT=YES,URI=\"en.m3u8\"\n\
         #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",LANGUAGE=\"en\",NAME=\"English\",URI=\"sub.m3u8\"\n\
         #EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"v\",NAME=\"Other side\",URI=\"other.m3u8\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=64,CODECS=\"mp4a.40.2\"\nsound.m3u8\n\
         #EXT-X-STREAM-INF:BANDWIDTH=1000,RESOLUTION=640x360,CODECS=\"avc1.4d\",AUDIO=\"a\"\n360.m3u8\n\
         #EXT-X-STREAM-INF:BANDWIDTH=5000,AVERAGE-BANDWIDTH=4000,RESOLUTION=1920x1080,FRAME-RATE=30,\
         CODECS=\"avc1.64\",AUDIO=\"a\",NAME=\"Full\"\n1080.m3u8\n"
    );
    let variants = found(LINK, text).await.unwrap();
    let uids: Vec<_> = variants.contents().iter().map(|it| it.uid.clone()).collect();
    assert_eq!(uids, [uid("-1080p-5000"), uid("-360p-1000"), uid("-64")]);
    let best = variants.best();
    assert_eq!(
        (best.width, best.height, best.fps, best.bitrate),
        (Some(1920), Some(1080), Some(30.0), Some(4000))
    );
    assert_eq!((best.kind, best.delivery.clone()), (Kind::Video, Delivery::hls("1080p-5000")));
    assert_eq!((best.fragments.len(), best.fragments[0].url.as_str()), (1, LINK));
    assert_eq!((best.sound.as_deref(), best.group.as_deref()), (Some("audio:a"), None));
    assert_eq!((best.extension.as_deref(), best.content_type.as_deref()), (None, None));
    assert_eq!((best.title.as_deref(), best.codecs.as_deref()), (Some("show"), Some("avc1.64")));
    assert_eq!(best.metadata["name"], "Full");
    assert_eq!((best.extractor.as_str(), best.source.as_str()), ("generic", LINK));
    assert_eq!(variants.worst().kind, Kind::Video);
    let told = |it: &Content| (it.uid.clone(), it.kind, it.role, it.language.clone().unwrap());
    let companions: Vec<_> = variants.companions.iter().map(told).collect();
    assert_eq!(
        companions,
        [
            (uid("-audio-a-en-english"), Kind::Audio, Role::Main, "en".to_owned()),
            (uid("-audio-a-de-deutsch"), Kind::Audio, Role::Main, "de".to_owned()),
            (uid("-subtitles-s-en-english"), Kind::Text, Role::Caption, "en".to_owned()),
        ]
    );
    assert_eq!(variants.companions[0].group.as_deref(), Some("audio:a"));
    assert_eq!(variants.companions[0].delivery, Delivery::hls("audio-a-en-english"));
    assert_eq!(variants.companions[0].metadata["name"], "English");
}

/// Holds what the one content of a media playlist is.
async fn check_media(text: &str, kind: Kind, extension: Option<&str>, content_type: Option<&str>) -> Content {
    let variants = found(LINK, format!("#EXTM3U\n#EXT-X-TARGETDURATION:6\n{text}")).await.unwrap();
    let content = variants.best().clone();
    assert_eq!((variants.contents().len(), variants.companions.len()), (1, 0));
    assert_eq!((content.uid.clone(), content.delivery.clone()), (uid(""), Delivery::hls("")));
    assert_eq!((content.kind, content.extension.as_deref()), (kind, extension), "{text}");
    assert_eq!(content.role, Role::Main, "{text}");
    assert_eq!(content.content_type.as_deref(), content_type, "{text}");
    content
}

#[tokio::test]
async fn a_media_playlist_is_one_content_of_what_its_segments_are() {
    let end = "#EXT-X-ENDLIST\n";
    let content = check_media(
        &format!("#EXTINF:4,\n0.TS?x\n#EXTINF:3.5,\n1.ts\n{end}"),
        Kind::Video,
        Some("ts"),
        Some("video/mp2t"),
    )
    .await;
    assert_eq!((content.duration, content.metadata.get("live")), (Some(7.5), None));
    let map = "#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:4,\n";
    check_media(&format!("{map}0.m4s\n{end}"), Kind::Video, Some("mp4"), Some("video/mp4")).await;
    check_media(&format!("{map}0\n{end}"), Kind::Video, Some("mp4"), Some("video/mp4")).await;
    check_media(&format!("{map}0.ts\n{end}"), Kind::Video, Some("mp4"), Some("video/mp4")).await;
    check_media(&format!("{map}0.m4a\n{end}"), Kind::Audio, Some("m4a"), Some("audio/mp4")).await;
    check_media(&format!("#EXTINF:4,\n0.aac\n{end}"), Kind::Audio, Some("aac"), Some("audio/aac")).await;
    check_media(&format!("#EXTINF:4,\n0.vtt\n{end}"), Kind::Text, Some("vtt"), Some("text/vtt")).await;
    check_media(&format!("#EXTINF:4,\n0.exe\n{end}"), Kind::Video, None, None).await;
    let content = check_media("", Kind::Video, None, None).await;
    assert_eq!((content.duration, &content.metadata["live"]), (None, &true.into()));
}

#[tokio::test]
async fn links_in_it_are_of_where_it_was_in_the_end() {
    let at = "https://cdn.example/Show%20two/index.m3u8?token=t";
    let text = "#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\n#EXTINF:1,\n{$token}.ts\n";
    let variants = found(at, text.to_owned()).await.unwrap();
    let best = variants.best();
    assert_eq!((best.fragments[0].url.as_str(), best.source.as_str()), (LINK, LINK));
    assert_eq!(best.title.as_deref(), Some("index"));
}

#[tokio::test]
async fn what_its_reader_refuses_is_told_as_it_is() {
    let check = async |text: &str, expected| {
        assert_eq!(found(LINK, text.to_owned()).await.unwrap_err().code(), expected, "{text}");
    };
    check("#EXTM3U\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://k\"\n#EXTINF:1,\n0.ts\n", "drm").await;
    check("#EXTM3U\n#EXT-X-BYTERANGE:1\n0.ts\n", "bad_reply").await;
    check("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n", "bad_reply").await;
    check("called one by its server", "bad_reply").await;
    let many = format!("#EXTM3U\n#EXT-X-VERSION:3\n{}", "a\n".repeat(100_001));
    check(&many, "over_limit").await;
    let long = format!("#EXTM3U\n#EXT-X-VERSION:3\n{}", "#\n".repeat(9 << 20));
    check(&long, "over_limit").await;
}
