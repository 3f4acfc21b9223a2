//! The page that tells the figures.

use std::{fs, process::Command, thread};

use super::Figures;
use crate::process;

/// Counts that differ by more than this are said to.
const SAME: f64 = 0.001;

const HEAD: &str = "\
# Micro-benchmarks

What single steps cost: matching a URL, planning, validating a reply, the journal, listing the segments of a manifest, the
writer. `cargo xtask micro` measures them and writes this page; `cargo bench --package qetch-benches` takes the times alone, and `-- FILTER` after it those of
some. `tests/benches` says what each of them does, and each checks that it does so.

Times are medians, and tell little on a machine that has other work. Instructions are counted by callgrind and are steady, so
that they are what two versions are compared by.
";

/// What the figures were found with.
#[derive(Debug)]
pub(super) struct Machine {
    processor: String,
    threads: usize,
    compiler: String,
    valgrind: String,
}

impl Machine {
    /// This one.
    pub(super) fn look(valgrind: Option<String>) -> Self {
        let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let compiler = process::probe(Command::new("rustc").arg("--version"));
        let or_unknown = |text: Option<String>| text.map_or("unknown".into(), |text| text.trim().to_owned());
        Self {
            processor: or_unknown(processor(&information)),
            threads: thread::available_parallelism().map_or(1, usize::from),
            compiler: or_unknown(compiler),
            valgrind: valgrind.map_or("no valgrind".into(), |version| version.trim().to_owned()),
        }
    }
}

/// The processor's name in what Linux tells.
fn processor(information: &str) -> Option<String> {
    let line = information.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

/// The page.
pub(super) fn text(machine: &Machine, figures: &[Figures]) -> String {
    let Machine { processor, threads, compiler, valgrind } = machine;
    let mut text = format!("{HEAD}\nLast on {processor} with {threads} threads, {compiler}, {valgrind}.\n\n");
    text.push_str("| benchmark | of one | time | in a second | instructions |\n|---|---|--:|--:|--:|\n");
    for figure in figures {
        let counts = figure.counts.map_or("not counted".into(), |[one, _]| grouped(one));
        let (name, unit) = (&figure.work.name, &figure.work.unit);
        let (time, rate) = (time(figure.nanoseconds), rate(figure.nanoseconds));
        text.push_str(&format!("| {name} | {unit} | {time} | {rate} | {counts} |\n"));
    }
    text.push_str(&format!("\n{}\n", spread(figures)));
    text
}

/// How far two counts of the same differ.
fn spread(figures: &[Figures]) -> String {
    let differences = figures.iter().filter_map(|figure| {
        let [one, other] = figure.counts?;
        Some(((one - other).abs() / one.min(other), figure))
    });
    match differences.max_by(|(a, _), (b, _)| a.total_cmp(b)) {
        None => "No instructions were counted.".to_owned(),
        Some((difference, _)) if difference <= SAME => {
            format!(
                "Everything was counted twice, and no two counts differ by more than {:.3} %.",
                difference * 100.0
            )
        }
        Some((difference, figure)) => format!(
            "Everything was counted twice. The counts of {} differ by {:.2} %: do not compare by them.",
            figure.work.name,
            difference * 100.0
        ),
    }
}

fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        ..1e3 => (nanoseconds, "ns"),
        ..1e6 => (nanoseconds / 1e3, "µs"),
        _ => (nanoseconds / 1e6, "ms"),
    };
    format!("{} {unit}", short(value))
}

fn rate(nanoseconds: f64) -> String {
    let rate = 1e9 / nanoseconds;
    match rate {
        1e6.. => format!("{} million", short(rate / 1e6)),
        1e3.. => format!("{} thousand", short(rate / 1e3)),
        _ => short(rate),
    }
}

/// With about three digits.
fn short(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A whole number with its thousands apart.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{super::Work, *};

    fn figures(counts: Option<[f64; 2]>) -> Figures {
        let work = Work { name: "a/b".into(), unit: "URL".into(), units: 1, is_counted: true };
        Figures { work, nanoseconds: 1234.5, counts }
    }

    #[test]
    fn the_page_has_a_line_for_each() {
        let machine = Machine {
            processor: "a processor".into(),
            threads: 2,
            compiler: "rustc 1.89.0".into(),
            valgrind: "valgrind-3.19.0".into(),
        };
        let text = text(&machine, &[figures(Some([12_345.4, 12_345.4])), figures(None)]);
        assert!(text.contains("\n| a/b | URL | 1.23 µs | 810 thousand | 12 345 |\n"), "{text}");
        assert!(text.contains("\n| a/b | URL | 1.23 µs | 810 thousand | not counted |\n"), "{text}");
        assert!(text.contains("a processor with 2 threads"), "{text}");
    }

    #[test]
    fn counts_that_differ_are_told() {
        assert!(spread(&[figures(None)]).starts_with("No instructions"));
        let steady = figures(Some([1000.0, 1000.5]));
        assert!(spread(&[steady]).contains("no two counts differ by more than 0.050 %"));
        let worse = spread(&[figures(Some([1000.0, 1000.5])), figures(Some([1000.0, 1100.0]))]);
        assert!(worse.contains("The counts of a/b differ by 10.00 %"), "{worse}");
    }

    #[test]
    fn figures_are_for_people() {
        assert_eq!([time(12.34), time(123_456.0), time(2e6)], ["12.3 ns", "123 µs", "2.00 ms"]);
        assert_eq!([rate(100.0), rate(2e5), rate(2e7)], ["10.0 million", "5.00 thousand", "50.0"]);
        assert_eq!([grouped(7.2), grouped(999.0), grouped(1_234_567.0)], ["7", "999", "1 234 567"]);
        let information = "processor\t: 0\nmodel name\t: A Processor @ 2 GHz\n";
        assert_eq!(processor(information).as_deref(), Some("A Processor @ 2 GHz"));
    }
}
