//! The development tasks of qetch, started as `cargo xtask TASK`: one file or folder a task, and one table that lists them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the person who started it")]

mod bench;
mod demo;
mod fuzz;
mod lint;
mod live;
mod manifest;
mod micro;
mod native_tls;
mod peers;
mod process;
mod programs;
mod report;
mod server;
mod sites;
mod source;
mod survival;
mod test;
mod tree;
mod workspace;

#[cfg(test)]
mod planted;
mod players;

use std::{env, process::ExitCode};

/// One subcommand: how it is called, what it is for, and what it runs with the arguments after its name.
struct Task {
    name: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<(), String>,
}

/// Every task there is, in the order a newcomer meets them.
const TASKS: &[Task] = &[
    Task { name: "demo", help: "extract and download from a local site, without a network", run: demo::run },
    Task {
        name: "test",
        help: "unit, integration and doc tests, examples, each feature alone",
        run: test::run,
    },
    Task {
        name: "lint",
        help: "format, clippy, docs and the rules of this repository; names of checks run those alone",
        run: lint::run,
    },
    Task {
        name: "fuzz",
        help: "the fuzz targets, with cargo-fuzz: for so many seconds each, and those that are named",
        run: fuzz::run,
    },
    Task {
        name: "bench",
        help: "races against the downloaders that are installed; --quick shows that everything works",
        run: bench::run,
    },
    Task {
        name: "live",
        help: "the examples of each extractor, or of those named, against the real sites: needs a network",
        run: live::run,
    },
    Task {
        name: "sites",
        help: "write docs/sites.md, the table of the extractors that there are",
        run: sites::run,
    },
    Task {
        name: "survival",
        help: "what qetch and its peers make of an origin that misbehaves; written to docs/survival.md",
        run: survival::run,
    },
    Task {
        name: "micro",
        help: "time the small steps, count their instructions, write docs/micro-benchmarks.md",
        run: micro::run,
    },
];

/// A program that a task starts xtask itself as.
struct Hidden {
    name: &'static str,
    run: fn(&[String]) -> ExitCode,
}

const HIDDEN: &[Hidden] = &[
    Hidden { name: bench::measure::HIDDEN, run: bench::measure::main },
    Hidden { name: bench::receive::HIDDEN, run: bench::receive::main },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        eprint!("{}", usage());
        return ExitCode::from(2);
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    }
    if let Some(hidden) = HIDDEN.iter().find(|hidden| hidden.name == name) {
        return (hidden.run)(rest);
    }
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprint!("unknown task `{name}`\n\n{}", usage());
        return ExitCode::from(2);
    };
    match (task.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ncargo xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask TASK\n\n");
    for task in TASKS {
        text.push_str(&format!("  {:<8} {}\n", task.name, task.help));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_names_every_task() {
        let text = usage();
        for task in TASKS {
            assert!(text.contains(task.name) && text.contains(task.help));
        }
    }
}
