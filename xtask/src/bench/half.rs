//! Half of a file, left behind by each tool in its own way, so that it can go on from there.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    peers::{Fetch, Installed, Tool},
    process,
};

/// The name of the file in the folder of each tool.
pub(crate) const NAME: &str = "half.bin";

/// The part of the file that nginx may send a second in one answer. It lets the first second of an answer through at once,
/// so that eight answers have brought half of the file after three seconds.
pub(crate) const SHARE_A_SECOND: u64 = 64;

/// When a tool is interrupted, unless that was too early or too late.
const INTERRUPTED: Duration = Duration::from_millis(3100);

/// How often another moment is tried.
const TRIES: usize = 5;

/// How long a tool may take to end when it was interrupted.
const ENDING: Duration = Duration::from_secs(20);

/// How much is looked at to see whether it arrived.
const BLOCK: usize = 64 * 1024;

/// Makes the half of `original` in `folder`. Answers how much of it is there, from 0 to 1.
pub(crate) fn make(tool: &Installed, url: &str, original: &Path, folder: &Path) -> Result<f64, String> {
    let file = folder.join(NAME);
    let (mut after, mut left) = (INTERRUPTED, 0.0);
    for _ in 0..TRIES {
        // It may not be there yet.
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        match tool.tool {
            Tool::Curl | Tool::Wget2 => truncated(original, &file)?,
            _ => interrupted(tool, url, &file, after)?,
        }
        left = there(original, folder)?;
        if (0.35..=0.65).contains(&left) {
            return Ok(left);
        }
        // A busy machine brings less in the same time.
        after = after.mul_f64((0.5 / left).clamp(0.5, 2.0));
    }
    Err(format!("{} left {:.0} % behind, which is no half", tool.tool.name(), left * 100.0))
}

/// Puts what was left behind into an empty folder, with its holes and attributes.
pub(crate) fn restore(from: &Path, to: &Path) -> Result<(), String> {
    process::run(Command::new("cp").args(["-a", "--sparse=always"]).arg(from.join(".")).arg(to))
}

/// The words that make a tool go on; the others go on by themselves.
pub(crate) fn go_on(tool: Tool, command: &mut Command) {
    match tool {
        Tool::Curl => drop(command.args(["--continue-at", "-"])),
        Tool::Aria2c | Tool::Wget2 => drop(command.arg("--continue")),
        Tool::Qetch | Tool::Axel => {}
    }
}

fn truncated(original: &Path, file: &Path) -> Result<(), String> {
    let fault = |error: std::io::Error| format!("{}: {error}", file.display());
    let whole = File::open(original).map_err(fault)?;
    let size = whole.metadata().map_err(fault)?.len();
    std::io::copy(&mut whole.take(size / 2), &mut File::create(file).map_err(fault)?).map(drop).map_err(fault)
}

fn interrupted(tool: &Installed, url: &str, file: &Path, after: Duration) -> Result<(), String> {
    let mut command = tool.fetch(&Fetch::new(url, file));
    let line = process::command_line(&command);
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.spawn().map_err(|error| format!("`{line}` does not start: {error}"))?;
    thread::sleep(after);
    let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    let asked = Instant::now();
    while asked.elapsed() < ENDING {
        if child.try_wait().is_ok_and(|status| status.is_some()) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    Ok(())
}

/// How much of `original` the largest file of a folder has in its place.
fn there(original: &Path, folder: &Path) -> Result<f64, String> {
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let entries = fs::read_dir(folder).map_err(fault)?.filter_map(Result::ok);
    let part = entries.map(|entry| entry.path()).max_by_key(|path| length(path));
    let part = part.ok_or_else(|| format!("nothing was left in {}", folder.display()))?;
    let (mut whole, mut part) = (File::open(original).map_err(fault)?, File::open(part).map_err(fault)?);
    let (mut blocks, mut same) = (0_u32, 0_u32);
    let (mut left, mut right) = (vec![0; BLOCK], vec![0; BLOCK]);
    while whole.read_exact(&mut left).is_ok() {
        blocks += 1;
        same += u32::from(part.read_exact(&mut right).is_ok() && left == right);
    }
    // In whole thousandths, which every reader of the figures reads alike.
    Ok((f64::from(same) / f64::from(blocks.max(1)) * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bench::material, planted::Planted};

    #[test]
    fn what_is_there_is_counted_and_put_back() {
        let planted = Planted::new(&[]);
        let path = |name: &str| planted.path().join(name);
        material::write(&path("original"), 4 * BLOCK as u64, 1).unwrap();
        fs::create_dir_all(path("a")).unwrap();
        fs::create_dir_all(path("b")).unwrap();
        truncated(&path("original"), &path("a").join(NAME)).unwrap();
        fs::write(path("a/journal"), "planted").unwrap();
        assert_eq!(there(&path("original"), &path("a")), Ok(0.5));
        restore(&path("a"), &path("b")).unwrap();
        assert_eq!(there(&path("original"), &path("b")), Ok(0.5));
        assert!(path("b/journal").is_file());
        there(&path("original"), &path("none")).unwrap_err();
    }
}
