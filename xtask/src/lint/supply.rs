//! What we build on, as `deny.toml` wants it: licences, sources, duplicate versions and advisories. cargo-deny judges it.

use std::{path::Path, process::Command};

use crate::process;

/// What is judged by the crates themselves; advisories need a database besides.
const AT_HAND: [&str; 3] = ["bans", "licenses", "sources"];

/// Runs cargo-deny in `root`, where it is installed. Advisories are looked up where their database can be fetched.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    if !is_installed(root) {
        println!(
            "cargo-deny is not installed: licences, sources, duplicate versions and advisories are not checked"
        );
        return Ok(());
    }
    // An exception that is for nothing any more is a fault as well.
    process::run(deny(root).args(["check", "--deny", "unmatched-skip"]).args(AT_HAND))?;
    if process::probe(deny(root).args(["fetch", "db"])).is_none() {
        println!("the database of advisories cannot be fetched: advisories are not checked");
        return Ok(());
    }
    process::run(deny(root).args(["check", "--disable-fetch", "advisories"]))
}

fn is_installed(root: &Path) -> bool {
    process::probe(deny(root).arg("--version")).is_some()
}

fn deny(root: &Path) -> Command {
    let mut deny = process::cargo(root);
    deny.args(["deny", "--log-level", "error"]);
    deny
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    const RULES: &str = include_str!("../../../deny.toml");

    /// Whether a package of this licence passes, which needs a package of this source.
    fn passes(license: &str, source: &str) -> bool {
        let manifest = format!(
            "[package]\nname = \"planted\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"{license}\"\n\
             [dependencies]\n{source}\n"
        );
        let other =
            "[package]\nname = \"other\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n";
        let planted = Planted::new(&[
            ("Cargo.toml", &manifest),
            ("src/lib.rs", ""),
            ("other/Cargo.toml", other),
            ("other/src/lib.rs", ""),
            ("deny.toml", RULES),
        ]);
        let mut judging = deny(planted.path());
        process::probe(judging.args(["check", "--allow", "license-not-encountered"]).args(AT_HAND)).is_some()
    }

    #[test]
    fn a_licence_and_a_wildcard_that_are_not_wanted_are_found() {
        if !is_installed(Path::new(".")) {
            return;
        }
        let other = "other = { path = \"other\", version = \"0.1.0\" }";
        assert!(passes("MIT OR GPL-3.0-only", other));
        assert!(!passes("GPL-3.0-only", other));
        assert!(!passes("MIT", "other = { path = \"other\", version = \"*\" }"));
    }
}
