//! Who may use whom: the table, held against what the manifests declare.

use crate::workspace::{Kind, Member};

/// What one package may use of ours.
struct Rule {
    package: &'static str,
    /// In the product and its build scripts.
    uses: &'static [&'static str],
    /// In its own tests, besides those.
    tests_use: &'static [&'static str],
}

const CORE: &str = "qetch-core";
const MANIFEST: &str = "qetch-manifest";
const EXTRACTORS: &str = "qetch-extractors";
const DOWNLOADERS: &str = "qetch-downloaders";
const FACADE: &str = "qetch";
const TESTKIT: &str = "qetch-testkit";

/// The direction rule: everything leads down to core, and siblings never meet but in the facade.
const RULES: &[Rule] = &[
    rule(CORE, &[], &[]),
    rule(MANIFEST, &[CORE], &[]),
    rule(EXTRACTORS, &[CORE, MANIFEST], &[TESTKIT]),
    rule(DOWNLOADERS, &[CORE, MANIFEST], &[TESTKIT]),
    rule(FACADE, &[CORE, MANIFEST, EXTRACTORS, DOWNLOADERS], &[TESTKIT]),
    rule("qetch-cli", &[FACADE], &[TESTKIT]),
    rule(TESTKIT, &[CORE], &[]),
    rule("qetch-extractor-pond", &[CORE], &[]),
    rule("xtask", &[], &[]),
];

/// The cross-crate tests, the micro-benchmarks and the fuzz targets may use anything.
const FREE: &[&str] = &["qetch-tests", "qetch-benches", "qetch-fuzz"];

const fn rule(
    package: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
) -> Rule {
    Rule { package, uses, tests_use }
}

/// A line for every dependency that goes the wrong way, and for every package without a rule.
pub(crate) fn check(members: &[Member]) -> Vec<String> {
    let ours = |name: &str| name.starts_with("qetch") || members.iter().any(|it| it.name == name);
    let mut faults = Vec::new();
    for member in members.iter().filter(|it| !FREE.contains(&it.name.as_str())) {
        let Some(rule) = RULES.iter().find(|rule| rule.package == member.name) else {
            faults.push(format!("{} has no rule: state in {} what it may use", member.name, file!()));
            continue;
        };
        for dependency in member.dependencies.iter().filter(|it| ours(&it.name)) {
            let name = dependency.name.as_str();
            let testing = dependency.kind == Kind::Development;
            let allowed = rule.uses.contains(&name) || (testing && rule.tests_use.contains(&name));
            if !allowed {
                faults.push(fault(rule, name, testing));
            }
        }
    }
    faults
}

fn fault(rule: &Rule, used: &str, testing: bool) -> String {
    let mut allowed = rule.uses.to_vec();
    if testing {
        allowed.extend(rule.tests_use);
    }
    let allowed = if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") };
    let place = if testing { " in its tests" } else { "" };
    format!("{} uses {used}{place}, but may use {allowed}", rule.package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_one(name: &str, uses: &[(&str, Kind)], expected: &[&str]) {
        let members = [Member::planted(name, uses, &[]), Member::planted("xtask", &[], &[])];
        assert_eq!(check(&members), expected);
    }

    #[test]
    fn the_right_direction_passes() {
        check_one("qetch-core", &[("url", Kind::Normal), ("tempfile", Kind::Development)], &[]);
        check_one(
            "qetch-extractors",
            &[("qetch-core", Kind::Normal), ("qetch-testkit", Kind::Development)],
            &[],
        );
        check_one("qetch-cli", &[("qetch", Kind::Normal)], &[]);
        check_one("qetch-tests", &[("qetch", Kind::Normal), ("qetch-downloaders", Kind::Normal)], &[]);
    }

    #[test]
    fn siblings_that_meet_are_found() {
        check_one(
            "qetch-extractors",
            &[("qetch-core", Kind::Normal), ("qetch-downloaders", Kind::Normal)],
            &["qetch-extractors uses qetch-downloaders, but may use qetch-core, qetch-manifest"],
        );
        check_one(
            "qetch-downloaders",
            &[("qetch-extractors", Kind::Build)],
            &["qetch-downloaders uses qetch-extractors, but may use qetch-core, qetch-manifest"],
        );
    }

    #[test]
    fn the_way_up_is_found_in_tests_as_well() {
        check_one(
            "qetch-core",
            &[("qetch-testkit", Kind::Development)],
            &["qetch-core uses qetch-testkit in its tests, but may use nothing of ours"],
        );
        check_one(
            "qetch-testkit",
            &[("qetch", Kind::Development)],
            &["qetch-testkit uses qetch in its tests, but may use qetch-core"],
        );
    }

    #[test]
    fn what_tests_may_use_the_product_may_not() {
        check_one(
            "qetch",
            &[("qetch-testkit", Kind::Normal)],
            &[
                "qetch uses qetch-testkit, but may use qetch-core, qetch-manifest, qetch-extractors, qetch-downloaders",
            ],
        );
    }

    #[test]
    fn the_command_reaches_past_the_facade() {
        check_one(
            "qetch-cli",
            &[("qetch", Kind::Normal), ("qetch-core", Kind::Normal)],
            &["qetch-cli uses qetch-core, but may use qetch"],
        );
    }

    #[test]
    fn a_member_of_another_name_is_ours_too() {
        check_one(
            "qetch-core",
            &[("xtask", Kind::Normal)],
            &["qetch-core uses xtask, but may use nothing of ours"],
        );
    }

    #[test]
    fn a_package_without_a_rule_is_asked_for_one() {
        let faults = check(&[Member::planted("qetch-mux", &[], &[]), Member::planted("helper", &[], &[])]);
        assert!(faults[0].starts_with("qetch-mux has no rule: state in "), "{faults:?}");
        assert!(faults[1].starts_with("helper has no rule"), "{faults:?}");
    }
}
