//! The part file: what a download writes until the file is whole. It lies beside the final name and is locked while it
//! is written. It goes away with the download unless it is published, or a journal says what is in it.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use qetch_core::{Error, Result, files};

use super::{
    count::{Count, One},
    disk::{Disk, File, Landing, Seal, Taken},
};

/// A part file. Each write that is under way holds the file, so its lock falls when the last of them has landed.
pub(super) struct Part {
    file: Arc<dyn File>,
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// Whether it stays when this is dropped, or has another name by now.
    stays: Arc<AtomicBool>,
    /// Fields are dropped in order: the count falls after the file is closed, and with it its lock.
    _open: One,
}

impl Part {
    /// The part file of the file to be at `to`, locked. One that an earlier run left is taken over as it is. It counts
    /// in `open` until it is closed: aborted connections and writes let go of it when they get to it, which is after
    /// whoever aborted them has gone on. Answers how long it is, too.
    ///
    /// # Errors
    /// `conflict` when another download writes it, or when what stands there is no plain file; `io`.
    pub(super) async fn open(disk: &Arc<dyn Disk>, to: &Path, open: &Count) -> Result<(Arc<Self>, u64)> {
        let (path, open) = (files::with_suffix(to, ".qetch"), open.one());
        let Taken { file, len } = disk.take(&path, true).await?;
        // What is in it may be worth something: whoever reads the journal decides.
        let stays = Arc::new(AtomicBool::new(len > 0));
        Ok((Arc::new(Self { file, disk: disk.clone(), path, stays, _open: open }), len))
    }

    /// A file of exactly this name, empty and locked: a fragment that waits for those before it.
    pub(super) async fn spool(disk: &Arc<dyn Disk>, path: PathBuf, open: &Count) -> Result<Arc<Self>> {
        let open = open.one();
        let Taken { file, len } = disk.take(&path, false).await?;
        if len > 0 {
            file.set_len(0).await?;
        }
        Ok(Arc::new(Self { file, disk: disk.clone(), path, stays: Arc::default(), _open: open }))
    }

    /// A new file of exactly this name, kept when done: a piece that someone else merges.
    pub(super) async fn piece(disk: &Arc<dyn Disk>, path: PathBuf, open: &Count) -> Result<Arc<Self>> {
        let open = open.one();
        let file = disk.create(&path).await?;
        let stays = Arc::new(AtomicBool::new(true));
        Ok(Arc::new(Self { file, disk: disk.clone(), path, stays, _open: open }))
    }

    /// The file.
    pub(super) fn file(&self) -> &dyn File {
        &*self.file
    }

    /// Adds all of `other`, which has `len` bytes, at `offset`; `landed` hears of each block that has landed.
    pub(super) async fn append(
        &self,
        offset: u64,
        other: &Self,
        len: u64,
        landed: impl Fn(u64, &[Bytes]) + Clone + Send + 'static,
    ) -> Result<()> {
        const BLOCK: u64 = 1 << 20;
        let mut at = 0;
        while at < len {
            let count = BLOCK.min(len - at);
            let block = other.file.read(at, usize::try_from(count).unwrap_or(usize::MAX)).await?;
            let (landed, to) = (landed.clone(), offset + at);
            self.file.write(to, vec![block], Landing::new(move |chunks| landed(to, chunks))).await?;
            at += count;
        }
        Ok(())
    }

    /// Makes the file what `seal` says and gives it its final name; over what stands there only where `overwrite` says
    /// so.
    pub(super) async fn publish(&self, seal: Seal, to: &Path, overwrite: bool) -> Result<()> {
        self.name(Some(seal), to.to_owned(), overwrite).await
    }

    async fn name(&self, seal: Option<Seal>, to: PathBuf, overwrite: bool) -> Result<()> {
        let stays = self.stays.clone();
        let published = Box::new(move || stays.store(true, Ordering::Relaxed));
        self.file.publish(seal, to, overwrite, published).await
    }

    /// Moves it aside, to stay: `suffix` comes after the final name, and a number where that is taken.
    pub(super) async fn put_aside(&self, to: &Path, suffix: &str) -> Result<PathBuf> {
        for number in 0..1000 {
            let number = if number == 0 { String::new() } else { format!("-{number}") };
            let aside = files::with_suffix(to, &format!("{suffix}{number}"));
            match self.name(None, aside.clone(), false).await {
                Err(Error::Conflict { .. }) => (),
                done => return done.map(|()| aside),
            }
        }
        Err(Error::conflict(to, "has a thousand files beside it that were put aside"))
    }

    /// Says whether it stays when the download ends: whether a journal says what is in it.
    pub(super) fn stays(&self, stays: bool) {
        self.stays.store(stays, Ordering::Relaxed);
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Drop for Part {
    /// Removes it while the lock is still held, unless it stays.
    fn drop(&mut self) {
        if !self.stays.load(Ordering::Relaxed)
            && let Err(error) = self.disk.remove(&self.path)
        {
            tracing::warn!(%error, "a part file is left behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        time::{Duration, SystemTime},
    };

    use super::{super::disk::System, *};

    fn disk() -> Arc<dyn Disk> {
        Arc::new(System::default())
    }

    async fn open(to: &Path) -> Result<Arc<Part>> {
        Part::open(&disk(), to, &Count::default()).await.map(|(part, _)| part)
    }

    async fn write(part: &Part, offset: u64, chunks: &[&'static str]) {
        let chunks = chunks.iter().copied().map(Bytes::from).collect();
        part.file().write(offset, chunks, Landing::unheard()).await.unwrap();
    }

    #[tokio::test]
    async fn it_goes_away_unless_it_is_published_or_stays() {
        let directory = tempfile::tempdir().unwrap();
        let to = directory.path().join("f");
        drop(open(&to).await.unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);

        let part = open(&to).await.unwrap();
        write(&part, 2, &["cd", "", "ef"]).await;
        write(&part, 0, &["", "ab"]).await;
        part.stays(true);
        drop(part);
        let part = open(&to).await.unwrap();
        assert_eq!(part.file().read(0, 6).await.unwrap(), "abcdef");
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let seal = Seal { len: 5, modified: Some(time), note: String::new() };
        part.publish(seal, &to, false).await.unwrap();
        drop(part);
        assert_eq!(fs::read(&to).unwrap(), b"abcde");
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), time);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn it_is_open_until_its_last_write_has_landed() {
        let directory = tempfile::tempdir().unwrap();
        let (disk, open, landing) = (disk(), Count::default(), Count::default());
        let (part, _) = Part::open(&disk, &directory.path().join("f"), &open).await.unwrap();
        let (chunks, one) = (vec![Bytes::from(vec![1; 1 << 20]); 32], landing.one());
        let write = part.file().write(0, chunks, Landing::new(move |_| drop(one)));
        drop(tokio::time::timeout(Duration::from_micros(1), write).await);
        landing.none().await;
        assert_eq!(fs::metadata(part.path()).unwrap().len(), 32 << 20);
        drop(part);
        open.none().await;
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn what_waits_to_be_written_is_counted_until_it_has_landed() {
        let directory = tempfile::tempdir().unwrap();
        let part = open(&directory.path().join("f")).await.unwrap();
        let (let_land, lands) = std::sync::mpsc::channel();
        let first = Landing::new(move |_| lands.recv().unwrap());
        let mut writes = vec![part.file().write(0, vec![Bytes::from_static(b"first")], first)];
        let mebibyte = || vec![Bytes::from(vec![0; 1 << 20])];
        writes.extend((0..4).map(|at| part.file().write(at << 20, mebibyte(), Landing::unheard())));
        // They are 5 bytes more than may wait.
        assert!(part.file().is_behind());
        let_land.send(()).unwrap();
        for write in writes {
            write.await.unwrap();
        }
        assert!(!part.file().is_behind());
    }

    #[tokio::test]
    async fn two_downloads_do_not_write_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let to = directory.path().join("f");
        let first = open(&to).await.unwrap();
        assert_eq!(open(&to).await.unwrap_err().code(), "conflict");
        drop(first);
        assert!(open(&to).await.is_ok());
    }

    #[tokio::test]
    async fn more_chunks_than_one_call_takes_are_written_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let part = open(&directory.path().join("f")).await.unwrap();
        let chunks: Vec<_> = (0..3000_u32).map(|number| Bytes::from(number.to_be_bytes().to_vec())).collect();
        let expected = chunks.concat();
        part.file().write(3, chunks, Landing::unheard()).await.unwrap();
        assert_eq!(part.file().read(3, 12_000).await.unwrap(), expected);
        assert_eq!(fs::metadata(part.path()).unwrap().len(), 12_003);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_planted_link_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let victim = directory.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, directory.path().join("f.qetch")).unwrap();
        assert_eq!(open(&directory.path().join("f")).await.unwrap_err().code(), "conflict");
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_result_that_still_has_the_name_of_its_part_is_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let (to, part) = (directory.path().join("f"), directory.path().join("f.qetch"));
        fs::write(&to, "whole").unwrap();
        fs::hard_link(&to, &part).unwrap();
        let part = open(&to).await.unwrap();
        write(&part, 0, &["other"]).await;
        assert_eq!(fs::read(&to).unwrap(), b"whole");
    }

    #[tokio::test]
    async fn a_write_that_nobody_waits_for_is_heard_of() {
        let directory = tempfile::tempdir().unwrap();
        let part = open(&directory.path().join("f")).await.unwrap();
        let (heard, hears) = std::sync::mpsc::channel();
        let landing = Landing::new(move |chunks| heard.send(chunks.len()).unwrap());
        let write = part.file().write(0, vec![Bytes::from(vec![1; 1 << 20]); 8], landing);
        drop(tokio::time::timeout(Duration::from_micros(1), write).await);
        let heard = tokio::task::spawn_blocking(move || hears.recv_timeout(Duration::from_secs(10)));
        assert_eq!(heard.await.unwrap(), Ok(8));
    }
}
