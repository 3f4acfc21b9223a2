//! `cargo xtask fuzz [SECONDS] [TARGET…]`: runs the fuzz targets for so long each, where cargo-fuzz is installed.
//!
//! What they find lies in `fuzz/artifacts` then. The property tests run the same targets in `cargo xtask test`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{process, report::Report, workspace::Workspace};

/// Where the inputs are that are kept, a directory a target.
const CORPUS: &str = "tests/fuzz/corpus";

/// How long a target runs, unless it is said.
const SECONDS: u32 = 60;

/// The longest input: what is parsed is short, and long ones find the same more slowly.
const LONGEST: u32 = 8 << 10;

/// Runs the targets that are named, or all.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let root = Workspace::load()?.root;
    let (seconds, targets) = choose(arguments, &targets(&root)?)?;
    if process::probe(cargo(&root).arg("--version")).is_none() {
        println!(
            "cargo-fuzz or the nightly toolchain is not installed: `cargo xtask test` runs the targets as property tests"
        );
        return Ok(());
    }
    let mut report = Report::new();
    for target in targets {
        report.step(&target, || fuzz(&root, &target, seconds));
    }
    report.finish()
}

fn fuzz(root: &Path, target: &str, seconds: u32) -> Result<(), String> {
    // What is new goes to the first directory, which git does not know.
    let found = PathBuf::from("fuzz/corpus").join(target);
    fs::create_dir_all(root.join(&found)).map_err(|error| format!("{}: {error}", found.display()))?;
    let mut command = cargo(root);
    // Unsafe code is forbidden in every package: what a sanitizer looks for is not ours, and it makes each run far slower.
    command
        .args(["run", "--sanitizer", "none", target])
        .arg(&found)
        .arg(Path::new(CORPUS).join(target))
        .arg("--");
    command.args([format!("-max_total_time={seconds}"), format!("-max_len={LONGEST}")]);
    command.args(["-timeout=10", "-print_final_stats=1", "-verbosity=0"]);
    process::run(&mut command)
}

/// cargo-fuzz on the nightly toolchain: what it builds with is not stable.
fn cargo(root: &Path) -> Command {
    let mut command = Command::new("rustup");
    command
        .current_dir(root)
        .args(["run", "nightly", "cargo", "fuzz"])
        .env_remove("CARGO")
        .env_remove("RUSTC");
    command
}

/// Every target, by its corpus.
fn targets(root: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(root.join(CORPUS)).map_err(|error| format!("{CORPUS}: {error}"))?;
    let mut names: Vec<_> =
        entries.flatten().map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// How long, and which of those that are known.
fn choose(arguments: &[String], known: &[String]) -> Result<(u32, Vec<String>), String> {
    let (seconds, named) =
        match arguments.split_first().and_then(|(first, rest)| Some((first.parse().ok()?, rest))) {
            Some(chosen) => chosen,
            None => (SECONDS, arguments),
        };
    if let Some(unknown) = named.iter().find(|name| !known.contains(name)) {
        return Err(format!("unknown target `{unknown}`; there are: {}", known.join(", ")));
    }
    Ok((seconds, if named.is_empty() { known.to_vec() } else { named.to_vec() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &[&str], expected: Result<(u32, &[&str]), &str>) {
        let owned = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let chosen = choose(&owned(arguments), &owned(&["gfycat", "journal"]));
        assert_eq!(chosen, expected.map(|(seconds, names)| (seconds, owned(names))).map_err(str::to_owned));
    }

    #[test]
    fn seconds_come_first_and_all_targets_run_unless_some_are_named() {
        check(&[], Ok((SECONDS, &["gfycat", "journal"])));
        check(&["5"], Ok((5, &["gfycat", "journal"])));
        check(&["journal"], Ok((SECONDS, &["journal"])));
        check(&["5", "journal"], Ok((5, &["journal"])));
        check(&["journals"], Err("unknown target `journals`; there are: gfycat, journal"));
    }
}
