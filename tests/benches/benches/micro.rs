//! Runs the micro-benchmarks: `cargo bench --package qetch-benches` takes their times with criterion.
//!
//! `micro list` prints them, and `micro count NAME ROUNDS` runs one so many times, for a program that counts
//! instructions: `cargo xtask micro` does both.
#![expect(clippy::print_stdout, reason = "the list is for whoever asks")]

use std::{env, hint::black_box};

use criterion::{Criterion, Throughput};
use qetch_benches::works;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["list"] => list(),
        ["count", name, rounds] => run(name, rounds),
        _ => take_times(),
    }
}

fn list() {
    for work in works() {
        let counted = if work.is_counted { "counted" } else { "timed" };
        println!("{}\t{}\t{}\t{counted}", work.name, work.unit, work.prepare().1);
    }
}

fn run(name: &str, rounds: &str) {
    let work = works().find(|work| work.name == name);
    let (work, rounds) = work.zip(rounds.parse().ok()).unwrap_or_else(|| unknown(name, rounds));
    let (mut round, _) = work.prepare();
    (0_u64..rounds).for_each(|_| _ = black_box(round()));
}

#[expect(clippy::panic, reason = "there is nothing else to be done")]
fn unknown(name: &str, rounds: &str) -> ! {
    panic!("no benchmark `{name}` to be run {rounds} times")
}

fn take_times() {
    let mut criterion = Criterion::default().configure_from_args();
    for work in works() {
        let (mut round, units) = work.prepare();
        let (group, name) = work.name.split_once('/').unwrap_or(("", work.name));
        let mut group = criterion.benchmark_group(group);
        group.throughput(Throughput::Elements(units));
        group.bench_function(name, |bencher| bencher.iter(&mut round));
        group.finish();
    }
    criterion.final_summary();
}
