//! Times, taken by criterion and read from what it keeps beside the program.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use super::Work;
use crate::process;

/// Nanoseconds for a unit of each of `works`, in their order.
pub(super) fn take(program: &Path, works: &[Work]) -> Result<Vec<f64>, String> {
    // The program is in `release/deps` of the target directory.
    let target = program.ancestors().nth(3).ok_or("the benchmarks lie in no target directory")?;
    let kept = target.join("criterion");
    let mut command = Command::new(program);
    command.args(["--bench", "--noplot", "--warm-up-time", "1", "--measurement-time", "3"]);
    process::run(command.env("CRITERION_HOME", &kept))?;
    works.iter().map(|work| read(&kept, work)).collect()
}

/// The median of what criterion measured last.
fn read(kept: &Path, work: &Work) -> Result<f64, String> {
    let path = kept.join(&work.name).join("new/estimates.json");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", work.name))?;
    let estimates: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", work.name))?;
    let median = estimates.pointer("/median/point_estimate").and_then(Value::as_f64);
    let median = median.filter(|median| *median > 0.0);
    median.map(|median| median / work.units as f64).ok_or_else(|| format!("{}: no time is kept", work.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    #[test]
    fn a_time_is_the_median_of_a_round_over_its_units() {
        let estimates = r#"{"mean":{"point_estimate":9.0},"median":{"point_estimate":700.0}}"#;
        let planted = Planted::new(&[
            ("matching/mixed, from text/new/estimates.json", estimates),
            ("matching/none/new/estimates.json", "{}"),
        ]);
        let work = |name: &str| Work { name: name.into(), unit: "URL".into(), units: 7, is_counted: true };
        assert_eq!(read(planted.path(), &work("matching/mixed, from text")), Ok(100.0));
        assert_eq!(
            read(planted.path(), &work("matching/none")),
            Err("matching/none: no time is kept".into())
        );
        assert!(read(planted.path(), &work("matching/missing")).is_err());
    }
}
