//! No site leans on another: a site's file can be read, changed and removed alone. What two share is `common_*.rs`.

use std::collections::BTreeSet;

use crate::{
    source::{self, Token},
    tree::Tree,
};

/// Where the sites are.
pub(crate) const SITES: &str = "crates/qetch-extractors/src/";

/// What a path into the crate of the sites begins with.
const ROOTS: &[&str] = &["crate", "super", "qetch_extractors"];

/// A line for every path from one site, or from what sites share, to another site.
pub(crate) fn check(tree: &Tree) -> Result<Vec<String>, String> {
    let sites = sites(tree);
    let mut faults = Vec::new();
    for file in tree.below(SITES).filter(|file| file.ends_with(".rs")) {
        let Some(own) = module(file).filter(|module| *module != "lib") else {
            continue;
        };
        let text = tree.read(file)?;
        for target in paths(&source::tokens(&text)) {
            if target.text != own && sites.contains(target.text) {
                faults.push(format!("{file}:{}: leans on the site `{}`", target.line, target.text));
            }
            if target.text == "*" {
                faults.push(format!("{file}:{}: imports all sites at once", target.line));
            }
        }
    }
    Ok(faults)
}

/// The modules that are sites: every file or folder but `lib.rs` and `common_*`.
pub(crate) fn sites(tree: &Tree) -> BTreeSet<String> {
    tree.below(SITES)
        .filter(|file| file.ends_with(".rs"))
        .filter_map(module)
        .filter(|module| *module != "lib" && !module.starts_with("common_"))
        .map(str::to_owned)
        .collect()
}

/// The module of the crate that a file belongs to.
fn module(file: &str) -> Option<&str> {
    let within = file.strip_prefix(SITES)?;
    let first = within.split('/').next()?;
    Some(first.strip_suffix(".rs").unwrap_or(first))
}

/// The first names of every path that begins at the crate or at a parent; `*` when everything of the crate is meant.
fn paths<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let root = tokens[at].text;
        if ROOTS.contains(&root) && source::begins(&tokens[at + 1..], &["::"]) {
            let names = first_names(&tokens[at + 2..]);
            // `use super::*` is how tests begin: it means the site itself.
            found.extend(names.into_iter().filter(|name| name.text != "*" || root != "super"));
        }
    }
    found
}

/// The name that follows, or the first name of each branch of the group that follows.
fn first_names<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    if !source::begins(tokens, &["{"]) {
        return tokens.iter().take(1).copied().collect();
    }
    let mut names = Vec::new();
    let mut depth = 0;
    for pair in tokens[..source::group_length(tokens)].windows(2) {
        match pair[0].text {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        let starts = matches!(pair[0].text, "{" | ",");
        if depth == 1 && starts && pair[1].text != "{" {
            names.push(pair[1]);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    #[track_caller]
    fn check_generic(text: &str, expected: &[&str]) {
        let planted = Planted::new(&[
            ("crates/qetch-extractors/src/lib.rs", "//! List.\nuse crate::gfycat::Gfycat;"),
            ("crates/qetch-extractors/src/gfycat.rs", "use crate::common_json::field;"),
            ("crates/qetch-extractors/src/common_json.rs", ""),
            ("crates/qetch-extractors/src/generic.rs", text),
        ]);
        let found = check(&Tree::walk(planted.path()).unwrap()).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|fault| fault.strip_prefix("crates/qetch-extractors/src/generic.rs:").unwrap())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_site_that_leans_on_another_is_found() {
        let leans = "1: leans on the site `gfycat`";
        check_generic("use crate::gfycat::Gfycat;", &[leans]);
        check_generic("fn a() { super::gfycat::b(); }", &[leans]);
        check_generic("use crate::{common_json::{field, list}, gfycat::{self}};", &[leans]);
        check_generic("use crate::*;", &["1: imports all sites at once"]);
        check_generic("mod tests {\n use qetch_extractors::gfycat;\n}", &["2: leans on the site `gfycat`"]);
    }

    #[test]
    fn its_own_things_and_shared_ones_are_free() {
        check_generic("use crate::common_json::field; use crate::generic::Other;", &[]);
        check_generic(
            "// crate::gfycat\nmod tests { use super::*; const A: &str = \"crate::gfycat\"; }",
            &[],
        );
        check_generic("use crate::common_json::{gfycat};", &[]);
    }

    #[test]
    fn what_is_shared_leans_on_no_site() {
        let planted = Planted::new(&[
            ("crates/qetch-extractors/src/gfycat/mod.rs", "use super::super::gfycat;"),
            ("crates/qetch-extractors/src/common_json.rs", "use crate::gfycat::Gfycat;"),
        ]);
        let found = check(&Tree::walk(planted.path()).unwrap()).unwrap();
        assert_eq!(found, ["crates/qetch-extractors/src/common_json.rs:1: leans on the site `gfycat`"]);
    }
}
