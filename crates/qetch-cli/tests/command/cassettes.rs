//! `--record` and `--replay`: what a site answered is there again when the site is not.

use std::fs;

use qetch::Cassette;
use qetch_testkit::{Origin, Resource, pattern};

use crate::support::{BEST, Home, LINK, Site, published};

#[tokio::test(flavor = "multi_thread")]
async fn an_extraction_is_the_same_when_the_site_is_gone() {
    let (home, site) = (Home::new(), Site::start().await);
    let recorded = home.run(&["extract", "--json", "--record", "deep/rec", &site.route, LINK]);
    assert_eq!(recorded.lines().len(), 1);
    drop(site);
    let replayed = home.run(&["extract", "--json", "--replay", "deep/rec", LINK]);
    assert_eq!(replayed.lines(), recorded.lines());

    let text = fs::read_to_string(home.path("deep/rec/recording.cassette")).unwrap();
    assert!(text.starts_with(&format!("# qetch cassette 1\n# asks: {LINK}\n\n=== GET https://")), "{text}");
    assert!(!text.contains("127.0.0.1"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_the_same_when_the_site_is_gone() {
    let (home, site) = (Home::new(), Site::start().await);
    home.run(&["download", "-d", "first", "--record", "rec", &site.route, LINK]).lines();
    drop(site);
    home.run(&["download", "-d", "second", "--replay", "rec", LINK]).lines();
    assert_eq!(fs::read(home.path("second").join(BEST)).unwrap(), published("CleverSampleQuokka.mp4"));
}

/// Which connection brings which bytes is another matter each time.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_brought_over_several_connections_replays() {
    let (home, origin) = (Home::new(), Origin::start().await.unwrap());
    let bytes = pattern(24 << 20, 3);
    origin.serve(
        "/f.bin",
        Resource::new(bytes.clone()).with_content_type("application/x-tar").with_etag("one"),
    );
    let link = origin.url("/f.bin");
    home.run(&["--record", "rec", "-o", "first", &link]).lines();
    assert!(origin.requests().len() > 1, "one connection was enough");
    drop(origin);
    for more in ["8", "3", "1"] {
        home.run(&["--replay", "rec", "--overwrite", "--max-connections", more, "-o", "second", &link])
            .lines();
        assert!(fs::read(home.path("second")).unwrap() == bytes, "{more} connections");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_recorded_is_told_with_the_nearest_line() {
    let (home, site) = (Home::new(), Site::start().await);
    home.run(&["extract", "--record", "rec", &site.route, LINK]).lines();
    let said = home.run(&["extract", "--replay", "rec", "https://gfycat.com/SomeOtherQuokka"]);
    said.failed(1, "the cassette has no answer to GET https://api.gfycat.com/v1/gfycats/someotherquokka");
    said.failed(1, "rec/recording.cassette:4, GET https://api.gfycat.com/v1/gfycats/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_replaces_nothing() {
    let (home, site) = (Home::new(), Site::start().await);
    home.run(&["extract", "--record", "rec", &site.route, LINK]).lines();
    let path = home.path("rec/recording.cassette");
    let before = fs::read(&path).unwrap();
    let asked = site.asked();
    home.run(&["extract", "--record", "rec", &site.route, LINK])
        .failed(2, "--record: rec/recording.cassette exists");
    assert!(fs::read(&path).unwrap() == before && site.asked() == asked);
}

#[test]
fn what_cannot_be_replayed_is_told_before_anything_is_asked() {
    let home = Home::new();
    fs::create_dir(home.path("empty")).unwrap();
    fs::create_dir(home.path("bad")).unwrap();
    fs::write(home.path("bad/a.cassette"), "# qetch cassette 1\n\nGET https://a.example/\n").unwrap();
    let check = |arguments: &[&str], message: &str| {
        home.run(&[&["extract", LINK], arguments].concat()).failed(2, message);
    };
    check(&["--replay", "empty"], "--replay: empty is not valid: there is no *.cassette in it");
    check(&["--replay", "none"], "--replay: cannot read none");
    check(&["--replay", "bad"], "bad/a.cassette:3 is not valid: expected `=== METHOD URL`");
    check(&["--replay", "bad", "--record", "rec"], "cannot be used with");
    check(&["--replay", "bad", "--route", "*=http://127.0.0.1:1"], "cannot be used with");
    check(&["--replay", "bad", "--proxy", "http://127.0.0.1:1"], "cannot be used with");
    assert!(!home.path("rec").exists());
}

/// What is secret: as it is typed, and as it is sent.
const SECRETS: [&str; 4] = ["hunter2", "bWU6aHVudGVyMg", "s3cret", "0auth"];

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_the_users_is_in_a_recording() {
    let (home, origin) = (Home::new(), Origin::start().await.unwrap());
    // The site repeats what it was sent.
    let file = [b"ID3 hunter2 s3cret ".to_vec(), pattern(1000, 1)].concat();
    origin.serve("/s3cret.mp3", Resource::new(file).with_content_type("audio/mpeg").with_etag("s3cret-1"));
    let link = origin.url("/s3cret.mp3").replace("://", "://me:hunter2@");
    let link = format!("{link}?sig=s3cret&Expires=9&who=hunter2");
    let headers =
        ["-H", "Authorization: Bearer s3cret", "-H", "Cookie: session=s3cret", "-H", "X-Api-Key: s3cret"];
    let mut extract = home.command(&[&["extract", "--json", "--record", "a", &link], &headers[..]].concat());
    let mut download = home.command(&[&["-o", "f", "--record", "b", &link], &headers[2..]].concat());
    for (folder, command) in [("a", &mut extract), ("b", &mut download)] {
        command.env("QETCH_AUTH_GFYCAT", "0auth-key:0auth-secret");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let path = home.path(folder).join("recording.cassette");
        let mut text = fs::read_to_string(&path).unwrap();
        for (_, body) in Cassette::read(&path).unwrap().bodies() {
            text.push_str(&String::from_utf8_lossy(body));
        }
        assert!(
            text.contains("sig=redacted&Expires=9&who=redacted") && text.contains("redacted.mp3"),
            "{text}"
        );
        assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
    }

    // Whoever has them asks for the same again.
    drop(origin);
    let replayed = [&["extract", "--json", "--replay", "a", &link], &headers[..]].concat();
    assert_eq!(home.run(&replayed).lines().len(), 1);
    // To everyone else it is another file.
    let without = link.replace("me:hunter2@", "");
    home.run(&["extract", "--replay", "a", &without]).failed(1, "which has the path /redacted.mp3");
}

/// A site's own option, from a file; the cassette is *synthetic*.
#[test]
fn the_password_of_a_video_is_read_from_a_file_and_stands_in_no_result() {
    let (home, folder) = (Home::new(), concat!(env!("CARGO_MANIFEST_DIR"), "/../qetch-extractors/fixtures"));
    fs::create_dir(home.path("tube")).unwrap();
    fs::copy(format!("{folder}/peertube/password.cassette"), home.path("tube/one.cassette")).unwrap();
    fs::write(home.path("secret"), "open, frog\n").unwrap();
    let link = "https://tube.example/w/pondPondpondPondpondPo";
    home.run(&["extract", "--replay", "tube", link]).failed(1, "the option `password`");
    let password = format!("peertube.password=@{}", home.path("secret").display());
    let options = ["--option", "peertube.instance=tube.example", "--option", &password];
    let said = home.run(&[["extract", "--json", "--replay", "tube"].as_slice(), &options, &[link]].concat());
    let lines = said.lines();
    assert!(lines.len() == 1 && lines[0].contains("Behind the reeds"), "{lines:?}");
    assert!(!lines[0].contains("open, frog"), "{lines:?}");
}
