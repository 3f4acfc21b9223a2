//! DASH as ffmpeg makes it.

use std::fs;

use qetch_tests::{Folder, film::ffmpeg, stage::Stage};

use super::{bring, check_film, chosen, options, stage};

/// Arguments that cut the film into segments of three seconds without encoding it again, picture and sound apart. With
/// others there is a rest of the sound, which numbers alone do not list.
const CUT: [&str; 13] = [
    "-i",
    "film.mp4",
    "-map",
    "0:v",
    "-map",
    "0:a",
    "-c",
    "copy",
    "-f",
    "dash",
    "-seg_duration",
    "3",
    "-adaptation_sets",
];

/// Cuts the film, with these flags of the muxer.
fn cut(stage: &Stage, flags: &[&str]) {
    let sets = ["id=0,streams=v id=1,streams=a"];
    ffmpeg(stage.folder(), &[&CUT[..], &sets, flags, &["list.mpd"]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_with_a_timeline_or_numbers() {
    let stage = stage().await;
    for (flags, mark) in [
        (&["-use_template", "1", "-use_timeline", "1"][..], "<SegmentTimeline>"),
        (&["-use_template", "1", "-use_timeline", "0"], "duration="),
        (&["-use_template", "0", "-use_timeline", "0"], "<SegmentList"),
    ] {
        cut(&stage, flags);
        let manifest = fs::read_to_string(stage.folder().path("list.mpd")).unwrap();
        assert!(manifest.contains(mark), "{manifest}");
        let folder = Folder::new();
        let (report, path) = bring(&stage, &folder, "list.mpd", options()).await;
        assert_eq!((folder.names(), report.complete), (vec!["film.mp4".to_owned()], true), "{mark}");
        check_film(&stage, &folder, &path, 12.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_a_representation() {
    let stage = stage().await;
    cut(&stage, &["-single_file", "1"]);
    let manifest = fs::read_to_string(stage.folder().path("list.mpd")).unwrap();
    assert!(manifest.contains("indexRange") || manifest.contains("mediaRange"), "{manifest}");
    let folder = Folder::new();
    let (_, path) = bring(&stage, &folder, "list.mpd", options()).await;
    check_film(&stage, &folder, &path, 12.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_with_an_index() {
    let stage = stage().await;
    for (name, map) in [("v.mp4", "0:v"), ("a.mp4", "0:a")] {
        let arguments =
            ["-i", "film.mp4", "-map", map, "-c", "copy", "-movflags", "+dash+global_sidx+frag_keyframe"];
        let filter: &[&str] = if map == "0:a" { &["-frag_duration", "2000000"] } else { &[] };
        ffmpeg(stage.folder(), &[&arguments[..], filter, &[name]].concat());
    }
    let set = |kind: &str, codecs: &str, name: &str| {
        format!(
            "<AdaptationSet mimeType=\"{kind}/mp4\"><Representation id=\"{kind}\" codecs=\"{codecs}\" bandwidth=\"9\">\
             <BaseURL>{name}</BaseURL><SegmentBase indexRange=\"800-999\"/></Representation></AdaptationSet>"
        )
    };
    let manifest = format!(
        "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" mediaPresentationDuration=\"PT12S\"><Period>{}{}</Period></MPD>",
        set("video", "avc1.42c00c", "v.mp4"),
        set("audio", "mp4a.40.2", "a.mp4")
    );
    stage.put("list.mpd", manifest);
    let folder = Folder::new();
    let (_, path) = bring(&stage, &folder, "list.mpd", options()).await;
    check_film(&stage, &folder, &path, 12.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_periods_are_joined() {
    let stage = stage().await;
    // Each half is a presentation of its own, whose clock begins at zero.
    let mut periods = Vec::new();
    for (half, from) in [("one", "0"), ("two", "6")] {
        let source = [
            "-ss",
            from,
            "-t",
            "6",
            "-i",
            "film.mp4",
            "-fps_mode",
            "passthrough",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-qp",
            "0",
        ];
        let encode = ["-g", "25", "-bf", "0", "-c:a", "aac"];
        let form = [
            "-f",
            "dash",
            "-seg_duration",
            "2",
            "-use_timeline",
            "1",
            "-adaptation_sets",
            "id=0,streams=v id=1,streams=a",
        ];
        let names = [
            "-init_seg_name",
            &format!("{half}-$RepresentationID$-i.m4s"),
            "-media_seg_name",
            &format!("{half}-$RepresentationID$-$Number$.m4s"),
            &format!("{half}.mpd"),
        ];
        ffmpeg(stage.folder(), &[&source[..], &encode, &form, &names].concat());
        let text = fs::read_to_string(stage.folder().path(&format!("{half}.mpd"))).unwrap();
        let (start, end) = (text.find("<AdaptationSet").unwrap(), text.find("</Period>").unwrap());
        periods.push(text[start..end].to_owned());
    }
    let manifest = format!(
        "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" mediaPresentationDuration=\"PT12S\">\
         <Period id=\"1\" duration=\"PT6S\">{}</Period><Period id=\"2\" duration=\"PT6S\">{}</Period></MPD>",
        periods[0], periods[1]
    );
    stage.put("list.mpd", manifest);
    let folder = Folder::new();
    let (report, path) = bring(&stage, &folder, "list.mpd", options()).await;
    assert_eq!((folder.names(), &report.apart), (vec!["film.mp4".to_owned()], &None));
    let name = path.file_name().unwrap().to_str().unwrap();
    qetch_tests::film::check_plays(&folder, name, 12.0);
    // Encoded without loss, so that the pictures are those of the film, in both halves.
    let pictures = qetch_tests::film::frames(&folder, name, "0:v");
    let film = qetch_tests::film::frames(stage.folder(), "film.ts", "0:v");
    qetch_tests::film::check_frames(&pictures, &film);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_alone_where_that_is_asked_for() {
    let stage = stage().await;
    cut(&stage, &[]);
    let folder = Folder::new();
    let (_, path) = chosen(&stage, &folder, "list.mpd", "best,sound=no", options()).await;
    let streams = qetch_tests::film::probed(&path, "stream=codec_type");
    assert_eq!(streams, ["video"]);
}
