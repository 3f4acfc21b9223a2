//! A directory that lives as long as the work in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{Error, Result, files::with_suffix};

/// A new directory beside a file to be, removed with all in it when dropped.
#[derive(Debug)]
pub struct Staging(PathBuf);

impl Staging {
    /// Makes one beside `path`, of a name that nothing else has.
    ///
    /// # Errors
    /// [`Io`](Error::Io).
    pub fn beside(path: &Path) -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let directory = with_suffix(path, &format!(".{}-{count}.qetch", process::id()));
            // `create_dir` follows no link and fails on anything that stands there.
            match fs::create_dir(&directory) {
                Ok(()) => return Ok(Self(directory)),
                // Left by a program that was killed and had our number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (),
                Err(error) => return Err(Error::io("create", &directory, error)),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "pieces are left behind");
        }
    }
}
