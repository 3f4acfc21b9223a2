//! What HLS playlists list: segments, ranges, keys, initialisations.

use std::fs;

use qetch::DownloadOptions;
use qetch_tests::{Folder, listening, stage::Stage};

use super::{bring, hls, put_segments};

#[tokio::test(flavor = "multi_thread")]
async fn segments_become_one_file_however_many_are_fetched_at_once() {
    let stage = Stage::start().await;
    let sizes = (0..40).map(|number| [1, 70_000, 300_000, 1_500_000][number % 4] + number);
    let all = put_segments(&stage, sizes);
    for at_once in [1, 3, 8] {
        let folder = Folder::new();
        let options = DownloadOptions::new().with_max_fragments(at_once).with_max_connections(1);
        let (options, heard) = listening(options);
        let report = bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options).await.unwrap();
        assert!(fs::read(folder.path("f.ts")).unwrap() == all, "another file, {at_once} at once");
        assert_eq!((report.bytes, report.complete), (all.len() as u64, true));
        assert_eq!(folder.names(), ["f.ts"]);
        let last = *heard.lock().unwrap().last().unwrap();
        assert_eq!(
            (last.done, last.total, last.fragments),
            (all.len() as u64, Some(all.len() as u64), (40, 40))
        );
    }
}
