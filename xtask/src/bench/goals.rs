//! The goals of the races, and whether the figures meet them.

use super::{
    data::{Data, Entry, Outcome},
    statistics::Median,
};

/// The most memory that qetch may have, in MiB.
const MEMORY: f64 = 32.0;

/// Who is judged: qetch as it is by itself.
const OURS: &str = "qetch";

/// What a goal compares, and with what.
#[derive(Clone, Copy, Debug)]
enum Measure {
    /// Wall time with that of the fastest peer of each round.
    FastestOfRound,
    /// Wall time with that of the peer with the lowest median.
    FastestByMedian,
    /// Processor time with curl's.
    Processor,
    /// Wall time with the ideal.
    Ideal,
    /// Wall time in milliseconds.
    Milliseconds,
    /// Processor time in seconds.
    Seconds,
}

/// What is wanted of a race: a ratio, or a figure, that is at most this.
#[derive(Debug)]
struct Goal {
    race: &'static str,
    measure: Measure,
    most: f64,
}

const GOALS: &[Goal] = &[
    Goal { race: "raw", measure: Measure::FastestOfRound, most: 1.05 },
    Goal { race: "raw", measure: Measure::Processor, most: 1.0 },
    Goal { race: "tls", measure: Measure::FastestOfRound, most: 1.05 },
    Goal { race: "tls", measure: Measure::Processor, most: 1.1 },
    Goal { race: "throttled", measure: Measure::FastestByMedian, most: 1.0 },
    Goal { race: "throttled", measure: Measure::Ideal, most: 1.15 },
    Goal { race: "one-slow", measure: Measure::Ideal, most: 1.5 },
    Goal { race: "small", measure: Measure::FastestByMedian, most: 1.0 },
    Goal { race: "segments", measure: Measure::Ideal, most: 1.15 },
    Goal { race: "segments", measure: Measure::FastestByMedian, most: 1.0 },
    Goal { race: "segments", measure: Measure::Seconds, most: 0.3 },
    Goal { race: "start", measure: Measure::Milliseconds, most: 10.0 },
];

/// What became of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All of the interval meets it.
    Met,
    /// The interval reaches it.
    Reached,
    Missed,
    /// A run failed, or there is nothing to compare with.
    Unknown,
}

impl Verdict {
    /// The verdict in a table.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Reached => "met: the interval reaches it",
            Self::Missed => "**missed**",
            Self::Unknown => "**not shown**",
        }
    }
}

/// A goal with what was measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judged {
    pub(crate) goal: String,
    pub(crate) measured: String,
    pub(crate) verdict: Verdict,
}

/// The goals of one race, judged; that of memory is one of every race.
pub(crate) fn judge(outcome: &Outcome) -> Vec<Judged> {
    let own = GOALS.iter().filter(|goal| goal.race == outcome.name);
    own.map(|goal| goal.judge(outcome)).chain([memory(outcome)]).collect()
}

/// Whether every goal of all races is met, in a sentence.
pub(crate) fn summary(data: &Data) -> String {
    let judged: Vec<_> = data.races.iter().flat_map(judge).collect();
    let met = judged.iter().filter(|it| matches!(it.verdict, Verdict::Met | Verdict::Reached)).count();
    format!("{met} of {} goals are met.", judged.len())
}

/// Whether an entry takes part in "the fastest peer".
pub(crate) fn is_peer(label: &str) -> bool {
    !label.starts_with(OURS) && label != "bare socket"
}

/// The wall time of each round, where it went well.
pub(crate) fn walls(entry: &Entry) -> Vec<Option<f64>> {
    entry.samples.iter().map(|sample| sample.fault.is_none().then_some(sample.wall)).collect()
}

/// The median of the wall times that went well.
pub(crate) fn wall(entry: &Entry) -> Option<Median> {
    Median::of(walls(entry).into_iter().flatten())
}

/// The median of processor time.
pub(crate) fn processor(entry: &Entry) -> Option<Median> {
    Median::of(processors(entry).into_iter().flatten())
}

/// The peer with the lowest median.
pub(crate) fn fastest(outcome: &Outcome) -> Option<&Entry> {
    let peers = outcome.entries.iter().filter(|entry| is_peer(&entry.label));
    let timed = peers.filter_map(|entry| Some((entry, wall(entry)?.middle)));
    timed.min_by(|left, right| left.1.total_cmp(&right.1)).map(|(entry, _)| entry)
}

fn processors(entry: &Entry) -> Vec<Option<f64>> {
    entry.samples.iter().map(|sample| sample.fault.is_none().then_some(sample.processor())).collect()
}

/// The wall time of the fastest peer of each round.
fn fastest_of_rounds(outcome: &Outcome) -> Vec<Option<f64>> {
    let peers: Vec<_> = outcome.entries.iter().filter(|entry| is_peer(&entry.label)).map(walls).collect();
    let rounds = peers.iter().map(Vec::len).max().unwrap_or(0);
    let of_round = |round: usize| peers.iter().filter_map(|walls| *walls.get(round)?).min_by(f64::total_cmp);
    (0..rounds).map(of_round).collect()
}

impl Goal {
    fn judge(&self, outcome: &Outcome) -> Judged {
        let goal = match self.measure {
            Measure::FastestOfRound => format!("wall ≤ {} × the fastest peer of each round", self.most),
            Measure::FastestByMedian => format!("wall ≤ {} × the fastest peer by median", self.most),
            Measure::Processor => format!("processor time ≤ {} × curl's", self.most),
            Measure::Ideal => format!("wall ≤ {} × the ideal", self.most),
            Measure::Milliseconds => format!("wall ≤ {} ms", self.most),
            Measure::Seconds => format!("processor time ≤ {} s", self.most),
        };
        let failed = outcome.not_run.is_some() || outcome.entry(OURS).is_some_and(|it| it.faults().is_some());
        match self.median(outcome).filter(|_| !failed) {
            None => Judged { goal, measured: "nothing to judge by".to_owned(), verdict: Verdict::Unknown },
            Some((median, of)) => Judged {
                goal,
                measured: format!("{:.3} [{:.3}, {:.3}]{of}", median.middle, median.low, median.high),
                verdict: verdict(median, self.most),
            },
        }
    }

    /// What is compared, and what with.
    fn median(&self, outcome: &Outcome) -> Option<(Median, String)> {
        let ours = outcome.entry(OURS)?;
        match self.measure {
            Measure::FastestOfRound => {
                let ratio = Median::of_ratios(&walls(ours), &fastest_of_rounds(outcome))?;
                Some((ratio, String::new()))
            }
            Measure::FastestByMedian => {
                let peer = fastest(outcome)?;
                let ratio = Median::of_ratios(&walls(ours), &walls(peer))?;
                Some((ratio, format!(", {}", peer.label)))
            }
            Measure::Processor => {
                let ratio = Median::of_ratios(&processors(ours), &processors(outcome.entry("curl")?))?;
                Some((ratio, String::new()))
            }
            Measure::Ideal => Some((wall(ours)?.over(outcome.ideal?), String::new())),
            Measure::Milliseconds => Some((wall(ours)?.over(0.001), String::new())),
            Measure::Seconds => Some((processor(ours)?, String::new())),
        }
    }
}

fn verdict(median: Median, most: f64) -> Verdict {
    if median.high <= most {
        Verdict::Met
    } else if median.low <= most {
        Verdict::Reached
    } else {
        Verdict::Missed
    }
}

/// Memory is judged by its worst run.
fn memory(outcome: &Outcome) -> Judged {
    let goal = format!("peak memory ≤ {MEMORY} MiB");
    let samples = outcome.entry(OURS).map_or(&[][..], |entry| entry.samples.as_slice());
    let Some(peak) = samples.iter().map(|sample| sample.peak).max() else {
        return Judged { goal, measured: "nothing to judge by".to_owned(), verdict: Verdict::Unknown };
    };
    let peak = peak as f64 / 1024.0;
    let verdict = if peak <= MEMORY { Verdict::Met } else { Verdict::Missed };
    Judged { goal, measured: format!("{peak:.1} at most"), verdict }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdicts on wall time, processor time and memory.
    fn verdicts(outcome: &Outcome) -> Vec<Verdict> {
        judge(outcome).iter().map(|judged| judged.verdict).collect()
    }

    const CURL: (&str, &[f64]) = ("curl", &[1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0]);

    #[test]
    fn a_goal_that_is_missed_is_found() {
        use Verdict::{Met, Missed, Reached};
        let fast = Outcome::planted("raw", &[("qetch", CURL.1), CURL]);
        assert_eq!(verdicts(&fast), [Met, Met, Met]);
        let slow: Vec<f64> = CURL.1.iter().map(|wall| wall * 1.2).collect();
        let slow = Outcome::planted("raw", &[("qetch", &slow), CURL]);
        assert_eq!(verdicts(&slow), [Missed, Missed, Met]);
        let unsure = [1.0, 1.0, 1.0, 1.2, 1.3, 1.3, 1.3, 1.3, 1.3];
        let unsure = Outcome::planted("raw", &[("qetch", &unsure), CURL]);
        assert_eq!(verdicts(&unsure)[0], Reached);
        // A faster peer in some rounds, and the yardstick, which is none.
        let axel = [2.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5];
        let harder =
            Outcome::planted("raw", &[("qetch", CURL.1), CURL, ("axel", &axel), ("bare socket", &[0.1; 9])]);
        assert_eq!(verdicts(&harder), [Missed, Met, Met]);
        assert_eq!(fastest(&harder).unwrap().label, "axel");
    }

    #[test]
    fn the_ideal_and_the_clock_are_goals_too() {
        let mut race = Outcome::planted("throttled", &[("qetch", &[1.1; 9]), CURL]);
        race.ideal = Some(1.0);
        let judged = judge(&race);
        assert_eq!((judged[1].verdict, judged[1].measured.as_str()), (Verdict::Met, "1.100 [1.100, 1.100]"));
        race.ideal = Some(0.5);
        assert_eq!(verdicts(&race)[1], Verdict::Missed);
        let start = Outcome::planted("start", &[("qetch", &[0.02; 50])]);
        assert_eq!(verdicts(&start), [Verdict::Missed, Verdict::Met]);
    }

    #[test]
    fn segments_are_judged_by_what_their_delays_leave() {
        use Verdict::{Met, Missed};
        let check = |wall: f64, expected: [Verdict; 4]| {
            let peer = ("streamlink", &[3.5; 9][..]);
            let mut race = Outcome::planted("segments", &[("qetch", &[wall; 9]), peer]);
            race.ideal = Some(2.5);
            assert_eq!(verdicts(&race), expected, "{wall}");
        };
        // A tenth of the wall time is processor time.
        check(2.8, [Met, Met, Met, Met]);
        check(2.9, [Missed, Met, Met, Met]);
        check(3.6, [Missed, Missed, Missed, Met]);
    }

    #[test]
    fn too_much_memory_is_found_in_any_race_and_any_run() {
        let mut race = Outcome::planted("five-one-host", &[("qetch", CURL.1), CURL]);
        assert_eq!(verdicts(&race), [Verdict::Met]);
        race.entries[0].samples[4].peak = 32 * 1024 + 1;
        assert_eq!(verdicts(&race), [Verdict::Missed]);
    }

    #[test]
    fn what_failed_or_was_not_run_meets_no_goal() {
        let mut wrong = Outcome::planted("raw", &[("qetch", CURL.1), CURL]);
        wrong.entries[0].samples[0].fault = Some("WRONG BYTES".to_owned());
        assert_eq!(verdicts(&wrong)[0], Verdict::Unknown);
        let not_run = Outcome { not_run: Some("no nginx".into()), ..Outcome::planted("raw", &[]) };
        assert_eq!(verdicts(&not_run), [Verdict::Unknown; 3]);
        let alone = Outcome::planted("raw", &[("qetch", CURL.1)]);
        assert_eq!(verdicts(&alone)[..2], [Verdict::Unknown; 2]);
        let data = Data { races: vec![alone], ..Data::default() };
        assert_eq!(summary(&data), "1 of 3 goals are met.");
    }
}
