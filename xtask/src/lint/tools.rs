//! The checks that other programs make: rustfmt, clippy, rustdoc, the oldest toolchain.

use std::process::Command;

use crate::{native_tls, process, workspace::Workspace};

/// rustfmt, over every member.
pub(crate) fn format(workspace: &Workspace) -> Result<(), String> {
    process::run(process::cargo(&workspace.root).args(["fmt", "--all", "--check"]))
}

/// Clippy, over every target with every feature.
pub(crate) fn clippy(workspace: &Workspace) -> Result<(), String> {
    process::run(
        process::cargo(&workspace.root)
            .args(["clippy", "--workspace", "--all-targets"])
            .args(native_tls::every_feature(&workspace.members))
            .args(["--", "-D", "warnings"]),
    )
}

/// rustdoc, over every member but the command: its program is called `qetch` like the facade, whose pages it would
/// overwrite, and it has no API to document.
pub(crate) fn docs(workspace: &Workspace) -> Result<(), String> {
    process::run(
        process::cargo(&workspace.root)
            .args(["doc", "--workspace", "--exclude", "qetch-cli", "--no-deps"])
            .args(native_tls::every_feature(&workspace.members))
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// A check with the oldest toolchain that we promise, where it is installed. Clippy's `incompatible_msrv` looks everywhere.
pub(crate) fn msrv(workspace: &Workspace) -> Result<(), String> {
    let listed = process::probe(Command::new("rustup").args(["toolchain", "list"])).unwrap_or_default();
    let promised = &workspace.rust_version;
    let Some(toolchain) = toolchain(&listed, promised) else {
        println!("the {promised} toolchain is not installed: left to clippy's incompatible_msrv");
        return Ok(());
    };
    let mut command = Command::new("rustup");
    command
        .current_dir(&workspace.root)
        .args(["run", toolchain, "cargo", "check", "--workspace"])
        .args(native_tls::every_feature(&workspace.members))
        // Ours point at the toolchain that runs this task.
        .env_remove("CARGO")
        .env_remove("RUSTC");
    process::run(&mut command)
}

/// The toolchain of `version` on rustup's list, with any patch number.
fn toolchain<'a>(listed: &'a str, version: &str) -> Option<&'a str> {
    let mut names = listed.lines().filter_map(|line| line.split_whitespace().next());
    names.find(|name| {
        let rest = name.strip_prefix(version);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_toolchain_is_found_by_its_version() {
        let listed = "stable-x86_64-unknown-linux-gnu (active, default)\n1.89.0-x86_64-unknown-linux-gnu\n";
        assert_eq!(toolchain(listed, "1.89"), Some("1.89.0-x86_64-unknown-linux-gnu"));
        assert_eq!(toolchain("1.89-x86_64-apple-darwin\n", "1.89"), Some("1.89-x86_64-apple-darwin"));
        assert_eq!(toolchain("stable\n1.890.0\n1.95.0-x86_64\n", "1.89"), None);
        assert_eq!(toolchain("", "1.89"), None);
    }
}
