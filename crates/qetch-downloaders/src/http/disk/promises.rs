//! Room that was promised to files in memory. There nothing is reserved, so that promises are added up here.

use std::{
    fs, io,
    sync::{Arc, Mutex, Weak},
};

use super::{
    super::lock::lock,
    calls::{self, Room},
};

/// What was promised to files that are open. Clones are one account.
#[derive(Clone, Debug, Default)]
pub(super) struct Promises(Arc<Mutex<Vec<Promise>>>);

#[derive(Debug)]
struct Promise {
    to: Weak<fs::File>,
    device: u64,
    len: u64,
}

impl Promises {
    /// Sees to it that there is room for `len` bytes of `file`.
    pub(super) fn make(&self, file: &Arc<fs::File>, len: u64) -> io::Result<()> {
        let Some(Room { device, free }) = calls::room_in_memory(file)? else {
            return calls::allocate(file, len);
        };
        let mut promises = lock(&self.0);
        promises.retain(|it| it.to.strong_count() > 0 && !std::ptr::eq(it.to.as_ptr(), Arc::as_ptr(file)));
        let here = promises.iter().filter(|it| it.device == device);
        let owed = here.filter_map(|it| it.to.upgrade().map(|file| owes(&file, it.len)));
        if owed.fold(owes(file, len), u64::saturating_add) > free {
            return Err(io::ErrorKind::StorageFull.into());
        }
        promises.push(Promise { to: Arc::downgrade(file), device, len });
        Ok(())
    }
}

/// How much of `len` bytes has no room yet.
fn owes(file: &fs::File, len: u64) -> u64 {
    len.saturating_sub(calls::room_taken(file).unwrap_or(0))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// A file in memory that has no name, and the room there.
    fn file(directory: &std::path::Path) -> Option<(Arc<fs::File>, u64)> {
        let file = Arc::new(tempfile::tempfile_in(directory).ok()?);
        let room = calls::room_in_memory(&file).ok()??;
        Some((file, room.free))
    }

    #[test]
    fn what_was_promised_is_not_promised_again() {
        // Most machines have one.
        let memory = std::path::Path::new("/dev/shm");
        let (Some((one, free)), Some((other, _))) = (file(memory), file(memory)) else { return };
        let (promises, most) = (Promises::default(), free / 8 * 5);
        promises.make(&one, most).unwrap();
        assert_eq!(promises.make(&other, most).unwrap_err().kind(), io::ErrorKind::StorageFull);
        // To promise the same file less, or again, is no second promise; nor is one whose file is closed.
        promises.make(&one, most).unwrap();
        (&*one).write_all(&vec![1; 1 << 20]).unwrap();
        assert_eq!(owes(&one, 3 << 20), 2 << 20);
        drop(one);
        promises.make(&other, most).unwrap();
    }
}
