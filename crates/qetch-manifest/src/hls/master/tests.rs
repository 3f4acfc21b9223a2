//! What is made of master playlists.

use qetch_core::{Kind, Limits, Result, Url};

use crate::{
    Rendition,
    hls::{self, Master, Playlist},
};

fn read(text: &str, limits: &Limits) -> Result<Master> {
    let url = Url::parse("https://h.example/a/m.m3u8?token=t1").unwrap();
    hls::read(&format!("#EXTM3U\n{text}"), &url, limits).map(|playlist| match playlist {
        Playlist::Master(master) => master,
        Playlist::Media(listing) => panic!("{listing:?}"),
    })
}

/// Holds that `text` lists what `expected` says of each rendition.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(text: &str, what: impl Fn(&Rendition) -> T, expected: &[T]) {
    let master = read(text, &Limits::new()).unwrap();
    assert_eq!(master.renditions.iter().map(what).collect::<Vec<_>>(), expected, "{text}");
}

#[track_caller]
fn check_ids(text: &str, expected: &[&str]) {
    check(text, |it| it.id.clone(), &expected.iter().map(|&id| id.to_owned()).collect::<Vec<_>>());
}

#[track_caller]
fn check_fails(text: &str, code: &str, told: &str) {
    let error = read(text, &Limits::new()).unwrap_err();
    assert_eq!(error.code(), code, "{text}");
    assert!(error.to_string().contains(told), "{error}");
    assert!(!error.to_string().contains("t1"), "{error}");
}

#[test]
fn a_variant_has_what_its_attributes_say() {
    let text = "#EXT-X-STREAM-INF:BANDWIDTH=5000,AVERAGE-BANDWIDTH=4000,RESOLUTION=1920x1080,FRAME-RATE=29.97,\
                CODECS=\"avc1.64002a, mp4a.40.2\",NAME=\"High, clear\",SUBTITLES=\"s\"\nv/1.m3u8?x=1\n";
    let mut expected = Rendition::new("1080p-5000", Kind::Video);
    (expected.width, expected.height, expected.fps) = (Some(1920), Some(1080), Some(29.97));
    (expected.bitrate, expected.codecs) = (Some(4000), Some("avc1.64002a,mp4a.40.2".into()));
    (expected.name, expected.captions) = (Some("High, clear".into()), Some("subtitles:s".into()));
    check(text, Rendition::clone, &[expected]);
    let master = read(text, &Limits::new()).unwrap();
    assert_eq!(master.url("1080p-5000").unwrap().as_str(), "https://h.example/a/v/1.m3u8?x=1");
    assert_eq!(master.url("other"), None);
}

#[test]
fn a_variant_of_which_nothing_is_known_is_one() {
    check("#EXT-X-STREAM-INF:\nv\n", Rendition::clone, &[Rendition::new("stream", Kind::Video)]);
    let wrong = "BANDWIDTH=x,AVERAGE-BANDWIDTH=-1,RESOLUTION=0x0,FRAME-RATE=NaN,CODECS=\"\",NAME=\"\"";
    check(
        &format!("#EXT-X-STREAM-INF:{wrong}\nv\n"),
        Rendition::clone,
        &[Rendition::new("stream", Kind::Video)],
    );
    check("#EXT-X-STREAM-INF:BANDWIDTH=7\nv", |it| (it.bitrate, it.width), &[(Some(7), None)]);
    check("#EXT-X-STREAM-INF:RESOLUTION=\"2X1\"\nv", |it| (it.width, it.height), &[(Some(2), Some(1))]);
}

#[test]
fn links_belong_to_the_tag_before_them() {
    let stream = "#EXT-X-STREAM-INF:BANDWIDTH";
    check_ids(
        &format!("{stream}=1\n\n# x\n#EXT-X-OTHER\na\nb\n{stream}=2\n{stream}=3\nc\n{stream}=4"),
        &["1", "3"],
    );
    let pictures = "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=9,URI=\"i\"\nj\n";
    check_ids(&format!("{pictures}{stream}=1\na\n"), &["1"]);
    check_ids(pictures, &[]);
}

#[test]
fn codecs_tell_sound_from_video() {
    let check = |codecs: &str, expected| {
        check(&format!("#EXT-X-STREAM-INF:CODECS=\"{codecs}\"\nv"), |it| it.kind, &[expected]);
    };
    check("mp4a.40.2", Kind::Audio);
    check("ec-3,mp4a.40.5", Kind::Audio);
    check("Opus, wvtt", Kind::Audio);
    check("fLaC", Kind::Audio);
    check("avc1.4d401f,mp4a.40.2", Kind::Video);
    check("mp4a.40.2,hvc1.1", Kind::Video);
    check("wvtt", Kind::Video);
    check("of.tomorrow", Kind::Video);
}

#[test]
fn alternatives_with_a_playlist_stand_behind_the_variants() {
    let text = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",LANGUAGE=\"en\",NAME=\"English\",DEFAULT=YES,URI=\"en.m3u8\"\n\
                #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",LANGUAGE=\"pt-BR\",NAME=\"日本\",URI=\"pt.m3u8\"\n\
                #EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"v\",NAME=\"Left\",URI=\"left.m3u8\"\n\
                #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",NAME=\"x\",URI=\"x\"\n\
                #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"no link\"\n\
                #EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\",VIDEO=\"v\"\nv.m3u8\n";
    let mut variant = Rendition::new("1", Kind::Video);
    (variant.bitrate, variant.sound) = (Some(1), Some("audio:a".into()));
    let mut sound = Rendition::new("audio-a-en-english", Kind::Audio);
    (sound.language, sound.name, sound.is_default) = (Some("en".into()), Some("English".into()), true);
    sound.group = Some("audio:a".into());
    let mut subtitles = Rendition::new("subtitles-s-pt-br", Kind::Text);
    (subtitles.language, subtitles.name) = (Some("pt-BR".into()), Some("日本".into()));
    subtitles.group = Some("subtitles:s".into());
    let mut left = Rendition::new("video-v-left", Kind::Video);
    (left.name, left.group) = (Some("Left".into()), Some("video:v".into()));
    check(text, Rendition::clone, &[variant, sound, subtitles, left]);
    let master = read(text, &Limits::new()).unwrap();
    assert_eq!(master.url("audio-a-en-english").unwrap().as_str(), "https://h.example/a/en.m3u8");
}

#[test]
fn an_alternative_without_a_group_is_no_variant() {
    let text = "#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"x\",URI=\"x\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv\n";
    check(text, |it| it.group.clone(), &[None, Some("audio:".into())]);
}

#[test]
fn sound_is_inside_where_a_member_of_the_group_has_no_link() {
    let check = |members: &[&str], codecs: &str, expected: Option<&str>| {
        let members: String =
            members.iter().map(|it| format!("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",{it}\n")).collect();
        let text = format!("{members}#EXT-X-STREAM-INF:AUDIO=\"a\",CODECS=\"{codecs}\"\nv\n");
        let master = read(&text, &Limits::new()).unwrap();
        assert_eq!(master.renditions[0].sound.as_deref(), expected, "{text}");
        assert!(master.renditions[1..].iter().all(|it| it.group.as_deref() == Some("audio:a")));
    };
    let (outside, inside) = ("NAME=\"x\",URI=\"x\"", "NAME=\"y\",DEFAULT=YES");
    check(&[outside], "avc1", Some("audio:a"));
    check(&[outside, outside], "", Some("audio:a"));
    check(&[inside, outside], "avc1", None);
    check(&[outside, inside], "avc1", None);
    check(&[inside], "avc1", None);
    check(&[], "avc1", None);
    check(&[outside], "mp4a.40.2", None);
}

#[test]
fn ids_are_made_of_what_lasts() {
    let stream = "#EXT-X-STREAM-INF:BANDWIDTH=5,RESOLUTION=16x9";
    check_ids(&format!("{stream}\na\n#EXT-X-STREAM-INF:BANDWIDTH=5\nb\n"), &["9p-5", "5"]);
    check_ids(&format!("{stream},STABLE-VARIANT-ID=\"Ab/1\"\na\n{stream}\nb\n"), &["Ab-1", "9p-5"]);
    check_ids(&format!("{stream},AUDIO=\"Hi Fi\"\na\n{stream},AUDIO=\"lo\"\nb"), &["9p-5-hi-fi", "9p-5-lo"]);
    check_ids(
        &format!("{stream},CODECS=\"avc1.4d\"\na\n{stream},CODECS=\"hvc1\"\nb"),
        &["9p-5-avc1.4d", "9p-5-hvc1"],
    );
    check_ids(&format!("{stream}\na\n{stream}\nb\n{stream}\nc"), &["9p-5", "9p-5-2", "9p-5-3"]);
    let media = "#EXT-X-MEDIA:TYPE=AUDIO,URI=\"u\"";
    check_ids(&format!("{media},STABLE-RENDITION-ID=\"S\"\n{media}\n{media}"), &["S", "audio", "audio-2"]);
}

#[test]
fn a_session_key_that_cannot_be_had_is_drm_where_there_is_no_other() {
    let stream = "#EXT-X-STREAM-INF:BANDWIDTH=1\nv\n";
    let fairplay =
        "#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI=\"skd://x\",KEYFORMAT=\"com.apple.streamingkeydelivery\"\n";
    let widevine = "#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES-CTR,URI=\"data:,x\",\
                    KEYFORMAT=\"urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed\"\n";
    let open = "#EXT-X-SESSION-KEY:METHOD=AES-128,URI=\"k\"\n";
    check_fails(&format!("{fairplay}{stream}"), "drm", "FairPlay");
    check_fails(&format!("{stream}{widevine}{fairplay}"), "drm", "Widevine");
    check_ids(&format!("{fairplay}{open}{stream}"), &["1"]);
    check_ids(&format!("{open}{fairplay}{stream}"), &["1"]);
}

#[test]
fn variables_are_filled_in_and_handed_on() {
    let text = "#EXT-X-DEFINE:QUERYPARAM=\"token\"\n#EXT-X-DEFINE:NAME=\"n\",VALUE=\"v/{$token}\"\n\
                #EXT-X-STREAM-INF:BANDWIDTH=1,NAME=\"{$n}\"\n{$n}.m3u8\n";
    check(text, |it| it.name.clone(), &[Some("v/t1".into())]);
    let master = read(text, &Limits::new()).unwrap();
    let url = master.url("1").unwrap();
    assert_eq!(url.as_str(), "https://h.example/a/v/t1.m3u8");
    let media = "#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"n\"\n#EXTINF:1,\n/{$n}.ts\n";
    let listing = hls::read_media(media, url, &master, &Limits::new()).unwrap();
    assert_eq!(listing.segments[0].url.as_str(), "https://h.example/v/t1.ts");
    // Without a master there is nothing to import.
    assert_eq!(hls::read(media, url, &Limits::new()).unwrap_err().code(), "bad_reply");
    assert!(!format!("{master:?}").contains("https:"));
}

#[test]
fn what_is_two_things_at_once_is_refused() {
    check_fails("#EXT-X-STREAM-INF:BANDWIDTH=1\nv\n#EXTINF:1,\ns.ts\n", "bad_reply", "at once");
    check_fails("#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://[\n", "bad_reply", "a link is none");
    check_fails("#EXT-X-STREAM-INF:NAME=\"{$x}\"\nv\n", "bad_reply", "variable");
    let url = Url::parse("https://h.example/").unwrap();
    let master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv\n";
    let error = hls::read_media(master, &url, &Master::default(), &Limits::new()).unwrap_err();
    assert_eq!(error.code(), "bad_reply");
}

#[test]
fn renditions_have_a_limit() {
    let text = "#EXT-X-STREAM-INF:BANDWIDTH=1\na\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"b\"\n";
    assert_eq!(read(text, &Limits::new().segments(2)).unwrap().renditions.len(), 2);
    let error = read(text, &Limits::new().segments(1)).unwrap_err();
    assert_eq!(error.code(), "over_limit");
}
