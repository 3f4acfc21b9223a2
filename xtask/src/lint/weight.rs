//! What core, and core with one site or one protocol, bring along: under a hundred crates (the engine a few more), and no
//! TLS library.

use std::collections::BTreeSet;

use crate::{
    process,
    workspace::{Member, Workspace},
};

/// Crates that a program with core and one site may compile, ours included.
const MOST: usize = 100;

/// The same for a program with the engine: four checksum algorithms, a cipher and the calls that reserve room on a disk are
/// twenty-five small crates.
const MOST_WITH_ENGINE: usize = 120;

/// Names that begin so are TLS libraries, or what they are made of.
const TLS: [&str; 7] = ["rustls", "native-tls", "openssl", "aws-lc", "ring", "boring", "schannel"];

/// A line for every sub-crate that is too heavy, with any one of its features but the choice of TLS.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>, String> {
    let mut faults = Vec::new();
    for member in workspace.members.iter().filter(|member| is_light(member)) {
        let single = |name: &&String| !matches!(name.as_str(), "default" | "all") && !is_tls(name);
        let features = member.features.keys().filter(single);
        for feature in features.map(Some).chain([None]) {
            let mut tree = process::cargo(&workspace.root);
            tree.args(["tree", "--package", &member.name, "--no-default-features"]);
            tree.args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
            tree.args(feature.iter().flat_map(|name| ["--features", name.as_str()]));
            let with = feature.map(|name| format!(" with {name}")).unwrap_or_default();
            let most = if member.name == "qetch-downloaders" { MOST_WITH_ENGINE } else { MOST };
            faults.extend(weigh(&format!("{}{with}", member.name), most, &process::capture(&mut tree)?));
        }
    }
    Ok(faults)
}

/// The sub-crates that promise to be light: those that are used alone, beside core.
fn is_light(member: &Member) -> bool {
    matches!(member.name.as_str(), "qetch-core" | "qetch-extractors" | "qetch-downloaders")
}

/// Judges what `cargo tree` listed, a crate a line, some of them more than once.
fn weigh(what: &str, most: usize, listed: &str) -> Vec<String> {
    let crates: BTreeSet<_> = listed.lines().filter_map(|line| line.split(" (").next()).collect();
    let mut faults = Vec::new();
    if crates.len() >= most {
        faults.push(format!("{what} brings {} crates: fewer than {most} are promised", crates.len()));
    }
    for name in crates.iter().filter(|name| is_tls(name)) {
        faults.push(format!("{what} brings {name}: the choice of TLS is the program's"));
    }
    faults
}

fn is_tls(name: &str) -> bool {
    TLS.iter().any(|tls| {
        let rest = name.strip_prefix(tls);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', ' ', '_']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_light_tree_is_no_fault_however_often_a_crate_stands_in_it() {
        let listed = "qetch-core v0.1.0 (/a)\nbytes v1.0.0\nbytes v1.0.0 (*)\nringbuf v1.0.0\n".repeat(60);
        assert_eq!(weigh("qetch-core", MOST, &listed), [""; 0]);
    }

    #[test]
    fn too_many_crates_and_tls_are_found() {
        let many: String = (0..100).map(|number| format!("crate{number} v1.0.0\n")).collect();
        let [fault] = &weigh("core", MOST, &many)[..] else { panic!("{many}") };
        assert!(fault.contains("brings 100 crates"), "{fault}");
        for tls in ["rustls v0.23.46", "ring v0.17.14", "rustls-pki-types v1.0.0", "openssl-sys v0.9.0 (*)"] {
            assert_eq!(weigh("core", MOST, tls).len(), 1, "{tls}");
        }
    }
}
