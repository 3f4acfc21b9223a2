//! The document: every table and every verdict from the figures, none by hand.

use super::{
    data::{Data, Entry, Outcome},
    goals,
    options::RUNS,
    race::{RACES, Race},
    statistics::Median,
};

/// What stands before the figures.
const OPENING: &str = "\
# Benchmarks

Written by `cargo xtask bench` from [`benchmarks.json`](benchmarks.json), and not by hand: `cargo xtask lint` holds the
two together.

The same work is done by qetch and by the peers that are installed, on one machine, over its loopback. To repeat it:

```sh
apt-get install nginx-light openssl curl aria2 axel wget2 strace ffmpeg yt-dlp streamlink
cargo xtask bench                  # everything; writes this document
cargo xtask bench --only raw tls   # some races; prints only
cargo xtask bench --only raw --into-document   # puts these figures in place of those that are here
cargo xtask bench --quick          # small files, one run: does everything work?
```
";

/// What stands after them.
const CLOSING: &str = "\
## How it is measured

- qetch is built with `cargo build --release` and its default features, and runs with its default options. Each peer
  has the options that suit it best; the commands stand below each table.
- In each round every contestant runs once, one after the other, in an order that rotates. A first round warms up and
  does not count.
- **Wall** is the time from before the start of the program to after its end. Behind the median stands its interval: in
  95 of 100 cases it holds the true median, whatever the distribution (order statistics). With fewer than six runs it
  is the range of all of them.
- **Ratio** is the median of the ratios within each round, with its interval, so that what slows a whole round cancels.
  It compares with the peer whose median wall time is the lowest. Where a goal says *of each round*, it compares with
  the fastest peer of that round, whichever it is: that is the strictest reading.
- A goal is met when the interval reaches it. Memory is judged by the worst run.
- **Processor time** (user and system) and **peak memory** are what the system counted for the program and its children
  (`getrusage`), apart from everything else. Processor time and **system calls** (`strace -f -c`, one more run) are the
  firm figures on a noisy machine.
- **Bytes**: every file of every run is compared with the original, after the clock has stopped.
- Files come from nginx (`sendfile on`, `access_log off`) out of memory, and arrive in memory, or on a disk where a race
  says so. Rates are held by `qetch-throttled-origin` of the testkit: nginx lets the first second of each answer
  through at once, which is all of a small share. Playlists and their segments are those of `qetch-segment-origin` of the
  testkit, out of memory; each connection has a thread there, and its processor time is not counted.
- Where a race says when it was measured, it was run apart from the others, on the same machine, with the commit that stands
  there.
- Each tool is bound to no user's configuration and to no proxy.
";

/// The whole document.
pub(crate) fn document(data: &Data) -> String {
    let mut text = String::from(OPENING);
    text.push_str("\n## Machine and tools\n\n| | |\n|---|---|\n");
    for (name, value) in data.machine.iter().chain(&data.tools) {
        text.push_str(&format!("| {name} | {} |\n", value.replace('|', "\\|")));
    }
    if let Some(missing) = &data.missing {
        text.push_str(&format!("\n**{missing}**\n"));
    }
    text.push_str("\n## Goals\n\n");
    text.push_str(&format!("{} Each figure is a median with its interval.\n\n", goals::summary(data)));
    text.push_str("| race | goal | measured | verdict |\n|---|---|---|---|\n");
    for outcome in &data.races {
        for judged in goals::judge(outcome) {
            let (goal, measured, verdict) = (&judged.goal, &judged.measured, judged.verdict.word());
            text.push_str(&format!("| {} | {goal} | {measured} | {verdict} |\n", outcome.name));
        }
    }
    text.push_str(
        "\n![Wall time against the fastest peer, processor time and memory, by race](benchmarks.svg)\n\n",
    );
    for outcome in &data.races {
        if let Some(race) = RACES.iter().find(|race| race.name == outcome.name) {
            text.push_str(&section(race, outcome));
        }
    }
    text.push_str(CLOSING);
    text
}

/// Why no document may be written from these figures alone.
pub(crate) fn refusal(data: &Data) -> Option<String> {
    let is_there = |race: &&Race| data.races.iter().any(|outcome| outcome.name == race.name);
    match RACES.iter().find(|race| !is_there(race)) {
        Some(race) => Some(format!("the race `{}` was not run", race.name)),
        None => too_few_runs(data),
    }
}

/// Why these figures may not go into a document, where others may be missing.
pub(crate) fn too_few_runs(data: &Data) -> Option<String> {
    for race in RACES {
        let Some(outcome) = data.races.iter().find(|outcome| outcome.name == race.name) else { continue };
        let runs = outcome.entries.iter().map(|entry| entry.samples.len()).min().unwrap_or(0);
        if outcome.not_run.is_none() && runs < RUNS {
            return Some(format!("the race `{}` was run {runs} times, and {RUNS} are needed", race.name));
        }
    }
    None
}

fn section(race: &Race, outcome: &Outcome) -> String {
    let mut text = format!("## {} (`{}`)\n\n", race.title, race.name);
    if let Some(reason) = &outcome.not_run {
        text.push_str(&format!("**Not run: {reason}**\n\n"));
        return text;
    }
    text.push_str(&format!("{}{}\n\n", amount(outcome), race.note));
    text.push_str(&table(outcome));
    text.push('\n');
    for judged in goals::judge(outcome) {
        text.push_str(&format!("- Goal: {}: {} ({})\n", judged.goal, judged.measured, judged.verdict.word()));
    }
    let there = |entry: &Entry| entry.there.map(|there| format!("{} {:.1} %", entry.label, there * 100.0));
    let there: Vec<_> = outcome.entries.iter().filter_map(there).collect();
    if !there.is_empty() {
        text.push_str(&format!("\nThere before: {}.\n", there.join(", ")));
    }
    if let Some(measured) = &outcome.measured {
        text.push_str(&format!("\nMeasured: {measured}.\n"));
    }
    text.push_str("\n```sh\n");
    for entry in &outcome.entries {
        text.push_str(&format!("{}\n", entry.command));
    }
    text.push_str("```\n\n");
    text
}

/// The table of one race, as it is also printed.
pub(crate) fn table(outcome: &Outcome) -> String {
    let calls = outcome.entries.iter().any(|entry| entry.calls.is_some());
    let mut text = String::from("| | wall, s | ratio to the fastest peer | processor, s | peak, MiB |");
    text.push_str(if calls { " system calls | bytes |\n" } else { " bytes |\n" });
    text.push_str(if calls { "|---|---|---|---|---|---|---|\n" } else { "|---|---|---|---|---|---|\n" });
    for entry in &outcome.entries {
        let peak = entry.samples.iter().map(|sample| sample.peak).max().unwrap_or(0) as f64 / 1024.0;
        let label = if entry.label == "qetch" { "**qetch**" } else { &entry.label };
        text.push_str(&format!(
            "| {label} | {} | {} | {} | {peak:.1} |",
            cell(goals::wall(entry)),
            cell(ratio(outcome, entry)),
            cell(goals::processor(entry)),
        ));
        if calls {
            text.push_str(&entry.calls.map_or(" |".to_owned(), |calls| format!(" {calls} |")));
        }
        text.push_str(&format!(" {} |\n", bytes(entry)));
    }
    text
}

/// The ratio of wall times to those of the fastest peer.
pub(crate) fn ratio(outcome: &Outcome, entry: &Entry) -> Option<Median> {
    Median::of_ratios(&goals::walls(entry), &goals::walls(goals::fastest(outcome)?))
}

fn amount(outcome: &Outcome) -> String {
    let runs = outcome.entries.iter().map(|entry| entry.samples.len()).max().unwrap_or(0);
    let bytes = match outcome.bytes {
        0 => String::new(),
        bytes if bytes % (1 << 20) == 0 => format!("{} MiB, ", bytes >> 20),
        bytes => format!("{bytes} bytes, "),
    };
    format!("{bytes}{runs} runs each. ")
}

fn cell(median: Option<Median>) -> String {
    let Some(Median { low, middle, high }) = median else { return "none".to_owned() };
    // Short times need the places that long ones do not.
    let places = if middle < 0.1 { 4 } else { 3 };
    format!("{middle:.places$} [{low:.places$}, {high:.places$}]")
}

fn bytes(entry: &Entry) -> String {
    match entry.faults() {
        None => "right".to_owned(),
        Some((count, first)) => {
            format!("**{count} of {} failed**: {}", entry.samples.len(), first.replace('|', "\\|"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_file_a_missing_tool_and_a_missed_goal_are_told() {
        let mut outcome = Outcome::planted("raw", &[("qetch", &[2.0; 9]), ("curl", &[1.0; 9])]);
        outcome.entries[1].samples[3].fault = Some("raw.bin: WRONG BYTES".to_owned());
        outcome.entries[0].calls = Some(7);
        outcome.measured = Some("monday, abc".to_owned());
        let not_run =
            Outcome { name: "tls".into(), not_run: Some("no openssl".into()), ..Outcome::default() };
        let missing = Some("not installed and left out: axel".to_owned());
        let data = Data { races: vec![outcome, not_run], missing, ..Data::default() };
        let text = document(&data);
        for expected in [
            "not installed and left out: axel",
            "| **qetch** | 2.000 [2.000, 2.000] | 2.000 [2.000, 2.000] | 0.200 [0.200, 0.200] | 8.0 | 7 | right |",
            "**1 of 9 failed**: raw.bin: WRONG BYTES",
            "| raw | wall ≤ 1.05 × the fastest peer of each round | 2.000 [2.000, 2.000] | **missed** |",
            "\nMeasured: monday, abc.\n",
            "**Not run: no openssl**",
            "1024 MiB, 9 runs each.",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }

    #[test]
    fn too_few_runs_or_races_write_no_document() {
        let all = |runs: usize| {
            let walls = vec![1.0; runs];
            let races = RACES.iter().map(|race| Outcome::planted(race.name, &[("qetch", &walls)])).collect();
            Data { races, ..Data::default() }
        };
        assert_eq!(refusal(&all(9)), None);
        assert!(refusal(&all(8)).unwrap().contains("`raw` was run 8 times"));
        let mut some = all(9);
        some.races.pop();
        assert_eq!(refusal(&some), Some("the race `start` was not run".to_owned()));
        assert_eq!(too_few_runs(&some), None);
        assert!(too_few_runs(&all(8)).is_some());
    }
}
