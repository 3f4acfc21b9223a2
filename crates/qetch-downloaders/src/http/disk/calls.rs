//! The calls of each system that the standard library does not offer.

use std::{fs, io, path::Path};

use bytes::Bytes;

/// The room that there is on a file system in memory.
#[derive(Debug)]
pub(super) struct Room {
    /// Which file system it is.
    pub(super) device: u64,
    /// In bytes.
    pub(super) free: u64,
}

/// The room for `file`, if that lies in memory and the room there is limited. There to reserve takes as long as half of the
/// writing does, for pages that are not to be kept together: to look is enough.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn room_in_memory(file: &fs::File) -> io::Result<Option<Room>> {
    use std::os::unix::fs::MetadataExt as _;
    if !rustix::fs::fstatfs(file).is_ok_and(|found| found.f_type == TMPFS) {
        return Ok(None);
    }
    let found = rustix::fs::fstatvfs(file)?;
    let free = if found.f_blocks == 0 { u64::MAX } else { found.f_bavail.saturating_mul(found.f_frsize) };
    Ok(Some(Room { device: file.metadata()?.dev(), free }))
}

/// What such a file system is called (`statfs(2)`).
#[cfg(any(target_os = "linux", target_os = "android"))]
const TMPFS: rustix::fs::FsWord = 0x0102_1994;

/// The bytes that `file` has room for already.
#[cfg(unix)]
pub(super) fn room_taken(file: &fs::File) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    // Blocks of 512 bytes, whatever the file system's own are.
    Ok(file.metadata()?.blocks().saturating_mul(512))
}

/// Reserves the blocks of the file, so that the disk is full now or not at all.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn allocate(file: &fs::File, len: u64) -> io::Result<()> {
    let done = rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, len);
    match done.map_err(io::Error::from) {
        Err(error) => match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Err(error)
            }
            // Not every file system can: then writing finds out.
            _ => Ok(()),
        },
        Ok(()) => Ok(()),
    }
}

/// A file in the directory of `to` that has no name yet, and goes away with its last handle unless it is given one.
///
/// # Errors
/// Also where the file system has no such files.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn nameless(to: &Path) -> io::Result<fs::File> {
    use rustix::fs::{Mode, OFlags};
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    // What is new may be read by whomever the user lets (`umask(2)`).
    Ok(rustix::fs::open(directory, flags, Mode::from_raw_mode(0o666))?.into())
}

/// Gives a file without a name the name `to`, unless something has it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn give_name(file: &fs::File, to: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd as _;
    // By way of its entry there: to name it by its handle takes more rights (`open(2)`, at `O_TMPFILE`).
    let entry = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, entry, CWD, to, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn nameless(_: &Path) -> io::Result<fs::File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn give_name(_: &fs::File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Nothing tells here whether a file lies in memory.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn room_in_memory(_: &fs::File) -> io::Result<Option<Room>> {
    Ok(None)
}

#[cfg(not(unix))]
pub(super) fn room_taken(file: &fs::File) -> io::Result<u64> {
    Ok(file.metadata()?.len())
}

/// No call that reserves without writing is at hand here: writing finds out.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn allocate(_: &fs::File, _: u64) -> io::Result<()> {
    Ok(())
}

/// One call for all chunks, as far as the system takes them.
#[cfg(unix)]
pub(super) fn write_all(file: &fs::File, mut offset: u64, chunks: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<_> = chunks.iter().map(|chunk| io::IoSlice::new(chunk)).collect();
    let mut slices = slices.as_mut_slice();
    // Empty slices would be "nothing written".
    io::IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        match rustix::io::pwritev(file, &slices[..slices.len().min(MOST_SLICES)], offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                offset += count as u64;
                io::IoSlice::advance_slices(&mut slices, count);
            }
            Err(rustix::io::Errno::INTR) => (),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What every system takes at once (`IOV_MAX`).
#[cfg(unix)]
const MOST_SLICES: usize = 1024;

#[cfg(unix)]
pub(super) fn read_exact(file: &fs::File, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
pub(super) fn write_all(file: &fs::File, mut offset: u64, chunks: &[Bytes]) -> io::Result<()> {
    for chunk in chunks {
        let mut bytes = &chunk[..];
        while !bytes.is_empty() {
            let count = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes = &bytes[count..];
            offset += count as u64;
        }
    }
    Ok(())
}

#[cfg(windows)]
pub(super) fn read_exact(file: &fs::File, mut offset: u64, mut bytes: &mut [u8]) -> io::Result<()> {
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
