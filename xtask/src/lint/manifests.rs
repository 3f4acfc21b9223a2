//! Versions, lints and metadata in one place: every member takes them from the workspace.

use std::fs;

use crate::{
    manifest::{self, Entry},
    workspace::Workspace,
};

/// What `[package]` inherits.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license"];

/// A line for everything that a member states by itself.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>, String> {
    let mut faults = Vec::new();
    for member in &workspace.members {
        let text = fs::read_to_string(&member.manifest)
            .map_err(|error| format!("{}: {error}", member.manifest.display()))?;
        faults.extend(judge(&member.name, &text));
    }
    Ok(faults)
}

fn judge(name: &str, text: &str) -> Vec<String> {
    let entries = manifest::entries(text);
    let mut faults = Vec::new();
    for field in INHERITED {
        if !entries.iter().any(|entry| inherits(entry, "package", field)) {
            faults.push(format!("{name}: `{field}.workspace = true` is missing"));
        }
    }
    if !entries.iter().any(|it| it.table == "lints" && it.key == "workspace" && it.value == "true") {
        faults.push(format!("{name}: `[lints] workspace = true` is missing"));
    }
    faults.extend(dependencies(name, &entries));
    faults
}

fn inherits(entry: &Entry, table: &str, field: &str) -> bool {
    entry.table == table
        && (entry.key == field || entry.key == format!("{field}.workspace"))
        && from_workspace(entry)
}

/// Whether a value, written short or as a table, is the workspace's.
fn from_workspace(entry: &Entry) -> bool {
    if entry.key.ends_with(".workspace") {
        return entry.value == "true";
    }
    let bare: String = entry.value.chars().filter(|c| !c.is_whitespace()).collect();
    bare.starts_with("{workspace=true") || bare.contains(",workspace=true")
}

/// A line for every dependency with a version or path of its own, in any of the three ways to write one.
fn dependencies(name: &str, entries: &[Entry]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut tables: Vec<(&str, bool)> = Vec::new();
    for entry in entries {
        let Some(after) = after_dependencies(&entry.table) else {
            continue;
        };
        if !after.is_empty() {
            // `[dependencies.x]`: its entries together are the dependency.
            let own = entry.key == "workspace" && entry.value == "true";
            match tables.iter_mut().find(|(table, _)| *table == entry.table) {
                Some((_, found)) => *found |= own,
                None => tables.push((&entry.table, own)),
            }
        } else if !from_workspace(entry) && !extends_inherited(entry, entries) {
            faults.push(format!("{name}: line {}: `{}` is not `workspace = true`", entry.line, entry.key));
        }
    }
    let alone = tables.iter().filter(|(_, found)| !found);
    faults.extend(alone.map(|(table, _)| format!("{name}: `[{table}]` is not `workspace = true`")));
    faults
}

/// `x.features = […]` beside `x.workspace = true` in the same table.
fn extends_inherited(entry: &Entry, entries: &[Entry]) -> bool {
    entry.key.split_once('.').is_some_and(|(package, _)| {
        entries.iter().any(|other| {
            other.table == entry.table && other.key == format!("{package}.workspace") && other.value == "true"
        })
    })
}

/// What follows `dependencies` in the name of a table of dependencies; none for other tables.
fn after_dependencies(table: &str) -> Option<&str> {
    // `[target.'cfg(…)'.dependencies]`: the part in quotes may hold dots.
    let table = if table.starts_with("target.") {
        let kind = ["dev-dependencies", "build-dependencies", "dependencies"];
        let at = kind.iter().find_map(|kind| table.rfind(&format!(".{kind}")))?;
        &table[at + 1..]
    } else {
        table
    };
    let rest = table.strip_prefix("dev-").or(table.strip_prefix("build-")).unwrap_or(table);
    let after = rest.strip_prefix("dependencies")?;
    match after.strip_prefix('.') {
        Some(package) => Some(package),
        None => after.is_empty().then_some(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[package]
name = "a"
version.workspace = true
edition = { workspace = true }
rust-version.workspace = true
license.workspace = true
[lints]
workspace = true
[dependencies]
url.workspace = true
tokio = { workspace = true, features = [
    "net",
] }
serde = { optional = true, workspace = true }
http.workspace = true
http.optional = true
[target.'cfg(not(any(windows, target_os = "x.y")))'.dependencies]
libc.workspace = true
[dev-dependencies.tempfile]
workspace = true
optional = true
"#;

    #[track_caller]
    fn check_manifest(text: &str, expected: &[&str]) {
        assert_eq!(judge("a", text), expected);
    }

    #[test]
    fn a_manifest_that_inherits_passes() {
        check_manifest(GOOD, &[]);
    }

    #[test]
    fn what_is_not_inherited_is_found() {
        check_manifest(
            &GOOD.replace("edition = { workspace = true }", "edition = \"2021\""),
            &["a: `edition.workspace = true` is missing"],
        );
        check_manifest(
            &GOOD.replace("license.workspace = true\n", ""),
            &["a: `license.workspace = true` is missing"],
        );
        check_manifest(
            &GOOD.replace("[lints]\nworkspace = true", ""),
            &["a: `[lints] workspace = true` is missing"],
        );
    }

    #[test]
    fn a_dependency_with_a_version_of_its_own_is_found() {
        let own = |line: &str| GOOD.replace("url.workspace = true", line);
        check_manifest(&own("url = \"2\""), &["a: line 11: `url` is not `workspace = true`"]);
        check_manifest(
            &own("url = { version = \"2\", path = \"../url\" }"),
            &["a: line 11: `url` is not `workspace = true`"],
        );
        check_manifest(&own("url.version = \"2\""), &["a: line 11: `url.version` is not `workspace = true`"]);
        check_manifest(
            &GOOD.replace("libc.workspace = true", "libc = \"0.2\""),
            &["a: line 19: `libc` is not `workspace = true`"],
        );
        check_manifest(
            &GOOD.replace(
                "[dev-dependencies.tempfile]\nworkspace = true",
                "[dev-dependencies.tempfile]\nversion = \"3\"",
            ),
            &["a: `[dev-dependencies.tempfile]` is not `workspace = true`"],
        );
    }
}
