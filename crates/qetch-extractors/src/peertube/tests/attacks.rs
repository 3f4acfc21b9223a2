//! Tests of instances that mean ill.

use super::*;

const EVIL: &str = "https://evil.example/api/v1/videos/4438";

/// What is sent in the header of passwords where `link` is asked of `site`, with the options of someone who has the password
/// of a video of `tube.example`.
async fn passwords_sent(site: Canned, link: &str) -> Vec<String> {
    let powered = || Reply::new(200, "").with(HeaderName::from_static("x-powered-by"), "PeerTube");
    let wanted = || Reply::new(401, r#"{"code":"video_requires_password"}"#);
    let site = site.on(link, [powered()]).on("https://evil.example/w/4438", [powered()]).on(EVIL, [wanted()]);
    let (site, cx) = site.start();
    let cx = cx.option(NAME, PASSWORD, "open, frog").option(NAME, INSTANCE, "tube.example").build();
    let registry = Registry::new().with_extractor(PeerTube::new());
    if let Ok(mut found) = registry.extract(&cx, &Url::parse(link).unwrap()).await {
        while found.next().await.is_some() {}
    }
    assert!(site.asked().iter().any(|asked| asked.ends_with(EVIL)), "{:?}", site.asked());
    site.sent("x-peertube-video-password")
}

#[tokio::test(start_paused = true)]
async fn a_password_does_not_follow_to_another_instance() {
    let moved = Reply::new(301, "").with(header::LOCATION, EVIL);
    let site = Canned::default().on("http://tube.example/api/v1/videos/4438", [moved]);
    assert!(passwords_sent(site, "http://tube.example/w/4438").await.is_empty(), "behind a redirect");

    let elsewhere = Reply::new(403, r#"{"originUrl":"https://evil.example/w/4438"}"#);
    let site = Canned::default().on(VIDEO, [elsewhere]);
    assert!(passwords_sent(site, LINK).await.is_empty(), "where another instance is named");
}

#[test]
fn a_page_that_speaks_of_instances_is_none() {
    let page = "<p>The client reads <code>window.PeerTubeServerConfig</code>.</p><script>let x;</script>";
    assert!(!PeerTube::new().recognise(&answer("/w/4438", None, page)));
    let page = r#"<script type="application/javascript">window.PeerTubeServerConfig = "{}"</script>"#;
    assert!(PeerTube::new().recognise(&answer("/w/4438", None, page)));
}

#[tokio::test(start_paused = true)]
async fn of_a_playlist_without_end_some_renditions_are_read() {
    let rendition =
        |rate: u32| format!("#EXT-X-STREAM-INF:BANDWIDTH={rate},RESOLUTION={rate}x{rate}\n/{rate}.m3u8\n");
    let master = (1..5000).map(rendition).collect::<String>();
    let body = format!(
        r#"{{"uuid":"{UUID}","isLive":true,"files":[],"streamingPlaylists":[{{"playlistUrl":"/m.m3u8","files":[]}}]}}"#
    );
    let page = Reply::new(200, "").with(HeaderName::from_static("x-powered-by"), "PeerTube");
    let (_, cx) = Canned::default()
        .on(LINK, [page])
        .on(VIDEO, [Reply::new(200, body)])
        .on("https://tube.example/m.m3u8", [Reply::new(200, format!("#EXTM3U\n{master}"))])
        .start();
    let registry = Registry::new().with_extractor(PeerTube::new());
    let mut found = registry.extract(&cx.build(), &Url::parse(LINK).unwrap()).await.unwrap();
    let count = found.next_variants().await.unwrap().unwrap().contents().len();
    assert!(count <= 100, "{count}");
}

#[tokio::test(start_paused = true)]
async fn of_files_without_end_some_are_read() {
    let file = |id: u32| format!(r#"{{"resolution":{id},"fileUrl":"/{id}.mp4"}}"#);
    let files: Vec<_> = (1..5000).map(file).collect();
    let body = format!(r#"{{"uuid":"{UUID}","files":[{}],"streamingPlaylists":[]}}"#, files.join(","));
    let (variants, warnings) = found(200, &body).await.unwrap();
    assert!(variants.contents().len() <= 100, "{}", variants.contents().len());
    assert!(warnings.len() == 1 && warnings[0].len() < 1000, "{warnings:?}");

    let picture = |width| format!(r#"{{"width":{width},"height":1,"fileUrl":"/{width}.jpg"}}"#);
    let pictures: Vec<_> = (1..5000).map(picture).collect();
    let body = format!(
        r#"{{"uuid":"{UUID}","files":[{}],"streamingPlaylists":[],"thumbnails":[{}]}}"#,
        files[0],
        pictures.join(",")
    );
    let (variants, _) = found(200, &body).await.unwrap();
    assert!(variants.contents().len() <= 50, "{}", variants.contents().len());

    let nothing = vec!["{}"; 5000].join(",");
    let body = format!(r#"{{"uuid":"{UUID}","files":[{},{nothing}],"streamingPlaylists":[]}}"#, files[0]);
    let (_, warnings) = found(200, &body).await.unwrap();
    assert!(warnings[0].len() < 10_000, "a warning of {} bytes", warnings[0].len());
}
