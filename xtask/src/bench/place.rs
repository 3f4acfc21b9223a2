//! Where the races are held: the programs that are built for them, a folder in memory, and one on a disk.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::process;

/// The disk in memory that Linux has.
const MEMORY: &str = "/dev/shm";

/// What the name of each folder begins with; the number of its process follows.
const PREFIX: &str = "qetch-bench-";

/// The programs of ours that take part.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) qetch: PathBuf,
    pub(crate) throttled: PathBuf,
    pub(crate) segments: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
}

/// Builds qetch as users get it, with its default features, and the origins that are slow on purpose.
pub(crate) fn build(root: &Path) -> Result<Programs, String> {
    for package in ["qetch-cli", "qetch-testkit"] {
        // One at a time, so that features which one needs are not built into the other.
        let mut command = process::cargo(root);
        command.args(["build", "--release", "--package", package, "--bins"]);
        println!("$ {}", process::command_line(&command));
        process::run(&mut command)?;
    }
    let metadata =
        process::capture(process::cargo(root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let target = metadata.get("target_directory").and_then(Value::as_str);
    let target = PathBuf::from(target.ok_or("`cargo metadata` names no target directory")?);
    let program = |name| target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let (qetch, throttled) = (program("qetch"), program("qetch-throttled-origin"));
    Ok(Programs { qetch, throttled, segments: program("qetch-segment-origin"), target })
}

/// A folder of the bench, removed with all that is in it when this is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// One in memory, where no disk can hold a tool up.
    pub(crate) fn in_memory() -> Result<Self, String> {
        if !Path::new(MEMORY).is_dir() {
            return Err(format!("there is no disk in memory at {MEMORY}"));
        }
        Self::below(Path::new(MEMORY))
    }

    /// One on the disk that cargo builds on.
    pub(crate) fn on_disk(target: &Path) -> Result<Self, String> {
        Self::below(target)
    }

    fn below(parent: &Path) -> Result<Self, String> {
        remove_stale(parent);
        let folder = parent.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir_all(folder.join("home")).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is of no use to anyone; there is nothing better to do about it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes what a bench left that was killed: it holds gigabytes of memory.
fn remove_stale(parent: &Path) {
    // Only where the system tells which processes live.
    if !Path::new("/proc/self").exists() {
        return;
    }
    for entry in fs::read_dir(parent).into_iter().flatten().filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(PREFIX).and_then(|number| number.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
            // It may be another person's.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    #[test]
    fn a_folder_goes_with_all_that_is_in_it() {
        let planted = Planted::new(&[]);
        let folder = Folder::on_disk(planted.path()).unwrap();
        let path = folder.path().to_owned();
        assert!(path.join("home").is_dir());
        drop(folder);
        assert!(!path.exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_killed_bench_left_goes_and_what_a_living_one_has_stays() {
        // No process has the last number there is.
        let (dead, living) = (format!("{PREFIX}{}", u32::MAX), format!("{PREFIX}{}", std::process::id()));
        let planted =
            Planted::new(&[("other/f", ""), (&format!("{dead}/f"), ""), (&format!("{living}/f"), "")]);
        remove_stale(planted.path());
        let is_there = |name: &str| planted.path().join(name).exists();
        assert_eq!((is_there("other"), is_there(&dead), is_there(&living)), (true, false, true));
    }
}
