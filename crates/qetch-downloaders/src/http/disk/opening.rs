//! Opening files whose names others may have taken: a link that was put in place of one is never followed, whenever that
//! was done.

use std::{
    fs::{self, OpenOptions, TryLockError},
    io::{self, Read as _},
    path::Path,
};

use qetch_core::{Error, Result};

/// A new file at `path`, to be read and written.
pub(super) fn create(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}

/// The plain file at `path`, to be read; `None` where what stands there is none.
pub(super) fn look(path: &Path) -> io::Result<Option<fs::File>> {
    open(path, OpenOptions::new().read(true))
}

/// What is in the plain file at `path`; `None` where what stands there is none, or has more than `most` bytes.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = look(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    // It may grow while it is read.
    let len = file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((len as u64 <= most).then_some(bytes))
}

/// The file at `path`, made where there is none, locked, and how long it is.
///
/// # Errors
/// `conflict` when another has it, or when what stands there is no plain file; `io`.
pub(super) fn take(path: &Path) -> Result<(fs::File, u64)> {
    // Each further round is another download that published in between; a file system where that never ends is one
    // that does not tell files apart.
    for _ in 0..100 {
        let Some(file) = open_or_create(path)? else { continue };
        match file.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::conflict(path, "is being written by another download"));
            }
            // Some network file systems have no locks: then two downloads of one name are the user's to avoid.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => (),
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", path, error)),
        }
        // Between opening and locking, another download may have published it: then what we hold is its result.
        let found = file.metadata().map_err(|error| Error::io("look at", path, error))?;
        if !is_still(&found, path).map_err(|error| Error::io("look at", path, error))? {
            continue;
        }
        // A run that was killed while it published left the result under both names: that one is not ours to write.
        if has_other_names(&found) {
            fs::remove_file(path).map_err(|error| Error::io("remove", path, error))?;
            continue;
        }
        return Ok((file, found.len()));
    }
    Err(Error::conflict(path, "is replaced again and again"))
}

/// Opens the plain file at `path`, or makes one; `None` where it went away meanwhile.
fn open_or_create(path: &Path) -> Result<Option<fs::File>> {
    match create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (),
        opened => return opened.map(Some).map_err(|error| Error::io("create", path, error)),
    }
    match open(path, OpenOptions::new().read(true).write(true)) {
        Ok(Some(file)) => Ok(Some(file)),
        Ok(None) => Err(Error::conflict(path, "is no plain file, and the download would be written there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("open", path, error)),
    }
}

/// Opens the plain file at `path`; `None` where what stands there is none.
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<Option<fs::File>> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(None);
    }
    // What was looked at may be replaced by a link before it is opened.
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options.open(path).map(Some)
}

/// Whether `path` itself, not what it links to, is the file that is open.
#[cfg(unix)]
pub(super) fn is_still(open: &fs::Metadata, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    match fs::symlink_metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn has_other_names(open: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    open.nlink() > 1
}

/// An open file cannot be renamed or replaced by others here, so what was opened is still what has the name.
#[cfg(not(unix))]
pub(super) fn is_still(_: &fs::Metadata, path: &Path) -> io::Result<bool> {
    fs::symlink_metadata(path).map(|found| found.is_file())
}

/// The standard library does not tell here; publishing renames where hard links are not made.
#[cfg(not(unix))]
fn has_other_names(_: &fs::Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        collections::BTreeSet,
        os::unix::fs::symlink,
        sync::atomic::{AtomicBool, Ordering},
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    #[test]
    fn a_link_that_comes_between_looking_and_opening_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let (path, is_over) = (at("f"), AtomicBool::new(false));
        fs::write(at("theirs"), "theirs").unwrap();
        fs::write(&path, "ours").unwrap();
        let found = thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    symlink(at("theirs"), at("new")).unwrap();
                    fs::rename(at("new"), &path).unwrap();
                    fs::write(at("new"), "ours").unwrap();
                    fs::rename(at("new"), &path).unwrap();
                }
            });
            let begin = Instant::now();
            let mut found = BTreeSet::new();
            while begin.elapsed() < Duration::from_millis(300) || found.is_empty() {
                found.extend(read(&path, 100).ok().flatten());
            }
            is_over.store(true, Ordering::Relaxed);
            found
        });
        assert_eq!(found, [b"ours".to_vec()].into());
    }

    #[test]
    fn what_is_no_plain_file_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("plain"), "abc").unwrap();
        symlink(at("plain"), at("link")).unwrap();
        for (name, most, expected) in
            [("plain", 3, Some("abc")), ("plain", 2, None), ("link", 3, None), (".", 3, None)]
        {
            let found = read(&at(name), most).unwrap();
            assert_eq!(found, expected.map(|it| it.as_bytes().to_vec()), "{name} {most}");
        }
        assert_eq!(read(&at("nothing"), 3).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
