//! One run of a program, measured exactly: xtask starts itself as a small process whose only child is the program, so
//! that the system counts its processor time and its memory apart from everything else.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use crate::process;

/// How xtask is called to be that small process.
pub(crate) const HIDDEN: &str = "bench-measure";

/// The longest that a run may take.
const LIMIT: Duration = Duration::from_secs(300);

/// What a run took.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    /// Seconds from before the start to after the end, with the sync where one follows.
    pub(crate) wall: f64,
    /// Seconds of processor time, of the program and of what it started.
    pub(crate) user: f64,
    pub(crate) system: f64,
    /// The most memory that one process had, in KiB.
    pub(crate) peak: u64,
    /// What went wrong, in the run or with its bytes.
    pub(crate) fault: Option<String>,
}

impl Sample {
    /// Processor time of both kinds.
    pub(crate) fn processor(&self) -> f64 {
        self.user + self.system
    }
}

/// Runs `command` and measures it; `sync` is a file, or a folder of files, that is synced before the clock is stopped. What
/// the program complains of goes to `complaints`.
pub(crate) fn measure(command: &Command, sync: Option<&Path>, complaints: &Path) -> Result<Sample, String> {
    let own = env::current_exe().map_err(|error| format!("xtask does not know where it is: {error}"))?;
    let log = fs::File::create(complaints).map_err(|error| format!("{}: {error}", complaints.display()))?;
    let mut small = Command::new(own);
    small.arg(HIDDEN).arg(sync.unwrap_or(Path::new(""))).arg(command.get_program()).args(command.get_args());
    process::copy_surroundings(command, &mut small);
    let output = small
        .stdin(Stdio::null())
        .stderr(log)
        .output()
        .map_err(|error| format!("xtask does not start itself: {error}"))?;
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut sample = read(&line).ok_or_else(|| {
        let said = fs::read_to_string(complaints).unwrap_or_default();
        format!("a run could not be measured: {line} {said}")
    })?;
    if let Some(fault) = &mut sample.fault {
        let said = fs::read_to_string(complaints).unwrap_or_default();
        if let Some(last) = said.lines().rfind(|line| !line.trim().is_empty()) {
            fault.push_str(&format!(": {}", last.trim()));
        }
    }
    Ok(sample)
}

fn read(line: &str) -> Option<Sample> {
    let mut words = line.trim().splitn(5, ' ');
    let mut next = || words.next();
    let seconds = |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok()).map(|it| it / 1e6);
    let (wall, user, system) = (seconds(next())?, seconds(next())?, seconds(next())?);
    let peak = next()?.parse().ok()?;
    let fault = next().filter(|fault| *fault != "ok").map(str::to_owned);
    Some(Sample { wall, user, system, peak, fault })
}

/// The small process: `SYNC PROGRAM ARGUMENTS...`. It prints microseconds of wall, user and system time, KiB, and `ok` or
/// what went wrong.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let [sync, program, rest @ ..] = arguments else {
        return ExitCode::from(2);
    };
    println!("{}", run(sync, program, rest));
    ExitCode::SUCCESS
}

fn run(sync: &str, program: &str, arguments: &[String]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    let begun = Instant::now();
    let ended = command
        .spawn()
        .map_err(|error| format!("does not start: {error}"))
        .and_then(|child| wait(child).map_err(|error| format!("cannot be waited for: {error}")));
    // Asked before the sync, whose time is nobody's work.
    let used = usage();
    let mut fault = match ended {
        Ok(status) if status.success() => None,
        Ok(status) => Some(status.to_string()),
        Err(fault) => Some(fault),
    };
    if fault.is_none() && !sync.is_empty() {
        fault = synced(Path::new(sync)).err();
    }
    let wall = begun.elapsed().as_micros();
    format!("{wall} {used} {}", fault.as_deref().unwrap_or("ok"))
}

/// Waits for a child, and ends it when it takes too long.
fn wait(mut child: Child) -> std::io::Result<std::process::ExitStatus> {
    let (done, watched) = mpsc::channel::<()>();
    let id = child.id().to_string();
    let watch = thread::spawn(move || {
        if watched.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-9", &id]).status();
        }
    });
    let status = child.wait();
    drop(done);
    let _ = watch.join();
    status
}

fn synced(what: &Path) -> Result<(), String> {
    let files: Vec<PathBuf> = if what.is_dir() {
        let entries = fs::read_dir(what).map_err(|error| format!("sync: {error}"))?;
        entries.filter_map(Result::ok).map(|entry| entry.path()).collect()
    } else {
        vec![what.to_owned()]
    };
    let status = Command::new("sync").args(files).status().map_err(|error| format!("sync: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("sync: {status}")) }
}

/// Microseconds of user and system time and KiB of memory, of the children that were waited for.
#[cfg(unix)]
fn usage() -> String {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike as _,
    };
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else { return "0 0 0".to_owned() };
    let (user, system) = (usage.user_time().num_microseconds(), usage.system_time().num_microseconds());
    // macOS counts bytes where others count KiB.
    let peak = usage.max_rss() / if cfg!(target_os = "macos") { 1024 } else { 1 };
    format!("{user} {system} {peak}")
}

/// Elsewhere only the wall clock is read.
#[cfg(not(unix))]
fn usage() -> String {
    "0 0 0".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read() {
        let sample = read("1500000 20000 5000 2048 ok\n").unwrap();
        assert_eq!((sample.wall, sample.user, sample.peak), (1.5, 0.02, 2048));
        assert!((sample.processor() - 0.025).abs() < 1e-9);
        assert_eq!(sample.fault, None);
        assert_eq!(read("1 2 3 4 exit status: 3").unwrap().fault.as_deref(), Some("exit status: 3"));
        assert_eq!(read("nothing"), None);
    }

    #[test]
    fn a_program_that_fails_or_is_missing_is_a_fault() {
        let check = |program: &str, arguments: &[&str], expected: Option<&str>| {
            let arguments: Vec<String> = arguments.iter().map(|&it| it.to_owned()).collect();
            let sample = read(&run("", program, &arguments)).unwrap();
            assert_eq!(sample.fault.is_some(), expected.is_some(), "{sample:?}");
            assert!(sample.fault.unwrap_or_default().contains(expected.unwrap_or_default()));
        };
        check("true", &[], None);
        check("sh", &["-c", "exit 3"], Some("exit status: 3"));
        check("qetch-no-such-program", &[], Some("does not start"));
    }
}
