//! A seed becomes an origin with faults, and what is right to come of a download from it.

use std::{sync::Arc, time::Duration};

use super::{
    super::dice::Dice,
    disk::SimDisk,
    origin::{Fault, Origin, Validators, Version, Weather},
    run::{Run, content},
};

/// A download, and what may come of it.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) run: Run,
    /// Files that it may end with.
    pub(super) right: Vec<Vec<u8>>,
    /// Errors that it may end with in their place.
    pub(super) errors: Vec<&'static str>,
    /// Whether no more may be fetched than is needed, but for a little.
    pub(super) is_frugal: bool,
    /// Whether each byte is written once.
    pub(super) writes_once: bool,
}

/// What goes wrong now and then, of which a download gets the better.
const PASSING: [Fault; 9] = [
    Fault::Reset,
    Fault::Reset,
    Fault::Eof,
    Fault::Refused,
    Fault::Status(500, None),
    Fault::Status(503, None),
    Fault::Status(429, Some(3)),
    Fault::Stall,
    Fault::Silent,
];

/// What hosts do that do not know how ranges are meant.
const ODD: [Fault; 8] = [
    Fault::Whole,
    Fault::Superset,
    Fault::Shorter,
    Fault::Elsewhere,
    Fault::WrongTotal,
    Fault::NoTotal,
    Fault::NoContentRange,
    Fault::More,
];

/// What origins turn into.
const LASTING: [Fault; 12] = [
    Fault::Whole,
    Fault::Superset,
    Fault::Shorter,
    Fault::Elsewhere,
    Fault::NoContentRange,
    Fault::More,
    Fault::Status(404, None),
    Fault::Status(403, None),
    Fault::Status(500, None),
    Fault::Status(429, Some(3600)),
    Fault::Silent,
    Fault::Stall,
];

impl Schedule {
    /// The schedule of this seed.
    pub(super) fn of(seed: u64) -> Self {
        let dice = Dice::seeded(seed);
        let mut schedule = Self::fair(seed, &dice);
        match dice.below(8) {
            0..=2 => schedule.pass(&dice),
            3 => {
                schedule.pass(&dice);
                schedule.be_odd(&dice);
            }
            4 => {
                schedule.pass(&dice);
                schedule.change(seed, &dice);
            }
            5 => {
                schedule.change(seed, &dice);
                schedule.be_odd(&dice);
            }
            6 => schedule.cap(&dice),
            _ => {
                schedule.pass(&dice);
                schedule.turn(&dice);
            }
        }
        schedule
    }

    /// An origin that is at most slow.
    fn fair(seed: u64, dice: &Dice) -> Self {
        let sizes = sizes(dice);
        let validators = [
            Validators::None,
            Validators::Weak,
            Validators::Strong,
            Validators::Strong,
            Validators::PerNode,
            Validators::Dated,
        ];
        let validators = validators[pick(dice, 6)];
        let mut weather = Weather::fair(validators);
        weather.latency = [(0, 2), (5, 30), (20, 400), (600, 2000)][pick(dice, 4)];
        weather.rate = [15, 60, 200, 2000][pick(dice, 4)];
        weather.slow = [(0, 1), (0, 1), (20, 8), (50, 12)][pick(dice, 4)];
        weather.chunk = [1000, 4 << 10, 16 << 10, 64 << 10][pick(dice, 4)];
        weather.pauses = [(0, 1), (0, 1), (10, 300), (1, 5000)][pick(dice, 4)];
        weather.has_ranges = dice.below(8) > 0;
        weather.has_length = dice.below(8) > 0;
        if dice.below(6) == 0 {
            weather.longest = (64 << 10) + dice.below(1 << 20);
        }
        let total: u64 = sizes.iter().sum();
        // A body of one-kilobyte pieces is for small files.
        if total > 1 << 20 {
            weather.rate = weather.rate.max(60);
            weather.chunk = weather.chunk.max(16 << 10);
        }
        if total > 256 << 10 {
            weather.chunk = weather.chunk.max(4 << 10);
        }
        let is_told = dice.below(2) == 0;
        let told: Vec<_> = sizes.iter().map(|size| is_told.then_some(*size)).collect();
        let file = |(index, size): (usize, &u64)| {
            vec![Version::new(seed.wrapping_add(index as u64 * 77), 0, *size, validators)]
        };
        let files: Vec<_> = sizes.iter().enumerate().map(file).collect();
        let right = files.iter().map(|versions| &versions[0].bytes[..]).collect::<Vec<_>>().concat();
        let (has_ranges, has_length) = (weather.has_ranges, weather.has_length);
        let origin = Arc::new(Origin::new(seed ^ 0xabcd, files, weather));
        let mut run = Run::new(origin, disk(seed), content(&told));
        run.seed = seed;
        run.max_per_host = [10, 10, 2, 4, 17][pick(dice, 5)];
        run.options.max_connections = [8, 8, 1, 2, 5, 16][pick(dice, 6)];
        run.options.max_fragments = [1, 2, 4][pick(dice, 3)];
        run.options.spend_freely = seed.is_multiple_of(3);
        if run.options.max_connections.min(run.max_per_host - 1) == 1 || !has_ranges {
            // Nobody else helps out, and it is to end in time.
            run.origin.weather.lock().unwrap().slow = (0, 1);
        }
        let (is_frugal, writes_once) = (has_ranges && has_length, true);
        Self { run, right: vec![right], errors: Vec::new(), is_frugal, writes_once }
    }

    /// Failures that pass: no more of them than patience bears where each makes the fragment begin again.
    fn pass(&mut self, dice: &Dice) {
        let mut weather = self.run.origin.weather.lock().unwrap();
        let (mut left, mut silences) = (4, 0);
        while left > 0 {
            let fault = PASSING[pick(dice, PASSING.len())];
            silences += u32::from(matches!(fault, Fault::Stall | Fault::Silent));
            let fault = if silences > 2 { Fault::Reset } else { fault };
            // Four silences are as long as a download waits for a byte.
            let most = if matches!(fault, Fault::Stall | Fault::Silent) { 1 } else { left };
            let count = 1 + dice.below(most);
            left -= count;
            weather.faults.push((fault, 5 + dice.below(60), count));
        }
        if !weather.has_ranges {
            self.writes_once = false;
        }
    }

    /// Replies to ranges that are none.
    fn be_odd(&mut self, dice: &Dice) {
        let mut weather = self.run.origin.weather.lock().unwrap();
        for _ in 0..=dice.below(2) {
            let fault = ODD[pick(dice, ODD.len())];
            if fault == Fault::WrongTotal {
                self.errors.extend(["content_changed", "bad_reply"]);
            }
            weather.faults.push((fault, 5 + dice.below(90), [1, 3, u64::MAX][pick(dice, 3)]));
        }
        (self.is_frugal, self.writes_once) = (false, false);
    }

    /// Other versions, of the same size or another.
    fn change(&mut self, seed: u64, dice: &Dice) {
        let validators = self.run.origin.weather.lock().unwrap().validators;
        // Of several fragments nobody can tell that they are of one version.
        let size = self.right[0].len() as u64;
        let is_same_size = dice.below(3) > 0;
        let mut versions = vec![Version::new(seed, 0, size, validators)];
        let mut at = Duration::ZERO;
        for number in 1..=1 + pick(dice, 2) {
            let size = if is_same_size { size } else { dice.below((size * 2 + 2).min(5 << 20)) };
            at += Duration::from_millis([50, 1000, 10_000, 60_000][pick(dice, 4)] * dice.below(100) / 100);
            versions.push(Version::new(seed, number, size, validators).after(at));
        }
        self.right = versions.iter().map(|version| version.bytes.to_vec()).collect();
        self.errors.extend(["content_changed", "bad_reply"]);
        let weather = self.run.origin.weather.lock().unwrap().clone();
        self.run.origin = Arc::new(Origin::new(seed ^ 0xabcd, vec![versions], weather));
        self.run.content = content(&[None]);
        (self.is_frugal, self.writes_once) = (false, false);
    }

    /// An origin that refuses more than so many connections.
    fn cap(&mut self, dice: &Dice) {
        let cap = [1, 2, 3, 5][pick(dice, 4)];
        let status = [403, 503, 429][pick(dice, 3)];
        self.run.origin.weather.lock().unwrap().cap = Some((cap, status));
        if self.run.content.fragments.len() > 1 {
            // The first answer for one fragment may be refused because of another.
            self.errors.extend(["http", "rate_limited", "over_capacity"]);
        }
    }

    /// An origin that turns into another from some exchange on.
    fn turn(&mut self, dice: &Dice) {
        let fault = LASTING[pick(dice, LASTING.len())];
        self.run.origin.weather.lock().unwrap().lasting = Some((1 + dice.below(12), fault));
        match fault {
            Fault::Status(404, _) => self.errors.push("not_found"),
            Fault::Status(429, _) => self.errors.push("rate_limited"),
            Fault::Status(503, _) => self.errors.push("over_capacity"),
            Fault::Status(..) => self.errors.push("http"),
            // What breaks for ever without a byte ends the patience.
            Fault::Silent | Fault::Stall => self.errors.extend(["network", "bad_reply"]),
            _ => (),
        }
        (self.is_frugal, self.writes_once) = (false, false);
    }

    /// Goes on with what a crash left on `disk`.
    pub(super) fn go_on(mut self, disk: SimDisk) -> Result<&'static str, String> {
        (self.is_frugal, self.writes_once) = (false, false);
        self.run.disk = disk;
        let Some(stood) = self.run.file() else { return self.check() };
        // What stands may not be shown to be what the origin has, and is not replaced unasked.
        let outcome = self.run.go();
        let leftovers = self.run.leftovers();
        match outcome.code() {
            _ if !self.right.contains(&stood) => Err("a wrong file".into()),
            _ if !leftovers.is_empty() => Err(format!("{leftovers:?} are left")),
            None | Some("conflict") => Ok("stands"),
            Some(code) if self.errors.contains(&code) => Ok(code),
            Some(_) => Err(format!("{:?}", outcome.result)),
        }
    }

    /// What is wrong with what came of it, if anything is.
    pub(super) fn check(&self) -> Result<&'static str, String> {
        let outcome = self.run.go();
        let file = self.run.file();
        let (account, leftovers) = (self.run.origin.account().clone(), self.run.leftovers());
        let Some(Ok(report)) = &outcome.result else {
            let error = outcome.result.as_ref().and_then(|result| result.as_ref().err());
            let code = outcome.code().unwrap_or("none");
            if file.is_some() {
                return Err(format!("a file in spite of {error:?}"));
            }
            return if self.errors.contains(&code) { Ok(code) } else { Err(format!("{error:?}")) };
        };
        let size = self.right[0].len() as u64;
        if !self.right.iter().any(|right| file.as_ref() == Some(right)) {
            let len = file.map(|file| file.len());
            return Err(format!(
                "a wrong file of {len:?} bytes where {size} were right, as a success: {report:?}"
            ));
        }
        if !leftovers.is_empty() {
            return Err(format!("{leftovers:?} are left"));
        }
        // Of each exchange the last chunk may hold more than was needed when it came.
        let chunk = self.run.origin.weather.lock().unwrap().chunk;
        let most = size + size / 10 + account.requests * chunk;
        if self.is_frugal && account.fetched > most {
            return Err(format!("{} bytes were fetched of {size}, and {most} may be", account.fetched));
        }
        let written = self.run.disk.written();
        if self.writes_once
            && self.right.len() == 1
            && self.run.content.fragments.len() == 1
            && written != size
        {
            return Err(format!("{written} bytes were written of {size}"));
        }
        Ok("whole")
    }
}

fn disk(seed: u64) -> SimDisk {
    SimDisk::new(seed ^ 0xd15c).with_capacity(None, seed.is_multiple_of(3))
}

/// How large the files are: most are small.
fn sizes(dice: &Dice) -> Vec<u64> {
    let size = |dice: &Dice| match dice.below(20) {
        0 => dice.below(3),
        1..=3 => dice.below(2000),
        4..=8 => dice.below(100 << 10),
        9..=14 => dice.below(600 << 10),
        15..=18 => dice.below(2 << 20),
        _ => dice.below(5 << 20),
    };
    if dice.below(6) > 0 {
        return vec![size(dice)];
    }
    (0..2 + dice.below(4)).map(|_| size(dice).min(300 << 10)).collect()
}

fn pick(dice: &Dice, count: usize) -> usize {
    usize::try_from(dice.below(count as u64)).unwrap()
}
