//! The tests against real programs, on real disks, in networks of their own and in terminals: built only where those are to be had, counted in any case.

use std::process::Command;

use super::recorded;
use crate::{process, tree::Tree};

/// What tests need that not every machine has.
struct Part {
    /// The tests, as a sentence calls them.
    name: &'static str,
    /// The file that they are in.
    tests: &'static str,
    /// Whether it is here: by the same look as the build script of the tests takes.
    is_there: fn() -> bool,
    /// What to do where it is not.
    remedy: &'static str,
}

const PARTS: [Part; 6] = [
    Part {
        name: "against ffmpeg",
        tests: "tests/integration/mux.rs",
        is_there: || process::find("ffmpeg").is_some() && process::find("ffprobe").is_some(),
        remedy: "install ffmpeg",
    },
    Part {
        name: "against nginx",
        tests: "tests/integration/nginx.rs",
        is_there: || process::find("nginx").is_some(),
        remedy: "install nginx",
    },
    Part {
        name: "against openssl",
        tests: "tests/integration/tls.rs",
        is_there: || process::find("openssl").is_some(),
        remedy: "install openssl",
    },
    Part {
        name: "on a full disk",
        tests: "crates/qetch-cli/tests/command/full_disk.rs",
        is_there: has_disks,
        remedy: "allow `unshare --map-root-user --mount` to mount a tmpfs",
    },
    Part {
        name: "in a network of its own",
        tests: "crates/qetch-cli/tests/command/attacks_network.rs",
        is_there: has_networks,
        remedy: "install iproute2 and allow `unshare --map-root-user --net --mount`",
    },
    Part {
        name: "in a terminal",
        tests: "crates/qetch-cli/tests/command/terminal.rs",
        is_there: || process::probe(Command::new("tmux").arg("-V")).is_some(),
        remedy: "install tmux",
    },
];

/// Says how many there are and whether they were built.
pub(crate) fn tell(tree: &Tree) -> Result<(), String> {
    for part in PARTS {
        let mut count = 0;
        for file in tree.rust().filter(|&file| file == part.tests) {
            count += recorded::tests_in(&tree.read(file)?);
        }
        println!("{}", sentence(&part, count, (part.is_there)()));
    }
    Ok(())
}

/// Whether a file system of one's own can be made.
fn has_disks() -> bool {
    unshares(&["--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/tmp"])
}

/// Whether a network of one's own can be made, with a name server of its own.
fn has_networks() -> bool {
    let script = "ip link set lo up && mount --bind /dev/null /etc/resolv.conf";
    unshares(&["--net", "--mount", "sh", "-c", script])
}

/// Whether an ordinary user may do this apart from the rest of the machine.
fn unshares(arguments: &[&str]) -> bool {
    let mut unshare = Command::new("unshare");
    cfg!(target_os = "linux") && process::probe(unshare.arg("--map-root-user").args(arguments)).is_some()
}

fn sentence(part: &Part, count: usize, built: bool) -> String {
    let tests = if count == 1 { "test" } else { "tests" };
    let (name, remedy) = (part.name, part.remedy);
    if built {
        format!("{count} {tests} {name} built and run with the tests above")
    } else {
        format!("{count} {tests} {name} not built: {remedy} to run them")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_tells_what_to_install() {
        let [ffmpeg, nginx, _, disk, network, _] = &PARTS;
        assert_eq!(sentence(nginx, 1, false), "1 test against nginx not built: install nginx to run them");
        assert_eq!(
            sentence(ffmpeg, 7, false),
            "7 tests against ffmpeg not built: install ffmpeg to run them"
        );
        assert!(sentence(nginx, 2, true).starts_with("2 tests against nginx built"));
        assert!(sentence(disk, 4, false).starts_with("4 tests on a full disk not built: allow `unshare "));
        assert!(sentence(network, 9, false).contains("in a network of its own not built: install iproute2"));
    }
}
