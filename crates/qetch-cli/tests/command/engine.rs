//! What the engine gives the command: going on, whole files, checksums, limits.

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use qetch_testkit::{Behaviour, Origin, Resource, pattern};

use crate::support::{Home, Said};

const SIZE: usize = 4 << 20;

async fn origin(resource: Resource) -> (Home, Origin, String) {
    let origin = Origin::start().await.unwrap();
    origin.serve("/f.bin", resource);
    let link = origin.url("/f.bin");
    (Home::new(), origin, link)
}

fn file() -> Resource {
    Resource::new(pattern(SIZE, 1)).with_etag("one")
}

/// Runs the program until the origin has sent about half, and stops it as Ctrl-C does.
async fn interrupted(home: &Home, origin: &Origin, arguments: &[&str]) -> Said {
    let mut command = home.command(arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    origin.until(|origin| origin.bytes_sent("/f.bin") > SIZE as u64 / 2).await;
    assert!(Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap().success());
    Said::of(&child.wait_with_output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_part_it_goes_on_and_a_whole_file_it_leaves() {
    let (home, origin, link) = origin(file().with_shared_throttle(SIZE as u64)).await;
    let arguments = ["-o", "f", link.as_str()];
    let stopped = interrupted(&home, &origin, &arguments).await;
    assert_eq!(
        (stopped.code, home.files(".")),
        (130, vec!["f.qetch".to_owned(), "f.qetch-journal".to_owned()])
    );

    assert!(stopped.err.contains("the same command goes on from here"), "{stopped:?}");

    let said = home.run(&["-o", "f", "--json", &link]);
    let [line] = &said.json()[..] else { panic!("{said:?}") };
    assert!(line["resumed"].as_u64().unwrap() > SIZE as u64 / 4, "{line}");
    assert_eq!(
        (fs::read(home.path("f")).unwrap() == pattern(SIZE, 1), home.files(".")),
        (true, vec!["f".to_owned()])
    );

    let sent = origin.bytes_sent("/f.bin");
    let said = home.run(&arguments);
    assert_eq!(said.lines(), ["f"]);
    assert!(said.err.contains("f is there already, whole"), "{said:?}");
    // The answer that tells who knows the link is the one that tells of the file; it is not read on.
    assert!(origin.bytes_sent("/f.bin") - sent < SIZE as u64 / 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_it_begins_afresh() {
    let (home, origin, link) = origin(file().with_shared_throttle(SIZE as u64)).await;
    interrupted(&home, &origin, &["-o", "f", &link]).await;
    let said = home.run(&["-o", "f", "--no-resume", "--json", &link]);
    assert_eq!(said.json()[0]["resumed"].as_u64(), Some(0), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_checksum_is_an_error_of_integrity_and_the_bytes_are_kept() {
    let (home, _origin, link) = origin(Resource::new("abc")).await;
    let right = "--checksum=md5:900150983cd24fb0d6963f7d28e17f72";
    let wrong = "--checksum=md5:00000000000000000000000000000000";
    let said = home.run(&["-o", "f", wrong, &link]);
    said.failed(7, "md5 mismatch");
    assert!(said.err.contains("f.mismatch"), "{said:?}");
    assert_eq!(
        (home.files("."), fs::read(home.path("f.mismatch")).unwrap()),
        (vec!["f.mismatch".into()], b"abc".to_vec())
    );
    let said = home.run(&["-o", "f", right, "--json", &link]);
    assert_eq!(said.json()[0]["checksums"][0]["algorithm"], "md5", "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_kept() {
    let (home, _origin, link) = origin(file()).await;
    let begun = Instant::now();
    home.run(&["-o", "a", "--limit-rate=2M", &link]).lines();
    assert!(begun.elapsed() > Duration::from_millis(1700), "{:?}", begun.elapsed());
    home.run(&["-o", "b", "--max-size=4M", &link]).lines();
    home.run(&["-o", "c", "--max-size=4194303", &link]).failed(1, "over the limit");
    assert_eq!(home.files("."), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_asks_again_as_often_as_it_may() {
    let failing =
        |times| file().with_behaviour(Behaviour::FailFirst { times, status: 500, retry_after: None });
    let (home, origin, link) = origin(failing(0)).await;
    let content = home.run(&["extract", "--json", &link]).out;
    origin.serve("/f.bin", failing(1));
    // What was saved is asked for by the engine alone.
    fs::write(home.path("saved"), content).unwrap();
    home.run(&["--content", "saved", "--network=any", "-o", "f", "--retries=0"]).failed(1, "status 500");
    origin.serve("/f.bin", failing(1));
    home.run(&["--content", "saved", "--network=any", "-o", "f", "--retries=1"]).lines();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_why_so_many_connections() {
    let (home, origin, link) = origin(file()).await;
    let said = home.run(&["-v", "-o", "a", &link]);
    assert!(said.err.contains("each connection gets an equal share"), "{said:?}");
    origin.serve("/f.bin", file().with_behaviour(Behaviour::NoRanges));
    let said = home.run(&["-v", "-o", "b", &link]);
    assert!(said.err.contains("the origin gives no ranges"), "{said:?}");
}
