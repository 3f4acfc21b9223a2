//! Tests of what is told from a link and from a first answer, of a video whose answer is spoilt, and of its password.

mod attacks;
mod lists;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use qetch_core::{Delivery, Kind, Registry, Role, Variants};

use super::*;
use crate::common_canned::{Canned, Reply};

const UUID: &str = "9c9de5e8-0a1e-484a-b099-e80766180a6d";
const SHORT: &str = "9HphahWKD6WobX2vq9V3dc";

#[test]
fn every_form_of_link_may_be_its_own() {
    let peertube = PeerTube::new();
    let check = |link: &str, handle: &str, id: &str, tab: Option<&str>| {
        let url = Url::parse(link).unwrap();
        assert_eq!(peertube.can_handle(&url), Claim::Perhaps, "{link}");
        let found = peertube.info().handles().find(&url).unwrap();
        assert_eq!((found.handle().name(), &found["id"], found.get("tab")), (handle, id, tab), "{link}");
    };
    for link in [
        "https://tube.example/w/{}",
        "https://tube.example/w/{}/",
        "https://tube.example/w/{}?start=1m30s#comments",
        "https://tube.example/w/{};threadId=17",
        "https://tube.example/videos/watch/{}",
        "https://tube.example/videos/embed/{}?warningTitle=0",
        "https://tube.example/api/v1/videos/{}",
        "http://tube.example:9000/w/{}",
        "http://192.0.2.7/w/{}",
    ] {
        for id in [UUID, SHORT, "4438"] {
            check(&link.replace("{}", id), "video", id, None);
        }
    }
    for link in [
        "https://tube.example/w/p/{}?playlistPosition=2",
        "https://tube.example/videos/watch/playlist/{}",
        "https://tube.example/video-playlists/embed/{}",
        "https://tube.example/video-playlists/{}",
        "https://tube.example/api/v1/video-playlists/{}",
        "https://tube.example/api/v1/video-playlists/{}/videos?start=0",
    ] {
        for id in [UUID, SHORT, "36"] {
            check(&link.replace("{}", id), "playlist", id, None);
        }
    }
    let videos = Some("videos");
    check("https://tube.example/c/frogs/videos", "channel", "frogs", videos);
    check("https://tube.example/c/Frogs@Pond.example/videos?s=1", "channel", "Frogs@Pond.example", videos);
    check("https://tube.example/c/frogs/video-playlists", "channel", "frogs", Some("video-playlists"));
    check("https://tube.example/api/v1/video-channels/frogs/videos", "channel", "frogs", videos);
    check("https://tube.example/video-channels/frogs", "channel_page", "frogs", None);
    check("https://tube.example/api/v1/video-channels/frogs", "channel_page", "frogs", None);
    check("https://tube.example/c/the_frogs", "channel_short", "the_frogs", None);
    check(
        "https://tube.example/c/frogs%40pond.example:9000",
        "channel_short",
        "frogs%40pond.example:9000",
        None,
    );
    check("https://tube.example/a/frog.keeper_1/videos", "account", "frog.keeper_1", videos);
    check(
        "https://tube.example/a/frog-keeper/video-channels",
        "account",
        "frog-keeper",
        Some("video-channels"),
    );
    check("https://tube.example/accounts/keeper@pond.example", "account_page", "keeper@pond.example", None);
    check("https://tube.example/a/frog_keeper/", "account_short", "frog_keeper", None);
}

#[test]
fn links_of_another_form_are_not_its_own() {
    let peertube = PeerTube::new();
    for link in [
        "https://tube.example/",
        "https://tube.example/w/",
        "https://tube.example/w/p",
        "https://tube.example/w/9HphahWKD6WobX2vq9V3d",
        "https://tube.example/w/9HphahWKD6WobX2vq9V3d0",
        "https://tube.example/w/9HphahWKD6WobX2vq9V3dcc",
        "https://tube.example/w/index.php",
        "https://tube.example/videos/21217/a-title/",
        "https://tube.example/videos/watch/a-title",
        "https://tube.example/videos/overview",
        "https://tube.example/api/v1/videos",
        "https://tube.example/x/w/4438",
        "https://imgur.com/a/j6Orj",
        "https://imgur.com/a/enen-no-shouboutai-iX265HX",
        "https://media.ccc.de/c/30c3",
        "https://catbox.moe/c/1igcbe",
        "https://tube.example/c/Frogs/videos",
        "https://tube.example/c/frogs/about",
        "https://tube.example/c/-frogs",
        "https://tube.example/accounts/login/",
        "https://tube.example/accounts/Login",
        "https://tube.example/@frogs",
        "https://evil.test/?u=https://tube.example/w/9HphahWKD6WobX2vq9V3dc",
        "https://evil.test/https://tube.example/w/9HphahWKD6WobX2vq9V3dc",
        "ftp://tube.example/w/9HphahWKD6WobX2vq9V3dc",
    ] {
        assert_eq!(peertube.can_handle(&Url::parse(link).unwrap()), Claim::No, "{link}");
    }
}

fn answer(path: &str, header: Option<(&'static str, &'static str)>, body: &'static str) -> Answer {
    let url = Url::parse("https://tube.example").unwrap().join(path).unwrap();
    let headers =
        header.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    Answer::new(StatusCode::OK, HeaderMap::from_iter(headers), url, body)
}

#[test]
fn an_instance_is_known_by_its_marks() {
    let check = |header, body, expected| {
        for path in ["/w/4438", "/videos/embed/4438"] {
            assert_eq!(PeerTube::new().recognise(&answer(path, header, body)), expected, "{body}");
        }
    };
    check(Some(("x-powered-by", "PeerTube")), "", true);
    check(Some(("x-powered-by", "Express")), "", false);
    check(Some(("server", "PeerTube")), "", false);
    check(None, r#"<head><meta property="og:platform" content="PeerTube" /></head>"#, true);
    check(None, "<head><META><meta content=\"PeerTube\"\n  property=\"og:platform\"></head>", true);
    check(None, r#"<script>window.PeerTubeServerConfig = "{}"</script>"#, true);
    let page = r#"<meta property="og:platform" content="PeerTube">"#;
    check(Some(("content-type", "text/html; charset=utf-8")), page, true);
    check(Some(("content-type", "video/mp4")), page, false);
    check(None, r#"<meta property="og:site_name" content="PeerTube">"#, false);
    check(None, r#"<meta property="og:platform" content="Other"><meta content="PeerTube">"#, false);
    check(None, r#"<title>PeerTube</title> &lt;meta property="og:platform" content="PeerTube"&gt;"#, false);
    check(None, r#"{"shortUUID":"9HphahWKD6WobX2vq9V3dc"}"#, false);
}

#[test]
fn answers_of_the_api_are_known_by_their_keys() {
    let check = |body, expected| {
        let answer = answer("/api/v1/videos/4438", Some(("content-type", "application/json")), body);
        assert_eq!(PeerTube::new().recognise(&answer), expected, "{body}");
    };
    check(r#"{"id":1,"uuid":"x","shortUUID":"y","name":"cut he"#, true);
    check(r#"{"id":1,"hostRedundancyAllowed":false}"#, true);
    check(
        r#"{"docs":"https://docs.joinpeertube.org/api-rest-reference.html#operation/getVideo","status":401}"#,
        true,
    );
    check(r#"{"id":1,"uuid":"x"}"#, false);
    check(r#"["shortUUID"]"#, false);
}

const LINK: &str = "https://tube.example/w/4438";
const VIDEO: &str = "https://tube.example/api/v1/videos/4438";

/// What is found where the API answers so, and the warnings.
async fn found(status: u16, body: &str) -> Result<(Variants, Vec<String>)> {
    let page = Reply::new(200, "").with(HeaderName::from_static("x-powered-by"), "PeerTube");
    let (_, cx) = Canned::default()
        .on(LINK, [page])
        .on(VIDEO, [Reply::new(status, body.to_owned())])
        .on(&format!("{VIDEO}/captions"), [Reply::new(200, r#"{"data":[]}"#)])
        .on(&format!("{VIDEO}/chapters"), [Reply::new(404, "")])
        .on(&format!("{VIDEO}/storyboards"), [Reply::new(404, "")])
        .start();
    let registry = Registry::new().with_extractor(PeerTube::new());
    let mut extraction = registry.extract(&cx.build(), &Url::parse(LINK).unwrap()).await?;
    let (mut variants, mut warnings) = (None, Vec::new());
    while let Some(found) = extraction.next().await {
        match found? {
            qetch_core::Found::Variants(it) => assert!(variants.replace(it).is_none()),
            qetch_core::Found::Warning(warning) => warnings.push(warning.message),
            other => panic!("{other:?}"),
        }
    }
    Ok((variants.unwrap(), warnings))
}

fn names(variants: &Variants) -> Vec<&str> {
    variants.contents().iter().map(|it| it.uid.strip_prefix(UUID).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_spoilt_in_one_file_does_not_spoil_the_others() {
    let body = r#"{
        "uuid": "9c9de5e8-0a1e-484a-b099-e80766180a6d", "name": "", "duration": "inf", "tags": null, "state": "1",
        "category": null, "account": 5, "thumbnails": [{"fileUrl": "/t.jpg", "width": 0, "height": 3}],
        "previewPath": null, "thumbnailPath": "/lazy-static/t.jpg",
        "files": [
            7,
            {"resolution": {"id": "720"}, "width": "1280", "height": 720, "fps": "NaN", "size": -1, "fileUrl": "/static/a-720.mp4"},
            {"resolution": {"id": 720}, "fileUrl": "/static/b-720.mp4"},
            {"resolution": null, "width": 360, "height": 640, "fileUrl": "https://cdn.example/c.webm", "hasAudio": 1},
            {"resolution": null, "fileUrl": "/static/d.mp4"},
            {"resolution": {"id": 240}, "fileUrl": "javascript:alert(1)"}
        ],
        "streamingPlaylists": [{"playlistUrl": "", "files": [
            {"resolution": {"id": 480}, "width": 854, "height": 480, "playlistUrl": "/static/480.m3u8"}
        ]}, {"playlistUrl": "/m.m3u8", "files": {}}]
    }"#;
    let (variants, warnings) = found(200, body).await.unwrap();
    assert_eq!(names(&variants), ["-web-720", "-m3u8-480", "-web-360", "-thumbnail"]);
    let expected = "peertube: PeerTube video 4438 lists what cannot be fetched, which is left out: $.files[0], $.files[2], \
                    $.files[4].resolution.id, $.files[5].fileUrl, $.streamingPlaylists[0].playlistUrl, \
                    $.streamingPlaylists[1].files";
    assert_eq!(warnings, [expected]);
    let best = variants.best();
    assert_eq!(best.fragments[0].url.as_str(), "https://tube.example/static/a-720.mp4");
    assert_eq!((best.width, best.height, best.fps, best.size_approx), (Some(1280), Some(720), None, None));
    assert_eq!((&best.title, best.duration, best.bitrate, &best.uploaded_by), (&None, None, None, &None));
    assert_eq!(variants.contents()[1].delivery, Delivery::hls(""));
    assert_eq!(variants.contents()[2].extension.as_deref(), Some("webm"));
    let thumbnail = &variants.contents()[3];
    assert_eq!((thumbnail.kind, thumbnail.role), (Kind::Image, Role::Thumbnail));
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_shape_is_told_with_its_path() {
    let check = async |body: &str, expected: &str| {
        let error = found(200, body).await.unwrap_err();
        assert_eq!(error.code(), "site_changed", "{body}");
        assert_eq!(error.to_string(), format!("peertube changed: {expected}"));
    };
    let with = |rest: &str| format!(r#"{{"uuid":"{UUID}",{rest}}}"#);
    check("{}", "missing at $.uuid").await;
    check(r#"{"uuid":"../../etc"}"#, "other than a UUID at $.uuid").await;
    check("<html>", &format!("no JSON from {VIDEO} at $")).await;
    check(&with(r#""files":[]"#), "missing at $.streamingPlaylists").await;
    check(&with(r#""streamingPlaylists":[],"files":null"#), "missing at $.files").await;
    check(&with(r#""name":"a frog""#), "missing at $.files").await;
    check(&with(r#""streamingPlaylists":[],"files":{}"#), "nothing that can be fetched at $.files").await;
    let file = r#""files":[{"resolution":{"id":720}}],"streamingPlaylists":[]"#;
    check(&with(file), "nothing that can be fetched at $.files[0].fileUrl").await;
    assert!(found(200, r#"["s3cret"]"#).await.unwrap_err().to_string().ends_with("at $"));
}

#[tokio::test(start_paused = true)]
async fn a_state_is_an_error_of_its_own_where_there_are_no_files() {
    let check = async |state: u32, expected: &str| {
        let body =
            format!(r#"{{"uuid":"{UUID}","state":{{"id":{state}}},"files":[],"streamingPlaylists":[]}}"#);
        assert_eq!(found(200, &body).await.unwrap_err().code(), expected, "{state}");
    };
    for state in [2, 3, 6, 9, 10, 13] {
        check(state, "not_ready").await;
    }
    for state in [7, 8, 11, 12] {
        check(state, "not_found").await;
    }
    check(1, "not_found").await;
    check(4, "live").await;
    check(5, "gone").await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_by_its_kind() {
    let check = async |status, body: &str, expected: &str| {
        assert_eq!(found(status, body).await.unwrap_err().code(), expected, "{status} {body}");
    };
    check(401, r#"{"status":401,"detail":"Unauthenticated"}"#, "private").await;
    check(
        403,
        r#"{"status":403,"detail":"Cannot fetch information of private/internal/blocked video"}"#,
        "private",
    )
    .await;
    check(401, r#"{"status":401,"code":"video_requires_password"}"#, "private").await;
    // Not the instance itself, but what stands before it.
    check(401, "<html>", "login_required").await;
    check(403, "<html>", "http").await;
    check(404, r#"{"status":404,"detail":"Video not found"}"#, "not_found").await;
    check(410, "", "gone").await;
    check(451, "", "geo_blocked").await;
    check(500, "", "http").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_told_beside_a_video_may_be_missing_and_the_video_may_not() {
    let page = || Reply::new(200, "").with(HeaderName::from_static("x-powered-by"), "PeerTube");
    let broken = || Reply::fault(qetch_core::NetworkFault::Timeout);
    let (_, cx) = Canned::default().on(LINK, [page()]).on(VIDEO, [broken()]).start();
    let registry = Registry::new().with_extractor(PeerTube::new());
    let url = Url::parse(LINK).unwrap();
    assert_eq!(registry.extract(&cx.build(), &url).await.unwrap_err().code(), "network");

    let video = format!(
        r#"{{"uuid":"{UUID}","files":[{{"resolution":1,"fileUrl":"/a.mp4"}}],"streamingPlaylists":[]}}"#
    );
    let (_, cx) = Canned::default()
        .on(LINK, [page()])
        .on(VIDEO, [Reply::new(200, video)])
        .on(&format!("{VIDEO}/captions"), [broken()])
        .on(&format!("{VIDEO}/chapters"), [Reply::new(200, r#"{"chapters":7}"#)])
        .on(&format!("{VIDEO}/storyboards"), [Reply::new(200, "[]")])
        .start();
    let mut extraction = registry.extract(&cx.build(), &url).await.unwrap();
    for part in ["captions", "chapters", "storyboards"] {
        let Some(Ok(qetch_core::Found::Warning(warning))) = extraction.next().await else { panic!("{part}") };
        assert!(warning.message.contains(&format!("the {part} of PeerTube video 4438")), "{warning}");
    }
    assert!(extraction.next_variants().await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_password_is_sent_to_who_asks_for_it_over_https_alone() {
    let wanted = || Reply::new(401, r#"{"code":"video_requires_password"}"#);
    let video = format!(
        r#"{{"uuid":"{UUID}","files":[{{"resolution":1,"fileUrl":"/a.mp4"}}],"streamingPlaylists":[]}}"#
    );
    let asked = async |link: &str, first: Reply| {
        let of = |link: &str| format!("{}/api/v1/videos/4438", link.split("/w/").next().unwrap());
        // What is asked over http is answered as is said, and what is asked over https as of a video with a password.
        let first = if link == LINK { vec![first, Reply::new(200, video.clone())] } else { vec![first] };
        let mut site =
            Canned::default().on(VIDEO, [wanted(), Reply::new(200, video.clone())]).on(&of(link), first);
        for (part, answer) in [("token", 200), ("captions", 404), ("chapters", 404), ("storyboards", 404)] {
            site = site.on(&format!("{VIDEO}/{part}"), [Reply::new(answer, r#"{"files":{"token":"t"}}"#)]);
        }
        let (site, cx) = site.start();
        let cx = cx.option(NAME, PASSWORD, "open, frog").option(NAME, INSTANCE, "Tube.example").build();
        let registry = Registry::new().with_extractor(To(link.to_owned(), ExtractorInfo::new("to", "")));
        let registry = registry.with_extractor(PeerTube::new());
        let found =
            registry.extract(&cx, &Url::parse("https://to.example/").unwrap()).await.unwrap().next().await;
        (found.unwrap().map_err(|error| error.code()), site.sent("x-peertube-video-password"))
    };
    let (found, sent) = asked(LINK, wanted()).await;
    assert!(found.is_ok());
    let api = "/api/v1/videos/4438";
    let expected = ["GET {}", "POST {}/token", "GET {}/captions", "GET {}/chapters", "GET {}/storyboards"];
    assert_eq!(sent, expected.map(|it| format!("{}: open, frog", it.replace("{}", api))));
    // Nobody asks for it.
    assert!(asked(LINK, Reply::new(200, video.clone())).await.1.is_empty());
    // It goes where the question came from.
    let moved = Reply::new(301, "").with(header::LOCATION, VIDEO);
    let (found, sent) = asked("http://tube.example/w/4438", moved).await;
    assert!(found.is_ok() && sent.len() == 5, "{sent:?}");
    let (found, sent) = asked("http://tube.example/w/4438", wanted()).await;
    assert!(found.is_err_and(|code| code == "unsupported") && sent.is_empty());
}

/// Hands everything off to this link.
#[derive(Debug)]
struct To(String, ExtractorInfo);

#[async_trait]
impl Extractor for To {
    fn info(&self) -> &ExtractorInfo {
        &self.1
    }

    fn can_handle(&self, url: &Url) -> Claim {
        if url.host_str() == Some("to.example") { Claim::Yes("to".into()) } else { Claim::No }
    }

    async fn extract(&self, _: &Context, _: &Url) -> Result<Extraction> {
        Ok(Extraction::once(hand_off(Url::parse(&self.0)?, Known::default())))
    }
}
