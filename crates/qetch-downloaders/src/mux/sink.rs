//! The file that is made: removed unless it was kept.

use std::{
    fmt, fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use qetch_core::{Error, Wanted, files};

use super::stop::Done;

/// The file that is made.
pub(crate) struct Sink {
    bytes: Box<dyn Write + Send>,
    path: PathBuf,
    written: u64,
    wanted: Wanted,
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink")
            .field("path", &self.path)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

impl Sink {
    pub(crate) fn new(path: &Path, bytes: Box<dyn Write + Send>, wanted: Wanted) -> Self {
        Self { bytes, path: path.to_owned(), written: 0, wanted }
    }

    /// Writes `bytes`, if someone still waits for them.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Done<()> {
        self.still_wanted()?;
        self.bytes.write_all(bytes).map_err(|error| Error::io("write", &self.path, error))?;
        self.written = self.written.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// Fails where nobody waits any more.
    pub(crate) fn still_wanted(&self) -> Done<()> {
        if self.wanted.is_wanted() { Ok(()) } else { Err(Error::Interrupted.into()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.bytes.flush().map_err(|error| Error::io("write", &self.path, error))
    }
}

/// A file that this muxer made, or is about to: removed when dropped, unless it was kept.
#[derive(Debug)]
pub(crate) struct Made(Option<PathBuf>);

impl Made {
    /// A file that another program makes.
    pub(crate) fn by_another(path: &Path) -> Self {
        Self(Some(path.to_owned()))
    }

    pub(crate) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let Some(path) = &self.0 else { return };
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), %error, "an unfinished file is left behind");
            }
            _ => (),
        }
    }
}

/// Makes the new file `path` by `fill`; where that fails there is none.
pub(crate) fn make(path: &Path, wanted: &Wanted, fill: impl FnOnce(&mut Sink) -> Done<()>) -> Done<Made> {
    let created = fs::OpenOptions::new().write(true).create_new(true).open(path);
    let file = created.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => files::exists(path),
        _ => Error::io("create", path, error),
    })?;
    let made = Made(Some(path.to_owned()));
    let mut sink = Sink::new(path, Box::new(BufWriter::with_capacity(256 << 10, file)), wanted.clone());
    fill(&mut sink)?;
    sink.flush()?;
    Ok(made)
}

#[cfg(test)]
pub(crate) mod testing {
    //! A file in memory.

    use std::{
        io::{self, Write},
        sync::{Arc, Mutex, PoisonError},
    };

    /// What was written, kept in memory.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Kept {
        pub(crate) fn bytes(&self) -> Vec<u8> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
        }
    }

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
