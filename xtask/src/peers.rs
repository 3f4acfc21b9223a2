//! The tools that download: qetch and its peers, which of them this machine has, and how each is asked for a file.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::process;

/// Connections that a tool is asked for where it can use several; what qetch uses when it is told nothing.
pub(crate) const CONNECTIONS: usize = 8;

/// Variables that would send a tool's requests to a proxy, which does not know our local servers.
pub(crate) const PROXIES: &[&str] =
    &["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// A program that downloads; every one but qetch is a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    Qetch,
    Curl,
    Aria2c,
    Axel,
    Wget2,
}

/// Every tool, qetch first.
pub(crate) const TOOLS: [Tool; 5] = [Tool::Qetch, Tool::Curl, Tool::Aria2c, Tool::Axel, Tool::Wget2];

impl Tool {
    /// The name of its program.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Qetch => "qetch",
            Self::Curl => "curl",
            Self::Aria2c => "aria2c",
            Self::Axel => "axel",
            Self::Wget2 => "wget2",
        }
    }

    /// The Debian package that holds its program.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Aria2c => "aria2",
            other => other.name(),
        }
    }

    /// Whether it splits one file over several connections.
    pub(crate) fn splits(self) -> bool {
        self != Self::Curl
    }
}

/// The tools of this machine, and those it does not have.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) found: Vec<Installed>,
    pub(crate) missing: Vec<Tool>,
}

/// A tool with its program and its version.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    pub(crate) tool: Tool,
    pub(crate) program: PathBuf,
    /// The first line of what it says of its version.
    pub(crate) version: String,
    /// A folder that stands for the home of a user who has configured nothing.
    home: PathBuf,
}

impl Tools {
    /// The program given for qetch, and every peer that is installed. What tools keep at home, they keep in `home`.
    pub(crate) fn find(qetch: &Path, home: &Path) -> Self {
        Self::find_with(home, |tool| match tool {
            Tool::Qetch => Some(qetch.to_owned()),
            peer => process::find(peer.name()),
        })
    }

    pub(crate) fn find_with(home: &Path, program: impl Fn(Tool) -> Option<PathBuf>) -> Self {
        let mut tools = Self { found: Vec::new(), missing: Vec::new() };
        for tool in TOOLS {
            let installed = program(tool).and_then(|program| Installed::ask(tool, program, home));
            match installed {
                Some(installed) => tools.found.push(installed),
                None => tools.missing.push(tool),
            }
        }
        tools
    }

    /// Names the tools that are missing and how to install them; nothing when all are there.
    pub(crate) fn missing_sentence(&self) -> Option<String> {
        let names =
            |of: fn(Tool) -> &'static str| self.missing.iter().map(|tool| of(*tool)).collect::<Vec<_>>();
        if self.missing.is_empty() {
            return None;
        }
        let (missing, packages) = (names(Tool::name).join(", "), names(Tool::package).join(" "));
        Some(format!("not installed and left out: {missing} (`apt-get install {packages}`)"))
    }
}

/// One file to fetch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fetch<'a> {
    pub(crate) url: &'a str,
    pub(crate) to: &'a Path,
    /// How many connections may be used; tools that cannot split a file use one.
    pub(crate) connections: usize,
    /// A certificate authority to trust, in PEM.
    pub(crate) authority: Option<&'a Path>,
    /// How often to try again and how long to wait for a sign of life, where the tool's own answer is not wanted.
    pub(crate) patience: Option<Patience>,
}

impl<'a> Fetch<'a> {
    /// This URL to this file, over as many connections as qetch uses by itself.
    pub(crate) fn new(url: &'a str, to: &'a Path) -> Self {
        Self { url, to, connections: CONNECTIONS, authority: None, patience: None }
    }
}

/// How much a tool bears before it gives up. With it comes what makes the tool's result surer rather than faster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) retries: u32,
    /// For making a connection, and for silence on it.
    pub(crate) seconds: u32,
}

/// Several files to fetch into one folder, each under the last name of its URL's path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) urls: &'a [String],
    pub(crate) folder: &'a Path,
    /// Where the tool's own kind of list is written.
    pub(crate) list: &'a Path,
    pub(crate) at_once: usize,
    /// Connections for each file, where the tool splits files.
    pub(crate) connections: usize,
}

impl Installed {
    fn ask(tool: Tool, program: PathBuf, home: &Path) -> Option<Self> {
        let mut installed = Self { tool, program, version: String::new(), home: home.to_owned() };
        let answer = process::probe(&mut installed.version_command())?;
        installed.version = answer.lines().find(|line| !line.trim().is_empty())?.trim().to_owned();
        Some(installed)
    }

    /// Asks for its version, which is as good as nothing to do.
    pub(crate) fn version_command(&self) -> Command {
        self.command(["--version"])
    }

    /// Fetches one file.
    pub(crate) fn fetch(&self, fetch: &Fetch<'_>) -> Command {
        let connections = fetch.connections.to_string();
        let mut command = match self.tool {
            Tool::Qetch => self.command(["download", "--quiet"]),
            Tool::Curl => self.command(["--disable", "--silent", "--show-error", "--fail", "--location"]),
            Tool::Aria2c => self.aria2c(fetch.connections),
            Tool::Axel => self.command(["-q", "-N", "-n", &connections]),
            Tool::Wget2 => self.command(["--quiet", "--no-hsts"]),
        };
        if let Some(patience) = fetch.patience {
            command.args(patience.arguments(self.tool));
        }
        match (self.tool, fetch.authority) {
            (_, None) => {}
            // It has no option for this, and its check of the host refuses even a certificate that is right.
            (Tool::Axel, Some(_)) => drop(command.arg("--insecure")),
            (Tool::Curl, Some(authority)) => drop(command.arg("--cacert").arg(authority)),
            (_, Some(authority)) => drop(command.arg(joined("--ca-certificate=", authority))),
        }
        match self.tool {
            Tool::Qetch => {
                if fetch.connections != CONNECTIONS {
                    command.args(["--max-connections", &connections]);
                }
                command.arg("--output").arg(fetch.to);
            }
            Tool::Curl => drop(command.arg("--output").arg(fetch.to)),
            Tool::Aria2c => {
                command.arg(joined("--dir=", fetch.to.parent().unwrap_or(Path::new("."))));
                command.arg(joined("--out=", fetch.to.file_name().unwrap_or_default()));
            }
            Tool::Axel => drop(command.arg("-o").arg(fetch.to)),
            Tool::Wget2 => {
                if fetch.connections > 1 {
                    command.args(["--chunk-size=1M", &format!("--max-threads={connections}")]);
                }
                command.arg("-O").arg(fetch.to);
            }
        }
        command.arg(fetch.url);
        command
    }

    /// Fetches several files, once [`Installed::list`] has been written to the list's file.
    pub(crate) fn batch(&self, batch: &Batch<'_>) -> Command {
        let (at_once, connections) = (batch.at_once.to_string(), batch.connections.to_string());
        match self.tool {
            Tool::Qetch => {
                let mut command = self.command(["download", "--quiet", "--max-downloads", &at_once]);
                command.arg("--directory").arg(batch.folder).arg("--input-file").arg(batch.list);
                command
            }
            Tool::Curl => {
                let mut command =
                    self.command(["--disable", "--silent", "--show-error", "--fail", "--location"]);
                command.args(["--parallel", "--parallel-max", &at_once, "--config"]).arg(batch.list);
                command
            }
            Tool::Aria2c => {
                let mut command = self.aria2c(batch.connections);
                command.args([format!("--max-concurrent-downloads={at_once}")]);
                command.arg(joined("--dir=", batch.folder)).arg(joined("--input-file=", batch.list));
                command
            }
            // It takes one file a run, so that several at once are several of it.
            Tool::Axel => {
                let mut command = self.prepared(Path::new("xargs"));
                command.arg("-a").arg(batch.list).args(["-n", "2", "-P", &at_once]);
                command.arg(&self.program).args(["-q", "-N", "-n", &connections, "-o"]);
                command
            }
            Tool::Wget2 => {
                let mut command = self.command(["--quiet", "--no-hsts"]);
                command.args([format!("--max-threads={at_once}")]);
                command.arg(joined("--directory-prefix=", batch.folder));
                command.arg(joined("--input-file=", batch.list));
                command
            }
        }
    }

    /// The list that [`Installed::batch`] makes the tool read.
    pub(crate) fn list(&self, batch: &Batch<'_>) -> String {
        let mut list = String::new();
        for url in batch.urls {
            let name = url.rsplit('/').next().unwrap_or(url);
            let to = batch.folder.join(name);
            list.push_str(&match self.tool {
                Tool::Qetch | Tool::Wget2 => format!("{url}\n"),
                Tool::Curl => format!("url = \"{url}\"\noutput = \"{}\"\n", to.display()),
                Tool::Aria2c => format!("{url}\n out={name}\n"),
                Tool::Axel => format!("{} {url}\n", to.display()),
            });
        }
        list
    }

    fn aria2c(&self, connections: usize) -> Command {
        let mut command = self.command(["--no-conf=true", "--quiet=true", "--async-dns=false"]);
        command.args(["--file-allocation=none", "--min-split-size=1M", "--auto-file-renaming=false"]);
        command
            .args([format!("--max-connection-per-server={connections}"), format!("--split={connections}")]);
        command
    }

    fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = self.prepared(&self.program);
        command.args(arguments);
        command
    }

    /// A program without a proxy, without input and with nothing configured.
    fn prepared(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", &self.home).env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
        for name in PROXIES {
            command.env_remove(name);
        }
        command
    }
}

impl Patience {
    fn arguments(self, tool: Tool) -> Vec<String> {
        let Self { retries, seconds } = self;
        match tool {
            Tool::Qetch => vec![format!("--retries={retries}"), format!("--timeout={seconds}")],
            Tool::Curl => {
                let (retries, seconds) = (&retries.to_string(), &seconds.to_string());
                let again = ["--retry", retries, "--retry-all-errors", "--retry-delay", "1"];
                let clocks = ["--connect-timeout", seconds, "--speed-limit", "1000", "--speed-time", seconds];
                let whole = ["--compressed", "--remove-on-error"];
                again.iter().chain(&clocks).chain(&whole).map(|&it| it.to_owned()).collect()
            }
            Tool::Aria2c => vec![
                format!("--max-tries={}", retries.saturating_add(1)),
                "--retry-wait=1".to_owned(),
                format!("--connect-timeout={seconds}"),
                format!("--timeout={seconds}"),
                "--lowest-speed-limit=1000".to_owned(),
                "--http-accept-gzip=true".to_owned(),
            ],
            // It tries again for as long as it can get a connection.
            Tool::Axel => vec![format!("--timeout={seconds}")],
            Tool::Wget2 => vec![
                format!("--tries={}", retries.saturating_add(1)),
                "--waitretry=1".to_owned(),
                format!("--timeout={seconds}"),
            ],
        }
    }
}

/// An option and its value as one argument.
fn joined(option: &str, value: impl AsRef<OsStr>) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(value);
    argument
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(tool: Tool) -> Installed {
        let program = PathBuf::from(tool.name());
        Installed { tool, program, version: String::new(), home: PathBuf::from("/home") }
    }

    #[track_caller]
    fn check(tool: Tool, fetch: &Fetch<'_>, expected: &str) {
        assert_eq!(process::command_line(&installed(tool).fetch(fetch)), expected);
    }

    #[test]
    fn each_tool_is_asked_in_its_own_words() {
        let file = Fetch::new("http://h/f", Path::new("/to/f"));
        check(Tool::Qetch, &file, "qetch download --quiet --output /to/f http://h/f");
        check(Tool::Axel, &file, "axel -q -N -n 8 -o /to/f http://h/f");
        check(
            Tool::Wget2,
            &Fetch { connections: 1, authority: Some(Path::new("/ca")), ..file },
            "wget2 --quiet --no-hsts --ca-certificate=/ca -O /to/f http://h/f",
        );
        check(
            Tool::Curl,
            &Fetch { patience: Some(Patience { retries: 3, seconds: 9 }), ..file },
            "curl --disable --silent --show-error --fail --location --retry 3 --retry-all-errors --retry-delay 1 \
             --connect-timeout 9 --speed-limit 1000 --speed-time 9 --compressed --remove-on-error --output /to/f http://h/f",
        );
        let aria2c = process::command_line(&installed(Tool::Aria2c).fetch(&file));
        assert!(aria2c.ends_with("--split=8 --dir=/to --out=f http://h/f"), "{aria2c}");
    }

    #[test]
    fn a_list_names_every_file() {
        let urls = ["http://h/a".to_owned(), "http://i/b".to_owned()];
        let (folder, list) = (Path::new("/to"), Path::new("/list"));
        let batch = Batch { urls: &urls, folder, list, at_once: 8, connections: 1 };
        for tool in TOOLS {
            let text = installed(tool).list(&batch);
            assert!(urls.iter().all(|url| text.contains(url)), "{tool:?}: {text}");
            assert!(process::command_line(&installed(tool).batch(&batch)).contains("/list"), "{tool:?}");
        }
        assert_eq!(installed(Tool::Axel).list(&batch), "/to/a http://h/a\n/to/b http://i/b\n");
    }

    #[test]
    fn a_tool_that_is_missing_is_named_with_its_package() {
        let nowhere = |tool| (tool != Tool::Aria2c).then(|| PathBuf::from("echo"));
        let tools = Tools::find_with(Path::new("."), nowhere);
        assert_eq!(tools.missing, [Tool::Aria2c]);
        let sentence = tools.missing_sentence().unwrap();
        assert_eq!(sentence, "not installed and left out: aria2c (`apt-get install aria2`)");
        let broken = Tools::find_with(Path::new("."), |_| Some(PathBuf::from("qetch-no-such-program")));
        assert_eq!(broken.missing, TOOLS);
        assert_eq!(
            Tools::find_with(Path::new("."), |_| Some(PathBuf::from("echo"))).missing_sentence(),
            None
        );
    }
}
