//! The files of the repository: what git tracks or would track, so that a checker sees a new file before it is committed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::process;

/// A directory and the files in it, named from the root with `/` between.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    pub(crate) files: Vec<String>,
}

impl Tree {
    /// What git knows below `root`; every file there when it is no git work tree (an unpacked archive).
    pub(crate) fn load(root: &Path) -> Result<Self, String> {
        match Self::tracked(root) {
            Some(tree) => Ok(tree),
            None => Self::walk(root),
        }
    }

    fn tracked(root: &Path) -> Option<Self> {
        let mut git = Command::new("git");
        git.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let listed = process::probe(&mut git)?;
        let mut files: Vec<String> = listed
            .split('\0')
            // A file may be tracked and gone from the work tree, or be a link to a directory.
            .filter(|file| !file.is_empty() && root.join(file).is_file())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Some(Self { root: root.to_owned(), files })
    }

    /// Every file below `root`, but for what is hidden or built.
    pub(crate) fn walk(root: &Path) -> Result<Self, String> {
        let mut files = Vec::new();
        collect(root, "", &mut files)?;
        files.sort();
        Ok(Self { root: root.to_owned(), files })
    }

    /// The Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str).filter(|file| file.ends_with(".rs"))
    }

    /// The files below `directory`, which ends in `/`.
    pub(crate) fn below<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.iter().map(String::as_str).filter(move |file| file.starts_with(directory))
    }

    /// The text of a file.
    pub(crate) fn read(&self, file: &str) -> Result<String, String> {
        fs::read_to_string(self.root.join(file)).map_err(|error| format!("{file}: {error}"))
    }

    /// The bytes of a file that may not be text.
    pub(crate) fn bytes(&self, file: &str) -> Result<Vec<u8>, String> {
        fs::read(self.root.join(file)).map_err(|error| format!("{file}: {error}"))
    }
}

fn collect(directory: &Path, prefix: &str, files: &mut Vec<String>) -> Result<(), String> {
    let unreadable = |error| format!("{}: {error}", directory.display());
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == ".git" || name == "target" {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else {
            files.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    #[test]
    fn a_tree_without_git_is_walked_and_what_is_built_is_left_out() {
        let planted =
            Planted::new(&[("a/b.rs", ""), ("c.md", ""), ("target/d.rs", ""), ("a/target/e.rs", "")]);
        let tree = Tree::walk(planted.path()).unwrap();
        assert_eq!(tree.files, ["a/b.rs", "c.md"]);
        assert_eq!(tree.rust().collect::<Vec<_>>(), ["a/b.rs"]);
        assert_eq!(tree.below("a/").collect::<Vec<_>>(), ["a/b.rs"]);
    }
}
