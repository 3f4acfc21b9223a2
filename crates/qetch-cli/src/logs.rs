//! Logs: what the libraries tell of their work, on standard error.

use std::{env, io, io::IsTerminal as _};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, fmt, prelude::*};

use crate::{args::VoiceArguments, console::Console};

/// Begins to print logs: warnings, more when asked for more, none when asked for quiet.
pub(crate) fn begin(voice: VoiceArguments, console: &Console) {
    let level = match voice.verbose {
        _ if voice.quiet => return,
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let color = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let format = fmt::layer().without_time().with_target(false).with_ansi(color).with_writer(console.clone());
    // The names of all our crates begin so.
    let ours = Targets::new().with_target("qetch", level);
    tracing_subscriber::registry().with(format.with_filter(ours)).init();
}
