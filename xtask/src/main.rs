//! The development tasks of qetch, started as `cargo xtask TASK`: one file or folder a task, and one table that lists them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the person who started it")]

mod demo;
mod lint;
mod manifest;
mod micro;
mod native_tls;
mod process;
mod report;
mod source;
mod test;
mod tree;
mod workspace;

#[cfg(test)]
mod planted;

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
        name: "micro",
        help: "time the small steps, count their instructions, write docs/micro-benchmarks.md",
        run: micro::run,
    },
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
        text.push_str(&format!("  {:<6} {}\n", task.name, task.help));
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
