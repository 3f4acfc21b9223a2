//! Help, and what is an error of usage.

use crate::support::{Home, LINK, Site};

#[test]
fn help_and_version_are_results() {
    let home = Home::new();
    let version = home.run(&["--version"]);
    assert_eq!(version.lines(), [concat!("qetch ", env!("CARGO_PKG_VERSION"))]);
    for arguments in [["--help"].as_slice(), &["help"], &["help", "download"], &["extract", "--help"]] {
        assert!(home.run(arguments).lines().iter().any(|line| line.contains("Usage:")), "{arguments:?}");
    }
}

#[test]
fn errors_of_usage_are_told_before_anything_is_done() {
    let home = Home::new();
    let check = |arguments: &[&str], message: &str| home.run(arguments).failed(2, message);
    check(&[], "Usage:");
    check(&["download"], "<URL>");
    check(&["--archive", "f", "https://h.example/"], "--archive");
    check(&["-f", "depth<=720", "https://h.example/"], "ext=EXT");
    check(&["-f", "best,height<=tall", "https://h.example/"], "height needs a number");
    check(&["--items", "20-1", "https://h.example/"], "write 1-20");
    check(&["extract", "--items", "0", "https://h.example/"], "1-20,40-");
    check(&["--live-duration", "soon", "https://h.example/"], "1h30m");
    check(&["--live-start", "end", "https://h.example/"], "window");
    check(&["--max-connections", "0", "https://h.example/"], "--max-connections");
    check(&["--route", "nowhere", "https://h.example/"], "HOST=URL");
    check(&["-o", "f", "https://h.example/", "https://i.example/"], "use -d");
    check(&["-o", "-", "https://h.example/"], "name a file");
    check(&["-o", ".", "https://h.example/"], "is a directory");
    check(&["gfycat.com/Name"], "begin with https://");
    check(&["-o", "x/", "https://h.example/"], "is a directory");
    assert_eq!(home.files("."), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_after_an_option_does_nothing_and_repeats_nothing() {
    let (home, site) = (Home::new(), Site::start().await);
    for command in ["extract", "download", "auth"] {
        let said = home.run(&["-v", &site.route, command, LINK, "key:hunter2"]);
        assert!(!said.err.contains("hunter2"), "{said:?}");
        said.failed(2, &format!("`qetch {command} ...`"));
    }
    assert_eq!(home.files("."), [""; 0]);
    assert!(site.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_go_on_though_nobody_reads_their_paths() {
    let (home, site) = (Home::new(), Site::start().await);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let arguments = ["-f", "worst", &site.route, LINK, "https://gfycat.com/NoSuchItemHere", LINK];
    let output = home.command(&arguments).stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "the second link is gone");
    assert_eq!(home.files(".").len(), 1);
}

#[test]
fn the_first_failure_tells_the_exit_code() {
    let home = Home::new();
    home.run(&["ftp://h.example/x"]).failed(3, "qetch: ftp://h.example/x: is not supported");
    home.run(&["ftp://h.example/x", "no-url"]).failed(3, "qetch: no-url: not a URL");
    home.run(&["extract", "no-url", "ftp://h.example/x"]).failed(2, "qetch: ftp://h.example/x: ");
}

#[test]
fn what_a_link_hides_is_not_said() {
    let home = Home::new();
    for link in ["https://me:hunter2@:0/", "ftp://me:hunter2@h.example/?key=hunter2", "me:hunter2@h.example"]
    {
        let said = home.run(&["-vvv", link]);
        assert!(said.code != 0 && !said.err.contains("hunter2"), "{said:?}");
    }
}

#[test]
fn a_closed_output_is_no_failure() {
    let home = Home::new();
    for arguments in [["extractors"].as_slice(), &["extractors", "--json"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = home.command(arguments).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
    }
}

#[test]
fn an_option_that_no_extractor_has_is_told_with_those_there_are() {
    let home = Home::new();
    let said = home.run(&["--option", "peertube.passwort=hunter2", "https://h.example/"]);
    assert!(!said.err.contains("hunter2"), "{said:?}");
    said.failed(2, "peertube.password");
    home.run(&["extract", "--option", "password=x", "https://h.example/"]).failed(2, "EXTRACTOR.NAME=VALUE");
}
