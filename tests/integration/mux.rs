//! The muxer, judged by ffmpeg: what is decoded of the file that it makes is what is decoded of its tracks. Built where
//! ffmpeg and ffprobe are installed.

use std::{fs, path::Path, process::Command, time::Duration};

use qetch::{Apart, Kind, Mux, PartStart, Result, Track, downloaders::muxer};
use qetch_tests::{
    Folder,
    film::{AUDIO, VIDEO, behind, check_frames, check_plays, frames, made, probed},
};

async fn mux(tracks: &[Track], to: &Path, how: &Mux) -> Result<Option<Apart>> {
    muxer().mux(tracks, to, how).await
}

/// The command that a person is told.
async fn told(tracks: &[Track], to: &Path) -> Option<String> {
    muxer().command(tracks, to).await.unwrap()
}

#[track_caller]
fn one(outcome: Result<Option<Apart>>) {
    assert_eq!(outcome.unwrap(), None);
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Two files as one, and the parts that they are.
fn in_parts(folder: &Folder, names: [&str; 2], times: [f64; 2], name: &str) -> Vec<PartStart> {
    let bytes = names.map(|name| fs::read(folder.path(name)).unwrap());
    fs::write(folder.path(name), bytes.concat()).unwrap();
    [(0, times[0]), (bytes[0].len(), times[1])]
        .map(|(at, time)| PartStart::new(at as u64, seconds(time)))
        .to_vec()
}

#[tokio::test]
async fn a_picture_and_its_sound_become_one_file() {
    let layouts: [&[&str]; 5] = [
        &["-movflags", "frag_keyframe+empty_moov", "-f", "mp4"],
        &["-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4"],
        &["-movflags", "cmaf+frag_keyframe", "-f", "mp4"],
        &[
            "-movflags",
            "empty_moov+default_base_moof+dash+global_sidx",
            "-frag_duration",
            "700000",
            "-f",
            "mp4",
        ],
        &["-movflags", "empty_moov+omit_tfhd_offset", "-frag_duration", "300000", "-f", "mp4"],
    ];
    let folder = Folder::new();
    for (index, layout) in layouts.iter().enumerate() {
        let video = made(&folder, &VIDEO, layout, "v.mp4");
        let audio = made(&folder, &AUDIO, layouts[(index + 1) % layouts.len()], "a.mp4");
        let tracks =
            [Track::new(audio, Kind::Audio).with_language(Some("de".into())), Track::new(video, Kind::Video)];
        let name = format!("{index}.mp4");
        one(mux(&tracks, &folder.path(&name), &Mux::Native).await);
        let streams = probed(&folder.path(&name), "stream=codec_name:stream_tags=language");
        assert_eq!(
            streams.iter().filter(|it| !it.is_empty()).collect::<Vec<_>>(),
            ["h264,und", "aac,deu"],
            "{layout:?}"
        );
        check_frames(&frames(&folder, &name, "0:v"), &frames(&folder, "v.mp4", "0:v"));
        check_frames(&frames(&folder, &name, "0:a"), &frames(&folder, "a.mp4", "0:a"));
        check_plays(&folder, &name, 4.0);
    }
}

#[tokio::test]
async fn segments_behind_their_initialisation_become_one_file() {
    let folder = Folder::new();
    let both = [&VIDEO[..4], &AUDIO[..], &VIDEO[4..]].concat();
    made(&folder, &both, &["-seg_duration", "1", "-f", "dash"], "list.mpd");
    let mut names = folder.names();
    let tracks = ["stream0", "stream1"].map(|stream| {
        // Initialisation before chunks, and those by their numbers.
        names.sort_by_key(|name| (!name.starts_with("init"), name.clone()));
        let pieces = names
            .iter()
            .filter(|name| name.contains(stream))
            .map(|name| fs::read(folder.path(name)).unwrap());
        let pieces: Vec<_> = pieces.collect();
        assert!(pieces.len() > 3, "{names:?}");
        fs::write(folder.path(stream), pieces.concat()).unwrap();
        Track::new(folder.path(stream), Kind::Video)
    });
    one(mux(&tracks, &folder.path("out.mp4"), &Mux::Native).await);
    check_frames(&frames(&folder, "out.mp4", "0:v"), &frames(&folder, "stream0", "0:v"));
    check_frames(&frames(&folder, "out.mp4", "0:a"), &frames(&folder, "stream1", "0:a"));
    check_plays(&folder, "out.mp4", 4.0);
}

#[tokio::test]
async fn a_picture_with_sound_takes_another_sound() {
    let folder = Folder::new();
    let layout = ["-movflags", "frag_keyframe+empty_moov", "-f", "mp4"];
    let both = made(&folder, &[&VIDEO[..4], &AUDIO[..], &VIDEO[4..]].concat(), &layout, "both.mp4");
    let other = made(
        &folder,
        &["-f", "lavfi", "-i", "sine=frequency=880:duration=4", "-c:a", "aac"],
        &layout,
        "a.mp4",
    );
    let tracks = [Track::new(both, Kind::Video), Track::new(other, Kind::Audio)];
    one(mux(&tracks, &folder.path("out.mp4"), &Mux::Native).await);
    for (stream, of, name) in
        [("0:v", "0:v", "both.mp4"), ("0:a:0", "0:a", "both.mp4"), ("0:a:1", "0:a", "a.mp4")]
    {
        check_frames(&frames(&folder, "out.mp4", stream), &frames(&folder, name, of));
    }
    check_plays(&folder, "out.mp4", 4.0);
}

#[tokio::test]
async fn parts_follow_one_another() {
    let folder = Folder::new();
    let layout = ["-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4"];
    let other_sps = [&VIDEO[..], &["-profile:v", "high", "-bf", "0", "-refs", "2"]].concat();
    made(&folder, &VIDEO, &layout, "v1.mp4");
    made(&folder, &other_sps, &layout, "v2.mp4");
    made(&folder, &AUDIO, &layout, "a.mp4");
    made(&folder, &VIDEO, &[&layout[..], &["-video_track_timescale", "90000"]].concat(), "v3.mp4");
    for (index, second) in ["v1.mp4", "v2.mp4", "v3.mp4"].into_iter().enumerate() {
        let parts = in_parts(&folder, ["v1.mp4", second], [0.0, 4.0], "v.mp4");
        let sound = in_parts(&folder, ["a.mp4", "a.mp4"], [0.0, 4.0], "aa.mp4");
        let tracks = [
            Track::new(folder.path("v.mp4"), Kind::Video).with_parts(parts),
            Track::new(folder.path("aa.mp4"), Kind::Audio).with_parts(sound),
        ];
        let name = format!("{index}.mp4");
        one(mux(&tracks, &folder.path(&name), &Mux::Native).await);
        let (one, two) = (frames(&folder, "v1.mp4", "0:v"), frames(&folder, second, "0:v"));
        check_frames(&frames(&folder, &name, "0:v"), &behind(&[(0.0, &one), (4.0, &two)]));
        let sound =
            probed(&folder.path(&name), "packet=stream_index").iter().filter(|it| **it == "1").count();
        let each = probed(&folder.path("a.mp4"), "packet=stream_index").len();
        assert_eq!(sound, 2 * each);
        check_plays(&folder, &name, 8.0);
    }
}

#[tokio::test]
async fn parts_of_other_sizes_and_after_gaps_keep_their_samples() {
    let folder = Folder::new();
    let layout = ["-movflags", "frag_keyframe+empty_moov", "-f", "mp4"];
    let small = [&["-f", "lavfi", "-i", "testsrc2=s=80x60:r=25:d=4"], &VIDEO[4..]].concat();
    made(&folder, &VIDEO, &layout, "v1.mp4");
    made(&folder, &small, &layout, "v2.mp4");
    // The medium began long before, as a live recording has it.
    let parts = in_parts(&folder, ["v1.mp4", "v2.mp4"], [100_000.0, 100_010.0], "v.mp4");
    let track = Track::new(folder.path("v.mp4"), Kind::Video).with_parts(parts);
    one(mux(&[track], &folder.path("out.mp4"), &Mux::Native).await);
    let times = probed(&folder.path("out.mp4"), "packet=dts_time");
    let times: Vec<f64> = times.iter().map(|it| it.trim_end_matches(',').parse().unwrap()).collect();
    assert_eq!(times.len(), 200);
    assert!(
        (times[100] - times[0] - 10.0).abs() < 0.01 && times[0].abs() < 0.1,
        "{} {}",
        times[0],
        times[100]
    );
    check_plays(&folder, "out.mp4", 14.0);
}

#[tokio::test]
async fn a_recording_that_begins_late_begins_at_0() {
    let folder = Folder::new();
    let layout = [
        "-output_ts_offset",
        "100000",
        "-movflags",
        "frag_keyframe+empty_moov+default_base_moof",
        "-f",
        "mp4",
    ];
    // Without an edit that would tell of the offset again.
    let layout = [&layout[..], &["-use_editlist", "0"]].concat();
    let video = made(&folder, &[&VIDEO[..], &["-bf", "0"]].concat(), &layout, "v.mp4");
    let audio = made(&folder, &AUDIO, &layout, "a.mp4");
    let tracks = [Track::new(video, Kind::Video), Track::new(audio, Kind::Audio)];
    one(mux(&tracks, &folder.path("out.mp4"), &Mux::Native).await);
    let starts: Vec<f64> = probed(&folder.path("out.mp4"), "stream=start_time")
        .iter()
        .map(|it| it.trim_end_matches(',').parse().unwrap())
        .collect();
    assert!(starts.iter().all(|it| it.abs() < 0.1), "{starts:?}");
    check_frames(&frames(&folder, "out.mp4", "0:v"), &frames(&folder, "v.mp4", "0:v"));
    check_plays(&folder, "out.mp4", 4.0);
}

#[tokio::test]
async fn parts_of_a_transport_stream_follow_one_another() {
    let folder = Folder::new();
    let both = [&VIDEO[..4], &AUDIO[..], &VIDEO[4..]].concat();
    made(&folder, &both, &["-f", "mpegts"], "1.ts");
    made(&folder, &[&both[..], &["-vf", "negate"]].concat(), &["-f", "mpegts"], "2.ts");
    let parts = in_parts(&folder, ["1.ts", "2.ts"], [0.0, 4.0], "t.ts");
    let track = Track::new(folder.path("t.ts"), Kind::Video).with_parts(parts);
    one(mux(&[track], &folder.path("out.ts"), &Mux::Native).await);
    let (one, two) = (frames(&folder, "1.ts", "0:v"), frames(&folder, "2.ts", "0:v"));
    check_frames(&frames(&folder, "out.ts", "0:v"), &behind(&[(0.0, &one), (4.0, &two)]));
    check_plays(&folder, "out.ts", 8.0);
    // As they were, they do not.
    let duration: f64 = probed(&folder.path("t.ts"), "format=duration")[0].parse().unwrap();
    assert!(duration < 7.0, "{duration}");
}

#[tokio::test]
async fn what_is_not_fragmented_mp4_is_muxed_by_ffmpeg_alone() {
    let folder = Folder::new();
    let both = [&VIDEO[..], &["-an"]].concat();
    let video = made(&folder, &both, &["-f", "mpegts"], "v -i http:x.ts");
    let audio = made(&folder, &AUDIO, &["-f", "adts"], "-a.aac");
    let captions = folder.path("c.vtt");
    fs::write(&captions, "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n").unwrap();
    let tracks = [
        Track::new(&video, Kind::Video),
        Track::new(&audio, Kind::Audio).with_language(Some("fr-CA".into())),
        Track::new(&captions, Kind::Text).with_language(Some("en".into())),
    ];
    let to = folder.path("out part");
    let apart = mux(&tracks, &to, &Mux::Native).await.unwrap().unwrap();
    assert_eq!(apart.reason, "MPEG-TS is muxed by ffmpeg alone");
    assert!(!to.exists());

    one(mux(&tracks, &to, &Mux::Ffmpeg(env!("QETCH_FFMPEG").into())).await);
    let streams = probed(&to, "stream=codec_name:stream_tags=language");
    assert_eq!(
        streams.iter().filter(|it| !it.is_empty()).collect::<Vec<_>>(),
        ["h264,und", "aac,fra", "mov_text,eng"]
    );
    check_frames(&frames(&folder, "out part", "0:v"), &frames(&folder, "v -i http:x.ts", "0:v"));
    check_frames(&frames(&folder, "out part", "0:a"), &frames(&folder, "-a.aac", "0:a"));
    check_plays(&folder, "out part", 4.0);

    // The command that a person is told does the same.
    fs::rename(&to, folder.path("first")).unwrap();
    let shell = Command::new("sh").arg("-c").arg(told(&tracks, &to).await.unwrap()).status().unwrap();
    assert!(shell.success());
    assert!(fs::read(&to).unwrap() == fs::read(folder.path("first")).unwrap(), "another file by hand");
}

#[tokio::test]
async fn parts_are_joined_before_ffmpeg_sees_them() {
    let folder = Folder::new();
    made(&folder, &VIDEO, &["-f", "mpegts"], "1.ts");
    let parts = in_parts(&folder, ["1.ts", "1.ts"], [0.0, 4.0], "t.ts");
    let audio = made(
        &folder,
        &[&AUDIO[..], &["-af", "aloop=1:192000,atrim=end=8"]].concat(),
        &["-f", "adts"],
        "a.aac",
    );
    let tracks =
        [Track::new(folder.path("t.ts"), Kind::Video).with_parts(parts), Track::new(audio, Kind::Audio)];
    let before = folder.names();
    one(mux(&tracks, &folder.path("out.mp4"), &Mux::Ffmpeg(env!("QETCH_FFMPEG").into())).await);
    assert_eq!(folder.names().len(), before.len() + 1, "{:?}", folder.names());
    let one = frames(&folder, "1.ts", "0:v");
    check_frames(&frames(&folder, "out.mp4", "0:v"), &behind(&[(0.0, &one), (4.0, &one)]));
}

#[tokio::test]
async fn without_ffmpeg_tracks_stay_apart() {
    let folder = Folder::new();
    let video = made(&folder, &VIDEO, &["-f", "mpegts"], "v.ts");
    let audio = made(&folder, &AUDIO, &["-f", "adts"], "a.aac");
    let tracks = [Track::new(video, Kind::Video), Track::new(audio, Kind::Audio)];
    let to = folder.path("out.mp4");
    for (program, says) in
        [("/nowhere/ffmpeg", "does not run"), ("/bin/false", "ffmpeg failed"), ("/bin/true", "no file")]
    {
        let apart = mux(&tracks, &to, &Mux::Ffmpeg(program.into())).await.unwrap().unwrap();
        assert!(apart.reason.contains(says), "{apart:?}");
        assert!(told(&tracks, &to).await.is_some());
        assert_eq!(folder.names(), ["a.aac", "v.ts"]);
    }
}

#[tokio::test]
async fn a_track_that_is_a_list_of_other_files_is_not_opened() {
    let folder = Folder::new();
    let video = made(&folder, &VIDEO, &["-f", "mpegts"], "v.ts");
    let secret = made(&folder, &AUDIO, &["-f", "adts"], "secret.aac");
    let lists = [
        format!("#EXTM3U\n#EXTINF:1,\nfile://{}\n#EXT-X-ENDLIST\n", secret.display()),
        "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n".to_owned(),
        format!("ffconcat version 1.0\nfile '{}'\n", secret.display()),
        "file:///etc/passwd\n".to_owned(),
    ];
    for list in lists {
        fs::write(folder.path("a.aac"), &list).unwrap();
        let tracks = [Track::new(&video, Kind::Video), Track::new(folder.path("a.aac"), Kind::Audio)];
        let apart = mux(&tracks, &folder.path("out.mp4"), &Mux::Ffmpeg(env!("QETCH_FFMPEG").into())).await;
        let apart = apart.unwrap().unwrap();
        assert_eq!(apart.reason, "a.aac: what it is is not known");
        assert_eq!(told(&tracks, &folder.path("out.mp4")).await, None);
        assert!(!folder.path("out.mp4").exists());
    }
}

#[tokio::test]
async fn nothing_is_written_over() {
    let folder = Folder::new();
    let video = made(&folder, &VIDEO, &["-f", "mpegts"], "v.ts");
    let audio = made(&folder, &AUDIO, &["-f", "adts"], "a.aac");
    let to = folder.path("out.mp4");
    fs::write(&to, "mine").unwrap();
    let tracks = [Track::new(video, Kind::Video), Track::new(audio, Kind::Audio)];
    for how in [Mux::Native, Mux::Ffmpeg(env!("QETCH_FFMPEG").into())] {
        assert_eq!(mux(&tracks, &to, &how).await.unwrap_err().code(), "conflict");
        assert_eq!(fs::read(&to).unwrap(), b"mine");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_ends_with_who_waits_for_it() {
    let folder = Folder::new();
    let video = made(&folder, &VIDEO, &["-f", "mpegts"], "v.ts");
    let audio = made(&folder, &AUDIO, &["-f", "adts"], "a.aac");
    // Written by another process: this one forks, and a file that a fork has open is not run.
    let script =
        r#"printf '#!/bin/sh\necho $$ > "$0.new"; mv "$0.new" "$0.pid"; exec sleep 600\n' > it; chmod +x it"#;
    assert!(Command::new("sh").args(["-c", script]).current_dir(folder.root()).status().unwrap().success());
    let tracks = [Track::new(video, Kind::Video), Track::new(audio, Kind::Audio)];
    let (to, how) = (folder.path("out.mp4"), Mux::Ffmpeg(folder.path("it")));
    let pid = tokio::select! {
        outcome = mux(&tracks, &to, &how) => panic!("{outcome:?}"),
        pid = async {
            loop {
                match fs::read_to_string(folder.path("it.pid")) {
                    Ok(pid) => break pid.trim().to_owned(),
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        } => pid,
    };
    for _ in 0..500 {
        let runs = Command::new("ps").args(["-o", "stat=", "-p", &pid]).output().unwrap().stdout;
        if runs.is_empty() || runs.starts_with(b"Z") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it runs on");
}
