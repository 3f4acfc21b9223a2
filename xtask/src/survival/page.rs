//! The page: the sums first, then every trap, then what makes the comparison fair and what does not.

use std::{
    fmt::{Display, Write as _},
    path::Path,
    process::Command,
    time::Duration,
};

use super::{
    attempt::{self, LIMIT, Outcome, PATIENCE},
    survey::{Cell, Survey},
    verdict::Verdict,
};
use crate::{peers::Installed, process};

/// What is said of the comparison beside the numbers.
const NOTES: &str = include_str!("notes.md");

/// The whole page.
pub(crate) fn page(survey: &Survey, date: &str, took: Duration) -> String {
    let (traps, rounds) = (survey.traps.len(), survey.rounds);
    let minutes = took.as_secs().div_ceil(60);
    format!(
        "# Survival\n\nWhat qetch and its peers make of an origin that misbehaves: {traps} [traps](traps.md), each tool \
         {rounds} times on each,\nwith an origin of its own and an empty folder every time. Where the times differ the worst \
         counts. `cargo xtask survival`\ndoes it again and writes this page; it took {minutes} minutes on {date}, most of it \
         waiting.\n\n## Summary\n\n{}\n{}\n## Traps\n\n{}\n{}\n## Commands\n\n{}\n{NOTES}",
        summary(survey),
        meanings(),
        matrix(survey),
        differences(survey),
        commands(survey),
    )
}

/// Today in UTC.
pub(crate) fn today() -> Result<String, String> {
    process::capture(Command::new("date").args(["-u", "+%Y-%m-%d"])).map(|date| date.trim().to_owned())
}

/// How often each verdict was the worst that was said of a tool.
pub(crate) fn summary(survey: &Survey) -> String {
    let words = Verdict::ALL.map(Verdict::word);
    let mut table = heading(["tool"].into_iter().chain(words).chain(["longest that ended"]));
    for (tool, installed) in survey.tools.iter().enumerate() {
        let counts = Verdict::ALL.map(|verdict| survey.count(tool, verdict).to_string());
        let longest = format!("{} s", survey.longest(tool).as_secs_f64().ceil());
        row(&mut table, [installed.tool.name().to_owned()].into_iter().chain(counts).chain([longest]));
    }
    table
}

/// What the worst was for each trap and tool.
pub(crate) fn matrix(survey: &Survey) -> String {
    let tools = survey.tools.iter().map(|installed| installed.tool.name());
    let mut table = heading(["trap", "what the origin does"].into_iter().chain(tools));
    for (trap, known) in survey.traps.iter().enumerate() {
        let words = (0..survey.tools.len()).map(|tool| word(survey, Cell { trap, tool }));
        row(&mut table, [known.name.clone(), known.what.replace('|', r"\|")].into_iter().chain(words));
    }
    table
}

fn word(survey: &Survey, cell: Cell) -> String {
    let word = survey.worst(cell).map_or("", Verdict::word);
    if survey.differs(cell) { format!("{word} \\*") } else { word.to_owned() }
}

fn meanings() -> String {
    let mut list = String::new();
    for verdict in Verdict::ALL {
        line(&mut list, format_args!("- **{}**: {}", verdict.word(), verdict.meaning()));
    }
    list
}

/// The cells whose rounds differed, with what was said of each round.
fn differences(survey: &Survey) -> String {
    let mut list = String::new();
    for (trap, known) in survey.traps.iter().enumerate() {
        for (tool, installed) in survey.tools.iter().enumerate() {
            let cell = Cell { trap, tool };
            if survey.differs(cell) {
                let words: Vec<_> = survey.outcomes(cell).map(said).collect();
                let name = installed.tool.name();
                line(&mut list, format_args!("- {}, {name}: {}", known.name, words.join(", ")));
            }
        }
    }
    if list.is_empty() {
        return "No two rounds differed.\n".to_owned();
    }
    format!("\\* Rounds differed. They were:\n\n{list}")
}

/// The word for an outcome, with the signal that ended the tool where one did.
fn said(outcome: &Outcome) -> String {
    let word = outcome.verdict.word();
    if outcome.status.starts_with("signal") {
        format!("{word} ({})", outcome.status)
    } else {
        word.to_owned()
    }
}

/// What was typed, and which version heard it.
fn commands(survey: &Survey) -> String {
    let (limit, retries, seconds) = (LIMIT.as_secs(), PATIENCE.retries, PATIENCE.seconds);
    let mut text = format!(
        "Each tool may try {retries} times again where it can be told, takes {seconds} seconds of silence for a failure, \
         and is stopped after {limit}\nseconds.\n\n```sh\n"
    );
    for installed in &survey.tools {
        line(&mut text, format_args!("# {}", short(&installed.version)));
        line(&mut text, command(installed));
    }
    text.push_str("```\n");
    text
}

fn command(installed: &Installed) -> String {
    process::command_line(&installed.fetch(&attempt::fetch(installed.tool, "URL", Path::new("FOLDER/NAME"))))
}

/// The name and the number, without what they were built with.
fn short(version: &str) -> &str {
    let end = [" (", " - "].iter().filter_map(|mark| version.find(mark)).min();
    end.map_or(version, |end| &version[..end])
}

fn heading<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    let mut table = String::new();
    row(&mut table, names.iter().map(|&name| name.to_owned()));
    line(&mut table, "|---".repeat(names.len()) + "|");
    table
}

fn row(table: &mut String, cells: impl Iterator<Item = String>) {
    line(table, format_args!("| {} |", cells.collect::<Vec<_>>().join(" | ")));
}

/// Writing to a string cannot fail.
fn line(text: &mut String, line: impl Display) {
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::{super::survey::tests, *};
    use crate::peers::Tool;

    fn survey() -> Survey {
        let mut survey = tests::survey();
        tests::add(&mut survey, 0, Tool::Qetch, Verdict::Good, 2);
        tests::add(&mut survey, 1, Tool::Axel, Verdict::Hang, 120);
        tests::add(&mut survey, 1, Tool::Curl, Verdict::Good, 1);
        tests::add(&mut survey, 1, Tool::Curl, Verdict::WrongFileAsSuccess, 1);
        survey
    }

    #[test]
    fn every_verdict_is_summed_and_shown() {
        let page = page(&survey(), "2000-01-01", Duration::from_secs(61));
        for part in [
            "it took 2 minutes on 2000-01-01",
            "| qetch | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 2 s |\n| curl | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 1 s |\n",
            "| axel | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 s |\n",
            "| one | Does something. | good |  |  |  |  |\n",
            "| two | Does something. |  | WRONG \\* |  | hang |  |\n",
            "- two, curl: good, WRONG\n",
            " --output FOLDER/NAME URL\n",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }

    #[test]
    fn the_page_in_the_repository_says_the_same_of_it() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(crate::survival::PAGE);
        let page = std::fs::read_to_string(path).unwrap();
        assert!(page.ends_with(NOTES) && page.contains(&meanings()), "write it again: cargo xtask survival");
    }

    #[test]
    fn versions_are_short() {
        assert_eq!(short("curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1 - x"), "curl 7.88.1");
        assert_eq!(short("GNU Wget2 1.99.1 - multithreaded (downloader)"), "GNU Wget2 1.99.1");
        assert_eq!(short("qetch 0.1.0"), "qetch 0.1.0");
    }

    #[test]
    fn rounds_that_agree_need_no_list() {
        assert_eq!(differences(&tests::survey()), "No two rounds differed.\n");
    }

    #[test]
    fn nothing_on_the_page_is_of_one_machine() {
        for installed in &tests::survey().tools {
            let typed = command(installed);
            assert!(typed.contains("FOLDER") && !typed.contains(" /"), "{typed}");
        }
    }
}
