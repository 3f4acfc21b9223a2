//! Makes all attempts of a survey, several at once, as most of an attempt is waiting.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    thread, vec,
};

use super::{
    attempt,
    survey::{Cell, Survey},
    verdict::Verdict,
};
use crate::report;

/// How many attempts run at once. Each takes a moment of work and then mostly waits.
const AT_ONCE: usize = 16;

/// What the threads share.
struct Shared {
    survey: Survey,
    /// What is still to be tried.
    rest: vec::IntoIter<Cell>,
    begun: usize,
    error: Option<String>,
}

/// Tries every tool on every trap, and tells of each attempt that is not good.
pub(crate) fn run(survey: Survey, origin: &Path, folder: &Path) -> Result<Survey, String> {
    let rest = survey.attempts().into_iter();
    let shared = Mutex::new(Shared { survey, rest, begun: 0, error: None });
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(cell) = next(&shared) {
                    step(&shared, cell, origin, folder);
                }
            });
        }
    });
    let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    shared.error.map_or(Ok(shared.survey), Err)
}

/// The next attempt with its number; none once something failed. A cell that hung is not waited for again.
fn next(shared: &Mutex<Shared>) -> Option<(usize, Cell)> {
    let mut shared = lock(shared);
    if shared.error.is_some() {
        return None;
    }
    let Shared { survey, rest, begun, .. } = &mut *shared;
    let cell = rest.find(|&cell| !survey.has_hung(cell))?;
    *begun += 1;
    Some((*begun, cell))
}

fn step(shared: &Mutex<Shared>, (number, cell): (usize, Cell), origin: &Path, folder: &Path) {
    let (trap, tool) = {
        let survey = &lock(shared).survey;
        (survey.traps[cell.trap].clone(), survey.tools[cell.tool].clone())
    };
    let own = folder.join(format!("{}-{}-{number}", tool.tool.name(), trap.name));
    let outcome = attempt::attempt(origin, &tool, &trap, &own);
    let mut shared = lock(shared);
    match outcome {
        Ok(outcome) => {
            if outcome.verdict != Verdict::Good {
                let (verdict, took) = (outcome.verdict.word(), report::seconds(outcome.took));
                let (trap, tool) = (&trap.name, tool.tool.name());
                println!("{trap}, {tool}: {verdict} after {took} ({})", outcome.status);
            }
            shared.survey.add(cell, outcome);
        }
        Err(error) => shared.error = Some(error),
    }
}

/// A thread that panicked has left nothing half done.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
