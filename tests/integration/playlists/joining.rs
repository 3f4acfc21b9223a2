//! Parts that become one file once all of them are there.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use qetch::{Context, DownloadOptions, LiveStart, Phase, Progress, Stop, Target};
use qetch_tests::{
    Folder, downloaders, listening,
    stage::{Stage, answer},
};
use tokio::sync::mpsc::unbounded_channel;

use super::{bring, hls, put_segments};

const PART: usize = 188 * 1000;

/// A playlist of two parts of MPEG-TS.
async fn two_parts() -> Stage {
    let stage = Stage::start().await;
    for name in ["0.ts", "1.ts"] {
        stage.put(name, [&[0x47, 0x1f, 0xff, 0x10][..], &[0xff; 184]].concat().repeat(1000));
    }
    let list = "#EXTM3U\n#EXTINF:2,\n0.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2,\n1.ts\n#EXT-X-ENDLIST\n";
    stage.put("list.m3u8", list);
    stage
}

/// Options that do `act` when parts are being joined.
fn when_joining(act: impl Fn() + Send + Sync + 'static) -> DownloadOptions {
    DownloadOptions::new().with_hook(move |progress: Progress| {
        if progress.phase == Phase::Merging {
            act();
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_never_name_a_file_that_is_not_whole() {
    for overwrite in [false, true] {
        let (stage, folder) = (two_parts().await, Arc::new(Folder::new()));
        let content = hls(&stage.link("list.m3u8"), "");
        let (joins, mut joining) = unbounded_channel();
        let options = when_joining(move || {
            joins.send(()).unwrap();
            thread::sleep(Duration::from_millis(500));
        });
        let (one, of_one) = (folder.clone(), content.clone());
        let first = tokio::spawn(async move { bring(&one, &of_one, &options).await });
        joining.recv().await.unwrap();
        let second = bring(&folder, &content, &DownloadOptions::new().with_overwrite(overwrite)).await;
        assert_eq!(first.await.unwrap().unwrap().bytes, 2 * PART as u64);
        assert_eq!(second.unwrap_err().code(), "conflict");
        assert_eq!(folder.names(), ["f.ts"]);
        assert_eq!(fs::metadata(folder.path("f.ts")).unwrap().len(), 2 * PART as u64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_it_is_asked_to_and_is_gone_on_with() {
    let (stage, folder) = (two_parts().await, Folder::new());
    let (content, stop) = (hls(&stage.link("list.m3u8"), ""), Stop::new());
    let asked = stop.clone();
    let options = when_joining(move || asked.ask()).with_stop(stop);
    let error = bring(&folder, &content, &options).await.unwrap_err();
    assert_eq!((error.code(), folder.path("f.ts").exists()), ("interrupted", false));
    let before = stage.asked().await.len();
    bring(&folder, &content, &DownloadOptions::new()).await.unwrap();
    assert_eq!(stage.asked().await.split_off(before), ["/list.m3u8"]);
    assert_eq!(folder.names(), ["f.ts"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_before_it_has_its_name() {
    let (stage, folder) = (two_parts().await, Folder::new());
    let (options, heard) = listening(DownloadOptions::new());
    let path = folder.path("f.ts");
    let hook = options.hook.clone().unwrap();
    let options = options.with_hook(move |progress: Progress| {
        assert!(progress.phase != Phase::Done || path.exists());
        hook.update(progress);
    });
    bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options).await.unwrap();
    let heard = heard.lock().unwrap();
    let last: Vec<_> = heard.iter().rev().take(3).map(|progress| progress.phase).collect();
    assert_eq!(last, [Phase::Done, Phase::Finishing, Phase::Merging]);
}

/// As a kill leaves it between the two: what a track is made of is what lies aside.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_killed_before_it_was_joined_gets_its_name() {
    for is_live in [false, true] {
        let (stage, folder) = (Stage::start().await, Folder::new());
        put_segments(&stage, [1000; 4]);
        let list = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n0.ts\n#EXT-X-GAP\n#EXTINF:1,\n1.ts\n\
                    #EXT-X-DISCONTINUITY\n#EXTINF:1,\n2.ts\n";
        let readings = AtomicUsize::new(0);
        stage.act("list.m3u8", move |request| {
            let goes_on = is_live && readings.fetch_add(1, Ordering::SeqCst) == 0;
            answer(request, format!("{list}{}", if goes_on { "" } else { "#EXT-X-ENDLIST\n" }).as_bytes())
        });
        let content = hls(&stage.link("list.m3u8"), "");
        let options = DownloadOptions::new().with_live_start(LiveStart::Window).with_allow_gaps(!is_live);
        let aside = Target::track(folder.path("f.ts.qetch-parts"));
        let track = downloaders().download(&Context::new(), &content, &aside, &options).await.unwrap();
        let before = stage.asked().await.len();
        let report = bring(&folder, &content, &options).await.unwrap();
        assert_eq!((track.gaps.len(), report.complete, report.gaps), (1, false, track.gaps));
        assert_eq!(stage.asked().await.split_off(before), ["/list.m3u8"]);
        assert!(!folder.names().iter().any(|name| name.contains("qetch-parts")), "{:?}", folder.names());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_form_its_segments_told_is_known_again() {
    let (stage, folder) = (Stage::start().await, Folder::new());
    stage.put("s0", [&[0x47, 0x1f, 0xff, 0x10][..], &[0xff; 184]].concat().repeat(1000));
    stage.put("list.m3u8", "#EXTM3U\n#EXTINF:2,\ns0\n#EXT-X-ENDLIST\n");
    let (content, options) = (hls(&stage.link("list.m3u8"), ""), DownloadOptions::new());
    let to = Target::file(folder.path("f")).with_fitting_extension();
    let (cx, downloaders) = (Context::new(), downloaders());
    downloaders.download(&cx, &content, &to, &options).await.unwrap();
    let before = stage.asked().await.len();
    let again = downloaders.download(&cx, &content, &to, &options).await.unwrap();
    assert_eq!((again.existed, again.paths), (true, vec![folder.path("f.ts")]));
    assert_eq!(stage.asked().await.split_off(before), ["/list.m3u8"]);
    fs::write(folder.path("f.ts"), "mine").unwrap();
    assert_eq!(downloaders.download(&cx, &content, &to, &options).await.unwrap_err().code(), "conflict");
    assert_eq!(folder.names(), ["f.ts"]);
}
