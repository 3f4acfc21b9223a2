//! HLS as ffmpeg makes it.

use std::fs;

use qetch::DownloadOptions;
use qetch_tests::{
    Folder,
    film::{check_frames, check_plays, ffmpeg, frames, probed},
};

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

/// 16 bytes, and how a playlist writes them.
const KEYS: [(&str, &[u8; 16]); 2] = [("one.key", b"0123456789abcdef"), ("two.key", b"fedcba9876543210")];

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_with_the_number_as_vector() {
    let stage = stage().await;
    stage.put(KEYS[0].0, KEYS[0].1);
    let key = stage.folder().path(KEYS[0].0).display().to_string();
    stage.put("keys", format!("one.key\n{key}\n"));
    ffmpeg(stage.folder(), &[&CUT[..], &["-hls_key_info_file", "keys", "list.m3u8"]].concat());
    let list = fs::read_to_string(stage.folder().path("list.m3u8")).unwrap();
    assert!(list.contains("METHOD=AES-128,URI=\"one.key\""), "{list}");
    // ffmpeg writes the number of the first segment as the vector of all where none is given.
    let folder = Folder::new();
    let (_, path) = bring(&stage, &folder, "list.m3u8", options()).await;
    check_film(&stage, &folder, &path, 12.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_change_between_segments() {
    let stage = stage().await;
    ffmpeg(stage.folder(), &[&CUT[..], &["list.m3u8"]].concat());
    // Each segment is sealed by openssl as RFC 8216, section 4.3.2.4, says: the first two by one key with their numbers as
    // vectors, the third by another with a vector of its own, the rest not at all.
    let list = fs::read_to_string(stage.folder().path("list.m3u8")).unwrap();
    let mut sealed = list.replace("#EXTM3U\n", "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"one.key\"\n");
    let iv = "000102030405060708090a0b0c0d0e0f";
    let line = |name: &str| sealed[..sealed.find(name).unwrap()].rfind("#EXTINF").unwrap();
    let third = format!("#EXT-X-KEY:METHOD=AES-128,URI=\"two.key?a=b\",IV=0x{iv}\n");
    let (at, after) = (line("list2.ts"), line("list3.ts"));
    sealed.insert_str(after, "#EXT-X-KEY:METHOD=NONE\n");
    sealed.insert_str(at, &third);
    stage.put("list.m3u8", sealed);
    for (name, key, iv) in [
        ("list0.ts", KEYS[0], format!("{:032x}", 0)),
        ("list1.ts", KEYS[0], format!("{:032x}", 1)),
        ("list2.ts", KEYS[1], iv.to_owned()),
    ] {
        stage.put(key.0, key.1);
        qetch_tests::film::seal(&stage.folder().path(name), key.1, &iv);
    }
    let folder = Folder::new();
    let (_, path) = bring(&stage, &folder, "list.m3u8", options()).await;
    check_film(&stage, &folder, &path, 12.0);
    let asked = stage.asked().await;
    let keys: Vec<_> = asked.iter().filter(|path| path.ends_with(".key")).collect();
    assert_eq!(keys.len(), 2, "each key is asked for once: {keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_apart_is_muxed_with_the_picture() {
    let stage = stage().await;
    let variants = [
        "-i",
        "film.mp4",
        "-map",
        "0:v",
        "-map",
        "0:a",
        "-c",
        "copy",
        "-f",
        "hls",
        "-hls_time",
        "2",
        "-hls_playlist_type",
        "vod",
        "-hls_segment_type",
        "fmp4",
        "-master_pl_name",
        "master.m3u8",
        "-var_stream_map",
        "v:0,agroup:a a:0,agroup:a,default:yes,language:de",
        "-hls_segment_filename",
        "%v-%d.m4s",
        "-hls_fmp4_init_filename",
        "init.mp4",
        "%v.m3u8",
    ];
    ffmpeg(stage.folder(), &variants);
    let folder = Folder::new();
    // Fragmented MP4 needs no program.
    let (report, path) = bring(&stage, &folder, "master.m3u8", DownloadOptions::auto()).await;
    assert_eq!((folder.names(), &report.apart), (vec!["film.mp4".to_owned()], &None));
    check_film(&stage, &folder, &path, 12.0);
    let streams = probed(&path, "stream=codec_type:stream_tags=language");
    assert_eq!(streams, ["video,und", "audio,deu"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_apart_of_transport_streams_needs_ffmpeg() {
    let stage = stage().await;
    let variants = [
        "-i",
        "film.ts",
        "-map",
        "0:v",
        "-map",
        "0:a",
        "-c",
        "copy",
        "-f",
        "hls",
        "-hls_time",
        "2",
        "-hls_playlist_type",
        "vod",
        "-master_pl_name",
        "master.m3u8",
        "-var_stream_map",
        "v:0,agroup:a a:0,agroup:a,default:yes,language:de",
        "-hls_segment_filename",
        "%v-%d.ts",
        "%v.m3u8",
    ];
    ffmpeg(stage.folder(), &variants);
    let folder = Folder::new();
    let (_, path) = bring(&stage, &folder, "master.m3u8", options()).await;
    assert_eq!(folder.names(), ["film.mp4"]);
    check_film(&stage, &folder, &path, 12.0);

    let apart = Folder::new();
    let (report, _) = bring(&stage, &apart, "master.m3u8", DownloadOptions::auto()).await;
    assert_eq!(apart.names().len(), 2, "{:?}", apart.names());
    let why = report.apart.unwrap();
    assert!(why.command.as_ref().is_some_and(|it| it.starts_with("ffmpeg ")), "{why:?}");
    // The command that is told does it.
    let run = std::process::Command::new("sh")
        .arg("-c")
        .arg(why.command.unwrap())
        .current_dir(apart.root())
        .status();
    assert!(run.unwrap().success());
    assert_eq!(apart.names().len(), 3, "{:?}", apart.names());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discontinuity_is_joined() {
    let stage = stage().await;
    for segment in ["mpegts", "fmp4"] {
        // Each half is a stream of its own, whose clock begins anew.
        let mut list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-VERSION:7\n".to_owned();
        for (half, from) in [("one", "0"), ("two", "6")] {
            let source = ["-ss", from, "-t", "6", "-i", "film.mp4", "-fps_mode", "passthrough"];
            let encode = [
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-qp",
                "0",
                "-g",
                "25",
                "-bf",
                "0",
                "-c:a",
                "aac",
            ];
            let (name, init) = (format!("{half}.m3u8"), format!("{half}-init.mp4"));
            let form = [
                "-f",
                "hls",
                "-hls_time",
                "2",
                "-hls_playlist_type",
                "vod",
                "-hls_segment_type",
                segment,
                "-hls_fmp4_init_filename",
                &init,
                &name,
            ];
            ffmpeg(stage.folder(), &[&source[..], &encode, &form].concat());
            let text = fs::read_to_string(stage.folder().path(&name)).unwrap();
            let begin = text.find("#EXT-X-MAP").unwrap_or_else(|| text.find("#EXTINF").unwrap());
            list.push_str("#EXT-X-DISCONTINUITY\n");
            list.push_str(text[begin..].trim_end().trim_end_matches("#EXT-X-ENDLIST"));
        }
        stage.put("list.m3u8", list + "#EXT-X-ENDLIST\n");
        let folder = Folder::new();
        let (report, path) = bring(&stage, &folder, "list.m3u8", DownloadOptions::auto()).await;
        assert_eq!((report.apart, folder.names().len()), (None, 1), "{segment}");
        let name = path.file_name().unwrap().to_str().unwrap();
        check_plays(&folder, name, 12.0);
        check_frames(&frames(&folder, name, "0:v"), &frames(stage.folder(), "film.ts", "0:v"));
    }
}
