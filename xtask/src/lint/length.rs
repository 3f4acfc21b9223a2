//! No Rust file grows without being asked why.

use super::Findings;
use crate::tree::Tree;

/// From here on a file is asked why; it is a question, not a fault.
const ASKED: usize = 400;

/// From here on there is no good answer.
const REFUSED: usize = 600;

/// Questions for files past the first mark, faults for those past the second.
pub(crate) fn check(tree: &Tree) -> Result<Findings, String> {
    let mut findings = Findings::default();
    for file in tree.rust() {
        let lines = tree.read(file)?.lines().count();
        if lines > REFUSED {
            findings.faults.push(format!("{file}: {lines} lines, more than {REFUSED}: split it by noun"));
        } else if lines > ASKED {
            findings.questions.push(format!("{file}: {lines} lines, more than {ASKED}: why?"));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    #[test]
    fn long_files_are_asked_and_very_long_ones_refused() {
        let of = |lines: usize| "//\n".repeat(lines);
        let planted = Planted::new(&[
            ("a.rs", &of(400)),
            ("b.rs", &of(401)),
            ("c.rs", &of(600)),
            ("d.rs", &of(601)),
            ("e.md", &of(700)),
        ]);
        let findings = check(&Tree::walk(planted.path()).unwrap()).unwrap();
        assert_eq!(findings.faults, ["d.rs: 601 lines, more than 600: split it by noun"]);
        assert_eq!(
            findings.questions,
            ["b.rs: 401 lines, more than 400: why?", "c.rs: 600 lines, more than 400: why?"]
        );
    }
}
