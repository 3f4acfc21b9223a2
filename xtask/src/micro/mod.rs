//! `cargo xtask micro`: takes the times of the micro-benchmarks, counts their instructions where valgrind is installed, and
//! writes what it found to `docs/micro-benchmarks.md`.
//!
//! The program that does the work is `tests/benches`; here it is built, run and read.

mod counts;
mod page;
mod times;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{process, workspace::Workspace};

/// Where the figures go.
const PAGE: &str = "docs/micro-benchmarks.md";

/// One benchmark, as the program lists it.
#[derive(Debug, PartialEq, Eq)]
struct Work {
    /// Its group and its name in that, with a `/` between them.
    name: String,
    unit: String,
    /// How many of those a round does.
    units: u64,
    is_counted: bool,
}

/// What was found of one benchmark, each for one unit.
#[derive(Debug)]
struct Figures {
    work: Work,
    nanoseconds: f64,
    /// Two counts of its instructions, which should be the same.
    counts: Option<[f64; 2]>,
}

/// Runs every benchmark and writes the page.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if let Some(unknown) = arguments.first() {
        return Err(format!("`micro` takes no arguments, but got `{unknown}`"));
    }
    let root = Workspace::load()?.root;
    let program = build(&root)?;
    let works = works(&process::capture(Command::new(&program).arg("list"))?)?;
    let times = times::take(&program, &works)?;
    let valgrind = process::probe(Command::new("valgrind").arg("--version"));
    if valgrind.is_none() {
        println!("valgrind is not installed: no instructions are counted");
    }
    let mut figures = Vec::new();
    for (work, nanoseconds) in works.into_iter().zip(times) {
        let is_counted = work.is_counted && valgrind.is_some();
        let counts = if is_counted { Some(counts::take(&program, &work)?) } else { None };
        figures.push(Figures { work, nanoseconds, counts });
    }
    let text = page::text(&page::Machine::look(valgrind), &figures);
    print!("\n{text}");
    fs::write(root.join(PAGE), text).map_err(|error| format!("{PAGE}: {error}"))?;
    println!("\nwritten to {PAGE}");
    Ok(())
}

/// Builds the program, and says where it is.
fn build(root: &Path) -> Result<PathBuf, String> {
    let mut command = process::cargo(root);
    command.args(["bench", "--package", "qetch-benches", "--bench", "micro", "--no-run"]);
    command.arg("--message-format=json-render-diagnostics");
    executable(&process::capture(&mut command)?).ok_or_else(|| "cargo built no benchmarks".to_owned())
}

/// The program that cargo tells of, a JSON object a line.
fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut paths = messages.filter_map(|it| it.get("executable")?.as_str().map(PathBuf::from));
    paths.next_back()
}

/// Reads the program's list.
fn works(listed: &str) -> Result<Vec<Work>, String> {
    listed
        .lines()
        .map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
            [name, unit, units, counted] => Ok(Work {
                name: name.to_owned(),
                unit: unit.to_owned(),
                units: units.parse().map_err(|_| format!("`{units}` is no count of units"))?,
                is_counted: counted == "counted",
            }),
            _ => Err(format!("the benchmarks list `{line}`, which is not understood")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_the_one_that_cargo_tells_of() {
        let messages = r#"{"reason":"compiler-artifact","executable":null}
            not JSON
            {"reason":"compiler-artifact","executable":"/t/release/deps/micro-1"}
            {"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some("/t/release/deps/micro-1".into()));
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#), None);
    }

    #[test]
    fn the_list_is_read_or_refused() {
        let expected = |name: &str, is_counted| {
            let unit = if is_counted { "URL" } else { "batch" };
            Work { name: name.into(), unit: unit.into(), units: 7, is_counted }
        };
        let listed = "matching/mixed, from text\tURL\t7\tcounted\nwriter/file\tbatch\t7\ttimed\n";
        let read = works(listed).unwrap();
        assert_eq!(read, [expected("matching/mixed, from text", true), expected("writer/file", false)]);
        for wrong in ["matching/mixed\tURL\t7", "matching/mixed\tURL\tmany\tcounted"] {
            assert!(works(wrong).is_err(), "{wrong}");
        }
    }
}
