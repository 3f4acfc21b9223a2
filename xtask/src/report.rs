//! Steps of a task: a heading and the time of each, all of them run, a summary at the end.

use std::time::{Duration, Instant};

/// Runs steps, times them and remembers which failed.
#[derive(Debug)]
pub(crate) struct Report {
    started: Instant,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    error: Option<String>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), steps: Vec::new() }
    }

    /// Runs one step; a failure is shown at once and counted at the end, and the next step runs all the same.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<(), String>) {
        println!("\n== {name}");
        let started = Instant::now();
        let error = work().err();
        let took = started.elapsed();
        match &error {
            None => println!("-- {name}: {}", seconds(took)),
            Some(error) => println!("{error}\n-- {name}: FAILED after {}", seconds(took)),
        }
        self.steps.push(Step { name: name.to_owned(), took, error });
    }

    /// Prints every step with its time; an error naming those that failed.
    pub(crate) fn finish(self) -> Result<(), String> {
        println!("\n== summary");
        for step in &self.steps {
            let word = if step.error.is_some() { "FAILED" } else { "ok" };
            println!("{word:>6} {:>9}  {}", seconds(step.took), step.name);
        }
        println!("total: {}", seconds(self.started.elapsed()));
        let failed: Vec<&str> =
            self.steps.iter().filter(|step| step.error.is_some()).map(|step| step.name.as_str()).collect();
        if failed.is_empty() {
            return Ok(());
        }
        Err(format!("failed: {}", failed.join(", ")))
    }
}

/// A duration for people: `12.3 s`.
pub(crate) fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_does_not_stop_the_next_and_fails_the_whole() {
        let mut report = Report::new();
        let mut ran = Vec::new();
        report.step("first", || {
            ran.push(1);
            Err("planted".into())
        });
        report.step("second", || {
            ran.push(2);
            Ok(())
        });
        assert_eq!(report.finish(), Err("failed: first".into()));
        assert_eq!(ran, [1, 2]);
    }
}
