//! Tracks that are no media: ffmpeg, which would follow what stands in some of them, is not shown them.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use qetch::{DownloadOptions, Mux, Report, Result};
use qetch_testkit::{Origin, Resource};
use qetch_tests::{Folder, canary::Canary};

use super::{TS, anywhere, brought, list, once, playlist};

/// Two frames of silence in ADTS.
const AAC: [u8; 14] = [0xFF, 0xF1, 0x50, 0x80, 0x00, 0xFF, 0xFC, 0xFF, 0xF1, 0x50, 0x80, 0x00, 0xFF, 0xFC];

/// A program in the place of ffmpeg that writes down what it is told, and fails.
struct Fake {
    folder: Folder,
    program: PathBuf,
}

impl Fake {
    fn new() -> Self {
        let folder = Folder::new();
        let program = folder.path("ffmpeg");
        let script = format!(
            "#!/bin/sh\nfor word; do echo \"$word\"; done >> '{}'\nexit 1\n",
            folder.path("told").display()
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder, program }
    }

    /// What it was told, a word a line; nothing if nobody has started it.
    fn told(&self) -> Option<Vec<String>> {
        let told = fs::read_to_string(self.folder.path("told")).ok()?;
        Some(told.lines().map(str::to_owned).collect())
    }

    fn options(&self) -> DownloadOptions {
        once().with_mux(Mux::Ffmpeg(self.program.clone()))
    }
}

/// Brings a video, whose segment is `video`, and its sound.
async fn muxed(fake: &Fake, video: &[u8], sound: &[u8]) -> (Folder, Result<Report>) {
    let (origin, folder) = (Origin::start().await.unwrap(), Folder::new());
    let master = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\",DEFAULT=YES,URI=\"a\"\n\
                  #EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\",CODECS=\"avc1.64,mp4a.40.2\"\nv\n";
    origin.serve("/list", playlist(master.to_owned()));
    origin.serve("/v", list("#EXTINF:2,\nv.ts")).serve("/a", list("#EXTINF:2,\na.aac"));
    origin.serve("/v.ts", Resource::new(video.to_vec())).serve("/a.aac", Resource::new(sound.to_vec()));
    let done = brought(&anywhere().build(), &origin.url("/list"), &folder, &fake.options()).await;
    (folder, done)
}

#[tokio::test]
async fn a_track_that_is_no_media_is_not_shown_to_ffmpeg() {
    let canary = Canary::start().await;
    let at = format!("http://127.0.0.1:{}/x.ts", canary.port());
    for script in [
        format!("ffconcat version 1.0\nfile '{at}'\n"),
        "file '/etc/passwd'\nfile '/etc/hostname'\n".to_owned(),
        format!(
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video {} RTP/AVP 96\n",
            canary.port()
        ),
        format!(" #EXTINF:2,\n{at}\n"),
        format!("RIFF\u{0}\u{0}\u{0}\u{0}AVI LIST GAB2 #EXTM3U\n{at}\n"),
        format!("[playlist]\nFile1={at}\n"),
        "<smil><video src=\"file:///etc/passwd\"/></smil>".to_owned(),
        "G".to_owned(),
    ] {
        let fake = Fake::new();
        for (video, sound) in [(script.as_bytes(), &AAC[..]), (&TS[..], script.as_bytes())] {
            let (folder, done) = muxed(&fake, video, sound).await;
            let report = done.unwrap_or_else(|error| panic!("{script}: {error}"));
            assert_eq!((report.paths.len(), report.apart.is_some()), (2, true), "{script}: {report:?}");
            assert!(
                report.apart.unwrap().command.is_none(),
                "a person is told to show it to ffmpeg: {script}"
            );
            assert!(report.paths.iter().any(|path| fs::read(path).unwrap() == script.as_bytes()));
            assert!(!folder.names().is_empty());
        }
        assert_eq!(fake.told(), None, "{script}");
    }
    assert_eq!(canary.visits(), 0);
}

#[tokio::test]
async fn a_track_that_is_a_playlist_is_refused_before_ffmpeg_could_see_it() {
    let fake = Fake::new();
    for (video, sound) in [(&b"#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n"[..], &AAC[..]), (&TS, b"#EXTM3U\n")]
    {
        let (_, done) = muxed(&fake, video, sound).await;
        assert_eq!(done.unwrap_err().code(), "bad_reply");
    }
    assert_eq!(fake.told(), None);
}

#[tokio::test]
async fn ffmpeg_is_told_what_its_files_are_and_to_open_nothing_else() {
    // Those above are not shown to it for no other reason.
    let fake = Fake::new();
    let (_, done) = muxed(&fake, &TS, &AAC).await;
    let report = done.unwrap();
    assert!(report.apart.is_some() && report.paths.len() == 2, "{report:?}");
    let told = fake.told().expect("nobody has started it");
    assert!(told.contains(&"-nostdin".to_owned()), "{told:?}");
    let inputs: Vec<_> = (0..told.len()).filter(|at| told[*at] == "-i").collect();
    assert_eq!(inputs.len(), 2, "{told:?}");
    for at in inputs {
        let before = &told[at - 4..at];
        assert_eq!(
            (&*before[0], &*before[1], &*before[2]),
            ("-protocol_whitelist", "file", "-f"),
            "{told:?}"
        );
        assert!(["mpegts", "aac"].contains(&&*before[3]) && told[at + 1].starts_with("file:/"), "{told:?}");
    }
}
