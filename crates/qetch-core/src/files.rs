//! Giving files their names: in one step, never over another file unasked, and so that it outlives a power cut.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// Gives the whole file `part` its final name `to`, which appears in one step, and only if nothing has that name.
/// `part` must lie on the same file system; its bytes are expected to be synced already. Blocks.
///
/// A hard link is made and the old name removed, since a plain rename would replace what stands there. Where the file
/// system has no hard links, a rename follows a look, and another program may slip in between the two.
///
/// # Errors
/// [`Conflict`](Error::Conflict) when something has that name, [`Io`](Error::Io) when it cannot be given.
pub fn publish(part: &Path, to: &Path) -> Result<()> {
    match fs::hard_link(part, to) {
        Ok(()) => fs::remove_file(part).map_err(|error| Error::io("remove", part, error))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists(to)),
        Err(_) if fs::symlink_metadata(to).is_ok() => return Err(exists(to)),
        Err(_) => fs::rename(part, to).map_err(|error| Error::io("create", to, error))?,
    }
    sync_directory_of(to);
    Ok(())
}

/// Gives the whole file `part` the name `to` in one step, in place of a file that has it. Blocks.
///
/// # Errors
/// [`Conflict`](Error::Conflict) when a directory has that name, [`Io`](Error::Io) when it cannot be given.
pub fn publish_over(part: &Path, to: &Path) -> Result<()> {
    if fs::symlink_metadata(to).is_ok_and(|found| found.is_dir()) {
        return Err(Error::conflict(to, "is a directory; choose another name"));
    }
    fs::rename(part, to).map_err(|error| Error::io("replace", to, error))?;
    sync_directory_of(to);
    Ok(())
}

/// Looks, before anything is fetched, whether a file may have the name `to` in the end. Blocks for a moment.
///
/// # Errors
/// [`Conflict`](Error::Conflict) when something has that name that may not be replaced.
pub fn check_free(to: &Path, overwrite: bool) -> Result<()> {
    match fs::symlink_metadata(to) {
        Ok(found) if overwrite && !found.is_dir() => Ok(()),
        Ok(_) if overwrite => Err(Error::conflict(to, "is a directory; choose another name")),
        Ok(_) => Err(exists(to)),
        Err(_) => Ok(()),
    }
}

/// The error for a name that is taken already.
pub fn exists(path: &Path) -> Error {
    Error::conflict(path, "exists already and is not replaced unasked")
}

/// Writes `pieces`, in order, into the new file `to`. Blocks; `go_on` is asked between blocks of 1 MiB.
///
/// # Errors
/// [`Interrupted`](Error::Interrupted) when `go_on` says no, [`Io`](Error::Io) when a file cannot be read or written.
pub(crate) fn concat(pieces: &[PathBuf], to: &Path, go_on: impl Fn() -> bool) -> Result<()> {
    let mut out = OpenOptions::new().write(true).create_new(true).open(to);
    let out = out
        .as_mut()
        .map_err(|error| Error::io("create", to, io::Error::new(error.kind(), error.to_string())))?;
    for piece in pieces {
        let file = File::open(piece).map_err(|error| Error::io("open", piece, error))?;
        append(&file, piece, out, to, &go_on)?;
    }
    out.sync_all().map_err(|error| Error::io("sync", to, error))
}

fn append(file: &File, from: &Path, out: &mut File, to: &Path, go_on: &impl Fn() -> bool) -> Result<()> {
    use std::io::Read as _;
    const BLOCK: u64 = 1 << 20;
    loop {
        if !go_on() {
            return Err(Error::Interrupted);
        }
        // `io::copy` lets the system move the bytes without them passing through us, where it can.
        match io::copy(&mut file.take(BLOCK), out) {
            Ok(0) => return Ok(()),
            Ok(_) => (),
            Err(error) => {
                return Err(Error::io(
                    "append to",
                    to,
                    io::Error::new(error.kind(), format!("{}: {error}", from.display())),
                ));
            }
        }
    }
}

/// `path` with `suffix` after its whole file name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Options for a file that its owner alone may read, created where missing.
pub(crate) fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// Replaces `path` by a file of `bytes` that its owner alone may read, in one step. Blocks.
pub(crate) fn replace_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = with_suffix(path, ".new");
    // A leftover of a crash may have another mode: start from a file that we make.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::io("remove", &new, error));
        }
        _ => (),
    }
    let write = || -> io::Result<()> {
        let mut file = private_options().create_new(true).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(|error| Error::io("write", path, error))?;
    sync_directory_of(path);
    Ok(())
}

/// Makes a name that was given in the directory of `path` outlive a power cut, where the system has a way. The name is
/// given by now, so a directory that cannot be synced is no failure. Blocks.
pub fn sync_directory_of(path: &Path) {
    #[cfg(unix)]
    {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if let Err(error) = File::open(directory).and_then(|directory| directory.sync_all()) {
            tracing::warn!(path = %directory.display(), %error, "the directory cannot be synced");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishing_never_replaces() {
        let directory = tempfile::tempdir().unwrap();
        let (part, to) = (directory.path().join("part"), directory.path().join("to"));
        fs::write(&part, "new").unwrap();
        fs::write(&to, "old").unwrap();
        assert_eq!(publish(&part, &to).unwrap_err().code(), "conflict");
        assert_eq!((fs::read(&to).unwrap(), fs::read(&part).unwrap()), (b"old".to_vec(), b"new".to_vec()));

        publish_over(&part, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"new");
        assert!(!part.exists());
    }

    #[test]
    fn publishing_leaves_one_name() {
        let directory = tempfile::tempdir().unwrap();
        let (part, to) = (directory.path().join("part"), directory.path().join("to"));
        fs::write(&part, "new").unwrap();
        publish(&part, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"new");
        assert!(!part.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_dangling_link_is_something_that_stands_there() {
        let directory = tempfile::tempdir().unwrap();
        let (part, to) = (directory.path().join("part"), directory.path().join("to"));
        fs::write(&part, "new").unwrap();
        std::os::unix::fs::symlink(directory.path().join("nowhere"), &to).unwrap();
        assert_eq!(publish(&part, &to).unwrap_err().code(), "conflict");
    }

    #[test]
    fn pieces_are_joined_in_order_into_a_new_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("a"), vec![1; 3 << 20]).unwrap();
        fs::write(path("b"), [2]).unwrap();
        concat(&[path("a"), path("b")], &path("c"), || true).unwrap();
        let joined = fs::read(path("c")).unwrap();
        assert_eq!((joined.len(), joined[(3 << 20) - 1], joined[3 << 20]), ((3 << 20) + 1, 1, 2));
        assert!(concat(&[path("a")], &path("c"), || true).is_err());
        assert_eq!(concat(&[path("a")], &path("d"), || false).unwrap_err().code(), "interrupted");
    }
}
