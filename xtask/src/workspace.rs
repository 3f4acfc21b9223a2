//! The workspace as cargo describes it: members, who depends on whom, features.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::process;

/// Features of a package: name to what it turns on.
pub(crate) type Features = BTreeMap<String, Vec<String>>;

/// The root and every member, from `cargo metadata --no-deps`.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// The oldest toolchain that is promised, the same for every member.
    pub(crate) rust_version: String,
    pub(crate) members: Vec<Member>,
}

/// One package of the workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) features: Features,
}

/// A dependency as declared, optional ones and those of one platform included.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// When a dependency is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Build,
    Development,
}

impl Workspace {
    /// Asks cargo about the workspace around the current directory.
    pub(crate) fn load() -> Result<Self, String> {
        let here = env::current_dir().map_err(|error| format!("no current directory: {error}"))?;
        let json =
            process::capture(process::cargo(&here).args(["metadata", "--no-deps", "--format-version", "1"]))?;
        Self::parse(&json)
    }

    fn parse(json: &str) -> Result<Self, String> {
        let metadata: Value = serde_json::from_str(json)
            .map_err(|error| format!("`cargo metadata` answered no JSON: {error}"))?;
        let mut members = list(&metadata, "packages").iter().map(member).collect::<Result<Vec<_>, _>>()?;
        let first = list(&metadata, "packages").first().ok_or("the workspace has no member")?;
        members.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            root: PathBuf::from(text(&metadata, "workspace_root")?),
            rust_version: text(first, "rust_version")?,
            members,
        })
    }

    /// The member called `name`.
    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl Member {
    /// Whether this is one of the crates that users get, not a test package or a tool.
    pub(crate) fn is_ours_to_ship(&self, root: &Path) -> bool {
        self.manifest.starts_with(root.join("crates"))
    }
}

fn member(package: &Value) -> Result<Member, String> {
    Ok(Member {
        name: text(package, "name")?,
        manifest: PathBuf::from(text(package, "manifest_path")?),
        dependencies: list(package, "dependencies").iter().map(dependency).collect::<Result<_, _>>()?,
        features: features(package),
    })
}

fn dependency(value: &Value) -> Result<Dependency, String> {
    let kind = match value.get("kind").and_then(Value::as_str) {
        None => Kind::Normal,
        Some("build") => Kind::Build,
        Some("dev") => Kind::Development,
        Some(other) => return Err(format!("`cargo metadata` names an unknown kind of dependency: {other}")),
    };
    Ok(Dependency { name: text(value, "name")?, kind })
}

fn features(package: &Value) -> Features {
    let Some(table) = package.get("features").and_then(Value::as_object) else {
        return Features::new();
    };
    let strings = |value: &Value| -> Vec<String> {
        let items = value.as_array().map_or(&[][..], Vec::as_slice);
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    table.iter().map(|(name, on)| (name.clone(), strings(on))).collect()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(value: &Value, field: &str) -> Result<String, String> {
    let found = value.get(field).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| format!("`cargo metadata` names no `{field}` where one belongs"))
}

#[cfg(test)]
impl Member {
    /// A member for tests of the checkers.
    pub(crate) fn planted(name: &str, uses: &[(&str, Kind)], features: &[(&str, &[&str])]) -> Self {
        Self {
            name: name.to_owned(),
            manifest: PathBuf::from(format!("/planted/crates/{name}/Cargo.toml")),
            dependencies: uses
                .iter()
                .map(|&(name, kind)| Dependency { name: name.to_owned(), kind })
                .collect(),
            features: features
                .iter()
                .map(|(name, on)| ((*name).to_owned(), on.iter().map(|&it| it.to_owned()).collect()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
        "workspace_root": "/planted",
        "packages": [
            {"name": "xtask", "rust_version": "1.89", "manifest_path": "/planted/xtask/Cargo.toml", "dependencies": [], "features": {}},
            {"name": "qetch-core", "manifest_path": "/planted/crates/qetch-core/Cargo.toml",
             "dependencies": [{"name": "url", "kind": null}, {"name": "tempfile", "kind": "dev"}, {"name": "cc", "kind": "build"}],
             "features": {"default": [], "rustls": ["reqwest/rustls"]}}
        ]
    }"#;

    #[test]
    fn metadata_is_read() {
        let workspace = Workspace::parse(METADATA).unwrap();
        let core = workspace.member("qetch-core").unwrap();
        let kinds: Vec<_> = core.dependencies.iter().map(|it| (it.name.as_str(), it.kind)).collect();
        assert_eq!(kinds, [("url", Kind::Normal), ("tempfile", Kind::Development), ("cc", Kind::Build)]);
        assert_eq!(core.features["rustls"], ["reqwest/rustls"]);
        assert!(core.is_ours_to_ship(&workspace.root));
        assert!(!workspace.member("xtask").unwrap().is_ours_to_ship(&workspace.root));
    }

    #[test]
    fn metadata_without_a_root_is_an_error() {
        let json = METADATA.replace("workspace_root", "elsewhere");
        let error = Workspace::parse(&json).unwrap_err();
        assert!(error.contains("`workspace_root`"), "{error}");
    }
}
