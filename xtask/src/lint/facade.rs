//! What the facade forwards: a feature for every extractor and downloader, a group for each kind, and `full`.

use super::names::{Names, differences};
use crate::workspace::Features;

/// A kind of feature: the prefix in the facade, the sub-crate, and the features there.
pub(crate) type Forwarded<'a> = (&'a str, &'a str, Names);

/// A line for every feature of a sub-crate that the facade does not forward, group or name rightly.
pub(crate) fn check(features: &Features, kinds: &[Forwarded<'_>]) -> Vec<String> {
    let mut faults = Vec::new();
    for (prefix, krate, names) in kinds {
        forwarded(features, prefix, krate, names, &mut faults);
        group(features, prefix, &mut faults);
        let group = format!("{prefix}s");
        if !turns_on(features, "full", &group) {
            faults.push(format!("qetch: `full` does not turn on `{group}`"));
        }
    }
    faults
}

/// `extractor-x` for every x, each turning on the one of that name.
fn forwarded(features: &Features, prefix: &str, krate: &str, names: &Names, faults: &mut Vec<String>) {
    let expected = names.iter().map(|name| format!("{prefix}-{name}")).collect();
    let feature_of_it = format!("a feature of {krate}");
    differences(
        "qetch",
        (&feature_of_it, &expected),
        ("a feature of the facade", &with_prefix(features, prefix)),
        faults,
    );
    for name in names {
        let own = format!("{prefix}-{name}");
        let there = [format!("{krate}/{name}"), format!("{krate}?/{name}")];
        if features.contains_key(&own) && !there.iter().any(|it| turns_on(features, &own, it)) {
            faults.push(format!("qetch: `{own}` does not turn on `{}`", there[0]));
        }
    }
}

/// `extractors` turns on every `extractor-x`.
fn group(features: &Features, prefix: &str, faults: &mut Vec<String>) {
    let group = format!("{prefix}s");
    for name in with_prefix(features, prefix) {
        if !turns_on(features, &group, &name) {
            faults.push(format!("qetch: `{group}` does not turn on `{name}`"));
        }
    }
}

fn with_prefix(features: &Features, prefix: &str) -> Names {
    let start = format!("{prefix}-");
    features.keys().filter(|name| name.starts_with(&start)).cloned().collect()
}

fn turns_on(features: &Features, feature: &str, other: &str) -> bool {
    features.get(feature).is_some_and(|on| on.iter().any(|it| it == other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Member;

    const GOOD: &[(&str, &[&str])] = &[
        ("default", &["full"]),
        ("extractor-gfycat", &["__extractors", "qetch-extractors/gfycat"]),
        ("extractor-generic", &["__extractors", "qetch-extractors?/generic"]),
        ("extractors", &["extractor-gfycat", "extractor-generic"]),
        ("full", &["extractors"]),
    ];

    #[track_caller]
    fn check_facade(features: &[(&str, &[&str])], expected: &[&str]) {
        let features = Member::planted("qetch", &[], features).features;
        let names = ["generic", "gfycat"].map(str::to_owned).into();
        assert_eq!(check(&features, &[("extractor", "qetch-extractors", names)]), expected);
    }

    /// The good lists with one of them replaced.
    fn but(name: &'static str, on: &'static [&'static str]) -> Vec<(&'static str, &'static [&'static str])> {
        let rest = GOOD.iter().copied().filter(|it| it.0 != name);
        rest.chain([(name, on)]).collect()
    }

    #[test]
    fn what_is_forwarded_and_grouped_passes() {
        check_facade(GOOD, &[]);
    }

    #[test]
    fn a_feature_that_is_not_forwarded_is_found() {
        let without: Vec<_> = GOOD.iter().copied().filter(|it| it.0 != "extractor-gfycat").collect();
        check_facade(
            &without,
            &["qetch: `extractor-gfycat` is a feature of qetch-extractors but not a feature of the facade"],
        );
    }

    #[test]
    fn a_feature_for_nothing_is_found() {
        let mut features = but("extractors", &["extractor-gfycat", "extractor-generic", "extractor-imgur"]);
        features.push(("extractor-imgur", &[]));
        check_facade(
            &features,
            &["qetch: `extractor-imgur` is a feature of the facade but not a feature of qetch-extractors"],
        );
    }

    #[test]
    fn a_feature_that_turns_on_another_is_found() {
        check_facade(
            &but("extractor-gfycat", &["qetch-extractors/generic"]),
            &["qetch: `extractor-gfycat` does not turn on `qetch-extractors/gfycat`"],
        );
    }

    #[test]
    fn groups_that_leave_one_out_are_found() {
        check_facade(
            &but("extractors", &["extractor-gfycat"]),
            &["qetch: `extractors` does not turn on `extractor-generic`"],
        );
        check_facade(&but("full", &[]), &["qetch: `full` does not turn on `extractors`"]);
    }
}
