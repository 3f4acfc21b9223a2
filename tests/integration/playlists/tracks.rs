//! Tracks that stand there already.

use std::time::Duration;

use qetch::{Context, DownloadOptions, Qetch, Select, Target};
use qetch_testkit::pattern;
use qetch_tests::{Folder, downloaders, stage::Stage};
use wiremock::ResponseTemplate;

use super::hls;

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_parts_is_known_to_be_whole() {
    let (stage, folder) = (Stage::start().await, Folder::new());
    let mut list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n".to_owned();
    for number in 0..300 {
        stage.put(&format!("{number}.ts"), pattern(188, number));
        list.push_str(&format!("#EXT-X-DISCONTINUITY\n#EXTINF:2,\n{number}.ts\n"));
    }
    stage.put("list.m3u8", list + "#EXT-X-ENDLIST\n");
    let (content, to) = (hls(&stage.link("list.m3u8"), ""), Target::track(folder.path("t")));
    let options = DownloadOptions::new();
    let first = downloaders().download(&Context::new(), &content, &to, &options).await.unwrap();
    let second = downloaders().download(&Context::new(), &content, &to, &options).await.unwrap();
    assert_eq!((second.existed, second.parts.len(), second.parts), (true, 300, first.parts));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_an_older_list_is_not_muxed_with_a_newer_one() {
    let (stage, folder) = (Stage::start().await, Folder::new());
    stage.put(
        "master.m3u8",
        "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"s\",NAME=\"x\",DEFAULT=YES,URI=\"a.m3u8\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=1000,RESOLUTION=64x36,CODECS=\"avc1.42c01e,mp4a.40.2\",AUDIO=\"s\"\nv.m3u8\n",
    );
    let put = |cut: &str| {
        for track in ["v", "a"] {
            let name = format!("{cut}-{track}.ts");
            stage.put(&name, pattern(1000, 0));
            stage.put(&format!("{track}.m3u8"), format!("#EXTM3U\n#EXTINF:2,\n{name}\n#EXT-X-ENDLIST\n"));
        }
    };
    put("old");
    // Once the picture is there.
    stage.act("old-a.ts", |_| ResponseTemplate::new(404).set_delay(Duration::from_millis(500)));
    let qetch = Qetch::new();
    let mut extraction = qetch.extract(&stage.link("master.m3u8")).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    let selection = Select::best().choose(&variants).unwrap();
    let to = Target::file(folder.path("film.mp4"));
    let bring = async || qetch.download_selection(&selection, &to, &DownloadOptions::new()).await;
    bring().await.unwrap_err();
    put("new");
    assert_eq!(bring().await.unwrap_err().code(), "conflict");
}
