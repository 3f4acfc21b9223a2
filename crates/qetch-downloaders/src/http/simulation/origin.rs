//! What simulated origins have, and how they misbehave.

use std::{
    sync::{LazyLock, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use super::super::dice::Dice;

/// Bytes of each version's pattern; no file is larger.
const PATTERN: usize = 9 << 20;

/// The versions there can be. They differ in every byte.
const VERSIONS: usize = 4;

static PATTERNS: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
    let dice = Dice::seeded(7);
    let base: Vec<u64> = (0..PATTERN / 8).map(|_| dice.next() & 0x3f3f_3f3f_3f3f_3f3f).collect();
    let version = |number: u64| {
        let words = base.iter().flat_map(|word| (word + number * 0x4040_4040_4040_4040).to_le_bytes());
        Bytes::from_iter(words)
    };
    (0..VERSIONS as u64).map(version).collect()
});

/// One file of an origin, as it is from a moment on.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) from: Duration,
    pub(super) bytes: Bytes,
    pub(super) validators: Vec<(&'static str, String)>,
}

/// What an origin says of a file so that its versions can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Validators {
    None,
    /// A weak `ETag`, which may stay when the bytes change.
    Weak,
    Strong,
    /// A strong `ETag` that each machine of the origin makes in its own way.
    PerNode,
    /// `Last-Modified`, long ago.
    Dated,
}

/// `len` bytes of version `number` of the file whose seed this is.
pub(super) fn bytes(seed: u64, number: usize, len: u64) -> Bytes {
    let len = usize::try_from(len).unwrap();
    let offset = usize::try_from(seed % (PATTERN - len + 1) as u64).unwrap();
    PATTERNS[number % VERSIONS].slice(offset..offset + len)
}

impl Version {
    pub(super) fn new(seed: u64, number: usize, len: u64, validators: Validators) -> Self {
        let second = number % 60;
        let lines = match validators {
            Validators::None => vec![],
            Validators::Weak => vec![("etag", "W/\"same\"".into())],
            Validators::Strong => vec![("etag", format!("\"v{number}\""))],
            Validators::PerNode => vec![("etag", format!("\"v{number}\""))],
            Validators::Dated => vec![
                ("last-modified", format!("Wed, 21 Oct 2015 07:28:{second:02} GMT")),
                ("date", "Thu, 22 Oct 2015 07:28:00 GMT".into()),
            ],
        };
        Self { from: Duration::ZERO, bytes: bytes(seed, number, len), validators: lines }
    }

    /// It, from this moment on.
    pub(super) fn after(mut self, from: Duration) -> Self {
        self.from = from;
        self
    }
}

/// What goes wrong with one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The body breaks off with an error.
    Reset,
    /// The body ends early as if that were its end.
    Eof,
    /// Nothing comes any more within the body.
    Stall,
    /// No answer comes.
    Silent,
    /// No connection is made.
    Refused,
    /// A status, and how long to wait.
    Status(u16, Option<u64>),
    /// 200 in place of a range.
    Whole,
    /// A range that holds more than was asked for, on both sides.
    Superset,
    /// A range that ends before what was asked for does.
    Shorter,
    /// Another range than was asked for.
    Elsewhere,
    /// A total that is too large.
    WrongTotal,
    /// A range that does not tell the total.
    NoTotal,
    /// A range that does not say which.
    NoContentRange,
    /// More bytes than were announced.
    More,
}

/// How an origin behaves.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    /// Milliseconds to the head of an answer.
    pub(super) latency: (u64, u64),
    /// Bytes a millisecond and connection.
    pub(super) rate: u64,
    /// One connection in a hundred that is slower, and how many times.
    pub(super) slow: (u64, u64),
    /// The most bytes at once.
    pub(super) chunk: u64,
    /// Chunks in a hundred before which there is a pause, and its most milliseconds.
    pub(super) pauses: (u64, u64),
    /// What may go wrong, with how many exchanges in a hundred, and how often at most.
    pub(super) faults: Vec<(Fault, u64, u64)>,
    pub(super) has_ranges: bool,
    /// Whether a whole body tells its length.
    pub(super) has_length: bool,
    pub(super) validators: Validators,
    /// At most so many bodies at once, and what is answered to more.
    pub(super) cap: Option<(usize, u16)>,
    /// From this exchange on all go so.
    pub(super) lasting: Option<(u64, Fault)>,
    /// No reply to a range is longer.
    pub(super) longest: u64,
}

impl Weather {
    /// An origin without faults.
    pub(super) fn fair(validators: Validators) -> Self {
        Self {
            latency: (5, 30),
            rate: 200,
            slow: (0, 1),
            chunk: 16 << 10,
            pauses: (0, 1),
            faults: Vec::new(),
            has_ranges: true,
            has_length: true,
            validators,
            cap: None,
            lasting: None,
            longest: u64::MAX,
        }
    }
}

/// An origin: files, and how it gives them.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) dice: Dice,
    /// Each file's versions, in the order of time.
    pub(super) files: Vec<Vec<Version>>,
    pub(super) weather: Mutex<Weather>,
    account: Mutex<Account>,
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) begun: Option<Instant>,
    pub(super) requests: u64,
    /// Faults of one exchange that struck.
    pub(super) struck: u64,
    /// Bytes of bodies that were taken.
    pub(super) fetched: u64,
    pub(super) bodies: usize,
    pub(super) exchanges: usize,
    pub(super) most_exchanges: usize,
    /// A hash of all that happened, and when.
    pub(super) trace: u64,
}

impl Origin {
    pub(super) fn new(seed: u64, files: Vec<Vec<Version>>, weather: Weather) -> Self {
        let (weather, account) = (Mutex::new(weather), Mutex::default());
        Self { dice: Dice::seeded(seed), files, weather, account }
    }

    pub(super) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap()
    }

    /// How long it has been asked by now.
    pub(super) fn age(&self) -> Duration {
        self.account().begun.get_or_insert_with(Instant::now).elapsed()
    }

    /// The version of a file that it has now.
    pub(super) fn now(&self, file: usize) -> Option<&Version> {
        let age = self.age();
        self.files.get(file)?.iter().rfind(|version| version.from <= age)
    }

    /// Notes that something happened.
    pub(super) fn trace(&self, what: u64, from: u64, to: u64) {
        let age = u64::try_from(self.age().as_millis()).unwrap();
        let mut account = self.account();
        for number in [age, what, from, to] {
            account.trace = (account.trace ^ number).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
    }

    /// What goes wrong with the next exchange, of those faults that `applies` to.
    pub(super) fn fault(&self, number: u64, applies: impl Fn(Fault) -> bool) -> Option<Fault> {
        let mut weather = self.weather.lock().unwrap();
        if let Some((from, fault)) = weather.lasting
            && number >= from
            && applies(fault)
        {
            return Some(fault);
        }
        for (fault, percent, left) in &mut weather.faults {
            if *left > 0 && applies(*fault) && self.dice.below(100) < *percent {
                *left -= 1;
                self.account().struck += 1;
                return Some(*fault);
            }
        }
        None
    }
}
