//! Real streams, made by ffmpeg, served, downloaded and compared frame by frame with what they were made of. Built where
//! ffmpeg and ffprobe are installed.

mod dash;
mod hls;

use std::path::{Path, PathBuf};

use qetch::{DownloadOptions, Mux, Qetch, Report, Select, Target};
use qetch_tests::{
    Folder,
    film::{check_frames, check_plays, ffmpeg, frames},
    stage::Stage,
};

/// A film of twelve seconds, whose second half sounds and looks unlike the first.
const PICTURES: &str = "testsrc2=s=160x120:r=25:d=12";
const SOUND: &str = "aevalsrc=sin(440*2*PI*t*(1+t/12)):s=48000:d=11.9";

/// A stage on which lies a film in H.264 with AAC sound: `film.ts`, and the same in `film.mp4`.
async fn stage() -> Stage {
    let stage = Stage::start().await;
    let encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "0", "-c:a", "aac"];
    let sources = ["-f", "lavfi", "-i", PICTURES, "-f", "lavfi", "-i", SOUND];
    ffmpeg(stage.folder(), &[&sources[..], &encode, &["film.ts"]].concat());
    let copy = ["-i", "film.ts", "-c", "copy", "-bsf:a", "aac_adtstoasc", "film.mp4"];
    ffmpeg(stage.folder(), &copy);
    stage
}

/// Downloads the best that the link `name` leads to, as the command would, and answers where it is.
async fn bring(stage: &Stage, folder: &Folder, name: &str, options: DownloadOptions) -> (Report, PathBuf) {
    chosen(stage, folder, name, "best", options).await
}

/// Downloads what `select` chooses behind the link `name`.
async fn chosen(
    stage: &Stage,
    folder: &Folder,
    name: &str,
    select: &str,
    options: DownloadOptions,
) -> (Report, PathBuf) {
    let qetch = Qetch::new();
    let mut extraction = qetch.extract(&stage.link(name)).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    let selection = select.parse::<Select>().unwrap().choose(&variants).unwrap();
    let to = Target::file(folder.path("film")).with_fitting_extension();
    let report = qetch.download_selection(&selection, &to, &options).await.unwrap();
    let path = report.paths[0].clone();
    (report, path)
}

/// Eight fragments at once, and ffmpeg where it is needed.
fn options() -> DownloadOptions {
    DownloadOptions::auto().with_mux(Mux::Ffmpeg(env!("QETCH_FFMPEG").into()))
}

/// What is in the file `path` is the film on the stage, frame by frame.
#[track_caller]
fn check_film(stage: &Stage, folder: &Folder, path: &Path, seconds: f64) {
    let name = path.file_name().unwrap().to_str().unwrap();
    check_plays(folder, name, seconds);
    for stream in ["0:v", "0:a"] {
        check_frames(&frames(folder, name, stream), &frames(stage.folder(), "film.ts", stream));
    }
}
