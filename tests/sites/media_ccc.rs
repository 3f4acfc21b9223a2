//! media.ccc.de from cassettes.

use qetch::{Claim, Delivery, Kind, Qetch, Role, Url};
use qetch_tests::{
    cassette,
    replayed::{all, bring, fails, one, resources, told, uids},
    site::builtins,
};

fn site(name: &str) -> Qetch {
    cassette::replay(&format!("media_ccc/{name}")).build()
}

#[tokio::test]
async fn a_talk_is_its_recordings_the_original_language_first() {
    let qetch = site("event");
    let found = resources(&qetch, "https://media.ccc.de/v/pond1-7-frogs#l=eng").await;
    let talk = &found[0];
    let numbers: Vec<_> =
        uids(talk.contents()).iter().map(|uid| uid.strip_prefix("aaaa-1111-").unwrap().to_owned()).collect();
    // With every language, the original alone, another; as WebM; smaller; sound alone; pictures.
    assert_eq!(numbers, ["18", "17", "16", "15", "19", "12", "13", "poster", "thumb"]);
    let best = talk.best();
    assert_eq!((best.extractor.as_str(), best.kind, best.quality.value()), ("media_ccc", Kind::Video, 1.0));
    assert_eq!(best.source.as_str(), "https://media.ccc.de/v/pond1-7-frogs");
    assert_eq!((best.width, best.height, best.duration), (Some(1920), Some(1080), Some(3600.0)));
    assert_eq!((best.size, best.size_approx), (None, Some(350 << 20)));
    assert_eq!((best.language.as_deref(), best.content_type.as_deref()), (Some("en"), Some("video/mp4")));
    assert_eq!(
        (&best.metadata["language"], &best.metadata["folder"]),
        (&"eng-deu".into(), &"h264-hd".into())
    );
    assert_eq!(best.title.as_deref(), Some("Frogs"));
    assert_eq!(best.description.as_deref(), Some("On frogs & toads"));
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2020-01-11T00:00:00Z");
    assert_eq!(best.tags, ["pond1", "Biology"]);
    assert_eq!(best.metadata["persons"], serde_json::json!(["A. Heron", "B. Toad"]));
    assert_eq!(talk.collection.as_ref().unwrap().title.as_deref(), Some("Pond 1"));
    let (_, bytes) = bring(&qetch, best).await.unwrap();
    assert_eq!(&bytes[4..8], b"ftyp");

    let sound = &talk.contents()[6];
    assert_eq!((sound.kind, sound.language.as_deref(), sound.width), (Kind::Audio, Some("gsw"), None));
    assert_eq!(talk.contents()[2].language.as_deref(), Some("de"));
    assert_eq!((talk.contents()[7].role, talk.contents()[8].role), (Role::Poster, Role::Thumbnail));
    // What is not finished is left out.
    assert_eq!(uids(&talk.companions), ["aaaa-1111-10"]);
    let caption = &talk.companions[0];
    assert_eq!((caption.role, caption.kind), (Role::Caption, Kind::Text));
    assert_eq!((caption.language.as_deref(), caption.extension.as_deref()), (Some("en"), Some("srt")));
}

#[tokio::test]
async fn slides_and_papers_are_resources_of_their_own() {
    let found = resources(&site("event"), "https://api.media.ccc.de/public/events/pond1-7-frogs").await;
    assert_eq!(found.len(), 3);
    assert_eq!(uids(found[1].contents()), ["aaaa-1111-14"]);
    assert_eq!(found[1].best().title.as_deref(), Some("Frogs (slides)"));
    assert_eq!((found[2].best().uid.as_str(), found[2].best().kind), ("aaaa-1111-20", Kind::Text));
}

#[tokio::test]
async fn what_the_site_says_instead_of_an_event_is_told_by_kind() {
    let check = async |name: &str, path: &str, expected: &str, text: &str| {
        let error = fails(&site(name), &format!("https://media.ccc.de/{path}")).await;
        assert_eq!(error.code(), expected, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    };
    check("event", "v/pond2", "not_ready", "pond2").await;
    check("event", "v/pond3", "not_ready", "pond3").await;
    check("event", "v/pond4", "site_changed", "$.recordings[0].recording_url").await;
    check("event", "v/pond5", "not_found", "pond5").await;
    check("event", "v/pond6", "site_changed", "$.recordings").await;
    check("conference", "c/pond2", "not_ready", "pond2").await;
    check("conference", "c/pond3", "not_found", "pond3").await;
    check("conference", "c/pond4", "site_changed", "$.events").await;
    check("conference", "c/pond1/Cooking", "not_found", "the tag Cooking").await;
    check("conference", "b/events/lake", "not_found", "events/lake").await;
}

#[tokio::test]
async fn a_conference_is_its_events_and_one_that_is_gone_does_not_end_it() {
    let qetch = site("conference");
    let found = all(qetch.extract("https://media.ccc.de/c/pond1").await.unwrap()).await;
    let [Ok(first), Err("not_found"), Ok(last)] = &found[..] else { panic!("{found:?}") };
    // What the list tells fills what the event does not.
    assert_eq!(
        (first.best().title.as_deref(), last.best().title.as_deref()),
        (Some("Frogs"), Some("Toads!"))
    );
    assert_eq!(first.best().uploaded_date.unwrap().to_string(), "2020-01-11T00:00:00Z");
    assert_eq!(last.best().uid, "aaaa-3-3.opus");
    let place = last.collection.as_ref().unwrap();
    assert_eq!((place.title.as_deref(), place.index, place.count), (Some("Pond 1"), Some(4), Some(4)));
}

#[tokio::test]
async fn a_tag_of_a_conference_is_the_events_that_have_it() {
    let (found, warnings) = told(&site("conference"), "https://media.ccc.de/c/pond1/music").await;
    assert_eq!((uids(found[0].contents()), found.len(), warnings.len()), (vec!["aaaa-3-3.opus"], 1, 0));
}

#[tokio::test]
async fn a_folder_is_the_conference_it_is_or_all_beneath_it() {
    let found = all(site("conference").extract("https://media.ccc.de/b/events/pond/1").await.unwrap()).await;
    assert!(matches!(&found[..], [Ok(_), Err("not_found"), Ok(_)]), "{found:?}");
    let found = all(site("conference").extract("https://media.ccc.de/b/events/pond").await.unwrap()).await;
    assert!(matches!(&found[..], [Ok(_), Err("not_found"), Ok(_), Err("not_ready")]), "{found:?}");
}

#[tokio::test]
async fn a_room_on_air_is_the_renditions_of_its_playlists() {
    let hall = one(&site("live"), "https://streaming.media.ccc.de/pond1/hall/translated").await;
    let slugs: Vec<_> = hall.contents().iter().map(|it| it.metadata["stream"].as_str().unwrap()).collect();
    assert_eq!(slugs.len(), 3);
    let best = hall.best();
    assert_eq!((best.metadata["stream"].as_str(), best.width), (Some("hd-native"), Some(1920)));
    assert!(best.uid.starts_with("pond1-hall-hd-native-"), "{}", best.uid);
    assert_eq!(best.source.as_str(), "https://streaming.media.ccc.de/pond1/hall");
    assert!(matches!(best.delivery, Delivery::Hls { .. }));
    assert_eq!(best.fragments[0].url.as_str(), "https://cdn.c3voc.de/hls/s1_native_hd.m3u8");
    assert_eq!((best.title.as_deref(), &best.metadata["live"]), (Some("The Hall"), &true.into()));
    assert_eq!(best.metadata["talk"], "Frogs");
    assert_eq!(
        (best.sound.as_deref(), hall.companions[0].group.as_deref()),
        (Some("hd-native-audio:audio"), Some("hd-native-audio:audio"))
    );
    let translated = hall.find("pond1-hall-hd-translated").unwrap();
    assert_eq!((translated.width, translated.height), (Some(1920), Some(1080)));
    assert_eq!(hall.collection.as_ref().unwrap().title.as_deref(), Some("Pond 1"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_leaves_the_others() {
    let (found, warnings) = told(&site("live"), "https://streaming.media.ccc.de/pond1/tent").await;
    assert_eq!(uids(found[0].contents()), ["pond1-tent-sd-native"]);
    assert!(warnings.len() == 1 && warnings[0].contains("tent"), "{warnings:?}");
}

#[tokio::test(start_paused = true)]
async fn a_conference_on_air_is_its_rooms() {
    let found = all(site("live").extract("https://streaming.media.ccc.de/pond1").await.unwrap()).await;
    assert!(matches!(&found[..], [Ok(_), Err("live"), Ok(_)]), "{found:?}");
}

#[tokio::test]
async fn what_is_not_on_air_is_told_so() {
    let code = async |path: &str| {
        fails(&site("live"), &format!("https://streaming.media.ccc.de/{path}")).await.code().to_owned()
    };
    assert_eq!(code("pond1/cellar").await, "live");
    assert_eq!(code("pond0/hall").await, "live");
    assert_eq!(code("pond9").await, "live");
    assert_eq!(code("pond1/attic").await, "not_found");
    assert_eq!(code("pond1/relive/7").await, "unsupported");
}

#[test]
fn links_are_claimed_by_their_forms_and_look_alikes_are_not() {
    let registry = builtins();
    let extractor = registry.extractor("media_ccc").unwrap();
    let claim = |link: &str| extractor.can_handle(&Url::parse(link).unwrap());
    for (link, handle) in [
        ("https://media.ccc.de/v/32c3-7368-shopshifting#download", "event"),
        ("https://media.ccc.de/v/30C3_-_5443_-_en_-_saal_g/oembed", "event"),
        ("https://media.ccc.de/c/30c3", "conference"),
        ("https://streaming.media.ccc.de/36c3/embed/hallA/hd/native", "room"),
    ] {
        assert_eq!(claim(link), Claim::Yes(handle.into()), "{link}");
    }
    for link in [
        "https://media.ccc.de/",
        "https://media.ccc.de@evil.test/v/30c3",
        "https://evil.test/?u=https://media.ccc.de/v/30c3",
        "https://api.media.ccc.de/public/events/search",
        "https://streaming.media.ccc.de/streams/v2.json",
        "https://cdn.media.ccc.de/congress/2008/webm/a.webm",
        "https://streaming.media.ccc.de/36c3/schedule",
    ] {
        assert_eq!(claim(link), Claim::No, "{link}");
    }
}

#[cfg(recorded)]
#[tokio::test]
async fn recorded_events_are_read() {
    let qetch = cassette::recorded("media_ccc/recorded").build();
    let old = one(&qetch, "https://api.media.ccc.de/public/events/1317").await;
    assert_eq!(old.best().uid, "import-4e688d68d9cb334a9f-2329");
    assert_eq!(old.best().source.path(), "/v/25c3-3007-en-running_your_own_gsm_network");
    let kinds: Vec<_> = old.contents().iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [Kind::Video, Kind::Video, Kind::Audio, Kind::Image, Kind::Image]);

    let link = "https://media.ccc.de/v/36c3-10565-what_s_left_for_private_messaging";
    let found = resources(&qetch, link).await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].best().metadata["language"], "eng-deu-fra");
    assert_eq!(found[0].contents()[1].metadata["language"], "eng");
    assert_eq!((found[0].contents().len(), found[0].companions.len()), (11, 1));
    assert_eq!(found[1].best().metadata["folder"], "slides-h264-hd");

    let link = "https://media.ccc.de/v/gpn18-105-tmux-warum-ein-schwarzes-fenster-am-bildschirm-reicht";
    let tmux = one(&qetch, link).await;
    assert_eq!((tmux.best().language.as_deref(), tmux.contents().len()), (Some("de"), 8));
}

#[cfg(recorded)]
#[tokio::test]
async fn a_recorded_conference_is_its_events_in_order() {
    let qetch = cassette::recorded("media_ccc/recorded").build();
    let found = all(qetch.extract("https://media.ccc.de/c/oscal19").await.unwrap()).await;
    // Its events were not recorded.
    assert_eq!(found.len(), 21);
    assert!(found.iter().all(|it| matches!(it, Err("not_recorded"))));
    let error = fails(&qetch, "https://streaming.media.ccc.de/36c3/hallA").await;
    assert_eq!(error.code(), "live");
}
