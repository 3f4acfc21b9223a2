//! What stands where sound and pictures are meant, and is none.

use std::time::Duration;

use qetch::{Content, Delivery, Error, Kind};
use qetch_testkit::{Behaviour, Origin, Resource};
use qetch_tests::{Folder, flood::Flood, url};

use super::{TS, anywhere, brought, downloaded, hls, list, once, playlist};

const HLS: &str = "#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n";
const KEY: &[u8] = b"0123456789abcdef";

/// What is no media.
const OTHERS: [&str; 5] = [
    HLS,
    "\u{feff}\n#EXTM3U\n",
    "<!DOCTYPE html><title>Log in</title>",
    "<html><body>",
    "<?xml version=\"1.0\"?>\n<!-- a manifest -->\n<MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>",
];

/// An origin whose `/list` is of `lines`, with a good segment at `/0.ts`.
async fn origin(lines: &str) -> Origin {
    let origin = Origin::start().await.unwrap();
    origin.serve("/0.ts", Resource::new(&TS[..]).with_content_type("video/mp2t"));
    origin.serve("/list", list(lines));
    origin
}

/// What is listed is no media, and nothing of it is brought, whatever it is called.
async fn refused(origin: &Origin) -> Error {
    let mut last = None;
    for kind in [Kind::Video, Kind::Audio] {
        let (folder, mut content) = (Folder::new(), hls(&origin.url("/list"), ""));
        content.kind = kind;
        let error = downloaded(&anywhere().build(), &content, &folder, &once()).await.unwrap_err();
        assert_eq!(error.code(), "bad_reply", "{error}");
        for name in folder.names() {
            let bytes = std::fs::read(folder.path(&name)).unwrap();
            assert!(
                name.starts_with("f.qetch") && !String::from_utf8_lossy(&bytes).contains("passwd"),
                "{name}"
            );
        }
        last = Some(error);
    }
    last.unwrap()
}

#[tokio::test]
async fn a_page_or_a_playlist_for_a_segment_is_refused() {
    for other in OTHERS {
        for content_type in ["video/mp2t", "text/html", "application/octet-stream"] {
            let origin = origin("#EXTINF:2,\n0.ts\n#EXTINF:2,\n1.ts").await;
            origin.serve("/1.ts", Resource::new(other).with_content_type(content_type));
            let cause = std::error::Error::source(&refused(&origin).await).map(ToString::to_string);
            assert!(cause.is_some_and(|cause| cause.contains("in place of the file")), "{other}");
        }
    }
}

#[tokio::test]
async fn a_playlist_for_a_segment_is_a_gap_where_gaps_are_allowed() {
    let (origin, folder) = (origin("#EXTINF:2,\n0.ts\n#EXTINF:2,\nlist").await, Folder::new());
    let options = once().with_allow_gaps(true);
    let report =
        downloaded(&anywhere().build(), &hls(&origin.url("/list"), ""), &folder, &options).await.unwrap();
    assert_eq!(std::fs::read(folder.path("f")).unwrap(), TS);
    assert_eq!((report.complete, report.gaps.len()), (false, 1));
}

#[tokio::test]
async fn a_playlist_for_an_initialisation_is_refused() {
    let origin = origin("#EXT-X-MAP:URI=\"init\"\n#EXTINF:2,\n0.ts").await;
    origin.serve("/init", Resource::new(HLS).with_content_type("video/mp4"));
    refused(&origin).await;
}

#[tokio::test]
async fn a_playlist_in_a_range_of_a_file_is_refused() {
    let all = [&TS[..], HLS.as_bytes(), &TS[..]].concat();
    for has_ranges in [true, false] {
        let range = format!("#EXTINF:2,\n#EXT-X-BYTERANGE:{}@{}\nall", HLS.len(), TS.len());
        let origin = origin(&range).await;
        let file = Resource::new(all.clone()).with_content_type("video/mp2t").with_etag("one");
        origin.serve("/all", if has_ranges { file } else { file.with_behaviour(Behaviour::NoRanges) });
        refused(&origin).await;
    }
}

#[tokio::test]
async fn a_playlist_that_comes_byte_by_byte_is_refused() {
    let begin = "HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n#";
    for rest in ["EXTM3U\n", "E"] {
        // The second one is a playlist no more when its second byte has come twice.
        let flood = Flood::dripping(begin, rest, Duration::from_millis(5)).await;
        let origin = origin(&format!("#EXTINF:2,\n{}", flood.url("/1.ts"))).await;
        let options = once().with_max_size(40);
        let folder = Folder::new();
        let done = downloaded(&anywhere().build(), &hls(&origin.url("/list"), ""), &folder, &options).await;
        assert_eq!(done.unwrap_err().code(), if rest == "E" { "over_limit" } else { "bad_reply" });
    }
}

#[tokio::test]
async fn a_playlist_that_a_key_opens_is_refused() {
    // Made with openssl, with the key above and the vector 1.
    let sealed =
        "3e3b45228068e1f2946bef13224e2353bebe210a092205fa5d8a5a54d0cc9eeb056f208823c5833634b5a4b81cc0b64c";
    let sealed: Vec<_> =
        (0..sealed.len() / 2).map(|at| u8::from_str_radix(&sealed[2 * at..][..2], 16).unwrap()).collect();
    let origin = origin("#EXT-X-KEY:METHOD=AES-128,URI=\"key\",IV=0x1\n#EXTINF:2,\nlocked").await;
    origin.serve("/key", Resource::new(KEY)).serve("/locked", Resource::new(sealed));
    let error = refused(&origin).await;
    assert!(format!("{error:?}").contains("a playlist in place of the file"), "{error:?}");
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let list = "#EXT-X-KEY:METHOD=AES-128,URI=\"key\",IV=0x1\n#EXTINF:2,\n0.ts";
    for key in [&b""[..], &KEY[..15], &[KEY, b"\n"].concat(), b"30313233343536373839616263646566"] {
        let origin = origin(list).await;
        origin.serve("/key", Resource::new(key.to_vec()));
        refused(&origin).await;
    }
    refused(&origin(&list.replace("key", "list")).await).await;
}

#[tokio::test]
async fn a_master_that_leads_to_itself_ends_there() {
    let origin = Origin::start().await.unwrap();
    let master = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\",URI=\"list\"\n\
                  #EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nlist\n";
    origin.serve("/list", playlist(master.to_owned()));
    let folder = Folder::new();
    let error = brought(&anywhere().build(), &origin.url("/list"), &folder, &once()).await.unwrap_err();
    assert_eq!((error.code(), folder.names().len()), ("bad_reply", 0), "{error}");
    assert!(origin.requests().len() <= 5, "{}", origin.requests().len());
}

#[tokio::test]
async fn a_page_or_another_file_for_a_playlist_is_refused() {
    for other in [OTHERS[2], OTHERS[4], "GIF89a", "", "#EXTM3", "[playlist]\nFile1=file:///etc/passwd\n"] {
        let (origin, folder) = (Origin::start().await.unwrap(), Folder::new());
        origin.serve("/list", Resource::new(other));
        let dash = |mut content: Content| {
            content.delivery = Delivery::dash("v");
            content
        };
        let content = hls(&origin.url("/list"), "");
        for content in [content.clone(), dash(content)] {
            let error = downloaded(&anywhere().build(), &content, &folder, &once()).await.unwrap_err();
            let expected = ["bad_reply", "content_changed", "not_found"];
            assert!(expected.contains(&error.code()) && folder.names().is_empty(), "{other}: {error}");
        }
    }
}

#[tokio::test]
async fn a_playlist_in_the_place_of_a_file_is_refused() {
    for other in OTHERS {
        let (origin, folder) = (Origin::start().await.unwrap(), Folder::new());
        origin.serve("/f.mp4", Resource::new(other).with_content_type("video/mp4"));
        let mut content = hls(&origin.url("/f.mp4"), "");
        content.delivery = Delivery::Fragments;
        assert_eq!(content.fragments[0].url, url(&origin.url("/f.mp4")));
        let error = downloaded(&anywhere().build(), &content, &folder, &once()).await.unwrap_err();
        assert_eq!((error.code(), folder.names().len()), ("bad_reply", 0), "{other}: {error}");
    }
}
