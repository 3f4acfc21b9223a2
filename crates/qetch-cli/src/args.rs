//! The command line: what is accepted, and what `--help` says of it.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use qetch::{AuthKind, Checksum, Items, LiveStart, NetworkPolicy, Select};

use crate::{
    seconds::{Seconds, Span},
    size::Size,
};

/// Finds the media behind a link and downloads it.
#[derive(Debug, Parser)]
#[command(
    name = "qetch",
    version,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) download: DownloadArguments,
}

const AFTER_HELP: &str = "\
`qetch URL...` is the same as `qetch download URL...`.

Exit codes: 0 all done, 1 a download failed, 2 usage, 3 nothing can handle the URL, 4 login needed,
5 not found or gone, 6 refused by the network policy, 7 wrong checksum or changed content, 130 interrupted.
With several URLs the rest go on, and the first failure's code is the exit code.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Download what is behind links
    Download(Box<DownloadArguments>),
    /// Show what is behind links, without downloading it
    Extract(Box<ExtractArguments>),
    /// Show the extractors of this build, all of one, or who claims a link
    Extractors(ExtractorsArguments),
    /// Keep credentials for sites that want a login
    #[command(subcommand)]
    Auth(AuthCommand),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct DownloadArguments {
    /// The links
    #[arg(required_unless_present_any = ["input_file", "content"], value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// Read more links from this file, one a line; `-` is standard input. Blank lines and those with `#` first are skipped
    #[arg(short, long, value_name = "FILE")]
    pub(crate) input_file: Option<PathBuf>,
    /// Download what `qetch extract --json` wrote to this file, without asking the sites again; `-` is standard input. It leads
    /// to public addresses alone, unless --network is any
    #[arg(long, value_name = "FILE")]
    pub(crate) content: Option<PathBuf>,
    /// Write the one result to this file
    #[arg(short, long, value_name = "FILE", conflicts_with = "directory")]
    pub(crate) output: Option<PathBuf>,
    /// Write results into this directory, which is created where it is missing
    #[arg(short, long, value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(crate) directory: PathBuf,
    /// Which rendition: a uid, or between commas: best (unless set), worst, ext=EXT, height<=N (width, fps, bandwidth; any
    /// comparison), codec=START, language=TAG, captions=TAG or captions=all, sound=no
    #[arg(short, long, value_name = "SELECT", default_value = "best", hide_default_value = true)]
    pub(crate) format: Select,
    #[command(flatten)]
    pub(crate) choice: ChoiceArguments,
    /// Replace a file that exists
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Begin afresh, whatever an earlier run left
    #[arg(long)]
    pub(crate) no_resume: bool,
    /// The checksum that the one result must have: sha256, sha1, md5 or blake3. May be repeated
    #[arg(long = "checksum", value_name = "ALGORITHM:HEX")]
    pub(crate) checksums: Vec<Checksum>,
    /// Refuse files of more bytes; any number unless set. K, M and G are factors of 1024
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_size: Option<Size>,
    /// Leave fragments out that stay unavailable, rather than fail at once. The file is made, a list of what is missing is
    /// written beside it, and the exit code is 1
    #[arg(long)]
    pub(crate) allow_gaps: bool,
    /// End a live recording after so much media: seconds, or 1h30m; to its end unless set. Ctrl-C ends one too, and its file
    /// is made
    #[arg(long, value_name = "T")]
    pub(crate) live_duration: Option<Span>,
    /// Begin a live recording at the live edge, or with the first that is still there; `edge` unless set
    #[arg(long, value_name = "WHERE", default_value = "edge", hide_default_value = true)]
    pub(crate) live_start: LiveStartArgument,
    /// Fragments at once; 1 unless set
    #[arg(long, value_name = "N", help_heading = "Connections")]
    pub(crate) max_fragments: Option<NonZeroUsize>,
    /// Connections for each fragment; 8 unless set. With neither of the two, 8 are spent where they help
    #[arg(long, value_name = "N", help_heading = "Connections")]
    pub(crate) max_connections: Option<NonZeroUsize>,
    /// Downloads at once, and links that are read at once
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Connections")]
    pub(crate) max_downloads: NonZeroUsize,
    /// Bytes a second, over everything at once; any number unless set. K, M and G are factors of 1024
    #[arg(long, value_name = "RATE", help_heading = "Connections")]
    pub(crate) limit_rate: Option<Size>,
    /// Failures in a row that a connection bears before the download fails; 8 unless set
    #[arg(long, value_name = "N", help_heading = "Connections")]
    pub(crate) retries: Option<u32>,
    #[command(flatten)]
    pub(crate) network: NetworkArguments,
    /// Progress on standard error: a bar where that is a terminal, nothing, or a JSON object a line
    #[arg(long, value_name = "HOW", default_value = "auto", hide_default_value = true)]
    pub(crate) progress: ProgressMode,
    /// Print a JSON object for each finished file instead of its path
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) voice: VoiceArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ExtractArguments {
    /// The links
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// Print a JSON object for each resource, its renditions best first, instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) choice: ChoiceArguments,
    #[command(flatten)]
    pub(crate) network: NetworkArguments,
    #[command(flatten)]
    pub(crate) voice: VoiceArguments,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ChoiceArguments {
    /// Which of the resources behind each link, by their numbers from 1: 3, 1-20, 40-, or several between commas; all of them
    /// unless set. No more is read than that takes
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    pub(crate) items: Option<Items>,
}

#[derive(Debug, Args)]
pub(crate) struct ExtractorsArguments {
    /// Show all of these extractors: hosts, logins, options, patterns and examples; a table of every one unless set
    #[arg(value_name = "NAME", conflicts_with = "link")]
    pub(crate) names: Vec<String>,
    /// Ask who claims this link, without a network; `-` reads links from standard input, one a line
    #[arg(long = "for", value_name = "URL|-")]
    pub(crate) link: Option<String>,
    /// Print a JSON object for each extractor, or for each link
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Keep the credential of an extractor: asked for on a terminal, else one line of standard input
    Add {
        /// The extractor
        name: String,
        /// Which kind of credential, where the extractor takes several
        #[arg(long)]
        kind: Option<KindArgument>,
        /// A credential where it must not stand: taken, so that it is refused without being repeated
        #[arg(hide = true)]
        misplaced: Vec<String>,
    },
    /// Show which extractors have a credential, and of which kind
    List,
    /// Forget the credential of an extractor
    Remove {
        /// The extractor
        name: String,
    },
}

// What may hold a secret is parsed later, by code that does not repeat it when it is wrong.
#[derive(Clone, Debug, Args)]
pub(crate) struct NetworkArguments {
    /// Connections to one host, over everything at once; 10 unless set
    #[arg(long, value_name = "N", help_heading = "Network")]
    pub(crate) max_per_host: Option<NonZeroUsize>,
    /// How long making a connection may take, and how long nothing may arrive; 10 and 30 seconds unless set
    #[arg(long, value_name = "SECONDS", help_heading = "Network")]
    pub(crate) timeout: Option<Seconds>,
    /// Go through this proxy: http, https, socks5 or socks5h, with user:password@ where it wants a login. Unless set, what
    /// http_proxy, https_proxy, all_proxy and no_proxy say; '' for none
    #[arg(long, value_name = "URL", help_heading = "Network")]
    pub(crate) proxy: Option<String>,
    /// Where requests may go: `public` addresses alone; `origin`: to nothing less public than the link that was given; `any`
    #[arg(long = "network", value_name = "POLICY", default_value = "origin", help_heading = "Network")]
    pub(crate) policy: NetworkPolicy,
    /// Trust the authorities in this file (PEM), besides those of the system
    #[arg(long, value_name = "FILE", help_heading = "Network")]
    pub(crate) ca_certificate: Option<PathBuf>,
    /// Send this header to the hosts of the links; those that cannot be secrets, such as Accept-Language and Referer, to
    /// every host. May be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", help_heading = "Network")]
    pub(crate) headers: Vec<String>,
    /// Introduce every request so, rather than as qetch
    #[arg(long, value_name = "TEXT", help_heading = "Network")]
    pub(crate) user_agent: Option<String>,
    /// Set an option of an extractor (`qetch extractors EXTRACTOR` shows them); `@FILE` as the value is the first line of that
    /// file. May be repeated
    #[arg(long = "option", value_name = "EXTRACTOR.NAME=VALUE", help_heading = "Network")]
    pub(crate) options: Vec<String>,
    /// Ask URL in place of HOST, or of every host for `*`; the Host header stays. May be repeated
    #[arg(long = "route", value_name = "HOST=URL", help_heading = "Network")]
    pub(crate) routes: Vec<String>,
    /// Write all that is asked and answered to DIR/recording.cassette, as text and without secrets
    #[arg(long, value_name = "DIR", conflicts_with = "replay", help_heading = "Network")]
    pub(crate) record: Option<PathBuf>,
    /// Answer from every *.cassette of DIR, and never from the network
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["proxy", "ca_certificate", "routes"],
        help_heading = "Network"
    )]
    pub(crate) replay: Option<PathBuf>,
}

impl NetworkArguments {
    /// Whether something is recorded or replayed.
    pub(crate) fn has_cassette(&self) -> bool {
        self.record.is_some() || self.replay.is_some()
    }
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct VoiceArguments {
    /// Print nothing but results and errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print what is done; twice for more
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressMode {
    Auto,
    Never,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LiveStartArgument {
    Edge,
    Window,
}

impl From<LiveStartArgument> for LiveStart {
    fn from(start: LiveStartArgument) -> Self {
        match start {
            LiveStartArgument::Edge => Self::Edge,
            LiveStartArgument::Window => Self::Window,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArgument {
    Basic,
    Oauth,
    Token,
}

impl From<KindArgument> for AuthKind {
    fn from(kind: KindArgument) -> Self {
        match kind {
            KindArgument::Basic => Self::Basic,
            KindArgument::Oauth => Self::OAuth,
            KindArgument::Token => Self::Token,
        }
    }
}

/// The names of the subcommands, for who puts something before them.
pub(crate) const COMMANDS: [&str; 4] = ["download", "extract", "extractors", "auth"];

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_names_are_those_of_the_subcommands() {
        let command = Arguments::command();
        let names: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();
        assert_eq!(names, COMMANDS);
    }

    #[test]
    fn a_link_alone_is_a_download() {
        let arguments = Arguments::try_parse_from(["qetch", "-o", "f", "https://h.example/"]).unwrap();
        assert!(arguments.command.is_none());
        assert_eq!(arguments.download.urls, ["https://h.example/"]);
        let same = Arguments::try_parse_from(["qetch", "download", "https://h.example/"]).unwrap();
        assert!(matches!(same.command, Some(Command::Download(it)) if it.urls == ["https://h.example/"]));
    }

    #[test]
    fn items_may_begin_with_a_hyphen() {
        for command in [["qetch", "--items", "-5,9"].as_slice(), &["qetch", "extract", "--items=-5,9"]] {
            let all = [command, &["https://h.example/"]].concat();
            let arguments = Arguments::try_parse_from(all).unwrap();
            let choice = match arguments.command {
                Some(Command::Extract(extract)) => extract.choice,
                _ => arguments.download.choice,
            };
            assert_eq!(choice.items.unwrap().to_string(), "1-5,9");
        }
    }

    #[test]
    fn what_is_not_built_is_not_accepted() {
        for wrong in [
            ["qetch", "--live-duration=soon", "https://h.example/"].as_slice(),
            &["qetch", "--live-start=end", "https://h.example/"],
            &["qetch", "--archive=f", "https://h.example/"],
            &["qetch", "--limit-rate=0", "https://h.example/"],
            &["qetch", "--timeout=0", "https://h.example/"],
            &["qetch", "--checksum=sha256:12", "https://h.example/"],
            &["qetch", "--max-downloads=0", "https://h.example/"],
            &["qetch", "--retries=-1", "https://h.example/"],
            &["qetch", "extract", "-i", "links"],
            &["qetch", "--items=0", "https://h.example/"],
            &["qetch", "extract", "--items=", "https://h.example/"],
            &["qetch", "-f", "height<=tall", "https://h.example/"],
            &["qetch", "-f", "depth<=720", "https://h.example/"],
            &["qetch", "--max-connections", "0", "https://h.example/"],
            &["qetch", "-o", "f", "-d", "d", "https://h.example/"],
            &["qetch", "-q", "-v", "https://h.example/"],
            &["qetch", "completions", "bash", "--x"],
        ] {
            assert_eq!(Arguments::try_parse_from(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }
}
