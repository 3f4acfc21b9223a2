//! One example, tried with the command as a person would.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use super::examples::Example;
use crate::process;

/// How many resources of a list are looked at.
const ITEMS: &str = "1-20";

/// What is tried.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) program: &'a Path,
    pub(crate) url: &'a str,
    /// Where the answers are recorded.
    pub(crate) folder: &'a Path,
    /// Arguments that are passed on.
    pub(crate) passed: &'a [String],
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The exit code; none for a program that was killed.
    pub(crate) code: Option<i32>,
    /// How many resources there were.
    pub(crate) items: usize,
    /// What went wrong, as the command said it last.
    pub(crate) said: Option<String>,
}

impl Attempt<'_> {
    pub(crate) fn run(&self) -> Result<Outcome, String> {
        let mut command = Command::new(self.program);
        command.args(["extract", "--json", "--items", ITEMS, "--record"]).arg(self.folder);
        command.args(self.passed).arg(self.url).stdin(Stdio::null());
        let line = process::command_line(&command);
        let output = command.output().map_err(|error| format!("`{line}` does not start: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().rev().find(|line| !line.trim().is_empty());
        Ok(Outcome {
            code: output.status.code(),
            items: String::from_utf8_lossy(&output.stdout).lines().count(),
            said: said.map(|line| line.trim().trim_start_matches("qetch: ").to_owned()),
        })
    }
}

impl Outcome {
    pub(crate) fn is_ok(&self) -> bool {
        self.code == Some(0) && self.items > 0
    }

    /// Whether nobody was there to answer.
    pub(crate) fn is_unreached(&self) -> bool {
        let signs = ["does not resolve", "cannot connect to", "did not answer in time"];
        !self.is_ok() && self.said.as_ref().is_some_and(|said| signs.iter().any(|sign| said.contains(sign)))
    }

    /// A row for people, and what was said beneath it where that is why it failed.
    pub(crate) fn line(&self, example: &Example) -> String {
        let Example { extractor, url, .. } = example;
        let row = format!("{:<12} {:>3}  {extractor:<12} {url}", self.word(), self.items);
        match &self.said {
            Some(said) if !self.is_ok() => {
                // It begins with the link, which stands there already.
                let why = said.strip_prefix(&format!("{url}: ")).unwrap_or(said);
                format!("{row}\n                  {why}")
            }
            _ => row,
        }
    }

    /// What the exit code means, in a word.
    fn word(&self) -> &'static str {
        match self.code {
            Some(0) if self.items == 0 => "NOTHING",
            Some(0) => "ok",
            Some(2) => "USAGE",
            Some(3) => "UNSUPPORTED",
            Some(4) => "LOGIN",
            Some(5) => "NOT FOUND",
            Some(6) => "REFUSED",
            Some(7) => "INTEGRITY",
            Some(130) => "INTERRUPTED",
            Some(_) => "FAILED",
            None => "KILLED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(code: i32, items: usize, said: Option<&str>) -> Outcome {
        Outcome { code: Some(code), items, said: said.map(str::to_owned) }
    }

    #[test]
    fn a_row_tells_what_came_of_it_and_why() {
        let example = Example { extractor: "pond".into(), number: 1, url: "https://pond.example/7".into() };
        let check = |outcome: Outcome, expected: &str| assert_eq!(outcome.line(&example), expected);
        check(outcome(0, 12, Some("a note")), "ok            12  pond         https://pond.example/7");
        check(outcome(0, 0, None), "NOTHING        0  pond         https://pond.example/7");
        check(
            outcome(5, 0, Some("https://pond.example/7: it is gone")),
            "NOT FOUND      0  pond         https://pond.example/7\n                  it is gone",
        );
    }

    #[test]
    fn who_is_not_there_is_told_from_who_refuses() {
        assert!(outcome(1, 0, Some("x: the name pond.example does not resolve")).is_unreached());
        assert!(outcome(1, 0, Some("x: cannot connect to pond.example: refused")).is_unreached());
        assert!(!outcome(5, 0, Some("x: it is gone")).is_unreached());
        assert!(!outcome(1, 0, None).is_unreached());
        assert!(!outcome(0, 1, Some("x: the name a.example does not resolve")).is_unreached());
    }
}
