//! Many small files of one host, and a reader of the results who does not read.

use std::fs;

use qetch_testkit::{Origin, Resource, pattern};

use crate::support::Home;

/// An origin with so many small files, and a list of their links.
async fn files(home: &Home, count: u64) -> Origin {
    let origin = Origin::start().await.unwrap();
    let mut list = String::new();
    for number in 0..count {
        let path = format!("/{number}.bin");
        origin.serve(&path, Resource::new(pattern(20_000, number)));
        list.push_str(&format!("{}\n", origin.url(&path)));
    }
    fs::write(home.path("list"), list).unwrap();
    origin
}

/// More are read at once than the host gives connections, so that someone always waits for one.
#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_small_files_is_asked_for_once() {
    let home = Home::new();
    let origin = files(&home, 60).await;
    let said = home.run(&["-i", "list", "-d", "out", "--max-downloads", "16"]);
    assert_eq!((said.code, said.out.lines().count()), (0, 60), "{said:?}");
    // Of those that were answered at once one or two may be more than wait for their download.
    let asked = origin.requests().len();
    assert!((60..=64).contains(&asked), "{asked} requests for 60 files");
}

/// A pipe that is full: the next line that is printed waits for its reader.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_does_not_read_stops_no_download() {
    use std::{
        io::{Read as _, Write as _},
        time::Duration,
    };

    // What a pipe holds (`pipe(7)`).
    const FULL: usize = 64 << 10;
    let home = Home::new();
    let origin = files(&home, 20).await;
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&[b'\n'; FULL]).unwrap();
    let mut command = home.command(&["-i", "list", "-d", "out", "--max-downloads", "2"]);
    let mut program = command.stdout(writer).spawn().unwrap();
    // It has the writing end as well.
    drop(command);
    let is_there = |name: &String| name.ends_with(".bin");
    let all = async {
        while home.files("out").iter().filter(|name| is_there(name)).count() < 20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("a download waits for the reader");
    assert_eq!(program.try_wait().unwrap(), None, "it waits for its reader in the end");
    let mut out = String::new();
    reader.read_to_string(&mut out).unwrap();
    assert_eq!(out.trim_start().lines().count(), 20);
    assert!(program.wait().unwrap().success());
    assert_eq!(origin.requests().len(), 20);
}
