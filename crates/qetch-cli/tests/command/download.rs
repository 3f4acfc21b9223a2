//! `qetch extract` and `qetch download`, against the demo site.

use std::fs;

use crate::support::{BEST, Home, LINK, Site, published};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_for_people_and_a_line_for_programs() {
    let (home, site) = (Home::new(), Site::start().await);
    let said = home.run(&["extract", &site.route, LINK]);
    let lines = said.lines();
    assert!(lines[0].starts_with("A quokka that is only a test pattern · 0:02 · "), "{lines:?}");
    assert!(lines[1].starts_with("QUALITY  UID"), "{lines:?}");
    assert!(lines[2].contains("1.00  cleversamplequokka-mp4  ") && lines[2].contains("320x240"), "{lines:?}");
    assert_eq!(said.err, "");

    let said = home.run(&["extract", "--json", LINK, &site.route]);
    let [variants] = &said.json()[..] else { panic!("{said:?}") };
    let uids: Vec<_> = variants["variants"].as_array().unwrap().iter().map(|it| &it["uid"]).collect();
    assert_eq!((variants["format"].as_u64(), uids[0].as_str()), (Some(1), Some("cleversamplequokka-mp4")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_is_downloaded_and_its_path_printed() {
    let (home, site) = (Home::new(), Site::start().await);
    let said = home.run(&[&site.route, LINK]);
    assert_eq!((said.lines(), said.err.as_str()), (vec![BEST], ""));
    assert!(fs::read(home.path(BEST)).unwrap() == published("CleverSampleQuokka.mp4"));

    let again = home.run(&[&site.route, LINK]);
    assert_eq!(again.lines(), [BEST]);
    assert!(again.err.contains("is there already, whole"), "{again:?}");
    fs::write(home.path(BEST), "other").unwrap();
    home.run(&[&site.route, LINK]).failed(1, "exists already");
    home.run(&[&site.route, LINK]).failed(1, "--overwrite");
    home.run(&["download", &site.route, "--overwrite", "--max-connections=2", LINK]).lines();
    assert!(fs::read(home.path(BEST)).unwrap() == published("CleverSampleQuokka.mp4"));
    assert_eq!(home.files("."), [BEST]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendition_is_chosen_and_a_place_for_it() {
    let (home, site) = (Home::new(), Site::start().await);
    let check = |arguments: &[&str], path: &str, name: &str| {
        let said = home.run(&[arguments, &[&site.route, LINK]].concat());
        assert_eq!(said.lines(), [path]);
        assert!(fs::read(home.path(path)).unwrap() == published(name), "{name}");
    };
    check(&["-f", "ext=webm", "-o", "a.webm"], "a.webm", "CleverSampleQuokka.webm");
    check(
        &["-f", "cleversamplequokka-poster", "-o", "poster.jpg", "-q"],
        "poster.jpg",
        "CleverSampleQuokka-poster.jpg",
    );
    check(
        &["-f", "worst", "-d", "deep/er"],
        "deep/er/A quokka that is only a test pattern [cleversamplequokka-mobile].mp4",
        "CleverSampleQuokka-mobile.mp4",
    );
    check(&["-f", "worst,ext=webm,height>=1", "-o", "w.webm"], "w.webm", "CleverSampleQuokka.webm");
    for (wrong, offer) in [
        ("ext=png", "mp4, webm"),
        ("height>=1000", "there is 240"),
        ("language=de", "cleversamplequokka-mp4, "),
        ("nothing", "cleversamplequokka-mp4, "),
    ] {
        home.run(&["-f", wrong, &site.route, LINK]).failed(1, offer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_read_results_and_progress_as_json() {
    let (home, site) = (Home::new(), Site::start().await);
    let said = home.run(&["--json", "--progress", "json", "-o", "f.mp4", &site.route, LINK]);
    let [result] = &said.json()[..] else { panic!("{said:?}") };
    assert_eq!((result["url"].as_str(), result["path"].as_str()), (Some(LINK), Some("f.mp4")));
    assert_eq!((result["bytes"].as_u64(), result["complete"].as_bool()), (Some(56_079), Some(true)));

    let progress: Vec<serde_json::Value> =
        said.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(progress[0]["phase"], "connecting");
    let last = progress.last().unwrap();
    assert_eq!((&last["phase"], last["done"].as_u64()), (&"done".into(), Some(56_079)));
    assert_eq!((&last["uid"], &last["fragments"]["done"]), (&"cleversamplequokka-mp4".into(), &1.into()));

    let said = home.run(&["-q", "--progress", "json", "-o", "g.mp4", &site.route, LINK]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_goes_on_after_a_failure() {
    let (home, site) = (Home::new(), Site::start().await);
    let said = home.run(&[&site.route, "https://gfycat.com/OtherSampleQuokka", "ftp://h.example/", LINK]);
    assert_eq!((said.code, said.out.trim_end()), (5, BEST), "{said:?}");
    assert_eq!(said.err.lines().count(), 2, "{said:?}");
}
