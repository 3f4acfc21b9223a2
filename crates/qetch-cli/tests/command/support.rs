//! The program, its surroundings and what it said.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use qetch_testkit::demo::DemoSite;
use tempfile::TempDir;

/// A directory that is all of the user's the program gets to see.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("config/qetch/auth.json")
    }

    /// The program with these arguments, in this directory.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.other(env!("CARGO_BIN_EXE_qetch"));
        command.args(arguments);
        command
    }

    /// Another program, in the same surroundings.
    pub(crate) fn other(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("QETCH_") || text.to_ascii_lowercase().ends_with("_proxy") {
                command.env_remove(name);
            }
        }
        command.env("XDG_CONFIG_HOME", self.path("config")).env("HOME", self.path("home"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        Said::of(&self.command(arguments).output().unwrap())
    }

    /// Runs it with `input` on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Said {
        let file = self.path("input");
        std::fs::write(&file, input).unwrap();
        let mut command = self.command(arguments);
        Said::of(&command.stdin(std::fs::File::open(file).unwrap()).output().unwrap())
    }

    /// The files in a directory, by name.
    pub(crate) fn files(&self, directory: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path(directory)) else { return Vec::new() };
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(|entry| name(entry).into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// The lines of its result, as JSON.
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Asserts that it did what it was asked for, and says the lines of its result.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<&str> {
        assert_eq!(self.code, 0, "{self:?}");
        self.out.lines().collect()
    }

    /// Asserts that it failed for want of room, and said what to do.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn has_found_no_room(&self) {
        self.failed(1, "there is no room for f.mp4");
        self.failed(1, "make room and run it again");
    }

    /// Asserts that it failed with this code, printing nothing but this on its standard error.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, message: &str) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        assert!(self.err.contains(message), "{self:?}");
    }
}

/// The demo site, and the argument that leads to it.
pub(crate) struct Site {
    site: DemoSite,
    pub(crate) route: String,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let site = DemoSite::start(None).await.unwrap();
        Self { route: format!("--route=*={}", site.url()), site }
    }

    /// What it was asked.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.site.origin().requests().into_iter().map(|seen| seen.path).collect()
    }
}

pub(crate) use qetch_testkit::demo::LINK;

/// The name of the best rendition's file.
pub(crate) const BEST: &str = "A quokka that is only a test pattern [cleversamplequokka-mp4].mp4";

/// The bytes of a file of the demo site.
pub(crate) fn published(name: &str) -> Vec<u8> {
    let media = Path::new(env!("CARGO_MANIFEST_DIR")).join("../qetch-testkit/media");
    std::fs::read(media.join(name)).unwrap()
}
