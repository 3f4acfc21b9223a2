//! PeerTube as instances answered in July 2025.

use qetch::{Handoff, Url};

use super::*;

fn qetch() -> Qetch {
    cassette::recorded("peertube/recorded").build()
}

async fn video(link: &str) -> Variants {
    one(&qetch(), link).await
}

/// What `link` leads to, which is not followed, as far as its first page goes.
async fn led(link: &str, count: usize) -> Vec<Handoff> {
    let (qetch, url) = (qetch(), Url::parse(link).unwrap());
    let extractor = qetch.registry().extractor("peertube").unwrap().clone();
    let mut extraction = extractor.extract(qetch.context(), &url).await.unwrap();
    let mut led = Vec::new();
    while led.len() < count {
        let Some(Ok(Found::Handoff(handoff))) = extraction.next().await else { panic!("{}", led.len()) };
        led.push(*handoff);
    }
    led
}

#[tokio::test]
async fn a_federated_video_with_sound_alone_as_well() {
    let uuid = "d5907aad-2252-4207-89ec-a4b687b9337d";
    let variants = video(&format!("https://framatube.org/api/v1/videos/{uuid}")).await;
    let expected = ["-hls-406", "-m3u8-406", "-hls-240", "-hls-0", "-preview", "-thumbnail"];
    assert_eq!(names(variants.contents(), uuid), expected);
    let best = variants.best();
    assert_eq!((best.width, best.height, best.size_approx), (Some(720), Some(406), Some(266_209_140)));
    assert_eq!((best.duration, best.bitrate), (Some(3171.0), Some(671_609)));
    assert_eq!(best.fragments[0].url.host_str(), Some("cdn.octos3.fr"));
    assert_eq!((best.uploaded_by.as_deref(), best.tags.len()), (Some("LQDN"), 2));
    assert_eq!((&best.description, best.metadata.get("licence")), (&None, None));
    assert!(best.sound.is_none() && variants.companions.is_empty());
    let preview = &variants.contents()[4].fragments[0].url;
    assert!(preview.as_str().starts_with("https://framatube.org/lazy-static/previews/"), "{preview}");
}

#[tokio::test]
async fn a_video_at_six_resolutions() {
    let uuid = "ee408ec8-07cd-4e35-b884-fb681a4b9d37";
    let variants = video(&format!("https://framatube.org/api/v1/videos/{uuid}")).await;
    assert_eq!(names(variants.contents(), uuid)[..3], ["-hls-1080", "-m3u8-1080", "-hls-720"]);
    assert_eq!(variants.contents().len(), 9);
    let best = variants.best();
    assert_eq!((best.fps, best.description.as_ref().unwrap().chars().count()), (Some(60.0), 1968));
    assert_eq!(best.metadata["licence"], "Public Domain Dedication");
    assert_eq!(best.metadata["support"], "https://utip.io/chatsceptique");
    assert_eq!(variants.worst().height, Some(240));
}

#[tokio::test]
async fn a_video_of_its_own_instance() {
    let uuid = "41342cb4-6fa8-402d-a116-1f63a7f438a3";
    let variants = video(&format!("https://tilvids.com/api/v1/videos/{uuid}")).await;
    let expected = ["-hls-1080", "-m3u8-1080", "-hls-360", "-preview", "-thumbnail"];
    assert_eq!(names(variants.contents(), uuid), expected);
    let best = variants.best();
    assert_eq!((best.title.as_deref(), best.tags.len()), (Some("A Goodbye to Flash Games"), 5));
    assert_eq!((&best.metadata["category"], &best.metadata["views"]), (&"Entertainment".into(), &78.into()));
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2021-04-08T20:15:32.434Z");
    assert_eq!(best.metadata["channel"]["displayName"], "Main marinauts channel");
}

#[tokio::test]
async fn a_video_with_both_kinds_of_files() {
    let uuid = "ee483448-5c0b-4d62-a1aa-8755e0cfe6dd";
    let variants = video("https://tube.tchncs.de/api/v1/videos/vqABGP97fEjo7RhPuDnSZk").await;
    let expected = [
        "-web-1080",
        "-hls-1080",
        "-m3u8-1080",
        "-web-480",
        "-hls-480",
        "-web-360",
        "-hls-360",
        "-preview",
        "-thumbnail",
    ];
    assert_eq!(names(variants.contents(), uuid), expected);
    let storyboards = variants.best().metadata["storyboards"].as_array().unwrap();
    assert_eq!((storyboards.len(), &storyboards[0]["spriteDuration"]), (1, &10.into()));
}

#[tokio::test]
async fn a_storyboard_of_a_second_each() {
    let variants = video("https://framatube.org/api/v1/videos/9c9de5e8-0a1e-484a-b099-e80766180a6d").await;
    assert_eq!(variants.best().metadata["storyboards"][0]["spriteDuration"], 1);
}

#[tokio::test]
async fn lists_lead_to_what_is_in_them() {
    let framatube = "https://framatube.org";
    let playlist = led(&format!("{framatube}/w/p/96b0ee2b-a5a7-4794-8769-58d8ccb79ab7"), 1).await;
    let collection = playlist[0].known.collection.clone().unwrap();
    assert_eq!((collection.title.as_deref(), collection.count), (Some("Shocking !"), Some(39)));

    let videos = led(&format!("{framatube}/a/framasoft/videos"), 12).await;
    assert_eq!(videos[0].url.as_str(), "https://framatube.org/w/9HphahWKD6WobX2vq9V3dc");
    assert!(videos[0].known.title.as_ref().unwrap().starts_with("CHATONS"));
    let collection = videos[11].known.collection.clone().unwrap();
    assert_eq!((collection.index, collection.count), (Some(12), Some(712)));

    let channels = led(&format!("{framatube}/a/framasoft/video-channels"), 15).await;
    assert_eq!(channels[0].url.as_str(), "https://framatube.org/c/lokas/videos");
    assert_eq!(channels[14].url.path(), "/c/bf54d359-cfad-4935-9d45-9d6be93f63e8/videos");

    let channel = led("https://kolektiva.media/c/documentary_channel", 1).await;
    let title = channel[0].known.collection.clone().unwrap().title;
    assert_eq!(title.as_deref(), Some("Documentary Channel"));
}
