//! Instructions, counted by callgrind. They are the same on a busy machine as on an idle one.
//!
//! The program is run twice, for a few rounds and for more of them: what the second run has more of is the rounds alone,
//! whatever it took to begin.

use std::{path::Path, process::Command};

use super::Work;
use crate::process;

const FEW: u64 = 2;
const MANY: u64 = 12;

/// Two counts of the instructions of a unit, independent of each other.
pub(super) fn take(program: &Path, work: &Work) -> Result<[f64; 2], String> {
    Ok([once(program, work)?, once(program, work)?])
}

fn once(program: &Path, work: &Work) -> Result<f64, String> {
    let (few, many) = (count(program, work, FEW)?, count(program, work, MANY)?);
    let rounds = many.checked_sub(few).filter(|more| *more > 0);
    let rounds = rounds.ok_or_else(|| format!("{}: more rounds take no more instructions", work.name))?;
    Ok(rounds as f64 / ((MANY - FEW) * work.units) as f64)
}

fn count(program: &Path, work: &Work, rounds: u64) -> Result<u64, String> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-fd=1"]);
    command.arg(program).args(["count", &work.name, &rounds.to_string()]);
    collected(&process::capture(&mut command)?)
        .ok_or_else(|| format!("{}: valgrind tells no count", work.name))
}

/// The count in what callgrind prints: `==1234== Collected : 567`.
fn collected(printed: &str) -> Option<u64> {
    printed.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_what_callgrind_prints() {
        let printed = "==7== Callgrind, a call-graph generating cache profiler\n==7== Events    : Ir\n\
                       ==7== Collected : 123456789\n==7== \n";
        assert_eq!(collected(printed), Some(123_456_789));
        assert_eq!(collected("==7== Collected : nothing"), None);
    }
}
