//! Names that a saved content or a server makes up, as the program takes them.

use std::fs;

use qetch_testkit::{Origin, Resource};
use serde_json::{Value, json};

use crate::support::{Home, Said};

/// A line of `qetch extract --json` for the file behind `link`, of which `said` is said.
fn saved(link: &str, said: &Value) -> String {
    let mut content =
        json!({ "uid": "uid", "source": link, "kind": "video", "fragments": [{ "url": link }] });
    for (field, value) in said.as_object().unwrap() {
        content[field] = value.clone();
    }
    format!("{}\n", json!({ "format": 1, "variants": [content] }))
}

/// Downloads a saved content to `a/chosen`.
async fn run(said: Value) -> (Home, Said) {
    let (origin, home) = (Origin::start().await.unwrap(), Home::new());
    origin.serve("/f", Resource::new("frog"));
    let arguments = ["--content", "-", "--network=any", "-d", "a/chosen"];
    let result = home.run_with(&arguments, &saved(&origin.url("/f"), &said));
    (home, result)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_title_of_dots_and_slashes_stays_in_the_directory() {
    for title in ["../../x", "/../x", "..\\..\\x", "..", "a/../../x"] {
        let (home, said) = run(json!({ "title": title, "extension": "mp4" })).await;
        let [path] = said.lines()[..] else { panic!("{said:?}") };
        let name = path.strip_prefix("a/chosen/").unwrap();
        assert!(!name.contains(['/', '\\']) && name.ends_with(" [uid].mp4"), "{path}");
        assert_eq!(
            (home.files("a/chosen"), home.files("a")),
            (vec![name.to_owned()], vec!["chosen".to_owned()])
        );
        assert_eq!(home.files("."), ["a", "input"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_uid_that_is_a_path_stays_in_the_directory() {
    for (uid, name) in
        [("../../.bashrc", "________bashrc"), ("/etc/cron.d/x", "_etc_cron_d_x"), ("..", "unnamed")]
    {
        let (home, said) = run(json!({ "uid": uid })).await;
        assert_eq!(
            (said.lines(), home.files("a/chosen")),
            (vec![&*format!("a/chosen/{name}")], vec![name.to_owned()])
        );
        assert_eq!(home.files("."), ["a", "input"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_video_is_no_program() {
    let (home, said) =
        run(json!({ "title": "film.exe", "extension": "scr", "content_type": "video/mp4" })).await;
    assert_eq!((said.lines().len(), home.files("a/chosen")), (1, vec!["film.exe [uid].mp4".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_printed_holds_nothing_that_a_terminal_obeys() {
    let (_home, said) = run(json!({ "title": "a\u{1b}]0;owned\u{7}b\u{9b}2J\r\nc\u{202e}4pm" })).await;
    assert_eq!(said.lines(), ["a/chosen/a ]0;owned b 2J c4pm [uid]"]);
    assert!(!said.err.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_playlist_calls_what_it_lists_is_printed_plain() {
    let (origin, home) = (Origin::start().await.unwrap(), Home::new());
    let name = "a\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}4pm\t";
    let said = format!("LANGUAGE=\"{name}\",NAME=\"{name}\",GROUP-ID=\"{name}\"");
    let master = format!(
        "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,{said},URI=\"{name}\"\n#EXT-X-MEDIA:TYPE=SUBTITLES,{said},URI=\"s\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"{name}\",NAME=\"{name}\",CODECS=\"{name}\"\n{name}\n"
    );
    origin.serve("/list.m3u8", Resource::new(master));
    let locked =
        format!("#EXTM3U\n#EXT-X-KEY:METHOD=\"{name}\",URI=\"k\",KEYFORMAT=\"{name}\"\n#EXTINF:1,\n0.ts\n");
    origin.serve("/locked.m3u8", Resource::new(locked));
    let [list, locked] = ["/list.m3u8", "/locked.m3u8"].map(|path| origin.url(path));
    for arguments in [
        &["extract", &list][..],
        &["extract", "--json", &list],
        &["extract", &locked],
        &["-f", "language=none", &list],
        &["-f", "none", &list],
        &["-vv", &list],
    ] {
        let said = home.run(arguments);
        let all = format!("{}{}", said.out, said.err);
        assert!(
            !all.is_empty() && !all.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']),
            "{arguments:?} {said:?}"
        );
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_link_planted_at_the_part_file_is_told_and_left() {
    let (origin, home) = (Origin::start().await.unwrap(), Home::new());
    origin.serve("/f", Resource::new(vec![7; 1 << 20]));
    fs::write(home.path("victim"), "precious").unwrap();
    std::os::unix::fs::symlink("victim", home.path("f.qetch")).unwrap();
    for arguments in [&["-o", "f"][..], &["-o", "f", "--no-resume"]] {
        home.run(&[arguments, &[&origin.url("/f")]].concat()).failed(1, "is no plain file");
        assert_eq!(
            (home.files("."), fs::read(home.path("victim")).unwrap()),
            (vec!["f.qetch".into(), "victim".into()], b"precious".to_vec())
        );
    }
}
