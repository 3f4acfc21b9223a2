//! No unsafe code: every package of the repository forbids it, by the lints of its workspace or by its own.

use crate::{
    manifest::{self, Entry},
    tree::Tree,
};

const ROOT: &str = "Cargo.toml";

/// A line for every package in which unsafe code would be built.
pub(crate) fn check(tree: &Tree) -> Result<Vec<String>, String> {
    let root = tree.read(ROOT)?;
    let mut faults = Vec::new();
    for file in tree.files.iter().filter(|file| *file == ROOT || file.ends_with("/Cargo.toml")) {
        let text = tree.read(file)?;
        let fault = match (file == ROOT, is_root(&text)) {
            (true, _) => (!forbids(&text, "workspace.lints.rust")).then_some("`[workspace.lints.rust]`"),
            // A workspace of its own has nothing from ours.
            (_, true) => (!forbids(&text, "lints.rust")).then_some("`[lints.rust]`"),
            (_, false) => {
                let is_ours = inherits(&text) && forbids(&root, "workspace.lints.rust");
                (!is_ours && !forbids(&text, "lints.rust"))
                    .then_some("`[lints] workspace = true`, or `[lints.rust]`")
            }
        };
        if let Some(place) = fault {
            faults.push(format!("{file}: {place} must forbid `unsafe_code`"));
        }
    }
    Ok(faults)
}

/// Whether a manifest is that of a workspace.
fn is_root(text: &str) -> bool {
    let of_workspace = |line: &str| line.starts_with("[workspace]") || line.starts_with("[workspace.");
    text.lines().any(|line| of_workspace(line.trim()))
}

fn inherits(text: &str) -> bool {
    let is_it = |it: &Entry| {
        it.value == "true"
            && matches!((&*it.table, &*it.key), ("lints", "workspace") | ("", "lints.workspace"))
    };
    manifest::entries(text).iter().any(is_it)
}

/// Whether the lints in `table` forbid it: what is only denied can be allowed again.
fn forbids(text: &str, table: &str) -> bool {
    let is_it = |it: &Entry| it.table == table && it.key == "unsafe_code" && it.value == "\"forbid\"";
    manifest::entries(text).iter().any(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    const ROOT_TEXT: &str =
        "[workspace]\nmembers = [\"a\"]\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";
    const MEMBER: &str = "[package]\nname = \"a\"\n[lints]\nworkspace = true\n";
    const ALONE: &str = "[package]\nname = \"b\"\n[workspace]\n[lints.rust]\nunsafe_code = \"forbid\"\n";

    #[track_caller]
    fn check_three(root: &str, member: &str, alone: &str, expected: &[&str]) {
        let planted =
            Planted::new(&[("Cargo.toml", root), ("a/Cargo.toml", member), ("b/Cargo.toml", alone)]);
        assert_eq!(check(&Tree::walk(planted.path()).unwrap()).unwrap(), expected);
    }

    #[test]
    fn packages_that_forbid_it_pass() {
        check_three(ROOT_TEXT, MEMBER, ALONE, &[]);
        check_three(
            ROOT_TEXT,
            "[package]\nname = \"a\"\n[lints.rust]\nunsafe_code = \"forbid\"\n",
            ALONE,
            &[],
        );
    }

    #[test]
    fn a_workspace_that_does_not_forbid_it_is_found_with_its_members() {
        let faults = [
            "Cargo.toml: `[workspace.lints.rust]` must forbid `unsafe_code`",
            "a/Cargo.toml: `[lints] workspace = true`, or `[lints.rust]` must forbid `unsafe_code`",
        ];
        check_three(&ROOT_TEXT.replace("forbid", "deny"), MEMBER, ALONE, &faults);
        check_three(&ROOT_TEXT.replace("unsafe_code", "dead_code"), MEMBER, ALONE, &faults);
    }

    #[test]
    fn a_member_that_does_not_inherit_is_found() {
        let fault = ["a/Cargo.toml: `[lints] workspace = true`, or `[lints.rust]` must forbid `unsafe_code`"];
        check_three(ROOT_TEXT, &MEMBER.replace("[lints]\nworkspace = true", ""), ALONE, &fault);
        check_three(ROOT_TEXT, &MEMBER.replace("true", "false"), ALONE, &fault);
    }

    #[test]
    fn a_workspace_of_its_own_has_nothing_from_ours() {
        let fault = ["b/Cargo.toml: `[lints.rust]` must forbid `unsafe_code`"];
        check_three(ROOT_TEXT, MEMBER, &MEMBER.replace("[lints]", "[workspace]\n[lints]"), &fault);
        check_three(ROOT_TEXT, MEMBER, &ALONE.replace("\"forbid\"", "\"allow\""), &fault);
    }
}
