//! Films that are broadcast: what is recorded is the film, frame by frame.

use std::{
    fs,
    path::{Path, PathBuf},
};

use qetch::{DownloadOptions, LiveStart, Mux, Qetch, Report, Select, Target};
use qetch_tests::{
    Folder,
    film::{check_frames, ffmpeg, frames, packets, probed},
    stage::Stage,
};

use super::{broadcast, text};

/// Seconds of a segment: six frames.
const SEGMENT: f64 = 0.24;

/// A stage on which lies a film of twenty segments, `film.ts`.
async fn stage() -> Stage {
    let stage = Stage::start().await;
    let pictures = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=4.8"];
    let sound = ["-f", "lavfi", "-i", "aevalsrc=sin(440*2*PI*t*(1+t/5)):s=48000:d=4.8"];
    let encode = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        "6",
        "-sc_threshold",
        "0",
        "-bf",
        "0",
        "-c:a",
        "aac",
    ];
    ffmpeg(stage.folder(), &[&pictures[..], &sound, &encode, &["film.ts"]].concat());
    stage
}

/// Cuts some streams of the film into segments `NAME-0.ts` and so on, as ffmpeg's `more` arguments say; the lines that list each.
fn cut(stage: &Stage, name: &str, more: &[&str]) -> Vec<String> {
    let (list, segments) = (format!("{name}-all.m3u8"), format!("{name}-%d.ts"));
    let segments = if more.contains(&"fmp4") { segments.replace(".ts", ".m4s") } else { segments };
    let init = format!("{name}-init.mp4");
    let common = ["-i", "film.ts", "-c", "copy", "-f", "hls", "-hls_time", "0.24", "-hls_list_size", "0"];
    let common =
        [&common[..], if more.contains(&"fmp4") { &["-bsf:a", "aac_adtstoasc"] } else { &[] }].concat();
    let names = ["-hls_fmp4_init_filename", &init, "-hls_segment_filename", &segments, &list];
    ffmpeg(stage.folder(), &[&common[..], more, &names].concat());
    let text = fs::read_to_string(stage.folder().path(&list)).unwrap();
    let mut lines: Vec<String> = Vec::new();
    let mut own = String::new();
    for line in text.lines().filter(|line| !line.starts_with("#EXT-X-MAP")) {
        if line.starts_with("#EXTINF") {
            own = format!("{line}\n");
        } else if !line.starts_with('#') && !line.is_empty() {
            lines.push(format!("{own}{line}\n"));
        }
    }
    lines
}

const FMP4: [&str; 2] = ["-hls_segment_type", "fmp4"];

/// Broadcasts six segments at a time until there are no more, under the name `NAME.m3u8`.
fn slide(stage: &Stage, name: &str, head: &str, all: Vec<String>) {
    let head = head.to_owned();
    broadcast(stage, &format!("{name}.m3u8"), move |reading| {
        // Extraction reads it once before it is recorded.
        let end = (reading.saturating_sub(1) + 6).min(all.len());
        let first = end - 6;
        let mut list = format!(
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:0.24\n#EXT-X-MEDIA-SEQUENCE:{first}\n{head}"
        );
        all[first..end].iter().for_each(|lines| list.push_str(lines));
        text(list + if end == all.len() { "#EXT-X-ENDLIST\n" } else { "" })
    });
}

/// Records the best that the link `name` leads to.
async fn record(stage: &Stage, folder: &Folder, name: &str, options: &DownloadOptions) -> (Report, PathBuf) {
    chosen(stage, folder, name, "best", options).await
}

/// Records what `select` chooses behind the link `name`.
async fn chosen(
    stage: &Stage,
    folder: &Folder,
    name: &str,
    select: &str,
    options: &DownloadOptions,
) -> (Report, PathBuf) {
    let qetch = Qetch::new();
    let mut extraction = qetch.extract(&stage.link(name)).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    let selection = select.parse::<Select>().unwrap().choose(&variants).unwrap();
    let to = Target::file(folder.path("film")).with_fitting_extension();
    let report = qetch.download_selection(&selection, &to, options).await.unwrap();
    let path = report.paths[0].clone();
    (report, path)
}

fn options(start: LiveStart) -> DownloadOptions {
    DownloadOptions::new().with_live_start(start).with_mux(Mux::Ffmpeg(env!("QETCH_FFMPEG").into()))
}

/// The pictures of what was recorded are those of the film from this segment on.
#[track_caller]
fn check(stage: &Stage, folder: &Folder, path: &Path, first: usize) {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let film = frames(stage.folder(), "film.ts", "0:v");
    check_frames(&frames(folder, &name, "0:v"), &film[first * 6..]);
    assert_eq!(folder.names(), [name]);
}

/// When the file, or a stream of it, begins.
#[track_caller]
fn begin(path: &Path, of: &str) -> f64 {
    probed(path, &format!("{of}=start_time"))[0].trim_end_matches(',').parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transport_stream_from_the_window_and_from_the_edge() {
    let stage = stage().await;
    let all = cut(&stage, "l", &[]);
    assert_eq!(all.len(), 20);
    for (start, first) in [(LiveStart::Window, 0), (LiveStart::Edge, 3)] {
        slide(&stage, "l", "", all.clone());
        let folder = Folder::new();
        let (report, path) = record(&stage, &folder, "l.m3u8", &options(start)).await;
        assert!(report.complete, "{report:?}");
        check(&stage, &folder, &path, first);
        assert_eq!(path.extension().unwrap(), "ts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_begin_at_0_wherever_the_recording_began() {
    let stage = stage().await;
    let all = cut(&stage, "l", &FMP4);
    slide(&stage, "l", "#EXT-X-MAP:URI=\"l-init.mp4\"\n", all);
    let folder = Folder::new();
    let (_, path) = record(&stage, &folder, "l.m3u8", &options(LiveStart::Edge)).await;
    check(&stage, &folder, &path, 3);
    assert_eq!(path.extension().unwrap(), "mp4");
    assert!(begin(&path, "format").abs() < 0.05, "{}", begin(&path, "format"));
}

/// The film, with another initialisation and a break in the middle.
#[tokio::test(flavor = "multi_thread")]
async fn a_break_with_another_initialisation_is_joined() {
    let stage = stage().await;
    let mut all = cut(&stage, "l", &FMP4);
    fs::copy(stage.folder().path("l-init.mp4"), stage.folder().path("other.mp4")).unwrap();
    all[10].insert_str(0, "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"other.mp4\"\n");
    let head = "#EXT-X-MAP:URI=\"l-init.mp4\"\n";
    broadcast(&stage, "l.m3u8", move |reading| {
        // Extraction reads it once before it is recorded.
        let end = (reading.saturating_sub(1) + 6).min(all.len());
        let first = end - 6;
        let mut list = format!("#EXTM3U\n#EXT-X-TARGETDURATION:0.24\n#EXT-X-MEDIA-SEQUENCE:{first}\n");
        let (breaks, head) = match first {
            0..=10 => (0, head),
            _ => (1, "#EXT-X-MAP:URI=\"other.mp4\"\n"),
        };
        list += &format!("#EXT-X-DISCONTINUITY-SEQUENCE:{breaks}\n{head}");
        all[first..end].iter().for_each(|lines| list.push_str(lines));
        text(list + if end == all.len() { "#EXT-X-ENDLIST\n" } else { "" })
    });
    let folder = Folder::new();
    let (report, path) = record(&stage, &folder, "l.m3u8", &options(LiveStart::Window)).await;
    assert!(report.complete, "{report:?}");
    check(&stage, &folder, &path, 0);
}

#[cfg(openssl)]
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_change_are_followed() {
    let stage = stage().await;
    let folder = stage.folder();
    let mut all = Vec::new();
    for (number, lines) in cut(&stage, "l", &[]).into_iter().enumerate() {
        let key = format!("{:032x}", 0xabc_0000 + number / 4);
        let bytes: Vec<u8> =
            (0..16).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap()).collect();
        stage.put(&format!("key-{}", number / 4), bytes);
        let (from, to) = (folder.path(&format!("l-{number}.ts")), folder.path(&format!("s-{number}.ts")));
        let vector = format!("{number:032x}");
        let sealed = std::process::Command::new(env!("QETCH_OPENSSL"))
            .args(["enc", "-aes-128-cbc", "-K", &key, "-iv", &vector, "-in"])
            .arg(from)
            .arg("-out")
            .arg(to)
            .status();
        assert!(sealed.unwrap().success());
        all.push(format!(
            "#EXT-X-KEY:METHOD=AES-128,URI=\"key-{}\"\n{}",
            number / 4,
            lines.replace("l-", "s-")
        ));
    }
    slide(&stage, "s", "", all);
    let folder = Folder::new();
    let (report, path) = record(&stage, &folder, "s.m3u8", &options(LiveStart::Window)).await;
    assert!(report.complete, "{report:?}");
    check(&stage, &folder, &path, 0);
    let asked = stage.asked().await;
    assert_eq!(asked.iter().filter(|path| path.starts_with("/key-")).count(), 5, "{asked:?}");
}

/// A master playlist with video, sound and, where they are given, captions.
fn master(captions: bool) -> String {
    let mut text = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",LANGUAGE=\"de\",DEFAULT=YES,URI=\"a.m3u8\"\n".to_owned();
    let mut with = String::new();
    if captions {
        text += "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"c\",NAME=\"y\",LANGUAGE=\"de\",DEFAULT=YES,URI=\"c.m3u8\"\n";
        with += ",SUBTITLES=\"c\"";
    }
    text + &format!(
        "#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS=\"avc1.42c00a,mp4a.40.2\",AUDIO=\"a\"{with}\nv.m3u8\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn video_and_sound_are_recorded_at_the_same_time_and_in_step() {
    for start in [LiveStart::Edge, LiveStart::Window] {
        let stage = stage().await;
        let video = cut(&stage, "v", &[&FMP4[..], &["-map", "0:v"]].concat());
        let sound = cut(&stage, "a", &[&FMP4[..], &["-map", "0:a"]].concat());
        slide(&stage, "v", "#EXT-X-MAP:URI=\"v-init.mp4\"\n", video);
        slide(&stage, "a", "#EXT-X-MAP:URI=\"a-init.mp4\"\n", sound);
        stage.put("master.m3u8", master(false));
        let folder = Folder::new();
        let (report, path) = record(&stage, &folder, "master.m3u8", &options(start)).await;
        assert!(report.complete, "{report:?}");
        let first = if start == LiveStart::Edge { 3 } else { 0 };
        check(&stage, &folder, &path, first);
        let streams = probed(&path, "stream=codec_type");
        assert_eq!(streams, ["video", "audio"]);
        assert!(begin(&path, "format").abs() < 0.05, "{}", begin(&path, "format"));
        // The sound is as far from the pictures as it was.
        let film = ["-i", "film.ts", "-c", "copy", "-bsf:a", "aac_adtstoasc", "film.mp4"];
        ffmpeg(stage.folder(), &film);
        let name = path.file_name().unwrap().to_str().unwrap();
        let (heard, film) = (packets(&folder, name, "0:a"), packets(stage.folder(), "film.mp4", "0:a"));
        let (at, hash) = &heard[heard.len() / 2];
        let number = film.iter().position(|(_, other)| other == hash).expect("a sound of another film");
        let of_film = packets(stage.folder(), "film.ts", "0:a")[number].0
            - frames(stage.folder(), "film.ts", "0:v")[first * 6].0;
        let late = (at - frames(&folder, name, "0:v")[0].0) - of_film;
        assert!(late.abs() < 0.03, "the sound is {late} s late");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_are_recorded_meanwhile() {
    let stage = stage().await;
    let video = cut(&stage, "v", &[&FMP4[..], &["-map", "0:v"]].concat());
    let sound = cut(&stage, "a", &[&FMP4[..], &["-map", "0:a"]].concat());
    slide(&stage, "v", "#EXT-X-MAP:URI=\"v-init.mp4\"\n", video);
    slide(&stage, "a", "#EXT-X-MAP:URI=\"a-init.mp4\"\n", sound);
    let cue = |number: usize| format!("00:00:{number:02}.000 --> 00:00:{number:02}.500\n{number}\n\n");
    let lines = (0..20).map(|number| {
        stage.put(&format!("c-{number}.vtt"), format!("WEBVTT\n\n{}", cue(number)));
        format!("#EXTINF:0.24,\nc-{number}.vtt\n")
    });
    slide(&stage, "c", "", lines.collect());
    stage.put("master.m3u8", master(true));
    let folder = Folder::new();
    let options = options(LiveStart::Window);
    let (report, path) = chosen(&stage, &folder, "master.m3u8", "best,captions=all", &options).await;
    assert_eq!((report.complete, report.paths.len()), (true, 2), "{report:?}");
    assert_eq!(probed(&path, "stream=codec_type"), ["video", "audio"]);
    let captions = fs::read_to_string(folder.path("film.de.vtt")).unwrap();
    assert_eq!(captions, format!("WEBVTT\n\n{}", (0..20).map(cue).collect::<String>()));
    // Neither waited for the other.
    let asked = stage.asked().await;
    let first = |path: &str| asked.iter().position(|it| it == path).unwrap();
    assert!(first("/c-0.vtt") < first("/v-19.m4s"), "{asked:?}");
}

/// Segments of ffmpeg's own DASH, in a window of a list of their times or numbers.
#[tokio::test(flavor = "multi_thread")]
async fn a_dynamic_manifest_with_times_or_numbers() {
    for how in ["$Time$", "$Number$"] {
        let stage = stage().await;
        // An initialisation and twenty segments, whatever they are called.
        let all = cut(&stage, "d", &[&FMP4[..], &["-map", "0:v"]].concat());
        assert_eq!(all.len(), 20);
        let name = |number: usize| if how == "$Time$" { 1000 + number * 6 } else { number };
        for number in 0..20 {
            let from = stage.folder().path(&format!("d-{number}.m4s"));
            fs::copy(from, stage.folder().path(&format!("n-{}.m4s", name(number)))).unwrap();
        }
        broadcast(&stage, "live.mpd", move |reading| {
            let end = (reading.saturating_sub(1) + 6).min(20);
            let first = end - 6;
            let (kind, time) = (if end == 20 { "static" } else { "dynamic" }, 1000 + first * 6);
            text(format!(
                "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='{kind}' minimumUpdatePeriod='PT0.25S'>\
                 <Period id='p' start='PT0S'><AdaptationSet mimeType='video/mp4' codecs='avc1.42c00a'>\
                 <SegmentTemplate timescale='25' startNumber='{first}' initialization='d-init.mp4' media='n-{how}.m4s'>\
                 <SegmentTimeline><S t='{time}' d='6' r='5'/></SegmentTimeline></SegmentTemplate>\
                 <Representation id='v' bandwidth='9'/></AdaptationSet></Period></MPD>"
            ))
        });
        let folder = Folder::new();
        let (report, path) = record(&stage, &folder, "live.mpd", &options(LiveStart::Edge)).await;
        assert!(report.complete, "{report:?}");
        check(&stage, &folder, &path, 3);
        assert!(begin(&path, "format").abs() < 0.05, "{}", begin(&path, "format"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_length_of_a_recording_is_that_of_its_medium() {
    let stage = stage().await;
    let all = cut(&stage, "l", &FMP4);
    slide(&stage, "l", "#EXT-X-MAP:URI=\"l-init.mp4\"\n", all);
    let folder = Folder::new();
    let limited = options(LiveStart::Window).with_live_duration(std::time::Duration::from_secs(2));
    let (_, path) = record(&stage, &folder, "l.m3u8", &limited).await;
    let duration: f64 = probed(&path, "format=duration")[0].parse().unwrap();
    assert!((duration - 9.0 * SEGMENT).abs() < 0.1, "{duration}");
}
