//! The command line: what is accepted, and what `--help` says of it.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use qetch::AuthKind;

use crate::{route::Route, select::Select};

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
    Download(DownloadArguments),
    /// Show what is behind links, without downloading it
    Extract(ExtractArguments),
    /// Show every extractor of this build, or who claims a link
    Extractors(ExtractorsArguments),
    /// Keep credentials for sites that want a login
    #[command(subcommand)]
    Auth(AuthCommand),
}

#[derive(Debug, Args)]
pub(crate) struct DownloadArguments {
    /// The links
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// Write the one result to this file
    #[arg(short, long, value_name = "FILE", conflicts_with = "directory")]
    pub(crate) output: Option<PathBuf>,
    /// Write results into this directory, which is created where it is missing
    #[arg(short, long, value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(crate) directory: PathBuf,
    /// Which rendition: best (unless set), worst, a uid, or ext=EXT for the best with that extension
    #[arg(short, long, value_name = "SELECT", default_value = "best", hide_default_value = true)]
    pub(crate) format: Select,
    /// Fragments at once; 1 unless set
    #[arg(long, value_name = "N", help_heading = "Connections")]
    pub(crate) max_fragments: Option<NonZeroUsize>,
    /// Connections for each fragment; 8 unless set. With neither of the two, 8 are spent where they help
    #[arg(long, value_name = "N", help_heading = "Connections")]
    pub(crate) max_connections: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) network: NetworkArguments,
    /// Replace a file that exists
    #[arg(long)]
    pub(crate) overwrite: bool,
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
    pub(crate) network: NetworkArguments,
    #[command(flatten)]
    pub(crate) voice: VoiceArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ExtractorsArguments {
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

#[derive(Debug, Args)]
pub(crate) struct NetworkArguments {
    /// Ask URL in place of HOST, or of every host for `*`; the Host header stays. May be repeated
    #[arg(long = "route", value_name = "HOST=URL", help_heading = "Connections")]
    pub(crate) routes: Vec<Route>,
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
    fn what_is_not_built_is_not_accepted() {
        for wrong in [
            ["qetch", "--limit-rate=1M", "https://h.example/"].as_slice(),
            &["qetch", "-f", "height<=720", "https://h.example/"],
            &["qetch", "--max-connections", "0", "https://h.example/"],
            &["qetch", "-o", "f", "-d", "d", "https://h.example/"],
            &["qetch", "-q", "-v", "https://h.example/"],
            &["qetch", "completions", "bash", "--x"],
        ] {
            assert_eq!(Arguments::try_parse_from(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }
}
