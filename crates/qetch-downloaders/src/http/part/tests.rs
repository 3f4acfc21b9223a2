//! The part file on the disk of this machine.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{
    super::disk::{Looked, System},
    *,
};

fn disk() -> Arc<dyn Disk> {
    Arc::new(System::default())
}

async fn open(to: &Path) -> Result<Arc<Part>> {
    Part::open(&disk(), to, &Count::default()).await.map(|(part, _)| Arc::new(part))
}

async fn write(part: &Part, offset: u64, chunks: &[&'static str]) {
    let chunks = chunks.iter().copied().map(Bytes::from).collect();
    part.write(offset, chunks, Landing::unheard()).await.unwrap().await.unwrap();
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
    assert_eq!(part.file().await.unwrap().read(0, 6).await.unwrap(), "abcdef");
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
    let write = part.write(0, chunks, Landing::new(move |_| drop(one))).await.unwrap();
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
    let file = part.file().await.unwrap();
    let mut writes = vec![file.write(0, vec![Bytes::from_static(b"first")], first)];
    let mebibyte = || vec![Bytes::from(vec![0; 1 << 20])];
    writes.extend((0..4).map(|at| file.write(at << 20, mebibyte(), Landing::unheard())));
    // They are 5 bytes more than may wait.
    assert!(part.is_behind());
    let_land.send(()).unwrap();
    for write in writes {
        write.await.unwrap();
    }
    assert!(!part.is_behind());
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
    part.write(3, chunks, Landing::unheard()).await.unwrap().await.unwrap();
    assert_eq!(part.file().await.unwrap().read(3, 12_000).await.unwrap(), expected);
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
    let write = part.write(0, vec![Bytes::from(vec![1; 1 << 20]); 8], landing).await.unwrap();
    drop(tokio::time::timeout(Duration::from_micros(1), write).await);
    let heard = tokio::task::spawn_blocking(move || hears.recv_timeout(Duration::from_secs(10)));
    assert_eq!(heard.await.unwrap(), Ok(8));
}

/// A part that is made when it has to be.
fn later(to: &Path) -> Part {
    Part::later(&disk(), to, &Count::default()).unwrap()
}

fn sealed(len: u64) -> Seal {
    Seal { len, modified: None, note: String::new() }
}

fn names(directory: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> = entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_small_file_appears_under_its_final_name_alone() {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("f");
    let part = later(&to);
    write(&part, 3, &["d", "ef!"]).await;
    write(&part, 0, &["abc"]).await;
    // What is written last counts.
    write(&part, 4, &["EF"]).await;
    assert!(names(&directory).is_empty() && !part.is_made());
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    part.publish(Seal { modified: Some(time), ..sealed(6) }, &to, false).await.unwrap();
    assert_eq!(fs::read(&to).unwrap(), b"abcdEF");
    assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), time);
    // Where there are files without a name, none was made under another one.
    assert_eq!(part.is_made(), !cfg!(any(target_os = "linux", target_os = "android")));
    drop(part);
    assert_eq!(names(&directory), ["f"]);
}

#[tokio::test]
async fn a_small_file_takes_no_name_that_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("f");
    let part = later(&to);
    write(&part, 0, &["mine"]).await;
    fs::write(&to, "theirs").unwrap();
    assert_eq!(part.publish(sealed(4), &to, false).await.unwrap_err().code(), "conflict");
    assert_eq!(fs::read(&to).unwrap(), b"theirs");
    part.publish(sealed(4), &to, true).await.unwrap();
    drop(part);
    assert_eq!((fs::read(&to).unwrap(), names(&directory)), (b"mine".to_vec(), vec!["f".to_owned()]));
}

#[tokio::test]
async fn what_waits_in_memory_is_bounded_and_written_before_what_follows() {
    let directory = tempfile::tempdir().unwrap();
    let part = later(&directory.path().join("f"));
    let block = |byte: u8| vec![Bytes::from(vec![byte; 1 << 10])];
    for at in 0..MOST_WAITING / (1 << 10) {
        part.write(at << 10, block((at % 256) as u8), Landing::unheard()).await.unwrap().await.unwrap();
    }
    assert!(!part.is_made());
    // One byte more than may wait, over the first.
    write(&part, 0, &["x"]).await;
    assert_eq!(fs::metadata(part.path()).unwrap().len(), MOST_WAITING);
    let there = part.file().await.unwrap().read(0, 2048).await.unwrap();
    assert_eq!((there[0], there[1], there[1024]), (b'x', 0, 1));
    drop(part);
    assert!(names(&directory).is_empty());
}

#[tokio::test]
async fn a_part_that_another_download_began_meanwhile_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("f");
    let late = later(&to);
    let first = open(&to).await.unwrap();
    write(&first, 0, &["theirs"]).await;
    assert_eq!(late.file().await.unwrap_err().code(), "conflict");
    first.stays(true);
    drop(first);
    assert_eq!(late.file().await.unwrap_err().code(), "conflict");
    drop(late);
    assert_eq!(fs::read(directory.path().join("f.qetch")).unwrap(), b"theirs");
    assert!(Part::later(&disk(), &to, &Count::default()).is_none());
}

/// The disk of this machine, which waits after taking a file, or after storing one, until it is let go on.
#[derive(Debug, Default)]
struct Hesitant {
    inner: System,
    stores: bool,
    begun: Notify,
    goes_on: Notify,
}

impl Hesitant {
    async fn hesitate(&self, is_here: bool) {
        if is_here {
            self.begun.notify_one();
            self.goes_on.notified().await;
        }
    }
}

#[async_trait]
impl Disk for Hesitant {
    async fn take(&self, path: &Path, settle: bool) -> Result<Taken> {
        let taken = self.inner.take(path, settle).await;
        self.hesitate(!self.stores).await;
        taken
    }

    async fn store(&self, whole: Whole) -> Result<Option<Seal>> {
        let stored = self.inner.store(whole).await;
        self.hesitate(self.stores).await;
        stored
    }

    fn stands(&self, to: &Path, over: bool) -> Result<bool> {
        self.inner.stands(to, over)
    }

    fn is_there(&self, path: &Path) -> bool {
        self.inner.is_there(path)
    }

    async fn create(&self, path: &Path) -> Result<Arc<dyn File>> {
        self.inner.create(path).await
    }

    async fn read(&self, path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
        self.inner.read(path, most).await
    }

    async fn look(&self, path: &Path) -> Result<Option<Looked>> {
        self.inner.look(path).await
    }

    async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.inner.rename(from, to).await
    }

    async fn sync_directory(&self, path: &Path) -> Result<()> {
        self.inner.sync_directory(path).await
    }

    fn remove(&self, path: &Path) -> Result<()> {
        self.inner.remove(path)
    }
}

/// Publishes a small part while somebody else has it made, for a journal: `stores` tells who begins.
async fn published_while_it_is_made(stores: bool) {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("f");
    let hesitant = Arc::new(Hesitant { stores, ..Hesitant::default() });
    let disk: Arc<dyn Disk> = hesitant.clone();
    let part = Arc::new(Part::later(&disk, &to, &Count::default()).unwrap());
    write(&part, 0, &["precious bytes"]).await;
    let publish = async |part: Arc<Part>| part.publish(sealed(14), &to, false).await;
    let make = async |part: Arc<Part>| part.file().await.map(drop);
    let let_go = async {
        hesitant.begun.notified().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        hesitant.goes_on.notify_one();
    };
    let after = async |work| {
        tokio::time::sleep(Duration::from_millis(10)).await;
        work
    };
    if stores {
        let later = async { make(after(part.clone()).await).await };
        let (published, made, ()) = tokio::join!(publish(part.clone()), later, let_go);
        assert!(published.is_ok() && made.is_err(), "{published:?} {made:?}");
    } else {
        let later = async { publish(after(part.clone()).await).await };
        let (made, published, ()) = tokio::join!(make(part.clone()), later, let_go);
        assert!(published.is_ok() && made.is_ok(), "{published:?} {made:?}");
    }
    drop(part);
    assert_eq!(
        (fs::read(&to).unwrap(), names(&directory)),
        (b"precious bytes".to_vec(), vec!["f".to_owned()])
    );
}

#[tokio::test]
async fn a_part_that_is_made_while_it_is_published_keeps_its_bytes() {
    published_while_it_is_made(false).await;
}

#[tokio::test]
async fn a_part_that_is_stored_is_not_made_any_more() {
    published_while_it_is_made(true).await;
}

#[tokio::test]
async fn what_has_a_gap_is_not_stored_as_whole() {
    let directory = tempfile::tempdir().unwrap();
    let part = later(&directory.path().join("f"));
    write(&part, 0, &["ab"]).await;
    write(&part, 3, &["d"]).await;
    let is_whole = async |len| part.waiting.lock().await.is_whole(len);
    assert!(is_whole(2).await && !is_whole(3).await && !is_whole(4).await && !is_whole(5).await);
    write(&part, 2, &["c"]).await;
    assert!(is_whole(4).await && !is_whole(5).await);
}
