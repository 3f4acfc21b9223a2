//! streamable.com from cassettes.

use qetch::{Kind, Qetch, Role, Url};
use qetch_tests::{
    cassette,
    replayed::{bring, fails, one, uids},
    site::builtins,
};

fn site(name: &str) -> Qetch {
    cassette::replay(&format!("streamable/{name}")).build()
}

#[tokio::test]
async fn a_video_is_extracted_and_brought() {
    let qetch = site("video");
    let video = one(&qetch, "https://streamable.com/pond1").await;
    assert_eq!(uids(video.contents()), ["pond1-mp4", "pond1-mp4-mobile", "pond1-poster"]);

    let best = video.best();
    assert_eq!((best.kind, best.width, best.height), (Kind::Video, Some(1280), Some(720)));
    assert_eq!((best.fps, best.duration, best.bitrate), (Some(30.0), Some(12.4), Some(2_374_146)));
    assert_eq!((best.size, best.size_approx, &best.codecs), (None, Some(36), &None));
    assert_eq!(best.content_type.as_deref(), Some("video/mp4"));
    assert_eq!((best.title.as_deref(), best.uploaded_by.as_deref()), (Some("A frog leaps"), Some("heron")));
    assert_eq!(best.uploaded_date.unwrap().as_unix(), 1_454_964_157);
    assert_eq!(best.metadata["plays"], 7);

    let (report, bytes) = bring(&qetch, best).await.unwrap();
    assert_eq!((report.bytes, &bytes[4..8]), (36, b"ftyp".as_slice()));
}

#[tokio::test]
async fn signed_links_say_until_when_in_seconds_or_milliseconds() {
    let video = one(&site("video"), "https://streamable.com/pond1").await;
    let until: Vec<_> = video.contents().iter().map(|it| it.expires.unwrap().as_unix()).collect();
    assert_eq!(until, [1_900_000_000; 3]);
}

#[tokio::test]
async fn what_the_site_does_not_know_yet_is_not_told() {
    let video = one(&site("video"), "https://streamable.com/pond1").await;
    let mobile = video.find("pond1-mp4-mobile").unwrap();
    assert_eq!((mobile.bitrate, mobile.fps, mobile.duration), (None, None, Some(12.5)));
    let poster = video.find("pond1-poster").unwrap();
    assert_eq!((poster.role, poster.kind, poster.duration), (Role::Poster, Kind::Image, None));
}

#[tokio::test]
async fn a_share_has_the_uids_of_the_video() {
    let qetch = site("video");
    let (page, share) = (
        one(&qetch, "https://streamable.com/pond1").await,
        one(&qetch, "https://streamable.com/s/pond1/abcdef").await,
    );
    assert_eq!(uids(page.contents()), uids(share.contents()));
}

#[tokio::test]
async fn refusals_are_told_by_kind() {
    let qetch = site("refusals");
    for (code, expected) in [
        ("up0", "not_ready"),
        ("work1", "not_ready"),
        ("soon2", "not_ready"),
        ("fail3", "gone"),
        ("none404", "not_found"),
        ("gone410", "gone"),
        ("own403", "private"),
        ("links2", "site_changed"),
    ] {
        let error = fails(&qetch, &format!("https://streamable.com/{code}")).await;
        assert_eq!(error.code(), expected, "{code}: {error}");
    }
    let error = fails(&qetch, "https://streamable.com/links2").await;
    assert!(error.to_string().contains("$.files"), "{error}");
}

#[test]
fn pages_of_the_site_and_look_alikes_are_not_claimed() {
    for link in [
        "https://streamable.com/",
        "https://streamable.com/login",
        "https://streamable.com/Documentation",
        "https://support.streamable.com/article/46-streamable-api",
        "https://notstreamable.com/dnd1",
        "https://streamable.com@evil.example/dnd1",
    ] {
        let claims = builtins().claims(&Url::parse(link).unwrap());
        assert!(claims.iter().all(|it| it.extractor.info().name() != "streamable"), "{link}");
    }
}

#[cfg(recorded)]
#[tokio::test]
async fn recorded_videos_have_their_renditions() {
    let qetch = cassette::recorded("streamable/recorded").build();
    let video = one(&qetch, "https://streamable.com/dnd1").await;
    assert_eq!(uids(video.contents()), ["dnd1-mp4", "dnd1-mp4-mobile", "dnd1-poster"]);
    assert_eq!((video.best().width, video.best().title.as_deref()), (Some(1280), Some("me irl")));

    let long = one(&qetch, "https://streamable.com/026oep").await;
    assert_eq!(uids(long.contents()), ["026oep-mp4", "026oep-mp4-mobile"]);
    assert_eq!(long.best().expires.unwrap().to_string(), "2025-09-11T01:47:59Z");
}
