//! The part file: what a download writes until the file is whole. It lies beside the final name, is locked while it is
//! written, and goes away with the download unless it is published.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use qetch_core::{Error, Result, blocking, files};

use super::count::{Count, One};

/// A part file. Each write that is under way holds it, so the lock falls when the last of them has landed.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    path: PathBuf,
    is_published: AtomicBool,
    /// Fields are dropped in order: the count falls after the file is closed, and with it its lock.
    _open: One,
}

impl Part {
    /// The part file of the file to be at `to`, empty and locked. One that an earlier download left is taken over. It
    /// counts in `open` until it is closed: aborted connections and writes let go of it when they get to it, which is
    /// after whoever aborted them has gone on.
    ///
    /// # Errors
    /// `conflict` when another download writes it, or when what stands there is no plain file; `io`.
    pub(super) async fn open(to: &Path, open: &Count) -> Result<Arc<Self>> {
        let (path, open) = (files::with_suffix(to, ".qetch"), open.one());
        blocking(move |_| Self::open_now(path, open).map(Arc::new)).await
    }

    fn open_now(path: PathBuf, open: One) -> Result<Self> {
        // Each further round is another download that published in between; a file system where that never ends is one
        // that does not tell files apart.
        for _ in 0..100 {
            let file = open_or_create(&path)?;
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
            if is_still(&file, &path).map_err(|error| Error::io("look at", &path, error))? {
                file.set_len(0).map_err(|error| Error::io("empty", &path, error))?;
                return Ok(Self { file, path, is_published: AtomicBool::new(false), _open: open });
            }
        }
        Err(Error::conflict(path, "is replaced again and again"))
    }

    /// A new file of exactly this name, kept when done: a piece that someone else merges.
    pub(super) async fn piece(path: PathBuf, open: &Count) -> Result<Arc<Self>> {
        let open = open.one();
        blocking(move |_| {
            let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
            let file = file.map_err(|error| Error::io("create", &path, error))?;
            Ok(Arc::new(Self { file, path, is_published: AtomicBool::new(true), _open: open }))
        })
        .await
    }

    /// Writes `chunks`, one after the other, from `offset` on. A write cannot be called back: `landing` is dropped when
    /// it is over, whoever still waits for it.
    pub(super) async fn write(self: &Arc<Self>, offset: u64, chunks: Vec<Bytes>, landing: One) -> Result<()> {
        let part = self.clone();
        blocking(move |_| {
            let _landing = landing;
            let mut at = offset;
            for chunk in chunks {
                write_all_at(&part.file, &chunk, at)
                    .map_err(|error| Error::io("write", &part.path, error))?;
                at += chunk.len() as u64;
            }
            Ok(())
        })
        .await
    }

    /// Adds all of `other`, which has `len` bytes, at `offset`.
    pub(super) async fn append(self: &Arc<Self>, offset: u64, other: Arc<Self>, len: u64) -> Result<()> {
        const BLOCK: u64 = 1 << 20;
        let part = self.clone();
        blocking(move |wanted| {
            let mut buffer = vec![0; usize::try_from(BLOCK.min(len)).unwrap_or(0)];
            let mut at = 0;
            while at < len {
                if !wanted.is_wanted() {
                    return Err(Error::Interrupted);
                }
                let count = usize::try_from(BLOCK.min(len - at)).unwrap_or(buffer.len());
                let block = &mut buffer[..count];
                read_exact_at(&other.file, block, at)
                    .map_err(|error| Error::io("read", &other.path, error))?;
                write_all_at(&part.file, block, offset + at)
                    .map_err(|error| Error::io("write", &part.path, error))?;
                at += count as u64;
            }
            Ok(())
        })
        .await
    }

    /// Makes the file exactly `len` bytes long, and durable.
    pub(super) async fn finish(self: &Arc<Self>, len: u64) -> Result<()> {
        let part = self.clone();
        blocking(move |_| {
            part.file
                .set_len(len)
                .and_then(|()| part.file.sync_all())
                .map_err(|error| Error::io("sync", &part.path, error))
        })
        .await
    }

    /// Gives the finished file its final name; over what stands there only where `overwrite` says so.
    pub(super) async fn publish(self: &Arc<Self>, to: &Path, overwrite: bool) -> Result<()> {
        let (part, to) = (self.clone(), to.to_owned());
        blocking(move |wanted| {
            wanted.unless_dropped(|| {
                let publish = if overwrite { files::publish_over } else { files::publish };
                publish(&part.path, &to)?;
                part.is_published.store(true, Ordering::Relaxed);
                Ok(())
            })?
        })
        .await
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Part {
    /// Removes it while the lock is still held, unless it was published.
    fn drop(&mut self) {
        if !*self.is_published.get_mut()
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "a part file is left behind");
        }
    }
}

/// Opens the plain file at `path`, or makes one. A link is not followed: [`is_still`] tells.
fn open_or_create(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (),
        opened => return opened.map_err(|error| Error::io("create", path, error)),
    }
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => options.open(path).map_err(|error| Error::io("open", path, error)),
        Ok(_) => Err(Error::conflict(path, "is no plain file, and the download would be written there")),
        Err(error) => Err(Error::io("look at", path, error)),
    }
}

/// Whether `path` itself, not what it links to, is the file that is open.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let open = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// An open file cannot be renamed or replaced by others here, so what was opened is still what has the name.
#[cfg(not(unix))]
fn is_still(_: &File, path: &Path) -> io::Result<bool> {
    fs::symlink_metadata(path).map(|found| found.is_file())
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[count..];
        offset += count as u64;
    }
    Ok(())
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[count..];
        offset += count as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_goes_away_unless_it_is_published() {
        let directory = tempfile::tempdir().unwrap();
        let to = directory.path().join("f");
        drop(Part::open(&to, &Count::default()).await.unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);

        let part = Part::open(&to, &Count::default()).await.unwrap();
        part.write(2, vec![Bytes::from("cd"), Bytes::from("ef")], Count::default().one()).await.unwrap();
        part.write(0, vec![Bytes::from("ab")], Count::default().one()).await.unwrap();
        part.finish(5).await.unwrap();
        part.publish(&to, false).await.unwrap();
        drop(part);
        assert_eq!(fs::read(&to).unwrap(), b"abcde");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_part_is_open_until_its_last_write_has_landed() {
        let directory = tempfile::tempdir().unwrap();
        let open = Count::default();
        let part = Part::open(&directory.path().join("f"), &open).await.unwrap();
        let chunks = vec![Bytes::from(vec![1; 1 << 20]); 32];
        let write = part.write(0, chunks, Count::default().one());
        drop(tokio::time::timeout(std::time::Duration::from_micros(1), write).await);
        drop(part);
        open.none().await;
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_write_that_nobody_waits_for_counts_until_it_has_landed() {
        let directory = tempfile::tempdir().unwrap();
        let part = Part::open(&directory.path().join("f"), &Count::default()).await.unwrap();
        let landing = Count::default();
        let write = part.write(0, vec![Bytes::from(vec![1; 1 << 20]); 32], landing.one());
        drop(tokio::time::timeout(std::time::Duration::from_micros(1), write).await);
        landing.none().await;
        assert_eq!(fs::metadata(part.path()).unwrap().len(), 32 << 20);
    }

    #[tokio::test]
    async fn two_downloads_do_not_write_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let to = directory.path().join("f");
        let first = Part::open(&to, &Count::default()).await.unwrap();
        assert_eq!(Part::open(&to, &Count::default()).await.unwrap_err().code(), "conflict");
        drop(first);
        assert!(Part::open(&to, &Count::default()).await.is_ok());
    }

    #[tokio::test]
    async fn what_was_left_is_taken_over_empty() {
        let directory = tempfile::tempdir().unwrap();
        let to = directory.path().join("f");
        fs::write(directory.path().join("f.qetch"), "left").unwrap();
        let part = Part::open(&to, &Count::default()).await.unwrap();
        assert_eq!(fs::read(part.path()).unwrap(), b"");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_planted_link_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let victim = directory.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, directory.path().join("f.qetch")).unwrap();
        assert_eq!(
            Part::open(&directory.path().join("f"), &Count::default()).await.unwrap_err().code(),
            "conflict"
        );
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
    }
}
