//! What is chosen, how it is written, and what is told where nothing fits.

use super::*;
use crate::Url;

fn content(uid: &str, kind: Kind, set: impl Fn(&mut Content)) -> Content {
    let mut content = Content::new(uid, kind, Url::parse("https://h.example/").unwrap(), []);
    set(&mut content);
    content
}

/// Files of all sorts: `a-mp4`, `a-webm`, `a-mobile`, and a poster.
fn files() -> Variants {
    Variants::in_order([
        content("a-mp4", Kind::Video, |it| it.extension = Some("mp4".into())),
        content("a-webm", Kind::Video, |it| it.content_type = Some("video/webm".into())),
        content("a-mobile", Kind::Video, |it| it.extension = Some("MP4".into())),
        content("a-poster", Kind::Image, |it| {
            (it.extension, it.role) = (Some("jpg".into()), Role::Poster);
        }),
    ])
    .unwrap()
}

fn video(uid: &str, height: u32, sound: Option<&str>) -> Content {
    content(uid, Kind::Video, |it| {
        (it.height, it.width) = (Some(height), height.checked_mul(16).map(|it| it / 9));
        it.bitrate = Some(u64::from(height) * 2_000);
        it.fps = Some(if height > 720 { 50.0 } else { 30_000.0 / 1001.0 });
        it.codecs = Some(if height > 720 { "hvc1.1.6.L93" } else { "avc1.64001f, mp4a.40.2" }.into());
        it.sound = sound.map(str::to_owned);
    })
}

fn companion(uid: &str, kind: Kind, language: &str, group: &str) -> Content {
    content(uid, kind, |it| {
        it.language = Some(language.into());
        it.group = Some(group.into());
        it.bitrate = Some(128_000);
        it.extension = Some(if kind == Kind::Text { "vtt" } else { "m4a" }.into());
    })
}

/// A presentation whose best video has its sound in `hi`, the next one in `lo`, and the last one in itself.
fn presentation() -> Variants {
    let videos = [video("v1080", 1080, Some("hi")), video("v720", 720, Some("lo")), video("v360", 360, None)];
    let mut nothing_told = content("v-unknown", Kind::Video, |_| ());
    nothing_told.sound = Some("none-such".into());
    let poster = content("poster", Kind::Image, |it| (it.height, it.role) = (Some(10), Role::Poster));
    Variants::in_order(videos.into_iter().chain([nothing_told, poster])).unwrap().with_companions([
        companion("hi-en", Kind::Audio, "en", "hi"),
        companion("hi-de", Kind::Audio, "de-AT", "hi"),
        companion("lo-en", Kind::Audio, "en", "lo"),
        companion("lo-es", Kind::Audio, "es", "lo"),
        companion("sub-de", Kind::Text, "de", "hi"),
        companion("sub-en", Kind::Text, "en", "subs"),
    ])
}

fn check_in(variants: &Variants, select: &str, expected: &str) {
    let parsed: Select = select.parse().unwrap();
    let chosen = parsed.choose(variants).map(|it| {
        let uids = [&it.content].into_iter().chain(&it.companions).map(|content| content.uid.as_str());
        uids.collect::<Vec<_>>().join("+")
    });
    assert_eq!(chosen.unwrap_or_default(), expected, "{select}");
    // What is written means the same.
    assert_eq!(parsed.to_string().parse::<Select>().unwrap(), parsed, "{parsed}");
}

#[test]
fn a_file_is_chosen() {
    let check = |select, expected| check_in(&files(), select, expected);
    check("best", "a-mp4");
    check("worst", "a-mobile");
    check("a-webm", "a-webm");
    check("ext=mp4", "a-mp4");
    check("worst,ext=mp4", "a-mobile");
    check("ext=.WEBM", "a-webm");
    check("ext!=mp4", "a-webm");
    check("ext=jpg", "a-poster");
    check("worst,ext=jpg", "a-poster");
    check("ext=png", "");
    check("b-mp4", "");
    check("height>=0", "");
}

#[test]
fn a_rendition_is_chosen_with_its_sound() {
    let check = |select, expected| check_in(&presentation(), select, expected);
    check("best", "v1080+hi-en");
    check("best,height<=720", "v720+lo-en");
    check("height<720", "v360");
    check("height=360", "v360");
    check("height != 1080", "v720+lo-en");
    check("width>=1280,height<1080", "v720+lo-en");
    check("worst,height>360", "v720+lo-en");
    check("worst", "v-unknown");
    check("fps=29.97", "v720+lo-en");
    check("fps<=50", "v1080+hi-en");
    check("fps>50", "");
    check("bandwidth<=1.5M", "v720+lo-en");
    check("bandwidth<=720K", "v360");
    check("bandwidth<130000", "");
    check("codec=avc1", "v720+lo-en");
    check("codec=mp4a", "v720+lo-en");
    check("codec!=hvc1", "v720+lo-en");
    check("codec=vp9", "");
    check("v720", "v720+lo-en");
    check("height<=10", "");
}

#[test]
fn the_sound_is_that_of_the_language_asked_for() {
    let check = |select, expected| check_in(&presentation(), select, expected);
    check("language=de", "v1080+hi-de");
    check("language=DE-at", "v1080+hi-de");
    check("language=d", "");
    check("language=de-AT-1901", "");
    check("best,height<=720,language=es", "v720+lo-es");
    check("language=es", "v720+lo-es");
    check("language=de,height<=720", "");
    check("language=fr", "");
    check("sound=no", "v1080");
    check("worst,sound=no,height>0", "v360");
}

#[test]
fn companions_come_along_when_asked_for_and_stand_alone_when_named() {
    let check = |select, expected| check_in(&presentation(), select, expected);
    check("captions=all", "v1080+hi-en+sub-de+sub-en");
    check("captions=en,language=de", "v1080+hi-de+sub-en");
    check("captions=en,captions=de", "v1080+hi-en+sub-de+sub-en");
    check("captions=fr", "v1080+hi-en");
    check("sound=no,captions=de", "v1080+sub-de");
    check("hi-de", "hi-de");
    check("ext=m4a", "hi-en");
    check("ext=m4a,language=es", "lo-es");
    check("ext=vtt", "sub-de");
    check("worst,ext=m4a", "lo-es");
}

#[test]
fn of_sound_alone_the_language_is_its_own() {
    let variants = Variants::in_order([
        companion("en", Kind::Audio, "en", ""),
        companion("de", Kind::Audio, "de", ""),
        companion("es", Kind::Audio, "es", ""),
    ])
    .unwrap();
    let check = |select, expected| check_in(&variants, select, expected);
    check("best", "en");
    check("language=de", "de");
    check("worst", "es");
    check("language=fr", "");
    check("bandwidth<=128K,language=es", "es");
}

#[test]
fn a_video_is_never_silent_because_its_sound_is_in_other_languages() {
    let chosen = |select: Select| select.choose(&presentation()).map(|it| it.companions.len());
    assert_eq!(chosen(Select::uid("v1080").with_language("de")), Some(1));
    assert_eq!(chosen(Select::uid("v1080").with_language("es")), None);
    assert_eq!(chosen(Select::uid("v1080").with_language("es").without_sound()), Some(0));
    // There is none to be had.
    assert_eq!(chosen(Select::uid("v-unknown").with_language("es")), Some(0));
}

#[test]
fn a_video_without_sound_is_chosen_where_there_is_no_other_or_it_is_asked_for() {
    let told = |uid: &str, height, codecs: &str| {
        content(uid, Kind::Video, |it| (it.height, it.codecs) = (Some(height), Some(codecs.into())))
    };
    let mute =
        || [told("mute1080", 1080, "avc1.640028"), told("mute240", 240, "hvc1.1.6.L93, vp09.00.10.08")];
    let loud = told("loud720", 720, "avc1.640028,mp4a.40.2");
    let [large, small] = mute();
    let variants = Variants::in_order([large, loud, video("apart", 360, Some("s")), small]).unwrap();
    let variants = variants.with_companions([companion("s-en", Kind::Audio, "en", "s")]);
    let check = |select, expected| check_in(&variants, select, expected);
    check("best", "loud720");
    check("worst", "apart+s-en");
    check("height>=720", "loud720");
    check("height>720", "mute1080");
    check("sound=no", "mute1080");
    check("worst,sound=no", "mute240");
    check("mute1080", "mute1080");
    // Of one that does not tell nobody knows whether it is silent.
    let untold = content("untold", Kind::Video, |_| ());
    let all = Variants::in_order(mute().into_iter().chain([untold])).unwrap();
    check_in(&all, "best", "mute1080");
    check_in(&all, "worst", "untold");
}

#[test]
fn what_is_built_is_what_is_written() {
    let check = |built: Select, written: &str| {
        assert_eq!(built.to_string(), written);
        assert_eq!(written.parse::<Select>().unwrap(), built);
    };
    check(Select::best(), "best");
    check(Select::worst().with_extension("MP4"), "worst,ext=mp4");
    check(Select::uid("a,b"), "a,b");
    check(
        Select::best().with(Measure::Height, Comparison::AtMost, 720.0).with_codec("avc1"),
        "height<=720,codec=avc1",
    );
    check(Select::best().with(Measure::Bandwidth, Comparison::Less, 2.5e6), "bandwidth<2500000");
    check(
        Select::best().with_language("de").with_captions("en").with_captions("de"),
        "language=de,captions=en,captions=de",
    );
    check(Select::worst().with_all_captions().without_sound(), "worst,captions=all,sound=no");
}

#[test]
fn what_is_no_selection_is_told_with_what_there_is() {
    let check = |select: &str, reason: &str| {
        let error = select.parse::<Select>().unwrap_err();
        assert_eq!(error.code(), "invalid");
        assert!(error.to_string().contains(reason), "{error}");
    };
    check("", "a uid alone");
    check("kind!=video", "`kind` is no condition");
    check("bset,height<=720", "`bset` is no condition");
    check("best,", "`` is no condition");
    check("uid-7,ext=mp4", "`uid-7` is no condition");
    check("best,worst", "one of them");
    check("ext=", "needs an extension");
    check("ext<mp4", "`=` and `!=`");
    check("codec=", "such as avc1");
    check("height<=", "needs a number");
    check("height<=-1", "needs a number");
    check("height<=720p", "needs a number");
    check("height<=1K", "needs a number");
    check("height!720", "no comparison");
    check("height==720", "needs a number");
    check("bandwidth<=2G", "2.5M");
    check("bandwidth<=1.2.3", "2.5M");
    check(&format!("bandwidth<={}", "9".repeat(400)), "2.5M");
    check("fps=inf", "needs a number");
    check("language=", "such as de");
    check("language=all of them", "such as de");
    check("language=de,language=en", "one of them");
    check("language!=de", "`=` alone");
    check("captions=", "such as de");
    check("sound=yes", "sound=no alone");
    check("sound=no,language=de", "leave one");
    for uid in ["gfycat-a=b", "Best", "720p", "a b", "ä<ö", "x"] {
        assert_eq!(uid.parse::<Select>().unwrap(), Select::uid(uid));
    }
}

#[test]
fn what_is_there_is_told() {
    let check = |variants: Variants, select: &str, expected: &str| {
        assert_eq!(select.parse::<Select>().unwrap().offers(&variants).join(" "), expected, "{select}");
    };
    check(files(), "ext=png", "mp4 webm jpg");
    check(files(), "b", "a-mp4 a-webm a-mobile a-poster");
    // Nobody tells a height.
    check(files(), "height<=720", "a-mp4 a-webm a-mobile a-poster");
    check(presentation(), "height>2000", "1080 720 360");
    check(presentation(), "codec=vp9", "hvc1.1.6.l93 avc1.64001f mp4a.40.2");
    check(presentation(), "language=fr", "en de-AT es");
    let each_alone = "v1080 v720 v360 v-unknown poster hi-en hi-de lo-en lo-es sub-de sub-en";
    check(presentation(), "height<=360,codec=hvc1", each_alone);
}
