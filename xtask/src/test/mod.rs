//! `cargo xtask test`: everything that shows the code works, in one command.

mod alone;
mod parts;
mod recorded;

use std::path::PathBuf;

use crate::{native_tls, process, report::Report, tree::Tree, workspace::Workspace};

/// Runs every kind of test. Each runs even when one before it failed.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if let Some(unknown) = arguments.first() {
        return Err(format!("`test` takes no arguments, but got `{unknown}`"));
    }
    let workspace = Workspace::load()?;
    let tree = Tree::load(&workspace.root)?;
    let fixtures = recorded::fixtures()?;
    let features = native_tls::every_feature(&workspace.members);
    let cargo = Cargo { workspace: &workspace, fixtures: fixtures.as_ref(), features: &features };

    let mut report = Report::new();
    report.step("unit and integration tests", || cargo.tests());
    report.step("doc tests", || cargo.run(&["test", "--workspace", "--no-fail-fast", "--doc"]));
    report.step("examples", || cargo.run(&["build", "--workspace", "--examples"]));
    report.step("each feature alone", || alone::check(&workspace));
    report.step("unit tests with each feature alone", || alone::tests(&workspace));
    report.step("recorded tests", || recorded::tell(&tree, fixtures.as_ref()));
    report.step("tests against real programs", || parts::tell(&tree));
    report.finish()
}

/// Cargo over the whole workspace with every feature that this machine can build.
struct Cargo<'a> {
    workspace: &'a Workspace,
    fixtures: Option<&'a PathBuf>,
    features: &'a [String],
}

impl Cargo<'_> {
    fn tests(&self) -> Result<(), String> {
        let root = &self.workspace.root;
        if process::probe(process::cargo(root).args(["nextest", "--version"])).is_some() {
            return self.run(&["nextest", "run", "--workspace", "--no-fail-fast"]);
        }
        println!("cargo-nextest is not installed: using `cargo test`");
        self.run(&["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"])
    }

    fn run(&self, arguments: &[&str]) -> Result<(), String> {
        let mut command = process::cargo(&self.workspace.root);
        command.args(arguments).args(self.features);
        if let Some(fixtures) = self.fixtures {
            // Absolute, since tests run in the directory of their package.
            command.env(recorded::VARIABLE, fixtures);
        }
        println!("$ {}", process::command_line(&command));
        process::run(&mut command)
    }
}
