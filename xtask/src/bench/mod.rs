//! `cargo xtask bench`: the same work through qetch and the peers that are installed, in turn, with the figures written
//! to `docs/benchmarks.md` and to a picture.

mod data;
mod document;
mod goals;
mod half;
mod machine;
mod material;
pub(crate) mod measure;
mod options;
mod place;
mod plot;
mod race;
pub(crate) mod receive;
mod round;
mod servers;
mod statistics;
pub(crate) mod written;

use std::{cell::OnceCell, fs, path::Path, process::Command, time::Instant};

use crate::{peers::Tools, players::Players, report, workspace::Workspace};
use data::{Data, Outcome};
use options::Options;
use place::{Folder, Programs};
use race::{Race, Sizes, Work};
use round::Field;
use servers::{Nginx, Segments, Throttled};

/// The figures of every bench, also of one that writes no document.
const LAST: &str = "bench.json";

/// Runs what the arguments ask for.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let options = Options::parse(arguments)?;
    let root = Workspace::load()?.root;
    match options {
        Options::WriteFrom(file) => {
            let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            let data = Data::from_json(&text).map_err(|error| format!("{}: {error}", file.display()))?;
            // What the document is made of already may lack a race that came later.
            let is_kept = file == Path::new(written::FIGURES);
            let refusal = if is_kept { document::too_few_runs(&data) } else { document::refusal(&data) };
            refusal.map_or(Ok(()), Err)?;
            written::write(&root, &data)
        }
        Options::Run { runs, races, quick, into_document } => {
            let started = Instant::now();
            let sizes = if quick { Sizes::QUICK } else { Sizes::FULL };
            let programs = place::build(&root)?;
            let data = hold(&programs, &races, sizes, runs)?;
            println!("\ntotal: {}", report::seconds(started.elapsed()));
            let last = programs.target.join(LAST);
            fs::write(&last, data.to_json()).map_err(|error| format!("{}: {error}", last.display()))?;
            println!("the figures: {}", last.display());
            let (own, data) =
                (data.clone(), if into_document { kept(&root)?.replaced_by(data)? } else { data });
            let refusal =
                if into_document { document::too_few_runs(&data) } else { document::refusal(&data) };
            match refusal {
                _ if quick => println!("no document is written from a quick bench"),
                Some(reason) => println!("no document is written: {reason}"),
                None => written::write(&root, &data)?,
            }
            faults(&own)
        }
    }
}

/// The figures of the document.
fn kept(root: &Path) -> Result<Data, String> {
    let file = root.join(written::FIGURES);
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Data::from_json(&text)
}

/// Holds the races.
fn hold(programs: &Programs, races: &[&Race], sizes: Sizes, runs: usize) -> Result<Data, String> {
    let (ram, disk) = (Folder::in_memory()?, Folder::on_disk(&programs.target)?);
    let tools = Tools::find(&programs.qetch, &ram.path().join("home"));
    let players = Players::find(&ram.path().join("home"));
    let named = tools.found.iter().map(|it| (it.tool.name(), &it.version));
    let named = named.chain(players.found.iter().map(|it| (it.player.name(), &it.version)));
    let missing: Vec<_> = tools.missing_sentence().into_iter().chain(players.missing_sentence()).collect();
    let mut data = Data {
        machine: machine::describe(),
        tools: named.map(|(name, version)| (name.to_owned(), version.clone())).collect(),
        missing: (!missing.is_empty()).then(|| missing.join("; ")),
        races: Vec::new(),
    };
    data.machine.push(("least peak that can be measured".to_owned(), least_peak(ram.path())?));
    if let Some(missing) = &data.missing {
        println!("{missing}");
    }
    let www = ram.path().join("www");
    make_material(&www, &sizes)?;
    let nginx = Nginx::start(&www, &ram.path().join("nginx"), None, None)?;
    let slow = www.join("even.bin");
    let field = Field {
        tools,
        players,
        sizes,
        nginx,
        throttled: Throttled::start(&programs.throttled, &slow, sizes.rate, sizes.slow_rate)?,
        late: Segments::start(&programs.segments, &www, sizes.delay)?,
        prompt: Segments::start(&programs.segments, &www, 0)?,
        resumed: OnceCell::new(),
        www,
        ram: ram.path().to_owned(),
        disk: disk.path().to_owned(),
    };
    for race in races {
        println!("\n== {}: {}", race.name, race.title);
        let rounds = if race.work == Work::Start { runs.max(sizes.starts) } else { runs };
        let outcome = field.run(race, rounds);
        tell(&outcome);
        data.races.push(outcome);
    }
    Ok(data)
}

/// The peak of a program that does nothing: a new program inherits the peak of the process that started it.
fn least_peak(folder: &Path) -> Result<String, String> {
    let sample = measure::measure(&Command::new("true"), None, &folder.join("complaints"))?;
    Ok(format!("{:.1} MiB", sample.peak as f64 / 1024.0))
}

/// Prints what came of a race.
fn tell(outcome: &Outcome) {
    if outcome.not_run.is_some() {
        return;
    }
    println!("\n{}", document::table(outcome));
    for judged in goals::judge(outcome) {
        println!("goal: {}: {} ({})", judged.goal, judged.measured, judged.verdict.word());
    }
}

/// An error that names the races in which qetch failed. What peers do wrong stands in the tables.
fn faults(data: &Data) -> Result<(), String> {
    let is_ours = |outcome: &&Outcome| {
        let failed = outcome.entry("qetch").is_none_or(|entry| entry.faults().is_some());
        failed || outcome.not_run.is_some()
    };
    let names: Vec<_> = data.races.iter().filter(is_ours).map(|outcome| outcome.name.as_str()).collect();
    if names.is_empty() { Ok(()) } else { Err(format!("not run, or failed by qetch: {}", names.join(", "))) }
}

/// Writes every file that is served.
fn make_material(www: &Path, sizes: &Sizes) -> Result<(), String> {
    println!("writing what is served");
    let write = |name: &str, size, seed| material::write(&www.join(name), size, seed);
    write("raw.bin", sizes.raw, 1)?;
    write("tls.bin", sizes.secure, 2)?;
    write("even.bin", sizes.even, 3)?;
    write(half::NAME, sizes.resumed, 4)?;
    for (seed, work) in (5..).zip([Work::Segments, Work::ManySegments, Work::LargeSegments]) {
        if let Some((name, cut)) = sizes.cut(work) {
            material::write_frames(&www.join(name), cut.count * cut.size, seed)?;
        }
    }
    for number in 1..=5 {
        write(&format!("fifth-{number}.bin"), sizes.fifth, 10 + number)?;
    }
    (1..=sizes.small_count).try_for_each(|number| write(&round::small(number), sizes.small, 100 + number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_race_that_qetch_fails_fails_the_bench_and_one_that_a_peer_fails_does_not() {
        let race = || Outcome::planted("raw", &[("qetch", &[1.0]), ("curl", &[1.0])]);
        let check = |outcome: Outcome, fine: bool| {
            let races = vec![outcome];
            assert_eq!(faults(&Data { races, ..Data::default() }).is_ok(), fine);
        };
        check(race(), true);
        for (number, fine) in [(0, false), (1, true)] {
            let mut outcome = race();
            outcome.entries[number].samples[0].fault = Some("WRONG BYTES".to_owned());
            check(outcome, fine);
        }
        check(Outcome { not_run: Some("planted".to_owned()), ..race() }, false);
        check(Outcome::planted("raw", &[]), false);
    }
}
