//! All attempts of a run: every tool on every trap, some rounds of each.

use std::{collections::BTreeMap, time::Duration};

use super::{attempt::Outcome, origin::Trap, verdict::Verdict};
use crate::peers::{Installed, Tool};

/// What was tried, and what came of it.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) traps: Vec<Trap>,
    pub(crate) tools: Vec<Installed>,
    pub(crate) rounds: usize,
    cells: BTreeMap<Cell, Vec<Outcome>>,
}

/// A trap and a tool, by their places in the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    pub(crate) trap: usize,
    pub(crate) tool: usize,
}

impl Survey {
    pub(crate) fn new(traps: Vec<Trap>, tools: Vec<Installed>, rounds: usize) -> Self {
        Self { traps, tools, rounds, cells: BTreeMap::new() }
    }

    /// What there is to try, round after round.
    pub(crate) fn attempts(&self) -> Vec<Cell> {
        let round = || {
            (0..self.traps.len()).flat_map(|trap| (0..self.tools.len()).map(move |tool| Cell { trap, tool }))
        };
        (0..self.rounds).flat_map(|_| round()).collect()
    }

    pub(crate) fn add(&mut self, cell: Cell, outcome: Outcome) {
        self.cells.entry(cell).or_default().push(outcome);
    }

    /// Whether there is nothing to learn from another round that would be worth the wait.
    pub(crate) fn has_hung(&self, cell: Cell) -> bool {
        self.verdicts(cell).any(|verdict| verdict == Verdict::Hang)
    }

    /// What came of each round.
    pub(crate) fn outcomes(&self, cell: Cell) -> impl Iterator<Item = &Outcome> {
        self.cells.get(&cell).into_iter().flatten()
    }

    fn verdicts(&self, cell: Cell) -> impl Iterator<Item = Verdict> {
        self.outcomes(cell).map(|outcome| outcome.verdict)
    }

    /// The worst that was said.
    pub(crate) fn worst(&self, cell: Cell) -> Option<Verdict> {
        self.verdicts(cell).max()
    }

    /// Whether rounds differed.
    pub(crate) fn differs(&self, cell: Cell) -> bool {
        self.verdicts(cell).min() != self.worst(cell)
    }

    /// On how many traps this is the worst that was said of the tool.
    pub(crate) fn count(&self, tool: usize, verdict: Verdict) -> usize {
        let traps = 0..self.traps.len();
        traps.filter(|&trap| self.worst(Cell { trap, tool }) == Some(verdict)).count()
    }

    /// The longest that the tool took where it ended.
    pub(crate) fn longest(&self, tool: usize) -> Duration {
        let outcomes = self.cells.iter().filter(|(cell, _)| cell.tool == tool).flat_map(|(_, all)| all);
        let ended = outcomes.filter(|outcome| outcome.verdict != Verdict::Hang);
        ended.map(|outcome| outcome.took).max().unwrap_or_default()
    }

    /// Where qetch was not good: what it promises never to be.
    pub(crate) fn broken_promises(&self) -> Vec<String> {
        let broken = self.cells.keys().filter(|cell| self.tools[cell.tool].tool == Tool::Qetch);
        broken
            .filter_map(|&cell| {
                let verdict = self.worst(cell).filter(|verdict| *verdict != Verdict::Good)?;
                Some(format!("{}: {}", self.traps[cell.trap].name, verdict.word()))
            })
            .collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        peers::{TOOLS, Tools},
        survival::verdict::Right,
    };

    /// Two traps and every tool, without an attempt.
    pub(crate) fn survey() -> Survey {
        let traps = ["one", "two"].map(|name| Trap::planted(name, Right::File));
        let tools = Tools::find_with(Path::new("."), |_| Some("echo".into()));
        Survey::new(traps.to_vec(), tools.found, 3)
    }

    pub(crate) fn add(survey: &mut Survey, trap: usize, tool: Tool, verdict: Verdict, seconds: u64) {
        let tool = TOOLS.iter().position(|known| *known == tool).unwrap();
        let took = Duration::from_secs(seconds);
        survey.add(Cell { trap, tool }, Outcome { verdict, took, status: String::new() });
    }

    #[test]
    fn the_worst_round_counts() {
        let mut survey = survey();
        let cell = Cell { trap: 0, tool: 1 };
        assert_eq!((survey.worst(cell), survey.differs(cell)), (None, false));
        add(&mut survey, 0, Tool::Curl, Verdict::Good, 1);
        assert!(!survey.differs(cell));
        add(&mut survey, 0, Tool::Curl, Verdict::WrongFileLeft, 7);
        add(&mut survey, 0, Tool::Curl, Verdict::ClearError, 3);
        assert_eq!((survey.worst(cell), survey.differs(cell)), (Some(Verdict::WrongFileLeft), true));
        assert_eq!((survey.count(1, Verdict::WrongFileLeft), survey.count(1, Verdict::Good)), (1, 0));
        assert_eq!(survey.longest(1), Duration::from_secs(7));
        add(&mut survey, 0, Tool::Curl, Verdict::Hang, 120);
        assert_eq!((survey.has_hung(cell), survey.longest(1)), (true, Duration::from_secs(7)));
    }

    #[test]
    fn a_promise_that_qetch_breaks_is_named() {
        let mut survey = survey();
        add(&mut survey, 0, Tool::Qetch, Verdict::Good, 1);
        add(&mut survey, 0, Tool::Curl, Verdict::WrongFileAsSuccess, 1);
        assert!(survey.broken_promises().is_empty());
        for verdict in &Verdict::ALL[1..] {
            let mut survey = self::survey();
            add(&mut survey, 1, Tool::Qetch, *verdict, 1);
            add(&mut survey, 1, Tool::Qetch, Verdict::Good, 1);
            assert_eq!(survey.broken_promises(), [format!("two: {}", verdict.word())]);
        }
    }

    #[test]
    fn every_tool_meets_every_trap_in_every_round() {
        let attempts = survey().attempts();
        assert_eq!(attempts.len(), 2 * TOOLS.len() * 3);
        assert_eq!(attempts.iter().filter(|cell| **cell == Cell { trap: 1, tool: 4 }).count(), 3);
    }
}
