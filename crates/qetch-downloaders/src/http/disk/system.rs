//! The disk of this machine.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use qetch_core::{Error, Result, Wanted, files};

use super::{
    Disk, File, Landing, Looked, Published, Seal, Taken, Whole, Writing,
    calls::{give_name, nameless, read_exact, write_all},
    crew::Crew,
    line::Line,
    notes, opening,
    promises::Promises,
};

/// The disk of this machine. Its work is done on the runtime's threads for what blocks.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct System {
    crew: Crew,
    promises: Promises,
    /// Bytes that wait to be written.
    in_line: Arc<AtomicUsize>,
}

/// More than this does not wait to be written, but for what comes meanwhile: one batch of each connection. As much as eight
/// connections have under way.
const MOST_IN_LINE: usize = 4 << 20;

/// Bytes that wait to be written, until this is dropped.
struct InLine(Arc<AtomicUsize>, usize);

impl Drop for InLine {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// An open file. Work that is under way holds it, so its lock falls with the last of it.
#[derive(Clone, Debug)]
struct Opened(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: Arc<fs::File>,
    /// For errors.
    path: PathBuf,
    line: Line,
    disk: System,
}

#[async_trait]
impl Disk for System {
    fn stands(&self, to: &Path, over: bool) -> Result<bool> {
        match files::check_free(to, over) {
            Err(Error::Conflict { .. }) if !over && to.is_file() => Ok(true),
            free => free.map(|()| false),
        }
    }

    fn is_there(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok()
    }

    async fn take(&self, path: &Path, settle: bool) -> Result<Taken> {
        let (path, disk) = (path.to_owned(), self.clone());
        self.crew
            .run(move |wanted| {
                let (file, len) = opening::take(&path)?;
                if settle && len == 0 {
                    files::sync_directory_of(&path);
                }
                let opened = Opened::new(file, path, disk);
                // Nobody is there any more to take a file away again that was made for nothing.
                if !wanted.is_wanted() && len == 0 {
                    _ = fs::remove_file(&opened.0.path);
                }
                Ok(Taken { file: Arc::new(opened), len })
            })
            .await
    }

    async fn store(&self, whole: Whole) -> Result<Option<Seal>> {
        let store = move |wanted: Wanted| {
            let Whole { writes, seal, to } = whole;
            let undone = |error: io::Error, seal| {
                tracing::debug!(path = %to.display(), %error, "the file needs a part file");
                Ok(Some(seal))
            };
            let file = match write_nameless(&to, &writes, &seal) {
                Ok(file) => file,
                // Whoever then takes a part file finds out what that is worth.
                Err(error) => return undone(error, seal),
            };
            match wanted.unless_dropped(|| give_name(&file, &to))? {
                Ok(()) => files::sync_directory_of(&to),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(files::exists(&to)),
                Err(error) => return undone(error, seal),
            }
            Ok(None)
        };
        self.crew.run(store).await
    }

    async fn create(&self, path: &Path) -> Result<Arc<dyn File>> {
        let (path, disk) = (path.to_owned(), self.clone());
        self.crew
            .run(move |_| {
                let file = opening::create(&path).map_err(|error| Error::io("create", &path, error))?;
                Ok(Arc::new(Opened::new(file, path, disk)) as Arc<dyn File>)
            })
            .await
    }

    async fn read(&self, path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
        let path = path.to_owned();
        self.crew
            .run(move |_| match opening::read(&path, most) {
                Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
                found => found.map_err(|error| Error::io("read", &path, error)),
            })
            .await
    }

    async fn look(&self, path: &Path) -> Result<Option<Looked>> {
        let (path, disk) = (path.to_owned(), self.clone());
        self.crew
            .run(move |_| {
                let error = |error| Error::io("read", &path, error);
                let Some(file) = opening::look(&path).map_err(error)? else { return Ok(None) };
                let found = file.metadata().map_err(error)?;
                let (len, modified) = (found.len(), found.modified().ok());
                let note = notes::read(&file, modified);
                Ok(Some(Looked {
                    file: Arc::new(Opened::new(file, path.clone(), disk)),
                    len,
                    modified,
                    note,
                }))
            })
            .await
    }

    async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.crew.run(move |_| fs::rename(&from, &to).map_err(|error| Error::io("replace", &to, error))).await
    }

    async fn sync_directory(&self, path: &Path) -> Result<()> {
        let path = path.to_owned();
        self.crew
            .run(move |_| {
                files::sync_directory_of(&path);
                Ok(())
            })
            .await
    }

    fn remove(&self, path: &Path) -> Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, error)),
            _ => Ok(()),
        }
    }
}

impl Opened {
    fn new(file: fs::File, path: PathBuf, disk: System) -> Self {
        Self(Arc::new(Inner { file: Arc::new(file), path, line: Line::default(), disk }))
    }

    /// Does `work` with the file where it may block; `action` is what it is called when it fails.
    async fn with<T: Send + 'static>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Arc<fs::File>) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let opened = self.0.clone();
        self.0
            .disk
            .crew
            .run(move |_| work(&opened.file).map_err(|error| Error::io(action, &opened.path, error)))
            .await
    }
}

#[async_trait]
impl File for Opened {
    fn write(&self, offset: u64, chunks: Vec<Bytes>, landing: Landing) -> Writing {
        let (opened, len) = (self.0.clone(), chunks.iter().map(Bytes::len).sum());
        let in_line = InLine(self.0.disk.in_line.clone(), len);
        in_line.0.fetch_add(len, Ordering::Relaxed);
        self.0.line.stand(&self.0.disk.crew, move || {
            write_all(&opened.file, offset, &chunks)
                .map_err(|error| Error::io("write", &opened.path, error))?;
            landing.landed(&chunks);
            drop((chunks, in_line));
            Ok(())
        })
    }

    fn is_behind(&self) -> bool {
        self.0.disk.in_line.load(Ordering::Relaxed) > MOST_IN_LINE
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Bytes> {
        self.with("read", move |file| {
            let mut bytes = vec![0; len];
            read_exact(file, offset, &mut bytes)?;
            Ok(bytes.into())
        })
        .await
    }

    async fn set_len(&self, len: u64) -> Result<()> {
        self.with("resize", move |file| file.set_len(len)).await
    }

    async fn allocate(&self, len: u64) -> Result<()> {
        let promises = self.0.disk.promises.clone();
        let allocated = self.with("allocate", move |file| promises.make(file, len)).await;
        allocated.map_err(|error| match error {
            Error::NoRoom { path, source, .. } => Error::no_room(path, len, source),
            other => other,
        })
    }

    async fn sync(&self) -> Result<()> {
        self.with("sync", |file| file.sync_data()).await
    }

    async fn seal(&self, seal: Seal) -> Result<()> {
        self.with("finish", move |file| cut_and_finish(file, &seal)).await
    }

    async fn publish(&self, seal: Option<Seal>, to: PathBuf, over: bool, published: Published) -> Result<()> {
        let opened = self.0.clone();
        self.0
            .disk
            .crew
            .run(move |wanted| {
                let part = &opened.path;
                if let Some(seal) = &seal {
                    cut_and_finish(&opened.file, seal).map_err(|error| Error::io("finish", part, error))?;
                }
                wanted.unless_dropped(|| {
                    // What has the name by now may be a link, and would be given the next one.
                    let found = opened.file.metadata().and_then(|open| opening::is_still(&open, part));
                    if !found.map_err(|error| Error::io("look at", part, error))? {
                        return Err(Error::conflict(part, "was replaced while it was written"));
                    }
                    let publish = if over { files::publish_over } else { files::publish };
                    publish(part, &to)?;
                    published();
                    Ok(())
                })?
            })
            .await
    }
}

/// A file without a name that has all of its bytes, durable.
fn write_nameless(to: &Path, writes: &[(u64, Vec<Bytes>)], seal: &Seal) -> io::Result<fs::File> {
    let (file, mut end) = (nameless(to)?, 0);
    for (offset, chunks) in writes {
        write_all(&file, *offset, chunks)?;
        end = end.max(chunks.iter().fold(*offset, |end, chunk| end + chunk.len() as u64));
    }
    if end != seal.len {
        file.set_len(seal.len)?;
    }
    finish(&file, seal)?;
    Ok(file)
}

fn cut_and_finish(file: &fs::File, seal: &Seal) -> io::Result<()> {
    file.set_len(seal.len)?;
    finish(file, seal)
}

/// Makes a file of the right length what `seal` says, and durable.
fn finish(file: &fs::File, seal: &Seal) -> io::Result<()> {
    if let Some(Err(error)) = seal.modified.map(|modified| file.set_modified(modified)) {
        tracing::warn!(%error, "the file keeps the time of its download");
    }
    if let Err(error) = notes::write(file, &seal.note) {
        tracing::debug!(%error, "nothing can be noted with the file");
    }
    file.sync_all()
}
