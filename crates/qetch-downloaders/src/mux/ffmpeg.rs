//! Running ffmpeg: what it says when it fails is kept, and it does not outlive who waits for it.

use std::{path::Path, process::Stdio};

use qetch_core::files;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::Command,
};

use super::{
    command::Plan,
    sink::Made,
    stop::{Done, Stop},
};

/// Of what it says, its last words.
const LAST_WORDS: usize = 2048;

/// Makes `to`, or says why it cannot; then there is no such file.
pub(super) async fn run(program: &Path, plan: &Plan, to: &Path) -> Done<()> {
    files::check_free(to, false)?;
    // Dropped after the process, which is killed then.
    let made = Made::by_another(to);
    let mut command = Command::new(program);
    // It would write a report beside whatever it is run in.
    command.args(plan.arguments(to)).env_remove("FFREPORT").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let failed = |error: std::io::Error| Stop::apart(format!("{} does not run: {error}", program.display()));
    let mut child = command.spawn().map_err(failed)?;
    let words = match child.stderr.take() {
        Some(stderr) => last_words(stderr).await,
        None => String::new(),
    };
    let status = child.wait().await.map_err(failed)?;
    if !status.success() {
        // What it did not want to write over is not ours to remove.
        if words.contains("already exists") {
            made.keep();
            return Err(files::exists(to).into());
        }
        let words = if words.is_empty() { status.to_string() } else { words };
        return Err(Stop::apart(format!("ffmpeg failed: {words}")));
    }
    if !to.is_file() {
        return Err(Stop::apart("ffmpeg made no file"));
    }
    made.keep();
    Ok(())
}

/// The end of what comes from `from`, in one line.
async fn last_words(mut from: impl AsyncRead + Unpin) -> String {
    let mut kept = Vec::new();
    let mut block = [0; LAST_WORDS];
    while let Ok(len @ 1..) = from.read(&mut block).await {
        kept.extend(&block[..len]);
        kept.drain(..kept.len().saturating_sub(LAST_WORDS));
    }
    let text = String::from_utf8_lossy(&kept);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join("; ");
    line.chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(said: &str, expected: &str) {
        assert_eq!(last_words(said.as_bytes()).await, expected);
    }

    #[tokio::test]
    async fn the_last_words_are_one_line() {
        check("one\n\n two \x1b[0m\n", "one; two [0m").await;
        check("", "").await;
        let long = format!("{}end", "x".repeat(5000));
        check(&long, &long[long.len() - LAST_WORDS..]).await;
    }
}
