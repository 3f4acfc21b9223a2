//! Each feature alone: a feature that leans on another, or on one that a sibling crate happened to turn on, fails here.

use std::{collections::BTreeSet, time::Instant};

use crate::{
    native_tls::{self, Feature},
    process, report,
    workspace::{Member, Workspace},
};

/// The simulations of the engine, which take longer than all else: they run with every feature on, and a feature alone changes
/// nothing about them.
const SIMULATIONS: &str = "simulation::";

/// One way to build one package.
#[derive(Debug, PartialEq, Eq)]
struct Build {
    label: String,
    package: String,
    arguments: Vec<String>,
}

impl Build {
    /// Whether it only hands a site or a protocol on to the crate that has it, where it is checked alone: that the two lists
    /// agree is for lint. Of the muxer the facade has code of its own.
    fn is_handed_on(&self) -> bool {
        let is_on = |it: &String| it.starts_with("extractor-") || it.starts_with("downloader-");
        self.package == "qetch" && self.arguments.last().is_some_and(|it| is_on(it) && it != "downloader-mux")
    }

    /// Whether it is one site. No test of a site is about what another one leaves out, so those are run once, with all of them;
    /// alone they are only checked. What `generic` says depends on what else is there.
    fn is_site(&self) -> bool {
        const NONE: [&str; 4] = ["--no-default-features", "generic", "dash", "hls"];
        let is_none = self.arguments.last().is_none_or(|it| NONE.contains(&it.as_str()));
        self.package == "qetch-extractors" && !is_none
    }

    /// Whether its unit tests were run elsewhere: those of a private feature, which is for this repository and leaves nothing
    /// out, of a choice of TLS, which leaves out what the build without features does, and of all features, with which the whole
    /// workspace is tested.
    fn is_tested_elsewhere(&self) -> bool {
        const ELSEWHERE: [&str; 3] = ["all", "native-tls", "rustls"];
        let is_elsewhere = |it: &String| it.starts_with("__") || ELSEWHERE.contains(&it.as_str());
        self.arguments.last().is_some_and(is_elsewhere)
    }
}

/// Checks every shipped package without features, with its default ones, and with each one alone, warnings denied.
///
/// Clippy only checks, so nothing is compiled to machine code but build scripts and procedural macros.
pub(crate) fn check(workspace: &Workspace) -> Result<(), String> {
    let missing = native_tls::missing(&workspace.members);
    let mut failed = Vec::new();
    for member in &workspace.members {
        if !member.is_ours_to_ship(&workspace.root) {
            continue;
        }
        for build in builds(member, &missing).into_iter().filter(|build| !build.is_handed_on()) {
            let started = Instant::now();
            let mut clippy = process::cargo(&workspace.root);
            clippy.args(["clippy", "--quiet", "--package", &member.name]).args(&build.arguments);
            if build.is_site() {
                clippy.args(["--lib", "--tests"]);
            }
            let result = process::run(clippy.args(["--", "-D", "warnings"]));
            println!("{:>9}  {}", report::seconds(started.elapsed()), build.label);
            if let Err(error) = result {
                println!("{error}");
                failed.push(build.label);
            }
        }
    }
    for (package, feature) in &missing {
        println!("not checked: {package} with {feature}, for want of OpenSSL's headers and pkg-config");
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("not clean alone: {}", failed.join("; ")))
}

/// Runs the unit tests of the sub-crates, which have nothing on by default, without features and with each one alone:
/// what a feature leaves out is tested as well as what it brings.
pub(crate) fn tests(workspace: &Workspace) -> Result<(), String> {
    let missing = native_tls::missing(&workspace.members);
    let has_nothing_on = |member: &&Member| member.features.get("default").is_some_and(Vec::is_empty);
    let mut failed = Vec::new();
    let ours = workspace.members.iter().filter(|member| member.is_ours_to_ship(&workspace.root));
    let builds = ours.filter(has_nothing_on).flat_map(|member| builds(member, &missing));
    for build in builds.filter(|build| !build.is_tested_elsewhere() && !build.is_site()) {
        println!("{}", build.label);
        let mut tests = process::cargo(&workspace.root);
        tests.args(["test", "--quiet", "--lib", "--package", &build.package]).args(&build.arguments);
        tests.args(["--", "--skip", SIMULATIONS]);
        let result = process::run(&mut tests);
        if let Err(error) = result {
            println!("{error}");
            failed.push(build.label);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("tests fail alone: {}", failed.join("; "))) }
}

/// The ways to build `member`, without those that need a feature in `missing`.
fn builds(member: &Member, missing: &BTreeSet<Feature>) -> Vec<Build> {
    let without = "--no-default-features";
    let mut builds = vec![build(member, "without features", &[without])];
    for (name, on) in &member.features {
        if missing.contains(&(member.name.clone(), name.clone())) {
            continue;
        }
        if name == "default" {
            // An empty default is the build without features again.
            if !on.is_empty() {
                builds.push(build(member, "with its default features", &[]));
            }
        } else {
            builds.push(build(member, &format!("with {name} alone"), &[without, "--features", name]));
        }
    }
    builds
}

fn build(member: &Member, how: &str, arguments: &[&str]) -> Build {
    Build {
        label: format!("{} {how}", member.name),
        package: member.name.clone(),
        arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(features: &[(&str, &[&str])], missing: &[&str], expected: &[&str]) {
        let member = Member::planted("qetch", &[], features);
        let missing = missing.iter().map(|it| ("qetch".into(), (*it).into())).collect();
        let found: Vec<_> = builds(&member, &missing).iter().map(|it| it.arguments.join(" ")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_feature_is_built_alone_and_an_empty_default_is_not_built_twice() {
        check(&[], &[], &["--no-default-features"]);
        check(
            &[("default", &[]), ("gfycat", &[])],
            &[],
            &["--no-default-features", "--no-default-features --features gfycat"],
        );
        check(
            &[("default", &["gfycat"]), ("gfycat", &[])],
            &[],
            &["--no-default-features", "", "--no-default-features --features gfycat"],
        );
    }

    #[test]
    fn private_features_and_all_of_them_are_tested_elsewhere() {
        let member =
            Member::planted("qetch", &[], &[("__bench", &[]), ("all", &[]), ("http", &[]), ("rustls", &[])]);
        let builds = builds(&member, &BTreeSet::new());
        let elsewhere: Vec<_> = builds.iter().map(Build::is_tested_elsewhere).collect();
        assert_eq!(elsewhere, [false, true, true, false, true]);
    }

    #[test]
    fn a_site_is_checked_in_its_own_crate_and_tested_with_the_others() {
        let of = |package: &str, feature: &str| {
            let builds = builds(&Member::planted(package, &[], &[(feature, &[])]), &BTreeSet::new());
            builds.iter().map(|build| (build.is_site(), build.is_handed_on())).collect::<Vec<_>>()
        };
        assert_eq!(of("qetch-extractors", "gfycat"), [(false, false), (true, false)]);
        assert_eq!(of("qetch-extractors", "generic"), [(false, false), (false, false)]);
        assert_eq!(of("qetch", "extractor-gfycat"), [(false, false), (false, true)]);
        assert_eq!(of("qetch", "downloader-http"), [(false, false), (false, true)]);
        assert_eq!(of("qetch", "downloader-mux"), [(false, false), (false, false)]);
        assert_eq!(of("qetch-core", "rustls"), [(false, false), (false, false)]);
    }

    #[test]
    fn what_cannot_be_built_here_is_left_out() {
        check(&[("native-tls", &[])], &["native-tls"], &["--no-default-features"]);
    }
}
