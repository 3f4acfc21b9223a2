//! Progress: a bar on a terminal for people, a JSON object a line for programs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{BinaryBytes, MultiProgress, ProgressBar, ProgressStyle};
use qetch::{Phase, Progress, ProgressHook, Report};
use serde_json::json;

use crate::{args::ProgressMode, console::Console, link::Link, plain::plain};

/// How one download's progress is shown, and the hook that hears of it.
#[derive(Debug)]
pub(crate) enum Shown {
    Nothing,
    Bar(Arc<Bar>),
    Json(Arc<Json>),
}

impl Shown {
    /// For the content `uid` of `link`, whose file will be called `name`.
    pub(crate) fn new(mode: ProgressMode, console: &Console, link: &Link, uid: &str, name: &str) -> Self {
        match (mode, console.bars()) {
            (ProgressMode::Json, _) if !console.is_quiet() => Self::Json(Arc::new(Json {
                console: console.clone(),
                url: link.for_programs(),
                uid: uid.to_owned(),
            })),
            (ProgressMode::Auto, Some(bars)) => Self::Bar(Arc::new(Bar::new(bars, name))),
            _ => Self::Nothing,
        }
    }

    /// What hears of the progress.
    pub(crate) fn hook(&self) -> Option<Arc<dyn ProgressHook>> {
        match self {
            Self::Nothing => None,
            Self::Bar(bar) => Some(bar.clone()),
            Self::Json(json) => Some(json.clone()),
        }
    }

    /// What is left on the screen of a finished download.
    pub(crate) fn summary(&self, report: &Report) -> Option<String> {
        match self {
            Self::Bar(bar) => Some(bar.summary(report)),
            _ => None,
        }
    }
}

/// A bar for one download. It goes away with it.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    started: Instant,
    attempt: AtomicU32,
    resumed: AtomicU64,
    is_estimate: AtomicBool,
}

impl Bar {
    fn new(bars: &MultiProgress, name: &str) -> Self {
        let bar = bars.add(ProgressBar::no_length().with_style(style(WAITING)).with_message(plain(name)));
        bar.set_prefix(Phase::Connecting.to_string());
        Self {
            bar,
            started: Instant::now(),
            attempt: AtomicU32::new(0),
            resumed: AtomicU64::new(0),
            is_estimate: AtomicBool::new(false),
        }
    }

    fn summary(&self, report: &Report) -> String {
        let elapsed = self.started.elapsed().as_secs_f64();
        let fetched = report.bytes.saturating_sub(report.resumed);
        let speed = BinaryBytes((fetched as f64 / elapsed.max(0.001)) as u64);
        let connections = match report.connections {
            1 => "1 connection".to_owned(),
            count => format!("{count} connections"),
        };
        let resumed = match report.resumed {
            0 => String::new(),
            resumed => format!(", {} of an earlier run", BinaryBytes(resumed)),
        };
        format!("{} in {elapsed:.1} s, {speed}/s, {connections}{resumed}", BinaryBytes(report.bytes))
    }
}

impl ProgressHook for Bar {
    fn update(&self, progress: Progress) {
        let was_estimate = self.is_estimate.swap(progress.is_estimate, Ordering::Relaxed);
        if let Some(total) = progress.total
            && (self.bar.length(), was_estimate) != (Some(total), progress.is_estimate)
        {
            self.bar.set_style(style(if progress.is_estimate { ESTIMATED } else { KNOWN }));
            self.bar.set_length(total);
        }
        self.bar.set_prefix(match (progress.phase, progress.fragments) {
            (Phase::Fetching, (_, 0 | 1)) => String::new(),
            (Phase::Fetching, (done, all)) => format!("{done}/{all}"),
            (phase, _) => phase.to_string(),
        });
        self.bar.set_position(progress.done);
        // Bytes that were there already, or that an attempt gives up, say nothing of the speed.
        let is_other_attempt = self.attempt.swap(progress.attempt, Ordering::Relaxed) != progress.attempt;
        let is_resumed = self.resumed.swap(progress.resumed, Ordering::Relaxed) != progress.resumed;
        if is_other_attempt || is_resumed {
            self.bar.reset_eta();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

// The name stands on a line of its own, since names are long and cutting them hides what tells them apart.

/// While the size is not known.
const WAITING: &str = "{wide_msg}\n  {spinner} {bytes:>11} {binary_bytes_per_sec:>13}  {prefix}";

/// When it is.
const KNOWN: &str =
    "{wide_msg}\n  [{bar:16}] {bytes:>11}/{total_bytes:<11} {binary_bytes_per_sec:>13} {eta:>4}  {prefix}";

/// When it is estimated, by the fragments of which the size is known.
const ESTIMATED: &str =
    "{wide_msg}\n  [{bar:16}] {bytes:>11}/~{total_bytes:<10} {binary_bytes_per_sec:>13} {eta:>4}  {prefix}";

/// While a site is asked.
const ASKING: &str = "{spinner} {elapsed:>3} {wide_msg}";

fn style(template: &str) -> ProgressStyle {
    // A template that does not parse is a fault in this file, and the tests' to find.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ").tick_chars("|/-\\ ")
}

/// A line that is there while something is waited for.
#[derive(Debug)]
pub(crate) struct Waiting(ProgressBar);

/// Shows that `what` is waited for, where bars are drawn.
pub(crate) fn waiting(console: &Console, what: &str) -> Option<Waiting> {
    // Nothing is made where nothing is drawn: with many links that would be half of the work.
    let bars = console.bars()?;
    let bar = bars.add(ProgressBar::new_spinner().with_style(style(ASKING)).with_message(plain(what)));
    bar.enable_steady_tick(Duration::from_millis(100));
    Some(Waiting(bar))
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A JSON object a line on standard error.
#[derive(Debug)]
pub(crate) struct Json {
    console: Console,
    url: String,
    uid: String,
}

impl ProgressHook for Json {
    fn update(&self, progress: Progress) {
        let (done, total) = progress.fragments;
        let line = json!({
            "url": self.url,
            "uid": self.uid,
            "done": progress.done,
            "resumed": progress.resumed,
            "total": progress.total,
            "is_estimate": progress.is_estimate,
            "attempt": progress.attempt,
            "phase": progress.phase.to_string(),
            "fragments": { "done": done, "total": total },
        });
        self.console.raw(&line.to_string());
    }
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressDrawTarget;

    use super::*;

    #[test]
    fn the_templates_parse() {
        for template in [WAITING, KNOWN, ESTIMATED, ASKING] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }

    #[test]
    fn a_resumed_download_begins_where_it_was() {
        let bar = Bar::new(&MultiProgress::with_draw_target(ProgressDrawTarget::hidden()), "f");
        let mut progress = Progress::new(1);
        (progress.done, progress.resumed, progress.total) = (2048, 2048, Some(4096));
        bar.update(progress);
        assert_eq!((bar.bar.position(), bar.bar.length()), (2048, Some(4096)));
        // An estimate that turns out to be right is told as what it is.
        progress.is_estimate = true;
        bar.update(progress);
        assert!(bar.is_estimate.load(Ordering::Relaxed));
        let report = Report::complete(["f".into()], 4096).with_resumed(2048);
        assert!(bar.summary(&report).ends_with(", 2.00 KiB of an earlier run"), "{}", bar.summary(&report));
    }
}
