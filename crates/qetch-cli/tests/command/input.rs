//! What is downloaded: links of a file, saved contents, several at once.

use std::{fs, time::Duration};

use qetch_testkit::{Origin, Resource};

use crate::support::{BEST, Home, LINK, Site, published};

#[tokio::test(flavor = "multi_thread")]
async fn links_come_from_a_file_or_standard_input() {
    let (home, site) = (Home::new(), Site::start().await);
    let list = format!("# frogs\n\nno url\n  {LINK}\n");
    fs::write(home.path("list"), &list).unwrap();
    let check = |said: crate::support::Said, name: &str| {
        assert_eq!((said.code, said.out.trim_end()), (2, BEST), "{said:?}");
        assert_eq!(
            said.err,
            format!("qetch: {name}, line 3: no url: not a URL; it would begin with https:// or http://\n")
        );
        fs::remove_file(home.path(BEST)).unwrap();
    };
    check(home.run(&["-i", "list", &site.route]), "list");
    check(home.run_with(&["download", "--input-file", "-", &site.route], &list), "standard input");

    // The first failure is that of the link before the file.
    let said = home.run(&["-i", "list", &site.route, "ftp://h.example/"]);
    assert_eq!((said.code, said.err.lines().count()), (3, 2), "{said:?}");
    home.run(&["-i", "nothing", LINK]).failed(2, "cannot read nothing");
    home.run(&["-i", "list", "-o", "f", LINK]).failed(2, "use -d");
    home.run(&["-i", "-", "--content", "-"]).failed(2, "cannot both");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_saved_is_downloaded_without_asking_the_site() {
    let (home, site) = (Home::new(), Site::start().await);
    let saved = home.run(&["extract", "--json", &site.route, LINK]).out;
    fs::write(home.path("saved"), format!("{saved}{{\"format\":2}}\n")).unwrap();
    let before = site.asked().len();

    let said = home.run(&["--content", "saved", &site.route, "--json"]);
    assert!(said.code == 2 && said.err.contains("saved, line 2: "), "{said:?}");
    let [result] = &said.json()[..] else { panic!("{said:?}") };
    assert_eq!((result["url"].as_str(), result["path"].as_str()), (Some(LINK), Some(BEST)));
    assert_eq!((result["resumed"].as_u64(), result["existed"].as_bool()), (Some(0), Some(false)));
    assert!(result["checksums"].is_array(), "{result}");
    assert!(fs::read(home.path(BEST)).unwrap() == published("CleverSampleQuokka.mp4"));

    let from_input = ["--content", "-", "-f", "ext=webm", "-o", "a.webm", &site.route];
    assert_eq!(home.run_with(&from_input, &saved).lines(), ["a.webm"]);
    assert!(fs::read(home.path("a.webm")).unwrap() == published("CleverSampleQuokka.webm"));
    assert!(
        site.asked()[before..].iter().all(|path| path.contains("CleverSampleQuokka.")),
        "{:?}",
        site.asked()
    );

    home.run_with(&["--content", "-", "-f", "b", &site.route], &saved)
        .failed(1, "standard input: no rendition fits");
    home.run_with(&["--content", "-"], "").failed(5, "nothing was found");
    home.run_with(&["--content", "-", "-H", "Cookie: a"], &saved).failed(2, "there is no link");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_go_on_at_once_and_one_failure_stops_none() {
    let origin = Origin::start().await.unwrap();
    let resource = || Resource::new(vec![1; 10_000]).with_content_type("video/mp4");
    origin.serve("/slow.mp4", resource().with_delay(Duration::from_millis(700)));
    origin.serve("/quick.mp4", resource());
    origin.serve("/gone.mp4", resource().with_status(410));
    let links: Vec<_> = ["slow", "gone", "quick"].map(|it| origin.url(&format!("/{it}.mp4"))).into();
    // A saved content is not asked for before its download, so that nothing but that can be slow.
    let saved: String = links.iter().map(|link| saved(link)).collect();
    for (at_once, order) in [("1", ["slow", "quick"]), ("2", ["quick", "slow"])] {
        let home = Home::new();
        let arguments =
            ["--content", "-", "--network=any", "--max-downloads", at_once, "--json", "--progress=json"];
        let said = home.run_with(&arguments, &saved);
        let ended: Vec<_> = said.json().iter().map(|it| it["uid"].as_str().unwrap().to_owned()).collect();
        assert_eq!(
            (said.code, ended.iter().map(String::as_str).collect::<Vec<_>>()),
            (5, order.to_vec()),
            "{said:?}"
        );
        let lines: Vec<_> = said.err.lines().filter(|line| !line.starts_with('{')).collect();
        assert!(matches!(lines[..], [line] if line.contains("gone.mp4")), "{lines:?}");
    }
}

/// A line of `qetch extract --json` for the file behind `link`.
fn saved(link: &str) -> String {
    let uid = link.rsplit('/').next().unwrap().trim_end_matches(".mp4");
    let content = serde_json::json!({
        "uid": uid, "source": link, "kind": "video", "extension": "mp4", "fragments": [{ "url": link }],
    });
    format!("{}\n", serde_json::json!({ "format": 1, "variants": [content] }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_is_for_one_result() {
    let (home, site) = (Home::new(), Site::start().await);
    let checksum = format!("--checksum=sha256:{}", "0".repeat(64));
    home.run(&[&checksum, LINK, LINK]).failed(2, "--checksum is for one file");
    home.run(&["--checksum=crc32:0", LINK]).failed(2, "sha256, sha1, md5, blake3");
    let saved = home.run(&["extract", "--json", &site.route, LINK]).out;
    home.run_with(&["--content", "-", &checksum], &saved.repeat(2)).failed(2, "more than one result");
    assert_eq!(home.files("."), ["input"]);
}
