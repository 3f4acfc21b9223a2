//! One tool on one trap: an origin of its own, an empty folder, a limited time, and what was there afterwards.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    origin::{Origin, Trap},
    verdict::{self, End, Left, Verdict},
};
use crate::{
    peers::{CONNECTIONS, Fetch, Installed, Patience, Tool},
    process,
};

/// How long a tool may take, before it is said to hang. All tries that [`PATIENCE`] allows fit in.
pub(crate) const LIMIT: Duration = Duration::from_secs(180);

/// What each tool is told about trying again and about silence, so that none hangs for the lack of an option.
pub(crate) const PATIENCE: Patience = Patience { retries: 8, seconds: 10 };

/// How often a running tool is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// What the names of the tools' own records end in, beside a file that is unfinished.
const MARKERS: [&str; 2] = [".aria2", ".st"];

/// What came of an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) took: Duration,
    /// How the tool ended, in the words of the system.
    pub(crate) status: String,
}

/// Tries `tool` on `trap` in `folder`, which is made for it. What the tool says stays there as `log`.
pub(crate) fn attempt(
    program: &Path,
    tool: &Installed,
    trap: &Trap,
    folder: &Path,
) -> Result<Outcome, String> {
    let origin = Origin::start(program)?;
    let right_files = origin.right_files(trap)?;
    let link = origin.link(trap);
    let (into, home) = (folder.join("into"), folder.join("home"));
    let to = into.join(&trap.name);
    let failed = |error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&into).map_err(failed)?;
    // Its own: some tools write there, and would meet each other.
    fs::create_dir_all(&home).map_err(failed)?;
    let mut command = tool.fetch(&fetch(tool.tool, &link, &to));
    let ended = run(command.current_dir(&into).env("HOME", home), &folder.join("log"), LIMIT)?;
    let verdict = verdict::judge(trap.right, ended.end, left(&to, &right_files)?);
    // The files of all attempts together would fill a small disk.
    fs::remove_dir_all(&into).map_err(failed)?;
    Ok(Outcome { verdict, took: ended.took, status: ended.status })
}

/// What a tool is asked for, as it fares best.
pub(crate) fn fetch<'a>(tool: Tool, link: &'a str, to: &'a Path) -> Fetch<'a> {
    let connections = match tool {
        // Both were tried both ways: over several connections they have more wrong files, or never end.
        Tool::Axel | Tool::Wget2 => 1,
        _ => CONNECTIONS,
    };
    Fetch { patience: Some(PATIENCE), connections, ..Fetch::new(link, to) }
}

/// The end of a run.
struct Ended {
    end: End,
    took: Duration,
    status: String,
}

/// Runs `command` until it ends or `limit` is over, and stops it then.
fn run(command: &mut Command, log: &Path, limit: Duration) -> Result<Ended, String> {
    let line = process::command_line(command);
    let failed = |error| format!("`{line}`: {error}");
    let output = fs::File::create(log).map_err(failed)?;
    let errors = output.try_clone().map_err(failed)?;
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn().map_err(failed)?;
    loop {
        let status = child.try_wait();
        let took = started.elapsed();
        match status {
            Ok(Some(status)) => {
                let end = if status.success() { End::Success } else { End::Error };
                return Ok(Ended { end, took, status: status.to_string() });
            }
            Ok(None) if took < limit => thread::sleep(GLANCE),
            _ => {
                // It may have ended just now; it must be waited for either way.
                let _ = child.kill();
                let _ = child.wait();
                return Ok(Ended { end: End::Stopped, took, status: "stopped".to_owned() });
            }
        }
    }
}

/// What stands under the final name `to`.
fn left(to: &Path, right_files: &[Vec<u8>]) -> Result<Left, String> {
    if !to.exists() {
        return Ok(Left::Nothing);
    }
    let file = fs::read(to).map_err(|error| format!("{}: {error}", to.display()))?;
    if right_files.contains(&file) {
        return Ok(Left::Right);
    }
    let marked = MARKERS.iter().any(|ending| beside(to, ending).exists());
    Ok(if marked { Left::Marked } else { Left::Wrong })
}

fn beside(to: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(to);
    name.push(ending);
    name.into()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::{planted::Planted, survival::verdict::Right};

    /// Runs a planted tool, which finds the right file at `../right` and the final name in `$0`.
    #[track_caller]
    fn check(right: Right, script: &str, expected: Verdict) {
        let planted = Planted::new(&[("right", "abc"), ("into/other", "")]);
        let into = planted.path().join("into");
        let to = into.join("f");
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(&to).current_dir(&into);
        let end = run(&mut command, &planted.path().join("log"), Duration::from_secs(2)).unwrap().end;
        let files = if right == Right::Error { vec![] } else { vec![b"abc".to_vec()] };
        assert_eq!(verdict::judge(right, end, left(&to, &files).unwrap()), expected, "{script}");
    }

    #[test]
    fn planted_tools_are_told_apart() {
        check(Right::File, "cp ../right \"$0\"", Verdict::Good);
        check(Right::File, "printf abd > \"$0\"", Verdict::WrongFileAsSuccess);
        check(Right::File, "printf ab > \"$0\"", Verdict::WrongFileAsSuccess);
        check(Right::File, "true", Verdict::NothingAsSuccess);
        check(Right::File, "exit 1", Verdict::ClearError);
        check(Right::File, "kill -9 $$", Verdict::ClearError);
        check(Right::File, "printf ab > \"$0\"; exit 1", Verdict::WrongFileLeft);
        check(Right::File, ": > \"$0\"; exit 1", Verdict::WrongFileLeft);
        check(Right::File, "printf ab > \"$0\"; : > \"$0.st\"; exit 1", Verdict::Unfinished);
        check(Right::File, "printf ab > \"$0\"; : > \"$0.aria2\"; exit 1", Verdict::Unfinished);
        check(Right::File, "printf ab > \"$0\"; : > other.st; exit 1", Verdict::WrongFileLeft);
        check(Right::File, "exec sleep 60", Verdict::Hang);
    }

    #[test]
    fn where_an_error_is_right_a_planted_file_is_not() {
        check(Right::Error, "exit 1", Verdict::Good);
        check(Right::Error, "cp ../right \"$0\"", Verdict::WrongFileAsSuccess);
        check(Right::Error, "cp ../right \"$0\"; exit 1", Verdict::WrongFileLeft);
        check(Right::Either, "cp ../right \"$0\"", Verdict::Good);
        check(Right::Either, "exit 1", Verdict::Good);
    }

    #[test]
    fn a_tool_that_does_not_start_is_no_verdict() {
        let planted = Planted::new(&[]);
        let mut command = Command::new("qetch-no-such-program");
        let error = run(&mut command, &planted.path().join("log"), LIMIT).err().unwrap();
        assert!(error.contains("qetch-no-such-program"), "{error}");
    }
}
