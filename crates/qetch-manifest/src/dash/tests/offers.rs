//! What a manifest offers: renditions, their ids and groups, and what is protected.

use super::*;

const WIDEVINE: &str = "<ContentProtection schemeIdUri='urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed'/>";

/// A manifest with these sets, each with a template.
fn sets(sets: &[&str]) -> String {
    let template = "<SegmentTemplate duration='2' media='$Number$'/>";
    of_seconds("4", &(template.to_owned() + &sets.concat()))
}

fn set(attributes: &str, representations: &str) -> String {
    format!("<AdaptationSet {attributes}>{representations}</AdaptationSet>")
}

/// Checks something of each rendition, by id.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(text: &str, field: fn(&Rendition) -> T, expected: &[(&str, T)]) {
    let found = manifest(text).unwrap();
    let found: Vec<_> = found.renditions.iter().map(|it| (it.id.as_str(), field(it))).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn attributes_are_inherited_from_the_set() {
    let text = sets(&[&set(
        "mimeType='video/mp4;x=y' codecs='avc1.4d401f' width='1280' height='720' frameRate='30000/1001' lang='en'",
        "<Label>Angle 1</Label><Representation id='a' bandwidth='5'/>\
         <Representation id='b' width='640' height='360' frameRate='25' codecs='avc1.42c01e' lang='und'/>",
    )]);
    check(
        &text,
        |it| (it.width, it.height, it.fps, it.codecs.clone()),
        &[
            ("a", (Some(1280), Some(720), Some(30000.0 / 1001.0), Some("avc1.4d401f".into()))),
            ("b", (Some(640), Some(360), Some(25.0), Some("avc1.42c01e".into()))),
        ],
    );
    check(
        &text,
        |it| (it.bitrate, it.language.clone(), it.name.clone(), it.content_type.clone()),
        &[
            ("a", (Some(5), Some("en".into()), Some("Angle 1".into()), Some("video/mp4".into()))),
            ("b", (None, None, Some("Angle 1".into()), Some("video/mp4".into()))),
        ],
    );
}

#[test]
fn companions_stand_in_groups() {
    let video = set(
        "contentType='video'",
        "<Representation id='v' codecs='avc1.4d401f'/><Representation id='w' codecs='avc1.4d401f,mp4a.40.2'/>",
    );
    let sound = set("contentType='audio'", "<Representation id='a'/>");
    let text = set("mimeType='text/vtt'", "<Representation id='t'/>");
    let image = set("mimeType='image/jpeg'", "<Representation id='i'/>");
    let groups: fn(&Rendition) -> [Option<String>; 3] =
        |it| [it.group.clone(), it.sound.clone(), it.captions.clone()];
    let (a, t) = (|| Some("audio".to_owned()), || Some("subtitles".to_owned()));
    check(
        &sets(&[&video, &sound, &text, &image]),
        groups,
        &[
            ("v", [None, a(), t()]),
            ("w", [None, None, t()]),
            ("a", [a(), None, None]),
            ("t", [t(), None, None]),
        ],
    );
    check(&sets(&[&video]), groups, &[("v", [None, None, None]), ("w", [None, None, None])]);
}

#[test]
fn what_is_taken_when_nobody_chooses() {
    let main = "<Role schemeIdUri='urn:mpeg:dash:role:2011' value='main'/>";
    let video = set("contentType='video'", "<Representation id='v'/>");
    let english = set("contentType='audio'", &format!("{main}<Representation id='en'/>"));
    let french = set("contentType='audio'", "<Role value='dub'/><Representation id='fr'/>");
    check(
        &sets(&[&video, &english, &french]),
        |it| it.is_default,
        &[("v", true), ("en", true), ("fr", false)],
    );
}

#[test]
fn ids_are_unique_and_readable() {
    let ids = |sets_of: &[&str], expected: &[&str]| {
        let found: Vec<_> =
            manifest(&sets(sets_of)).unwrap().renditions.into_iter().map(|it| it.id).collect();
        assert_eq!(found, expected);
    };
    let twice = "<Representation id='1' bandwidth='500'/>";
    ids(
        &[&set("contentType='video' height='720'", twice), &set("contentType='audio' lang='EN'", twice)],
        &["video-720p-500", "audio-en-500"],
    );
    ids(
        &[&set("contentType='video'", "<Representation bandwidth='5'/><Representation bandwidth='6'/>")],
        &["video-5", "video-6"],
    );
    // Nobody is given one of two.
    let text = sets(&[&set("contentType='video'", twice), &set("contentType='audio'", twice)]);
    assert_eq!(listing(&text, "1").unwrap_err().code(), "not_found");
    // What is alike but for its codecs is told apart by them, and what is alike in all is one.
    let alike =
        "<Representation bandwidth='5' codecs='avc1.4d401f'/><Representation bandwidth='5' codecs='hvc1.1'/>";
    ids(&[&set("contentType='video'", alike)], &["video-5-avc1.4d401f", "video-5-hvc1.1"]);
    ids(&[&set("contentType='video'", &"<Representation bandwidth='5'/>".repeat(3))], &["video-5"]);
    // One that is made is never that of another.
    ids(
        &[&set(
            "contentType='video'",
            "<Representation id='video-5' bandwidth='9'/><Representation bandwidth='5' codecs='avc1'/>",
        )],
        &["video-5", "video-5-avc1"],
    );
}

/// A double is what its own set says, not what the first one says.
#[test]
fn doubles_have_their_own_segments() {
    let double = |mime: &str, file: &str| {
        set(
            &format!("mimeType='video/{mime}'"),
            &format!("<Representation id='d' bandwidth='5'><BaseURL>{file}/</BaseURL></Representation>"),
        )
    };
    let text = sets(&[&double("mp4", "x"), &double("webm", "y")]);
    let first = |id| listing(&text, id).unwrap().segments[0].url.path().to_owned();
    assert_eq!((first("video-5-video-mp4"), first("video-5-video-webm")), ("/a/x/1".into(), "/a/y/1".into()));
}

#[test]
fn what_is_protected_is_not_listed() {
    let codes = |text: &str, id: &str| {
        let found = manifest(text);
        let read = found.as_ref().err().map(ToString::to_string);
        (
            read,
            found.ok().map(|it| {
                it.listing(id, Timestamp::from_unix(0).unwrap(), &Limits::new())
                    .map_err(|it| it.to_string())
                    .err()
            }),
        )
    };
    let shown = "https://h.example/a/m.mpd is protected by DRM (Widevine)";
    let clear = set("contentType='video'", "<Representation id='c'/>");
    let secret = set("contentType='video'", &format!("{WIDEVINE}<Representation id='p'/>"));
    let sound = set("contentType='audio'", "<Representation id='a'/>");
    assert_eq!(codes(&sets(&[&secret, &sound]), "p"), (Some(shown.into()), None));
    assert_eq!(codes(&sets(&[&clear, &secret]), "p"), (None, Some(Some(shown.into()))));
    assert_eq!(codes(&sets(&[&clear, &secret]), "c"), (None, Some(None)));
    let secret_sound =
        set("contentType='audio'", &format!("<Representation id='s'>{WIDEVINE}</Representation>"));
    assert_eq!(codes(&sets(&[&secret_sound]), "s"), (Some(shown.into()), None));
    assert_eq!(codes(&sets(&[&secret_sound, &sound]), "s"), (None, Some(Some(shown.into()))));
    let common = set(
        "contentType='video'",
        "<ContentProtection schemeIdUri='urn:mpeg:dash:mp4protection:2011' value='cenc'/><Representation id='p'/>",
    );
    assert_eq!(
        codes(&sets(&[&common]), "p").0.unwrap(),
        "https://h.example/a/m.mpd is protected by DRM (CENC)"
    );
}

#[test]
fn what_is_no_manifest_is_a_bad_reply() {
    for text in
        ["", "hello", "<html/>", "<SmoothStreamingMedia/>", "<MPD>", "<MPD mediaPresentationDuration='x'/>"]
    {
        assert_eq!(manifest(text).unwrap_err().code(), "bad_reply", "{text}");
    }
    assert_eq!(
        manifest("<mpd:MPD xmlns:mpd='urn:mpeg:dash:schema:mpd:2011'/>").unwrap(),
        Manifest { read: manifest("<MPD/>").unwrap().read, ..Manifest::default() }
    );
    assert_eq!(
        listing(&sets(&[&set("contentType='video'", "<Representation id='v'/>")]), "w").unwrap_err().code(),
        "not_found"
    );
    assert_eq!(
        Manifest::default().listing("", Timestamp::now(), &Limits::new()).unwrap_err().code(),
        "not_found"
    );
}

#[test]
fn a_manifest_may_not_offer_without_end() {
    let many = |count: usize| (0..count).map(|at| format!("<Representation id='{at}'/>")).collect::<String>();
    assert_eq!(manifest(&sets(&[&set("contentType='video'", &many(1000))])).unwrap().renditions.len(), 1000);
    assert_eq!(
        manifest(&sets(&[&set("contentType='video'", &many(1001))])).unwrap_err().code(),
        "over_limit"
    );
    assert_eq!(
        manifest(&sets(&[&set("contentType='image'", &many(20_001))])).unwrap_err().code(),
        "over_limit"
    );
}

#[test]
fn debug_shows_no_query() {
    let text =
        sets(&[&set("contentType='video'", "<BaseURL>x?sig=s3cret</BaseURL><Representation id='v'/>")]);
    let shown = format!("{:?}", manifest(&text).unwrap());
    assert!(!shown.contains("s3cret") && shown.contains("\"v\""), "{shown}");
}

#[test]
fn a_kind_is_not_another() {
    let kinds: fn(&Rendition) -> Kind = |it| it.kind;
    let text = sets(&[
        &set("mimeType='video/webm'", "<Representation id='v'/>"),
        &set("mimeType='audio/webm'", "<Representation id='a'/>"),
        &set("mimeType='application/mp4' codecs='wvtt'", "<Representation id='t'/>"),
    ]);
    check(&text, kinds, &[("v", Kind::Video), ("a", Kind::Audio), ("t", Kind::Text)]);
}
