//! Films that ffmpeg makes, and what it sees in files: the judge of what is downloaded and muxed.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::Folder;

/// Four seconds of moving pictures, in H.264.
pub const VIDEO: [&str; 10] = [
    "-f",
    "lavfi",
    "-i",
    "testsrc2=s=160x120:r=25:d=4",
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-g",
    "25",
];

/// Four seconds of sound, in AAC.
pub const AUDIO: [&str; 6] =
    ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=4", "-c:a", "aac"];

/// Seals the file at `path` in AES-128, as openssl does.
#[track_caller]
pub fn seal(path: &Path, key: &[u8; 16], iv: &str) {
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let sealed = path.with_extension("sealed");
    let mut command = Command::new("openssl");
    command.args(["enc", "-aes-128-cbc", "-K", &key, "-iv", iv, "-in"]).arg(path).arg("-out").arg(&sealed);
    assert!(command.status().unwrap().success());
    std::fs::rename(sealed, path).unwrap();
}

/// A run of ffmpeg in `folder`; what it wrote to standard output.
#[track_caller]
pub fn ffmpeg(folder: &Folder, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("QETCH_FFMPEG"));
    command.args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"]).args(arguments);
    let output = command.current_dir(folder.root()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Makes a file of our own out of nothing.
#[track_caller]
pub fn made(folder: &Folder, source: &[&str], layout: &[&str], name: &str) -> PathBuf {
    ffmpeg(folder, &[source, layout, &[&format!("file:{name}")]].concat());
    folder.path(name)
}

/// Of each frame that is decoded of a stream: when it is shown, in seconds from the first, and the hash of it.
#[track_caller]
pub fn frames(folder: &Folder, name: &str, stream: &str) -> Vec<(f64, String)> {
    hashed(folder, name, stream, &["-fps_mode", "passthrough"])
}

/// The same of each packet, undecoded.
#[track_caller]
pub fn packets(folder: &Folder, name: &str, stream: &str) -> Vec<(f64, String)> {
    hashed(folder, name, stream, &["-c", "copy"])
}

#[track_caller]
fn hashed(folder: &Folder, name: &str, stream: &str, how: &[&str]) -> Vec<(f64, String)> {
    let input = format!("file:{name}");
    let text = ffmpeg(folder, &[&["-i", &input, "-map", stream], how, &["-f", "framemd5", "-"]].concat());
    let base: f64 = text
        .lines()
        .find_map(|line| line.strip_prefix("#tb 0: "))
        .map(|base| base.split_once('/').unwrap())
        .map(|(over, under)| over.parse::<f64>().unwrap() / under.parse::<f64>().unwrap())
        .unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let frames: Vec<(f64, String)> = lines
        .map(|line| {
            let fields: Vec<_> = line.split(',').map(str::trim).collect();
            (fields[2].parse::<f64>().unwrap() * base, fields[5].to_owned())
        })
        .collect();
    assert!(!frames.is_empty(), "{name} has no frame");
    frames
}

/// The frames of several, each later by so much.
pub fn behind(parts: &[(f64, &[(f64, String)])]) -> Vec<(f64, String)> {
    parts.iter().flat_map(|(by, part)| part.iter().map(move |(at, hash)| (at + by, hash.clone()))).collect()
}

/// The same frames, shown at the same times.
#[track_caller]
pub fn check_frames(found: &[(f64, String)], expected: &[(f64, String)]) {
    assert_eq!(found.len(), expected.len(), "another number of frames");
    let (first, begin) = (found[0].0, expected[0].0);
    for (index, (one, other)) in found.iter().zip(expected).enumerate() {
        assert_eq!(one.1, other.1, "frame {index} is another one");
        let late = (one.0 - first) - (other.0 - begin);
        assert!(late.abs() < 0.03, "frame {index} is {late} s late");
    }
}

/// A field of what ffprobe tells of a file, a line for each time that it is told.
#[track_caller]
pub fn probed(path: &Path, entries: &str) -> Vec<String> {
    let mut command = Command::new(env!("QETCH_FFPROBE"));
    command.args(["-v", "error", "-show_entries", entries, "-of", "csv=p=0"]).arg(path);
    let output = command.output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// It lasts so long, and can be shown from 2 s on.
#[track_caller]
pub fn check_plays(folder: &Folder, name: &str, seconds: f64) {
    let duration: f64 = probed(&folder.path(name), "format=duration")[0].parse().unwrap();
    assert!((duration - seconds).abs() < 0.1, "{name} lasts {duration} s");
    let shown = [
        "-ss",
        "2",
        "-i",
        &format!("file:{name}"),
        "-map",
        "0:v?",
        "-map",
        "0:a?",
        "-t",
        "0.5",
        "-f",
        "framemd5",
        "-",
    ];
    assert!(ffmpeg(folder, &shown).lines().any(|line| !line.starts_with('#')), "nothing from 2 s on");
}
