//! `cargo xtask live`: the examples of each extractor against the real sites, and what changed in the shape of their answers.
//!
//! It needs a network, and is no part of `test`: what sites answer today says nothing of a change.

mod attempt;
mod examples;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use self::{
    attempt::{Attempt, Outcome},
    examples::Example,
};
use crate::{process, programs, workspace::Workspace};

/// Where the new cassettes go, below the workspace.
const DIRECTORY: &str = "target/live";

/// Where the cassettes of the repository are, below the workspace.
const FIXTURES: &str = "crates/qetch-extractors/fixtures";

/// What real sites are left in peace for between two examples.
const PAUSE: Duration = Duration::from_secs(2);

/// How many examples in a row may reach nobody before we take it that there is no network.
const UNREACHED: usize = 3;

const NO_NETWORK: &str = "nothing could be reached. `live` asks the real sites, so it needs a network: a proxy is taken from \
                          https_proxy, and `--route HOST=URL` leads to a server of yours";

/// Tries the examples of the extractors named, or of all.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let options = Options::parse(arguments)?;
    let root = Workspace::load()?.root;
    let [qetch, shapes] = programs::build(&root, &["qetch-cli", "qetch-testkit"], ["qetch", "qetch-shapes"])?;
    let described = process::capture(Command::new(&qetch).args(["extractors", "--json"]))?;
    let examples = examples::of(&described, &options.names)?;
    let live = Live {
        qetch,
        shapes,
        pause: if options.is_elsewhere() { Duration::ZERO } else { PAUSE },
        passed: options.passed,
        recordings: root.join(DIRECTORY),
        known: root.join(FIXTURES),
    };
    live.run(&examples)
}

/// What the arguments ask for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    names: Vec<String>,
    /// What is passed on to the command.
    passed: Vec<String>,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--route" {
                let route = arguments.next().ok_or("--route needs HOST=URL")?;
                options.passed.push(format!("--route={route}"));
            } else if argument.starts_with("--route=") {
                options.passed.push(argument.clone());
            } else if argument.starts_with('-') {
                return Err(format!(
                    "unknown option `{argument}`: `live` takes names of extractors and --route HOST=URL"
                ));
            } else {
                options.names.push(argument.clone());
            }
        }
        Ok(options)
    }

    /// Whether no real site is asked.
    fn is_elsewhere(&self) -> bool {
        self.passed.iter().any(|argument| argument.starts_with("--route=*="))
    }
}

/// The programs, and where things are.
struct Live {
    qetch: PathBuf,
    shapes: PathBuf,
    passed: Vec<String>,
    recordings: PathBuf,
    known: PathBuf,
    pause: Duration,
}

impl Live {
    /// Tries each example, tells of it as it ends, and then of what changed.
    fn run(&self, examples: &[Example]) -> Result<(), String> {
        let (mut failed, mut unreached) = (0, 0);
        for (at, example) in examples.iter().enumerate() {
            if at > 0 {
                thread::sleep(self.pause);
            }
            let outcome = self.attempt(example)?;
            println!("{}", outcome.line(example));
            failed += usize::from(!outcome.is_ok());
            unreached += usize::from(outcome.is_unreached());
            // Many examples that wait for nobody help nobody.
            if unreached == at + 1 && (unreached == UNREACHED || unreached == examples.len()) {
                return Err(NO_NETWORK.to_owned());
            }
        }
        println!("\nthe answers are recorded in {}", self.recordings.display());
        for name in examples::names(examples) {
            print!("{}", self.changes(name)?);
        }
        match failed {
            0 => Ok(()),
            _ => Err(format!("{failed} of {} examples failed", examples.len())),
        }
    }

    fn attempt(&self, example: &Example) -> Result<Outcome, String> {
        let folder = self.recordings.join(&example.extractor).join(example.number.to_string());
        let unusable = |error| format!("{}: {error}", folder.display());
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(unusable)?;
        }
        fs::create_dir_all(&folder).map_err(unusable)?;
        Attempt { program: &self.qetch, url: &example.url, folder: &folder, passed: &self.passed }.run()
    }

    /// What changed in the shape of the answers of an extractor, for people.
    fn changes(&self, name: &str) -> Result<String, String> {
        let (known, new) = (self.known.join(name), self.recordings.join(name));
        let heading = format!("\n== {name}: what changed in shape\n");
        if !known.is_dir() {
            return Ok(format!("{heading}there is no cassette in {FIXTURES}/{name} to hold it against\n"));
        }
        let told = changes(&self.shapes, &known, &new)?;
        Ok(heading + if told.is_empty() { "nothing\n" } else { &told })
    }
}

fn changes(shapes: &Path, known: &Path, new: &Path) -> Result<String, String> {
    let mut command = Command::new(shapes);
    let line = process::command_line(command.arg(known).arg(new));
    let output = command.output().map_err(|error| format!("`{line}` does not start: {error}"))?;
    match output.status.code() {
        // 1 is that something changed.
        Some(0 | 1) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        _ => Err(format!("`{line}` failed: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(arguments: &[&str]) -> Result<Options, String> {
        Options::parse(&arguments.iter().map(|&it| it.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn names_are_extractors_and_routes_are_passed_on() {
        let found =
            options(&["pond", "--route", "*=http://127.0.0.1:1", "frog", "--route=a=http://b"]).unwrap();
        assert_eq!(found.names, ["pond", "frog"]);
        assert_eq!(found.passed, ["--route=*=http://127.0.0.1:1", "--route=a=http://b"]);
        assert!(found.is_elsewhere() && !options(&["--route=a=http://b"]).unwrap().is_elsewhere());
        assert!(options(&["--record"]).unwrap_err().contains("`--record`"));
        assert!(options(&["--route"]).unwrap_err().contains("HOST=URL"));
    }
}

#[cfg(test)]
#[cfg(unix)]
mod program_tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::planted::Planted;

    /// A command that answers by the link, and notes how it was called; a program that compares by what was recorded.
    const QETCH: &str = r#"#!/bin/sh
echo "$@" >> "$(dirname "$0")/called"
for last; do :; done
case "$last" in
    */ok) echo '{}'; echo '{}'; echo recorded > "$(echo "$@" | sed 's/.*--record //; s/ .*//')/recording.cassette" ;;
    */gone) echo "qetch: noise" >&2; echo "qetch: $last: it is gone" >&2; exit 5 ;;
    *) echo "qetch: $last: the name pond.example does not resolve" >&2; exit 1 ;;
esac
"#;

    const SHAPES: &str = r#"#!/bin/sh
[ -f "$1/known.cassette" ] && [ -f "$2/1/recording.cassette" ] || { echo "nothing there" >&2; exit 2; }
echo 'GET https://pond.example/ok (200)'; echo '  $.id: string, was number'; exit 1
"#;

    fn live(planted: &Planted) -> Live {
        let at = |name: &str| planted.path().join(name);
        for program in ["qetch", "shapes"] {
            fs::set_permissions(at(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        Live {
            qetch: at("qetch"),
            shapes: at("shapes"),
            passed: vec!["--route=*=http://127.0.0.1:1".to_owned()],
            recordings: at("live"),
            known: at("fixtures"),
            pause: Duration::ZERO,
        }
    }

    fn planted() -> Planted {
        Planted::new(&[("qetch", QETCH), ("shapes", SHAPES), ("fixtures/pond/known.cassette", "")])
    }

    fn examples(links: &[&str]) -> Vec<Example> {
        let example = |(link, number): (&&str, usize)| Example {
            extractor: "pond".to_owned(),
            number,
            url: format!("https://pond.example/{link}"),
        };
        links.iter().zip(1..).map(example).collect()
    }

    #[test]
    fn each_example_is_extracted_recorded_and_counted() {
        let planted = planted();
        let live = live(&planted);
        assert_eq!(live.run(&examples(&["ok", "gone", "ok"])), Err("1 of 3 examples failed".to_owned()));
        // What an earlier run recorded is in nobody's way.
        assert_eq!(live.run(&examples(&["ok"])), Ok(()));
        let called = fs::read_to_string(planted.path().join("called")).unwrap();
        let first = called.lines().next().unwrap();
        let folder = planted.path().join("live/pond/1");
        let expected = format!(
            "extract --json --items 1-20 --record {} --route=*=http://127.0.0.1:1 https://pond.example/ok",
            folder.display()
        );
        assert_eq!((first, called.lines().count()), (expected.as_str(), 4));
    }

    #[test]
    fn a_planted_change_is_told_and_so_is_that_nothing_is_known() {
        let planted = planted();
        let live = live(&planted);
        live.run(&examples(&["ok"])).unwrap();
        assert!(live.changes("pond").unwrap().contains("\n  $.id: string, was number\n"));
        assert!(live.changes("frog").unwrap().contains("there is no cassette in crates/"));
        fs::remove_file(planted.path().join("fixtures/pond/known.cassette")).unwrap();
        assert!(live.changes("pond").unwrap_err().ends_with("failed: nothing there"));
    }

    #[test]
    fn without_a_network_that_is_said_and_no_more_is_tried() {
        let planted = planted();
        let live = live(&planted);
        assert_eq!(live.run(&examples(&["a", "b", "c", "d", "e"])), Err(NO_NETWORK.to_owned()));
        assert_eq!(fs::read_to_string(planted.path().join("called")).unwrap().lines().count(), 3);
        assert_eq!(live.run(&examples(&["a"])), Err(NO_NETWORK.to_owned()));
        // Where some can be reached, others are only gone.
        assert_eq!(
            live.run(&examples(&["ok", "a", "b", "c", "d"])),
            Err("4 of 5 examples failed".to_owned())
        );
    }
}
