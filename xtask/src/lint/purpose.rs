//! Every Rust file opens with what it is for.

use crate::tree::Tree;

/// A line for every file whose first line that is not empty is not `//!` with a text.
pub(crate) fn check(tree: &Tree) -> Result<Vec<String>, String> {
    let mut faults = Vec::new();
    for file in tree.rust() {
        if !says_its_purpose(&tree.read(file)?) {
            faults.push(format!("{file}: does not open with `//!` and what it is for"));
        }
    }
    Ok(faults)
}

fn says_its_purpose(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    let purpose = first.and_then(|line| line.strip_prefix("//!"));
    purpose.is_some_and(|purpose| !purpose.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    #[test]
    fn a_file_that_does_not_say_what_it_is_for_is_found() {
        let planted = Planted::new(&[
            ("attribute.rs", "#![forbid(unsafe_code)]\n//! Too late.\n"),
            ("code.rs", "use std::fmt;\n"),
            ("empty.rs", ""),
            ("good.rs", "\n//! What it is for.\n#![forbid(unsafe_code)]\n"),
            ("notes.md", "no Rust"),
            ("outer.rs", "/// Of the item below.\nfn a() {}\n"),
            ("shebang.rs", "#!/usr/bin/env cargo\n//! Too late.\n"),
            ("silent.rs", "//!\n"),
        ]);
        let faults = check(&Tree::walk(planted.path()).unwrap()).unwrap();
        let files: Vec<_> = faults.iter().map(|fault| fault.split(':').next().unwrap()).collect();
        assert_eq!(files, ["attribute.rs", "code.rs", "empty.rs", "outer.rs", "shebang.rs", "silent.rs"]);
    }
}
