//! `cargo xtask demo`: the whole path from a link to a checked file, against a local site and without a network.

mod checksum;
mod site;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use crate::{peers, process, programs, report, workspace::Workspace};
use site::Site;

/// The link that is extracted; the demo site answers for its host.
const LINK: &str = "https://gfycat.com/CleverSampleQuokka";

/// Where the download goes, below the workspace.
const DIRECTORY: &str = "target/demo";

/// Builds the command and the site, extracts, downloads, and checks the file against what the site published.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if let Some(unknown) = arguments.first() {
        return Err(format!("`demo` takes no arguments, but got `{unknown}`"));
    }
    let started = Instant::now();
    let root = Workspace::load()?.root;
    let [program, site] =
        programs::build(&root, &["qetch-cli", "qetch-testkit"], ["qetch", "qetch-demo-site"])?;
    println!("built in {}\n", report::seconds(started.elapsed()));

    let site = Site::start(&site)?;
    let offer = site.offer();
    println!("a local site answers as gfycat.com did, at {}", offer.origin);
    let route = format!("*={}", offer.origin);

    let qetch = starter(&program, &root);
    extract(&qetch, &route)?;
    let file = root.join(download(&qetch, &route)?);

    let size = fs::metadata(&file)
        .map_err(|error| format!("the command named {}, but: {error}", file.display()))?
        .len();
    let sha256 = checksum::sha256(&file)?;
    checksum::compare(&offer.sha256, &sha256)?;
    println!("\nsha256 {sha256}: the same as {} on the site", offer.name);
    if let Some(media) = media(&file) {
        println!("{media}");
    }
    println!("the file: {} ({size} bytes)", file.display());
    println!("total: {}", report::seconds(started.elapsed()));
    Ok(())
}

/// How the command is started: in `root`, with these arguments.
fn starter(program: &Path, root: &Path) -> impl Fn(&[&str]) -> Command {
    move |arguments| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(root).stdin(Stdio::null());
        for name in peers::PROXIES {
            command.env_remove(name);
        }
        println!("\n$ {}", process::command_line(&command));
        command
    }
}

fn extract(qetch: &impl Fn(&[&str]) -> Command, route: &str) -> Result<(), String> {
    process::run(&mut qetch(&["extract", "--route", route, LINK]))
}

/// Downloads, with the progress bar on our standard error, and answers with the path that the command printed.
fn download(qetch: &impl Fn(&[&str]) -> Command, route: &str) -> Result<PathBuf, String> {
    let arguments = ["download", "--route", route, "-d", DIRECTORY, LINK, "--overwrite"];
    let printed = process::capture(&mut qetch(&arguments))?;
    print!("{printed}");
    only_line(&printed).map(PathBuf::from)
}

fn only_line(printed: &str) -> Result<&str, String> {
    match printed.lines().collect::<Vec<_>>()[..] {
        [line] if !line.is_empty() => Ok(line),
        _ => Err(format!("the command should print one path, but printed: {printed:?}")),
    }
}

/// What ffprobe, where installed, says of the file.
fn media(file: &Path) -> Option<String> {
    let entries = "stream=codec_name,width,height:format=duration";
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-show_entries", entries, "-of", "default=noprint_wrappers=1"]);
    let answer = process::probe(ffprobe.arg(file))?;
    Some(format!("ffprobe: {}", answer.split_whitespace().collect::<Vec<_>>().join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_prints_one_path() {
        assert_eq!(only_line("target/demo/a.mp4\n"), Ok("target/demo/a.mp4"));
        only_line("").unwrap_err();
        only_line("\n").unwrap_err();
        only_line("a\nb\n").unwrap_err();
    }
}
