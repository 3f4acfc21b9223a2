//! PeerTube from cassettes: each kind of video and list through the whole pipeline, and what an instance refuses.

#[cfg(recorded)]
mod recorded;

use qetch::{
    Content, Delivery, DownloadOptions, Error, Extraction, Found, Kind, Qetch, Role, Select, Variants,
};
use qetch_tests::{Folder, cassette};

const FROG: &str = "11111111-2222-4333-8444-555555555555";

fn qetch(name: &str) -> Qetch {
    cassette::replay(&format!("peertube/{name}")).build()
}

/// All that is found behind `link`: the resources, the warnings and the codes of errors, in order.
async fn all(qetch: &Qetch, link: &str) -> (Vec<Variants>, Vec<String>) {
    let mut extraction: Extraction = qetch.extract(link).await.unwrap();
    let (mut resources, mut told) = (Vec::new(), Vec::new());
    while let Some(found) = extraction.next().await {
        match found {
            Ok(Found::Variants(variants)) => resources.push(variants),
            Ok(Found::Warning(warning)) => told.push(warning.message),
            Ok(other) => panic!("{other:?}"),
            Err(error) => told.push(error.to_string()),
        }
    }
    (resources, told)
}

/// The one resource behind `link`, of which nothing is amiss.
async fn one(qetch: &Qetch, link: &str) -> Variants {
    let (mut resources, told) = all(qetch, link).await;
    assert!(told.is_empty() && resources.len() == 1, "{told:?}");
    resources.remove(0)
}

async fn refusal(name: &str, link: &str) -> Error {
    qetch(name).extract(link).await.unwrap_err()
}

fn names<'a>(contents: &'a [Content], uuid: &str) -> Vec<&'a str> {
    contents.iter().map(|it| it.uid.strip_prefix(uuid).unwrap()).collect()
}

async fn bring(qetch: &Qetch, content: &Content) -> Vec<u8> {
    let folder = Folder::new();
    qetch.download(content, folder.path("f"), &DownloadOptions::new()).await.unwrap();
    std::fs::read(folder.path("f")).unwrap()
}

#[tokio::test]
async fn a_video_has_its_files_its_captions_and_what_is_told_of_it() {
    let qetch = qetch("video");
    let variants = one(&qetch, "https://tube.example/w/frogFrogfrogFrogfrogFr?start=1m30s").await;
    let expected = ["-web-720", "-hls-720", "-m3u8-720", "-web-360", "-hls-0", "-preview", "-thumbnail"];
    assert_eq!(names(variants.contents(), FROG), expected);

    let best = variants.best();
    assert_eq!((best.extractor.as_str(), best.quality.value(), best.kind), ("peertube", 1.0, Kind::Video));
    assert_eq!(best.fragments[0].url.as_str(), "https://tube.example/static/web-videos/aa-720.mp4");
    assert_eq!((best.width, best.height, best.fps), (Some(1280), Some(720), Some(25.0)));
    assert_eq!((best.size, best.size_approx, best.bitrate), (None, Some(4_000_000), Some(800_000)));
    assert_eq!((best.duration, best.language.as_deref()), (Some(40.0), Some("de")));
    assert_eq!((best.extension.as_deref(), best.content_type.as_deref()), (Some("mp4"), Some("video/mp4")));
    assert_eq!(
        (best.title.as_deref(), best.description.as_deref()),
        (Some("A frog at dusk"), Some("It sings..."))
    );
    assert_eq!(best.uploaded_by.as_deref(), Some("The Keeper"));
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2025-01-03T03:04:05.678Z");
    assert_eq!(best.tags, ["dusk", "frog"]);

    let metadata = serde_json::to_value(&best.metadata).unwrap();
    let expected = serde_json::json!({
        "account": {"name": "keeper", "displayName": "The Keeper", "host": "tube.example", "url": "https://tube.example/accounts/keeper"},
        "aspectRatio": 1.7778,
        "category": "Sports",
        "channel": {"name": "frogs", "displayName": "Frogs", "host": "tube.example", "url": "https://tube.example/video-channels/frogs"},
        "chapters": [{"timecode": 0.0, "title": "Before"}, {"timecode": 12.0, "title": "The song"}],
        "comments": 1, "dislikes": 0, "downloadEnabled": true, "isLocal": true, "licence": "Attribution", "likes": 2,
        "nsfw": false, "originallyPublishedAt": "2024-12-31T23:00:00.000Z", "privacy": "Public",
        "shortUUID": "frogFrogfrogFrogfrogFr", "start": "1m30s",
        "storyboards": [{
            "fileUrl": "https://tube.example/lazy-static/storyboards/s.jpg",
            "totalWidth": 1920, "totalHeight": 1080, "spriteWidth": 192, "spriteHeight": 108, "spriteDuration": 10,
        }],
        "url": "https://tube.example/videos/watch/11111111-2222-4333-8444-555555555555",
        "viewers": 0, "views": 61,
    });
    assert_eq!(metadata, expected);
}

#[tokio::test]
async fn each_rendition_is_what_it_is() {
    let qetch = qetch("video");
    let variants = one(&qetch, "https://tube.example/w/frogFrogfrogFrogfrogFr?start=1m30s").await;
    let of = |name: &str| variants.find(&format!("{FROG}{name}")).unwrap();
    let playlist = of("-m3u8-720");
    assert_eq!((playlist.delivery.clone(), playlist.size_approx), (Delivery::hls(""), None));
    assert_eq!(playlist.fragments[0].url.as_str(), "https://media.example/hls/bb-720.m3u8");
    let sound = of("-hls-0");
    assert_eq!((sound.kind, sound.role, sound.width, sound.fps), (Kind::Audio, Role::Main, None, None));
    assert_eq!((sound.content_type.as_deref(), sound.extension.as_deref()), (Some("audio/mp4"), Some("m4a")));
    assert!(variants.contents().iter().all(|it| it.sound.is_none() && it.group.is_none()));
    assert_eq!(variants.worst().uid, of("-web-360").uid);

    let preview = of("-preview");
    assert_eq!((preview.kind, preview.role, preview.duration), (Kind::Image, Role::Poster, None));
    assert_eq!(preview.fragments[0].url.as_str(), "https://tube.example/lazy-static/previews/p.jpg");
    assert_eq!(
        (of("-thumbnail").role, of("-thumbnail").extension.as_deref()),
        (Role::Thumbnail, Some("jpg"))
    );

    // What a person wrote comes before what a program did.
    assert_eq!(names(&variants.companions, FROG), ["-caption-de", "-caption-en"]);
    let caption = &variants.companions[0];
    assert_eq!(
        (caption.kind, caption.role, caption.language.as_deref()),
        (Kind::Text, Role::Caption, Some("de"))
    );
    assert_eq!(
        (&caption.metadata["name"], &caption.metadata["automaticallyGenerated"]),
        (&"German".into(), &false.into())
    );
    assert!(bring(&qetch, caption).await.starts_with(b"WEBVTT"));
    assert_eq!(&bring(&qetch, of("-web-360")).await[4..12], b"ftypisom");
    assert!(bring(&qetch, playlist).await.ends_with(b"mdatfrogs at dus"));
}

#[tokio::test]
async fn sound_that_is_a_file_of_its_own_goes_with_the_videos() {
    let toad = "11111111-2222-4333-8444-666666666666";
    let (resources, told) = all(&qetch("apart"), &format!("https://tube.example/videos/embed/{toad}")).await;
    // The storyboards cannot be had; the video can.
    assert!(told.len() == 1 && told[0].contains("the storyboards of"), "{told:?}");
    let variants = &resources[0];
    let expected = ["-hls-1080", "-m3u8-1080", "-hls-480", "-picture-850x480", "-picture-280x157"];
    assert_eq!(names(variants.contents(), toad), expected);
    assert_eq!(names(&variants.companions, toad), ["-hls-0"]);
    let (best, sound) = (variants.best(), &variants.companions[0]);
    assert!(best.sound.is_some() && best.sound == sound.group && sound.kind == Kind::Audio);
    assert_eq!(Select::best().choose(variants).unwrap().companions, std::slice::from_ref(sound));
    assert_eq!((best.width, best.height, best.fps), (Some(1080), Some(1920), Some(50.0)));
    // A link of another host is taken as it is.
    assert_eq!(best.fragments[0].url.as_str(), "https://cdn.example/t//1080-fragmented.mp4");
    assert_eq!((best.uploaded_by.as_deref(), &best.language), (Some("keeper"), &None));
    assert_eq!((best.metadata.get("category"), &best.metadata["nsfw"]), (None, &true.into()));
    let roles: Vec<_> = variants.contents()[3..].iter().map(|it| (it.role, it.width)).collect();
    assert_eq!(roles, [(Role::Poster, Some(850)), (Role::Thumbnail, Some(280))]);
}

#[tokio::test]
async fn an_instance_of_2020_tells_resolutions_alone() {
    let newt = "11111111-2222-4333-8444-777777777777";
    let variants = one(&qetch("old"), &format!("https://old.example/videos/watch/{newt}")).await;
    let expected = ["-web-1080", "-web-720", "-web-360", "-preview", "-thumbnail"];
    assert_eq!(names(variants.contents(), newt), expected);
    let best = variants.best();
    assert_eq!((best.width, best.height, best.extension.as_deref()), (None, Some(1080), Some("webm")));
    assert_eq!((variants.contents()[1].fps, best.bitrate), (None, Some(900_000)));
    assert_eq!(best.description.as_deref(), Some("It begins like this, and goes on."));
    assert_eq!(best.uploaded_date.unwrap().as_unix(), 1_579_716_544);
    let caption = &variants.companions[0].fragments[0].url;
    assert_eq!(caption.as_str(), "https://old.example/static/video-captions/n-fr.vtt");
}

#[tokio::test]
async fn a_video_with_a_password_is_opened_with_it_and_saved_without() {
    let link = "https://tube.example/w/pondPondpondPondpondPo";
    let builder = cassette::replay("peertube/password").option("peertube", "password", "open, frog").option(
        "peertube",
        "instance",
        "tube.example",
    );
    let qetch = builder.build();
    let variants = one(&qetch, link).await;
    let pond = "11111111-2222-4333-8444-888888888888";
    assert_eq!(names(variants.contents(), pond), ["-web-240", "-hls-240", "-m3u8-240", "-thumbnail"]);
    let links: Vec<_> = variants.contents().iter().map(|it| it.fragments[0].url.as_str()).collect();
    let expected = [
        "https://tube.example/static/web-videos/private/p-240.mp4?videoFileToken=0123-abc",
        // To another host goes nothing.
        "https://cdn.example/private/p-240-fragmented.mp4",
        "https://tube.example/static/streaming-playlists/hls/private/u/240.m3u8?videoFileToken=0123-abc&reinjectVideoFileToken=true",
        "https://tube.example/lazy-static/thumbnails/b.jpg",
    ];
    assert_eq!(links, expected);
    let expires: Vec<_> = variants.contents().iter().map(|it| it.expires.is_some()).collect();
    assert_eq!(expires, [true, false, true, false]);
    assert_eq!(variants.best().fragments[0].expires.unwrap().to_string(), "2030-01-03T03:04:05.678Z");
    assert!(variants.companions[0].fragments[0].url.query().is_some());
    assert!(!serde_json::to_string(&variants).unwrap().contains("open, frog"));
    assert_eq!(bring(&qetch, variants.best()).await.len(), 28);
}

#[tokio::test]
async fn a_password_that_is_missing_or_wrong_is_told() {
    let link = "https://tube.example/w/pondPondpondPondpondPo";
    let missing = refusal("password", link).await;
    assert!(
        missing.code() == "private" && missing.to_string().contains("the option `password`"),
        "{missing}"
    );
    let builder = cassette::replay("peertube/wrong_password").option("peertube", "password", "wr0ng").option(
        "peertube",
        "instance",
        "tube.example",
    );
    let wrong = builder.build().extract(link).await.unwrap_err();
    assert_eq!(wrong.code(), "private");
    assert!(wrong.to_string().contains("is not that of") && !wrong.to_string().contains("wr0ng"), "{wrong}");
    // A header holds no line break, and nothing is sent instead.
    let builder = cassette::replay("peertube/wrong_password").option("peertube", "password", "a\nb").option(
        "peertube",
        "instance",
        "tube.example",
    );
    assert_eq!(builder.build().extract(link).await.unwrap_err().code(), "invalid");
}

#[tokio::test]
async fn what_is_live_is_its_playlist() {
    let variants = one(&qetch("live"), "https://tube.example/api/v1/videos/21").await;
    let uids: Vec<_> = variants.contents().iter().map(|it| it.uid.as_str()).collect();
    assert_eq!(uids.len(), 2);
    assert!(uids.iter().all(|uid| uid.starts_with("11111111-2222-4333-8444-000000000021-live-")), "{uids:?}");
    let best = variants.best();
    assert_eq!((best.width, best.height, best.duration), (Some(1920), Some(1080), None));
    assert_eq!(best.codecs.as_deref(), Some("avc1.64002a,mp4a.40.2"));
    assert!(matches!(&best.delivery, Delivery::Hls { rendition, .. } if !rendition.is_empty()));
    let playlist = "https://tube.example/static/streaming-playlists/hls/l/master.m3u8";
    assert_eq!((best.fragments[0].url.as_str(), &best.metadata["live"]), (playlist, &true.into()));
}

#[tokio::test]
async fn what_is_not_live_yet_or_any_more_is_told() {
    for (id, code) in [(22, "live"), (23, "gone"), (24, "live")] {
        let error = refusal("live", &format!("https://tube.example/api/v1/videos/{id}")).await;
        assert_eq!(error.code(), code, "{id}");
    }
}

#[tokio::test]
async fn a_video_that_is_still_processed_is_given_as_far_as_it_goes() {
    let (resources, told) = all(&qetch("live"), "https://tube.example/api/v1/videos/25").await;
    assert_eq!(told, ["peertube: PeerTube video 25 is still processed: more files of it may come"]);
    let best = resources[0].best();
    assert_eq!(best.uid, "11111111-2222-4333-8444-000000000025-m3u8");
    assert_eq!((best.delivery.clone(), best.duration), (Delivery::hls(""), Some(60.0)));
}

#[tokio::test]
async fn a_playlist_leads_to_its_videos_and_tells_what_is_missing() {
    let (resources, told) = all(&qetch("playlist"), "https://tube.example/w/p/frogFrogfrogFrogfrogFr").await;
    let [variants] = resources.as_slice() else { panic!("{resources:?}") };
    let best = variants.best();
    assert_eq!(best.uid, "11111111-2222-4333-8444-000000000001-web-240");
    assert_eq!((best.title.as_deref(), &best.metadata["startTimestamp"]), (Some("One"), &12.into()));
    assert_eq!(best.source.as_str(), "https://tube.example/w/frogFrogfrogFrogfrogF1");
    let collection = variants.collection.as_ref().unwrap();
    assert_eq!(collection.title.as_deref(), Some("Evenings"));
    assert_eq!((collection.index, collection.count), (Some(1), Some(6)));
    let of = "of PeerTube playlist frogFrogfrogFrogfrogFr";
    let expected = [
        format!("peertube: entry 2 {of} was deleted"),
        "PeerTube video 11111111-2222-4333-8444-000000000003 was not found".to_owned(),
        format!("peertube: entry 4 {of} is private"),
        format!("peertube: entry 5 {of} is kept from here: it is blocked, or its owner is"),
        format!("peertube: entry 6 {of} has no id"),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_account_leads_to_its_channels_and_these_to_their_videos() {
    let (resources, told) = all(&qetch("owners"), "https://tube.example/a/keeper/video-channels").await;
    assert_eq!(told, ["peertube: entry 2 of PeerTube account keeper has no name"]);
    let titles: Vec<_> = resources.iter().map(|it| it.collection.clone().unwrap().title).collect();
    assert_eq!(titles, [Some("Frogs".to_owned()), Some("toads".to_owned())]);
    assert!(resources.iter().all(|it| it.best().title.as_deref() == Some("One")));
}

#[tokio::test]
async fn a_channel_leads_to_its_playlists() {
    let variants = one(&qetch("owners"), "https://tube.example/video-channels/frogs/video-playlists").await;
    assert_eq!(variants.collection.unwrap().title.as_deref(), Some("Evenings"));
}

#[tokio::test]
async fn a_page_that_is_not_there_is_told_by_whose_it_is() {
    let missing = refusal("owners", "https://tube.example/c/no_frogs").await;
    assert_eq!(missing.to_string(), "PeerTube channel no_frogs was not found");
    let other = refusal("owners", "https://blog.example/c/my_frogs").await;
    assert_eq!(other.to_string(), "https://blog.example/c/my_frogs was not found");
}

#[tokio::test]
async fn an_instance_that_does_not_follow_another_leads_there() {
    let variants = one(&qetch("elsewhere"), "https://tube.example/w/newtNewtnewtNewtnewtNe").await;
    assert_eq!(variants.best().fragments[0].url.as_str(), "https://pond.example/static/1.mp4");
}
