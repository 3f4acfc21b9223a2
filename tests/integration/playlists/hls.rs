//! What HLS playlists list: segments, ranges, keys, initialisations.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use qetch::DownloadOptions;
use qetch_tests::{
    Folder, listening,
    stage::{Stage, answer},
};

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

#[tokio::test(flavor = "multi_thread")]
async fn captions_in_segments_become_one_file_beside_the_film() {
    let stage = Stage::start().await;
    put_segments(&stage, [1000; 2]);
    stage.put(
        "master.m3u8",
        "#EXTM3U\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"Deutsch\",LANGUAGE=\"de\",URI=\"de.m3u8\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=1000,RESOLUTION=64x36,SUBTITLES=\"s\"\nlist.m3u8\n",
    );
    stage.put("de.m3u8", "#EXTM3U\n#EXTINF:2,\na.vtt\n#EXTINF:2,\nb.vtt\n#EXT-X-ENDLIST\n");
    let map = "X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000";
    let cue = |from: u32| format!("00:0{from}.000 --> 00:0{}.000\nQuak {from}\n", from + 2);
    stage.put("a.vtt", format!("WEBVTT\n{map}\n\n{}", cue(1)));
    stage.put("b.vtt", format!("WEBVTT\n{map}\n\n{}\n{}", cue(1), cue(3)));

    let qetch = qetch::Qetch::new();
    let mut extraction = qetch.extract(&stage.link("master.m3u8")).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    let selection = "captions=de".parse::<qetch::Select>().unwrap().choose(&variants).unwrap();
    let folder = Folder::new();
    let to = qetch::Target::file(folder.path("film")).with_fitting_extension();
    let report = qetch.download_selection(&selection, &to, &DownloadOptions::auto()).await.unwrap();
    assert_eq!(folder.names(), ["film.de.vtt", "film.ts"]);
    assert_eq!(report.paths.len(), 2);
    let expected = format!("WEBVTT\n\n{}\n{}\n", cue(1), cue(3));
    assert_eq!(fs::read_to_string(folder.path("film.de.vtt")).unwrap(), expected);
    // The same again is there already.
    qetch.download_selection(&selection, &to, &DownloadOptions::auto()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_die_are_made_anew_by_reading_the_playlist_again() {
    let stage = Stage::start().await;
    let all = put_segments(&stage, [50_000; 12]);
    let plain = fs::read_to_string(stage.folder().path("list.m3u8")).unwrap();
    let (reads, old) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (counted, list) = (reads.clone(), plain.clone());
    // Each reading signs the links anew, and those of the first die after five requests.
    stage.act("list.m3u8", move |request| {
        let age = counted.fetch_add(1, Ordering::SeqCst);
        answer(request, list.replace(".ts", &format!(".ts?sig={age}")).as_bytes())
    });
    for number in 0..12 {
        let (bytes, old) = (fs::read(stage.folder().path(&format!("{number}.ts"))).unwrap(), old.clone());
        stage.act(&format!("{number}.ts"), move |request| {
            let is_old = request.url.query() == Some("sig=0");
            if is_old && old.fetch_add(1, Ordering::SeqCst) >= 5 {
                return wiremock::ResponseTemplate::new(403);
            }
            answer(request, &bytes)
        });
    }
    let folder = Folder::new();
    let options = DownloadOptions::new().with_max_fragments(3);
    bring(&folder, &hls(&stage.link("list.m3u8"), ""), &options).await.unwrap();
    assert!(fs::read(folder.path("f.ts")).unwrap() == all);
    assert_eq!(reads.load(Ordering::SeqCst), 2, "once for all who met a dead link");
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_queries_and_redirects_lead_to_the_segments() {
    let stage = Stage::start().await;
    stage.put("deep/seg/0.ts", [1; 100]);
    stage.put("deep/seg/1.ts", [2; 100]);
    stage.put(
        "deep/list.m3u8",
        "\u{feff}#EXTM3U\r\n\r\n#EXT-X-DEFINE:NAME=\"dir\",VALUE=\"seg\"\r\n#EXT-X-DEFINE:QUERYPARAM=\"n\"\r\n\
         #EXTINF:1,a, title\r\n{$dir}/0.ts?x={$n}\r\n#EXTINF:1\r\n/deep/seg/{$n}.ts\r\n#EXT-X-ENDLIST",
    );
    let to = stage.link("deep/list.m3u8?n=1");
    stage.act("go", move |_| wiremock::ResponseTemplate::new(302).insert_header("Location", to.as_str()));
    let folder = Folder::new();
    bring(&folder, &hls(&stage.link("go"), ""), &DownloadOptions::new()).await.unwrap();
    assert_eq!(fs::read(folder.path("f.ts")).unwrap(), [[1; 100], [2; 100]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_of_pictures_alone_is_not_the_best() {
    let stage = Stage::start().await;
    let variant = |height: u32, codecs: &str| {
        let width = height * 16 / 9;
        let bandwidth = height * 9;
        format!(
            "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},RESOLUTION={width}x{height},CODECS=\"{codecs}\"\n{height}.m3u8\n"
        )
    };
    let list = format!("#EXTM3U\n{}{}", variant(1080, "avc1.640028"), variant(720, "avc1.640028,mp4a.40.2"));
    stage.put("master.m3u8", list);
    let qetch = qetch::Qetch::new();
    let mut extraction = qetch.extract(&stage.link("master.m3u8")).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    assert_eq!(qetch::Select::best().choose(&variants).unwrap().content.height, Some(720));
}
