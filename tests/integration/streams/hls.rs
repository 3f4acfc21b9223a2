//! HLS as ffmpeg makes it.

use std::fs;

use qetch_tests::{Folder, film::ffmpeg};

use super::{bring, check_film, options, stage};

/// Arguments that cut the film into segments of two seconds without encoding it again.
const CUT: [&str; 10] =
    ["-i", "film.ts", "-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"];

#[tokio::test(flavor = "multi_thread")]
async fn a_transport_stream_stays_one() {
    let stage = stage().await;
    ffmpeg(stage.folder(), &[&CUT[..], &["list.m3u8"]].concat());
    let folder = Folder::new();
    let (report, path) = bring(&stage, &folder, "list.m3u8", options()).await;
    assert_eq!((folder.names(), report.complete), (vec!["film.ts".to_owned()], true));
    check_film(&stage, &folder, &path, 12.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fragmented_mp4_with_an_initialisation() {
    let stage = stage().await;
    ffmpeg(
        stage.folder(),
        &[&CUT[..], &["-bsf:a", "aac_adtstoasc", "-hls_segment_type", "fmp4", "list.m3u8"]].concat(),
    );
    let folder = Folder::new();
    let (_, path) = bring(&stage, &folder, "list.m3u8", options()).await;
    assert_eq!(folder.names(), ["film.mp4"]);
    check_film(&stage, &folder, &path, 12.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn byte_ranges_of_one_file() {
    let stage = stage().await;
    let raw: &[&str] = &["-bsf:a", "aac_adtstoasc"];
    for (kind, filter, name) in [("mpegts", &[][..], "film.ts"), ("fmp4", raw, "film.mp4")] {
        let flags = ["-hls_flags", "single_file", "-hls_segment_type", kind, "list.m3u8"];
        ffmpeg(stage.folder(), &[&CUT[..], filter, &flags].concat());
        assert!(fs::read_to_string(stage.folder().path("list.m3u8")).unwrap().contains("BYTERANGE"));
        let folder = Folder::new();
        let (_, path) = bring(&stage, &folder, "list.m3u8", options()).await;
        assert_eq!(folder.names(), [name]);
        check_film(&stage, &folder, &path, 12.0);
    }
}
