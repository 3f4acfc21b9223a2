//! Keys, signed links and headers of playlists: who is sent them, and what is shown and kept of them.

use std::fs;

use qetch::{Content, Delivery, Fragment, Kind, Qetch, Report, Result, UserHeaders};
use qetch_testkit::{Origin, Resource};
use qetch_tests::{Folder, url};

use super::{TS, anywhere, brought, downloaded, hls, list, manifest, once, playlist};

/// What may not be shown or kept: the signature of a link, the key as it is, in hex and as bytes are shown.
const SECRETS: [&str; 4] = ["s3cret", "kkkkEEEEyyyy!!!!", "6b6b6b6b45454545", "107, 107, 107, 107, 69, 69"];
const KEY: &[u8] = b"kkkkEEEEyyyy!!!!";

#[track_caller]
fn shows_nothing(text: &str) {
    assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
}

fn told(done: &Result<Report>) -> String {
    match done {
        Ok(report) => {
            format!("{report:?} {:?}", report.gaps.iter().map(|gap| &gap.reason).collect::<Vec<_>>())
        }
        Err(error) => {
            let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
            let causes: Vec<_> = causes.map(|cause| format!("{cause} {cause:?}")).collect();
            format!("{error} {error:?} {causes:?}")
        }
    }
}

/// An origin with a key and a good segment.
async fn origin() -> Origin {
    let origin = Origin::start().await.unwrap();
    origin.serve("/0.ts", Resource::new(&TS[..])).serve("/key", Resource::new(KEY));
    origin
}

#[tokio::test]
async fn links_and_keys_are_in_no_error_gap_or_file() {
    let key = "#EXT-X-KEY:METHOD=AES-128,URI=\"key?sig=s3cret\"\n";
    let good = "#EXTINF:2,\n0.ts?sig=s3cret\n";
    let mut codes = std::collections::BTreeSet::new();
    for wrong in [
        "#EXTINF:2,\nnone.ts?sig=s3cret".to_owned(),
        "#EXTINF:2,\n403.ts?sig=s3cret".to_owned(),
        "#EXTINF:2,\n500.ts?sig=s3cret".to_owned(),
        "#EXTINF:2,\nlist?sig=s3cret".to_owned(),
        "#EXTINF:2,\nfile:///?s3cret".to_owned(),
        "#EXTINF:2,\nhttp://me:s3cret@127.0.0.1:1/?sig=s3cret".to_owned(),
        format!("{key}#EXTINF:2,\n0.ts?sig=s3cret"),
        "#EXT-X-KEY:METHOD=AES-128,URI=\"none?sig=s3cret\"\n#EXTINF:2,\n0.ts".to_owned(),
        "#EXT-X-KEY:METHOD=AES-128,URI=\"0.ts?sig=s3cret\"\n#EXTINF:2,\n0.ts".to_owned(),
        "#EXT-X-KEY:METHOD=AES-128,URI=\"data:;base64,s3cret\"\n#EXTINF:2,\n0.ts".to_owned(),
        "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://s3cret\"\n#EXTINF:2,\n0.ts".to_owned(),
        "#EXT-X-BYTERANGE:5@900000\n0.ts?sig=s3cret".to_owned(),
    ] {
        let origin = origin().await;
        origin.serve("/list", list(&format!("{good}{wrong}")));
        for status in [403, 500] {
            origin.serve(&format!("/{status}.ts"), Resource::new("no").with_status(status));
        }
        for with_gaps in [false, true] {
            let folder = Folder::new();
            let content = hls(&origin.url("/list?sig=s3cret"), "");
            let options = once().with_allow_gaps(with_gaps);
            let done = downloaded(&anywhere().build(), &content, &folder, &options).await;
            assert!(with_gaps || done.is_err(), "{wrong}");
            shows_nothing(&told(&done));
            codes.extend(done.err().map(|error| error.code()));
            for name in folder.names() {
                let bytes = fs::read(folder.path(&name)).unwrap();
                shows_nothing(&format!("{name} {}", String::from_utf8_lossy(&bytes)));
            }
        }
    }
    assert!(codes.len() >= 4, "{codes:?}");
}

#[tokio::test]
async fn links_of_a_playlist_are_not_saved_with_what_is_found() {
    let origin = origin().await;
    let master = "#EXTM3U\n#EXT-X-SESSION-KEY:METHOD=AES-128,URI=\"key?s3cret\"\n\
                  #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\",URI=\"a?s3cret\"\n\
                  #EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nv?s3cret\n";
    origin.serve("/master", playlist(master.to_owned()));
    origin.serve("/media", list("#EXT-X-KEY:METHOD=AES-128,URI=\"key?s3cret\"\n0.ts?s3cret"));
    origin.serve("/mpd", manifest("<BaseURL>f.mp4?s3cret</BaseURL>"));
    for path in ["/master", "/media", "/mpd"] {
        let mut extraction = anywhere().build().extract(&origin.url(path)).await.unwrap();
        let variants = extraction.next_variants().await.unwrap().unwrap();
        shows_nothing(&format!("{} {variants:?}", serde_json::to_string(&variants).unwrap()));
    }
}

/// Two servers, of which the first has a playlist whose key, initialisation and segment are with the second.
async fn two() -> (Origin, Origin) {
    let (own, other) = (origin().await, Origin::start().await.unwrap());
    let at = |path: &str| other.url(path);
    let lines = format!(
        "#EXT-X-MAP:URI=\"{}\"\n#EXTINF:2,\n{}\n#EXT-X-KEY:METHOD=AES-128,URI=\"{}\"\n#EXTINF:2,\n{}",
        at("/init"),
        at("/0.ts"),
        at("/key"),
        at("/1.ts")
    );
    own.serve("/list", list(&lines));
    own.serve("/master", playlist(format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{}\n", at("/list"))));
    for path in ["/init", "/0.ts", "/1.ts"] {
        other.serve(path, Resource::new(&TS[..]));
    }
    other.serve("/key", Resource::new(KEY)).serve("/list", list("#EXTINF:2,\n0.ts"));
    (own, other)
}

/// It was asked for all of these, and was sent no secret.
#[track_caller]
fn knows_nothing(other: &Origin, paths: &[&str]) {
    for path in paths {
        assert!(other.hits(path) > 0, "{path} was not asked for");
    }
    for seen in other.requests() {
        shows_nothing(&format!("{:?}", seen.headers));
        for name in ["authorization", "cookie", "x-key", "x-api-key"] {
            assert_eq!(seen.header(name), None, "{}", seen.path);
        }
    }
}

const ALL: [&str; 4] = ["/init", "/0.ts", "/1.ts", "/key"];

#[tokio::test]
async fn headers_of_a_playlist_are_for_its_own_origin() {
    for path in ["/list", "/master"] {
        let (own, other) = two().await;
        let link = url(&own.url(path));
        let fragment =
            Fragment::new(link.clone()).with_header("X-Key", "s3cret").with_header("Accept", "video/*");
        let mut content = Content::new("f", Kind::Video, link, [fragment]);
        let rendition = if path == "/list" { "" } else { "1" };
        content.delivery = Delivery::hls(rendition);
        let _ = downloaded(&anywhere().build(), &content, &Folder::new(), &once()).await;
        assert_eq!(own.requests()[0].header("x-key"), Some("s3cret"));
        let asked: &[&str] = if path == "/list" { &ALL } else { &["/list", "/0.ts"] };
        knows_nothing(&other, asked);
        assert_eq!(other.requests()[0].header("accept"), Some("video/*"));
    }
}

#[tokio::test]
async fn headers_and_logins_of_a_person_are_for_the_origin_that_was_typed() {
    let headers = UserHeaders::new().with("Cookie", "session=s3cret").unwrap();
    let headers =
        headers.with("Authorization", "Bearer s3cret").unwrap().with("X-Api-Key", "s3cret").unwrap();
    for typed in [false, true] {
        let (own, other) = two().await;
        let mut link = own.url("/list");
        let qetch = match typed {
            true => anywhere().build(),
            false => anywhere().build().with_headers(headers.clone(), [&url(&link)]),
        };
        if typed {
            link = link.replace("://", "://me:s3cret@");
        }
        let (mine, bare): (Qetch, _) = qetch.adopt(&url(&link));
        let _ = brought(&mine, bare.as_str(), &Folder::new(), &once()).await;
        assert!(own.requests().iter().all(|seen| seen.header("authorization").is_some()));
        knows_nothing(&other, &ALL);
    }
}
