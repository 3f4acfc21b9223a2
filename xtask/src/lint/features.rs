//! Lists that must agree: the files of a sub-crate, its features, its `builtin()`, and what the facade forwards.

use super::{
    facade, independence,
    names::{Names, differences},
};
use crate::{
    source::{self, Token},
    tree::Tree,
    workspace::{Features, Workspace},
};

/// A line for every name that is on one list and not on another.
pub(crate) fn check(workspace: &Workspace, tree: &Tree) -> Result<Vec<String>, String> {
    let features_of = |name: &str| {
        let member = workspace.member(name);
        member.map(|member| &member.features).ok_or_else(|| format!("the workspace has no {name}"))
    };
    let extractors = features_of("qetch-extractors")?;
    let downloaders = features_of("qetch-downloaders")?;
    let mut faults = Vec::new();
    for name in ["qetch-core", "qetch-manifest", "qetch-extractors", "qetch-downloaders"] {
        if let Some(member) = workspace.member(name) {
            faults.extend(defaults(name, &member.features));
        }
    }
    let sites = tree.read("crates/qetch-extractors/src/lib.rs")?;
    let protocols = tree.read("crates/qetch-downloaders/src/lib.rs")?;
    faults.extend(extractor_lists(&independence::sites(tree), extractors, &sites));
    faults.extend(downloader_lists(downloaders, &protocols));
    faults.extend(facade::check(
        features_of("qetch")?,
        &[
            ("extractor", "qetch-extractors", public(extractors)),
            ("downloader", "qetch-downloaders", public(downloaders)),
        ],
    ));
    Ok(faults)
}

/// A sub-crate turns nothing on by itself: the facade chooses.
fn defaults(name: &str, features: &Features) -> Option<String> {
    let on = features.get("default")?;
    (!on.is_empty()).then(|| format!("{name}: `default` must be empty, but turns on {}", on.join(", ")))
}

/// Files, features, gated modules, `builtin()` and `all` of the extractors.
fn extractor_lists(files: &Names, features: &Features, lib: &str) -> Vec<String> {
    let krate = "qetch-extractors";
    let tokens = source::tokens(lib);
    let named = public(features);
    let mut faults = Vec::new();
    let modules = modules(krate, &tokens, &mut faults);
    let sites = named.iter().filter(|name| !is_form(features, name)).cloned().collect();
    differences(krate, ("a file", files), ("a feature", &sites), &mut faults);
    differences(krate, ("a file", files), ("a gated module", &modules), &mut faults);
    match builtin(&tokens, files) {
        Some(listed) => {
            differences(krate, ("a file", files), ("an entry of `builtin()`", &listed), &mut faults);
        }
        None => faults.push(format!("{krate}: lib.rs has no `fn builtin()`")),
    }
    faults.extend(all(krate, features, &named));
    faults
}

/// Gated modules, features and `all` of the downloaders. Not every module is a downloader, so `builtin()` may list fewer.
fn downloader_lists(features: &Features, lib: &str) -> Vec<String> {
    let krate = "qetch-downloaders";
    let tokens = source::tokens(lib);
    let named = public(features);
    let mut faults = Vec::new();
    let modules = modules(krate, &tokens, &mut faults);
    differences(krate, ("a gated module", &modules), ("a feature", &named), &mut faults);
    for entry in builtin(&tokens, &modules).unwrap_or_default().difference(&modules) {
        faults.push(format!("{krate}: `{entry}` is an entry of `builtin()` but not a gated module"));
    }
    faults.extend(all(krate, features, &named));
    faults
}

/// Whether a feature of the extractors is no site, but a form of manifest that sites read: it turns on the reader of that name.
fn is_form(features: &Features, name: &str) -> bool {
    let reader = format!("qetch-manifest/{name}");
    features.get(name).is_some_and(|on| on.contains(&reader))
}

/// The features that name a site or a protocol: not the groups, nor private ones.
fn public(features: &Features) -> Names {
    let plain = |name: &&String| *name != "default" && *name != "all" && !name.starts_with("__");
    features.keys().filter(plain).cloned().collect()
}

/// `all` turns on every feature and nothing else.
fn all(krate: &str, features: &Features, named: &Names) -> Vec<String> {
    let mut faults = Vec::new();
    match features.get("all") {
        Some(on) => {
            let on = on.iter().cloned().collect();
            differences(krate, ("a feature", named), ("a part of `all`", &on), &mut faults);
        }
        None => faults.push(format!("{krate}: has no feature `all`")),
    }
    faults
}

/// The modules of `#[cfg(feature = "x")] pub mod x;`. A gate of another name than its module is a fault. What several
/// share is behind a private feature of its name, `__x`, and on no list.
fn modules(krate: &str, tokens: &[Token<'_>], faults: &mut Vec<String>) -> Names {
    let mut modules = Names::new();
    for at in 0..tokens.len() {
        let Some(feature) = gate(&tokens[at..]) else { continue };
        let Some(module) = declared(&tokens[at..]) else { continue };
        if feature.strip_prefix("__") == Some(module) {
            continue;
        }
        if module != feature {
            faults.push(format!("{krate}: module `{module}` is behind the feature `{feature}`, not its own"));
        }
        modules.insert(module.to_owned());
    }
    modules
}

/// The feature, where `tokens` begin with `#[cfg(feature = "x")]`.
fn gate<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    if !source::begins(tokens, &["#", "[", "cfg", "(", "feature", "="]) {
        return None;
    }
    tokens.get(6)?.text.strip_prefix('"')?.strip_suffix('"')
}

/// The module that is declared after the attributes that `tokens` begin with.
fn declared<'a>(mut tokens: &[Token<'a>]) -> Option<&'a str> {
    while source::begins(tokens, &["#"]) {
        tokens = &tokens[1 + source::group_length(&tokens[1..])..];
    }
    if source::begins(tokens, &["pub"]) {
        tokens = &tokens[1..];
        if source::begins(tokens, &["("]) {
            tokens = &tokens[source::group_length(tokens)..];
        }
    }
    let name = tokens.get(1)?;
    (source::begins(tokens, &["mod"]) && name.is_word()).then_some(name.text)
}

/// What `fn builtin` names: the modules it calls into, and the features it gates entries with.
fn builtin(tokens: &[Token<'_>], modules: &Names) -> Option<Names> {
    let start = (0..tokens.len()).find(|&at| source::begins(&tokens[at..], &["fn", "builtin"]))?;
    let open = start + tokens[start..].iter().position(|token| token.text == "{")?;
    let body = &tokens[open..open + source::group_length(&tokens[open..])];
    let mut listed = Names::new();
    for (at, token) in body.iter().enumerate() {
        let called = modules.contains(token.text) && source::begins(&body[at + 1..], &["::"]);
        if called {
            listed.insert(token.text.to_owned());
        }
        if let Some(feature) = gate(&body[at..]).filter(|feature| !modules.contains(*feature)) {
            listed.insert(feature.to_owned());
        }
    }
    Some(listed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Member;

    const LIB: &str = r#"//! Sites.
        #[cfg(feature = "generic")]
        pub mod generic;
        #[cfg(feature = "gfycat")]
        #[doc(alias = "gif")]
        pub mod gfycat;
        mod common_json;
        /// Every one.
        pub fn builtin() -> Vec<Arc<dyn Extractor>> {
            vec![
                #[cfg(feature = "gfycat")]
                Arc::new(gfycat::Gfycat::default()),
                #[cfg(feature = "generic")]
                Arc::new(generic::Generic),
            ]
        }"#;

    fn features(features: &[(&str, &[&str])]) -> Features {
        Member::planted("x", &[], features).features
    }

    fn good() -> Features {
        features(&[
            ("default", &[]),
            ("generic", &[]),
            ("gfycat", &[]),
            ("__html", &[]),
            ("all", &["generic", "gfycat"]),
        ])
    }

    #[track_caller]
    fn check_sites(files: &[&str], features: &Features, lib: &str, expected: &[&str]) {
        let files = files.iter().map(|it| (*it).to_owned()).collect();
        let found = extractor_lists(&files, features, lib);
        let found: Vec<_> = found.iter().map(|it| it.strip_prefix("qetch-extractors: ").unwrap()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lists_that_agree_pass() {
        check_sites(&["generic", "gfycat"], &good(), LIB, &[]);
    }

    #[test]
    fn a_file_that_is_on_no_list_is_found() {
        check_sites(
            &["generic", "gfycat", "imgur"],
            &good(),
            LIB,
            &[
                "`imgur` is a file but not a feature",
                "`imgur` is a file but not a gated module",
                "`imgur` is a file but not an entry of `builtin()`",
            ],
        );
    }

    #[test]
    fn a_feature_without_a_file_and_outside_all_is_found() {
        let mut features = good();
        features.insert("imgur".into(), vec![]);
        check_sites(
            &["generic", "gfycat"],
            &features,
            LIB,
            &["`imgur` is a feature but not a file", "`imgur` is a feature but not a part of `all`"],
        );
    }

    #[test]
    fn a_form_of_manifest_is_no_site_and_part_of_all() {
        let mut features = good();
        features.insert("hls".into(), vec!["generic".into(), "qetch-manifest/hls".into()]);
        let missing = "`hls` is a feature but not a part of `all`";
        check_sites(&["generic", "gfycat"], &features, LIB, &[missing]);
        features.insert("hls".into(), vec!["qetch-manifest/dash".into()]);
        check_sites(&["generic", "gfycat"], &features, LIB, &["`hls` is a feature but not a file", missing]);
    }

    #[test]
    fn an_entry_forgotten_in_builtin_is_found() {
        let lib = LIB.replace("Arc::new(generic::Generic),", "#[cfg(feature = \"imgur\")] more(),");
        check_sites(
            &["generic", "gfycat"],
            &good(),
            &lib,
            &[
                "`generic` is a file but not an entry of `builtin()`",
                "`imgur` is an entry of `builtin()` but not a file",
            ],
        );
        check_sites(&[], &features(&[("all", &[])]), "", &["lib.rs has no `fn builtin()`"]);
    }

    #[test]
    fn what_several_share_is_on_no_list() {
        let shared = "#[cfg(feature = \"__common\")] mod common;\n";
        check_sites(&["generic", "gfycat"], &good(), &(LIB.to_owned() + shared), &[]);
        let other = "#[cfg(feature = \"__other\")] mod common;\n";
        check_sites(
            &["generic", "gfycat"],
            &good(),
            &(LIB.to_owned() + other),
            &[
                "module `common` is behind the feature `__other`, not its own",
                "`common` is a gated module but not a file",
            ],
        );
    }

    #[test]
    fn a_module_behind_another_s_feature_is_found() {
        let lib = LIB.replacen("feature = \"generic\"", "feature = \"gfycat\"", 1);
        check_sites(
            &["generic", "gfycat"],
            &good(),
            &lib,
            &["module `generic` is behind the feature `gfycat`, not its own"],
        );
    }

    #[test]
    fn a_module_behind_no_feature_is_found() {
        let lib = LIB.replacen("#[cfg(feature = \"generic\")]", "", 1);
        check_sites(&["generic", "gfycat"], &good(), &lib, &["`generic` is a file but not a gated module"]);
    }

    #[test]
    fn lists_of_the_downloaders_agree() {
        let lib =
            "#[cfg(feature = \"http\")] pub mod http; mod limits; pub fn builtin() { http::Http::new() }";
        let good = features(&[("default", &[]), ("http", &[]), ("all", &["http"])]);
        assert!(downloader_lists(&good, lib).is_empty());
        let wrong = features(&[("http", &[]), ("hls", &[]), ("all", &["http", "hls"])]);
        assert_eq!(
            downloader_lists(&wrong, lib),
            ["qetch-downloaders: `hls` is a feature but not a gated module"]
        );
        assert_eq!(
            downloader_lists(&features(&[("http", &[])]), lib),
            ["qetch-downloaders: has no feature `all`"]
        );
    }

    #[test]
    fn a_sub_crate_that_turns_something_on_is_found() {
        assert_eq!(defaults("qetch-core", &features(&[("default", &[])])), None);
        let fault = defaults("qetch-core", &features(&[("default", &["rustls"])]));
        assert_eq!(fault.as_deref(), Some("qetch-core: `default` must be empty, but turns on rustls"));
    }
}
