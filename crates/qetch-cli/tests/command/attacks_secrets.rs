//! Secrets that were given to the program, and that it neither says, writes nor sends on.

use std::{fs, path::Path};

use qetch_testkit::{Behaviour, Origin, Resource, pattern};
use serde_json::json;

use crate::support::{Home, Said};

/// What is secret: as it is typed, and as it is sent.
const SECRETS: [&str; 3] = ["hunter2", "bWU6aHVudGVyMg", "s3cret"];

/// Everything secret that the program can be given with a link.
const HEADERS: [&str; 6] =
    ["-H", "Authorization: Bearer s3cret", "-H", "Cookie: session=s3cret", "-H", "X-Api-Key: s3cret"];

fn file() -> Resource {
    Resource::new([b"ID3".to_vec(), pattern(3 << 20, 1)].concat())
        .with_content_type("audio/mpeg")
        .with_etag("one")
}

/// A link to the server with a login and a signature.
fn link(origin: &Origin, path: &str) -> String {
    format!("{}?sig=s3cret&Expires=9", origin.url(path).replace("://", "://me:hunter2@"))
}

#[track_caller]
fn holds_nothing(text: &str) {
    assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
}

#[track_caller]
fn says_nothing(said: &Said) {
    holds_nothing(&said.out);
    holds_nothing(&said.err);
}

/// The names and bytes of all files in the directory but its settings, and what is noted with them.
fn written(home: &Home) -> String {
    let mut text = String::new();
    for name in home.files(".") {
        let path = home.path(&name);
        if path.is_file() && name != "input" {
            text += &format!(
                "{name}\n{}\n{}\n",
                String::from_utf8_lossy(&fs::read(&path).unwrap()),
                notes(&path)
            );
        }
    }
    text
}

#[cfg(target_os = "linux")]
fn notes(path: &Path) -> String {
    let mut names = [0; 4096];
    let len = rustix::fs::listxattr(path, &mut names[..]).unwrap_or(0);
    let names = String::from_utf8_lossy(&names[..len]).into_owned();
    let value = |name: &str| {
        let mut value = [0; 4096];
        let len = rustix::fs::getxattr(path, name, &mut value[..]).unwrap_or(0);
        format!("{name} {}\n", String::from_utf8_lossy(&value[..len]))
    };
    names.split('\0').filter(|name| !name.is_empty()).map(value).collect()
}

#[cfg(not(target_os = "linux"))]
fn notes(_: &Path) -> String {
    String::new()
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_at_their_loudest_hold_no_secret() {
    let (home, origin) = (Home::new(), Origin::start().await.unwrap());
    origin.serve("/f.mp3", file());
    origin.serve("/away", Resource::redirect(link(&origin, "/f.mp3")));
    origin.serve("/gone", Resource::new("no").with_status(410));
    origin.serve("/ftp", Resource::redirect("ftp://me:hunter2@pond.invalid/?sig=s3cret"));
    origin.serve(
        "/busy",
        file().with_behaviour(Behaviour::FailFirst { times: 1, status: 503, retry_after: None }),
    );
    for (path, code) in [("/f.mp3", 0), ("/away", 0), ("/busy", 0), ("/gone", 5), ("/ftp", 3), ("/none", 5)] {
        let link = link(&origin, path);
        let said = home.run(&[&HEADERS[..], &["-v", "-v", "-v", "-d", "out", &link]].concat());
        assert_eq!(said.code, code, "{path}: {said:?}");
        says_nothing(&said);
    }
    for unreachable in
        ["http://me:hunter2@127.0.0.1:1/?sig=s3cret", "https://me:hunter2@pond.invalid/?s3cret"]
    {
        let said = home.run(&["-vvv", "--retries", "0", unreachable]);
        assert_eq!(said.code, 1, "{said:?}");
        says_nothing(&said);
    }
    assert_eq!(origin.requests()[0].header("authorization"), Some("Bearer s3cret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_for_programs_hold_no_login_and_no_header() {
    let (home, origin) = (Home::new(), Origin::start().await.unwrap());
    origin.serve("/f.mp3", file());
    // The query of a link is told: programs know their links by it.
    let link = origin.url("/f.mp3?id=1").replace("://", "://me:hunter2@");
    for arguments in [["extract", "--json"].as_slice(), &["--json", "--progress=json", "-o", "f"]] {
        let said = home.run(&[arguments, &HEADERS, &[&link]].concat());
        assert!(said.out.contains("/f.mp3?id=1"), "{said:?}");
        said.lines();
        says_nothing(&said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_claims_a_link_is_told_without_its_login() {
    let home = Home::new();
    let link = "https://me:hunter2@gfycat.com/CleverSampleQuokka";
    for arguments in [["--for", link].as_slice(), &["--for", link, "--json"]] {
        let said = home.run(&[["extractors"].as_slice(), arguments].concat());
        assert!(said.lines()[0].contains("gfycat.com/CleverSampleQuokka"), "{said:?}");
        says_nothing(&said);
    }
    let said = home.run_with(&["extractors", "--for", "-"], &format!("{link}\nme:hunter2@h.example\n"));
    assert_eq!(said.out.lines().count(), 2);
    says_nothing(&said);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_download_hold_no_secret_whole_or_not() {
    let (home, origin) = (Home::new(), Origin::start().await.unwrap());
    origin.serve("/f.mp3", file());
    let link = link(&origin, "/f.mp3");
    let arguments = [&HEADERS[..], &[&link]].concat();
    home.run(&arguments).lines();
    assert_eq!(home.files(".").len(), 1);
    holds_nothing(&written(&home));

    let home = Home::new();
    origin.serve("/f.mp3", file().with_behaviour(Behaviour::CutAlways { after: 1 << 20 }));
    let said = home.run(&[["--retries=0", "--max-connections=2"].as_slice(), &arguments].concat());
    assert!(said.code != 0 && home.files(".").iter().any(|name| name.ends_with("-journal")), "{said:?}");
    holds_nothing(&written(&home));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_takes_neither_the_login_nor_the_headers_along() {
    let (home, origin) = (Home::new(), Origin::start().await.unwrap());
    let canary = Origin::start().await.unwrap();
    origin.serve("/f.mp3", Resource::redirect(canary.url("/f.mp3")));
    canary.serve("/f.mp3", file());
    for headers in [HEADERS.as_slice(), &[]] {
        home.run(&[headers, &["-o", "f", "--overwrite", &link(&origin, "/f.mp3")]].concat()).lines();
    }
    let asked = origin.requests();
    let sent: Vec<_> = asked.iter().filter_map(|seen| seen.header("authorization")).collect();
    assert!(sent.contains(&"Bearer s3cret") && sent.contains(&"Basic bWU6aHVudGVyMg=="), "{sent:?}");
    assert!(!canary.requests().is_empty());
    holds_nothing(&format!("{:?}", canary.requests()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_link_gets_nothing_of_what_was_typed_for_another() {
    let (home, origin) = (Home::new(), Origin::start().await.unwrap());
    let canary = Origin::start().await.unwrap();
    origin.serve("/f.mp3", file());
    canary.serve("/g.mp3", file());
    home.run(&["-d", "out", &link(&origin, "/f.mp3"), &canary.url("/g.mp3")]).lines();
    assert!(!canary.requests().is_empty());
    holds_nothing(&format!("{:?}", canary.requests()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_content_gets_no_header_of_the_links_beside_it() {
    let (home, origin) = (Home::new(), Origin::start().await.unwrap());
    let canary = Origin::start().await.unwrap();
    origin.serve("/f.mp3", file());
    canary.serve("/g.mp3", file());
    let fragment = json!({ "url": canary.url("/g.mp3").replace("://", "://evil:s3cret@") });
    let content = json!({ "uid": "g", "source": origin.url("/"), "kind": "audio", "fragments": [fragment] });
    let saved = json!({ "format": 1, "variants": [content] }).to_string();
    let link = link(&origin, "/f.mp3");
    let arguments = [&HEADERS[..], &["--content", "-", "--network=any", "-d", "out", &link]].concat();
    let said = home.run_with(&arguments, &saved);
    assert_eq!(said.lines().len(), 2);
    says_nothing(&said);
    assert!(!canary.requests().is_empty());
    let headers: Vec<_> = canary.requests().into_iter().map(|seen| seen.headers).collect();
    assert!(!format!("{headers:?}").contains("authorization"), "{headers:?}");
    holds_nothing(&format!("{headers:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_that_lie_in_the_home_directory_are_not_used_unasked() {
    let (home, origin) = (Home::new(), Origin::start().await.unwrap());
    origin.serve("/f.mp3", file());
    fs::create_dir(home.path("home")).unwrap();
    for name in [".netrc", "_netrc"] {
        fs::write(home.path("home").join(name), "machine 127.0.0.1 login me password hunter2\n").unwrap();
    }
    home.run(&["-o", "f", &origin.url("/f.mp3")]).lines();
    assert!(origin.requests().iter().all(|seen| seen.header("authorization").is_none()));
}

#[test]
fn what_is_wrong_with_an_argument_is_told_without_the_secret_in_it() {
    let home = Home::new();
    let wrong = [
        ["--route", "pond.example=http://me:hunter2@127.0.0.1:1"],
        ["--route", "http://me:hunter2@127.0.0.1:1"],
        ["--route", "http://me:hunter2@127.0.0.1=pond.example"],
        ["--proxy", "me:hunter2@:1"],
        ["--proxy", "ftp://me:hunter2@pond.example"],
        ["-H", "Authorization Bearer hunter2"],
        ["-H", "Host: hunter2"],
        ["-H", "Cookie: hunter2\u{7f}"],
        ["-o", "f"],
    ];
    for arguments in wrong {
        let said = home.run(&[&arguments[..], &["https://me:hunter2?x@pond.example/"]].concat());
        assert_eq!(said.code, 2, "{said:?}");
        says_nothing(&said);
    }
}

#[test]
fn a_saved_content_that_cannot_be_read_is_told_without_what_it_holds() {
    let home = Home::new();
    for broken in [
        r#"{"format":1,"variants":[{"uid":"a","source":"https://me:hunter2@:1/","kind":"image","fragments":[]}]}"#,
        r#"{"format":1,"variants":[{"uid":"a","source":"http://h.example","kind":"hunter2","fragments":[]}]}"#,
        r#"{"format":1,"variants":"hunter2 at line 1"}"#,
        "hunter2",
    ] {
        let said = home.run_with(&["--content", "-"], broken);
        said.failed(2, "line 1: no line of `qetch extract --json`");
        says_nothing(&said);
    }
}

#[test]
fn no_option_turns_the_proof_of_who_a_server_is_off() {
    let home = Home::new();
    for option in [
        "-k",
        "--insecure",
        "--no-check-certificate",
        "--no-check-certificates",
        "--no-verify",
        "--check-certificate=false",
        "--ssl-no-verify",
        "--tlsv1.0",
    ] {
        home.run(&[option, "https://pond.invalid/"]).failed(2, "unexpected argument");
    }
    for command in ["download", "extract"] {
        let help = home.run(&["help", command]);
        let help = help.lines().join("\n").to_lowercase();
        assert!(help.contains("--ca-certificate"));
        assert!(!["insecure", "verif", "no-check"].iter().any(|word| help.contains(word)), "{help}");
    }
}
