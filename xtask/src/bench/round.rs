//! The running of a race: everyone in turn, in an order that rotates, and every byte that arrives is compared.

use std::{
    cell::OnceCell,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    data::{Entry, Outcome},
    half, material,
    measure::{self, Sample},
    race::{Contestant, Cut, Place, Race, Sizes, Work},
    receive,
    servers::{self, HOSTS, Nginx, Segments, Throttled},
};
use crate::{
    peers::{Batch, CONNECTIONS, Fetch, Installed, Tool, Tools},
    players::Players,
    process,
};

/// What the races need: tools, servers, places.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) tools: Tools,
    pub(crate) players: Players,
    pub(crate) sizes: Sizes,
    pub(crate) nginx: Nginx,
    pub(crate) throttled: Throttled,
    /// Playlists, whose segments are answered late, and at once.
    pub(crate) late: Segments,
    pub(crate) prompt: Segments,
    /// An nginx that took the place of a slower one, for the halves that were left there.
    pub(crate) resumed: OnceCell<Nginx>,
    /// What nginx serves.
    pub(crate) www: PathBuf,
    /// A folder in memory, and one on a disk.
    pub(crate) ram: PathBuf,
    pub(crate) disk: PathBuf,
}

/// A run that is ready to be started.
#[derive(Debug)]
struct Run {
    command: Command,
    /// The files that are to arrive, and where.
    names: Vec<String>,
    /// The file that they are pieces of, where they are.
    whole: Option<&'static str>,
    out: PathBuf,
    sync: bool,
}

impl Field {
    /// Runs a race: a round to warm up, which does not count, and then the rounds that do.
    pub(crate) fn run(&self, race: &Race, rounds: usize) -> Outcome {
        let mut outcome = Outcome {
            name: race.name.to_owned(),
            bytes: self.sizes.bytes(race.work),
            ideal: self.sizes.ideal(race.work),
            ..Outcome::default()
        };
        let contestants = self.contestants(race.work);
        outcome.entries =
            contestants.iter().map(|who| Entry { label: who.label(race.work), ..Entry::default() }).collect();
        if let Err(error) = self.run_rounds(race, &contestants, rounds, &mut outcome.entries) {
            println!("not run: {error}");
            outcome.not_run = Some(error);
        }
        outcome
    }

    fn contestants(&self, work: Work) -> Vec<Contestant> {
        let is_here = |who: &Contestant| match who {
            Contestant::Tool(tool, _) => self.tools.found.iter().any(|installed| installed.tool == *tool),
            Contestant::Player(player) => self.players.get(*player).is_some(),
            Contestant::Socket => true,
        };
        work.contestants().into_iter().filter(is_here).collect()
    }

    fn run_rounds(
        &self,
        race: &Race,
        contestants: &[Contestant],
        rounds: usize,
        entries: &mut [Entry],
    ) -> Result<(), String> {
        if race.work == Work::Resume {
            self.make_halves(contestants, entries)?;
        }
        for round in 0..=rounds {
            for turn in 0..contestants.len() {
                let number = (turn + round) % contestants.len();
                let run = self.prepare(race, contestants[number])?;
                entries[number].command = self.told(&run.command);
                let sync = run.sync.then_some(run.out.as_path());
                let mut sample = measure::measure(&run.command, sync, &self.ram.join("complaints"))?;
                sample.fault = sample.fault.or_else(|| self.fault(&run));
                if race.work != Work::Start || sample.fault.is_some() {
                    tell(round, &entries[number].label, &sample);
                }
                if round > 0 {
                    entries[number].samples.push(sample);
                }
            }
        }
        if race.work.counts_calls() && race.place == Place::Ram {
            for (who, entry) in contestants.iter().zip(entries) {
                entry.calls = self.calls(&self.prepare(race, *who)?.command);
            }
        }
        Ok(())
    }

    /// Empties the place where files arrive, and says what to run and what is to come of it.
    fn prepare(&self, race: &Race, who: Contestant) -> Result<Run, String> {
        let place = match race.place {
            Place::Ram => &self.ram,
            Place::Disk => &self.disk,
        };
        let out = place.join("out");
        // It may not be there yet.
        let _ = fs::remove_dir_all(&out);
        fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
        let mut whole = None;
        let (command, names) = match who {
            Contestant::Tool(tool, _) if race.work.is_about_segments() => {
                let (name, cut) = self.sizes.cut(race.work).ok_or("a race of segments has none")?;
                whole = (tool != Tool::Qetch).then_some(name);
                self.segments(race.work, self.installed(tool)?, (name, cut), &out)?
            }
            Contestant::Player(player) => {
                let (name, cut) = self.sizes.cut(race.work).ok_or("a race of segments has none")?;
                let installed = self.players.get(player).ok_or("a tool went missing")?;
                let url = self.playlists(race.work).list(name, cut.size);
                (installed.record(&url, &out.join(name)), vec![name.to_owned()])
            }
            Contestant::Tool(tool, connections) => {
                self.ask(race.work, self.installed(tool)?, connections, &out)?
            }
            Contestant::Socket => {
                let own = std::env::current_exe().map_err(|error| error.to_string())?;
                let mut command = Command::new(own);
                command
                    .args([receive::HIDDEN, &self.nginx.url(HOSTS[0], "raw.bin")])
                    .arg(out.join("raw.bin"));
                (command, vec!["raw.bin".to_owned()])
            }
        };
        Ok(Run { command, names, whole, out, sync: race.place == Place::Disk })
    }

    fn installed(&self, tool: Tool) -> Result<&Installed, String> {
        let found = self.tools.found.iter().find(|installed| installed.tool == tool);
        found.ok_or_else(|| "a tool went missing".to_owned())
    }

    /// What is wrong with what a run left.
    fn fault(&self, run: &Run) -> Option<String> {
        match run.whole {
            None => material::fault(&self.www, &run.names, &run.out),
            Some(whole) => material::fault_of_pieces(&self.www.join(whole), &run.names, &run.out),
        }
    }

    fn playlists(&self, work: Work) -> &Segments {
        if work == Work::Segments { &self.late } else { &self.prompt }
    }

    /// The command of a tool that is given a playlist, or the links of its segments where it cannot read one.
    fn segments(
        &self,
        work: Work,
        tool: &Installed,
        (name, cut): (&'static str, Cut),
        out: &Path,
    ) -> Result<(Command, Vec<String>), String> {
        let origin = self.playlists(work);
        if tool.tool == Tool::Qetch {
            let (url, to) = (origin.list(name, cut.size), out.join(name));
            return Ok((tool.fetch(&Fetch::new(&url, &to)), vec![name.to_owned()]));
        }
        let urls: Vec<_> = (0..cut.count).map(|number| origin.segment(name, cut.size, number)).collect();
        let list = self.ram.join("list");
        let batch = Batch { urls: &urls, folder: out, list: &list, at_once: CONNECTIONS, connections: 1 };
        fs::write(&list, tool.list(&batch)).map_err(|error| format!("{}: {error}", list.display()))?;
        Ok((tool.batch(&batch), (0..cut.count).map(|number| servers::piece(name, number)).collect()))
    }

    /// The command of a tool, and the names of the files that it is to leave in `out`.
    fn ask(
        &self,
        work: Work,
        tool: &Installed,
        connections: usize,
        out: &Path,
    ) -> Result<(Command, Vec<String>), String> {
        let one = |url: &str, name: &str, authority: Option<&Path>| {
            let to = out.join(name);
            let fetch = Fetch { connections, authority, ..Fetch::new(url, &to) };
            (tool.fetch(&fetch), vec![name.to_owned()])
        };
        let many = |urls: Vec<String>, at_once: usize, connections: usize| {
            let list = self.ram.join("list");
            let batch = Batch { urls: &urls, folder: out, list: &list, at_once, connections };
            fs::write(&list, tool.list(&batch)).map_err(|error| format!("{}: {error}", list.display()))?;
            let name = |url: &String| url.rsplit('/').next().unwrap_or(url).to_owned();
            Ok((tool.batch(&batch), urls.iter().map(name).collect()))
        };
        let fifths = |hosts: [&str; 5]| -> Vec<String> {
            (1..=5)
                .zip(hosts)
                .map(|(number, host)| self.nginx.url(host, &format!("fifth-{number}.bin")))
                .collect()
        };
        match work {
            Work::Raw => Ok(one(&self.nginx.url(HOSTS[0], "raw.bin"), "raw.bin", None)),
            Work::Secure => {
                Ok(one(&self.nginx.secure_url("tls.bin"), "tls.bin", Some(&self.nginx.authority)))
            }
            Work::Even => Ok(one(&self.throttled.url("even"), "even.bin", None)),
            Work::Uneven => Ok(one(&self.throttled.url("uneven"), "even.bin", None)),
            Work::Small => {
                let url = |number| self.nginx.url(HOSTS[0], &small(number));
                many((1..=self.sizes.small_count).map(url).collect(), CONNECTIONS, 1)
            }
            Work::OneHost => many(fifths([HOSTS[0]; 5]), 5, CONNECTIONS),
            Work::FiveHosts => many(fifths(HOSTS), 5, CONNECTIONS),
            Work::Resume => {
                let nginx = self.resumed.get().ok_or("no halves were made")?;
                half::restore(&self.ram.join("halves").join(tool.tool.name()), out)?;
                let (mut command, names) = one(&nginx.url(HOSTS[0], half::NAME), half::NAME, None);
                half::go_on(tool.tool, &mut command);
                Ok((command, names))
            }
            Work::Segments | Work::ManySegments | Work::LargeSegments => {
                Err("segments are asked for in another way".to_owned())
            }
            Work::Start => Ok((tool.version_command(), Vec::new())),
        }
    }

    /// Makes the half of each tool, from a slower server, in whose place another then serves at full speed.
    fn make_halves(&self, contestants: &[Contestant], entries: &mut [Entry]) -> Result<(), String> {
        let rate = (self.sizes.resumed / half::SHARE_A_SECOND).to_string();
        let folder = self.ram.join("nginx-resumed");
        let slow = Nginx::start(&self.www, &folder, None, Some(&rate))?;
        for (who, entry) in contestants.iter().zip(entries) {
            let tool = self
                .tools
                .found
                .iter()
                .find(|it| matches!(who, Contestant::Tool(tool, _) if *tool == it.tool));
            let Some(tool) = tool else { continue };
            let left = self.ram.join("halves").join(tool.tool.name());
            let url = slow.url(HOSTS[0], half::NAME);
            entry.there = Some(half::make(tool, &url, &self.www.join(half::NAME), &left)?);
            println!("  before  {:<12} {:>5.1} % are there", entry.label, entry.there.unwrap_or(0.0) * 100.0);
        }
        let ports = (slow.port, slow.tls_port);
        drop(slow);
        let nginx = Nginx::start(&self.www, &folder, Some(ports), None)?;
        self.resumed.set(nginx).map_err(|_| "halves were made twice".to_owned())
    }

    /// The command as the document shows it: places and ports of this machine have names.
    fn told(&self, command: &Command) -> String {
        let mut line = process::command_line(command);
        for (place, name) in [(&self.ram, "RAM"), (&self.disk, "DISK")] {
            line = line.replace(&*place.to_string_lossy(), name);
        }
        let resumed = self.resumed.get().map(|nginx| (nginx.port, "PORT"));
        for (port, name) in
            resumed.into_iter().chain([(self.nginx.port, "PORT"), (self.nginx.tls_port, "TLS-PORT")])
        {
            line = line.replace(&format!(":{port}/"), &format!(":{name}/"));
        }
        line = line.replace(&self.throttled.origin, "http://127.0.0.1:SLOW-PORT");
        for origin in [&self.late.origin, &self.prompt.origin] {
            line = line.replace(origin, "http://127.0.0.1:LIST-PORT");
        }
        line
    }

    /// How many system calls a run makes, where strace can tell.
    fn calls(&self, command: &Command) -> Option<u64> {
        let counts = self.ram.join("calls");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-c", "-o"]).arg(&counts).arg(command.get_program()).args(command.get_args());
        process::copy_surroundings(command, &mut strace);
        process::probe(&mut strace)?;
        total(&fs::read_to_string(counts).ok()?)
    }
}

/// The name of a small file.
pub(crate) fn small(number: u64) -> String {
    format!("small-{number}.bin")
}

fn tell(round: usize, label: &str, sample: &Sample) {
    let what = if round == 0 { "warm-up".to_owned() } else { format!("round {round}") };
    let fault = sample.fault.as_ref().map(|fault| format!("  FAULT: {fault}")).unwrap_or_default();
    println!(
        "{what:>9}  {label:<12} {:>9.4} s wall {:>8.3} s processor {:>7.1} MiB{fault}",
        sample.wall,
        sample.processor(),
        sample.peak as f64 / 1024.0
    );
}

/// The number of calls in the last line of what strace counted.
fn total(counts: &str) -> Option<u64> {
    let line = counts.lines().rfind(|line| line.trim_end().ends_with(" total"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_strace_is_read() {
        let counts = "% time     seconds  usecs/call     calls    errors syscall\n\
                      ------ ----------- ----------- --------- --------- ------\n\
                       60.0    0.002000           1       120         3 read\n\
                      100.00    0.010000           4      2345        30 total\n";
        assert_eq!(total(counts), Some(2345));
        assert_eq!(total("strace: ptrace is not allowed\n"), None);
    }
}
