//! Which features need the system's OpenSSL, and what to build in place of `--all-features` where it is missing.

use std::{collections::BTreeSet, env, process::Command};

use crate::{process, workspace::Member};

/// A feature by its package and name.
pub(crate) type Feature = (String, String);

/// Whether `native-tls` can be built here: always on Windows and Apple's systems, elsewhere with OpenSSL's headers.
pub(crate) fn buildable() -> bool {
    cfg!(any(windows, target_vendor = "apple"))
        || env::var_os("OPENSSL_DIR").is_some()
        || process::probe(Command::new("pkg-config").args(["--exists", "openssl"])).is_some()
}

/// The features that cannot be built here.
pub(crate) fn missing(members: &[Member]) -> BTreeSet<Feature> {
    if buildable() {
        return BTreeSet::new();
    }
    needing(members)
}

/// Every feature that turns `native-tls` on, itself or through others.
fn needing(members: &[Member]) -> BTreeSet<Feature> {
    let mut found = BTreeSet::new();
    loop {
        let before = found.len();
        for member in members {
            for (name, on) in &member.features {
                if name == "native-tls" || on.iter().any(|it| leads(member, it, &found)) {
                    found.insert((member.name.clone(), name.clone()));
                }
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Whether `target`, as written in a feature list of `member`, is known to need it.
fn leads(member: &Member, target: &str, found: &BTreeSet<Feature>) -> bool {
    match target.split_once('/') {
        None => found.contains(&(member.name.clone(), target.to_owned())),
        Some((package, feature)) => {
            let package = package.trim_end_matches('?').to_owned();
            feature.starts_with("native-tls") || found.contains(&(package, feature.to_owned()))
        }
    }
}

/// The arguments that build every feature that can be built here.
pub(crate) fn every_feature(members: &[Member]) -> Vec<String> {
    arguments(members, &missing(members))
}

fn arguments(members: &[Member], missing: &BTreeSet<Feature>) -> Vec<String> {
    if missing.is_empty() {
        return vec!["--all-features".to_owned()];
    }
    let mut names = Vec::new();
    for member in members {
        for feature in member.features.keys() {
            if !missing.contains(&(member.name.clone(), feature.clone())) {
                names.push(format!("{}/{feature}", member.name));
            }
        }
    }
    vec!["--features".to_owned(), names.join(",")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members() -> Vec<Member> {
        vec![
            Member::planted(
                "core",
                &[],
                &[("native-tls", &["reqwest/native-tls"]), ("rustls", &["reqwest/rustls"])],
            ),
            Member::planted(
                "facade",
                &[],
                &[
                    ("system-tls", &["core/native-tls"]),
                    ("every", &["system-tls"]),
                    ("rustls", &["core/rustls"]),
                ],
            ),
        ]
    }

    #[test]
    fn what_leads_to_native_tls_is_found_across_packages() {
        let found: Vec<_> = needing(&members()).into_iter().map(|(a, b)| format!("{a}/{b}")).collect();
        assert_eq!(found, ["core/native-tls", "facade/every", "facade/system-tls"]);
    }

    #[test]
    fn without_openssl_the_other_features_are_built() {
        let members = members();
        assert_eq!(arguments(&members, &BTreeSet::new()), ["--all-features"]);
        assert_eq!(arguments(&members, &needing(&members)), ["--features", "core/rustls,facade/rustls"]);
    }
}
