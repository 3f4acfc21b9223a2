//! A limit on the size of files (`ulimit -f`), which would kill a program that is not prepared.
#![cfg(unix)]

use std::{fs, os::unix::process::ExitStatusExt as _, process::Command};

use qetch_testkit::{Behaviour, Origin, Resource, pattern};

use crate::support::{Home, Said};

const MIB: usize = 1 << 20;

/// Runs the program where no file may have more than a MiB.
fn limited(home: &Home, url: &str) -> Said {
    let program = home.command(&["-o", "f.mp4", url]);
    let mut shell = Command::new("sh");
    // Blocks of 512 bytes, as POSIX has it.
    shell.args(["-c", "ulimit -f 2048 && exec \"$0\" \"$@\""]).arg(program.get_program());
    shell.args(program.get_args()).current_dir(program.get_current_dir().unwrap());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let output = shell.output().unwrap();
    assert_eq!(output.status.signal(), None, "{output:?}");
    Said::of(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_no_room_and_the_same_command_goes_on_without_it() {
    let body = pattern(3 * MIB, 1);
    let file = || Resource::new(body.clone()).with_content_type("video/mp4").with_etag("v");
    for (what, resource) in [
        ("a known size", file()),
        ("an unknown size", file().with_behaviour(Behaviour::Chunked)),
        ("no ranges", file().with_behaviour(Behaviour::NoRanges)),
    ] {
        let (home, origin) = (Home::new(), Origin::start().await.unwrap());
        origin.serve("/f.mp4", resource);
        let said = limited(&home, &origin.url("/f.mp4"));
        said.has_found_no_room();
        assert_eq!(home.files("."), [""; 0], "{what}");
        home.run(&["-o", "f.mp4", &origin.url("/f.mp4")]).lines();
        assert!(fs::read(home.path("f.mp4")).unwrap() == body, "{what}");
        assert_eq!(home.files("."), ["f.mp4"]);
    }
}
