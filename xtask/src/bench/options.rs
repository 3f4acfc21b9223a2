//! What a person asks of the bench.

use std::path::PathBuf;

use super::race::{RACES, Race};

/// The fewest runs that a document is written from.
pub(crate) const RUNS: usize = 9;

const USAGE: &str = "cargo xtask bench [--runs N] [--only RACE...] [--quick | --into-document]
cargo xtask bench --write-from FILE";

/// The options of `cargo xtask bench`.
#[derive(Debug)]
pub(crate) enum Options {
    /// Run these races so often, or quickly.
    Run {
        runs: usize,
        races: Vec<&'static Race>,
        quick: bool,
        /// Whether their figures take the place of those in the document, which keeps the others.
        into_document: bool,
    },
    /// Write the document and the picture from figures that were measured before.
    WriteFrom(PathBuf),
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let (mut runs, mut quick, mut into_document, mut chosen) = (None, false, false, Vec::new());
        let mut rest = arguments.iter().map(String::as_str).peekable();
        while let Some(argument) = rest.next() {
            match argument {
                "--quick" => quick = true,
                "--into-document" => into_document = true,
                "--runs" => {
                    let number = rest.next().and_then(|number| number.parse().ok()).filter(|runs| *runs > 0);
                    runs = Some(number.ok_or("--runs needs a number from 1 on")?);
                }
                "--only" => {
                    while let Some(name) = rest.next_if(|word| !word.starts_with("--")) {
                        chosen.push(find(name)?);
                    }
                    if chosen.is_empty() {
                        return Err(format!("--only needs names of races: {}", names()));
                    }
                }
                "--write-from" if arguments.len() == 2 => {
                    return Ok(Self::WriteFrom(rest.next().unwrap_or_default().into()));
                }
                other => return Err(format!("unknown argument `{other}`; usage:\n{USAGE}")),
            }
        }
        let races = if chosen.is_empty() { RACES.iter().collect() } else { chosen };
        if quick && into_document {
            return Err("figures of a quick bench go into no document".to_owned());
        }
        Ok(Self::Run { runs: runs.unwrap_or(if quick { 1 } else { RUNS }), races, quick, into_document })
    }
}

fn find(name: &str) -> Result<&'static Race, String> {
    let found = RACES.iter().find(|race| race.name == name);
    found.ok_or_else(|| format!("unknown race `{name}`; there are: {}", names()))
}

fn names() -> String {
    RACES.iter().map(|race| race.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[track_caller]
    fn check(line: &str, expected: (usize, usize, bool)) {
        let Ok(Options::Run { runs, races, quick, .. }) = parse(line) else { panic!("{line}") };
        assert_eq!((runs, races.len(), quick), expected, "{line}");
    }

    #[test]
    fn runs_and_races_are_chosen() {
        check("", (RUNS, RACES.len(), false));
        check("--quick", (1, RACES.len(), true));
        check("--only raw start --runs 3", (3, 2, false));
        assert!(matches!(parse("--write-from f"), Ok(Options::WriteFrom(path)) if path.as_os_str() == "f"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, expected) in [
            ("--runs 0", "from 1 on"),
            ("--only", "raw, raw-disk"),
            ("--only rawer", "unknown race `rawer`; there are: raw"),
            ("--quick --into-document", "no document"),
            ("--fast", "usage:"),
            ("--write-from", "unknown argument"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
