//! The file of a track, read in blocks wherever it is asked for.

use std::{
    fmt,
    fs::File,
    io::{BufReader, Read, Seek},
    ops::Range,
    path::{Path, PathBuf},
};

use qetch_core::Error;

use super::{
    sink::Sink,
    stop::{Done, Stop},
};

/// Bytes that are copied at once.
const BLOCK: usize = 256 << 10;

/// What can be read from anywhere.
pub(crate) trait Bytes: Read + Seek + Send {}

impl<T: Read + Seek + Send> Bytes for T {}

/// The file of a track.
pub(crate) struct Source {
    path: PathBuf,
    bytes: BufReader<Box<dyn Bytes>>,
    len: u64,
    at: u64,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("path", &self.path).field("len", &self.len).finish_non_exhaustive()
    }
}

impl Source {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (len, file) = opened.map_err(|error| Error::io("read", path, error))?;
        Ok(Self::new(path, len, Box::new(file)))
    }

    pub(crate) fn new(path: &Path, len: u64, bytes: Box<dyn Bytes>) -> Self {
        Self { path: path.to_owned(), bytes: BufReader::with_capacity(64 << 10, bytes), len, at: 0 }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Fills `buffer` with what stands at `at`; what would be past the end is not well-formed.
    pub(crate) fn read_at(&mut self, at: u64, buffer: &mut [u8]) -> Done<()> {
        let end = at.checked_add(buffer.len() as u64).filter(|end| *end <= self.len);
        let Some(end) = end else { return Err(Stop::Bad("it ends early")) };
        self.read(at, buffer).map_err(|error| Error::io("read", &self.path, error))?;
        self.at = end;
        Ok(())
    }

    /// What stands in `range`, which its caller has bounded.
    pub(crate) fn read_range(&mut self, range: Range<u64>) -> Done<Vec<u8>> {
        let len = range.end.saturating_sub(range.start);
        if range.end > self.len {
            return Err(Stop::Bad("it ends early"));
        }
        let mut bytes = vec![0; usize::try_from(len).map_err(|_| Stop::Bad("a size past any file"))?];
        self.read_at(range.start, &mut bytes)?;
        Ok(bytes)
    }

    /// As much of the `most` bytes at `at` as there are.
    pub(crate) fn read_most(&mut self, at: u64, most: u64) -> Done<Vec<u8>> {
        let end = at.saturating_add(most).min(self.len);
        self.read_range(at.min(end)..end)
    }

    /// Writes what stands in `range`.
    pub(crate) fn copy(&mut self, range: Range<u64>, sink: &mut Sink) -> Done<()> {
        let mut block = vec![0; BLOCK];
        let mut at = range.start;
        while at < range.end {
            let len = usize::try_from(range.end - at).map_or(BLOCK, |left| left.min(BLOCK));
            self.read_at(at, &mut block[..len])?;
            sink.write(&block[..len])?;
            at += len as u64;
        }
        Ok(())
    }

    fn read(&mut self, at: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        // A seek that stays within what is buffered costs nothing.
        let offset = i128::from(at) - i128::from(self.at);
        match i64::try_from(offset) {
            Ok(0) => (),
            Ok(offset) => self.bytes.seek_relative(offset)?,
            Err(_) => {
                self.bytes.seek(std::io::SeekFrom::Start(at))?;
            }
        }
        // A read that fails leaves the place unknown, and is the end of it all.
        self.bytes.read_exact(buffer)
    }
}
