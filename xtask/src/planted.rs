//! A directory with planted files, for tests of the checkers; it goes when the test ends.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// A temporary directory. Made by hand, since xtask has next to no dependencies.
#[derive(Debug)]
pub(crate) struct Planted(PathBuf);

impl Planted {
    /// Writes `files` (name and text) into a new directory.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = env::temp_dir().join(format!("qetch-xtask-{}-{number}", process::id()));
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir_all(&root).unwrap();
        Self(root)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        // Nothing depends on it being gone, and a panic here would hide the test's own.
        let _ = fs::remove_dir_all(&self.0);
    }
}
